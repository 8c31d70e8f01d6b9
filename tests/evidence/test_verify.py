"""A bundle that was altered fails, whoever repaired what, and the message names what no longer fits."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import bagit
import pytest
from docx import Document

from connectors.record import Kind, Record
from evidence.bundle import frame_record, open_zip, read_records, write_zip
from evidence.locker import EMPTY_CHAIN, chain_leaf
from evidence.report import write_json
from evidence.verify import Check, Outcome, Verdict, verify_bundle
from tests.fakes.night import Night

Alter = Callable[[Path], None]


def altered(night: Night, folder: Path, alter: Alter, *, repair: bool = True) -> Verdict:
    """Return the verdict on the night's bundle after a change, its manifests repaired unless the test says no."""
    bag = folder / "bag"
    open_zip(night.bundle, bag)
    alter(bag / "data")
    if repair:
        bagit.Bag(str(bag)).save(manifests=True)
    write_zip(bag, folder / "evidence.zip")
    shutil.rmtree(bag)
    return verify_bundle(folder / "evidence.zip", allow_simulated=True)


def failed(verdict: Verdict) -> dict[str, str]:
    return {check.name: check.detail for check in verdict.checks if check.outcome is Outcome.FAILED}


def write_records(data: Path, records: dict[int, Record]) -> None:
    shutil.rmtree(data / "records")
    for receipt in sorted(records):
        record = records[receipt]
        path = data / "records" / record.source / f"{record.day}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(frame_record(record))


def reseal(data: Path, records: dict[int, Record]) -> None:
    """Do what a forger would: number every partition anew, restate every close, and rewrite run.json."""
    states: dict[tuple[str, str], tuple[int, bytes]] = {}
    for receipt in sorted(records):
        record = records[receipt]
        if record.kind is Kind.CLOSE:
            parts = [
                {**part, "count": count, "chain": chain.hex()}
                for part in json.loads(record.payload)
                for count, chain in [states[part["source"], part["day"]]]
            ]
            text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
            record = replace(record, payload=text.encode())
        count, chain = states.get((record.source, record.day), (0, EMPTY_CHAIN))
        record = replace(record, sequence=count + 1)
        records[receipt] = record
        states[record.source, record.day] = (count + 1, chain_leaf(chain, record.leaf))
    write_records(data, records)
    run = json.loads((data / "run.json").read_bytes())
    run["partitions"] = [
        {"source": source, "day": day, "count": count, "chain": chain.hex()}
        for (source, day), (count, chain) in sorted(states.items())
    ]
    (data / "run.json").write_bytes(write_json(run))


def find(records: dict[int, Record], text: str) -> Record:
    return next(record for record in records.values() if text.encode() in record.payload)


def test_a_bundle_as_it_was_made_is_sound_and_says_what_was_not_checked(night: Night) -> None:
    verdict = verify_bundle(night.bundle, allow_simulated=True)
    assert verdict.sound
    outcomes = {check.name: check.outcome for check in verdict.checks}
    assert outcomes.pop("signature") is outcomes.pop("log") is Outcome.NOT_CHECKED
    assert set(outcomes.values()) == {Outcome.PASSED}
    assert {"container", "bag", "canonical", "records", "scorecard", "rosters", "run", "form"} <= set(outcomes)


def test_simulated_data_prove_nothing(night: Night) -> None:
    assert list(failed(verify_bundle(night.bundle))) == ["environment"]


def test_a_changed_byte_fails_the_bag(night: Night, tmp_path: Path) -> None:
    def alter(data: Path) -> None:
        path = data / "scorecard.json"
        path.write_bytes(path.read_bytes().replace(b'"run": 1', b'"run": 2'))

    assert "bag" in failed(altered(night, tmp_path, alter, repair=False))


def test_an_altered_record_fails_naming_the_rows_that_rest_on_it(night: Night, tmp_path: Path) -> None:
    def alter(data: Path) -> None:
        records = read_records(data)
        one = find(records, "volume_m3")
        records[one.receipt] = replace(one, payload=one.payload.replace(b"volume_m3", b"volume_xx"))
        write_records(data, records)

    found = failed(altered(night, tmp_path, alter))
    assert "rows 10" in found["records"]
    assert "row 10" in found["scorecard"]


def test_a_record_altered_with_all_its_digests_repaired_fails_naming_the_row(night: Night, tmp_path: Path) -> None:
    def alter(data: Path) -> None:
        records = read_records(data)
        one = find(records, "elder_call_worst_s")
        payload = one.payload.replace(b'"value": 900', b'"value": 100').replace(b'"value":900', b'"value":100')
        assert payload != one.payload
        records[one.receipt] = replace(one, payload=payload)
        reseal(data, records)

    found = failed(altered(night, tmp_path, alter))
    assert "bag" not in found
    assert "records" not in found
    assert "row 53" in found["scorecard"] + found["rosters"]


def test_a_record_taken_out_with_all_digests_repaired_fails_naming_the_row(night: Night, tmp_path: Path) -> None:
    def alter(data: Path) -> None:
        records = read_records(data)
        gone = next(one for one in records.values() if one.kind is Kind.ACT and b"no-incident" in one.payload)
        del records[gone.receipt]
        reseal(data, records)

    found = failed(altered(night, tmp_path, alter))
    assert "row 74" in found["scorecard"]


def edit_json(path: Path, change: Callable[[dict[str, object]], None]) -> None:
    body = json.loads(path.read_bytes())
    change(body)
    path.write_bytes(write_json(body))


def test_a_raised_figure_in_the_scorecard_fails_naming_the_row(night: Night, tmp_path: Path) -> None:
    def raise_row(body: dict[str, object]) -> None:
        rows = body["indicators"]
        assert isinstance(rows, list)
        rows[9]["floor"] = "2.00"

    found = failed(altered(night, tmp_path, lambda data: edit_json(data / "scorecard.json", raise_row)))
    assert found["scorecard"].startswith("row 10: floor is 2.00")


def test_an_edited_roster_fails_naming_the_row(night: Night, tmp_path: Path) -> None:
    def add_home(body: dict[str, object]) -> None:
        parts = body["parts"]
        assert isinstance(parts, list)
        parts[0]["rosters"]["counted"].append(parts[0]["rosters"]["counted"][0])

    found = failed(altered(night, tmp_path, lambda data: edit_json(data / "indicators" / "10.json", add_home)))
    assert "row 10" in found["rosters"]


def test_an_edited_cell_of_the_form_fails(night: Night, tmp_path: Path) -> None:
    def alter(data: Path) -> None:
        path = data / "declaration.docx"
        form = Document(BytesIO(path.read_bytes()))
        cells = [
            cell for table in form.tables for row in table.rows for cell in row.cells if "远程智能水表" in cell.text
        ]
        paragraph = cells[-1].paragraphs[0]
        paragraph.runs[0].text = "小区总户数24户，安装远程智能水表24户"
        form.save(str(path))

    assert "form" in failed(altered(night, tmp_path, alter))


def test_a_file_that_no_manifest_lists_fails_the_bag(night: Night, tmp_path: Path) -> None:
    verdict = altered(night, tmp_path, lambda data: (data / "extra.txt").write_text("x") and None, repair=False)
    assert "bag" in failed(verdict)


def test_a_changed_rule_fails_naming_the_text(night: Night, tmp_path: Path) -> None:
    def alter(data: Path) -> None:
        path = data / "catalogue" / "rubric.yaml"
        path.write_text(path.read_text("utf-8").replace("at_least: 0.6", "at_least: 0.5"), "utf-8")

    assert "rubric.yaml" in failed(altered(night, tmp_path, alter))["replay"]


def test_something_that_is_no_bundle_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "evidence.zip"
    path.write_bytes(b"PK no zip")
    verdict = verify_bundle(path)
    assert verdict.checks[0] == Check("container", Outcome.FAILED, verdict.checks[0].detail)
    assert "ask for the bundle again" in verdict.checks[0].detail


@pytest.mark.parametrize("name", ["bagit.txt", "manifest-sha256.txt"])
def test_a_bag_without_its_own_files_fails(night: Night, tmp_path: Path, name: str) -> None:
    verdict = altered(night, tmp_path, lambda data: (data.parent / name).unlink(), repair=False)
    assert not verdict.sound
