"""What is published: the same bytes for the same seed, in the shapes of the platforms, with every kind of trouble."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from itertools import pairwise

import pytest

from collector.simulate.community import Community
from collector.simulate.devices import SOURCES, Habit, speaks
from collector.simulate.dialects import Message
from collector.simulate.traffic import messages
from collector.simulate.traps import NAMES

SIDES = ("edge", "past")


def everything(community: Community) -> list[Message]:
    return [message for step in community.steps for message in messages(community, step.index)]


def digest(community: Community) -> str:
    total = hashlib.sha256()
    for message in everything(community):
        total.update(repr((message.source, message.topic, message.payload, message.retain)).encode())
    return total.hexdigest()


@pytest.fixture(scope="module")
def sent() -> list[Message]:
    return everything(Community.build(4, 300))


def test_the_same_seed_and_size_give_the_same_bytes() -> None:
    assert digest(Community.build(9, 60)) == digest(Community.build(9, 60))
    assert digest(Community.build(9, 60)) != digest(Community.build(10, 60))


def test_a_step_does_not_depend_on_the_steps_before_it() -> None:
    community = Community.build(9, 60)
    in_order = [messages(community, step.index) for step in community.steps]
    assert [messages(community, step.index) for step in reversed(community.steps)] == in_order[::-1]


def test_the_default_community_is_as_large_as_promised() -> None:
    assert 40_000 <= len(everything(Community.build(1, 1200))) <= 80_000


def test_every_source_speaks_and_only_of_itself(sent: list[Message]) -> None:
    prefixes = {
        "thingsboard": ("v1/gateway/",),
        "alink": ("/sys/", "/as/mqtt/status/"),
        "zigbee2mqtt": ("zigbee2mqtt/",),
        "acme": ("acme/up/",),
    }
    assert {message.source for message in sent} == set(SOURCES)
    assert all(message.topic.startswith(prefixes[message.source]) for message in sent)


def test_topics_are_such_that_every_broker_takes_them(sent: list[Message]) -> None:
    assert not [message.topic for message in sent if set(message.topic) & set("+#*> \x00")]
    assert max(len(message.topic.encode()) for message in sent) < 200


def test_only_the_first_step_retains() -> None:
    community = Community.build(4, 60)
    held = [message.topic for message in messages(community, 0) if message.retain]
    assert held[:2] == ["zigbee2mqtt/bridge/devices", "v1/gateway/telemetry"]
    assert len(held) == len(set(held))
    assert not [
        message for step in community.steps[1:] for message in messages(community, step.index) if message.retain
    ]


def test_a_bridge_inventory_fits_a_broker_even_in_a_large_community() -> None:
    assert max(len(message.payload) for message in messages(Community.build(1, 5000), 0)) < 900_000


def test_friendly_names_are_unique_and_announced_before_they_are_used() -> None:
    community = Community.build(4, 300)
    names = [device.name for device in community.devices if device.name]
    assert len(names) == len(set(names))
    assert any("/" in name for name in names)
    assert messages(community, 0)[0].topic == "zigbee2mqtt/bridge/devices"


def test_gateway_messages_carry_several_devices(sent: list[Message]) -> None:
    sizes = [len(json.loads(m.payload)) for m in sent if m.topic == "v1/gateway/telemetry" and m.payload.endswith(b"}")]
    assert sorted(sizes)[len(sizes) // 2] >= 4


def test_every_spelling_of_a_home_occurs(sent: list[Message]) -> None:
    said = b"".join(message.payload for message in sent if message.topic == "v1/gateway/attributes").decode()
    for mark in ("号楼1单元", "-1-", "#1#", "栋1单元", "号楼１单元", "层", "室"):
        assert mark in said


def test_some_messages_arrive_twice(sent: list[Message]) -> None:
    twice = sum(one == two for one, two in pairwise(sent))
    assert 0.002 * len(sent) < twice < 0.03 * len(sent)


@pytest.mark.parametrize(
    "payload",
    [b"{params:{Flow:12}}", b"", b"31.07", b'{"state":"\xc3\x28"}', b'{"id":"1","params":{"Level":\xff\xfe}}'],
)
def test_broken_and_odd_payloads_occur(sent: list[Message], payload: bytes) -> None:
    assert payload in {message.payload for message in sent}


@pytest.mark.parametrize(
    "ending",
    ["attributes/request", "connect", "disconnect", "post_reply", "/availability", "bridge/state", "bridge/info"],
)
def test_chatter_occurs(sent: list[Message], ending: str) -> None:
    assert [message for message in sent if message.topic.endswith(ending)]


def test_events_carry_a_word_and_doors_a_way() -> None:
    events: Counter[str] = Counter()
    words = {"alarm", "drill", "played", "used", "recognised", "paid"}
    for seed in range(6):
        for message in everything(Community.build(seed, 24)):
            _, _, name = message.topic.partition("/thing/event/")
            event = name.removesuffix("/post")
            if event != name and event != "property":
                value = json.loads(message.payload)["params"]["value"]
                key = {"DoorOpen": "way", "IrrigationStart": "cause"}.get(event, "kind")
                assert set(value) == {key}
                assert key != "kind" or value[key] in words
                events[event] += 1
    assert set(events) == {
        *("LiftFault", "PumpFault", "LevelHigh", "LevelLow", "WaterQualityAlarm", "WaterQualityPush", "DoorOpen"),
        *("PlateIn", "PlateOut", "ParkingPayment", "IrrigationStart", "PerimeterAlarm", "LeakAlarm"),
        *("BroadcastNotice", "BroadcastMusic", "BroadcastEmergency", "EmergencyCommand", "EmergencyCommunication"),
        *("MethaneAlarm", "MethanePush", "WaterloggingAlarm", "WaterloggingPush"),
    }


@pytest.mark.parametrize("days", [1, 7])
def test_what_speaks_daily_is_heard_once_on_every_day(days: int) -> None:
    community = Community.build(4, 60, days=days)
    daily = [device for device in community.devices if device.habit is Habit.DAILY]
    window = [step for step in community.steps if step.in_window]
    for device in daily:
        heard = [step.day for step in window if speaks(device, step, community.steps)]
        assert len(heard) == len(set(heard)) == days


def test_the_two_sides_of_a_switch_differ_in_its_own_devices_alone() -> None:
    for name in ("section_silent", "cover_of_another_owner", "gate_without_face", "place_without_button"):
        edge, past = (Community.build(4, 60, traps=dict.fromkeys(NAMES, "edge") | {name: side}) for side in SIDES)
        assert len(set(edge.devices) ^ set(past.devices)) <= 2
        listed = [{(key, repr(row)) for key, rows in one.inventories.items() for row in rows} for one in (edge, past)]
        assert len(listed[0] ^ listed[1]) <= 1


def test_a_step_that_does_not_exist_is_refused() -> None:
    with pytest.raises(IndexError):
        messages(Community.build(1, 24, days=1), 5)
