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

Further switches. The first four are drawn ``past`` by one seed in five; the others stay at ``edge`` unless
set by hand, because they would hide a switch of the table above.

| switch | row | edge | past |
|---|---|---|---|
| building_without_fibre | 1 | fibre in every residential building | one has none: m - 1, 0.00 |
| fibre_199_mbps | 1 | the worst building has 200 Mbps: 8.00 | 199 Mbps: 0.00, coverage unchanged |
| two_free_operators | 2 | three operators enter freely: 3, 8.00 | two: 2, 0.00 |
| no_incident_not_attested | 74 | all three parts attested: 10.00 | one is missing: 0.00 |
| lift_without_fault_event | 7 | every lift has a fault event or drill | one has none: 0.00, numerator unchanged |
| police_link_not_attested | 58 | link attested | not attested: 0.00, coverage unchanged |
| linkage_not_attested | 61 | linkage attested | not attested: 0.00, numerator unchanged |
| pump_without_fault_event | 67 | every supply pump has a fault event or drill | one has none: 0.00, tanks unchanged |
| tank_without_quality_alarm | 69 | every supply tank has an alarm or drill | one has none: 0.00, numerator unchanged |
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
)
SELDOM = ("building_without_fibre", "fibre_199_mbps", "two_free_operators", "no_incident_not_attested")
BY_HAND = (
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
