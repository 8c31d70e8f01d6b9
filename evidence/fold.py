"""Folds locker records into the ledger: what each kind of record does, and nothing else.

The fold is deterministic: the same records and the same catalogue give the same tables, whatever the batches were.
It matches nothing anew (bindings are records), asks no clock, and checks on the way that every partition's sequence
is unbroken and that its chained digest is the one that was closed.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from connectors.profile import Profile, names_needed, read_with
from connectors.record import Kind, Known, Reading, Record
from evidence.acts import fold_act
from evidence.catalogue import Catalogue
from evidence.daybook import Daybook
from evidence.frame import fold_register
from evidence.ledger import Ledger
from evidence.locker import EMPTY_CHAIN, chain_leaf
from evidence.walk import fold_walk

BATCH = 2000
"""Records a transaction: in it each row that messages change is written once, so more are cheaper, but held at once."""

REMEMBERED_PARTITIONS = 64


@dataclass(slots=True)
class PartitionState:
    """How far one (source, day) has been followed; ``broken`` says in Chinese what does not hold."""

    count: int = 0
    chain: bytes = EMPTY_CHAIN
    broken: str = ""
    closed: int | bool = False


class Fold:
    """Advances one ledger through the records of one locker (or of a bundle).

    ``fetch`` gives an earlier record by receipt; it raises KeyError where a record is gone.
    """

    def __init__(self, ledger: Ledger, catalogue: Catalogue, zone: ZoneInfo, fetch: Callable[[int], Record]) -> None:
        self.ledger = ledger
        self.catalogue = catalogue
        self.zone = zone
        self.fetch = fetch
        self._book = Daybook(ledger, catalogue.vocabulary, zone)
        self._profiles: dict[str, tuple[Profile, ...]] = {}
        self._counts: dict[str, list[int]] = {}
        self._partitions: dict[tuple[str, str], PartitionState] = {}

    def apply(self, records: Sequence[Record]) -> list[tuple[Record, Reading]]:
        """Fold one batch in one transaction and return the messages with what was read in them."""
        if not records:
            return []
        readings: list[tuple[Record, Reading]] = []
        # A batch makes many objects and no cycles: looking for garbage among them took a third of its time.
        collecting = gc.isenabled()
        gc.disable()
        try:
            with self.ledger.transaction():
                self._apply(records, readings)
        except BaseException:
            # What is remembered between batches must never run ahead of the file.
            self._forget()
            raise
        finally:
            if collecting:
                gc.enable()
        self._book.trim()
        return readings

    def _apply(self, records: Sequence[Record], readings: list[tuple[Record, Reading]]) -> None:
        for record in records:
            if record.kind is Kind.CLOSE:
                # A close states the partitions as they stood just before it, its own among them.
                self._fold_close(record)
            self._check_partition(record)
            counts = self._counts.setdefault(record.source, [0, 0, 0, 0, 0])
            counts[0] += 1
            counts[4] = max(counts[4], record.received_at)
            if record.kind is Kind.MESSAGE:
                reading = self._fold_message(record, counts)
                readings.append((record, reading))
            else:
                counts[1] += 1
                self._fold_other(record)
        self._write_batch()
        self.ledger.connection.execute("UPDATE meta SET cursor = ?", (records[-1].receipt,))

    def _forget(self) -> None:
        self._book.forget()
        self._counts.clear()
        self._partitions.clear()

    # ------------------------------------------------------------ integrity

    def _check_partition(self, record: Record) -> None:
        """Follow the partition's sequence and chain; a hole is remembered with its first place."""
        state = self._partition(record.source, record.day)
        if record.sequence != state.count + 1 and not state.broken:
            state.broken = f"{record.day}第{state.count + 1}条记录缺失"
        state.count = record.sequence
        state.chain = chain_leaf(state.chain, record.leaf)
        state.closed = False

    def _fold_close(self, record: Record) -> None:
        for part in json.loads(record.payload):
            state = self._partition(part["source"], part["day"])
            if not state.broken and (state.count, state.chain.hex()) != (part["count"], part["chain"]):
                state.broken = f"{part['day']}应有{part['count']}条记录，现有{state.count}条或内容不符"
            state.closed = True

    def _partition(self, source: str, day: str) -> PartitionState:
        key = (source, day)
        if key not in self._partitions:
            row = self.ledger.connection.execute(
                "SELECT count, chain, broken, closed FROM partitions WHERE source = ? AND day = ?", key
            ).fetchone()
            self._partitions[key] = PartitionState(*row) if row else PartitionState()
        return self._partitions[key]

    # ------------------------------------------------------------ messages

    def _fold_message(self, record: Record, counts: list[int]) -> Reading:
        reading, profile_used = self.read(record)
        for learned in reading.learned:
            self._book.learn(record, learned)
        if reading.observations:
            self._book.observe(record, reading.observations, profile_used.digest if profile_used else "")
        if reading.unread is not None:
            self._book.note_unread(record, reading.unread)
        if reading.observations or reading.learned:
            counts[1] += 1
        elif reading.ignored is not None:
            counts[2] += 1
        else:
            counts[3] += 1
        return reading

    def read(self, record: Record) -> tuple[Reading, Profile | None]:
        """Return what is read in a message, with the names learned so far, and the profile that read it."""
        profiles = self._profiles.get(record.source)
        if profiles is None:
            profiles = self._profiles[record.source] = self.catalogue.profiles_of(record.source)
        context: dict[str, Known] = {}
        for profile in profiles:
            for name in names_needed(record, profile):
                known = self._book.known(record.source, name)
                if known is not None:
                    context[name] = known
        return read_with(record, profiles, self.catalogue.vocabulary, context)

    def _write_batch(self) -> None:
        connection = self.ledger.connection
        self._book.write()
        connection.executemany(
            "INSERT OR REPLACE INTO partitions VALUES (?, ?, ?, ?, ?, ?)",
            [(*key, s.count, s.chain, s.broken, int(s.closed)) for key, s in self._partitions.items()],
        )
        if len(self._partitions) > REMEMBERED_PARTITIONS:
            self._partitions.clear()
        connection.executemany(
            "INSERT INTO sources VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET stored = stored + excluded.stored,"
            " read = read + excluded.read, ignored = ignored + excluded.ignored, unread = unread + excluded.unread,"
            " last_seen = max(last_seen, excluded.last_seen)",
            [(source, *counts) for source, counts in self._counts.items()],
        )
        self._counts.clear()

    # ------------------------------------------------------------ everything else

    def _fold_other(self, record: Record) -> None:
        connection = self.ledger.connection
        if record.kind is Kind.WALK:
            # A walk writes devices and addresses, too: what came before it must stand there before it.
            self._book.write()
            fold_walk(self.ledger, self.catalogue, record, self.fetch)
        elif record.kind is Kind.REGISTER:
            fold_register(self.ledger, self.catalogue, record, self.fetch)
        elif record.kind is Kind.ACT:
            fold_act(self.ledger, record)
        elif record.kind is Kind.DOCUMENT:
            connection.execute(
                "INSERT OR IGNORE INTO documents VALUES (?, ?, ?)",
                (record.payload_sha256, record.topic, record.receipt),
            )
        elif record.kind is Kind.BINDING:
            connection.execute("INSERT INTO bindings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _binding_row(record))
        elif record.kind is Kind.GAP:
            gap = json.loads(record.payload)
            connection.execute(
                "INSERT INTO gaps VALUES (?, ?, ?, ?, ?)",
                (record.receipt, record.source, gap["from"], gap["to"], gap["cause"]),
            )
        elif record.kind is Kind.RUN:
            claim = json.loads(record.payload)
            connection.execute(
                "INSERT INTO runs VALUES (?, ?, ?, ?, ?)",
                (record.receipt, claim["community"], claim["run"], record.received_at, claim["slot"]),
            )


def _binding_row(record: Record) -> tuple[object, ...]:
    body: dict[str, Any] = json.loads(record.payload)
    return (
        record.receipt,
        body["community"],
        body["source"],
        body["device"],
        body["place"],
        body["address"],
        body["register"],
        body["matcher"],
        _json(body["candidates"]),
        body["valid_from"],
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
