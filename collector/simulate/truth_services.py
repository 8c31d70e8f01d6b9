"""What the rows of networks, services, machines and papers must come to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import partial

from collector.simulate.community import Community
from collector.simulate.devices import Trade
from collector.simulate.services import PARTS
from collector.simulate.tally import (
    Expected,
    attested,
    codes,
    fixed,
    happened,
    listed,
    number_shown,
    quantity,
    share_of,
)


def _stated(community: Community, row: int) -> bool:
    """Return whether every part of a row that the hub may state is stated above 0, or attested."""
    return all(
        community.statistics.get(key, 0) >= 1 or attested(community, row, part)
        for (number, part), key in PARTS.items()
        if number == row
    )


def _services(row: int, points: int, papers: tuple[str, ...], community: Community) -> Expected:
    """Return a row of which nothing is counted: parts stated or attested, and parts on paper only."""
    return Expected(None, None, fixed(points, _stated(community, row), attested(community, row, *papers)))


def _machines(
    row: int,
    points: int,
    part: str,
    trade: Trade | str,
    kinds: tuple[str, ...],
    papers: tuple[str, ...],
    community: Community,
) -> Expected:
    """Return a row of things any one of which is enough, at places of these kinds where any are named."""
    frame = [code for kind in kinds for code in codes(community, kind)] if kinds else None
    known = number_shown(community, trade, frame) if isinstance(trade, Trade) else len(listed(community, trade))
    there = known > 0 or attested(community, row, part)
    # A document says that it is there, and counts nothing.
    n = known or None
    return Expected(n, None, fixed(points, there, attested(community, row, *papers), _stated(community, row)))


def _fibre(community: Community) -> Expected:
    frame = [b.code for b in community.register.of("building") if b["residential"] == "是"]
    speeds = {item.place: int(str(item.cells["bandwidthMbps"])) for item in community.inventories["fibre"]}
    n, m = share_of(speeds, frame)
    return Expected(n, m, fixed(8, n == m, min(speeds[code] for code in speeds if code in frame) >= 200))


def _operators(community: Community) -> Expected:
    free = {item.device for item in community.inventories["operator"] if item.cells["freeAccess"]}
    return Expected(len(free), None, fixed(8, len(free) >= 3))


def _television(community: Community) -> Expected:
    able = {item.place for item in community.inventories["television"] if item.cells["ability"] in {"hd", "iptv"}}
    n, m = share_of(able, codes(community, "building"))
    return Expected(n, m, fixed(6, n == m))


def _city_centre(community: Community) -> Expected:
    n = sum(1 for item in community.inventories["terminal"] if item.cells["status"] == "online")
    return Expected(n or None, None, fixed(8, n >= 1))


def _public_address(community: Community) -> Expected:
    boxes = [item.cells for item in community.inventories["broadcast"] if item.cells["status"] == "in_use"]
    heard = [
        happened(community, event) or any(box[cell] for box in boxes) or attested(community, 16, part)
        for part, cell, event in (
            ("notices", "notice", "BroadcastNotice"),
            ("music", "music", "BroadcastMusic"),
            ("emergency", "emergency", "BroadcastEmergency"),
        )
    ]
    return Expected(None, None, fixed(2, *heard))


def _emergency(community: Community) -> Expected:
    proven = [
        happened(community, event) or attested(community, 17, part)
        for part, event in (
            ("command", "EmergencyCommand"),
            ("communication", "EmergencyCommunication"),
            ("broadcast", "BroadcastEmergency"),
        )
    ]
    return Expected(None, None, fixed(3, *proven))


def _enough(community: Community, row: int, key: str) -> int:
    return community.statistics.get(key, quantity(community, row) or 0)


def _government(community: Community) -> Expected:
    n = _enough(community, 27, "government_services")
    desk = number_shown(community, Trade.TERMINAL) > 0 or attested(community, 27, "desk")
    return Expected(n, None, fixed(8, n >= 10, desk))


def _shops(community: Community) -> Expected:
    n = _enough(community, 28, "online_shops")
    return Expected(n, None, fixed(2, n >= 10))


def _shared_spaces(community: Community) -> Expected:
    n, m = community.statistics["shared_parking_spaces"], community.register.totals["parking_spaces"]
    return Expected(n, m, fixed(2, Fraction(n, m) > Fraction(5, 100)))


def _health_records(community: Community) -> Expected:
    n, m = community.statistics["health_record_residents"], community.register.totals["registered_residents"]
    if n > m:
        return Expected(None, None, Fraction(0))
    return Expected(n, m, fixed(2, Fraction(n, m) >= Fraction(80, 100)))


def _elder_calls(community: Community) -> Expected:
    calls, worst_s = community.statistics["elder_calls"], community.statistics["elder_call_worst_s"]
    return Expected(None, None, fixed(2, calls >= 1, worst_s <= 15 * 60))


def _veterans(community: Community) -> Expected:
    return Expected(None, None, fixed(2, (quantity(community, 56) or 0) >= 1))


def _satisfaction(community: Community) -> Expected:
    survey = community.survey
    if not survey.required <= survey.sample <= min(50, survey.occupied):
        return Expected(None, None, Fraction(0))
    share = Fraction(survey.satisfied, survey.sample)
    return Expected(survey.satisfied, survey.sample, fixed(100, share >= Fraction(80, 100)))


EXPECT: Mapping[int, Callable[[Community], Expected]] = {
    1: _fibre,
    2: _operators,
    3: partial(_services, 3, 8, ()),
    5: _television,
    13: _city_centre,
    14: partial(_services, 14, 8, ("centre",)),
    15: partial(_machines, 15, 3, "", Trade.SCREEN, ("gate", "entrance", "area"), ("review",)),
    16: _public_address,
    17: _emergency,
    20: partial(_machines, 20, 5, "chargers", Trade.E_BIKE_CHARGER, ("area",), ()),
    21: partial(_machines, 21, 5, "chargers", Trade.CAR_CHARGER, ("space",), ()),
    26: partial(_services, 26, 8, ()),
    27: _government,
    28: _shops,
    31: partial(_machines, 31, 4, "devices", Trade.THERMAL, ("gate",), ()),
    33: _shared_spaces,
    36: partial(_machines, 36, 4, "lockers", Trade.PARCEL_LOCKER, (), ()),
    37: partial(_machines, 37, 2, "boxes", Trade.WASTE_BOX, (), ()),
    38: partial(_services, 38, 2, ("drinking-water",)),
    39: partial(_machines, 39, 2, "bookcases", "bookcase", (), ()),
    40: partial(_machines, 40, 2, "machines", Trade.VENDING_MACHINE, (), ()),
    41: partial(_machines, 41, 2, "car-wash", Trade.CAR_WASH, (), ("payment",)),
    42: partial(_machines, 42, 2, "machines", Trade.LAUNDRY, (), ()),
    44: _health_records,
    45: partial(_services, 45, 2, ()),
    46: partial(_services, 46, 2, ()),
    47: partial(_machines, 47, 2, "lockers", Trade.MEDICINE_LOCKER, (), ()),
    49: partial(_services, 49, 2, ("persons",)),
    51: partial(_services, 51, 8, ("map", "map-3d", "remote")),
    52: partial(_machines, 52, 2, "terminals", "elder_terminal", (), ()),
    53: _elder_calls,
    54: partial(_services, 54, 8, ()),
    55: partial(_services, 55, 2, ()),
    56: _veterans,
    57: partial(_services, 57, 2, ()),
    60: partial(_machines, 60, 6, "cameras", "thrown_object_camera", (), ()),
    71: partial(_services, 71, 10, ()),
    72: partial(_services, 72, 6, ("registered",)),
    74: partial(_services, 74, 10, ("rules", "measures", "no-incident")),
    75: partial(_services, 75, 10, ("rules", "no-incident")),
    76: _satisfaction,
}
