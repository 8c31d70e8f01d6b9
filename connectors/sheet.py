"""A sheet as it was delivered: its lines of text, each with its number in the file; and what is wrong with a line."""

from __future__ import annotations

import csv
from dataclasses import dataclass

LARGEST_BYTES = 32 * 1024 * 1024
"""A register file larger than this is no register; nothing of it is read."""

MOST_LINES = 100_000


class RegisterError(ValueError):
    """A sheet cannot be used at all; the message names sheet, column, what was found, and the mend."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one row.

    ``row`` is its index among the rows read, from 0; ``line`` its number in the file, from 1. ``spoils`` says that
    the frame is not what the sheet means it to be: a place is not in it, or lacks a cell that decides what it counts
    for.
    """

    where: str
    row: int
    line: int
    column: str
    value: str
    mend: str
    spoils: bool

    def __str__(self) -> str:
        """Return the problem as one line in Chinese: sheet, row, column, value and mend."""
        shown = f"“{' '.join(self.value.split())[:60]}”" if self.value.strip() else "空白"
        return f"{self.where} 第{self.line}行“{self.column}”列：{shown}；{self.mend}"


@dataclass(frozen=True, slots=True)
class Grid:
    """The lines of one sheet that hold anything: (number in the file from 1, cells as text, none empty at the end).

    ``tab`` says that it is a tab of a workbook. In a CSV file a line longer than the header is a mistake; beside a
    table in a workbook people write notes.
    """

    name: str
    lines: tuple[tuple[int, tuple[str, ...]], ...]
    tab: bool

    def pointer(self, line: int) -> str:
        """Return how a record's pointer names a line of this sheet."""
        return f"{self.name} 第{line}行" if self.tab else f"line {line}"


def read_csv(payload: bytes, name: str) -> Grid:
    """Return the lines of a CSV file as stored; ``name`` is its file name, for messages.

    UTF-8 with or without a byte order mark, else GBK (GB 18030). A line is a record of the file, which may run over
    several lines of text. Raises RegisterError for any other bytes, too many of them, or an open quotation mark.
    """
    if len(payload) > LARGEST_BYTES:
        raise RegisterError(f"{name}：文件有 {len(payload)} 字节，超过 {LARGEST_BYTES}；请分成几张表")
    text = _decode(payload, name).replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    reader = csv.reader([f"{line}\n" for line in text.split("\n")], strict=True)
    lines = []
    try:
        for number, cells in enumerate(reader, 1):
            if number > MOST_LINES:
                raise RegisterError(f"{name}：超过 {MOST_LINES} 行；请分成几张表")
            if any(cell.strip() for cell in cells):
                lines.append((number, trim(cells)))
    except csv.Error as error:
        raise RegisterError(f"{name} 第{reader.line_num}行：不是完整的CSV（{error}）；请检查引号后重新另存") from None
    return Grid(name, tuple(lines), tab=False)


def trim(cells: list[str]) -> tuple[str, ...]:
    """Return the cells without the empty ones at the end."""
    count = len(cells)
    while count and not cells[count - 1].strip():
        count -= 1
    return tuple(cells[:count])


def _decode(payload: bytes, name: str) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = payload.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise RegisterError(f"{name}：既不是 UTF-8 也不是 GBK 文本；请另存为 CSV（UTF-8）再导入")
