"""Numbers on their way into a series, and the SQLite file that keeps them, their cursors and what a server refused.

All of it is a copy of what the locker holds. Cursor and points move in one transaction, so that a crash leaves
either both or neither.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

from connectors.record import Observation, Record

SCHEMA = 1

_TABLES = {
    "points": "source TEXT, device TEXT, capability TEXT, observed_at INTEGER, value TEXT NOT NULL, unit TEXT NOT NULL,"
    " receipt INTEGER NOT NULL, PRIMARY KEY (source, device, capability, observed_at)",
    "cursors": "target TEXT PRIMARY KEY, receipt INTEGER NOT NULL",
    "quarantine": "target TEXT, source TEXT, device TEXT, capability TEXT, observed_at INTEGER, value TEXT NOT NULL,"
    " unit TEXT NOT NULL, receipt INTEGER NOT NULL, reason TEXT NOT NULL,"
    " PRIMARY KEY (target, source, device, capability, observed_at)",
}
_COLUMNS = "source, device, capability, observed_at, value, unit, receipt"
_row = attrgetter(*_COLUMNS.split(", "))  # dataclasses.astuple would copy every value deeply


@dataclass(frozen=True, slots=True)
class Point:
    """One number of one device: ``value`` is decimal text in ``unit``, ``observed_at`` UTC milliseconds."""

    source: str
    device: str
    capability: str
    observed_at: int
    value: str
    unit: str
    receipt: int


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A point a server will not take, and what it said; the message itself is safe in the locker."""

    point: Point
    reason: str


def numeric_points(record: Record, observations: Iterable[Observation], units: Mapping[str, str]) -> list[Point]:
    """Return the numbers among a record's observations; ``units`` maps every numeric capability to its unit.

    The number of a device that told no time gets the time of receipt.
    """
    return [
        Point(
            source=record.source,
            device=seen.device,
            capability=seen.capability,
            observed_at=record.received_at if seen.observed_at is None else seen.observed_at,
            value=seen.value,
            unit=units[seen.capability],
            receipt=record.receipt,
        )
        for seen in observations
        if seen.capability in units
    ]


class PointFile:
    """One SQLite file of points; a ``target`` is where they are copied to. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._mutex = threading.RLock()
        self._connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            # NORMAL: a power cut may take back the last commits, points and cursor together; they are copied anew.
            self._connection.execute("PRAGMA synchronous = NORMAL")
            with self._transaction() as connection:
                _begin(connection)
        except BaseException:
            self._connection.close()
            raise

    def keep(self, target: str, receipt: int, points: Iterable[Point]) -> None:
        """Insert the points and move the target's cursor to ``receipt``, never back.

        Of two values of one device at one millisecond the one with the later receipt stays.
        """
        with self._transaction() as connection:
            connection.executemany(
                f"INSERT INTO points ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
                " ON CONFLICT (source, device, capability, observed_at) DO UPDATE SET value = excluded.value,"
                " unit = excluded.unit, receipt = excluded.receipt WHERE excluded.receipt >= receipt",
                map(_row, points),
            )
            _move_cursor(connection, target, receipt)

    def confirm(self, target: str, receipt: int, quarantined: Sequence[Quarantined] = ()) -> None:
        """Move the target's cursor to ``receipt``, never back, and list what the target will not take."""
        with self._transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO quarantine VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(target, *_row(bad.point), bad.reason) for bad in quarantined],
            )
            _move_cursor(connection, target, receipt)

    def cursor(self, target: str) -> int:
        """Return the last receipt that is wholly copied to the target, 0 before the first."""
        rows = self._rows("SELECT receipt FROM cursors WHERE target = ?", target)
        return int(rows[0][0]) if rows else 0

    def read(self, source: str, device: str, capability: str, since: int, until: int) -> list[Point]:
        """Return the points with ``since`` <= observed_at < ``until`` (UTC milliseconds), oldest first."""
        rows = self._rows(
            f"SELECT {_COLUMNS} FROM points WHERE source = ? AND device = ? AND capability = ?"  # noqa: S608
            " AND observed_at >= ? AND observed_at < ? ORDER BY observed_at",
            source,
            device,
            capability,
            since,
            until,
        )
        return [Point(*row) for row in rows]

    def quarantined(self, target: str, limit: int) -> list[Quarantined]:
        """Return at most ``limit`` of the points the target will not take, newest receipt first."""
        rows = self._rows(
            f"SELECT {_COLUMNS}, reason FROM quarantine WHERE target = ?"  # noqa: S608
            " ORDER BY receipt DESC, device, capability, observed_at LIMIT ?",
            target,
            limit,
        )
        return [Quarantined(Point(*row[:-1]), row[-1]) for row in rows]

    def quarantined_count(self, target: str) -> int:
        """Return how many points the target will not take."""
        return int(self._rows("SELECT count(*) FROM quarantine WHERE target = ?", target)[0][0])

    def close(self) -> None:
        """Close the file; it may not be used afterwards."""
        with self._mutex:
            self._connection.close()

    def _rows(self, question: str, *values: str | int) -> list[tuple[Any, ...]]:
        with self._mutex:
            return self._connection.execute(question, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold one write transaction: all of it is kept, or nothing."""
        with self._mutex:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


def _begin(connection: sqlite3.Connection) -> None:
    """Create the tables; those of another schema are dropped, since the locker fills them again."""
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found == SCHEMA:
        return
    for name, columns in _TABLES.items():
        connection.execute(f"DROP TABLE IF EXISTS {name}")
        connection.execute(f"CREATE TABLE {name} ({columns}) WITHOUT ROWID")
    connection.execute(f"PRAGMA user_version = {SCHEMA}")


def _move_cursor(connection: sqlite3.Connection, target: str, receipt: int) -> None:
    connection.execute(
        "INSERT INTO cursors VALUES (?, ?) ON CONFLICT (target) DO UPDATE SET receipt = max(receipt, excluded.receipt)",
        (target, receipt),
    )
