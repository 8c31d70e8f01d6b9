"""A keeper that keeps in memory, and fails when it is told to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from connectors.base import KeepingError
from connectors.record import Arrival, Kind


class FakeKeeper:
    """Keeps arrivals in order; ``failure`` is raised by every append while it is set, ``delay_s`` slows each one."""

    def __init__(self) -> None:
        self.kept: list[Arrival] = []
        self.batches: list[int] = []
        self.attempts = 0
        self.failure: Exception | None = None
        self.delay_s = 0.0
        self.before_keeping: Callable[[Sequence[Arrival]], None] = lambda _: None
        self._mutex = threading.Lock()

    def append(self, arrivals: Sequence[Arrival]) -> list[int]:
        with self._mutex:
            self.attempts += 1
            if self.failure is not None:
                raise self.failure
            time.sleep(self.delay_s)
            self.before_keeping(arrivals)
            first = len(self.kept) + 1
            self.kept.extend(arrivals)
            self.batches.append(len(arrivals))
            return list(range(first, len(self.kept) + 1))

    def last_received(self, source: str) -> int | None:
        return next((one.received_at for one in reversed(self.kept) if one.source == source), None)

    @property
    def messages(self) -> list[Arrival]:
        return [arrival for arrival in self.kept if arrival.kind is Kind.MESSAGE]

    @property
    def gaps(self) -> list[Arrival]:
        return [arrival for arrival in self.kept if arrival.kind is Kind.GAP]

    @property
    def payloads(self) -> list[bytes]:
        return [arrival.payload for arrival in self.messages]


DISK_FULL = KeepingError("locker: the locker could not store (disk full); nothing was acknowledged")
