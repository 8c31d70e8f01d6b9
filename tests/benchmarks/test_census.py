"""The benchmark counts what it says it counts, at a size that takes no time."""

from __future__ import annotations

from benchmarks.census import DAYS, measure


def test_a_small_size_gives_every_figure() -> None:
    told = measure(100)
    assert (told["devices"], told["device_days"]) == (400, 400 * DAYS)
    assert all(value > 0 for value in told.values())
