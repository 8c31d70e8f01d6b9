"""The window of a run: N whole local days, ending at a local midnight."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Window:
    """N whole local days of the community's zone, ending at the local midnight that begins ``end``."""

    end: date
    days: int
    zone: ZoneInfo

    @property
    def start(self) -> date:
        """Return the first day inside."""
        return self.end - timedelta(days=self.days)

    def as_ms(self) -> tuple[int, int]:
        """Return begin and end as UTC milliseconds."""
        return tuple(  # type: ignore[return-value]
            int(datetime(day.year, day.month, day.day, tzinfo=self.zone).timestamp() * 1000)
            for day in (self.start, self.end)
        )

    def days_before_end(self, day: date) -> int:
        """Return 0 for the last day inside, 1 for the one before; negative for days after the window."""
        return (self.end - day).days - 1


def window_before(now: int, days: int, zone: ZoneInfo) -> Window:
    """Return the window ending at the last local midnight before ``now`` (UTC milliseconds)."""
    return Window(datetime.fromtimestamp(now / 1000, zone).date(), days, zone)
