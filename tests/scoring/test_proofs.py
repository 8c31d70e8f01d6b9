"""What is shown is judged against what is asked: seasons, alternatives, words, days, and what hangs on what."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.census import Census
from scoring.measures import MeasureSpec, parse_measure, parse_seasons
from scoring.model import Measure, Season, Shown, ShownBy
from tests.fakes.facts import facts, place, places, shown

SEASONS = parse_seasons({"heating": {"from": "11-01", "to": "03-31"}}, "test.yaml")
HOMES = places("household", 2)
INVENTORY, EVENT = ShownBy.INVENTORY, ShownBy.EVENT


def measure(**given_: Any) -> MeasureSpec:
    return parse_measure({"kind": "places", "of": "household", **given_}, "test.yaml", SEASONS)


def count(spec: MeasureSpec, *seen: Shown, **more: Any) -> Measure:
    """Return the measure of two homes, every capability of which has been heard of."""
    return Census(facts({"household": HOMES, **more.pop("frames", {})}, seen, **more)).count(spec, 1, "p")


# ---------------------------------------------------------------- seasons

HEAT = measure(show=[{"capability": "heat_energy", "by": ["message", "inventory"], "season": "heating"}])


def heat_on(day: date, window_end: date) -> Measure:
    """Return the count when home 0 last reported on a day."""
    ago = (window_end - timedelta(days=1) - day).days
    return count(HEAT, shown(HOMES[0], "heat_energy", days_ago=ago), window_end=window_end)


@pytest.mark.parametrize(
    ("last_reading", "window_end", "n"),
    [
        (date(2027, 3, 31), date(2027, 7, 8), 1),  # in summer the last season counts
        (date(2026, 11, 1), date(2027, 7, 8), 1),
        (date(2027, 4, 1), date(2027, 7, 8), 0),  # a day after the season is no reading of it
        (date(2026, 7, 20), date(2027, 7, 8), 0),  # nor is one of last summer
        (date(2027, 7, 5), date(2027, 7, 8), 1),  # a fresh reading counts at any time
        (date(2026, 12, 1), date(2026, 12, 20), 0),  # within the season it must be fresh
        (date(2026, 3, 31), date(2026, 11, 5), 1),  # the season has only begun within the window
        (date(2026, 3, 31), date(2026, 11, 8), 0),  # the window is wholly in season
    ],
)
def test_outside_its_season_a_meter_counts_by_the_last_one(last_reading: date, window_end: date, n: int) -> None:
    assert heat_on(last_reading, window_end).n == n


@given(st.dates(date(2020, 1, 1), date(2030, 12, 31)))
def test_a_season_over_new_year_holds_the_days_from_its_first_to_its_last(day: date) -> None:
    assert Season("heating", "11-01", "03-31").holds(day) == (day.month >= 11 or day.month <= 3)
    assert Season("summer", "06-01", "08-31").holds(day) == (6 <= day.month <= 8)


# ---------------------------------------------------------------- words, days, alternatives

FACE = measure(
    show=[
        {
            "any_of": [
                {"capability": "entry", "by": ["event", "inventory"], "includes": "face"},
                {"capability": "face_reader", "by": ["message"]},
            ]
        }
    ]
)


def test_any_one_of_several_capabilities_shows_a_place() -> None:
    by_event = shown(HOMES[0], "entry", EVENT, values=("card", "face"))
    by_reader = shown(HOMES[1], "face_reader", device="reader")
    assert count(FACE, by_event, by_reader).n == 2


def test_other_ways_of_entry_leave_face_open_and_a_list_without_it_does_not() -> None:
    used = shown(HOMES[0], "entry", EVENT, values=("card",))
    listed = shown(HOMES[1], "entry", INVENTORY, values=("card", "qr"))
    counted = count(FACE, used, listed)
    assert [entry.key for entry in counted.unknown] == [HOMES[0].id]
    assert [entry.key for entry in counted.missing] == [HOMES[1].id]


def test_an_old_list_without_the_word_contradicts_nothing() -> None:
    listed = shown(HOMES[1], "entry", INVENTORY, values=("card",), days_ago=365)
    assert count(FACE, listed).missing[0].key == HOMES[0].id
    assert count(FACE, listed).unknown[0].key == HOMES[1].id


@pytest.mark.parametrize("value", ["auto", "manual"])
def test_a_state_that_may_have_changed_since_is_open_whatever_it_was_and_still_shows_that_it_is_there(
    value: str,
) -> None:
    said = [replace(shown(home, "pump_control", values=(value,)), stale=True) for home in HOMES]
    asked_how = count(measure(show=[{"capability": "pump_control", "by": ["message"], "equals": "auto"}]), *said)
    asked_whether = count(measure(show=[{"capability": "pump_control", "by": ["message"]}]), *said)
    assert (asked_how.n, asked_how.n_ceiling, asked_whether.n) == (0, 2, 2)


@pytest.mark.parametrize(("days_seen", "n"), [(1, 0), (2, 1), (7, 1)])
def test_history_asks_for_readings_on_several_days(days_seen: int, n: int) -> None:
    spec = measure(show=[{"capability": "turbidity", "on_days": 2}])
    seen = Shown(**{**_fields(shown(HOMES[0], "turbidity")), "days_seen": days_seen})
    assert count(spec, seen).n == n


def _fields(one: Shown) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Shown.__dataclass_fields__}


def test_a_home_counts_by_the_shared_meter_the_register_names() -> None:
    shared = place("meter", "M-1", use="shared")
    homes = (place("household", "a", meter="M-0、M-1"), place("household", "b", meter="M-9"), place("household", "c"))
    spec = measure(show=[{"capability": "water_volume"}], through="meter")
    counted = Census(
        facts({"household": homes, "meter": (shared,)}, [shown(shared, "water_volume", device="m1")])
    ).count(spec, 1, "p")
    assert [entry.key for entry in counted.counted] == ["household:a"]


# ---------------------------------------------------------------- every part of a place


def test_a_building_counts_when_each_of_its_entrances_does() -> None:
    buildings = (place("building", "1", building="1"), place("building", "2", building="2"), place("building", "3"))
    doors = (
        place("entrance", "1a", building="1"),
        place("entrance", "1b", building="1"),
        place("entrance", "2a", building="2"),
    )
    spec = parse_measure(
        {"kind": "places", "of": "building", "each": "entrance", "show": [{"capability": "face_reader"}]}, "t", {}
    )
    seen = [shown(doors[0], "face_reader"), shown(doors[2], "face_reader")]
    counted = Census(facts({"building": buildings, "entrance": doors}, seen)).count(spec, 1, "p")
    assert [entry.key for entry in counted.counted] == ["building:2"]
    assert [(entry.key, entry.reason) for entry in counted.missing] == [("building:1", "entrance 1b未见face_reader")]
    assert [entry.reason for entry in counted.unknown] == ["台账中没有登记入口"]


# ---------------------------------------------------------------- what the register alone shows

LAMPS = parse_measure(
    {"kind": "register", "of": {"kind": "lamp", "where": {"use": "stairwell"}}, "has": {"switch": ["sound"]}}, "t", {}
)


def test_the_register_alone_shows_what_its_cells_say_and_an_empty_one_says_nothing() -> None:
    lamps = (
        place("lamp", "1", use="stairwell", switch="sound"),
        place("lamp", "2", use="stairwell", switch="manual"),
        place("lamp", "3", use="stairwell"),
        place("lamp", "4", use="public", switch="sound"),
    )
    counted = Census(facts({"lamp": lamps})).count(LAMPS, 1, "p")
    assert (counted.n, counted.n_ceiling, counted.m) == (1, 2, 3)
    assert [entry.key for entry in counted.unknown] == ["lamp:3"]


def test_a_register_without_such_places_shows_nothing() -> None:
    assert Census(facts({})).count(LAMPS, 1, "p").problem == "台账缺少完整的照明灯具表"
    assert Census(facts({"lamp": ()})).count(LAMPS, 1, "p").problem == "台账中没有可计数的照明灯具"
    broken = facts({"lamp": places("lamp", 1, use="stairwell", switch="sound")}, broken={"register": "缺记录"})
    assert Census(broken).count(LAMPS, 1, "p").n is None


# ---------------------------------------------------------------- devices and lists


def test_a_device_that_fell_silent_is_listed_as_unknown_and_its_rung_falls() -> None:
    spec = measure(show=[{"capability": "water_volume"}])
    counted = count(spec, shown(HOMES[0], "water_volume", days_ago=7), shown(HOMES[1], "water_volume"))
    assert (counted.n, counted.n_ceiling) == (1, 2)
    assert (counted.rungs["heard"], counted.rungs["reporting"]) == (2, 1)


@pytest.mark.parametrize(("days_ago", "n"), [(6, 1), (7, 0)])
def test_a_list_that_must_be_fresh_is_old_after_its_days(days_ago: int, n: int) -> None:
    spec = parse_measure({"kind": "inventory", "capability": "city_terminal", "days": 7}, "t", {})
    assert count(spec, shown(None, "city_terminal", INVENTORY, days_ago=days_ago)).n == n


def test_the_worst_of_several_drills_of_one_person_on_one_day_counts() -> None:
    spec = parse_measure(
        {"kind": "limits", "capability": "elder_call_response", "over": "elder_call_response", "take": "highest"},
        "t",
        {},
    )
    drills = [
        shown(HOMES[0], "elder_call_response", ShownBy.DRILL, low=value, high=value, device="演练 王工 2026-10-20")
        for value in ("901", "300")
    ]
    assert str(count(spec, *drills).worst) == "901"
