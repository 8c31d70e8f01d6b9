from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import sheet
from connectors.sheet import Problem, RegisterError, read_csv


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_csv_in_the_encodings_of_the_trade(encoding: str, newline: str) -> None:
    text = newline.join(["编号,用途,名称", 'G-01,人行,"东门, 主"', ",,", "", "G-02,车行,", ""])

    grid = read_csv(text.encode(encoding), "gate.csv")

    assert grid.lines == (
        (1, ("编号", "用途", "名称")),
        (2, ("G-01", "人行", "东门, 主")),
        (5, ("G-02", "车行")),
    )
    assert grid.pointer(5) == "line 5"


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ('编号,用途\n"G-01,人行\nG-02,车行'.encode(), "gate.csv 第3行：不是完整的CSV"),
        ("编号,用途".encode("utf-16"), "gate.csv：既不是 UTF-8 也不是 GBK"),
        (b"\x00\x01", "gate.csv：既不是 UTF-8 也不是 GBK"),
    ],
)
def test_a_csv_that_cannot_be_read_says_why(payload: bytes, message: str) -> None:
    with pytest.raises(RegisterError) as caught:
        read_csv(payload, "gate.csv")

    assert str(caught.value).startswith(message)


def test_a_csv_of_too_many_bytes_or_lines_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet, "LARGEST_BYTES", 40)
    monkeypatch.setattr(sheet, "MOST_LINES", 3)
    assert read_csv(b"code\n1\n2\n", "x.csv").lines[-1] == (3, ("2",))
    with pytest.raises(RegisterError, match=r"x\.csv：超过 3 行"):
        read_csv(b"code\n1\n2\n3\n", "x.csv")
    with pytest.raises(RegisterError, match=r"x\.csv：文件有 41 字节"):
        read_csv(b"1" * 41, "x.csv")


@given(st.binary(max_size=300))
def test_any_bytes_are_lines_or_a_register_error(payload: bytes) -> None:
    try:
        grid = read_csv(payload, "any.csv")
    except RegisterError:
        return
    assert all(any(cell.strip() for cell in cells) for _, cells in grid.lines)


def test_a_cell_may_hold_lines_and_a_line_is_a_record_of_the_file() -> None:
    grid = read_csv('编号,名称\nG-01,"东\n门"\nG-02,\n'.encode(), "gate.csv")

    assert grid.lines[1:] == ((2, ("G-01", "东\n门")), (3, ("G-02",)))


def test_a_problem_is_one_line_with_sheet_row_column_value_and_mend() -> None:
    problem = Problem("住户", 3, 17, "房号", "12\n01" + "x" * 80, "请填房号", spoils=True)

    assert str(problem) == f"住户 第17行“房号”列：“12 01{'x' * 55}”；请填房号"
    assert "空白" in str(Problem("住户", 3, 17, "房号", " ", "请填写房号", spoils=True))
