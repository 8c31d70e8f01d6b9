from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.spelling import cell_level, cell_number, level_of, number_of, plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" ３号楼 ２单元—１２０１ ", "3号楼2单元-1201"),
        ("3 号楼\t2 单元", "3号楼2单元"),
        ("3 - 2 – 1201", "3-2-1201"),
        ("WM 000123", "WM 000123"),
        ("C_07", "C-07"),
        ("①号楼", "1号楼"),
    ],
)
def test_plain(text: str, expected: str) -> None:
    assert plain(text) == expected


@given(st.text("３3０0 \u3000\t-－—～#＃/／_ABｂ号楼单元二①（)、", max_size=40))
def test_plain_is_settled(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("012", "12"),
        ("0", "0"),
        ("000", "0"),
        ("十", "10"),
        ("十二", "12"),
        ("二十", "20"),
        ("二十一", "21"),
        ("三", "3"),
        ("一二〇一", "1201"),
        ("一二零一", "1201"),
        ("十十", None),
        ("二百", None),
        ("", None),
        ("A", None),
        ("1二", None),
    ],
)
def test_number_of(text: str, number: str | None) -> None:
    assert number_of(text) == number


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("12", "12"),
        ("B1", "-1"),
        ("b2", "-2"),
        ("负一", "-1"),
        ("地下1", "-1"),
        ("-2", "-2"),
        ("B0", None),
        ("x", None),
    ],
)
def test_level_of(text: str, level: str | None) -> None:
    assert level_of(text) == level


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("3", "3"),
        ("03", "3"),
        ("3号楼", "3"),
        ("三号楼", "3"),
        ("３栋", "3"),
        ("2单元", "2"),
        ("1201室", "1201"),
        ("0101", "101"),
        ("a座", "A座"),
        ("1201a", "1201A"),
        ("", ""),
    ],
)
def test_cell_number(cell: str, number: str) -> None:
    assert cell_number(cell) == number


@pytest.mark.parametrize(
    ("cell", "level"), [("12", "12"), ("12层", "12"), ("-1", "-1"), ("B1", "-1"), ("天台", "天台")]
)
def test_cell_level(cell: str, level: str) -> None:
    assert cell_level(cell) == level
