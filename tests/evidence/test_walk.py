"""A walk counts when its stored pages are the whole list; an incomplete one changes nothing that was known before."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.record import Arrival, Kind
from tests.fakes.hamlet import HUB, Hamlet

CAMERAS = [
    {"deviceId": f"C-{index}", "place": "A-01", "status": "in_use", "keepDays": 30 + index} for index in range(5)
]


def inventory(hamlet: Hamlet) -> set[tuple[str, str, str]]:
    return set(hamlet.fold().connection.execute("SELECT device, capability, value FROM inventory"))


def walks(hamlet: Hamlet) -> list[tuple[Any, ...]]:
    return list(hamlet.fold().connection.execute("SELECT list, complete, reason, rows FROM walks ORDER BY receipt"))


def listed(*rows: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {
        claim
        for row in rows
        for claim in ((row["deviceId"], "camera", ""), (row["deviceId"], "camera_retention", str(row["keepDays"])))
    }


def test_a_complete_walk_lists_its_devices_with_the_way_to_each_value(hamlet: Hamlet) -> None:
    hamlet.walk("inventory.camera", CAMERAS, size=2)
    assert inventory(hamlet) == listed(*CAMERAS)
    assert walks(hamlet) == [("inventory.camera", 1, "", 5)]
    found = hamlet.fold().connection.execute(
        "SELECT receipt, pointer FROM inventory WHERE device = 'C-3' AND capability = 'camera_retention'"
    )
    assert list(found) == [(2, "/data/list/1/keepDays")]
    address = hamlet.fold().connection.execute("SELECT text, receipt FROM addresses WHERE device = 'C-3'")
    assert list(address) == [("A-01", 2)]


def test_a_row_the_list_leaves_out_is_no_device(hamlet: Hamlet) -> None:
    hamlet.walk("inventory.camera", [CAMERAS[0], {**CAMERAS[1], "status": "removed"}])
    assert inventory(hamlet) == listed(CAMERAS[0])


def test_the_next_complete_walk_takes_the_place_of_the_one_before(hamlet: Hamlet) -> None:
    hamlet.walk("inventory.camera", CAMERAS)
    hamlet.walk("inventory.camera", [{**CAMERAS[1], "keepDays": 7}])
    assert inventory(hamlet) == listed({**CAMERAS[1], "keepDays": 7})


def test_a_walk_of_another_list_leaves_it_alone(hamlet: Hamlet) -> None:
    hamlet.walk("inventory.camera", CAMERAS)
    hamlet.walk("inventory.access", [])
    assert inventory(hamlet) == listed(*CAMERAS)


@pytest.mark.parametrize("total", [4, 6])
def test_an_incomplete_walk_is_remembered_and_changes_nothing(hamlet: Hamlet, total: int) -> None:
    hamlet.walk("inventory.camera", CAMERAS[:2])
    hamlet.walk("inventory.camera", CAMERAS, total=total)
    assert inventory(hamlet) == listed(*CAMERAS[:2])
    assert walks(hamlet)[1] == ("inventory.camera", 0, f"5 rows came, the hub says {total}", 5)


def test_a_page_that_is_gone_makes_its_walk_incomplete(hamlet: Hamlet) -> None:
    hamlet.walk("inventory.camera", CAMERAS[:1])
    hamlet.walk("inventory.camera", CAMERAS[1:3])
    hamlet.end_walk("inventory.camera", [3, 99])
    assert inventory(hamlet) == listed(*CAMERAS[1:3])
    assert walks(hamlet)[2] == ("inventory.camera", 0, "第99号记录缺失", 0)


def test_a_page_that_cannot_be_read_makes_its_walk_incomplete(hamlet: Hamlet) -> None:
    now = hamlet.clock()
    pages = hamlet.house.locker.append(
        [Arrival(HUB, Kind.PAGE, now, "GET /x", b'{"code": 0, "data": {"list": "none"}}')]
    )
    hamlet.end_walk("inventory.camera", pages)
    ((_, complete, reason, _),) = walks(hamlet)
    assert (complete, reason) == (0, "record 1: the answer holds no list at /data/list")


def test_a_list_the_hub_spec_does_not_know_is_remembered_only(hamlet: Hamlet) -> None:
    hamlet.walk("inventory.drones", CAMERAS)
    assert (inventory(hamlet), walks(hamlet)) == (set(), [("inventory.drones", 0, "没有接口规格说明", 0)])


def test_a_list_of_values_gives_one_claim_each(hamlet: Hamlet) -> None:
    hamlet.walk("inventory.access", [{"deviceId": "D-1", "place": "E-1", "ways": ["card", "face"]}])
    assert inventory(hamlet) == {("D-1", "entry", "card"), ("D-1", "entry", "face")}


def test_statistics_take_the_newest_value_of_a_complete_walk(hamlet: Hamlet) -> None:
    hamlet.walk("statistics", [{"key": "elder_calls", "value": 3}, {"key": "total_households", "value": 9}])
    hamlet.walk("statistics", [{"key": "elder_calls", "value": 4}])
    hamlet.walk("statistics", [{"key": "elder_calls", "value": 5}], total=2)
    rows = hamlet.fold().connection.execute("SELECT key, value, receipt, pointer FROM statistics ORDER BY key")
    assert list(rows) == [
        ("elder_calls", "4", 3, "/data/list/0/value"),
        ("total_households", "9", 1, "/data/list/1/value"),
    ]


def test_an_empty_list_is_a_complete_walk(hamlet: Hamlet) -> None:
    hamlet.walk("inventory.camera", CAMERAS)
    hamlet.walk("inventory.camera", [])
    assert (inventory(hamlet), walks(hamlet)[1][1]) == (set(), 1)
