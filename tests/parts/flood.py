"""A device side that is never the bottleneck: packets made beforehand, one raw socket, QoS 1 counted to the last."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Sequence
from typing import Self

from tests.fakes.patience import wait_until

CHUNK = 1 << 16
WINDOW = 20_000
"""Messages on their way that the broker has not taken yet: enough to keep it busy, few enough to bound its memory."""

_CONNECT = b"\x00\x04MQTT\x04\x02\x00\x00"  # MQTT 3.1.1, clean session, no keep-alive
_PUBACK = b"\x40\x02"


def encode(topic: bytes, payload: bytes, mid: int, qos: int = 1, *, retain: bool = False) -> bytes:
    """Return one PUBLISH as it stands on the wire."""
    body = len(topic).to_bytes(2, "big") + topic + (mid.to_bytes(2, "big") if qos else b"") + payload
    return bytes([0x30 | qos << 1 | retain]) + length_of(len(body)) + body


class Flood:
    """Publishes at QoS 1 as fast as the broker takes it; as a context manager it connects and disconnects."""

    def __init__(self, port: int, name: str = "flood") -> None:
        self.taken = 0
        """Messages that the broker has acknowledged."""
        self.sent = 0
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client_id = name.encode()
        body = _CONNECT + struct.pack("!H", len(client_id)) + client_id
        self._socket.sendall(b"\x10" + length_of(len(body)) + body)
        assert self._socket.recv(4)[:2] == b"\x20\x02", "the broker does not let the flood in"
        self._room = threading.Condition()
        self._thread = threading.Thread(target=self._count, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.sendall(b"\xe0\x00")
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._socket.close()

    def send(self, messages: Sequence[tuple[bytes, bytes]], *, batch: int = 500, retain: bool = False) -> None:
        """Publish (topic, payload) pairs in order, waiting only where the broker has too many on its way."""
        for start in range(0, len(messages), batch):
            part = messages[start : start + batch]
            with self._room:
                self._room.wait_for(lambda: self.sent - self.taken < WINDOW, 60)
            packets = [
                encode(topic, payload, (self.sent + step) % 65_535 + 1, retain=retain)
                for step, (topic, payload) in enumerate(part)
            ]
            self._socket.sendall(b"".join(packets))
            self.sent += len(part)

    def settle(self, timeout_s: float = 60) -> None:
        """Wait until the broker has taken everything over."""
        wait_until(lambda: self.taken == self.sent, timeout_s, f"the broker taking {self.sent} messages")

    def _count(self) -> None:
        """Count acknowledgements; nothing else is ever sent to a client that subscribes to nothing."""
        rest = b""
        try:
            while data := self._socket.recv(CHUNK):
                rest += data
                whole = len(rest) // 4 * 4
                assert rest[:2] in {b"", _PUBACK}, rest[:4]
                rest = rest[whole:]
                with self._room:
                    self.taken += whole // 4
                    self._room.notify_all()
        except OSError:
            return


def length_of(size: int) -> bytes:
    """Return a remaining length as it stands on the wire."""
    out = bytearray()
    while True:
        size, low = divmod(size, 128)
        out.append(low | (0x80 if size else 0))
        if not size:
            return bytes(out)
