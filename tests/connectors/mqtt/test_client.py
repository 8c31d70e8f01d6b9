from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from connectors.mqtt import client as client_module
from connectors.mqtt.client import SESSION_EXPIRY_S, MqttClient
from connectors.mqtt.packets import Delivery
from connectors.mqtt.source import MqttSource, MqttSourceError
from connectors.mqtt.trouble import Trouble
from tests.fakes import wire_broker as wire
from tests.fakes.patience import wait_until
from tests.fakes.wire_broker import WireBroker

pytestmark = pytest.mark.usefixtures("quick_retry")


class Ear:
    """Remembers all it is told."""

    def __init__(self) -> None:
        self.connected: list[tuple[int, bool]] = []
        self.subscribed = 0
        self.messages: list[tuple[int, int, int, str, bytes]] = []
        self.troubles: list[Trouble] = []
        self.doubts: list[str] = []
        self.raises: BaseException | None = None
        self.room = True
        self.dropped: list[bytes] = []

    def on_connected(self, epoch: int, *, session_kept: bool) -> None:
        self.connected.append((epoch, session_kept))

    def on_subscribed(self) -> None:
        self.subscribed += 1

    def on_messages(self, epoch: int, messages: Sequence[Delivery]) -> None:
        if self.raises is not None:
            error, self.raises = self.raises, None
            raise error
        self.messages.extend((epoch, *message) for message in messages)

    def on_dropped(self, payload: bytes) -> None:
        self.dropped.append(payload)

    def has_room(self) -> bool:
        return self.room

    def on_lost(self, trouble: Trouble) -> None:
        self.troubles.append(trouble)

    def on_doubt(self, remark: str) -> None:
        self.doubts.append(remark)


class Line:
    """A client, its listener and the broker at the other end."""

    def __init__(self, broker: WireBroker, *, former: tuple[str, ...] = (), **settings: object) -> None:
        self.broker = broker
        self.ear = Ear()
        self.source = source_at(broker.port, **settings)
        self.client = MqttClient(self.source, self.ear, former)

    def open(self) -> None:
        self.client.start()
        wait_until(lambda: self.ear.subscribed, what="the subscription")


def source_at(port: int, **settings: object) -> MqttSource:
    given = {"id": "s", "host": "127.0.0.1", "port": port, "topics": ("v1/#", "x/+"), "client_id": "zhizheng-1"}
    return MqttSource(**{**given, **settings})  # type: ignore[arg-type]


@pytest.fixture(params=["5", "3.1.1"])
def line(request: pytest.FixtureRequest) -> Iterator[Line]:
    with WireBroker() as broker:
        line = Line(broker, protocol=request.param)
        yield line
        line.client.stop()


def test_it_asks_for_a_lasting_session_under_its_stable_name(line: Line) -> None:
    line.open()
    (connect,) = line.broker.got(wire.CONNECT)
    clean_start = connect.body[7] & 0x02
    assert not clean_start
    assert connect.body.endswith(b"\x00\x0azhizheng-1")
    if line.source.protocol == "5":
        assert connect.body[6] == 5
        assert b"\x11" + SESSION_EXPIRY_S.to_bytes(4, "big") in connect.body
        assert b"\x21" + (1000).to_bytes(2, "big") in connect.body
    else:
        assert connect.body[6] == 4


def test_every_connect_is_a_new_epoch_with_a_lasting_session_and_subscribes_at_qos_1(line: Line) -> None:
    line.open()
    line.broker.hang_up()
    wait_until(lambda: line.ear.subscribed == 2, what="the second subscription")
    assert line.ear.connected == [(1, False), (2, True)]
    assert [connect.body[7] & 0x02 for connect in line.broker.got(wire.CONNECT)] == [0, 0]
    new_only = 0x10 if line.source.protocol == "5" else 0
    for subscribe in line.broker.got(wire.SUBSCRIBE):
        assert subscribe.body.endswith(b"\x00\x04v1/#" + bytes([1 | new_only]) + b"\x00\x03x/+" + bytes([1 | new_only]))


def test_it_connects_again_after_one_to_thirty_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert client_module.RECONNECT_MAX_S + client_module.RECONNECT_JITTER_S <= 30
    with WireBroker() as broker:
        line = Line(broker)
        line.open()
        lost_at = time.monotonic()
        broker.hang_up()
        broker.wait_for(wire.CONNECT, 2)
        assert 1 <= time.monotonic() - lost_at < 4
        line.client.stop()


def test_nothing_is_acknowledged_by_itself(line: Line) -> None:
    line.open()
    line.broker.publish(b"v1/a", b"one", mid=7)
    wait_until(lambda: line.ear.messages)
    assert line.ear.messages == [(1, 7, 0b0010, "v1/a", b"one")]
    line.client.acknowledge(1, [])
    line.client.flush(1)
    assert not line.broker.got(wire.PUBACK)


def test_acknowledgements_leave_in_the_order_given(line: Line) -> None:
    line.open()
    assert line.client.acknowledge(1, [(mid, 1) for mid in (3, 1, 65535, 2)]) == 4
    assert line.client.flush(5)
    acks = line.broker.wait_for(wire.PUBACK, 4)
    assert [ack.mid for ack in acks] == [3, 1, 65535, 2]
    assert all(len(ack.body) == 2 for ack in acks)


def test_a_flush_waits_until_the_broker_has_read_what_was_sent(line: Line) -> None:
    line.open()
    line.client.acknowledge(1, [(7, 1)])
    assert line.client.flush(5)
    assert [packet.kind for packet in line.broker.packets][-2:] == [wire.PUBACK, wire.PINGREQ]
    line.broker.mute = True
    assert not line.client.flush(0.05)


def test_a_late_acknowledgement_never_reaches_another_connection(line: Line) -> None:
    line.open()
    line.broker.publish(b"v1/a", b"old", mid=1)
    wait_until(lambda: line.ear.messages)
    line.broker.hang_up()
    wait_until(lambda: line.client.live_epoch == 0, what="the loss of the connection")
    assert line.client.acknowledge(1, [(1, 1)]) == 0
    wait_until(lambda: line.ear.subscribed == 2, what="the second subscription")
    assert line.client.acknowledge(1, [(1, 1)]) == 0
    line.broker.publish(b"v1/a", b"new", mid=1)
    wait_until(lambda: len(line.ear.messages) == 2)
    assert line.client.acknowledge(1, [(1, 1)]) == 0
    assert line.client.acknowledge(2, [(2, 1)]) == 1
    assert [(ack.connection, ack.mid) for ack in line.broker.wait_for(wire.PUBACK)] == [(2, 2)]


def test_a_flood_of_acknowledgements_across_reconnects_stays_on_its_connection(line: Line) -> None:
    line.open()
    stop = threading.Event()

    def acknowledge_for_ever() -> None:
        while not stop.is_set():
            epoch = line.client.live_epoch
            line.client.acknowledge(epoch or 1, [(epoch or 1, 1)] * 3)
            stop.wait(0.0005)

    thread = threading.Thread(target=acknowledge_for_ever)
    thread.start()
    for count in (2, 3):
        stop.wait(0.1)
        line.broker.hang_up()
        wait_until(lambda count=count: line.ear.subscribed == count, what="the next subscription")  # type: ignore[misc]
    stop.wait(0.1)
    stop.set()
    thread.join()
    acks = line.broker.wait_for(wire.PUBACK, 10)
    assert {ack.connection for ack in acks} == {1, 2, 3}
    assert all(ack.mid == ack.connection for ack in acks)
    firsts = {packet.connection: packet.kind for packet in reversed(line.broker.packets)}
    assert set(firsts.values()) == {wire.CONNECT}


def test_a_topic_that_is_not_utf_8_is_kept_escaped(line: Line) -> None:
    line.open()
    line.broker.publish(b"v1/\xff\xfe/\xe6\xb0\xb4", b"\x00\xff", mid=1)
    line.broker.publish("v1/水".encode(), b"", mid=2)
    wait_until(lambda: len(line.ear.messages) == 2)
    assert line.ear.messages[0][3:] == ("v1/\\xff\\xfe/水", b"\x00\xff")
    assert line.ear.messages[1][3:] == ("v1/水", b"")


def test_flags_are_those_of_the_header(line: Line) -> None:
    line.open()
    line.broker.publish(b"v1/a", b"retained, sent again", mid=1, first_byte=0x3B)
    line.broker.publish(b"v1/a", b"qos 0", qos=0)
    wait_until(lambda: len(line.ear.messages) == 2)
    assert [message[2] for message in line.ear.messages] == [0b1011, 0]


def test_an_exception_while_taking_a_message_in_leaves_the_thread_alive_and_the_message_unacknowledged(
    line: Line,
) -> None:
    line.open()
    line.ear.raises = ValueError("no clock")
    line.broker.publish(b"v1/a", b"one", mid=1)
    wait_until(lambda: line.ear.doubts)
    line.broker.publish(b"v1/a", b"two", mid=2)
    wait_until(lambda: line.ear.messages)
    assert [message[4] for message in line.ear.messages] == [b"two"]
    assert "no clock" in line.ear.doubts[0]
    assert not line.client.dead()
    assert not line.broker.got(wire.PUBACK)


def test_without_room_nothing_is_read_while_acknowledgements_and_keep_alive_go_on(line: Line) -> None:
    line.open()
    line.broker.publish(b"v1/a", b"one", mid=1)
    wait_until(lambda: line.ear.messages)
    line.ear.room = False
    line.broker.publish(b"v1/a", b"two", mid=2)
    line.client.acknowledge(1, [(1, 1)])
    line.broker.wait_for(wire.PUBACK)
    assert [message[4] for message in line.ear.messages] == [b"one"]
    line.ear.room = True
    wait_until(lambda: len(line.ear.messages) == 2)
    assert line.broker.connections == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_dead_network_thread_is_seen_and_renewed_in_the_same_session(line: Line) -> None:
    line.open()
    line.ear.raises = SystemExit()
    line.broker.publish(b"v1/a", b"deadly", mid=1)
    wait_until(line.client.dead, what="the end of the thread")
    line.client.renew()
    wait_until(lambda: line.ear.subscribed == 2, what="the second subscription")
    assert not line.client.dead()
    assert line.ear.connected[-1] == (2, True)
    line.broker.publish(b"v1/a", b"deadly", mid=1)
    wait_until(lambda: line.ear.messages)
    assert line.ear.troubles == []


def test_a_malformed_packet_costs_the_connection_only(line: Line) -> None:
    line.open()
    line.broker.send(b"\x32\x05\x00\xffab" + b"\x00")
    wait_until(lambda: line.ear.subscribed == 2 or line.client.dead(), what="the second connection")
    if line.client.dead():
        line.client.renew()
        wait_until(lambda: line.ear.subscribed == 2)
    line.broker.publish(b"v1/a", b"one", mid=1)
    wait_until(lambda: line.ear.messages)


def test_stop_disconnects_without_ending_session_or_subscription(line: Line) -> None:
    line.open()
    line.client.stop()
    (disconnect,) = line.broker.wait_for(wire.DISCONNECT)
    assert disconnect.body == b""
    assert not line.broker.got(wire.UNSUBSCRIBE)
    assert line.ear.troubles == []


def test_filters_no_longer_wanted_are_unsubscribed_once() -> None:
    with WireBroker() as broker:
        line = Line(broker, former=("old/#",))
        line.open()
        assert b"old/#" in broker.got(wire.UNSUBSCRIBE)[0].body
        broker.hang_up()
        wait_until(lambda: line.ear.subscribed == 2)
        assert len(broker.got(wire.UNSUBSCRIBE)) == 1
        line.client.stop()


@pytest.mark.parametrize(
    ("protocol", "connack", "words"),
    [
        ("3.1.1", 4, "bad user name or password"),
        ("3.1.1", 5, "not authorized"),
        ("5", 0x86, "bad user name or password"),
        ("5", 0x01, "unsupported protocol version"),
    ],
)
def test_a_refused_connection_says_why_and_stays_said(protocol: str, connack: int, words: str) -> None:
    with WireBroker(connack=connack) as broker:
        line = Line(broker, protocol=protocol)
        line.client.start()
        broker.wait_for(wire.CONNECT)
        wait_until(lambda: line.ear.troubles)
        broker.hang_up()
        line.client.stop()
        assert {trouble.reason for trouble in line.ear.troubles} == {f"the broker refuses the connection ({words})"}


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_refused_topic_is_trouble_and_not_a_subscription(protocol: str) -> None:
    with WireBroker(suback=0x80) as broker:
        line = Line(broker, protocol=protocol)
        line.client.start()
        wait_until(lambda: line.ear.troubles)
        assert line.ear.troubles[0].reason == "the broker refuses the topics v1/#, x/+"
        assert not line.ear.subscribed
        line.client.stop()


def test_a_session_that_the_broker_keeps_shorter_is_doubted() -> None:
    with WireBroker() as broker:
        broker.connack_properties = b"\x11" + (60).to_bytes(4, "big")
        line = Line(broker)
        line.open()
        assert line.ear.doubts == ["the broker keeps the session for 60 s only, not 604800 s"]
        line.client.stop()


def test_username_and_password_are_sent() -> None:
    with WireBroker() as broker:
        line = Line(broker, username="reader", password="geheim")
        line.open()
        assert broker.got(wire.CONNECT)[0].body.endswith(b"\x00\x06reader\x00\x06geheim")
        line.client.stop()


def test_a_failed_attempt_says_why() -> None:
    ear = Ear()
    client = MqttClient(source_at(1), ear)
    client.start()
    wait_until(lambda: ear.troubles)
    client.stop()
    assert ear.troubles[0].reason == "connection refused"


def test_tls_files_that_cannot_be_used_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(MqttSourceError, match=r"MQTT source 's': the TLS files .*none\.pem cannot be used"):
        MqttClient(source_at(8883, tls_ca=str(tmp_path / "none.pem")), Ear())
    (tmp_path / "no.pem").write_text("no certificate")
    with pytest.raises(MqttSourceError, match=r"no\.pem cannot be used"):
        MqttClient(source_at(8883, tls_ca=str(tmp_path / "no.pem")), Ear())
