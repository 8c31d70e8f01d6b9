"""kill -9 on the reader, again and again, while the locker goes on growing: no record is read twice or skipped."""

from __future__ import annotations

import itertools
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from collector.house import House
from connectors.record import Arrival, Kind
from evidence.rebuild import rebuild_ledger
from tests.fakes.patience import wait_until
from tests.fakes.site import ATTRIBUTES, METERS, QOS_1, ROOT, TELEMETRY, Site, announcements, readings, surroundings

pytestmark = pytest.mark.integration

SEED = 20261126
KILLS = 15
DEATHS = [(where, number) for where in ("before", "after") for number in (1, 2, 3, 4)]
"""Where the reader kills itself, beside the kills by the clock: at the commits, which those would hardly ever meet."""
STATEMENTS = 8
BATCH = 60
PAUSE_S = 0.03
UNREADABLE = '{"WM-001": [{"ts": 1, "values": {"colour": "%d"}}]}'


class Appender:
    """Stores messages without a rest, on a thread of its own: readings that count up, and some nobody can read."""

    def __init__(self, house: House) -> None:
        self.readings = 0
        self.unreadable = 0
        self._house = house
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._append_on)

    def __enter__(self) -> Appender:
        self._store(ATTRIBUTES, announcements())
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join(30)

    def _append_on(self) -> None:
        for number in itertools.count():
            if self._enough.wait(PAUSE_S):
                return
            # Now and then many come at once, so that the reader has whole batches before it.
            count = 20 * BATCH if number % 25 == 0 else BATCH
            self._store(TELEMETRY, readings(self.readings, count, self._house.clock()))
            self.readings += count
            self._store(TELEMETRY, [UNREADABLE % number])
            self.unreadable += 1

    def _store(self, topic: str, payloads: list[str]) -> None:
        now = self._house.clock()
        self._house.locker.append(
            [Arrival("water", Kind.MESSAGE, now, topic, payload.encode(), QOS_1) for payload in payloads]
        )


class Reading:
    """The reader as a process of its own."""

    def __init__(self, site: Site) -> None:
        self._command = [sys.executable, "-m", "tests.fakes.reading", str(site.settings)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *trap: str) -> None:
        self._process = subprocess.Popen([*self._command, *trap], cwd=ROOT, env=surroundings(), stdout=subprocess.PIPE)

    def wait_reading(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"reading\n"

    def kill(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        assert self._process.poll() is None, "the reader ended by itself"
        self._process.kill()
        self._process.wait(10)
        self._process.stdout.close()
        self._process = None

    def wait_dead(self) -> None:
        """Wait until it has killed itself."""
        assert self._process is not None
        assert self._process.wait(30) == -signal.SIGKILL
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None

    def close(self) -> None:
        if self._process is not None:
            self.kill()


@dataclass(frozen=True, slots=True)
class Aftermath:
    """A house whose reader was killed, what was stored in it, and how many kills found it with work before it."""

    house: House
    sent: Appender
    at_work: int


def cursor_of(house: House) -> int:
    ledger = house.open_ledger()
    try:
        return ledger.cursor
    finally:
        ledger.close()


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    dice = random.Random(SEED)  # noqa: S311
    site = Site(tmp_path_factory.mktemp("street") / "site", port=1, register=False)
    house = site.open()
    reading, cursors = Reading(site), []
    with Appender(house) as sent:
        for _ in range(KILLS):
            reading.start()
            # Some kills fall into the start itself.
            if dice.random() < 0.8:
                reading.wait_reading()
            time.sleep(dice.uniform(0, 0.5))
            reading.kill()
            cursors.append((cursor_of(house), house.locker.last_receipt()))
        anywhere = [("any", dice.randint(1, 900)) for _ in range(STATEMENTS)]
        for where, number in [*DEATHS, *anywhere]:
            reading.start(where, str(number))
            reading.wait_dead()
    reading.start()
    wait_until(lambda: cursor_of(house) == house.locker.last_receipt(), 60, "everything stored being read")
    reading.close()
    at_work = sum(before < cursor < last for (before, _), (cursor, last) in itertools.pairwise([(0, 0), *cursors]))
    yield Aftermath(house, sent, at_work)
    house.locker.close()


def rows(house: House, query: str) -> list[tuple[int, ...]]:
    ledger = house.open_ledger()
    try:
        return ledger.connection.execute(query).fetchall()
    finally:
        ledger.close()


def test_the_kills_met_the_reader_at_work(aftermath: Aftermath) -> None:
    assert aftermath.at_work >= KILLS // 3


def test_every_reading_is_counted_once(aftermath: Aftermath) -> None:
    query = "SELECT sum(count) FROM device_days WHERE source = 'water' AND capability != 'address'"
    assert rows(aftermath.house, query) == [(aftermath.sent.readings,)]


def test_every_message_is_accounted_for_once(aftermath: Aftermath) -> None:
    sent = aftermath.sent
    read = sent.readings + METERS
    query = "SELECT stored, read, ignored, unread FROM sources WHERE source = 'water'"
    assert rows(aftermath.house, query) == [(read + sent.unreadable, read, 0, sent.unreadable)]
    assert rows(aftermath.house, "SELECT sum(count) FROM unread") == [(sent.unreadable,)]


def test_the_ledger_equals_its_rebuild(aftermath: Aftermath) -> None:
    house = aftermath.house
    rebuilt = rebuild_ledger(house.locker, house.catalogue, house.settings.zone, house.data / "ledger.sqlite")
    assert (rebuilt.records, rebuilt.equal) == (house.locker.last_receipt(), True)
