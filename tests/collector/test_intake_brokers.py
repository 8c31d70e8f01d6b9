"""The intake with the real locker at both real brokers."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest

from collector.clock import system_clock
from connectors.mqtt.connector import MqttConnector
from connectors.mqtt.source import MqttSource
from connectors.mqtt.waiting import Waiting
from connectors.record import Kind
from tests.fakes.keeper import DISK_FULL, FakeKeeper
from tests.fakes.patience import wait_until
from tests.fakes.publisher import Publisher
from tests.parts.brokers import KINDS, REDELIVERY_TIMEOUT_S, RealBroker, real_broker
from tests.parts.data_folder import DataFolder, bytes_of, numbers
from tests.parts.flood import Flood
from tests.parts.mosquitto import Mosquitto

pytestmark = pytest.mark.integration


@pytest.fixture(params=KINDS)
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RealBroker]:
    with real_broker(request.param, tmp_path / "broker") as running:
        yield running


def test_a_session_is_kept_over_a_restart_and_what_was_acknowledged_does_not_come_again(
    broker: RealBroker, data_folder: DataFolder
) -> None:
    with Publisher(broker.port) as publisher:
        intake = data_folder.open(broker.source())
        publisher.send_all("v1/a", numbers(0, 1000))
        wait_until(lambda: len(data_folder.records()) == 1000, what="1,000 records")
        intake.stop()
        publisher.send_all("v1/a", numbers(1000, 2000))
        publisher.settle()
        intake = data_folder.open(broker.source())
        wait_until(lambda: len(data_folder.records()) >= 2000, what="2,000 records")
        threading.Event().wait(2.5 if broker.protocol == "3.1.1" else 0.3)
        intake.stop()
    assert len(data_folder.records()) == 2000
    assert data_folder.payloads() == bytes_of(numbers(0, 2000))
    assert data_folder.records(Kind.GAP) == []
    assert {record.flags for record in data_folder.records()} == {0b0010}


def test_stopped_in_the_middle_of_a_flow_again_and_again_nothing_comes_twice(
    broker: RealBroker, data_folder: DataFolder
) -> None:
    messages = [(b"v1/a", b"%d" % number) for number in range(6000)]
    with Flood(broker.port) as flood:
        intake = data_folder.open(broker.source())
        for start in range(0, 6000, 1000):
            flood.send(messages[start : start + 1000], batch=100)
            intake.stop()
            intake = data_folder.open(broker.source())
        flood.settle()
        wait_until(lambda: len(data_folder.records()) >= 6000, 3 * REDELIVERY_TIMEOUT_S, "6,000 records")
        threading.Event().wait(2.5 if broker.protocol == "3.1.1" else 0.3)
        intake.stop()
    assert sorted(record.payload for record in data_folder.records()) == sorted(payload for _, payload in messages)


def test_a_failing_locker_loses_nothing(broker: RealBroker, data_folder: DataFolder) -> None:
    keeper = FakeKeeper()
    with Publisher(broker.port) as publisher:
        intake = data_folder.open(broker.source(), keeper=keeper)
        publisher.send_all("v1/a", numbers(0, 300))
        wait_until(lambda: len(keeper.kept) >= 300)
        keeper.failure = DISK_FULL
        publisher.send_all("v1/a", numbers(300, 1500))
        publisher.settle()
        wait_until(lambda: intake.status().storage_error)
        # Acknowledgements of what was stored before may still be on their way; after them there are none.
        wait_until(lambda: intake.status().sources[0].acknowledged == intake.status().sources[0].stored)
        acknowledged = intake.status().sources[0].acknowledged
        threading.Event().wait(0.5)
        assert intake.status().sources[0].acknowledged == acknowledged
        keeper.failure = None
        wait_until(lambda: set(keeper.payloads) == bytes_of(numbers(0, 1500)), 30, "every message")
        intake.stop()


def test_the_retained_flag_is_kept(broker: RealBroker, data_folder: DataFolder) -> None:
    with Publisher(broker.port) as publisher:
        publisher.send("v1/devices", "before", retain=True)
        publisher.settle()
        intake = data_folder.open(broker.source())
        wait_until(lambda: len(data_folder.records()) == 1)
        publisher.send("v1/devices", "live", retain=True)
        wait_until(lambda: len(data_folder.records()) == 2)
        intake.stop()
    assert [(record.payload, record.retained) for record in data_folder.records()] == [
        (b"before", True),
        (b"live", False),
    ]


def test_a_killed_broker_is_found_again_and_nothing_is_lost(broker: RealBroker, data_folder: DataFolder) -> None:
    intake = data_folder.open(broker.source())
    with Publisher(broker.port) as publisher:
        publisher.send_all("v1/a", numbers(0, 500))
        publisher.settle()
        wait_until(lambda: data_folder.payloads() == bytes_of(numbers(0, 500)))
        if isinstance(broker.server, Mosquitto):
            broker.server.save()
        broker.server.kill()
        broker.server.start()
        wait_until(lambda: intake.tick().sources[0].connections == 2, 20, "the second connection")
        publisher.send_all("v1/a", numbers(500, 1000))
        publisher.settle()
        wait_until(lambda: data_folder.payloads() == bytes_of(numbers(0, 1000)), REDELIVERY_TIMEOUT_S)
    intake.stop()
    # A restart that nothing noticed but the end of the connection leaves no gap; one that was seen tells itself.
    assert {gap.topic for gap in data_folder.records(Kind.GAP)} <= {"broker_restarted"}


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_late_acknowledgement_of_a_lost_session_acknowledges_none_of_the_new_messages(
    protocol: str, tmp_path: Path
) -> None:
    queue: SimpleQueue[Waiting | None] = SimpleQueue()

    def take(count: int) -> list[Waiting]:
        items: list[Waiting] = []
        while sum(len(item.messages) for item in items) < count:
            item = queue.get(timeout=15)
            assert item is not None
            items.append(item)
        return items

    def deliveries(items: list[Waiting]) -> list[tuple[int, bytes]]:
        return [(mid, payload) for item in items for mid, _, _, payload in item.messages]

    with Mosquitto(tmp_path / "broker", persistent=False) as broker:
        source = MqttSource("tb", "127.0.0.1", broker.port, ("v1/#",), "zz", protocol)
        connector = MqttConnector(source, queue, system_clock)
        connector.start()
        wait_until(lambda: connector.status().subscribed)
        with Publisher(broker.port) as publisher:
            publisher.send_all("v1/a", numbers(0, 5))
            old = take(5)
            broker.kill()
            broker.start()
            wait_until(lambda: connector.status().subscribed and connector.status().connections == 2, 15)
            (gap,) = take(1)
            publisher.send_all("v1/a", numbers(5, 10))
            new = take(5)
            assert gap.kind is Kind.GAP
            assert [mid for mid, _ in deliveries(old)] == [mid for mid, _ in deliveries(new)], (
                "the packet identifiers should be the same"
            )
            connector.settle(old)
            assert (connector.status().acknowledged, connector.status().stale) == (0, 5)
            connector._client.renew()
            again = take(5)
        assert [payload for _, payload in deliveries(again)] == [b"5", b"6", b"7", b"8", b"9"]
        connector.settle(again)
        assert connector.status().acknowledged == 5
        connector.disconnect(5)


def test_wrong_and_right_credentials(data_folder: DataFolder, tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "reader", "geheim"], check=True)
    with Mosquitto(tmp_path / "broker", "allow_anonymous false", f"password_file {passwords}") as broker:
        source = MqttSource("tb", "127.0.0.1", broker.port, ("v1/#",), "zz", username="reader", password="falsch")
        intake = data_folder.start(source)
        wait_until(intake.first_trouble)
        assert "correct username and password of this source" in intake.first_trouble()
        assert "falsch" not in intake.first_trouble()
        intake.stop()
        good = MqttSource("tb", "127.0.0.1", broker.port, ("v1/#",), "zz", username="reader", password="geheim")
        data_folder.open(good).stop()


def test_mqtt_5_at_the_packaged_broker_says_which_protocol_to_choose(data_folder: DataFolder, tmp_path: Path) -> None:
    with real_broker("packaged", tmp_path / "broker") as broker:
        intake = data_folder.start(broker.source(protocol="5"))
        wait_until(intake.first_trouble)
        assert 'choose the other protocol for this source: "3.1.1" or "5"' in intake.first_trouble()
        intake.stop()


def test_huge_and_empty_payloads_and_a_topic_that_is_not_utf_8_are_stored(
    data_folder: DataFolder, tmp_path: Path
) -> None:
    with Mosquitto(tmp_path / "broker") as broker:
        intake = data_folder.open(MqttSource("tb", "127.0.0.1", broker.port, ("v1/#",), "zz"))
        huge = bytes(range(256)) * 16 * 1024
        with Publisher(broker.port) as publisher:
            publisher.send("v1/a", huge)
            publisher.send("v1/水表", b"")
            publisher.send("v1/b", "[" * 100_000)
            publisher.settle()
        wait_until(lambda: len(data_folder.records()) == 3)
        intake.stop()
    assert [(record.topic, len(record.payload)) for record in data_folder.records()] == [
        ("v1/a", 4 * 1024 * 1024),
        ("v1/水表", 0),
        ("v1/b", 100_000),
    ]
    assert data_folder.records()[0].payload == huge
