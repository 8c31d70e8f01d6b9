"""The truth of the simulated community by its own arithmetic: what each row done so far must come to.

Nothing here looks at a message or at the product: it counts the community as it is built, under its own reading of
the rules. A device is credited by a fresh reading at a step of the window whose time, if it says one, lies within
24 hours before and one hour after the arrival.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from collector.simulate.community import Community
from collector.simulate.devices import Device, Fault, Trade, speaks
from collector.simulate.plant import PARAMETERS
from collector.simulate.timetable import HOUR_MS

ROWS = 76


@dataclass(frozen=True, slots=True)
class Expected:
    """What a row must come to: n of m (None where it has none) and its points."""

    numerator: int | None
    denominator: int | None
    points: Fraction


def truth(community: Community) -> list[dict[str, object]]:
    """Return the 76 rows as {no, numerator, denominator, points}: all null where the row is not built."""
    rows: list[dict[str, object]] = []
    for number in range(1, ROWS + 1):
        expect = _EXPECT.get(number)
        row: dict[str, object] = {"no": number, "numerator": None, "denominator": None, "points": None}
        if expect:
            value = expect(community)
            row |= {"numerator": value.numerator, "denominator": value.denominator}
            row["points"] = two_decimals(value.points)
        rows.append(row)
    return rows


def write_truth(file: Path, community: Community) -> None:
    """Write truth.json: seed, households, rows. Raises OSError."""
    body = {"seed": community.seed, "households": community.households, "rows": truth(community)}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(body, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def two_decimals(value: Fraction) -> str:
    """Return a value of at least 0 rounded half-up to two decimals, as text."""
    cents = int(value * 100 + Fraction(1, 2))
    return f"{cents // 100}.{cents % 100:02d}"


def credited(device: Device, community: Community) -> bool:
    """Return whether at least one fresh reading of the device is credited to a day of the window."""
    if device.fault is Fault.NULL:
        return False
    if device.clock_ms is not None and not -24 * HOUR_MS <= device.clock_ms <= HOUR_MS:
        return False
    return any(step.in_window and speaks(device, step, community.steps) for step in community.steps)


def _places_of(community: Community, trade: Trade) -> set[str]:
    """Return the codes of the places at which a device of this trade is credited."""
    return {d.place for d in community.devices if d.trade is trade and d.place and credited(d, community)}


def _codes(community: Community, kind: str, *uses: str) -> list[str]:
    return [place.code for place in community.register.of(kind) if not uses or place["use"] in uses]


def _total_households(community: Community) -> int:
    return max(len(community.register.of("household")), community.register.totals["households"])


def _share_of(found: Iterable[str], frame: list[str]) -> tuple[int, int]:
    return len(set(found) & set(frame)), len(frame)


def _fixed(points: int, *conditions: bool) -> Fraction:
    return Fraction(points) if all(conditions) else Fraction(0)


def _attested(community: Community, row: int, *parts: str) -> bool:
    given = {act.part for act in community.attestations if act.row == row and act.document}
    return set(parts) <= given


def _fibre(community: Community) -> Expected:
    frame = [b.code for b in community.register.of("building") if b["residential"] == "是"]
    speeds = {item.place: int(str(item.cells["bandwidthMbps"])) for item in community.inventories["fibre"]}
    n, m = _share_of(speeds, frame)
    return Expected(n, m, _fixed(8, n == m, min(speeds[code] for code in speeds if code in frame) >= 200))


def _operators(community: Community) -> Expected:
    free = {item.device for item in community.inventories["operator"] if item.cells["freeAccess"]}
    return Expected(len(free), None, _fixed(8, len(free) >= 3))


def _lifts(community: Community) -> Expected:
    frame = _codes(community, "lift")
    n, m = _share_of(_places_of(community, Trade.LIFT), frame)
    alarms = {d.place for d in community.devices if d.trade is Trade.LIFT and "LiftFault" in d.events}
    return Expected(n, m, _fixed(4, n == m, set(frame) <= alarms))


def _water_meters(community: Community) -> Expected:
    listed = {item.place for item in community.inventories["water_meter"]}
    n, _ = _share_of(_places_of(community, Trade.WATER_METER) | listed, _codes(community, "household"))
    m = _total_households(community)
    return Expected(n, m, Fraction(n, m) * 2)


def _public_lamps(community: Community) -> Expected:
    lamps = [lamp for lamp in community.register.of("lamp") if lamp["use"] == "公共"]
    timed = {
        d.place
        for d in community.devices
        if d.trade is Trade.LAMP and d.fault is not Fault.IDLE and credited(d, community)
    }
    n = sum(1 for lamp in lamps if lamp.code in timed or lamp["circuit"] in timed)
    return Expected(n, len(lamps), _fixed(8, Fraction(n, len(lamps)) >= Fraction(60, 100)))


def _smart_homes(community: Community) -> Expected:
    both = _places_of(community, Trade.SWITCH) & _places_of(community, Trade.SOCKET)
    n, _ = _share_of(both, _codes(community, "household"))
    m = _total_households(community)
    return Expected(n, m, Fraction(n, m) * 2)


def _with_three_ways(community: Community) -> set[str]:
    """Return the gates and entrances with at least three different ways, by openings or by the hub's list."""
    ways: dict[str, set[str]] = {}
    for device in community.devices:
        if device.trade is Trade.DOOR and credited(device, community):
            ways.setdefault(device.place, set()).update(device.words)
    for item in community.inventories["access"]:
        listed = item.cells["ways"]
        ways.setdefault(item.place, set()).update(listed if isinstance(listed, list) else ())
    return {place for place, there in ways.items() if len(there) >= 3}


def _gates(community: Community) -> Expected:
    n, m = _share_of(_with_three_ways(community), _codes(community, "gate", "pedestrian"))
    return Expected(n, m, _fixed(8, n == m))


def _shared_spaces(community: Community) -> Expected:
    n, m = community.statistics["shared_parking_spaces"], community.register.totals["parking_spaces"]
    return Expected(n, m, _fixed(2, Fraction(n, m) > Fraction(5, 100)))


def _entrances(community: Community) -> Expected:
    good = _with_three_ways(community)
    doors: dict[str, list[bool]] = {code: [] for code in _codes(community, "building")}
    for entrance in community.register.of("entrance"):
        doors[entrance["building"]].append(entrance.code in good)
    n = sum(1 for there in doors.values() if there and all(there))
    return Expected(n, len(doors), Fraction(n, len(doors)) * 8)


def _health_records(community: Community) -> Expected:
    n, m = community.statistics["health_record_residents"], community.register.totals["registered_residents"]
    if n > m:
        return Expected(None, None, Fraction(0))
    return Expected(n, m, _fixed(2, Fraction(n, m) >= Fraction(80, 100)))


def _elder_calls(community: Community) -> Expected:
    calls, worst_s = community.statistics["elder_calls"], community.statistics["elder_call_worst_s"]
    return Expected(None, None, _fixed(2, calls >= 1, worst_s <= 15 * 60))


def _cameras(community: Community) -> Expected:
    frame = _codes(community, "area", "public", "activity") + _codes(community, "perimeter") + _codes(community, "gate")
    used = [item for item in community.inventories["camera"] if item.cells["status"] == "in_use"]
    n, m = _share_of((item.place for item in used), frame)
    kept = all(int(str(item.cells["keepDays"])) >= 30 for item in used)
    return Expected(n, m, _fixed(10, n == m, kept, _attested(community, 58, "functions", "police-link")))


def _smoke(community: Community) -> Expected:
    n, m = _share_of(_places_of(community, Trade.SMOKE), _codes(community, "floor"))
    return Expected(n, m, Fraction(n, m) * 6 if _attested(community, 61, "linkage") else Fraction(0))


def _pumps_and_tanks(community: Community) -> Expected:
    raised: dict[str, set[str]] = {}
    for device in community.devices:
        raised.setdefault(device.place, set()).update(device.events)
    tanks = _codes(community, "tank", "secondary_supply")
    levels = _places_of(community, Trade.TANK)
    n = sum(1 for tank in tanks if tank in levels and {"LevelHigh", "LevelLow"} <= raised[tank])
    running = _places_of(community, Trade.PUMP)
    pumps = _codes(community, "pump", "supply")
    sound = all(pump in running and "PumpFault" in raised[pump] for pump in pumps)
    return Expected(n, len(tanks), _fixed(2, n == len(tanks), sound))


def _water_quality(community: Community) -> Expected:
    shown: dict[str, set[str]] = {}
    alarms: set[str] = set()
    for device in community.devices:
        if device.trade is Trade.QUALITY and credited(device, community):
            shown.setdefault(device.place, set()).update(device.words)
            alarms |= {device.place} if "WaterQualityAlarm" in device.events else set()
    tanks = _codes(community, "tank", "secondary_supply")
    n = sum(1 for tank in tanks if set(PARAMETERS) <= shown.get(tank, set()))
    return Expected(n, len(tanks), _fixed(2, n == len(tanks), set(tanks) <= alarms))


def _data_protection(community: Community) -> Expected:
    return Expected(None, None, _fixed(10, _attested(community, 74, "rules", "measures", "no-incident")))


def _satisfaction(community: Community) -> Expected:
    survey = community.survey
    if not survey.required <= survey.sample <= min(50, survey.occupied):
        return Expected(None, None, Fraction(0))
    share = Fraction(survey.satisfied, survey.sample)
    return Expected(survey.satisfied, survey.sample, _fixed(100, share >= Fraction(80, 100)))


_EXPECT: Mapping[int, Callable[[Community], Expected]] = {
    1: _fibre,
    2: _operators,
    7: _lifts,
    10: _water_meters,
    18: _public_lamps,
    22: _smart_homes,
    29: _gates,
    33: _shared_spaces,
    34: _entrances,
    44: _health_records,
    53: _elder_calls,
    58: _cameras,
    61: _smoke,
    67: _pumps_and_tanks,
    69: _water_quality,
    74: _data_protection,
    76: _satisfaction,
}
