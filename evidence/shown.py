"""What devices show, as the ledger kept it: by messages, events, inventories and recorded drills.

Every Shown carries the receipts that a reviewer opens: the first and the last credited message of the period, the
records its reading needed as context, and the binding that says where the device is.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from evidence.acts import ACTS_SOURCE, kept_documents, standing_acts
from evidence.ledger import Ledger
from evidence.window import Window
from scoring.model import Lead, Place, Rung, Season, Shown, ShownBy
from scoring.proofs import EVENT_DAYS

_TEXT_LISTS = frozenset({"entry"})
_NUMBER = re.compile(r"-?[0-9]+(?:[.][0-9]+)?")

Bound = Mapping[tuple[str, str], tuple[str | None, int]]
"""(source, device) -> (place id or None, receipt of the binding)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a rubric wants to know of messages beyond the newest value inside the window.

    ``days`` names the capabilities of which a sign from before the window may count, and up to how many days before
    its end; ``seasons`` those of which the last season's may. Of ``bounded`` ones the extremes are asked, of
    ``states`` the last value alone: behind a gap it is known again only when the device has said it again;
    ``behind`` holds the receipt of each source's newest gap.
    """

    days: Mapping[str, int] = field(default_factory=dict)
    seasons: Mapping[str, Season] = field(default_factory=dict)
    bounded: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    behind: Mapping[str, int] = field(default_factory=dict)

    def is_stale(self, source: str, capability: str, receipt: int) -> bool:
        """Return whether the state that a record told may have changed since, unheard, in a gap of its source."""
        return capability in self.states and receipt < self.behind.get(source, 0)

    def may_count(self, capability: str, day: date, days_ago: int) -> bool:
        """Return whether a sign of a day before the window may count for what is asked of its capability."""
        season = self.seasons.get(capability)
        return days_ago < self.days.get(capability, 0) or (season is not None and season.holds(day))


def shown_by_messages(
    ledger: Ledger, sources: frozenset[str], window: Window, bound: Bound, asked: Asked
) -> Iterator[Shown]:
    """Yield one Shown per (device, capability): the best of its days inside the window, else what was heard before.

    Where it is asked for, the newest credited day before the window that may count is shown in its place. The days
    are grouped by the database; only where none of the window is credited are they looked at one by one.
    """
    connection = ledger.connection
    start, end = window.start.isoformat(), window.end.isoformat()
    since = (window.end - timedelta(days=EVENT_DAYS)).isoformat()
    first = {
        (source, device, capability): witnesses
        for source, device, capability, witnesses, _ in connection.execute(_FIRST_CREDITED, (start, end))
    }
    extremes = _extremes(ledger, asked.bounded, start, end)
    for row in connection.execute(_NEWEST_CREDITED, {"start": start, "since": since, "end": end}):
        source, device, capability, newest, last, witnesses, context, implausible, days = row
        if source not in sources:
            continue
        place, binding = bound.get((source, device), (None, 0))
        key = (source, device, capability)
        if newest is None:
            yield _uncredited(ledger, key, window, place, binding, asked)
            continue
        low, high = extremes.get(key, (None, None))
        known = Rung.REPORTING if implausible else Rung.PLAUSIBLE
        stale = asked.is_stale(source, capability, json.loads(witnesses)[-1][0])
        found = Shown(
            place=place,
            source=source,
            device=device,
            capability=capability,
            shown_by=ShownBy.MESSAGE,
            rung=known if place is not None else Rung.LISTED,
            days_ago=window.days_before_end(date.fromisoformat(newest[:10])),
            leads=_leads([*json.loads(first[key])[:1], *json.loads(witnesses)[-1:]], [*json.loads(context), binding]),
            values=(last,),
            low=low,
            high=high,
            days_seen=days,
        )
        yield _make_stale(found) if stale else found


# With one max() or min(), SQLite takes the bare columns from the row that has it. A day read by two profiles stands
# there twice; behind the day stands the profile, so that the choice is the same whenever it is made.
_NEWEST_CREDITED = """
SELECT source, device, capability, max(CASE WHEN credited > 0 AND day >= :start THEN day || profile END),
  last, witnesses, context, sum(CASE WHEN credited > 0 AND day >= :start THEN implausible ELSE 0 END),
  count(DISTINCT CASE WHEN credited > 0 AND day >= :start THEN day END)
FROM device_days WHERE day >= :since AND day < :end
GROUP BY source, device, capability ORDER BY source, device, capability
"""
_FIRST_CREDITED = """
SELECT source, device, capability, witnesses, min(day || profile)
FROM device_days WHERE credited > 0 AND day >= ? AND day < ? GROUP BY source, device, capability
"""


def _uncredited(
    ledger: Ledger, key: tuple[str, str, str], window: Window, place: str | None, binding: int, asked: Asked
) -> Shown:
    """Return what was heard of a device of which nothing counts within the window, and why not."""
    source, device, capability = key
    since = (window.end - timedelta(days=EVENT_DAYS)).isoformat()
    days = ledger.connection.execute(
        "SELECT day, credited, retained, backfilled, ahead, implausible, low, high, last, witnesses, context"
        " FROM device_days WHERE source = ? AND device = ? AND day >= ? AND day < ? AND capability = ?"
        " ORDER BY day, profile",
        (source, device, since, window.end.isoformat(), capability),
    ).fetchall()
    inside = [day for day in days if day[0] >= window.start.isoformat()]
    earlier = [day for day in days if day[1] and _may_count(asked, capability, day[0], window)][-1:]
    best = earlier or inside or days[-1:]
    newest = best[-1]
    known = (Rung.REPORTING if newest[5] else Rung.PLAUSIBLE) if earlier else Rung.HEARD
    found = Shown(
        place=place,
        source=source,
        device=device,
        capability=capability,
        shown_by=ShownBy.MESSAGE,
        rung=known if place is not None else Rung.LISTED,
        days_ago=window.days_before_end(date.fromisoformat(newest[0])),
        leads=_leads([*json.loads(best[0][9])[:1], *json.loads(newest[9])[-1:]], [*json.loads(newest[10]), binding]),
        values=(newest[8],),
        low=_extreme([day[6] for day in best], lowest=True),
        high=_extreme([day[7] for day in best], lowest=False),
        note=_why_uncredited(inside, window.days),
    )
    return _make_stale(found) if asked.is_stale(source, capability, json.loads(newest[9])[-1][0]) else found


def _make_stale(shown: Shown) -> Shown:
    """Return a state of which only is known that it once was so."""
    return replace(shown, stale=True, note=shown.note or "接收中断后尚未再次上报，现状未知")


def _may_count(asked: Asked, capability: str, text: str, window: Window) -> bool:
    day = date.fromisoformat(text)
    return asked.may_count(capability, day, window.days_before_end(day))


def _extremes(
    ledger: Ledger, capabilities: frozenset[str], start: str, end: str
) -> dict[tuple[str, str, str], tuple[Decimal | None, Decimal | None]]:
    """Return the lowest and highest credited reading of each device; exact, which the database is not."""
    marks = ", ".join("?" * len(capabilities))
    rows = ledger.connection.execute(
        "SELECT source, device, capability, low, high FROM device_days"  # noqa: S608 - placeholders only
        f" WHERE credited > 0 AND day >= ? AND day < ? AND capability IN ({marks})",
        (start, end, *sorted(capabilities)),
    )
    lows: dict[tuple[str, str, str], list[str | None]] = defaultdict(list)
    highs: dict[tuple[str, str, str], list[str | None]] = defaultdict(list)
    for source, device, capability, low, high in rows if capabilities else ():
        lows[source, device, capability].append(low)
        highs[source, device, capability].append(high)
    return {key: (_extreme(lows[key], lowest=True), _extreme(highs[key], lowest=False)) for key in lows}


def _leads(witnesses: Iterable[Sequence[Any]], others: Iterable[int]) -> tuple[Lead, ...]:
    """Return the way to each record once: first where the values stand, then context and binding."""
    ways: dict[int, str] = {}
    for receipt, pointer in witnesses:
        ways.setdefault(receipt, pointer)
    for receipt in others:
        if receipt:
            ways.setdefault(receipt, "")
    return tuple(Lead(receipt, pointer) for receipt, pointer in ways.items())


def _why_uncredited(inside: list[tuple[Any, ...]], days: int) -> str:
    if not inside:
        return f"近{days}日无上报"
    causes = [
        ("仅有保留消息", 2),
        ("设备时间落后超过24小时（补传）", 3),
        ("设备时钟超前超过1小时", 4),
    ]
    named = [text for text, column in causes if any(day[column] for day in inside)]
    return "、".join(named) or f"近{days}日无有效上报"


def _extreme(values: list[str | None], *, lowest: bool) -> Decimal | None:
    known = [Decimal(value) for value in values if value is not None]
    return (min(known) if lowest else max(known)) if known else None


def shown_by_events(ledger: Ledger, sources: frozenset[str], window: Window, bound: Bound) -> Iterator[Shown]:
    """Yield one Shown per (device, event capability) with its distinct words, over twelve months."""
    since = (window.end - timedelta(days=EVENT_DAYS)).isoformat()
    rows = ledger.connection.execute(
        "SELECT source, device, capability, value, max(day), witness, pointer FROM events"
        " WHERE credited > 0 AND day >= ? AND day < ? GROUP BY source, device, capability, value"
        " ORDER BY source, device, capability, value",
        (since, window.end.isoformat()),
    )
    # With max(day) alone, SQLite takes the bare columns from the row that has it: the newest day's witness.
    grouped: dict[tuple[str, str, str], list[tuple[str, str, int, str]]] = defaultdict(list)
    for source, device, capability, value, day, witness, pointer in rows:
        if source in sources:
            grouped[source, device, capability].append((value, day, witness, pointer))
    for (source, device, capability), events in grouped.items():
        place, binding = bound.get((source, device), (None, 0))
        newest = max(day for _, day, _, _ in events)
        yield Shown(
            place=place,
            source=source,
            device=device,
            capability=capability,
            shown_by=ShownBy.EVENT,
            rung=Rung.REPORTING if place is not None else Rung.LISTED,
            days_ago=window.days_before_end(date.fromisoformat(newest)),
            leads=_leads([(witness, pointer) for _, _, witness, pointer in events], [binding]),
            values=tuple(value for value, _, _, _ in events),
        )


def shown_by_inventory(ledger: Ledger, sources: frozenset[str], window: Window, bound: Bound) -> Iterator[Shown]:
    """Yield one Shown per (device, capability) that a complete walk lists."""
    rows = ledger.connection.execute(
        "SELECT source, device, capability, value, receipt, pointer, ended_at FROM inventory"
        " ORDER BY source, device, capability, value, list"
    )
    grouped: dict[tuple[str, str, str], list[tuple[str, int, str, int]]] = defaultdict(list)
    for source, device, capability, value, receipt, pointer, ended_at in rows:
        if source in sources:
            grouped[source, device, capability].append((value, receipt, pointer, ended_at))
    for (source, device, capability), items in grouped.items():
        place, binding = bound.get((source, device), (None, 0))
        day = datetime.fromtimestamp(max(ended for *_, ended in items) / 1000, window.zone).date()
        values = tuple(value for value, *_ in items if value)
        numbers = [value for value in values if _is_number(value)] if capability not in _TEXT_LISTS else []
        yield Shown(
            place=place,
            source=source,
            device=device,
            capability=capability,
            shown_by=ShownBy.INVENTORY,
            rung=Rung.BOUND if place is not None else Rung.LISTED,
            days_ago=window.days_before_end(day),
            leads=_leads([(receipt, pointer) for _, receipt, pointer, _ in items], [binding]),
            values=values,
            low=_extreme(list(numbers), lowest=True),
            high=_extreme(list(numbers), lowest=False),
        )


def _is_number(value: str) -> bool:
    return _NUMBER.fullmatch(value) is not None


def shown_by_drills(
    ledger: Ledger, community: str, window: Window, frames: Mapping[str, tuple[Place, ...]]
) -> Iterator[Shown]:
    """Yield recorded drills: an alarm tested at a place on a day, as a person recorded it."""
    by_key: dict[str, list[Place]] = defaultdict(list)
    for places in frames.values():
        for place in places:
            by_key[place.key].append(place)
    kept = kept_documents(ledger)
    for receipt, body in standing_acts(ledger, community, "drill", window.end.isoformat()):
        ago = window.days_before_end(date.fromisoformat(body["date"]))
        documented = body.get("document", {}).get("sha256") in kept
        quantity = None if body.get("quantity") is None else Decimal(body["quantity"])
        # Places of several kinds may share a key; a measure asks for one kind, so none is counted by mistake.
        for place in by_key[body["place"]] if documented and 0 <= ago < EVENT_DAYS else ():
            yield Shown(
                place=place.id,
                source=ACTS_SOURCE,
                device=f"演练 {body['by']} {body['date']}",
                capability=body["capability"],
                shown_by=ShownBy.DRILL,
                rung=Rung.REPORTING,
                days_ago=ago,
                leads=(Lead(receipt),),
                values=("drill",),
                low=quantity,
                high=quantity,
            )
