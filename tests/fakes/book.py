"""Workbooks as people send them, made for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO

from openpyxl import Workbook


def make_book(
    tabs: Mapping[str, Sequence[Sequence[object]]], merged: Mapping[str, Sequence[str]] | None = None
) -> bytes:
    """Return an .xlsx of rows by tab; ``merged`` ranges by tab keep their first cell."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in tabs.items():
        tab = book.create_sheet(name)
        for row in rows:
            tab.append(list(row))
        for cells in (merged or {}).get(name, ()):
            tab.merge_cells(cells)
    return save_book(book)


def save_book(book: Workbook) -> bytes:
    """Return a workbook's bytes."""
    saved = BytesIO()
    book.save(saved)
    return saved.getvalue()
