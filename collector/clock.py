"""The only place where clocks are made. Everywhere else time is an argument in UTC milliseconds."""

from __future__ import annotations

import mmap
import os
import struct
import time
from collections.abc import Callable
from pathlib import Path

Clock = Callable[[], int]

_MILLISECONDS = struct.Struct("<q")


def system_clock() -> int:
    """Return now in UTC milliseconds."""
    return time.time_ns() // 1_000_000


class DemoClock:
    """Demo time, shared by all processes through eight bytes of one file; it moves only when it is set.

    A run made under it says ``environment: simulated``.
    """

    def __init__(self, path: Path, start_ms: int | None = None) -> None:
        """Open the shared clock; ``start_ms`` creates it where it is missing."""
        if start_ms is not None and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_MILLISECONDS.pack(start_ms))
        handle = os.open(path, os.O_RDWR)
        try:
            self._memory = mmap.mmap(handle, _MILLISECONDS.size)
        finally:
            os.close(handle)

    def __call__(self) -> int:
        """Return demo time in UTC milliseconds."""
        (now,) = _MILLISECONDS.unpack(self._memory[:])
        return int(now)

    def set(self, now: int) -> None:
        """Move demo time; it never goes back."""
        if now < self():
            raise ValueError(f"demo time cannot go back from {self()} to {now}")
        self._memory[:] = _MILLISECONDS.pack(now)


def open_clock(demo_clock: Path | None) -> Clock:
    """Return the clock that the settings ask for."""
    return system_clock if demo_clock is None else DemoClock(demo_clock)
