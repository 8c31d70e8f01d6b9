"""The schema for editors accepts what the parser accepts, and underlines what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from scoring.measures import MEASURES
from scoring.schema import rubric_schema
from tests.fakes.facts import part, row

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "config/rubrics/rubric.schema.json").read_text("utf-8"))


def faults(rubric: Any) -> list[str]:
    """Return what an editor would underline."""
    return [error.message for error in Draft7Validator(SCHEMA).iter_errors(rubric)]


def city(*rows: Any, **more: Any) -> dict[str, Any]:
    return {"rubric": "test", "indicators": list(rows), **more}


def test_the_schema_is_one_and_the_official_rubric_fits_it() -> None:
    Draft7Validator.check_schema(SCHEMA)
    assert not faults(yaml.safe_load((ROOT / "config/rubrics/yinchuan.yaml").read_text("utf-8")))


def test_every_measure_of_the_language_is_in_the_schema() -> None:
    kinds = {one["properties"]["kind"]["const"] for one in SCHEMA["definitions"]["measure"]["oneOf"]}
    assert kinds == set(MEASURES)


def test_the_words_of_the_vocabulary_and_the_kinds_of_place_are_completed() -> None:
    schema = rubric_schema(["water_volume"], ["household"])
    need = schema["definitions"]["need"]["anyOf"][0]["properties"]["capability"]
    assert need == {"enum": ["water_volume"]}
    assert {"enum": ["household"]} in schema["definitions"]["scope"]["anyOf"]


@pytest.mark.parametrize(
    "wrong",
    [
        city(),
        city(row(type="★D")),
        city(row(parts=[part({"kind": "guess"})])),
        city(row(parts=[part({"kind": "statistic"})])),
        city(row(parts=[part({"kind": "statistic", "key": "a", "keys": "b"})])),
        city(row(parts=[part({"kind": "places", "of": "castle", "show": [{"capability": "water_volume"}]})])),
        city(row(parts=[part({"kind": "places", "of": "household", "show": [{"capability": "wine_volume"}]})])),
        city(row(parts=[part(rule="perhaps")])),
        city(row(parts=[{"id": "p", "title": "分项"}])),
        city(row(), seasons={"heating": {"from": "11-31x", "to": "03-31"}}),
        city(row(), questions=[{"id": "gated", "zh": "是否封闭式小区", "parts": ["1"]}]),
    ],
)
def test_what_the_parser_refuses_is_underlined(wrong: Any) -> None:
    assert faults(wrong)
