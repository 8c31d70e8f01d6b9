"""The closed set of part rules: whether a measure passes, at the floor and at the ceiling.

The floor takes what is proven against the larger denominator; the ceiling grants everything that is unknown.
"""

from __future__ import annotations

from fractions import Fraction

from scoring.model import Measure
from scoring.rubric import RuleSpec


def judge(rule: RuleSpec, measure: Measure) -> tuple[bool, bool]:
    """Return whether the rule holds at the floor and at the ceiling; a measure with a problem is open at the top."""
    if measure.problem:
        return False, True
    if rule.kind == "worst":
        return _judge_worst(rule, measure)
    floor = _passes(rule, measure.n, measure.m)
    ceiling = _passes(rule, measure.n_ceiling, measure.m_ceiling)
    return floor, floor or ceiling


def _passes(rule: RuleSpec, n: int | None, m: int | None) -> bool:
    if n is None:
        return False
    if rule.kind == "present":
        return n >= 1
    if rule.kind == "at_least":
        return _within(rule, Fraction(n))
    if not m:
        return False
    if rule.kind == "every":
        return n == m
    return _within(rule, Fraction(n, m))


def _judge_worst(rule: RuleSpec, measure: Measure) -> tuple[bool, bool]:
    """One value outside the limit fails for certain; a device without a value leaves it open."""
    if measure.worst is None:
        return False, bool(measure.unknown)
    holds = _within(rule, Fraction(measure.worst))
    return holds and not measure.unknown, holds


def _within(rule: RuleSpec, value: Fraction) -> bool:
    return (
        (rule.at_least is None or value >= rule.at_least)
        and (rule.more_than is None or value > rule.more_than)
        and (rule.at_most is None or value <= rule.at_most)
    )
