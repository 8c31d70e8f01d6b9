from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.record import Kind, Observation, Record
from evidence.points import Point, PointFile, Quarantined, numeric_points

RECORD = Record(7, "thingsboard", "2026-11-03", 1, Kind.MESSAGE, 1_793_000_000_000, "t", b"{}")


def point(device: str = "WM-1", *, at: int = 1_000, value: str = "418.327", receipt: int = 1) -> Point:
    return Point("thingsboard", device, "water_volume", at, value, "m3", receipt)


def test_only_numeric_capabilities_become_points() -> None:
    seen = [
        Observation("WM-1", "water_volume", "418.327", 1_792_999_999_000, "/v"),
        Observation("SD-1", "smoke", "false", 1_792_999_999_000, "/s"),
    ]

    assert numeric_points(RECORD, seen, {"water_volume": "m3"}) == [
        Point("thingsboard", "WM-1", "water_volume", 1_792_999_999_000, "418.327", "m3", 7)
    ]


def test_a_number_without_a_device_time_gets_the_time_of_receipt() -> None:
    (found,) = numeric_points(RECORD, [Observation("L", "battery", "87", None, "/b")], {"battery": "%"})

    assert found.observed_at == RECORD.received_at


def test_points_and_cursor_are_kept_together_or_not_at_all(tmp_path: Path) -> None:
    def interrupted() -> Iterator[Point]:
        yield point(receipt=1)
        raise RuntimeError("power cut")

    file = PointFile(tmp_path / "series.sqlite")
    with pytest.raises(RuntimeError, match="power cut"):
        file.keep("here", 2, interrupted())

    assert file.cursor("here") == 0
    assert file.read("thingsboard", "WM-1", "water_volume", 0, 10_000) == []
    file.close()


def test_a_file_of_another_schema_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "series.sqlite"
    file = PointFile(path)
    file.keep("here", 5, [point(receipt=5)])
    file.close()
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version = 99")
    other.close()

    file = PointFile(path)

    assert file.cursor("here") == 0
    assert file.read("thingsboard", "WM-1", "water_volume", 0, 10_000) == []
    file.close()


def test_each_target_has_its_own_cursor_and_quarantine(tmp_path: Path) -> None:
    file = PointFile(tmp_path / "deep" / "series.sqlite")
    bad = Quarantined(point(receipt=3), "400 no")
    file.confirm("one", 3, [bad])
    file.confirm("two", 9)

    assert (file.cursor("one"), file.cursor("two"), file.cursor("three")) == (3, 9, 0)
    assert file.quarantined("one", 10) == [bad]
    assert (file.quarantined_count("one"), file.quarantined_count("two")) == (1, 0)
    file.close()


@settings(deadline=None)  # every example begins a file, and a busy disk is no failure
@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 5), st.integers(1, 9), st.decimals(0, 9, places=2)),
        max_size=30,
    ),
    st.integers(1, 5),
)
def test_copying_again_in_any_order_and_split_gives_the_same_series(
    tmp_path_factory: pytest.TempPathFactory, seen: list[tuple[str, int, int, object]], size: int
) -> None:
    # One receipt says one value for a device and time, so the later of two receipts decides.
    said = {(device, at, receipt): str(value) for device, at, receipt, value in seen}
    points = [point(device, at=at, value=value, receipt=receipt) for (device, at, receipt), value in said.items()]
    latest = {(one.device, one.observed_at): one for one in sorted(points, key=lambda one: one.receipt)}
    file = PointFile(tmp_path_factory.mktemp("points") / "series.sqlite")
    for again in (points, points[::-1]):
        for start in range(0, len(again), size):
            part = again[start : start + size]
            file.keep("here", max(one.receipt for one in part), part)

    for device in ("a", "b"):
        wanted = sorted((one for one in latest.values() if one.device == device), key=lambda one: one.observed_at)
        assert file.read("thingsboard", device, "water_volume", 0, 10) == wanted
    assert file.cursor("here") == max((one.receipt for one in points), default=0)
    file.close()
