"""The rubric language: 76 entries of the form, each split into parts with a measure and a rule.

Two small closed sets. Measures: ``places``, ``devices``, ``ways_of_entry``, ``limits``, ``inventory``, ``statistic``,
``attested``, ``survey``. Part rules: ``present``, ``every``, ``share``, ``at_least``, ``worst``, and ``any_of`` over
several ways of showing a part. Row rules: ``all_parts``, ``ratio``, ``survey``. Another city's rubric is data only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from string import Formatter
from typing import Any

from scoring.model import Rung, ShownBy

ROW_TYPES = ("★A", "★B", "★C", "☆", "▲")
ROW_RULES = ("all_parts", "ratio", "survey")
_TOP = frozenset({"rubric", "title", "assumptions", "figures", "indicators"})
_WORDS = frozenset({"no", "id", "level1", "level2", "meaning", "content", "type", "points"})
PART_RULES = ("present", "every", "share", "at_least", "worst")
MEASURES: Mapping[str, frozenset[str]] = {
    "places": frozenset({"kind", "of", "show", "through"}),
    "devices": frozenset({"kind", "of", "show"}),
    "ways_of_entry": frozenset({"kind", "of", "each", "capability", "at_least", "by", "days"}),
    "limits": frozenset({"kind", "of", "capability", "over", "take"}),
    "inventory": frozenset({"kind", "capability"}),
    "statistic": frozenset({"kind", "key", "of_total", "when_positive"}),
    "attested": frozenset({"kind"}),
    "survey": frozenset({"kind", "share", "smallest", "largest", "of_total"}),
}
NEEDED: Mapping[str, tuple[str, ...]] = {
    "places": ("of", "show"),
    "devices": ("show",),
    "ways_of_entry": ("of", "capability", "at_least"),
    "limits": ("capability", "over", "take"),
    "inventory": ("capability",),
    "statistic": ("key",),
    "attested": (),
    "survey": ("share", "smallest", "largest", "of_total"),
}
"""The keys without which a measure would count nothing, or pass everything."""


class RubricError(ValueError):
    """A rubric that cannot be used; the message names the file, the row, the key and the mend."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A kind of place, narrowed by attributes: each attribute must have one of the listed values."""

    kind: str
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One capability that must be shown, by which sorts of evidence, on which rung, within how many days."""

    capability: str
    by: frozenset[ShownBy]
    rung: Rung = Rung.REPORTING
    days: int | None = None
    equals: str | None = None


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


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """When a part is met. ``at_least``/``more_than`` are exact shares, counts or limits according to ``kind``."""

    kind: str
    at_least: Fraction | None = None
    more_than: Fraction | None = None
    at_most: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """One way of showing a part: a measure and the rule it must pass."""

    measure: MeasureSpec
    rule: RuleSpec


@dataclass(frozen=True, slots=True)
class PartSpec:
    """One part of a clause; any of its ways proves it. ``say`` is its Chinese sentence with placeholders."""

    id: str
    title: str
    ways: tuple[Way, ...]
    say: str = ""
    source: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RowSpec:
    """One of the form's rows: its words, and how it is measured. A row without parts is not built yet."""

    no: int
    id: str
    level1: str
    level2: str
    meaning: str
    content: str
    type: str
    points: Decimal
    title: Mapping[str, str]
    rule: str
    parts: tuple[PartSpec, ...]
    headline: str | None
    unit: str
    assumptions: tuple[str, ...]

    @property
    def is_bonus(self) -> bool:
        """Return whether the row's points stand apart from the 400 base points."""
        return self.type == "▲"


@dataclass(frozen=True, slots=True)
class Rubric:
    """A whole rubric: rows in the form's order and the named assumptions."""

    id: str
    title: Mapping[str, str]
    rows: tuple[RowSpec, ...]
    assumptions: Mapping[str, Mapping[str, str]]
    figures: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def parse_rubric(given: Mapping[str, Any], where: str = "rubric") -> Rubric:
    """Return the rubric of a mapping; raises RubricError naming file, line, row, key and mend.

    ``given`` has ``rubric`` (its id), ``title``, ``assumptions`` and ``figures`` (name -> {zh, en}), and
    ``indicators``, a list of rows: the form's words and how each is measured.
    """
    _only(given, _TOP, where)
    for key in ("rubric", "indicators"):
        if not given.get(key):
            raise RubricError(f"{where}: {key} is missing; add it at the top level")
    assumptions = given.get("assumptions", {})
    rows = tuple(_row(entry, assumptions, where) for entry in _list(given, "indicators", where))
    numbers = [row.no for row in rows]
    for index, no in enumerate(numbers):
        if no in numbers[:index]:
            raise RubricError(f"{where}: row {no} stands there twice; give each row of the form its own number")
    return Rubric(str(given["rubric"]), dict(given.get("title", {})), rows, assumptions, given.get("figures", {}))


def _row(entry: Mapping[str, Any], assumptions: Mapping[str, Any], where: str) -> RowSpec:
    at = f"{where}{_line(entry)}: row {entry.get('no', '?') if isinstance(entry, Mapping) else '?'}"
    if isinstance(entry, Mapping) and "False" in map(str, entry):
        raise RubricError(f'{at}: YAML reads a bare no as false; write "no" in quotes')
    _only(entry, _WORDS | {"title", "rule", "headline", "unit", "assumptions", "parts"}, at)
    for key in sorted(_WORDS):
        if entry.get(key) is None or entry[key] == "":
            raise RubricError(f"{at}: {key} is missing; copy it from the form")
        if isinstance(entry[key], (list, Mapping)):
            raise RubricError(f"{at}: {key} is {entry[key]!r}; copy the text of the form")
    if entry["type"] not in ROW_TYPES:
        raise RubricError(f"{at}: type {entry['type']!r} is not one of {', '.join(ROW_TYPES)}")
    rule = str(entry.get("rule", "all_parts"))
    if rule not in ROW_RULES:
        raise RubricError(f"{at}: rule {rule!r} is not one of {', '.join(ROW_RULES)}")
    parts = tuple(
        _part(part, f"{where}{_line(part)}: row {entry['no']}, part {index}")
        for index, part in enumerate(_list(entry, "parts", at), 1)
    )
    ids = [part.id for part in parts]
    if len(set(ids)) != len(ids):
        raise RubricError(f"{at}: two parts have the same id in {ids}; rename one")
    headline = entry.get("headline")
    if headline is not None and headline not in ids:
        raise RubricError(f"{at}: headline {headline!r} is not a part; its parts are {', '.join(ids) or 'none'}")
    if rule == "ratio" and headline is None:
        raise RubricError(f"{at}: a ratio row needs a headline; name the part whose n of m is paid")
    names = tuple(_list(entry, "assumptions", at))
    for name in names:
        if name not in assumptions:
            raise RubricError(f"{at}: assumption {name!r} is not written under assumptions; add its text there")
    return RowSpec(
        no=_count(entry["no"], f"{at}: no"),
        id=str(entry["id"]),
        level1=str(entry["level1"]),
        level2=str(entry["level2"]),
        meaning=str(entry["meaning"]),
        content=str(entry["content"]),
        type=str(entry["type"]),
        points=_decimal(entry["points"], f"{at}: points"),
        title=dict(entry.get("title", {})),
        rule=rule,
        parts=parts,
        headline=headline,
        unit=str(entry.get("unit", "")),
        assumptions=names,
    )


def _part(part: Mapping[str, Any], at: str) -> PartSpec:
    _only(part, {"id", "title", "measure", "rule", "any_of", "say"}, at)
    if not part.get("id") or not part.get("title"):
        raise RubricError(f"{at}: needs id and title")
    if ("any_of" in part) == ("measure" in part):
        raise RubricError(f"{at}: give either measure (with its rule) or any_of (a list of them)")
    ways: Sequence[Mapping[str, Any]] = _list(part, "any_of", at) if "any_of" in part else [part]
    if "any_of" in part:
        for way in ways:
            _only(way, {"measure", "rule"}, at)
            if "measure" not in way:
                raise RubricError(f"{at}: a way of any_of has no measure; give each its measure and rule")
    return PartSpec(
        id=str(part["id"]),
        title=str(part["title"]),
        ways=tuple(Way(_measure(way["measure"], at), _rule(way.get("rule", "present"), at)) for way in ways),
        say=_say(str(part.get("say", "")), at),
        source=dict(part),
    )


def _say(text: str, at: str) -> str:
    """Return the sentence; refuse one that cannot be filled in later, when a night has been counted."""
    try:
        names = [field for _, field, shape, how in Formatter().parse(text) if field is not None or shape or how]
    except ValueError:
        names = [""]
    if not all(name and name.isidentifier() for name in names):
        raise RubricError(f"{at}: say {text!r} has a placeholder that is no plain name; write {{m}} or {{n}}")
    return text


def _measure(given: Mapping[str, Any], at: str) -> MeasureSpec:
    kind = str(given.get("kind", "")) if isinstance(given, Mapping) else ""
    _only(given, MEASURES.get(kind, frozenset(given)), f"{at}, measure {kind}".rstrip())
    if kind not in MEASURES:
        raise RubricError(f"{at}: measure kind {kind!r} is not one of {', '.join(MEASURES)}")
    lacking = [key for key in NEEDED[kind] if not given.get(key)]
    if lacking:
        raise RubricError(f"{at}: measure {kind} needs {', '.join(lacking)}; add what it counts and against what")
    if given.get("take", "lowest") not in {"lowest", "highest"}:
        raise RubricError(f"{at}: take is {given['take']!r}; write lowest or highest")
    by = given.get("by", ())
    show = [_requirement(item, at) for item in _list(given, "show", at)]
    if kind in {"ways_of_entry", "limits", "inventory"}:
        show = [
            _requirement(
                {
                    "capability": given.get("capability", ""),
                    "by": by or ["inventory"],
                    "rung": "listed",
                    **({"days": given["days"]} if "days" in given else {}),
                },
                at,
            )
        ]
    return MeasureSpec(
        kind=kind,
        of=_scopes(given.get("of"), at),
        show=tuple(show),
        through=given.get("through"),
        each=_scopes(given["each"], at)[0] if "each" in given else None,
        capability=str(given.get("capability", "")),
        at_least=_count(given.get("at_least", 0), f"{at}: at_least"),
        over=str(given.get("over", "")),
        take=str(given.get("take", "")),
        key=str(given.get("key", "")),
        of_total=given.get("of_total"),
        when_positive=given.get("when_positive"),
        share=_fraction(given.get("share", 0), f"{at}: share"),
        smallest=_count(given.get("smallest", 0), f"{at}: smallest"),
        largest=_count(given.get("largest", 0), f"{at}: largest"),
    )


def _scopes(given: Any, at: str) -> tuple[Scope, ...]:
    if given is None:
        return ()
    items = given if isinstance(given, list) else [given]
    scopes = []
    for item in items:
        if isinstance(item, str):
            scopes.append(Scope(item))
            continue
        _only(item, {"kind", "where"}, f"{at}, of")
        if not item.get("kind"):
            raise RubricError(f"{at}, of: kind is missing; name the kind of place")
        where = {key: tuple(_texts(value)) for key, value in item.get("where", {}).items()}
        scopes.append(Scope(str(item["kind"]), where))
    return tuple(scopes)


def _texts(value: Any) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [str(item).lower() if isinstance(item, bool) else str(item) for item in items]


def _requirement(given: Mapping[str, Any], at: str) -> Requirement:
    _only(given, {"capability", "by", "rung", "days", "equals"}, f"{at}, show")
    if not given.get("capability"):
        raise RubricError(f"{at}: show needs a capability of config/vocabulary.yaml")
    try:
        by = frozenset(ShownBy(item) for item in _texts(given.get("by", ["message"])))
        rung = Rung[str(given.get("rung", "reporting")).upper()]
    except (ValueError, KeyError) as error:
        raise RubricError(
            f"{at}: {error} is not known; by is one of {', '.join(ShownBy)}, rung one of "
            f"{', '.join(rung.name.lower() for rung in Rung)}"
        ) from None
    equals = given.get("equals")
    days = given.get("days")
    return Requirement(
        capability=str(given["capability"]),
        by=by,
        rung=rung,
        days=None if days is None else _count(days, f"{at}: days"),
        equals=None if equals is None else _texts(equals)[0],
    )


def _rule(given: Any, at: str) -> RuleSpec:
    if isinstance(given, str):
        given = {given: {}}
    if not isinstance(given, Mapping) or len(given) != 1 or next(iter(given)) not in PART_RULES:
        raise RubricError(f"{at}: rule {given!r} is not one of {', '.join(PART_RULES)}")
    kind, bounds = next(iter(given.items()))
    if not isinstance(bounds, Mapping):
        bounds = {"at_least": bounds}
    _only(bounds, {"at_least", "more_than", "at_most"}, f"{at}, rule {kind}")
    if kind in {"share", "at_least", "worst"} and not bounds:
        raise RubricError(f"{at}: rule {kind} needs its bound, for instance {kind}: {{at_least: ...}}")
    if kind in {"present", "every"} and bounds:
        raise RubricError(f"{at}: rule {kind} takes no bound; for a number of them write at_least: 3")
    read = {key: _fraction(value, f"{at}: {key}") for key, value in bounds.items()}
    return RuleSpec(kind, read.get("at_least"), read.get("more_than"), read.get("at_most"))


def _line(given: Mapping[str, Any]) -> str:
    """Return ":N" when the loader kept the line on which this mapping begins, else nothing."""
    line = getattr(given, "line", None)
    return "" if line is None else f":{line}"


def _list(given: Mapping[str, Any], key: str, at: str) -> list[Any]:
    value = given.get(key, [])
    if not isinstance(value, list):
        raise RubricError(f"{at}: {key} is {value!r}; write a list")
    return value


def _only(given: object, allowed: frozenset[str] | set[str], at: str) -> None:
    if not isinstance(given, Mapping):
        raise RubricError(f"{at}: {given!r} stands where a mapping of keys to values should stand")
    unknown = sorted(str(key) for key in given if key not in allowed)
    if unknown:
        raise RubricError(f"{at}: {', '.join(unknown)} is not known here; allowed: {', '.join(sorted(allowed))}")


def _fraction(value: Any, at: str) -> Fraction:
    return Fraction(_decimal(value, at))


def _count(value: object, at: str) -> int:
    if isinstance(value, bool) or not str(value).isdecimal():
        raise RubricError(f"{at} is {value!r}; write a whole number")
    return int(str(value))


def _decimal(value: Any, at: str) -> Decimal:
    # YAML reads 0.6 as a binary float; its shortest text is what was written.
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0:
        raise RubricError(f"{at} is {value!r}; write a number such as 0.6 or 8")
    return number
