"""Imports from files: register sheets become locker records, whole or not at all, once each."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from collector.house import House
from connectors.record import Arrival, Kind
from connectors.register import KINDS, RegisterError, read_sheet, read_totals, rows_digest, rows_of
from evidence.frame import REGISTER_SOURCE
from evidence.ledger import Ledger

TOTALS = "totals"


def import_register(house: House, ledger: Ledger, community: str, folder: Path) -> tuple[int | None, list[str]]:
    """Import the CSV sheets of a folder as a register revision.

    Returns its receipt (None when nothing changed since the last one) and the problems of single rows. Raises
    RegisterError when a sheet cannot be read at all; then nothing is imported.
    """
    sheets: dict[str, tuple[str, bytes]] = {}
    rows = {}
    problems: list[str] = []
    for kind in (*KINDS, TOTALS):
        path = folder / f"{kind}.csv"
        if not path.is_file():
            continue
        content = path.read_bytes()
        rows[kind] = rows_of(content, path.name)
        if kind == TOTALS:
            read_totals(rows[kind])
        else:
            problems += [str(problem) for problem in read_sheet(kind, rows[kind], path.name).problems]
        sheets[kind] = (path.name, content)
    if not sheets:
        raise RegisterError(
            f"{folder}: there is no sheet; put building.csv, household.csv, totals.csv and the others there"
        )
    digest = rows_digest(rows)
    known = last_register_digest(ledger, community)
    if digest == known:
        return None, problems
    now = house.clock()
    arrivals = [Arrival(REGISTER_SOURCE, Kind.SHEET, now, name, content) for name, content in sheets.values()]
    receipts = house.locker.append(arrivals)
    parts = {kind: {"sheet": receipt} for kind, receipt in zip(sheets, receipts, strict=True)}
    body = {
        "community": community,
        # The first register holds for everything before it too; a later one from the day it came.
        "valid_from": None if known is None else local_day(house, now),
        "origin": f"files:{folder.name}",
        "rows_sha256": digest,
        "parts": parts,
    }
    text = json.dumps(body, ensure_ascii=False, sort_keys=True).encode()
    (receipt,) = house.locker.append([Arrival(REGISTER_SOURCE, Kind.REGISTER, now, community, text)])
    return receipt, problems


def local_day(house: House, at_ms: int) -> str:
    """Return the local day of a moment, ISO."""
    return datetime.fromtimestamp(at_ms / 1000, house.settings.zone).date().isoformat()


def last_register_digest(ledger: Ledger, community: str) -> str | None:
    """Return the digest of the rows of the community's newest register revision, None before the first."""
    row = ledger.connection.execute(
        "SELECT rows_sha256 FROM registers WHERE community = ? ORDER BY receipt DESC LIMIT 1", (community,)
    ).fetchone()
    return None if row is None else str(row[0])
