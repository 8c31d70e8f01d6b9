"""The intake as a process of its own, and the eyes a test has on it: its status file and its locker."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from zoneinfo import ZoneInfo

from collector.clock import system_clock
from collector.intake_status import IntakeStatus, read_status
from connectors.mqtt.source import MqttSource
from connectors.record import DUP_FLAG, Kind, Record
from evidence.locker import Locker

ROOT = Path(__file__).resolve().parents[2]
READ_AT_ONCE = 5000


class Mortal:
    """A process of its own that says lines on standard output, and can be ended and begun again."""

    _process: subprocess.Popen[bytes] | None = None

    def end(self, number: signal.Signals) -> int:
        """Send a signal and return the exit code; 0 when no process runs."""
        if self._process is None:
            return 0
        self._process.send_signal(number)
        code = self._process.wait(20)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None
        return code


class IntakeProcess(Mortal):
    """``python -m collector.intake``, started and killed as often as a test likes."""

    def __init__(self, folder: Path, *sources: MqttSource, data: Path | None = None) -> None:
        folder.mkdir(parents=True)
        self.data = data or folder / "data"
        self._sources = folder / "sources.json"
        self._sources.write_text(json.dumps([asdict(source) for source in sources]))
        self._said = folder / "errors.txt"
        self._errors = self._said.open("wb")

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "collector.intake", str(self._sources), str(self.data)]

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def complained(self) -> str:
        """Return everything it said on standard error, over all its lives."""
        return self._said.read_text()

    def status(self) -> IntakeStatus | None:
        return read_status(self.data)

    def start(self, *, until_ready: bool) -> None:
        self._process = subprocess.Popen(self.command, cwd=ROOT, stdout=subprocess.PIPE, stderr=self._errors)
        if until_ready:
            assert self._process.stdout is not None
            assert self._process.stdout.readline().startswith(b"intake ready"), "the intake did not become ready"

    def close(self) -> None:
        self.end(signal.SIGKILL)
        self._errors.close()


class Stock:
    """What a locker holds, followed while another process adds to it, so that looking again costs little."""

    def __init__(self, data: Path) -> None:
        self.locker = Locker(data / "locker", ZoneInfo("Asia/Shanghai"), system_clock)
        self.payloads: Counter[bytes] = Counter()
        self.gaps: list[Record] = []
        self.receipts = 0
        """Records seen; they are numbered from 1, so this is also the newest receipt as long as none is missing."""
        self.redelivered = 0

    def look(self) -> Counter[bytes]:
        """Read what is new and return how often each payload is stored."""
        while records := self.locker.read(self.receipts, READ_AT_ONCE):
            first, last = records[0].receipt, records[-1].receipt
            assert (first, last) == (self.receipts + 1, self.receipts + len(records)), "a receipt is missing"
            self.receipts = last
            for record in records:
                if record.kind is Kind.MESSAGE:
                    self.payloads[record.payload] += 1
                    self.redelivered += bool(record.flags & DUP_FLAG)
                elif record.kind is Kind.GAP:
                    self.gaps.append(record)
        return self.payloads

    def close(self) -> None:
        self.locker.close()
