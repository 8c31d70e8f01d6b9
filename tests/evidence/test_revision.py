"""A revision that makes the frame smaller is held until a person accepts it; what changed between two is told."""

from __future__ import annotations

import json

import pytest

from connectors.record import Arrival, Kind
from evidence.acts import ACTS_SOURCE
from evidence.revision import compare_revisions, list_revisions, name_part, used_revision
from tests.fakes.hamlet import HUB, Hamlet

FEWER = "楼栋,单元,房号\n3,2,1201\n3,2,1202\n"
MORE = "楼栋,单元,房号\n3,2,1201\n3,2,1202\n3,2,1203\n3,2,1204\n"


def used(hamlet: Hamlet, day: str | None = None) -> int | None:
    return used_revision(hamlet.fold(), "demo", day)


def held(hamlet: Hamlet) -> list[list[str]]:
    return [[str(one) for one in revision.held] for revision in list_revisions(hamlet.fold(), "demo")]


def homes(hamlet: Hamlet) -> int:
    return len(hamlet.facts().frames["household"])


def test_the_first_register_is_never_held(hamlet: Hamlet) -> None:
    assert used(hamlet) is None
    assert hamlet.register(household=FEWER) == used(hamlet)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"household": FEWER}, "住户 3 → 2"),
        ({"totals": "项目,数值\n总户数,2\n入住户数,60\n户籍居民数,9\n车位数,10\n"}, "总户数 3 → 2"),
        ({"totals": "项目,数值\n总户数,3\n入住户数,60\n车位数,10\n"}, "户籍居民数 9 → 没有了"),
        ({"lift": "注册代码,楼栋,单元\n"}, "电梯 1 → 0"),
        ({"lift": None}, "电梯 1 → 没有了"),
        ({"household": "楼栋,单元,房号\n3,2,1201\n3,2,1202\n3,2,\n"}, "住户 3 → 2"),
    ],
)
def test_a_smaller_register_is_held_and_changes_nothing(
    hamlet: Hamlet, changed: dict[str, str | None], said: str
) -> None:
    first = hamlet.register()
    before = hamlet.facts()
    hamlet.register(**changed)

    assert held(hamlet) == [[], [said]]
    assert used(hamlet) == first
    assert (hamlet.facts().frames, hamlet.facts().totals) == (before.frames, before.totals)


@pytest.mark.parametrize(
    "changed",
    [
        {"household": MORE},
        {"household": "楼栋,单元,房号\n3,2,1201\n3,2,1202\n3,2,1301\n"},
        {"pump": "编号,用途\nB-1,供水\n"},
        {"totals": "项目,数值\n总户数,4\n入住户数,60\n户籍居民数,9\n车位数,10\n党员数,3\n"},
    ],
)
def test_a_register_of_the_same_size_or_larger_is_used(hamlet: Hamlet, changed: dict[str, str | None]) -> None:
    hamlet.register()

    assert hamlet.register(**changed) == used(hamlet)


def test_an_accepted_register_is_used_from_its_own_day_on(hamlet: Hamlet) -> None:
    first = hamlet.register()
    second = hamlet.register(household=FEWER)
    hamlet.accept(second)

    assert used(hamlet) == second
    assert used(hamlet, "2026-11-02") == first
    assert homes(hamlet) == 2


def test_only_an_act_that_came_after_the_register_accepts_it(hamlet: Hamlet) -> None:
    first = hamlet.register()
    hamlet.accept(2 + hamlet.house.locker.last_receipt() + 10)
    hamlet.register(household=FEWER)

    assert used(hamlet) == first


def test_an_acceptance_that_is_withdrawn_holds_the_register_again(hamlet: Hamlet) -> None:
    first = hamlet.register()
    hamlet.accept(hamlet.register(household=FEWER))
    act = hamlet.house.locker.last_receipt()
    body = {"community": "demo", "act": "withdraw", "receipts": [act], "by": "王工", "date": "2026-11-03"}
    hamlet.house.locker.append([Arrival(ACTS_SOURCE, Kind.ACT, hamlet.clock(), "withdraw", json.dumps(body).encode())])

    assert used(hamlet) == first


def test_a_later_register_is_compared_with_the_one_in_use_and_not_with_the_held_one(hamlet: Hamlet) -> None:
    hamlet.register()
    hamlet.register(household="楼栋,单元,房号\n3,2,1201\n")
    hamlet.register(household=FEWER)
    fourth = hamlet.register(household=MORE)

    assert held(hamlet) == [[], ["住户 3 → 1"], ["住户 3 → 2"], []]
    assert used(hamlet) == fourth


def test_a_register_walked_from_the_hub_that_shrank_is_held_the_same_way(hamlet: Hamlet) -> None:
    hamlet.register()
    walk = hamlet.walk("register.household", [{"building": "3", "unit": "2", "room": "1201", "code": "H1201"}])
    parts = {"household": {"list": "register.household", "pages": [walk - 1]}}
    body = {"community": "demo", "valid_from": None, "origin": "hub:city_hub", "parts": parts}
    hamlet.house.locker.append([Arrival(HUB, Kind.REGISTER, hamlet.clock(), "demo", json.dumps(body).encode())])

    # What the hub does not list at all says nothing of the office's sheets.
    assert held(hamlet) == [[], ["住户 3 → 1"]]


def test_what_cannot_be_read_is_not_smaller(hamlet: Hamlet) -> None:
    first = hamlet.register()
    parts = {"household": {"sheet": 99}}
    body = {"community": "demo", "valid_from": None, "origin": "x", "parts": parts}
    hamlet.house.locker.append([Arrival("register", Kind.REGISTER, hamlet.clock(), "demo", json.dumps(body).encode())])

    assert held(hamlet) == [[], []]
    assert used(hamlet) != first


def test_devices_are_bound_by_the_register_in_use(hamlet: Hamlet) -> None:
    hamlet.register()
    hamlet.register(household=FEWER)
    hamlet.meter("WM-1", at="3号楼2单元1203")
    hamlet.bind()
    hamlet.later()

    assert [one.address for one in hamlet.facts().unplaced] == []
    assert hamlet.rows()[10].numerator == 1


def test_what_changed_between_two_is_told_by_kind_with_labels(hamlet: Hamlet) -> None:
    first = hamlet.register()
    second = hamlet.register(
        household="楼栋,单元,房号,入住\n3,2,1201,是\n3,2,1202,\n3,2,1204,\n",
        totals="项目,数值\n总户数,3\n入住户数,61\n户籍居民数,9\n车位数,10\n党员数,2\n",
    )
    assert first is not None
    assert second is not None

    homes, totals = compare_revisions(hamlet.fold(), first, second)

    assert (homes.kind, homes.before, homes.after) == ("household", 3, 3)
    assert (homes.added, homes.removed) == (("3号楼2单元1204",), ("3号楼2单元1203",))
    assert homes.changed == (("3号楼2单元1201", {"occupied": ("", "true")}),)
    assert (totals.kind, totals.added, totals.removed) == ("totals", ("党员数 2",), ())
    assert totals.changed == (("入住户数", {"value": ("60", "61")}),)
    assert compare_revisions(hamlet.fold(), first, first) == []


def test_parts_are_named_in_chinese_and_own_totals_by_their_own_name() -> None:
    assert [name_part(name) for name in ("household", "totals", "households", "宠物数")] == [
        "住户",
        "总数",
        "总户数",
        "宠物数",
    ]
