"""The rubric language: 76 entries of the form, each split into parts with a measure and a rule.

Measures and part rules are the two closed sets of ``scoring/measures.py``, and ``any_of`` joins several ways of showing
a part. Row rules: ``all_parts``, ``ratio``, ``survey``. Another city's rubric is data only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from string import Formatter
from typing import Any

from scoring.entry import RubricError, allow_only, read_decimal, read_line, read_list, read_whole
from scoring.measures import (
    MEASURES,
    PART_RULES,
    MeasureSpec,
    Requirement,
    RuleSpec,
    Scope,
    parse_measure,
    parse_rule,
    parse_seasons,
)
from scoring.model import Season

__all__ = [
    "MEASURES",
    "PART_KEYS",
    "PART_RULES",
    "ROW_KEYS",
    "ROW_RULES",
    "ROW_TYPES",
    "WORDS",
    "MeasureSpec",
    "PartSpec",
    "Question",
    "Requirement",
    "RowSpec",
    "Rubric",
    "RubricError",
    "RuleSpec",
    "Scope",
    "Way",
    "parse_rubric",
]

ROW_TYPES = ("★A", "★B", "★C", "☆", "▲")
ROW_RULES = ("all_parts", "ratio", "survey")
_TOP = frozenset({"rubric", "title", "assumptions", "figures", "seasons", "questions", "indicators"})
WORDS = frozenset({"no", "id", "level1", "level2", "meaning", "content", "type", "points"})
"""The form's own words of a row, without which it is no row."""

ROW_KEYS = WORDS | {"title", "rule", "headline", "unit", "assumptions", "parts"}
PART_KEYS = frozenset({"id", "title", "measure", "rule", "any_of", "say"})


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
    """One of the form's rows: its words, and how it is measured. A row without parts is not built."""

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
class Question:
    """What a community is asked once: a ``no`` to it makes the named parts (row, part) not applicable."""

    id: str
    zh: str
    en: str
    parts: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Rubric:
    """A whole rubric: rows in the form's order, the named assumptions, and what is asked once."""

    id: str
    title: Mapping[str, str]
    rows: tuple[RowSpec, ...]
    assumptions: Mapping[str, Mapping[str, str]]
    figures: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    questions: tuple[Question, ...] = ()


def parse_rubric(given: Mapping[str, Any], where: str = "rubric") -> Rubric:
    """Return the rubric of a mapping; raises RubricError naming file, line, row, key and mend.

    ``given`` has ``rubric`` (its id), ``title``, ``assumptions`` and ``figures`` (name -> {zh, en}), ``seasons``
    (name -> {from, to}), ``questions``, and ``indicators``, a list of rows: the form's words and how each is measured.
    """
    allow_only(given, _TOP, where)
    for key in ("rubric", "indicators"):
        if not given.get(key):
            raise RubricError(f"{where}: {key} is missing; add it at the top level")
    assumptions = given.get("assumptions", {})
    seasons = parse_seasons(given.get("seasons", {}), where)
    rows = tuple(_row(entry, assumptions, seasons, where) for entry in read_list(given, "indicators", where))
    numbers = [row.no for row in rows]
    for index, no in enumerate(numbers):
        if no in numbers[:index]:
            raise RubricError(f"{where}: row {no} stands there twice; give each row of the form its own number")
    return Rubric(
        id=str(given["rubric"]),
        title=dict(given.get("title", {})),
        rows=rows,
        assumptions=assumptions,
        figures=given.get("figures", {}),
        questions=tuple(_question(entry, rows, where) for entry in read_list(given, "questions", where)),
    )


def _question(entry: Mapping[str, Any], rows: Sequence[RowSpec], where: str) -> Question:
    at = f"{where}{read_line(entry)}: question"
    allow_only(entry, {"id", "zh", "en", "parts"}, at)
    for key in ("id", "zh", "en", "parts"):
        if not entry.get(key):
            raise RubricError(f"{at}: {key} is missing; a question needs id, zh, en and parts")
    known = {(row.no, part.id) for row in rows for part in row.parts}
    parts = []
    for item in read_list(entry, "parts", at):
        no, _, part = str(item).partition("/")
        found = [key for key in known if str(key[0]) == no and part in {"", key[1]}]
        if not found:
            raise RubricError(f"{at} {entry['id']}: {item!r} is no row and no row/part of this rubric")
        parts += sorted(found)
    return Question(str(entry["id"]), str(entry["zh"]), str(entry["en"]), tuple(dict.fromkeys(parts)))


def _row(
    entry: Mapping[str, Any], assumptions: Mapping[str, Any], seasons: Mapping[str, Season], where: str
) -> RowSpec:
    at = f"{where}{read_line(entry)}: row {entry.get('no', '?') if isinstance(entry, Mapping) else '?'}"
    if isinstance(entry, Mapping) and "False" in map(str, entry):
        raise RubricError(f'{at}: YAML reads a bare no as false; write "no" in quotes')
    allow_only(entry, ROW_KEYS, at)
    for key in sorted(WORDS):
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
        _part(part, f"{where}{read_line(part)}: row {entry['no']}, part {index}", seasons)
        for index, part in enumerate(read_list(entry, "parts", at), 1)
    )
    ids = [part.id for part in parts]
    if len(set(ids)) != len(ids):
        raise RubricError(f"{at}: two parts have the same id in {ids}; rename one")
    headline = entry.get("headline")
    if headline is not None and headline not in ids:
        raise RubricError(f"{at}: headline {headline!r} is not a part; its parts are {', '.join(ids) or 'none'}")
    if rule == "ratio" and headline is None:
        raise RubricError(f"{at}: a ratio row needs a headline; name the part whose n of m is paid")
    names = tuple(read_list(entry, "assumptions", at))
    for name in names:
        if name not in assumptions:
            raise RubricError(f"{at}: assumption {name!r} is not written under assumptions; add its text there")
    return RowSpec(
        no=read_whole(entry["no"], f"{at}: no"),
        id=str(entry["id"]),
        level1=str(entry["level1"]),
        level2=str(entry["level2"]),
        meaning=str(entry["meaning"]),
        content=str(entry["content"]),
        type=str(entry["type"]),
        points=read_decimal(entry["points"], f"{at}: points"),
        title=dict(entry.get("title", {})),
        rule=rule,
        parts=parts,
        headline=headline,
        unit=str(entry.get("unit", "")),
        assumptions=names,
    )


def _part(part: Mapping[str, Any], at: str, seasons: Mapping[str, Season]) -> PartSpec:
    allow_only(part, PART_KEYS, at)
    if not part.get("id") or not part.get("title"):
        raise RubricError(f"{at}: needs id and title")
    if ("any_of" in part) == ("measure" in part):
        raise RubricError(f"{at}: give either measure (with its rule) or any_of (a list of them)")
    ways: Sequence[Mapping[str, Any]] = read_list(part, "any_of", at) if "any_of" in part else [part]
    if "any_of" in part:
        for way in ways:
            allow_only(way, {"measure", "rule"}, at)
            if "measure" not in way:
                raise RubricError(f"{at}: a way of any_of has no measure; give each its measure and rule")
    return PartSpec(
        id=str(part["id"]),
        title=str(part["title"]),
        ways=tuple(
            Way(parse_measure(way["measure"], at, seasons), parse_rule(way.get("rule", "present"), at)) for way in ways
        ),
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
