"""Rebuilds the ledger from the locker, the only truth, and says whether the old one was equal."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from evidence.catalogue import Catalogue
from evidence.ledger import Ledger, LedgerError
from evidence.locker import Locker
from evidence.replay import fold_all, stream


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild found: ``equal`` is None when there was no ledger of this schema and catalogue to compare."""

    records: int
    digest: str
    equal: bool | None

    def describe(self) -> str:
        """Return the comparison in words."""
        if self.equal is None:
            return "there was no ledger to compare with"
        return "the ledger was equal" if self.equal else "the ledger differed and has been replaced"


def rebuild_ledger(locker: Locker, catalogue: Catalogue, zone: ZoneInfo, path: Path) -> Rebuilt:
    """Fold the whole locker into a new ledger and put it in place of the one at ``path``.

    The old one is compared as far as it had been folded. The caller holds the role ``night``.
    """
    fresh_path = path.with_suffix(".rebuilding")
    _remove(fresh_path)
    fresh = Ledger(fresh_path, catalogue.reading_digest)
    try:
        known = _digest_of(path, catalogue)
        equal = None
        after = 0
        if known is not None:
            after, digest = known
            fold_all(fresh, catalogue, zone, stream(locker, upto=after), locker.get)
            equal = fresh.dump_digest() == digest
        fold_all(fresh, catalogue, zone, stream(locker, after=after), locker.get)
        result = Rebuilt(fresh.cursor, fresh.dump_digest(), equal)
        fresh.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        fresh.close()
    _remove(path)
    fresh_path.rename(path)
    return result


def _digest_of(path: Path, catalogue: Catalogue) -> tuple[int, str] | None:
    """Return cursor and dump digest of the ledger at a path, None when there is nothing comparable or it is damaged."""
    if not path.is_file():
        return None
    try:
        ledger = Ledger(path, catalogue.reading_digest)
    except LedgerError:
        return None
    try:
        return (ledger.cursor, ledger.dump_digest()) if ledger.cursor else None
    except sqlite3.DatabaseError:
        return None
    finally:
        ledger.close()


def _remove(path: Path) -> None:
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)
