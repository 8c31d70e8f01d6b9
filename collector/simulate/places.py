"""The places of the simulated community, as its register lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from collector.simulate.dice import Dice
from collector.simulate.traps import Traps

KINDS = (
    "building",
    "unit",
    "entrance",
    "floor",
    "household",
    "lift",
    "circuit",
    "lamp",
    "cover",
    "gate",
    "perimeter",
    "area",
    "space",
    "room",
    "pump",
    "tank",
    "meter",
)
SHARED_METER = "GY-01"
PUBLIC_WATER, PUBLIC_POWER = "GB-01", "GB-02"
FEWEST_HOUSEHOLDS = 24
_HOMES_PER_BUILDING = 100
_NAMED: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "area": (
        ("A-01", "activity", "中心广场"),
        ("A-02", "activity", "儿童乐园"),
        ("A-03", "activity", "健身步道"),
        ("A-04", "public", "主入口大厅"),
        ("A-05", "public", "快递驿站前场"),
        ("A-06", "parking", "地面停车场"),
        ("A-07", "parking", "地下车库"),
    ),
    "gate": (
        ("G-01", "pedestrian", "东门"),
        ("G-02", "pedestrian", "西门"),
        ("G-03", "pedestrian", "南侧人行门"),
        ("G-04", "vehicle", "东侧车行门"),
        ("G-05", "vehicle", "北侧车行门"),
    ),
    "pump": (("PW-01", "sewage", "地下车库排污泵"), ("PW-02", "sewage", "雨水提升泵")),
    "tank": (
        ("T-81", "septic", "1号化粪池"),
        ("T-82", "sewage_well", "北侧污水井"),
        ("T-91", "sump", "地下车库集水井"),
        ("T-92", "reclaimed", "中水池"),
    ),
    "meter": ((PUBLIC_WATER, "public", "公共区域水表"), (PUBLIC_POWER, "公共", "公共区域电表")),
}
_ROOMS = (("R-01", "弱电间"), ("R-02", "配电室"), ("R-03", "生活水泵房"), ("R-04", "地下车库低洼处"))
_OWNERS = ("物业公司", "供热公司", "供电公司", "市政排水", "通信管道")
SENSING = ("声控", "红外", "声光控")
_PLAIN = ("手动", "常亮")


@dataclass(frozen=True, slots=True)
class Place:
    """One row of the register: its kind, its unique code, and its further cells by column name."""

    kind: str
    code: str
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        """Return a cell, empty text where the row has none."""
        return self.cells.get(column, "")


@dataclass(frozen=True, slots=True)
class Register:
    """All places by kind, and the totals the property office states."""

    places: Mapping[str, tuple[Place, ...]]
    totals: Mapping[str, int]

    def of(self, kind: str) -> tuple[Place, ...]:
        """Return the places of a kind in the register's order."""
        return self.places[kind]


def build_register(households: int, traps: Traps, dice: Dice) -> Register:
    """Return the register of a community with exactly ``households`` homes.

    Raises ValueError below 24 homes: the traps need that many.
    """
    if households < FEWEST_HOUSEHOLDS:
        raise ValueError(f"households must be at least {FEWEST_HOUSEHOLDS}, not {households}: the traps need them")
    book: dict[str, list[Place]] = {kind: [] for kind in KINDS}
    count = _count_buildings(households)
    occupied = set(dice.sample(range(households), max(10, households * 92 // 100)))
    for number in range(1, count + 1):
        share = households // count + (1 if number <= households % count else 0)
        _add_building(book, number, share, occupied, dice)
    _add_clubhouse(book, count + 1)
    _add_lamps(book, max(3, households // 60), traps, walked=dice.random() < 0.3)
    _add_grounds(book, households)
    _share_meter(book, traps)
    _add_outside_lift(book, traps)
    return Register({kind: tuple(rows) for kind, rows in book.items()}, _state_totals(households, occupied, dice))


def _count_buildings(households: int) -> int:
    if households >= 12 * _HOMES_PER_BUILDING:
        return -(-households // _HOMES_PER_BUILDING)
    return max(2, min(12, households // 12))


def _add(book: dict[str, list[Place]], kind: str, code: str, **cells: str) -> None:
    book[kind].append(Place(kind, code, cells))


def _add_building(book: dict[str, list[Place]], number: int, share: int, occupied: set[int], dice: Dice) -> None:
    building = str(number)
    _add(book, "building", building, name=f"{building}号楼", residential="是")
    choices = (2, 3) if share >= 60 else (2,) if number == 1 or share >= 40 else (1, 2)
    units = dice.choice(choices)
    per_floor = dice.choice((2, 2, 3, 4)) if share >= 40 else 2
    for index in range(units):
        homes = share // units + (1 if index < share % units else 0)
        _add_unit(book, building, str(index + 1), homes, per_floor, occupied)


def _add_unit(
    book: dict[str, list[Place]], building: str, unit: str, homes: int, per_floor: int, occupied: set[int]
) -> None:
    short = f"{building:0>2}{unit}"
    _add(book, "unit", f"{building}-{unit}", building=building)
    _add(book, "entrance", f"E{short}", building=building, unit=unit, name="单元门")
    levels = -(-homes // per_floor)
    for level in range(1, levels + 1):
        _add(book, "floor", f"F{short}{level:02d}", building=building, unit=unit, level=str(level))
    for index in range(homes):
        level = index // per_floor + 1
        room = f"{level}{index % per_floor + 1:02d}"
        lives = "是" if len(book["household"]) in occupied else "否"
        cells = {"building": building, "unit": unit, "room": room, "floor": str(level), "occupied": lives, "meter": ""}
        _add(book, "household", f"H{short}{room:0>4}", **cells)
    for _ in range(2 if levels > 12 else 1):
        _add(book, "lift", _lift_code(len(book["lift"]) + 1), building=building, unit=unit, escalator="否", added="否")


def _lift_code(serial: int) -> str:
    return f"31106401042019{serial:06d}"


def _add_clubhouse(book: dict[str, list[Place]], number: int) -> None:
    """Add the one building that is not residential, with an entrance without a unit and an escalator."""
    building = str(number)
    _add(book, "building", building, name="物业服务中心", residential="否")
    _add(book, "entrance", f"E{building:0>2}0", building=building, unit="", name="正门")
    _add(book, "lift", _lift_code(len(book["lift"]) + 1), building=building, unit="", escalator="是", added="否")


def _add_lamps(book: dict[str, list[Place]], circuits: int, traps: Traps, *, walked: bool) -> None:
    """Add circuits of five public lamps each; every third also feeds five lamps of a stairwell, three that sense.

    Where the stairwells were ``walked``, the register says nothing of switches: the walk list does.
    """
    short = traps.past("stairwell_lamps_below_60_percent")
    for number in range(1, circuits + 1):
        circuit = f"C-{number:02d}"
        _add(book, "circuit", circuit)
        for _ in range(5):
            _add(book, "lamp", f"L-{len(book['lamp']) + 1:04d}", use="公共", circuit=circuit, switch="")
        for switch in (*SENSING, *_PLAIN) if number % 3 == 1 else ():
            word = "手动" if switch == "声控" and number == 1 and short else switch
            switched = "" if walked else word
            _add(book, "lamp", f"L-{len(book['lamp']) + 1:04d}", use="楼梯间", circuit=circuit, switch=switched)


def _share_meter(book: dict[str, list[Place]], traps: Traps) -> None:
    """Let the first two homes share one electricity meter; past the trap the register does not say so."""
    if traps.past("meter_for_two_homes"):
        return
    _add(book, "meter", SHARED_METER, use="共用", name="一层共用电表")
    for index in range(2):
        home = book["household"][index]
        book["household"][index] = Place(home.kind, home.code, {**home.cells, "meter": SHARED_METER})


def _add_outside_lift(book: dict[str, list[Place]], traps: Traps) -> None:
    """Let the first lift be one that was added outside; past the trap none was."""
    first = book["lift"][0]
    if not traps.past("no_added_lift"):
        book["lift"][0] = Place(first.kind, first.code, {**first.cells, "added": "是"})


def _add_grounds(book: dict[str, list[Place]], households: int) -> None:
    for number in range(1, 5 + min(8, households // 300)):
        _add(book, "perimeter", f"P-{number:02d}", name=f"第{number}段围墙")
    for number in range(1, 9 + households // 16):
        owner = _OWNERS[number % len(_OWNERS)]
        _add(book, "cover", f"JG-{number:03d}", owner=owner, name=f"{owner}井盖")
    for number in range(1, 7 + households // 50):
        _add(book, "space", f"CW-{number:03d}", area="A-07" if number % 3 else "A-06")
    for code, name in _ROOMS:
        _add(book, "room", code, name=name)
    supplies = 2 + min(6, households // 600)
    for number in range(1, supplies + 1):
        _add(book, "pump", f"PS-{number:02d}", use="supply", name=f"{number}号生活泵")
        _add(book, "tank", f"T-{number:02d}", use="secondary_supply", name=f"{number}号生活水箱")
    for kind, rows in _NAMED.items():
        for code, use, name in rows:
            _add(book, kind, code, use=use, name=name)


def _state_totals(households: int, occupied: set[int], dice: Dice) -> dict[str, int]:
    residents = households * 27 // 10 + dice.randrange(20)
    return {
        "households": households + dice.choice((0, 0, 0, 3)),
        "occupied_households": len(occupied),
        "registered_residents": residents * 8 // 10,
        "residents": residents,
        "parking_spaces": 20 * max(2, households // 25 + dice.randrange(5)),
    }
