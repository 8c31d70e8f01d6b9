from __future__ import annotations

import base64
import hashlib
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Request

from connectors.mqtt.websocket import WebSocket, WebSocketRefusedError, open_websocket

CONTINUATION, BINARY, CLOSE, PING, PONG = 0, 2, 8, 9, 10


def from_server(payload: bytes, kind: int = BINARY, *, last: bool = True) -> bytes:
    size = len(payload)
    if size < 126:
        length = bytes([size])
    else:
        length = b"\x7e" + size.to_bytes(2, "big") if size < 1 << 16 else b"\x7f" + size.to_bytes(8, "big")
    return bytes([last << 7 | kind]) + length + payload


def unmask(frame: bytes) -> tuple[int, bytes]:
    """Return kind and payload of a client's frame, which must be whole and masked."""
    assert frame[1] & 0x80, "a client masks its frames"
    size, at = frame[1] & 0x7F, 2
    if size >= 126:
        at = 4 if size == 126 else 10
        size = int.from_bytes(frame[2:at], "big")
    mask, body = frame[at : at + 4], frame[at + 4 :]
    assert len(body) == size
    return frame[0] & 0x0F, bytes(byte ^ mask[index % 4] for index, byte in enumerate(body))


def shaken_hands() -> WSConnection:
    """Return a client's protocol that has opened its WebSocket."""
    client, server = WSConnection(ConnectionType.CLIENT), WSConnection(ConnectionType.SERVER)
    server.receive_data(client.send(Request(host="broker", target="/mqtt", subprotocols=["mqtt"])))
    next(server.events())
    client.receive_data(server.send(AcceptConnection(subprotocol="mqtt")))
    next(client.events())
    return client


class Pair:
    """An open WebSocket, and the bare line at its other end."""

    def __init__(self) -> None:
        near, self.far = socket.socketpair()
        near.setblocking(False)
        self.near = WebSocket(near, shaken_hands())

    def close(self) -> None:
        self.near.close()
        self.far.close()

    def all(self, size: int = 1000) -> bytes:
        """Return what can be received now."""
        found = b""
        while True:
            try:
                part = self.near.recv(size)
            except BlockingIOError:
                return found
            if not part:
                return found
            found += part


@pytest.fixture
def pair() -> Iterator[Pair]:
    with closing(Pair()) as pair:
        yield pair


@pytest.mark.parametrize("size", [1, 3, 125, 126, 65_535, 65_536])
def test_what_is_sent_is_one_masked_frame(pair: Pair, size: int) -> None:
    payload = (bytes(range(256)) * (size // 256 + 1))[:size]
    assert pair.near.send(payload) == size
    assert unmask(pair.far.recv(1 << 20)) == (BINARY, payload)


@given(st.lists(st.tuples(st.binary(max_size=300), st.booleans()), min_size=1, max_size=6), st.data())
def test_mqtt_is_received_whole_however_frames_and_packets_are_cut(
    frames: list[tuple[bytes, bool]], data: st.DataObject
) -> None:
    begins = [True, *(last for _, last in frames)]
    stream = b"".join(
        from_server(payload, BINARY if begin else CONTINUATION, last=last) + from_server(b"?", PONG)
        for (payload, last), begin in zip(frames, begins, strict=False)
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    found = b""
    with closing(Pair()) as pair:
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
            pair.far.sendall(stream[start:end])
            found += pair.all(data.draw(st.integers(1, 400)))
    assert found == b"".join(payload for payload, _ in frames)


def test_a_part_of_a_large_frame_is_received_at_once(pair: Pair) -> None:
    pair.far.sendall(from_server(bytes(4 * 1024 * 1024))[:5000])
    assert len(pair.all(1_000_000)) == 5000 - 10


def test_what_lies_here_already_is_pending_and_nothing_else_is(pair: Pair) -> None:
    assert pair.near.pending() == 0
    pair.far.sendall(from_server(b"one") + from_server(b"two"))
    assert pair.near.recv(1) == b"o"
    assert pair.near.pending() > 0
    assert pair.all() == b"netwo"
    assert pair.near.pending() == 0
    pair.far.sendall(from_server(b"three")[:1])
    with pytest.raises(BlockingIOError):
        pair.near.recv(1)
    assert pair.near.pending() == 0, "half a header would keep the network thread spinning"


def test_a_ping_is_answered_masked_and_behind_what_is_being_sent(pair: Pair) -> None:
    huge = bytes(4 * 1024 * 1024)
    with pytest.raises(BlockingIOError):
        pair.near.send(huge)
    pair.far.sendall(from_server(b"still there?", PING) + from_server(b"mqtt"))
    assert pair.all() == b"mqtt"
    got = bytearray()
    pair.far.setblocking(False)
    taken = 0
    while not taken:
        with suppress(BlockingIOError):
            got += pair.far.recv(1 << 20)
        with suppress(BlockingIOError):
            taken = pair.near.send(huge)
    with suppress(BlockingIOError):
        while True:
            got += pair.far.recv(1 << 20)
    assert taken == len(huge)
    whole = 14 + len(huge)
    mask, body = bytes(got[10:14]), bytes(got[14:whole])
    assert body == mask * (len(huge) // 4), "zeros, masked"
    assert unmask(bytes(got[whole:])) == (PONG, b"still there?")


def test_what_is_sent_comes_behind_answers_that_are_still_on_their_way(pair: Pair) -> None:
    while not pair.near._out:
        pair.far.sendall(from_server(bytes(125), PING) * 100)
        assert pair.all() == b""
    with pytest.raises(BlockingIOError):
        pair.near.send(b"mqtt")
    got = pair.far.recv(1 << 20)
    assert pair.near.send(b"mqtt") == 4
    got += pair.far.recv(1 << 20)
    assert unmask(got[-10:]) == (BINARY, b"mqtt")
    pongs = [got[at : at + 131] for at in range(0, len(got) - 10, 131)]
    assert [unmask(pong) for pong in pongs] == [(PONG, bytes(125))] * len(pongs)


def test_pings_are_answered_for_as_long_as_the_answers_are_read(pair: Pair) -> None:
    for _ in range(10):
        pair.far.sendall(from_server(bytes(125), PING) * 100)
        assert pair.all() == b""
        assert len(pair.far.recv(1 << 20)) == 100 * 131


def test_a_close_is_answered_and_is_the_end(pair: Pair) -> None:
    pair.far.sendall(from_server(b"last") + from_server(b"\x03\xe8bye", CLOSE))
    assert pair.near.recv(4) == b"last"
    assert pair.near.pending() > 0, "select would never tell of the end"
    assert [pair.near.recv(1), pair.near.recv(1)] == [b"", b""]
    assert unmask(pair.far.recv(100)) == (CLOSE, b"\x03\xe8bye")
    with pytest.raises(BrokenPipeError):
        pair.near.send(b"too late")


@pytest.mark.parametrize(
    "frame",
    [b"\x81\x01a", b"\xc2\x01a", b"\x82\x81aaaaa", b"\x83\x00", b"\x89\x7e\x00\x7e", b"\x80\x01a", b"\x88\x02\x00\x00"],
    ids=lambda frame: frame.hex(),
)
def test_what_the_protocol_forbids_ends_the_connection_after_what_came_before(pair: Pair, frame: bytes) -> None:
    pair.far.sendall(from_server(b"mqtt") + frame)
    assert pair.near.recv(10) == b"mqtt"
    assert pair.near.pending() > 0
    for _ in range(2):
        with pytest.raises(ConnectionError, match="WebSocket"):
            pair.near.recv(1)


def test_a_server_that_asks_and_reads_nothing_is_not_answered_without_end(pair: Pair) -> None:
    with pytest.raises(BlockingIOError):
        pair.near.send(bytes(4 * 1024 * 1024))
    before = len(pair.near._out)
    pings = from_server(bytes(125), PING) * 400
    for _ in range(10):
        pair.far.sendall(pings)
        assert pair.all() == b""
    assert 0 < len(pair.near._out) - before <= 64 * 1024


def opening(
    answer: str, *, delay: threading.Event | None = None, port: int = 8083, host: str = "broker"
) -> tuple[str, WebSocket]:
    """Return the request sent and the WebSocket opened by a server that gives this answer; {accept} is filled in."""
    near, far = socket.socketpair()
    seen: list[str] = []

    def serve() -> None:
        with far:
            request = far.recv(4096).decode()
            seen.append(request)
            key = next(line.split(": ")[1] for line in request.split("\r\n") if line.startswith("Sec-WebSocket-Key"))
            digest = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode(), usedforsecurity=False).digest()
            far.sendall(answer.replace("{accept}", base64.b64encode(digest).decode()).encode("latin-1"))
            if delay is not None:
                delay.wait(10)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        opened = open_websocket(near, host, port, "/mqtt", 0.3)
    finally:
        if delay is not None:
            delay.set()
        thread.join(10)
    return seen[0], opened


SWITCHED = (
    "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: WebSocket\r\n"
    "sec-websocket-accept:{accept}\r\nX-Connection-Id: 7\r\n\r\n"
)


def test_the_handshake_asks_for_mqtt_at_the_path_and_keeps_what_follows_the_answer() -> None:
    request, opened = opening(SWITCHED + from_server(b"mqtt").decode("latin-1"))
    assert opened.recv(10) == b"mqtt"
    assert request.startswith("GET /mqtt HTTP/1.1\r\nHost: broker:8083\r\n")
    assert "Sec-WebSocket-Protocol: mqtt\r\n" in request
    opened.close()


@pytest.mark.parametrize(
    ("host", "port", "named"),
    [("broker", 80, "broker"), ("::1", 9001, "[::1]:9001"), ("物业", 9001, "xn--vhqz89f:9001")],
)
def test_the_host_is_named_as_a_url_names_it(host: str, port: int, named: str) -> None:
    request, opened = opening(SWITCHED, host=host, port=port)
    assert f"\r\nHost: {named}\r\n" in request
    opened.close()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n<html>", "/mqtt is answered 404 Not Found"),
        ("HTTP/1.1 200\r\n\r\n", "/mqtt is answered 200 OK"),
        ("HTTP/1.1 403 \r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n", "/mqtt is answered 403 Forbidden"),
        ("HTTP/1.1 525 Odd\r\n\r\n", "/mqtt is answered 525"),
        ("", "/mqtt is no MQTT over WebSocket (Bad HTTP message)"),
        ("SSH-2.0-OpenSSH", "/mqtt is no MQTT over WebSocket (Bad HTTP message)"),
        ("HTTP/1.1 101 x\r\n" + "a: b\r\n" * 4000, "/mqtt is no MQTT over WebSocket (Bad HTTP message)"),
        (SWITCHED.replace("{accept}", "x"), "/mqtt is no MQTT over WebSocket (Bad accept token)"),
        (
            SWITCHED.replace("X-Connection-Id: 7", "Sec-WebSocket-Protocol: chat"),
            "/mqtt is no MQTT over WebSocket (unrecognized subprotocol chat)",
        ),
        (
            SWITCHED.replace("X-Connection-Id: 7", "Sec-WebSocket-Protocol: \xff"),
            "/mqtt is no MQTT over WebSocket (Headers are not ASCII)",
        ),
    ],
)
def test_another_answer_than_a_websocket_is_named(answer: str, words: str) -> None:
    with pytest.raises(WebSocketRefusedError) as caught:
        opening(answer)
    assert str(caught.value) == words


def test_a_server_that_does_not_finish_its_answer_is_left() -> None:
    with pytest.raises(TimeoutError):
        opening("HTTP/1.1 101 Switching", delay=threading.Event())


def test_a_host_that_cannot_be_named_to_a_server_is_one_trouble_and_no_dead_thread() -> None:
    near, far = socket.socketpair()
    with far, pytest.raises(WebSocketRefusedError, match=r"/mqtt cannot be asked for at x{62}:8083"):
        open_websocket(near, "x" * 62, 8083, "/mqtt", 1)
    assert near.fileno() == -1
