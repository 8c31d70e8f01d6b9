"""Places are counted, not devices; what is not proven is unknown, and a source with a hole proves nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.census import Census
from scoring.model import Entry, Facts, Measure, Place, Rung, Shown, ShownBy
from tests.fakes.facts import facts, figure, part, place, places, row, rubric, shown

HOMES = places("household", 4)
METERS = {"kind": "places", "of": "household", "show": [{"capability": "water_volume", "by": ["message", "inventory"]}]}
FAULTS = {"kind": "places", "of": "lift", "show": [{"capability": "lift_fault", "by": ["event", "drill"]}]}
LAMPS = {
    "kind": "places",
    "of": {"kind": "lamp", "where": {"use": "public"}},
    "through": "circuit",
    "show": [{"capability": "lamp_timer", "by": ["message"], "equals": "true"}],
}
GATES = {"kind": "ways_of_entry", "of": "gate", "capability": "entry", "by": ["event", "inventory"], "at_least": 3}
DOORS = {**GATES, "of": "building", "each": "entrance"}
FACE_READER = {"capability": "face_reader", "by": ["message", "inventory"]}
RETENTION = {"kind": "limits", "capability": "camera_retention", "over": "camera", "take": "lowest"}
SWITCH_AND_SOCKET = {
    "kind": "places",
    "of": "household",
    "show": [{"capability": "switch_on", "by": ["message"]}, {"capability": "socket_on", "by": ["message"]}],
}


def count(measure: Mapping[str, Any], known: Facts) -> Measure:
    spec = rubric(row(parts=[part(measure)])).rows[0].parts[0].ways[0].measure
    return Census(known).count(spec, 1, "p")


def keys(entries: Sequence[Entry]) -> list[str]:
    return [entry.key for entry in entries]


def homes(*seen: Shown, **more: Any) -> Measure:
    return count(METERS, facts({"household": HOMES}, seen, **more))


def event(at: Place, capability: str, *values: str, **more: Any) -> Shown:
    return shown(at, capability, ShownBy.EVENT, values=values or ("alarm",), **more)


# ---------------------------------------------------------------- places


def test_two_meters_in_one_home_count_once() -> None:
    measure = homes(shown(HOMES[0], "water_volume", device="a"), shown(HOMES[0], "water_volume", device="b"))
    assert (measure.n, measure.m, keys(measure.counted)) == (1, 4, ["household:0"])
    assert len(measure.counted[0].shown) == 2


def test_a_device_bound_to_no_known_place_counts_nowhere() -> None:
    nowhere = shown(None, "water_volume", rung=Rung.LISTED)
    gone = shown(place("household", "demolished"), "water_volume")
    assert homes(nowhere, gone).n == 0


def test_silence_is_missing_and_not_unknown() -> None:
    measure = homes(shown(HOMES[0], "water_volume"))
    assert (keys(measure.missing), measure.unknown, measure.n_ceiling) == (
        ["household:1", "household:2", "household:3"],
        (),
        1,
    )


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        (shown(HOMES[1], "water_volume", rung=Rung.HEARD, note="仅有保留消息"), "仅有保留消息"),
        (shown(HOMES[1], "water_volume", days_ago=7), "water_volume未证实"),
        (shown(HOMES[1], "water_volume", ShownBy.INVENTORY, rung=Rung.BOUND, days_ago=365), "water_volume未证实"),
    ],
)
def test_a_claim_that_is_not_proven_is_unknown(claim: Shown, reason: str) -> None:
    measure = homes(shown(HOMES[0], "water_volume"), claim)
    assert (measure.n, measure.n_ceiling, measure.m) == (1, 2, 4)
    assert [(entry.key, entry.reason) for entry in measure.unknown] == [("household:1", reason)]


def test_silence_does_not_contradict_an_inventory_that_is_still_valid() -> None:
    listed = shown(HOMES[1], "water_volume", ShownBy.INVENTORY, rung=Rung.BOUND, days_ago=364)
    assert keys(homes(listed, shown(HOMES[1], "water_volume", days_ago=300)).counted) == ["household:1"]


def test_parts_count_only_where_they_are_together() -> None:
    switches = [shown(home, "switch_on", device=f"s{home.key}") for home in HOMES[:3]]
    sockets = [shown(home, "socket_on", device=f"p{home.key}") for home in HOMES[2:]]
    measure = count(SWITCH_AND_SOCKET, facts({"household": HOMES}, [*switches, *sockets]))
    assert keys(measure.counted) == ["household:2"]
    assert {entry.key: entry.reason for entry in measure.missing}["household:0"] == "未见socket_on"


def test_one_part_proven_and_one_heard_leave_the_home_unknown_but_one_absent_leaves_it_missing() -> None:
    seen = [shown(HOMES[0], "switch_on"), shown(HOMES[0], "socket_on", rung=Rung.HEARD)]
    seen += [shown(HOMES[1], "switch_on", rung=Rung.HEARD)]
    measure = count(SWITCH_AND_SOCKET, facts({"household": HOMES}, seen))
    assert (keys(measure.unknown), "household:1" in keys(measure.missing)) == (["household:0"], True)


def test_a_scope_leaves_out_places_of_another_use() -> None:
    lamps = (place("lamp", "a", use="public"), place("lamp", "b", use="stairwell"))
    measure = count(LAMPS, facts({"lamp": lamps}, [shown(lamp, "lamp_timer", values=("true",)) for lamp in lamps]))
    assert (keys(measure.counted), measure.m) == (["lamp:a"], 1)


def test_a_lamp_counts_through_its_circuit_and_the_controller_is_no_lamp() -> None:
    circuit = place("circuit", "C-07")
    lamps = tuple(place("lamp", str(i), use="public", circuit="C-07" if i < 3 else "C-08") for i in range(5))
    frames = {"lamp": lamps, "circuit": (circuit,)}
    measure = count(LAMPS, facts(frames, [shown(circuit, "lamp_timer", values=("true",))]))
    assert (measure.n, measure.m, keys(measure.counted)) == (3, 5, ["lamp:0", "lamp:1", "lamp:2"])


def test_a_controller_without_a_running_program_is_missing_unless_it_was_only_heard() -> None:
    lamps = places("lamp", 2, use="public")
    idle = shown(lamps[0], "lamp_timer", values=("false",))
    retained = shown(lamps[1], "lamp_timer", values=("true",), rung=Rung.HEARD)
    measure = count(LAMPS, facts({"lamp": lamps}, [idle, retained]))
    assert (keys(measure.missing), keys(measure.unknown)) == (["lamp:0"], ["lamp:1"])


def test_an_alarm_is_proven_for_twelve_months_by_an_event_or_a_drill() -> None:
    lifts = places("lift", 3)
    seen = [
        event(lifts[0], "lift_fault", days_ago=364),
        event(lifts[1], "lift_fault", days_ago=365),
        shown(lifts[2], "lift_fault", ShownBy.DRILL),
    ]
    measure = count(FAULTS, facts({"lift": lifts}, seen))
    assert (keys(measure.counted), keys(measure.unknown)) == (["lift:0", "lift:2"], ["lift:1"])


def test_an_alarm_that_never_came_is_unknown_and_refutes_nothing() -> None:
    lifts = places("lift", 2)
    measure = count(FAULTS, facts({"lift": lifts}, [event(lifts[0], "lift_fault")]))
    assert (keys(measure.counted), keys(measure.unknown), keys(measure.missing)) == (["lift:0"], ["lift:1"], [])


def test_rungs_say_how_many_places_came_how_far() -> None:
    measure = homes(
        shown(HOMES[0], "water_volume"),
        shown(HOMES[0], "water_volume", rung=Rung.LISTED),
        shown(HOMES[1], "water_volume", rung=Rung.HEARD),
    )
    assert measure.rungs == {"listed": 2, "bound": 2, "heard": 2, "reporting": 1, "plausible": 1}


# ---------------------------------------------------------------- ways of entry


def test_ways_are_counted_per_gate_and_never_united_over_gates() -> None:
    gates = places("gate", 3)
    seen = [event(gates[0], "entry", "card", "face"), event(gates[1], "entry", "face", "code")]
    seen += [event(gates[2], "entry", "card", "face", "nfc")]
    measure = count(GATES, facts({"gate": gates}, seen))
    assert (keys(measure.counted), measure.m) == (["gate:2"], 3)


def test_ways_at_one_gate_may_come_from_several_devices_and_one_way_counts_once() -> None:
    gates = places("gate", 2)
    seen = [event(gates[0], "entry", "card", "face", device="a"), event(gates[0], "entry", "code", device="b")]
    seen += [event(gates[1], "entry", "card", "face", device="c"), event(gates[1], "entry", "face", device="d")]
    assert keys(count(GATES, facts({"gate": gates}, seen)).counted) == ["gate:0"]


def test_a_short_list_of_ways_is_missing_but_few_passages_are_unknown() -> None:
    gates = places("gate", 2)
    seen = [event(gates[0], "entry", "card"), shown(gates[1], "entry", ShownBy.INVENTORY, values=("card", "face"))]
    measure = count(GATES, facts({"gate": gates}, seen))
    assert (keys(measure.unknown), keys(measure.missing)) == (["gate:0"], ["gate:1"])
    assert measure.missing[0].reason == "gate 1仅见2种通行方式"


def test_a_list_of_ways_without_face_is_missing_though_nobody_told_of_face_readers() -> None:
    gate = place("gate", "G-01")
    face = {"any_of": [{"capability": "entry", "by": ["event", "inventory"], "includes": "face"}, FACE_READER]}
    known = {"unheard": frozenset({"face_reader"})}
    listed = shown(gate, "entry", ShownBy.INVENTORY, values=("card", "code"))
    used = event(gate, "entry", "card")
    measure = {"kind": "places", "of": "gate", "show": [face]}
    assert keys(count(measure, facts({"gate": [gate]}, [listed], **known)).missing) == ["gate:G-01"]
    assert keys(count(measure, facts({"gate": [gate]}, [used], **known)).unknown) == ["gate:G-01"]


def test_a_building_counts_when_every_one_of_its_entrances_qualifies() -> None:
    buildings = (place("building", "B-01", building="1"), place("building", "2"), place("building", "3"))
    entrances = tuple(place("entrance", key, building=key[0]) for key in ("1a", "1b", "2a", "2b"))
    seen = [event(entrance, "entry", "card", "face", "code") for entrance in entrances[:3]]
    measure = count(DOORS, facts({"building": buildings, "entrance": entrances}, seen))
    assert keys(measure.counted) == ["building:B-01"]
    assert keys(measure.missing) == ["building:2"]
    assert [(entry.key, entry.reason) for entry in measure.unknown] == [("building:3", "台账中没有登记入口")]


# ---------------------------------------------------------------- frames and denominators


@pytest.mark.parametrize(("measure", "frames"), [(METERS, {}), (DOORS, {"building": places("building", 1)})])
def test_without_a_complete_register_there_is_no_denominator(measure: Mapping[str, Any], frames: Any) -> None:
    counted = count(measure, facts(frames, [shown(HOMES[0], "water_volume")]))
    assert "台账缺少完整的" in counted.problem
    assert (counted.n, counted.m, counted.n_ceiling) == (None, None, None)


def test_no_place_in_scope_is_a_problem_and_not_0_of_0() -> None:
    assert count(METERS, facts({"household": ()})).problem == "台账中没有可计数的住户"


def test_the_floor_divides_by_the_larger_total_and_the_ceiling_by_the_approved_one() -> None:
    measure = homes(totals={"households": "6"}, statistics=[figure("total_households", "9")])
    assert (measure.m, measure.m_ceiling) == (9, 6)
    assert [(one.name, one.value) for one in measure.figures] == [("households", "6"), ("total_households", "9")]


def test_a_stated_total_below_the_list_never_makes_the_denominator_smaller() -> None:
    measure = homes(totals={"households": "3"}, statistics=[figure("total_households", "2")])
    assert (measure.m, measure.m_ceiling) == (4, 4)


def test_totals_of_households_are_no_denominator_of_other_places() -> None:
    lifts = places("lift", 2)
    assert count(FAULTS, facts({"lift": lifts}, totals={"households": "9"})).m == 2


# ---------------------------------------------------------------- sources with a hole


def test_every_place_of_a_source_with_a_hole_is_unknown_whatever_was_seen() -> None:
    able = {"sources_of": {"water_volume": frozenset({"meters"})}, "broken": {"meters": "记录不完整"}}
    measure = homes(shown(HOMES[0], "water_volume"), **able)
    assert (measure.n, measure.n_ceiling, measure.m) == (0, 4, 4)
    assert {entry.reason for entry in measure.unknown} == {"数据源meters记录不完整"}


def test_a_row_that_does_not_consult_the_source_is_left_alone() -> None:
    able = {"sources_of": {"water_volume": frozenset({"meters"})}, "broken": {"doors": "记录不完整"}}
    assert homes(shown(HOMES[0], "water_volume"), **able).n == 1


@pytest.mark.parametrize("source", ["register", "acts", "zhizheng"])
def test_every_row_rests_on_register_acts_and_bindings(source: str) -> None:
    broken = {"broken": {source: "记录不完整"}}
    assert homes(shown(HOMES[0], "water_volume"), **broken).n == 0
    assert count({"kind": "attested"}, facts(**broken)).problem.startswith(f"数据源{source}")


def test_a_hole_where_the_total_of_households_is_stated_makes_their_rows_unknown() -> None:
    hole = {"broken": {"hub": "记录不完整"}, "stating": frozenset({"hub"})}
    assert homes(shown(HOMES[0], "water_volume"), **hole).n == 0
    assert count(FAULTS, facts({"lift": places("lift", 1)}, [event(place("lift", "0"), "lift_fault")], **hole)).n == 1


@pytest.mark.parametrize(
    "measure",
    [
        RETENTION,
        {"kind": "inventory", "capability": "camera_retention"},
        {"kind": "statistic", "key": "camera_retention"},
    ],
)
def test_no_measure_uses_what_a_source_with_a_hole_says(measure: Mapping[str, Any]) -> None:
    areas = places("area", 1)
    seen = [shown(areas[0], name, ShownBy.INVENTORY, low="40", high="40") for name in ("camera", "camera_retention")]
    able = {"sources_of": {"camera_retention": frozenset({"meters"})}, "stating": frozenset({"meters"})}
    known = facts({"area": areas}, seen, statistics=[figure("camera_retention", "40", "meters")], **able)
    assert count(measure, known).problem == ""
    known = facts(
        {"area": areas},
        seen,
        statistics=[figure("camera_retention", "40", "meters")],
        broken={"meters": "记录不完整"},
        **able,
    )
    assert count(measure, known).problem == "数据源meters记录不完整"


# ---------------------------------------------------------------- rosters


SEEN = st.lists(
    st.builds(
        lambda home, capability, by, rung, ago, device: shown(
            place("household", str(home)), capability, by, rung=rung, days_ago=ago, device=device
        ),
        st.integers(0, 6),
        st.sampled_from(["switch_on", "socket_on"]),
        st.sampled_from([ShownBy.MESSAGE, ShownBy.INVENTORY]),
        st.sampled_from(list(Rung)),
        st.sampled_from([0, 6, 7, 365, 366]),
        st.sampled_from("abc"),
    ),
    max_size=14,
)


@given(SEEN, st.integers(0, 9), st.integers(0, 9), st.booleans())
def test_every_place_stands_in_exactly_one_roster_and_n_is_never_more_than_m(
    seen: list[Shown], total: int, stated: int, hole: bool
) -> None:
    known = facts(
        {"household": HOMES},
        seen,
        totals={"households": str(total)},
        statistics=[figure("total_households", str(stated))],
        sources_of={"switch_on": frozenset({"meters"})},
        broken={"meters": "记录不完整"} if hole else {},
    )
    measure = count(SWITCH_AND_SOCKET, known)
    rosters = [*keys(measure.counted), *keys(measure.missing), *keys(measure.unknown)]
    assert sorted(rosters) == sorted(home.id for home in HOMES)
    assert measure.n == len(measure.counted)
    assert measure.n_ceiling == len(measure.counted) + len(measure.unknown)
    assert measure.m is not None
    assert measure.m_ceiling is not None
    assert measure.n_ceiling <= measure.m_ceiling <= measure.m


@given(SEEN, st.data())
def test_taking_away_what_was_shown_never_raises_the_count(seen: list[Shown], data: st.DataObject) -> None:
    kept = data.draw(st.lists(st.sampled_from(seen), unique=True)) if seen else []
    before = count(SWITCH_AND_SOCKET, facts({"household": HOMES}, seen)).n
    after = count(SWITCH_AND_SOCKET, facts({"household": HOMES}, kept)).n
    assert before is not None
    assert after is not None
    assert after <= before
