"""What holds for reading with a profile whatever arrives."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.payload import read_json
from connectors.pointer import find, parse_pointer
from connectors.profile import decode, names_needed, parse_profile, read_with
from connectors.record import Kind, Known, Reading, Record
from connectors.vocabulary import parse_vocabulary

ROOT = Path(__file__).parents[2]
VOCABULARY = parse_vocabulary(yaml.safe_load((ROOT / "config/vocabulary.yaml").read_text("utf-8")), "vocabulary.yaml")
PLATFORMS = {
    name: parse_profile(
        yaml.safe_load((ROOT / f"connectors/platforms/{name}/profile.yaml").read_text("utf-8")), f"{name}/profile.yaml"
    )
    for name in ("thingsboard_gateway", "alink", "zigbee2mqtt")
}
SWITCH = Known("门厅/开关", "0x01", {"model": "SW-1"}, 7)
TOPICS = {
    "thingsboard_gateway": [
        "v1/gateway/telemetry",
        "v1/gateway/attributes",
        "v1/gateway/connect",
        "v1/gateway/rpc",
        "v1/gateway/unknown",
    ],
    "alink": [
        "/sys/pk/dn/thing/event/property/post",
        "/sys/pk/dn/thing/event/LiftFault/post",
        "/sys/pk/dn/thing/event/property/post_reply",
        "/as/mqtt/status/pk/dn",
    ],
    "zigbee2mqtt": [
        "zigbee2mqtt/bridge/devices",
        "zigbee2mqtt/门厅/开关",
        "zigbee2mqtt/门厅/开关/availability",
        "zigbee2mqtt/bridge/info",
    ],
}
KEYS = st.sampled_from(
    [
        "ts",
        "values",
        "volume_m3",
        "smoke",
        "battery",
        "address",
        "device",
        "params",
        "value",
        "time",
        "Level",
        "kind",
        "PumpState",
        "InstallPlace",
        "way",
        "status",
        "utcTime",
        "ieee_address",
        "friendly_name",
        "definition",
        "model",
        "description",
        "state",
        "last_seen",
        "code",
        "a/b",
        "~",
        "设备",
        "{x}",
    ]
) | st.sampled_from(["", "\ud800"])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(["ON", "online", "alarm", "card", "1782000900000", 1782000900000, "Coordinator", "12.50", 1]),
)
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=12
)


def record_of(topic: str, payload: bytes) -> Record:
    return Record(9, "s", "2026-06-21", 1, Kind.MESSAGE, 1_782_001_000_000, topic, payload)


def read(name: str, topic: str, payload: bytes) -> Reading:
    record = record_of(topic, payload)
    known = {SWITCH.name: SWITCH} if SWITCH.name in names_needed(record, PLATFORMS[name]) else {}
    return decode(record, PLATFORMS[name], VOCABULARY, known)


@pytest.mark.parametrize("name", PLATFORMS)
@given(payload=st.binary(max_size=200), data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_bytes_on_any_topic_end_in_a_reading(name: str, payload: bytes, data: st.DataObject) -> None:
    topic = data.draw(st.one_of(st.text(max_size=60), st.sampled_from(TOPICS[name])))
    reading = read(name, topic, payload)
    assert reading.observations or reading.learned or reading.unread or reading.ignored


@pytest.mark.parametrize("name", PLATFORMS)
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_json_ends_in_a_reading_whose_pointers_hold_the_values(name: str, data: st.DataObject) -> None:
    document = data.draw(DOCUMENTS)
    payload = json.dumps(document, ensure_ascii=data.draw(st.booleans())).encode(errors="surrogatepass")
    reading = read(name, data.draw(st.sampled_from(TOPICS[name])), payload)
    assert reading.observations or reading.learned or reading.unread or reading.ignored
    if reading.unread:
        (reading.unread.reason + reading.unread.shape).encode()
    for observation in reading.observations:
        (observation.device + observation.value + observation.pointer).encode()
        found = find(read_json(payload), parse_pointer(observation.pointer))
        kind = VOCABULARY.capabilities[observation.capability].kind
        if kind == "number":
            assert Decimal(str(found)) == Decimal(observation.value)
        elif kind == "text":
            assert str(found) == observation.value or isinstance(found, bool | Decimal)


@given(payload=st.binary(max_size=80), topic=st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_many_profiles_lose_nothing_either(payload: bytes, topic: str) -> None:
    reading, _ = read_with(record_of(topic, payload), PLATFORMS.values(), VOCABULARY, {})
    assert reading.unread or reading.ignored or reading.observations


def test_random_documents_are_sometimes_read() -> None:
    """The property above is worth something only if its documents reach the fields."""
    assert read("thingsboard_gateway", "v1/gateway/telemetry", '{"设备": [{"battery": 1}]}'.encode()).observations
