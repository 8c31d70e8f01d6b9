"""The whole way of a new user: template, filling in, import, refresh, list, undo."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from collector.attest_desk import Handed, list_recorded, make_template, take_back, take_in, write_template
from collector.reader import Reader
from evidence.acts import ActError
from evidence.attest import Standing
from tests.fakes.clerk import Clerk
from tests.fakes.hamlet import Hamlet

PARTS = ("rules", "measures", "no-incident")
GIVEN = {"佐证人": "王工", "日期": "2026-10-20", "有效期至": "2027-10-20"}
LIFT = "31106401042019000001"


@pytest.fixture
def hamlet(tmp_path: Path) -> Iterator[Hamlet]:
    stage = Hamlet(tmp_path)
    for name in ("制度", "汇总", "演练"):
        (tmp_path / f"{name}.pdf").write_bytes(f"%PDF-1.4 {name}".encode())
    yield stage
    stage.close()


def template(hamlet: Hamlet, name: str = "佐证.xlsx") -> Clerk:
    write_template(hamlet.house, "demo", hamlet.folder / name)
    return Clerk(hamlet.folder / name)


def bring(hamlet: Hamlet, clerk: Clerk, name: str = "填好.xlsx") -> Handed:
    return take_in(hamlet.house, "demo", clerk.save(name))


def floor(hamlet: Hamlet, no: int) -> tuple[str, str]:
    row = hamlet.rows()[no]
    return str(row.floor), str(row.ceiling)


def test_a_new_user_fills_in_what_the_workbook_asks_and_the_rows_move(hamlet: Hamlet) -> None:
    hamlet.register(household="楼栋,单元,房号\n3,2,1201\n", totals="项目,数值\n总户数,1\n入住户数,130\n")
    rows = {row["no"]: row for row in hamlet.refresh().scorecard["indicators"]}
    assert [rows[no]["floor"] for no in (2, 7, 29, 74, 76)] == ["0.00"] * 5
    clerk = template(hamlet)
    clerk.fill(
        "佐证", clerk.find("佐证", 指标序号="默认"), 佐证人="王工", 日期=date(2026, 10, 20), 有效期至="2027年10月20日"
    )
    for part in PARTS:
        clerk.attest(74, part, 有无="有", 文件="制度.pdf")
    clerk.attest(2, "operators", 有无="有", 数量=3, 文件="制度.pdf")
    clerk.survey(抽样户数=13, 满意户数=11, 汇总表文件="汇总.pdf", 调查人="陈社工", 日期="2026/10/25")
    clerk.fill("演练", clerk.find("演练", 地点编号=LIFT), 日期="2026-10-21", 记录人="李工", 文件="演练.pdf")
    clerk.fill("不适用", clerk.find("不适用", 问题代码="gated"), 回答="否", 登记人="王工", 日期="2026-10-20")
    clerk.fill("更正", 4, 指标序号=2, 更正得分=6.5, 理由="一家已退出", 更正人="赵主任", 日期="2026-11-01")
    handed = bring(hamlet, clerk)
    acts = [body["act"] for body in handed.imported.recorded]
    assert {act: acts.count(act) for act in acts} == {
        "attest": 4,
        "survey": 1,
        "drill": 1,
        "override": 1,
        "not_applicable": 11,
    }
    scored = hamlet.rows()
    assert [str(scored[no].floor) for no in (2, 74, 76)] == ["6.50", "10.00", "100.00"]
    assert scored[29].status == "not_applicable"
    assert next(part for part in scored[7].parts if part.id == "alarm").floor


def test_a_line_without_its_document_counts_in_the_ceiling_only(hamlet: Hamlet) -> None:
    clerk = template(hamlet)
    for part in PARTS:
        clerk.attest(74, part, 有无="有", 文件=None if part == "rules" else "制度.pdf", **GIVEN)
    bring(hamlet, clerk)
    assert floor(hamlet, 74) == ("0.00", "10.00")
    lines, _ = list_recorded(hamlet.house, "demo")
    assert {line.part: line.state for line in lines} == {
        "rules": Standing.NO_DOCUMENT,
        "measures": Standing.GOOD,
        "no-incident": Standing.GOOD,
    }


def test_importing_a_workbook_twice_records_nothing_new(hamlet: Hamlet) -> None:
    clerk = template(hamlet)
    clerk.attest(74, "rules", 有无="有", 文件="制度.pdf", **GIVEN)
    clerk.fill("不适用", clerk.find("不适用", 问题代码="septic-tank"), 回答="否", 登记人="王工", 日期="2026-10-20")
    bring(hamlet, clerk)
    last = hamlet.house.locker.last_receipt()
    again = bring(hamlet, clerk)
    assert (again.imported.recorded, again.imported.passed_over) == ((), 1)
    assert hamlet.house.locker.last_receipt() == last


def test_one_bad_cell_leaves_everything_unrecorded(hamlet: Hamlet) -> None:
    clerk = template(hamlet)
    clerk.attest(74, "rules", 有无="有", 文件="制度.pdf", **GIVEN)
    line = clerk.attest(74, "measures", 有无="可能", **GIVEN)
    before = hamlet.house.locker.last_receipt()
    with pytest.raises(ActError, match=f"填好.xlsx 工作表“佐证”F{line}格“有/无”：“可能”，请填“有”或“无”"):
        bring(hamlet, clerk)
    assert hamlet.house.locker.last_receipt() == before


def test_an_import_can_be_undone_and_brought_again(hamlet: Hamlet) -> None:
    clerk = template(hamlet)
    for part in PARTS:
        clerk.attest(74, part, 有无="有", 文件="制度.pdf", **GIVEN)
    batch = bring(hamlet, clerk).imported.batch
    gone = take_back(hamlet.house, "demo", [], batch=batch[:12], by="赵主任", reason="盖章页缺失")
    assert {line.part for line in gone} == set(PARTS)
    assert floor(hamlet, 74)[0] == "0.00"
    assert len(bring(hamlet, clerk).imported.recorded) == 3
    assert floor(hamlet, 74)[0] == "10.00"


def test_a_question_answered_the_other_way_takes_the_first_answer_back(hamlet: Hamlet) -> None:
    clerk = template(hamlet)
    line = clerk.find("不适用", 问题代码="septic-tank")
    clerk.fill("不适用", line, 回答="否", 登记人="王工", 日期="2026-10-20")
    bring(hamlet, clerk)
    told = template(hamlet, "再来.xlsx")
    assert "已登记“否”（王工 2026-10-20）" in told.texts("不适用", "现状")
    told.fill("不适用", line, 回答="是", 登记人="李工", 日期="2026-11-01")
    (body,) = bring(hamlet, told, "改好.xlsx").imported.recorded
    assert (body["act"], body["by"], body["date"]) == ("withdraw", "李工", "2026-11-03")
    assert hamlet.facts().not_applicable == {}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"receipts": [], "by": "王工"}, "name receipts, or --import ID"),
        ({"receipts": [1], "by": " "}, "--by: who withdraws it is missing"),
        ({"receipts": [1], "by": "王工"}, "1: no act has this receipt"),
    ],
)
def test_what_cannot_be_undone_is_told(hamlet: Hamlet, arguments: dict[str, object], words: str) -> None:
    with pytest.raises(ActError, match=words):
        take_back(hamlet.house, "demo", **arguments)  # type: ignore[arg-type]


def test_an_import_reminds_of_what_ends_soon(hamlet: Hamlet) -> None:
    clerk = template(hamlet)
    clerk.attest(74, "rules", 有无="有", 文件="制度.pdf", **{**GIVEN, "有效期至": "2026-11-20"})
    assert [(line.row, line.expires) for line in bring(hamlet, clerk).ending] == [(74, "2026-11-20")]


def test_documents_may_lie_in_a_folder_of_their_own(hamlet: Hamlet, tmp_path: Path) -> None:
    (tmp_path / "材料").mkdir()
    (tmp_path / "材料" / "盖章.pdf").write_bytes(b"%PDF-1.4")
    clerk = template(hamlet)
    clerk.attest(74, "rules", 有无="有", 文件="盖章.pdf", **GIVEN)
    path = clerk.save()
    with pytest.raises(ActError, match=r"“盖章\.pdf”，找不到文件"):
        take_in(hamlet.house, "demo", path)
    with pytest.raises(ActError, match=r"--documents .*: is no folder"):
        take_in(hamlet.house, "demo", path, tmp_path / "nowhere")
    assert len(take_in(hamlet.house, "demo", path, tmp_path / "材料").imported.recorded) == 1


def test_a_filled_workbook_is_never_overwritten(hamlet: Hamlet) -> None:
    template(hamlet)
    with pytest.raises(ActError, match="may be filled in"):
        template(hamlet)
    with pytest.raises(ActError, match=r"is an \.xlsx file"):
        write_template(hamlet.house, "demo", hamlet.folder / "佐证.xls")


def test_the_same_state_gives_the_same_bytes(hamlet: Hamlet) -> None:
    hamlet.register()
    reader = Reader(hamlet.house)
    reader.catch_up()
    first, count = make_template(hamlet.house, reader.ledger, "demo")
    second, _ = make_template(hamlet.house, reader.ledger, "demo")
    reader.close()
    assert first == second
    assert count > 50
