"""The intake on a disk that is full and free again: it waits, says so, loses nothing and goes on by itself."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.clock import system_clock
from collector.intake_status import IntakeStatus
from tests.fakes.patience import wait_until
from tests.parts.brokers import RealBroker, real_broker
from tests.parts.flood import Flood
from tests.parts.intake_process import IntakeProcess, Stock
from tests.parts.small_disk import KINDS, SmallDisk, small_disk

pytestmark = pytest.mark.integration

FULL_S = 1.5
ROOM_S = 30
"""The intake tries again after 10 s at the latest."""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[RealBroker]:
    with real_broker("mosquitto", tmp_path / "broker") as running:
        yield running


@pytest.fixture(params=KINDS)
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(request.param, tmp_path / "disk") as disk:
        yield disk


class Scene:
    """An intake whose data lie on a small disk, a device side that never waits, and what is stored."""

    def __init__(self, folder: Path, broker: RealBroker, disk: SmallDisk, flood: Flood) -> None:
        self.disk = disk
        self.process = IntakeProcess(folder, broker.source(), data=disk.folder / "data")
        self.stock = Stock(self.process.data)
        self._flood = flood
        self.published: set[bytes] = set()

    def publish(self, count: int) -> None:
        first = len(self.published)
        payloads = [b"id-%d" % number for number in range(first, first + count)]
        self._flood.send([(b"v1/a", payload) for payload in payloads])
        self._flood.settle()
        self.published.update(payloads)

    def wait_stored(self, timeout_s: float = ROOM_S) -> None:
        wait_until(lambda: self.stock.look().keys() == self.published, timeout_s, "everything published being stored")

    def status(self) -> IntakeStatus:
        status = self.process.status()
        assert status is not None
        return status

    def fill_in_the_flow(self) -> int:
        """Fill the disk behind stored messages, publish on, and return the moment (ms UTC) before it was full."""
        self.publish(2000)
        self.wait_stored()
        at = system_clock()
        self.disk.fill(self.process.pid)
        self.publish(3000)
        wait_until(lambda: "could not store" in self.status().storage_error, what="the status telling of the full disk")
        return at

    def gap(self) -> tuple[str, int, int]:
        (record,) = self.stock.gaps
        body = json.loads(record.payload)
        return body["cause"], body["from"], body["to"]

    def reopen(self) -> None:
        self.stock.close()
        self.stock = Stock(self.process.data)

    def close(self) -> None:
        self.process.close()
        self.stock.close()


@pytest.fixture
def scene(broker: RealBroker, disk: SmallDisk, tmp_path: Path) -> Iterator[Scene]:
    with Flood(broker.port) as flood:
        scene = Scene(tmp_path / "house", broker, disk, flood)
        yield scene
        scene.close()


def test_on_a_full_disk_acknowledging_stops_and_the_intake_lives_on(scene: Scene) -> None:
    scene.process.start(until_ready=True)
    scene.fill_in_the_flow()
    stored, acknowledged = scene.stock.look().total(), scene.status().source("tb").acknowledged
    until = time.monotonic() + FULL_S
    while time.monotonic() < until:
        assert scene.process.running
        assert scene.status().source("tb").acknowledged == acknowledged
        assert scene.stock.look().total() == stored
        time.sleep(0.1)
    # Not one acknowledgement more than there are messages stored.
    assert acknowledged <= stored < len(scene.published)
    assert scene.status().source("tb").connected


def test_with_room_again_it_goes_on_by_itself_and_tells_of_the_time_as_one_gap(scene: Scene) -> None:
    scene.process.start(until_ready=True)
    before = scene.fill_in_the_flow()
    time.sleep(FULL_S)
    room_at = system_clock()
    scene.disk.free(scene.process.pid)
    scene.publish(1000)
    scene.wait_stored()
    cause, since, until = scene.gap()
    assert cause == "disk_full"
    assert before <= since <= room_at <= until <= system_clock()
    wait_until(lambda: not scene.status().storage_error, what="the status telling that all is well")
    assert scene.status().source("tb").gaps == 1
    assert scene.status().source("tb").connections == 1
    assert scene.process.end(signal.SIGTERM) == 0
    assert set(scene.stock.look().values()) == {1}
    assert scene.process.complained.count("nothing can be stored") == 1


def test_killed_on_a_full_disk_the_next_one_loses_nothing_and_tells_of_the_gap(scene: Scene) -> None:
    scene.process.start(until_ready=True)
    before = scene.fill_in_the_flow()
    assert scene.process.end(signal.SIGKILL) == -signal.SIGKILL
    scene.disk.free(None)
    room_at = system_clock()
    scene.process.start(until_ready=True)
    scene.publish(1000)
    scene.wait_stored()
    cause, since, until = scene.gap()
    assert cause == "disk_full"
    assert before <= since <= room_at <= until <= system_clock()
    assert scene.process.end(signal.SIGTERM) == 0


@pytest.mark.parametrize("disk", ["tmpfs"], indirect=True)
def test_killed_again_and_again_on_a_full_disk_the_gap_still_begins_where_it_was_full_first(scene: Scene) -> None:
    scene.process.start(until_ready=True)
    before = scene.fill_in_the_flow()
    first = scene.status().failing_since
    for _ in range(3):
        assert scene.process.end(signal.SIGKILL) == -signal.SIGKILL
        scene.disk.fill(0)
        scene.process.start(until_ready=True)
        scene.publish(500)
        wait_until(lambda: scene.status().pid == scene.process.pid and scene.status().storage_error, what="the trouble")
    scene.disk.free(None)
    scene.wait_stored()
    assert scene.process.end(signal.SIGTERM) == 0
    cause, since, _ = scene.gap()
    assert (cause, since) == ("disk_full", first)
    assert since >= before


@pytest.mark.parametrize("disk", ["tmpfs"], indirect=True)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_an_intake_begun_on_a_full_disk_waits_for_room(scene: Scene, number: signal.Signals) -> None:
    scene.process.start(until_ready=True)
    scene.publish(100)
    scene.wait_stored()
    scene.process.end(number)
    # With the last connection to it gone, SQLite has no index file left that it could use on the full disk.
    scene.stock.close()
    scene.disk.fill(0)
    scene.process.start(until_ready=True)
    scene.publish(100)
    wait_until(lambda: "could not store" in scene.status().storage_error, what="the status telling of the full disk")
    scene.disk.free(None)
    scene.reopen()
    scene.wait_stored()
    assert scene.process.end(signal.SIGTERM) == 0
    assert scene.gap()[0] == "disk_full"


@pytest.mark.parametrize("disk", ["tmpfs"], indirect=True)
def test_a_first_intake_on_a_full_disk_waits_for_room(scene: Scene) -> None:
    scene.disk.fill(0)
    scene.process.start(until_ready=True)
    scene.publish(100)
    time.sleep(0.5)
    assert scene.process.running
    scene.disk.free(None)
    scene.wait_stored()
    assert scene.process.end(signal.SIGTERM) == 0
