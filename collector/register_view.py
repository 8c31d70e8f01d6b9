"""The register as the command line shows and imports it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from collector.house import House
from collector.imports import import_register
from collector.reader import Reader
from collector.refresh import NIGHT


def import_register_folder(house: House, community: str, folder: Path) -> list[str]:
    """Import a folder of sheets and return what happened, one line each; raises RegisterError."""
    with house.hold(NIGHT):
        reader = Reader(house)
        try:
            reader.catch_up()
            receipt, problems = import_register(house, reader.ledger, community, folder)
            reader.catch_up()
            reader.bind()
        finally:
            reader.close()
    first = "unchanged since the last import" if receipt is None else f"imported as record {receipt}"
    return [first, *problems]


def register_summary(house: House, community: str) -> dict[str, Any]:
    """Return the newest revision: its record, places by kind, complete kinds, totals and problems."""
    with house.hold(NIGHT):
        reader = Reader(house)
        try:
            reader.catch_up()
            connection = reader.ledger.connection
            row = connection.execute(
                "SELECT receipt, valid_from, origin, complete, problems FROM registers WHERE community = ?"
                " ORDER BY receipt DESC LIMIT 1",
                (community,),
            ).fetchone()
            if row is None:
                return {"record": None, "places": {}, "complete": [], "totals": {}, "problems": ["还没有台账"]}
            receipt, valid_from, origin, complete, problems = row
            places = connection.execute(
                "SELECT kind, count(*) FROM places WHERE register = ? GROUP BY kind ORDER BY kind", (receipt,)
            )
            totals = connection.execute("SELECT name, value FROM totals WHERE register = ? ORDER BY name", (receipt,))
            return {
                "record": receipt,
                "valid_from": valid_from or None,
                "origin": origin,
                "places": dict(places.fetchall()),
                "complete": json.loads(complete),
                "totals": dict(totals.fetchall()),
                "problems": json.loads(problems),
            }
        finally:
            reader.close()
