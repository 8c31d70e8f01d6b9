"""A register revision becomes places that keep their ids; a sheet with a hole is never a denominator."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.record import Arrival, Kind
from connectors.workbook import read_workbook
from evidence import frame
from evidence.frame import name_place
from evidence.ledger import Ledger
from tests.fakes.book import make_book
from tests.fakes.hamlet import HUB, Hamlet

HOMES = "楼栋,单元,房号\n3,2,1201\n3,2,1202\n3,2,1203\n"


def places(ledger: Ledger, revision: int | None, kind: str = "household") -> dict[str, tuple[str, str]]:
    """Return key -> (id, label) of one kind in a revision."""
    rows = ledger.connection.execute(
        "SELECT key, id, label FROM places WHERE register = ? AND kind = ? ORDER BY key", (revision, kind)
    )
    return {key: (place_id, label) for key, place_id, label in rows}


def revision_of(ledger: Ledger, receipt: int | None) -> dict[str, Any]:
    complete, problems, origin = ledger.connection.execute(
        "SELECT complete, problems, origin FROM registers WHERE receipt = ?", (receipt,)
    ).fetchone()
    return {"complete": json.loads(complete), "problems": json.loads(problems), "origin": origin}


def test_a_place_has_a_surrogate_id_a_label_and_the_way_to_its_row(hamlet: Hamlet) -> None:
    revision = hamlet.register()
    assert revision is not None
    ledger = hamlet.fold()
    found = places(ledger, revision)["3-2-1202"]
    assert found == (name_place("demo", "household", "3-2-1202", revision), "3号楼2单元1202")
    receipt, pointer, attributes = ledger.connection.execute(
        "SELECT receipt, pointer, attributes FROM places WHERE id = ?", (found[0],)
    ).fetchone()
    sheet = hamlet.house.locker.get(receipt)
    assert (sheet.kind, sheet.topic, pointer) == (Kind.SHEET, "household.csv", "line 3")
    assert sheet.payload.decode().splitlines()[2] == "3,2,1202"
    assert json.loads(attributes) == {"building": "3", "room": "1202", "unit": "2"}


def test_ids_stay_over_revisions_even_of_a_place_that_was_away_for_one(hamlet: Hamlet) -> None:
    first = hamlet.register()
    second = hamlet.register(household="楼栋,单元,房号\n3,2,1203\n3,2,1204\n")
    third = hamlet.register(household="楼栋,单元,房号,入住\n3,2,1204,是\n3,2,1201,否\n")
    ledger = hamlet.fold()
    before, between, after = (places(ledger, revision) for revision in (first, second, third))
    assert before["3-2-1203"] == between["3-2-1203"]
    assert between["3-2-1204"] == after["3-2-1204"]
    assert before["3-2-1201"] == after["3-2-1201"]
    ids = [place_id for revision in (before, between, after) for place_id, _ in revision.values()]
    assert len(set(ids)) == 4


def test_a_register_that_has_not_changed_is_no_new_revision(hamlet: Hamlet) -> None:
    assert hamlet.register() is not None
    assert hamlet.register() is None


def test_totals_keep_the_way_to_their_cell(hamlet: Hamlet) -> None:
    revision = hamlet.register()
    rows = hamlet.fold().connection.execute(
        "SELECT name, value, pointer FROM totals WHERE register = ? ORDER BY pointer", (revision,)
    )
    assert list(rows) == [
        ("households", "3", "line 2"),
        ("occupied_households", "60", "line 3"),
        ("registered_residents", "9", "line 4"),
        ("parking_spaces", "10", "line 5"),
    ]


def test_a_sheet_with_a_spoiled_row_is_kept_and_is_no_denominator(hamlet: Hamlet) -> None:
    revision = hamlet.register(household=HOMES + "3,,1204\n")
    ledger = hamlet.fold()
    said = revision_of(ledger, revision)
    assert "household" not in said["complete"]
    assert {"building", "totals"} <= set(said["complete"])
    assert said["problems"] == ["household.csv 第5行“单元”列：空白；请填写单元"]
    assert len(places(ledger, revision)) == 3
    hamlet.later()
    row = hamlet.rows()[10]
    assert (row.denominator, row.met, row.parts[0].measure.problem) == (None, None, "台账缺少完整的住户表")


def register_of(hamlet: Hamlet, source: str, parts: dict[str, Any], *sheets: tuple[str, str]) -> int:
    """Store sheets and a register that names its parts as the test says; parts may name "sheet 0", "sheet 1"."""
    now = hamlet.clock()
    receipts = hamlet.house.locker.append(
        [Arrival(source, Kind.SHEET, now, name, text.encode()) for name, text in sheets]
    )
    named = {kind: {"sheet": receipts[part]} if isinstance(part, int) else part for kind, part in parts.items()}
    body = {"community": "demo", "valid_from": None, "origin": "files:test", "rows_sha256": "", "parts": named}
    (receipt,) = hamlet.house.locker.append([Arrival(source, Kind.REGISTER, now, "demo", json.dumps(body).encode())])
    return receipt


def test_a_missing_column_and_a_missing_sheet_are_problems_of_their_kind_only(hamlet: Hamlet) -> None:
    sheets = [("household.csv", "楼栋,房号\n3,1201\n"), ("building.csv", "编号,住宅\n3号楼,是\n")]
    parts = {"household": 0, "building": 1, "lift": {"sheet": 99}, "gate": {"list": "register.gate", "pages": [1]}}
    revision = register_of(hamlet, "register", parts, *sheets)
    said = revision_of(hamlet.fold(), revision)
    assert said["complete"] == ["building"]
    lift, gate, household = said["problems"]
    assert gate == "出入口：没有接口规格说明"
    assert lift == "电梯：第99号记录缺失"
    assert household.startswith("住户：household.csv：住户表缺少“单元”列；现有的列：楼栋、房号")


def test_a_register_walked_from_the_hub_leads_to_the_cell_of_its_page(hamlet: Hamlet) -> None:
    rows = [{"code": f"G-{index}", "use": "pedestrian"} for index in range(3)]
    walk = hamlet.walk("register.gate", rows, size=2)
    parts = {"gate": {"list": "register.gate", "pages": [1, 2]}}
    revision = register_of(hamlet, HUB, parts)
    ledger = hamlet.fold()
    assert (walk, revision_of(ledger, revision)["complete"]) == (3, ["gate"])
    leads = ledger.connection.execute("SELECT key, receipt, pointer FROM places ORDER BY key")
    assert list(leads) == [("G-0", 1, "/data/list/0"), ("G-1", 1, "/data/list/1"), ("G-2", 2, "/data/list/0")]


def test_pages_that_are_not_the_whole_list_are_no_frame(hamlet: Hamlet) -> None:
    rows = [{"code": f"G-{index}", "use": "pedestrian"} for index in range(3)]
    hamlet.walk("register.gate", rows, size=2)
    revision = register_of(hamlet, HUB, {"gate": {"list": "register.gate", "pages": [1]}})
    said = revision_of(hamlet.fold(), revision)
    assert (said["complete"], said["problems"]) == ([], ["出入口：2 rows came, the hub says 3"])


HOME_TAB = [["阳光花园住户表"], ["楼栋", "单元", "房号"], ["3号楼", 2, 1201], [None, None, 1202], ["合计", None, 2]]


def test_tabs_of_one_workbook_are_read_once_and_lead_to_their_lines(
    hamlet: Hamlet, monkeypatch: pytest.MonkeyPatch
) -> None:
    tabs = {"住户": HOME_TAB, "总数": [["项目", "数值"], ["总户数", 2]], "楼栋": [["编号", "住宅"], ["3号楼", "是"]]}
    book = make_book(tabs, {"住户": ["A3:A4", "B3:B4"]})
    now = hamlet.clock()
    (sheet,) = hamlet.house.locker.append([Arrival("register", Kind.SHEET, now, "台账.xlsx", book)])
    parts = {
        kind: {"sheet": sheet, "tab": tab}
        for kind, tab in (("household", "住户"), ("building", "楼栋"), ("totals", "总数"))
    }
    revision = register_of(hamlet, "register", {**parts, "lift": {"sheet": sheet, "tab": "电梯"}})
    read: list[str] = []
    monkeypatch.setattr(frame, "read_workbook", lambda *given: (read.append(given[1]), read_workbook(*given))[1])

    ledger = hamlet.fold()

    assert read == ["台账.xlsx"]
    leads = ledger.connection.execute("SELECT key, receipt, pointer FROM places WHERE kind = 'household' ORDER BY key")
    assert list(leads) == [("3-2-1201", sheet, "住户 第3行"), ("3-2-1202", sheet, "住户 第4行")]
    assert list(ledger.connection.execute("SELECT name, value, pointer FROM totals")) == [
        ("households", "2", "总数 第2行")
    ]
    said = revision_of(ledger, revision)
    assert (said["complete"], said["problems"]) == (
        ["building", "household", "totals"],
        ["电梯：工作簿里没有“电梯”表"],
    )


def test_a_list_that_another_sheet_shows_to_have_a_hole_is_no_denominator(hamlet: Hamlet) -> None:
    revision = hamlet.register(household=HOMES + "3,4,1204\n")
    said = revision_of(hamlet.fold(), revision)

    assert "unit" not in said["complete"]
    assert "household" in said["complete"]
    assert [line[:33] for line in said["problems"]] == ["household.csv 第5行“单元”列：“4”；“单元”表里"]


def test_another_community_has_places_of_its_own() -> None:
    names = {name_place(community, "gate", "G-01", 1) for community in ("demo", "other")}
    assert len(names) == 2
    assert all(name.startswith("gate-") and len(name) == len("gate-") + 10 for name in names)
