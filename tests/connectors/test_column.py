from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.column import (
    choice,
    plain_header,
    read_building,
    read_code,
    read_count,
    read_level,
    read_name,
    read_room,
    read_unit,
    read_yes_no,
    refuse_spoiled,
)

READERS = [read_building, read_code, read_count, read_level, read_name, read_room, read_unit, read_yes_no]


@pytest.mark.parametrize(
    ("read", "cells", "value"),
    [
        (read_building, ["3", "03", "3号楼", "3栋", "3幢", "3#", "3楼", " ３号楼 ", "三号楼", "3#楼", "3.0"], "3"),
        (read_building, ["A座", "Ａ座"], "A座"),
        (read_unit, ["2", "02", "2单元", "２单元", "2门", "二单元", "2.0"], "2"),
        (read_unit, ["甲单元"], "甲单元"),
        (read_level, ["12", "12层", "12楼", "12F", "第12层", "012", "十二层", "12.0"], "12"),
        (read_level, ["-1", "B1", "b1", "负1层", "地下1层", "负一层", "-1.0"], "-1"),
        (read_level, ["0", "-0", "00"], "0"),
        (read_room, ["1201", "1201室", "01201", "１２０１号", "1201.0"], "1201"),
        (read_room, ["12a01", "12A01室"], "12A01"),
        (read_yes_no, ["是", "true", "TRUE", "1", "yes", "有"], "true"),
        (read_yes_no, ["否", "false", "0", "No", "无"], "false"),
        (read_count, ["1200", "1,200", "1200.0", "１２００", "01200"], "1200"),
        (read_name, ["东门", " 东门\n"], "东门"),
        (choice({"公共": "public"}), ["公共", "public", "Public", " 公共 "], "public"),
        (plain_header, ["房号", " 房 号*", "房号（必填）", "\ufeff房号:", "房号："], "房号"),
    ],
)
def test_a_cell_has_one_spelling(read: Callable[[str], str], cells: list[str], value: str) -> None:
    assert {read(cell) for cell in cells} == {value}


@pytest.mark.parametrize(
    ("read", "cell", "mend"),
    [
        (read_level, "顶层", "请填整数楼层，地下一层填 -1"),
        (read_yes_no, "出租", "请填 是 或 否"),
        (read_count, "-1", "请填整数"),
        (read_count, "1.5", "请填整数"),
        (read_count, "约1200", "请填整数"),
        (read_code, "a\x00b", "请填不超过100个字的编号"),
        (read_code, "2026年3月2日", "编号被当成日期"),
        (read_room, "3月2日", "编号被当成日期"),
        (read_code, "x" * 101, "请填不超过100个字的编号"),
        (read_name, "a\x00b", "名称里有不能显示的字符"),
        (choice({"公共": "public", "楼梯间": "stairwell"}), "院内", "请填 公共、楼梯间 之一"),
    ],
)
def test_a_cell_that_cannot_be_read_names_the_mend(read: Callable[[str], str], cell: str, mend: str) -> None:
    with pytest.raises(ValueError, match=mend):
        read(cell)


@pytest.mark.parametrize(
    ("cell", "mend"),
    [
        ("1.23E+11", "后几位已丢失"),
        ("3.11064010420190E+19", "后几位已丢失"),
        ("１E+15", "后几位已丢失"),
        ("=VLOOKUP(A2,B:C,2,0)", "公式没有保存计算结果"),
        ("#REF!", "公式出错"),
        ("#N/A", "公式出错"),
        ("########", "公式出错"),
    ],
)
def test_what_a_spreadsheet_made_of_a_cell_is_refused(cell: str, mend: str) -> None:
    with pytest.raises(ValueError, match=mend):
        refuse_spoiled(cell)


@pytest.mark.parametrize("cell", ["12E3", "E+12", "=", "3#", "#3", "31106401042019000001", "1.5", "A=1"])
def test_what_only_looks_alike_is_not_refused(cell: str) -> None:
    refuse_spoiled(cell)


@given(st.sampled_from(READERS), st.text(max_size=30))
def test_a_spelling_that_was_read_reads_as_itself(read: Callable[[str], str], cell: str) -> None:
    try:
        value = read(cell)
    except ValueError:
        return
    assert read(value) == value
