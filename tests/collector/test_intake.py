"""The intake at a scripted broker: order of storing and acknowledging, failing storage, stopping, one line each."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from collector import intake as intake_module
from collector.broker import free_port
from collector.intake import Intake, IntakeBusyError, main, run_intake
from collector.intake_status import STATUS_NAME, read_status
from connectors.base import SourceUnreachableError
from connectors.mqtt import client as client_module
from connectors.mqtt.source import MqttSource
from connectors.record import Arrival
from tests.fakes import wire_broker as wire
from tests.fakes.keeper import DISK_FULL, FakeKeeper
from tests.fakes.patience import wait_until
from tests.fakes.wire_broker import WireBroker

NOON = 1_793_600_000_000


def source_at(port: int, name: str = "tb", **settings: Any) -> MqttSource:
    given = {"id": name, "host": "127.0.0.1", "port": port, "topics": ("v1/#",), "client_id": f"zz-{name}"}
    return MqttSource(**{**given, **settings})


class Room:
    """An intake with a keeper that can fail, at one wire broker."""

    def __init__(self, folder: Path, broker: WireBroker) -> None:
        self.keeper = FakeKeeper()
        self.broker = broker
        self.folder = folder
        self.intake = Intake([source_at(broker.port)], self.keeper, lambda: NOON, folder)

    def open(self) -> None:
        self.intake.start()
        wait_until(lambda: self.intake.tick().sources[0].subscribed, what="the subscription")

    def publish(self, first: int, last: int, size: int = 1) -> None:
        for mid in range(first, last + 1):
            self.broker.publish(b"v1/a", b"%d" % mid * size, mid=mid)

    def acks(self) -> list[int]:
        return [ack.mid for ack in self.broker.got(wire.PUBACK)]


@pytest.fixture(autouse=True)
def quick_retry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "RECONNECT_MIN_S", 0.05)
    monkeypatch.setattr(client_module, "RECONNECT_JITTER_S", 0.02)
    monkeypatch.setattr(intake_module, "RETRY_FIRST_S", 0.02)
    monkeypatch.setattr(intake_module, "RETRY_MAX_S", 0.1)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with WireBroker() as broker:
        room = Room(tmp_path, broker)
        yield room
        room.intake.stop()


def test_nothing_is_acknowledged_before_it_is_kept(room: Room) -> None:
    early: list[int] = []

    def look(arrivals: Sequence[Arrival]) -> None:
        threading.Event().wait(0.01)
        early.extend(mid for mid in room.acks() if b"%d" % mid in {arrival.payload for arrival in arrivals})

    room.keeper.before_keeping = look
    room.open()
    room.publish(1, 200)
    wait_until(lambda: len(room.acks()) == 200, what="200 acknowledgements")
    assert early == []
    assert room.acks() == list(range(1, 201))
    assert room.keeper.payloads == [b"%d" % mid for mid in range(1, 201)]


def test_what_arrives_during_a_commit_is_one_batch_and_there_is_no_flush_timer(room: Room) -> None:
    gate = threading.Event()
    room.keeper.before_keeping = lambda _: gate.wait(10) and None
    room.open()
    room.publish(1, 1)
    wait_until(lambda: room.keeper.attempts == 1)
    room.publish(2, 1500)
    wait_until(lambda: room.intake.status().sources[0].received == 1500)
    assert room.acks() == []
    gate.set()
    wait_until(lambda: len(room.acks()) == 1500)
    first, second, *rest = room.keeper.batches
    assert (first, first + second + sum(rest)) == (1, 1500)
    assert second >= 1000, "a full batch takes with it what came together with its last"


def test_a_batch_is_bounded_in_bytes(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_module, "BATCH_MAX_BYTES", 3000)
    gate = threading.Event()
    room.keeper.before_keeping = lambda _: gate.wait(10) and None
    room.open()
    room.publish(1, 1)
    wait_until(lambda: room.keeper.attempts == 1)
    for mid in range(2, 8):
        room.publish(mid, mid, size=1000)
        wait_until(lambda mid=mid: room.intake.status().sources[0].received == mid)  # type: ignore[misc]
    gate.set()
    wait_until(lambda: len(room.acks()) == 7)
    assert room.keeper.batches == [1, 3, 3]


@pytest.mark.parametrize("failure", [DISK_FULL, OSError(28, "No space left on device")])
def test_a_failing_keeper_stops_acknowledging_says_so_once_and_recovers(
    room: Room, failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "collector")
    room.open()
    room.keeper.failure = failure
    room.publish(1, 50)
    wait_until(lambda: room.keeper.attempts >= 4, what="some attempts")
    assert room.acks() == []
    assert room.intake.status().storage_error == str(failure)
    assert room.intake.status().sources[0].connected
    room.keeper.failure = None
    wait_until(lambda: len(room.acks()) == 50, what="50 acknowledgements")
    assert room.acks() == list(range(1, 51))
    assert room.keeper.payloads == [b"%d" % mid for mid in range(1, 51)]
    assert room.intake.status().storage_error == ""
    assert [record.message for record in caplog.records] == [
        f"nothing can be stored and nothing is acknowledged, trying again until it can: {failure}",
        "storing works again; acknowledging goes on",
    ]


def test_a_time_without_storing_is_a_gap_of_every_source_in_the_first_good_commit(tmp_path: Path) -> None:
    keeper, at = FakeKeeper(), [NOON]
    with WireBroker() as first, WireBroker() as second:
        sources = [source_at(first.port, "a"), source_at(second.port, "b")]
        intake = Intake(sources, keeper, lambda: at[0], tmp_path)
        intake.start()
        wait_until(lambda: all(source.subscribed for source in intake.tick().sources))
        keeper.failure = DISK_FULL
        first.publish(b"v1/x", b"late", mid=1)
        wait_until(lambda: keeper.attempts >= 2)
        at[0] = NOON + 60_000
        wait_until(lambda: intake.tick().failing_since == NOON)
        keeper.failure = None
        first.wait_for(wire.PUBACK)
        assert [(gap.source, json.loads(gap.payload)["cause"]) for gap in keeper.kept[:2]] == [
            ("a", "disk_full"),
            ("b", "disk_full"),
        ]
        assert [(body["from"], body["to"]) for body in map(json.loads, (gap.payload for gap in keeper.gaps))] == [
            (NOON, NOON + 60_000)
        ] * 2
        assert keeper.payloads == [b"late"]
        assert intake.status().failing_since == 0
        wait_until(lambda: [source.gaps for source in intake.status().sources] == [1, 1])
        second.publish(b"v1/x", b"next", mid=1)
        second.wait_for(wire.PUBACK)
        assert len(keeper.gaps) == 2
        intake.stop()


def test_an_intake_that_ended_while_nothing_could_be_stored_leaves_the_gap_to_the_next(room: Room) -> None:
    room.open()
    room.keeper.failure = DISK_FULL
    room.publish(1, 5)
    wait_until(lambda: room.keeper.attempts >= 2)
    room.intake.stop()
    room.keeper.failure = None
    room.intake = Intake([source_at(room.broker.port)], room.keeper, lambda: NOON + 9, room.folder)
    room.open()
    room.publish(6, 6)
    wait_until(lambda: room.keeper.messages)
    bodies = [json.loads(gap.payload) for gap in room.keeper.gaps]
    assert ("disk_full", NOON, NOON + 9) in [(body["cause"], body["from"], body["to"]) for body in bodies]


def test_any_other_failure_of_the_keeper_ends_the_intake_loudly_and_acknowledges_nothing(tmp_path: Path) -> None:
    with WireBroker() as broker:
        keeper = FakeKeeper()
        keeper.failure = ZeroDivisionError("a defect")

        async def run() -> None:
            def publish() -> None:
                broker.publish(b"v1/a", b"x", mid=1)

            await run_intake([source_at(broker.port)], keeper, lambda: NOON, asyncio.Event(), publish, folder=tmp_path)

        with pytest.raises(ZeroDivisionError, match="a defect"):
            asyncio.run(run())
        assert not broker.got(wire.PUBACK)


def test_one_commit_serves_all_sources(tmp_path: Path) -> None:
    keeper, gate = FakeKeeper(), threading.Event()
    keeper.before_keeping = lambda _: gate.wait(10) and None
    with WireBroker() as first, WireBroker() as second:
        intake = Intake([source_at(first.port, "a"), source_at(second.port, "b")], keeper, lambda: NOON, tmp_path)
        intake.start()
        wait_until(lambda: all(source.subscribed for source in intake.tick().sources))
        for mid in range(1, 6):
            first.publish(b"v1/x", b"first", mid=mid)
            second.publish(b"v1/x", b"second", mid=mid)
        wait_until(lambda: sum(source.received for source in intake.status().sources) == 10)
        gate.set()
        for broker in (first, second):
            assert [ack.mid for ack in broker.wait_for(wire.PUBACK, 5)] == [1, 2, 3, 4, 5]
        assert len(keeper.batches) <= 2  # one, where all ten were there before the writer looked
        assert {(arrival.source, arrival.payload) for arrival in keeper.kept} == {("a", b"first"), ("b", b"second")}
        intake.stop()


def test_a_clean_stop_stores_acknowledges_and_disconnects_in_this_order(room: Room) -> None:
    gate = threading.Event()
    room.keeper.before_keeping = lambda _: gate.wait(10) and None
    room.open()
    room.publish(1, 300)
    wait_until(lambda: room.intake.status().sources[0].received == 300)
    stopping = threading.Thread(target=room.intake.stop)
    stopping.start()
    wait_until(room.intake._stopping.is_set)
    room.publish(301, 302)
    gate.set()
    stopping.join(10)
    room.broker.wait_for(wire.DISCONNECT)
    kinds = [packet.kind for packet in room.broker.packets]
    assert kinds == [wire.CONNECT, wire.SUBSCRIBE, *[wire.PUBACK] * 300, wire.PINGREQ, wire.DISCONNECT]
    assert room.acks() == list(range(1, 301))
    assert len(room.keeper.kept) == 300
    status = read_status(room.folder)
    assert status is not None
    assert status.ended
    assert status.sources[0].acknowledged == 300


def test_a_stop_while_nothing_can_be_stored_ends_soon_and_acknowledges_nothing(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    room.open()
    room.keeper.failure = DISK_FULL
    room.publish(1, 5)
    wait_until(lambda: room.keeper.attempts >= 2)
    room.intake.stop()
    room.broker.wait_for(wire.DISCONNECT)
    assert room.acks() == []
    assert "could not be stored before the end, their brokers keep them" in caplog.text


def test_a_second_intake_on_the_same_data_folder_is_refused_in_one_line(room: Room) -> None:
    room.open()
    second = Intake([source_at(free_port(), "other")], FakeKeeper(), lambda: NOON, room.folder)
    with pytest.raises(IntakeBusyError) as caught:
        second.start()
    assert f"another intake (process {os.getpid()}) already runs" in str(caught.value)
    assert "\n" not in str(caught.value)
    room.intake.stop()
    second.start()
    second.stop()


async def test_once_an_unreachable_broker_is_one_clear_line(tmp_path: Path) -> None:
    port = free_port()
    with pytest.raises(SourceUnreachableError) as caught:
        await run_intake(
            [source_at(port)], FakeKeeper(), lambda: NOON, asyncio.Event(), _never, folder=tmp_path, once=True
        )
    assert str(caught.value) == (
        f"MQTT source 'tb': broker 127.0.0.1:{port} cannot be heard: connection refused; "
        "start the broker, or correct host and port of this source"
    )


async def test_once_a_port_that_does_not_speak_mqtt_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "CONNECT_DEADLINE_S", 0.3)
    server = await asyncio.start_server(_hold, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(SourceUnreachableError, match=f"127.0.0.1:{port} cannot be heard: no MQTT answer within 0.3 s"):
        await run_intake(
            [source_at(port)], FakeKeeper(), lambda: NOON, asyncio.Event(), _never, folder=tmp_path, once=True
        )
    server.close()


async def _hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


def _never() -> None:
    raise AssertionError("this intake can never be ready")


async def test_otherwise_an_unreachable_broker_is_said_once_and_tried_until_it_returns(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    stop, ready = asyncio.Event(), asyncio.Event()
    port = free_port()
    task = asyncio.create_task(
        run_intake([source_at(port)], FakeKeeper(), lambda: NOON, stop, ready.set, folder=tmp_path)
    )
    await asyncio.sleep(0.5)
    assert len(caplog.records) == 1
    with WireBroker(port=port):
        async with asyncio.timeout(10):
            await ready.wait()
        stop.set()
        status = await task
    assert status.ended
    assert ["cannot be heard" in caplog.records[0].message, "heard again" in caplog.records[1].message] == [True, True]
    assert len(caplog.records) == 2


async def test_with_quiet_s_it_ends_by_itself_when_all_is_stored(tmp_path: Path) -> None:
    keeper = FakeKeeper()
    keeper.delay_s = 0.2
    with WireBroker() as broker:

        def publish() -> None:
            for mid in range(1, 11):
                broker.publish(b"v1/a", b"x", mid=mid)

        status = await run_intake(
            [source_at(broker.port)], keeper, lambda: NOON, asyncio.Event(), publish, folder=tmp_path, quiet_s=0.3
        )
    assert status.source("tb").acknowledged == 10


def test_the_status_file_tells_every_count(room: Room) -> None:
    room.open()
    room.publish(1, 3)
    wait_until(lambda: room.intake.tick().sources[0].acknowledged == 3)
    body = json.loads((room.folder / STATUS_NAME).read_text())
    (source,) = body["sources"]
    assert {
        key: source[key] for key in ("source", "received", "stored", "acknowledged", "connected", "last_error")
    } == {
        "source": "tb",
        "received": 3,
        "stored": 3,
        "acknowledged": 3,
        "connected": True,
        "last_error": "",
    }
    assert (body["pid"], body["written_at"], body["ended"], body["storage_error"]) == (os.getpid(), NOON, False, "")


def test_a_status_that_cannot_be_written_does_not_stop_the_intake(
    room: Room, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    room.open()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(intake_module, "write_status", fail)
    room.publish(1, 3)
    wait_until(lambda: room.intake.tick().sources[0].acknowledged == 3)
    room.intake.tick()
    assert caplog.text.count("status cannot be written") == 1


def test_the_next_intake_remembers_the_session_and_the_filters(tmp_path: Path) -> None:
    with WireBroker(sessions=(False, False)) as broker:
        for topics in (("v1/#", "old/#"), ("v1/#",)):
            keeper = FakeKeeper()
            intake = Intake([source_at(broker.port, topics=topics)], keeper, lambda: NOON, tmp_path)
            intake.start()
            wait_until(lambda intake=intake: intake.tick().sources[0].subscribed)  # type: ignore[misc]
            intake.stop()
        (gap,) = keeper.gaps
        assert (gap.source, gap.topic) == ("tb", "downtime")
        assert json.loads(gap.payload)["from"] == NOON
        assert b"old/#" in broker.got(wire.UNSUBSCRIBE)[0].body


def test_the_process_says_one_line_and_ends_with_2_for_wrong_settings_and_1_for_a_broker_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "sources.json"
    arguments = [str(path), str(tmp_path / "data"), "--once"]
    assert main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1
    source = {"id": "a", "host": "127.0.0.1", "port": free_port(), "topics": ["v1/#"], "client_id": "c"}
    path.write_text(json.dumps([source]))
    assert main(arguments) == 1
    assert "connection refused; start the broker" in capsys.readouterr().err
