from __future__ import annotations

from collections.abc import Sequence

import pytest

from connectors.register_columns import KINDS, SHEETS, TOTALS, kind_of
from connectors.register_table import read_table
from connectors.sheet import Grid, RegisterError, read_csv


def tab(*lines: Sequence[str], name: str = "住户") -> Grid:
    """Return a tab whose empty lines are not among its lines, as the readers give it."""
    return Grid(name, tuple((number, tuple(cells)) for number, cells in enumerate(lines, 1) if any(cells)), tab=True)


HEAD = ("序号", "楼栋*", "单元*", "房号*", "备注")


def test_titles_above_the_header_and_sums_below_are_no_rows_and_lines_keep_their_numbers() -> None:
    table = read_table(
        "household",
        tab(
            ("阳光花园住户登记表",) * 5,
            ("填表人：王工", "", "日期：2026年3月2日"),
            HEAD,
            ("1", "3号楼", "1", "101", ""),
            (),
            ("2", "3号楼", "1", "102", ""),
            ("小计", "", "", "2"),
            ("", "3号楼小计", "", "2"),
            ("合计：120户",),
            HEAD,
            ("3", "5号楼", "1", "总计量室"),
        ),
    )

    assert [row["房号*"] for row in table.rows] == ["101", "102", "总计量室"]
    assert (table.lines, table.problems, table.stated) == ((4, 6, 11), (), True)
    assert table.pointer(2) == "住户 第11行"
    assert table.notes == ("住户 第7、8、9行：合计行，没有读入", "住户 第10行：重复的表头，没有读入")


def test_examples_are_never_rows_wherever_they_stand() -> None:
    example = ("", "例：3号楼", "例：1", "例：101")
    table = read_table("household", tab(example, HEAD, ("", "3号楼", "1", "101"), example))

    assert (table.lines, table.problems) == ((3,), ())
    assert table.notes == ("住户 第4行：示例行，没有读入",)


def test_what_looks_like_a_row_above_the_header_is_a_problem_that_spoils() -> None:
    table = read_table("household", tab(("", "3号楼", "1", "100"), HEAD, ("", "3号楼", "1", "101")))

    assert [str(problem) for problem in table.problems] == [
        "住户 第1行“楼栋*”列：“3号楼”；这一行在表头上面，没有读入；请移到表头下面"
    ]
    assert table.problems[0].spoils


def test_a_tab_in_which_nothing_is_filled_says_nothing_and_a_word_says_there_is_none() -> None:
    for lines in ([], [("注册代码*", "楼栋")], [("例：3110",), ("注册代码*", "楼栋")]):
        table = read_table("lift", tab(*lines, name="电梯"))
        assert (table.rows, table.stated) == ((), False)
    none = read_table("lift", tab(("注册代码*", "楼栋"), ("无",), name="电梯"))
    assert (none.rows, none.stated) == ((), True)
    assert none.notes == ("电梯 第2行：写明没有，按 0 个计",)


def test_a_csv_with_a_header_alone_states_that_there_is_none() -> None:
    table = read_table("lift", read_csv("注册代码,楼栋\n".encode(), "lift.csv"))

    assert (table.rows, table.stated) == ((), True)


def test_totals_without_a_value_are_not_stated() -> None:
    lines = [("项目*", "数值*", "含义"), ("总户数", "", "套数"), ("入住户数", "", "")]
    assert not read_table(TOTALS, tab(*lines)).stated
    table = read_table(TOTALS, tab(*lines, ("居民数", "0")))
    assert (table.stated, table.lines) == (True, (4,))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "gate.csv：没有找到出入口表的表头；请在一行里写列名，至少有 编号、用途；现在第一行是：空的"),
        (
            "门号,方向\n1,东\n",
            "gate.csv：没有找到出入口表的表头；请在一行里写列名，至少有 编号、用途；现在第一行是：门号、方向",
        ),
        ("编号,编号\nG,G\n", "gate.csv：“编号”列有两个；请删去或改名一个"),
        ("编号,用途\nG-01,人行,东门\n", "gate.csv 第2行：比表头多出单元格；内容里有逗号的，请加引号"),
    ],
)
def test_a_sheet_without_a_usable_header_says_why(text: str, message: str) -> None:
    with pytest.raises(RegisterError) as refused:
        read_table("gate", read_csv(text.encode(), "gate.csv"))

    assert str(refused.value) == message


def test_beside_a_table_in_a_workbook_people_may_write_notes() -> None:
    table = read_table("gate", tab(("编号", "用途"), ("G-01", "人行", "", "去年新装"), name="出入口"))

    assert table.rows == ({"编号": "G-01", "用途": "人行"},)


def test_every_sheet_is_known_by_its_chinese_and_english_name_and_decorations() -> None:
    for kind in (*KINDS, TOTALS):
        name = SHEETS[kind][0]
        for written in (kind, kind.upper(), name, f" {name} ", f"3、{name}表", f"{name}（示例小区）", f"{name}台账"):
            assert kind_of(written) == kind, written
    assert [kind_of(name) for name in ("填表说明", "备注", "Sheet1", "", "表", "业主")] == [None] * 6
    assert kind_of("水表") is None
