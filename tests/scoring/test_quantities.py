"""Numbers that people attest, and points that people override: both values are kept, nothing passes by itself."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.census import Census
from scoring.explain import explain
from scoring.measures import parse_measure
from scoring.model import Facts, Measure, Override, RowScore, ShownBy
from scoring.score import score
from tests.fakes.facts import DOCUMENT, attestation, facts, figure, part, place, places, row, rubric, shown

SHARE = {"share": {"at_least": "0.6"}}
LAMPS = {"kind": "attested", "quantity": "盏", "of": "lamp"}


def attest(quantity: int | None, *, documented: bool = True, measure: Any = None, **more: Any) -> Measure:
    """Return what is read of one attestation of a quantity."""
    act = replace(attestation(1, "p", documented=documented), quantity=quantity)
    known = facts({"lamp": places("lamp", 5)}, attestations=(act,), **more)
    return Census(known).count(parse_measure(measure or LAMPS, "t", {}), 1, "p")


def score_one(known: Facts, **more: Any) -> RowScore:
    return score(rubric(row(**more)), known).rows[0]


# ---------------------------------------------------------------- quantities


def test_an_attested_quantity_is_n_of_the_registers_m() -> None:
    counted = attest(3)
    assert (counted.n, counted.n_ceiling, counted.m) == (3, 3, 5)


def test_without_its_document_a_quantity_shows_in_the_ceiling_only() -> None:
    counted = attest(3, documented=False)
    assert (counted.n, counted.n_ceiling, counted.m) == (0, 3, 5)


def test_more_than_the_total_is_an_error() -> None:
    counted = attest(6)
    assert counted.error
    assert counted.problem == "佐证数量6大于总数5，数据有误"


def test_a_yes_without_its_number_proves_nothing() -> None:
    counted = attest(None)
    assert counted.n is None
    assert counted.problem == "佐证未填写数量（盏）"


def test_a_quantity_of_a_total_nobody_stated_is_unknown() -> None:
    of_total = {"kind": "attested", "quantity": "人", "of_total": "registered_residents"}
    assert attest(3, measure=of_total).problem == "台账没有总数：registered_residents"
    assert attest(3, measure=of_total, totals={"registered_residents": "4"}).m == 4
    assert attest(0, measure=of_total, totals={"registered_residents": "0"}).problem == "总数为0"


@given(st.integers(0, 12))
def test_a_number_decides_where_a_number_is_asked(services: int) -> None:
    act = replace(attestation(1, "p"), quantity=services)
    counted = score_one(
        facts(attestations=(act,)), parts=[part({"kind": "attested", "quantity": "项"}, {"at_least": 10})]
    )
    assert (counted.floor == 10) == (services >= 10)
    assert counted.met is (services >= 10)


@pytest.mark.parametrize(("lamps", "points"), [(2, "0.00"), (3, "10.00")])
def test_the_sentence_shows_the_number_and_its_share(lamps: int, points: str) -> None:
    act = replace(attestation(1, "p"), quantity=lamps)
    known = facts({"lamp": places("lamp", 5)}, attestations=(act,))
    spec = rubric(row(parts=[part(LAMPS, SHARE)])).rows[0]
    counted = score_one(known, parts=[part(LAMPS, SHARE)])
    assert str(counted.floor) == points
    assert f"{lamps} / 5盏，占{lamps * 20}.00%" in explain(spec, counted, 7)


# ---------------------------------------------------------------- the worst case outlasts the others

CALLS = [
    {"measure": {"kind": "statistic", "key": "worst_s"}, "rule": {"worst": {"at_most": 900}}},
    {
        "measure": {"kind": "limits", "capability": "call", "over": "call", "take": "highest"},
        "rule": {"worst": {"at_most": 900}},
    },
    {"measure": {"kind": "attested"}},
]
CALL_ROW = {"parts": [{"id": "p", "title": "响应", "any_of": CALLS}]}
AREA = place("area", "A")


def drill(seconds: str) -> Any:
    return shown(AREA, "call", ShownBy.DRILL, low=seconds, high=seconds)


@pytest.mark.parametrize(
    ("worst_s", "seconds", "floor"),
    [(None, "900", 10), (None, "901", 0), ("900", "901", 0), ("901", "300", 0), ("900", "300", 10)],
)
def test_a_drill_in_time_does_not_undo_a_call_that_came_too_late(worst_s: str | None, seconds: str, floor: int) -> None:
    stated = [figure("worst_s", worst_s)] if worst_s else []
    known = facts({"area": (AREA,)}, [drill(seconds)], statistics=stated, attestations=(attestation(1, "p"),))
    assert score_one(known, **CALL_ROW).floor == floor


# ---------------------------------------------------------------- overrides


def override(points: str, *, documented: bool = True, receipt: int = 950) -> Override:
    return Override(1, points, "现场复核", "王工", "2026-10-21", receipt, DOCUMENT if documented else None)


def overridden(points: str, *, proven: bool, documented: bool = True, **more: Any) -> RowScore:
    """Return a row of 10 points, shown or not, with other points decided by a person."""
    acts = (attestation(1, "p"),) if proven else ()
    return score_one(
        facts(attestations=acts, overrides=(override(points, documented=documented),), **more), parts=[part()]
    )


@pytest.mark.parametrize(
    ("points", "proven", "documented", "floor", "ceiling", "met"),
    [
        ("4", True, True, "4.00", "4.00", True),
        ("4", True, False, "4.00", "10.00", True),  # nobody needs a document to claim less
        ("4", False, True, "4.00", "4.00", True),
        ("4", False, False, "0.00", "10.00", None),  # without one a higher figure shows in the ceiling only
        ("0", True, True, "0.00", "0.00", False),
        ("99", False, True, "10.00", "10.00", True),  # never more than the row has
    ],
)
def test_an_override_needs_its_document_to_raise_and_none_to_lower(
    points: str, *, proven: bool, documented: bool, floor: str, ceiling: str, met: bool | None
) -> None:
    counted = overridden(points, proven=proven, documented=documented)
    assert (str(counted.floor), str(counted.ceiling), counted.met) == (floor, ceiling, met)


def test_both_values_are_kept_and_told() -> None:
    counted = overridden("4", proven=True)
    assert counted.computed == Decimal("10.00")
    assert counted.override == override("4")
    sentence = explain(rubric(row(parts=[part()])).rows[0], counted, 7)
    assert "计算得分10.00分，更正为4分，理由：现场复核（王工 2026-10-21，证明.pdf）" in sentence


def test_the_newest_override_decides() -> None:
    known = facts(overrides=(override("4", receipt=951), override("6", receipt=950)))
    assert score_one(known, parts=[part()]).floor == 4


def test_where_an_act_is_missing_no_override_is_believed() -> None:
    counted = overridden("4", proven=True, broken={"acts": "记录不完整"})
    assert counted.override is None
    assert counted.floor == 0


def test_the_totals_add_the_overridden_points() -> None:
    card = score(rubric(row(1, parts=[part()]), row(2, parts=[part()])), facts(overrides=(override("4"),)))
    assert (card.totals.floor, card.totals.attested) == (Decimal("4.00"), Decimal("4.00"))
