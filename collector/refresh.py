"""The refresh: everything stored becomes one sealed run, by hand or by night.

The steps are the same every time: read what is stored, bind what is new, claim the next number with its cut-off,
fold exactly up to it, count, score, freeze. A run that was claimed before a crash is finished first.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from collector.house import House
from collector.reader import Reader
from collector.slots import due_nights, name_slot
from evidence.bundle import write_bundle
from evidence.replay import replay_run, stream
from evidence.run import RunError, RunFiles, claim_run, compute_run, write_run
from evidence.window import window_before

NIGHT = "night"

_log = logging.getLogger(__name__)


class RefreshError(RuntimeError):
    """A refresh that cannot be done; the message says why and what mends it."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """One finished run: where it lies and what it says."""

    community: str
    run: int
    folder: Path
    scorecard: dict[str, Any]


@contextmanager
def reading(house: House) -> Iterator[Reader]:
    """Hold the night role with everything stored folded."""
    with house.hold(NIGHT):
        reader = Reader(house)
        try:
            reader.catch_up()
            yield reader
        finally:
            reader.close()


def refresh(
    house: House,
    community: str,
    slot: str = "by hand",
    *,
    night: date | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Refreshed:
    """Make the community's next run and return it; waits while another process folds.

    The window ends at the last local midnight, or at the one that begins ``night``.
    """
    with house.hold(NIGHT):
        finish_claimed(house)
        reader = Reader(house)
        try:
            reader.catch_up(on_progress=on_progress)
            reader.bind()
            settings = house.settings
            now = house.clock()
            window = window_before(now, settings.night.window_days, settings.zone)
            one = settings.communities[community]
            claim = claim_run(
                house.locker,
                reader.ledger,
                house.catalogue,
                community=community,
                community_name=one.name,
                window=window if night is None else replace(window, end=night),
                environment=settings.environment,
                slot=slot,
                basics=one.basics,
                now=now,
            )
            reader.catch_up(claim.cutoff)
            result = compute_run(reader.ledger, house.catalogue, claim)
        finally:
            reader.close()
        return _written(house, result)


def refresh_due(house: House) -> list[Refreshed]:
    """Make a run for every night that is due and not claimed yet, of every community."""
    done = []
    for community in house.settings.communities:
        with house.hold(NIGHT):
            reader = Reader(house)
            try:
                reader.catch_up()
                nights = due_nights(house, reader.ledger, community)
            finally:
                reader.close()
        done += [refresh(house, community, name_slot(night), night=night) for night in nights]
    return done


def finish_claimed(house: House) -> list[Refreshed]:
    """Write every run that was claimed and never written (a crash came between); returns them."""
    reader = Reader(house)
    try:
        reader.catch_up()
        rows = reader.ledger.connection.execute(
            "SELECT community, number, receipt FROM runs ORDER BY receipt"
        ).fetchall()
    finally:
        reader.close()
    finished = []
    for community, number, receipt in rows:
        if not run_folder(house.settings.out, community, number).exists():
            try:
                result = replay_run(house.locker, house.catalogue, house.settings.zone, receipt)
            except RunError as error:
                _log.warning("%s: a run claimed before a stop stays unfinished", error)
                continue
            finished.append(_written(house, result))
    return finished


def _written(house: House, result: RunFiles) -> Refreshed:
    folder = write_run(result, house.settings.out)
    return Refreshed(result.claim.community, result.claim.run, folder, dict(result.scorecard))


def run_folder(out: Path, community: str, run: int) -> Path:
    """Return where a run lies."""
    return out / community / str(run)


def newest_run(out: Path, community: str) -> int | None:
    """Return the newest written run of a community, None when there is none."""
    numbers = [int(path.name) for path in (out / community).glob("*") if path.name.isdecimal()]
    return max(numbers, default=None)


def bundle_run(house: House, community: str, run: int, on_record: Callable[[int], None] | None = None) -> Path:
    """Write ``evidence.zip`` beside a run's files and return its path."""
    folder = run_folder(house.settings.out, community, run)
    try:
        body = json.loads((folder / "run.json").read_bytes())
    except OSError:
        known = newest_run(house.settings.out, community)
        raise RefreshError(
            f"run {run} of {community}: there is none in {house.settings.out}; the newest is {known or 'none yet'}"
        ) from None
    if dict(body["catalogue"]) != dict(house.catalogue.digests):
        raise RefreshError(
            f"run {run} was made with other profiles or another rubric than the settings name now; "
            "put them back, or bundle a newer run"
        )
    target = folder / "evidence.zip"
    records = stream(house.locker, upto=body["cutoff_receipt"])
    write_bundle(target, folder, records, house.catalogue.texts, on_record)
    return target


def local_text(house: House, at_ms: int) -> str:
    """Return a moment as people of the community write it."""
    return datetime.fromtimestamp(at_ms / 1000, house.settings.zone).strftime("%Y-%m-%d %H:%M:%S")
