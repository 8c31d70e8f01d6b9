"""What messages change in the ledger, held in memory until the batch is written: device-days, events, names, shapes.

A batch tells the same device many things; each row of a table is written once for it. What is held here is always
what the tables would say: it is written at the end of every batch and before anything else reads those tables, and
it is forgotten whole when a batch fails.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.record import Known, Learned, Observation, Record, Unread
from connectors.vocabulary import ValueKind, Vocabulary
from evidence.ledger import Ledger
from evidence.unread import UnreadCounts

BACKFILL_MS = 24 * 3_600_000
"""A reading observed more than 24 h before its receipt is backfill: flagged, not credited."""

AHEAD_MS = 3_600_000
"""A device clock more than an hour ahead of ours is flagged, and its reading not credited."""

REMEMBERED_DAYS = 200_000
REMEMBERED_NAMES = 50_000

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
    # Tuples: many of these are remembered, and the collector of garbage need not look into tuples of plain values.
    witnesses: tuple[Witness, ...] = ()
    context: tuple[int, ...] = ()

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> DeviceDay:
        """Return the device-day of a table row without its key."""
        day = cls(*row[:-2])
        day.witnesses = tuple((receipt, pointer) for receipt, pointer in json.loads(row[-2]))
        day.context = tuple(json.loads(row[-1]))
        return day

    def row(self) -> tuple[object, ...]:
        """Return the columns in the table's order, after its key."""
        # As json.dumps writes a list of pairs, which would make a new encoder for each of them.
        witnesses = ", ".join([f"[{receipt}, {_quote(pointer)}]" for receipt, pointer in self.witnesses])
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
            f"[{witnesses}]",
            str([*self.context]),
        )

    def stretch(self, value: str, number: Decimal) -> None:
        """Let the extremes hold a number, as it was sent; of equal numbers the earlier spelling stays."""
        if self.low is None or self.high is None:
            self.low = self.high = value
        elif value not in {self.low, self.high}:
            if number < Decimal(self.low):
                self.low = value
            if number > Decimal(self.high):
                self.high = value

    def keep_witness(self, witness: Witness, *, credited: bool) -> None:
        """Count a credited reading; keep the first and the last of them, until there is one the first of any sort."""
        self.credited += credited
        if not credited:
            self.witnesses = self.witnesses or (witness,)
        elif self.credited == 1:
            self.witnesses = (witness,)
        else:
            self.witnesses = (self.witnesses[0], witness)


@dataclass(slots=True)
class Event:
    """How often a device said one thing on one day within a batch; the witness is the first credited, else the last."""

    count: int
    credited: int
    witness: int
    pointer: str


_quote = json.JSONEncoder().encode
_EVENT = ValueKind.EVENT
_NUMBER = ValueKind.NUMBER

DayKey = tuple[str, str, str, str, str]


class Daybook:
    """The rows that messages change, by the keys of their tables."""

    def __init__(self, ledger: Ledger, vocabulary: Vocabulary, zone: ZoneInfo) -> None:
        self._connection = ledger.connection
        self._capabilities = vocabulary.capabilities
        self._zone = zone
        self._minute = -1
        self._day = ""
        self._days: dict[DayKey, DeviceDay] = {}
        self._changed: set[DayKey] = set()
        self._stored_until: dict[str, str] = {}
        self._devices: dict[tuple[str, str], tuple[int, int]] = {}
        self._addresses: dict[tuple[str, str], tuple[str, int, str]] = {}
        self._events: dict[DayKey, Event] = {}
        self._unread = UnreadCounts(self._connection)
        self._known: dict[tuple[str, str], Known | None] = {}
        self._learned: set[tuple[str, str]] = set()

    # ------------------------------------------------------------ names

    def known(self, source: str, name: str) -> Known | None:
        """Return what has been learned of a name so far, None when nothing has."""
        key = (source, name)
        if key not in self._known:
            row = self._connection.execute(
                "SELECT device, attributes, receipt FROM known WHERE source = ? AND name = ?", key
            ).fetchone()
            self._known[key] = None if row is None else Known(name, row[0], json.loads(row[1]), row[2])
        return self._known[key]

    def learn(self, record: Record, learned: Learned) -> None:
        """Note a name; what is said later of the same name takes its place."""
        key = (record.source, learned.name)
        self._known[key] = Known(learned.name, learned.device, dict(learned.attributes), record.receipt)
        self._learned.add(key)

    # ------------------------------------------------------------ observations

    def observe(self, record: Record, observations: Sequence[Observation], profile: str) -> None:
        """Count what a record says; ``profile`` is the digest of the profile that read it."""
        source, receipt, received_at, live = record.source, record.receipt, record.received_at, not record.retained
        day = self._local_day(received_at)
        for seen in observations:
            device, name, value, observed_at, pointer, context = seen
            key = (source, device)
            known = self._devices.get(key)
            if known is None:
                self._devices[key] = (receipt, receipt)
            elif known[1] != receipt:
                self._devices[key] = (known[0], receipt)
            if name == "address":
                self._addresses[key] = (value, receipt, pointer)
                continue
            lag = 0 if observed_at is None else received_at - observed_at
            credited = live and -AHEAD_MS <= lag <= BACKFILL_MS
            capability = self._capabilities[name]
            if capability.kind is _EVENT:
                self._count_event((source, device, day, name, value), receipt, pointer, credited=credited)
                continue
            day_key = (source, device, day, name, profile)
            row = self._days.get(day_key) or self._fetch_day(day_key)
            self._changed.add(day_key)
            row.count += 1
            row.keep_witness((receipt, pointer), credited=credited)
            if not credited:
                row.retained += not live
                row.backfilled += lag > BACKFILL_MS
                row.ahead += lag < -AHEAD_MS
            if not row.first:
                row.first = value
            row.last = value
            if capability.kind is _NUMBER:
                # The reading room lets pass only what is a value of its kind: a number alone can be beyond its range.
                number = Decimal(value)
                row.implausible += not capability.is_in_range(number)
                row.stretch(value, number)
            if context:
                row.context = tuple(sorted({*row.context, *context})[-4:])

    def _count_event(self, key: DayKey, receipt: int, pointer: str, *, credited: bool) -> None:
        event = self._events.get(key)
        if event is None:
            self._events[key] = Event(1, int(credited), receipt, pointer)
            return
        event.count += 1
        if not event.credited:
            event.witness, event.pointer = receipt, pointer
        event.credited += credited

    def _fetch_day(self, key: DayKey) -> DeviceDay:
        """Return a device-day that is not held yet: as the table has it, or a new one."""
        row = None
        # Most are new. A day after the last one the source was heard on before we began to remember cannot be stored.
        if key[2] <= self._last_stored_day(key[0]):
            row = self._connection.execute(
                "SELECT * FROM device_days"
                " WHERE source = ? AND device = ? AND day = ? AND capability = ? AND profile = ?",
                key,
            ).fetchone()
        self._days[key] = DeviceDay.from_row(row[5:]) if row else DeviceDay()
        return self._days[key]

    def _last_stored_day(self, source: str) -> str:
        if source not in self._stored_until:
            row = self._connection.execute("SELECT last_seen FROM sources WHERE source = ?", (source,)).fetchone()
            self._stored_until[source] = self._local_day(row[0]) if row else ""
        return self._stored_until[source]

    def _local_day(self, moment: int) -> str:
        # A batch spans few minutes, and no zone changes its day within one.
        minute = moment // 60_000
        if minute != self._minute:
            self._minute = minute
            self._day = datetime.fromtimestamp(minute * 60, self._zone).date().isoformat()
        return self._day

    # ------------------------------------------------------------ what nobody could read

    def note_unread(self, record: Record, unread: Unread) -> None:
        """Count a message that could not be read, by its shape and the reason."""
        self._unread.note(record, unread)

    # ------------------------------------------------------------ the tables

    def write(self) -> None:
        """Write what has changed since the last time; the caller holds the transaction."""
        write = self._connection.executemany
        write(
            f"INSERT OR REPLACE INTO device_days VALUES ({', '.join('?' * 17)})",  # noqa: S608 - placeholders only
            [key + self._days[key].row() for key in sorted(self._changed)],
        )
        write(
            "INSERT INTO devices VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET last_receipt = excluded.last_receipt",
            [(*key, *receipts) for key, receipts in self._devices.items()],
        )
        write(
            "INSERT OR REPLACE INTO addresses VALUES (?, ?, ?, ?, ?)",
            [(*key, *address) for key, address in self._addresses.items()],
        )
        write(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " count = count + excluded.count,"
            # The witness is the first credited one, so that it never moves once the event is proven.
            " witness = CASE WHEN credited = 0 THEN excluded.witness ELSE witness END,"
            " pointer = CASE WHEN credited = 0 THEN excluded.pointer ELSE pointer END,"
            " credited = credited + excluded.credited",
            [(*key, one.count, one.credited, one.witness, one.pointer) for key, one in self._events.items()],
        )
        self._unread.write()
        write(
            "INSERT OR REPLACE INTO known VALUES (?, ?, ?, ?, ?)",
            [_known_row(key, self._known[key]) for key in self._learned],
        )
        self._clear_written()

    def trim(self) -> None:
        """Forget what need not be held once a batch is committed, when it has become much."""
        if len(self._days) > REMEMBERED_DAYS:
            self._days.clear()
            self._stored_until.clear()
        if len(self._known) > REMEMBERED_NAMES:
            self._known.clear()

    def forget(self) -> None:
        """Forget everything, written or not: what is remembered must never run ahead of the file."""
        self._days.clear()
        self._stored_until.clear()
        self._known.clear()
        self._unread.forget()
        self._clear_written()

    def _clear_written(self) -> None:
        self._changed.clear()
        self._devices.clear()
        self._addresses.clear()
        self._events.clear()
        self._learned.clear()


def _known_row(key: tuple[str, str], known: Known | None) -> tuple[object, ...]:
    if known is None:
        raise KeyError(f"nothing was learned of {key[1]}")
    attributes = json.dumps(dict(known.attributes), ensure_ascii=False, sort_keys=True)
    return (*key, known.device, attributes, known.receipt)
