"""The spellings of a place."""

from __future__ import annotations

from collector.simulate import spelling
from collector.simulate.dice import dice


def test_a_home_is_written_in_seven_ways() -> None:
    assert [spelling.home("3", "2", "12", "1201", style) for style in range(spelling.HOME_SPELLINGS)] == [
        "3号楼2单元1201",
        "3-2-1201",
        "03#2#1201",
        "3栋2单元1201室",
        "３号楼２单元１２０１",
        "3栋2单元12层1201室",
        "3号楼2单元1201室",
    ]


def test_a_corridor_is_written_in_four_ways() -> None:
    assert [spelling.corridor("F03212", "3", "2", "12", style) for style in range(spelling.CORRIDOR_SPELLINGS)] == [
        "3号楼2单元12层楼道",
        "3栋2单元12层楼道",
        "３号楼２单元１２层楼道",
        "F03212",
    ]


def test_a_door_without_a_unit_is_known_by_its_code() -> None:
    assert spelling.door("E130", "13", "", dice(1, 24, "x")) == "E130"
    seen = {spelling.door("E032", "3", "2", dice(seed, 24, "x")) for seed in range(40)}
    assert seen == {"3号楼2单元单元门", "3栋2单元单元门", "E032", "E032 单元门"}


def test_a_coded_place_always_shows_its_code() -> None:
    seen = {spelling.coded("G-01", "东门", dice(seed, 24, "x")) for seed in range(40)}
    assert seen == {"G-01", "G-01 东门", "东门 G-01"}
