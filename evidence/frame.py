"""The frame: folds a register revision into places with surrogate ids.

A revision names the sheets or hub pages it is made of; they are read here, from the stored bytes. A place keeps its
id as long as its key stays the same; its address is an attribute. A kind whose sheet has problems or whose walk is
incomplete is marked, and never used as a denominator. A revision that makes the frame smaller is held, see
:mod:`evidence.revision`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.page import register_rows
from connectors.record import Record
from connectors.register import PlaceRow, TotalRow
from connectors.register_columns import TOTALS
from connectors.register_reading import Part, read_register
from connectors.register_table import read_table
from connectors.sheet import Grid, RegisterError, read_csv
from connectors.workbook import read_workbook
from evidence.catalogue import Catalogue
from evidence.ledger import Ledger
from evidence.revision import find_shrunk, name_part, used_revision
from evidence.walk import find_list, gather_walk

REGISTER_SOURCE = "register"
"""The source of sheets that a person imports."""


def fold_register(ledger: Ledger, catalogue: Catalogue, record: Record, fetch: Callable[[int], Record]) -> None:
    """Keep one register revision with its places, totals, complete kinds and problems, and whether it is held."""
    body = json.loads(record.payload)
    community = body["community"]
    problems: list[str] = []
    parts: dict[str, Part] = {}
    leads: dict[str, Lead] = {}
    books: dict[int, dict[str, Grid]] = {}
    for kind, part in body["parts"].items():
        try:
            if "sheet" in part:
                parts[kind], leads[kind] = _sheet(kind, part, fetch, books)
            else:
                parts[kind], leads[kind] = _pages(catalogue, record.source, kind, part, fetch)
        except RegisterError as error:
            problems.append(f"{name_part(kind)}：{error}")
    register = read_register(parts)
    problems += [f"{name_part(kind)}：{fault}" for kind, fault in register.faults.items()]
    problems += [str(problem) for problem in register.problems]
    ids = _known_ids(ledger, community)
    for kind, sheet in register.sheets.items():
        _keep_places(ledger, community, record.receipt, sheet.places, leads[kind], ids)
    _keep_totals(ledger, record.receipt, list(register.totals.values()), leads.get(TOTALS, _nowhere))
    shrunk = find_shrunk(
        ledger,
        used_revision(ledger, community),
        record.source,
        {kind: len(sheet.places) for kind, sheet in register.sheets.items()},
        {total.key: total.value for total in register.totals.values()},
        read=not register.faults and parts.keys() == body["parts"].keys(),
    )
    ledger.connection.execute(
        "INSERT INTO registers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            record.receipt,
            record.source,
            community,
            body["valid_from"] or "",
            record.received_at,
            body["origin"],
            json.dumps(register.complete),
            json.dumps(problems, ensure_ascii=False),
            body.get("rows_sha256", ""),
            json.dumps([[one.name, one.before, one.after] for one in shrunk], ensure_ascii=False),
        ),
    )


Lead = Callable[[int], tuple[int, str]]
"""From a row's index to the receipt and pointer where it was delivered."""


def _sheet(
    kind: str, part: Mapping[str, Any], fetch: Callable[[int], Record], books: dict[int, dict[str, Grid]]
) -> tuple[Part, Lead]:
    """Return the rows of a stored sheet, and the way back to each; ``books`` keeps each workbook once it is read."""
    receipt = int(part["sheet"])
    try:
        if receipt not in books:
            record = fetch(receipt)
            tabs = read_workbook(record.payload, record.topic) if "tab" in part else ()
            books[receipt] = {tab.name: tab for tab in tabs} or {"": read_csv(record.payload, record.topic)}
    except KeyError:
        raise RegisterError(f"第{receipt}号记录缺失") from None
    tab = str(part.get("tab", ""))
    if tab not in books[receipt]:
        raise RegisterError(f"工作簿里没有“{tab}”表")
    table = read_table(kind, books[receipt][tab])
    return Part.of(table), lambda row: (receipt, table.pointer(row))


def _pages(
    catalogue: Catalogue, source: str, kind: str, part: Mapping[str, Any], fetch: Callable[[int], Record]
) -> tuple[Part, Lead]:
    """Return the rows of a walked list, and the way back to each."""
    hub = catalogue.hub_of(source)
    spec = find_list(hub, part["list"])
    if hub is None or spec is None:
        raise RegisterError("没有接口规格说明")
    walk = gather_walk(hub, spec, part["pages"], fetch)
    if not walk.complete:
        raise RegisterError(walk.reason)
    leads = [(receipt, row.pointer) for receipt, row in walk.rows]
    return Part(register_rows(walk), part["list"]), lambda row: leads[row]


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


def _keep_totals(ledger: Ledger, revision: int, totals: Sequence[TotalRow], lead: Lead) -> None:
    ledger.connection.executemany(
        "INSERT INTO totals VALUES (?, ?, ?, ?, ?)",
        [(revision, total.key, total.value, *lead(total.row)) for total in totals],
    )
