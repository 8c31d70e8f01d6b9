from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from connectors.grammar import parse_profile
from connectors.rule import ProfileError

GOOD: dict[str, Any] = {
    "profile": "trial",
    "version": 1,
    "title": {"zh": "试", "en": "trial"},
    "source": "document",
    "read": [
        {
            "topic": "t/{d}",
            "each": "/{slot}/*",
            "device": "{d}/{slot}",
            "observed_at": {"at": "/ts", "as": "epoch_ms"},
            "fields": [{"capability": "tank_level", "at": ["/level", "/Level"], "unit": "m"}],
        }
    ],
    "ignore": [{"topic": "t/{d}/reply", "reason": "an answer"}],
}


def changed(path: str, value: object) -> dict[str, Any]:
    """GOOD with one key replaced (or removed by ...); the path is written as the error names it."""
    mapping = copy.deepcopy(GOOD)
    node: Any = mapping
    *steps, last = [
        int(step) if step.isdigit() else step for step in path.replace("[", ".").replace("]", "").split(".")
    ]
    for step in steps:
        node = node[step]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return mapping


def test_a_good_profile_is_parsed() -> None:
    profile = parse_profile(GOOD, "trial.yaml")
    assert (profile.name, profile.version, profile.source) == ("trial", 1, "document")
    assert profile.capabilities == {"tank_level"}
    assert [route.topic.text for route in profile.routes] == ["t/{d}/reply", "t/{d}"]


@pytest.mark.parametrize(
    ("path", "value", "key", "mend"),
    [
        ("profile", ..., "profile", "write a text"),
        ("profile", "Trial-1", "profile", "small letters"),
        ("version", "1", "version", "write a whole number from 1"),
        ("version", True, "version", "write a whole number from 1"),
        ("title", {"zh": "试"}, "title.en", "write a text"),
        ("source", "hearsay", "source", "recording (of a real device) or document"),
        ("colour", 1, "colour", "is not known here; the keys are profile, version"),
        ("read", [], "read", "is empty"),
        ("read[0].topic", ..., "read[0].topic", "write a text"),
        ("read[0].topic", "t/+/x", "read[0].topic", "must be plain, {name} or {name+}"),
        ("read[0].topic", "{a+}/{b+}", "read[0].topic", "more than one {name+}"),
        ("read[0].each", "/{d}", "read[0].each", "binds a name the topic binds already"),
        ("read[0].each", "slot", "read[0].each", "must be empty or begin with /"),
        ("read[0].each", "/x{y}", "read[0].each", "must be a key, * or {name}"),
        ("read[0].device", ..., "read[0].device", 'write a text or a template such as "{device}"'),
        ("read[0].device", "{serial}", "read[0].device", "needs {serial}, but topic and each bind d, slot"),
        ("read[0].device", "{Serial}", "read[0].device", "write {name} in small letters"),
        ("read[0].device", {"at": "/x", "alias": "{d}"}, "read[0].device", "write either at"),
        ("read[0].device", {"at": "x"}, "read[0].device.at", "begin with /"),
        ("read[0].fields", [], "read[0].fields", "name at least one capability"),
        ("read[0].fields[0].capability", ..., "read[0].fields[0].capability", "write a text"),
        ("read[0].fields[0].at", ..., "read[0].fields[0].at", "or value must be there, one of them"),
        ("read[0].fields[0].at", [], "read[0].fields[0].at", "is empty"),
        ("read[0].fields[0].at", 5, "read[0].fields[0].at", "write a JSON pointer"),
        ("read[0].fields[0].at", "/a~2", "read[0].fields[0].at", "must be written ~0"),
        ("read[0].fields[0].value", "x", "read[0].fields[0].at", "one of them"),
        ("read[0].fields[0].times", 0.001, "read[0].fields[0].times", 'in quotes, such as "0.001"'),
        ("read[0].fields[0].times", "0", "read[0].fields[0].times", "exact factor"),
        ("read[0].fields[0].times", "NaN", "read[0].fields[0].times", "exact factor"),
        ("read[0].fields[0].map", {True: "true"}, "read[0].fields[0].map", 'YAML reads ON, off, yes and no so'),
        ("read[0].fields[0].map", {"ON": True}, "read[0].fields[0].map", "put it in quotes"),
        ("read[0].fields[0].map", {1.5: "true"}, "read[0].fields[0].map", "put it in quotes"),
        ("read[0].fields[0].map", ["ON"], "read[0].fields[0].map", "write a mapping"),
        ("read[0].fields[0].when", {"model": []}, "read[0].fields[0].when", "has an empty list"),
        ("read[0].observed_at", {"at": "/t"}, "read[0].observed_at.at", "and as must be there"),
        ("read[0].observed_at", {"at": "/t", "as": "epoch"}, "read[0].observed_at.as", "must be one of epoch_ms"),
        ("read[0].observed_at", {"at": "/t", "as": "local"}, "read[0].observed_at.utc_offset_hours", "must be there"),
        (
            "read[0].observed_at",
            {"at": "/t", "as": "epoch_ms", "utc_offset_hours": 8},
            "read[0].observed_at.utc_offset_hours",
            "belongs to the form local",
        ),
        (
            "read[0].observed_at",
            {"at": "/t", "as": "local", "utc_offset_hours": 800},
            "read[0].observed_at.utc_offset_hours",
            "from -14 to 14",
        ),
        ("read[0].payload", "xml", "read[0].payload", "must be one of json, text, json_or_text"),
        ("read[0].skip_when", {"/type": None}, "read[0].skip_when", "put it in quotes"),
        ("ignore[0].reason", ..., "ignore[0].reason", "write a text"),
        ("ignore[0].topic", "t/{x}", "ignore[0].topic", "is for the same messages as 't/{d}': write one"),
    ],
)  # fmt: skip
def test_a_wrong_key_is_named_with_its_mend(path: str, value: object, key: str, mend: str) -> None:
    with pytest.raises(ProfileError) as raised:
        parse_profile(changed(path, value), "trial.yaml")
    assert str(raised.value).startswith(f"trial.yaml: {key}: ")
    assert mend in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("mapping", [None, [], "read", 5, {}])
def test_what_is_no_profile_at_all_is_refused(mapping: object) -> None:
    with pytest.raises(ProfileError):
        parse_profile(mapping, "trial.yaml")


def test_rules_of_one_topic_agree_on_the_payload() -> None:
    mapping = changed("read[0].payload", "text")
    mapping["read"].append({**mapping["read"][0], "payload": "json"})
    with pytest.raises(ProfileError, match=r"read\[1\].payload: is json, but another rule of this topic says text"):
        parse_profile(mapping, "trial.yaml")


def test_unquoted_on_is_caught_as_yaml_reads_it() -> None:
    mapping = changed("read[0].fields[0]", yaml.safe_load('{capability: switch_on, at: /state, map: {ON: "true"}}'))
    with pytest.raises(ProfileError, match='put it in quotes, "ON"'):
        parse_profile(mapping, "trial.yaml")


def test_the_digest_is_of_the_content_not_of_its_order() -> None:
    turned = dict(reversed(list(GOOD.items())))
    assert parse_profile(GOOD, "a").digest == parse_profile(turned, "b").digest
    assert parse_profile(GOOD, "a").digest != parse_profile(changed("version", 2), "a").digest
    assert len(parse_profile(GOOD, "a").digest) == 64
