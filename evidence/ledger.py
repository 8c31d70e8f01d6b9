"""The ledger: a fold over the locker, kept in SQLite so that it need not be folded anew each night.

It can be deleted at any time: ``zhizheng rebuild`` folds the locker again and finds it equal. Nothing is decided
here; see :mod:`evidence.fold` for what each record does.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCHEMA = 2
"""Raised when a table changes; a ledger with another number is rebuilt from the locker."""

_TABLES = """
CREATE TABLE meta (schema INTEGER NOT NULL, reading_digest TEXT NOT NULL, cursor INTEGER NOT NULL);
CREATE TABLE partitions (
  source TEXT, day TEXT, count INTEGER NOT NULL, chain BLOB NOT NULL, broken TEXT NOT NULL, closed INTEGER NOT NULL,
  PRIMARY KEY (source, day)) WITHOUT ROWID;
CREATE TABLE sources (
  source TEXT PRIMARY KEY, stored INTEGER NOT NULL, read INTEGER NOT NULL, ignored INTEGER NOT NULL,
  unread INTEGER NOT NULL, last_seen INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE unread (
  source TEXT, shape TEXT, reason TEXT, count INTEGER NOT NULL, first_receipt INTEGER NOT NULL,
  last_receipt INTEGER NOT NULL, PRIMARY KEY (source, shape, reason)) WITHOUT ROWID;
CREATE TABLE known (
  source TEXT, name TEXT, device TEXT NOT NULL, attributes TEXT NOT NULL, receipt INTEGER NOT NULL,
  PRIMARY KEY (source, name)) WITHOUT ROWID;
CREATE TABLE devices (
  source TEXT, device TEXT, first_receipt INTEGER NOT NULL, last_receipt INTEGER NOT NULL,
  PRIMARY KEY (source, device)) WITHOUT ROWID;
CREATE TABLE addresses (
  source TEXT, device TEXT, text TEXT NOT NULL, receipt INTEGER NOT NULL, pointer TEXT NOT NULL,
  PRIMARY KEY (source, device)) WITHOUT ROWID;
CREATE TABLE device_days (
  source TEXT, device TEXT, day TEXT, capability TEXT, profile TEXT,
  count INTEGER NOT NULL, credited INTEGER NOT NULL, retained INTEGER NOT NULL, backfilled INTEGER NOT NULL,
  ahead INTEGER NOT NULL, implausible INTEGER NOT NULL, low TEXT, high TEXT, first TEXT NOT NULL, last TEXT NOT NULL,
  witnesses TEXT NOT NULL, context TEXT NOT NULL,
  PRIMARY KEY (source, device, day, capability, profile)) WITHOUT ROWID;
CREATE TABLE events (
  source TEXT, device TEXT, day TEXT, capability TEXT, value TEXT, count INTEGER NOT NULL,
  credited INTEGER NOT NULL, witness INTEGER NOT NULL, pointer TEXT NOT NULL,
  PRIMARY KEY (source, device, day, capability, value)) WITHOUT ROWID;
CREATE TABLE walks (
  source TEXT, list TEXT, receipt INTEGER NOT NULL, ended_at INTEGER NOT NULL, complete INTEGER NOT NULL,
  reason TEXT NOT NULL, rows INTEGER NOT NULL, PRIMARY KEY (source, list, receipt)) WITHOUT ROWID;
CREATE TABLE inventory (
  source TEXT, list TEXT, device TEXT, capability TEXT, value TEXT, receipt INTEGER NOT NULL, pointer TEXT NOT NULL,
  ended_at INTEGER NOT NULL, PRIMARY KEY (source, list, device, capability, value)) WITHOUT ROWID;
CREATE TABLE statistics (
  source TEXT, key TEXT, value TEXT NOT NULL, receipt INTEGER NOT NULL, pointer TEXT NOT NULL,
  received_at INTEGER NOT NULL, PRIMARY KEY (source, key)) WITHOUT ROWID;
CREATE TABLE registers (
  receipt INTEGER PRIMARY KEY, source TEXT NOT NULL, community TEXT NOT NULL, valid_from TEXT NOT NULL,
  received_at INTEGER NOT NULL, origin TEXT NOT NULL, complete TEXT NOT NULL, problems TEXT NOT NULL,
  rows_sha256 TEXT NOT NULL, held TEXT NOT NULL);
CREATE TABLE places (
  register INTEGER, id TEXT, kind TEXT NOT NULL, key TEXT NOT NULL, label TEXT NOT NULL, attributes TEXT NOT NULL,
  receipt INTEGER NOT NULL, pointer TEXT NOT NULL, PRIMARY KEY (register, id)) WITHOUT ROWID;
CREATE TABLE totals (
  register INTEGER, name TEXT, value TEXT NOT NULL, receipt INTEGER NOT NULL, pointer TEXT NOT NULL,
  PRIMARY KEY (register, name)) WITHOUT ROWID;
CREATE TABLE bindings (
  receipt INTEGER PRIMARY KEY, community TEXT NOT NULL, source TEXT NOT NULL, device TEXT NOT NULL, place TEXT,
  address TEXT NOT NULL, register INTEGER NOT NULL, matcher INTEGER NOT NULL, candidates TEXT NOT NULL,
  valid_from TEXT NOT NULL);
CREATE INDEX bindings_by_device ON bindings (source, device, receipt);
CREATE TABLE acts (
  receipt INTEGER PRIMARY KEY, source TEXT NOT NULL, community TEXT NOT NULL, act TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE documents (
  sha256 TEXT PRIMARY KEY, name TEXT NOT NULL, receipt INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE gaps (
  receipt INTEGER PRIMARY KEY, source TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,
  cause TEXT NOT NULL);
CREATE TABLE runs (
  receipt INTEGER PRIMARY KEY, community TEXT NOT NULL, number INTEGER NOT NULL, claimed_at INTEGER NOT NULL,
  slot TEXT NOT NULL);
"""


class LedgerError(RuntimeError):
    """A ledger file that cannot be used; the message names it and the mend. Nothing is lost: the locker has it all."""


class Ledger:
    """One ledger file (or one in memory, for replays)."""

    def __init__(self, path: Path | None, reading_digest: str) -> None:
        """Open the ledger; one of another schema or another reading is emptied, to be folded anew.

        Raises LedgerError when the file is damaged or cannot be written.
        """
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self.connection = sqlite3.connect(path or ":memory:", timeout=30, isolation_level=None)
        try:
            self.connection.execute("PRAGMA journal_mode = WAL")
            # NORMAL is enough: what a crash takes back is folded again from the locker.
            self.connection.execute("PRAGMA synchronous = NORMAL")
            self.was_emptied = self._prepare(reading_digest)
        except sqlite3.DatabaseError as error:
            self.connection.close()
            raise LedgerError(
                f"{path}: the ledger cannot be used ({error}); `zhizheng rebuild` makes it anew from the locker"
            ) from error

    def _prepare(self, reading_digest: str) -> bool:
        names = [name for (name,) in self.connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        if "meta" in names:
            (schema,) = self.connection.execute("SELECT schema FROM meta").fetchone()
            # Only then is the rest of the table as this program knows it.
            if schema == SCHEMA and self._reading_digest() == reading_digest:
                return False
        with self.transaction():
            for name in names:
                self.connection.execute(f'DROP TABLE "{name}"')
            for statement in _TABLES.split(";\n"):
                if statement.strip():
                    self.connection.execute(statement)
            self.connection.execute("INSERT INTO meta VALUES (?, ?, 0)", (SCHEMA, reading_digest))
        return bool(names)

    def _reading_digest(self) -> str:
        (digest,) = self.connection.execute("SELECT reading_digest FROM meta").fetchone()
        return str(digest)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold one write transaction; rolled back when anything is raised."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    @property
    def cursor(self) -> int:
        """Return the receipt of the last folded record."""
        (cursor,) = self.connection.execute("SELECT cursor FROM meta").fetchone()
        return int(cursor)

    def dump_digest(self) -> str:
        """Return a SHA-256 over every row of every table, in key order: equal folds give equal digests."""
        digest = hashlib.sha256()
        names = self.connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        for (name,) in names:
            digest.update(f"{name}\n".encode())
            width = len(self.connection.execute(f'PRAGMA table_info("{name}")').fetchall())
            order = ", ".join(str(column) for column in range(1, width + 1))
            for row in self.connection.execute(f'SELECT * FROM "{name}" ORDER BY {order}'):  # noqa: S608 - our own names
                digest.update(repr(row).encode() + b"\n")
        return digest.hexdigest()

    def close(self) -> None:
        """Close the file."""
        self.connection.close()
