"""What devices said day by day inside a window: the series that an exhibit draws.

Nothing is counted or scored from it. It reads the ledger's device-days and knows no clock: the window is an argument.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from evidence.ledger import Ledger
from evidence.window import Window

Sign = tuple[str, str, str]
"""(source, device, capability)."""

Needs = Sequence[Collection[Sign]]
"""What one place must show: for each capability asked, the signs of which any will do."""


@dataclass(frozen=True, slots=True)
class Daily:
    """The days of a window, and what was credited on each.

    ``days`` are ISO dates, oldest first. ``heard`` holds for each sign the days with a credited message as bits:
    bit i stands for ``days[i]``. ``readings`` holds (lowest, highest) by the day's index, for measured signs only.
    """

    days: tuple[str, ...]
    heard: Mapping[Sign, int] = field(default_factory=dict)
    readings: Mapping[Sign, Mapping[int, tuple[Decimal, Decimal]]] = field(default_factory=dict)

    def count_places(self, places: Iterable[Needs]) -> tuple[int, ...]:
        """Return for each day how many places showed everything they need."""
        counts = [0] * len(self.days)
        for needs in places:
            days = self._shown_by_all(needs)
            for index in range(len(counts)):
                counts[index] += days >> index & 1
        return tuple(counts)

    def _shown_by_all(self, needs: Needs) -> int:
        """Return the days on which every need is met, as bits; a place that needs nothing shows nothing."""
        days = (1 << len(self.days)) - 1 if needs else 0
        for signs in needs:
            any_of = 0
            for sign in signs:
                any_of |= self.heard.get(sign, 0)
            days &= any_of
        return days

    def band(self, signs: Iterable[Sign]) -> tuple[tuple[Decimal, Decimal] | None, ...]:
        """Return for each day the lowest and the highest reading of all the signs, None where there is none."""
        by_day: dict[int, tuple[Decimal, Decimal]] = {}
        for sign in signs:
            for index, (low, high) in self.readings.get(sign, {}).items():
                known = by_day.get(index, (low, high))
                by_day[index] = (min(known[0], low), max(known[1], high))
        return tuple(by_day.get(index) for index in range(len(self.days)))


def read_daily(
    ledger: Ledger, sources: Collection[str], window: Window, measured: Collection[Sign] = frozenset()
) -> Daily:
    """Return what the given sources' devices said on each local day of the window.

    A day counts for a sign when at least one message of it was credited: fresh, not retained, not backfilled. The
    readings of the ``measured`` signs are kept too, as exact decimals in the capability's unit.
    """
    days = tuple((window.start + timedelta(days=ago)).isoformat() for ago in range(window.days))
    index_of = {day: index for index, day in enumerate(days)}
    span = (window.start.isoformat(), window.end.isoformat())
    heard: dict[Sign, int] = defaultdict(int)
    # In the table's own order: bits and extremes do not depend on it, and a month of a large community is many rows.
    rows = ledger.connection.execute(
        "SELECT source, device, capability, day FROM device_days WHERE credited > 0 AND day >= ? AND day < ?", span
    )
    for source, device, capability, day in rows:
        if source in sources:
            heard[source, device, capability] |= 1 << index_of[day]
    readings: dict[Sign, dict[int, tuple[Decimal, Decimal]]] = {}
    for sign in sorted(measured):
        if sign in heard:
            readings[sign] = _read_extremes(ledger, sign, span, index_of)
    return Daily(days, dict(heard), readings)


def _read_extremes(
    ledger: Ledger, sign: Sign, span: tuple[str, str], index_of: Mapping[str, int]
) -> dict[int, tuple[Decimal, Decimal]]:
    """Return the lowest and the highest reading of each day; a day may be read by two profiles, old and corrected."""
    found: dict[int, tuple[Decimal, Decimal]] = {}
    rows = ledger.connection.execute(
        "SELECT day, low, high FROM device_days WHERE source = ? AND device = ? AND capability = ? AND credited > 0"
        " AND day >= ? AND day < ? AND low IS NOT NULL AND high IS NOT NULL",
        (*sign, *span),
    )
    for day, low, high in rows:
        known = found.get(index_of[day], (Decimal(low), Decimal(high)))
        found[index_of[day]] = (min(known[0], Decimal(low)), max(known[1], Decimal(high)))
    return found
