"""Facts written by hand, for tests of counting and scoring: each helper fills in what a test does not speak about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from scoring.model import (
    Attestation,
    Document,
    Facts,
    Figure,
    Lead,
    Place,
    Rung,
    Shown,
    ShownBy,
    Survey,
)
from scoring.rubric import Rubric, RubricError, parse_rubric

DOCUMENT = Document("证明.pdf", "0" * 64, 900)
COMMON = frozenset({"register", "acts", "zhizheng"})


def place(kind: str, key: str, **attributes: str) -> Place:
    """Return one place of the register; its id is ``kind:key``."""
    return Place(f"{kind}:{key}", kind, key, f"{kind} {key}", attributes, 1, f"/{key}")


def places(kind: str, count: int, **attributes: str) -> tuple[Place, ...]:
    """Return places 0, 1, 2 … of one kind."""
    return tuple(place(kind, str(index), **attributes) for index in range(count))


def shown(
    at: Place | None,
    capability: str,
    by: ShownBy = ShownBy.MESSAGE,
    *,
    rung: Rung = Rung.PLAUSIBLE,
    days_ago: int = 0,
    values: Sequence[str] = ("1",),
    low: str | None = None,
    high: str | None = None,
    source: str = "meters",
    device: str = "",
    note: str = "",
) -> Shown:
    """Return what one device shows at a place; the device is named after the place unless the test names it."""
    return Shown(
        place=None if at is None else at.id,
        source=source,
        device=device or ("nowhere" if at is None else at.key),
        capability=capability,
        shown_by=by,
        rung=rung,
        days_ago=days_ago,
        leads=(Lead(7, "/value"),),
        values=tuple(values),
        low=None if low is None else Decimal(low),
        high=None if high is None else Decimal(high),
        note=note,
    )


def figure(name: str, value: str, source: str = "hub", days_ago: int = 0) -> Figure:
    """Return one number that somebody states."""
    return Figure(name, value, source, 5, f"/{name}", days_ago)


def attestation(row: int, part: str, value: str = "yes", *, documented: bool = True, receipt: int = 901) -> Attestation:
    """Return what 王工 attests for a part."""
    document = DOCUMENT if documented else None
    return Attestation(row, part, value, "王工", "2026-10-20", "2027-10-20", receipt, document)


def survey(sample: int, satisfied: int, *, documented: bool = True, receipt: int = 902) -> Survey:
    """Return a survey of satisfaction."""
    return Survey(sample, satisfied, None, "陈社工", "2026-10-25", receipt, DOCUMENT if documented else None)


def facts(
    frames: Mapping[str, Sequence[Place]] | None = None,
    seen: Sequence[Shown] = (),
    *,
    totals: Mapping[str, str] | None = None,
    statistics: Sequence[Figure] = (),
    **more: Any,
) -> Facts:
    """Return facts of a community ``demo`` with a window of 7 days; ``more`` sets any other field by its name."""
    given: dict[str, Any] = {
        "attestations": (),
        "surveys": (),
        "not_applicable": {},
        "broken": {},
        "common_sources": COMMON,
        "sources_of": {},
        "reading_at": {},
        **more,
    }
    return Facts(
        community="demo",
        window_days=7,
        frames={kind: tuple(listed) for kind, listed in (frames or {}).items()},
        totals={name: figure(name, value, "register") for name, value in (totals or {}).items()},
        shown=tuple(seen),
        statistics={one.name: one for one in statistics},
        **given,
    )


def row(no: int = 1, **more: Any) -> dict[str, Any]:
    """Return one row of a rubric as YAML would give it, 10 points, without parts."""
    words = {"level1": "基础设施", "level2": "物联网", "meaning": "意义", "content": "内容"}
    return {"no": no, "id": f"row-{no}", **words, "type": "☆", "points": "10", **more}


def part(measure: Mapping[str, Any] | None = None, rule: Any = "present", **more: Any) -> dict[str, Any]:
    """Return one part ``p``; without a measure it is attested."""
    return {"id": "p", "title": "分项", "measure": measure or {"kind": "attested"}, "rule": rule, **more}


def rubric(*rows: Mapping[str, Any]) -> Rubric:
    """Return a rubric of these rows."""
    return parse_rubric({"rubric": "test", "indicators": list(rows)}, "test.yaml")


def refusal(mapping: Any, where: str = "city.yaml") -> str:
    """Return the one line with which a rubric is refused."""
    try:
        parse_rubric(mapping, where)
    except RubricError as error:
        return str(error)
    raise AssertionError("the rubric was not refused")
