"""The intake's memory does not grow, however long messages come. ``make soak`` watches it for ten minutes."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.patience import wait_until
from tests.parts.brokers import RealBroker, real_broker
from tests.parts.flood import Flood
from tests.parts.intake_process import IntakeProcess, Stock

pytestmark = pytest.mark.integration

BRIEF_S, BRIEF_WARM_UP_S = 12.0, 4.0
SOAK_S, WARM_UP_S = 600.0, 60.0
PER_S = 5000
STEP_S = 0.1
GROWTH_MAX_BYTES = 3 * 512 * 1024


@dataclass(frozen=True, slots=True)
class Course:
    """How much memory the intake held, second by second after the warm-up, and how many messages it had stored."""

    resident_bytes: list[int]
    published: int
    stored: int
    seconds: float

    @property
    def growth_bytes(self) -> int:
        """Return by how much the last tenth of the time holds more than the first tenth, at its most."""
        share = max(1, len(self.resident_bytes) // 10)
        return max(self.resident_bytes[-share:]) - max(self.resident_bytes[:share])

    def describe(self) -> str:
        first, last = self.resident_bytes[0], self.resident_bytes[-1]
        mebibyte = 1024 * 1024
        return (
            f"{self.stored} of {self.published} messages stored in {self.seconds:.0f} s; resident "
            f"{first / mebibyte:.1f} MiB after the warm-up, {max(self.resident_bytes) / mebibyte:.1f} at most, "
            f"{last / mebibyte:.1f} at the end"
        )


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "VmRSS":
            return int(value.split()[0]) * 1024
    raise AssertionError(f"/proc/{pid}/status says no VmRSS: the process has ended")


def watch(folder: Path, broker: RealBroker, seconds: float, warm_up_s: float, per_s: int = PER_S) -> Course:
    """Publish at a steady pace for so long, and return how the intake's memory went after the warm-up."""
    process = IntakeProcess(folder, broker.source())
    stock = Stock(process.data)
    samples: list[int] = []
    try:
        process.start(until_ready=True)
        with Flood(broker.port) as flood:
            began = time.monotonic()
            sampled = 0.0
            while (elapsed := time.monotonic() - began) < seconds:
                due = int(elapsed * per_s)
                flood.send([(b"v1/device-%d" % (n % 2000), b'{"n":%d}' % n) for n in range(flood.sent, due)])
                if elapsed > warm_up_s and elapsed - sampled >= 1:
                    samples.append(resident_bytes(process.pid))
                    sampled = elapsed
                time.sleep(STEP_S)
            flood.settle()
            wait_until(lambda: stock.locker.last_receipt() >= flood.sent, 60, "every message being stored")
            course = Course(samples, flood.sent, stock.locker.count("tb"), seconds)
        assert process.end(signal.SIGTERM) == 0
    finally:
        process.close()
        stock.close()
    return course


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[RealBroker]:
    with real_broker("mosquitto", tmp_path / "broker") as running:
        yield running


@pytest.mark.parametrize(
    ("seconds", "warm_up_s"), [(BRIEF_S, BRIEF_WARM_UP_S), pytest.param(SOAK_S, WARM_UP_S, marks=pytest.mark.soak)]
)
def test_under_a_steady_load_memory_stays_flat(
    broker: RealBroker, tmp_path: Path, seconds: float, warm_up_s: float
) -> None:
    course = watch(tmp_path / "house", broker, seconds, warm_up_s)
    sys.stdout.write(f"\n{course.describe()}\n")
    assert course.stored == course.published
    assert course.growth_bytes <= GROWTH_MAX_BYTES, course.describe()
