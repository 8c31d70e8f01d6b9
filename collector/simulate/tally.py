"""How the truth counts: what is credited, what is listed, what is attested, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from collector.simulate.community import Community
from collector.simulate.devices import Device, Fault, Trade, speaks
from collector.simulate.timetable import HOUR_MS


@dataclass(frozen=True, slots=True)
class Expected:
    """What a row must come to: n of m (None where it has none) and its points."""

    numerator: int | None
    denominator: int | None
    points: Fraction


def credited_days(device: Device, community: Community) -> int:
    """Return on how many days of the window a fresh reading of the device may be credited."""
    if device.fault is Fault.NULL:
        return 0
    if device.clock_ms is not None and not -24 * HOUR_MS <= device.clock_ms <= HOUR_MS:
        return 0
    return len({step.day for step in community.steps if step.in_window and speaks(device, step, community.steps)})


def credited(device: Device, community: Community) -> bool:
    """Return whether at least one fresh reading of the device is credited to a day of the window."""
    return credited_days(device, community) > 0


def places_of(community: Community, trade: Trade) -> set[str]:
    """Return the codes of the places at which a device of this trade is credited."""
    return {d.place for d in community.devices if d.trade is trade and d.place and credited(d, community)}


def listed(community: Community, kind: str) -> list[str]:
    """Return the places of the things of a type that are in use by the hub's list, one entry each."""
    rows = community.inventories["device"]
    return [row.place for row in rows if row.cells["type"] == kind and row.cells["status"] == "in_use"]


def shown(community: Community, trade: Trade) -> set[str]:
    """Return the codes of the places at which a thing is credited or listed."""
    return (places_of(community, trade) | set(listed(community, trade.value))) - {""}


def number_shown(community: Community, trade: Trade, frame: Iterable[str] | None = None) -> int:
    """Return at how many places a thing is credited or listed, of those in ``frame`` where one is given."""
    here = [d.place for d in community.devices if d.trade is trade and credited(d, community)]
    here += listed(community, trade.value)
    return len(set(here) - {""} if frame is None else set(here) & set(frame))


def raised(community: Community, event: str) -> set[str]:
    """Return the codes of the places at which an event was raised in the window."""
    return {device.place for device in community.devices if event in device.events} - {""}


def happened(community: Community, event: str) -> bool:
    """Return whether an event was raised anywhere in the window."""
    return any(event in device.events for device in community.devices)


def codes(community: Community, kind: str, *uses: str) -> list[str]:
    """Return the codes of a kind of place, of these uses only where any are given."""
    return [place.code for place in community.register.of(kind) if not uses or place["use"] in uses]


def share_of(found: Iterable[str], frame: list[str]) -> tuple[int, int]:
    """Return how many of the places of a frame were found, and how many there are."""
    return len(set(found) & set(frame)), len(frame)


def fixed(points: int, *conditions: bool) -> Fraction:
    """Return all points where every condition holds, else none."""
    return Fraction(points) if all(conditions) else Fraction(0)


def attested(community: Community, row: int, *parts: str) -> bool:
    """Return whether people attest all these parts of a row."""
    given = {act.part for act in community.attestations if act.row == row and act.document}
    return set(parts) <= given


def quantity(community: Community, row: int) -> int | None:
    """Return the number people attest for a row, None where they attest none."""
    return next((act.quantity for act in community.attestations if act.row == row), None)
