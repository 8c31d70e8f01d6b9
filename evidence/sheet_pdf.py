"""Prints a book of sheets as PDF: A4, one font that shows Chinese, legible in black and white, the same bytes always.

The text is laid out first, so that the contents know every page and each page its number and their sum; then it is
drawn. Only the characters used are embedded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from importlib.resources import as_file, files
from itertools import zip_longest

from fpdf import FPDF, TextMode
from fpdf.fonts import TTFFont

from evidence.chart import draw_chart
from evidence.paper import REPLACEMENT, printable
from evidence.sheet import WIDTH_MM, Block, Book, Charts, Grid, Heading, Sheet, Text

FONT_PACKAGE, FONT_FILE = "pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf"
FONT = "noto"
LEFT_MM, TOP_MM, BOTTOM_MM = 15.0, 19.0, 279.0
MM_PER_POINT = 25.4 / 72
LEADING = 1.38
PAD_MM, PAD_UPRIGHT_MM = 1.1, 0.45
SHADE = 0.92
HAIR_MM = 0.12
GAP_MM = 1.2
CHART_HEIGHT_MM, CHARTS_ABREAST = 25.0, 3
SHRINKS = (1.0, 0.94, 0.88)
"""How small the text may become so that a sheet stays on one page; one that still does not takes several, full size."""
TALLEST_CELL = 40
"""Lines a cell may have; what is longer ends in an ellipsis, its whole text stands in the run's files."""

_HEADINGS = {1: (13.0, 2.0), 2: (9.0, 0.5)}
_WORD = re.compile(r"[!-~\u00a0-\u024f]+|.", re.DOTALL)
_NEVER_FIRST = frozenset("，。、；：！？）》〉】」』”’％%…·,.;:!?)]}")
_NEVER_LAST = frozenset("（《〈【「『“‘([{#")
_UNSHOWN = "□"

Ink = Callable[[], None]


@dataclass(slots=True)
class _Page:
    """One page as laid out: what to draw, and the outline entries that begin on it."""

    ink: list[Ink] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)


def print_book(book: Book, created: datetime) -> bytes:
    """Return the book as PDF bytes: the same bytes for the same book and the same ``created``."""
    # A font package may lie inside a zip; fpdf2 asks for a path.
    with as_file(files(FONT_PACKAGE) / FONT_FILE) as font:
        press = Press(font.as_posix(), book.title, created)
        try:
            return press.print(book)
        finally:
            press.close()


class Press:
    """Lays sheets out on pages, then draws them."""

    def __init__(self, font: str, title: str, created: datetime) -> None:
        self.pdf = FPDF(format="A4")
        self.pdf.set_auto_page_break(auto=False)
        self.pdf.add_font(FONT, fname=font)
        self.pdf.set_title(title)
        self.pdf.set_author("智证")
        self.pdf.set_creator("智证")
        self.pdf.set_lang("zh-CN")
        self.pdf.set_creation_date(created)
        self.pdf.set_font(FONT, size=10)
        face = self.pdf.fonts[FONT]
        self._face = face if isinstance(face, TTFFont) else None
        self._known = self._face.cmap if self._face else {}
        self._ems: dict[str, float] = {}
        self._pages: list[_Page] = []
        self._y = TOP_MM

    def print(self, book: Book) -> bytes:
        """Return the printed book; a press prints one book."""
        front = len(self._lay_out(book.front([0] * len(book.sheets)))[1])
        starts, pages = self._lay_out(book.sheets)
        _, first = self._lay_out(book.front([front + start for start in starts]))
        all_pages = [*first, *pages]
        for number, page in enumerate(all_pages, 1):
            self.pdf.add_page()
            for mark in page.marks:
                self.pdf.start_section(mark)
            self._draw_edges(book, f"第 {number} 页　共 {len(all_pages)} 页")
            for ink in page.ink:
                ink()
        return bytes(self.pdf.output())

    def close(self) -> None:
        """Close the font's file."""
        if self._face:
            self._face.close()

    def _draw_edges(self, book: Book, number: str) -> None:
        right = LEFT_MM + WIDTH_MM
        for y, left_text, right_text in ((12.0, book.head, book.stamp), (287.5, book.foot, number)):
            room = WIDTH_MM - self.measure(right_text, 7.5) - 2
            self.write(LEFT_MM, y, 7.5, self.fit(left_text, 7.5, room))
            self.write(right - self.measure(right_text, 7.5), y, 7.5, right_text)
        self.rule(LEFT_MM, 14.0, right, 14.0)
        self.rule(LEFT_MM, 283.0, right, 283.0)

    # ------------------------------------------------------------ layout

    def _lay_out(self, sheets: Sequence[Sheet]) -> tuple[list[int], list[_Page]]:
        """Return the page on which each sheet begins (from 1), and the pages."""
        pages: list[_Page] = []
        starts = []
        for sheet in sheets:
            starts.append(len(pages) + 1)
            for shrink in SHRINKS:
                self._lay_out_sheet(sheet, shrink)
                if len(self._pages) == 1:
                    break
            else:
                self._lay_out_sheet(sheet, 1.0)
            self._pages[0].marks.append(self.clean(sheet.mark))
            pages += self._pages
        return starts, pages

    def _lay_out_sheet(self, sheet: Sheet, shrink: float) -> None:
        self._pages = []
        self._turn()
        blocks = [_shrink(block, shrink) for block in sheet.blocks]
        for block, following in zip_longest(blocks, blocks[1:]):
            self._place(block, following)

    def _turn(self) -> None:
        self._pages.append(_Page())
        self._y = TOP_MM

    def _need(self, height: float) -> None:
        if self._y + height > BOTTOM_MM and self._y > TOP_MM:
            self._turn()

    def _add(self, ink: Ink) -> None:
        self._pages[-1].ink.append(ink)

    def _place(self, block: Block, following: Block | None) -> None:
        if isinstance(block, Heading):
            self._place_heading(block, following)
        elif isinstance(block, Text):
            for line in self.wrap(block.text, block.size, WIDTH_MM):
                self._need(_line_mm(block.size))
                self._add(partial(self.write, LEFT_MM, self._y + _rise_mm(block.size), block.size, line))
                self._y += _line_mm(block.size)
            self._y += GAP_MM
        elif isinstance(block, Grid):
            self._place_grid(block)
        else:
            self._place_charts(block)

    def _place_heading(self, heading: Heading, following: Block | None) -> None:
        size, above = _HEADINGS[heading.level]
        height = _line_mm(size)
        # A heading does not stay behind at a page's foot.
        self._need(above + height + (CHART_HEIGHT_MM if isinstance(following, Charts) else 12.0))
        self._y += above if self._y > TOP_MM else 0
        right = self.fit(heading.right, 8.5, WIDTH_MM / 2)
        room = WIDTH_MM - self.measure(right, 8.5) - 3
        y = self._y + _rise_mm(size)
        self._add(partial(self.write, LEFT_MM, y, size, self.fit(heading.text, size, room), bold=True))
        if right:
            self._add(partial(self.write, LEFT_MM + WIDTH_MM - self.measure(right, 8.5), y, 8.5, right))
        self._y += height + 0.4

    def _place_grid(self, grid: Grid) -> None:
        total = sum(grid.widths)
        widths = [WIDTH_MM * width / total for width in grid.widths]
        head = self._cells(widths, grid.head, grid.head_size) if grid.head else []
        head_mm = _row_mm(head, grid.head_size) if head else 0.0
        for index, row in enumerate(grid.rows):
            cells = self._cells(widths, row, grid.size)
            leads = index == 0
            if self._y + _row_mm(cells, grid.size) + (head_mm if leads else 0) > BOTTOM_MM:
                self._need(BOTTOM_MM)
                leads = True
            if leads and head:
                self._place_row(widths, head, grid.head_size, shaded=len(widths))
            self._place_row(widths, cells, grid.size, shaded=int(grid.labels), centred=grid.centred)
        self._y += GAP_MM

    def _cells(self, widths: Sequence[float], row: Sequence[str], size: float) -> list[list[str]]:
        cells = []
        for text, width in zip(row, widths, strict=True):
            lines = self.wrap(text, size, width - 2 * PAD_MM)
            cells.append(lines if len(lines) <= TALLEST_CELL else [*lines[: TALLEST_CELL - 1], "……"])
        return cells

    def _place_row(
        self,
        widths: Sequence[float],
        cells: Sequence[list[str]],
        size: float,
        *,
        shaded: int,
        centred: frozenset[int] = frozenset(),
    ) -> None:
        height, x = _row_mm(cells, size), LEFT_MM
        for column, (lines, width) in enumerate(zip(cells, widths, strict=True)):
            self._add(partial(self.box, x, self._y, width, height, shaded=column < shaded))
            for number, line in enumerate(lines):
                middle = column < shaded or column in centred
                indent = (width - self.measure(line, size)) / 2 if middle else PAD_MM
                y = self._y + PAD_UPRIGHT_MM + number * _line_mm(size) + _rise_mm(size)
                self._add(partial(self.write, x + indent, y, size, line))
            x += width
        self._y += height

    def _place_charts(self, block: Charts) -> None:
        wide = (WIDTH_MM - (CHARTS_ABREAST - 1) * 3) / CHARTS_ABREAST
        for start in range(0, len(block.charts), CHARTS_ABREAST):
            self._need(CHART_HEIGHT_MM)
            for place, chart in enumerate(block.charts[start : start + CHARTS_ABREAST]):
                x = LEFT_MM + place * (wide + 3)
                self._add(partial(draw_chart, self, chart, x, self._y, wide, CHART_HEIGHT_MM))
            self._y += CHART_HEIGHT_MM + GAP_MM

    # ------------------------------------------------------------ text

    def clean(self, text: str) -> str:
        """Return the text as the font can show it, with a box for each character it has not."""
        shown = printable(text).replace("\t", " ").replace(REPLACEMENT, _UNSHOWN)
        return "".join(char if char == "\n" or ord(char) in self._known else _UNSHOWN for char in shown)

    def measure(self, text: str, size: float) -> float:
        """Return the text's width in millimetres at ``size`` points."""
        for char in text:
            if char not in self._ems:
                self._ems[char] = self.pdf.get_string_width(char) / self.pdf.font_size_pt
        return sum(self._ems[char] for char in text) * size

    def fit(self, text: str, size: float, width: float) -> str:
        """Return the text on one line, cut with an ellipsis where it is wider than ``width`` millimetres."""
        line = self.clean(text).replace("\n", " ")
        if self.measure(line, size) <= width:
            return line
        while line and self.measure(line + "…", size) > width:
            line = line[:-1]
        return line + "…"

    def wrap(self, text: str, size: float, width: float) -> list[str]:
        """Return the text in lines of at most ``width`` millimetres; words and punctuation stay where they belong."""
        return [line for part in self.clean(text).split("\n") for line in self._wrap_part(part, size, width)]

    def _wrap_part(self, text: str, size: float, width: float) -> Iterator[str]:
        line: list[str] = []
        used = 0.0
        for piece in self._pieces(text, size, width):
            wide = self.measure(piece, size)
            if line and used + wide > width:
                carried: list[str] = []
                while len(line) > 1 and ((carried or [piece])[0][0] in _NEVER_FIRST or line[-1][-1] in _NEVER_LAST):
                    carried.insert(0, line.pop())
                yield "".join(line).rstrip()
                line = carried
                used = self.measure("".join(line), size)
                if not line and piece == " ":
                    continue
            line.append(piece)
            used += wide
        yield "".join(line).rstrip()

    def _pieces(self, text: str, size: float, width: float) -> Iterator[str]:
        """Yield words and single characters; a word wider than the line comes in characters."""
        for match in _WORD.finditer(text):
            if self.measure(match[0], size) <= width:
                yield match[0]
            else:
                yield from match[0]

    # ------------------------------------------------------------ drawing, lengths from the page's top left corner

    def write(self, x: float, y: float, size: float, text: str, *, bold: bool = False) -> None:
        """Write one clean line with its baseline at ``y``; bold is drawn by outlining, there is one font only."""
        self.pdf.set_font_size(size)
        if not bold:
            self.pdf.text(x, y, text)
            return
        with self.pdf.local_context(text_mode=TextMode.FILL_STROKE, line_width=0.25):
            self.pdf.text(x, y, text)

    def rule(self, x1: float, y1: float, x2: float, y2: float, *, dashed: bool = False) -> None:
        """Draw a hair line."""
        self.pdf.set_line_width(HAIR_MM)
        dash = 0.8 if dashed else 0
        self.pdf.set_dash_pattern(dash, dash)
        self.pdf.line(x1, y1, x2, y2)

    def box(self, x: float, y: float, width: float, height: float, *, shaded: bool) -> None:
        """Draw a rectangle with a hair line around it."""
        self.pdf.set_line_width(HAIR_MM)
        self.pdf.set_dash_pattern()
        self.pdf.set_fill_color(round(255 * SHADE))
        self.pdf.rect(x, y, width, height, style="DF" if shaded else "D")


def _shrink(block: Block, factor: float) -> Block:
    if isinstance(block, Text):
        return replace(block, size=block.size * factor)
    if isinstance(block, Grid):
        return replace(block, size=block.size * factor, head_size=block.head_size * factor)
    return block


def _line_mm(size: float) -> float:
    return size * MM_PER_POINT * LEADING


def _rise_mm(size: float) -> float:
    """Return how far below a line's top its baseline lies."""
    return size * MM_PER_POINT * 1.05


def _row_mm(cells: Sequence[list[str]], size: float) -> float:
    return max(len(lines) for lines in cells) * _line_mm(size) + PAD_UPRIGHT_MM * 2.4
