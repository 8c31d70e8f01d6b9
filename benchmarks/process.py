"""Processes that are measured: what they cost, and modules of ours that say how far they are."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from queue import Empty, SimpleQueue

from collector.broker import end_process

ROOT = Path(__file__).resolve().parents[1]
HEAR_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 60.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """Return the CPU seconds a process has used, in all its threads, to a hundredth."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def peak_mib(pid: int) -> float:
    """Return the most memory, in MiB, that a process has had resident at once."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


class PythonProcess:
    """One of our modules, run with ``python -m``; it says line by line how far it is. Call ``stop`` in the end."""

    def __init__(self, *command: str) -> None:
        self._name = command[0]
        self._lines: SimpleQueue[tuple[float, str]] = SimpleQueue()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop
        self._process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=ROOT, stdout=subprocess.PIPE, stderr=self._errors, text=True
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    def hear(self, beginning: str, timeout_s: float = HEAR_TIMEOUT_S) -> float:
        """Return the moment (``time.perf_counter``) of the next line.

        Raises TimeoutError when none comes in time, RuntimeError when it does not begin as told.
        """
        try:
            moment, line = self._lines.get(timeout=timeout_s)
        except Empty:
            raise TimeoutError(f"{self._name} did not say {beginning!r} in {timeout_s:.0f} s: {self._last()}") from None
        if not line.startswith(beginning):
            raise RuntimeError(f"{self._name} said {line!r}, not {beginning!r}: {self._last()}")
        return moment

    def stop(self) -> None:
        """End it in good order, or at once when that takes too long."""
        end_process(self._process, STOP_TIMEOUT_S)
        self._listener.join()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._errors.close()

    def _listen(self) -> None:
        for line in self._process.stdout or ():
            self._lines.put((time.perf_counter(), line.rstrip()))
        self._lines.put((time.perf_counter(), ""))

    def _last(self) -> str:
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")[-800:].strip() or "it logged nothing"
