"""What the rows of water, tanks and wet rooms must come to."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from collector.simulate.community import Community
from collector.simulate.devices import Trade
from collector.simulate.plant import PARAMETERS
from collector.simulate.tally import (
    Expected,
    attested,
    codes,
    credited,
    credited_days,
    fixed,
    happened,
    places_of,
    raised,
    share_of,
)


def _methane(community: Community) -> Expected:
    tanks = codes(community, "tank", "septic", "sewage_well")
    n, m = share_of(places_of(community, Trade.METHANE), tanks)
    alarms = set(tanks) <= raised(community, "MethaneAlarm") or attested(community, 50, "alarm")
    pushed = happened(community, "MethanePush") or attested(community, 50, "push")
    return Expected(n, m, fixed(1, n == m, alarms, pushed))


def _public_metering(community: Community) -> Expected:
    homes = set(codes(community, "household")) | set(codes(community, "meter", "共用"))
    public = [d for d in community.devices if d.place and d.place not in homes and credited(d, community)]
    water = len([d for d in public if d.trade is Trade.WATER_METER])
    power = len([d for d in public if d.trade is Trade.ELECTRICITY_METER])
    return Expected(water, None, fixed(2, water >= 1, power >= 1))


def _sound_tanks(community: Community, use: str) -> set[str]:
    """Return the tanks of a use that show their level and have raised both alarms."""
    tanks = set(codes(community, "tank", use)) & places_of(community, Trade.TANK)
    return tanks & raised(community, "LevelHigh") & raised(community, "LevelLow")


def _pumps_sound(community: Community, use: str, *controls: str) -> bool:
    running = {
        d.place
        for d in community.devices
        if d.trade is Trade.PUMP and d.words[0] in controls and credited(d, community)
    }
    return set(codes(community, "pump", use)) <= running & raised(community, "PumpFault")


def _supply(community: Community) -> Expected:
    n, m = share_of(_sound_tanks(community, "secondary_supply"), codes(community, "tank", "secondary_supply"))
    return Expected(n, m, fixed(2, n == m, _pumps_sound(community, "supply", "auto")))


def _sewage(community: Community) -> Expected:
    n, m = share_of(_sound_tanks(community, "sump"), codes(community, "tank", "sump"))
    reclaimed = set(codes(community, "tank", "reclaimed")) == _sound_tanks(community, "reclaimed")
    leak = happened(community, "LeakAlarm") or attested(community, 68, "leak")
    return Expected(n, m, fixed(2, n == m, _pumps_sound(community, "sewage", "auto", "manual"), reclaimed, leak))


def _analysed(community: Community, days: int) -> set[str]:
    """Return the supply tanks of which all five parameters are read on at least so many days of the window."""
    known: dict[str, set[str]] = {}
    for device in community.devices:
        if device.trade is Trade.QUALITY and credited_days(device, community) >= days:
            known.setdefault(device.place, set()).update(device.words)
    tanks = codes(community, "tank", "secondary_supply")
    return {tank for tank in tanks if set(PARAMETERS) <= known.get(tank, set())}


def _quality(community: Community) -> Expected:
    tanks = codes(community, "tank", "secondary_supply")
    n = len(_analysed(community, 1))
    warned = set(tanks) <= raised(community, "WaterQualityAlarm")
    return Expected(n, len(tanks), fixed(2, n == len(tanks), warned))


def _quality_history(community: Community) -> Expected:
    tanks = codes(community, "tank", "secondary_supply")
    n = len(_analysed(community, 1))
    history = len(_analysed(community, 2)) == len(tanks)
    warned = set(tanks) <= raised(community, "WaterQualityAlarm")
    pushed = happened(community, "WaterQualityPush") or attested(community, 70, "push")
    return Expected(n, len(tanks), fixed(1, n == len(tanks), history, warned, pushed))


def _wet_rooms(community: Community) -> Expected:
    n, m = share_of(places_of(community, Trade.LEAK), codes(community, "room"))
    alarm = happened(community, "WaterloggingAlarm") or attested(community, 73, "alarm")
    pushed = happened(community, "WaterloggingPush") or attested(community, 73, "push")
    return Expected(n, m, fixed(1, n == m, alarm, pushed))


EXPECT: Mapping[int, Callable[[Community], Expected]] = {
    50: _methane,
    66: _public_metering,
    67: _supply,
    68: _sewage,
    69: _quality,
    70: _quality_history,
    73: _wet_rooms,
}
