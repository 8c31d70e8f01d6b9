"""A workbook as stored bytes, to the lines of its tabs: .xlsx through openpyxl, .xls through xlrd.

Nothing is computed: of a formula the value that was stored with it is taken, and one without a stored value shows as
its own text, which no column accepts. What a merged cell holds, it holds for every cell it covers. Numbers become the
text a person sees (101.0 is 101); those that no longer hold all their digits show as 3.11E+19, which no code column
accepts either.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time

# In memory: touches neither file nor network, see the rule of purity.
from io import BytesIO
from typing import Any
from zipfile import BadZipFile, ZipFile

import openpyxl
import xlrd
from openpyxl.cell.cell import Cell
from openpyxl.utils.cell import range_boundaries
from openpyxl.worksheet.worksheet import Worksheet

from connectors.sheet import LARGEST_BYTES, MOST_LINES, Grid, RegisterError, trim

SUFFIXES = (".xlsx", ".xlsm", ".xls")
LARGEST_UNPACKED = 96 * 1024 * 1024
MOST_PARTS = 2_000
MOST_CELLS = 2_000_000
"""Of one tab, empty ones up to its last cell included."""

MOST_COVERED = 500_000
"""So many cells may be covered by merged ranges and links: openpyxl makes each one of them."""

EXACT_BELOW = 10**15
"""A workbook keeps fifteen digits of a number; of a longer code the rest is gone."""

_XLSX, _XLS = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_FORBIDDEN = (b"<!DOCTYPE", b"<!ENTITY")
_ENCODING = re.compile(rb"""encoding\s*=\s*["'](?!utf-8["'])""", re.IGNORECASE)
_RANGES = re.compile(rb"""<(?:\w+:)?(?:mergeCell|hyperlink)\s[^>]*?\bref\s*=\s*["']([^"']*)["']""")

Span = tuple[int, int, int, int]
"""A merged range: first and last row, first and last column, from 1."""


def is_workbook(payload: bytes) -> bool:
    """Return whether bytes begin as a workbook does, .xlsx or .xls."""
    return payload.startswith((_XLSX, _XLS))


def read_workbook(payload: bytes, name: str, only: str | None = None) -> tuple[Grid, ...]:
    """Return the tabs of a workbook in their order, or the ``only`` one; ``name`` is the file's, for messages.

    Raises RegisterError for bytes that are no workbook, are locked by a password, or hold more than a register may.
    """
    if len(payload) > LARGEST_BYTES:
        raise RegisterError(f"{name}：文件有 {len(payload)} 字节，超过 {LARGEST_BYTES}；请删去图片或拆成几个文件")
    if not is_workbook(payload):
        raise RegisterError(f"{name}：不是 Excel 工作簿；请另存为 .xlsx 再导入")
    read = _read_xlsx if payload.startswith(_XLSX) else _read_xls
    try:
        with warnings.catch_warnings():
            # What the libraries warn of (styles, validation they do not know) changes no cell.
            warnings.simplefilter("ignore")
            return tuple(read(payload, name, only))
    except RegisterError:
        raise
    except Exception as error:  # noqa: BLE001 - a damaged file makes the libraries raise whatever they trip over
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise RegisterError(f"{name}：工作簿打不开（{reason}）；有密码的请去掉密码，再另存为 .xlsx") from None


# ---------------------------------------------------------------- .xlsx


def _read_xlsx(payload: bytes, name: str, only: str | None) -> Iterable[Grid]:
    _check_package(payload, name)
    book = openpyxl.load_workbook(BytesIO(payload), keep_links=False)
    tabs = [tab for tab in book.worksheets if only is None or tab.title == only]
    for tab in tabs:
        if tab.max_row > MOST_LINES or tab.max_row * tab.max_column > MOST_CELLS:
            raise RegisterError(
                f"{name} {tab.title}：一直用到 {tab.max_row} 行 {tab.max_column} 列；"
                f"请删去表格下方和右侧的空行空列（最多 {MOST_LINES} 行）"
            )
    grids = [_grid_of(tab) for tab in tabs]
    formulas = [[(row, column) for row, column, text in _marked(grid)] for grid in grids]
    if any(formulas):
        # Read again for the values stored with the formulas.
        values = openpyxl.load_workbook(BytesIO(payload), keep_links=False, data_only=True)
        for tab, grid, places in zip(tabs, grids, formulas, strict=True):
            for row, column in places:
                stored = _text(values[tab.title].cell(row, column).value)
                grid[row - 1][column - 1] = stored or grid[row - 1][column - 1].removeprefix(_FORMULA)
    for tab, grid in zip(tabs, grids, strict=True):
        spans = [(one.min_row, one.max_row, one.min_col, one.max_col) for one in tab.merged_cells.ranges]
        _spread(grid, spans)
        yield _finish(tab.title, grid)


_FORMULA = "\x00"
"""Marks a formula until its value is known; no cell can hold it."""


def _grid_of(tab: Worksheet) -> list[list[str]]:
    return [[_cell(cell) for cell in row] for row in tab.iter_rows()]


def _cell(cell: Any) -> str:
    if isinstance(cell, Cell) and cell.data_type == "f":
        formula = cell.value if isinstance(cell.value, str) else getattr(cell.value, "text", None)
        return _FORMULA + str(formula or "=")
    return _text(cell.value)


def _marked(grid: list[list[str]]) -> Iterable[tuple[int, int, str]]:
    for row, cells in enumerate(grid, 1):
        for column, text in enumerate(cells, 1):
            if text.startswith(_FORMULA):
                yield row, column, text


def _check_package(payload: bytes, name: str) -> None:
    """Refuse a package that unpacks to too much, holds a DTD, or covers more cells than anybody fills in.

    ZipFile reads no more of a part than it declares. What the parts say is looked at as bytes, so they must be UTF-8.
    """
    try:
        with ZipFile(BytesIO(payload)) as package:
            parts = package.infolist()
            size = sum(part.file_size for part in parts)
            if len(parts) > MOST_PARTS or size > LARGEST_UNPACKED:
                raise RegisterError(
                    f"{name}：解压后有 {len(parts)} 个部分、{size} 字节，超过 {LARGEST_UNPACKED}；"
                    "请删去图片和用不到的表，再另存"
                )
            for part in parts:
                text = package.read(part) if part.filename.endswith((".xml", ".rels", ".vml")) else b""
                if any(word in text for word in _FORBIDDEN) or b"\x00" in text[:200] or _ENCODING.search(text[:200]):
                    raise RegisterError(f"{name}：{part.filename} 不像 Excel 写的内容；请用 Excel 或 WPS 重新另存")
                if sum(_area(ref.decode("ascii", "replace")) for ref in _RANGES.findall(text)) > MOST_COVERED:
                    raise RegisterError(f"{name}：合并单元格或链接的范围太大；请取消整行整列的合并后再导入")
    except BadZipFile as error:
        raise RegisterError(f"{name}：工作簿不完整（{error}）；请重新拷贝或另存") from None


def _area(ref: str) -> int:
    """Return how many cells a range covers; one that is not plainly written covers too many."""
    try:
        left, top, right, below = range_boundaries(ref)
        return (int(right or 0) - int(left or 0) + 1) * (int(below or 0) - int(top or 0) + 1)
    except (ValueError, TypeError):
        return MOST_COVERED + 1


# ---------------------------------------------------------------- .xls


class _Silence:
    """Where xlrd writes its remarks."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None: ...


def _read_xls(payload: bytes, name: str, only: str | None) -> Iterable[Grid]:
    # Only with its formats does xlrd tell which cells are merged.
    book = xlrd.open_workbook(file_contents=payload, formatting_info=True, logfile=_Silence())
    for tab in book.sheets():
        if only is not None and tab.name != only:
            continue
        if tab.nrows * tab.ncols > MOST_CELLS:
            raise RegisterError(f"{name} {tab.name}：有 {tab.nrows} 行 {tab.ncols} 列；请删去空行空列")
        grid = [
            [_xls_text(tab.cell(row, column), book.datemode) for column in range(tab.ncols)] for row in range(tab.nrows)
        ]
        _spread(grid, [(top + 1, below, left + 1, right) for top, below, left, right in tab.merged_cells])
        yield _finish(tab.name, grid)


def _xls_text(cell: Any, datemode: Any) -> str:
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, "#VALUE!"))
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return _text(bool(cell.value))
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            return _text(xlrd.xldate_as_datetime(cell.value, datemode))
        except (ValueError, OverflowError):
            return "#VALUE!"
    return _text(cell.value)


# ---------------------------------------------------------------- cells


def _text(value: object) -> str:
    """Return what a person sees in a cell; a date as 2026年3月2日, so that no code can be taken for one."""
    match value:
        case None:
            text = ""
        case bool():
            text = "true" if value else "false"
        case int() | float():
            text = _number(value)
        case datetime():
            day = _text(value.date())
            text = day if value.time() == time() else f"{day} {value.time().isoformat()}"
        case date():
            text = f"{value.year}年{value.month}月{value.day}日"
        case _:
            text = str(value)
    return text


def _number(value: float) -> str:
    if abs(value) >= EXACT_BELOW:
        return f"{value:.14E}".replace(".00000000000000E", "E")
    return str(int(value)) if value == int(value) else repr(value)


def _spread(grid: list[list[str]], spans: Sequence[Span]) -> None:
    """Give every cell of a merged range the text of its first one."""
    left = MOST_CELLS
    for top, below, first, last in spans:
        if top > len(grid) or first > len(grid[top - 1]):
            continue
        text = grid[top - 1][first - 1]
        for row in grid[top - 1 : below]:
            covered = range(first - 1, min(last, len(row)))
            left -= len(covered)
            if left < 0:
                raise RegisterError("合并单元格太多；请取消合并后再导入")
            for column in covered:
                row[column] = text


def _finish(name: str, grid: list[list[str]]) -> Grid:
    lines = ((number, trim(cells)) for number, cells in enumerate(grid, 1))
    return Grid(name, tuple((number, cells) for number, cells in lines if cells), tab=True)
