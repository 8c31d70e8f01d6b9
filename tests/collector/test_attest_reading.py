"""A filled workbook is read by its headers; every refused cell is named with sheet, cell, value and mend."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from collector.attest_reading import read_attest_workbook
from collector.attest_workbook import Contents, SurveyRule, draw_workbook
from collector.house import PRODUCT
from connectors.sheet import RegisterError
from evidence.act_terms import Terms
from evidence.acts import ActError
from evidence.attest import ActLine
from evidence.catalogue import read_yaml
from scoring.rubric import parse_rubric
from tests.fakes.clerk import Clerk

RUBRIC = parse_rubric(read_yaml((PRODUCT / "config" / "rubrics" / "yinchuan.yaml").read_bytes(), "yinchuan.yaml"))
ALARMS = {"level_high": "超高液位报警", "level_low": "超低液位报警"}
TERMS = Terms(RUBRIC, "2026-11-03", frozenset(ALARMS), frozenset({"T-01"}), {"occupied_households": 120}, by_hand=True)
GIVEN = {"有无": "有", "佐证人": "王工", "日期": "2026-10-20", "有效期至": "2027-10-20"}


def part(row: int, name: str, quantity: str | None) -> dict[str, Any]:
    return {"row": row, "part": name, "quantity": quantity}


def blank() -> bytes:
    return draw_workbook(
        Contents(
            title="示例小区",
            lines={
                "佐证": [part(74, "rules", "不填"), part(74, "measures", "不填"), part(2, "operators", None)],
                "演练": [{"label": "1号水箱", "place": "T-01", "capability": "超低液位报警"}],
                "不适用": [{"question": "gated", "text": "是否封闭式小区"}],
                "已登记": [],
            },
            alarms=list(ALARMS.values()),
            survey=SurveyRule(76, 120, 12, 50, ""),
        )
    )


@pytest.fixture
def clerk(tmp_path: Path) -> Clerk:
    path = tmp_path / "佐证.xlsx"
    path.write_bytes(blank())
    return Clerk(path)


def read(given: Clerk | bytes, recorded: tuple[ActLine, ...] = ()) -> list[dict[str, Any]]:
    content = given if isinstance(given, bytes) else given.save().read_bytes()
    acts = read_attest_workbook(
        content, "填好.xlsx", lambda name: b"%PDF-1.4 " + name.encode(), TERMS, ALARMS, recorded, frozenset()
    )
    return [body for body, _ in acts]


def refused(given: Clerk | bytes) -> list[str]:
    with pytest.raises(ActError) as told:
        read(given)
    return str(told.value).split("\n")


def test_an_empty_workbook_says_nothing(clerk: Clerk) -> None:
    assert read(clerk) == []


def test_the_default_line_fills_what_is_empty_below_it_and_nothing_else(clerk: Clerk) -> None:
    clerk.fill("佐证", clerk.find("佐证", 指标序号="默认"), 佐证人="王工", 日期="2026-10-20", 有效期至="2027-10-20")
    clerk.attest(74, "rules", 有无="有")
    clerk.attest(74, "measures", 有无="无", 佐证人="李工", 有效期至="2026-12-31")
    found = [(body["part"], body["value"], body["by"], body["expires"]) for body in read(clerk)]
    assert found == [("rules", "yes", "王工", "2027-10-20"), ("measures", "no", "李工", "2026-12-31")]


def test_columns_may_be_moved_and_cells_merged(clerk: Clerk) -> None:
    tab = clerk.tab("佐证")
    clerk.attest(74, "rules", **GIVEN)
    clerk.attest(74, "measures", 有无="有", 日期="2026-10-20", 有效期至="2027-10-20")
    by = clerk.columns("佐证")["佐证人"]
    tab.merge_cells(start_row=5, end_row=6, start_column=by, end_column=by)
    tab.move_range("A3:B7", cols=20)
    assert [(body["row"], body["part"], body["by"]) for body in read(clerk)] == [
        (74, "rules", "王工"),
        (74, "measures", "王工"),
    ]


def test_a_formula_gives_its_stored_value_and_one_without_is_refused(clerk: Clerk) -> None:
    clerk.attest(2, "operators", **{**GIVEN, "数量": "=1+2"})
    assert refused(clerk) == ["填好.xlsx 工作表“佐证”G7格“数量”：“=1+2”，不是整数；请写阿拉伯数字，不带单位"]


def test_a_drill_is_read_by_the_alarms_chinese_name_and_an_offered_place_is_no_drill_yet(clerk: Clerk) -> None:
    assert read(clerk) == []
    clerk.fill("演练", 4, 日期="2026-10-20", 记录人="李工", 文件="演练.pdf")
    (body,) = read(clerk)
    assert (body["place"], body["capability"], body["document"]["name"]) == ("T-01", "level_low", "演练.pdf")


@pytest.mark.parametrize("filled", [0, 12])
def test_the_survey_is_read_as_totals_or_counted_home_by_home(clerk: Clerk, filled: int) -> None:
    clerk.survey(汇总表文件="汇总.pdf", 调查人="陈社工", 日期="2026-10-25")
    if filled:
        for number in range(filled):
            clerk.tab("满意度调查").cell(4 + number, 6).value = "不满意" if number == 3 else "满意"
    else:
        clerk.survey(抽样户数=12, 满意户数=11)
    (body,) = read(clerk)
    assert (body["row"], body["sample"], body["satisfied"]) == (76, 12, 11)
    assert "occupied" not in body


def test_totals_that_contradict_the_answers_are_refused(clerk: Clerk) -> None:
    clerk.survey(抽样户数=13, 调查人="陈社工", 日期="2026-10-25")
    for number in range(12):
        clerk.tab("满意度调查").cell(4 + number, 6).value = "满意"
    clerk.tab("满意度调查").cell(15, 6).value = "一般"
    assert refused(clerk) == [
        "填好.xlsx 工作表“满意度调查”B6格“抽样户数”：“13”，与逐户填写的合计12户不符；请核对，或把这一格清空",
        "填好.xlsx 工作表“满意度调查”F15格“是否满意”：“一般”，请填“满意”或“不满意”",
    ]


def test_a_no_makes_every_part_of_the_question_not_applicable(clerk: Clerk) -> None:
    clerk.fill("不适用", 4, 回答="否", 登记人="王工", 日期="2026-10-20")
    (question,) = [one for one in RUBRIC.questions if one.id == "gated"]
    bodies = read(clerk)
    assert [(body["row"], body["part"]) for body in bodies] == list(question.parts)
    assert {body["question"] for body in bodies} == {"gated"}


def test_every_refused_cell_is_named_once_in_the_order_of_the_workbook(clerk: Clerk) -> None:
    clerk.attest(74, "rules", 有无="可能", 佐证人="王工", 日期="2026-11-04", 有效期至="2026-01-01", 数量=3)
    clerk.attest(74, "measures", 备注="联系13912345678")
    clerk.survey(抽样户数=9, 满意户数=9, 调查人="陈社工", 日期="2026-10-25")
    clerk.fill("演练", clerk.empty_line("演练"), 地点编号="T01", 功能="地震", 日期="2026-10-20", 记录人="李工")
    clerk.fill("更正", 4, 指标序号=7, 更正得分=5, 更正人="赵主任", 日期="2026-10-20")
    clerk.fill("不适用", 4, 回答="否")
    assert refused(clerk) == [
        "填好.xlsx 工作表“佐证”F5格“有/无”：“可能”，请填“有”或“无”",
        "填好.xlsx 工作表“佐证”G5格“数量”：“3”，此分项不填数量；请清空",
        "填好.xlsx 工作表“佐证”L5格“日期”：“2026-11-04”，晚于今天（2026-11-03）；请填写实际办理的日期",
        "填好.xlsx 工作表“佐证”M5格“有效期至”：“2026-01-01”，早于日期2026-11-04；请核对两个日期",
        "填好.xlsx 工作表“佐证”F6格“有/无”：空白，请填写",
        "填好.xlsx 工作表“佐证”K6格“佐证人”：空白，请填写",
        "填好.xlsx 工作表“佐证”L6格“日期”：空白，请填写",
        "填好.xlsx 工作表“佐证”M6格“有效期至”：空白，请填写",
        "填好.xlsx 工作表“佐证”N6格“备注”：“…”，含有手机号码或身份证号码；请删去，本系统不登记个人信息",
        "填好.xlsx 工作表“满意度调查”B6格“抽样户数”：“9”，不符合抽样规则；入住120户，按10%向上取整应抽12户，最多50户",
        "填好.xlsx 工作表“演练”B5格“地点编号”：“T01”，台账中没有这个地点编号；是否为T-01？",
        "填好.xlsx 工作表“演练”C5格“功能”：“地震”，没有这项功能；请从下拉列表中选择",
        "填好.xlsx 工作表“更正”B4格“更正得分”：“5”，请填0至4之间的得分，最多两位小数",
        "填好.xlsx 工作表“更正”C4格“理由”：空白，请填写",
        "填好.xlsx 工作表“不适用”F4格“登记人”：空白，请填写",
        "填好.xlsx 工作表“不适用”G4格“日期”：空白，请填写",
    ]


@pytest.mark.parametrize(
    ("sheet", "cell", "words"),
    [
        ("佐证", "F3", "工作表“佐证”：前15行里找不到表头“有/无”；请恢复模板的表头再导入"),
        ("佐证", "J3", "找不到表头“文件”"),
        ("演练", "B3", "工作表“演练”：前15行里找不到表头“地点编号”"),
        ("满意度调查", "A6", "工作表“满意度调查”：A列找不到“抽样户数”"),
    ],
)
def test_a_header_that_is_gone_is_named(clerk: Clerk, sheet: str, cell: str, words: str) -> None:
    clerk.tab(sheet)[cell].value = "改过"
    assert any(words in line for line in refused(clerk))


def test_sheets_that_are_not_needed_may_be_deleted_but_not_all(clerk: Clerk) -> None:
    for name in ("填表说明", "满意度调查", "演练", "更正", "不适用", "已登记"):
        del clerk.book[name]
    clerk.attest(74, "rules", **GIVEN)
    assert len(read(clerk)) == 1
    other = Workbook()
    saved = BytesIO()
    other.save(saved)
    assert refused(saved.getvalue()) == [
        "填好.xlsx：没有“佐证”“演练”等工作表；请用 `zhizheng attest template` 生成的工作簿填写"
    ]


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 cut off"])
def test_bytes_that_are_no_workbook_are_refused(content: bytes) -> None:
    with pytest.raises(RegisterError, match=r"填好\.xlsx"):
        read(content)


def test_the_template_can_be_opened_and_offers_its_lists() -> None:
    book = load_workbook(BytesIO(blank()))
    assert book.sheetnames == ["填表说明", "佐证", "满意度调查", "演练", "更正", "不适用", "已登记", "列表"]
    offered = {str(one.sqref): one.formula1 for one in book["佐证"].data_validations.dataValidation}
    assert offered["F5:F7"] == '"有,无"'
    assert {one.formula1 for one in book["演练"].data_validations.dataValidation if one.type == "list"} == {
        "列表!$A$1:$A$2"
    }
    assert book["列表"].sheet_state == "hidden"
    tab = book["佐证"]
    assert [tab[cell].protection.locked for cell in ("A5", "E5", "F5", "G5", "G7", "J5")] == [
        *(True, True, False, True, False, False)
    ]
    assert tab["L5"].number_format == "yyyy-mm-dd"
    assert blank() == blank()
