"""The register: exact sizes, unique codes, and everything the traps need in the smallest community."""

from __future__ import annotations

import pytest

from collector.simulate.community import Community
from collector.simulate.places import KINDS, SENSING, SHARED_METER


@pytest.mark.parametrize(("households", "buildings"), [(24, 2), (60, 5), (300, 12), (1200, 12), (1999, 20)])
def test_households_and_buildings_are_as_many_as_asked(households: int, buildings: int) -> None:
    register = Community.build(2, households).register
    homes = register.of("household")
    residential = [building for building in register.of("building") if building["residential"] == "是"]
    assert len(homes) == len({(h["building"], h["unit"], h["room"]) for h in homes}) == households
    assert len(residential) == buildings
    assert {home["building"] for home in homes} == {building.code for building in residential}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("households", [24, 61, 700])
def test_codes_are_unique_and_every_kind_is_there(seed: int, households: int) -> None:
    register = Community.build(seed, households).register
    for kind in KINDS:
        codes = [place.code for place in register.of(kind)]
        assert codes, kind
        assert len(codes) == len(set(codes))
    entrances = [entrance for entrance in register.of("entrance") if entrance["building"] == "1"]
    assert len(entrances) >= 2


def test_homes_stand_on_floors_of_their_unit() -> None:
    register = Community.build(2, 300).register
    floors = {(floor["building"], floor["unit"], floor["level"]) for floor in register.of("floor")}
    assert {(home["building"], home["unit"], home["floor"]) for home in register.of("household")} == floors


def test_totals_agree_with_the_lists_or_are_larger() -> None:
    register = Community.build(2, 300).register
    occupied = sum(home["occupied"] == "是" for home in register.of("household"))
    assert register.totals["occupied_households"] == occupied
    assert register.totals["households"] >= 300
    assert register.totals["parking_spaces"] % 20 == 0


def test_three_stairwell_lamps_of_five_sense_whether_the_register_says_so_or_a_walk_list() -> None:
    known = set()
    for seed in range(12):
        community = Community.build(seed, 300, traps={"stairwell_lamps_below_60_percent": "edge"})
        lamps = [lamp for lamp in community.register.of("lamp") if lamp["use"] == "楼梯间"]
        walked = [act.quantity for act in community.attestations if act.row == 19]
        sensing = walked[0] if walked else sum(lamp["switch"] in SENSING for lamp in lamps)
        assert sensing is not None
        assert sensing * 5 == len(lamps) * 3
        known.add(bool(walked))
    assert known == {True, False}


def test_a_shared_meter_is_one_of_two_homes_and_of_the_register() -> None:
    register = Community.build(2, 60, traps={"meter_for_two_homes": "edge"}).register
    assert [home["meter"] for home in register.of("household")].count(SHARED_METER) == 2
    assert [meter["use"] for meter in register.of("meter") if meter.code == SHARED_METER] == ["共用"]
    silent = Community.build(2, 60, traps={"meter_for_two_homes": "past"}).register
    assert not any(home["meter"] for home in silent.of("household"))
    assert SHARED_METER not in {meter.code for meter in silent.of("meter")}


def test_covers_have_owners_and_spaces_are_fewer_than_their_total() -> None:
    register = Community.build(2, 300).register
    assert len({cover["owner"] for cover in register.of("cover")}) == 5
    assert 0 < len(register.of("space")) < register.totals["parking_spaces"]


def test_too_small_a_community_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 24, not 23"):
        Community.build(1, 23)
