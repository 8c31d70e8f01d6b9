"""Where the pages of part three begin, and which cells hang together on each.

A merged cell that runs over a page is blank on the next one. So the rows' heights are reckoned beforehand and stated
in the file: every page ends where it was planned in whatever program draws it, no merged cell reaches beyond its page,
and each page shows every level anew. Lengths are points.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width

from evidence import paper as house

MERGED = ("level1", "level2", "meaning")
_MM = 72 / 25.4
_HEADING = 38.0  # a part's heading above the table
_SUMS = 110.0  # the three sums and the notes below them
_LEAST = 24.0  # the lowest row; more than what a page leaves free, so that the next row never slips onto it
_FREE = 20.0
_CLOSED = 12.0
_LONGEST_WHOLE = 0.7  # a row that takes more than this share of a page may run over to the next one
_FULL_ENOUGH = 0.75  # a page filled this far ends before a group that would not fit whole
_WORDS = re.compile(r"[!-~]+|.")
_NEVER_FIRST = frozenset("，。、；：？！）〕】》”’%℃,.;:!?)]}")
_LATIN = 0.6  # widths as shares of the font's size, on the wide side
_CAPITAL = 0.72
_GAP = 0.25  # between a Latin word and a Chinese one


@dataclass(frozen=True, slots=True)
class Line:
    """How one row is written: at least this high, whole or not, and the columns merged with the row above."""

    height: float
    whole: bool
    merged: frozenset[str]


def plan_lines(
    rows: Sequence[Mapping[str, str]], head: Mapping[str, str], widths_mm: Mapping[str, float]
) -> tuple[float, list[Line]]:
    """Return the height of the table's head and one Line per row; ``widths_mm`` is by the name of the column."""
    head_height = max(_height(head[name], widths_mm[name]) for name in widths_mm)
    page = house.BODY_LANDSCAPE_MM * _MM - head_height - _FREE
    needs = [{name: _height(_shown(row, name), widths_mm[name]) for name in widths_mm} for row in rows]
    planned: list[Line] = []
    room = page - _HEADING
    while len(planned) < len(rows):
        begin = len(planned)
        end = _end_of_page(rows, needs, begin, room)
        heights = _heights(rows, needs, begin, end)
        spare = room - sum(heights)
        if end < len(rows) and spare > 0:
            # A row that may run over would begin in what is left free with a single line of itself.
            closed = spare + (_CLOSED if max(needs[end].values()) > _LONGEST_WHOLE * page else 0.0)
            heights = [height + closed / len(heights) for height in heights]
        planned += [
            Line(height, height <= _LONGEST_WHOLE * page, _merged(rows, index) if index > begin else frozenset())
            for index, height in enumerate(heights, begin)
        ]
        if spare < 0:
            # Where a row that ran over ends is not known well enough: from here on every row shows its own levels.
            rest = [max(_LEAST, *need.values()) for need in needs[end:]]
            planned += [Line(height, height <= _LONGEST_WHOLE * page, frozenset()) for height in rest]
        room = page
    return head_height, planned


def _end_of_page(
    rows: Sequence[Mapping[str, str]], needs: Sequence[Mapping[str, float]], begin: int, room: float
) -> int:
    """Return the index behind the last row of the page that begins with a row."""
    end = begin + 1
    while end < len(rows) and sum(_heights(rows, needs, begin, end + 1)) <= room:
        end += 1
    if end == len(rows) and sum(_heights(rows, needs, begin, end)) + _SUMS <= room:
        return end
    last = end if end < len(rows) else end - 1
    group = next((index for index in range(last, begin, -1) if "level2" not in _merged(rows, index)), begin)
    if end == len(rows):
        # The sums stand below the last rows, not on a page of their own.
        return group if group > begin else end
    full = group > begin and sum(_heights(rows, needs, begin, group)) >= _FULL_ENOUGH * room
    return group if full else end


def _heights(
    rows: Sequence[Mapping[str, str]], needs: Sequence[Mapping[str, float]], begin: int, end: int
) -> list[float]:
    """Return the heights of the rows of one page; what a merged text lacks in its rows is added to the last of them."""
    plain = [name for name in needs[begin] if name not in MERGED]
    heights = [max(_LEAST, *(needs[index][name] for name in plain)) for index in range(begin, end)]
    for name in MERGED:
        first = begin
        for index in range(begin + 1, end + 1):
            if index == end or name not in _merged(rows, index):
                heights[index - 1 - begin] += max(0.0, needs[first][name] - sum(heights[first - begin : index - begin]))
                first = index
    return heights


def _merged(rows: Sequence[Mapping[str, str]], index: int) -> frozenset[str]:
    """Return the columns in which a row says the same as the one above it, within the same level."""
    same = []
    for name in MERGED:
        if index == 0 or rows[index][name] != rows[index - 1][name]:
            break
        same.append(name)
    return frozenset(same)


def _shown(row: Mapping[str, str], name: str) -> str:
    return f"〔76〕{row[name]}" if name == "sentence" else row[name]


def _height(text: str, width_mm: float) -> float:
    room = (width_mm * _MM - house.CELL_SIDES_PT) / house.CELL_FONT_PT
    return count_lines(text, room) * house.CELL_PITCH_PT + house.CELL_ENDS_PT + 0.5


def count_lines(text: str, room: float) -> int:
    """Return how many lines a text takes where ``room`` Chinese characters stand side by side; rather one too many."""
    return sum(1 + sum(1 for _ in _breaks(line, room)) for line in text.split("\n"))


def _breaks(line: str, room: float) -> Iterator[int]:
    """Yield once for every break of a line."""
    filled = last = 0.0
    was_latin = False
    for word in _WORDS.findall(line):
        latin = word[0] < "\u0080"
        wide = sum(map(_width, word)) + (_GAP if latin != was_latin else 0.0)
        if filled + wide <= room:
            filled += wide
        else:
            if filled:
                yield 1
            # A closing mark takes the sign before it along to the next line.
            filled = wide + (last if word in _NEVER_FIRST else 0.0)
            while filled > room:
                yield 1
                filled -= room
        last, was_latin = wide, latin


def _width(sign: str) -> float:
    if east_asian_width(sign) in "WFA" or sign > "\u2000":
        return 1.0
    return _CAPITAL if sign.isupper() or sign in "%@&" else _LATIN
