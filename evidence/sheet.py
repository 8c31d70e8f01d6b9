"""What may stand on a printed sheet: headings, text, grids and small charts, with no idea of how they are drawn.

Lengths are millimetres, sizes are points. :mod:`evidence.sheet_pdf` prints a book of such sheets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

WIDTH_MM = 180.0
"""The width of the text: A4 less its margins."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A line above what belongs to it; ``right`` stands at its right end. Level 1 heads a sheet, 2 a section."""

    text: str
    right: str = ""
    level: int = 2


@dataclass(frozen=True, slots=True)
class Text:
    """One paragraph; line feeds in it are kept."""

    text: str
    size: float = 8.5


@dataclass(frozen=True, slots=True)
class Grid:
    """A table. ``widths`` are shares of the page's width; a ``head`` is repeated on every page.

    With ``labels`` the first column is shaded like a head. ``size`` and ``head_size`` are those of the text in the
    cells; ``centred`` names the columns whose text stands in the middle.
    """

    widths: tuple[float, ...]
    rows: tuple[tuple[str, ...], ...]
    head: tuple[str, ...] = ()
    size: float = 8.0
    head_size: float = 7.5
    labels: bool = False
    centred: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Bars:
    """One bar per day, ``most`` being the full height: how many of how many."""

    title: str
    days: tuple[str, ...]
    values: tuple[int, ...]
    most: int


@dataclass(frozen=True, slots=True)
class Band:
    """The lowest and the highest reading of each day, None on days without one."""

    title: str
    days: tuple[str, ...]
    spans: tuple[tuple[Decimal, Decimal] | None, ...]
    unit: str


@dataclass(frozen=True, slots=True)
class Charts:
    """Charts side by side, three to a line."""

    charts: tuple[Bars | Band, ...]


Block = Heading | Text | Grid | Charts


@dataclass(frozen=True, slots=True)
class Sheet:
    """What begins on a new page; ``mark`` is its entry in the reader's outline."""

    mark: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Book:
    """A whole document. ``front`` gives the first sheets once it is told on which page each of the others begins.

    ``head``, ``stamp`` (at the head's right end) and ``foot`` stand on every page, beside the page's number.
    """

    title: str
    head: str
    stamp: str
    foot: str
    front: Callable[[Sequence[int]], tuple[Sheet, ...]]
    sheets: tuple[Sheet, ...]
