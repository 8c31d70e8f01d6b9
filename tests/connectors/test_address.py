from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.address import MAX_CANDIDATES, AddressIndex, Match, NoMatch


@dataclass(frozen=True)
class Place:
    id: str
    kind: str
    key: str
    label: str
    attributes: Mapping[str, str] = field(default_factory=dict)


def building(number: str) -> list[Place]:
    """A building of two units with twelve storeys and two homes on each."""
    places = [Place(f"b{number}", "building", number, f"{number}号楼", {"building": number, "residential": "true"})]
    for unit in ("1", "2"):
        within = {"building": number, "unit": unit}
        name = f"{number}号楼{unit}单元"
        places.append(Place(f"u{number}-{unit}", "unit", f"{number}-{unit}", name, within))
        places.append(Place(f"e{number}-{unit}", "entrance", f"E{number}-{unit}", f"{name}单元门", within))
        for storey in range(1, 13):
            level = {"level": str(storey)}
            places.append(
                Place(
                    f"f{number}-{unit}-{storey}",
                    "floor",
                    f"F{number}-{unit}-{storey}",
                    f"{name}{storey}层",
                    within | level,
                )
            )
            for door in (1, 2):
                room = f"{storey}{door:02}"
                cells = within | {"room": room, "floor": str(storey)}
                places.append(
                    Place(f"h{number}-{unit}-{room}", "household", f"{number}-{unit}-{room}", name + room, cells)
                )
    return places


TOWER = [
    Place("b9", "building", "9", "9号楼", {"building": "9"}),
    Place("e9a", "entrance", "E9-A", "9号楼东门", {"building": "9"}),
    Place("e9b", "entrance", "E9-B", "9号楼西门", {"building": "9"}),
    Place("f9", "floor", "F9-5", "9号楼1单元5层", {"building": "9", "unit": "1", "level": "5"}),
    Place("h9", "household", "9-1-501", "9号楼1单元501", {"building": "9", "unit": "1", "room": "501"}),
]
OTHERS = [
    Place("l1", "lift", "31106401002019040001", "31106401002019040001", {"building": "3", "unit": "2"}),
    Place("l2", "lift", "31106401002019040002", "31106401002019040002", {}),
    Place("c7", "circuit", "C-07", "C-07"),
    Place("c72", "circuit", "C-07-2", "C-07-2"),
    Place("g1", "gate", "G1", "东大门", {"use": "pedestrian"}),
    Place("a1", "area", "A-1", "中心广场", {"use": "activity"}),
    Place("r1", "room", "R-1", "配电室"),
    Place("r2", "room", "R-2", "配电室"),
    Place("lamp1", "lamp", "LD-0001", "LD-0001", {"use": "public"}),
    Place("d1", "pump", "X1", "X1"),
    Place("d2", "tank", "X1", "X1"),
]
PLACES = [*building("3"), *building("5"), *TOWER, *OTHERS]
INDEX = AddressIndex(PLACES)


@pytest.mark.parametrize(
    ("text", "place", "how"),
    [
        ("C-07", "c7", "code"),
        ("ｃ－０７", "c7", "code"),
        ("C-07-2", "c72", "code"),
        ("G1", "g1", "code"),
        ("31106401002019040001", "l1", "code"),
        ("3-2-1201", "h3-2-1201", "code"),
        ("3-2", "u3-2", "code"),
        ("中心广场", "a1", "label"),
        ("3号楼2单元1201", "h3-2-1201", "label"),
        ("3号楼2单元单元门", "e3-2", "label"),
        ("9号楼东门", "e9a", "label"),
        ("回路C-07", "c7", "code in text"),
        ("C-07/控制器", "c7", "code in text"),
        ("C-07-2 控制器", "c72", "code in text"),
        ("路灯LD-0001", "lamp1", "code in text"),
        ("电梯31106401002019040002号", "l2", "code in text"),
        ("3号楼2单元电梯 31106401002019040001", "l1", "code in text"),
        ("3号楼2单元1号电梯/31106401002019040002", "l2", "code in text"),
        ("03#2#1201", "h3-2-1201", "address"),
        ("三号楼二单元1201", "h3-2-1201", "address"),
        ("３栋２单元１２层１２０１室", "h3-2-1201", "address"),
        ("3号楼2单元1201/开关", "h3-2-1201", "address"),
        ("3号楼2单元1201入户门", "h3-2-1201", "address"),
        ("9号楼501", "h9", "address"),
        ("9-501", "h9", "address"),
        ("3号楼2单元12层楼道", "f3-2-12", "address"),
        ("3号楼2单元12层楼道东侧烟感", "f3-2-12", "address"),
        ("3号楼2单元12层烟感-01", "f3-2-12", "address"),
        ("3栋2单元12层", "f3-2-12", "address"),
        ("9号楼5层楼道", "f9", "address"),
        ("3栋2单元单元门", "e3-2", "address"),
        ("3栋2单元门禁", "e3-2", "address"),
        ("9栋西门", "e9b", "address"),
        ("9栋西门门禁机", "e9b", "address"),
        ("3栋2单元", "u3-2", "address"),
        ("3栋", "b3", "address"),
        ("03号楼光纤", "b3", "address"),
    ],
)
def test_one_place_is_meant(text: str, place: str, how: str) -> None:
    assert INDEX.match(text) == Match(place, how)


@pytest.mark.parametrize(
    ("text", "candidates", "reason"),
    [
        ("", (), "says nothing"),
        ("x" * 201, (), "is longer than 200 characters"),
        ("花园", (), "holds no code of the register and names no building"),
        ("3", ("b3",), "a bare number does not say what it numbers"),
        ("1201", (), "a bare number"),
        ("配电室", ("r1", "r2"), "2 places of the register have this label"),
        ("X1", ("d1", "d2"), "2 places of the register have this code"),
        ("C-07和C-07-2", ("c7", "c72"), "2 places of the register have this code"),
        ("C-08", (), "holds no code"),
        ("C-071", (), "holds no code"),
        ("C-07-3", (), "holds no code"),
        # a unit or building that is not there
        ("3号楼4单元1201", ("h3-1-1201", "h3-2-1201"), "3号楼4单元1201 is not in the register"),
        ("7号楼2单元1201", ("h3-2-1201", "h5-2-1201"), "7号楼2单元1201 is not in the register"),
        ("3号楼2单元1301", (), "3号楼2单元1301 is not in the register"),
        ("3栋4单元12层", ("f3-1-12", "f3-2-12"), "3号楼4单元12层 is not one floor of the register"),
        ("7栋", (), "7号楼 is not one building of the register"),
        # what is left open
        ("3号楼1201", ("h3-1-1201", "h3-2-1201"), "names no unit, and building 3 has 2"),
        ("3-1201", ("h3-1-1201", "h3-2-1201"), "names no unit, and building 3 has 2"),
        ("3号楼12层楼道", ("f3-1-12", "f3-2-12"), "names no unit, and building 3 has 2"),
        ("9栋大门", ("e9a", "e9b"), "9号楼大门 is not one entrance of the register"),
        ("3栋2单元后门", ("e3-2",), "3号楼2单元后门 is not one entrance"),
        ("3栋大门", ("e3-1", "e3-2"), "3号楼大门 is not one entrance"),
        ("3栋2单元楼道", tuple(f"f3-2-{storey}" for storey in range(1, 13)), "does not say which place of the unit"),
        ("3栋2单元电梯", ("l1",), "does not say which place of the unit"),
        ("3栋2单元弱电间", ("e3-2",), "does not say which place of the unit"),
        # beside it, or more of it than can be read
        ("3号楼2单元1201门口", ("h3-2-1201",), "which need not be in the home"),
        ("3号楼2单元1201对面", ("h3-2-1201",), "which need not be in the home"),
        ("3号楼2单元12层弱电间", ("f3-2-12",), "which need not be the corridor"),
        ("3号楼2单元12层楼道配电间", ("f3-2-12",), "which need not be the corridor"),
        ("3号楼水泵房", ("b3",), "is not one building"),
        ("3号楼东侧", ("b3",), "is not one building"),
        ("3号楼B1", ("b3",), "more of it than can be read"),
        ("二期3号楼2单元1201", ("h3-2-1201",), "names a part of the estate"),
        ("3号楼2单元1201、1202", ("h3-2-1201",), "names more than one place"),
        ("3号楼2单元11层1201室", ("h3-2-1201",), "says storey 11, but room 1201"),
        # a code and an address that speak of two places
        ("3号楼2单元1201 C-07", ("c7", "h3-2-1201"), "holds the code C-07 and an address"),
        ("3号楼 C-07", ("c7", "b3"), "holds the code C-07 and an address"),
        ("5号楼2单元电梯 31106401002019040001", ("l1", "u5-2"), "holds the code 31106401002019040001 and an address"),
    ],
)  # fmt: skip
def test_a_choice_is_left_to_a_person(text: str, candidates: tuple[str, ...], reason: str) -> None:
    found = INDEX.match(text)
    assert isinstance(found, NoMatch), found
    assert found.candidates == candidates
    assert reason in found.reason


def test_a_home_that_is_in_the_register_twice_is_left_to_a_person() -> None:
    cells = {"building": "3", "unit": "2", "room": "101"}
    twice = AddressIndex([Place("x", "household", "a", "甲", cells), Place("y", "household", "b", "乙", cells)])
    assert twice.match("3栋2单元101") == NoMatch(("x", "y"), "3号楼2单元101 is in the register more than once")


def test_a_storey_the_register_contradicts_is_left_to_a_person() -> None:
    cells = {"building": "3", "unit": "2", "room": "1201", "floor": "13"}
    index = AddressIndex([Place("x", "household", "a", "甲", cells)])
    assert index.match("3栋2单元12层1201") == NoMatch(("x",), "says storey 12, the register 13")


def test_cells_of_the_register_may_be_spelled_as_people_do() -> None:
    cells = {"building": "三号楼", "unit": "02单元", "room": "0301室"}
    index = AddressIndex(
        [Place("x", "household", "a", "甲", cells), Place("y", "floor", "f", "乙", cells | {"level": "B1"})]
    )
    assert index.match("3-2-301") == Match("x", "address")
    assert index.match("3号楼2单元负一层") == Match("y", "address")


def test_candidates_are_few_and_in_register_order() -> None:
    found = AddressIndex([place for number in range(1, 30) for place in building(str(number))]).match("88-2-1201")
    assert isinstance(found, NoMatch)
    assert found.candidates == tuple(f"h{number}-2-1201" for number in range(1, MAX_CANDIDATES + 1))


def test_an_empty_register_matches_nothing() -> None:
    assert AddressIndex([]).match("3-2-1201") == NoMatch((), "3号楼2单元1201 is not in the register")


BY_ID = {place.id: place for place in PLACES}
HOMES = [place for place in PLACES if place.kind == "household"]


@given(st.sampled_from(HOMES), st.data())
@settings(max_examples=400, deadline=None)
def test_words_around_an_address_never_lead_to_another_home(home: Place, data: st.DataObject) -> None:
    cells = home.attributes
    form = data.draw(st.sampled_from(["{b}号楼{u}单元{r}", "{b}-{u}-{r}", "{b:0>2}#{u}#{r}", "{b}栋{u}单元{r}室"]))
    written = form.format(b=cells["building"], u=cells["unit"], r=cells["room"])
    around = st.text("示例小区二期南东侧旁水表开关和/-#、 0123456789ABC三号楼单元层", max_size=6)
    found = INDEX.match(data.draw(around) + written + data.draw(around))
    if isinstance(found, Match) and BY_ID[found.place_id].kind == "household":
        assert found.place_id == home.id


@given(st.text(max_size=80))
@settings(max_examples=300, deadline=None)
def test_any_text_ends_in_a_match_or_in_none(text: str) -> None:
    assert isinstance(INDEX.match(text), Match | NoMatch)


@pytest.mark.parametrize(
    "text", ["3号楼2单元12层烟感" + "A" * 180, "智能" * 90 + "!", "3号楼" + "电子" * 90, "3-" * 99, "二" * 199]
)
def test_no_text_takes_long(text: str) -> None:
    started = time.process_time()
    INDEX.match(text)
    assert time.process_time() - started < 0.2
