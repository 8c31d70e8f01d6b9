"""The intake on a slow disk: batches grow, memory stays bounded, nobody takes the slowness for a lost connection."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from collector.clock import system_clock
from collector.intake import Intake
from connectors.mqtt import connector
from connectors.mqtt.connector import WAITING_MAX
from connectors.mqtt.source import MqttSource
from connectors.record import Arrival
from tests.fakes.patience import wait_until
from tests.parts.flood import Flood
from tests.parts.intake_process import Stock
from tests.parts.mosquitto import Mosquitto

pytestmark = pytest.mark.integration

COMMIT_S = 0.15
MOSQUITTO_WINDOW = 20
"""What Mosquitto sends ahead to a client of MQTT 3.1.1; one of MQTT 5 says itself how much it takes."""


class SlowLocker:
    """The real locker, every commit of which takes a while."""

    def __init__(self, stock: Stock, delay_s: float = COMMIT_S) -> None:
        self._locker = stock.locker
        self.delay_s = delay_s
        self.batches: list[int] = []

    def append(self, arrivals: Sequence[Arrival]) -> list[int]:
        time.sleep(self.delay_s)
        self.batches.append(len(arrivals))
        return self._locker.append(arrivals)

    def last_received(self, source: str) -> int | None:
        return self._locker.last_received(source)


class Scene:
    """An intake on a slow disk at a Mosquitto, watched closely."""

    def __init__(self, folder: Path, broker: Mosquitto) -> None:
        self.folder = folder
        self.broker = broker
        self.stock = Stock(folder)
        self.locker = SlowLocker(self.stock)
        self.intake: Intake | None = None
        self.waiting_most = 0

    def source(self, protocol: str, **settings: int) -> MqttSource:
        return MqttSource("tb", "127.0.0.1", self.broker.port, ("v1/#",), "zz", protocol, **settings)

    def open(self, source: MqttSource) -> None:
        self.intake = Intake([source], self.locker, system_clock, self.folder)
        self.intake.start()
        wait_until(lambda: self.look().subscribed, what="the subscription")

    def look(self) -> Any:
        assert self.intake is not None
        (status,) = self.intake.tick().sources
        self.waiting_most = max(self.waiting_most, status.received - status.stored)
        return status

    def take_in(self, count: int, timeout_s: float = 60) -> Any:
        """Publish as fast as the broker takes it, wait until all of it is stored and acknowledged, and end."""
        published = [b"id-%d" % number for number in range(count)]
        with Flood(self.broker.port) as flood:
            flood.send([(b"v1/a", payload) for payload in published])
            flood.settle()
        wait_until(lambda: self.look() and self.stock.look().keys() >= set(published), timeout_s, "every message")
        wait_until(lambda: self.look().received == self.look().stored, what="nothing waiting")
        status = self.look()
        self.close()
        assert self.stock.look().keys() == set(published)
        assert self.stock.gaps == []
        return status

    def close(self) -> None:
        if self.intake is not None:
            self.intake.stop()
            self.intake = None


@pytest.fixture
def unlimited() -> bool:
    return False


@pytest.fixture
def scene(tmp_path: Path, unlimited: bool) -> Iterator[Scene]:
    lines = ["allow_anonymous true", *(["max_inflight_messages 0"] if unlimited else [])]
    with Mosquitto(tmp_path / "broker", *lines) as broker:
        scene = Scene(tmp_path / "data", broker)
        yield scene
        scene.close()
        scene.stock.close()


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_with_the_usual_window_batches_grow_and_the_connection_stays(scene: Scene, protocol: str) -> None:
    count = 10_000
    scene.open(scene.source(protocol))
    status = scene.take_in(count)
    assert (status.connections, status.stale, status.dropped) == (1, 0, 0)
    assert status.acknowledged == status.received == count
    # Mosquitto 2.0.11 sends more than its window once the first messages are acknowledged: the bound must be ours.
    assert scene.waiting_most <= WAITING_MAX
    # Under load every commit takes what came while the one before it ran.
    assert statistics.median(scene.locker.batches) > MOSQUITTO_WINDOW


@pytest.mark.parametrize("unlimited", [True])
def test_with_a_window_larger_than_the_room_no_more_is_held_than_there_is_room_for(scene: Scene) -> None:
    scene.open(scene.source("5", receive_maximum=65_535))
    status = scene.take_in(45_000)
    assert WAITING_MAX // 4 < scene.waiting_most <= WAITING_MAX
    assert status.dropped == 0


def test_a_commit_longer_than_the_stall_time_is_not_taken_for_a_stalled_broker(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connector, "STALL_AFTER_S", 0.3)
    scene.locker.delay_s = 0.6
    scene.open(scene.source("5", receive_maximum=100))
    assert scene.take_in(600).connections == 1
