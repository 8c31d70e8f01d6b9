"""Devices and lists where one is enough, and the worst value of all: what counts, and what is only listed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from scoring.census import Census
from scoring.model import Entry, Facts, Gap, Measure, Rung, Shown, ShownBy
from scoring.rules import judge
from tests.fakes.facts import facts, part, place, places, row, rubric, shown

RETENTION = {"kind": "limits", "capability": "camera_retention", "over": "camera", "take": "lowest"}


def count(measure: Mapping[str, Any], known: Facts) -> Measure:
    spec = rubric(row(parts=[part(measure)])).rows[0].parts[0].ways[0].measure
    return Census(known).count(spec, 1, "p")


def keys(entries: Sequence[Entry]) -> list[str]:
    return [entry.key for entry in entries]


def test_an_inventory_counts_distinct_devices_that_are_still_valid() -> None:
    measure = {"kind": "inventory", "capability": "operator_access"}
    seen = [shown(None, "operator_access", ShownBy.INVENTORY, device=name) for name in ("电信", "移动", "移动")]
    seen += [shown(None, "operator_access", ShownBy.INVENTORY, device="联通", days_ago=365)]
    counted = count(measure, facts({}, seen))
    assert (keys(counted.counted), keys(counted.unknown)) == (["meters/电信", "meters/移动"], ["meters/联通"])
    assert (counted.n, counted.n_ceiling) == (2, 3)
    assert count(measure, facts()).problem == "没有收到该项清单"


def test_devices_of_a_scope_leave_out_the_others() -> None:
    rooms = (*places("room", 1), place("area", "x"))
    measure = {"kind": "devices", "of": "room", "show": [{"capability": "online", "by": ["message"]}]}
    seen = [shown(rooms[0], "online"), shown(rooms[1], "online"), shown(None, "online")]
    assert keys(count(measure, facts({"room": rooms[:1], "area": rooms[1:]}, seen)).counted) == ["room:0"]


def test_a_thing_that_two_platforms_know_counts_once_and_one_bound_nowhere_not_at_all() -> None:
    (lobby,) = places("area", 1)
    locker = {"kind": "devices", "show": [{"capability": "parcel_locker_up", "by": ["message", "inventory"]}]}
    seen = [
        shown(lobby, "parcel_locker_up"),
        shown(lobby, "parcel_locker_up", ShownBy.INVENTORY, source="hub", device="L-1"),
        shown(None, "parcel_locker_up", ShownBy.INVENTORY, source="hub", device="L-2"),
    ]
    measure = count(locker, facts({"area": (lobby,)}, seen))
    assert (measure.n, keys(measure.counted), keys(measure.unknown)) == (1, ["area:0"], ["hub/L-2"])
    assert len(measure.counted[0].shown) == 2


def cameras(*days: str | None, **more: Any) -> list[Shown]:
    seen = []
    for index, kept in enumerate(days):
        at = place("area", str(index))
        seen.append(shown(at, "camera", ShownBy.INVENTORY))
        if kept is not None:
            seen.append(shown(at, "camera_retention", ShownBy.INVENTORY, low=kept, high=kept, **more))
    return seen


@pytest.mark.parametrize(("take", "worst"), [("lowest", "29"), ("highest", "90")])
def test_the_worst_value_of_all_devices_is_taken(take: str, worst: str) -> None:
    areas = {"area": places("area", 3)}
    measure = count({**RETENTION, "take": take}, facts(areas, cameras("30", "29", "90")))
    assert (str(measure.worst), len(measure.counted), measure.unknown) == (worst, 3, ())


def test_a_device_without_a_value_is_unknown_and_one_without_a_place_is_listed_apart() -> None:
    measure = count(RETENTION, facts({"area": places("area", 2)}, cameras("40", None, "1")))
    assert (str(measure.worst), keys(measure.unknown), keys(measure.excluded)) == ("40", ["meters/1"], ["meters/2"])


@pytest.mark.parametrize(
    "old",
    [
        shown(place("area", "0"), "camera_retention", ShownBy.INVENTORY, low="40", high="40", days_ago=365),
        shown(place("area", "0"), "camera_retention", low="40", high="40", days_ago=7),
        shown(place("area", "0"), "camera_retention", low="40", high="40", rung=Rung.HEARD),
    ],
)
def test_a_value_that_is_not_current_is_no_value(old: Shown) -> None:
    measure = count(RETENTION, facts({"area": places("area", 1)}, [*cameras(None), old]))
    assert (measure.worst, keys(measure.unknown)) == (None, ["meters/0"])


@pytest.mark.parametrize("able", ["camera", "camera_retention"])
def test_where_a_source_had_a_gap_the_worst_value_is_open_at_the_floor_and_a_bad_one_stays_bad(able: str) -> None:
    areas = {"area": places("area", 2)}
    gaps = [Gap(source, 1, 2, "session_lost", 9) for source in ("meters", "meters", "elsewhere")]
    known = {"sources_of": {able: frozenset({"meters"})}, "gaps": tuple(gaps)}
    measure = count(RETENTION, facts(areas, cameras("40", "30"), **known))
    (open_one,) = measure.unknown
    assert (str(measure.worst), open_one.key) == ("30", "gap/meters")
    assert open_one.reason == "窗口内接收中断2次，其间的数值未知"
    (rule,) = [
        way.rule for way in rubric(row(parts=[part(RETENTION, {"worst": {"at_least": 30}})])).rows[0].parts[0].ways
    ]
    assert judge(rule, measure) == (False, True)
    assert judge(rule, count(RETENTION, facts(areas, cameras("40", "29"), **known))) == (False, False)
    assert count(RETENTION, facts(areas, cameras("40", "30"), **{**known, "gaps": (gaps[2],)})).unknown == ()
