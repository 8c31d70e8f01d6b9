"""The locker: the only truth. Every input of the product, appended and never changed.

One SQLite file per local day of storing. A file holds ``records`` (the bytes, their receipt, their place in the
partition (source, day)) and ``partitions`` (how many records each source has that day, and the chained digest over
their leaf hashes). Both change in one transaction, committed with fsync, so a crash leaves every partition whole.

Receipts increase over all files. One writer at a time holds an advisory lock on the folder: only under it may a
day file be begun, so that a receipt is never given twice. The first record of a new file closes the partitions of
the file before it. Reading needs no lock.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from connectors.base import KeepingError
from connectors.record import Arrival, Kind, Record, leaf_hash

SCHEMA = 1
SYSTEM_SOURCE = "zhizheng"
"""The source of what the product itself records: closes, run claims, bindings."""

EMPTY_CHAIN = bytes(32)

_TABLES = """
CREATE TABLE records (
  receipt INTEGER PRIMARY KEY, source TEXT NOT NULL, sequence INTEGER NOT NULL, kind TEXT NOT NULL,
  received_at INTEGER NOT NULL, topic TEXT NOT NULL, flags INTEGER NOT NULL,
  payload BLOB NOT NULL, leaf BLOB NOT NULL);
CREATE TABLE partitions (
  source TEXT PRIMARY KEY, count INTEGER NOT NULL, chain BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE head (schema INTEGER NOT NULL, day TEXT NOT NULL, last_receipt INTEGER NOT NULL);
"""
_COLUMNS = "receipt, source, sequence, kind, received_at, topic, payload, flags"


@dataclass(frozen=True, slots=True)
class Partition:
    """All records of one source on one day of storing: how many, and the chained digest (hex) of their leaves."""

    source: str
    day: str
    count: int
    chain: str

    def as_json(self) -> dict[str, str | int]:
        """Return the partition as a close record and run.json state it."""
        return {"source": self.source, "day": self.day, "count": self.count, "chain": self.chain}


def chain_leaf(chain: bytes, leaf: bytes) -> bytes:
    """Return the chained digest after one more leaf: SHA-256 over the digest so far and the leaf."""
    return hashlib.sha256(chain + leaf).digest()


class Locker:
    """Appends and reads records below one folder.

    ``zone`` decides the local day of storing; ``now`` is the clock in UTC milliseconds. Safe to use from several
    threads and several processes at once.
    """

    def __init__(self, folder: Path, zone: ZoneInfo, now: Callable[[], int]) -> None:
        self._folder = folder
        self._zone = zone
        self._now = now
        self._mutex = threading.RLock()
        self._writer: sqlite3.Connection | None = None
        self._writer_day = ""
        self._readers: dict[str, sqlite3.Connection] = {}
        self._first_receipts: dict[str, int] = {}
        self._begun: set[str] = set()
        folder.mkdir(parents=True, exist_ok=True)
        self._lock_file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    # ---------------------------------------------------------------- writing

    def append(self, arrivals: Sequence[Arrival]) -> list[int]:
        """Store the arrivals in order, sync them to disk and return their receipts.

        Raises KeepingError when nothing of the batch could be kept (disk full, file damaged).
        """
        if not arrivals:
            return []
        with self._transaction() as (connection, day):
            return _insert(connection, day, arrivals)

    def append_closing(
        self, build: Callable[[Sequence[Partition]], Sequence[Arrival]]
    ) -> tuple[list[int], list[Partition]]:
        """Close today's partitions and append what ``build`` makes of them, in one transaction.

        The arrivals get the state of every partition as it stands just before them, so that a run's cut-off and
        its closes cannot fall apart. Returns the receipts and the closed partitions.
        """
        with self._transaction() as (connection, day):
            partitions = _partitions(connection, day)
            close = _close_arrival(partitions, self._now())
            return _insert(connection, day, [close, *build(partitions)]), partitions

    @contextmanager
    def _transaction(self) -> Iterator[tuple[sqlite3.Connection, str]]:
        """Hold the folder's lock and a write transaction on the current day file."""
        with self._mutex:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX)
            try:
                connection, day = self._current_file()
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection, day
                    connection.execute("COMMIT")
                except BaseException:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
            except (sqlite3.Error, OSError) as error:
                self._drop_writer()
                raise KeepingError(
                    f"{self._folder}: the locker could not store ({error}); nothing was acknowledged. "
                    "Free disk space or repair the disk; storing resumes by itself"
                ) from error
            finally:
                fcntl.flock(self._lock_file, fcntl.LOCK_UN)

    def _current_file(self) -> tuple[sqlite3.Connection, str]:
        """Return the open day file for now, beginning a new one when the local day has moved on."""
        today = datetime.fromtimestamp(self._now() / 1000, self._zone).date().isoformat()
        newest = self._newest_day()
        # A clock that goes back never opens an older file: receipts must keep increasing with the files.
        day = max(today, newest)
        if self._writer is not None and self._writer_day == day:
            return self._writer, day
        self._drop_writer()
        path = self._folder / f"{day}.sqlite"
        connection = _open(path)
        if not _is_begun(connection):
            previous = self._previous_close(newest) if newest and newest != day else None
            _begin(connection, day, previous, self._now())
        self._writer, self._writer_day = connection, day
        return connection, day

    def _newest_day(self) -> str:
        """Return the newest day that has a begun file, "" when there is none."""
        names = sorted((path.stem for path in self._folder.glob("*.sqlite")), reverse=True)
        return next((day for day in names if self._ready(day)), "")

    def _previous_close(self, day: str) -> tuple[int, list[Partition]]:
        connection = self._reader(day)
        (last,) = connection.execute("SELECT last_receipt FROM head").fetchone()
        return int(last), _partitions(connection, day)

    def _drop_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer, self._writer_day = None, ""

    # ---------------------------------------------------------------- reading

    def days(self) -> list[str]:
        """Return the days that have a file, oldest first."""
        with self._mutex:
            return [day for day in sorted(path.stem for path in self._folder.glob("*.sqlite")) if self._ready(day)]

    def read(self, after: int, limit: int, upto: int | None = None) -> list[Record]:
        """Return at most ``limit`` records with ``after`` < receipt (<= ``upto``), in receipt order."""
        found: list[Record] = []
        bound = upto if upto is not None else 2**62
        with self._mutex:
            days = self.days()
            for index, day in enumerate(days):
                following = self._first_receipt(days[index + 1]) if index + 1 < len(days) else None
                if following is not None and following <= after + 1:
                    continue
                rows = self._reader(day).execute(
                    f"SELECT {_COLUMNS} FROM records WHERE receipt > ? AND receipt <= ? ORDER BY receipt LIMIT ?",  # noqa: S608
                    (after, bound, limit - len(found)),
                )
                found.extend(_record(row, day) for row in rows)
                if len(found) >= limit:
                    break
        return found

    def of_kind(self, kind: Kind, after: int) -> list[Record]:
        """Return the records of one kind with ``after`` < receipt, in order; looks at every record behind it."""
        found: list[Record] = []
        statement = f"SELECT {_COLUMNS} FROM records WHERE receipt > ? AND kind = ? ORDER BY receipt"  # noqa: S608
        with self._mutex:
            for day in self.days():
                found.extend(_record(row, day) for row in self._reader(day).execute(statement, (after, str(kind))))
        return found

    def get(self, receipt: int) -> Record:
        """Return one record; raises KeyError when there is none with this receipt."""
        records = self.read(receipt - 1, 1, receipt)
        if not records:
            raise KeyError(f"no record has receipt {receipt}")
        return records[0]

    def stored_leaf(self, receipt: int) -> bytes:
        """Return the leaf hash as it was stored with the record; raises KeyError when there is none."""
        with self._mutex:
            for day in reversed(self.days()):
                row = self._reader(day).execute("SELECT leaf FROM records WHERE receipt = ?", (receipt,)).fetchone()
                if row is not None:
                    return bytes(row[0])
        raise KeyError(f"no record has receipt {receipt}")

    def last_receipt(self) -> int:
        """Return the newest receipt, 0 when nothing was ever stored."""
        with self._mutex:
            days = self.days()
            if not days:
                return 0
            (last,) = self._reader(days[-1]).execute("SELECT last_receipt FROM head").fetchone()
            return int(last)

    def partitions(self) -> list[Partition]:
        """Return every partition of every day as the files state them now."""
        with self._mutex:
            return [part for day in self.days() for part in _partitions(self._reader(day), day)]

    def count(self, source: str) -> int:
        """Return how many records a source has over all days."""
        return sum(part.count for part in self.partitions() if part.source == source)

    def last_received(self, source: str) -> int | None:
        """Return when the newest record of a source was received (ms UTC), None when it has none.

        Raises KeepingError when the files cannot be read, as on a full disk, where SQLite lacks room for its index.
        """
        try:
            with self._mutex:
                for day in reversed(self.days()):
                    reader = self._reader(day)
                    # Only a day that has the source is searched, from its end.
                    if reader.execute("SELECT 1 FROM partitions WHERE source = ?", (source,)).fetchone():
                        newest = "SELECT received_at FROM records WHERE source = ? ORDER BY receipt DESC LIMIT 1"
                        return int(reader.execute(newest, (source,)).fetchone()[0])
        except sqlite3.Error as error:
            raise KeepingError(
                f"{self._folder}: the locker cannot be read ({error}); free disk space or repair the disk"
            ) from error
        return None

    def _reader(self, day: str) -> sqlite3.Connection:
        if day not in self._readers:
            self._readers[day] = sqlite3.connect(
                self._folder / f"{day}.sqlite", isolation_level=None, check_same_thread=False
            )
        return self._readers[day]

    def _ready(self, day: str) -> bool:
        """Return whether the day file is begun; a crash can leave an empty one behind."""
        if day not in self._begun and _is_begun(self._reader(day)):
            self._begun.add(day)
        return day in self._begun

    def _first_receipt(self, day: str) -> int:
        if day not in self._first_receipts:
            (first,) = self._reader(day).execute("SELECT min(receipt) FROM records").fetchone()
            if first is None:
                return 2**62
            self._first_receipts[day] = int(first)
        return self._first_receipts[day]

    def close(self) -> None:
        """Close every file; the locker may not be used afterwards."""
        with self._mutex:
            self._drop_writer()
            for connection in self._readers.values():
                connection.close()
            self._readers.clear()
            if self._lock_file >= 0:
                os.close(self._lock_file)
                self._lock_file = -1


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL: a commit has reached the disk when it returns. Only then may a broker be told "received".
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _is_begun(connection: sqlite3.Connection) -> bool:
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'head'").fetchone()
    return found is not None


def _begin(connection: sqlite3.Connection, day: str, previous: tuple[int, list[Partition]] | None, now: int) -> None:
    """Create the tables and, when a file precedes this one, close its partitions with the first record."""
    last, partitions = previous or (0, [])
    tables = [statement for statement in _TABLES.split(";") if statement.strip()]
    connection.execute("BEGIN IMMEDIATE")
    for statement in tables:
        connection.execute(statement)
    connection.execute("INSERT INTO head VALUES (?, ?, ?)", (SCHEMA, day, last))
    if partitions:
        _insert(connection, day, [_close_arrival(partitions, now)])
    connection.execute("COMMIT")


def _close_arrival(partitions: Sequence[Partition], now: int) -> Arrival:
    body = [part.as_json() for part in partitions]
    return Arrival(
        source=SYSTEM_SOURCE,
        kind=Kind.CLOSE,
        received_at=now,
        topic="partitions",
        payload=json.dumps(body, sort_keys=True, separators=(",", ":")).encode(),
    )


def _partitions(connection: sqlite3.Connection, day: str) -> list[Partition]:
    rows = connection.execute("SELECT source, count, chain FROM partitions ORDER BY source")
    return [Partition(source, day, count, bytes(chain).hex()) for source, count, chain in rows]


def _insert(connection: sqlite3.Connection, day: str, arrivals: Sequence[Arrival]) -> list[int]:
    """Write one batch inside the open transaction; hashing and state are per batch, not per statement."""
    (last,) = connection.execute("SELECT last_receipt FROM head").fetchone()
    states: dict[str, tuple[int, bytes]] = {}
    rows = []
    for receipt, arrival in enumerate(arrivals, int(last) + 1):
        if arrival.source not in states:
            row = connection.execute(
                "SELECT count, chain FROM partitions WHERE source = ?", (arrival.source,)
            ).fetchone()
            states[arrival.source] = (row[0], bytes(row[1])) if row else (0, EMPTY_CHAIN)
        count, chain = states[arrival.source]
        leaf = leaf_hash(
            receipt=receipt,
            source=arrival.source,
            day=day,
            sequence=count + 1,
            kind=arrival.kind,
            received_at=arrival.received_at,
            topic=arrival.topic,
            flags=arrival.flags,
            payload_sha256=hashlib.sha256(arrival.payload).digest(),
        )
        states[arrival.source] = (count + 1, chain_leaf(chain, leaf))
        rows.append(
            (
                receipt,
                arrival.source,
                count + 1,
                str(arrival.kind),
                arrival.received_at,
                arrival.topic,
                arrival.flags,
                arrival.payload,
                leaf,
            )
        )
    connection.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    connection.executemany(
        "INSERT OR REPLACE INTO partitions VALUES (?, ?, ?)",
        [(source, count, chain) for source, (count, chain) in states.items()],
    )
    connection.execute("UPDATE head SET last_receipt = ?", (rows[-1][0],))
    return [row[0] for row in rows]


def _record(row: tuple[int, str, int, str, int, str, bytes, int], day: str) -> Record:
    receipt, source, sequence, kind, received_at, topic, payload, flags = row
    return Record(receipt, source, day, sequence, Kind(kind), received_at, topic, bytes(payload), flags)
