"""Binds devices to places: matches what a device says of its address against the register, once, as a record.

A binding is an input like any other: it names the matcher's version and the register revision, and a fold or a
replay never matches anew. An address nobody can place is recorded too, with its candidates.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.address import MATCHER_VERSION, AddressIndex, Match
from connectors.record import Arrival, Kind
from evidence.catalogue import Catalogue
from evidence.ledger import Ledger
from evidence.locker import SYSTEM_SOURCE
from evidence.revision import used_revision


@dataclass(frozen=True, slots=True)
class IndexedPlace:
    """A place as the matcher needs it."""

    id: str
    kind: str
    key: str
    label: str
    attributes: dict[str, str]


class Binder:
    """Proposes bindings for devices that have none yet for their address and the register in use."""

    def __init__(self, ledger: Ledger, catalogue: Catalogue) -> None:
        self._ledger = ledger
        self._catalogue = catalogue
        self._index: tuple[int, AddressIndex] | None = None

    def propose(self, community: str, now: int) -> Sequence[Arrival]:
        """Return a binding record for every device of the community that needs one; none before a register."""
        revision = used_revision(self._ledger, community)
        if revision is None:
            return []
        pending = self._pending(community, revision)
        if not pending:
            return []
        index = self._index_of(revision)
        return [self._bind(community, revision, index, one, now) for one in pending]

    def _pending(self, community: str, revision: int) -> list[tuple[str, str, str]]:
        """Return (source, device, address) where the newest binding is for another address, or failed before."""
        sources = [spec.id for spec in self._catalogue.sources.values() if spec.community == community]
        marks = ", ".join("?" * len(sources))
        rows = self._ledger.connection.execute(
            "SELECT a.source, a.device, a.text FROM addresses a LEFT JOIN bindings b ON b.receipt ="  # noqa: S608
            " (SELECT max(receipt) FROM bindings WHERE source = a.source AND device = a.device)"
            f" WHERE a.source IN ({marks}) AND (b.receipt IS NULL OR b.address != a.text"
            " OR (b.place IS NULL AND b.register != ?)) ORDER BY a.receipt, a.source, a.device",
            (*sources, revision),
        )
        return list(rows)

    def _index_of(self, revision: int) -> AddressIndex:
        if self._index is None or self._index[0] != revision:
            rows = self._ledger.connection.execute(
                "SELECT id, kind, key, label, attributes FROM places WHERE register = ?", (revision,)
            )
            places = [
                IndexedPlace(place_id, kind, key, label, json.loads(attributes))
                for place_id, kind, key, label, attributes in rows
            ]
            self._index = (revision, AddressIndex(places))
        return self._index[1]

    @staticmethod
    def _bind(community: str, revision: int, index: AddressIndex, pending: tuple[str, str, str], now: int) -> Arrival:
        source, device, address = pending
        found = index.match(address)
        matched = isinstance(found, Match)
        body = {
            "community": community,
            "source": source,
            "device": device,
            "address": address,
            "place": found.place_id if isinstance(found, Match) else None,
            "how": found.how if isinstance(found, Match) else found.reason,
            "candidates": [] if isinstance(found, Match) else list(found.candidates),
            "register": revision,
            "matcher": MATCHER_VERSION,
            "valid_from": "",
        }
        text = json.dumps(body, ensure_ascii=False, sort_keys=True).encode()
        return Arrival(SYSTEM_SOURCE, Kind.BINDING, now, "bound" if matched else "unplaced", text)
