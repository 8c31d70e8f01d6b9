"""Scoring: from counted measures to points, √ or О, and totals. Exact arithmetic only.

A row's points are rounded half-up to two decimals by rule, and totals add the rounded values, so that the printed
form adds up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from scoring.census import Census
from scoring.grade import count_prerequisites
from scoring.model import Facts, Measure, Origin, Override, PartScore, RowScore, Scorecard, State, Totals
from scoring.rubric import PartSpec, RowSpec, Rubric, RuleSpec
from scoring.rules import judge

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
METHOD = 2
"""The number of this way of counting and scoring; it changes whenever a golden score moves."""


def score(rubric: Rubric, facts: Facts) -> Scorecard:
    """Return the scorecard of one community: a pure function of the rubric and the facts."""
    census = Census(facts)
    rows = tuple(_override(row, score_row(row, census), facts) for row in rubric.rows)
    return Scorecard(rows, add_up(rubric, rows), count_prerequisites(rubric, rows))


def score_row(row: RowSpec, census: Census) -> RowScore:
    """Return one row's points and verdict."""
    if not row.parts:
        return _unscored(row, "not_built", ceiling=round_points(Fraction(row.points)))
    parts = tuple(_score_part(row, part, census) for part in row.parts)
    live = [part for part in parts if part.state is not State.NOT_APPLICABLE]
    if not live:
        return _unscored(row, "not_applicable", ceiling=ZERO, parts=parts)
    head = next((part for part in live if part.id == row.headline), None)
    gates = [part for part in live if part is not head] if row.rule == "ratio" else live
    floor_share, ceiling_share = _shares(row, head, gates)
    points = round_points(Fraction(row.points) * floor_share)
    ceiling = max(points, round_points(Fraction(row.points) * ceiling_share))
    # √ where anything is earned; О 未证实 where only the ceiling earns; О where not even that.
    met = True if floor_share > 0 else (None if ceiling_share > 0 else False)
    n, m = _counted(row, head)
    return RowScore(
        no=row.no,
        floor=points,
        ceiling=ceiling,
        met=met,
        numerator=n,
        denominator=m,
        share=Fraction(n, m) if n is not None and m else None,
        origin=_join_origins(live),
        status=_status(live, met=met),
        parts=parts,
        formula=_formula(row, n, m, points),
    )


def _counted(row: RowSpec, head: PartScore | None) -> tuple[int | None, int | None]:
    """Return the row's n of m; people who attest that something is there, and not how much, have counted nothing."""
    if head is None or head.measure.problem:
        return None, None
    spec = next(part for part in row.parts if part.id == head.id).ways[head.way].measure
    if spec.kind == "attested" and not spec.quantity:
        return None, None
    return head.measure.n, head.measure.m


def _override(spec: RowSpec, row: RowScore, facts: Facts) -> RowScore:
    """Return the row as a person decided it, with the computed points beside; as it is where nobody did."""
    decided = [one for one in facts.overrides if one.row == spec.no]
    if not decided or facts.common_sources & set(facts.broken):
        return row
    decision: Override = max(decided, key=lambda one: one.receipt)
    points = round_points(Fraction(min(Decimal(decision.points), spec.points)))
    proven = decision.document is not None
    floor = points if proven or points < row.floor else row.floor
    ceiling = points if proven else max(row.ceiling, points)
    met = True if floor > 0 else (None if ceiling > 0 else False)
    return replace(
        row,
        floor=floor,
        ceiling=ceiling,
        met=met,
        origin=Origin.ATTESTED if row.origin is Origin.NONE else Origin.MIXED,
        status="unproven" if met is None else ("proven" if met else "not_met"),
        override=decision,
        computed=row.floor,
    )


def _unscored(row: RowSpec, status: str, *, ceiling: Decimal, parts: tuple[PartScore, ...] = ()) -> RowScore:
    return RowScore(
        no=row.no,
        floor=ZERO,
        ceiling=ceiling,
        met=None,
        numerator=None,
        denominator=None,
        share=None,
        origin=Origin.NONE,
        status=status,
        parts=parts,
        formula="",
    )


def _score_part(row: RowSpec, part: PartSpec, census: Census) -> PartScore:
    if (row.no, part.id) in census.facts.not_applicable:
        return PartScore(
            id=part.id,
            title=part.title,
            state=State.NOT_APPLICABLE,
            origin=Origin.NONE,
            floor=False,
            ceiling=False,
            measure=Measure(),
            way=0,
            formula="不适用",
        )
    tried = []
    for index, way in enumerate(part.ways):
        measure = census.count(way.measure, row.no, part.id)
        tried.append(_Tried(index, way.rule, measure, *judge(way.rule, measure)))
    tried = _drop_overruled(tried)
    # A person's no leaves nothing open that nothing measured has proven.
    denied = [one for one in tried if one.measure.attested and one.refutes]
    spoken = _choose(tried, denied)
    floor = any(one.floor for one in tried)
    ceiling = floor or (not denied and any(one.ceiling for one in tried))
    origin = Origin.ATTESTED if spoken.measure.attested else Origin.AUTOMATIC
    return PartScore(
        id=part.id,
        title=part.title,
        state=State.MET if floor else (State.UNKNOWN if ceiling else State.NOT_MET),
        origin=origin if floor or spoken.found else Origin.NONE,
        floor=floor,
        ceiling=ceiling,
        measure=spoken.measure,
        way=spoken.index,
        formula=_part_formula(spoken.rule, spoken.measure),
    )


@dataclass(frozen=True, slots=True)
class _Tried:
    """One way of showing a part, and what came of it."""

    index: int
    rule: RuleSpec
    measure: Measure
    floor: bool
    ceiling: bool

    @property
    def refutes(self) -> bool:
        """Return whether this way says for certain that the part is not met."""
        return not (self.measure.problem or self.ceiling)

    @property
    def found(self) -> bool:
        """Return whether this way has something to show, enough or not."""
        return bool(self.measure.n) or self.measure.worst is not None


def _drop_overruled(tried: list[_Tried]) -> list[_Tried]:
    """Return the ways that may speak: people do not overrule what was measured to be wanting.

    A worst case outlasts every other way: a drill in time does not undo a call that came too late.
    """
    refuted = [one for one in tried if one.refutes and not one.measure.attested]
    worst = [one for one in refuted if one.rule.kind == "worst"]
    if worst or (refuted and not any(one.floor for one in tried if not one.measure.attested)):
        return worst or refuted
    return tried


def _choose(tried: Sequence[_Tried], denied: Sequence[_Tried]) -> _Tried:
    """Return the way that speaks for a part.

    The one that proves it; else one that found something, else a person's no, else the first that could look. An
    error is shown before a way that nobody went.
    """
    speaking = [one for one in tried if one.floor] or [one for one in tried if one.found]
    able = [one for one in tried if not one.measure.problem] or [one for one in tried if one.measure.error]
    return (speaking or denied or able or tried)[0]


def _shares(row: RowSpec, head: PartScore | None, gates: Sequence[PartScore]) -> tuple[Fraction, Fraction]:
    """Return which share of the row's points the floor and the ceiling earn."""
    open_floor = all(part.floor for part in gates)
    open_ceiling = all(part.ceiling for part in gates)
    if row.rule != "ratio":
        return Fraction(open_floor), Fraction(open_ceiling)
    if head is None or head.measure.problem:
        return Fraction(0), Fraction(open_ceiling)
    measure = head.measure
    floor = Fraction(measure.n or 0, measure.m) if measure.m else Fraction(0)
    ceiling = Fraction(measure.n_ceiling or 0, measure.m_ceiling) if measure.m_ceiling else Fraction(1)
    return floor * open_floor, ceiling * open_ceiling


def _join_origins(parts: Sequence[PartScore]) -> Origin:
    origins = {part.origin for part in parts} - {Origin.NONE}
    if not origins:
        return Origin.NONE
    return origins.pop() if len(origins) == 1 else Origin.MIXED


def _status(parts: Sequence[PartScore], *, met: bool | None) -> str:
    if any(part.measure.error and not part.floor for part in parts):
        return "error"
    return "unproven" if met is None else ("proven" if met else "not_met")


def add_up(rubric: Rubric, rows: Sequence[RowScore]) -> Totals:
    """Return the totals of the rounded points."""
    base = bonus = ceiling = attested = ZERO
    for spec, row in zip(rubric.rows, rows, strict=True):
        ceiling += row.ceiling
        if spec.is_bonus:
            bonus += row.floor
        else:
            base += row.floor
        if row.origin in {Origin.ATTESTED, Origin.MIXED}:
            attested += row.floor
    return Totals(floor=base + bonus, ceiling=ceiling, attested=attested, base=base, bonus=bonus)


def round_points(points: Fraction) -> Decimal:
    """Return points (not negative) rounded half-up to two decimals, from the exact fraction."""
    cents = math.floor(points * 100 + Fraction(1, 2))
    return (Decimal(cents) / 100).quantize(CENT)


def _formula(row: RowSpec, n: int | None, m: int | None, points: Decimal) -> str:
    if row.rule == "ratio":
        shown = f"{n} / {m}" if n is not None else "未知"
        return f"{shown} × {row.points} = {points}"
    return f"各分项均满足得{row.points}分，否则0分；得{points}分"


def _part_formula(rule: RuleSpec, measure: Measure) -> str:
    if measure.problem:
        return measure.problem
    if rule.kind == "worst":
        return f"最不利值 {measure.worst}，要求{_bounds(rule)}"
    figure = f"{measure.n} / {measure.m}" if measure.m is not None else f"{measure.n}"
    wanted = {"present": "至少1", "every": "全部"}.get(rule.kind) or _bounds(rule)
    return f"{figure}，要求{wanted}"


def _bounds(rule: RuleSpec) -> str:
    words = []
    scale = 100 if rule.kind == "share" else 1
    sign = "%" if rule.kind == "share" else ""
    for text, bound in (("不低于", rule.at_least), ("大于", rule.more_than), ("不超过", rule.at_most)):
        if bound is not None:
            words.append(f"{text}{_plain(bound * scale)}{sign}")
    return "且".join(words)


def _plain(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else str(Decimal(value.numerator) / value.denominator)
