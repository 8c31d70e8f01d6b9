"""Who could supply a capability, a statistic or a document, from specs alone."""

from __future__ import annotations

from evidence.supply import Shelf, Supplier, Who, find_suppliers
from tests.fakes.shortfall import platform, shelf


def suppliers(no: int, part: str, on: Shelf, already: dict[str, set[str]] | None = None) -> list[Supplier]:
    (row,) = (row for row in on.catalogue.rubric.rows if row.no == no)
    (spec,) = (one for one in row.parts if one.id == part)
    return list(find_suppliers(on, row, spec, (), already or {}))


def test_a_platform_of_the_site_is_named_with_its_profile_and_people_with_the_parts_code() -> None:
    found = suppliers(2, "linkage", shelf())

    assert [(one.who, one.name, one.spec) for one in found] == [
        (Who.PLATFORM, "fire", "alarms"),
        (Who.PERSON, "2/linkage", ""),
    ]
    assert found[1].how == ("演练记录", "证明文件")


def test_a_hub_is_named_with_its_list() -> None:
    (found,) = suppliers(1, "metered", shelf())

    assert (found.who, found.name, found.spec, found.how) == (Who.HUB, "city", "centre", ("meters",))


def test_a_statistic_is_the_hubs_or_a_pending_vendors() -> None:
    there = suppliers(3, "gas", shelf())
    absent = suppliers(3, "gas", shelf(hub=False))

    assert (there[0].who, there[0].how, there[0].carries) == (Who.HUB, ("numbers",), ("online_gas",))
    assert [(one.who, one.name) for one in absent] == [(Who.PERSON, "3/gas"), (Who.PENDING, "缴费")]


def test_what_no_source_carries_waits_for_a_vendor_of_the_trade() -> None:
    (found,) = suppliers(4, "wash", shelf())

    assert (found.who, found.name, found.spec, found.carries) == (Who.PENDING, "便捷服务", "", ("car_wash_up",))


def test_a_profile_on_the_shelf_is_offered_to_the_pending_vendor() -> None:
    profile = platform()
    profile["read"][0]["fields"].append({"capability": "car_wash_up", "at": "/wash"})
    spare = shelf(profile=profile).catalogue.profiles
    bare = shelf()

    (found,) = suppliers(4, "wash", Shelf(bare.catalogue, "demo", {"washing": spare["alarms"]}))

    assert found.spec == "washing"


def test_a_source_that_has_shown_it_here_is_marked() -> None:
    (found,) = suppliers(1, "metered", shelf(), {"water_volume": {"city"}})

    assert found.already


def test_sources_of_another_community_supply_nothing_here() -> None:
    elsewhere = Shelf(shelf().catalogue, "other", {})

    assert [one.who for one in suppliers(1, "metered", elsewhere)] == [Who.PENDING]
