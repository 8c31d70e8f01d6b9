"""The frame: folds a register revision into places with surrogate ids.

A revision names the sheets or hub pages it is made of; they are read here, from the stored bytes. A place keeps its
id as long as its key stays the same; its address is an attribute. A kind whose sheet has problems or whose walk is
incomplete is marked, and never used as a denominator.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.page import register_rows
from connectors.record import Record
from connectors.register import PlaceRow, RegisterError, locate_totals, read_sheet, read_totals, rows_of
from evidence.catalogue import Catalogue
from evidence.ledger import Ledger
from evidence.walk import find_list, gather_walk

TOTALS = "totals"
REGISTER_SOURCE = "register"
"""The source of sheets that a person imports."""


def fold_register(ledger: Ledger, catalogue: Catalogue, record: Record, fetch: Callable[[int], Record]) -> None:
    """Keep one register revision with its places, totals, complete kinds and problems."""
    body = json.loads(record.payload)
    community = body["community"]
    complete: list[str] = []
    problems: list[str] = []
    ids = _known_ids(ledger, community)
    for kind, part in sorted(body["parts"].items()):
        rows, lead, lack = _rows(catalogue, record.source, part, fetch)
        if lack:
            problems.append(f"{kind}：{lack}")
            continue
        try:
            if kind == TOTALS:
                _keep_totals(ledger, record.receipt, rows, lead)
                complete.append(kind)
                continue
            sheet = read_sheet(kind, rows, kind)
        except RegisterError as error:
            problems.append(f"{kind}：{error}")
            continue
        _keep_places(ledger, community, record.receipt, sheet.places, lead, ids)
        problems += [str(problem) for problem in sheet.problems]
        if sheet.complete:
            complete.append(kind)
    ledger.connection.execute(
        "INSERT INTO registers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            record.receipt,
            record.source,
            community,
            body["valid_from"] or "",
            record.received_at,
            body["origin"],
            json.dumps(complete),
            json.dumps(problems, ensure_ascii=False),
            body.get("rows_sha256", ""),
        ),
    )


Lead = Callable[[int], tuple[int, str]]
"""From a row's index to the receipt and pointer where it was delivered."""


def _rows(
    catalogue: Catalogue, source: str, part: Mapping[str, Any], fetch: Callable[[int], Record]
) -> tuple[Sequence[Mapping[str, str]], Lead, str]:
    """Return a part's rows as delivered, the way back to each, and what is lacking."""
    if "sheet" in part:
        receipt = int(part["sheet"])
        try:
            sheet = fetch(receipt)
            return rows_of(sheet.payload, sheet.topic), lambda row: (receipt, f"line {row + 2}"), ""
        except KeyError:
            return [], _nowhere, f"第{receipt}号记录缺失"
        except RegisterError as error:
            return [], _nowhere, str(error)
    hub = catalogue.hub_of(source)
    spec = find_list(hub, part["list"])
    if hub is None or spec is None:
        return [], _nowhere, "没有接口规格说明"
    walk = gather_walk(hub, spec, part["pages"], fetch)
    if not walk.complete:
        return [], _nowhere, walk.reason
    leads = [(receipt, row.pointer) for receipt, row in walk.rows]
    return register_rows(walk), lambda row: leads[row], ""


def _nowhere(row: int) -> tuple[int, str]:
    raise LookupError(f"row {row} of a part that could not be read")


def _known_ids(ledger: Ledger, community: str) -> dict[tuple[str, str], str]:
    rows = ledger.connection.execute(
        "SELECT kind, key, id FROM places JOIN registers ON registers.receipt = places.register"
        " WHERE community = ? ORDER BY register",
        (community,),
    )
    return {(kind, key): place_id for kind, key, place_id in rows}


def _keep_places(
    ledger: Ledger,
    community: str,
    revision: int,
    places: Sequence[PlaceRow],
    lead: Lead,
    ids: Mapping[tuple[str, str], str],
) -> None:
    rows = []
    for place in places:
        place_id = ids.get((place.kind, place.key)) or name_place(community, place.kind, place.key, revision)
        attributes = json.dumps(dict(place.attributes), ensure_ascii=False, sort_keys=True)
        rows.append((revision, place_id, place.kind, place.key, place.label, attributes, *lead(place.row)))
    ledger.connection.executemany("INSERT INTO places VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)


def name_place(community: str, kind: str, key: str, revision: int) -> str:
    """Return the surrogate id of a place first seen in a revision: its kind and ten hex digits."""
    digest = hashlib.sha256(f"{community}\n{kind}\n{revision}\n{key}".encode()).hexdigest()
    return f"{kind}-{digest[:10]}"


def _keep_totals(ledger: Ledger, revision: int, rows: Sequence[Mapping[str, str]], lead: Lead) -> None:
    values = read_totals(rows)
    places = locate_totals(rows)
    ledger.connection.executemany(
        "INSERT INTO totals VALUES (?, ?, ?, ?, ?)",
        [(revision, name, value, *lead(places[name])) for name, value in values.items()],
    )
