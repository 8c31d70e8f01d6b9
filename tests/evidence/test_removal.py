"""Taking a record away never helps: no floor rises, and the rows that rest on its source become unknown."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.record import Arrival, Kind, Record
from scoring.model import RowScore
from tests.fakes.hamlet import HUB, Hamlet
from tests.fakes.night import Night, count_rows

BUILT = frozenset(range(1, 77))
_GATES_AND_DOORS = {29, 30, 31, 32, 34, 35, 63, 64}
_MACHINES = {4, 7, 15, 16, 17, 20, 21, 27, 36, 37, 40, 42, 48, 50, 67, 68, 69, 70, 73}
RESTING_ON = {
    "acme": frozenset[int](),
    "alink": frozenset({23, 24, 25, 65, *_GATES_AND_DOORS, *_MACHINES}),
    "thingsboard": frozenset({6, 8, 9, 10, 11, 12, 50, 61, 62, 64, 65, 66, 73}),
    "zigbee2mqtt": frozenset({18, 22, 61}),
    "city_hub": BUILT,
    "acts": BUILT,
    "zhizheng": BUILT,
}
"""Which rows rest on a source: on platforms what only their profiles can show; on the rest every row.

Three more rows consult alink, and stand in this night by a document: 41, 47 and the linkage of 61.
"""


@pytest.fixture(scope="module")
def whole(night: Night) -> dict[int, RowScore]:
    return night.count(night.records)


def without(night: Night, gone: Iterable[int]) -> dict[int, RowScore]:
    left_out = set(gone)
    return night.count({receipt: record for receipt, record in night.records.items() if receipt not in left_out})


def some_of_each_kind(night: Night) -> list[Record]:
    """Return the first, the last and some seeded records of every kind of every source, the claim excepted."""
    dice = random.Random(20261103)  # noqa: S311 - the same seed, the same records
    groups: dict[tuple[str, Kind], list[Record]] = {}
    for record in night.records.values():
        if record.kind is not Kind.RUN:
            groups.setdefault((record.source, record.kind), []).append(record)
    chosen: dict[int, Record] = {}
    for group in groups.values():
        for record in [group[0], group[-1], *dice.sample(group, min(5, len(group)))]:
            chosen[record.receipt] = record
    return list(chosen.values())


def test_every_row_that_is_built_earns_something_in_this_night(whole: dict[int, RowScore]) -> None:
    assert {no for no, row in whole.items() if row.status == "proven"} == BUILT
    assert {no for no, row in whole.items() if row.floor > 0} == BUILT


def test_whatever_record_is_left_out_its_rows_are_unknown_and_the_others_as_they_were(
    night: Night, whole: dict[int, RowScore]
) -> None:
    chosen = some_of_each_kind(night)
    assert {record.kind for record in chosen} >= {Kind.MESSAGE, Kind.PAGE, Kind.WALK, Kind.REGISTER, Kind.BINDING}
    assert {record.kind for record in chosen} >= {Kind.ACT, Kind.DOCUMENT, Kind.CLOSE}
    for record in chosen:
        rows = without(night, [record.receipt])
        unknown = {no for no, row in rows.items() if no in BUILT and row.met is None}
        wrong = f"without {record.source} {record.kind} {record.receipt}"
        assert unknown == RESTING_ON[record.source], wrong
        assert all(rows[no].floor == 0 for no in unknown), wrong
        assert all(rows[no].ceiling >= whole[no].floor for no in unknown), wrong
        assert all(rows[no].floor == whole[no].floor for no in BUILT - unknown), wrong


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_leaving_records_out_never_raises_a_floor(
    night: Night, whole: dict[int, RowScore], data: st.DataObject
) -> None:
    last = night.claim.cutoff
    gone = data.draw(st.sets(st.integers(1, last - 1), min_size=1, max_size=8))
    for no, row in without(night, gone).items():
        assert row.floor <= whole[no].floor, f"row {no} without {sorted(gone)}"


@pytest.mark.parametrize("source", ["thingsboard", "alink", "city_hub"])
def test_a_day_whose_last_records_are_cut_off_is_noticed(night: Night, source: str) -> None:
    day = min(record.day for record in night.records.values() if record.source == source)
    tail = [r.receipt for r in night.records.values() if (r.source, r.day) == (source, day)][-3:]
    rows = without(night, tail)
    assert all(rows[no].met is None and rows[no].floor == 0 for no in RESTING_ON[source])


# ---------------------------------------------------------------- a frame beside the register


def left_out(hamlet: Hamlet, *gone: int) -> dict[int, RowScore]:
    """Return the rows of a run claimed now, without some records."""
    claim = hamlet.claim()
    records = {record.receipt: record for record in hamlet.house.locker.read(0, 10_000) if record.receipt not in gone}
    return count_rows(records, hamlet.house.catalogue, claim)


def one_smart_home(hamlet: Hamlet) -> None:
    """Let one home show a switch and a socket; their platform has nothing to do with the hub."""
    item = {"friendly_name": "开关", "ieee_address": "0x01", "definition": {"model": "SW-1"}, "description": "3-2-1201"}
    plug = {"friendly_name": "插座", "ieee_address": "0x02", "definition": {"model": "SP-1"}, "description": "3-2-1201"}
    hamlet.tell("zigbee2mqtt", "zigbee2mqtt/bridge/devices", [item, plug])
    for name in ("开关", "插座"):
        hamlet.tell("zigbee2mqtt", f"zigbee2mqtt/{name}", {"state": "ON"})


def test_leaving_out_the_hubs_larger_total_of_households_raises_no_floor(hamlet: Hamlet) -> None:
    hamlet.register()
    one_smart_home(hamlet)
    walk = hamlet.walk("statistics", [{"key": "total_households", "value": 9}])
    hamlet.later()
    row = left_out(hamlet)[22]
    assert (str(row.floor), row.numerator, row.denominator) == ("0.22", 1, 9)
    for gone in (walk - 1, walk):
        row = left_out(hamlet, gone)[22]
        assert (str(row.floor), row.met) == ("0.00", None)


def test_leaving_out_the_newest_register_does_not_bring_an_older_one_back(hamlet: Hamlet) -> None:
    hamlet.register()
    one_smart_home(hamlet)
    homes = [{"building": "3", "unit": "2", "room": str(room), "code": f"H{room}"} for room in range(1201, 1210)]
    walk = hamlet.walk("register.household", homes)
    parts = {"household": {"list": "register.household", "pages": [walk - 1]}}
    body = {"community": "demo", "valid_from": None, "origin": "hub:city_hub", "parts": parts}
    (register,) = hamlet.house.locker.append(
        [Arrival(HUB, Kind.REGISTER, hamlet.clock(), "demo", json.dumps(body).encode())]
    )
    hamlet.later()
    row = left_out(hamlet)[22]
    assert (row.numerator, row.denominator) == (1, 9)
    row = left_out(hamlet, register)[22]
    assert (str(row.floor), row.met) == ("0.00", None)


def test_leaving_out_the_word_that_a_program_no_longer_runs_makes_the_lamps_unknown(hamlet: Hamlet) -> None:
    hamlet.register(lamp="编号,用途,回路\nL-1,公共,C-07\nL-2,公共,\n", circuit="回路\nC-07\n")
    item = {"friendly_name": "控制器", "ieee_address": "0x03", "definition": {"model": "LC-1"}, "description": "C-07"}
    hamlet.tell("zigbee2mqtt", "zigbee2mqtt/bridge/devices", [item])
    hamlet.tell("zigbee2mqtt", "zigbee2mqtt/控制器", {"state": "ON", "schedule": "active"})
    (stopped,) = hamlet.tell("zigbee2mqtt", "zigbee2mqtt/控制器", {"state": "ON", "schedule": "inactive"})
    hamlet.later()
    told = left_out(hamlet)[18]
    assert (told.numerator, told.denominator, told.met) == (0, 2, False)
    hidden = left_out(hamlet, stopped)[18]
    assert (hidden.numerator, hidden.met, str(hidden.floor)) == (0, None, "0.00")


def test_leaving_out_a_revocation_does_not_bring_the_attestation_back(hamlet: Hamlet) -> None:
    hamlet.register()
    (hamlet.folder / "rules.pdf").write_bytes(b"%PDF-1.4 rules")
    act = {"act": "attest", "row": 74, "value": "yes", "by": "王工", "date": "2026-10-20", "expires": "2027-10-20"}
    given = [{**act, "part": part, "document": "rules.pdf"} for part in ("rules", "measures", "no-incident")]
    hamlet.act(given)
    assert str(left_out(hamlet)[74].floor) == "10.00"
    hamlet.act([*given, {**act, "part": "rules", "value": "no"}])
    revoked = left_out(hamlet)[74]
    assert (str(revoked.floor), revoked.met) == ("0.00", False)
    receipt = next(
        record.receipt
        for record in reversed(hamlet.house.locker.read(0, 10_000))
        if record.kind is Kind.ACT and b'"no"' in record.payload
    )
    hidden = left_out(hamlet, receipt)[74]
    assert (str(hidden.floor), hidden.met) == ("0.00", None)
