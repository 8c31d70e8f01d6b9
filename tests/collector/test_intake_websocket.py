"""The intake with the real locker at a real Mosquitto, over WebSocket with and without TLS."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from collector.broker import free_port
from connectors.mqtt.source import MqttSource
from connectors.record import Kind
from tests.fakes.patience import wait_until
from tests.fakes.publisher import Publisher
from tests.parts.certificates import fingerprint, make_certificate
from tests.parts.data_folder import DataFolder, bytes_of, numbers
from tests.parts.mosquitto import Mosquitto, websocket_listener

pytestmark = pytest.mark.integration


@dataclass(frozen=True, slots=True)
class Door:
    server: Mosquitto
    port: int
    settings: dict[str, Any]

    def source(self, protocol: str = "5") -> MqttSource:
        given = {"id": "tb", "host": "127.0.0.1", "port": self.port, "topics": ("v1/#",), "client_id": "zz"}
        return MqttSource(**given, protocol=protocol, websocket_path="/mqtt", **self.settings)  # type: ignore[arg-type]


@pytest.fixture(params=["ws", "wss"])
def door(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Door]:
    port = free_port()
    lines, settings = ["allow_anonymous true", *websocket_listener(port)], {}
    if request.param == "wss":
        certificate = make_certificate(tmp_path / "certificate")
        lines += [f"certfile {certificate}/cert.pem", f"keyfile {certificate}/key.pem"]
        settings = {"tls_fingerprint": fingerprint(certificate)}
    with Mosquitto(tmp_path / "broker", *lines) as server:
        yield Door(server, port, settings)


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_20000_small_messages_are_all_stored_once(door: Door, data_folder: DataFolder, protocol: str) -> None:
    intake = data_folder.open(door.source(protocol))
    with Publisher(door.server.port) as publisher:
        publisher.send_all("v1/a", numbers(0, 20_000))
        publisher.settle(60)
        wait_until(lambda: intake.status().sources[0].acknowledged >= 20_000, 60, "20,000 acknowledgements")
    intake.stop()
    assert len(data_folder.records()) == 20_000
    assert data_folder.payloads() == bytes_of(numbers(0, 20_000))
    assert data_folder.records(Kind.GAP) == []


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_payload_of_4_mib_and_an_empty_one_are_stored_as_they_are(
    door: Door, data_folder: DataFolder, protocol: str
) -> None:
    intake = data_folder.open(door.source(protocol))
    huge = bytes(range(256)) * 16 * 1024
    with Publisher(door.server.port) as publisher:
        publisher.send("v1/a", huge)
        publisher.send("v1/水表", b"")
        publisher.send("v1/b", "[" * 100_000)
        publisher.settle()

        def all_there() -> bool:
            # Mosquitto 2.0.11 sends 4 KiB of a WebSocket frame each time it wakes, and that is ten times a second
            # while nothing else happens.
            for _ in range(8):
                publisher.send("elsewhere", b"", qos=0)
                threading.Event().wait(0.001)
            return len(data_folder.records()) == 3

        wait_until(all_there, 60, "three records")
    intake.stop()
    assert [(record.topic, len(record.payload)) for record in data_folder.records()] == [
        ("v1/a", 4 * 1024 * 1024),
        ("v1/水表", 0),
        ("v1/b", 100_000),
    ]
    assert data_folder.records()[0].payload == huge


def test_what_came_while_nobody_received_is_stored_afterwards(door: Door, data_folder: DataFolder) -> None:
    data_folder.open(door.source()).stop()
    with Publisher(door.server.port) as publisher:
        publisher.send_all("v1/a", numbers(0, 2000))
        publisher.settle()
    intake = data_folder.open(door.source())
    wait_until(lambda: data_folder.payloads() == bytes_of(numbers(0, 2000)), 30, "2,000 records")
    intake.stop()
    assert data_folder.records(Kind.GAP) == []


@pytest.mark.parametrize("status", ["404 Not Found", "401 Unauthorized", "200 OK"])
def test_a_port_that_opens_no_websocket_is_named_with_its_mend(data_folder: DataFolder, status: str) -> None:
    answer = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def refuse() -> None:
            peer, _ = server.accept()
            with peer:
                peer.recv(4096)
                peer.sendall(answer)

        thread = threading.Thread(target=refuse)
        thread.start()
        source = MqttSource("tb", "127.0.0.1", port, ("v1/#",), "zz", websocket_path="/wrong")
        intake = data_folder.start(source)
        wait_until(intake.first_trouble)
        thread.join(10)
    assert f"broker 127.0.0.1:{port}/wrong cannot be heard" in intake.first_trouble()
    assert f"no WebSocket there: /wrong is answered {status}; correct the path in the url" in intake.first_trouble()
