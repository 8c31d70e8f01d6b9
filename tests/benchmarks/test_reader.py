"""The benchmark folds what it says it folds, at a size that takes no time."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.reader import MIXES, fill_locker, fold_once, make_catalogue, measure, read_bare
from collector.demo import SOURCES


@pytest.mark.parametrize("sources", MIXES.values(), ids=MIXES)
def test_a_small_size_gives_every_figure(sources: tuple[str, ...]) -> None:
    told = measure(24, 2, sources)
    assert told["readings"] > told["records"] / 2 > 100
    assert all(value > 0 for value in told.values())


def test_the_same_community_is_stored_and_counted_alike(tmp_path: Path) -> None:
    counted = set()
    for name in ("one", "two"):
        locker = fill_locker(tmp_path / name, 24, 1, SOURCES)
        counted.add((read_bare(locker), fold_once(locker, make_catalogue(), tmp_path)))
        locker.close()
    assert len(counted) == 1
