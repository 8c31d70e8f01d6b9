"""Replays a run from raw records alone: a new ledger in memory, the same fold, the same counting.

Used to verify a bundle, to finish a run that was claimed before a crash, and to prove a rebuild equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from zoneinfo import ZoneInfo

from connectors.record import Kind, Reading, Record
from evidence.catalogue import Catalogue
from evidence.fold import BATCH, Fold
from evidence.ledger import Ledger
from evidence.locker import Locker
from evidence.run import Claim, RunError, RunFiles, compute_run, read_claim


def stream(locker: Locker, after: int = 0, upto: int | None = None) -> Iterable[Record]:
    """Yield the locker's records in receipt order, a batch at a time."""
    while records := locker.read(after, BATCH, upto):
        yield from records
        after = records[-1].receipt


def fold_all(
    ledger: Ledger,
    catalogue: Catalogue,
    zone: ZoneInfo,
    records: Iterable[Record],
    fetch: Callable[[int], Record],
    on_batch: Callable[[list[tuple[Record, Reading]], int], None] | None = None,
) -> None:
    """Fold records into a ledger batch by batch; ``on_batch`` gets each batch's readings and last receipt."""
    fold = Fold(ledger, catalogue, zone, fetch)
    rest = iter(records)
    while batch := list(islice(rest, BATCH)):
        readings = fold.apply(batch)
        if on_batch is not None:
            on_batch(readings, batch[-1].receipt)


def replay_run(locker: Locker, catalogue: Catalogue, zone: ZoneInfo, cutoff: int) -> RunFiles:
    """Return the run claimed at ``cutoff``, computed anew from the locker."""
    claim = read_claim(locker.get(cutoff))
    ledger = Ledger(None, catalogue.reading_digest)
    try:
        fold_all(ledger, catalogue, zone, stream(locker, upto=cutoff), locker.get)
        return compute_run(ledger, catalogue, claim)
    finally:
        ledger.close()


def replay_records(records: dict[int, Record], catalogue: Catalogue, community: str, run: int) -> RunFiles:
    """Return the named run computed from records by receipt; raises RunError when its claim is not among them."""
    claim = _find_claim(records, community, run)
    ledger = Ledger(None, catalogue.reading_digest)
    try:
        ordered = (records[receipt] for receipt in sorted(records) if receipt <= claim.cutoff)
        fold_all(ledger, catalogue, claim.window.zone, ordered, records.__getitem__)
        return compute_run(ledger, catalogue, claim)
    finally:
        ledger.close()


def _find_claim(records: dict[int, Record], community: str, run: int) -> Claim:
    for record in records.values():
        if record.kind is Kind.RUN and record.topic == f"{community}/{run}":
            return read_claim(record)
    raise RunError(f"the records hold no claim of run {run} of {community}; the bundle is not whole")
