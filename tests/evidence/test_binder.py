"""A device is bound to a place once, by a record that says how; a fold never matches anew."""

from __future__ import annotations

import json
from typing import Any

from connectors.address import MATCHER_VERSION
from connectors.record import Arrival, Kind
from evidence.locker import SYSTEM_SOURCE
from tests.fakes.hamlet import Hamlet

HOMES = "楼栋,单元,房号\n3,2,1201\n3,2,1202\n3,2,1203\n3,2,1204\n"


def bindings(hamlet: Hamlet) -> list[dict[str, Any]]:
    records = hamlet.house.locker.read(0, 10_000)
    return [json.loads(record.payload) for record in records if record.kind is Kind.BINDING]


def label(hamlet: Hamlet, place: str | None) -> str | None:
    row = hamlet.fold().connection.execute("SELECT label FROM places WHERE id = ?", (place,)).fetchone()
    return row[0] if row else None


def test_a_device_is_bound_by_what_it_says_of_its_address(hamlet: Hamlet) -> None:
    revision = hamlet.register()
    hamlet.meter("WM-1", at="03#2#1201")
    assert hamlet.bind() == 1
    (body,) = bindings(hamlet)
    assert label(hamlet, body["place"]) == "3号楼2单元1201"
    assert (body["source"], body["device"], body["address"]) == ("thingsboard", "WM-1", "03#2#1201")
    assert (body["register"], body["matcher"], body["candidates"]) == (revision, MATCHER_VERSION, [])
    record = hamlet.house.locker.get(hamlet.house.locker.last_receipt())
    assert (record.source, record.topic) == (SYSTEM_SOURCE, "bound")


def test_it_is_bound_once(hamlet: Hamlet) -> None:
    hamlet.register()
    hamlet.meter("WM-1", at="3-2-1201")
    assert [hamlet.bind(), hamlet.bind()] == [1, 0]
    hamlet.meter("WM-1", at="3-2-1201")
    assert hamlet.bind() == 0


def test_before_a_register_nobody_is_bound(hamlet: Hamlet) -> None:
    hamlet.meter("WM-1", at="3-2-1201")
    assert hamlet.bind() == 0
    hamlet.register()
    assert hamlet.bind() == 1


def test_an_address_nobody_can_place_is_recorded_with_its_candidates(hamlet: Hamlet) -> None:
    hamlet.register(household="楼栋,单元,房号\n3,1,1201\n3,2,1201\n")
    hamlet.meter("WM-1", at="3号楼1201")
    hamlet.meter("WM-2", at="泵房旁")
    assert hamlet.bind() == 2
    near, far = bindings(hamlet)
    assert (near["place"], far["place"], far["candidates"]) == (None, None, [])
    assert [label(hamlet, one) for one in near["candidates"]] == ["3号楼1单元1201", "3号楼2单元1201"]
    assert near["how"]
    unplaced = {one.device: one for one in hamlet.facts().unplaced}
    assert unplaced["WM-1"].candidates == ("3号楼1单元1201", "3号楼2单元1201")
    assert (unplaced["WM-2"].address, unplaced["WM-2"].candidates) == ("泵房旁", ())


def test_it_is_not_asked_again_until_the_register_changes(hamlet: Hamlet) -> None:
    hamlet.register()
    hamlet.meter("WM-1", at="3-2-1204")
    assert [hamlet.bind(), hamlet.bind()] == [1, 0]
    hamlet.register(household=HOMES)
    assert hamlet.bind() == 1
    assert [label(hamlet, body["place"]) for body in bindings(hamlet)] == [None, "3号楼2单元1204"]


def test_one_that_is_bound_stays_bound_when_the_register_changes(hamlet: Hamlet) -> None:
    hamlet.register()
    hamlet.meter("WM-1", at="3-2-1201")
    hamlet.bind()
    hamlet.register(household=HOMES)
    assert hamlet.bind() == 0


def test_a_device_that_says_another_address_moves(hamlet: Hamlet) -> None:
    hamlet.register()
    hamlet.meter("WM-1", at="3-2-1201")
    hamlet.bind()
    hamlet.meter("WM-1", at="3-2-1203")
    assert hamlet.bind() == 1
    assert [label(hamlet, body["place"]) for body in bindings(hamlet)] == ["3号楼2单元1201", "3号楼2单元1203"]
    hamlet.later()
    (entry,) = hamlet.rows()[10].parts[0].measure.counted
    assert entry.label == "3号楼2单元1203"


def test_the_binding_that_was_recorded_is_used_even_if_one_would_match_otherwise_now(hamlet: Hamlet) -> None:
    hamlet.register()
    hamlet.meter("WM-1", at="3-2-1201")
    hamlet.bind()
    (body,) = bindings(hamlet)
    other = hamlet.fold().connection.execute("SELECT id FROM places WHERE key = '3-2-1202'").fetchone()[0]
    by_hand = json.dumps({**body, "place": other}).encode()
    hamlet.house.locker.append([Arrival(SYSTEM_SOURCE, Kind.BINDING, hamlet.clock(), "bound", by_hand)])
    hamlet.later()
    (entry,) = hamlet.rows()[10].parts[0].measure.counted
    assert entry.label == "3号楼2单元1202"
