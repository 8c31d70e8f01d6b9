"""Every switch moves its own row, by exactly what its table says, and nothing else."""

from __future__ import annotations

import pytest

from collector.simulate import traps
from collector.simulate.community import Community
from collector.simulate.traps import BY_HAND, DRAWN, NAMES, SELDOM, draw_traps, parse_trap
from collector.simulate.truth import truth

ALL_EDGE = dict.fromkeys(NAMES, "edge")

FALLS = {  # switch: row, points at the edge, how far its numerator falls past it (None: n of m become null)
    "lift_outside_register": (7, "4.00", 1),
    "lamps_exactly_60_percent": (18, "8.00", 1),
    "three_ways_over_two_gates": (29, "8.00", 2),
    "sharing_exactly_5_percent": (33, "2.00", 1),
    "residents_below_records": (44, "2.00", None),
    "elder_call_15_01": (53, "2.00", 0),
    "camera_29_days": (58, "10.00", 0),
    "tank_without_low_alarm": (67, "2.00", 1),
    "four_of_five_parameters": (69, "2.00", 1),
    "survey_sample_of_9": (76, "100.00", None),
    "building_without_fibre": (1, "8.00", 1),
    "fibre_199_mbps": (1, "8.00", 0),
    "two_free_operators": (2, "8.00", 1),
    "no_incident_not_attested": (74, "10.00", 0),
    "lift_without_fault_event": (7, "4.00", 0),
    "police_link_not_attested": (58, "10.00", 0),
    "pump_without_fault_event": (67, "2.00", 0),
    "tank_without_quality_alarm": (69, "2.00", 0),
    "satisfied_below_80_percent": (76, "100.00", 1),
    "stairwell_lamps_below_60_percent": (19, "8.00", 1),
    "charger_nowhere": (21, "5.00", None),
    "nine_government_services": (27, "8.00", 1),
    "nine_shops": (28, "2.00", 1),
    "gate_without_face": (30, "4.00", 1),
    "plate_out_missing": (32, "8.00", 0),
    "no_added_lift": (43, "2.00", 1),
    "irrigation_without_cause": (48, "2.00", 0),
    "septic_tank_without_methane": (50, "1.00", 1),
    "booking_kind_missing": (54, "8.00", 0),
    "lift_without_camera": (59, "10.00", 0),
    "section_silent": (63, "6.00", 1),
    "place_without_button": (64, "6.00", 1),
    "public_meter_missing": (66, "2.00", 0),
    "sump_without_low_alarm": (68, "2.00", 1),
    "history_of_one_day": (70, "1.00", 0),
    "grid_stage_of_zero": (71, "10.00", 0),
    "room_without_sensor": (73, "1.00", 1),
    "garage_without_signal": (3, "8.00", 0),
    "area_without_wifi": (4, "2.00", 1),
    "building_with_analog_tv": (5, "6.00", 1),
    "noise_station_silent": (6, "2.00", 0),
    "centre_lists_all_offline": (13, "8.00", None),
    "centre_not_attested": (14, "8.00", 0),
    "screen_kind_missing": (15, "3.00", 0),
    "music_not_broadcast": (16, "2.00", 0),
    "command_unproven": (17, "3.00", 0),
    "heating_outside_the_entry": (26, "8.00", 0),
    "thermal_inside": (31, "4.00", None),
    "drinking_water_not_attested": (38, "2.00", 0),
    "vending_machine_scrapped": (40, "2.00", None),
    "car_wash_payment_not_attested": (41, "2.00", 0),
    "patrol_persons_not_attested": (49, "2.00", 0),
    "map_without_3d": (51, "8.00", 0),
    "elder_service_missing": (52, "2.00", 0),
    "disabled_hotline_missing": (55, "2.00", 0),
    "mediation_not_online": (57, "2.00", 0),
    "special_groups_not_attested": (72, "6.00", 0),
    "security_incident_not_attested": (75, "10.00", 0),
    "wifi_not_free": (4, "2.00", 0),
    "elder_terminal_missing": (52, "2.00", None),
    "no_elder_call": (53, "2.00", 0),
    "key_area_link_not_attested": (59, "10.00", 0),
    "sewage_pump_without_fault_event": (68, "2.00", 0),
    "quality_push_unproven": (70, "1.00", 0),
    "waterlogging_push_unproven": (73, "1.00", 0),
}
ALSO = {"four_of_five_parameters": 70, "tank_without_quality_alarm": 70}  # the same readings serve a second row
LOSES = {  # ratio rows: how many places less
    "two_meters_one_home": (10, 1),
    "unknown_room": (10, 1),
    "two_platforms": (10, 1),
    "retained_only": (10, 1),
    "switch_without_socket": (22, 1),
    "smoke_in_room": (61, 1),
    "one_entrance_of_two": (34, 1),
    "meter_for_two_homes": (8, 2),
    "gas_meter_unlisted": (9, 1),
    "heat_meter_silent": (11, 1),
    "cover_of_another_owner": (12, 1),
    "entrance_without_face": (35, 1),
    "alarm_and_valve_apart": (62, 1),
}
GATES = {"linkage_not_attested": 61, "openness_not_attested": 24, "door_class_not_attested": 25}


def pair(name: str, seed: int, households: int) -> tuple[dict[int, dict[str, object]], dict[int, dict[str, object]]]:
    """Return the rows of the two communities of a switch, every other switch at its edge."""
    edge, past = (
        {int(str(row["no"])): row for row in truth(Community.build(seed, households, traps=ALL_EDGE | {name: side}))}
        for side in ("edge", "past")
    )
    return edge, past


def moved(name: str, seed: int, households: int) -> tuple[dict[str, object], dict[str, object]]:
    """Return the row of a switch on both sides, after making sure that no other row moved."""
    row = FALLS[name][0] if name in FALLS else LOSES[name][0] if name in LOSES else GATES[name]
    edge, past = pair(name, seed, households)
    assert [number for number in edge if edge[number] != past[number]] == [row, *([ALSO[name]] if name in ALSO else [])]
    return edge[row], past[row]


@pytest.mark.parametrize(("seed", "households"), [(1, 24), (7, 60), (11, 300)])
@pytest.mark.parametrize("name", sorted(FALLS))
def test_past_the_edge_the_points_are_gone(name: str, seed: int, households: int) -> None:
    edge, past = moved(name, seed, households)
    _, points, fall = FALLS[name]
    assert (edge["points"], past["points"]) == (points, "0.00")
    if fall is None:
        assert (past["numerator"], past["denominator"]) == (None, None)
        assert edge["numerator"] is not None
    elif edge["numerator"] is not None:
        assert (past["numerator"], past["denominator"]) == (int(str(edge["numerator"])) - fall, edge["denominator"])


@pytest.mark.parametrize(("seed", "households"), [(1, 24), (7, 60), (11, 300)])
@pytest.mark.parametrize("name", sorted(LOSES))
def test_past_the_edge_a_place_less_counts(name: str, seed: int, households: int) -> None:
    edge, past = moved(name, seed, households)
    assert (past["numerator"], past["denominator"]) == (
        int(str(edge["numerator"])) - LOSES[name][1],
        edge["denominator"],
    )
    assert float(str(past["points"])) <= float(str(edge["points"]))


@pytest.mark.parametrize("name", sorted(GATES))
def test_a_missing_paper_gates_the_points_and_leaves_the_count(name: str) -> None:
    edge, past = moved(name, 7, 60)
    assert (past["numerator"], past["denominator"], past["points"]) == (edge["numerator"], edge["denominator"], "0.00")


def test_values_at_the_edge_are_the_ones_of_the_form() -> None:
    community = Community.build(7, 300, traps=ALL_EDGE)
    rows = {row["no"]: row for row in truth(community)}
    lamps = rows[18]
    assert int(str(lamps["numerator"])) * 100 == int(str(lamps["denominator"])) * 60
    assert community.statistics["elder_call_worst_s"] == 900
    used = [item.cells for item in community.inventories["camera"] if item.cells["status"] == "in_use"]
    assert min(int(str(cells["keepDays"])) for cells in used) == 30
    past = Community.build(7, 300, traps=ALL_EDGE | {"sharing_exactly_5_percent": "past"})
    assert past.statistics["shared_parking_spaces"] * 20 == past.register.totals["parking_spaces"]
    assert Community.build(7, 300, traps=ALL_EDGE | {"survey_sample_of_9": "past"}).survey.sample == 9


def test_every_switch_is_tested_and_described() -> None:
    assert set(FALLS) | set(LOSES) | set(GATES) == set(NAMES)
    assert len(NAMES) == len(set(NAMES))
    assert set(DRAWN) | set(SELDOM) | set(BY_HAND) == set(NAMES)
    assert all(f"| {name} |" in str(traps.__doc__) for name in NAMES)


def test_the_seed_draws_both_sides_of_every_drawn_switch() -> None:
    sides = [draw_traps(seed, 60, {}) for seed in range(40)]
    for name in DRAWN + SELDOM:
        assert {drawn.past(name) for drawn in sides} == {True, False}
    assert not any(drawn.past(name) for drawn in sides for name in BY_HAND)


def test_a_chosen_side_leaves_the_other_draws_alone() -> None:
    drawn = draw_traps(5, 60, {}).sides()
    for side in ("edge", "past"):
        assert draw_traps(5, 60, {"unknown_room": side}).sides() == {**drawn, "unknown_room": side}


@pytest.mark.parametrize(
    ("chosen", "words"),
    [({"unkown_room": "past"}, "no trap named 'unkown_room'"), ({"unknown_room": "on"}, "edge or past")],
)
def test_an_unknown_switch_or_side_is_refused_with_the_mend(chosen: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        draw_traps(1, 60, chosen)


def test_command_line_form() -> None:
    assert parse_trap("camera_29_days=past") == ("camera_29_days", "past")
    with pytest.raises(ValueError, match="=edge or"):
        parse_trap("camera_29_days")
