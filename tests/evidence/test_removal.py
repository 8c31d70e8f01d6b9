"""Taking a record away never helps: no floor rises, and the rows that rest on its source become unknown."""

from __future__ import annotations

from collections import defaultdict
from random import Random

import pytest

from connectors.record import Kind, Record
from tests.fakes.night import Night

EVERY_ROW = {1, 2, 7, 10, 18, 22, 29, 33, 34, 44, 53, 58, 61, 67, 69, 74, 76}
ROWS_OF = {
    "thingsboard": {10, 61},
    "alink": {7, 29, 34, 67, 69},
    "zigbee2mqtt": {18, 22, 61},
    # The register came through the hub, and the register is under every row.
    "city_hub": EVERY_ROW,
    "acts": EVERY_ROW,
    "zhizheng": EVERY_ROW,
}


def drawn(night: Night) -> list[Record]:
    """Return a few records of every sort of every source, drawn by a fixed seed; never the claim itself."""
    sorts: dict[tuple[str, Kind], list[Record]] = defaultdict(list)
    for record in night.records.values():
        if record.receipt < night.claim.cutoff:
            sorts[record.source, record.kind].append(record)
    draw = Random(20261103)  # noqa: S311 - a fixed draw of examples
    return [record for records in sorts.values() for record in draw.sample(records, min(2, len(records)))]


def test_a_record_that_is_gone_raises_no_floor_and_leaves_its_rows_unknown(night: Night) -> None:
    whole = night.count(night.records)
    assert {no for no, row in whole.items() if row.floor > 0} == EVERY_ROW
    for gone in drawn(night):
        rest = {receipt: record for receipt, record in night.records.items() if receipt != gone.receipt}
        rows = night.count(rest)
        raised = {no for no in rows if rows[no].floor > whole[no].floor}
        assert not raised, f"without record {gone.receipt} ({gone.source}, {gone.kind})"
        for no in ROWS_OF.get(gone.source, set()):
            assert (rows[no].met, rows[no].floor) == (None, 0), f"row {no} without record {gone.receipt} ({gone.kind})"
            assert rows[no].ceiling > 0


@pytest.mark.parametrize("source", ["thingsboard", "alink", "city_hub"])
def test_a_day_whose_last_records_are_cut_off_is_noticed(night: Night, source: str) -> None:
    day = min(record.day for record in night.records.values() if record.source == source)
    tail = [r.receipt for r in night.records.values() if (r.source, r.day) == (source, day)][-3:]
    rows = night.count({receipt: record for receipt, record in night.records.items() if receipt not in tail})
    assert all(rows[no].met is None and rows[no].floor == 0 for no in ROWS_OF[source])
