"""What the rows of buildings, doors and grounds must come to: lamps, covers, gates, cameras, alarms, environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from collector.simulate.community import Community
from collector.simulate.devices import Fault, Trade
from collector.simulate.places import SENSING
from collector.simulate.tally import (
    Expected,
    attested,
    codes,
    credited,
    fixed,
    happened,
    listed,
    number_shown,
    places_of,
    quantity,
    raised,
    share_of,
    shown,
)


def _wifi(community: Community) -> Expected:
    n, m = share_of(shown(community, Trade.WIFI), codes(community, "area", "activity"))
    return Expected(n, m, fixed(2, n == m, attested(community, 4, "free")))


def _environment(community: Community) -> Expected:
    stations = [d for d in community.devices if d.trade is Trade.STATION and credited(d, community)]
    air = len([d for d in stations if "pm2_5" in d.words])
    noise = len([d for d in stations if "noise_db" in d.words])
    return Expected(air, None, fixed(2, air >= 1, noise >= 1))


def _lifts(community: Community) -> Expected:
    frame = codes(community, "lift")
    n, m = share_of(places_of(community, Trade.LIFT), frame)
    return Expected(n, m, fixed(4, n == m, set(frame) <= raised(community, "LiftFault")))


def _covers(community: Community) -> Expected:
    n, m = share_of(shown(community, Trade.COVER), codes(community, "cover"))
    return Expected(n, m, Fraction(n, m))


def _public_lamps(community: Community) -> Expected:
    lamps = [lamp for lamp in community.register.of("lamp") if lamp["use"] == "公共"]
    timed = {
        d.place
        for d in community.devices
        if d.trade is Trade.LAMP and d.fault is not Fault.IDLE and credited(d, community)
    }
    n = sum(1 for lamp in lamps if lamp.code in timed or lamp["circuit"] in timed)
    return Expected(n, len(lamps), fixed(8, Fraction(n, len(lamps)) >= Fraction(60, 100)))


def _stairwell_lamps(community: Community) -> Expected:
    lamps = [lamp for lamp in community.register.of("lamp") if lamp["use"] == "楼梯间"]
    by_list = quantity(community, 19)
    n = by_list if by_list is not None else sum(1 for lamp in lamps if lamp["switch"] in SENSING)
    return Expected(n, len(lamps), fixed(8, Fraction(n, len(lamps)) >= Fraction(60, 100)))


def _ways(community: Community) -> dict[str, set[str]]:
    """Return the ways of entry at each gate and entrance, by openings or by the hub's list."""
    ways: dict[str, set[str]] = {}
    for device in community.devices:
        if device.trade is Trade.DOOR and credited(device, community):
            ways.setdefault(device.place, set()).update(device.words)
    for item in community.inventories["access"]:
        there = item.cells["ways"]
        ways.setdefault(item.place, set()).update(there if isinstance(there, list) else ())
    return ways


def _with_three_ways(community: Community) -> set[str]:
    return {place for place, there in _ways(community).items() if len(there) >= 3}


def _with_face(community: Community) -> set[str]:
    opened = {place for place, there in _ways(community).items() if "face" in there}
    return opened | shown(community, Trade.FACE_READER)


def _gates(community: Community) -> Expected:
    n, m = share_of(_with_three_ways(community), codes(community, "gate", "pedestrian"))
    return Expected(n, m, fixed(8, n == m))


def _face_gates(community: Community) -> Expected:
    n, m = share_of(_with_face(community), codes(community, "gate", "pedestrian"))
    return Expected(n, m, fixed(4, n == m))


def _buildings_of(community: Community, good: set[str], points: int) -> Expected:
    """Return the buildings all of whose entrances are good."""
    doors: dict[str, list[bool]] = {code: [] for code in codes(community, "building")}
    for entrance in community.register.of("entrance"):
        doors[entrance["building"]].append(entrance.code in good)
    n = sum(1 for there in doors.values() if there and all(there))
    return Expected(n, len(doors), Fraction(n, len(doors)) * points)


def _entrances(community: Community) -> Expected:
    return _buildings_of(community, _with_three_ways(community), 8)


def _face_entrances(community: Community) -> Expected:
    return _buildings_of(community, _with_face(community), 4)


def _vehicle_gates(community: Community) -> Expected:
    gates = codes(community, "gate", "vehicle")
    n, m = share_of(shown(community, Trade.BARRIER), gates)
    display = number_shown(community, Trade.FEE_DISPLAY, gates) > 0 or attested(community, 32, "fee-display")
    plates = [row.cells for row in community.inventories["vehicle_gate"] if row.cells["status"] == "in_use"]
    able = [
        happened(community, event) or any(cells[cell] for cells in plates)
        for event, cell in (("PlateIn", "plateIn"), ("PlateOut", "plateOut"), ("ParkingPayment", "payment"))
    ]
    return Expected(n, m, fixed(8, n == m, display, *able, set(gates) <= _filmed(community)))


def _added_lifts(community: Community) -> Expected:
    lifts = [lift for lift in community.register.of("lift") if lift["escalator"] != "是"]
    n = sum(1 for lift in lifts if lift["added"] == "是")
    return Expected(n, len(lifts), fixed(2, n >= 1))


def _irrigation(community: Community) -> Expected:
    valves = [d for d in community.devices if d.trade is Trade.IRRIGATION]
    causes = {"soil_moisture", "soil_temperature", "drill"}
    started = any("IrrigationStart" in d.events and causes & set(d.words) for d in valves)
    n = len([d for d in valves if credited(d, community)])
    return Expected(n, None, fixed(2, n >= 1, started))


def _filmed(community: Community) -> set[str]:
    return {row.place for row in community.inventories["camera"] if row.cells["status"] == "in_use"}


def _cameras(community: Community) -> Expected:
    frame = codes(community, "area", "public", "activity") + codes(community, "perimeter") + codes(community, "gate")
    n, m = share_of(_filmed(community), frame)
    used = [row.cells for row in community.inventories["camera"] if row.cells["status"] == "in_use"]
    kept = all(int(str(cells["keepDays"])) >= 30 for cells in used)
    return Expected(n, m, fixed(10, n == m, kept, attested(community, 58, "functions", "police-link")))


def _key_areas(community: Community) -> Expected:
    filmed = _filmed(community)
    n, m = share_of(filmed, codes(community, "entrance"))
    lifts = {lift.code for lift in community.register.of("lift") if lift["escalator"] != "是"}
    covered = set(codes(community, "area", "parking")) | lifts <= filmed
    face = len(listed(community, "face_camera")) > 0
    return Expected(n, m, fixed(10, n == m, covered, face, attested(community, 59, "police-link")))


def _smoke(community: Community) -> Expected:
    n, m = share_of(places_of(community, Trade.SMOKE), codes(community, "floor"))
    return Expected(n, m, Fraction(n, m) * 6 if attested(community, 61, "linkage") else Fraction(0))


def _perimeter(community: Community) -> Expected:
    sections = codes(community, "perimeter")
    n, m = share_of(places_of(community, Trade.PERIMETER), sections)
    alarms = set(sections) <= raised(community, "PerimeterAlarm") or attested(community, 63, "alarm")
    return Expected(n, m, fixed(6, n == m, alarms))


def _place_buttons(community: Community) -> Expected:
    n, m = share_of(shown(community, Trade.BUTTON), codes(community, "area", "activity"))
    return Expected(n, m, fixed(6, n == m))


EXPECT: Mapping[int, Callable[[Community], Expected]] = {
    4: _wifi,
    6: _environment,
    7: _lifts,
    12: _covers,
    18: _public_lamps,
    19: _stairwell_lamps,
    29: _gates,
    30: _face_gates,
    32: _vehicle_gates,
    34: _entrances,
    35: _face_entrances,
    43: _added_lifts,
    48: _irrigation,
    58: _cameras,
    59: _key_areas,
    61: _smoke,
    63: _perimeter,
    64: _place_buttons,
}
