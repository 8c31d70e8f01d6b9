"""Reading and folding stored telemetry, against a bare loop that only reads the same records and parses their JSON.

``python -m benchmarks.reader`` fills a locker with what a simulated community says in a week, then folds it into an
empty ledger file, in the batches of the reader, as a rebuild does. Bare loop and fold take turns; the least of
several rounds counts. That is done for all sources, one of which puts half a dozen devices into a message, and for
those that send a message per device.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from collector.demo import SOURCES
from collector.house import gather_texts
from collector.settings import Settings
from collector.simulate.community import Community
from collector.simulate.timetable import ZONE
from collector.simulate.traffic import messages
from connectors.record import RETAIN_FLAG, Arrival, Kind
from evidence.catalogue import Catalogue, load_catalogue
from evidence.ledger import Ledger
from evidence.locker import Locker
from evidence.replay import fold_all, stream

SEED = 1
HOMES = 1_200
DAYS = 7
ROUNDS = 3
QOS_1 = 0b0010
MIXES = {"all sources": tuple(SOURCES), "a message per device": ("alink", "zigbee2mqtt")}


def make_catalogue() -> Catalogue:
    """Return the product's catalogue for the sources of the simulated community."""
    settings = Settings(
        communities={"demo": {"name": "基准小区"}},
        sources={
            name: {
                "kind": "mqtt",
                "community": "demo",
                "url": "mqtt://127.0.0.1:1",
                "topics": topics,
                "profiles": profiles,
                "client_id": f"bench-{name}",
            }
            for name, (topics, profiles) in SOURCES.items()
        },
    )
    return load_catalogue(gather_texts(settings))


class Stepping:
    """A clock that stands at the step being published."""

    def __init__(self) -> None:
        self.moment = 0

    def __call__(self) -> int:
        """Return UTC milliseconds."""
        return self.moment


def fill_locker(folder: Path, homes: int, days: int, sources: Collection[str]) -> Locker:
    """Return a locker that holds what some sources of a simulated community say in so many days."""
    community = Community.build(SEED, homes, days=days)
    clock = Stepping()
    locker = Locker(folder, ZONE, clock)
    for step in community.steps:
        clock.moment = step.clock_ms
        locker.append(
            [
                Arrival(one.source, Kind.MESSAGE, clock(), one.topic, one.payload, RETAIN_FLAG * one.retain | QOS_1)
                for one in messages(community, step.index)
                if one.source in sources
            ]
        )
    return locker


def read_bare(locker: Locker) -> int:
    """Return how many records there are, having parsed each payload that is JSON."""
    records = 0
    for record in stream(locker):
        records += 1
        try:
            json.loads(record.payload)
        except ValueError:
            continue
    return records


def fold_once(locker: Locker, catalogue: Catalogue, folder: Path) -> int:
    """Fold everything into a new ledger file and return how many readings were counted."""
    for path in folder.glob("ledger.sqlite*"):
        path.unlink()
    ledger = Ledger(folder / "ledger.sqlite", catalogue.reading_digest)
    fold_all(ledger, catalogue, ZONE, stream(locker), locker.get)
    (readings,) = ledger.connection.execute("SELECT sum(count) FROM device_days").fetchone()
    ledger.close()
    return int(readings)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return how many seconds the work took, and its result."""
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def measure(homes: int, days: int, sources: Collection[str]) -> dict[str, float]:
    """Return the figures: records, readings, records a second bare and folded, and how many bare loops a fold is."""
    catalogue = make_catalogue()
    bare: list[float] = []
    folded: list[float] = []
    records = readings = 0
    with tempfile.TemporaryDirectory(prefix="zhizheng-bench-") as name:
        locker = fill_locker(Path(name) / "locker", homes, days, sources)
        for _ in range(ROUNDS):
            took, records = timed(lambda: read_bare(locker))
            bare.append(took)
            took, readings = timed(lambda: fold_once(locker, catalogue, Path(name)))
            folded.append(took)
        locker.close()
    if readings < records / 2:
        raise SystemExit(f"counted {readings} readings in {records} records: the figures mean nothing")
    return {
        "records": records,
        "readings": readings,
        "bare_per_s": records / min(bare),
        "folded_per_s": records / min(folded),
        "readings_per_s": readings / min(folded),
        "ratio": min(folded) / min(bare),
    }


def main() -> None:
    """Measure and print a line for each mix of sources."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reader", description=__doc__.splitlines()[0])
    parser.add_argument("--homes", type=int, default=HOMES, help="how many homes the simulated community has")
    parser.add_argument("--days", type=int, default=DAYS, help="how many days it speaks")
    given = parser.parse_args()
    for mix, sources in MIXES.items():
        told = measure(given.homes, given.days, sources)
        sys.stdout.write(
            "reader, {mix}, {records:,} records with {readings:,} readings: {folded_per_s:,.0f} records/s,"
            " {readings_per_s:,.0f} readings/s folded = {ratio:.1f} x the time of reading and parsing alone"
            " ({bare_per_s:,.0f} records/s)\n".format(mix=mix, **told)
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
