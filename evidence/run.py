"""A run: claimed once with its number and cut-off, then a pure function of what lies before the claim.

Claiming closes all partitions and appends the claim in one transaction; the claim's receipt is the cut-off. The
claim names everything the result depends on, so that a run claimed before a crash is computed afterwards just the
same, and a replay from a bundle needs nothing else.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from connectors.record import Arrival, Kind, Record
from evidence.catalogue import FORM, Catalogue
from evidence.exhibits import EXHIBITS_FILE, print_exhibits
from evidence.facts import gather_facts
from evidence.form import compare_form, field_ids, fill_form, proof_text, register_basics
from evidence.form_tables import (
    compare_sheets,
    read_csv,
    read_workbook,
    tabulate_form,
    tabulate_rows,
    write_csv,
    write_workbook,
)
from evidence.form_words import PRINTED
from evidence.ledger import Ledger
from evidence.locker import SYSTEM_SOURCE, Locker, Partition
from evidence.report import Heading, report_indicator, report_scorecard, write_json
from evidence.window import Window
from scoring.model import Facts, Scorecard
from scoring.score import METHOD, score

FORMAT = 1
FORM_FILE, BOOK_FILE, TABLE_FILE = "declaration.docx", "declaration.xlsx", "declaration.csv"
PROOF_FIELD = "investment_proof"


class RunError(RuntimeError):
    """A run that cannot be computed or written; the message names the run and the mend."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A run as it was claimed. ``cutoff`` is the claim's own receipt; ``basics`` the form's texts by field."""

    community: str
    community_name: str
    run: int
    slot: str
    environment: str
    claimed_at: int
    cutoff: int
    window: Window
    basics: Mapping[str, str]
    digests: Mapping[str, str]

    @property
    def as_of(self) -> str:
        """Return when the run was claimed, ISO with the community's offset."""
        return datetime.fromtimestamp(self.claimed_at / 1000, self.window.zone).isoformat()


@dataclass(frozen=True, slots=True)
class RunFiles:
    """Everything a run freezes, by path inside its folder; ``basics`` are the form's texts by field as printed."""

    claim: Claim
    scorecard: Mapping[str, Any]
    files: Mapping[str, bytes]
    basics: Mapping[str, str]


def claim_run(
    locker: Locker,
    ledger: Ledger,
    catalogue: Catalogue,
    *,
    community: str,
    community_name: str,
    window: Window,
    environment: str,
    slot: str,
    basics: Mapping[str, str],
    now: int,
) -> Claim:
    """Take the community's next run number and its cut-off; the caller holds the night lock and has folded all."""
    (last,) = ledger.connection.execute(
        "SELECT coalesce(max(number), 0) FROM runs WHERE community = ?", (community,)
    ).fetchone()
    body = {
        "format": FORMAT,
        "method": METHOD,
        "community": community,
        "community_name": community_name,
        "run": int(last) + 1,
        "slot": slot,
        "environment": environment,
        "window": {"end": window.end.isoformat(), "days": window.days, "zone": window.zone.key},
        "basics": dict(basics),
        "catalogue": dict(catalogue.digests),
    }
    text = json.dumps(body, ensure_ascii=False, sort_keys=True).encode()

    def claim(_: object) -> list[Arrival]:
        return [Arrival(SYSTEM_SOURCE, Kind.RUN, now, f"{community}/{body['run']}", text)]

    receipts, _ = locker.append_closing(claim)
    return read_claim(locker.get(receipts[-1]))


def read_claim(record: Record) -> Claim:
    """Return the claim that a stored record makes; raises RunError for another method of counting."""
    body = json.loads(record.payload)
    if (body["format"], body["method"]) != (FORMAT, METHOD):
        raise RunError(
            f"run {body['run']} was made with format {body['format']}, method {body['method']}; this program has "
            f"format {FORMAT}, method {METHOD}. Use the program version named in the bundle"
        )
    window = body["window"]
    return Claim(
        community=body["community"],
        community_name=body["community_name"],
        run=body["run"],
        slot=body["slot"],
        environment=body["environment"],
        claimed_at=record.received_at,
        cutoff=record.receipt,
        window=Window(date.fromisoformat(window["end"]), window["days"], ZoneInfo(window["zone"])),
        basics=body["basics"],
        digests=body["catalogue"],
    )


def compute_run(ledger: Ledger, catalogue: Catalogue, claim: Claim) -> RunFiles:
    """Return everything the run freezes; the ledger must stand exactly at the claim's cut-off."""
    if ledger.cursor != claim.cutoff:
        raise RunError(f"the ledger stands at {ledger.cursor}, run {claim.run} needs {claim.cutoff}; rebuild it")
    if dict(catalogue.digests) != dict(claim.digests):
        changed = sorted(
            name
            for name in {*catalogue.digests, *claim.digests}
            if catalogue.digests.get(name) != claim.digests.get(name)
        )
        raise RunError(f"run {claim.run} was claimed with another {', '.join(changed)}; put the old text back")
    facts = gather_facts(ledger, catalogue, claim.community, claim.window)
    card = score(catalogue.rubric, facts)
    begin, end = claim.window.as_ms()
    window = {
        "from": datetime.fromtimestamp(begin / 1000, claim.window.zone).isoformat(),
        "to": datetime.fromtimestamp(end / 1000, claim.window.zone).isoformat(),
        "days": claim.window.days,
    }
    heading = Heading(claim.community, claim.community_name, claim.as_of, window, claim.run, claim.environment, METHOD)
    scorecard = report_scorecard(catalogue.rubric, card, heading)
    indicators = {
        spec.no: report_indicator(spec, row, catalogue.rubric, facts)
        for spec, row in zip(catalogue.rubric.rows, card.rows, strict=True)
    }
    files = {"scorecard.json": write_json(scorecard)}
    files |= {f"indicators/{no:02}.json": write_json(indicator) for no, indicator in indicators.items()}
    files["run.json"] = write_json(_describe(ledger, claim, facts, files, (begin, end)))
    basics = _gather_basics(catalogue, claim, facts, card)
    # These print the digest of run.json, which therefore cannot name theirs.
    files |= _fill(catalogue, claim, scorecard, basics, files["run.json"])
    files[EXHIBITS_FILE] = print_exhibits(
        ledger,
        catalogue,
        facts,
        claim.window,
        scorecard=scorecard,
        indicators=indicators,
        run_json=files["run.json"],
        created=datetime.fromisoformat(claim.as_of),
    )
    return RunFiles(claim, scorecard, files, basics)


def _describe(
    ledger: Ledger, claim: Claim, facts: Facts, files: Mapping[str, bytes], window_ms: tuple[int, int]
) -> dict[str, Any]:
    """Return the content of ``run.json``: the digests of all inputs and of everything frozen."""
    partitions = ledger.connection.execute("SELECT source, day, count, chain FROM partitions ORDER BY source, day")
    return {
        "format": FORMAT,
        "method": METHOD,
        "community": claim.community,
        "run": claim.run,
        "slot": claim.slot,
        "environment": claim.environment,
        "claimed_at": claim.as_of,
        "cutoff_receipt": claim.cutoff,
        "window": {
            "from_ms": window_ms[0],
            "to_ms": window_ms[1],
            "days": claim.window.days,
            "zone": claim.window.zone.key,
        },
        "catalogue": dict(claim.digests),
        "partitions": [
            Partition(source, day, count, bytes(chain).hex()).as_json() for source, day, count, chain in partitions
        ],
        "broken": dict(facts.broken),
        "gaps": [
            {"source": gap.source, "from_ms": gap.since, "to_ms": gap.until, "cause": gap.cause, "receipt": gap.receipt}
            for gap in facts.gaps
        ],
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    }


def _gather_basics(catalogue: Catalogue, claim: Claim, facts: Facts, card: Scorecard) -> dict[str, str]:
    """Return the form's texts by field: what the settings say, else what the register and the documents do."""
    counts = {kind: len(places) for kind, places in facts.frames.items()}
    totals = {name: figure.value for name, figure in facts.totals.items()}
    documents = {
        document.sha256: document.name for row in card.rows for part in row.parts for document in part.measure.documents
    }
    # One exhibit is printed for each row.
    proof = proof_text(len(card.rows), list(documents.values()))
    form_text = read_form_text(catalogue)
    known = register_basics(form_text, counts, totals)
    if proof and PROOF_FIELD in field_ids(form_text):
        known[PROOF_FIELD] = proof
    return known | {key: text for key, text in claim.basics.items() if text}


def _fill(
    catalogue: Catalogue, claim: Claim, scorecard: Mapping[str, Any], basics: Mapping[str, str], run_json: bytes
) -> dict[str, bytes]:
    """Return the filled form as document, workbook and table, each read back and found equal to the scorecard."""
    form_text = read_form_text(catalogue)
    digest = hashlib.sha256(run_json).hexdigest()
    form = fill_form(scorecard, form_text, basics, digest)
    sheets = tabulate_form(scorecard, form_text, basics, digest)
    book = write_workbook(sheets, scorecard, str(form_text["title"]))
    rows = tabulate_rows(scorecard, form_text, digest)
    table = write_csv(rows)
    differences = [
        *compare_form(scorecard, form, form_text=form_text, basics=basics, run_sha256=digest),
        *compare_sheets(sheets, read_workbook(book)),
        *compare_sheets({"csv": rows}, {"csv": read_csv(table)}),
    ]
    if differences:
        raise RunError(f"run {claim.run}: the form does not say what the scorecard says: {differences[0]}")
    return {FORM_FILE: form, BOOK_FILE: book, TABLE_FILE: table}


def read_form_text(catalogue: Catalogue) -> dict[str, Any]:
    """Return the form's own words with those of the rubric's 76 rows under ``rows``."""
    text: dict[str, Any] = yaml.safe_load(catalogue.texts[FORM])
    # The rubric was read with the catalogue; its text is the longest there is, and not read again.
    text["rows"] = [{"no": row.no} | {key: getattr(row, key) for key in PRINTED} for row in catalogue.rubric.rows]
    return text


def write_run(result: RunFiles, out: Path) -> Path:
    """Write the run's folder ``out/<community>/<run>`` whole or not at all; an existing one is left as it is."""
    folder = out / result.claim.community / str(result.claim.run)
    if folder.exists():
        return folder
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    for name, content in result.files.items():
        path = unfinished / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        _sync(path)
    unfinished.rename(folder)
    _sync(folder.parent)
    return folder


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
