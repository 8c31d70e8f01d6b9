from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.register import read_sheet
from connectors.sheet import RegisterError, rows_of


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_csv_in_the_encodings_of_the_trade(encoding: str, newline: str) -> None:
    text = newline.join(["编号,用途,名称", 'G-01,人行,"东门, 主"', "", "G-02,车行", ""])

    rows = rows_of(text.encode(encoding), "gate.csv")

    assert rows == [
        {"编号": "G-01", "用途": "人行", "名称": "东门, 主"},
        {"编号": "", "用途": "", "名称": ""},
        {"编号": "G-02", "用途": "车行", "名称": ""},
    ]
    assert [place.row for place in read_sheet("gate", rows, "gate.csv").places] == [0, 2]


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"", "gate.csv: the first line is empty"),
        ("编号,编号\nG,G".encode(), "gate.csv: the column '编号' is there twice"),
        ("编号,用途\nG-01,人行,东门".encode(), "gate.csv: line 2 has more cells than the header"),
        ('编号,用途\n"G-01,人行\nG-02,车行'.encode(), "gate.csv: line 3: unexpected end of data"),
        ("编号,用途".encode("utf-16"), "gate.csv: the bytes are neither UTF-8 nor GBK"),
        (b"\x00\x01", "gate.csv: the bytes are neither UTF-8 nor GBK"),
    ],
)
def test_a_csv_that_cannot_be_read_says_why(payload: bytes, message: str) -> None:
    with pytest.raises(RegisterError) as caught:
        rows_of(payload, "gate.csv")

    assert str(caught.value).startswith(message)


@given(st.binary(max_size=300))
def test_any_bytes_are_rows_or_a_register_error(payload: bytes) -> None:
    try:
        rows = rows_of(payload, "any.csv")
    except RegisterError:
        return
    assert all(isinstance(cell, str) for row in rows for cell in row.values())


def test_a_column_without_a_name_is_left_out_and_a_cell_may_hold_lines() -> None:
    rows = rows_of('编号,,名称\nG-01,x,"东\n门"'.encode(), "gate.csv")

    assert rows == [{"编号": "G-01", "名称": "东\n门"}]
    assert read_sheet("gate", [{**rows[0], "use": "人行"}], "gate.csv").places[0].label == "东 门"
