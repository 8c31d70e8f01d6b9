"""Counts what nobody could read yet, by source, shape and reason; however strange it is, the table stays small.

The records themselves all stay in the locker. Broken text has a reason for each place where it can break, so beyond a
bound reasons, and shapes, are no longer kept apart. Which ones come first decides, so a rebuild finds the same.
"""

from __future__ import annotations

import sqlite3

from connectors.record import Record, Unread

MOST_REASONS = 20
"""Reasons that are kept apart for one shape."""
MOST_SHAPES = 2000
"""Shapes that are kept apart for one source."""
OTHER_REASONS = "further reasons, not kept apart"
OTHER_SHAPES = "further shapes, not kept apart"


class UnreadCounts:
    """What a batch adds to the table ``unread`` of a ledger."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._counted: dict[tuple[str, str, str], list[int]] = {}
        self._shapes: dict[str, dict[str, set[str]]] = {}  # by source and shape, the reasons kept apart

    def note(self, record: Record, unread: Unread) -> None:
        """Count one record."""
        seen = self._counted.setdefault(self._key(record.source, unread), [0, record.receipt, 0])
        seen[0] += 1
        seen[2] = record.receipt

    def _key(self, source: str, unread: Unread) -> tuple[str, str, str]:
        shapes = self._shapes.get(source)
        if shapes is None:
            shapes = self._shapes[source] = self._read(source)
        reasons = shapes.get(unread.shape)
        if reasons is None:
            if len(shapes) >= MOST_SHAPES:
                return source, OTHER_SHAPES, OTHER_REASONS
            reasons = shapes[unread.shape] = set()
        if unread.reason not in reasons:
            if len(reasons) >= MOST_REASONS:
                return source, unread.shape, OTHER_REASONS
            reasons.add(unread.reason)
        return source, unread.shape, unread.reason

    def _read(self, source: str) -> dict[str, set[str]]:
        """Return what the table keeps apart already."""
        shapes: dict[str, set[str]] = {}
        for shape, reason in self._connection.execute("SELECT shape, reason FROM unread WHERE source = ?", (source,)):
            if shape != OTHER_SHAPES:
                shapes.setdefault(shape, set()).update({reason} - {OTHER_REASONS})
        return shapes

    def write(self) -> None:
        """Write what was counted; the caller holds the transaction."""
        self._connection.executemany(
            "INSERT INTO unread VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count,"
            " last_receipt = excluded.last_receipt",
            [(*key, *counted) for key, counted in self._counted.items()],
        )
        self._counted.clear()

    def forget(self) -> None:
        """Forget everything, written or not."""
        self._counted.clear()
        self._shapes.clear()
