"""Fuzzed messages through a real broker, the real intake and the real reader: every byte kept, nothing trips.

A short run is part of the tests; a million messages go through on ``make soak``.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from collector.clock import system_clock
from collector.house import House
from collector.intake import Intake
from collector.reader import Reader
from connectors.mqtt.source import MqttSource
from connectors.record import Kind
from evidence.rebuild import rebuild_ledger
from tests.fakes.fuzz import CANARY, Fuzz, Message, Tally, evil_topics
from tests.fakes.patience import wait_until
from tests.fakes.site import Site
from tests.fakes.wire_broker import PUBACK, WireBroker
from tests.parts.flood import Flood
from tests.parts.intake_process import READ_AT_ONCE, IntakeProcess
from tests.parts.mosquitto import Mosquitto

pytestmark = pytest.mark.integration

SEED = 20261126
SHORT, LONG = 20_000, 1_000_000
RETAINED = 300
EVIL = 1000
CHUNK = 2000
BEHIND = 20_000
"""How far the intake may be behind what was published, so that the broker's queue stays small."""
SOURCE = "fuzz"
SETTINGS = """
[sources.fuzz]
kind = "mqtt"
community = "demo"
url = "mqtt://127.0.0.1:1883"
topics = ["#"]
profiles = ["thingsboard_gateway", "zigbee2mqtt", "alink"]
client_id = "zhizheng-fuzz"
"""


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What was published, and the house that has stored and read it."""

    house: House
    published: Tally
    canaries: int
    read: int

    def source(self) -> tuple[int, int, int, int]:
        """Return how many records the ledger says were stored, read, ignored and unread."""
        ledger = self.house.open_ledger()
        query = "SELECT stored, read, ignored, unread FROM sources WHERE source = ?"
        (row,) = ledger.connection.execute(query, (SOURCE,)).fetchall()
        ledger.close()
        stored, read, ignored, unread = row
        return stored, read, ignored, unread


def open_house(folder: Path) -> House:
    site = Site(folder, register=False)
    site.settings.write_text(site.settings.read_text("utf-8") + SETTINGS, "utf-8")
    return site.open()


def retained_messages(fuzz: Fuzz) -> list[Message]:
    """Return messages each on a topic of its own; an empty payload would take a retained message back."""
    return [(b"zigbee2mqtt/kept-%d" % number, fuzz.payload() or b"0") for number in range(RETAINED)]


def go_through(folder: Path, count: int) -> Aftermath:
    """Send the messages through broker, intake and reader."""
    house = open_house(folder / "site")
    fuzz, published, read = Fuzz(SEED, system_clock()), Tally(), 0
    with Mosquitto(folder / "broker") as broker, Flood(broker.port) as flood:
        source = MqttSource(SOURCE, "127.0.0.1", broker.port, ("#",), "zhizheng-fuzz")
        intake = IntakeProcess(folder / "intake", source, data=house.data)
        reader = Reader(house)
        try:
            kept = retained_messages(fuzz)
            flood.send(kept, retain=True)
            flood.settle()
            intake.start(until_ready=True)
            for message in kept:
                published.add(*message)
            while published.count < count:
                chunk = list(fuzz.messages(min(CHUNK, count - published.count)))
                for message in chunk:
                    published.add(*message)
                flood.send(chunk)
                wait_until(lambda: house.locker.last_receipt() > published.count - BEHIND, 60, "the intake following")
                read += reader.catch_up()
            flood.settle()
            wait_until(lambda: house.locker.last_receipt() >= count, 60, "every message being stored")
            assert intake.end(signal.SIGTERM) == 0
            read += reader.catch_up()
            reader.bind()
        finally:
            reader.close()
            intake.close()
    return Aftermath(house, published, fuzz.canaries, read)


@pytest.fixture(scope="module", params=[SHORT, pytest.param(LONG, marks=pytest.mark.soak)])
def aftermath(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    after = go_through(tmp_path_factory.mktemp("fuzz"), request.param)
    yield after
    after.house.locker.close()


def test_every_message_is_stored_once_byte_for_byte(aftermath: Aftermath) -> None:
    stored, after = Tally(), 0
    while records := aftermath.house.locker.read(after, READ_AT_ONCE):
        after = records[-1].receipt
        for record in records:
            assert record.kind is not Kind.GAP
            if record.kind is Kind.MESSAGE:
                stored.add(record.topic.encode(), record.payload)
    assert stored.digest == aftermath.published.digest


def test_a_retained_message_is_stored_as_one(aftermath: Aftermath) -> None:
    # They came first, before anything that was said while the intake listened.
    first = aftermath.house.locker.read(0, 2 * RETAINED)
    assert sum(record.retained for record in first) == RETAINED


def test_the_reader_folds_them_all_and_each_is_read_ignored_or_unread(aftermath: Aftermath) -> None:
    stored, read, ignored, unread = aftermath.source()
    assert stored == aftermath.read == aftermath.published.count
    assert stored == read + ignored + unread
    assert min(read, ignored, unread) > 0, "a run of one sort only has shown little"


def test_what_cannot_be_read_is_counted_by_shape(aftermath: Aftermath) -> None:
    ledger = aftermath.house.open_ledger()
    query = "SELECT count(*), sum(count) FROM unread WHERE source = ?"
    shapes, counted = ledger.connection.execute(query, (SOURCE,)).fetchone()
    ledger.close()
    # A message of which some devices were read and one was not counts as read, and has its shape as well.
    assert counted >= aftermath.source()[3]
    assert 0 < shapes < counted


def test_a_message_in_good_order_is_read_whatever_stands_around_it(aftermath: Aftermath) -> None:
    ledger = aftermath.house.open_ledger()
    query = "SELECT sum(count), sum(credited) FROM device_days WHERE source = ? AND device = ?"
    found = ledger.connection.execute(query, (SOURCE, CANARY)).fetchone()
    ledger.close()
    assert found == (aftermath.canaries, aftermath.canaries)


def test_the_ledger_of_it_all_equals_its_rebuild(aftermath: Aftermath) -> None:
    house = aftermath.house
    rebuilt = rebuild_ledger(house.locker, house.catalogue, house.settings.zone, house.data / "ledger.sqlite")
    assert rebuilt.equal is True


def test_topics_that_no_broker_should_pass_on_are_stored_and_folded_like_any_other(tmp_path: Path) -> None:
    house, fuzz = open_house(tmp_path / "site"), Fuzz(SEED, system_clock())
    with WireBroker() as broker:
        source = MqttSource(SOURCE, "127.0.0.1", broker.port, ("#",), "zz")
        intake = Intake([source], house.locker, system_clock, house.data)
        intake.start()
        wait_until(lambda: intake.tick().sources[0].subscribed, what="the subscription")
        published = [(topic, fuzz.payload()) for topic in evil_topics(SEED, EVIL)]
        for mid, (topic, payload) in enumerate(published, 1):
            broker.publish(topic, payload, mid=mid)
        broker.wait_for(PUBACK, EVIL)
        intake.stop()
    assert broker.connections == 1
    stored = [record for record in house.locker.read(0, 2 * EVIL) if record.kind is Kind.MESSAGE]
    assert [record.payload for record in stored] == [payload for _, payload in published]
    reader = Reader(house)
    assert reader.catch_up() == EVIL
    reader.bind()
    reader.close()
    rebuilt = rebuild_ledger(house.locker, house.catalogue, house.settings.zone, house.data / "ledger.sqlite")
    assert rebuilt.equal is True
    house.locker.close()
