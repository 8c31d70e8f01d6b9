from __future__ import annotations

import json
from pathlib import Path

import pytest

from collector.web import pages
from collector.web.pages import (
    PageMissingError,
    make_device,
    make_index,
    make_part,
    make_roster,
    make_row,
    make_runs,
    make_source,
    make_sources,
    make_totals,
)
from collector.web.run_folder import Run, RunFolder
from tests.collector.web.example_parts import HOSTILE, Store
from tests.collector.web.example_run import COMMUNITY, Example, write_run


@pytest.fixture
def run(example: Example) -> Run:
    return RunFolder(example.out, COMMUNITY).open()


def test_the_form_shows_all_rows_in_its_order(run: Run) -> None:
    page = make_index(run, "银川市智慧小区申报表")
    rows = [row for section in page.sections for group in section.groups for row in group.rows]
    assert [row.no for row in rows] == list(range(1, 77))
    assert [section.name for section in page.sections] == ["基础设施", "综合服务", "安全保障", "满意度"]
    water = rows[9]
    assert (water.mark, water.floor.text, water.share.unit) == ("√", "1.60", "户")
    assert water.ceiling is not None
    assert water.ceiling.text == "1.73"
    assert water.share.n is not None
    assert water.share.n.href == "/rows/10/parts/metered/counted"
    assert (rows[0].mark, rows[0].met) == ("О", None)
    assert (rows[1].mark, rows[1].met) == ("О", False)
    assert rows[6].ceiling is None


def test_the_totals_add_up_and_say_so(run: Run, example: Example) -> None:
    assert all(one.agrees for one in make_totals(run).sums)
    path = example.folder / "scorecard.json"
    card = json.loads(path.read_bytes())
    card["totals"]["base"] = "117.61"
    path.write_text(json.dumps(card), encoding="utf-8")
    assert [one.name for one in make_totals(run).sums if not one.agrees] == ["base"]


def test_a_row_without_anything_received_says_so(run: Run) -> None:
    assert make_row(run, 8).empty
    assert make_row(run, 1).empty
    assert make_row(run, 1).parts[0].empty
    assert not make_row(run, 74).empty
    assert [part.empty for part in make_row(run, 74).parts] == [False, True]


def test_a_row_knows_its_neighbours(run: Run) -> None:
    assert (make_row(run, 1).previous, make_row(run, 1).following) == (None, "/rows/2")
    assert (make_row(run, 76).previous, make_row(run, 76).following) == ("/rows/75", None)


def test_a_roster_is_paged_and_complete(run: Run) -> None:
    first = make_roster(run, 10, "metered", "all")
    second = make_roster(run, 10, "metered", "all", page=2)
    assert len(first.entries) == pages.LINES_PER_PAGE
    assert len({entry.place for entry in (*first.entries, *second.entries)}) == first.pager.total == 30
    assert first.pager.following == "/rows/10/parts/metered/all?page=2"
    assert second.pager.following is None
    assert {entry.roster for entry in second.entries} == {"counted", "missing", "excluded", "unknown"}


@pytest.mark.parametrize(("rung", "places"), [("heard", 26), ("reporting", 24), ("plausible", 24)])
def test_a_rung_opens_the_places_that_reach_it(run: Run, rung: str, places: int) -> None:
    page = make_roster(run, 10, "metered", "all", rung=rung)
    stated = {one.name: one.figure.text for one in page.part.rungs}
    assert page.pager.total == places == int(stated[rung])


def test_a_rung_may_stand_as_its_number_on_the_ladder(run: Run, example: Example) -> None:
    path = example.folder / "indicators" / "10.json"
    row = json.loads(path.read_bytes())
    for entry in row["parts"][0]["rosters"]["unknown"]:
        entry["shown"][0]["rung"] = 4
    path.write_text(json.dumps(row), encoding="utf-8")
    assert make_roster(run, 10, "metered", "all", rung="reporting").pager.total == 26


def test_a_device_shows_every_record_of_it(run: Run) -> None:
    (use,) = make_device(run, "thingsboard", "WM-000005").uses
    assert use.shown is not None
    assert len(use.shown.records) == 10
    assert make_device(run, "thingsboard", HOSTILE).uses[0].place == "1号楼1单元104"
    (lost,) = make_device(run, "thingsboard", "WM-999").uses
    assert lost.unplaced is not None
    assert lost.unplaced.href.startswith("/records/")


def test_a_source_lists_the_records_the_run_rests_on(run: Run, example: Example) -> None:
    lines = make_sources(run, example.status).lines
    assert [line.source for line in lines] == ["thingsboard", "acme"]
    assert dict(lines[0].facts)["last_seen"] == "2026-11-03 08:00:00.123+08:00"
    page = make_source(run, example.status, "thingsboard")
    assert page.pager.total == 24 + 9 + 2 + 1
    assert make_source(run, example.status, "acme").empty


def test_a_source_lists_its_gaps_in_the_window_with_their_records(run: Run, example: Example) -> None:
    (gap,) = make_source(run, example.status, "thingsboard").gaps
    assert (gap.since, gap.until) == ("2026-11-02 14:13:20.000+08:00", "2026-11-02 14:14:20.000+08:00")
    assert gap.cause == "broker_restarted"
    assert gap.record.href == f"/records/{gap.record.text[1:]}"
    assert make_source(run, example.status, "acme").gaps == ()


def test_the_runs_stand_newest_first(tmp_path: Path) -> None:
    for number in (1, 2):
        write_run(tmp_path, Store(), number, environment="production")
    runs = RunFolder(tmp_path, COMMUNITY)
    page = make_runs(runs, runs.open(1))
    assert [line.run for line in page.runs] == [2, 1]
    assert page.runs[1].floor.href == "/?run=1"
    assert (page.head.run, page.head.newest, page.head.simulated) == (1, 2, False)


def test_what_is_not_there_is_named(run: Run, example: Example) -> None:
    asked = {
        "row": lambda: make_row(run, 77),
        "part": lambda: make_part(run, 10, "nothing"),
        "roster": lambda: make_roster(run, 10, "metered", "lost"),
        "rung": lambda: make_roster(run, 10, "metered", "all", rung="top"),
        "page": lambda: make_roster(run, 10, "metered", "all", page=3),
        "device": lambda: make_device(run, "thingsboard", "nobody"),
        "source": lambda: make_source(run, example.status, "nobody"),
    }
    for what, ask in asked.items():
        with pytest.raises(PageMissingError) as told:
            ask()
        assert told.value.what == what
