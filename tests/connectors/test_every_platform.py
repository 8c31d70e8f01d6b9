"""Every platform folder keeps what its samples promise."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.payload import PayloadError, read_json
from connectors.pointer import find, parse_pointer
from connectors.profile import Profile, check_profile, decode, names_needed, parse_profile, read_with
from connectors.record import Kind, Known, Reading, Record
from connectors.vocabulary import Vocabulary, parse_vocabulary

ROOT = Path(__file__).parents[2]
PLATFORMS = sorted(folder for folder in (ROOT / "connectors/platforms").iterdir() if folder.is_dir())
CASES = sorted(case for folder in PLATFORMS for case in (folder / "samples").iterdir())


def load_profile(folder: Path) -> Profile:
    path = folder / "profile.yaml"
    return parse_profile(yaml.safe_load(path.read_text("utf-8")), f"{folder.name}/profile.yaml")


def load_vocabulary() -> Vocabulary:
    return parse_vocabulary(yaml.safe_load((ROOT / "config/vocabulary.yaml").read_text("utf-8")), "vocabulary.yaml")


VOCABULARY = load_vocabulary()
PROFILES = {folder.name: load_profile(folder) for folder in PLATFORMS}


def load_message(case: Path) -> tuple[Record, dict[str, Known]]:
    message = json.loads((case / "message.json").read_text("utf-8"))
    payload = (
        base64.b64decode(message["payload_base64"]) if "payload_base64" in message else message["payload"].encode()
    )
    record = Record(
        receipt=50,
        source="samples",
        day="2026-06-21",
        sequence=1,
        kind=Kind.MESSAGE,
        received_at=message["received_at"],
        topic=message["topic"],
        payload=payload,
        flags=message["flags"],
    )
    context = {
        name: Known(name, known["device"], known["attributes"], known["receipt"])
        for name, known in message.get("context", {}).items()
    }
    return record, context


def as_lines(reading: Reading) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = [
        {
            "observation": {
                "device": one.device,
                "capability": one.capability,
                "value": one.value,
                "observed_at": one.observed_at,
                "pointer": one.pointer,
                "context": list(one.context),
            }
        }
        for one in reading.observations
    ]
    lines += [
        {"learned": {"name": one.name, "device": one.device, "attributes": dict(one.attributes)}}
        for one in reading.learned
    ]
    if reading.unread:
        lines.append({"unread": {"reason": reading.unread.reason, "shape": reading.unread.shape}})
    if reading.ignored:
        lines.append({"ignored": {"reason": reading.ignored.reason}})
    return lines


def case_id(case: Path) -> str:
    return f"{case.parents[1].name}/{case.name}"


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_sample_reads_as_expected(case: Path) -> None:
    record, context = load_message(case)
    reading = decode(record, PROFILES[case.parents[1].name], VOCABULARY, context)
    expected = case / "expected.jsonl"
    if expected.exists():
        assert as_lines(reading) == [json.loads(line) for line in expected.read_text("utf-8").splitlines()]
    else:
        assert not reading.observations
        assert not reading.learned
        assert reading.unread is not None
        assert reading.unread.reason == (case / "expected.err").read_text("utf-8").strip()


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_every_pointer_leads_to_what_was_read(case: Path) -> None:
    platform = case.parents[1].name
    record, context = load_message(case)
    maps = word_pairs(yaml.safe_load((case.parents[1] / "profile.yaml").read_text("utf-8")))
    for observation in decode(record, PROFILES[platform], VOCABULARY, context).observations:
        try:
            document = read_json(record.payload)
        except PayloadError:
            document = record.payload.decode()
        found = find(document, parse_pointer(observation.pointer))
        if isinstance(found, dict):  # what the message as a whole means, such as v1/gateway/connect
            assert observation.capability == "online"
            continue
        sent = str(found).lower() if isinstance(found, bool) else str(found)
        assert sent == observation.value or (sent, observation.value) in maps


def word_pairs(profile: dict[str, Any]) -> set[tuple[str, str]]:
    fields = [field for rule in profile["read"] for field in rule["fields"]]
    return {(str(sent), meant) for field in fields for sent, meant in field.get("map", {}).items()}


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_only_its_own_platform_understands_a_sample(case: Path) -> None:
    record, context = load_message(case)
    own = PROFILES[case.parents[1].name]
    alone = decode(record, own, VOCABULARY, context)
    reading, profile = read_with(record, PROFILES.values(), VOCABULARY, context)
    if profile is None:
        assert alone.unread is not None
    else:
        assert (reading, profile) == (alone, own)


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_a_sample_cut_off_anywhere_is_never_read_as_something_else(case: Path) -> None:
    record, context = load_message(case)
    profile = PROFILES[case.parents[1].name]
    whole = {
        (one.device, one.capability, one.value) for one in decode(record, profile, VOCABULARY, context).observations
    }
    for end in range(len(record.payload)):
        cut = dataclasses.replace(record, payload=record.payload[:end])
        reading = decode(cut, profile, VOCABULARY, context)
        assert reading.observations or reading.unread or reading.ignored
        if record.payload[:1] in {b"{", b"["}:
            assert {(one.device, one.capability, one.value) for one in reading.observations} <= whole


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_context_of_a_sample_is_what_the_record_asks_for(case: Path) -> None:
    record, context = load_message(case)
    assert set(context) <= set(names_needed(record, PROFILES[case.parents[1].name]))


@pytest.mark.parametrize("folder", PLATFORMS, ids=lambda folder: folder.name)
def test_platform_folder_is_whole(folder: Path) -> None:
    profile = PROFILES[folder.name]
    check_profile(profile, VOCABULARY, f"{folder.name}/profile.yaml")
    assert profile.name == folder.name
    assert {path.name for path in folder.iterdir()} == {"README.md", "profile.yaml", "samples"}
    shown = re.findall(r"^\| ([a-z][a-z0-9_]*) \|", (folder / "README.md").read_text("utf-8"), re.MULTILINE)
    assert set(shown) - {"capability"} == profile.capabilities
    for case in (folder / "samples").iterdir():
        names = {path.name for path in case.iterdir()}
        assert names in ({"message.json", "expected.jsonl"}, {"message.json", "expected.err"}), case.name


@pytest.mark.parametrize("folder", PLATFORMS, ids=lambda folder: folder.name)
def test_samples_show_every_capability_of_the_platform(folder: Path) -> None:
    shown = {
        one.capability
        for case in (folder / "samples").iterdir()
        for one in decode(*_with_profile(case, folder.name)).observations
    }
    assert PROFILES[folder.name].capabilities == shown


def _with_profile(case: Path, platform: str) -> tuple[Record, Profile, Vocabulary, dict[str, Known]]:
    record, context = load_message(case)
    return record, PROFILES[platform], VOCABULARY, context
