"""Points per second into the embedded series, and into InfluxDB where it can be had."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from evidence.points import Point
from evidence.series import EmbeddedSeries, InfluxSeries, SeriesStore
from tests.parts.go import PartMissingError
from tests.parts.influx import InfluxServer

NOON = 1_793_000_000_000
POINTS = [
    Point(
        "thingsboard", f"WM-{step * 7919 % 2000:06d}", "water_volume", NOON + step * 1000, f"{step}.25", "m3", step + 1
    )
    for step in range(100_000)
]
BATCH = 5_000


def measure(name: str, store: SeriesStore) -> None:
    began = time.perf_counter()
    for start in range(0, len(POINTS), BATCH):
        store.copy(POINTS[start : start + BATCH])
    took_s = time.perf_counter() - began
    assert store.cursor() == len(POINTS)
    sys.stdout.write(
        f"\nseries, {name}: {len(POINTS) / took_s:,.0f} points/s ({len(POINTS):,} in batches of {BATCH:,})\n"
    )


def test_embedded(tmp_path: Path) -> None:
    store = EmbeddedSeries(tmp_path / "series.sqlite")
    measure("embedded", store)
    store.close()


def test_influx(tmp_path: Path) -> None:
    try:
        server = InfluxServer(tmp_path / "influx")
    except PartMissingError as missing:
        pytest.skip(str(missing))
    server.start()
    try:
        server.ask("CREATE DATABASE site")
        store = InfluxSeries(tmp_path / "series.sqlite", server.url, ":", "-", "site/autogen")
        measure("InfluxDB 1.8.10", store)
        store.close()
    finally:
        server.kill()
