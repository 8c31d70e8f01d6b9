from __future__ import annotations

from typing import Any

import pytest

from connectors.grammar import parse_profile
from connectors.rule import ProfileError, Template, check_profile
from connectors.vocabulary import parse_vocabulary

HEAD = {"profile": "trial", "version": 1, "title": {"zh": "试", "en": "trial"}, "source": "document"}
VOCABULARY = parse_vocabulary(
    {
        "tank_level": {"kind": "number", "unit": "m", "zh": "液位", "en": "level"},
        "online": {"kind": "boolean", "zh": "在线", "en": "online"},
        "entry": {"kind": "event", "words": ["card", "face"], "zh": "开门", "en": "entry"},
    },
    "vocabulary.yaml",
)


def test_a_template_is_filled_with_what_is_bound() -> None:
    template = Template("{pk}/{dn}", ("", "pk", "/", "dn", ""))
    assert template.names == ("pk", "dn")
    assert template.fill({"pk": "a", "dn": "b", "other": "c"}) == "a/b"


@pytest.mark.parametrize(
    ("field", "mend"),
    [
        ({"capability": "weather", "at": "/w"}, "is not in the vocabulary"),
        ({"capability": "tank_level", "at": "/l"}, "needs the unit the platform sends"),
        ({"capability": "tank_level", "at": "/l", "unit": "mm"}, "has unit mm, the vocabulary m: add times"),
        ({"capability": "online", "at": "/o", "unit": "1"}, "unit and times belong to numbers"),
        ({"capability": "online", "at": "/o", "map": {"up": "yes"}}, "can never be 'yes'"),
        ({"capability": "entry", "value": "key"}, "can never be 'key'"),
    ],
)
def test_a_field_that_could_never_be_observed_is_refused(field: dict[str, Any], mend: str) -> None:
    rule = {"topic": "t", "device": "d", "fields": [field]}
    profile = parse_profile({**HEAD, "read": [rule]}, "trial.yaml")
    with pytest.raises(ProfileError, match=r"trial\.yaml: t: ") as raised:
        check_profile(profile, VOCABULARY, "trial.yaml")
    assert mend in str(raised.value)


@pytest.mark.parametrize(
    "field",
    [
        {"capability": "tank_level", "at": "/l", "unit": "m"},
        {"capability": "tank_level", "at": "/l", "unit": "mm", "times": "0.001"},
        {"capability": "online", "at": "/o", "map": {"up": "true"}},
        {"capability": "entry", "value": "{way}"},
    ],
)
def test_a_field_that_speaks_the_vocabulary_is_taken(field: dict[str, Any]) -> None:
    rule = {"topic": "t/{way}", "device": "d", "fields": [field]}
    check_profile(parse_profile({**HEAD, "read": [rule]}, "trial.yaml"), VOCABULARY, "trial.yaml")
