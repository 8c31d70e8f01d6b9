"""A clerk of the property office, who fills in the attesting workbook as it says itself, through openpyxl."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

HEADERS = 3


class Clerk:
    """Opens a workbook, finds cells by the words beside them, and saves it under another name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.book = openpyxl.load_workbook(path)

    def columns(self, sheet: str) -> dict[str, int]:
        """Return the columns of a sheet by header."""
        return {str(cell.value): int(cell.column or 0) for cell in self.tab(sheet)[HEADERS] if cell.value}

    def tab(self, sheet: str) -> Worksheet:
        """Return a sheet."""
        tab = self.book[sheet]
        assert isinstance(tab, Worksheet)
        return tab

    def find(self, sheet: str, **where: object) -> int:
        """Return the line in which these columns hold these values."""
        columns = self.columns(sheet)
        for number in range(HEADERS + 1, self.tab(sheet).max_row + 1):
            if all(self.tab(sheet).cell(number, columns[header]).value == value for header, value in where.items()):
                return number
        raise AssertionError(f"{sheet}: no line has {where}")

    def fill(self, sheet: str, line: int, **cells: object) -> None:
        """Fill in a line by headers; 有无 stands for 有/无."""
        columns = self.columns(sheet)
        for header, value in cells.items():
            self.tab(sheet).cell(line, columns[header.replace("有无", "有/无")]).value = value  # type: ignore[assignment]

    def attest(self, row: int, part: str, **cells: object) -> int:
        """Fill in the line of one part; return its number."""
        line = self.find("佐证", 指标序号=row, 分项代码=part)
        self.fill("佐证", line, **cells)
        return line

    def survey(self, **cells: object) -> None:
        """Fill in the survey by the names in column A."""
        tab = self.tab("满意度调查")
        lines = {str(tab.cell(number, 1).value): number for number in range(1, tab.max_row + 1)}
        for name, value in cells.items():
            tab.cell(lines[name], 2).value = value  # type: ignore[assignment]

    def empty_line(self, sheet: str) -> int:
        """Return the first line of a sheet in which nothing stands."""
        tab = self.tab(sheet)
        return next(
            number
            for number in range(HEADERS + 1, tab.max_row + 1)
            if all(tab.cell(number, column).value is None for column in range(1, tab.max_column + 1))
        )

    def texts(self, sheet: str, header: str) -> list[Any]:
        """Return a column without its empty cells."""
        column = self.columns(sheet)[header]
        found = [self.tab(sheet).cell(number, column).value for number in range(4, self.tab(sheet).max_row + 1)]
        return [value for value in found if value is not None]

    def save(self, name: str = "填好.xlsx") -> Path:
        """Save the workbook beside the one it was made of."""
        path = self.path.with_name(name)
        self.book.save(path)
        return path
