"""The lines of the workbook: what is asked, what is known already, and what nobody has to attest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from collector.attest_template import PartNow, drill_alarms, drill_lines, part_lines, question_lines, read_run
from evidence.attest import ActLine, Standing, alarm_names
from evidence.catalogue import Catalogue
from scoring.model import Place
from tests.fakes.stage import Stage


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    stage = Stage(tmp_path_factory.mktemp("template"), 1)
    stage.close()
    return stage.house.catalogue


def act(row: int, part: str, kind: str = "attest", state: Standing = Standing.GOOD) -> ActLine:
    return ActLine(
        receipt=7,
        act=kind,
        row=row,
        part=part,
        title="",
        value="yes",
        quantity=None,
        unit="",
        document="a.pdf",
        by="王工",
        date="2026-10-20",
        expires="2027-10-20",
        note="",
        batch="",
        state=state,
    )


def asked(catalogue: Catalogue, now: PartNow | None = None, acts: tuple[ActLine, ...] = ()) -> dict[str, object] | None:
    """Return the line of the part 74/rules, None where there is none."""
    states = {} if now is None else {(74, "rules"): now}
    lines = part_lines(catalogue, states, acts, {})
    return next((line for line in lines if (line["row"], line["part"]) == (74, "rules")), None)


@pytest.mark.parametrize(
    "now",
    [PartNow("met", "automatic", "places", ""), PartNow("not_applicable", "none", "places", "")],
)
def test_what_is_shown_or_does_not_apply_is_not_asked(catalogue: Catalogue, now: PartNow) -> None:
    assert asked(catalogue, now) is None


@pytest.mark.parametrize(
    ("now", "acts", "state"),
    [
        (None, (), "还没有运行结果"),
        (PartNow("unknown", "none", "attested", "未提交佐证材料"), (), "未提交佐证材料"),
        (
            PartNow("not_met", "automatic", "places", "自动数据：3 / 5，要求全部"),
            (),
            "自动数据：3 / 5，要求全部，未达到；佐证不能代替，数据有误请填“更正”表",
        ),
        (
            PartNow("met", "attested", "attested", "1，要求至少1"),
            (act(74, "rules"),),
            "已登记“有”（王工 2026-10-20，有效期至2027-10-20）；不改就空着。",
        ),
        (
            None,
            (act(74, "rules", state=Standing.NO_DOCUMENT),),
            "已登记“有”（王工 2026-10-20，有效期至2027-10-20，缺文件，只计上限）；不改就空着。",
        ),
        (None, (act(74, "rules", state=Standing.WITHDRAWN),), "还没有运行结果"),
        (None, (act(74, "rules", state=Standing.EXPIRED),), "还没有运行结果"),
    ],
)
def test_the_line_says_how_the_part_stands(
    catalogue: Catalogue, now: PartNow | None, acts: tuple[ActLine, ...], state: str
) -> None:
    line = asked(catalogue, now, acts)
    assert line is not None
    assert line["state"] == state


def test_only_parts_that_people_can_attest_are_asked_and_each_clause_stands_once(catalogue: Catalogue) -> None:
    lines = list(part_lines(catalogue, {}, (), {}))
    keys = [(line["row"], line["part"]) for line in lines]
    assert len(keys) == len(set(keys))
    assert (10, "metered") not in keys
    assert 76 not in {row for row, _ in keys}
    for row in {row for row, _ in keys}:
        clauses = [line["content"] for line in lines if line["row"] == row]
        assert clauses[0] != "同上"
        assert set(clauses[1:]) <= {"同上"}


def test_a_quantity_says_its_unit_and_its_bound_and_any_other_is_not_asked(catalogue: Catalogue) -> None:
    lines = {(line["row"], line["part"]): line for line in part_lines(catalogue, {}, (), {(2, "operators"): 5})}
    operators, rules = lines[2, "operators"], lines[74, "rules"]
    assert (operators["quantity"], operators["unit"], operators["whole"]) == (None, "家，不少于3", 5)
    assert (rules["quantity"], rules["unit"], rules["whole"]) == ("不填", "", "")


def test_rows_about_persons_are_asked_for_totals_or_documents_only(catalogue: Catalogue) -> None:
    lines = list(part_lines(catalogue, {}, (), {}))
    for row in (44, 53, 55, 56, 72):
        assert [line for line in lines if line["row"] == row], row
    assert not {key for line in lines for key in line} - {
        *("row", "part", "content", "title", "state", "quantity", "unit", "whole")
    }


def test_a_question_says_what_was_answered(catalogue: Catalogue) -> None:
    lines = {line["question"]: line for line in question_lines(catalogue, (act(50, "alarm", "not_applicable"),))}
    part = next(question.parts[0] for question in catalogue.rubric.questions if question.id == "septic-tank")
    answered = {line["question"]: line for line in question_lines(catalogue, (act(*part, "not_applicable"),))}
    assert lines["gated"]["state"] == "适用（没有登记不适用）"
    assert lines["gated"]["rows"] == "29、30、31、32、63"
    assert answered["septic-tank"]["state"] == "已登记“否”（王工 2026-10-20）"


def test_the_alarms_offered_are_those_a_drill_would_prove(catalogue: Catalogue) -> None:
    alarms = drill_alarms(catalogue, alarm_names(catalogue))
    assert {"level_high", "lift_fault"} <= set(alarms)
    assert alarms["level_high"] == "超高液位报警"


def write_indicator(folder: Path, run: int, state: str) -> None:
    entry = {"place": "tank-1", "shown": [{"capability": "level_high", "shown_by": "event"}]}
    show = [{"capability": "level_high", "by": ["event", "drill"]}, {"capability": "level_low", "by": ["drill"]}]
    part = {"id": "tanks", "state": state, "origin": "none", "note": "", "formula": "0 / 1，要求全部"}
    part |= {"measure": {"kind": "places", "show": show}, "rosters": {"missing": [entry], "unknown": [entry]}}
    (folder / "demo" / str(run) / "indicators").mkdir(parents=True)
    (folder / "demo" / str(run) / "indicators" / "67.json").write_text(json.dumps({"no": 67, "parts": [part]}))


def test_the_newest_run_tells_which_alarm_is_unshown_where(tmp_path: Path) -> None:
    assert read_run(tmp_path, "demo").number is None
    write_indicator(tmp_path, 1, "met")
    write_indicator(tmp_path, 2, "not_met")
    run = read_run(tmp_path, "demo")
    assert (run.number, run.unshown) == (2, (("tank-1", "level_low"),))
    assert run.parts[67, "tanks"] == PartNow("not_met", "none", "places", "自动数据：0 / 1，要求全部")
    places = {"tank-1": Place("tank-1", "tank", "T-01", "1号水箱", {}, 1, "")}
    (line,) = drill_lines(run.unshown, places, {"level_low": "超低液位报警"})
    assert line == {"label": "1号水箱", "place": "T-01", "capability": "超低液位报警"}
    assert list(drill_lines(run.unshown, {}, {"level_low": "超低液位报警"})) == []
