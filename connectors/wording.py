"""The wording of addresses: where in which building a text says a device is, however it is written."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from connectors.spelling import NUMERAL, level_of, number_of, plain

MAX_LENGTH = 200

_APART = r"[\-#/.,·:\\ ]*"
_BUILDING = re.compile(
    rf"(?P<number>{NUMERAL}[A-Za-z]?|(?<![0-9A-Za-z])[A-Za-z])"
    rf"(?:号楼|#楼|号栋|栋楼?|幢楼?|座|(?:号|楼|#)(?={_APART}{NUMERAL}单元))"
)
_UNIT = re.compile(rf"(?P<apart>{_APART})第?(?P<number>{NUMERAL})(?:单元|[\-#/](?=[0-9]{{3,5}}(?![0-9])))")
_FLOOR = re.compile(rf"(?P<apart>{_APART})第?(?P<number>(?:地下|负|B)?{NUMERAL})(?:层|F(?![A-Za-z])|楼(?!道)|(?=楼道))")
_ROOM = re.compile(
    rf"{_APART}(?P<number>[0-9]{{3,5}}|[零〇一二三四五六七八九]{{3,5}})(?P<letter>[A-Za-z]?)(?:号房|室|户|号|房)?+"
    r"(?![0-9A-Za-z])"
)
_SHORT_ROOM = re.compile(rf"{_APART}(?P<number>[0-9]{{1,2}})(?P<letter>)(?:号房|室|户|房)")
_ROOM_OF_FLOOR = re.compile(rf"{_APART}(?P<number>[0-9]{{1,2}})(?P<letter>)(?:号房|室|户|房|号)?+(?![0-9A-Za-z层楼单])")
_DASHED = re.compile(
    r"(?<![0-9A-Za-z\-#/.])(?<![0-9A-Fa-f]:)(?P<building>[0-9]{1,3})[\-#/·]+(?:(?P<unit>[0-9]{1,2})[\-#/·]+)?"
    r"(?:(?P<floor>[0-9]{1,2})[\-#/·]+)?(?P<room>[0-9]{3,5})(?P<letter>[A-Za-z]?)(?:号房|室|户|号|房)?+(?![0-9A-Za-z])"
)
_OTHER = re.compile(rf"(?:{NUMERAL}|[A-Za-z])(?:号楼|#楼|号栋|栋|幢|座)|{NUMERAL}单元|{_DASHED.pattern}")
_PART_OF_ESTATE = re.compile(
    r"(?:(?:[0-9]+|[A-Za-z]|[一二三四五六七八九十]+|[东西南北中前后])号?(?:期|区|组团|标段|院|苑)"
    r"|[东西南北前后左右新旧老甲乙丙丁A-Za-z0-9零〇一二三四五六七八九十百千])[\-#/.,·:()\[\]、和与及至到+& ]*$"
    r"|[0-9零〇一二三四五六七八九十]号[、和与及至到+&]+$"
)
_ONE_MORE = re.compile(r"[\-#/.,·:、;+&和与及至到 ]*(?:[0-9]|[A-Za-z][0-9]?(?![0-9A-Za-z\-]))")
_OUTER = "-#/.,·:;、|\\()[] "
_CORRIDOR = re.compile("(?:公共)?(?:楼道|走廊|走道|过道|廊道|公共区域|公区)")
_DOOR = re.compile("门$|门(?=[/\\- (])|单元门|单元大门|大门|入户门|出入口|门口机|门禁|门厅|[东西南北前后侧]门")


@dataclass(frozen=True, slots=True)
class Address:
    """A place within a building as a text names it, numbers without leading zeros, storeys below ground negative.

    ``corridor`` is the public part of the floor, ``door`` an entrance of the unit or building. ``rest`` is what the
    text says after the place: a device, a room of the home, or somewhere else altogether.
    """

    building: str
    unit: str | None = None
    floor: str | None = None
    room: str | None = None
    corridor: bool = False
    door: bool = False
    rest: str = ""


def parse_address(text: str) -> Address | None:
    """Return the address a text names; None if it names none, names several, or can be read in two ways.

    >>> parse_address("03#2#1201").room
    '1201'
    """
    address, trouble = read_address(text)
    return address if not trouble else None


def read_address(text: str) -> tuple[Address | None, str]:
    """Return the address a text seems to name, and why it is not to be relied on ("" if it is)."""
    written = plain(text[:MAX_LENGTH])
    found = _BUILDING.search(written)
    scanned = _from_words(found, written) if found else None
    if scanned is None:
        found = _DASHED.search(written)
        scanned = _from_dashed(found) if found else None
    if scanned is None or found is None:
        return None, "names no building"
    address, end, trouble = scanned
    before, after = written[: found.start()], written[end:]
    if _PART_OF_ESTATE.search(before):
        trouble = trouble or f"names a part of the estate or another building before it ({before[-12:]})"
    if _ONE_MORE.match(after) or any(_OTHER.search(side) for side in (before, after)):
        trouble = trouble or "names more than one place, or more of it than can be read"
    rest = after.strip(_OUTER)
    corridor = _CORRIDOR.match(rest) if address.room is None else None
    door = address.room is None and _DOOR.match(rest) is not None
    if corridor:
        rest = rest[corridor.end() :].strip(_OUTER)
    return replace(address, corridor=corridor is not None, door=door, rest=rest), trouble


_Scanned = tuple[Address, int, str]


def _from_dashed(found: re.Match[str]) -> _Scanned | None:
    building, unit, floor = (_number(found[name]) for name in ("building", "unit", "floor"))
    room = _room(found, "room")
    if building is None or room is None:
        return None
    address = Address(building, unit, floor, room)
    return address, found.end(), _contradiction(address)


def _from_words(found: re.Match[str], written: str) -> _Scanned | None:
    """Return the address that begins with the building found: unit, floor and room follow as far as they go."""
    name = found["number"]
    letter = name[-1].upper() if name[-1].isascii() and name[-1].isalpha() else ""
    number = number_of(name[: len(name) - len(letter)]) if len(name) > len(letter) else ""
    if number is None:
        return None
    end, trouble = found.end(), ""
    unit_found = _UNIT.match(written, end)
    unit = number_of(unit_found["number"]) if unit_found else None
    end = unit_found.end() if unit_found else end
    floor_found = _FLOOR.match(written, end)
    floor = level_of(floor_found["number"]) if floor_found else None
    if floor_found and floor:
        end = floor_found.end()
        floor, trouble = _signed(floor, floor_found["apart"], unit_found["apart"] if unit_found else "")
    room_found = _ROOM.match(written, end) or (_ROOM_OF_FLOOR if floor else _SHORT_ROOM).match(written, end)
    room = _room(room_found, "number") if room_found else None
    if room_found and room:
        end = room_found.end()
        if floor and len(room) < 3:
            room = f"{floor}{room:0>2}"
    address = Address(number + letter, unit, floor, room)
    return address, end, trouble or _contradiction(address)


def _signed(floor: str, apart: str, apart_before: str) -> tuple[str, str]:
    """Return the floor, below ground if the dash before it is a minus, and the trouble if that cannot be told."""
    dashes = apart.count("-")
    if not apart.endswith("-") or floor.startswith("-"):
        return floor, ""
    if dashes > 1 or "-" not in apart_before:
        return f"-{floor}", ""
    return floor, "" if int(floor) > 3 else "has a dash before the storey that may be a minus"


def _number(text: str | None) -> str | None:
    return number_of(text) if text else None


def _room(found: re.Match[str], group: str) -> str | None:
    number = number_of(found[group])
    return number + found["letter"].upper() if number else None


def _contradiction(address: Address) -> str:
    """Return why floor and room cannot both be right, "" if they can: 1201 is on 12, 12011 too, 112 is not."""
    if address.floor is None or address.room is None:
        return ""
    digits = address.room.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    fits = digits.startswith(address.floor) if len(digits) > 4 else digits[:-2] == address.floor
    return "" if fits else f"says storey {address.floor}, but room {address.room}"
