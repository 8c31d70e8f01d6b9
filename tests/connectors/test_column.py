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
)

READERS = [read_building, read_code, read_count, read_level, read_name, read_room, read_unit, read_yes_no]


@pytest.mark.parametrize(
    ("read", "cells", "value"),
    [
        (read_building, ["3", "03", "3号楼", "3栋", "3幢", "3#", "3楼", " ３号楼 "], "3"),
        (read_building, ["A座", "Ａ座"], "A座"),
        (read_unit, ["2", "02", "2单元", "２单元", "2门"], "2"),
        (read_unit, ["甲单元"], "甲单元"),
        (read_level, ["12", "12层", "12楼", "12F", "第12层", "012"], "12"),
        (read_level, ["-1", "B1", "b1", "负1层", "地下1层"], "-1"),
        (read_level, ["0", "-0", "00"], "0"),
        (read_room, ["1201", "1201室", "01201", "１２０１号"], "1201"),
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
        (read_level, "顶层", "write the storey as a number, -1 for the first below ground"),
        (read_yes_no, "出租", "write 是 or 否"),
        (read_count, "-1", "write a whole number, 0 or more"),
        (read_count, "1.5", "write a whole number, 0 or more"),
        (read_count, "约1200", "write a whole number, 0 or more"),
        (read_code, "a\x00b", "write a code of at most 100 printed characters"),
        (read_code, "x" * 101, "write a code of at most 100 printed characters"),
        (read_name, "a\x00b", "write a name without control characters"),
        (choice({"公共": "public", "楼梯间": "stairwell"}), "院内", "write one of 公共, 楼梯间"),
    ],
)
def test_a_cell_that_cannot_be_read_names_the_mend(read: Callable[[str], str], cell: str, mend: str) -> None:
    with pytest.raises(ValueError, match=mend):
        read(cell)


@given(st.sampled_from(READERS), st.text(max_size=30))
def test_a_spelling_that_was_read_reads_as_itself(read: Callable[[str], str], cell: str) -> None:
    try:
        value = read(cell)
    except ValueError:
        return
    assert read(value) == value
