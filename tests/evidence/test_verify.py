"""A bundle that was altered fails, whoever repaired what, and the message names what no longer fits."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import bagit
import pytest
from docx import Document
from openpyxl import load_workbook

from connectors.outcome import Outcome
from connectors.record import Kind, Record
from evidence.bundle import frame_record, open_zip, read_records, write_zip
from evidence.form import fill_form
from evidence.locker import EMPTY_CHAIN, chain_leaf
from evidence.report import write_json
from evidence.run import read_form_text
from evidence.verify import Check, Verdict, verify_bundle
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
    rows = found["records"].removeprefix("rows ").partition(" rest on changed records")[0]
    assert "10" in rows.split(", ")
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


@pytest.mark.parametrize("name", ["77.json", "../exhibit.pdf", "../records/a/notes.txt", "../../attestation.html"])
def test_a_file_that_is_no_part_of_the_run_fails_even_where_it_is_listed(
    night: Night, tmp_path: Path, name: str
) -> None:
    def add(data: Path) -> None:
        path = data / "indicators" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"{}")

    found = failed(altered(night, tmp_path, add))
    assert list(found) == ["files"]
    assert name.rpartition("/")[2] in found["files"]


def test_what_the_bag_says_of_its_run_must_be_so(night: Night, tmp_path: Path) -> None:
    def alter(data: Path) -> None:
        path = data.parent / "bag-info.txt"
        path.write_text(path.read_text("utf-8").replace("Environment: simulated", "Environment: production"), "utf-8")

    def resave(data: Path) -> None:
        alter(data)
        tags = data.parent / "tagmanifest-sha256.txt"
        lines = [line.split(None, 1)[1] for line in tags.read_text("utf-8").splitlines()]
        digests = {name: hashlib.sha256((data.parent / name).read_bytes()).hexdigest() for name in lines}
        tags.write_text("".join(f"{digest} {name}\n" for name, digest in digests.items()), "utf-8")

    assert "bag" in failed(altered(night, tmp_path / "a", alter, repair=False))
    found = failed(altered(night, tmp_path / "b", resave, repair=False))
    assert found == {"files": "bag-info.txt says Zhizheng-Environment production, run.json simulated"}


def test_a_record_line_with_more_in_it_than_a_record_fails(night: Night, tmp_path: Path) -> None:
    def alter(data: Path) -> None:
        path = data / "records" / "acme" / "2026-11-02.jsonl"
        path.write_bytes(path.read_bytes().replace(b'{"day"', b'{"a":1,"day"', 1))

    found = failed(altered(night, tmp_path, alter))
    assert found == {"files": "records/acme/2026-11-02.jsonl does not hold its records in their one form"}


def test_a_record_taken_out_is_named_with_its_place(night: Night, tmp_path: Path) -> None:
    def alter(data: Path) -> None:
        path = data / "records" / "alink" / "2026-11-02.jsonl"
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join([*lines[:4], *lines[5:]]))

    found = failed(altered(night, tmp_path, alter))
    rows = found["records"].removeprefix("rows ").partition(" rest on changed records")[0].split(", ")
    assert {"7", "29", "34", "67", "69"} <= set(rows)
    assert "alink 2026-11-02: record 5 is missing" in found["records"]
    assert "row 7: floor is 4.00, replayed 0.00" in found["scorecard"]


def test_the_last_records_of_a_day_taken_out_are_noticed(night: Night, tmp_path: Path) -> None:
    def alter(data: Path) -> None:
        path = data / "records" / "acme" / "2026-11-03.jsonl"
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))

    found = failed(altered(night, tmp_path, alter))
    assert found["records"].startswith("rows none rest on changed records; acme 2026-11-03: the records are not")


def test_another_name_in_the_first_part_of_the_form_fails(night: Night, tmp_path: Path) -> None:
    def alter(data: Path) -> None:
        path = data / "declaration.docx"
        form = Document(BytesIO(path.read_bytes()))
        (cell, *_) = [c for table in form.tables for row in table.rows for c in row.cells if c.text == "24"]
        cell.paragraphs[0].runs[0].text = "2400"
        form.save(str(path))

    said = failed(altered(night, tmp_path, alter))["form"]
    assert "住户数: the form says '2400', it should say '24'" in said


@pytest.mark.parametrize(("sheet", "place"), [("申报信息", "C12"), ("指标", "I11"), ("分项", "C4")])
def test_an_edited_cell_of_the_workbook_fails_by_its_name(night: Night, tmp_path: Path, sheet: str, place: str) -> None:
    def alter(data: Path) -> None:
        book = load_workbook(data / "declaration.xlsx")
        book[sheet][place] = 400
        book.save(data / "declaration.xlsx")

    assert failed(altered(night, tmp_path, alter))["form"].startswith(f"sheet {sheet}, row {place[1:]}, column ")


def test_an_edited_table_fails_and_so_does_one_written_another_way(night: Night, tmp_path: Path) -> None:
    def raise_row(data: Path) -> None:
        path = data / "declaration.csv"
        path.write_bytes(path.read_bytes().replace(b"1000.00", b"1.00").replace(b",100.00,", b",101.00,"))

    def rewrite(data: Path) -> None:
        path = data / "declaration.csv"
        path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n"))

    assert "sheet declaration.csv, row 77, column 9" in failed(altered(night, tmp_path / "a", raise_row))["form"]
    found = failed(altered(night, tmp_path / "b", rewrite))["form"]
    assert found == "declaration.csv is not written as the replay writes it"


@pytest.mark.parametrize("name", ["declaration.docx", "declaration.xlsx", "declaration.csv"])
def test_a_bundle_without_its_form_or_tables_fails(night: Night, tmp_path: Path, name: str) -> None:
    found = failed(altered(night, tmp_path, lambda data: (data / name).unlink()))
    assert found == {"form": f"{name} is not in the bundle"}


def test_exhibits_that_show_something_else_fail_and_so_do_none(night: Night, tmp_path: Path) -> None:
    def alter(data: Path) -> None:
        path = data / "exhibits.pdf"
        path.write_bytes(path.read_bytes() + b"% more")

    assert failed(altered(night, tmp_path / "a", alter)) == {
        "exhibits": "exhibits.pdf does not show what the replay shows"
    }
    missing = failed(altered(night, tmp_path / "b", lambda data: (data / "exhibits.pdf").unlink()))
    assert missing == {"exhibits": "exhibits.pdf is not in the bundle"}


def test_a_form_saved_again_with_the_same_words_is_the_same_form(night: Night, tmp_path: Path) -> None:
    def alter(data: Path) -> None:
        path = data / "declaration.docx"
        before = path.read_bytes()
        Document(BytesIO(before)).save(str(path))
        assert path.read_bytes() != before

    assert altered(night, tmp_path, alter).sound


def test_the_form_of_another_run_fails_by_the_digest_on_its_pages(night: Night, tmp_path: Path) -> None:
    card = json.loads((night.done.folder / "scorecard.json").read_bytes())

    def alter(data: Path) -> None:
        other = fill_form(card, read_form_text(night.catalogue), {}, "0" * 64)
        (data / "declaration.docx").write_bytes(other)

    assert "foot of the pages" in failed(altered(night, tmp_path, alter))["form"]


def test_a_run_of_another_method_is_not_verified_with_ours(night: Night, tmp_path: Path) -> None:
    def alter(data: Path) -> None:
        records = read_records(data)
        claim = records[night.claim.cutoff]
        records[claim.receipt] = replace(claim, payload=claim.payload.replace(b'"method": 2', b'"method": 3'))
        reseal(data, records)

    said = failed(altered(night, tmp_path, alter))["replay"]
    assert said.startswith("run 1 was made with format 1, method 3; this program has format 1, method 2")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("run.json", b"[]"),
        ("run.json", b"{"),
        ("run.json", b"[" * 100_000),
        ("run.json", b'{"environment": "production", "partitions": 7, "community": "demo", "run": 1}'),
        ("scorecard.json", b"[]"),
        ("scorecard.json", b'{"indicators": 7}'),
        ("declaration.docx", b"no form"),
        ("declaration.xlsx", b"no form"),
        ("declaration.csv", b"\xff"),
        ("catalogue/sources.json", b"[{}]"),
        ("catalogue/rubric.yaml", b"a: [1"),
        ("catalogue/form.yaml", b"a: [1"),
        ("../bagit.txt", b"BagIt-Version: 1.0\nTag-File-Character-Encoding: klingon\n"),
        ("../manifest-sha256.txt", b"\xff\xfe"),
        ("records/acme/2026-11-02.jsonl", b"[]\n"),
    ],
)
def test_bytes_nobody_can_read_fail_and_never_stop_the_check(
    night: Night, tmp_path: Path, name: str, content: bytes
) -> None:
    verdict = altered(night, tmp_path, lambda data: (data / name).write_bytes(content) and None, repair=False)
    assert not verdict.sound
    assert {"signature", "log"} < {check.name for check in verdict.checks}


@pytest.mark.parametrize("change", [{"received_at": 10**30}, {"payload": b"[[["}, {"payload": b'{"pages": [1]}'}])
def test_a_forged_record_that_cannot_be_folded_fails(night: Night, tmp_path: Path, change: dict[str, Any]) -> None:
    def alter(data: Path) -> None:
        records = read_records(data)
        walk = next(one for one in records.values() if one.kind is Kind.WALK)
        records[walk.receipt] = replace(walk, **change)
        reseal(data, records)

    assert "replay" in failed(altered(night, tmp_path, alter))


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
