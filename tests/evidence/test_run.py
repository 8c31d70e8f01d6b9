"""A run is claimed once, is a pure function of what lies before its claim, and is written whole or not at all."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collector.refresh import finish_claimed
from connectors.record import Arrival, Kind
from evidence import run as run_module
from evidence.form import read_form
from evidence.ledger import Ledger
from evidence.locker import SYSTEM_SOURCE
from evidence.replay import fold_all, replay_run
from evidence.run import RunError, RunFiles, compute_run, read_claim, write_run
from scoring.score import METHOD
from tests.fakes.hamlet import Hamlet
from tests.fakes.night import Night

HOME = "3号楼2单元1201"


def filled(folder: Path) -> Hamlet:
    """Return a hamlet with a register and one meter, on the day after."""
    folder.mkdir()
    hamlet = Hamlet(folder)
    hamlet.register()
    hamlet.meter("WM-1", at=HOME)
    hamlet.later()
    return hamlet


def computed(hamlet: Hamlet, cutoff: int) -> RunFiles:
    house = hamlet.house
    return replay_run(house.locker, house.catalogue, house.settings.zone, cutoff)


@pytest.fixture(scope="module")
def finished(night: Night) -> RunFiles:
    """Return the night's run computed anew."""
    house = night.stage.house
    return replay_run(house.locker, house.catalogue, house.settings.zone, night.claim.cutoff)


# ---------------------------------------------------------------- the claim


def test_runs_are_numbered_by_their_claims(hamlet: Hamlet) -> None:
    assert [hamlet.claim().run for _ in range(3)] == [1, 2, 3]


def test_a_number_is_never_given_twice_even_when_the_run_was_not_written(hamlet: Hamlet) -> None:
    hamlet.claim()
    assert not hamlet.house.settings.out.exists()
    assert hamlet.claim().run == 2


def test_the_claim_is_the_cut_off_and_stands_right_behind_the_close_of_everything(hamlet: Hamlet) -> None:
    hamlet.meter("WM-1")
    claim = hamlet.claim()
    record, close = (hamlet.house.locker.get(claim.cutoff - ago) for ago in (0, 1))
    assert (record.kind, record.source, record.topic) == (Kind.RUN, SYSTEM_SOURCE, "demo/1")
    assert (close.kind, [part["source"] for part in json.loads(close.payload)]) == (Kind.CLOSE, ["thingsboard"])


def test_the_claim_names_everything_the_result_depends_on(hamlet: Hamlet) -> None:
    claim = hamlet.claim(days=3)
    body = json.loads(hamlet.house.locker.get(claim.cutoff).payload)
    assert body["window"] == {"end": "2026-11-03", "days": 3, "zone": "Asia/Shanghai"}
    assert (body["environment"], body["format"], body["method"], body["slot"]) == ("simulated", 1, METHOD, "by hand")
    assert body["catalogue"] == dict(hamlet.house.catalogue.digests)
    assert {"vocabulary.yaml", "rubric.yaml", "form.yaml", "sources.json"} < set(body["catalogue"])
    assert (claim.as_of, claim.window.days) == ("2026-11-03T12:00:00+08:00", 3)


@pytest.mark.parametrize("change", [{"format": 2}, {"method": 99}])
def test_a_run_of_another_method_is_not_counted_with_ours(night: Night, change: dict[str, int]) -> None:
    record = night.records[night.claim.cutoff]
    other = json.dumps({**json.loads(record.payload), **change}).encode()
    with pytest.raises(
        RunError, match=r"run 1 was made with format \d, method \d+; this program has format 1, method 2"
    ):
        read_claim(replace(record, payload=other))


# ---------------------------------------------------------------- a pure function


def test_a_ledger_that_stands_elsewhere_is_refused(night: Night) -> None:
    ledger = Ledger(None, night.catalogue.reading_digest)
    records = list(night.records.values())
    fold_all(ledger, night.catalogue, night.claim.window.zone, records[:-1], dict(night.records).__getitem__)
    with pytest.raises(
        RunError, match=rf"the ledger stands at {records[-2].receipt}, run 1 needs {records[-1].receipt}"
    ):
        compute_run(ledger, night.catalogue, night.claim)


def test_another_text_of_the_catalogue_is_refused_by_name(night: Night) -> None:
    texts = {**night.catalogue.texts, "rubric.yaml": night.catalogue.texts["rubric.yaml"] + b"\n"}
    house = night.stage.house
    with pytest.raises(RunError, match=r"run 1 was claimed with another rubric\.yaml; put the old text back"):
        replay_run(house.locker, replace(night.catalogue, texts=texts), house.settings.zone, night.claim.cutoff)


def test_the_same_records_give_the_same_bytes_in_another_house(tmp_path: Path) -> None:
    one, other = filled(tmp_path / "one"), filled(tmp_path / "other")
    assert computed(one, one.claim().cutoff).files == computed(other, other.claim().cutoff).files


def test_late_data_and_later_acts_change_later_runs_only(hamlet: Hamlet) -> None:
    hamlet.register()
    hamlet.meter("WM-1", at=HOME)
    hamlet.later()
    claim = hamlet.claim()
    before = computed(hamlet, claim.cutoff)
    hamlet.meter("WM-2", at="3-2-1202")
    hamlet.act([{"act": "not_applicable", "row": 10, "part": "metered", "by": "a", "date": "2026-11-01"}])
    hamlet.accept(hamlet.register(household="楼栋,单元,房号\n3,2,1201\n", totals="项目,数值\n总户数,1\n"))
    assert computed(hamlet, claim.cutoff).files == before.files
    later = computed(hamlet, hamlet.claim().cutoff).scorecard["indicators"][9]
    assert (before.scorecard["indicators"][9]["denominator"], later["status"]) == (3, "not_applicable")


def test_a_run_claimed_before_a_crash_is_finished_afterwards_with_identical_bytes(tmp_path: Path) -> None:
    crashed, spared = filled(tmp_path / "crashed"), filled(tmp_path / "spared")
    crashed.claim()
    crashed.meter("WM-2", at="3-2-1202")
    crashed.later()
    (finished,) = finish_claimed(crashed.house)
    wanted = computed(spared, spared.claim().cutoff)
    assert finished.run == 1
    assert {path.name for path in finished.folder.iterdir()} == {
        "run.json",
        "scorecard.json",
        "declaration.docx",
        "declaration.xlsx",
        "declaration.csv",
        "exhibits.pdf",
        "indicators",
    }
    for name, content in wanted.files.items():
        assert (finished.folder / name).read_bytes() == content, name
    assert finish_claimed(crashed.house) == []


# ---------------------------------------------------------------- what is frozen


def test_run_json_names_every_file_and_every_partition(night: Night, finished: RunFiles) -> None:
    body = json.loads(finished.files["run.json"])
    assert (body["community"], body["run"], body["environment"]) == ("demo", 1, "simulated")
    assert body["cutoff_receipt"] == night.claim.cutoff == max(night.records)
    assert len(body["files"]) == 77
    for name, digest in body["files"].items():
        assert hashlib.sha256(finished.files[name]).hexdigest() == digest
    counts: dict[tuple[str, str], int] = {}
    for record in night.records.values():
        counts[record.source, record.day] = record.sequence
    assert {(part["source"], part["day"]): part["count"] for part in body["partitions"]} == counts
    assert body["broken"] == {}


def test_run_json_and_the_exhibits_name_the_gaps_within_the_window_and_a_rebuild_is_equal(hamlet: Hamlet) -> None:
    hamlet.register()
    hamlet.meter("WM-1", at=HOME)
    since = hamlet.clock()
    gap = hamlet.gap("thingsboard", since, since + 60_000)
    hamlet.later()
    claim = hamlet.claim()
    first, again = computed(hamlet, claim.cutoff), computed(hamlet, claim.cutoff)
    assert json.loads(first.files["run.json"])["gaps"] == [
        {
            "source": "thingsboard",
            "from_ms": since,
            "to_ms": since + 60_000,
            "cause": "session_lost",
            "receipt": gap,
        }
    ]
    assert first.files == again.files
    assert first.scorecard["indicators"][9]["numerator"] == 1
    assert hamlet.fold().dump_digest() == hamlet.fold().dump_digest()


def test_the_scorecard_has_the_shape_other_programs_rely_on(finished: RunFiles) -> None:
    card = json.loads(finished.files["scorecard.json"])
    assert set(card) >= {"community", "as_of", "window", "run", "environment", "totals", "prerequisites", "indicators"}
    assert set(card["totals"]) == {"floor", "ceiling", "attested", "base", "bonus"}
    keys = {"no", "id", "level1", "level2", "type", "points", "floor", "ceiling", "met", "numerator", "denominator"}
    keys |= {"unit", "origin", "status", "parts", "sentence", "override"}
    assert [set(row) for row in card["indicators"]] == [keys] * 76
    assert all(isinstance(row[key], str) for row in card["indicators"] for key in ("points", "floor", "ceiling"))
    assert {row["met"] for row in card["indicators"]} <= {True, False, None}


def test_every_receipt_of_a_roster_is_a_record_and_every_pointer_stands_beside_one(
    night: Night, finished: RunFiles
) -> None:
    seen = 0
    for name, content in finished.files.items():
        if name.startswith("indicators/"):
            for part in json.loads(content)["parts"]:
                seen += check_leads(night, part)
    assert seen > 300


def check_leads(night: Night, part: dict[str, Any]) -> int:
    """Check the leads of one part and return how many there were."""
    receipts = [value["receipt"] for value in part["values"]] + [one["receipt"] for one in part["documents"]]
    for entry in (entry for roster in part["rosters"].values() for entry in roster):
        receipts += [entry["register"]["receipt"]] if entry["register"] else []
        for shown in entry["shown"]:
            assert len(shown["receipts"]) == len(shown["pointers"]) >= 1
            receipts += shown["receipts"]
    assert set(receipts) <= set(night.records)
    return len(receipts)


def test_numerators_are_the_lengths_of_their_rosters(finished: RunFiles) -> None:
    for no in (1, 2, 7, 10, 18, 22, 29, 34, 61, 67, 69):
        for part in json.loads(finished.files[f"indicators/{no:02}.json"])["parts"]:
            if part["measure"]["kind"] in {"places", "ways_of_entry", "inventory"}:
                assert part["numerator"] == len(part["rosters"]["counted"]), (no, part["id"])


def test_the_form_prints_the_digest_of_run_json(finished: RunFiles) -> None:
    form = finished.files["declaration.docx"]
    digest = hashlib.sha256(finished.files["run.json"]).hexdigest()
    assert run_module.compare_form(finished.scorecard, form, run_sha256=digest) == []
    assert run_module.compare_form(finished.scorecard, form, run_sha256="0" * 64)
    assert [row.score for row in read_form(form)] == [row["floor"] for row in finished.scorecard["indicators"]]


def test_a_form_that_would_not_say_what_the_scorecard_says_stops_the_run(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "compare_form", lambda *_, **__: ["row 1, score: the form says '9'"])
    house = night.stage.house
    with pytest.raises(RunError, match="run 1: the form does not say what the scorecard says: row 1, score"):
        replay_run(house.locker, house.catalogue, house.settings.zone, night.claim.cutoff)


# ---------------------------------------------------------------- the folder


def test_the_folder_is_written_whole_or_not_at_all(
    finished: RunFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Path] = []

    def fail_half_way(path: Path) -> None:
        written.append(path)
        if len(written) == 40:
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(run_module, "_sync", fail_half_way)
        with pytest.raises(OSError, match="No space left"):
            write_run(finished, tmp_path)
    assert not (tmp_path / "demo" / "1").exists()
    folder = write_run(finished, tmp_path)
    assert folder == tmp_path / "demo" / "1"
    assert {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    } == dict(finished.files)
    assert list(folder.parent.iterdir()) == [folder]


def test_the_folder_appears_at_once_when_everything_is_on_the_disk(
    finished: RunFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []

    def stop(path: Path, target: Path) -> None:
        assert {one.name for one in synced} == {Path(name).name for name in finished.files}
        raise KeyboardInterrupt(f"{path} -> {target}")

    with monkeypatch.context() as patched:
        patched.setattr(run_module, "_sync", synced.append)
        patched.setattr(Path, "rename", stop)
        with pytest.raises(KeyboardInterrupt, match=r"\.1\.unfinished -> .*demo.1$"):
            write_run(finished, tmp_path)
    assert not (tmp_path / "demo" / "1").exists()


def test_a_folder_that_is_there_is_left_as_it_is(finished: RunFiles, tmp_path: Path) -> None:
    folder = write_run(finished, tmp_path)
    (folder / "scorecard.json").write_bytes(b"as it was")
    assert write_run(finished, tmp_path) == folder
    assert (folder / "scorecard.json").read_bytes() == b"as it was"


def test_a_claim_by_another_hand_is_found_by_its_topic(hamlet: Hamlet) -> None:
    claim = hamlet.claim()
    hamlet.house.locker.append([Arrival("acme", Kind.MESSAGE, hamlet.clock(), "demo/1", b"{}")])
    assert computed(hamlet, claim.cutoff).claim.cutoff == claim.cutoff
