"""The sentence of a row gives its quantities and says nothing that is not known."""

from __future__ import annotations

from typing import Any

import pytest

from scoring.census import Census
from scoring.explain import explain, format_percent
from scoring.model import Facts, Rung, ShownBy
from scoring.rubric import RubricError
from scoring.score import score, score_row
from tests.fakes.facts import attestation, facts, figure, part, place, places, row, rubric, shown

METERS = {"kind": "places", "of": "household", "show": [{"capability": "water_volume", "by": ["message", "inventory"]}]}
SAY = "小区总户数{m}户，安装远程智能水表{n}户，覆盖率{share}%，近{days}日有数据上报{reporting}户"
WATER: dict[str, Any] = {"points": "2", "rule": "ratio", "headline": "p", "parts": [part(METERS, say=SAY)]}


def sentence(one: dict[str, Any], known: Facts) -> str:
    spec = rubric(one)
    return explain(spec.rows[0], score(spec, known).rows[0], known.window_days)


def test_the_sentence_of_the_water_meters() -> None:
    homes = places("household", 1200)
    seen = [shown(home, "water_volume") for home in homes[:1121]]
    seen += [shown(home, "water_volume", ShownBy.INVENTORY, rung=Rung.BOUND) for home in homes[1121:1138]]
    assert sentence(row(10, **WATER), facts({"household": homes}, seen)) == (
        "小区总户数1200户，安装远程智能水表1138户，覆盖率94.83%，近7日有数据上报1121户；得分1.90分。"
    )


def test_what_is_unknown_is_named_beside_what_counts_and_with_the_highest_points() -> None:
    homes = places("household", 4)
    seen = [shown(homes[0], "water_volume"), shown(homes[1], "water_volume", rung=Rung.HEARD)]
    assert sentence(row(10, **WATER), facts({"household": homes}, seen)) == (
        "小区总户数4户，安装远程智能水表1户，覆盖率25.00%，近7日有数据上报1户（另有1处未证实）；"
        "得分0.50分（待证实后最高1.00分）。"
    )


def test_without_a_frame_no_number_is_said() -> None:
    said = sentence(row(10, **WATER), facts())
    assert said == "分项：未证实，台账缺少完整的住户表；得分0.00分（待证实后最高2.00分）。"


def test_an_error_is_not_called_unproven() -> None:
    sharing = {"kind": "statistic", "key": "shared", "of_total": "parking_spaces"}
    known = facts(statistics=[figure("shared", "101")], totals={"parking_spaces": "100"})
    said = sentence(row(parts=[part(sharing, {"share": {"more_than": 0.05}})]), known)
    assert said.startswith("分项：统计数101大于总数100，数据有误；")


@pytest.mark.parametrize(
    ("acts", "said"),
    [
        ((attestation(1, "p"),), "分项：已佐证（王工 2026-10-20，证明.pdf）；得分10.00分。"),
        (
            (attestation(1, "p", documented=False),),
            "分项：已填报、缺佐证材料（王工 2026-10-20）；得分0.00分（待证实后最高10.00分）。",
        ),
        ((attestation(1, "p", "no"),), "分项：填报为不具备（王工 2026-10-20）；得分0.00分。"),
        ((), "分项：未证实，未提交佐证材料；得分0.00分（待证实后最高10.00分）。"),
    ],
)
def test_what_people_attest_is_said_with_who_and_what(acts: Any, said: str) -> None:
    assert sentence(row(parts=[part()]), facts(attestations=acts)) == said


def test_parts_are_said_in_order_and_one_that_does_not_apply_says_so() -> None:
    parts = [part(METERS, "every", say="水表{n}户"), part(id="pool", title="泳池")]
    known = facts(
        {"household": places("household", 1)},
        [shown(place("household", "0"), "water_volume")],
        not_applicable={(1, "pool"): 9},
    )
    assert sentence(row(parts=parts), known) == "水表1户；泳池：不适用；得分10.00分。"


def test_a_row_that_is_not_built_or_does_not_apply_says_only_that() -> None:
    assert sentence(row(), facts()) == "本项尚未接入自动采集，未证实。"
    assert sentence(row(parts=[part()]), facts(not_applicable={(1, "p"): 3})) == "本项不适用于本小区。"


def test_a_figure_is_said_by_its_name() -> None:
    calls = {"kind": "statistic", "key": "worst_s", "when_positive": "calls"}
    known = facts(statistics=[figure("worst_s", "700"), figure("calls", "3")])
    one = row(parts=[part(calls, {"worst": {"at_most": 900}}, say="呼叫{calls}次，最长{worst}秒")])
    assert sentence(one, known) == "呼叫3次，最长700秒；得分10.00分。"


def test_a_way_without_the_figure_of_another_way_says_its_formula() -> None:
    calls = {"measure": {"kind": "statistic", "key": "worst_s", "when_positive": "calls"}, "rule": {"worst": 900}}
    limit = {"kind": "limits", "capability": "response", "over": "response", "take": "highest"}
    drill = {"measure": limit, "rule": {"worst": {"at_most": 900}}}
    seen = shown(place("household", "0"), "response", ShownBy.DRILL, low="300", high="300")
    known = facts({"household": places("household", 1)}, [seen])
    one = row(parts=[{"id": "p", "title": "分项", "any_of": [calls, drill], "say": "呼叫{calls}次，最长{worst}秒"}])
    assert sentence(one, known) == "分项：最不利值 300，要求不超过900；得分10.00分。"


def test_without_a_sentence_the_formula_is_said() -> None:
    known = facts({"household": places("household", 2)})
    rule = {"share": {"more_than": 0.05, "at_most": 0.8}}
    assert sentence(row(parts=[part(METERS, rule)]), known).startswith("分项：0 / 2，要求大于5%且不超过80%；")


def test_a_placeholder_without_a_value_names_row_part_and_what_there_is() -> None:
    known = facts({"household": places("household", 1)})
    with pytest.raises(RubricError, match=r"row 9, part p: say names 'homes'; known are bound, days, .* m, .* share"):
        sentence(row(9, parts=[part(METERS, say="{homes}户")]), known)


@pytest.mark.parametrize(
    ("n", "m", "text"),
    [
        *((1138, 1200, "94.83"), (1, 3, "33.33"), (2, 3, "66.67"), (1, 800, "0.13"), (7, 7, "100.00"), (0, 9, "0.00")),
        *((0, 0, "未知"), (None, 9, "未知"), (3, None, "未知")),
    ],
)
def test_a_share_is_rounded_half_up_and_0_of_0_is_not_known(n: int | None, m: int | None, text: str) -> None:
    assert format_percent(n, m) == text


@pytest.mark.parametrize(("value", "told"), [("1", "平台陈述为具备"), ("0", "平台陈述为不具备"), ("67", "平台统计67")])
def test_a_yes_of_the_hub_is_told_as_one_and_a_count_as_a_count(value: str, told: str) -> None:
    spec = rubric(row(parts=[part({"kind": "statistic", "key": "clinic"}, {"at_least": 1})])).rows[0]
    counted = Census(facts(statistics=[figure("clinic", value)]))
    assert explain(spec, score_row(spec, counted), 7).startswith(f"分项：{told}；")


def test_devices_without_a_sentence_are_told_by_their_places() -> None:
    spec = rubric(row(parts=[part({"kind": "devices", "show": [{"capability": "parking_payment"}]})])).rows[0]
    gate = place("gate", "G-1")
    counted = Census(facts({"gate": (gate,)}, [shown(gate, "parking_payment")]))
    assert explain(spec, score_row(spec, counted), 7).startswith("分项：1处；")
