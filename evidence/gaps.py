"""What would raise the floor most: the rows of a frozen run that are not at their full points, and what each lacks.

Everything is read from the run's own files (``scorecard.json``, ``indicators/NN.json``) and the rubric. ``gain`` is
what a row would earn more if everything open were proven and every missing place were shown; a fact that speaks
against a part (a call answered too late) is not open, and its row gains nothing until the fact changes.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from evidence.supply import BINDING, RECORDS, REGISTER, Shelf, Supplier, Who, find_suppliers, needs_of
from scoring.measures import parse_rule
from scoring.rubric import PartSpec, RowSpec
from scoring.score import round_points

ZERO = Decimal("0.00")
OPEN_ROSTERS = ("missing", "unknown")
_STATED = frozenset({"limits", "statistic", "attested", "survey"})


class GapError(ValueError):
    """A run that cannot be looked into with the present rubric; the message names row and mend."""


class Cause(StrEnum):
    """Why something does not count, as people read it."""

    SILENT = "没有上报"
    RETAINED = "仅有保留消息"
    LATE = "补传或时钟不准"
    STALE = "已过期或不够"
    FEW_WAYS = "通行方式不足"
    TOO_FEW = "数量不足"
    UNLISTED = "台账未登记或不完整"
    NO_LIST = "平台未提供清单"
    NO_FIGURE = "平台未提供统计"
    DOCUMENT = "缺证明文件"
    BROKEN = "数据源记录不完整"
    WRONG = "数据有误"
    AGAINST = "已有事实不符合"
    OTHER = "其他"


# The first that is found decides; the texts are those of scoring/census.py, figures.py and evidence/shown.py.
_CAUSES = tuple(
    (re.compile(pattern), cause)
    for pattern, cause in (
        ("记录不完整|尚未封存|接收中断", Cause.BROKEN),
        ("数据有误|不予采用|总数为0", Cause.WRONG),
        ("仅有保留消息", Cause.RETAINED),
        ("补传|时钟超前", Cause.LATE),
        ("超过12个月|已过期", Cause.STALE),
        ("仅见[0-9]+种通行方式", Cause.FEW_WAYS),
        ("登记为不具备", Cause.AGAINST),
        ("台账", Cause.UNLISTED),
        ("没有收到统计数据", Cause.NO_FIGURE),
        ("没有收到该项清单", Cause.NO_LIST),
        ("佐证|满意度调查|有效期至", Cause.DOCUMENT),
        ("无上报|无有效上报|未见|没有收到|没有该项数值|没有发生过", Cause.SILENT),
    )
)


@dataclass(frozen=True, slots=True)
class LackingPlace:
    """One place (or device) that does not count: its roster is missing or unknown, ``lacks`` are capabilities."""

    key: str
    label: str
    roster: str
    reason: str
    causes: tuple[Cause, ...]
    lacks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PartGap:
    """One part that is not met (or, as the headline of a ratio row, not full).

    ``n`` and ``m`` are None where they are not known; ``needed`` is how many more places or devices the rule asks
    for, None where that is not known. ``against`` says that a stated fact fails the rule. ``unplaced`` counts the
    devices that could show it and stand at no place of the register.
    """

    id: str
    title: str
    state: str
    note: str
    n: int | None
    m: int | None
    needed: int | None
    missing: int
    unknown: int
    places: tuple[LackingPlace, ...]
    causes: Mapping[Cause, int]
    lacks: tuple[str, ...]
    unplaced: int
    against: bool
    suppliers: tuple[Supplier, ...]


@dataclass(frozen=True, slots=True)
class RowGap:
    """One row below its full points.

    ``to_ceiling`` is what proving the unknown alone would bring, ``to_full`` what is missing to full points.
    ``ceiling_known`` is False where the ceiling is only the points that nothing speaks against. ``gates`` are the
    parts without all of which the row earns nothing more; ``gates_alone`` is what proving the gates alone brings to a
    ratio row. ``decided`` says that a person overrode the row.
    """

    no: int
    title: str
    level2: str
    type: str
    points: Decimal
    floor: Decimal
    ceiling: Decimal
    ceiling_known: bool
    to_ceiling: Decimal
    to_full: Decimal
    gain: Decimal
    gates: tuple[str, ...]
    gates_alone: Decimal
    decided: bool
    parts: tuple[PartGap, ...]

    @property
    def together(self) -> bool:
        """Return whether the points come only when several things are proven together."""
        return len(self.gates) > 1 or (bool(self.gates) and len(self.parts) > len(self.gates))

    @property
    def lacking(self) -> int:
        """Return how many places or devices its parts lack, as far as that is known."""
        return sum(part.needed or 0 for part in self.parts)


def find_gaps(
    scorecard: Mapping[str, Any], indicators: Mapping[int, Mapping[str, Any]], shelf: Shelf
) -> tuple[RowGap, ...]:
    """Return every row below its full points, the greatest gain first, then the fewest lacking, then the form's order.

    Raises GapError where the run has a row or part that the rubric has not.
    """
    rows = {row.no: row for row in shelf.catalogue.rubric.rows}
    found = []
    for row in scorecard["indicators"]:
        no = int(row["no"])
        if no not in rows:
            raise GapError(f"row {no}: the rubric has no such row; make a new run with `zhizheng refresh`")
        if row["status"] != "not_applicable" and Decimal(row["floor"]) < Decimal(row["points"]):
            found.append(_row_gap(rows[no], row, indicators[no], shelf))
    return tuple(sorted(found, key=lambda one: (-one.gain, one.lacking, one.no)))


def _row_gap(spec: RowSpec, row: Mapping[str, Any], indicator: Mapping[str, Any], shelf: Shelf) -> RowGap:
    parts = {part.id: part for part in spec.parts}
    gaps: list[PartGap] = []
    head: Mapping[str, Any] | None = None
    for part in indicator["parts"]:
        if part["id"] not in parts:
            raise GapError(
                f"row {spec.no}: the rubric has no part {part['id']}; make a new run with `zhizheng refresh`"
            )
        is_head = spec.rule == "ratio" and part["id"] == spec.headline
        if is_head and part["state"] != "not_applicable":
            head = part
        if _is_open(part, is_head=is_head):
            gaps.append(_part_gap(spec, parts[part["id"]], part, shelf, is_head=is_head))
    floor, ceiling, points = Decimal(row["floor"]), Decimal(row["ceiling"]), Decimal(row["points"])
    gates = [gap for gap in gaps if spec.rule != "ratio" or gap.id != spec.headline]
    decided = row["override"] is not None
    if decided:
        gain = max(ZERO, ceiling - floor)
    elif any(gap.against for gap in gates):
        gain = ZERO
    else:
        gain = max(ZERO, _reachable(spec, head, points, ceiling) - floor)
    return RowGap(
        no=spec.no,
        title=str(spec.title.get("zh", spec.level2)),
        level2=spec.level2,
        type=spec.type,
        points=points,
        floor=floor,
        ceiling=ceiling,
        ceiling_known=decided or (row["status"] != "not_built" and not any(_is_unknown(part) for part in gaps)),
        to_ceiling=max(ZERO, ceiling - floor),
        to_full=points - floor,
        gain=gain,
        gates=tuple(gap.title for gap in gates),
        gates_alone=_gates_alone(head, gates, points, floor),
        decided=decided,
        parts=tuple(gaps),
    )


def _is_open(part: Mapping[str, Any], *, is_head: bool) -> bool:
    if part["state"] == "not_applicable":
        return False
    if is_head:
        return part["numerator"] is None or part["numerator"] != part["denominator"]
    return str(part["state"]) != "met"


def _is_unknown(gap: PartGap) -> bool:
    """Return whether nothing could be counted for a part that counts something."""
    return bool(gap.note) and gap.n is None and Cause.DOCUMENT not in gap.causes


def _reachable(spec: RowSpec, head: Mapping[str, Any] | None, points: Decimal, ceiling: Decimal) -> Decimal:
    """Return the points with everything open proven: of a ratio row, all its listed places over its denominator."""
    if spec.rule != "ratio":
        return points
    if head is None or not head["denominator"]:
        return ceiling
    listed = sum(len(head["rosters"][roster]) for roster in ("counted", *OPEN_ROSTERS))
    return round_points(Fraction(points) * Fraction(listed, head["denominator"]))


def _gates_alone(head: Mapping[str, Any] | None, gates: Sequence[PartGap], points: Decimal, floor: Decimal) -> Decimal:
    if not gates or head is None or not head["denominator"]:
        return ZERO
    return max(ZERO, round_points(Fraction(points) * Fraction(head["numerator"], head["denominator"])) - floor)


# ---------------------------------------------------------------- one part


def _part_gap(row: RowSpec, spec: PartSpec, part: Mapping[str, Any], shelf: Shelf, *, is_head: bool) -> PartGap:
    asked = tuple(dict.fromkeys(need.capability for way in spec.ways for need in needs_of(way.measure)))
    places = tuple(_lacking(part, asked, shelf))
    counts = Counter(cause for place in places for cause in place.causes)
    note = str(part["note"])
    if note:
        counts[_cause(note)] += 1
    kind = str(part["measure"].get("kind", ""))
    against = part["state"] == "not_met" and (kind in _STATED or Cause.AGAINST in counts)
    if against:
        counts = Counter({Cause.AGAINST: 1} if kind == "attested" else {**counts, Cause.AGAINST: 1})
    elif not counts:
        counts[Cause.SILENT if part["numerator"] is None else Cause.TOO_FEW] += 1
    lacks = tuple(word for word in asked if any(word in place.lacks for place in places)) or asked
    suppliers = _suppliers(row, spec, part, shelf, lacks, counts)
    return PartGap(
        id=spec.id,
        title=spec.title,
        state=str(part["state"]),
        note=note,
        n=part["numerator"],
        m=part["denominator"],
        needed=_needed(part, is_head=is_head),
        missing=len(part["rosters"]["missing"]),
        unknown=len(part["rosters"]["unknown"]),
        places=() if kind in {"attested", "survey"} else places,
        causes=dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))),
        lacks=lacks,
        unplaced=len(part["unplaced"]),
        against=against,
        suppliers=suppliers,
    )


def _suppliers(
    row: RowSpec,
    spec: PartSpec,
    part: Mapping[str, Any],
    shelf: Shelf,
    lacks: Sequence[str],
    causes: Mapping[Cause, int],
) -> tuple[Supplier, ...]:
    already: dict[str, set[str]] = {}
    for roster in ("counted", "unknown", "missing"):
        for entry in part["rosters"][roster]:
            for shown in entry["shown"]:
                already.setdefault(str(shown["capability"]), set()).add(str(shown["source"]))
    found = list(find_suppliers(shelf, row, spec, lacks, already))
    # Where nothing can be counted for want of a register, no vendor is asked: nobody knows yet what is missing.
    if Cause.UNLISTED in causes and part["note"]:
        found = [one for one in found if one.who in {Who.PERSON, Who.PROPERTY_IT}]
    if Cause.BROKEN in causes:
        found = []
    mends = (
        (REGISTER, Cause.UNLISTED in causes),
        (BINDING, bool(part["unplaced"])),
        (RECORDS, Cause.BROKEN in causes),
    )
    known = {one.name for one in found if one.who is Who.PROPERTY_IT}
    return (*found, *(Supplier(Who.PROPERTY_IT, name) for name, is_due in mends if is_due and name not in known))


def _lacking(part: Mapping[str, Any], asked: Sequence[str], shelf: Shelf) -> Iterator[LackingPlace]:
    for roster in OPEN_ROSTERS:
        for entry in part["rosters"][roster]:
            reason = str(entry["reason"])
            noted = {str(shown["capability"]) for shown in entry["shown"] if shown["note"]}
            lacks = tuple(word for word in asked if shelf.name(word) in reason or word in noted)
            shown = {str(one["capability"]) for one in entry["shown"]}
            causes = tuple(dict.fromkeys(_cause(one, shown, asked, shelf) for one in reason.split("；")))
            yield LackingPlace(str(entry["place"]), str(entry["label"]), roster, reason, causes, lacks or tuple(asked))


def _cause(reason: str, shown: set[str] | None = None, asked: Sequence[str] = (), shelf: Shelf | None = None) -> Cause:
    for pattern, cause in _CAUSES:
        if pattern.search(reason):
            return cause
    if reason.endswith("未证实"):
        seen = shelf is not None and any(word in (shown or ()) and shelf.name(word) in reason for word in asked)
        return Cause.STALE if seen else Cause.SILENT
    return Cause.OTHER


def _needed(part: Mapping[str, Any], *, is_head: bool) -> int | None:
    """Return how many more the rule asks for; None where it is not known or the rule counts nothing."""
    n: int | None = part["numerator"]
    m: int | None = part["denominator"]
    rule = parse_rule(part["rule"], str(part["id"]))
    if n is None or rule.kind == "worst":
        return None
    if is_head or rule.kind == "every":
        return None if m is None else m - n
    if rule.kind == "share":
        if m is None:
            return None
        least = math.ceil(rule.at_least * m) if rule.at_least is not None else math.floor((rule.more_than or 0) * m) + 1
        return max(0, least - n)
    return max(0, math.ceil(rule.at_least if rule.at_least is not None else 1) - n)
