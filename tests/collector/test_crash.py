"""Power cuts: every process is killed again and again while messages are in flight, and nothing is lost or doubled.

One street of meters publishes 3,000 different readings over five days. On every day the intake, the night process and
the review page are each killed twice at moments drawn from a seed. A second site gets the same messages undisturbed.
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from collector.broker import EmbeddedBroker, free_port
from collector.collect import import_files
from collector.house import House
from collector.refresh import finish_claimed, newest_run, refresh_due
from connectors.record import Kind, Record
from evidence.replay import replay_run
from tests.fakes.patience import wait_until
from tests.fakes.publisher import Publisher
from tests.fakes.site import (
    ATTRIBUTES,
    METERS,
    TELEMETRY,
    Apart,
    Site,
    announcements,
    at,
    call_here,
    read_page,
    readings,
)

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]
SEED = 20261103
FIRST_DAY, DAYS, PER_DAY = "2026-11-02", 5, 600  # the register came on the day before
DAY_MS = 24 * 3_600_000
KILLS = 2 * DAYS


def days() -> Iterator[tuple[int, list[str]]]:
    """Yield for each day the moment (ms UTC) at which its messages are received, and the messages."""
    for day in range(DAYS):
        now = at(f"{FIRST_DAY} 03:00") + day * DAY_MS
        yield now, readings(day * PER_DAY, PER_DAY, now)


@dataclass
class Street:
    """The processes of one site, each of which can be killed and begun again."""

    site: Site
    house: House
    meters: Publisher
    dice: Mapping[str, random.Random]
    kills: Counter[str] = field(default_factory=Counter)
    pages: set[str] = field(default_factory=set)
    actors: dict[str, Apart] = field(default_factory=dict)
    address: str = ""

    def begin(self, role: str) -> Apart:
        self.actors[role] = Apart(role, "-s", self.site.settings)
        return self.actors[role]

    def kill(self, role: str) -> None:
        self.actors[role].kill()
        self.kills[role] += 1

    def begin_intake(self) -> None:
        self.begin("intake").wait_said("intake ready: 1 sources")

    def begin_page(self) -> None:
        self.address = self.begin("serve").wait_said("http://")

    def shake_intake(self, payloads: list[str]) -> None:
        """Kill the intake twice, each time in the middle of what is on its way to it."""
        half = len(payloads) // 2
        for part in (payloads[:half], payloads[half:]):
            enough = self.house.locker.count("water") + self.dice["intake"].randrange(1, half)
            self.meters.send_all(TELEMETRY, part)
            wait_until(lambda: self.house.locker.count("water") >= enough, 60, "some messages stored")  # noqa: B023
            self.kill("intake")
            self.begin_intake()

    def shake_night(self, day: int) -> None:
        """Kill the night process while it reads what comes in, and again while it makes or writes the night's run."""
        time.sleep(self.dice["night"].uniform(0, 1.0))
        self.kill("night")
        self.begin("night")
        if day % 2:
            wait_until(self.folding, 60, "the night process at work")
            time.sleep(self.dice["night"].uniform(0, 0.8))
        else:
            known = self._runs()
            wait_until(lambda: self._runs() != known, 60, "the night process writing a run")
            time.sleep(self.dice["night"].uniform(0, 0.03))
        self.kill("night")
        self.begin("night")
        # Only now may time go on: a night that begins while the process does would be made by it as well.
        wait_until(lambda: newest_run(self.site.folder / "out", "demo") == 2 + day, 60, "the run of the night")

    def shake_page(self) -> None:
        """Kill the page twice; begun again, it must show the same."""
        for _ in range(2):
            time.sleep(self.dice["serve"].uniform(0, 0.5))
            self.kill("serve")
            assert read_page(self.address) == ""
            self.begin_page()
            self.look()

    def look(self) -> None:
        lines = [line for path in ("?run=1", "records/1?run=1") for line in read_page(self.address + path).splitlines()]
        # The only thing that changes about an old run is the notice of how many newer ones there are.
        self.pages.add("\n".join(line for line in lines if 'class="notice"' not in line))

    def _runs(self) -> set[str]:
        """Return the names of all that lies where runs are written, finished or not."""
        return {path.name for path in (self.site.folder / "out" / "demo").iterdir()}

    def folding(self) -> bool:
        """Return whether some process holds the role of the night."""
        lock = os.open(self.site.folder / "data" / "night.lock", os.O_RDWR)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            return False
        finally:
            os.close(lock)


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What is left of a shaken site and of an undisturbed one that got the same messages."""

    street: Street
    house: House
    records: list[Record]
    sent: list[str]
    last: dict[str, Any]
    undisturbed: list[dict[str, Any]]


def begin_site(folder: Path, *, port: int = 1) -> Site:
    """Return a site with its register and one run, before the first message."""
    site = Site(folder, now="2026-11-01 12:00", port=port, web_port=free_port())
    house = site.open()
    import_files(house)
    house.locker.close()
    assert call_here("refresh", "-s", site.settings).code == 0
    return site


def messages_of(house: House) -> list[Record]:
    return [one for one in house.locker.read(0, 10**6) if one.source == "water" and one.kind is Kind.MESSAGE]


def payloads_of(house: House) -> set[str]:
    return {one.payload.decode() for one in messages_of(house)}


def shake(site: Site, broker: EmbeddedBroker) -> Street:
    """Let five days pass over a site, with two kills a day of each of its processes."""
    house = site.open()
    # Each process has its own dice, so that its moments are the same whatever the others' are.
    dice = {role: random.Random(f"{SEED} {role}") for role in ("intake", "night", "serve")}  # noqa: S311
    with Publisher(broker.port) as meters, ThreadPoolExecutor(3) as hands:
        street = Street(site, house, meters, dice)
        try:
            street.begin_intake()
            street.begin_page()
            street.look()
            street.begin("night")
            for day, (now, payloads) in enumerate(days()):
                site.clock.set(now)
                if day == 0:
                    meters.send_all(ATTRIBUTES, announcements())
                shaking = [
                    hands.submit(street.shake_intake, payloads),
                    hands.submit(street.shake_night, day),
                    hands.submit(street.shake_page),
                ]
                for one in shaking:
                    one.result()
                meters.settle()
                wait_until(lambda: payloads_of(house) >= set(payloads), 60, "every message of the day stored")  # noqa: B023
            wait_until(street.folding, 60, "the last night process at work")
            for role in ("intake", "night", "serve"):
                assert street.actors[role].stop() == 0, street.actors[role].complained
        finally:
            house.locker.close()
            for actor in street.actors.values():
                if actor.running:
                    actor.kill()
    return street


def leave_alone(site: Site) -> list[dict[str, Any]]:
    """Give a site the same messages without a process or a kill; returns the scorecards of its nights."""
    house = site.open()
    nights = []
    for day, (now, payloads) in enumerate(days()):
        site.clock.set(now)
        if day == 0:
            site.store(ATTRIBUTES, announcements())
        nights += [done.scorecard for done in refresh_due(house)]
        site.store(TELEMETRY, payloads)
    house.locker.close()
    return nights


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    with EmbeddedBroker(tmp_path_factory.mktemp("broker")) as broker:
        street = shake(begin_site(tmp_path_factory.mktemp("shaken") / "site", port=broker.port), broker)
    undisturbed = begin_site(tmp_path_factory.mktemp("undisturbed") / "site")
    nights = leave_alone(undisturbed)
    cards = []
    for site in (street.site, undisturbed):
        site.clock.set(at(f"{FIRST_DAY} 03:00") + DAYS * DAY_MS)
        done = call_here("refresh", "--json", "-s", site.settings)
        assert done.code == 0, done.err
        cards.append(json.loads(done.out))
    house = street.site.open()
    sent = [*announcements(), *(payload for _, payloads in days() for payload in payloads)]
    yield Aftermath(street, house, messages_of(house), sent, cards[0], [*nights, cards[1]])
    house.locker.close()


def judged(scorecard: dict[str, Any]) -> dict[str, Any]:
    """Return all of a scorecard that may not depend on how often a process was killed."""
    return {key: scorecard[key] for key in ("window", "indicators", "totals", "prerequisites", "environment")}


def test_every_process_was_killed_ten_times(aftermath: Aftermath) -> None:
    assert aftermath.street.kills == {"intake": KILLS, "night": KILLS, "serve": KILLS}
    assert KILLS >= 10


def test_what_was_published_is_what_is_stored(aftermath: Aftermath) -> None:
    assert len(set(aftermath.sent)) == DAYS * PER_DAY + METERS
    assert {one.payload.decode() for one in aftermath.records} == set(aftermath.sent)


def test_the_ledger_equals_its_rebuild(aftermath: Aftermath) -> None:
    ledger = aftermath.house.open_ledger()
    before = ledger.dump_digest()
    ledger.close()

    rebuilt = json.loads(call_here("rebuild", "--json", "-s", aftermath.street.site.settings).out)

    assert (rebuilt["equal"], rebuilt["digest"]) == (True, before)


def test_rows_totals_and_prerequisites_equal_those_of_an_undisturbed_site(aftermath: Aftermath) -> None:
    assert judged(aftermath.last) == judged(aftermath.undisturbed[-1])
    (row,) = [row for row in aftermath.last["indicators"] if row["no"] == 10]
    assert (row["numerator"], row["denominator"]) == (METERS, 60)


def test_every_night_got_one_run_and_says_what_it_says_undisturbed(aftermath: Aftermath) -> None:
    ledger = aftermath.house.open_ledger()
    slots = [slot for (slot,) in ledger.connection.execute("SELECT slot FROM runs ORDER BY receipt")]
    ledger.close()

    nights = [slot for slot in slots if slot.startswith("night ")]
    assert len(nights) == len(set(nights)) == DAYS
    out = aftermath.street.site.folder / "out" / "demo"
    written = [json.loads((out / str(2 + day) / "scorecard.json").read_bytes()) for day in range(DAYS)]
    assert [judged(card) for card in written] == [judged(card) for card in aftermath.undisturbed[:DAYS]]


def test_every_claimed_run_is_written_once_and_replays_to_the_same_bytes(aftermath: Aftermath) -> None:
    house = aftermath.house
    out = aftermath.street.site.folder / "out" / "demo"
    claims = [one for one in house.locker.read(0, 10**6) if one.kind is Kind.RUN]

    assert sorted(path.name for path in out.iterdir()) == [str(run) for run in range(1, len(claims) + 1)]
    assert finish_claimed(house) == []
    for run, claim in enumerate(claims, 1):
        replayed = replay_run(house.locker, house.catalogue, house.settings.zone, claim.receipt)
        assert {name: (out / str(run) / name).read_bytes() for name in replayed.files} == replayed.files


def test_the_page_showed_the_same_after_every_kill(aftermath: Aftermath) -> None:
    (page,) = aftermath.street.pages

    assert "申报" in page
    assert "building.csv" in page


def test_the_bundle_of_the_shaken_site_proves_itself(aftermath: Aftermath) -> None:
    settings = aftermath.street.site.settings
    bundle = call_here("bundle", "-s", settings).out.strip()

    assert call_here("verify", bundle, "--allow-simulated").code == 0


def test_no_process_ended_by_itself_or_left_a_traceback(aftermath: Aftermath) -> None:
    lines = [line for actor in aftermath.street.actors.values() for line in actor.complained]

    assert [line for line in lines if "Traceback" in line or "Error" in line] == []
