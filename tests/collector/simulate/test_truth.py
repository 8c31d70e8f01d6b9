"""The truth is what the published bytes show, and it is laid out as promised."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from collector.simulate.acts import acts
from collector.simulate.community import Community
from collector.simulate.hub_lists import hub_rows
from collector.simulate.traffic import messages
from collector.simulate.truth import truth, two_decimals, write_truth
from tests.collector.simulate.recount_rows import recount

POINTS = {
    **dict.fromkeys((1, 2, 3, 13, 14, 18, 19, 26, 27, 29, 32, 34, 51, 54), 8),
    **dict.fromkeys((58, 59, 71, 74, 75), 10),
    **dict.fromkeys((5, 60, 61, 62, 63, 64, 65, 72), 6),
    **dict.fromkeys((20, 21), 5),
    **dict.fromkeys((7, 30, 31, 35, 36), 4),
    **dict.fromkeys((15, 17), 3),
    **dict.fromkeys((12, 50, 70, 73), 1),
    76: 100,
}


def recounted(community: Community) -> dict[int, tuple[int | None, int | None, str]]:
    published = [(step, messages(community, step.index)) for step in community.steps]
    return recount(published, hub_rows(community), acts(community))


@pytest.mark.parametrize("days", [1, 7])
@pytest.mark.parametrize("households", [24, 25, 60, 137, 300])
@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5, 6])
def test_truth_is_what_the_bytes_show(seed: int, households: int, days: int) -> None:
    community = Community.build(seed, households, days=days)
    told = {row["no"]: (row["numerator"], row["denominator"], row["points"]) for row in truth(community)}
    assert told == recounted(community)


def test_truth_is_what_the_bytes_show_in_the_default_size() -> None:
    community = Community.build(1, 1200)
    told = {row["no"]: (row["numerator"], row["denominator"], row["points"]) for row in truth(community)}
    assert told == recounted(community)


def test_every_row_is_told_and_stays_within_its_points() -> None:
    rows = truth(Community.build(3, 60))
    assert [row["no"] for row in rows] == list(range(1, 77))
    for row in rows:
        assert 0 <= float(str(row["points"])) <= POINTS.get(int(str(row["no"])), 2)


def test_file_holds_seed_households_and_rows(tmp_path: Path) -> None:
    community = Community.build(3, 60)
    write_truth(tmp_path / "deep" / "truth.json", community)
    body = json.loads((tmp_path / "deep" / "truth.json").read_text(encoding="utf-8"))
    assert (body["seed"], body["households"], body["rows"]) == (3, 60, truth(community))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(1138, 1200) * 2, "1.90"),
        (Fraction(5, 1000), "0.01"),
        (Fraction(4999, 1_000_000), "0.00"),
        (Fraction(1005, 1000), "1.01"),
        (Fraction(100), "100.00"),
    ],
)
def test_points_are_rounded_half_up(value: Fraction, text: str) -> None:
    assert two_decimals(value) == text
