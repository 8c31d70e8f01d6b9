"""A site as its people have it: a settings file, sheets of a register, acts, and meters that speak.

The command line is called on it in this process (``call_here``) or as a process of its own (``call_apart``, ``Apart``).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

from collector.cli import app
from collector.clock import DemoClock
from collector.failures import call
from collector.house import House, open_house
from collector.settings import load_settings
from connectors.record import Arrival, Kind
from tests.fakes.patience import wait_until

ROOT = Path(__file__).resolve().parents[2]
ZONE = ZoneInfo("Asia/Shanghai")
QOS_1 = 0b0010
ATTRIBUTES, TELEMETRY = "v1/gateway/attributes", "v1/gateway/telemetry"
BUILDINGS, UNITS, LEVELS, ROOMS = 2, 2, 5, 3
HOMES = BUILDINGS * UNITS * LEVELS * ROOMS
METERS = 50

SETTINGS = """\
data = "data"
out = "out"
environment = "simulated"
demo_clock = "clock"

[communities.demo]
name = "示例小区"
{files}
[web]
port = {web_port}
"""
WATER = """
[sources.water]
kind = "mqtt"
community = "demo"
url = "mqtt://127.0.0.1:{port}"
topics = ["v1/gateway/#"]
profiles = ["thingsboard_gateway"]
client_id = "zhizheng-water"
protocol = "3.1.1"
"""
HUB = """
[sources.city_hub]
kind = "hub"
community = "demo"
hub = "yinchuan_demo"
url = "{url}"
"""


def at(text: str) -> int:
    """Return a local time of the site ("2026-11-02 10:00") as UTC milliseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp() * 1000)


def sheets() -> dict[str, str]:
    """Return the sheets of a register of two buildings by file name."""
    floors = [
        (building, unit, level)
        for building in range(1, BUILDINGS + 1)
        for unit in range(1, UNITS + 1)
        for level in range(1, LEVELS + 1)
    ]
    rows = {
        "building": ["编号,住宅", *(f"{building},是" for building in range(1, BUILDINGS + 1))],
        "floor": ["编号,楼栋,单元,楼层", *(f"F-{b}-{u}-{level},{b},{u},{level}" for b, u, level in floors)],
        "household": [
            "楼栋,单元,房号,楼层,入住",
            *(f"{b},{u},{level}0{room},{level},是" for b, u, level in floors for room in range(1, ROOMS + 1)),
        ],
        "totals": ["key,value", f"households,{HOMES}", f"occupied_households,{HOMES}"],
    }
    return {f"{kind}.csv": "\n".join(lines) + "\n" for kind, lines in rows.items()}


def homes() -> list[str]:
    """Return the addresses of the homes as people write them."""
    return [
        f"{building}号楼{unit}单元{level}0{room}"
        for building in range(1, BUILDINGS + 1)
        for unit in range(1, UNITS + 1)
        for level in range(1, LEVELS + 1)
        for room in range(1, ROOMS + 1)
    ]


def announcements() -> list[str]:
    """Return the messages on ATTRIBUTES by which the meters say where they are."""
    return [json.dumps({f"WM-{n:03}": {"address": home}}) for n, home in enumerate(homes()[:METERS], 1)]


def readings(first: int, count: int, observed_at: int) -> list[str]:
    """Return messages on TELEMETRY, each unlike every other: the reading is its number."""
    return [
        json.dumps({f"WM-{n % METERS + 1:03}": [{"ts": observed_at, "values": {"volume_m3": n}}]})
        for n in range(first, first + count)
    ]


class Site:
    """A folder with a settings file; ``port`` is its broker's, ``hub`` its hub's address, none of them without."""

    def __init__(
        self,
        folder: Path,
        *,
        now: str = "2026-11-02 10:00",
        port: int = 0,
        hub: str = "",
        web_port: int = 0,
        acts: str | None = None,
        register: bool = True,
    ) -> None:
        self.folder = folder
        self.settings = folder / "zhizheng.toml"
        folder.mkdir(parents=True, exist_ok=True)
        files = ""
        if register:
            files += 'register = "register"\n'
            (folder / "register").mkdir()
            for name, text in sheets().items():
                (folder / "register" / name).write_text(text, "utf-8")
        if acts is not None:
            files += 'acts = "acts.yaml"\n'
            (folder / "acts.yaml").write_text(acts, "utf-8")
        text = SETTINGS.format(files=files, web_port=web_port)
        text += WATER.format(port=port) if port else ""
        text += HUB.format(url=hub) if hub else ""
        self.settings.write_text(text, "utf-8")
        self.clock = DemoClock(folder / "clock", at(now))

    def open(self) -> House:
        """Return a house of this site; the caller closes its locker."""
        return open_house(load_settings(self.settings))

    def store(self, topic: str, payloads: Sequence[str | bytes]) -> list[int]:
        """Store messages as the MQTT door of the source ``water`` would; returns their receipts."""
        house = self.open()
        try:
            return house.locker.append(
                [
                    Arrival(
                        "water",
                        Kind.MESSAGE,
                        self.clock(),
                        topic,
                        payload if isinstance(payload, bytes) else payload.encode(),
                        QOS_1,
                    )
                    for payload in payloads
                ]
            )
        finally:
            house.locker.close()

    def speak(self) -> None:
        """Have every meter say where it is and what it reads."""
        self.store(ATTRIBUTES, announcements())
        self.store(TELEMETRY, readings(1, METERS, self.clock()))


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    def json(self) -> object:
        """Return what it printed for programs."""
        return json.loads(self.out)


def call_here(*arguments: object) -> Done:
    """Call the command line in this process."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = call(lambda: app([str(argument) for argument in arguments], prog_name="zhizheng"))
    return Done(code, out.getvalue(), err.getvalue())


def command(*arguments: object) -> list[str]:
    """Return the command line of a process of its own."""
    return [sys.executable, "-m", "collector.cli", *map(str, arguments)]


def surroundings(**more: str) -> Mapping[str, str]:
    """Return the environment of a process, which finds this code wherever it runs."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def call_apart(*arguments: object, cwd: Path = ROOT, timeout_s: float = 120, **environment: str) -> Done:
    """Call the command line as a process of its own and wait for its end."""
    done = subprocess.run(
        command(*arguments),
        cwd=cwd,
        env=surroundings(**environment),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


class Apart:
    """A command that goes on, as a process of its own; what it says can be waited for, line by line."""

    def __init__(self, *arguments: object, cwd: Path = ROOT, **environment: str) -> None:
        self.said: list[str] = []
        self.complained: list[str] = []
        self._process = subprocess.Popen(
            command(*arguments),
            cwd=cwd,
            env=surroundings(**environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        assert self._process.stderr
        self._streams = {self._process.stdout: self.said, self._process.stderr: self.complained}
        self._readers = [
            threading.Thread(target=_follow, args=(stream, lines), daemon=True)
            for stream, lines in self._streams.items()
        ]
        for reader in self._readers:
            reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def wait_said(self, words: str, timeout_s: float = 60) -> str:
        """Return the first line on standard output that holds the words."""
        until = time.monotonic() + timeout_s
        while self.running and time.monotonic() < until and not any(words in line for line in self.said):
            time.sleep(0.01)
        self._drain()
        found = [line for line in self.said if words in line]
        assert found, f"not said: {words!r}; exit code {self._process.returncode}, it complained: {self.complained}"
        return found[0]

    def wait_complained(self, words: str, timeout_s: float = 60) -> str:
        """Return the first line on standard error that holds the words."""
        wait_until(lambda: any(words in line for line in self.complained), timeout_s, f"{words!r} on standard error")
        return next(line for line in self.complained if words in line)

    def kill(self) -> None:
        """End it at once, as a power cut would, and wait until it is gone."""
        self._process.kill()
        self.wait()

    def stop(self) -> int:
        """Ask it to end and return its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self, timeout_s: float = 60) -> int:
        """Return its exit code once it has ended."""
        code = self._process.wait(timeout_s)
        for reader in self._readers:
            reader.join(timeout_s)
        for stream in self._streams:
            stream.close()
        return code

    def _drain(self) -> None:
        if not self.running:
            for reader in self._readers:
                reader.join(10)


@contextmanager
def apart(*arguments: object, cwd: Path = ROOT, **environment: str) -> Iterator[Apart]:
    """Run a command as a process of its own while the block lasts."""
    process = Apart(*arguments, cwd=cwd, **environment)
    try:
        yield process
    finally:
        if process.running:
            process.kill()
        else:
            process.wait()


def read_page(address: str) -> str:
    """Return what stands at an address, "" while nobody answers there."""
    try:
        with urllib.request.urlopen(address, timeout=20) as answer:  # noqa: S310 - our own loopback addresses
            return str(answer.read().decode())
    except OSError:
        return ""


def _follow(stream: IO[str], lines: list[str]) -> None:
    for line in stream:
        lines.append(line.rstrip("\n"))  # noqa: PERF401 - others read the list while it grows
