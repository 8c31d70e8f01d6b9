"""What is offered online and what is organised: the hub's statistics of it, or a paper for a part it has none of."""

from __future__ import annotations

from collections.abc import Mapping

from collector.simulate.dice import Dice
from collector.simulate.places import Register
from collector.simulate.traps import Traps

PARTS: Mapping[tuple[int, str], str] = {
    (3, "stairs"): "mobile_signal_stairs",
    (3, "lifts"): "mobile_signal_lifts",
    (3, "garages"): "mobile_signal_garages",
    (3, "homes"): "mobile_signal_homes",
    (15, "community"): "screen_community",
    (15, "convenience"): "screen_convenience",
    (15, "government"): "screen_government",
    (15, "emergency"): "screen_emergency",
    (26, "property_fee"): "online_property_fee",
    (26, "water"): "online_water",
    (26, "electricity"): "online_electricity",
    (26, "gas"): "online_gas",
    (26, "heat"): "online_heat",
    (45, "clinic"): "clinic_online",
    (46, "telemedicine"): "telemedicine",
    (49, "record"): "patrol_rounds",
    (49, "plan"): "patrol_plans",
    (52, "care"): "elder_care",
    (52, "emergency"): "elder_emergency",
    (52, "information"): "elder_information",
    (52, "telemedicine"): "elder_telemedicine",
    (54, "nanny"): "booking_nanny",
    (54, "nursing"): "booking_nursing",
    (54, "childcare"): "booking_childcare",
    (54, "cleaning"): "booking_cleaning",
    (54, "repair"): "booking_repair",
    (54, "housekeeping"): "booking_housekeeping",
    (54, "locksmith"): "booking_locksmith",
    (54, "hotline"): "service_hotline",
    (55, "settlement"): "disabled_settlement",
    (55, "persons"): "disabled_persons",
    (55, "institutions"): "disabled_institutions",
    (55, "hotline"): "disabled_hotline",
    (57, "voting"): "residents_voting",
    (57, "discussion"): "residents_discussion",
    (57, "reporting"): "residents_reporting",
    (57, "interaction"): "residents_interaction",
    (57, "mediation"): "residents_mediation",
    (71, "found"): "grid_found",
    (71, "reported"): "grid_reported",
    (71, "dispatched"): "grid_dispatched",
    (71, "handled"): "grid_handled",
    (71, "fed-back"): "grid_fed_back",
    (71, "assessed"): "grid_assessed",
}
"""Part -> the statistic in which the hub may state it."""

_COUNTED = ("screen_", "patrol_", "disabled_persons", "disabled_institutions", "grid_")
_LACKING = {
    "garage_without_signal": (3, "garages"),
    "screen_kind_missing": (15, "emergency"),
    "heating_outside_the_entry": (26, "heat"),
    "elder_service_missing": (52, "telemedicine"),
    "booking_kind_missing": (54, "childcare"),
    "disabled_hotline_missing": (55, "hotline"),
    "mediation_not_online": (57, "mediation"),
    "grid_stage_of_zero": (71, "assessed"),
}
_TOTALS = {  # rows whose number decides: just enough, and just not
    (27, "services"): ("government_services", "nine_government_services", 10),
    (28, "shops"): ("online_shops", "nine_shops", 10),
}


def offer_services(traps: Traps, dice: Dice) -> tuple[dict[str, int], dict[tuple[int, str], int | None]]:
    """Return the hub's statistics of services, and the parts that papers show in their place.

    Where a part is lacking, its statistic is 0 or not stated at all.
    """
    lacking = {part for trap, part in _LACKING.items() if traps.past(trap)}
    statistics: dict[str, int] = {}
    papers: dict[tuple[int, str], int | None] = {}
    for part, key in PARTS.items():
        number = dice.randrange(2, 90) if key.startswith(_COUNTED) else 1
        stated, zero = dice.random() < 0.7, dice.random() < 0.5
        if part in lacking:
            if zero or part[0] == 71:
                statistics[key] = 0
        elif stated:
            statistics[key] = number
        else:
            papers[part] = None
    for part, (key, trap, enough) in _TOTALS.items():
        number = enough - 1 if traps.past(trap) else enough
        if dice.random() < 0.7:
            statistics[key] = number
        else:
            papers[part] = number
    return statistics, papers


def walk_stairs(register: Register, traps: Traps) -> dict[tuple[int, str], int | None]:
    """Return the walk list of the stairwell lamps that sense, where the register says nothing of their switches."""
    lamps = [lamp for lamp in register.of("lamp") if lamp["use"] == "楼梯间"]
    if any(lamp["switch"] for lamp in lamps):
        return {}
    sensing = len(lamps) * 3 // 5
    return {(19, "switched"): sensing - 1 if traps.past("stairwell_lamps_below_60_percent") else sensing}


def state_totals(register: Register, traps: Traps, dice: Dice) -> dict[str, int]:
    """Return the hub's statistics of the community as a whole."""
    totals = register.totals
    residents = totals["registered_residents"]
    shared = totals["parking_spaces"] // 20
    calls = dice.randrange(3, 40)
    return {
        "shared_parking_spaces": shared if traps.past("sharing_exactly_5_percent") else shared + 1,
        "health_record_residents": residents + 1 if traps.past("residents_below_records") else residents,
        "elder_calls": 0 if traps.past("no_elder_call") else calls,
        "elder_call_worst_s": 901 if traps.past("elder_call_15_01") else 900,
        "total_households": totals["households"],
    }
