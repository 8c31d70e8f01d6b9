"""A replay is the same run again, from nothing but the records before its claim."""

from __future__ import annotations

import pytest

from evidence.replay import replay_records, replay_run
from evidence.run import RunError
from tests.fakes.night import Night


def test_a_replay_from_the_locker_gives_the_same_bytes(night: Night) -> None:
    house = night.stage.house
    again = replay_run(house.locker, house.catalogue, house.settings.zone, night.claim.cutoff)
    assert len(again.files) == 82
    for name, content in again.files.items():
        assert (night.done.folder / name).read_bytes() == content, name


def test_a_replay_from_records_gives_the_same_bytes_and_needs_nothing_after_the_cut_off(night: Night) -> None:
    later = {night.claim.cutoff + 1: next(iter(night.records.values()))}
    again = replay_records({**night.records, **later}, night.catalogue, "demo", 1)
    assert again.files["scorecard.json"] == (night.done.folder / "scorecard.json").read_bytes()
    assert again.files["declaration.docx"] == (night.done.folder / "declaration.docx").read_bytes()


@pytest.mark.parametrize(("community", "run"), [("demo", 2), ("other", 1)])
def test_a_run_whose_claim_is_not_there_is_refused(night: Night, community: str, run: int) -> None:
    with pytest.raises(RunError, match=f"no claim of run {run} of {community}; the bundle is not whole"):
        replay_records(dict(night.records), night.catalogue, community, run)
