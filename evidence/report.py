"""Writes a scorecard as plain data: what ``scorecard.json`` and ``indicators/NN.json`` hold.

Points, shares and readings are decimal strings, counts are integers; a number that is not known is null.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scoring.explain import explain
from scoring.model import Entry, Facts, Figure, PartScore, Place, RowScore, Scorecard, Shown, State
from scoring.rubric import PartSpec, RowSpec, Rubric


@dataclass(frozen=True, slots=True)
class Heading:
    """What a run says of itself at the top of its scorecard."""

    community: str
    community_name: str
    as_of: str
    window: Mapping[str, Any]
    run: int
    environment: str
    method: int


def write_json(value: object) -> bytes:
    """Return canonical, readable JSON: keys in order, text as UTF-8, a final newline."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"


def report_scorecard(rubric: Rubric, card: Scorecard, heading: Heading) -> dict[str, Any]:
    """Return the content of ``scorecard.json``."""
    totals = card.totals
    return {
        "community": heading.community,
        "community_name": heading.community_name,
        "as_of": heading.as_of,
        "window": dict(heading.window),
        "run": heading.run,
        "environment": heading.environment,
        "method": heading.method,
        "totals": {
            "floor": str(totals.floor),
            "ceiling": str(totals.ceiling),
            "attested": str(totals.attested),
            "base": str(totals.base),
            "bonus": str(totals.bonus),
        },
        "prerequisites": {grade: {"met": met, "of": of} for grade, (met, of) in card.prerequisites.items()},
        "indicators": [
            report_row(spec, row, int(heading.window["days"])) for spec, row in zip(rubric.rows, card.rows, strict=True)
        ],
    }


def report_row(spec: RowSpec, row: RowScore, window_days: int) -> dict[str, Any]:
    """Return one entry of the scorecard's indicators."""
    return {
        "no": spec.no,
        "id": spec.id,
        "level1": spec.level1,
        "level2": spec.level2,
        "type": spec.type,
        "points": str(spec.points),
        "floor": str(row.floor),
        "ceiling": str(row.ceiling),
        "met": row.met,
        "numerator": row.numerator,
        "denominator": row.denominator,
        "unit": spec.unit,
        "origin": str(row.origin),
        "status": row.status,
        "override": _override(row),
        "sentence": explain(spec, row, window_days),
        "parts": [_part_summary(part) for part in row.parts],
    }


def _override(row: RowScore) -> dict[str, Any] | None:
    """Return both values of an overridden row, and who decided it; None where nobody did."""
    decision = row.override
    if decision is None:
        return None
    return {
        "computed": str(row.computed),
        "points": decision.points,
        "reason": decision.reason,
        "by": decision.by,
        "date": decision.date,
        "receipt": decision.receipt,
        "document": decision.document.name if decision.document else None,
    }


def _part_summary(part: PartScore) -> dict[str, Any]:
    known = not part.measure.problem
    return {
        "id": part.id,
        "title": part.title,
        "state": str(part.state),
        "origin": str(part.origin),
        "numerator": part.measure.n if known else None,
        "denominator": part.measure.m if known else None,
        "required": part.state is not State.NOT_APPLICABLE,
    }


def report_indicator(spec: RowSpec, row: RowScore, rubric: Rubric, facts: Facts) -> dict[str, Any]:
    """Return the content of ``indicators/NN.json``: the row with its formulas, rosters and receipts."""
    parts = [_part_detail(part_spec, part, facts) for part_spec, part in zip(spec.parts, row.parts, strict=True)]
    return {
        **report_row(spec, row, facts.window_days),
        "title": dict(spec.title),
        "meaning": spec.meaning,
        "content": spec.content,
        "formula": row.formula,
        "assumptions": [{"name": name, "text": rubric.assumptions[name]["zh"]} for name in spec.assumptions],
        "parts": parts,
    }


def _part_detail(spec: PartSpec, part: PartScore, facts: Facts) -> dict[str, Any]:
    measure = part.measure
    way = spec.source["any_of"][part.way] if "any_of" in spec.source else spec.source
    used = {capability for one in spec.ways for capability in one.measure.capabilities}
    able = {(shown.source, shown.device) for shown in facts.shown if shown.capability in used}
    return {
        **_part_summary(part),
        "measure": _plain(way.get("measure", {})),
        "rule": _plain(way.get("rule", "present")),
        "formula": part.formula,
        "note": measure.problem,
        "rungs": dict(measure.rungs),
        "rosters": {
            "counted": [_entry(entry, facts) for entry in measure.counted],
            "missing": [_entry(entry, facts) for entry in measure.missing],
            "excluded": [_entry(entry, facts) for entry in measure.excluded],
            "unknown": [_entry(entry, facts) for entry in measure.unknown],
        },
        "values": [_figure(figure, facts) for figure in measure.figures],
        "worst": None if measure.worst is None else str(measure.worst),
        "unplaced": [
            {
                "source": one.source,
                "device": one.device,
                "address": one.address,
                "receipt": one.receipt,
                "candidates": list(one.candidates),
            }
            for one in facts.unplaced
            if (one.source, one.device) in able
        ],
        "documents": [{"name": one.name, "sha256": one.sha256, "receipt": one.receipt} for one in measure.documents],
    }


def _plain(value: object) -> object:
    return json.loads(json.dumps(value, ensure_ascii=False, default=str))


def _entry(entry: Entry, facts: Facts) -> dict[str, Any]:
    return {
        "place": entry.key,
        "label": entry.label,
        "reason": entry.reason,
        "register": _lead(entry.place),
        "shown": [_shown(shown, facts) for shown in entry.shown],
    }


def _lead(place: Place | None) -> dict[str, Any] | None:
    return None if place is None else {"receipt": place.receipt, "pointer": place.pointer}


def _shown(shown: Shown, facts: Facts) -> dict[str, Any]:
    return {
        "source": shown.source,
        "device": shown.device,
        "capability": shown.capability,
        "title": facts.name(shown.capability),
        "shown_by": str(shown.shown_by),
        "rung": shown.rung.name.lower(),
        "value": "、".join(shown.values),
        "days_ago": shown.days_ago,
        "receipts": [lead.receipt for lead in shown.leads],
        "pointers": [lead.pointer for lead in shown.leads],
        "note": shown.note,
    }


def _figure(figure: Figure, facts: Facts) -> dict[str, Any]:
    return {
        "name": figure.name,
        "title": facts.name(figure.name),
        "value": figure.value,
        "unit": "",
        "source": figure.source,
        "receipt": figure.receipt,
        "pointer": figure.pointer,
    }
