from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from connectors import workbook
from connectors.sheet import RegisterError
from connectors.workbook import is_workbook, read_workbook
from tests.fakes.book import make_book, save_book

OLD_BOOK = (Path(__file__).parents[1] / "fakes" / "old_register.xls").read_bytes()
"""Saved by a spreadsheet program as Excel 97: a merged title, a merged building, a date, a number of 20 digits."""


def cells(payload: bytes, tab: str = "住户") -> dict[int, tuple[str, ...]]:
    (grid,) = read_workbook(payload, "台账.xlsx", tab)
    return dict(grid.lines)


def repacked(payload: bytes, name: str, old: bytes, new: bytes) -> bytes:
    """Return a workbook with something replaced in one of its parts."""
    saved = BytesIO()
    with ZipFile(BytesIO(payload)) as given, ZipFile(saved, "w", ZIP_DEFLATED) as packed:
        for item in given.infolist():
            text = given.read(item)
            if item.filename == name:
                assert old in text
                text = text.replace(old, new)
            packed.writestr(item.filename, text)
    return saved.getvalue()


def test_tabs_keep_their_names_order_and_the_numbers_of_their_lines() -> None:
    payload = make_book({"楼栋": [["编号"], [], ["3号楼"]], "住户": [["房号", "楼层", None]]})

    tabs = read_workbook(payload, "台账.xlsx")

    assert [(tab.name, tab.lines, tab.tab) for tab in tabs] == [
        ("楼栋", ((1, ("编号",)), (3, ("3号楼",))), True),
        ("住户", ((1, ("房号", "楼层")),), True),
    ]
    assert tabs[1].pointer(17) == "住户 第17行"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (101.0, "101"),
        (101, "101"),
        (-1, "-1"),
        (12.5, "12.5"),
        (999_999_999_999_999, "999999999999999"),
        (1_000_000_000_000_000, "1E+15"),
        (31106401042019000001, "3.11064010420190E+19"),
        (datetime.fromisoformat("2026-03-02"), "2026年3月2日"),
        (datetime.fromisoformat("2026-03-02T08:30"), "2026年3月2日 08:30:00"),
        (date(2026, 3, 2), "2026年3月2日"),
        (True, "true"),
        ("31106401042019000001", "31106401042019000001"),
        (" １２０１ ", " １２０１ "),
    ],
)
def test_a_cell_is_the_text_a_person_sees_and_lost_digits_show(value: object, text: str) -> None:
    assert cells(make_book({"住户": [[value]]})) == {1: (text,)}


def test_a_merged_cell_holds_for_every_row_and_column_it_covers() -> None:
    rows = [["标题", None], ["楼栋", "房号"], ["3号楼", 1], [None, 2], [None, 3], ["5号楼", 1]]
    payload = make_book({"住户": rows}, {"住户": ["A1:B1", "A3:A5"]})

    assert cells(payload) == {
        1: ("标题", "标题"),
        2: ("楼栋", "房号"),
        3: ("3号楼", "1"),
        4: ("3号楼", "2"),
        5: ("3号楼", "3"),
        6: ("5号楼", "1"),
    }


def test_of_a_formula_the_stored_value_is_taken_and_without_one_it_shows_itself() -> None:
    payload = make_book({"住户": [["=1+1", "=A1&B2", "3"]]})
    stored = repacked(payload, "xl/worksheets/sheet1.xml", b"<f>1+1</f><v></v>", b"<f>1+1</f><v>2</v>")

    assert cells(payload) == {1: ("=1+1", "=A1&B2", "3")}
    assert cells(stored) == {1: ("2", "=A1&B2", "3")}


def test_an_error_of_the_workbook_is_shown_as_it_is() -> None:
    assert cells(make_book({"住户": [["#REF!", "#N/A"]]})) == {1: ("#REF!", "#N/A")}


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"", "不是 Excel 工作簿"),
        ("编号\n3\n".encode(), "不是 Excel 工作簿"),
        (b"PK\x03\x04", "工作簿不完整"),
        (make_book({"住户": [["房号"]]})[:-200], "工作簿不完整"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "工作簿打不开"),
    ],
)
def test_bytes_that_are_no_workbook_say_so_in_one_line(payload: bytes, words: str) -> None:
    with pytest.raises(RegisterError) as refused:
        read_workbook(payload, "台账.xlsx")

    assert str(refused.value).startswith("台账.xlsx：")
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_unpacks_to_too_much_is_refused_before_it_is_unpacked() -> None:
    bomb = BytesIO()
    with ZipFile(bomb, "w", ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", bytes(workbook.LARGEST_UNPACKED + 1))

    assert len(bomb.getvalue()) < 200_000
    with pytest.raises(RegisterError, match="解压后有 1 个部分"):
        read_workbook(bomb.getvalue(), "台账.xlsx")


def test_a_part_that_declares_less_than_it_holds_is_read_no_further() -> None:
    payload = bytearray(make_book({"住户": [["房号"]]}))
    with ZipFile(BytesIO(payload)) as package:
        [part] = [one for one in package.infolist() if one.filename == "xl/worksheets/sheet1.xml"]
    place = payload.rindex(b"xl/worksheets/sheet1.xml") - 46 + 24
    payload[place : place + 4] = (part.file_size - 40).to_bytes(4, "little")

    with pytest.raises(RegisterError):
        read_workbook(bytes(payload), "台账.xlsx")


def test_a_file_or_a_tab_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    far = Workbook()
    far.worksheets[0].cell(1_000_000, 1, "x")
    with pytest.raises(RegisterError, match="Sheet：一直用到 1000000 行 1 列"):
        read_workbook(save_book(far), "台账.xlsx")
    wide = Workbook()
    wide.worksheets[0].cell(90_000, 5_000, "x")
    with pytest.raises(RegisterError, match="90000 行 5000 列；请删去"):
        read_workbook(save_book(wide), "台账.xlsx")
    monkeypatch.setattr(workbook, "LARGEST_BYTES", 100)
    with pytest.raises(RegisterError, match="超过 100"):
        read_workbook(save_book(wide), "台账.xlsx")


@pytest.mark.parametrize(
    "ranges",
    [
        '<mergeCells count="1"><mergeCell ref="A2:XFD1048576"/></mergeCells>',
        "<mergeCells count=\"1\"><mergeCell  ref = '&#65;2:XFD1048576'/></mergeCells>",
        '<x:mergeCells xmlns:x="y"><x:mergeCell ref="A2:XFD1048576"/></x:mergeCells>',
        '<hyperlinks><hyperlink ref="A1:XFD1048576" location="x"/></hyperlinks>',
        "<mergeCells>" + '<mergeCell ref="A1:A90000"/>' * 6 + "</mergeCells>",
    ],
)
def test_a_range_over_more_cells_than_anybody_fills_is_refused_before_it_is_made(ranges: str) -> None:
    payload = make_book({"住户": [["房号"], ["1"]]})
    hostile = repacked(payload, "xl/worksheets/sheet1.xml", b"</sheetData>", b"</sheetData>" + ranges.encode())

    with pytest.raises(RegisterError, match="范围太大"):
        read_workbook(hostile, "台账.xlsx")


@pytest.mark.parametrize(
    "evil",
    [b'<!DOCTYPE x [<!ENTITY a "b">]>', b"<!ENTITY a 'b'>", b"<?xml version='1.0' encoding='utf-16'?>"],
)
def test_entities_and_other_encodings_are_refused(evil: bytes) -> None:
    payload = make_book({"住户": [["房号"]]})
    hostile = repacked(payload, "xl/worksheets/sheet1.xml", b"<worksheet", evil + b"<worksheet")

    with pytest.raises(RegisterError, match=r"sheet1\.xml 不像 Excel 写的内容"):
        read_workbook(hostile, "台账.xlsx")


@given(st.integers(0, 3_000), st.binary(min_size=1, max_size=12))
def test_a_damaged_workbook_is_read_or_refused(at: int, noise: bytes) -> None:
    payload = make_book({"住户": [["房号"], ["1201"]]})
    damaged = payload[:at] + noise + payload[at + len(noise) :]

    with suppress(RegisterError):
        read_workbook(damaged, "台账.xlsx")


def test_it_knows_both_sorts_of_workbook() -> None:
    assert is_workbook(make_book({"住户": []}))
    assert is_workbook(OLD_BOOK)
    assert not is_workbook("编号,用途".encode())


def test_an_old_workbook_is_read_with_its_merged_cells_numbers_and_dates() -> None:
    (tab,) = read_workbook(OLD_BOOK, "台账.xls")

    assert tab.name == "住户"
    assert tab.lines == (
        (1, ("住户登记表", "住户登记表", "住户登记表")),
        (2, ("楼栋", "单元", "房号")),
        (3, ("3号楼", "1", "101")),
        (4, ("3号楼", "2", "2026年3月2日")),
        (5, ("3号楼", "true", "3.11064010420190E+19")),
    )
