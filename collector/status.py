"""What each source has received, stored and read, and what is missing: for the command line and the page."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Any

from collector.house import House
from collector.intake_status import read_status
from evidence.ledger import LedgerError

_COUNTS = "SELECT source, stored, read, ignored, unread, last_seen FROM sources"


def source_status(house: House) -> list[dict[str, Any]]:
    """Return one entry a source of the settings.

    ``received`` counts what the doors were handed since they started (for hubs: what is stored), ``stored`` what the
    locker holds, ``lag`` the stored records not yet folded, ``gaps`` the recorded gaps, ``last_seen`` the local time
    of the newest record, null before the first.
    """
    folded, gaps = _from_ledger(house)
    received = _from_intake(house)
    stored: dict[str, int] = {}
    for part in house.locker.partitions():
        stored[part.source] = stored.get(part.source, 0) + part.count
    entries = []
    for name in house.settings.sources:
        _, read, ignored, unread, last_seen = folded.get(name, (0, 0, 0, 0, 0))
        kept = stored.get(name, 0)
        entries.append(
            {
                "source": name,
                "received": max(received.get(name, 0), kept),
                "stored": kept,
                "read": read,
                "ignored": ignored,
                "unread": unread,
                "lag": kept - folded.get(name, (0, 0, 0, 0, 0))[0],
                "gaps": gaps.get(name, 0),
                "last_seen": _local(house, last_seen) if last_seen else None,
            }
        )
    return entries


def unread_shapes(house: House) -> list[dict[str, Any]]:
    """Return what nobody could read yet, by source and shape, the commonest first."""
    rows = _query(
        house, "SELECT source, shape, reason, count, first_receipt FROM unread ORDER BY count DESC, source, shape"
    )
    return [
        {"source": source, "shape": shape, "reason": reason, "count": count, "first_receipt": receipt}
        for source, shape, reason, count, receipt in rows
    ]


def _from_ledger(house: House) -> tuple[dict[str, tuple[int, int, int, int, int]], dict[str, int]]:
    counts = {row[0]: (row[1], row[2], row[3], row[4], row[5]) for row in _query(house, _COUNTS)}
    return counts, dict(_query(house, "SELECT source, count(*) FROM gaps GROUP BY source"))


def _query(house: House, statement: str) -> list[tuple[Any, ...]]:
    """Ask the ledger without opening it for folding: a reader never empties or locks it."""
    path = house.data / "ledger.sqlite"
    if not path.is_file():
        return []
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=30)
    try:
        # A process that has just begun (or was killed while beginning) leaves a file without tables.
        begun = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'sources'").fetchone()
        return connection.execute(statement).fetchall() if begun else []
    except sqlite3.DatabaseError as error:
        raise LedgerError(
            f"{path}: the ledger cannot be used ({error}); `zhizheng rebuild` makes it anew from the locker"
        ) from error
    finally:
        connection.close()


def _from_intake(house: House) -> dict[str, int]:
    status = read_status(house.data)
    return {one.source: one.received for one in status.sources} if status else {}


def _local(house: House, at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, house.settings.zone).isoformat(timespec="seconds")
