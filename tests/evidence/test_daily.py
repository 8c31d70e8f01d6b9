"""The series of an exhibit: what was credited on each local day of a window, and nothing else."""

from __future__ import annotations

from decimal import Decimal

from evidence.daily import Daily, read_daily
from evidence.window import window_before
from tests.fakes.hamlet import DAY_MS, HOUR_MS, Hamlet

THINGSBOARD = frozenset({"thingsboard"})
WATER = ("thingsboard", "WM-1", "water_volume")


def daily(hamlet: Hamlet, *, days: int = 3, sources: frozenset[str] = THINGSBOARD, measured: bool = True) -> Daily:
    ledger = hamlet.fold()
    window = window_before(hamlet.clock(), days, hamlet.house.settings.zone)
    return read_daily(ledger, sources, window, {WATER} if measured else frozenset())


def test_the_days_are_the_windows_local_days_oldest_first(hamlet: Hamlet) -> None:
    assert daily(hamlet).days == ("2026-10-31", "2026-11-01", "2026-11-02")


def test_a_day_with_a_fresh_message_is_heard_and_a_silent_one_is_not(hamlet: Hamlet) -> None:
    hamlet.meter("WM-1")
    hamlet.later(2 * DAY_MS)
    hamlet.meter("WM-1")
    hamlet.later()
    assert daily(hamlet).count_places([[[WATER]]]) == (1, 0, 1)


def test_what_came_before_and_after_the_window_is_left_out(hamlet: Hamlet) -> None:
    hamlet.meter("WM-1")
    hamlet.later(4 * DAY_MS)
    hamlet.meter("WM-1")
    assert daily(hamlet).heard == {}


def test_retained_and_backfilled_messages_are_no_sign_of_life(hamlet: Hamlet) -> None:
    hamlet.meter("WM-1", retained=True)
    hamlet.meter("WM-1", lag_ms=25 * HOUR_MS)
    hamlet.later()
    assert daily(hamlet).heard == {}


def test_another_communitys_source_is_left_out(hamlet: Hamlet) -> None:
    hamlet.meter("WM-1")
    hamlet.later()
    assert daily(hamlet, sources=frozenset({"alink"})).heard == {}


def test_readings_are_exact_and_kept_for_measured_signs_only(hamlet: Hamlet) -> None:
    hamlet.meter("WM-1", 418.327)
    hamlet.meter("WM-1", 418.4)
    hamlet.later()
    assert daily(hamlet).band([WATER]) == (None, None, (Decimal("418.327"), Decimal("418.4")))
    assert daily(hamlet, measured=False).readings == {}


def test_a_band_spans_all_its_signs() -> None:
    one, two = ("s", "a", "ph"), ("s", "b", "ph")
    readings = {one: {0: (Decimal(7), Decimal(8))}, two: {0: (Decimal("6.9"), Decimal("7.5"))}}
    assert Daily(("2026-11-02",), {}, readings).band([one, two]) == ((Decimal("6.9"), Decimal(8)),)


def test_a_place_counts_on_days_when_any_device_shows_each_thing_it_needs() -> None:
    switch, socket, other = ("s", "a", "switch_on"), ("s", "b", "socket_on"), ("t", "c", "socket_on")
    heard = {switch: 0b111, socket: 0b001, other: 0b100}
    days = Daily(("2026-11-01", "2026-11-02", "2026-11-03"), heard)
    assert days.count_places([[[switch], [socket, other]], [[socket]]]) == (2, 0, 1)


def test_a_place_without_devices_counts_on_no_day() -> None:
    assert Daily(("2026-11-02",), {("s", "a", "ph"): 1}).count_places([[], [[]]]) == (0,)
