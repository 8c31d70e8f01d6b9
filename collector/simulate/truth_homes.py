"""What the rows of homes must come to: meters, switches and sockets, fittings, gas safety, the alarm button."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import partial

from collector.simulate.community import Community
from collector.simulate.devices import Trade
from collector.simulate.tally import Expected, attested, codes, listed, places_of, share_of, shown


def _ratio(community: Community, found: set[str], points: int, *conditions: bool) -> Expected:
    n, _ = share_of(found, codes(community, "household"))
    m = max(len(community.register.of("household")), community.register.totals["households"])
    return Expected(n, m, Fraction(n, m) * points if all(conditions) else Fraction(0))


def _metered(trade: Trade, inventory: str, community: Community) -> Expected:
    there = places_of(community, trade) | {item.place for item in community.inventories[inventory]}
    # A meter that the register lists as shared counts for all homes that the register says hang on it.
    sharing = {home.code for home in community.register.of("household") if home["meter"] in there - {""}}
    return _ratio(community, there | sharing, 2)


def _switch_and_socket(community: Community) -> Expected:
    return _ratio(community, places_of(community, Trade.SWITCH) & places_of(community, Trade.SOCKET), 2)


def _fitted(trade: Trade, points: int, community: Community) -> Expected:
    return _ratio(community, shown(community, trade), points)


def _gateways(community: Community) -> Expected:
    return _ratio(community, shown(community, Trade.GATEWAY), 2, attested(community, 24, "openness"))


def _locks(community: Community) -> Expected:
    return _ratio(community, shown(community, Trade.LOCK), 2, attested(community, 25, "door-class"))


def _gas_safety(community: Community) -> Expected:
    return _ratio(community, shown(community, Trade.GAS_ALARM) & shown(community, Trade.GAS_VALVE), 6)


def _buttons(community: Community) -> Expected:
    return _ratio(community, places_of(community, Trade.SOS) | set(listed(community, "alarm_button")), 6)


EXPECT: Mapping[int, Callable[[Community], Expected]] = {
    8: partial(_metered, Trade.ELECTRICITY_METER, "electricity_meter"),
    9: partial(_metered, Trade.GAS_METER, "gas_meter"),
    10: partial(_metered, Trade.WATER_METER, "water_meter"),
    11: partial(_metered, Trade.HEAT_METER, "heat_meter"),
    22: _switch_and_socket,
    23: partial(_fitted, Trade.PEEPHOLE, 2),
    24: _gateways,
    25: _locks,
    62: _gas_safety,
    65: _buttons,
}
