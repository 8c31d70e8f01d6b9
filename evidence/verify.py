"""Verifies a bundle from nothing but its own bytes: a fixed list of checks, each passed, failed or not checked.

Rosters and scorecard in the bundle are compared, never used: every count and score is replayed from the raw records.
A check that was not made is shown as such and never counts as passed.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import bagit
import yaml

from connectors.outcome import Outcome
from connectors.record import Record
from evidence.bundle import (
    BundleError,
    describe_run,
    frame_record,
    open_zip,
    read_records,
    read_texts,
    record_path,
    write_zip,
)
from evidence.catalogue import Catalogue, load_catalogue
from evidence.exhibits import EXHIBITS_FILE
from evidence.form import compare_form, form_texts
from evidence.form_tables import compare_sheets, read_csv, read_workbook
from evidence.locker import EMPTY_CHAIN, chain_leaf
from evidence.pdf_equality import same_pdf
from evidence.replay import replay_records
from evidence.run import BOOK_FILE, FORM_FILE, TABLE_FILE, RunError, RunFiles, read_form_text

# What a forged record, text or manifest can make the readers of its bytes raise.
_UNUSABLE = (
    *(BundleError, RunError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError),
    *(RecursionError, FileNotFoundError, sqlite3.Error, yaml.YAMLError, bagit.BagError),
)
_TAG_FILES = frozenset({"bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"})
_ROOMS = ("data/", "attestations/", "log/")


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its name, how it ended, and what was seen."""

    name: str
    outcome: Outcome
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """All checks of one bundle. ``sound`` means that none failed; what was not checked is listed beside."""

    checks: tuple[Check, ...]

    @property
    def sound(self) -> bool:
        """Return whether no check failed."""
        return all(check.outcome is not Outcome.FAILED for check in self.checks)


def verify_bundle(bundle: Path, *, allow_simulated: bool = False) -> Verdict:
    """Return the verdict on a bundle file; a bundle that cannot be opened fails its first check."""
    checks: list[Check] = []
    with tempfile.TemporaryDirectory(prefix="zhizheng-verify-") as scratch:
        folder = Path(scratch) / "bag"
        try:
            open_zip(bundle, folder)
            checks.append(_passed("container", "every entry is a plain file inside the bundle"))
            checks.append(_check_bag(folder))
            checks.append(_check_canonical(bundle, folder, Path(scratch)))
            run = json.loads((folder / "data" / "run.json").read_bytes())
            checks.append(_check_environment(run, allow_simulated=allow_simulated))
            records = read_records(folder / "data")
            checks.append(_check_partitions(folder / "data", run, records))
            checks += _check_replay(folder / "data", run, records)
        except _UNUSABLE as error:
            said = str(error) if isinstance(error, BundleError | RunError | ValueError) else f"{error!r}"
            checks.append(Check("replay" if checks else "container", Outcome.FAILED, said))
    checks.append(Check("signature", Outcome.NOT_CHECKED, "the bundle is not signed"))
    checks.append(Check("log", Outcome.NOT_CHECKED, "the run is in no log yet"))
    return Verdict(tuple(checks))


def _passed(name: str, detail: str) -> Check:
    return Check(name, Outcome.PASSED, detail)


def _judged(name: str, problems: list[str], detail: str) -> Check:
    if not problems:
        return _passed(name, detail)
    more = f" (and {len(problems) - 5} more)" if len(problems) > 5 else ""
    return Check(name, Outcome.FAILED, "; ".join(problems[:5]) + more)


def _check_bag(folder: Path) -> Check:
    try:
        bagit.Bag(str(folder)).validate(processes=1)
    except (bagit.BagError, LookupError, ValueError) as error:
        return Check("bag", Outcome.FAILED, str(error))
    return _passed("bag", "every file has the sha256 its manifest states, and none is unlisted")


def _check_canonical(bundle: Path, folder: Path, scratch: Path) -> Check:
    again = scratch / "again.zip"
    write_zip(folder, again)
    same = _digest(again) == _digest(bundle)
    return _judged("canonical", [] if same else ["the zip is not in its canonical form: something was added or moved"],
                   "packing the files again gives the same bytes")  # fmt: skip


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_environment(run: Mapping[str, Any], *, allow_simulated: bool) -> Check:
    environment = str(run["environment"])
    if environment == "production" or allow_simulated:
        return _passed("environment", environment)
    return Check(
        "environment", Outcome.FAILED, f"{environment} data prove nothing; --allow-simulated checks them anyway"
    )


def _check_partitions(data: Path, run: Mapping[str, Any], records: Mapping[int, Record]) -> Check:
    """Follow every partition's sequence and chain, and compare it with what the run names."""
    found: dict[tuple[str, str], tuple[int, bytes]] = {}
    problems: list[str] = []
    for receipt in sorted(records):
        record = records[receipt]
        key = (record.source, record.day)
        count, chain = found.get(key, (0, EMPTY_CHAIN))
        if record.sequence != count + 1:
            problems.append(f"{record.source} {record.day}: record {count + 1} is missing before receipt {receipt}")
        found[key] = (record.sequence, chain_leaf(chain, record.leaf))
    named = {(part["source"], part["day"]): (part["count"], part["chain"]) for part in run["partitions"]}
    changed = set()
    for key in sorted({*found, *named}):
        count, chain = found.get(key, (0, EMPTY_CHAIN))
        if named.get(key) != (count, chain.hex()):
            changed.add(key[0])
            problems.append(f"{key[0]} {key[1]}: the records are not the ones the run was made from")
    if changed:
        rows = _rows_resting_on(data, changed)
        problems.insert(0, f"rows {', '.join(map(str, rows)) or 'none'} rest on changed records")
    return _judged("records", problems, f"{len(records)} records in {len(found)} partitions, none missing or changed")


def _rows_resting_on(data: Path, sources: set[str]) -> list[int]:
    """Return the numbers of the rows whose rosters or values cite a source."""
    rows = []
    for path in sorted((data / "indicators").glob("*.json")):
        indicator = json.loads(path.read_bytes())
        cited = set()
        for part in indicator["parts"]:
            cited |= {value["source"] for value in part["values"]}
            for roster in part["rosters"].values():
                cited |= {shown["source"] for entry in roster for shown in entry["shown"]}
        if cited & sources:
            rows.append(int(indicator["no"]))
    return rows


def _check_replay(data: Path, run: Mapping[str, Any], records: dict[int, Record]) -> list[Check]:
    catalogue = load_catalogue(read_texts(data))
    result = replay_records(records, catalogue, str(run["community"]), int(run["run"]))
    stated = json.loads((data / "scorecard.json").read_bytes())
    return [
        _judged("scorecard", _compare_rows(stated, result), "all rows and totals replay to the same figures"),
        _judged("rosters", _compare_files(data, result, lambda name: name.startswith("indicators/")),
                "every roster replays to the same places and receipts"),
        _judged("run", _compare_files(data, result, lambda name: name == "run.json"),
                "run.json replays to the same bytes"),
        _judged("form", _compare_papers(data, result, catalogue),
                "the declaration and its tables, read back, say what the replay says"),
        _judged("exhibits", _compare_exhibits(data / EXHIBITS_FILE, result.files[EXHIBITS_FILE]),
                "the exhibits replay to the same pages"),
        _judged("files", [*_find_strangers(data, result, records, catalogue), *_compare_tags(data.parent, run)],
                "nothing lies in the bundle but the run, its records and its catalogue"),
    ]  # fmt: skip


def _compare_rows(stated: Mapping[str, Any], result: RunFiles) -> list[str]:
    problems = []
    replayed = {row["no"]: row for row in result.scorecard["indicators"]}
    for row in stated["indicators"]:
        again = replayed.get(row["no"], {})
        if row != again:
            keys = [key for key in row if row[key] != again.get(key)]
            key = next((key for key in ("floor", "numerator", "met") if key in keys), keys[0] if keys else "")
            problems.append(f"row {row['no']}: {key} is {row.get(key)}, replayed {again.get(key)}")
    if len(stated["indicators"]) != len(replayed):
        problems.append(f"{len(stated['indicators'])} rows stated, {len(replayed)} replayed")
    rest = {key: value for key, value in result.scorecard.items() if key != "indicators"}
    problems += [
        f"{key} is {stated.get(key)}, replayed {value}" for key, value in rest.items() if stated.get(key) != value
    ]
    return problems


def _compare_files(data: Path, result: RunFiles, wanted: Callable[[str], bool]) -> list[str]:
    problems = []
    for name, content in sorted(result.files.items()):
        path = data / name
        if wanted(name) and (not path.is_file() or path.read_bytes() != content):
            row = name.removeprefix("indicators/").removesuffix(".json").lstrip("0")
            problems.append(f"row {row}: its record differs from the replay" if "/" in name else f"{name} differs")
    return problems


def _compare_papers(data: Path, result: RunFiles, catalogue: Catalogue) -> list[str]:
    missing = [name for name in (FORM_FILE, BOOK_FILE, TABLE_FILE) if not (data / name).is_file()]
    if missing:
        return [f"{name} is not in the bundle" for name in missing]
    return [*_compare_forms((data / FORM_FILE).read_bytes(), result, catalogue), *_compare_tables(data, result)]


def _compare_forms(payload: bytes, result: RunFiles, catalogue: Catalogue) -> list[str]:
    """Compare the rows, the fields, the words and the digest of the form, then all its text."""
    digest = hashlib.sha256(result.files["run.json"]).hexdigest()
    problems = compare_form(
        result.scorecard, payload, form_text=read_form_text(catalogue), basics=result.basics, run_sha256=digest
    )
    if problems or payload == result.files[FORM_FILE]:
        return problems
    shown, again = form_texts(payload), form_texts(result.files[FORM_FILE])
    return [
        f"the form says {text!r}, replayed {wanted!r}"
        for text, wanted in zip_longest(shown, again, fillvalue="")
        if text != wanted
    ]


def _compare_tables(data: Path, result: RunFiles) -> list[str]:
    """Compare the workbook cell by cell, so that another library's zip may differ, and the CSV byte by byte."""
    problems = compare_sheets(read_workbook(result.files[BOOK_FILE]), read_workbook((data / BOOK_FILE).read_bytes()))
    payload, wanted = (data / TABLE_FILE).read_bytes(), result.files[TABLE_FILE]
    if payload != wanted:
        cells = compare_sheets({TABLE_FILE: read_csv(wanted)}, {TABLE_FILE: read_csv(payload)})
        problems += cells or [f"{TABLE_FILE} is not written as the replay writes it"]
    return problems


def _compare_exhibits(path: Path, again: bytes) -> list[str]:
    if not path.is_file():
        return [f"{path.name} is not in the bundle"]
    return [] if same_pdf(path.read_bytes(), again) else [f"{path.name} does not show what the replay shows"]


def _find_strangers(data: Path, result: RunFiles, records: Mapping[int, Record], catalogue: Catalogue) -> list[str]:
    """Return what lies in the bundle and was not replayed, and which record file is not framed as its records are."""
    framed: dict[str, Any] = {}
    for receipt in sorted(records):
        framed.setdefault(record_path(records[receipt]), hashlib.sha256()).update(frame_record(records[receipt]))
    known = {*framed, *result.files, *(f"catalogue/{name}" for name in catalogue.texts)}
    found = {path.relative_to(data).as_posix() for path in data.rglob("*") if path.is_file()}
    problems = [f"{name} is no part of the run" for name in sorted(found - known)]
    problems += [
        f"{name} does not hold its records in their one form"
        for name in sorted(framed)
        if name not in found or _digest(data / name) != framed[name].hexdigest()
    ]
    return problems


def _compare_tags(folder: Path, run: Mapping[str, Any]) -> list[str]:
    """Return what stands beside ``data`` that is no part of a bundle, and what bag-info.txt says wrongly of the run."""
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - _TAG_FILES
    said = bagit.Bag(str(folder)).info
    return [f"{name} is no file of a bundle" for name in sorted(names) if not name.startswith(_ROOMS)] + [
        f"bag-info.txt says {key} {said.get(key)}, run.json {value}"
        for key, value in describe_run(run).items()
        if said.get(key) != value
    ]
