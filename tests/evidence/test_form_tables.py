"""The declaration as workbook and CSV: what is written is read back, numbers are numbers, and nothing is a formula."""

from __future__ import annotations

import copy
import csv
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from evidence.form_tables import (
    compare_sheets,
    read_csv,
    read_workbook,
    tabulate_form,
    tabulate_rows,
    write_csv,
    write_workbook,
)
from evidence.form_words import FormError
from tests.fakes.declaration import BASICS, FORM_TEXT, RUN_SHA256, scorecard

KEY = "SHA256:abc"
HOSTILE = ["=1+1", '=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\t=1", "＝1+1", "#N/A", "1.50", "'=1", "_x0041_"]


def card() -> dict[str, Any]:
    """Return a scorecard with the keys of a real one and a part in every third row."""
    made = scorecard()
    for row in made["indicators"]:
        row |= {"numerator": row["no"], "denominator": 1200, "unit": "户", "parts": []}
        if row["no"] % 3 == 0:
            part = {"id": "a", "title": "覆盖", "state": "met", "origin": "mixed", "numerator": 7, "denominator": None}
            row["parts"] = [part, part | {"title": "联动", "state": "unknown", "origin": "none", "numerator": None}]
    return made


def sheets(made: dict[str, Any], basics: dict[str, str] | None = None) -> dict[str, Any]:
    return tabulate_form(made, FORM_TEXT, BASICS if basics is None else basics, RUN_SHA256, KEY)


def book(made: dict[str, Any]) -> bytes:
    return write_workbook(sheets(made), made, "申报表")


BOOK = book(card())


def test_the_workbook_reads_back_as_it_was_meant() -> None:
    assert compare_sheets(sheets(card()), read_workbook(BOOK)) == []
    assert list(read_workbook(BOOK)) == ["申报信息", "指标", "分项"]


def test_the_same_input_gives_the_same_bytes_with_no_clock_in_them() -> None:
    assert book(copy.deepcopy(card())) == BOOK
    with ZipFile(BytesIO(BOOK)) as package:
        assert {item.date_time for item in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = package.read("docProps/core.xml").decode()
    assert core.count("2026-11-02T16:00:00Z") == 2
    assert "openpyxl" not in core


def test_every_row_has_its_levels_and_its_figures_as_numbers() -> None:
    sheet = load_workbook(BytesIO(BOOK))["指标"]
    lines = list(sheet.iter_rows(values_only=True))
    assert len(lines) == 77
    for line, entry in zip(lines[1:], FORM_TEXT["rows"], strict=True):
        assert line[:5] == (entry["no"], entry["level1"], entry["level2"], entry["meaning"], entry["content"])
        assert (line[6], line[10], line[11]) == (int(entry["points"]), entry["no"], 1200)
        assert isinstance(line[8], int | float)
    assert sheet.freeze_panes == "A2"
    assert sheet["I4"].number_format == "0.00"


def test_there_is_one_line_per_part_with_its_state_and_who_shows_it() -> None:
    lines = read_workbook(BOOK)["分项"]
    assert lines[0] == ["指标序号", "分项", "状态", "来源", "数量", "总数"]
    assert lines[1:3] == [[3, "覆盖", "满足", "自动+佐证", 7, None], [3, "联动", "未证实", "未证实", None, None]]
    assert len(lines) == 1 + 2 * 25


def test_the_first_sheet_has_all_fields_sums_and_the_run() -> None:
    said = {line[1]: line[2] for line in read_workbook(BOOK)["申报信息"]}
    assert said["申报单位（盖章）："] == "示例物业服务有限公司"
    assert (said["评定等级"], said["主管部门意见" if "主管部门意见" in said else "评定分数"]) == (None, None)
    assert said["总分数（自评）"] == 151.9
    assert (said["run.json SHA-256"], said["密钥指纹"]) == (RUN_SHA256, KEY)
    assert "不得用于申报" in said["数据"]
    real = read_workbook(book(card() | {"environment": "production"}))["申报信息"]
    assert not any("模拟" in str(cell) for line in real for cell in line)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_looks_like_a_formula_or_a_number_stays_text(text: str) -> None:
    made = card()
    made["indicators"][9]["sentence"] = text
    payload = book(made)
    cell = load_workbook(BytesIO(payload))["指标"]["J11"]
    assert (cell.data_type, compare_sheets(sheets(made), read_workbook(payload))) == ("s", [])
    rows = tabulate_rows(made, FORM_TEXT, RUN_SHA256)
    table = write_csv(rows)
    assert compare_sheets({"csv": rows}, {"csv": read_csv(table)}) == []
    (raw,) = [line[9] for line in csv.reader(StringIO(table.decode("utf-8-sig"), newline="")) if line[0] == "10"]
    assert raw[0] not in "=+-@\t＝"


@given(texts=st.lists(st.text(st.characters() | st.characters(max_codepoint=0x20)), min_size=4, max_size=4))
@settings(max_examples=40, deadline=None)
def test_any_text_is_read_back_from_both_files(texts: list[str]) -> None:
    rows: list[list[str]] = [["a", "b"], texts[:2], texts[2:]]
    written = write_workbook({"指标": rows}, card(), "x")
    assert compare_sheets({"指标": rows}, read_workbook(written)) == []
    assert compare_sheets({"csv": rows}, {"csv": read_csv(write_csv(rows))}) == []


def test_a_text_longer_than_a_cell_is_cut_visibly() -> None:
    rows = [["头"], ["长" * 200_000]]
    (_, (cell,)) = read_workbook(write_workbook({"指标": rows}, card(), "x"))["指标"]
    assert (len(cell), cell.endswith("（以下从略，全文见申报表）")) == (32_767, True)


@pytest.mark.parametrize(
    ("sheet", "cell", "value"),
    [("申报信息", "C2", "别家"), ("指标", "I11", 2), ("指标", "I11", "=1+1"), ("指标", "B40", "x"), ("分项", "F3", 9)],
)
def test_an_altered_cell_is_named(sheet: str, cell: str, value: object) -> None:
    changed = load_workbook(BytesIO(BOOK))
    changed[sheet][cell] = value
    out = BytesIO()
    changed.save(out)
    place = load_workbook(BytesIO(BOOK))[sheet][cell]
    (found,) = compare_sheets(sheets(card()), read_workbook(out.getvalue()))
    assert found.startswith(f"sheet {sheet}, row {place.row}, column {place.column}: the form says ")


def test_a_workbook_saved_again_is_the_same_and_one_with_a_sheet_more_is_not() -> None:
    changed = load_workbook(BytesIO(BOOK))
    out = BytesIO()
    changed.save(out)
    assert compare_sheets(sheets(card()), read_workbook(out.getvalue())) == []
    changed.create_sheet("备注")
    changed.save(out)
    (found,) = compare_sheets(sheets(card()), read_workbook(out.getvalue()))
    assert "备注" in found


def test_the_csv_opens_in_a_table_program_and_names_its_run_in_every_row() -> None:
    table = write_csv(tabulate_rows(card(), FORM_TEXT, RUN_SHA256))
    assert table.startswith(b"\xef\xbb\xbf")
    lines = read_csv(table)
    assert len(lines) == 77
    assert [line[0] for line in lines[1:]] == [str(no) for no in range(1, 77)]
    assert all(line[-4:] == ["示例小区", "12", "模拟数据", RUN_SHA256] for line in lines[1:])
    assert sum(Decimal(line[8]) for line in lines[1:]) == sum(Decimal(row["floor"]) for row in card()["indicators"])


@pytest.mark.parametrize("payload", [b"", b"PK\x03\x04" + b"\x00" * 40, b"\xff\xfe"])
def test_what_is_no_table_is_refused_in_one_line(payload: bytes) -> None:
    with pytest.raises(FormError) as refused:
        read_workbook(payload)
    assert "\n" not in str(refused.value)


def test_a_csv_in_another_encoding_is_refused() -> None:
    with pytest.raises(FormError, match=r"no readable \.csv"):
        read_csv("指标".encode("gbk"))


def test_a_workbook_without_measure_is_refused() -> None:
    wide = Workbook()
    wide.worksheets[0]["ZZ1"] = 1
    out = BytesIO()
    wide.save(out)
    with pytest.raises(FormError, match="larger than any of ours"):
        read_workbook(out.getvalue())
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as package:
        package.writestr("xl/workbook.xml", b"\x00" * (65 * 1024 * 1024))
    with pytest.raises(FormError, match="unpacks to"):
        read_workbook(out.getvalue())
