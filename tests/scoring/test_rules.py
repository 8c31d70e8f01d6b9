"""A rule passes exactly at its bound: shares are fractions, never floats."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.model import Entry, Measure
from scoring.rubric import RuleSpec
from scoring.rules import judge

LAMPS = RuleSpec("share", at_least=Fraction("0.6"))
PARKING = RuleSpec("share", more_than=Fraction("0.05"))
RECORDS = RuleSpec("share", at_least=Fraction("0.8"))
UNKNOWN = (Entry("x", "x"),)


def counted(n: int, m: int | None, n_ceiling: int | None = None, m_ceiling: int | None = None) -> Measure:
    top = n if n_ceiling is None else n_ceiling
    return Measure(n=n, n_ceiling=top, m=m, m_ceiling=m if m_ceiling is None else m_ceiling)


@pytest.mark.parametrize(
    ("rule", "n", "m", "passes"),
    [
        (LAMPS, 6, 10, True),
        (LAMPS, 599, 1000, False),
        (LAMPS, 3, 5, True),
        (PARKING, 5, 100, False),
        (PARKING, 501, 10000, True),
        (PARKING, 1, 20, False),
        (RECORDS, 4, 5, True),
        (RECORDS, 7999, 10000, False),
        (RuleSpec("every"), 12, 12, True),
        (RuleSpec("every"), 11, 12, False),
        (RuleSpec("present"), 1, 12, True),
        (RuleSpec("present"), 0, 12, False),
        (RuleSpec("at_least", at_least=Fraction(3)), 3, None, True),
        (RuleSpec("at_least", at_least=Fraction(3)), 2, None, False),
    ],
)
def test_a_rule_decides_at_its_edge(rule: RuleSpec, n: int, m: int | None, passes: bool) -> None:
    assert judge(rule, counted(n, m)) == (passes, passes)


@pytest.mark.parametrize("rule", [LAMPS, PARKING, RuleSpec("every")])
@pytest.mark.parametrize("m", [0, None])
def test_0_of_0_is_no_pass(rule: RuleSpec, m: int | None) -> None:
    assert judge(rule, counted(0, m)) == (False, False)


def test_the_ceiling_grants_what_is_unknown_against_the_approved_denominator() -> None:
    assert judge(LAMPS, counted(5, 10, n_ceiling=6)) == (False, True)
    assert judge(RuleSpec("every"), counted(10, 12, m_ceiling=10)) == (False, True)


@pytest.mark.parametrize("rule", [LAMPS, RuleSpec("present"), RuleSpec("worst", at_least=Fraction(1))])
def test_a_problem_is_never_a_pass_and_leaves_the_top_open(rule: RuleSpec) -> None:
    assert judge(rule, Measure(n=9, n_ceiling=9, m=9, m_ceiling=9, problem="数据源有缺口")) == (False, True)


@pytest.mark.parametrize(
    ("rule", "worst", "holds"),
    [
        (RuleSpec("worst", at_least=Fraction(30)), "30", True),
        (RuleSpec("worst", at_least=Fraction(30)), "29.99", False),
        (RuleSpec("worst", at_most=Fraction(900)), "900", True),
        (RuleSpec("worst", at_most=Fraction(900)), "900.01", False),
        (RuleSpec("worst", at_least=Fraction(6), at_most=Fraction(9)), "9.1", False),
    ],
)
def test_the_worst_value_decides(rule: RuleSpec, worst: str, holds: bool) -> None:
    assert judge(rule, Measure(worst=Decimal(worst))) == (holds, holds)


def test_a_device_without_a_value_leaves_a_good_worst_open_but_not_a_bad_one() -> None:
    rule = RuleSpec("worst", at_least=Fraction(30))
    assert judge(rule, Measure(worst=Decimal(31), unknown=UNKNOWN)) == (False, True)
    assert judge(rule, Measure(worst=Decimal(29), unknown=UNKNOWN)) == (False, False)
    assert judge(rule, Measure(unknown=UNKNOWN)) == (False, True)


@given(
    st.sampled_from(["present", "every", "share", "at_least"]),
    st.fractions(0, 1),
    st.integers(0, 50),
    st.integers(0, 20),
    st.integers(0, 70),
    st.integers(0, 20),
)
def test_what_passes_at_the_floor_passes_at_the_ceiling(
    kind: str, bound: Fraction, n: int, unknown: int, m_ceiling: int, more: int
) -> None:
    measure = counted(n, m_ceiling + more, n + unknown, m_ceiling)
    floor, ceiling = judge(RuleSpec(kind, at_least=bound), measure)
    assert ceiling or not floor
