"""Folds locker records into the ledger: what each kind of record does, and nothing else.

The fold is deterministic: the same records and the same catalogue give the same tables, whatever the batches were.
It matches nothing anew (bindings are records), asks no clock, and checks on the way that every partition's sequence
is unbroken and that its chained digest is the one that was closed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.profile import Profile, names_needed, read_with
from connectors.record import Kind, Known, Observation, Reading, Record
from connectors.vocabulary import ValueKind
from evidence.acts import fold_act
from evidence.catalogue import Catalogue
from evidence.frame import fold_register
from evidence.ledger import Ledger
from evidence.locker import EMPTY_CHAIN, chain_leaf
from evidence.walk import fold_walk

BACKFILL_MS = 24 * 3_600_000
"""A reading observed more than 24 h before its receipt is backfill: flagged, not credited."""

AHEAD_MS = 3_600_000
"""A device clock more than an hour ahead of ours is flagged, and its reading not credited."""

BATCH = 2000
REMEMBERED_DAYS = 200_000
REMEMBERED_PARTITIONS = 64


Witness = tuple[int, str]
"""A record's receipt and the pointer of the value in its payload."""


@dataclass(slots=True)
class DeviceDay:
    """What one device said of one capability on one local day, read by one profile."""

    count: int = 0
    credited: int = 0
    retained: int = 0
    backfilled: int = 0
    ahead: int = 0
    implausible: int = 0
    low: str | None = None
    high: str | None = None
    first: str = ""
    last: str = ""
    witnesses: list[Witness] = field(default_factory=list)
    context: list[int] = field(default_factory=list)

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> DeviceDay:
        """Return the device-day of a table row without its key."""
        day = cls(*row[:-2])
        day.witnesses = [(receipt, pointer) for receipt, pointer in json.loads(row[-2])]
        day.context = json.loads(row[-1])
        return day

    def row(self) -> tuple[object, ...]:
        """Return the columns in the table's order, after its key."""
        return (
            self.count,
            self.credited,
            self.retained,
            self.backfilled,
            self.ahead,
            self.implausible,
            self.low,
            self.high,
            self.first,
            self.last,
            json.dumps(self.witnesses),
            json.dumps(self.context),
        )


@dataclass(slots=True)
class PartitionState:
    """How far one (source, day) has been followed; ``broken`` says in Chinese what does not hold."""

    count: int = 0
    chain: bytes = EMPTY_CHAIN
    broken: str = ""
    closed: int | bool = False


DayKey = tuple[str, str, str, str, str]


class Fold:
    """Advances one ledger through the records of one locker (or of a bundle).

    ``fetch`` gives an earlier record by receipt; it raises KeyError where a record is gone.
    """

    def __init__(self, ledger: Ledger, catalogue: Catalogue, zone: ZoneInfo, fetch: Callable[[int], Record]) -> None:
        self.ledger = ledger
        self.catalogue = catalogue
        self.zone = zone
        self.fetch = fetch
        self._days: dict[DayKey, DeviceDay] = {}
        self._changed: set[DayKey] = set()
        self._counts: dict[str, list[int]] = {}
        self._partitions: dict[tuple[str, str], PartitionState] = {}
        self._devices: dict[tuple[str, str], tuple[int, int]] = {}

    def apply(self, records: Sequence[Record]) -> list[tuple[Record, Reading]]:
        """Fold one batch in one transaction and return the messages with what was read in them."""
        if not records:
            return []
        readings: list[tuple[Record, Reading]] = []
        try:
            with self.ledger.transaction():
                self._apply(records, readings)
        except BaseException:
            # What is remembered between batches must never run ahead of the file.
            self._forget()
            raise
        if len(self._days) > REMEMBERED_DAYS:
            self._forget()
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
        for memory in (self._days, self._changed, self._counts, self._partitions, self._devices):
            memory.clear()

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
        digest = profile_used.digest if profile_used else ""
        connection = self.ledger.connection
        for learned in reading.learned:
            connection.execute(
                "INSERT OR REPLACE INTO known VALUES (?, ?, ?, ?, ?)",
                (record.source, learned.name, learned.device, _json(dict(learned.attributes)), record.receipt),
            )
        for observation in reading.observations:
            self._fold_observation(record, observation, digest)
        if reading.unread is not None:
            connection.execute(
                "INSERT INTO unread VALUES (?, ?, ?, 1, ?, ?) ON CONFLICT DO UPDATE SET count = count + 1,"
                " last_receipt = excluded.last_receipt",
                (record.source, reading.unread.shape, reading.unread.reason, record.receipt, record.receipt),
            )
        if reading.observations or reading.learned:
            counts[1] += 1
        elif reading.ignored is not None:
            counts[2] += 1
        else:
            counts[3] += 1
        return reading

    def read(self, record: Record) -> tuple[Reading, Profile | None]:
        """Return what is read in a message, with the names learned so far, and the profile that read it."""
        profiles = self.catalogue.profiles_of(record.source)
        context: dict[str, Known] = {}
        for profile in profiles:
            for name in names_needed(record, profile):
                known = self._known(record.source, name)
                if known is not None:
                    context[name] = known
        return read_with(record, profiles, self.catalogue.vocabulary, context)

    def _known(self, source: str, name: str) -> Known | None:
        row = self.ledger.connection.execute(
            "SELECT device, attributes, receipt FROM known WHERE source = ? AND name = ?", (source, name)
        ).fetchone()
        return None if row is None else Known(name, row[0], json.loads(row[1]), row[2])

    def _fold_observation(self, record: Record, observation: Observation, profile_digest: str) -> None:
        connection = self.ledger.connection
        device = observation.device
        first, _ = self._devices.get((record.source, device), (record.receipt, 0))
        self._devices[record.source, device] = (first, record.receipt)
        if observation.capability == "address":
            connection.execute(
                "INSERT OR REPLACE INTO addresses VALUES (?, ?, ?, ?, ?)",
                (record.source, device, observation.value, record.receipt, observation.pointer),
            )
            return
        day = datetime.fromtimestamp(record.received_at / 1000, self.zone).date().isoformat()
        lag = 0 if observation.observed_at is None else record.received_at - observation.observed_at
        credited = not record.retained and -AHEAD_MS <= lag <= BACKFILL_MS
        capability = self.catalogue.vocabulary.capabilities[observation.capability]
        if capability.kind is ValueKind.EVENT:
            connection.execute(
                "INSERT INTO events VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + 1,"
                # The witness is the first credited one, so that it never moves once the event is proven.
                " witness = CASE WHEN credited = 0 THEN excluded.witness ELSE witness END,"
                " pointer = CASE WHEN credited = 0 THEN excluded.pointer ELSE pointer END,"
                " credited = credited + excluded.credited",
                (
                    record.source,
                    device,
                    day,
                    observation.capability,
                    observation.value,
                    int(credited),
                    record.receipt,
                    observation.pointer,
                ),
            )
            return
        row = self._device_day((record.source, device, day, observation.capability, profile_digest))
        row.count += 1
        row.credited += credited
        row.retained += record.retained
        row.backfilled += lag > BACKFILL_MS
        row.ahead += lag < -AHEAD_MS
        row.implausible += not capability.is_plausible(observation.value)
        row.first = row.first or observation.value
        row.last = observation.value
        if capability.kind is ValueKind.NUMBER:
            row.low = _extreme(row.low, observation.value, take=min)
            row.high = _extreme(row.high, observation.value, take=max)
        _keep_witness(row, (record.receipt, observation.pointer), credited=credited)
        row.context = sorted({*row.context, *observation.context})[-4:]

    def _device_day(self, key: DayKey) -> DeviceDay:
        if key not in self._days:
            row = self.ledger.connection.execute(
                "SELECT * FROM device_days"
                " WHERE source = ? AND device = ? AND day = ? AND capability = ? AND profile = ?",
                key,
            ).fetchone()
            self._days[key] = DeviceDay.from_row(row[5:]) if row else DeviceDay()
        self._changed.add(key)
        return self._days[key]

    def _write_batch(self) -> None:
        connection = self.ledger.connection
        connection.executemany(
            f"INSERT OR REPLACE INTO device_days VALUES ({', '.join('?' * 17)})",  # noqa: S608 - placeholders only
            [(*key, *self._days[key].row()) for key in self._changed],
        )
        self._changed.clear()
        connection.executemany(
            "INSERT INTO devices VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET last_receipt = excluded.last_receipt",
            [(*key, *receipts) for key, receipts in self._devices.items()],
        )
        self._devices.clear()
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


def _keep_witness(row: DeviceDay, witness: Witness, *, credited: bool) -> None:
    """Keep the first and the last credited reading; until there is one, the first of any sort."""
    if not credited:
        row.witnesses = row.witnesses or [witness]
    elif row.credited == 1:
        row.witnesses = [witness]
    else:
        row.witnesses = [row.witnesses[0], witness]


def _extreme(known: str | None, value: str, *, take: Callable[[Decimal, Decimal], Decimal]) -> str:
    if known is None:
        return value
    return value if take(Decimal(known), Decimal(value)) != Decimal(known) else known


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
