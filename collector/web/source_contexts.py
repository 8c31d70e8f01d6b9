"""What the pages below the form show: devices, records, sources, runs, and what went wrong."""

from __future__ import annotations

from dataclasses import dataclass

from collector.web.contexts import Figure, NamedFigure, Pager, RunHead, ShownLine


@dataclass(frozen=True, slots=True)
class DeviceUse:
    """Where a device was counted and with which value; ``unplaced`` is its record where it fits no place."""

    no: int
    row_href: str
    part: str
    roster: str
    place: str
    place_href: str
    shown: ShownLine | None
    unplaced: Figure | None


@dataclass(frozen=True, slots=True)
class DevicePage:
    """Everything the run's rosters show of one device."""

    head: RunHead
    source: str
    device: str
    uses: tuple[DeviceUse, ...]


@dataclass(frozen=True, slots=True)
class PlaceLink:
    """A place in a roster, by its label."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class UseGroup:
    """The way back: where a record was used. ``how`` is shown, register, value, document or unplaced."""

    no: int
    row_href: str
    content: str
    part: str
    part_href: str
    roster: str
    how: str
    count: Figure
    places: tuple[PlaceLink, ...]
    at_pointer: bool


@dataclass(frozen=True, slots=True)
class PayloadView:
    """A payload made safe to look at: text with the pointed value cut out as ``mark``, or a hex listing.

    ``form`` is text, hex or empty; ``cut`` says that only a part is shown. ``pointer_found`` is None when no
    pointer was asked for.
    """

    form: str
    before: str
    mark: str
    after: str
    hex: str
    cut: bool
    pointer_found: bool | None


@dataclass(frozen=True, slots=True)
class RecordPage:
    """One stored record: the bytes, what is known of their arrival, and whether they are still the same.

    ``unchanged`` is None when the locker stores no leaf for the record: then nothing was checked.
    """

    head: RunHead
    receipt: int
    source: str
    kind: str
    topic: str
    received_at: int
    received_text: str
    day: str
    sequence: int
    retained: bool
    duplicate: bool
    qos: int
    size: int
    payload_sha256: str
    leaf_stored: str | None
    leaf_recomputed: str
    unchanged: bool | None
    stated_sha256: tuple[str, ...]
    pointer: str
    payload: PayloadView
    payload_href: str
    uses: tuple[UseGroup, ...]
    run_uses: tuple[str, ...]
    device_href: str
    source_href: str


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One source's live counters, as ``zhizheng status`` gives them."""

    source: str
    href: str
    counters: tuple[NamedFigure, ...]
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SourcesPage:
    """The state of every source now; not part of any run."""

    head: RunHead
    counters: tuple[str, ...]
    facts: tuple[str, ...]
    lines: tuple[SourceLine, ...]


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A record of a source on which the run rests."""

    record: Figure
    devices: tuple[str, ...]
    rows: tuple[PlaceLink, ...]


@dataclass(frozen=True, slots=True)
class GapLine:
    """A time in which messages of the source may be missing, in local time; ``cause`` is a word of ``GapCause``."""

    record: Figure
    since: str
    until: str
    cause: str


@dataclass(frozen=True, slots=True)
class SourcePage:
    """The gaps of one source that reach into the run's window, and the records on which the run rests."""

    head: RunHead
    line: SourceLine | None
    source: str
    gaps: tuple[GapLine, ...]
    records: tuple[SourceRecord, ...]
    pager: Pager
    empty: bool


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run of the community; the figures open that run."""

    run: int
    href: str
    environment: str
    as_of: str
    window_from: str
    window_to: str
    floor: Figure
    ceiling: Figure
    damaged: bool


@dataclass(frozen=True, slots=True)
class RunsPage:
    """The runs of the community, newest first."""

    head: RunHead
    runs: tuple[RunLine, ...]
    pager: Pager


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """What went wrong in one sentence and what to do."""

    status: int
    problem: str
    mend: str
