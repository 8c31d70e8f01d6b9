"""A finished night: a small community played to its end, refreshed and bundled once for many tests."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from collector.refresh import Refreshed, bundle_run
from collector.simulate.community import Community
from collector.simulate.traps import NAMES
from connectors.record import Record
from evidence.catalogue import Catalogue
from evidence.facts import gather_facts
from evidence.ledger import Ledger
from evidence.replay import fold_all, stream
from evidence.run import Claim, read_claim
from scoring.model import RowScore
from scoring.score import score
from tests.fakes.stage import Stage, play


@dataclass(frozen=True)
class Night:
    """The stage, its run, the bundle, and every record up to the cut-off by receipt."""

    stage: Stage
    done: Refreshed
    bundle: Path
    claim: Claim
    records: Mapping[int, Record]

    @property
    def catalogue(self) -> Catalogue:
        """Return the texts the night was read and scored with."""
        return self.stage.house.catalogue

    def count(self, records: Mapping[int, Record]) -> dict[int, RowScore]:
        """Return the rows as these records show them, with the night's own claim."""
        return count_rows(records, self.catalogue, self.claim)


def count_rows(records: Mapping[int, Record], catalogue: Catalogue, claim: Claim) -> dict[int, RowScore]:
    """Return the rows by number: the same fold and score as a replay, without the form."""
    ledger = Ledger(None, catalogue.reading_digest)
    ordered = [records[receipt] for receipt in sorted(records) if receipt <= claim.cutoff]
    fold_all(ledger, catalogue, claim.window.zone, ordered, dict(records).__getitem__)
    card = score(catalogue.rubric, gather_facts(ledger, catalogue, claim.community, claim.window))
    ledger.close()
    return {row.no: row for row in card.rows}


def live_through(folder: Path) -> Night:
    """Return the night of a community of 24 homes in which every row that is built earns something."""
    community = Community.build(3, 24, days=2, traps=dict.fromkeys(NAMES, "edge"))
    stage = asyncio.run(play(folder, community))
    done = stage.refresh()
    bundle = bundle_run(stage.house, "demo", done.run)
    records = {record.receipt: record for record in stream(stage.house.locker)}
    claim = read_claim(records[max(records)])
    return Night(stage, done, bundle, claim, records)
