from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.profile import (
    Profile,
    decode,
    knows,
    names_needed,
    parse_profile,
    read_with,
)
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
HEAD = {"profile": "trial", "version": 1, "title": {"zh": "试", "en": "trial"}, "source": "document"}
SWITCH = Known("门厅/开关", "0x01", {"model": "SW-1"}, 7)


def trial(*read: Mapping[str, Any], **more: Any) -> Profile:
    return parse_profile({**HEAD, "read": list(read), **more}, "trial.yaml")


def record_of(topic: str, payload: bytes | str | object) -> Record:
    if not isinstance(payload, bytes):
        payload = (payload if isinstance(payload, str) else json.dumps(payload)).encode()
    return Record(9, "s", "2026-06-21", 1, Kind.MESSAGE, 1_782_001_000_000, topic, payload)


def read(profile: Profile, topic: str, payload: bytes | str | object, *known: Known) -> Reading:
    return decode(record_of(topic, payload), profile, VOCABULARY, {one.name: one for one in known})


def reason_of(reading: Reading) -> str:
    assert not reading.observations
    assert reading.unread is not None
    return reading.unread.reason


LEVEL = trial(
    {"topic": "t/{d}", "device": "{d}", "fields": [{"capability": "tank_level", "at": "/level", "unit": "m"}]}
)


class TestNothingIsLost:
    @pytest.mark.parametrize(
        ("payload", "reason"),
        [
            (b"", "the payload is empty"),
            (b'{"level": 1', "not JSON: Expecting ',' delimiter at character 11"),
            (b"\xff\xfe", "not UTF-8 at byte 0"),
            (b'{"level": NaN}', "not JSON: NaN is not a number"),
            (b'{"level": -Infinity}', "not JSON: -Infinity is not a number"),
            (b'{"level": 1, "level": 2}', "the key 'level' is there twice"),
            (b"[" * 100_000, "nested deeper than 64 levels"),
            (b'{"level":' * 65 + b"1" + b"}" * 65, "nested deeper than 64 levels"),
            (b'{"level": 1e9999999999999999999}', "holds a number beyond every range"),
            (b'{"level": 1e400}', "tank_level is '1E+400', not a number"),
            (b'{"level": null}', "tank_level is null"),
            (b'{"level": "2,31"}', "tank_level is '2,31', not a number"),
            (b'{"level": "52%"}', "tank_level is '52%', not a number"),
            (b'{"level": true}', "tank_level is 'true', not a number"),
            (b'{"level": [2.3]}', "no field the profile knows is said by x"),
            (b'{"Level": 2.3}', "no field the profile knows is said by x"),
            (b"[]", "no field the profile knows is said by x"),
            (b"3", "no field the profile knows is said by x"),
        ],
    )
    def test_what_cannot_be_read_says_why(self, payload: bytes, reason: str) -> None:
        assert reason_of(read(LEVEL, "t/x", payload)) == reason

    def test_a_topic_without_a_rule_is_unread(self) -> None:
        assert reason_of(read(LEVEL, "u/x", "{}")) == "the profile trial has no rule for this topic"
        reading, profile = read_with(record_of("u/x", "{}"), [LEVEL], VOCABULARY, {})
        assert (reason_of(reading), profile) == ("no profile knows this topic", None)

    def test_a_profile_that_outgrew_the_vocabulary_is_unread_not_an_error(self) -> None:
        profile = trial({"topic": "t", "device": "d", "fields": [{"capability": "weather", "at": "/w"}]})
        assert reason_of(read(profile, "t", {"w": "fine"})) == "weather is not in the vocabulary"

    def test_one_silent_device_among_others_is_unread_beside_them(self) -> None:
        reading = read(
            PLATFORMS["thingsboard_gateway"], "v1/gateway/telemetry", {"A": [{"battery": 5}], "B": [{"x": 1}]}
        )
        assert [one.device for one in reading.observations] == ["A"]
        assert reading.unread is not None
        assert reading.unread.reason == "no field the profile knows is said by B"

    def test_a_device_that_said_something_in_one_part_is_not_silent_in_another(self) -> None:
        reading = read(PLATFORMS["thingsboard_gateway"], "v1/gateway/telemetry", {"A": [{"battery": 5}, {"x": 1}]})
        assert reading.unread is None


class TestValues:
    @pytest.mark.parametrize(
        ("sent", "value"),
        [
            ("418.40", "418.40"),
            ("-0.50", "-0.50"),
            ("1.5e3", "1500"),
            ("1E-3", "0.001"),
            ("12345678901234567890.5", "12345678901234567890.5"),
            ('"0076.00"', "0076.00"),
        ],
    )
    def test_decimals_are_kept_as_sent(self, sent: str, value: str) -> None:
        [observation] = read(LEVEL, "t/x", f'{{"level": {sent}}}').observations
        assert observation.value == value

    def test_times_converts_exactly(self) -> None:
        field = {"capability": "tank_level", "at": "/mm", "unit": "mm", "times": "0.001"}
        profile = trial({"topic": "t", "device": "d", "fields": [field]})
        assert read(profile, "t", '{"mm": 2310}').observations[0].value == "2.310"
        assert read(profile, "t", '{"mm": 0.1}').observations[0].value == "0.0001"

    def test_a_sentinel_is_unknown(self) -> None:
        field = {"capability": "tank_level", "at": "/l", "unit": "m", "sentinels": ["65535", -1]}
        profile = trial({"topic": "t", "device": "d", "fields": [field]})
        assert "which this platform sends for unknown" in reason_of(read(profile, "t", '{"l": 65535}'))
        assert "which this platform sends for unknown" in reason_of(read(profile, "t", '{"l": -1}'))
        assert read(profile, "t", '{"l": 1}').observations

    def test_the_first_pointer_with_a_scalar_wins_and_null_is_a_scalar(self) -> None:
        field = {"capability": "tank_level", "at": ["/a/value", "/a", "/b"], "unit": "m"}
        profile = trial({"topic": "t", "device": "d", "fields": [field]})
        assert read(profile, "t", {"a": 1, "b": 2}).observations[0].pointer == "/a"
        assert read(profile, "t", {"a": {"value": 1}}).observations[0].pointer == "/a/value"
        assert read(profile, "t", {"b": 2}).observations[0].pointer == "/b"
        assert reason_of(read(profile, "t", {"a": None, "b": 2})) == "tank_level is null"

    def test_a_map_is_complete(self) -> None:
        field = {"capability": "switch_on", "at": "/s", "map": {"ON": "true", 0: "false"}}
        profile = trial({"topic": "t", "device": "d", "fields": [field]})
        assert read(profile, "t", {"s": "ON"}).observations[0].value == "true"
        assert read(profile, "t", {"s": 0}).observations[0].value == "false"
        assert reason_of(read(profile, "t", {"s": True})) == "switch_on is 'true', a word the profile does not list"

    @pytest.mark.parametrize("text", ["", "  ", "a" * 201, "3号楼\x00", "\ud800"])
    def test_a_text_that_cannot_be_kept_or_shown_is_no_value(self, text: str) -> None:
        profile = trial({"topic": "t", "device": "d", "fields": [{"capability": "address", "at": "/a"}]})
        assert reason_of(read(profile, "t", {"a": text})).startswith("address is ")

    def test_a_constant_points_to_the_part_it_was_concluded_from(self) -> None:
        rule = {
            "topic": "t",
            "each": "/*",
            "device": {"at": "/d"},
            "fields": [{"capability": "online", "value": "true"}],
        }
        first, second = read(trial(rule), "t", [{"d": "a"}, {"d": "b"}]).observations
        assert (first.pointer, second.pointer) == ("/0", "/1")


class TestDevices:
    def test_a_number_becomes_an_id_without_decimals(self) -> None:
        rule = {"topic": "t", "device": {"at": "/id"}, "fields": [{"capability": "online", "value": "true"}]}
        assert read(trial(rule), "t", '{"id": 1207.0}').observations[0].device == "1207"
        assert read(trial(rule), "t", '{"id": "0417"}').observations[0].device == "0417"
        assert reason_of(read(trial(rule), "t", '{"id": 12.5}')) == "names no device id"
        assert reason_of(read(trial(rule), "t", "{}")) == "names no device id"

    @pytest.mark.parametrize("placeholder", ["{deviceName}", "${device}", "%topic%"])
    def test_a_placeholder_is_no_device(self, placeholder: str) -> None:
        expected = f"the device id {placeholder} is a placeholder nobody filled in"
        assert reason_of(read(LEVEL, f"t/{placeholder}", {"level": 1})) == expected

    def test_a_learned_name_gives_device_and_receipt(self) -> None:
        z2m = PLATFORMS["zigbee2mqtt"]
        record = record_of("zigbee2mqtt/门厅/开关", {"state": "ON"})
        assert names_needed(record, z2m) == ("门厅/开关",)
        [observation] = decode(record, z2m, VOCABULARY, {SWITCH.name: SWITCH}).observations
        assert (observation.device, observation.context) == ("0x01", (7,))
        assert reason_of(decode(record, z2m, VOCABULARY, {})) == "the name 门厅/开关 was not learned yet"

    def test_names_bound_by_a_walk_are_asked_for_once_each(self) -> None:
        rule = {
            "topic": "t",
            "each": "/{slot}",
            "device": {"alias": "{slot}"},
            "fields": [{"capability": "tank_level", "at": "", "unit": "m"}],
        }
        record = record_of("t", {"a": 1, "b": 2})
        assert names_needed(record, trial(rule)) == ("a", "b")
        assert names_needed(record_of("t", "{"), trial(rule)) == ()
        assert names_needed(record_of("other", "{}"), trial(rule)) == ()

    def test_fields_wait_for_the_model_of_the_name(self) -> None:
        z2m = PLATFORMS["zigbee2mqtt"]
        socket = Known("s", "0x02", {"model": "SP-1"}, 8)
        capabilities = [
            one.capability for one in read(z2m, "zigbee2mqtt/s", {"state": "ON", "power": 3}, socket).observations
        ]
        assert capabilities == ["socket_on", "socket_power"]
        unknown = Known("u", "0x03", {}, 8)
        assert (
            reason_of(read(z2m, "zigbee2mqtt/u", {"state": "ON"}, unknown))
            == "no field the profile knows is said by 0x03"
        )


class TestLearning:
    def test_an_inventory_gives_names_and_addresses_in_one_reading(self) -> None:
        inventory = [
            {
                "ieee_address": "0x01",
                "friendly_name": "门厅/开关",
                "description": "3-2-1201",
                "definition": {"model": "SW-1"},
            },
            {"ieee_address": "0x02", "friendly_name": "x", "supported": False},
            {"ieee_address": "0x00", "friendly_name": "Coordinator", "type": "Coordinator"},
        ]
        reading = read(PLATFORMS["zigbee2mqtt"], "zigbee2mqtt/bridge/devices", inventory)
        assert [(one.name, one.device, one.attributes["model"]) for one in reading.learned] == [
            ("门厅/开关", "0x01", "SW-1")
        ]
        assert [(one.device, one.capability, one.value) for one in reading.observations] == [
            ("0x01", "address", "3-2-1201")
        ]

    def test_only_skipped_devices_is_ignored(self) -> None:
        coordinator = [{"ieee_address": "0x00", "friendly_name": "Coordinator", "type": "Coordinator"}]
        assert read(PLATFORMS["zigbee2mqtt"], "zigbee2mqtt/bridge/devices", coordinator).ignored is not None


class TestTime:
    @pytest.mark.parametrize(
        ("clock", "sent", "moment"),
        [
            ({"at": "/t", "as": "epoch_ms"}, 1782000900123, 1782000900123),
            ({"at": "/t", "as": "epoch_ms"}, "1782000900123", 1782000900123),
            ({"at": "/t", "as": "epoch_ms"}, 1782000900, None),
            ({"at": "/t", "as": "epoch_ms"}, None, None),
            ({"at": "/t", "as": "epoch_s"}, 1782000900, 1782000900000),
            ({"at": "/t", "as": "iso8601"}, "2026-06-21T08:15:02+08:00", 1782000902000),
            ({"at": "/t", "as": "iso8601"}, "2026-06-21T08:15:02", None),
            ({"at": "/t", "as": "local", "utc_offset_hours": 8}, "2026-06-21 08:15:02", 1782000902000),
            ({"at": ["/x", "/t"], "as": ["iso8601", "epoch_ms"]}, 1782000902318, 1782000902318),
        ],
    )
    def test_the_devices_clock(self, clock: dict[str, Any], sent: object, moment: int | None) -> None:
        fields = [{"capability": "tank_level", "at": "/l", "unit": "m"}]
        profile = trial({"topic": "t", "device": "d", "observed_at": clock, "fields": fields})
        assert read(profile, "t", {"l": 1, "t": sent}).observations[0].observed_at == moment

    def test_a_field_may_have_its_own_clock(self) -> None:
        fields = [
            {"capability": "tank_level", "at": "/a/v", "unit": "m", "observed_at": {"at": "/a/t", "as": "epoch_ms"}},
            {"capability": "ph", "at": "/ph", "unit": "1"},
        ]
        profile = trial({"topic": "t", "device": "d", "observed_at": {"at": "/t", "as": "epoch_ms"}, "fields": fields})
        document = {"a": {"v": 1, "t": 1782000900001}, "ph": 7, "t": 1782000900009}
        assert [one.observed_at for one in read(profile, "t", document).observations] == [1782000900001, 1782000900009]

    def test_without_a_clock_there_is_no_time(self) -> None:
        assert read(LEVEL, "t/x", {"level": 1}).observations[0].observed_at is None


class TestChoice:
    def test_the_more_particular_topic_decides(self) -> None:
        z2m = PLATFORMS["zigbee2mqtt"]
        assert read(z2m, "zigbee2mqtt/门厅/开关/availability", "online", SWITCH).observations[0].capability == "online"
        assert read(z2m, "zigbee2mqtt/bridge/state", "online").ignored is not None
        assert read(z2m, "zigbee2mqtt/bridge/response/device/state", "{}").ignored is not None

    def test_a_profile_that_understands_goes_before_one_that_does_not(self) -> None:
        other = trial({"topic": "t/{d}", "device": "{d}", "fields": [{"capability": "ph", "at": "/ph", "unit": "1"}]})
        deaf = parse_profile(
            {**HEAD, "read": [{"topic": "z", "device": "d", "fields": [{"capability": "ph", "at": "/p", "unit": "1"}]}],
             "ignore": [{"topic": "t/#", "reason": "nothing"}]}, "deaf.yaml")  # fmt: skip
        record = record_of("t/x", {"ph": 7})
        assert read_with(record, [LEVEL, deaf, other], VOCABULARY, {})[1] is other
        assert read_with(record, [LEVEL, deaf], VOCABULARY, {})[1] is deaf
        assert read_with(record, [LEVEL], VOCABULARY, {})[1] is LEVEL

    def test_ignoring_may_depend_on_what_is_there(self) -> None:
        alink = PLATFORMS["alink"]
        topic = "/sys/p/d/thing/event/property/post"
        assert read(alink, topic, {"code": 200, "params": {"Level": 1}}).ignored is not None
        assert read(alink, topic, {"params": {"Level": 1}}).observations

    def test_knows_is_about_the_topic_alone(self) -> None:
        assert knows(LEVEL, "t/x")
        assert not knows(LEVEL, "t/x/y")
