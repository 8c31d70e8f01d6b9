"""What a spec says, written as a message or an answer, is read by the same spec."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from connectors.hub import Hub, ListKind, ListSpec
from connectors.page import inventory_items, read_page, statistic_of
from connectors.profile import Profile, decode, parse_profile
from connectors.record import Kind, Known, Record
from connectors.specimen import Carrier, find_carriers, subscription, write_answer, write_message
from connectors.topic import parse_topic
from tests.connectors.city_hub.test_every_hub import HUBS, load
from tests.connectors.test_every_platform import PROFILES, VOCABULARY

AT_MS = 1_790_000_000_000


def every_field() -> Iterator[tuple[Profile, Carrier]]:
    for profile in PROFILES.values():
        for word in sorted(profile.capabilities):
            for carrier in find_carriers(profile, word):
                yield profile, carrier


FIELDS = list(every_field())


def record_of(topic: str, text: str) -> Record:
    return Record(1, "test", "2026-09-21", 1, Kind.MESSAGE, AT_MS, topic, text.encode(), 0)


@pytest.mark.parametrize(
    ("profile", "carrier"),
    FIELDS,
    ids=[f"{profile.name}-{carrier.route.topic.text}-{carrier.field.capability}" for profile, carrier in FIELDS],
)
def test_the_example_of_every_field_is_read_as_its_capability(profile: Profile, carrier: Carrier) -> None:
    word = carrier.field.capability
    specimen = write_message(carrier, VOCABULARY.capabilities[word], AT_MS)
    context = {}
    if carrier.rule.device.learned:
        attributes = {name: min(words) for name, words in carrier.field.when}
        context["name0001"] = Known("name0001", "0x01", attributes, 2)

    reading = decode(record_of(specimen.topic, specimen.text), profile, VOCABULARY, context)

    assert word in {one.capability for one in reading.observations}, reading
    (told,) = {one.value for one in reading.observations if one.capability == word}
    assert VOCABULARY.is_plausible(word, told)
    if carrier.rule.clock is not None and isinstance(json.loads(specimen.text), dict | list):
        assert {one.observed_at for one in reading.observations} == {AT_MS}


def test_the_example_is_made_of_the_spec() -> None:
    body = {
        "profile": "made",
        "version": 1,
        "title": {"zh": "甲", "en": "a"},
        "source": "document",
        "read": [
            {
                "topic": "site/{dev}/up",
                "each": "/data/*",
                "device": "{dev}",
                "observed_at": {"at": "/t", "as": "epoch_s"},
                "fields": [{"capability": "tank_level", "at": "/level_mm", "unit": "mm", "times": "0.001"}],
            }
        ],
    }
    (carrier,) = find_carriers(parse_profile(body, "made"), "tank_level")

    specimen = write_message(carrier, VOCABULARY.capabilities["tank_level"], AT_MS)

    assert specimen.topic == "site/dev0001/up"
    assert json.loads(specimen.text) == {"data": [{"level_mm": 12.5, "t": AT_MS // 1000}]}
    assert carrier.walked == "/data/0"


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        ("v1/gateway/telemetry", "v1/gateway/telemetry"),
        ("/sys/{pk}/{dn}/thing/event/{event}/post", "/sys/+/+/thing/event/+/post"),
        ("zigbee2mqtt/{name+}/availability", "zigbee2mqtt/#"),
        ("a/{x}/#", "a/+/#"),
    ],
)
def test_a_template_becomes_the_filter_that_receives_it(topic: str, expected: str) -> None:
    assert subscription(parse_topic(topic)) == expected


def every_list() -> Iterator[tuple[Hub, ListSpec, str]]:
    for folder in HUBS:
        hub = load(folder)
        for spec in hub.lists:
            for word in sorted({*spec.capabilities, *(value.capability for value in spec.values)}):
                yield hub, spec, word


LISTS = list(every_list())


@pytest.mark.parametrize(
    ("hub", "spec", "word"), LISTS, ids=[f"{hub.name}-{spec.name}-{word}" for hub, spec, word in LISTS]
)
def test_the_example_of_every_list_is_read_as_its_capability(hub: Hub, spec: ListSpec, word: str) -> None:
    specimen = write_answer(hub, spec, [word], VOCABULARY, "demo")

    (row,) = read_page(specimen.text.encode(), hub, spec).rows
    item = inventory_items(row, spec)

    assert specimen.topic == "GET " + spec.path.replace("{community}", "demo")
    assert item is not None
    assert word in {*item.capabilities, *(value.capability for value in item.values)}
    assert all(VOCABULARY.is_plausible(value.capability, value.value) for value in item.values)


def test_the_example_of_statistics_has_a_row_for_each_key() -> None:
    hub = load(HUBS[0])
    (spec,) = (one for one in hub.lists if one.kind is ListKind.STATISTICS)

    page = read_page(write_answer(hub, spec, ["grid_found", "online_gas"], VOCABULARY, "demo").text.encode(), hub, spec)

    told = [statistic_of(row, spec) for row in page.rows]
    assert [one.key for one in told if one is not None] == ["grid_found", "online_gas"]
    assert page.total == 2
