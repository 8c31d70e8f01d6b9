"""The plain facts that scoring takes, and the plain results it gives.

Nothing here knows where a fact came from beyond its receipt: a receipt is the number of a stored record, a pointer
the place of a value inside it. Points, shares and readings are exact (Decimal, Fraction), never float.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import IntEnum, StrEnum
from fractions import Fraction


class Rung(IntEnum):
    """How far a device has come on the ladder of trust."""

    LISTED = 1
    BOUND = 2
    HEARD = 3
    REPORTING = 4
    PLAUSIBLE = 5


class ShownBy(StrEnum):
    """What sort of evidence shows a capability."""

    MESSAGE = "message"
    EVENT = "event"
    INVENTORY = "inventory"
    DRILL = "drill"


class State(StrEnum):
    """The result of a part or a row. ``UNKNOWN`` is neither a pass nor a failure."""

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"


class Origin(StrEnum):
    """Who shows a result: devices and systems, people, both, or nobody."""

    AUTOMATIC = "automatic"
    ATTESTED = "attested"
    MIXED = "mixed"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Season:
    """A part of the year, from its first to its last day (MM-DD, both included); it may reach over New Year."""

    name: str
    begins: str
    ends: str

    def holds(self, day: date) -> bool:
        """Return whether a day lies in the season."""
        now = f"{day:%m-%d}"
        if self.begins <= self.ends:
            return self.begins <= now <= self.ends
        return now >= self.begins or now <= self.ends


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the register. ``receipt`` and ``pointer`` lead to its row as delivered."""

    id: str
    kind: str
    key: str
    label: str
    attributes: Mapping[str, str]
    receipt: int
    pointer: str


@dataclass(frozen=True, slots=True)
class Lead:
    """The way to a stored record: its receipt, and the pointer of the value in it ("" for the whole record)."""

    receipt: int
    pointer: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """One capability of one device, as far as the evidence shows it within a period.

    ``place`` is None for a device that is bound to no known place. ``days_ago`` is how many local days before the
    window's end the newest credited sign lies (0 = the last day). ``values`` are the distinct words (ways of entry)
    or the last reading; ``low`` and ``high`` the extremes over the period. ``days_seen`` is on how many days of the
    window there was a credited reading; a sign from before the window has none. ``stale`` says that the last value may
    have changed since without being heard: it shows that something is there, not how it stands.
    """

    place: str | None
    source: str
    device: str
    capability: str
    shown_by: ShownBy
    rung: Rung
    days_ago: int
    leads: tuple[Lead, ...]
    values: tuple[str, ...] = ()
    low: Decimal | None = None
    high: Decimal | None = None
    note: str = ""
    days_seen: int = 1
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """One number (or word) somebody states: a statistic of the hub, a total of the register."""

    name: str
    value: str
    source: str
    receipt: int
    pointer: str
    days_ago: int = 0


@dataclass(frozen=True, slots=True)
class Attestation:
    """What a person states for one part of one row. Without a document it counts in the ceiling only.

    ``quantity`` is the number stated, where the part asks for one.
    """

    row: int
    part: str
    value: str
    by: str
    date: str
    expires: str
    receipt: int
    document: Document | None = None
    quantity: int | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """Other points for a row than were computed, as a person decided. Both values are kept and shown.

    Without a document it can only lower the floor. ``points`` is decimal text.
    """

    row: int
    points: str
    reason: str
    by: str
    date: str
    receipt: int
    document: Document | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A document kept by its digest."""

    name: str
    sha256: str
    receipt: int


@dataclass(frozen=True, slots=True)
class Survey:
    """The satisfaction survey: how many homes were asked, how many are satisfied, how many are occupied."""

    sample: int
    satisfied: int
    occupied: int | None
    by: str
    date: str
    receipt: int
    document: Document | None = None


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A device whose stated address is in no register; it counts nowhere and is listed."""

    source: str
    device: str
    address: str
    receipt: int
    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """A time (ms UTC) in which messages of a source may be missing, and why; ``receipt`` is its record."""

    source: str
    since: int
    until: int
    cause: str
    receipt: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a run knows of one community at its cut-off.

    ``frames`` holds the register's places by kind, only for kinds whose sheet is complete; ``broken`` names each
    source whose numbered records are not all there, with the reason; ``common_sources`` those every row rests on
    (register, acts, bindings); ``sources_of`` the sources that could show a capability; ``reading_at`` the sources
    that have a device at a place; ``unheard`` the capabilities of which no source has told anything yet, not even that
    there are none; ``stating`` the sources that could state a statistic; ``names`` the Chinese names of
    capabilities and figures; ``window_end`` the day after the last of the window; ``gaps`` the times within the
    window in which messages of a source may be missing.
    """

    community: str
    window_days: int
    frames: Mapping[str, tuple[Place, ...]]
    totals: Mapping[str, Figure]
    shown: tuple[Shown, ...]
    statistics: Mapping[str, Figure]
    attestations: tuple[Attestation, ...]
    surveys: tuple[Survey, ...]
    not_applicable: Mapping[tuple[int, str], int]
    broken: Mapping[str, str]
    common_sources: frozenset[str]
    sources_of: Mapping[str, frozenset[str]]
    reading_at: Mapping[str, frozenset[str]]
    unplaced: tuple[Unplaced, ...] = ()
    unheard: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)
    stating: frozenset[str] = frozenset()
    overrides: tuple[Override, ...] = ()
    window_end: date = date.min
    gaps: tuple[Gap, ...] = ()

    def name(self, word: str) -> str:
        """Return the Chinese name of a capability or figure, the word itself where there is none."""
        return self.names.get(word, word)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a roster: a place (or a device, where devices are counted), why it stands there, and its proof."""

    key: str
    label: str
    reason: str = ""
    place: Place | None = None
    shown: tuple[Shown, ...] = ()


@dataclass(frozen=True, slots=True)
class Measure:
    """The outcome of counting: n of m with its rosters.

    ``n`` equals ``len(counted)`` where places or devices are counted. ``n_ceiling`` adds what is unknown.
    ``m`` is the floor's denominator, ``m_ceiling`` the approved one. ``worst`` is the worst value where a limit is
    asked. ``problem`` says in one Chinese clause why nothing can be known; then every number is None.
    """

    counted: tuple[Entry, ...] = ()
    missing: tuple[Entry, ...] = ()
    unknown: tuple[Entry, ...] = ()
    excluded: tuple[Entry, ...] = ()
    n: int | None = None
    n_ceiling: int | None = None
    m: int | None = None
    m_ceiling: int | None = None
    worst: Decimal | None = None
    rungs: Mapping[str, int] = field(default_factory=dict)
    figures: tuple[Figure, ...] = ()
    documents: tuple[Document, ...] = ()
    problem: str = ""
    error: bool = False
    attested: bool = False


@dataclass(frozen=True, slots=True)
class PartScore:
    """One part with its measure and verdict. ``floor`` and ``ceiling`` say whether the rule holds at each end."""

    id: str
    title: str
    state: State
    origin: Origin
    floor: bool
    ceiling: bool
    measure: Measure
    way: int
    formula: str


@dataclass(frozen=True, slots=True)
class RowScore:
    """One indicator: points at the floor and the ceiling, √ or О, and the parts that made it.

    Where a person overrode it, ``computed`` is the floor that was computed.
    """

    no: int
    floor: Decimal
    ceiling: Decimal
    met: bool | None
    numerator: int | None
    denominator: int | None
    share: Fraction | None
    origin: Origin
    status: str
    parts: tuple[PartScore, ...]
    formula: str
    override: Override | None = None
    computed: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of the rounded points. floor = base + bonus; ``attested`` is the documented share of the floor."""

    floor: Decimal
    ceiling: Decimal
    attested: Decimal
    base: Decimal
    bonus: Decimal


@dataclass(frozen=True, slots=True)
class Scorecard:
    """All rows, their totals, and how many prerequisites of each grade are met (met, of)."""

    rows: tuple[RowScore, ...]
    totals: Totals
    prerequisites: Mapping[str, tuple[int, int]]
