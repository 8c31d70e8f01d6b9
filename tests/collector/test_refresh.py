from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import collector.refresh
import evidence.run
from collector.collect import import_files
from collector.house import House
from collector.refresh import (
    RefreshError,
    bundle_run,
    finish_claimed,
    newest_run,
    refresh,
    refresh_due,
    run_folder,
)
from collector.slots import MOST_MISSED
from evidence.run import RunFiles
from evidence.verify import verify_bundle
from tests.fakes.site import METERS, TELEMETRY, Site, at, readings


class PowerCutError(BaseException):
    """Ends a refresh where no handler of errors may catch it."""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site whose register is known and whose meters spoke on 2 November; now it is 3 o'clock on the 3rd."""
    site = Site(tmp_path, port=1)
    site.speak()
    house = site.open()
    import_files(house)
    house.locker.close()
    site.clock.set(at("2026-11-03 03:00"))
    return site


@pytest.fixture
def house(site: Site) -> Iterator[House]:
    house = site.open()
    yield house
    house.locker.close()


@pytest.fixture
def formless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the form of a run empty, where a test is not about it."""
    monkeypatch.setattr(evidence.run, "_fill", lambda *_: {"declaration.docx": b""})


def frozen(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def meters(scorecard: dict[str, Any]) -> tuple[int, int]:
    (row,) = [row for row in scorecard["indicators"] if row["no"] == 10]
    return row["numerator"], row["denominator"]


def test_a_refresh_counts_what_was_stored_and_freezes_the_run(house: House) -> None:
    done = refresh(house, "demo")

    assert (done.community, done.run, meters(done.scorecard)) == ("demo", 1, (METERS, 60))
    files = frozen(house.settings.out / "demo" / "1")
    rows = {f"indicators/{number:02}.json" for number in range(1, 77)}
    forms = {"declaration.docx", "declaration.xlsx", "declaration.csv", "exhibits.pdf"}
    assert set(files) == {"run.json", "scorecard.json", *forms, *rows}
    assert json.loads(files["scorecard.json"]) == done.scorecard
    run = json.loads(files["run.json"])
    # The forms print the digest of run.json, which therefore cannot name theirs.
    assert run["files"] == {
        name: hashlib.sha256(content).hexdigest() for name, content in files.items() if name not in {"run.json", *forms}
    }
    assert run["cutoff_receipt"] == house.locker.last_receipt()


@pytest.mark.usefixtures("formless")
def test_runs_are_numbered_in_the_order_of_their_claims_and_never_changed(site: Site, house: House) -> None:
    first = refresh(house, "demo")
    before = frozen(first.folder)
    site.store(TELEMETRY, readings(1000, METERS, site.clock()))

    second = refresh(house, "demo")

    assert [first.run, second.run, newest_run(house.settings.out, "demo")] == [1, 2, 2]
    assert frozen(first.folder) == before


@pytest.mark.usefixtures("formless")
def test_the_window_is_whole_days_up_to_the_last_local_midnight(site: Site, house: House) -> None:
    site.clock.set(at("2026-11-03 23:59"))

    assert refresh(house, "demo").scorecard["window"] == {
        "from": "2026-10-27T00:00:00+08:00",
        "to": "2026-11-03T00:00:00+08:00",
        "days": 7,
    }


@pytest.mark.usefixtures("formless")
def test_what_is_not_stored_before_the_claim_is_not_in_the_run(site: Site, house: House) -> None:
    site.clock.set(at("2026-11-03 12:00"))
    site.store(TELEMETRY, readings(1, METERS, site.clock()))
    site.clock.set(at("2026-11-04 02:30"))
    counted = refresh(house, "demo")
    before = json.loads((counted.folder / "run.json").read_bytes())

    site.store(TELEMETRY, ['{"WM-060": [{"values": {"volume_m3": 1}}]}'])
    again = bundle_run(house, "demo", counted.run)

    assert json.loads((counted.folder / "run.json").read_bytes()) == before
    assert verify_bundle(again, allow_simulated=True).checks[4].outcome == "passed"


@pytest.mark.parametrize("point", ["compute_run", "write_run"])
def test_a_run_whose_making_was_cut_off_is_finished_as_it_would_have_been(
    tmp_path: Path, site: Site, house: House, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    def cut(*_: object) -> RunFiles:
        raise PowerCutError

    with monkeypatch.context() as patch:
        patch.setattr(collector.refresh, point, cut)
        with pytest.raises(PowerCutError):
            refresh(house, "demo")
    assert newest_run(house.settings.out, "demo") is None
    site.store(TELEMETRY, ['{"WM-060": [{"values": {"volume_m3": 1}}]}'])

    (finished,) = finish_claimed(house)

    undisturbed = Site(tmp_path / "undisturbed", port=1)
    undisturbed.speak()
    other = undisturbed.open()
    import_files(other)
    undisturbed.clock.set(at("2026-11-03 03:00"))
    expected = refresh(other, "demo")
    other.locker.close()
    assert (finished.run, finished.scorecard) == (1, expected.scorecard)
    assert frozen(finished.folder) == frozen(expected.folder)
    assert finish_claimed(house) == []


@pytest.mark.usefixtures("formless")
def test_a_refresh_first_finishes_the_run_before_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(*_: object) -> RunFiles:
        raise PowerCutError

    with monkeypatch.context() as patch:
        patch.setattr(collector.refresh, "write_run", cut)
        with pytest.raises(PowerCutError):
            refresh(house, "demo")

    assert refresh(house, "demo").run == 2

    runs = [json.loads((run_folder(house.settings.out, "demo", run) / "run.json").read_bytes()) for run in (1, 2)]
    assert [run["run"] for run in runs] == [1, 2]


@pytest.mark.usefixtures("formless")
def test_a_half_written_folder_is_no_run(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(_: Path) -> None:
        raise PowerCutError

    with monkeypatch.context() as patch:
        patch.setattr(evidence.run, "_sync", cut)
        with pytest.raises(PowerCutError):
            refresh(house, "demo")
    assert newest_run(house.settings.out, "demo") is None

    (finished,) = finish_claimed(house)

    assert [path.name for path in finished.folder.parent.iterdir()] == ["1"]
    assert len(frozen(finished.folder)) == 76 + len({"run.json", "scorecard.json", "declaration.docx", "exhibits.pdf"})


@pytest.mark.usefixtures("formless")
def test_every_missed_night_gets_its_run_in_the_order_of_the_nights(site: Site, house: House) -> None:
    site.clock.set(at("2026-11-05 02:30"))

    done = refresh_due(house)

    assert [(one.run, one.scorecard["window"]["to"][:10]) for one in done] == [
        (1, "2026-11-03"),
        (2, "2026-11-04"),
        (3, "2026-11-05"),
    ]
    assert refresh_due(house) == []


@pytest.mark.usefixtures("formless")
def test_a_night_is_not_due_before_its_time(site: Site, house: House) -> None:
    refresh_due(house)
    site.clock.set(at("2026-11-04 02:29"))
    assert refresh_due(house) == []

    site.clock.set(at("2026-11-04 02:30"))

    assert [one.run for one in refresh_due(house)] == [2]


@pytest.mark.usefixtures("formless")
def test_a_run_by_hand_does_not_stand_for_the_night(house: House) -> None:
    refresh(house, "demo")

    assert [one.run for one in refresh_due(house)] == [2]


def test_after_a_long_absence_only_the_last_month_of_nights_is_made_up_for(
    site: Site, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    monkeypatch.setattr(collector.refresh, "refresh", lambda *given, **_: made.append(given[2]))
    site.clock.set(at("2027-02-01 03:00"))

    refresh_due(house)

    assert len(made) == MOST_MISSED
    assert made[-1] == "night 2027-02-01"


def test_before_the_first_record_no_night_is_due(tmp_path: Path) -> None:
    fresh = Site(tmp_path / "fresh")
    house = fresh.open()
    fresh.clock.set(at("2026-12-24 03:00"))

    assert refresh_due(house) == []
    house.locker.close()


def test_a_bundle_of_a_run_holds_and_names_what_is_missing(house: House) -> None:
    done = refresh(house, "demo")

    path = bundle_run(house, "demo", 1)

    assert path == done.folder / "evidence.zip"
    assert verify_bundle(path, allow_simulated=True).sound
    assert [one.name for one in done.folder.iterdir() if one.name.startswith(".") or "unfinished" in one.name] == []
    with pytest.raises(RefreshError, match=r"run 7 of demo: there is none in .*; the newest is 1"):
        bundle_run(house, "demo", 7)


@pytest.mark.usefixtures("formless")
def test_a_run_is_not_bundled_with_texts_it_was_not_made_from(house: House) -> None:
    refresh(house, "demo")
    texts = {**house.catalogue.texts, "vocabulary.yaml": house.catalogue.texts["vocabulary.yaml"] + b"\n"}
    changed = replace(house, catalogue=replace(house.catalogue, texts=texts))

    with pytest.raises(RefreshError, match="run 1 was made with other profiles or another rubric"):
        bundle_run(changed, "demo", 1)


def test_without_a_run_there_is_no_newest(tmp_path: Path) -> None:
    assert newest_run(tmp_path, "demo") is None
    (tmp_path / "demo" / ".1.unfinished").mkdir(parents=True)
    assert newest_run(tmp_path, "demo") is None
