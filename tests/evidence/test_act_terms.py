"""The terms of an act: every fault is found, each with its key and a mend in both languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.house import PRODUCT
from evidence.act_terms import Terms, check_act, read_day, required_sample, survey_way
from evidence.catalogue import read_yaml
from scoring.rubric import parse_rubric

RUBRIC = parse_rubric(read_yaml((PRODUCT / "config" / "rubrics" / "yinchuan.yaml").read_bytes(), "yinchuan.yaml"))
TERMS = Terms(
    RUBRIC,
    "2026-11-03",
    frozenset({"level_high", "level_low"}),
    places=frozenset({"T-01", "T-02", "G-01"}),
    totals={"occupied_households": 90},
    wholes={(2, "operators"): 4},
    by_hand=True,
)
ATTEST = {"act": "attest", "row": 74, "part": "rules", "value": "有", "by": "王工", "date": "2026-10-20"}
ATTEST |= {"expires": "2027-10-20"}
COUNTED = {**ATTEST, "row": 2, "part": "operators", "quantity": 3}
SURVEY = {"act": "survey", "row": 76, "sample": 10, "satisfied": 9, "by": "陈社工", "date": "2026-10-25"}
DRILL = {"act": "drill", "place": "T-01", "capability": "level_high", "by": "王工", "date": "2026-10-20"}
OVERRIDE = {"act": "override", "row": 7, "points": "3.5", "reason": "一部电梯停用", "by": "王工", "date": "2026-10-20"}


def faults(entry: dict[str, Any], terms: Terms = TERMS) -> dict[str, str]:
    return {fault.key: f"{fault.en} / {fault.zh}" for fault in check_act(entry, terms)[1]}


@pytest.mark.parametrize("entry", [ATTEST, COUNTED, SURVEY, DRILL, OVERRIDE])
def test_a_right_act_has_no_fault(entry: dict[str, Any]) -> None:
    assert faults(entry) == {}


@pytest.mark.parametrize(
    ("entry", "key", "words"),
    [
        ({**ATTEST, "row": 77}, "row", "the rows are 1 to 76 / 没有这个指标；指标序号为1至76"),
        ({**ATTEST, "part": "rule"}, "part", "the parts of row 74 are rules, measures, no-incident"),
        ({**ATTEST, "row": 10, "part": "metered"}, "part", "cannot be attested / 该分项由设备、清单或台账证明"),
        ({**ATTEST, "value": "也许"}, "value", "write yes or no / 请填“有”或“无”"),
        ({**ATTEST, "date": "2026-11-04"}, "date", "after today (2026-11-03)"),
        ({**ATTEST, "date": "1026-10-20"}, "date", "look at the year again"),
        ({**ATTEST, "expires": "2026-10-19"}, "expires", "before its date 2026-10-20"),
        ({**ATTEST, "quantity": 1}, "quantity", "not asked for here; leave it out / 此分项不填数量"),
        ({**ATTEST, "note": "张三 13912345678"}, "note", "telephone or identity number"),
        ({**ATTEST, "by": "64010119900101123X"}, "by", "含有手机号码或身份证号码"),
        ({**ATTEST, "note": "字" * 201}, "note", "201 characters, 200 are allowed"),
        ({**COUNTED, "quantity": None}, "quantity", "asks how many (家) / 请填写数量，单位：家"),
        ({**COUNTED, "quantity": 5}, "quantity", "more than the whole of 4"),
        ({**COUNTED, "value": "无"}, "quantity", "beside a no"),
        ({**COUNTED, "quantity": "三"}, "quantity", "write a whole number"),
        ({**SURVEY, "row": 75}, "row", "no survey is asked for there"),
        ({**SURVEY, "satisfied": 11}, "satisfied", "more than the sample of 10"),
        ({**DRILL, "capability": "earthquake"}, "capability", "a drill shows one of level_high, level_low"),
        ({**DRILL, "place": "T01"}, "place", "not in the register; is it T-01"),
        ({**OVERRIDE, "points": "4.01"}, "points", "write 0 to 4 with at most two decimals"),
        ({**OVERRIDE, "points": "3.125"}, "points", "at most two decimals"),
        ({**OVERRIDE, "points": "-1"}, "points", "请填0至4之间的得分"),
        ({**OVERRIDE, "points": "NaN"}, "points", "write 0 to 4"),
        ({**OVERRIDE, "points": "三分"}, "points", "write 0 to 4"),
        ({**OVERRIDE, "reason": ""}, "reason", "reason is missing"),
    ],
)
def test_a_wrong_value_is_told_with_its_key_and_mend(entry: dict[str, Any], key: str, words: str) -> None:
    told = faults(entry)
    assert list(told) == [key]
    assert words in told[key]


def test_every_fault_of_an_act_is_told() -> None:
    entry = {"act": "attest", "row": 77, "value": "?", "date": "soon", "expires": "2026-13-01", "documnet": "a"}
    assert set(faults(entry)) == {"part", "by", "row", "value", "date", "expires", "documnet"}


@pytest.mark.parametrize(
    ("occupied", "sample", "right"),
    [
        (90, 9, "10 % of the 90 occupied homes, rounded up: 10 homes, at most 50"),
        (90, 51, "入住90户，按10%向上取整应抽10户，最多50户"),
        (101, 10, "入住101户，按10%向上取整应抽11户"),
        (40, 41, "at most 40"),
        (700, 49, "50 homes, at most 50"),
        (9, 9, "入住9户，少于最低抽样10户"),
        (None, 9, "10 to 50 homes"),
        (None, 51, "10至50户"),
    ],
)
def test_a_sample_outside_its_rule_is_told_with_the_right_one(occupied: int | None, sample: int, right: str) -> None:
    totals = {} if occupied is None else {"occupied_households": occupied}
    told = faults({**SURVEY, "sample": sample, "satisfied": 1}, replace(TERMS, totals=totals))
    assert right in told["sample"]


def test_the_nightly_file_leaves_the_sample_to_scoring() -> None:
    assert faults({**SURVEY, "sample": 9}, replace(TERMS, by_hand=False)) == {}


def test_without_a_register_any_place_is_taken() -> None:
    assert faults({**DRILL, "place": "X-9"}, replace(TERMS, places=None)) == {}


@given(st.integers(0, 100_000))
def test_the_sample_is_a_tenth_rounded_up_within_ten_and_fifty(occupied: int) -> None:
    measure = survey_way(TERMS.row(76))
    assert measure is not None
    assert required_sample(measure, occupied) == max(10, min(50, -(-occupied // 10)))


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2026-10-20", "2026-10-20"),
        ("2026/10/2", "2026-10-02"),
        ("2026年10月20日", "2026-10-20"),
        (" ２０２６年1月2日 ", "2026-01-02"),
        (date(2026, 10, 20), "2026-10-20"),
        (datetime(2026, 10, 20, tzinfo=UTC), "2026-10-20"),
        (datetime(2026, 10, 20, 8, tzinfo=UTC), None),
        ("2026-02-29", None),
        ("20.10.2026", None),
        ("2026-10/20", None),
        ("46315", None),
        ("2026年10月20日 08:00:00", None),
        ("", None),
    ],
)
def test_a_day_is_read_in_the_forms_people_write(value: object, day: str | None) -> None:
    assert read_day(value) == day
