"""Every row comes to what the simulator knows by its own arithmetic, whatever the seed and the size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from collector.simulate.community import Community
from collector.simulate.traps import NAMES
from collector.simulate.truth import truth
from tests.fakes.stage import play

ROWS = tuple(range(1, 77))
SIZES = [*((seed, households) for seed in (1, 2, 3, 5, 8) for households in (24, 60)), (1, 300), (5, 300), (7, 1200)]
SMALL = (11, 24)


async def differences(folder: Path, community: Community) -> list[str]:
    """Return every row whose n, m or points are not the truth."""
    stage = await play(folder, community)
    try:
        scorecard = stage.refresh().scorecard
    finally:
        stage.close()
    counted: dict[int, dict[str, Any]] = {row["no"]: row for row in scorecard["indicators"]}
    known = {int(str(row["no"])): row for row in truth(community)}
    assert tuple(known) == tuple(counted) == ROWS
    wrong = []
    for no in ROWS:
        told = (known[no]["numerator"], known[no]["denominator"], known[no]["points"])
        row = counted[no]
        if (row["numerator"], row["denominator"], row["floor"]) != told:
            wrong.append(f"row {no}: truth {told}: {row['sentence']}")
    return wrong


@pytest.mark.parametrize(("seed", "households"), SIZES)
async def test_every_row_is_the_truth(seed: int, households: int, tmp_path: Path) -> None:
    assert not await differences(tmp_path, Community.build(seed, households))


def draw_pairs() -> list[dict[str, str]]:
    """Return sides for all switches such that every two switches meet in all four combinations.

    Each switch has its own number; the communities follow one binary digit of it, or its opposite.
    """
    digits = len(NAMES).bit_length()
    plans = []
    for digit in range(digits):
        for opposite in (0, 1):
            sides = [(number >> digit & 1) ^ opposite for number in range(1, len(NAMES) + 1)]
            plans.append({name: ("edge", "past")[side] for name, side in zip(NAMES, sides, strict=True)})
    return [dict.fromkeys(NAMES, "edge"), dict.fromkeys(NAMES, "past"), *plans]


@pytest.mark.parametrize("traps", draw_pairs())
async def test_every_row_is_the_truth_on_both_sides_of_every_switch(traps: dict[str, str], tmp_path: Path) -> None:
    assert not await differences(tmp_path, Community.build(*SMALL, traps=traps))


def test_every_two_switches_meet_in_all_four_ways() -> None:
    plans = draw_pairs()
    for one in NAMES:
        for other in NAMES:
            met = {(plan[one], plan[other]) for plan in plans}
            assert len(met) == (2 if one == other else 4), (one, other)
