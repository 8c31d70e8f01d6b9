"""Folds the end of a hub walk: its pages become an inventory or statistics, if the walk was complete.

The walk record claims nothing: completeness is worked out anew from the pages. An incomplete walk is remembered and
shown, and changes nothing that an earlier complete one said.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from connectors.hub import Hub, ListKind, ListSpec
from connectors.page import Walk, inventory_items, read_walk, statistic_of
from connectors.record import Record
from evidence.catalogue import Catalogue
from evidence.ledger import Ledger


def fold_walk(ledger: Ledger, catalogue: Catalogue, record: Record, fetch: Callable[[int], Record]) -> None:
    """Put what one complete walk lists in place of what the walk before it listed."""
    body = json.loads(record.payload)
    hub = catalogue.hub_of(record.source)
    spec = find_list(hub, body["list"])
    if hub is None or spec is None:
        walk = Walk((), complete=False, reason="没有接口规格说明")
    else:
        walk = gather_walk(hub, spec, body["pages"], fetch)
    connection = ledger.connection
    connection.execute(
        "INSERT INTO walks VALUES (?, ?, ?, ?, ?, ?, ?)",
        (record.source, body["list"], record.receipt, record.received_at, walk.complete, walk.reason, len(walk.rows)),
    )
    if spec is None or not walk.complete:
        return
    if spec.kind is ListKind.INVENTORY:
        _replace_inventory(ledger, record, spec, walk)
    elif spec.kind is ListKind.STATISTICS:
        for receipt, row in walk.rows:
            statistic = statistic_of(row, spec)
            if statistic is not None:
                connection.execute(
                    "INSERT OR REPLACE INTO statistics VALUES (?, ?, ?, ?, ?, ?)",
                    (record.source, statistic.key, statistic.value, receipt, statistic.pointer, record.received_at),
                )


def find_list(hub: Hub | None, name: str) -> ListSpec | None:
    """Return the hub's list of that name, None where the spec does not know it."""
    return next((spec for spec in hub.lists if spec.name == name), None) if hub else None


def gather_walk(hub: Hub, spec: ListSpec, pages: Sequence[int], fetch: Callable[[int], Record]) -> Walk:
    """Return the rows of a walk read from its stored pages; a page that is gone or bad makes it incomplete."""
    answers = []
    for receipt in pages:
        try:
            page = fetch(receipt)
        except KeyError:
            return Walk((), complete=False, reason=f"第{receipt}号记录缺失")
        answers.append((receipt, page.topic, page.payload))
    return read_walk(answers, hub, spec)


def _replace_inventory(ledger: Ledger, record: Record, spec: ListSpec, walk: Walk) -> None:
    connection = ledger.connection
    connection.execute("DELETE FROM inventory WHERE source = ? AND list = ?", (record.source, spec.name))
    for receipt, row in walk.rows:
        item = inventory_items(row, spec)
        if item is None:
            continue
        values = [(capability, "", row.pointer) for capability in item.capabilities]
        for capability, value, pointer in [*values, *item.values]:
            connection.execute(
                "INSERT OR REPLACE INTO inventory VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (record.source, spec.name, item.device, capability, value, receipt, pointer, record.received_at),
            )
        connection.execute(
            "INSERT INTO devices VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET last_receipt = excluded.last_receipt",
            (record.source, item.device, receipt, receipt),
        )
        if item.address:
            connection.execute(
                "INSERT OR REPLACE INTO addresses VALUES (?, ?, ?, ?, ?)",
                (record.source, item.device, item.address, receipt, row.pointer),
            )
