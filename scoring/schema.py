"""The rubric's language as a JSON schema, for editors: they complete and underline while one writes.

The parser decides; the schema is made from the same closed sets, so that it cannot promise anything else. YAML hands
numbers over as numbers or text, which is why a number may be either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scoring.measures import MEASURES, NEEDED, PART_RULES, SHOW
from scoring.model import Rung, ShownBy
from scoring.rubric import PART_KEYS, ROW_KEYS, ROW_RULES, ROW_TYPES, WORDS

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string", "minLength": 1}
_NUMBER: Schema = {"type": ["number", "string"], "pattern": r"^\d+(\.\d+)?$", "minimum": 0}
_WHOLE: Schema = {"type": ["integer", "string"], "pattern": r"^\d+$", "minimum": 0}
_DAY: Schema = {"type": "string", "pattern": r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"}
_WORD_OR_WORDS: Schema = {"type": ["string", "boolean", "array"]}
_BOTH: Schema = {"type": "object", "required": ["zh", "en"], "properties": {"zh": _TEXT, "en": _TEXT}}


def rubric_schema(capabilities: Iterable[str], kinds: Sequence[str]) -> Schema:
    """Return the schema (draft 7) of a rubric file, given the vocabulary's capabilities and the register's kinds."""
    row = dict.fromkeys(("id", "level1", "level2", "meaning", "content"), _TEXT) | {
        "no": _WHOLE,
        "title": _BOTH,
        "type": {"enum": list(ROW_TYPES)},
        "points": _NUMBER,
        "rule": {"enum": list(ROW_RULES), "default": ROW_RULES[0]},
        "headline": _TEXT,
        "unit": {"type": "string"},
        "assumptions": {"type": "array", "items": _TEXT},
        "parts": {"type": "array", "items": {"$ref": "#/definitions/part"}},
    }
    season = _closed({"from": _DAY, "to": _DAY, "source": _TEXT}, ["from", "to"])
    question = _closed(
        {"id": _TEXT, "zh": _TEXT, "en": _TEXT, "parts": {"type": "array", "items": _TEXT, "minItems": 1}},
        ["id", "zh", "en", "parts"],
    )
    top = {
        "rubric": _TEXT,
        "title": _BOTH,
        "assumptions": {"type": "object", "additionalProperties": _BOTH},
        "figures": {"type": "object", "additionalProperties": _BOTH},
        "seasons": {"type": "object", "additionalProperties": season},
        "questions": {"type": "array", "items": question},
        "indicators": {"type": "array", "minItems": 1, "items": _closed(_only(row, ROW_KEYS), sorted(WORDS))},
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Rubric of a declaration",
        **_closed(top, ["rubric", "indicators"]),
        "definitions": _definitions(sorted(capabilities), list(kinds)),
    }


def _definitions(capabilities: Sequence[str], kinds: Sequence[str]) -> Schema:
    way = {"measure": {"$ref": "#/definitions/measure"}, "rule": {"$ref": "#/definitions/rule"}}
    part = {"id": _TEXT, "title": _TEXT, "say": {"type": "string"}, **way} | {
        "any_of": {"type": "array", "minItems": 1, "items": _closed(way, ["measure"])}
    }
    need = _closed(_show(capabilities), ["capability"])
    bounds = _closed({"at_least": _NUMBER, "more_than": _NUMBER, "at_most": _NUMBER}, [])
    return {
        "part": {
            **_closed(_only(part, PART_KEYS), ["id", "title"]),
            "oneOf": [{"required": ["measure"]}, {"required": ["any_of"]}],
        },
        "measure": {"type": "object", "oneOf": [_measure(kind, capabilities) for kind in MEASURES]},
        "rule": {
            "anyOf": [
                {"enum": [name for name in PART_RULES if name in {"present", "every"}]},
                *(_closed({name: {"anyOf": [_NUMBER, bounds]}}, [name]) for name in PART_RULES),
            ]
        },
        "scopes": {
            "anyOf": [
                {"$ref": "#/definitions/scope"},
                {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/scope"}},
            ]
        },
        "scope": {
            "anyOf": [
                {"enum": list(kinds)},
                _closed({"kind": {"enum": list(kinds)}, "where": {"type": "object"}}, ["kind"]),
            ]
        },
        "need": {"anyOf": [need, _closed({"any_of": {"type": "array", "minItems": 1, "items": need}}, ["any_of"])]},
    }


def _measure(kind: str, capabilities: Sequence[str]) -> Schema:
    known: Schema = {
        "kind": {"const": kind},
        "of": {"$ref": "#/definitions/scopes"},
        "each": {"$ref": "#/definitions/scope"},
        "show": {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/need"}},
        "through": _TEXT,
        "capability": {"enum": list(capabilities)},
        "over": {"enum": list(capabilities)},
        "take": {"enum": ["lowest", "highest"]},
        "by": {"type": "array", "items": {"enum": [str(one) for one in ShownBy]}},
        "at_least": _WHOLE,
        "days": _WHOLE,
        "has": {"type": "object", "minProperties": 1},
        "key": _TEXT,
        "of_total": _TEXT,
        "when_positive": _TEXT,
        "quantity": _TEXT,
        "share": _NUMBER,
        "smallest": _WHOLE,
        "largest": _WHOLE,
    }
    return _closed(_only(known, MEASURES[kind]), ["kind", *NEEDED[kind]])


def _show(capabilities: Sequence[str]) -> Schema:
    known: Schema = {
        "capability": {"enum": list(capabilities)},
        "by": {"type": "array", "items": {"enum": [str(one) for one in ShownBy]}},
        "rung": {"enum": [rung.name.lower() for rung in Rung]},
        "days": _WHOLE,
        "on_days": _WHOLE,
        "equals": _WORD_OR_WORDS,
        "includes": _WORD_OR_WORDS,
        "season": _TEXT,
    }
    return _only(known, SHOW)


def _only(known: Mapping[str, Any], keys: Iterable[str]) -> Schema:
    """Return the entries for exactly these keys; a key the parser takes and the schema does not know is a KeyError."""
    return {key: known[key] for key in sorted(keys)}


def _closed(properties: Mapping[str, Any], required: Sequence[str]) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }
