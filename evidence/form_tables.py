"""The declaration as tables for programs and for people who sort and add up: an Excel workbook and a CSV file.

Both say what the Word file says, are read back and compared, and hold no formula: text that a table program would take
for one stays text. Mappings go in, bytes come out, the same bytes for the same input.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from datetime import UTC
from decimal import Decimal
from io import BytesIO, StringIO
from itertools import zip_longest
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter

from evidence.form_pages import count_lines
from evidence.form_reader import UNREADABLE, refuse_large
from evidence.form_words import (
    COLUMNS,
    SELF_ASSESSED,
    SIMULATED_NOTICE,
    TOTALS,
    FormError,
    environment_mark,
    field_lines,
    head_line,
    joined_rows,
    moment_of,
)
from evidence.paper import pack_again, printable

Cell = str | int | Decimal | None
Rows = Sequence[Sequence[Any]]

INFO, ROWS, PARTS = "申报信息", "指标", "分项"
STATES = {"met": "满足", "not_met": "不满足", "unknown": "未证实", "not_applicable": "不适用"}
ORIGINS = {"automatic": "自动", "attested": "佐证", "mixed": "自动+佐证", "none": "未证实"}
_WIDTHS = {
    INFO: (24, 22, 70),
    ROWS: (8, 12, 16, 30, 52, 8, 8, 14, 10, 60, 8, 8, 8, 10),
    PARTS: (10, 46, 10, 12, 10, 10),
}
_LINE_PT, _HIGHEST_PT = 15, 400
_NUMBERS = frozenset({"points", "score"})
_MOST_SIGNS = 32_767  # what a cell of a workbook holds
_CUT = "…（以下从略，全文见申报表）"
_MOST_ROWS, _MOST_COLUMNS = 100_000, 64
# A table program reads _x0041_ as the letter A; the reading library undoes the escape by leaving out x005F_.
_ESCAPED, _ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)"), "x005F_"
_FORMULA = re.compile("'*[=+\\-@\t\r＝＋－＠]")
_BOM = "\ufeff"


def tabulate_form(
    scorecard: Mapping[str, Any],
    form_text: Mapping[str, Any],
    basics: Mapping[str, str],
    run_sha256: str,
    key_fingerprint: str | None = None,
) -> dict[str, list[list[Cell]]]:
    """Return the rows of the workbook's sheets by name, heads first; the arguments are those of ``fill_form``."""
    columns = form_text["indicators"]["columns"]
    scored = {row["no"]: row for row in scorecard["indicators"]}
    rows: list[list[Cell]] = [["指标序号", *(columns[name] for name in COLUMNS), "数量", "总数", "单位", "最高得分"]]
    for no, row in enumerate(joined_rows(scorecard, form_text), 1):
        one = scored[no]
        cells: list[Cell] = [_number(row[name]) if name in _NUMBERS else row[name] for name in COLUMNS]
        rows.append([no, *cells, one["numerator"], one["denominator"], one["unit"], _number(one["ceiling"])])
    parts: list[list[Cell]] = [["指标序号", "分项", "状态", "来源", "数量", "总数"]]
    for one in sorted(scorecard["indicators"], key=lambda item: int(item["no"])):
        for part in one["parts"]:
            words = [part["title"], STATES[part["state"]], ORIGINS[part["origin"]]]
            parts.append([one["no"], *words, part["numerator"], part["denominator"]])
    info: list[list[Cell]] = [["部分", "项目", "内容"]]
    info += [[part, label, text or None] for part, label, text in field_lines(form_text, scorecard, basics)]
    labels = form_text["indicators"]["totals"]
    info += [
        [form_text["indicators"]["heading"], f"{labels[key]}{SELF_ASSESSED}", _number(scorecard["totals"][key])]
        for key in TOTALS
    ]
    info += [
        ["运行", "社区和时段", head_line(scorecard)],
        ["运行", "run.json SHA-256", run_sha256],
        ["运行", "密钥指纹", key_fingerprint],
        ["运行", "数据", SIMULATED_NOTICE if environment_mark(scorecard) else None],
    ]
    return {INFO: info, ROWS: rows, PARTS: parts}


def _number(text: str) -> int | Decimal:
    number = Decimal(text)
    return number if "." in text else int(number)


# ---------------------------------------------------------------- the workbook


def write_workbook(sheets: Mapping[str, Rows], scorecard: Mapping[str, Any], title: str) -> bytes:
    """Return the sheets as .xlsx bytes: numbers as numbers, text as text, the first row of each in place."""
    book = Workbook()
    book.remove(book.worksheets[0])
    core = book.properties
    core.title = printable(f"{title} {scorecard['community_name']}")[:255]
    core.creator = core.lastModifiedBy = "智证"
    core.created = core.modified = moment_of(scorecard).astimezone(UTC).replace(tzinfo=None)
    for name, rows in sheets.items():
        _write_sheet(book.create_sheet(name), rows)
    drawn = BytesIO()
    # The library's own way of saving puts the present time into the file.
    ExcelWriter(book, ZipFile(drawn, "w", ZIP_DEFLATED)).save()
    return pack_again(drawn.getvalue())


def _write_sheet(sheet: Worksheet, rows: Rows) -> None:
    head, ground, wrapped = Font(bold=True), PatternFill("solid", fgColor="EDEDED"), Alignment(wrap_text=True)
    middle = Alignment(vertical="center", wrap_text=True)
    widths = _WIDTHS[sheet.title]
    for number, row in enumerate(rows, 1):
        for place, value in enumerate(row, 1):
            if value is None or value == "":
                continue
            cell = sheet.cell(number, place)
            if isinstance(value, str):
                cell.value = _ESCAPED.sub(f"_{_ESCAPE}", _fit(value))
                cell.data_type = "s"
            else:
                cell.value = value
                cell.number_format = "0.00" if isinstance(value, Decimal) else "0"
            if number == 1:
                cell.font, cell.fill, cell.alignment = head, ground, wrapped
            else:
                cell.alignment = middle
        # Not every program makes a row as high as its wrapped text.
        lines = max(count_lines(_fit(str(value)), width / 2) for value, width in zip(row, widths, strict=False))
        sheet.row_dimensions[number].height = min(lines * _LINE_PT + 3, _HIGHEST_PT)
    for place, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    sheet.freeze_panes = "A2"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", "9"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def _fit(text: str) -> str:
    text = printable(text)
    return text if len(text) <= _MOST_SIGNS else text[: _MOST_SIGNS - len(_CUT)] + _CUT


def read_workbook(payload: bytes) -> dict[str, list[list[Any]]]:
    """Return the rows of a workbook's sheets by name, its formulas as their text; raises FormError for no workbook."""
    try:
        refuse_large(payload)
        book = load_workbook(BytesIO(payload), read_only=True)
        try:
            return {sheet.title: _read_sheet(sheet) for sheet in book.worksheets}
        finally:
            book.close()
    except FormError:
        raise
    except UNREADABLE as error:
        cause = f"{type(error).__name__}: {error}".splitlines()[0]
        raise FormError(f"the workbook is no readable .xlsx file ({cause}); write it again") from error


def _read_sheet(sheet: Any) -> list[list[Any]]:
    # What a sheet states of its own size is not to be trusted.
    sheet.reset_dimensions()
    rows: list[list[Any]] = []
    for row in sheet.iter_rows(values_only=True):
        if len(rows) > _MOST_ROWS or len(row) > _MOST_COLUMNS:
            raise FormError(f"sheet {sheet.title} is larger than any of ours; it is no form of ours")
        rows.append(list(row))
    width = max(map(len, rows), default=0)
    return [row + [None] * (width - len(row)) for row in rows]


# ---------------------------------------------------------------- the CSV file


def tabulate_rows(scorecard: Mapping[str, Any], form_text: Mapping[str, Any], run_sha256: str) -> list[list[str]]:
    """Return the rows of part three for the CSV file, their head first; every row says of which run it is."""
    columns = form_text["indicators"]["columns"]
    run = [str(scorecard["community_name"]), str(scorecard["run"]), environment_mark(scorecard), run_sha256]
    return [
        ["指标序号", *(str(columns[name]) for name in COLUMNS), "申报小区", "运行", "数据", "run.json SHA-256"],
        *(
            [str(no), *(row[name] for name in COLUMNS), *run]
            for no, row in enumerate(joined_rows(scorecard, form_text), 1)
        ),
    ]


def write_csv(rows: Sequence[Sequence[str]]) -> bytes:
    """Return the rows as CSV in UTF-8 with a byte order mark; what looks like a formula begins with an apostrophe."""
    text = StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([[_guard(_fit(cell)) for cell in row] for row in rows])
    return (_BOM + text.getvalue()).encode()


def read_csv(payload: bytes) -> list[list[str]]:
    """Return the rows of a CSV file of ours without their guards; raises FormError for what is none."""
    try:
        text = payload.decode("utf-8-sig")
        rows = list(csv.reader(StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormError(f"the table is no readable .csv file ({error}); write it again") from error
    return [[cell[1:] if cell[:1] == "'" and _FORMULA.match(cell) else cell for cell in row] for row in rows]


def _guard(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text


# ---------------------------------------------------------------- comparing


def compare_sheets(wanted: Mapping[str, Rows], shown: Mapping[str, Rows]) -> list[str]:
    """Return one line per cell that differs, naming sheet, row and column; none means equal."""
    found = []
    if list(wanted) != list(shown):
        found.append(f"the sheets are {', '.join(shown)}, they should be {', '.join(wanted)}")
    for name in (name for name in wanted if name in shown):
        for number, (good, bad) in enumerate(zip_longest(wanted[name], shown[name], fillvalue=()), 1):
            for place, (value, other) in enumerate(zip_longest(good, bad), 1):
                if _plain(value) != _plain(other):
                    found.append(
                        f"sheet {name}, row {number}, column {place}: "
                        f"the form says {_plain(other)!r}, it should say {_plain(value)!r}"
                    )
    return found


def _plain(value: Any) -> str | float:
    if value is None:
        return ""
    if isinstance(value, str):
        return _fit(value).replace(_ESCAPE, "")
    return float(value) if isinstance(value, int | float | Decimal) else str(value)
