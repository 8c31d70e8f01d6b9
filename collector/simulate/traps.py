"""The switches of the simulated community. Each has an ``edge`` (just good enough) and a ``past`` (just not).

Drawn half and half by the seed; every one can be set by hand. The switches of one row never hide each other,
unless the table says so.

| switch | row | edge | past |
|---|---|---|---|
| two_meters_one_home | 10 | two meters in two homes: both count | both meters in one home: numerator one less |
| unknown_room | 10 | the meter's address is a home of the register | a room nobody knows: numerator one less |
| two_platforms | 10 | one home by its messages, another by the hub | both speak of one home: one less |
| retained_only | 10 | retained value and one fresh reading: the home counts | retained value alone: one less |
| switch_without_socket | 22 | switch and socket in the home | the switch alone: numerator one less |
| smoke_in_room | 61 | the detector hangs in the corridor | it hangs in a room of that floor: one less |
| one_entrance_of_two | 34 | every entrance of building 1 has 3 ways | one of them has 2: numerator one less |
| lift_outside_register | 7 | the last lift's device names its lift: 4.00 | names a code in no list: m - 1, 0.00 |
| lamps_exactly_60_percent | 18 | exactly 60 % of the public lamps: 8.00 | one lamp less: 0.00 |
| three_ways_over_two_gates | 29 | 3 ways at each gate: n = m, 8.00 | two gates have 2 each, 3 united: m - 2, 0.00 |
| sharing_exactly_5_percent | 33 | one space over 5 %: 2.00 | exactly 5 %: 0.00 |
| residents_below_records | 44 | records = residents: 2.00 | one record more: an error, null of null, 0.00 |
| elder_call_15_01 | 53 | the worst call took 900 s: 2.00 | 901 s: 0.00 |
| camera_29_days | 58 | the worst camera keeps 30 days: 10.00 | 29 days: 0.00, coverage unchanged |
| tank_without_low_alarm | 67 | every supply tank has its low alarm: 2.00 | one has none: m - 1, 0.00 |
| four_of_five_parameters | 69 | every supply tank shows five: 2.00 | one shows no colour: m - 1, 0.00 |
| survey_sample_of_9 | 76 | the sample is exactly the required size: 100.00 | 9 homes: refused, null of null, 0.00 |
| meter_for_two_homes | 8 | the register lists the meter as shared: both homes count | it does not: two less |
| gas_meter_unlisted | 9 | a silent meter that the hub lists: the home counts | the hub does not list it: one less |
| heat_meter_silent | 11 | one reading in the window: it counts | only on the evening before, in season: one less |
| cover_of_another_owner | 12 | the heating company's cover has a sensor: it counts | none: one less of as many |
| stairwell_lamps_below_60_percent | 19 | exactly 60 % of the stairwell lamps: 8.00 | one lamp less: 0.00 |
| charger_nowhere | 21 | the car chargers stand at spaces of the register: 5.00 | at spaces nobody knows: null, 0.00 |
| nine_government_services | 27 | 10 services: 8.00 | 9: 0.00 |
| nine_shops | 28 | 10 shops: 2.00 | 9: 0.00 |
| gate_without_face | 30 | every pedestrian gate opens by face: 4.00 | one does not: m - 1, 0.00 |
| plate_out_missing | 32 | plates are read on the way out: 8.00 | they are not: 0.00, barriers unchanged |
| entrance_without_face | 35 | every entrance of building 1 opens by face | one does not: numerator one less |
| no_added_lift | 43 | one lift of the register was added outside: 2.00 | none was: 0 of m, 0.00 |
| irrigation_without_cause | 48 | a start names soil moisture as its cause: 2.00 | it names none we know: 0.00 |
| septic_tank_without_methane | 50 | methane is read at every tank and well: 1.00 | not at one: m - 1, 0.00 |
| booking_kind_missing | 54 | all seven kinds can be booked: 8.00 | 托幼 cannot: 0.00 |
| lift_without_camera | 59 | a camera in every lift: 10.00 | none in one: 0.00, doors unchanged |
| alarm_and_valve_apart | 62 | gas alarm and valve in one home: it counts | the valve is next door: one less |
| section_silent | 63 | every section reports: 6.00 | one is silent all week: m - 1, 0.00 |
| place_without_button | 64 | every activity place has its button: 6.00 | one has none: m - 1, 0.00 |
| public_meter_missing | 66 | public electricity is metered: 2.00 | it is not: 0.00, water meters unchanged |
| sump_without_low_alarm | 68 | every sump has its low alarm: 2.00 | one has none: m - 1, 0.00 |
| history_of_one_day | 70 | a tank's water is read on every day: 1.00 | on one day only: 0.00, row 69 unchanged |
| grid_stage_of_zero | 71 | every stage above 0: 10.00 | nothing was assessed in one grid: 0.00 |
| room_without_sensor | 73 | a sensor in every critical room: 1.00 | none in one: m - 1, 0.00 |

``four_of_five_parameters`` moves row 70 as well: its numerator, and past it the points of ``history_of_one_day``.

Further switches. Those of SELDOM are drawn ``past`` by one seed in five; those of BY_HAND stay at ``edge`` unless
set by hand, because they would hide a switch of the table above.

| switch | row | edge | past |
|---|---|---|---|
| building_without_fibre | 1 | fibre in every residential building | one has none: m - 1, 0.00 |
| fibre_199_mbps | 1 | the worst building has 200 Mbps: 8.00 | 199 Mbps: 0.00, coverage unchanged |
| two_free_operators | 2 | three operators enter freely: 3, 8.00 | two: 2, 0.00 |
| no_incident_not_attested | 74 | all three parts attested: 10.00 | one is missing: 0.00 |
| garage_without_signal | 3 | signal in all four places: 8.00 | none in the garages: 0.00 |
| area_without_wifi | 4 | Wi-Fi in every activity area: 2.00 | none in one: m - 1, 0.00 |
| building_with_analog_tv | 5 | HD or IPTV can be had in every building: 6.00 | in one analog only: m - 1, 0.00 |
| noise_station_silent | 6 | air and noise are measured: 2.00 | noise is not: 0.00, air stations unchanged |
| centre_lists_all_offline | 13 | the centre lists terminals that are online: 8.00 | all are offline: null, 0.00 |
| centre_not_attested | 14 | the operations centre is attested: 8.00 | not attested: 0.00 |
| screen_kind_missing | 15 | four kinds of content: 3.00 | no emergency items: 0.00, screens unchanged |
| music_not_broadcast | 16 | notices, music and emergency: 2.00 | no music: 0.00 |
| command_unproven | 17 | command, communication and broadcast proven: 3.00 | command is not: 0.00 |
| openness_not_attested | 24 | openness attested | not attested: 0.00, homes unchanged |
| door_class_not_attested | 25 | door certificate attested | not attested: 0.00, homes unchanged |
| heating_outside_the_entry | 26 | five payments online: 8.00 | heating is not: 0.00 |
| thermal_inside | 31 | thermal devices stand at gates: 4.00 | in an area inside: null, 0.00 |
| drinking_water_not_attested | 38 | attested: 2.00 | not attested: 0.00 |
| vending_machine_scrapped | 40 | a machine in use: 2.00 | all are scrapped: null, 0.00 |
| car_wash_payment_not_attested | 41 | payment attested: 2.00 | not attested: 0.00, machines unchanged |
| patrol_persons_not_attested | 49 | all three shown: 2.00 | persons are not: 0.00 |
| map_without_3d | 51 | all three attested: 8.00 | 3D is not: 0.00 |
| elder_service_missing | 52 | four services: 2.00 | no telemedicine: 0.00, terminals unchanged |
| disabled_hotline_missing | 55 | all four: 2.00 | no hotline: 0.00 |
| mediation_not_online | 57 | all five: 2.00 | no mediation: 0.00 |
| special_groups_not_attested | 72 | attested: 6.00 | not attested: 0.00 |
| security_incident_not_attested | 75 | both attested: 10.00 | one is not: 0.00 |
| wifi_not_free | 4 | free use attested | not attested: 0.00, areas unchanged |
| elder_terminal_missing | 52 | terminals shown | none: null, 0.00 |
| no_elder_call | 53 | some calls | none, and no drill: 0.00 |
| key_area_link_not_attested | 59 | link attested | not attested: 0.00, doors unchanged |
| sewage_pump_without_fault_event | 68 | every sewage pump has a fault event | one has none: 0.00, sumps unchanged |
| quality_push_unproven | 70 | an alarm was pushed | none was: 0.00, tanks unchanged |
| waterlogging_push_unproven | 73 | an alarm was pushed | none was: 0.00, rooms unchanged |
| lift_without_fault_event | 7 | every lift has a fault event or drill | one has none: 0.00, numerator unchanged |
| police_link_not_attested | 58 | link attested | not attested: 0.00, coverage unchanged |
| linkage_not_attested | 61 | linkage attested | not attested: 0.00, numerator unchanged |
| pump_without_fault_event | 67 | every supply pump has a fault event or drill | one has none: 0.00, tanks unchanged |
| tank_without_quality_alarm | 69, 70 | every supply tank has an alarm or drill | one has none: 0.00, tanks unchanged |
| satisfied_below_80_percent | 76 | 80 % satisfied or more: 100.00 | one answer too few: 0.00 |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast

from collector.simulate.dice import dice

Side = Literal["edge", "past"]

DRAWN = (
    "two_meters_one_home",
    "switch_without_socket",
    "one_entrance_of_two",
    "three_ways_over_two_gates",
    "sharing_exactly_5_percent",
    "lamps_exactly_60_percent",
    "smoke_in_room",
    "camera_29_days",
    "elder_call_15_01",
    "tank_without_low_alarm",
    "four_of_five_parameters",
    "residents_below_records",
    "survey_sample_of_9",
    "retained_only",
    "unknown_room",
    "two_platforms",
    "lift_outside_register",
    "meter_for_two_homes",
    "gas_meter_unlisted",
    "heat_meter_silent",
    "cover_of_another_owner",
    "stairwell_lamps_below_60_percent",
    "charger_nowhere",
    "nine_government_services",
    "nine_shops",
    "gate_without_face",
    "plate_out_missing",
    "entrance_without_face",
    "no_added_lift",
    "irrigation_without_cause",
    "septic_tank_without_methane",
    "booking_kind_missing",
    "lift_without_camera",
    "alarm_and_valve_apart",
    "section_silent",
    "place_without_button",
    "public_meter_missing",
    "sump_without_low_alarm",
    "history_of_one_day",
    "grid_stage_of_zero",
    "room_without_sensor",
)
SELDOM = (
    "building_without_fibre",
    "fibre_199_mbps",
    "two_free_operators",
    "no_incident_not_attested",
    "garage_without_signal",
    "area_without_wifi",
    "building_with_analog_tv",
    "noise_station_silent",
    "centre_lists_all_offline",
    "centre_not_attested",
    "screen_kind_missing",
    "music_not_broadcast",
    "command_unproven",
    "openness_not_attested",
    "door_class_not_attested",
    "heating_outside_the_entry",
    "thermal_inside",
    "drinking_water_not_attested",
    "vending_machine_scrapped",
    "car_wash_payment_not_attested",
    "patrol_persons_not_attested",
    "map_without_3d",
    "elder_service_missing",
    "disabled_hotline_missing",
    "mediation_not_online",
    "special_groups_not_attested",
    "security_incident_not_attested",
)
BY_HAND = (
    "wifi_not_free",
    "elder_terminal_missing",
    "no_elder_call",
    "key_area_link_not_attested",
    "sewage_pump_without_fault_event",
    "quality_push_unproven",
    "waterlogging_push_unproven",
    "lift_without_fault_event",
    "police_link_not_attested",
    "linkage_not_attested",
    "pump_without_fault_event",
    "tank_without_quality_alarm",
    "satisfied_below_80_percent",
)
NAMES = DRAWN + SELDOM + BY_HAND
_SELDOM_SHARE = 0.2


class Traps:
    """The side of every switch: ``traps.past(name)`` tells whether it stands past the edge."""

    __slots__ = ("_sides",)

    def __init__(self, sides: Mapping[str, Side]) -> None:
        self._sides = dict(sides)

    def past(self, name: str) -> bool:
        """Return whether the switch is past its edge; raise KeyError for a switch that does not exist."""
        return self._sides[name] == "past"

    def sides(self) -> Mapping[str, Side]:
        """Return name -> side of every switch, in the order of the table."""
        return dict(self._sides)


def draw_traps(seed: int, households: int, chosen: Mapping[str, str]) -> Traps:
    """Return the switches as the seed draws them, with the ``chosen`` sides in place of the drawn ones.

    Raises ValueError for an unknown switch or a side other than edge and past.
    """
    for name, side in chosen.items():
        if name not in NAMES:
            raise ValueError(f"there is no trap named {name!r}: use one of {', '.join(NAMES)}")
        if side not in {"edge", "past"}:
            raise ValueError(f"trap {name} cannot be {side!r}: use edge or past")
    rolls = dice(seed, households, "traps")
    shares = dict.fromkeys(DRAWN, 0.5) | dict.fromkeys(SELDOM, _SELDOM_SHARE) | dict.fromkeys(BY_HAND, 0.0)
    drawn: dict[str, Side] = {name: "past" if rolls.random() < share else "edge" for name, share in shares.items()}
    return Traps(drawn | cast("dict[str, Side]", dict(chosen)))


def parse_trap(text: str) -> tuple[str, str]:
    """Return (name, side) of ``name=side`` as given on the command line; raise ValueError if there is no ``=``."""
    name, separator, side = text.partition("=")
    if not separator:
        raise ValueError(f"--trap {text!r} has no side: write {text}=edge or {text}=past")
    return name, side
