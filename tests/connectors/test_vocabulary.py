from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.vocabulary import ValueKind, VocabularyError, parse_vocabulary

MAPPING = yaml.safe_load((Path(__file__).parents[2] / "config/vocabulary.yaml").read_text("utf-8"))
VOCABULARY = parse_vocabulary(MAPPING, "vocabulary.yaml")
GOOD: dict[str, Any] = {"kind": "number", "unit": "m", "zh": "液位", "en": "level"}

EXPECTED = {
    ValueKind.NUMBER: "water_volume electricity_energy gas_volume heat_energy socket_power tank_level turbidity "
    "residual_chlorine ph conductivity colour pm25 noise_level soil_moisture methane elder_call_response battery "
    "fibre_bandwidth camera_retention",
    ValueKind.BOOLEAN: "online smoke switch_on socket_on lamp_timer pump_running cover_closed wifi_up screen_on "
    "peephole_up gateway_up lock_closed face_reader temperature_screen_up barrier_open fee_display_up e_bike_charging "
    "car_charging government_terminal_up parcel_locker_up waste_box_up vending_machine_up car_wash_up laundry_up "
    "medicine_locker_up irrigation_on gas_alarm gas_valve_closed perimeter_detector_up alarm_button water_leak camera "
    "face_camera thrown_object_camera",
    ValueKind.TEXT: "lift_state pump_control address operator_access fibre_access hdtv_access city_terminal "
    "elder_terminal shared_bookcase patrol_system entry_ways",
    ValueKind.EVENT: "entry lift_fault pump_fault level_high level_low water_quality_alarm water_quality_push "
    "broadcast_notice broadcast_music broadcast_emergency emergency_command emergency_communication plate_in plate_out "
    "parking_payment irrigation_start fire_linkage perimeter_alarm leak_alarm methane_alarm methane_push "
    "waterlogging_alarm waterlogging_push smoke_alarm",
}


@pytest.mark.parametrize("kind", ValueKind)
def test_the_shipped_words_are_of_their_kind(kind: ValueKind) -> None:
    assert {one.name for one in VOCABULARY.capabilities.values() if one.kind is kind} == set(EXPECTED[kind].split())


def test_units_are_those_of_the_form() -> None:
    units = {one.name: one.unit for one in VOCABULARY.capabilities.values() if one.unit}
    assert units == {
        "water_volume": "m3", "socket_power": "W", "tank_level": "m", "turbidity": "NTU", "residual_chlorine": "mg/L",
        "ph": "1", "conductivity": "uS/cm", "colour": "1", "battery": "%", "fibre_bandwidth": "Mbps",
        "camera_retention": "d", "electricity_energy": "kWh", "gas_volume": "m3", "heat_energy": "kWh", "pm25": "ug/m3",
        "noise_level": "dB", "soil_moisture": "%", "methane": "%LEL", "elder_call_response": "s",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("capability", "value", "plausible"),
    [
        ("ph", "7.2", True),
        ("ph", "0", True),
        ("ph", "14.0", True),
        ("ph", "14.01", False),
        ("ph", "-0.1", False),
        ("ph", "seven", False),
        ("ph", "", False),
        ("ph", "NaN", False),
        ("ph", "1e1", False),
        ("ph", "７", False),
        ("online", "true", True),
        ("online", "True", False),
        ("entry", "card", True),
        ("entry", "key", False),
        ("smoke_alarm", "drill", True),
        ("operator_access", "yes", True),
        ("address", "3号楼2单元1201", True),
        ("address", " ", False),
        ("address", "a" * 201, False),
        ("weather", "fine", False),
    ],
)
def test_plausible(capability: str, value: str, *, plausible: bool) -> None:
    assert VOCABULARY.is_plausible(capability, value) is plausible


def test_a_number_out_of_range_is_still_a_number() -> None:
    assert VOCABULARY.capabilities["ph"].accepts("15")


@pytest.mark.parametrize(
    ("change", "key", "mend"),
    [
        ({"kind": "float"}, "level.kind", "must be one of number, boolean, text, event"),
        ({"unit": ...}, "level.unit", "a number needs its unit"),
        ({"unit": 1}, "level.unit", 'as text, "1" for a ratio'),
        ({"range": [0, 14]}, "level.range", "write two decimal texts"),
        ({"range": ["9", "1"]}, "level.range", "is upside down"),
        ({"words": ["a"]}, "level.words", "belong to text and event"),
        ({"kind": "event", "unit": ..., "words": [True]}, "level.words", "in quotes what YAML reads as true"),
        ({"kind": "boolean"}, "level.unit", "and range belong to numbers"),
        ({"zh": ...}, "level.zh", "write its name in this language"),
        ({"scale": 2}, "level.scale", "is not known"),
    ],
)
def test_a_wrong_entry_is_named_with_its_mend(change: dict[str, Any], key: str, mend: str) -> None:
    entry = {name: value for name, value in {**GOOD, **change}.items() if value is not ...}
    with pytest.raises(VocabularyError) as raised:
        parse_vocabulary({"level": entry}, "vocabulary.yaml")
    assert str(raised.value).startswith(f"vocabulary.yaml: {key}: ")
    assert mend in str(raised.value)


@pytest.mark.parametrize("mapping", [None, [], {}, {"Level": GOOD}, {"level": 3}, {True: GOOD}])
def test_what_is_no_vocabulary_is_refused(mapping: object) -> None:
    with pytest.raises(VocabularyError):
        parse_vocabulary(mapping, "vocabulary.yaml")


def test_the_digest_is_of_the_content_not_of_its_order() -> None:
    turned = dict(reversed(list(MAPPING.items())))
    assert parse_vocabulary(turned, "x").digest == VOCABULARY.digest
    assert parse_vocabulary({"level": GOOD}, "x").digest != VOCABULARY.digest
