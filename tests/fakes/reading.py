"""A reader that never rests, to be killed: python -m tests.fakes.reading SETTINGS [WHERE NUMBER].

With WHERE it kills itself, as ``kill -9`` would, before the statement of that number to the ledger (``any``), before
the commit of that number (``before``), or before the first statement that follows that commit (``after``).
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from collector.house import open_house
from collector.reader import Reader
from collector.refresh import NIGHT
from collector.settings import load_settings

PAUSE_S = 0.01


class Trap:
    """Told every statement before it is executed; ends the process at the one it waits for."""

    def __init__(self, where: str, number: int) -> None:
        self._where = where
        self._number = number
        self._statements = self._commits = 0

    def __call__(self, statement: str) -> None:
        self._statements += 1
        is_commit = statement == "COMMIT"
        reached = {
            "any": self._statements == self._number,
            "before": is_commit and self._commits + 1 == self._number,
            "after": not is_commit and self._commits == self._number,
        }
        if reached[self._where]:
            os.kill(os.getpid(), signal.SIGKILL)
        self._commits += is_commit


def main(settings: Path, trap: Trap | None = None) -> None:
    house = open_house(load_settings(settings))
    reader = Reader(house)
    reader.ledger.connection.set_trace_callback(trap)
    sys.stdout.write("reading\n")
    sys.stdout.flush()
    while True:
        with house.hold(NIGHT):
            reader.catch_up()
            reader.bind()
        time.sleep(PAUSE_S)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Trap(sys.argv[2], int(sys.argv[3])) if len(sys.argv) > 2 else None)
