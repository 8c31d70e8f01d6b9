"""The rubric's two closed sets: how something is counted (measures), and when that passes (rules).

Measures: ``places``, ``devices``, ``ways_of_entry``, ``limits``, ``inventory``, ``register``, ``statistic``,
``attested``, ``survey``. Rules: ``present``, ``every``, ``share``, ``at_least``, ``worst``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from scoring.entry import RubricError, allow_only, read_fraction, read_list, read_texts, read_whole
from scoring.model import Rung, Season, ShownBy

PART_RULES = ("present", "every", "share", "at_least", "worst")
MEASURES: Mapping[str, frozenset[str]] = {
    "places": frozenset({"kind", "of", "show", "through", "each"}),
    "devices": frozenset({"kind", "of", "show"}),
    "ways_of_entry": frozenset({"kind", "of", "each", "capability", "at_least", "by", "days"}),
    "limits": frozenset({"kind", "of", "capability", "over", "take"}),
    "inventory": frozenset({"kind", "capability", "days"}),
    "register": frozenset({"kind", "of", "has"}),
    "statistic": frozenset({"kind", "key", "of_total", "when_positive"}),
    "attested": frozenset({"kind", "quantity", "of", "of_total"}),
    "survey": frozenset({"kind", "share", "smallest", "largest", "of_total"}),
}
NEEDED: Mapping[str, tuple[str, ...]] = {
    "places": ("of", "show"),
    "devices": ("show",),
    "ways_of_entry": ("of", "capability", "at_least"),
    "limits": ("capability", "over", "take"),
    "inventory": ("capability",),
    "register": ("of", "has"),
    "statistic": ("key",),
    "attested": (),
    "survey": ("share", "smallest", "largest", "of_total"),
}
"""The keys without which a measure would count nothing, or pass everything."""

SHOW = frozenset({"capability", "by", "rung", "days", "on_days", "equals", "includes", "season"})
_DAY_OF_YEAR = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")


@dataclass(frozen=True, slots=True)
class Scope:
    """A kind of place, narrowed by attributes: each must have one of the listed values; "" stands for an empty cell."""

    kind: str
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One capability that must be shown, by which sorts of evidence, on which rung, within how many days.

    ``equals`` is what the last value must be, ``includes`` a word that must be among the values. ``on_days`` asks for
    readings on that many days of the window. With a ``season``, the last season's readings count outside it.
    ``or_else`` are other capabilities any of which does as well.
    """

    capability: str
    by: frozenset[ShownBy]
    rung: Rung = Rung.REPORTING
    days: int | None = None
    on_days: int = 1
    equals: str | None = None
    includes: str | None = None
    season: Season | None = None
    or_else: tuple[Requirement, ...] = ()

    @property
    def choices(self) -> tuple[Requirement, ...]:
        """Return every requirement any of which is enough, this one first."""
        return (self, *self.or_else)


@dataclass(frozen=True, slots=True)
class MeasureSpec:
    """What is counted. Which fields are used depends on ``kind``; the loader refuses all others."""

    kind: str
    of: tuple[Scope, ...] = ()
    show: tuple[Requirement, ...] = ()
    through: str | None = None
    each: Scope | None = None
    capability: str = ""
    at_least: int = 0
    over: str = ""
    take: str = ""
    key: str = ""
    of_total: str | None = None
    when_positive: str | None = None
    share: Fraction = Fraction(0)
    smallest: int = 0
    largest: int = 0
    has: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    quantity: str = ""

    @property
    def capabilities(self) -> frozenset[str]:
        """Return every capability the measure consults."""
        return frozenset(one.capability for need in self.show for one in need.choices)


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """When a part is met. ``at_least``/``more_than`` are exact shares, counts or limits according to ``kind``."""

    kind: str
    at_least: Fraction | None = None
    more_than: Fraction | None = None
    at_most: Fraction | None = None


def parse_seasons(given: Mapping[str, Any], at: str) -> dict[str, Season]:
    """Return the seasons by name, each from its first to its last day (MM-DD, both included)."""
    allow_only(given, frozenset(given) if isinstance(given, Mapping) else frozenset(), f"{at}: seasons")
    seasons = {}
    for name, bounds in given.items():
        allow_only(bounds, {"from", "to", "source"}, f"{at}: season {name}")
        for key in ("from", "to"):
            if not _DAY_OF_YEAR.fullmatch(str(bounds.get(key, ""))):
                raise RubricError(f'{at}: season {name}: {key} is {bounds.get(key)!r}; write a day such as "11-01"')
        if str(bounds["from"]) == str(bounds["to"]):
            raise RubricError(f"{at}: season {name} begins and ends on one day; write its first and its last")
        seasons[str(name)] = Season(str(name), str(bounds["from"]), str(bounds["to"]))
    return seasons


def parse_measure(given: Mapping[str, Any], at: str, seasons: Mapping[str, Season]) -> MeasureSpec:
    """Return the measure of a mapping; raises RubricError naming what is missing, unknown or no number."""
    kind = str(given.get("kind", "")) if isinstance(given, Mapping) else ""
    allow_only(given, MEASURES.get(kind, frozenset(given)), f"{at}, measure {kind}".rstrip())
    if kind not in MEASURES:
        raise RubricError(f"{at}: measure kind {kind!r} is not one of {', '.join(MEASURES)}")
    lacking = [key for key in NEEDED[kind] if not given.get(key)]
    if lacking:
        raise RubricError(f"{at}: measure {kind} needs {', '.join(lacking)}; add what it counts and against what")
    if given.get("take", "lowest") not in {"lowest", "highest"}:
        raise RubricError(f"{at}: take is {given['take']!r}; write lowest or highest")
    if kind == "attested" and not given.get("quantity") and ("of" in given or "of_total" in given):
        raise RubricError(f"{at}: attested has a total and no quantity; add quantity: its unit, for instance 户")
    show = [_parse_need(item, at, seasons) for item in read_list(given, "show", at)]
    if kind in {"ways_of_entry", "limits", "inventory"}:
        one = {"capability": given.get("capability", ""), "by": given.get("by") or ["inventory"], "rung": "listed"}
        show = [_parse_need(one | ({"days": given["days"]} if "days" in given else {}), at, seasons)]
    has = given.get("has", {})
    allow_only(has, frozenset(has) if isinstance(has, Mapping) else frozenset(), f"{at}, has")
    return MeasureSpec(
        kind=kind,
        of=_parse_scopes(given.get("of"), at),
        show=tuple(show),
        through=given.get("through"),
        each=_parse_scopes(given["each"], at)[0] if "each" in given else None,
        capability=str(given.get("capability", "")),
        at_least=read_whole(given.get("at_least", 0), f"{at}: at_least"),
        over=str(given.get("over", "")),
        take=str(given.get("take", "")),
        key=str(given.get("key", "")),
        of_total=given.get("of_total"),
        when_positive=given.get("when_positive"),
        share=read_fraction(given.get("share", 0), f"{at}: share"),
        smallest=read_whole(given.get("smallest", 0), f"{at}: smallest"),
        largest=read_whole(given.get("largest", 0), f"{at}: largest"),
        has={str(key): tuple(read_texts(value)) for key, value in has.items()},
        quantity=str(given.get("quantity", "")),
    )


def _parse_scopes(given: Any, at: str) -> tuple[Scope, ...]:
    if given is None:
        return ()
    items = given if isinstance(given, list) else [given]
    scopes = []
    for item in items:
        if isinstance(item, str):
            scopes.append(Scope(item))
            continue
        allow_only(item, {"kind", "where"}, f"{at}, of")
        if not item.get("kind"):
            raise RubricError(f"{at}, of: kind is missing; name the kind of place")
        where = {key: tuple(read_texts(value)) for key, value in item.get("where", {}).items()}
        scopes.append(Scope(str(item["kind"]), where))
    return tuple(scopes)


def _parse_need(given: Any, at: str, seasons: Mapping[str, Season]) -> Requirement:
    """Return one thing to be shown: a capability, or ``any_of`` several."""
    if isinstance(given, Mapping) and "any_of" in given:
        allow_only(given, {"any_of"}, f"{at}, show")
        choices = [_parse_requirement(item, at, seasons) for item in read_list(given, "any_of", at)]
        if not choices:
            raise RubricError(f"{at}, show: any_of is empty; name the capabilities any of which is enough")
        return replace(choices[0], or_else=tuple(choices[1:]))
    return _parse_requirement(given, at, seasons)


def _parse_requirement(given: Any, at: str, seasons: Mapping[str, Season]) -> Requirement:
    allow_only(given, SHOW, f"{at}, show")
    if not given.get("capability"):
        raise RubricError(f"{at}: show needs a capability of config/vocabulary.yaml")
    try:
        by = frozenset(ShownBy(item) for item in read_texts(given.get("by", ["message"])))
        rung = Rung[str(given.get("rung", "reporting")).upper()]
    except (ValueError, KeyError) as error:
        raise RubricError(
            f"{at}: {error} is not known; by is one of {', '.join(ShownBy)}, rung one of "
            f"{', '.join(rung.name.lower() for rung in Rung)}"
        ) from None
    season = given.get("season")
    if season is not None and season not in seasons:
        raise RubricError(f"{at}: season {season!r} is not written under seasons; the seasons: {', '.join(seasons)}")
    equals, includes, days = given.get("equals"), given.get("includes"), given.get("days")
    return Requirement(
        capability=str(given["capability"]),
        by=by,
        rung=rung,
        days=None if days is None else read_whole(days, f"{at}: days"),
        on_days=read_whole(given.get("on_days", 1), f"{at}: on_days"),
        equals=None if equals is None else read_texts(equals)[0],
        includes=None if includes is None else read_texts(includes)[0],
        season=None if season is None else seasons[season],
    )


def parse_rule(given: Any, at: str) -> RuleSpec:
    """Return the rule of a word (``every``) or of a word with its bound (``share: {at_least: 0.6}``)."""
    if isinstance(given, str):
        given = {given: {}}
    if not isinstance(given, Mapping) or len(given) != 1 or next(iter(given)) not in PART_RULES:
        raise RubricError(f"{at}: rule {given!r} is not one of {', '.join(PART_RULES)}")
    kind, bounds = next(iter(given.items()))
    if not isinstance(bounds, Mapping):
        bounds = {"at_least": bounds}
    allow_only(bounds, {"at_least", "more_than", "at_most"}, f"{at}, rule {kind}")
    if kind in {"share", "at_least", "worst"} and not bounds:
        raise RubricError(f"{at}: rule {kind} needs its bound, for instance {kind}: {{at_least: ...}}")
    if kind in {"present", "every"} and bounds:
        raise RubricError(f"{at}: rule {kind} takes no bound; for a number of them write at_least: 3")
    read = {key: read_fraction(value, f"{at}: {key}") for key, value in bounds.items()}
    return RuleSpec(kind, read.get("at_least"), read.get("more_than"), read.get("at_most"))
