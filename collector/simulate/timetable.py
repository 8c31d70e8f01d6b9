"""The days of the simulated community: when something is published, in which local day, in or out of the window."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
FIRST_DAY = date(2026, 11, 2)
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
_EVENING_BEFORE = time(18, 0)
_HOURS = ((time(3, 0), "夜间"), (time(11, 0), "上午"), (time(20, 0), "晚间"))
MOMENTS = len(_HOURS)
"""How often a day something is published; the steps of a day follow each other."""
_MORNING_AFTER = time(2, 30)


@dataclass(frozen=True, slots=True)
class Step:
    """One moment of publishing: ``clock_ms`` is UTC milliseconds, ``day`` the local day (ISO)."""

    index: int
    clock_ms: int
    day: str
    label: str
    in_window: bool

    def shown(self) -> dict[str, object]:
        """Return the step as the process prints it: index, clock_ms, day, label."""
        return {"index": self.index, "clock_ms": self.clock_ms, "day": self.day, "label": self.label}


def build_steps(days: int) -> tuple[Step, ...]:
    """Return the evening before, three moments in each of ``days`` whole local days, and the morning after.

    Raises ValueError if ``days`` is below 1.
    """
    if days < 1:
        raise ValueError(f"days must be at least 1, not {days}: give --days 7")
    moments = [(FIRST_DAY - timedelta(days=1), _EVENING_BEFORE, "公告", False)]
    for offset in range(days):
        moments += [(FIRST_DAY + timedelta(days=offset), hour, label, True) for hour, label in _HOURS]
    moments.append((FIRST_DAY + timedelta(days=days), _MORNING_AFTER, "次日凌晨", False))
    return tuple(
        Step(index, _clock_ms(day, hour), day.isoformat(), f"{day.isoformat()} {hour:%H:%M} {label}", in_window)
        for index, (day, hour, label, in_window) in enumerate(moments)
    )


def iso_utc(clock_ms: int) -> str:
    """Return a moment as ISO text in UTC with milliseconds and Z."""
    return f"{datetime.fromtimestamp(clock_ms // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{clock_ms % 1000:03d}Z"


def iso_local(clock_ms: int) -> str:
    """Return a moment as ISO text in local time with its offset, to the second."""
    return datetime.fromtimestamp(clock_ms // 1000, ZONE).isoformat()


def local_text(clock_ms: int) -> str:
    """Return a moment as local text without a zone, as platforms write it beside the UTC one."""
    return f"{datetime.fromtimestamp(clock_ms // 1000, ZONE):%Y-%m-%d %H:%M:%S}.{clock_ms % 1000:03d}"


def _clock_ms(day: date, hour: time) -> int:
    return int(datetime.combine(day, hour, ZONE).timestamp()) * 1000
