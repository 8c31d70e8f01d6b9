"""Imports of acts: an acts file or a workbook becomes locker records, whole or not at all, each act once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector.house import House
from collector.imports import local_day
from evidence.acts import ActError, Given, act_arrivals, act_digest, kept_documents, known_acts, read_acts
from evidence.attest import read_terms
from evidence.catalogue import read_yaml
from evidence.ledger import Ledger


@dataclass(frozen=True, slots=True)
class ImportedActs:
    """What an import recorded: the bodies of the new acts, how many were recorded before, and the import's id.

    ``batch`` is the SHA-256 of the file; every act that came with it carries it.
    """

    batch: str
    recorded: tuple[Mapping[str, Any], ...]
    passed_over: int


def import_acts(house: House, ledger: Ledger, community: str, path: Path) -> int:
    """Import the new entries of an acts file and return how many there were.

    What is recorded already is passed over, withdrawn or not: a file that is read every night brings nothing back.
    Raises ActError naming every entry that cannot be used, and the mend; then nothing is imported.
    """
    known = known_acts(ledger, community, withdrawn=True)
    return len(_import_entries(house, ledger, community, path, known, by_hand=False).recorded)


def import_acts_again(house: House, ledger: Ledger, community: str, path: Path) -> ImportedActs:
    """Import an acts file by hand: entries that were withdrawn stand again; raises ActError as import_acts does."""
    return _import_entries(house, ledger, community, path, known_acts(ledger, community), by_hand=True)


def _import_entries(
    house: House, ledger: Ledger, community: str, path: Path, known: frozenset[str], *, by_hand: bool
) -> ImportedActs:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ActError(
            f"{path}: cannot be read ({error.strerror}); put the acts file there, or take `acts` out of the settings"
        ) from None
    entries = read_yaml(content, path.name) or []
    terms = read_terms(ledger, house.catalogue, community, local_day(house, house.clock()), by_hand=by_hand)
    acts = read_acts(entries, path.name, documents_in(path.parent), terms, known)
    return record_acts(house, ledger, community, acts, content, known=known, passed_over=len(entries) - len(acts))


def documents_in(folder: Path) -> Callable[[str], bytes]:
    """Return the way documents are read that lie in a folder; what lies outside of it is refused with OSError."""
    root = folder.resolve()

    def read(name: str) -> bytes:
        path = (root / name).resolve()
        if not path.is_relative_to(root):
            raise PermissionError(1, f"it is outside of the folder {root.name}")
        return path.read_bytes()

    return read


def record_acts(
    house: House,
    ledger: Ledger,
    community: str,
    acts: Sequence[Given],
    content: bytes,
    *,
    known: frozenset[str],
    passed_over: int = 0,
) -> ImportedActs:
    """Record the checked acts that are not known yet, with the documents that are not kept yet, in one piece.

    ``content`` is the file they came with; of acts that are the same only the first is recorded.
    """
    distinct: dict[str, Given] = {}
    for body, document in acts:
        distinct.setdefault(act_digest(body), (body, document))
    fresh = [given for digest, given in distinct.items() if digest not in known]
    batch = hashlib.sha256(content).hexdigest()
    if fresh:
        arrivals = act_arrivals(community, fresh, house.clock(), batch=batch, kept=kept_documents(ledger))
        house.locker.append(arrivals)
    return ImportedActs(batch, tuple(body for body, _ in fresh), passed_over + len(acts) - len(fresh))
