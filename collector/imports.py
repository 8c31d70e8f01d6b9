"""Imports of the register: its files become locker records, whole or not at all, once each."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from collector.house import House
from collector.register_files import Delivery, read_delivery
from connectors.record import Arrival, Kind
from connectors.register import rows_digest
from evidence.frame import REGISTER_SOURCE
from evidence.ledger import Ledger

UNDO = "undo:"
"""What the origin of a revision begins with that a person made by taking back another."""


def import_register(house: House, ledger: Ledger, community: str, path: Path) -> tuple[int | None, list[str]]:
    """Import a workbook, or the CSV sheets of a folder, as a register revision.

    Returns its receipt (None when nothing changed since the last one that was delivered) and the problems of single
    rows. Raises RegisterError when a sheet cannot be read at all; then nothing is imported.
    """
    delivery = read_delivery(path)
    known = last_register_digest(ledger, community)
    receipt = None if digest_of(delivery) == known else keep_delivery(house, ledger, community, delivery)
    return receipt, [str(problem) for problem in delivery.register.problems]


def keep_delivery(house: House, ledger: Ledger, community: str, delivery: Delivery) -> int:
    """Store the files of a delivery as they are and a revision that names them; returns its receipt."""
    now = house.clock()
    used = sorted({index for index, _ in delivery.where.values()})
    arrivals = [Arrival(REGISTER_SOURCE, Kind.SHEET, now, *delivery.files[index]) for index in used]
    receipts = dict(zip(used, house.locker.append(arrivals), strict=True))
    parts = {
        kind: {"sheet": receipts[index], **({} if tab is None else {"tab": tab})}
        for kind, (index, tab) in delivery.where.items()
    }
    first = ledger.connection.execute("SELECT 1 FROM registers WHERE community = ?", (community,)).fetchone() is None
    return keep_revision(
        house,
        REGISTER_SOURCE,
        {
            "community": community,
            # The first register holds for everything before it too; a later one from the day it came.
            "valid_from": None if first else local_day(house, now),
            "origin": delivery.origin,
            "rows_sha256": digest_of(delivery),
            "parts": parts,
        },
    )


def keep_revision(house: House, source: str, body: dict[str, object]) -> int:
    """Store one revision record and return its receipt."""
    text = json.dumps(body, ensure_ascii=False, sort_keys=True).encode()
    arrival = Arrival(source, Kind.REGISTER, house.clock(), str(body["community"]), text)
    (receipt,) = house.locker.append([arrival])
    return receipt


def digest_of(delivery: Delivery) -> str:
    """Return the digest of the rows, whatever the files look like."""
    return rows_digest({kind: table.rows for kind, table in delivery.tables.items()})


def local_day(house: House, at_ms: int) -> str:
    """Return the local day of a moment, ISO."""
    return datetime.fromtimestamp(at_ms / 1000, house.settings.zone).date().isoformat()


def last_register_digest(ledger: Ledger, community: str, *, delivered: bool = True) -> str | None:
    """Return the digest of the rows of the community's newest register revision, None before the first.

    With ``delivered`` one that a person brought back does not count: the file or hub that was taken back is not to
    come again the next night.
    """
    row = ledger.connection.execute(
        "SELECT rows_sha256 FROM registers WHERE community = ? AND (origin NOT LIKE ? OR ?)"
        " ORDER BY receipt DESC LIMIT 1",
        (community, f"{UNDO}%", not delivered),
    ).fetchone()
    return None if row is None else str(row[0])
