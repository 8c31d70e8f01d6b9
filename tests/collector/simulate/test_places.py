"""The register: exact sizes, unique codes, and everything the traps need in the smallest community."""

from __future__ import annotations

import pytest

from collector.simulate.community import Community
from collector.simulate.places import KINDS


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


def test_too_small_a_community_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 24, not 23"):
        Community.build(1, 23)
