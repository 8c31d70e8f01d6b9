"""Which place of the register a device means when it says where it is.

A wrong place is worse than none: whatever leaves a choice gives :class:`NoMatch` with the places it could be, for a
person to decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from connectors.spelling import cell_level, cell_number, plain
from connectors.wording import MAX_LENGTH, Address, parse_address, read_address

__all__ = ["MATCHER_VERSION", "Address", "AddressIndex", "Match", "NoMatch", "PlaceLike", "parse_address"]

MATCHER_VERSION = 1
MAX_CANDIDATES = 12

_TOKEN = re.compile(r"[0-9A-Za-z]+(?:[\-.#][0-9A-Za-z]+)*")
_DECISIVE = re.compile(r"[0-9]{6}")
_SHORT_NUMBER = re.compile(r"[0-9]{1,4}")
_ELSEWHERE = re.compile(
    "对面|旁|隔壁|门口|门外|门前|室外|户外|外墙|之间|附近|楼上|楼下|^(?:[东西南北]侧|[上下]方|外侧|以[上下])"
)
_SIDE = re.compile("^[东西南北中内][侧端头段]")
_LIFT = re.compile("(?:客|货|消防)?(?:电梯|扶梯|轿厢)")
_DOOR = re.compile("(?:单元门|单元大门|大门|入户门|出入口|门口机|门禁|门厅|门)(?![东西南北前后侧旁])")
_DEVICE = re.compile(
    "(?:(?:智能|联网|无线|独立|光电|远程|电子|公共|式|型)*"
    "(?:烟感|感烟|烟雾|火灾|探测器|报警器|感应器|传感器|摄像头|摄像机|监控|照明|灯具?|开关|插座|水表|电表|燃气表|热量表"
    "|网关|控制器|光纤|光缆|设备|终端))+[0-9A-Za-z号\\-#/.,·: ]*"
)


class PlaceLike(Protocol):
    """A place of the register as the index needs it; ``key`` is its code, ``attributes`` its other cells."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def key(self) -> str: ...  # noqa: D102
    @property
    def label(self) -> str: ...  # noqa: D102
    @property
    def attributes(self) -> Mapping[str, str]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Match:
    """The one place a text means; ``how`` is "code", "code in text", "label" or "address"."""

    place_id: str
    how: str


@dataclass(frozen=True, slots=True)
class NoMatch:
    """No single place: the ids of those it could be, at most MAX_CANDIDATES in register order, and why."""

    candidates: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class _Entry:
    """A place with its numbers in one spelling."""

    order: int
    id: str
    kind: str
    key: str
    label: str
    building: str
    unit: str
    room: str
    level: str


class AddressIndex:
    """Finds places by what devices say of them; made once for a register, then asked for every device."""

    def __init__(self, places: Iterable[PlaceLike]) -> None:
        self._entries = [_entry(order, place) for order, place in enumerate(places)]
        self._by_code: dict[str, list[_Entry]] = {}
        self._by_label: dict[str, list[_Entry]] = {}
        self._within: dict[tuple[str, str], list[_Entry]] = {}
        for entry in self._entries:
            self._by_code.setdefault(plain(entry.key).casefold(), []).append(entry)
            self._by_label.setdefault(plain(entry.label).casefold(), []).append(entry)
            if entry.building:
                self._within.setdefault((entry.kind, entry.building), []).append(entry)

    def match(self, text: str) -> Match | NoMatch:
        """Return the place the text means.

        In order: the text is a code; it is the label of a place; it holds a code; it is an address. More than one
        place, a place the register lacks, or words that say "beside it" give NoMatch.
        """
        written = plain(text).casefold()
        exact = self._exact(written)
        if exact is not None:
            return exact
        address, trouble = read_address(text)
        coded = self._coded(written)
        if coded:
            return self._agreed(coded, address, trouble)
        if address is None:
            return NoMatch((), f"holds no code of the register and {trouble}")
        located = self._locate(address)
        return NoMatch(_ids(located), trouble) if trouble else located

    def _exact(self, written: str) -> Match | NoMatch | None:
        if not written or len(written) > MAX_LENGTH:
            return NoMatch((), "says nothing" if not written else f"is longer than {MAX_LENGTH} characters")
        if _SHORT_NUMBER.fullmatch(written):
            return _none(self._by_code.get(written, []), "a bare number does not say what it numbers")
        for names, how in ((self._by_code, "code"), (self._by_label, "label")):
            if written in names:
                return _single(names[written], how)
        return None

    def _coded(self, written: str) -> list[_Entry]:
        tokens = dict.fromkeys(token for token in _TOKEN.findall(written) if _is_telling(token))
        return [entry for token in tokens for entry in self._by_code.get(token, [])]

    def _agreed(self, coded: list[_Entry], address: Address | None, trouble: str) -> Match | NoMatch:
        """Return the place of a code in the text unless the address beside it speaks against it."""
        if len(coded) > 1 or address is None:
            return _single(coded, "code in text")
        [entry] = coded
        located = self._locate(address)
        if not trouble and isinstance(located, Match) and located.place_id == entry.id:
            return located
        decisive = _DECISIVE.search(entry.key) is not None
        agreed = decisive
        if entry.building:
            agreed = entry.building == address.building and (not address.unit or entry.unit in {"", address.unit})
        if agreed and address.room is None and (decisive or not trouble):
            return Match(entry.id, "code in text")
        candidates = tuple(dict.fromkeys((entry.id, *_ids(located))))[:MAX_CANDIDATES]
        return NoMatch(candidates, f"holds the code {entry.key} and an address that may be another place")

    def _locate(self, address: Address) -> Match | NoMatch:
        if address.room is not None:
            return self._household(address)
        if address.floor is not None:
            return self._floor(address)
        if address.door:
            return self._entrance(address)
        if address.unit is not None:
            return self._unit(address)
        return self._building(address)

    def _household(self, address: Address) -> Match | NoMatch:
        homes = self._of("household", address.building)
        same_room = [home for home in homes if home.room == address.room]
        found, trouble = self._in_unit(same_room, homes, address)
        if not found and not trouble:
            others = [home for home in self._entries if home.kind == "household" and home.room == address.room]
            same_unit = [home for home in others if home.unit == address.unit]
            return _none(same_room or same_unit or others, f"{_shown(address)} is not in the register")
        if trouble or len(found) > 1:
            return _none(found or same_room, trouble or f"{_shown(address)} is in the register more than once")
        [home] = found
        if address.floor and home.level and address.floor != home.level:
            return _none(found, f"says storey {address.floor}, the register {home.level}")
        if _ELSEWHERE.search(address.rest):
            return _none(found, f"says {address.rest[:20]}, which need not be in the home")
        return Match(home.id, "address")

    def _floor(self, address: Address) -> Match | NoMatch:
        floors = self._of("floor", address.building)
        same_level = [floor for floor in floors if floor.level == address.floor]
        found, trouble = self._in_unit(same_level, floors, address)
        if trouble or len(found) != 1:
            return _none(found or same_level, trouble or f"{_shown(address)} is not one floor of the register")
        if not _is_device(_SIDE.sub("", address.rest) if address.corridor else address.rest):
            return _none(found, f"says {address.rest[:20]}, which need not be the corridor of the floor")
        return Match(found[0].id, "address")

    def _entrance(self, address: Address) -> Match | NoMatch:
        entrances = [
            door for door in self._of("entrance", address.building) if not address.unit or door.unit == address.unit
        ]
        own_names = [(door, door.label.removeprefix(_prefix(door))) for door in entrances]
        named = [door for door, name in own_names if name and address.rest.startswith(plain(name))]
        if len(named) == 1 and not _ELSEWHERE.search(address.rest):
            return Match(named[0].id, "address")
        if len(entrances) == 1 and _DOOR.match(address.rest) and not _ELSEWHERE.search(address.rest):
            return Match(entrances[0].id, "address")
        return _none(named or entrances, f"{_shown(address)}{address.rest[:20]} is not one entrance of the register")

    def _unit(self, address: Address) -> Match | NoMatch:
        units = [unit for unit in self._of("unit", address.building) if unit.unit == address.unit]
        if len(units) == 1 and not address.corridor and _is_device(address.rest):
            return Match(units[0].id, "address")
        kind = "lift" if _LIFT.match(address.rest) else "floor" if address.corridor else "entrance"
        nearer = [place for place in self._of(kind, address.building) if place.unit == address.unit]
        return _none(nearer or units, f"{_shown(address)}{address.rest[:20]} does not say which place of the unit")

    def _building(self, address: Address) -> Match | NoMatch:
        buildings = self._of("building", address.building)
        if len(buildings) == 1 and _is_device(address.rest):
            return Match(buildings[0].id, "address")
        reason = f"{_shown(address)}{address.rest[:20]} is not one building of the register"
        lifts = self._of("lift", address.building) if _LIFT.match(address.rest) else []
        return _none(lifts or buildings, reason)

    def _of(self, kind: str, building: str) -> list[_Entry]:
        return self._within.get((kind, building), [])

    def _in_unit(
        self, found: list[_Entry], all_of_building: list[_Entry], address: Address
    ) -> tuple[list[_Entry], str]:
        """Return those in the unit the address names; a unit may go unnamed only where the building has but one."""
        if address.unit is not None:
            return [entry for entry in found if entry.unit == address.unit], ""
        units = {entry.unit for entry in all_of_building}
        if len(units) > 1:
            return [], f"names no unit, and building {address.building} has {len(units)}"
        return found, ""


def _entry(order: int, place: PlaceLike) -> _Entry:
    cells = place.attributes
    return _Entry(
        order=order,
        id=place.id,
        kind=place.kind,
        key=cells.get("code", "") or place.key,
        label=place.label,
        building=cell_number(cells.get("building", "")),
        unit=cell_number(cells.get("unit", "")),
        room=cell_number(cells.get("room", "")),
        level=cell_level(cells.get("level", "") or cells.get("floor", "")),
    )


def _single(found: list[_Entry], how: str) -> Match | NoMatch:
    if len({entry.id for entry in found}) == 1:
        return Match(found[0].id, how)
    return _none(found, f"{len(found)} places of the register have this {how.partition(' ')[0]}")


def _none(found: list[_Entry], reason: str) -> NoMatch:
    ordered = sorted(found, key=lambda entry: entry.order)
    return NoMatch(tuple(dict.fromkeys(entry.id for entry in ordered))[:MAX_CANDIDATES], reason)


def _ids(located: Match | NoMatch) -> tuple[str, ...]:
    return (located.place_id,) if isinstance(located, Match) else located.candidates


def _is_telling(token: str) -> bool:
    """Return whether a code inside a text can be nothing else: letters and digits, or a long number."""
    if _DECISIVE.search(token):
        return True
    return len(token) >= 3 and any(sign.isdigit() for sign in token) and any(sign.isalpha() for sign in token)


def _is_device(rest: str) -> bool:
    return not rest or _DEVICE.fullmatch(rest) is not None


def _prefix(entrance: _Entry) -> str:
    """Return what the label of an entrance begins with before its own name."""
    found = re.match(r".*?(?:号楼|栋|幢|座)(?:[0-9]+单元)?", entrance.label)
    return found[0] if found else ""


def _shown(address: Address) -> str:
    parts = [f"{address.building}号楼"]
    if address.unit is not None:
        parts.append(f"{address.unit}单元")
    if address.room is not None:
        parts.append(address.room)
    elif address.floor is not None:
        parts.append(f"{address.floor}层")
    return "".join(parts)
