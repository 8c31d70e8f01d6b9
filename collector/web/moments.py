"""Moments as the community's clock shows them."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from collector.web.run_folder import Run


def run_zone(run: Run) -> tzinfo:
    """Return the zone of the run's window, UTC when run.json names none that is known."""
    name = str((run.manifest.get("window") or {}).get("zone") or "")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def view_moment(run: Run, moment: object) -> str:
    """Return UTC milliseconds as local date and time with its offset; any other value as it stands."""
    if not isinstance(moment, int):
        return str(moment)
    try:
        return datetime.fromtimestamp(moment / 1000, run_zone(run)).isoformat(sep=" ", timespec="milliseconds")
    except (OverflowError, OSError, ValueError):
        return str(moment)
