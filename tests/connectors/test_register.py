from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.register import (
    COLUMNS,
    KINDS,
    RegisterError,
    list_totals,
    read_sheet,
    read_totals,
    rows_digest,
)

HOUSEHOLDS = [
    {"building": "3", "unit": "2", "room": "1201", "occupied": "true"},
    {"building": "3", "unit": "2", "room": "1202", "occupied": "false"},
]


def test_chinese_headers_and_messy_cells_give_the_places_of_english_ones() -> None:
    chinese = [
        {"楼栋*": "０３号楼", " 单元 ": "2单元", "房号（必填）": "1201室", "是否入住": "是", "业主电话": "13800000000"},
        {"楼栋*": "3栋", " 单元 ": "02", "房号（必填）": "01202", "是否入住": "否", "业主电话": ""},
    ]

    sheet = read_sheet("household", chinese, "住户.csv")

    assert sheet == read_sheet("household", HOUSEHOLDS, "household.csv")
    assert [place.key for place in sheet.places] == ["3-2-1201", "3-2-1202"]
    assert sheet.places[0].attributes == {"building": "3", "unit": "2", "room": "1201", "occupied": "true"}


@pytest.mark.parametrize(
    ("kind", "row", "key", "label"),
    [
        ("building", {"code": "3", "residential": "是"}, "3", "3号楼"),
        ("building", {"code": "B-03", "name": "3号楼", "residential": "是"}, "B-03", "3号楼"),
        ("building", {"code": "K1", "name": "会所", "residential": "否"}, "K1", "会所"),
        ("unit", {"code": "3-2", "building": "3"}, "3-2", "3号楼2单元"),
        ("unit", {"code": "2", "building": "3号楼"}, "3-2", "3号楼2单元"),
        ("unit", {"code": "U0302", "building": "3", "name": "3号楼2单元"}, "U0302", "3号楼2单元"),
        ("entrance", {"code": "E032", "building": "3", "unit": "2"}, "E032", "3号楼2单元单元门"),
        ("entrance", {"code": "E130", "building": "13", "name": "正门"}, "E130", "13号楼正门"),
        ("entrance", {"code": "1", "building": "A座", "unit": "2"}, "A座-2-1", "A座2单元单元门"),
        ("floor", {"code": "F1", "building": "3", "unit": "2", "level": "12层"}, "F1", "3号楼2单元12层"),
        ("floor", {"code": "F0", "building": "3", "unit": "2", "level": "B1"}, "F0", "3号楼2单元-1层"),
        ("household", {"code": "H1", "building": "3", "unit": "2", "room": "1201"}, "H1", "3号楼2单元1201"),
        ("household", {"code": "1201", "building": "3", "unit": "2", "room": "1201"}, "3-2-1201", "3号楼2单元1201"),
        ("household", {"building": "3", "unit": "2", "room": "12a01"}, "3-2-12A01", "3号楼2单元12A01"),
        ("lift", {"注册代码": "31106401042019000001", "编号": "7"}, "31106401042019000001", "31106401042019000001"),
        ("circuit", {"回路": "C-07"}, "C-07", "C-07"),
        ("gate", {"code": "G-01", "use": "人行", "name": "东门"}, "G-01", "东门"),
    ],
)
def test_keys_and_labels(kind: str, row: dict[str, str], key: str, label: str) -> None:
    sheet = read_sheet(kind, [row], "sheet")

    assert [(place.key, place.label) for place in sheet.places] == [(key, label)]
    assert sheet.problems == ()


@pytest.mark.parametrize(
    ("kind", "chinese", "english"),
    [
        ("lamp", "公共", "public"),
        ("lamp", "楼梯间", "stairwell"),
        ("gate", "人行", "pedestrian"),
        ("gate", "车行", "vehicle"),
        ("area", "活动", "activity"),
        ("area", "公共", "public"),
        ("area", "停车", "parking"),
        ("pump", "供水", "supply"),
        ("pump", "污水", "sewage"),
        ("tank", "二次供水", "secondary_supply"),
        ("tank", "集水井", "sump"),
        ("tank", "中水", "reclaimed"),
    ],
)
def test_uses_have_one_spelling(kind: str, chinese: str, english: str) -> None:
    sheet = read_sheet(kind, [{"编号": "X1", "用途": chinese}, {"编号": "X2", "用途": english}], "sheet")

    assert [place.attributes["use"] for place in sheet.places] == [english, english]


def test_a_building_is_named_by_others_by_its_number() -> None:
    (building,) = read_sheet("building", [{"code": "B-03", "name": "03号楼", "residential": "是"}], "s").places
    (entrance,) = read_sheet("entrance", [{"code": "E1", "building": "3栋", "unit": "1"}], "s").places

    assert building.attributes["building"] == entrance.attributes["building"] == "3"


def test_a_missing_required_column_is_named_with_what_was_found_and_the_mend() -> None:
    with pytest.raises(RegisterError) as caught:
        read_sheet("household", [{"楼栋": "3", "门牌": "1201", "单元": "2"}], "household.csv")

    assert str(caught.value) == (
        "household.csv：住户表缺少“房号”列；现有的列：楼栋、门牌、单元；请补上这一列（也可以叫 房间号、室号、room）"
    )


def test_every_required_column_is_missed() -> None:
    for kind in KINDS:
        for missing in (column for column in COLUMNS[kind] if column.required):
            row = {column.key: "1" for column in COLUMNS[kind] if column is not missing} | {"x": "1"}
            with pytest.raises(RegisterError, match=f"缺少“{missing.shown}”列"):
                read_sheet(kind, [row], "sheet")


def test_an_unknown_kind_names_the_kinds() -> None:
    with pytest.raises(RegisterError, match=r"'house' is no kind of place; the kinds are building, unit"):
        read_sheet("house", [], "house.csv")


def test_duplicates_are_listed_and_the_first_row_is_the_place() -> None:
    rows = [{"code": "G-01", "use": "人行"}, {"code": "G-01", "use": "车行"}, {"code": "Ｇ-01", "use": "人行"}]

    sheet = read_sheet("gate", rows, "gate.csv")

    assert [(place.key, place.row, place.attributes["use"]) for place in sheet.places] == [("G-01", 0, "pedestrian")]
    assert [(problem.row, problem.spoils) for problem in sheet.problems] == [(1, True), (2, False)]
    assert str(sheet.problems[0]) == ("gate.csv 第2行“编号”列：“G-01”；第1行已经是它；请给每个不同的编号")
    assert not sheet.complete


@pytest.mark.parametrize(
    ("kind", "row", "column", "kept"),
    [
        ("gate", {"code": "G-01", "use": "人车混行"}, "用途", True),
        ("building", {"code": "3", "residential": "?"}, "住宅", True),
        ("household", {"code": "H1", "building": "3", "unit": "2", "room": " "}, "房号", True),
        ("household", {"building": "3", "unit": "2", "room": ""}, "房号", False),
        ("lift", {"code": "", "building": "3"}, "注册代码", False),
        ("floor", {"code": "F1", "building": "3", "unit": "1", "level": "顶"}, "楼层", True),
    ],
)
def test_a_row_that_cannot_be_read_spoils_the_frame(kind: str, row: dict[str, str], column: str, *, kept: bool) -> None:
    sheet = read_sheet(kind, [row], "sheet")

    assert [(problem.column, problem.spoils) for problem in sheet.problems] == [(column, True)]
    assert len(sheet.places) == kept
    assert not sheet.complete


def test_an_optional_cell_that_cannot_be_read_is_a_problem_that_spoils_nothing() -> None:
    sheet = read_sheet("household", [{**HOUSEHOLDS[0], "occupied": "出租"}], "household.csv")

    assert "occupied" not in sheet.places[0].attributes
    assert [str(problem) for problem in sheet.problems] == ["household.csv 第1行“入住”列：“出租”；请填 是 或 否"]
    assert sheet.complete


def test_rows_without_a_known_cell_are_passed_over_and_indexes_stay() -> None:
    sheet = read_sheet("perimeter", [{"code": ""}, {"code": "P-01"}, {"code": " ", "备注": "合计"}], "p.csv")

    assert [(place.key, place.row) for place in sheet.places] == [("P-01", 1)]
    assert sheet.complete


def test_totals_by_key_or_chinese_name() -> None:
    rows = [{"项目": "总户数", "数值": "1,200"}, {"项目": "", "数值": ""}, {"项目": "parking_spaces", "数值": "1040.0"}]

    assert read_totals(rows) == {"households": "1200", "parking_spaces": "1040"}
    totals, problems = list_totals(rows, "总数")
    assert {key: total.row for key, total in totals.items()} == {"households": 0, "parking_spaces": 2}
    assert problems == []


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"key": "households", "value": "-1"}], "totals 第1行“数值”列：“-1”；请填整数"),
        ([{"key": "households"}], "totals：总数表缺少“数值”列；现有的列：key"),
        ([{"key": "", "value": "3"}], "totals 第1行“项目”列：空白；请填写项目"),
        (
            [{"key": "households", "value": "12"}, {"key": "总户数", "value": "13"}],
            "totals 第2行“数值”列：“13”；第1行的“总户数”是 12；请只留下对的一个",
        ),
    ],
)
def test_totals_that_cannot_be_read(rows: list[dict[str, str]], message: str) -> None:
    with pytest.raises(RegisterError) as caught:
        read_totals(rows)

    assert str(caught.value).startswith(message)


def test_a_total_without_a_value_is_not_stated_and_of_two_values_neither_is_taken() -> None:
    rows = [
        {"项目": "总户数", "数值": "12"},
        {"项目": "入住户数", "数值": ""},
        {"项目": "households", "数值": "13"},
        {"项目": "居民数", "数值": "30"},
    ]

    totals, problems = list_totals(rows, "总数", [5, 6, 7, 8])

    assert {key: total.value for key, total in totals.items()} == {"residents": "30"}
    assert [(problem.line, problem.value) for problem in problems] == [(7, "13")]


@pytest.mark.parametrize("room", ["3-2-1201", "3号楼2单元1201室", "３－２－１２０１", "1201.0", "1201室"])
def test_a_room_in_the_spellings_of_the_trade_is_the_same_home(room: str) -> None:
    sheet = read_sheet("household", [{"楼栋": "三号楼", "单元": "二单元", "房号": room}], "住户")

    assert ([place.key for place in sheet.places], sheet.problems) == (["3-2-1201"], ())


def test_a_room_that_names_another_unit_is_refused() -> None:
    sheet = read_sheet("household", [{"楼栋": "3", "单元": "2", "房号": "3-1-1201"}], "住户")

    assert not sheet.places
    assert [str(problem) for problem in sheet.problems] == [
        "住户 第1行“房号”列：“3-1-1201”；房号写的是另一栋或另一单元，请核对楼栋、单元和房号"
    ]
    assert not sheet.complete


def test_the_digest_leaves_out_order_language_and_unknown_columns() -> None:
    english = {"gate": [{"code": "G-01", "use": "人行"}, {"code": "G-02", "use": "车行", "name": ""}]}
    chinese = {
        "gate": [{"用途": "车行", "编号": "G-02 ", "更新时间": "昨天"}, {"用途": "人行", "编号": "G-01"}, {"编号": ""}]
    }

    assert rows_digest(english) == rows_digest(chinese)


@given(st.integers(0, 9), st.sampled_from(["code", "use", "name"]), st.text(min_size=1).filter(lambda t: t.strip()))
def test_the_digest_holds_every_known_cell(index: int, column: str, text: str) -> None:
    rows = [{"code": f"G-{number}", "use": "人行", "name": "门"} for number in range(10)]
    changed = [dict(row) for row in rows]
    changed[index][column] = text

    same = text.strip() == rows[index][column]
    assert (rows_digest({"gate": rows}) == rows_digest({"gate": changed})) is same


@given(st.permutations(range(6)))
def test_the_digest_changes_when_a_row_goes(order: list[int]) -> None:
    rows = [{"code": f"P-{number}"} for number in order]

    assert rows_digest({"perimeter": rows}) == rows_digest({"perimeter": sorted(rows, key=str)})
    assert rows_digest({"perimeter": rows}) != rows_digest({"perimeter": rows[1:]})
