"""From a sheet as delivered to the rows of a register: finds the header, leaves out what is no row, and says so.

People put titles above a table and sums below it. Whatever stands above the header is no row; what looks like one
there is a problem, so that nothing a person filled in is passed over in silence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.register_columns import COLUMNS, SHEETS, TOTALS, known_headers
from connectors.sheet import Grid, Problem, RegisterError

HEADER_WITHIN = 30
"""So many lines with anything in them are looked through for the header."""

EXAMPLE = "例："
"""What a cell of an example begins with."""

NUMBERS_SHOWN = 8
_EXAMPLE = re.compile("例[:：]|示例")
_SUM = re.compile(r"(?:.{0,12}(?:栋|楼|座|元|区))?[（(]?(?:合计|小计|总计|共计)[）)]?[：:]?[0-9.,、 ]*[一-龥]?")
_PROSE = re.compile("[：:，。；]")
_DIGIT = re.compile("[0-9０-９]")
_NONE = frozenset({"无", "没有", "本小区没有"})


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one sheet by header, and how each is found again.

    ``lines`` are their numbers in the file. ``stated`` is False for a tab in which nothing is filled in: it says
    nothing of how many there are. ``notes`` are lines that were left out, in Chinese.
    """

    grid: Grid
    rows: tuple[Mapping[str, str], ...]
    lines: tuple[int, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    stated: bool = True

    def pointer(self, row: int) -> str:
        """Return the pointer of a row, by its index."""
        return self.grid.pointer(self.lines[row])


def read_table(kind: str, grid: Grid) -> Table:
    """Return the rows of a sheet that lists one kind of place (or the totals).

    A single row that says 无 states that there is none. Raises RegisterError for a sheet without header, a known
    column that is there twice, or a line of a CSV file that is longer than the header.
    """
    if not grid.lines and grid.tab:
        return Table(grid, (), (), stated=False)
    at, header, names = _find_header(kind, grid)
    rows: list[Mapping[str, str]] = []
    lines: list[int] = []
    left_out: dict[str, list[int]] = {}
    # A required column that is missing explains a longer line, and is told of by whoever reads the rows.
    strict = not grid.tab and {one.key for one in COLUMNS[kind] if one.required} <= set(names.values())
    for number, cells in grid.lines[at + 1 :]:
        if len(cells) > len(header) and strict:
            raise RegisterError(f"{grid.name} 第{number}行：比表头多出单元格；内容里有逗号的，请加引号")
        row = _row(header, cells)
        known = [row[name].strip() for name in names if row.get(name, "").strip()]
        why = _why_no_row(kind, next(cell.strip() for cell in cells if cell.strip()), known)
        if why:
            left_out.setdefault(why, []).append(number)
        elif known and not (kind == TOTALS and _has_no_value(row, names)):
            rows.append(row)
            lines.append(number)
    notes = [f"{grid.name} {_numbers(numbers)}：{why}，没有读入" for why, numbers in left_out.items()]
    if len(rows) == 1 and {cell.strip() for name, cell in rows[0].items() if name in names and cell.strip()} <= _NONE:
        return Table(grid, (), (), notes=(*notes, f"{grid.name} 第{lines[0]}行：写明没有，按 0 个计"))
    above = _above(kind, grid, at, header, names)
    stated = bool(rows or above) or not grid.tab
    return Table(grid, tuple(rows), tuple(lines), tuple(above), tuple(notes), stated=stated)


def _find_header(kind: str, grid: Grid) -> tuple[int, list[str], dict[str, str]]:
    """Return the index of the header line, its names, and the column key of each that is known."""
    best: tuple[int, list[str], dict[str, str]] | None = None
    for index, (_, cells) in enumerate(grid.lines[:HEADER_WITHIN]):
        header = [cell.strip() for cell in cells]
        names = known_headers(kind, header)
        if names and (best is None or len(names) > len(best[2])):
            best = (index, header, names)
    if best is None:
        wanted = "、".join(column.headers[0] for column in COLUMNS[kind] if column.required)
        found = "、".join(cell.strip() for _, cells in grid.lines[:1] for cell in cells if cell.strip())
        raise RegisterError(
            f"{grid.name}：没有找到{SHEETS[kind][0]}表的表头；请在一行里写列名，至少有 {wanted}；"
            f"现在第一行是：{found or '空的'}"
        )
    twice = next((name for name in best[2] if best[1].count(name) > 1), None)
    if twice is not None:
        raise RegisterError(f"{grid.name}：“{twice}”列有两个；请删去或改名一个")
    return best


def _row(header: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    row: dict[str, str] = {}
    for name, cell in zip(header, (*cells, *[""] * (len(header) - len(cells))), strict=False):
        if name:
            row.setdefault(name, cell)
    return row


def _why_no_row(kind: str, first: str, known: Sequence[str]) -> str:
    """Return why a line below the header is no row, "" where it is one; ``first`` is its first cell with text."""
    if any(_SUM.fullmatch(cell) for cell in (first, *known)):
        return "合计行"
    if any(_EXAMPLE.match(cell) for cell in known):
        return "示例行"
    if len(known) > 1 and len(known_headers(kind, known)) == len(known):
        return "重复的表头"
    return ""


def _above(kind: str, grid: Grid, at: int, header: Sequence[str], names: Mapping[str, str]) -> list[Problem]:
    """Return what stands above the header and would be a row below it: its required cells are there, and no prose."""
    required = {column.key for column in COLUMNS[kind] if column.required}
    problems = []
    for number, cells in grid.lines[:at]:
        row = {name: cell.strip() for name, cell in _row(header, cells).items() if name in names and cell.strip()}
        values = [cell for name, cell in row.items() if names[name] in required]
        # One text all over is a title in merged cells.
        if len(set(row.values())) < 2 or len(values) < len(required):
            continue
        if any(_PROSE.search(value) for value in values) or not any(_DIGIT.search(value) for value in values):
            continue
        column, value = next(iter(row.items()))
        mend = "这一行在表头上面，没有读入；请移到表头下面"
        problems.append(Problem(grid.name, -1, number, column, value, mend, spoils=True))
    return problems


def _has_no_value(row: Mapping[str, str], names: Mapping[str, str]) -> bool:
    """Return whether a total has a name alone, as the template writes it: it is not stated."""
    return any(key == "value" and not row.get(name, "").strip() for name, key in names.items())


def _numbers(lines: Sequence[int]) -> str:
    shown = "、".join(str(line) for line in lines[:NUMBERS_SHOWN])
    return f"第{shown}行" if len(lines) <= NUMBERS_SHOWN else f"第{shown}等{len(lines)}行"
