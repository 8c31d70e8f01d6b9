"""What is read rather than counted: a number that cannot be right is an error to show, never a pass and never zero."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.census import Census
from scoring.model import Facts, Figure, Measure
from tests.fakes.facts import attestation, facts, figure, part, row, rubric, survey

RECORDS = {"kind": "statistic", "key": "health_records", "of_total": "registered_residents"}
CALLS = {"kind": "statistic", "key": "worst_s", "when_positive": "calls"}
SURVEY = {"kind": "survey", "share": 0.1, "smallest": 10, "largest": 50, "of_total": "occupied_households"}


def read(measure: Mapping[str, Any], known: Facts) -> Measure:
    spec = rubric(row(parts=[part(measure)])).rows[0].parts[0].ways[0].measure
    return Census(known).count(spec, 1, "p")


def records(value: str, total: str | None, **more: Any) -> Measure:
    totals = {} if total is None else {"registered_residents": total}
    return read(RECORDS, facts(statistics=[figure("health_records", value, **more)], totals=totals))


def test_a_statistic_is_n_of_a_total_of_the_register() -> None:
    measure = records("800", "1000")
    assert (measure.n, measure.n_ceiling, measure.m, measure.m_ceiling) == (800, 800, 1000, 1000)
    assert [(one.name, one.source, one.pointer) for one in measure.figures] == [
        ("health_records", "hub", "/health_records"),
        ("registered_residents", "register", "/registered_residents"),
    ]


@pytest.mark.parametrize(
    ("value", "total", "says"),
    [
        ("1001", "1000", "统计数1001大于总数1000，数据有误"),
        ("暂无", "1000", "health_records为暂无，不是整数，数据有误"),
        ("12.5", "1000", "health_records为12.5，不是整数，数据有误"),
        ("-3", "1000", "health_records为-3，不是整数，数据有误"),
        ("NaN", "1000", "health_records为NaN，不是整数，数据有误"),
        ("1E+400", "1000", "health_records为1E+400，不是整数，数据有误"),
    ],
)
def test_a_figure_that_cannot_be_right_is_an_error_and_shown(value: str, total: str, says: str) -> None:
    measure = records(value, total)
    assert (measure.n, measure.m, measure.problem, measure.error) == (None, None, says, True)
    assert measure.figures[0].value == value


@pytest.mark.parametrize(
    ("known", "says"),
    [
        (facts(totals={"registered_residents": "9"}), "没有收到统计数据：health_records"),
        (facts(statistics=[figure("health_records", "1")]), "台账没有总数：registered_residents"),
        (facts(statistics=[figure("health_records", "0")], totals={"registered_residents": "0"}), "总数为0"),
        (
            facts(statistics=[figure("health_records", "1", days_ago=365)], totals={"registered_residents": "9"}),
            "health_records的统计数据已超过12个月",
        ),
    ],
)
def test_a_statistic_that_is_not_there_is_unknown(known: Facts, says: str) -> None:
    measure = read(RECORDS, known)
    assert (measure.n, measure.problem, measure.error) == (None, says, False)


def test_a_statistic_is_valid_for_twelve_months() -> None:
    assert records("1", "9", days_ago=364).n == 1


def test_a_worst_case_is_read_as_it_stands() -> None:
    measure = read(CALLS, facts(statistics=[figure("worst_s", "900.5"), figure("calls", "3")]))
    assert (str(measure.worst), measure.problem) == ("900.5", "")
    assert [one.name for one in measure.figures] == ["worst_s", "calls"]


@pytest.mark.parametrize("calls", [[], [figure("calls", "0")], [figure("calls", "4", days_ago=365)]])
def test_where_nothing_happened_nothing_is_proven(calls: list[Figure]) -> None:
    measure = read(CALLS, facts(statistics=[figure("worst_s", "0"), *calls]))
    assert (measure.worst, measure.problem) == (None, "期间没有发生过，也没有演练记录")


# ---------------------------------------------------------------- attestations


def attested(*acts: Any) -> Measure:
    return read({"kind": "attested"}, facts(attestations=acts))


@pytest.mark.parametrize("value", ["yes", "TRUE", "1", "是", "有"])
def test_an_attestation_with_a_document_counts(value: str) -> None:
    measure = attested(attestation(1, "p", value))
    assert (measure.n, measure.n_ceiling, measure.attested) == (1, 1, True)
    assert [document.name for document in measure.documents] == ["证明.pdf"]
    assert measure.counted[0].label == "王工 2026-10-20"


def test_without_a_document_it_shows_in_the_ceiling_only() -> None:
    measure = attested(attestation(1, "p", documented=False))
    assert (measure.n, measure.n_ceiling, len(measure.unknown)) == (0, 1, 1)


def test_an_attested_no_is_no() -> None:
    measure = attested(attestation(1, "p", "no"))
    assert (measure.n, measure.n_ceiling, len(measure.missing)) == (0, 0, 1)


def test_the_newest_attestation_stands_so_that_one_can_be_revoked() -> None:
    measure = attested(attestation(1, "p", "no", receipt=9), attestation(1, "p", receipt=8))
    assert (measure.n, measure.figures[0].receipt) == (0, 9)


@pytest.mark.parametrize("acts", [(), (attestation(2, "p"),), (attestation(1, "q"),)])
def test_nobody_attested_is_unknown(acts: Any) -> None:
    measure = attested(*acts)
    assert (measure.n, measure.problem) == (None, "未提交佐证材料")


# ---------------------------------------------------------------- the survey


def surveyed(occupied: int, sample: int, satisfied: int, **more: Any) -> Measure:
    known = facts(totals={"occupied_households": str(occupied)}, surveys=[survey(sample, satisfied, **more)])
    return read(SURVEY, known)


@pytest.mark.parametrize(
    ("occupied", "sample"),
    [(60, 10), (100, 10), (101, 11), (109, 11), (110, 11), (491, 50), (500, 50), (1113, 50)],
)
def test_a_sample_of_a_tenth_rounded_up_from_10_to_50_is_taken(occupied: int, sample: int) -> None:
    assert surveyed(occupied, sample, sample).problem == ""
    assert surveyed(occupied, sample - 1, 1).problem == f"样本{sample - 1}户，少于应抽{sample}户，不予采用"


@pytest.mark.parametrize(
    ("occupied", "sample", "satisfied", "says"),
    [
        (1113, 51, 51, "样本51户，超过上限50户，不予采用"),
        (30, 31, 31, "样本31户，超过上限30户，不予采用"),
        (0, 10, 10, "样本10户，超过上限0户，不予采用"),
        (100, 10, 11, "满意11户，多于样本10户，数据有误"),
    ],
)
def test_a_sample_outside_the_rule_is_refused_and_shown(occupied: int, sample: int, satisfied: int, says: str) -> None:
    measure = surveyed(occupied, sample, satisfied)
    assert (measure.n, measure.m, measure.problem, measure.error) == (None, None, says, True)
    assert [one.value for one in measure.figures] == [str(sample), str(satisfied), str(occupied)]


def test_a_survey_without_its_sheets_shows_in_the_ceiling_only() -> None:
    measure = surveyed(100, 10, 9, documented=False)
    assert (measure.n, measure.n_ceiling, measure.m) == (0, 9, 10)


def test_the_newest_survey_stands() -> None:
    known = facts(totals={"occupied_households": "100"}, surveys=[survey(10, 9, receipt=5), survey(10, 8, receipt=4)])
    assert read(SURVEY, known).n == 9


@pytest.mark.parametrize(
    ("known", "says"),
    [
        (facts(totals={"occupied_households": "100"}), "未提交满意度调查"),
        (facts(surveys=[survey(10, 9)]), "台账没有入住户数"),
    ],
)
def test_no_survey_or_no_occupied_homes_is_unknown(known: Facts, says: str) -> None:
    assert read(SURVEY, known).problem == says


@given(st.integers(0, 2000), st.integers(0, 80), st.integers(0, 80))
def test_satisfied_is_never_more_than_the_sample_nor_the_sample_than_the_occupied_homes(
    occupied: int, sample: int, satisfied: int
) -> None:
    measure = surveyed(occupied, sample, satisfied)
    if not measure.problem:
        assert measure.n is not None
        assert measure.m is not None
        assert measure.n <= measure.m <= min(occupied, 50)
        assert measure.m * 10 >= min(occupied, 500)
