"""A process that appends to a locker until it is told to stop, or killed: python -m tests.fakes.appender FOLDER SEED N.

It prints the receipts of every batch after the locker returned them, one line a batch, and moves its own clock on.
"""

from __future__ import annotations

import random
import resource
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

from connectors.base import KeepingError
from connectors.record import Arrival, Kind
from evidence.locker import Locker

ZONE = ZoneInfo("Asia/Shanghai")
NOON = 1_793_678_400_000  # 2026-11-03 12:00 in the zone
HOUR_MS = 3_600_000


def batch(dice: random.Random, now: int) -> list[Arrival]:
    """Return 1 to 6 messages of three sources, some of them large."""
    return [
        Arrival(f"source-{dice.randrange(3)}", Kind.MESSAGE, now, "t/1", dice.randbytes(dice.choice((0, 20, 9000))))
        for _ in range(dice.randint(1, 6))
    ]


def append_on(folder: Path, seed: int, batches: int) -> None:
    """Append batches; about one in twelve begins a new day."""
    dice = random.Random(seed)  # noqa: S311 - the same seed, the same batches
    clock = [NOON]
    locker = Locker(folder, ZONE, lambda: clock[0])
    for _ in range(batches):
        clock[0] += dice.choice((1, 1, 1, 2 * HOUR_MS))
        say(locker.append(batch(dice, clock[0])))


def fill_up(folder: Path) -> None:
    """Append until files may grow no more, then give room again: in a day file, and at the beginning of the next one.

    The errors are kept, as a caller that logs them later would.
    """
    clock = [NOON]
    locker = Locker(folder, ZONE, lambda: clock[0])
    errors = []
    dice = random.Random(1)  # noqa: S311 - the same seed, the same batches
    for room, next_day in ((200_000, 0), (3_000, 24 * HOUR_MS), (100, 24 * HOUR_MS)):
        clock[0] += next_day
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
        while True:
            try:
                receipts = locker.append(batch(dice, clock[0]))
            except KeepingError as error:
                errors.append(error)
                break
            say(receipts)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        say(locker.append(batch(dice, clock[0])))
    say([str(error) for error in errors])


def say(value: object) -> None:
    """Print one line at once."""
    sys.stdout.write(f"{value!r}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[2] == "full":
        fill_up(Path(sys.argv[1]))
    else:
        append_on(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
