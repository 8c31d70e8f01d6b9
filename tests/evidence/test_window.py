"""The window is whole local days and ends at the last local midnight."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from evidence.window import Window, window_before

ZONE = ZoneInfo("Asia/Shanghai")


def at(text: str, zone: ZoneInfo = ZONE) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-11-03T12:00:00", "2026-11-03"),
        ("2026-11-03T00:00:00", "2026-11-03"),
        ("2026-11-02T23:59:59.999", "2026-11-02"),
    ],
)
def test_it_ends_at_the_last_local_midnight(now: str, end: str) -> None:
    window = window_before(at(now), 7, ZONE)
    assert (window.end.isoformat(), window.days) == (end, 7)
    assert window.as_ms() == (at(window.start.isoformat()), at(end))


def test_days_are_counted_back_from_its_last_day() -> None:
    window = Window(date(2026, 11, 3), 7, ZONE)
    ago = {day: window.days_before_end(date(2026, 11, day)) for day in (1, 2, 3)}
    assert ago == {1: 1, 2: 0, 3: -1}
    assert window.days_before_end(window.start) == 6


def test_a_day_of_25_hours_is_one_day() -> None:
    zone = ZoneInfo("Europe/Berlin")
    begin, end = Window(date(2026, 10, 26), 1, zone).as_ms()
    assert (end - begin) == 25 * 3_600_000
