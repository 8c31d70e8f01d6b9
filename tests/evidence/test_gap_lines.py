"""A gap is said in one line, with local times, its cause in words and its record."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from connectors.record import GapCause
from evidence.gap_lines import CAUSES, say_gap, say_gaps
from scoring.model import Gap

ZONE = ZoneInfo("Asia/Shanghai")
NOON = 1_793_678_400_000  # 2026-11-03 12:00 in the zone


@pytest.mark.parametrize("cause", list(GapCause))
def test_every_cause_has_its_words(cause: GapCause) -> None:
    line = say_gap(Gap("water", NOON, NOON + 61_000, cause.value, 7), ZONE)
    assert line == f"water 2026-11-03 12:00:00 至 2026-11-03 12:01:01：{CAUSES[cause]}（记录 7）"


def test_a_cause_of_another_version_is_said_as_it_stands() -> None:
    assert "：offline（记录 7）" in say_gap(Gap("water", NOON, NOON, "offline", 7), ZONE)


def test_the_newest_gaps_come_first_and_the_others_are_counted() -> None:
    gaps = [Gap("water", NOON, NOON, "no_room", receipt) for receipt in range(1, 9)]
    lines = say_gaps(gaps, ZONE).splitlines()
    assert ("记录 8" in lines[0], len(lines), lines[-1]) == (True, 7, "……共8次，均列于 run.json")
    assert say_gaps([], ZONE) == ""
    assert len(say_gaps(gaps[:6], ZONE).splitlines()) == 6
