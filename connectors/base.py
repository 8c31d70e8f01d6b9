"""What a door is: it hands batches over and is told once per batch that they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from connectors.record import Arrival


class Keeper(Protocol):
    """Where a door puts what it received. Returning means: committed and synced to disk."""

    def append(self, arrivals: Sequence[Arrival]) -> list[int]:
        """Store the arrivals in order and return their receipts; raise OSError or KeepingError if not kept."""
        ...


class KeepingError(RuntimeError):
    """The locker could not commit: nothing of the batch may be acknowledged."""


class SourceUnreachableError(ConnectionError):
    """A broker or hub cannot be reached or refuses us; the message names it and the mend."""
