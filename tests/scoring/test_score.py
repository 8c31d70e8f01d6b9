"""Points are exact: rounded half-up by rule, summed as printed, the floor never above the ceiling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.model import Facts, Figure, RowScore, Rung, ShownBy
from scoring.score import round_points, score
from tests.fakes.facts import attestation, facts, figure, part, places, row, rubric, shown, survey

HOMES = places("household", 1200)
METERS = {"kind": "places", "of": "household", "show": [{"capability": "water_volume", "by": ["message", "inventory"]}]}
LAMPS = {"kind": "places", "of": "lamp", "show": [{"capability": "lamp_timer", "by": ["message"]}]}
SHARING = {"kind": "statistic", "key": "shared", "of_total": "parking_spaces"}
RATIO: dict[str, Any] = {"rule": "ratio", "headline": "p"}


def scored(one: Mapping[str, Any], known: Facts) -> RowScore:
    return score(rubric(one), known).rows[0]


def metered(n: int, m: int = 1200, **more: Any) -> Facts:
    return facts({"household": HOMES[:m]}, [shown(home, "water_volume") for home in HOMES[:n]], **more)


# ---------------------------------------------------------------- rounding


@pytest.mark.parametrize(
    ("points", "rounded"),
    [
        (Fraction(1138, 1200) * 2, "1.90"),
        (Fraction(1, 200), "0.01"),
        (Fraction(4999, 1_000_000), "0.00"),
        (Fraction(201, 200), "1.01"),
        (Fraction(2, 3), "0.67"),
        (Fraction(0), "0.00"),
        (Fraction(100), "100.00"),
    ],
)
def test_points_are_rounded_half_up_from_the_exact_fraction(points: Fraction, rounded: str) -> None:
    assert str(round_points(points)) == rounded


@given(st.integers(0, 10**7), st.integers(1, 10**7), st.integers(1, 100))
def test_rounding_is_half_up_whatever_the_fraction(n: int, m: int, points: int) -> None:
    value = Fraction(n, m) * points
    rounded = round_points(value)
    assert abs(Fraction(rounded) - value) <= Fraction(1, 200)
    assert value - Fraction(rounded) < Fraction(1, 200)
    with localcontext(prec=200):
        exact = (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert rounded == exact


# ---------------------------------------------------------------- row rules


def test_a_ratio_row_pays_its_share_and_is_met_when_anything_counts() -> None:
    result = scored(row(points="2", parts=[part(METERS)], **RATIO), metered(1138))
    assert (str(result.floor), str(result.ceiling), result.met, result.status) == ("1.90", "1.90", True, "proven")
    assert (result.numerator, result.denominator, result.share) == (1138, 1200, Fraction(1138, 1200))
    assert result.formula == "1138 / 1200 × 2 = 1.90"


def test_a_ratio_row_without_any_is_not_met_and_not_unproven() -> None:
    result = scored(row(parts=[part(METERS)], **RATIO), metered(0))
    assert (str(result.floor), str(result.ceiling), result.met, result.status) == ("0.00", "0.00", False, "not_met")


def test_a_gate_that_is_not_proven_keeps_the_points_in_the_ceiling() -> None:
    gated = row(points="6", parts=[part(METERS), part(id="link")], **RATIO)
    result = scored(gated, metered(600))
    assert (str(result.floor), str(result.ceiling), result.met, result.status) == ("0.00", "3.00", None, "unproven")
    assert (result.numerator, result.denominator) == (600, 1200)
    opened = scored(gated, metered(600, attestations=[attestation(1, "link")]))
    assert (str(opened.floor), str(opened.origin), opened.met) == ("3.00", "mixed", True)
    closed = scored(gated, metered(600, attestations=[attestation(1, "link", "no")]))
    assert (str(closed.ceiling), closed.met) == ("0.00", False)


def test_all_parts_are_needed_for_all_points() -> None:
    both = row(parts=[part(METERS, "every"), part(LAMPS, "every", id="q")], headline="q")
    lamps = places("lamp", 2)
    frames = {"household": HOMES[:1], "lamp": lamps}
    seen = [shown(HOMES[0], "water_volume"), shown(lamps[0], "lamp_timer")]
    lacking = scored(both, facts(frames, seen))
    assert (str(lacking.floor), lacking.met, lacking.numerator, lacking.denominator) == ("0.00", False, 1, 2)
    whole = scored(both, facts(frames, [*seen, shown(lamps[1], "lamp_timer")]))
    assert (str(whole.floor), whole.met, str(whole.origin)) == ("10.00", True, "automatic")


@pytest.mark.parametrize(("n", "m", "points"), [(600, 1000, "8.00"), (599, 1000, "0.00"), (3, 5, "8.00")])
def test_60_per_cent_of_the_lamps_is_enough_and_less_is_not(n: int, m: int, points: str) -> None:
    lamps = places("lamp", m)
    known = facts({"lamp": lamps}, [shown(lamp, "lamp_timer") for lamp in lamps[:n]])
    one = row(points="8", parts=[part(LAMPS, {"share": {"at_least": 0.6}})], headline="p")
    assert str(scored(one, known).floor) == points


@pytest.mark.parametrize(("n", "m", "points"), [(50, 1000, "0.00"), (51, 1000, "2.00"), (1, 19, "2.00")])
def test_5_per_cent_of_the_spaces_must_be_exceeded(n: int, m: int, points: str) -> None:
    known = facts(statistics=[figure("shared", str(n))], totals={"parking_spaces": str(m)})
    assert str(scored(row(points="2", parts=[part(SHARING, {"share": {"more_than": 0.05}})]), known).floor) == points


@pytest.mark.parametrize(("satisfied", "points", "met"), [(8, "100.00", True), (7, "0.00", False)])
def test_80_per_cent_satisfied_is_enough(satisfied: int, points: str, met: bool) -> None:
    asks = {"kind": "survey", "share": 0.1, "smallest": 10, "largest": 50, "of_total": "occupied_households"}
    one = row(points="100", rule="survey", headline="p", parts=[part(asks, {"share": {"at_least": 0.8}})])
    result = scored(one, facts(totals={"occupied_households": "100"}, surveys=[survey(10, satisfied)]))
    assert (str(result.floor), result.met, str(result.origin)) == (points, met, "attested")


def test_more_than_all_is_an_error_to_show_and_earns_nothing() -> None:
    known = facts(statistics=[figure("shared", "101")], totals={"parking_spaces": "100"})
    result = scored(row(parts=[part(SHARING, {"share": {"more_than": 0.05}})], headline="p"), known)
    assert (result.status, str(result.floor), result.numerator, result.denominator) == ("error", "0.00", None, None)


def test_an_attested_number_above_its_total_is_an_error_whatever_the_other_ways_lack() -> None:
    attested = {"kind": "attested", "quantity": "个", "of_total": "parking_spaces"}
    rule = {"share": {"more_than": 0.05}}
    ways = [{"measure": SHARING, "rule": rule}, {"measure": attested, "rule": rule}]
    known = facts(totals={"parking_spaces": "100"}, attestations=[replace(attestation(1, "p"), quantity=101)])
    result = scored(row(parts=[{"id": "p", "title": "分项", "any_of": ways}]), known)
    assert (result.status, str(result.floor), result.met) == ("error", "0.00", None)


@pytest.mark.parametrize("known", [facts(), facts({"household": ()})])
def test_no_frame_and_0_of_0_are_unknown(known: Facts) -> None:
    result = scored(row(parts=[part(METERS)], **RATIO), known)
    assert (str(result.floor), str(result.ceiling), result.met) == ("0.00", "10.00", None)
    assert (result.numerator, result.denominator, result.status) == (None, None, "unproven")


def test_a_row_that_is_not_built_earns_nothing_and_stays_open() -> None:
    result = scored(row(), facts())
    assert (str(result.floor), str(result.ceiling), result.met, result.status) == ("0.00", "10.00", None, "not_built")


def test_not_applicable_earns_nothing_by_itself_and_leaves_the_row_to_its_other_parts() -> None:
    both = row(parts=[part(METERS, "every"), part(id="pool")])
    known = metered(1, 1, not_applicable={(1, "pool"): 9})
    assert str(scored(both, known).floor) == "10.00"
    alone = scored(row(parts=[part(id="pool")]), known)
    assert (alone.status, str(alone.floor), str(alone.ceiling), alone.met) == ("not_applicable", "0.00", "0.00", None)


LAMPS_OR_PEOPLE = {
    "id": "p",
    "title": "分项",
    "any_of": [{"measure": LAMPS, "rule": "every"}, {"measure": {"kind": "attested"}}],
}


def test_people_fill_in_what_is_unknown_and_the_proving_way_speaks() -> None:
    nobody_looked = {"unheard": frozenset({LAMPS["show"][0]["capability"]})}
    lamps = {"lamp": places("lamp", 2)}
    one = row(parts=[LAMPS_OR_PEOPLE])
    proven = scored(one, facts(lamps, attestations=[attestation(1, "p")], **nobody_looked)).parts[0]
    assert (proven.way, str(proven.origin), str(proven.state)) == (1, "attested", "met")
    open_part = scored(one, facts(lamps, **nobody_looked)).parts[0]
    assert (open_part.way, str(open_part.origin), str(open_part.state)) == (0, "none", "unknown")


def test_a_no_of_people_closes_what_nobody_has_measured() -> None:
    nobody_looked = {"unheard": frozenset({LAMPS["show"][0]["capability"]})}
    lamps = {"lamp": places("lamp", 2)}
    denied = scored(
        row(parts=[LAMPS_OR_PEOPLE]), facts(lamps, attestations=[attestation(1, "p", value="no")], **nobody_looked)
    )
    assert (str(denied.floor), str(denied.ceiling), denied.met) == ("0.00", "0.00", False)


def test_people_who_say_that_it_is_there_have_counted_nothing() -> None:
    there = scored(row(parts=[part()], headline="p"), facts(attestations=[attestation(1, "p")]))
    assert (str(there.floor), there.numerator, there.denominator) == ("10.00", None, None)
    asked = part({"kind": "attested", "quantity": "家"}, {"at_least": 3})
    counted = replace(attestation(1, "p"), quantity=4)
    known = scored(row(parts=[asked], headline="p"), facts(attestations=[counted]))
    assert (str(known.floor), known.numerator, known.denominator) == ("10.00", 4, None)


def test_people_do_not_overrule_what_was_measured_to_be_wanting() -> None:
    one = row(parts=[LAMPS_OR_PEOPLE])
    refuted = scored(one, facts({"lamp": places("lamp", 2)}, attestations=[attestation(1, "p")]))
    assert (str(refuted.floor), str(refuted.ceiling), refuted.met) == ("0.00", "0.00", False)
    assert refuted.parts[0].way == 0


@pytest.mark.parametrize("hole", ["meters", "register", "zhizheng"])
def test_a_hole_in_a_source_makes_the_row_unknown(hole: str) -> None:
    able = {"sources_of": {"water_volume": frozenset({"meters"})}, "broken": {hole: "记录不完整"}}
    result = scored(row(parts=[part(METERS)], **RATIO), metered(1, **able))
    assert (str(result.floor), str(result.ceiling), result.met) == ("0.00", "10.00", None)


# ---------------------------------------------------------------- totals


def test_totals_add_the_rounded_rows_and_the_bonus_stands_apart() -> None:
    third = {"headline": "p", "rule": "ratio", "points": "1"}
    rows = [row(no, parts=[part(METERS)], **third) for no in (1, 2, 3)]
    rows += [row(4, type="▲", points="2", parts=[part()]), row(5, parts=[part()]), row(6)]
    card = score(rubric(*rows), metered(1, 3, attestations=[attestation(4, "p"), attestation(5, "p")]))
    totals = card.totals
    assert [str(one.floor) for one in card.rows] == ["0.33", "0.33", "0.33", "2.00", "10.00", "0.00"]
    assert (str(totals.base), str(totals.bonus), str(totals.floor)) == ("10.99", "2.00", "12.99")
    assert (str(totals.attested), str(totals.ceiling)) == ("12.00", "22.99")


LITTLE = places("household", 5)
SEEN = st.lists(
    st.builds(
        lambda home, by, rung, ago: shown(home, "water_volume", by, rung=rung, days_ago=ago, low="3", high="5"),
        st.sampled_from([*LITTLE, None]),
        st.sampled_from([ShownBy.MESSAGE, ShownBy.INVENTORY]),
        st.sampled_from(list(Rung)),
        st.sampled_from([0, 6, 7, 400]),
    ),
    max_size=8,
)
MEASURES = st.sampled_from(
    [
        METERS,
        SHARING,
        {"kind": "attested"},
        {"kind": "inventory", "capability": "water_volume"},
        {"kind": "devices", "show": [{"capability": "water_volume"}]},
        {"kind": "limits", "capability": "water_volume", "over": "water_volume", "take": "lowest"},
    ]
)
RULES = st.sampled_from(
    [
        *("present", "every", {"share": {"at_least": 0.6}}, {"share": {"more_than": 0.05}}),
        *({"at_least": 2}, {"worst": {"at_least": 4}}, {"worst": {"at_most": 4}}),
    ]
)
PARTS = st.builds(part, MEASURES, RULES)


@st.composite
def any_row(draw: st.DrawFn, no: int) -> dict[str, Any]:
    drawn = draw(st.lists(PARTS, max_size=3))
    parts = [{**one, "id": f"p{index}"} for index, one in enumerate(drawn)]
    rule = {"rule": "ratio", "headline": "p0"} if parts and draw(st.booleans()) else {}
    kind = draw(st.sampled_from(["★A", "★B", "★C", "☆", "▲"]))
    return row(no, type=kind, points=str(draw(st.integers(1, 100))), parts=parts, **rule)


@st.composite
def any_facts(draw: st.DrawFn) -> Facts:
    stated: list[Figure] = [figure("shared", draw(st.sampled_from(["0", "1", "5", "200", "x"])))]
    acts = [
        attestation(no, "p1", draw(st.sampled_from(["yes", "no"])), documented=draw(st.booleans())) for no in (1, 2)
    ]
    return facts(
        draw(st.sampled_from([{"household": LITTLE}, {}])),
        draw(SEEN),
        totals={"parking_spaces": draw(st.sampled_from(["0", "10", "100"])), "households": "7"},
        statistics=draw(st.sampled_from([stated, []])),
        attestations=acts,
        not_applicable=draw(st.sampled_from([{}, {(1, "p0"): 3}])),
        broken=draw(st.sampled_from([{}, {"meters": "记录不完整"}])),
        sources_of={"water_volume": frozenset({"meters"})},
    )


@given(st.tuples(any_row(1), any_row(2), any_row(3)), any_facts())
def test_whatever_is_known_floor_and_ceiling_and_sums_hold(rows: tuple[dict[str, Any], ...], known: Facts) -> None:
    spec = rubric(*rows)
    card = score(spec, known)
    for one, result in zip(spec.rows, card.rows, strict=True):
        assert 0 <= result.floor <= result.ceiling <= one.points
        assert result.met is not True or result.ceiling > 0 or result.numerator
        assert result.met is True or result.floor == 0
        if result.numerator is not None and result.denominator is not None:
            assert 0 <= result.numerator <= result.denominator
    totals = card.totals
    assert totals.floor == totals.base + totals.bonus == sum(result.floor for result in card.rows)
    assert totals.ceiling == sum(result.ceiling for result in card.rows)
    assert totals.attested <= totals.floor
