from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from connectors.mqtt import client as client_module
from connectors.mqtt import connector as connector_module
from connectors.mqtt.status import Memory
from connectors.mqtt.waiting import Waiting, arrivals_of, gap_arrival
from connectors.record import DUP_FLAG, RETAIN_FLAG, Arrival, GapCause, Kind
from tests.fakes import wire_broker as wire
from tests.fakes.door import NOON, Site
from tests.fakes.patience import wait_until
from tests.fakes.wire_broker import WireBroker

pytestmark = pytest.mark.usefixtures("quick_retry")


@pytest.fixture
def site() -> Iterator[Site]:
    with WireBroker() as broker:
        site = Site(broker)
        yield site
        site.connector.disconnect(1)


def test_a_message_waits_as_it_came_with_our_time(site: Site) -> None:
    site.open()
    site.broker.publish(b"v1/a", b"{broken", mid=9, first_byte=0x3B)
    (item,) = site.take(1)
    assert arrivals_of(item) == [
        Arrival("tb", Kind.MESSAGE, NOON, "v1/a", b"{broken", flags=DUP_FLAG | 0b0010 | RETAIN_FLAG)
    ]
    assert not site.broker.got(wire.PUBACK)


def test_what_is_settled_is_acknowledged_in_order_and_counted(site: Site) -> None:
    site.open()
    for mid in (5, 6, 7):
        site.broker.publish(b"v1/a", b"x", mid=mid)
    site.broker.publish(b"v1/a", b"qos 0", qos=0)
    site.connector.settle(site.take(4))
    assert [ack.mid for ack in site.broker.wait_for(wire.PUBACK, 3)] == [5, 6, 7]
    status = site.connector.status()
    assert (status.received, status.stored, status.acknowledged, status.stale) == (4, 4, 3, 0)
    assert status.qos_0 == 1
    assert (status.connected, status.subscribed, status.last_error) == (True, True, "")


def test_what_came_before_a_reconnect_is_stored_but_never_acknowledged_after_it(site: Site) -> None:
    site.open()
    site.broker.publish(b"v1/a", b"old", mid=1)
    items = site.take(1)
    site.reconnect()
    site.broker.publish(b"v1/a", b"new", mid=2)
    site.connector.settle(items + site.take(1))
    (ack,) = site.broker.wait_for(wire.PUBACK)
    assert (ack.connection, ack.mid) == (2, 2)
    assert site.connector.status().stale == 1


def test_a_session_kept_over_a_reconnect_is_no_gap(site: Site) -> None:
    site.open()
    site.reconnect()
    assert site.gaps() == []


def test_a_lost_session_is_a_gap_from_the_last_moment_nothing_could_be_missing() -> None:
    with WireBroker(sessions=(False, False)) as broker:
        site = Site(broker)
        site.open()
        site.broker.publish(b"v1/a", b"x", mid=1)
        items = site.take(1)
        site.at = NOON + 500_000
        site.connector.settle(items)
        site.reconnect()
        (gap,) = site.gaps()
        assert gap["cause"] == "session_lost"
        assert (gap["from"], gap["to"]) == (NOON + 500_000 - 60_000, NOON + 500_000)
        assert site.connector.status().gaps == 1
        site.connector.disconnect(1)


def test_with_messages_still_waiting_the_gap_begins_at_the_last_stored_one() -> None:
    with WireBroker(sessions=(False, False)) as broker:
        site = Site(broker)
        site.open()
        site.at = NOON + 1000
        site.broker.publish(b"v1/a", b"stored", mid=1)
        site.connector.settle(site.take(1))
        site.at = NOON + 500_000
        site.broker.publish(b"v1/a", b"waits", mid=2)
        wait_until(site.queue.qsize)
        site.reconnect()
        (gap,) = site.gaps()
        assert (gap["from"], gap["to"]) == (NOON + 1000, NOON + 500_000)
        site.connector.disconnect(1)


@pytest.mark.parametrize(("memory", "count"), [(None, 0), (Memory(("v1/#",), NOON - 5), 1)])
def test_a_first_connection_without_session_is_a_gap_only_when_there_was_one(memory: Memory | None, count: int) -> None:
    with WireBroker(sessions=(False,)) as broker:
        site = Site(broker, memory)
        assert site.connector.status().heard_until == (NOON - 5 if memory else 0)
        site.open()
        gaps = site.gaps()
        assert len(gaps) == count
        assert all((gap["from"], gap["to"], gap["cause"]) == (NOON - 5, NOON, "downtime") for gap in gaps)
        site.connector.disconnect(1)


def test_a_session_kept_over_a_restart_is_no_gap_and_old_filters_go() -> None:
    with WireBroker(sessions=(True,)) as broker:
        site = Site(broker, Memory(("v1/#", "old/#"), NOON - 5))
        assert site.connector.status().topics == ("v1/#", "old/#")
        site.open()
        assert site.gaps() == []
        status = site.connector.status()
        assert (status.session_kept, status.away_from, status.away_until) == (True, NOON - 5, NOON)
        assert site.connector.status().topics == ("v1/#",)
        assert b"old/#" in broker.got(wire.UNSUBSCRIBE)[0].body
        site.connector.disconnect(1)


def test_a_session_that_is_not_known_to_be_ours_bridges_nothing() -> None:
    with WireBroker(sessions=(True,)) as broker:
        site = Site(broker, Memory((), NOON - 5, same_session=False))
        site.open()
        assert [gap["cause"] for gap in site.gaps()] == ["downtime"]
        assert site.connector.status().away_until == 0
        site.connector.disconnect(1)


def test_a_gap_is_never_turned_round_by_a_clock_that_was_set_back() -> None:
    gap = json.loads(gap_arrival("tb", NOON, NOON - 9, GapCause.DOWNTIME, "").payload)
    assert (gap["from"], gap["to"]) == (NOON - 9, NOON - 9)


def test_after_stop_receiving_nothing_is_taken_in_or_acknowledged(site: Site) -> None:
    site.open()
    site.connector.stop_receiving()
    site.broker.publish(b"v1/a", b"late", mid=1)
    site.connector.disconnect(1)
    assert site.queue.empty()
    assert not site.broker.got(wire.PUBACK)


def test_without_room_qos_1_stays_with_the_broker_until_the_connection_is_renewed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connector_module, "WAITING_MAX", 2)
    monkeypatch.setattr(connector_module, "PATIENCE_S", 0.0)
    site.open()
    for mid in (1, 2, 3, 4):
        site.broker.publish(b"v1/a", b"%d" % mid, mid=mid)
    items = site.take(2)
    site.connector.mend()
    assert site.connector.status().connections == 1
    site.connector.settle(items)
    site.broker.publish(b"v1/a", b"5", mid=5)
    site.connector.mend()
    wait_until(lambda: site.connector.status().connections == 2, what="the renewed connection")
    site.wait_subscribed()
    assert site.queue.empty()
    assert [ack.mid for ack in site.broker.got(wire.PUBACK)] == [1, 2]
    for mid in (3, 4):
        site.broker.publish(b"v1/a", b"%d" % mid, mid=mid)
    assert payloads(site.take(2)) == [b"3", b"4"]


def test_from_half_of_the_room_on_nothing_is_read_while_the_writer_gets_on(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connector_module, "WAITING_MAX", 4)
    site.open()
    for mid in (1, 2):
        site.broker.publish(b"v1/a", b"x", mid=mid)
    items = site.take(2)
    assert not site.connector.has_room()
    site.connector.settle(items)
    assert site.connector.has_room()


def test_a_writer_that_stores_nothing_does_not_silence_the_connection(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connector_module, "WAITING_MAX", 4)
    monkeypatch.setattr(connector_module, "PATIENCE_S", 0.1)
    site.open()
    for mid in (1, 2):
        site.broker.publish(b"v1/a", b"x", mid=mid)
    site.take(2)
    wait_until(site.connector.has_room, what="the end of patience")


def test_a_connection_that_is_long_in_the_making_is_left_alone(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector_module, "WAITING_MAX", 1)
    monkeypatch.setattr(client_module.random, "uniform", lambda *_: 0.5)
    site.open()
    for mid in (1, 2):
        site.broker.publish(b"v1/a", b"%d" % mid, mid=mid)
    site.connector.settle(site.take(1))
    wait_until(
        lambda: (site.connector.mend(), site.connector.status().connections == 2)[1], 5, "the renewed connection"
    )
    assert len(site.broker.got(wire.CONNECT)) == 2


def test_bytes_are_bounded_too(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector_module, "WAITING_MAX_BYTES", 1000)
    monkeypatch.setattr(connector_module, "PATIENCE_S", 0.0)
    site.open()
    site.broker.publish(b"v1/a", b"x" * 1000, mid=1)
    wait_until(site.queue.qsize)
    site.broker.publish(b"v1/a", b"one too many", mid=2)
    site.broker.publish(b"v1/a", b"", qos=0)
    wait_until(lambda: site.connector.status().dropped == 1)
    assert site.connector.status().received == 1


def test_dropped_qos_0_messages_are_counted_and_told_as_a_gap(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector_module, "WAITING_MAX", 2)
    monkeypatch.setattr(connector_module, "PATIENCE_S", 0.0)
    site.open()
    for _ in range(5):
        site.broker.publish(b"v1/a", b"x", qos=0)
    wait_until(lambda: site.connector.status().dropped == 3)
    site.connector.settle(site.take(2))
    site.at = NOON + 10
    site.connector.mend()
    site.connector.mend()
    (gap,) = site.gaps()
    assert gap == {
        "from": NOON,
        "to": NOON + 10,
        "cause": "no_room",
        "detail": "3 QoS 0 messages were dropped for want of room",
    }


@pytest.mark.parametrize(("protocol", "connections"), [("5", 2), ("3.1.1", 1)])
def test_silence_after_a_full_window_renews_an_mqtt_5_connection_once(
    protocol: str, connections: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connector_module, "STALL_AFTER_S", 0.05)
    with WireBroker() as broker:
        site = Site(broker, protocol=protocol, receive_maximum=4)
        site.open()
        for mid in (1, 2, 3, 4):
            site.broker.publish(b"v1/a", b"x", mid=mid)
        site.connector.settle(site.take(4))
        broker.wait_for(wire.PUBACK, 4)
        for _ in range(20):
            site.connector.mend()
            site.wait_subscribed()
        assert len(broker.got(wire.CONNECT)) <= connections
        if connections > 1:
            wait_until(lambda: (site.connector.mend(), site.connector.status().connections == 2)[1])
        site.connector.disconnect(1)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_dead_network_thread_is_mended(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.open()
    monkeypatch.setattr(site.connector, "on_messages", _die)
    site.broker.publish(b"v1/a", b"x", mid=1)
    wait_until(site.connector._client.dead, what="the end of the thread")
    site.connector.mend()
    wait_until(lambda: site.connector.status().connections == 2, what="the next connection")


def payloads(items: list[Waiting]) -> list[bytes]:
    return [arrival.payload for item in items for arrival in arrivals_of(item)]


def _die(*_: object) -> None:
    raise SystemExit


def test_an_outage_is_said_once_and_its_end_once(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    site.broker.connack = 0x88
    site.connector.start()
    for count in (1, 2, 3):
        site.broker.wait_for(wire.CONNECT, count)
        wait_until(lambda: site.connector.status().last_error)
        site.broker.hang_up()
    site.broker.connack = 0
    site.wait_subscribed()
    broker = f"MQTT source 'tb': broker 127.0.0.1:{site.broker.port}"
    refusal = "the broker refuses the connection (server unavailable); ask the broker's log"
    assert [record.message for record in caplog.records] == [
        f"{broker} cannot be heard: {refusal}; trying again until it is heard",
        f"{broker} is heard again",
    ]
    assert site.connector.status().last_error == ""
