from __future__ import annotations

import json
from dataclasses import replace

import pytest

from collector.web.record_page import PLACES_SHOWN, make_record
from collector.web.run_folder import Run, RunFolder
from connectors.record import Record
from tests.collector.web.example_run import COMMUNITY, Example


@pytest.fixture
def run(example: Example) -> Run:
    return RunFolder(example.out, COMMUNITY).open()


def first_meter(run: Run) -> int:
    return int(run.indicator(10)["parts"][0]["rosters"]["counted"][0]["shown"][0]["receipts"][0])


def test_a_record_as_it_was_stored_is_unchanged(run: Run, example: Example) -> None:
    record = example.store.records[first_meter(run)]
    page = make_record(run, record, example.store.leaves[record.receipt])
    assert page.unchanged is True
    assert page.leaf_stored == page.leaf_recomputed


@pytest.mark.parametrize(
    "changed",
    [
        {"payload": b"{}"},
        {"topic": "v1/other"},
        {"received_at": 1},
        {"source": "other"},
        {"flags": 1},
        {"sequence": 99},
        {"day": "2026-11-04"},
    ],
)
def test_a_record_changed_in_any_way_is_seen(run: Run, example: Example, changed: dict[str, object]) -> None:
    record = example.store.records[first_meter(run)]
    forged: Record = replace(record, **changed)  # type: ignore[arg-type]
    assert make_record(run, forged, example.store.leaves[record.receipt]).unchanged is False


def test_without_a_stored_leaf_nothing_counts_as_checked(run: Run, example: Example) -> None:
    assert make_record(run, example.store.records[first_meter(run)], None).unchanged is None


def test_a_document_must_have_the_digest_that_the_run_states(run: Run, example: Example) -> None:
    receipt = int(run.indicator(74)["parts"][0]["documents"][0]["receipt"])
    record = example.store.records[receipt]
    assert make_record(run, record, record.leaf).unchanged is True
    swapped = replace(record, payload=b"another document")
    assert make_record(run, swapped, swapped.leaf).unchanged is False


def test_the_pointed_value_is_marked_and_its_use_stands_first(run: Run, example: Example) -> None:
    receipt = int(run.indicator(10)["parts"][0]["rosters"]["missing"][0]["register"]["receipt"])
    record = example.store.records[receipt]
    page = make_record(run, record, record.leaf, "/data/list/4")
    assert page.payload.mark.startswith('{"code": "h24"')
    assert page.uses[0].at_pointer
    assert page.uses[0].roster == "missing"
    assert not page.uses[1].at_pointer


def test_of_many_places_the_first_are_named_and_all_are_counted(run: Run, example: Example) -> None:
    receipt = int(run.indicator(10)["parts"][0]["rosters"]["counted"][0]["register"]["receipt"])
    (group,) = make_record(run, example.store.records[receipt], None).uses
    assert group.count.text == "20"
    assert len(group.places) == PLACES_SHOWN
    assert group.places[0].label == "1号楼1单元101"
    assert group.row_href == "/rows/10"


def test_the_device_is_that_of_the_pointed_value(run: Run, example: Example) -> None:
    record = example.store.records[first_meter(run)]
    pointer = "/WM-000000/0/values/volume_m3"
    assert make_record(run, record, None, pointer).device_href == "/device?source=thingsboard&device=WM-000000"
    path = example.folder / "indicators" / "10.json"
    row = json.loads(path.read_bytes())
    row["parts"][0]["rosters"]["counted"][1]["shown"][0]["receipts"] = [record.receipt]
    path.write_text(json.dumps(row), encoding="utf-8")
    assert make_record(run, record, None).device_href == ""
    assert make_record(run, record, None, pointer).device_href.endswith("WM-000000")
