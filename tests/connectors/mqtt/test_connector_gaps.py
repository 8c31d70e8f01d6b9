"""The gaps a connector tells: who was thrown out, what the broker dropped, when it was away."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from connectors.mqtt import connector as connector_module
from connectors.mqtt import outage as outage_module
from connectors.mqtt.status import Memory
from connectors.mqtt.trouble import Blame, Trouble
from tests.fakes import wire_broker as wire
from tests.fakes.door import NOON, Site
from tests.fakes.patience import wait_until
from tests.fakes.wire_broker import WireBroker

pytestmark = pytest.mark.usefixtures("quick_retry")

DROPPED = "$SYS/broker/publish/messages/dropped"
TAKEN_OVER = b"\xe0\x02\x8e\x00"  # DISCONNECT of MQTT 5, reason 142
MINUTE_MS = 60_000


@pytest.fixture
def broker() -> Iterator[WireBroker]:
    with WireBroker() as broker:
        yield broker


def throw_out(site: Site) -> None:
    before = site.connector.status().connections
    site.broker.send(TAKEN_OVER)
    site.broker.hang_up()
    wait_until(lambda: site.connector.status().connections > before, what="the next connection")
    site.wait_subscribed()


def test_a_client_id_that_was_taken_over_is_a_gap_although_the_session_was_kept(broker: WireBroker) -> None:
    site = Site(broker)
    site.open()
    site.at = NOON + 500_000
    throw_out(site)
    (gap,) = site.gaps()
    assert (gap["cause"], gap["from"], gap["to"]) == ("taken_over", NOON + 500_000 - 60_000, NOON + 500_000)
    assert "another program has taken over this client id" in site.connector.status().last_error
    site.connector.disconnect(1)


def test_two_programs_that_throw_each_other_out_leave_a_gap_a_minute_without_a_hole(broker: WireBroker) -> None:
    site = Site(broker)
    site.open()
    for step in range(1, 5):
        site.at = NOON + step * 1000
        throw_out(site)
        site.connector.mend()
    site.at = NOON + 1000 + MINUTE_MS
    site.connector.mend()
    site.connector.mend()
    first, second = site.gaps()
    assert (first["to"], second["to"]) == (NOON + 1000, NOON + 4000)
    assert second["from"] <= NOON + 2000
    site.connector.disconnect(1)


def test_a_clean_stop_tells_of_the_contest_that_was_not_told_yet(broker: WireBroker) -> None:
    site = Site(broker)
    site.open()
    for _ in range(2):
        throw_out(site)
    site.connector.stop_receiving()
    assert [gap["cause"] for gap in site.gaps()] == ["taken_over", "taken_over"]
    site.connector.disconnect(1)


def test_being_thrown_out_is_said_once_until_the_connection_has_stood(
    broker: WireBroker, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.WARNING)
    site = Site(broker)
    site.open()
    for _ in range(3):
        throw_out(site)
    assert [line for line in caplog.messages if "taken over" in line] == caplog.messages[:1]
    site.connector.mend()
    assert site.connector.status().last_error
    monkeypatch.setattr(connector_module, "BRIEF_S", 0.0)
    site.connector.mend()
    assert site.connector.status().last_error == ""
    assert caplog.messages[1:] == [f"MQTT source 'tb': broker 127.0.0.1:{broker.port} is heard again"]
    site.connector.disconnect(1)


def test_with_mqtt_3_brief_connections_one_after_another_are_suspected(broker: WireBroker) -> None:
    site = Site(broker, protocol="3.1.1")
    site.open()
    for _ in range(outage_module.BRIEF_CONNECTIONS):
        site.reconnect()
    (gap,) = site.gaps()
    assert (gap["cause"], "suspected" in gap["detail"]) == ("taken_over", True)
    assert "each within 10 s; look whether another program" in site.connector.status().last_error
    site.connector.disconnect(1)


def test_a_broker_that_was_down_leaves_a_gap_although_it_kept_the_session(broker: WireBroker) -> None:
    site = Site(broker)
    site.open()
    site.at = NOON + 500_000
    site.connector.on_lost(Trouble("connection refused", "start the broker", Blame.DOWN))
    site.at += 1000
    site.reconnect()
    (gap,) = site.gaps()
    assert (gap["cause"], gap["from"], gap["to"]) == ("broker_restarted", NOON + 440_000, NOON + 501_000)
    site.connector.disconnect(1)


def test_a_broker_that_was_down_at_our_start_leaves_a_gap_and_no_note_of_a_bridged_pause() -> None:
    with WireBroker(sessions=(True,)) as kept:
        site = Site(kept, Memory(("v1/#",), NOON - 900_000))
        site.connector.on_lost(Trouble("connection refused", "start the broker", Blame.DOWN))
        site.open()
        (gap,) = site.gaps()
        assert (gap["cause"], gap["from"], gap["to"]) == ("broker_restarted", NOON - 900_000, NOON)
        assert site.connector.status().away_until == 0
        site.connector.disconnect(1)


def test_what_the_broker_dropped_while_ours_may_have_waited_there_is_a_gap(broker: WireBroker) -> None:
    site = Site(broker, dropped_topic=DROPPED)
    site.open()
    broker.wait_for(wire.SUBSCRIBE, 2)
    broker.publish(DROPPED.encode(), b"7", qos=0)
    wait_until(lambda: site.connector.status().broker_dropped == 7)
    broker.publish(DROPPED.encode(), b"8", qos=0)
    wait_until(lambda: site.connector.status().broker_dropped == 8)
    assert site.gaps() == []
    site.at = NOON + 500_000
    site.reconnect()
    broker.publish(DROPPED.encode(), b"4008", qos=0)
    wait_until(site.queue.qsize, what="the gap")
    (gap,) = site.gaps()
    assert (gap["cause"], gap["from"], gap["to"]) == ("queue_limit", NOON + 440_000, NOON + 500_000)
    assert "dropped 4000 messages of its clients" in gap["detail"]
    assert site.connector.status().received == 0, "what the broker says of itself is no message of the source"
    site.connector.disconnect(1)


def test_what_the_broker_dropped_while_nobody_received_here_is_a_gap() -> None:
    with WireBroker(sessions=(True,)) as kept:
        site = Site(kept, Memory(("v1/#",), NOON - 900_000, broker_dropped=7), dropped_topic=DROPPED)
        site.open()
        kept.publish(DROPPED.encode(), b"9", qos=0)
        wait_until(site.queue.qsize, what="the gap")
        (gap,) = site.gaps()
        assert (gap["cause"], gap["from"], gap["to"]) == ("queue_limit", NOON - 900_000, NOON)
        site.connector.disconnect(1)


def test_a_number_that_may_not_be_read_is_said_and_stops_nothing(
    broker: WireBroker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    site = Site(broker, dropped_topic=DROPPED)
    broker.refused_filter = DROPPED.encode()
    site.open()
    wait_until(lambda: caplog.messages)
    assert "so its drops stay unknown" in caplog.messages[0]
    assert site.connector.status().subscribed
    site.connector.disconnect(1)
