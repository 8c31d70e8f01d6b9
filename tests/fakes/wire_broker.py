"""A broker reduced to the wire: it sends what a test tells it to, and shows every packet it got."""

from __future__ import annotations

import select
import socket
import ssl
import threading
from dataclasses import dataclass
from typing import Self

from tests.fakes.patience import wait_until
from tests.parts.flood import length_of

CONNECT, CONNACK, PUBLISH, PUBACK, PUBCOMP, SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT = (
    1, 2, 3, 4, 7, 8, 10, 12, 14,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Packet:
    connection: int  # counted from 1
    kind: int
    body: bytes

    @property
    def mid(self) -> int:
        return int.from_bytes(self.body[:2], "big")


class WireBroker:
    """``sessions``: session present per connection, the last one repeats; ``connack``: the code sent, 0 lets in.

    With ``tls`` every ``send`` of at most 16 KiB is one TLS record.
    """

    def __init__(
        self,
        *,
        sessions: tuple[bool, ...] = (False, True),
        connack: int = 0,
        suback: int = 1,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.packets: list[Packet] = []
        self.connections = 0
        self.connack = connack
        self.suback = suback
        self.mute = False  # whether a PINGREQ stays without an answer
        self.refused_filter = b""  # a SUBSCRIBE that names it is refused
        self.connack_properties = b""
        self._sessions = sessions
        self._level = 4
        self._peer: socket.socket | None = None
        self._tls = tls
        self._turn = threading.Lock()  # OpenSSL lets one thread at a time use a connection
        self._server = socket.create_server(("127.0.0.1", port))
        self.port: int = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.hang_up()
        self._thread.join(5)

    def publish(
        self, topic: bytes, payload: bytes, mid: int = 0, qos: int = 1, *, first_byte: int | None = None
    ) -> None:
        self.send(self.packet_of(topic, payload, mid, qos, first_byte=first_byte))

    def packet_of(
        self, topic: bytes, payload: bytes, mid: int = 0, qos: int = 1, *, first_byte: int | None = None
    ) -> bytes:
        body = len(topic).to_bytes(2, "big") + topic + (mid.to_bytes(2, "big") if qos else b"")
        body += (b"\x00" if self._level == 5 else b"") + payload
        return bytes([first_byte if first_byte is not None else 0x30 | qos << 1]) + length_of(len(body)) + body

    def send(self, data: bytes) -> None:
        assert self._peer is not None
        with self._turn:
            self._peer.sendall(data)

    def hang_up(self) -> None:
        peer, self._peer = self._peer, None
        if peer is not None:
            try:
                # Below TLS: an SSLSocket that is shut down goes on reading, but no longer deciphers.
                socket.socket.shutdown(peer, socket.SHUT_RDWR)
            except OSError:
                return  # the client was quicker

    def got(self, kind: int, connection: int | None = None) -> list[Packet]:
        return [
            packet for packet in list(self.packets) if packet.kind == kind and connection in {None, packet.connection}
        ]

    def wait_for(self, kind: int, count: int = 1, connection: int | None = None, timeout_s: float = 10) -> list[Packet]:
        wait_until(lambda: len(self.got(kind, connection)) >= count, timeout_s, f"packet {kind} x {count}")
        return self.got(kind, connection)

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            with peer:
                self._converse(peer)

    def _converse(self, peer: socket.socket) -> None:
        try:
            if self._tls is not None:
                peer = self._tls.wrap_socket(peer, server_side=True)
            with peer:
                while head := self._read(peer, 1):
                    length = shift = 0
                    while True:
                        (byte,) = self._read(peer, 1)
                        length |= (byte & 0x7F) << shift
                        shift += 7
                        if byte < 0x80:
                            break
                    self._answer(peer, head[0] >> 4, self._read(peer, length))
        except (OSError, ValueError):
            return

    def _read(self, peer: socket.socket, size: int) -> bytes:
        data = b""
        while len(data) < size:
            if not (isinstance(peer, ssl.SSLSocket) and peer.pending()):
                select.select([peer], [], [])
            with self._turn:
                part = peer.recv(size - len(data))
            if not part:
                break
            data += part
        return data

    def _answer(self, peer: socket.socket, kind: int, body: bytes) -> None:
        if kind == CONNECT:
            self._level = body[6]
            present = self._sessions[min(self.connections, len(self._sessions)) - 1]
            answer = bytes([present and not self.connack, self.connack])
            if self._level == 5:
                answer += bytes([len(self.connack_properties)]) + self.connack_properties
            peer.sendall(bytes([0x20, len(answer)]) + answer)
            self._peer = peer
        elif kind in {SUBSCRIBE, UNSUBSCRIBE}:
            if kind == UNSUBSCRIBE:
                codes = b"\x00" if self._level == 5 else b""
            else:
                refused = self.refused_filter and self.refused_filter in body
                code = 0x80 if refused else self.suback
                codes = bytes([code] * _filters(body[3:] if self._level == 5 else body[2:]))
            answer = body[:2] + (b"\x00" if self._level == 5 else b"") + codes
            peer.sendall(bytes([kind + 1 << 4, len(answer)]) + answer)
        elif kind == PINGREQ and not self.mute:
            peer.sendall(b"\xd0\x00")
        self.packets.append(Packet(self.connections, kind, body))


def _filters(body: bytes) -> int:
    count = 0
    while body:
        body = body[2 + int.from_bytes(body[:2], "big") + 1 :]
        count += 1
    return count
