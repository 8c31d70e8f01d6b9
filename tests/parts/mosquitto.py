"""Mosquitto: started by a test on a free loopback port, with its own folder."""

from __future__ import annotations

import getpass
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

import pytest

from collector.broker import free_port
from tests.fakes.patience import wait_until

START_TIMEOUT_S = 10


def mosquitto_path() -> str:
    """Return the path of mosquitto; skips the test, with the mend, when there is none."""
    found = shutil.which("mosquitto") or shutil.which("/usr/sbin/mosquitto")
    if found is None:
        pytest.skip("NOT TESTED against Mosquitto: it is not installed; mend: apt-get install mosquitto")
    return found


def websocket_listener(port: int) -> tuple[str, ...]:
    """Return the lines of one more listener, for WebSocket on loopback; those of its TLS follow them."""
    return (f"listener {port} 127.0.0.1", "protocol websockets", "socket_domain ipv4")


def mosquitto_version() -> str:
    """Return its version, such as 2.0.11; skips the test, with the mend, when there is no Mosquitto."""
    said = subprocess.run([mosquitto_path(), "-h"], capture_output=True, text=True, check=False).stdout
    return said.partition("version ")[2].split()[0]


class Mosquitto:
    """One broker; ``lines`` are added to its configuration. Persistent sessions are saved about once a second.

    ``capped`` leaves it its own limit of queued messages.
    """

    def __init__(self, folder: Path, *lines: str, persistent: bool = True, capped: bool = False) -> None:
        self._binary = mosquitto_path()
        self._folder = folder
        self.port = free_port()
        self.host = "127.0.0.1"
        folder.mkdir(parents=True, exist_ok=True)
        storing = [f"persistence_location {folder}/", "autosave_interval 1"] if persistent else []
        config = [
            f"listener {self.port} 127.0.0.1",
            f"user {getpass.getuser()}",  # started by root it would change to a user who may not write here
            f"persistence {str(persistent).lower()}",
            *storing,
            *([] if capped else ["max_queued_messages 0"]),
            *(lines or ["allow_anonymous true"]),
        ]
        self._config = folder / "mosquitto.conf"
        self._config.write_text("\n".join(config) + "\n")
        self._ports = [int(line.split()[1]) for line in config if line.startswith("listener ")]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until every listener is there."""
        self._process = subprocess.Popen(
            [self._binary, "-c", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < until:
            assert self._process.poll() is None, f"mosquitto ended with code {self._process.returncode}"
            try:
                for port in self._ports:
                    socket.create_connection((self.host, port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise AssertionError(f"mosquitto did not listen within {START_TIMEOUT_S} s")

    def save(self) -> None:
        """Have sessions and queued messages written to disk now; by itself it does so once a second or later."""
        assert self._process is not None
        stored = self._folder / "mosquitto.db"
        before = stored.stat().st_mtime_ns if stored.exists() else 0
        self._process.send_signal(signal.SIGUSR1)
        wait_until(lambda: stored.exists() and stored.stat().st_mtime_ns > before, what="mosquitto saving its state")

    def stop(self) -> None:
        self._end(kill=False)

    def kill(self) -> None:
        self._end(kill=True)

    def _end(self, *, kill: bool) -> None:
        if self._process is not None:
            self._process.kill() if kill else self._process.terminate()
            self._process.wait(10)
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
