"""The demo's days: the evening before, three moments a day, the morning after."""

from __future__ import annotations

from datetime import datetime

import pytest

from collector.simulate.timetable import ZONE, build_steps, iso_local, iso_utc, local_text


def test_a_week_has_its_moments_in_order() -> None:
    steps = build_steps(7)
    shown = [datetime.fromtimestamp(step.clock_ms / 1000, ZONE).strftime("%m-%d %H:%M") for step in steps]
    assert len(steps) == 23
    assert shown[:4] == ["11-01 18:00", "11-02 03:00", "11-02 11:00", "11-02 20:00"]
    assert shown[-2:] == ["11-08 20:00", "11-09 02:30"]
    assert [step.index for step in steps] == list(range(23))
    assert [step.in_window for step in steps] == [False, *[True] * 21, False]


def test_the_day_is_the_local_day() -> None:
    steps = build_steps(1)
    assert [step.day for step in steps] == ["2026-11-01", "2026-11-02", "2026-11-02", "2026-11-02", "2026-11-03"]
    assert steps[0].shown() == {
        "index": 0,
        "clock_ms": 1793527200000,
        "day": "2026-11-01",
        "label": "2026-11-01 18:00 公告",
    }


def test_moments_are_written_in_three_forms() -> None:
    assert iso_utc(1793527200123) == "2026-11-01T10:00:00.123Z"
    assert iso_local(1793527200123) == "2026-11-01T18:00:00+08:00"
    assert local_text(1793527200123) == "2026-11-01 18:00:00.123"


def test_no_day_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1, not 0"):
        build_steps(0)
