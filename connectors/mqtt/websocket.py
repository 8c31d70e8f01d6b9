"""MQTT over WebSocket (RFC 6455), as a connection that looks like a socket to paho.

paho has one of its own. It hands over a message only when its last byte is there, so that a large one on a slow line
is cut off by the keepalive, comes again, and blocks the session for ever; it answers a ping in a way that servers must
hang up on; and it does not say what the server answered instead of opening a WebSocket.
"""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import ssl
import struct
import time

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # of RFC 6455, 1.3
_CONTINUATION, _BINARY, _CLOSE, _PING, _PONG = 0x0, 0x2, 0x8, 0x9, 0xA
_ANSWER_MAX_BYTES = 16 * 1024
_CHUNK_BYTES = 64 * 1024
_STANDARD_PORTS = {False: 80, True: 443}


class WebSocketRefusedError(ConnectionError):
    """The port answers, but not with a WebSocket; the text is its path and what it answered, in a few words."""


class WebSocket:
    """An open WebSocket; ``recv`` and ``send`` are of MQTT bytes and, when not blocking, raise like a socket's."""

    def __init__(self, line: socket.socket, unread: bytes = b"") -> None:
        self._line = line
        self._raw = unread
        self._at = 0
        self._left = 0  # bytes of the current frame that belong to MQTT
        self._starved = not unread  # nothing can be read before more has come
        self._out = bytearray()
        self._answers = 0  # bytes of control frames among them
        self._promised = 0  # how many MQTT bytes the frame stands for that is on its way out

    def recv(self, size: int) -> bytes:
        """Return up to ``size`` bytes, as soon as there are any; b"" when the other side has ended it."""
        while True:
            if self._left and self._at < len(self._raw):
                until = self._at + min(size, self._left, len(self._raw) - self._at)
                part = self._raw[self._at : until]
                self._left -= len(part)
                self._at = until
                return part
            if not self._left:
                frame = self._next_frame()
                if frame == _CLOSE:
                    return b""
                if frame is not None:
                    continue
            self._starved = True
            more = self._line.recv(_CHUNK_BYTES)
            if not more:
                return b""
            self._starved = False
            self._raw = self._raw[self._at :] + more
            self._at = 0

    def send(self, data: bytes | bytearray) -> int:
        """Send all of it as one frame; returns its length.

        Raises as the socket does while there is no room: the caller then comes again with the same bytes.
        """
        if not self._promised:
            self._out += frame_of(_BINARY, bytes(data))
            self._promised = len(data)
        self._flush()
        taken, self._promised = self._promised, 0
        return taken

    def pending(self) -> int:
        """Return how many bytes can be read that ``select`` does not know of."""
        if self._starved:
            return 0
        below = self._line.pending() if isinstance(self._line, ssl.SSLSocket) else 0
        return len(self._raw) - self._at + below

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._line.fileno()

    def setblocking(self, flag: bool) -> None:  # noqa: FBT001 - a socket's signature
        """Block, or not, as a socket does."""
        self._line.setblocking(flag)

    def close(self) -> None:
        """Close the connection."""
        self._line.close()

    def _flush(self) -> None:
        while self._out:
            del self._out[: self._line.send(self._out)]
        self._answers = 0

    def _next_frame(self) -> int | None:
        """Step over one header, and over a whole control frame; returns its kind, None when not all of it is there."""
        raw, at = self._raw, self._at
        if len(raw) - at < 2:
            return None
        first, second = raw[at], raw[at + 1]
        kind, size, body = first & 0x0F, second, at + 2
        if first & 0x70 or kind not in {_CONTINUATION, _BINARY, _CLOSE, _PING, _PONG} or second & 0x80:
            raise ConnectionError(f"a WebSocket frame that MQTT does not allow: {raw[at : at + 2].hex(' ')}")
        if size >= 126:
            body += 2 if size == 126 else 8
            if len(raw) < body:
                return None
            size = int.from_bytes(raw[at + 2 : body], "big")
        if kind in {_CONTINUATION, _BINARY}:
            self._left, self._at = size, body
            return kind
        if size > 125:
            raise ConnectionError(f"a WebSocket control frame of {size} bytes")
        if len(raw) < body + size:
            return None
        self._at = body + size
        if kind in {_PING, _CLOSE}:
            self._answer(_PONG if kind == _PING else _CLOSE, raw[body : self._at])
        return kind

    def _answer(self, kind: int, payload: bytes) -> None:
        """Send a control frame behind what is already on its way, or with the next thing sent."""
        frame = frame_of(kind, payload)
        if self._answers + len(frame) > _CHUNK_BYTES:
            return  # it asks, but reads nothing
        self._answers += len(frame)
        self._out += frame
        try:
            self._flush()
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return


def frame_of(kind: int, payload: bytes) -> bytes:
    """Return one whole frame, masked as a client's must be."""
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", 0x80 | kind, 0x80 | size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", 0x80 | kind, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", 0x80 | kind, 0x80 | 127, size)
    mask = os.urandom(4)
    stream = (mask * (size // 4 + 1))[:size]
    return head + mask + (int.from_bytes(payload, "big") ^ int.from_bytes(stream, "big")).to_bytes(size, "big")


def open_websocket(line: socket.socket, host: str, port: int, path: str, timeout_s: float) -> WebSocket:
    """Return the WebSocket at this path of a connection just made, still blocking.

    Raises WebSocketRefusedError, or OSError when the connection breaks or nothing comes within ``timeout_s``; the
    connection is closed then.
    """
    try:
        return _shake_hands(line, host, port, path, time.monotonic() + timeout_s)
    except BaseException:
        line.close()
        raise


def _shake_hands(line: socket.socket, host: str, port: int, path: str, until: float) -> WebSocket:
    key = base64.b64encode(os.urandom(16))
    name = f"[{host}]" if ":" in host else host
    if port != _STANDARD_PORTS[isinstance(line, ssl.SSLSocket)]:
        name += f":{port}"
    line.sendall(
        f"GET {path} HTTP/1.1\r\nHost: {name}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n"
        f"Sec-WebSocket-Key: {key.decode()}\r\n\r\n".encode()
    )
    answer = b""
    while b"\r\n\r\n" not in answer:
        left_s = until - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("timed out")
        line.settimeout(left_s)
        more = line.recv(_CHUNK_BYTES)
        answer += more
        if not more or len(answer) > _ANSWER_MAX_BYTES or not answer.startswith(b"HTTP/"[: len(answer)]):
            raise WebSocketRefusedError(f"{path} is not answered in HTTP")
    head, _, unread = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    code, _, words = status.partition(" ")[2].partition(" ")
    if code != "101":
        raise WebSocketRefusedError(f"{path} is answered {code} {words}".strip())
    headers = {key.strip().lower(): value.strip() for key, _, value in (text.partition(":") for text in lines)}
    proof = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest()).decode()
    if headers.get("sec-websocket-accept") != proof or headers.get("sec-websocket-protocol", "mqtt") != "mqtt":
        raise WebSocketRefusedError(f"{path} is no MQTT over WebSocket")
    return WebSocket(line, unread)
