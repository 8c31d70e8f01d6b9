"""Nightly slots: which nights are due, the missed ones among them, so that every night gets its run and its number."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from collector.house import House
from evidence.ledger import Ledger

MOST_MISSED = 31
_PREFIX = "night "


def name_slot(day: date) -> str:
    """Return how a claim names the night that begins a local day."""
    return f"{_PREFIX}{day.isoformat()}"


def due_nights(house: House, ledger: Ledger, community: str) -> list[date]:
    """Return the local days whose nightly run is due and not claimed, oldest first; at most the last 31.

    The first night is the one after the first stored record: before that there was nothing to count.
    """
    now = datetime.fromtimestamp(house.clock() / 1000, house.settings.zone)
    at = datetime.strptime(house.settings.night.at, "%H:%M").time()  # noqa: DTZ007 - a time of day
    newest_due = now.date() if now.time() >= at else now.date() - timedelta(days=1)
    last = _last_claimed(ledger, community) or _first_day(house)
    if last is None:
        return []
    nights = [last + timedelta(days=1 + offset) for offset in range((newest_due - last).days)]
    return nights[-MOST_MISSED:]


def _last_claimed(ledger: Ledger, community: str) -> date | None:
    (slot,) = ledger.connection.execute(
        "SELECT max(slot) FROM runs WHERE community = ? AND slot LIKE ?", (community, f"{_PREFIX}%")
    ).fetchone()
    return None if slot is None else date.fromisoformat(str(slot).removeprefix(_PREFIX))


def _first_day(house: House) -> date | None:
    days = house.locker.days()
    return date.fromisoformat(days[0]) if days else None
