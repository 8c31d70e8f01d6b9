"""Draws the empty register workbook: the same bytes each time, and every sheet explains itself.

Title, explanation and example stand above the header, where no row can be: whoever leaves them there adds no place.
"""

from __future__ import annotations

import unicodedata
from io import BytesIO

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from collector.register_files import GUIDE_TAB
from collector.register_guide import GUIDE_LINES, PLACES, TOTAL_HINTS
from connectors.column import Column
from connectors.register_columns import COLUMNS, KINDS, SHEETS, TOTALS
from connectors.register_table import EXAMPLE
from evidence.paper import pack_again

HEADER_LINE = 4
LAST_LINE = 30_000
"""Down to this line a sheet offers its lists; more rows may be filled in without them."""

_ALWAYS_THERE = frozenset({"building", "unit", "entrance", "floor", "household", TOTALS})
_FONT = "宋体"
_HEAD = PatternFill("solid", fgColor="1F4E79")
_HEAD_OPTIONAL = PatternFill("solid", fgColor="5B84AD")
_QUIET = PatternFill("solid", fgColor="F2F2F2")
_THIN = Side(style="thin", color="BFBFBF")
_GRID = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_TEXT = "@"
_NARROWEST, _WIDEST = 14, 26
_GUIDE_WIDTH = 92
_LINE_HEIGHT = 15.0
_NOTHING_CHANGES = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    b'<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"/>'
)


def draw_template() -> bytes:
    """Return the workbook as .xlsx bytes."""
    book = Workbook()
    first = book.active
    if first is not None:
        book.remove(first)
    _draw_guide(book.create_sheet(GUIDE_TAB))
    for kind in (*KINDS, TOTALS):
        _draw_sheet(book.create_sheet(SHEETS[kind][0]), kind)
    _fill_totals(book[SHEETS[TOTALS][0]])
    drawn = BytesIO()
    book.save(drawn)
    return pack_again(drawn.getvalue(), {"docProps/core.xml": _NOTHING_CHANGES})


def _draw_guide(sheet: Worksheet) -> None:
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 14, _GUIDE_WIDTH
    sheet.cell(1, 1, "小区台账填表说明").font = Font(name=_FONT, size=16, bold=True)
    for number, (heading, text) in enumerate(GUIDE_LINES, 3):
        head, body = sheet.cell(number, 1, heading), sheet.cell(number, 2, text)
        head.font, body.font = Font(name=_FONT, size=11, bold=True), Font(name=_FONT, size=11)
        head.alignment = body.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.row_dimensions[number].height = _LINE_HEIGHT * _lines(text, _GUIDE_WIDTH) + 6
    after = len(GUIDE_LINES) + 4
    for number, kind in enumerate((*KINDS, TOTALS), after):
        link = sheet.cell(number, 1, SHEETS[kind][0])
        link.hyperlink = f"#'{SHEETS[kind][0]}'!A{HEADER_LINE + 1}"
        link.font = Font(name=_FONT, size=11, color="0563C1", underline="single")
        sheet.cell(number, 2, PLACES[kind][0]).font = Font(name=_FONT, size=11)
    _print_on_paper(sheet)


def _draw_sheet(sheet: Worksheet, kind: str) -> None:
    columns = COLUMNS[kind]
    title, guides = PLACES[kind]
    none = "" if kind in _ALWAYS_THERE else f"。小区没有的，在第{HEADER_LINE + 1}行第一格写“无”"
    sheet.cell(1, 1, f"{SHEETS[kind][0]}：{title}{none}").font = Font(name=_FONT, size=12, bold=True)
    sheet.row_dimensions[1].height = 24
    deepest = 1
    for number, (column, (explanation, example)) in enumerate(zip(columns, guides, strict=True), 1):
        width = _width(explanation)
        letter = get_column_letter(number)
        sheet.column_dimensions[letter].width = width
        # A whole column of text: long codes keep their digits, and 3-2 does not become a date.
        sheet.column_dimensions[letter].number_format = "General" if column.key == "value" else _TEXT
        told = sheet.cell(2, number, f"{explanation}。")
        told.font, told.fill = Font(name=_FONT, size=9, color="595959"), _QUIET
        told.alignment = Alignment(wrap_text=True, vertical="top")
        deepest = max(deepest, _lines(explanation + "。", width))
        shown = sheet.cell(3, number, f"{EXAMPLE}{example}" if example else f"{EXAMPLE}（空着）")
        shown.font, shown.fill = Font(name=_FONT, size=9, italic=True, color="7F7F7F"), _QUIET
        head = sheet.cell(HEADER_LINE, number, f"{column.shown}{'*' if column.required else ''}")
        head.font = Font(name=_FONT, size=11, bold=True, color="FFFFFF")
        head.fill = _HEAD if column.required else _HEAD_OPTIONAL
        head.alignment = Alignment(horizontal="center", vertical="center")
        told.border = shown.border = head.border = _GRID
        _restrict(sheet, column, f"{letter}{HEADER_LINE + 1}:{letter}{LAST_LINE}")
    sheet.row_dimensions[2].height = 13.0 * deepest + 4
    sheet.row_dimensions[HEADER_LINE].height = 22
    sheet.freeze_panes = f"A{HEADER_LINE + 1}"
    _print_on_paper(sheet)
    sheet.print_title_rows = f"{HEADER_LINE}:{HEADER_LINE}"


def _fill_totals(sheet: Worksheet) -> None:
    head = sheet.cell(HEADER_LINE, 3, "含义")
    head.font, head.fill = Font(name=_FONT, size=11, bold=True, color="FFFFFF"), _HEAD_OPTIONAL
    head.alignment, head.border = Alignment(horizontal="center", vertical="center"), _GRID
    sheet.column_dimensions["C"].width = _WIDEST
    for number, (name, hint) in enumerate(TOTAL_HINTS.items(), HEADER_LINE + 1):
        for column, text in ((1, name), (2, None), (3, hint)):
            cell = sheet.cell(number, column, text)
            cell.font, cell.border = Font(name=_FONT, size=11), _GRID


def _restrict(sheet: Worksheet, column: Column, cells: str) -> None:
    if column.words:
        rule = DataValidation(type="list", formula1=f'"{",".join(column.words)}"', allow_blank=True)
        rule.error = f"请从下拉框选：{'、'.join(column.words)}"
    elif column.key == "value":
        rule = DataValidation(type="whole", operator="greaterThanOrEqual", formula1="0", allow_blank=True)
        rule.error = "请填整数，没有就填 0，不清楚就空着"
    else:
        return
    rule.errorTitle = column.shown
    # A warning only: what is copied in anyway is told of by the check, with its mend.
    rule.errorStyle = "warning"
    rule.showErrorMessage = True
    rule.add(cells)
    sheet.add_data_validation(rule)


def _wide(text: str) -> int:
    """Return the width of a text in the width of a digit."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def _width(explanation: str) -> float:
    return float(min(max(_NARROWEST, _wide(explanation) * 0.55), _WIDEST))


def _lines(text: str, width: float) -> int:
    return -(-_wide(text) // max(1, int(width) - 2))


def _print_on_paper(sheet: Worksheet) -> None:
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    if sheet.sheet_properties.pageSetUpPr is not None:
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
