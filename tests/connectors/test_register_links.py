from __future__ import annotations

from collections.abc import Sequence

import pytest

from connectors.register import Sheet, read_sheet
from connectors.register_links import check_links
from connectors.register_reading import Part, read_register


def sheet(kind: str, header: str, *rows: Sequence[str]) -> Sheet:
    return read_sheet(kind, [dict(zip(header.split(), row, strict=True)) for row in rows], kind)


BUILDINGS = sheet("building", "编号 住宅", ("3号楼", "是"), ("B-05", "是"))
UNITS = sheet("unit", "编号 楼栋", ("1", "3"), ("2", "三号楼"), ("U0501", "B-05"))


def homes(*rows: Sequence[str]) -> Sheet:
    return sheet("household", "楼栋 单元 房号 楼层 共用表编号", *rows)


def test_sheets_that_know_each_other_have_no_problem() -> None:
    links = check_links(
        {
            "building": BUILDINGS,
            "unit": UNITS,
            "floor": sheet("floor", "编号 楼栋 单元 楼层", ("F1", "3", "1", "1")),
            "household": homes(("3栋", "01", "101", "1", "M-1、M-2"), ("3", "1", "102", "", "")),
            "meter": sheet("meter", "表号 用途", ("M-1", "共用"), ("M-2", "共用")),
            "lift": sheet("lift", "注册代码 楼栋 单元", ("311", "", "")),
        }
    )

    assert (links.problems, links.doubtful) == ((), frozenset())


def test_an_unknown_unit_is_told_once_with_its_neighbours_and_makes_the_list_of_units_doubtful() -> None:
    rows = [("3", "4", "101", "", ""), ("3", "1", "101", "", ""), ("3", "4", "102", "", "")]
    links = check_links({"building": BUILDINGS, "unit": UNITS, "household": homes(*rows)})

    [problem] = links.problems
    assert str(problem) == (
        "household 第1行“单元”列：“4”；“单元”表里没有 3号楼4单元（共2行这样写）；"
        "相近的有：3号楼2单元、3号楼1单元；请改正，或补进“单元”表"
    )
    assert links.doubtful == {"unit"}


def test_of_an_unknown_building_one_problem_is_enough() -> None:
    links = check_links({"building": BUILDINGS, "unit": UNITS, "household": homes(("9", "1", "101", "", ""))})

    assert [problem.column for problem in links.problems] == ["楼栋"]
    assert links.doubtful == {"building", "unit"}


def test_a_sheet_that_is_not_there_is_not_asked() -> None:
    assert check_links({"household": homes(("9", "1", "101", "7", "M-9"))}).problems == ()


@pytest.mark.parametrize(
    ("kind", "row", "target", "listed", "words"),
    [
        (
            "lamp",
            {"编号": "L1", "用途": "公共", "回路": "C07"},
            "circuit",
            {"回路": "C-07"},
            "“回路”列：“C07”；“回路”表里没有 C07；相近的有：C-07；",
        ),
        (
            "space",
            {"编号": "1", "停车区": "A3"},
            "area",
            {"编号": "A-03", "用途": "停车"},
            "“停车区”列：“A3”；“区域”表里没有 A3；相近的有：A-03；",
        ),
        (
            "household",
            {"楼栋": "3", "单元": "1", "房号": "101", "共用表编号": "SB17、SB18"},
            "meter",
            {"表号": "SB17", "用途": "共用"},
            "“共用表编号”列：“SB18”；“表计”表里没有 SB18；相近的有：SB17；",
        ),
    ],
)
def test_an_unknown_code_is_told_with_those_written_alike_and_spoils_nothing(
    kind: str, row: dict[str, str], target: str, listed: dict[str, str], words: str
) -> None:
    links = check_links({kind: read_sheet(kind, [row], "表"), target: read_sheet(target, [listed], "表")})

    [problem] = links.problems
    assert words in str(problem)
    assert links.doubtful == frozenset()


def test_a_whole_register_is_read_with_what_is_wrong_and_what_is_complete() -> None:
    register = read_register(
        {
            "building": Part([{"编号": "3", "住宅": "是"}], "楼栋", [5]),
            "unit": Part([{"编号": "1", "楼栋": "3"}], "单元", [5]),
            "household": Part([{"楼栋": "3", "单元": "2", "房号": "101"}], "住户", [7]),
            "lift": Part([{"楼栋": "3"}], "电梯", [5]),
            "gate": Part([{"名称": "东门"}], "出入口", [5]),
            "totals": Part([{"项目": "总户数", "数值": "many"}, {"项目": "居民数", "数值": "9"}], "总数", [5, 6]),
        }
    )

    assert register.complete == ["building", "household"]
    assert set(register.faults) == {"lift", "gate"}
    assert {key: total.value for key, total in register.totals.items()} == {"residents": "9"}
    assert [(problem.where, problem.line, problem.column) for problem in register.problems] == [
        ("总数", 5, "数值"),
        ("住户", 7, "单元"),
    ]
