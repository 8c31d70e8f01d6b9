"""Gap records of the intake at a real broker: each loss that a client can notice leaves one."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from collector.clock import system_clock
from collector.intake_status import STATUS_NAME
from connectors.mqtt.source import MqttSource
from connectors.record import Arrival, Kind
from evidence.locker import Locker
from tests.fakes.patience import wait_until
from tests.fakes.publisher import Publisher
from tests.parts.data_folder import DataFolder
from tests.parts.mosquitto import Mosquitto

pytestmark = pytest.mark.integration

DROPPED = "$SYS/broker/publish/messages/dropped"


class SlowDisk:
    """A locker whose disk can be made to stand still."""

    def __init__(self, locker: Locker) -> None:
        self.turns = threading.Event()
        self.turns.set()
        self._locker = locker
        self.last_received = locker.last_received

    def append(self, arrivals: Sequence[Arrival]) -> object:
        self.turns.wait(30)
        return self._locker.append(arrivals)


def test_a_lost_session_is_a_gap_record(data_folder: DataFolder, tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker", persistent=False) as broker:
        source = MqttSource("tb", "127.0.0.1", broker.port, ("v1/#",), "zz")
        intake = data_folder.open(source)
        before = system_clock()
        broker.kill()
        broker.start()
        wait_until(lambda: intake.tick().sources[0].gaps == 1, 15, "the gap")
        intake.stop()
    (gap,) = data_folder.records(Kind.GAP)
    body = json.loads(gap.payload)
    assert body["cause"] == "session_lost"
    assert body["from"] <= before <= body["to"]


def test_our_own_downtime_is_a_gap_only_when_the_broker_has_not_kept_the_session(
    data_folder: DataFolder, tmp_path: Path
) -> None:
    with Mosquitto(tmp_path / "broker", persistent=False) as broker:
        source = MqttSource("tb", "127.0.0.1", broker.port, ("v1/#",), "zz")
        with Publisher(broker.port) as publisher:
            intake = data_folder.open(source)
            publisher.send("v1/a", "1")
            wait_until(lambda: len(data_folder.records()) == 1)
            intake.stop()
            publisher.send("v1/a", "2")
            publisher.settle()
            intake = data_folder.open(source)
            wait_until(lambda: len(data_folder.records()) == 2)
            bridged = intake.status().sources[0]
            intake.stop()
        assert data_folder.records(Kind.GAP) == []
        assert bridged.session_kept
        assert 0 < bridged.away_from < bridged.away_until
        broker.kill()
        broker.start()
        data_folder.open(source).stop()
    (gap,) = data_folder.records(Kind.GAP)
    body = json.loads(gap.payload)
    assert (gap.source, body["cause"]) == ("tb", "downtime")
    assert data_folder.records()[-1].received_at <= body["from"] < body["to"] == gap.received_at


@pytest.mark.parametrize("persistent", [True, False])
def test_a_session_that_the_broker_keeps_over_its_restart_is_seen_to_have_outlived_it(
    *, persistent: bool, data_folder: DataFolder, tmp_path: Path
) -> None:
    with Mosquitto(tmp_path / "broker", persistent=persistent) as broker:
        source = MqttSource("tb", "127.0.0.1", broker.port, ("v1/#",), "zz")
        data_folder.open(source).stop()
        intake = data_folder.open(source)
        assert (intake.status().sources[0].session_kept, intake.status().sources[0].outlived) == (True, False)
        broker.stop()
        wait_until(lambda: "connection refused" in intake.tick().sources[0].last_error, 20, "a refused connection")
        broker.start()
        wait_until(lambda: intake.tick().sources[0].connections == 2, 30, "the second connection")
        assert intake.status().sources[0].outlived is persistent
        intake.stop()
    (gap,) = data_folder.records(Kind.GAP)
    assert gap.topic == ("broker_restarted" if persistent else "session_lost")


def test_a_new_client_id_and_a_lost_status_file_leave_a_gap_from_the_last_stored_record(
    data_folder: DataFolder, tmp_path: Path
) -> None:
    with Mosquitto(tmp_path / "broker") as broker, Publisher(broker.port) as publisher:
        source = MqttSource("tb", "127.0.0.1", broker.port, ("v1/#",), "zz")
        intake = data_folder.open(source)
        publisher.send("v1/a", "1")
        wait_until(lambda: len(data_folder.records()) == 1)
        intake.stop()
        (data_folder.folder / STATUS_NAME).unlink()
        data_folder.open(replace(source, client_id="other")).stop()
    (message,), (gap,) = data_folder.records(), data_folder.records(Kind.GAP)
    body = json.loads(gap.payload)
    assert (body["cause"], body["from"]) == ("downtime", message.received_at)


@pytest.mark.parametrize("online", [True, False])
def test_a_queue_limit_that_was_reached_is_a_gap_with_the_broker_s_count(
    *, online: bool, data_folder: DataFolder, tmp_path: Path
) -> None:
    lines = ("allow_anonymous true", "sys_interval 1")
    with Mosquitto(tmp_path / "broker", *lines, capped=True) as broker, Publisher(broker.port) as publisher:
        source = MqttSource("tb", "127.0.0.1", broker.port, ("v1/#",), "zz", dropped_topic=DROPPED)
        disk = SlowDisk(data_folder.locker)
        intake = data_folder.open(source, keeper=disk)
        wait_until(lambda: intake.tick().sources[0].broker_dropped is not None, 15, "the broker's number")
        if online:
            # The window of a client that cannot store is full after some messages; the others queue.
            disk.turns.clear()
        else:
            intake.stop()
        publisher.send_all("v1/a", map(str, range(5000)))
        publisher.settle()
        if not online:
            intake = data_folder.open(source)
        disk.turns.set()
        wait_until(lambda: intake.tick().sources[0].gaps, 20, "the gap")
        dropped = intake.status().sources[0].broker_dropped
        intake.stop()
    gap = json.loads(data_folder.records(Kind.GAP)[0].payload)
    assert gap["cause"] == "queue_limit"
    assert gap["from"] < gap["to"]
    assert dropped is not None
    assert dropped + len(data_folder.records()) >= 5000


def test_two_intakes_under_one_client_id_say_so_and_both_leave_gaps(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker:
        source = MqttSource("tb", "127.0.0.1", broker.port, ("v1/#",), "zz")
        data_folders = [DataFolder(tmp_path / name) for name in ("one", "two")]
        intakes = [data_folder.start(source) for data_folder in data_folders]
        for intake in intakes:
            # A broker may end the connection before its word for this has left: then the third time tells.
            wait_until(lambda intake=intake: intake.tick().sources[0].gaps, 30, "the gap")  # type: ignore[misc]
            assert "program" in intake.status().sources[0].last_error
        for data_folder in data_folders:
            data_folder.close()
        for folder in ("one", "two"):
            again = DataFolder(tmp_path / folder)
            assert {gap.topic for gap in again.records(Kind.GAP)} == {"taken_over"}
            again.close()
