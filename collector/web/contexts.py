"""What the pages of the form show, as plain data: templates print it, the address with ``.json`` gives it whole.

Addresses (``href``) are canonical paths of this site without run and language; the templates carry those two along.
Points, shares and readings are decimal text, counts are decimal text too once they stand in a :class:`Figure`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the declaration and the address that leads on towards the bytes it came from."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a sentence; ``href`` is None for plain words."""

    text: str
    href: str | None = None


@dataclass(frozen=True, slots=True)
class RunHead:
    """Which run a page speaks of. ``damaged`` names files whose digest differs from the one in run.json."""

    community: str
    community_name: str
    run: int
    newest: int
    environment: str
    as_of: str
    window_from: str
    window_to: str
    window_days: int
    damaged: tuple[str, ...]

    @property
    def simulated(self) -> bool:
        """Return whether the run's data comes from the simulated community."""
        return self.environment == "simulated"


@dataclass(frozen=True, slots=True)
class Share:
    """n of m, each opening to its own roster; None where the row or part has no such number."""

    n: Figure | None
    m: Figure | None
    unit: str
    complete_n: int = 0
    complete_m: int = 0


@dataclass(frozen=True, slots=True)
class RowLine:
    """One of the 76 rows as the form prints it. ``met`` is None for О 未证实; ``mark`` is √ or О."""

    no: int
    href: str
    level1: str
    level2: str
    content: str
    type: str
    points: Figure
    met: bool | None
    mark: str
    floor: Figure
    ceiling: Figure | None
    share: Share
    origin: str
    status: str
    sentence: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Level2:
    """Consecutive rows under one second-level heading."""

    name: str
    rows: tuple[RowLine, ...]


@dataclass(frozen=True, slots=True)
class Level1:
    """Consecutive second-level groups under one first-level heading."""

    name: str
    groups: tuple[Level2, ...]


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """How many ★ rows of a grade are met."""

    grade: str
    met: Figure
    of: Figure


@dataclass(frozen=True, slots=True)
class TotalFigure:
    """One of the totals by its name: floor, ceiling, attested, base or bonus."""

    name: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class PaperLink:
    """A file of the run to be taken away: the declaration, its exhibits."""

    name: str
    href: str


@dataclass(frozen=True, slots=True)
class IndexPage:
    """The form: all rows, their totals and the prerequisites of each grade."""

    head: RunHead
    form_title: str
    totals: tuple[TotalFigure, ...]
    prerequisites: tuple[Prerequisite, ...]
    sections: tuple[Level1, ...]
    papers: tuple[PaperLink, ...]


@dataclass(frozen=True, slots=True)
class TotalLine:
    """What one row adds to each total; "" where it adds nothing to that total."""

    no: int
    href: str
    content: str
    type: str
    mark: str
    met: bool | None
    base: Figure | None
    bonus: Figure | None
    ceiling: Figure
    attested: Figure | None


@dataclass(frozen=True, slots=True)
class Sum:
    """A total as stated by the scorecard beside the sum of its rows made for this page."""

    name: str
    stated: Figure
    added: Figure
    agrees: bool


@dataclass(frozen=True, slots=True)
class TotalsPage:
    """Every total with the rows it is the sum of, and the ★ rows by grade."""

    head: RunHead
    lines: tuple[TotalLine, ...]
    sums: tuple[Sum, ...]
    prerequisites: tuple[Prerequisite, ...]


@dataclass(frozen=True, slots=True)
class NamedFigure:
    """A figure under a word of the catalogue: a rung, a roster, a counter."""

    name: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class ValueLine:
    """A stated value a part rests on: a statistic, an attestation, a total of the register."""

    name: str
    unit: str
    value: Figure


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """A document attached by a person; ``href`` is its record."""

    name: str
    sha256: str
    record: Figure


@dataclass(frozen=True, slots=True)
class UnplacedLine:
    """A device whose stated address fits no place of the register."""

    source: str
    device: str
    device_href: str
    address: str
    candidates: tuple[str, ...]
    record: Figure


@dataclass(frozen=True, slots=True)
class PartBlock:
    """One part of a row with everything its verdict rests on. ``empty`` means: nothing was received for it."""

    id: str
    title: str
    href: str
    state: str
    origin: str
    required: bool
    share: Share
    measure: str
    rule: str
    formula: tuple[Segment, ...]
    note: tuple[Segment, ...]
    rungs: tuple[NamedFigure, ...]
    rosters: tuple[NamedFigure, ...]
    values: tuple[ValueLine, ...]
    documents: tuple[DocumentLine, ...]
    unplaced: tuple[UnplacedLine, ...]
    empty: bool


@dataclass(frozen=True, slots=True)
class Assumption:
    """A reading of the form that was assumed, by name."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class RowPage:
    """One row opened: its words, sentence, formula, assumptions and parts."""

    head: RunHead
    row: RowLine
    meaning: str
    formula: tuple[Segment, ...]
    assumptions: tuple[Assumption, ...]
    parts: tuple[PartBlock, ...]
    previous: str | None
    following: str | None
    empty: bool


@dataclass(frozen=True, slots=True)
class PartPage:
    """One part of a row on its own."""

    head: RunHead
    row: RowLine
    part: PartBlock


@dataclass(frozen=True, slots=True)
class ShownLine:
    """What one device shows: its value and the records that carry it."""

    source: str
    device: str
    device_href: str
    capability: str
    shown_by: str
    rung: str
    value: str
    day: str
    note: str
    records: tuple[Figure, ...]
    more: Figure | None


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One line of a roster. ``roster`` says where it stands, also on the page of all lines."""

    place: str
    label: str
    roster: str
    reason: str
    register: Figure | None
    shown: tuple[ShownLine, ...]


@dataclass(frozen=True, slots=True)
class Pager:
    """Where one stands in a long list; hrefs are None at the ends."""

    page: int
    pages: int
    total: int
    previous: str | None
    following: str | None


@dataclass(frozen=True, slots=True)
class RosterPage:
    """One roster of one part, 200 lines a page. ``rung`` narrows the list of all lines, else it is ""."""

    head: RunHead
    row: RowLine
    part: PartBlock
    roster: str
    rung: str
    entries: tuple[EntryLine, ...]
    pager: Pager
    empty: bool
