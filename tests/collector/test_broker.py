from __future__ import annotations

import queue
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from collector import broker as broker_module
from collector.broker import BrokerError, EmbeddedBroker, find_binary, free_port
from tests.fakes.patience import wait_until
from tests.fakes.publisher import Publisher

pytestmark = pytest.mark.integration


class Reader:
    """A client with a lasting session that acknowledges only when told to."""

    def __init__(self, port: int, *topics: str) -> None:
        self.got: queue.SimpleQueue[paho.MQTTMessage] = queue.SimpleQueue()
        self.session_present = False
        self._granted = False
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id="reader", clean_session=False, manual_ack=True)
        self.client.on_message = lambda _client, _userdata, message: self.got.put(message)
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = self._on_subscribe
        self._topics = topics
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        wait_until(lambda: self._granted, what="the subscription")

    def _on_connect(self, client: paho.Client, _: object, flags: paho.ConnectFlags, *__: object) -> None:
        self.session_present = flags.session_present
        client.subscribe([(topic, 1) for topic in self._topics])

    def _on_subscribe(self, *_: object) -> None:
        self._granted = True

    def take(self, count: int, timeout_s: float = 10) -> list[paho.MQTTMessage]:
        return [self.got.get(timeout=timeout_s) for _ in range(count)]

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker(tmp_path / "broker") as running:
        yield running


def test_it_lets_clients_in_as_soon_as_it_is_started_and_keeps_its_port(broker: EmbeddedBroker) -> None:
    port = broker.port
    for _ in range(2):
        reader = Reader(port, "v1/#")
        reader.close()
        broker.restart()
    assert broker.port == port
    assert broker.running


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_session_and_queued_messages_outlive_it(broker: EmbeddedBroker, end: str) -> None:
    Reader(broker.port, "v1/#").close()
    with Publisher(broker.port) as publisher:
        publisher.send_all("v1/a", [str(number) for number in range(500)])
        publisher.settle()
    getattr(broker, end)()
    assert not broker.running
    broker.start()
    reader = Reader(broker.port, "v1/#")
    assert reader.session_present
    assert sorted(int(message.payload) for message in reader.take(500)) == list(range(500))
    reader.close()


def test_what_was_not_acknowledged_comes_again_after_the_wait(broker: EmbeddedBroker) -> None:
    first = Reader(broker.port, "v1/#")
    with Publisher(broker.port) as publisher:
        publisher.send_all("v1/a", ["0", "1"])
        publisher.settle()
    first.client.ack(first.take(2)[0].mid, 1)
    wait_until(lambda: not first.client.want_write())
    first.close()
    second = Reader(broker.port, "v1/#")
    (again,) = second.take(1)
    assert (again.payload, again.dup) == (b"1", True)
    second.close()


def test_retained_messages_are_marked_and_outlive_it(broker: EmbeddedBroker) -> None:
    live = Reader(broker.port, "v1/#")
    with Publisher(broker.port) as publisher:
        publisher.send("v1/a", "devices", retain=True)
        publisher.settle()
    assert not live.take(1)[0].retain
    live.close()
    broker.restart()
    late = Reader(broker.port, "v1/a")
    messages = late.take(1)
    assert (messages[0].payload, messages[0].retain) == (b"devices", True)
    late.close()


def test_eight_wide_filters_in_one_session_still_get_messages(broker: EmbeddedBroker) -> None:
    topics = [f"t{number}/#" for number in range(8)]
    reader = Reader(broker.port, *topics)
    with Publisher(broker.port) as publisher:
        for number in range(8):
            publisher.send(f"t{number}/a", str(number))
        publisher.settle()
    assert {message.payload for message in reader.take(8)} == {b"%d" % number for number in range(8)}
    reader.close()


def test_a_payload_of_4_mib_passes(broker: EmbeddedBroker) -> None:
    huge = bytes(range(256)) * 16 * 1024
    reader = Reader(broker.port, "v1/#")
    with Publisher(broker.port) as publisher:
        publisher.send("v1/a", huge)
        publisher.settle()
    assert reader.take(1)[0].payload == huge
    reader.close()


def test_it_listens_on_loopback_only(broker: EmbeddedBroker) -> None:
    config = (broker._folder / "broker.conf").read_text()
    assert config.count('host: "127.0.0.1"') == config.count("host:") == 2


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(BrokerError, match=f"cannot have port {port} .* choose another port"):
            EmbeddedBroker(tmp_path, port).start()


def test_a_server_that_ends_at_once_is_one_clear_line_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker_module, "ACK_WAIT", "two moons")
    with pytest.raises(BrokerError, match=r"ended at once \(.*two moons") as caught:
        EmbeddedBroker(tmp_path).start()
    assert "\n" not in str(caught.value)


def test_a_missing_server_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BrokerError, match="run `make install`"):
        find_binary()


def test_a_free_port_can_be_bound() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", free_port()))
