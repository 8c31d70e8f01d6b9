"""Messages that other projects published: whatever they hold, reading them ends in a reading.

They are third-party data outside the repository and are quoted by id only.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.profile import decode, parse_profile, read_with
from connectors.record import Kind, Record
from connectors.vocabulary import parse_vocabulary

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT.parent / "shared/payloads/published"
PLATFORMS = ("thingsboard_gateway", "alink", "zigbee2mqtt")
TOPICS = {
    "thingsboard_gateway": "v1/gateway/telemetry",
    "alink": "/sys/pk/dn/thing/event/property/post",
    "zigbee2mqtt": "zigbee2mqtt/device",
}
pytestmark = pytest.mark.skipif(
    not PUBLISHED.is_dir(), reason="no published messages at ../shared/payloads/published; put them there to run this"
)

VOCABULARY = parse_vocabulary(yaml.safe_load((ROOT / "config/vocabulary.yaml").read_text("utf-8")), "vocabulary.yaml")
PROFILES = {
    name: parse_profile(
        yaml.safe_load((ROOT / f"connectors/platforms/{name}/profile.yaml").read_text("utf-8")), f"{name}/profile.yaml"
    )
    for name in PLATFORMS
}


def published(platform: str) -> list[dict[str, Any]]:
    path = PUBLISHED / f"{platform}.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def as_record(message: dict[str, Any], topic: str) -> Record:
    payload = message["payload"]
    if isinstance(payload, dict) and set(payload) == {"hex"}:
        raw = bytes.fromhex(payload["hex"])
    else:
        raw = (payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)).encode()
    return Record(1, "published", "2026-06-21", 1, Kind.MESSAGE, 1_782_001_000_000, topic, raw)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_published_messages_of_the_platform_end_in_a_reading(platform: str) -> None:
    stem = platform.removesuffix("_gateway")
    messages = published(stem)
    if not messages:
        pytest.skip(f"nothing is published for {stem}")
    for message in messages:
        topic = message.get("topic") or TOPICS[platform]
        reading = decode(as_record(message, topic), PROFILES[platform], VOCABULARY, {})
        assert reading.observations or reading.learned or reading.unread or reading.ignored, message["id"]


def test_decoded_alink_bodies_are_unread_with_a_reason_not_lost() -> None:
    for message in published("alink"):
        if "decoded_alink" not in message:
            continue
        record = as_record({"payload": message["decoded_alink"]}, TOPICS["alink"])
        reading = decode(record, PROFILES["alink"], VOCABULARY, {})
        assert reading.unread is not None, message["id"]  # temperature and humidity: no capability of ours


@pytest.mark.parametrize("platform", PLATFORMS)
def test_messages_of_every_platform_on_this_platforms_topic_end_in_a_reading(platform: str) -> None:
    for path in sorted(PUBLISHED.glob("*.jsonl")):
        for message in published(path.stem):
            record = as_record(message, TOPICS[platform])
            reading = decode(record, PROFILES[platform], VOCABULARY, {})
            assert not reading.observations, message["id"]
            assert reading.unread or reading.ignored, message["id"]


def test_messages_on_their_own_topics_are_known_to_none_of_the_three() -> None:
    for path in sorted(PUBLISHED.glob("*.jsonl")):
        for message in published(path.stem):
            topic = message.get("topic") or message.get("request") or "raw"
            reading, profile = read_with(as_record(message, topic), PROFILES.values(), VOCABULARY, {})
            assert profile is None, message["id"]
            assert reading.unread is not None, message["id"]
            assert reading.unread.reason == "no profile knows this topic"
