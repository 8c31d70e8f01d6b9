from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import rule
from connectors.grammar import parse_profile
from connectors.pointer import MISSING, find, parse_pointer
from connectors.rule import Field, ProfileError, Template, check_profile, index_fields
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


KEYS = st.sampled_from(["a", "b", "0", "1"])
POINTERS = st.lists(KEYS, max_size=3).map(lambda steps: "".join(f"/{step}" for step in steps))
SCALARS = st.none() | st.booleans() | st.text("xy", max_size=1)
NODES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3))


@given(pointers=st.lists(st.lists(POINTERS, min_size=1, max_size=3), min_size=1, max_size=4), node=NODES)
def test_the_index_finds_what_looking_at_every_pointer_finds(pointers: list[list[str]], node: object) -> None:
    fields = tuple(
        Field(f"c{number}", tuple(map(parse_pointer, texts)), None, None, "", None, frozenset(), None, ())
        for number, texts in enumerate(pointers)
    )
    constant = Field("always", (), Template("x", ("x",)), None, "", None, frozenset(), None, ())
    plain = []
    for field in fields:
        for pointer in field.at:
            said = find(node, pointer)
            if said is not MISSING and not isinstance(said, dict | list):
                plain.append((field, pointer, said))
                break
    plain.append((constant, parse_pointer(""), None))
    assert index_fields((*fields, constant)).find(node) == plain


def test_a_memory_of_topics_that_is_full_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule, "REMEMBERED_TOPICS", 2)
    profile = parse_profile(
        HEAD | {"read": [{"topic": "t/{d}", "device": "{d}", "fields": [{"capability": "online", "at": "/o"}]}]}, "p"
    )
    for topic in ("t/1", "other", "t/2", "t/1"):
        found = profile.route(topic)
        assert (None if found is None else found[1]) == ({"d": topic[2:]} if topic[0] == "t" else None)
        assert len(profile.routed) <= 2
