"""MQTT over WebSocket, as a connection that looks like a socket to paho; the protocol itself is wsproto's.

paho has one of its own. It hands over a message only when its last byte is there, so that a large one on a slow line
is cut off by the keepalive, comes again, and blocks the session for ever; it answers a ping in a way that servers must
hang up on; and it does not say what the server answered instead of opening a WebSocket.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from contextlib import suppress

from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Ping,
    Pong,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import RemoteProtocolError

_CHUNK_BYTES = 64 * 1024
_STANDARD_PORTS = {False: 80, True: 443}


class WebSocketRefusedError(ConnectionError):
    """The port answers, but not with a WebSocket; the text is its path and what it answered, in a few words."""


class WebSocket:
    """An open WebSocket; ``recv`` and ``send`` are of MQTT bytes and, when not blocking, raise like a socket's."""

    def __init__(self, line: socket.socket, protocol: WSConnection) -> None:
        self._line = line
        self._protocol = protocol
        self._in = bytearray()
        self._end: str | None = None  # "" when the other side closes it, else what it did wrong
        self._out = bytearray()
        self._answers = 0  # bytes of control frames among them
        self._promised = 0  # how many MQTT bytes the frame stands for that is on its way out
        self._process()

    def recv(self, size: int) -> bytes:
        """Return up to ``size`` bytes, as soon as there are any; b"" when the other side has ended it."""
        while not self._in and self._end is None:
            more = self._line.recv(_CHUNK_BYTES)
            if not more:
                return b""
            self._protocol.receive_data(more)
            self._process()
        if not self._in and self._end:
            raise ConnectionError(self._end)
        part = bytes(self._in[:size])
        del self._in[:size]
        return part

    def send(self, data: bytes | bytearray) -> int:
        """Send all of it as one frame; returns its length.

        Raises as the socket does while there is no room: the caller then comes again with the same bytes.
        """
        if not self._promised:
            if self._end is not None:
                raise BrokenPipeError("the WebSocket is closed")
            self._out += self._protocol.send(BytesMessage(data))
            self._promised = len(data)
        self._flush()
        taken, self._promised = self._promised, 0
        return taken

    def pending(self) -> int:
        """Return how many bytes, or 1 for the end, can be read that ``select`` does not know of."""
        below = self._line.pending() if isinstance(self._line, ssl.SSLSocket) else 0
        return len(self._in) + below + (self._end is not None)

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

    def _process(self) -> None:
        """Take in what has arrived; what is wrong with it is raised after what came before."""
        for event in self._protocol.events():
            if isinstance(event, BytesMessage):
                self._in += event.data
            elif isinstance(event, TextMessage):
                self._end = "a text message over the WebSocket, which MQTT does not allow"
                return
            elif isinstance(event, Ping):
                self._answer(event.response())
            elif isinstance(event, CloseConnection):
                if self._protocol.state is ConnectionState.OPEN:  # wsproto's way to say that it cannot be read
                    self._end = f"what came is no WebSocket frame: {event.reason}"
                    return
                self._end = ""
                self._answer(event.response())

    def _answer(self, event: Pong | CloseConnection) -> None:
        """Send a control frame behind what is already on its way, or with the next thing sent."""
        frame = self._protocol.send(event)
        if self._answers + len(frame) > _CHUNK_BYTES:
            return  # it asks, but reads nothing
        self._answers += len(frame)
        self._out += frame
        with suppress(OSError):  # no room; a broken line is seen by whoever reads or sends next
            self._flush()


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
    name = f"[{host}]" if ":" in host else host.encode("idna").decode()  # wsproto would take the port for a part of it
    if port != _STANDARD_PORTS[isinstance(line, ssl.SSLSocket)]:
        name += f":{port}"
    protocol = WSConnection(ConnectionType.CLIENT)
    try:
        asked = protocol.send(Request(host=name, target=path, subprotocols=["mqtt"]))
    except UnicodeError as error:  # wsproto takes name and port for one, and its last part may not be longer than 63
        raise WebSocketRefusedError(f"{path} cannot be asked for at {name} ({error})") from error
    line.sendall(asked)
    while True:
        left_s = until - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("timed out")
        line.settimeout(left_s)
        wrong = ""
        try:
            protocol.receive_data(line.recv(_CHUNK_BYTES))
        except RemoteProtocolError as error:
            wrong = str(error)
        except UnicodeDecodeError:  # wsproto takes it for granted
            wrong = "Headers are not ASCII"
        event = next(protocol.events(), None)
        if isinstance(event, AcceptConnection):
            return WebSocket(line, protocol)
        if isinstance(event, RejectConnection):
            words = http.client.responses.get(event.status_code, "")
            raise WebSocketRefusedError(f"{path} is answered {event.status_code} {words}".strip())
        if wrong:
            raise WebSocketRefusedError(f"{path} is no MQTT over WebSocket ({wrong})")
