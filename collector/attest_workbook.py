"""Draws the attesting workbook with openpyxl: the same content gives the same bytes."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.worksheet import Worksheet

from collector.attest_guide import GUIDE_LINES
from collector.attest_layout import (
    APPLIES,
    COLUMNS,
    DEFAULTS,
    DOES_NOT,
    DRILLS,
    GUIDE,
    HOME_ANSWER,
    HOME_NUMBER,
    LISTS,
    NO,
    NOT_SATISFIED,
    OVERRIDES,
    PARTS,
    QUESTIONS,
    RECORDED,
    SATISFIED,
    SKIPPED,
    SURVEY,
    SURVEY_LINES,
    YES,
    Column,
    Holds,
)
from evidence.paper import pack_again

EMPTY_LINES = {DRILLS: 60, OVERRIDES: 20}
HINTS = {
    PARTS: "只填浅黄色的格；空着的行不登记。没有文件的行只计入上限。涉及人员的指标只填合计数或附文件，不写居民姓名。",
    DRILLS: "一次报警测试一行；已列出的是还缺报警记录的地点，没做演练的空着。没有文件的演练不计入。",
    OVERRIDES: "自动得分有误时填写。原得分和更正值都会保留；没有文件的更正只能降低得分。“有效期至”可以空着。",
    QUESTIONS: "没有的东西回答“否”，对应的分项不再要求。空着表示不变。",
    RECORDED: "已经登记的内容，只供查看。",
}
_FONT = "宋体"
_INPUT = PatternFill("solid", fgColor="FFF8DC")
_SHOWN = PatternFill("solid", fgColor="F2F2F2")
_HEAD = PatternFill("solid", fgColor="D9E2EC")
_THIN = Side(style="thin", color="BFBFBF")
_GRID = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_LINE_HEIGHT = 15.0
_NOTHING_CHANGES = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    b'<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"/>'
)


@dataclass(frozen=True, slots=True)
class Contents:
    """What stands in the workbook: lines by sheet, the alarms a drill can show, and what the survey asks.

    ``title`` names the community and the run that the lines are of. ``survey`` is None where no row asks for one.
    """

    title: str
    lines: Mapping[str, Sequence[Mapping[str, Any]]]
    alarms: Sequence[str]
    survey: SurveyRule | None


@dataclass(frozen=True, slots=True)
class SurveyRule:
    """How many homes are occupied (None: no register says) and asked, how many lines there are, and the rule's text."""

    row: int
    occupied: int | None
    sample: int | None
    homes: int
    text: str


def draw_workbook(contents: Contents) -> bytes:
    """Return the workbook as .xlsx bytes that depend on nothing but its contents."""
    book = Workbook()
    first = book.active
    if first is not None:
        book.remove(first)
    _draw_guide(book.create_sheet(GUIDE), contents.title)
    _draw_parts(book.create_sheet(PARTS), contents)
    if contents.survey is not None:
        _draw_survey(book.create_sheet(SURVEY), contents.survey)
    for name, count in EMPTY_LINES.items():
        _draw_table(book.create_sheet(name), name, [*contents.lines.get(name, ()), *[{}] * count])
    _choose_from(book[DRILLS], DRILLS, "capability", f"{LISTS}!$A$1:$A${max(len(contents.alarms), 1)}")
    questions = book.create_sheet(QUESTIONS)
    _draw_table(questions, QUESTIONS, contents.lines[QUESTIONS])
    _choose_from(questions, QUESTIONS, "answer", f'"{APPLIES},{DOES_NOT}"')
    _draw_table(book.create_sheet(RECORDED), RECORDED, contents.lines[RECORDED])
    lists = book.create_sheet(LISTS)
    lists.sheet_state = "hidden"
    for number, alarm in enumerate(contents.alarms, 1):
        lists.cell(number, 1, alarm)
    drawn = BytesIO()
    book.save(drawn)
    return pack_again(drawn.getvalue(), {"docProps/core.xml": _NOTHING_CHANGES})


def _draw_guide(sheet: Worksheet, title: str) -> None:
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 16, 92
    _write(sheet.cell(1, 1), "佐证材料登记表", bold=True, size=16)
    _write(sheet.cell(2, 1), title)
    for number, (heading, text) in enumerate(GUIDE_LINES, 4):
        _write(sheet.cell(number, 1), heading, bold=True, wrap=True)
        _write(sheet.cell(number, 2), text, wrap=True)
        sheet.row_dimensions[number].height = _height([(text, 92)]) + 6
    _print_on_paper(sheet)
    sheet.page_setup.fitToHeight = 1
    sheet.protection.sheet = True


def _draw_parts(sheet: Worksheet, contents: Contents) -> None:
    lines = contents.lines[PARTS]
    _draw_table(sheet, PARTS, [{"row": DEFAULTS}, *lines])
    defaults = 4
    for index, column in enumerate(COLUMNS[PARTS], 1):
        cell = sheet.cell(defaults, index)
        if column.key in {"by", "date", "expires"}:
            continue
        _shade(cell)
        if column.key == "title":
            _write(cell, "下面空着的佐证人、日期、有效期至按本行", wrap=True)
            _shade(cell)
    sheet.row_dimensions[defaults].height = 2 * _LINE_HEIGHT + 4
    for number, line in enumerate(lines, defaults + 1):
        if line["quantity"] == SKIPPED:
            _shade(sheet.cell(number, _index(PARTS, "quantity")))
    _choose_from(sheet, PARTS, "value", f'"{YES},{NO}"')
    sheet.freeze_panes = "E5"


def _draw_survey(sheet: Worksheet, rule: SurveyRule) -> None:
    for letter, width in zip("ABCDEF", (16, 22, 62, 3, 8, 12), strict=True):
        sheet.column_dimensions[letter].width = width
    _write(sheet.cell(1, 1), f"指标{rule.row} 居民满意度调查", bold=True, size=14)
    _write(sheet.cell(2, 1), "只填户数合计，不写任何居民的姓名和房号。整张空着表示现在不填。")
    shown = (
        ("入住户数", "台账未提供" if rule.occupied is None else rule.occupied, "取自台账，不用填"),
        ("应抽样户数", "台账未提供" if rule.sample is None else rule.sample, rule.text),
    )
    for number, (name, value, text) in enumerate(shown, 4):
        for index, item in enumerate((name, value, text), 1):
            _write(sheet.cell(number, index), item, wrap=True)
            _shade(sheet.cell(number, index))
        sheet.row_dimensions[number].height = _height([(text, 62)]) + 4
    told = {
        "sample": "实际收回的有效问卷户数；右侧逐户填了的，可以空着",
        "satisfied": "其中表示满意的户数；右侧逐户填了的，可以空着",
        "document": "盖章的汇总表，放在本工作簿旁边，例如 满意度汇总表.pdf；没有文件只计入上限",
        "by": "组织调查的工作人员",
        "date": "调查完成的日期",
        "note": "",
    }
    for number, column in enumerate(SURVEY_LINES, 4 + len(shown)):
        _write(sheet.cell(number, 1), column.header, bold=True)
        _open(sheet.cell(number, 2), column)
        _write(sheet.cell(number, 3), told[column.key], wrap=True)
        _restrict(sheet, column, f"B{number}")
    for index, header in enumerate((HOME_NUMBER, HOME_ANSWER), 5):
        _write(sheet.cell(3, index), header, bold=True, centre=True, fill=_HEAD)
    for number in range(1, rule.homes + 1):
        _write(sheet.cell(3 + number, 5), number, centre=True)
        _shade(sheet.cell(3 + number, 5))
        _open(sheet.cell(3 + number, 6), Column("", HOME_ANSWER, 12, Holds.CHOICE))
    _validate(sheet, f"F4:F{3 + rule.homes}", f'"{SATISFIED},{NOT_SATISFIED}"')
    _protect(sheet)
    _print_on_paper(sheet)


def _draw_table(sheet: Worksheet, name: str, lines: Sequence[Mapping[str, Any]]) -> None:
    """Draw a title, a hint, the headers in line 3 and the lines below it; what people fill in is open and yellow."""
    columns = COLUMNS[name]
    _write(sheet.cell(1, 1), name, bold=True, size=14)
    _write(sheet.cell(2, 1), HINTS[name])
    for index, column in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(index)].width = column.width
        _write(sheet.cell(3, index), column.header, bold=True, centre=True, wrap=True, fill=_HEAD)
    sheet.row_dimensions[3].height = 2 * _LINE_HEIGHT + 4
    for number, line in enumerate(lines, 4):
        for index, column in enumerate(columns, 1):
            cell = sheet.cell(number, index)
            _write(cell, line.get(column.key), wrap=True, centre=column.width < 14)
            if column.is_filled:
                _open(cell, column)
            else:
                _shade(cell)
        texts = [(str(line.get(column.key) or ""), column.width) for column in columns]
        sheet.row_dimensions[number].height = _height(texts) + 4
    for index, column in enumerate(columns, 1):
        if lines and column.is_filled:
            _restrict(sheet, column, f"{get_column_letter(index)}4:{get_column_letter(index)}{3 + len(lines)}")
    sheet.freeze_panes = "A4"
    sheet.print_title_rows = "3:3"
    sheet.auto_filter.ref = f"A3:{get_column_letter(len(columns))}{3 + max(len(lines), 1)}"
    _protect(sheet)
    _print_on_paper(sheet)


def _index(name: str, key: str) -> int:
    return next(index for index, column in enumerate(COLUMNS[name], 1) if column.key == key)


# ---------------------------------------------------------------- cells


def _write(
    cell: Cell | Any,
    value: object,
    *,
    bold: bool = False,
    size: int = 10,
    wrap: bool = False,
    centre: bool = False,
    fill: PatternFill | None = None,
) -> None:
    cell.value = value
    cell.font = Font(name=_FONT, size=size, bold=bold)
    cell.alignment = Alignment(wrap_text=wrap, vertical="center", horizontal="center" if centre else "left")
    if fill is not None:
        cell.fill, cell.border = fill, _GRID


def _shade(cell: Cell | Any) -> None:
    """Show that a cell is only to be read."""
    cell.fill, cell.border = _SHOWN, _GRID
    cell.font = Font(name=_FONT, size=10, color="595959")
    cell.protection = Protection(locked=True)


def _open(cell: Cell | Any, column: Column) -> None:
    """Show that a cell is to be filled in."""
    cell.fill, cell.border = _INPUT, _GRID
    cell.font = Font(name=_FONT, size=10)
    cell.alignment = Alignment(wrap_text=True, vertical="center", horizontal="left")
    cell.protection = Protection(locked=False)
    if column.holds is Holds.DAY:
        cell.number_format = "yyyy-mm-dd"
    elif column.holds is Holds.TEXT:
        cell.number_format = "@"


def _restrict(sheet: Worksheet, column: Column, cells: str) -> None:
    """Have the spreadsheet warn of what the import would refuse; a warning only, so that nobody is stuck."""
    rule = None
    if column.holds is Holds.DAY:
        rule = DataValidation(type="date", operator="greaterThan", formula1="36526")
        rule.error = "请写日期，例如2026-10-20"
    elif column.holds is Holds.COUNT and column.key != "points":
        rule = DataValidation(type="whole", operator="greaterThanOrEqual", formula1="0")
        rule.error = "请写整数，不带单位"
    if rule is not None:
        rule.errorStyle, rule.errorTitle, rule.showErrorMessage = "warning", column.header, True
        sheet.add_data_validation(rule)
        rule.add(cells)


def _choose_from(sheet: Worksheet, name: str, key: str, choices: str) -> None:
    """Offer a list in a whole column, below the headers."""
    letter = get_column_letter(_index(name, key))
    last = max(sheet.max_row, 4)
    first = 5 if name == PARTS else 4
    if first <= last:
        _validate(sheet, f"{letter}{first}:{letter}{last}", choices)


def _validate(sheet: Worksheet, cells: str, choices: str) -> None:
    rule = DataValidation(type="list", formula1=choices, allow_blank=True)
    rule.error, rule.errorTitle, rule.showErrorMessage = "请从下拉列表中选择", "不在列表中", True
    sheet.add_data_validation(rule)
    rule.add(cells)


def _height(texts: Iterable[tuple[str, float]]) -> float:
    """Return the height of a line that shows whole texts in columns of these widths."""
    lines = 1
    for text, width in texts:
        shown = sum(
            max(1, -(-sum(2 if unicodedata.east_asian_width(one) in "WFA" else 1 for one in part) // int(width - 1)))
            for part in text.split("\n")
        )
        lines = max(lines, shown)
    return min(lines * _LINE_HEIGHT, 409)


def _protect(sheet: Worksheet) -> None:
    """Lock what is only shown, without a password; widths, heights, filters and sorting stay free."""
    guard = sheet.protection
    guard.sheet = True
    guard.formatColumns = guard.formatRows = guard.formatCells = guard.autoFilter = guard.sort = False


def _print_on_paper(sheet: Worksheet) -> None:
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.page_margins = PageMargins(left=0.4, right=0.4, top=0.5, bottom=0.5)
    sheet.sheet_properties.pageSetUpPr.fitToPage = True  # type: ignore[union-attr]
