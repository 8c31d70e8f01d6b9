"""What devices show, as the ledger kept it: by messages, events, inventories and recorded drills.

Every Shown carries the receipts that a reviewer opens: the first and the last credited message of the period, the
records its reading needed as context, and the binding that says where the device is.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from evidence.acts import ACTS_SOURCE, kept_documents, standing_acts
from evidence.ledger import Ledger
from evidence.window import Window
from scoring.model import Lead, Place, Rung, Shown, ShownBy
from scoring.proofs import EVENT_DAYS

_TEXT_LISTS = frozenset({"entry"})
_NUMBER = re.compile(r"-?[0-9]+(?:[.][0-9]+)?")

Bound = Mapping[tuple[str, str], tuple[str | None, int]]
"""(source, device) -> (place id or None, receipt of the binding)."""


def shown_by_messages(
    ledger: Ledger, sources: frozenset[str], window: Window, bound: Bound, seasonal: frozenset[str] = frozenset()
) -> Iterator[Shown]:
    """Yield one Shown per (device, capability): the best of its days inside the window, else what was heard before.

    Of ``seasonal`` capabilities the newest credited day before the window is shown in its place.
    """
    rows = ledger.connection.execute(
        "SELECT source, device, capability, day, credited, retained, backfilled, ahead, implausible, low, high, last,"
        " witnesses, context FROM device_days WHERE day >= ? AND day < ?"
        " ORDER BY source, device, capability, day, profile",
        ((window.end - timedelta(days=EVENT_DAYS)).isoformat(), window.end.isoformat()),
    )
    grouped: dict[tuple[str, str, str], list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        if row[0] in sources:
            grouped[row[0], row[1], row[2]].append(row[3:])
    start = window.start.isoformat()
    for (source, device, capability), days in grouped.items():
        place, binding = bound.get((source, device), (None, 0))
        inside = [day for day in days if day[0] >= start]
        credited = [day for day in inside if day[1]]
        earlier = [day for day in days if day[1]][-1:] if capability in seasonal else []
        best = credited or earlier or inside or days[-1:]
        newest = best[-1]
        rung = Rung.HEARD
        if credited or earlier:
            rung = Rung.REPORTING if any(day[5] for day in best) else Rung.PLAUSIBLE
        witnesses = [*json.loads(best[0][9])[:1], *json.loads(newest[9])[-1:]]
        context = json.loads(newest[10])
        yield Shown(
            place=place,
            source=source,
            device=device,
            capability=capability,
            shown_by=ShownBy.MESSAGE,
            rung=rung if place is not None else Rung.LISTED,
            days_ago=window.days_before_end(date.fromisoformat(newest[0])),
            leads=_leads(witnesses, [*context, binding]),
            values=(newest[8],),
            low=_extreme([day[6] for day in best], lowest=True),
            high=_extreme([day[7] for day in best], lowest=False),
            note="" if credited else _why_uncredited(inside, window.days),
            days_seen=max(1, len({day[0] for day in credited})),
        )


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
