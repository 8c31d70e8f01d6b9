"""The empty workbook explains itself: filled in from its own texts alone, every kind of it is complete."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from collector.register_files import GUIDE_TAB, read_delivery
from collector.register_guide import PLACES
from collector.register_template import draw_template
from connectors.register_columns import COLUMNS, KINDS, SHEETS, TOTAL_NAMES, TOTALS
from connectors.sheet import RegisterError
from tests.fakes.book import save_book
from tests.fakes.site import Site, call_here


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "台账.xlsx"
    assert call_here("register", "template", path).code == 0
    return path


def texts(sheet: Worksheet) -> list[list[str]]:
    return [[str(value or "") for value in row] for row in sheet.iter_rows(values_only=True)]


def fill_in(path: Path) -> None:
    """Fill in a template as somebody does who knows nothing but what stands in it: below each header its example."""
    book = openpyxl.load_workbook(path)
    for sheet in book.worksheets[1:]:
        lines = texts(sheet)
        header = next(number for number, line in enumerate(lines) if line[0].endswith("*") or line[1].endswith("*"))
        [example] = [line for line in lines[:header] if line[0].startswith("例：")]
        if sheet.title == "总数":
            for number, line in enumerate(lines[header + 1 :], header + 2):
                assert line[0]
                sheet.cell(number, 2, 1)
            continue
        for column, text in enumerate(example, 1):
            if text != "例：（空着）":
                sheet.cell(header + 2, column, text.removeprefix("例："))
    path.write_bytes(save_book(book))


def test_filled_in_from_its_own_texts_it_is_imported_with_every_kind_complete(file: Path, tmp_path: Path) -> None:
    fill_in(file)
    site = Site(tmp_path / "site", register=False)

    checked = call_here("register", "check", file)
    assert (checked.code, checked.out.splitlines()[-1]) == (0, "没有发现错误，可以导入")
    imported = call_here("register", "import", file, "-s", site.settings)
    assert (imported.code, imported.err) == (0, "")
    shown = call_here("register", "show", "--json", "-s", site.settings).json()

    assert isinstance(shown, dict)
    assert shown["places"] == dict.fromkeys(KINDS, 1)
    assert sorted(shown["complete"]) == sorted([*KINDS, TOTALS])
    assert set(shown["totals"]) == set(TOTAL_NAMES.values())
    assert (shown["problems"], shown["held"]) == ([], None)


def test_left_empty_nothing_of_it_is_a_row(file: Path) -> None:
    with pytest.raises(RegisterError, match="一张表也没有填写"):
        read_delivery(file)


def test_the_same_bytes_every_time_and_never_over_a_file_that_is_there(file: Path) -> None:
    assert draw_template() == draw_template() == file.read_bytes()
    again = call_here("register", "template", file)
    assert (again.code, again.out) == (1, "")
    assert again.err == f"{file}：已经有这个文件；请换一个文件名，或先把它移走\n"


def test_every_sheet_has_its_columns_explained_its_lists_and_columns_of_text(file: Path) -> None:
    book = openpyxl.load_workbook(file)

    assert book.sheetnames == [GUIDE_TAB, *(SHEETS[kind][0] for kind in (*KINDS, TOTALS))]
    for kind in KINDS:
        sheet = book[SHEETS[kind][0]]
        _, explanations, _, header = texts(sheet)
        assert header == [f"{one.shown}{'*' if one.required else ''}" for one in COLUMNS[kind]]
        assert all(text.endswith("。") for text in explanations)
        assert sheet.freeze_panes == "A5"
        assert {sheet.column_dimensions[cell.column_letter].number_format for cell in sheet[4]} == {"@"}
        lists = [str(rule.formula1) for rule in sheet.data_validations.dataValidation]
        assert lists == [f'"{",".join(column.words)}"' for column in COLUMNS[kind] if column.words]
    assert [row[0] for row in texts(book[SHEETS[TOTALS][0]])[4:]] == [
        "总户数",
        "入住户数",
        "户籍居民数",
        "居民数",
        "总车位数",
        "党员数",
        "贫困人口数",
        "残疾人口数",
    ]


def test_no_explanation_can_be_taken_for_a_row_and_every_example_is_read_by_its_column() -> None:
    for kind, (_, guides) in PLACES.items():
        for column, (explanation, example) in zip(COLUMNS[kind], guides, strict=True):
            assert re.search("[，。：；]", f"{explanation}。")
            if example:
                column.read(example)


def test_a_file_that_is_no_xlsx_by_its_name_is_refused(tmp_path: Path) -> None:
    done = call_here("register", "template", tmp_path / "台账.xls")
    assert (done.code, done.err) == (1, f"{tmp_path / '台账.xls'}：请以 .xlsx 结尾\n")


def test_overwriting_the_example_is_told_of(file: Path) -> None:
    book = openpyxl.load_workbook(BytesIO(file.read_bytes()))
    for column, text in enumerate(("", "5号楼", "1", "101"), 1):
        book["住户"].cell(3, column, text)
    file.write_bytes(save_book(book))

    done = call_here("register", "check", file)

    assert done.code == 1
    assert "住户 第3行“楼栋*”列：“5号楼”；这一行在表头上面，没有读入；请移到表头下面" in done.out
