"""The register (台账): the places a community has, read from rows however they were delivered.

First form: one sheet per kind of place, and totals. A sheet comes as a tab of a workbook, a CSV file or a walked hub
list; all are read from rows of text. The register is the frame everything is counted against, so a row that cannot
be read never disappears: it is a problem, and a sheet with a spoiling problem is not complete.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connectors.column import narrow, read_building, read_unit, refuse_spoiled
from connectors.register_columns import COLUMNS, KINDS, SHEETS, TOTAL_NAMES, TOTALS, known_headers
from connectors.sheet import Problem, RegisterError
from connectors.spelling import cell_number
from connectors.wording import parse_address

__all__ = [
    "COLUMNS",
    "KINDS",
    "TOTALS",
    "TOTAL_NAMES",
    "PlaceRow",
    "Problem",
    "RegisterError",
    "Sheet",
    "TotalRow",
    "list_totals",
    "read_sheet",
    "read_totals",
    "rows_digest",
]

_WITHIN_BUILDING = frozenset({"unit", "entrance", "floor", "household"})
_SHORT_NUMBER = re.compile(r"[0-9]{1,4}")
_NAMED_UNIT = re.compile(r"(?<![0-9])0*([0-9]+)单元")
_CODED_UNIT = re.compile(r"[-_#]0*([0-9]+)$")


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """One place of the register.

    ``key`` is unique within the kind; ``label`` is how people name it; ``attributes`` are its other cells in one
    spelling, cells left empty are absent; ``row`` is its index in the rows it was read from, from 0.
    """

    kind: str
    key: str
    label: str
    attributes: Mapping[str, str]
    row: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """The places of one sheet in its own order, and what is wrong with its rows.

    ``lines`` are the numbers of its rows in the file ``where``.
    """

    places: tuple[PlaceRow, ...]
    problems: tuple[Problem, ...]
    where: str = field(default="", compare=False)
    lines: tuple[int, ...] = field(default=(), compare=False)

    @property
    def complete(self) -> bool:
        """Return whether every row became a place with all its required cells."""
        return not any(problem.spoils for problem in self.problems)


@dataclass(frozen=True, slots=True)
class TotalRow:
    """One total: its key, its value as whole-number text, and its row's index, from 0."""

    key: str
    value: str
    row: int


def read_sheet(kind: str, rows: Sequence[Mapping[str, str]], where: str, lines: Sequence[int] | None = None) -> Sheet:
    """Return the places of a sheet of one kind.

    Headers may be the English keys or the Chinese names; columns that are not known are left alone; rows without
    any known cell are passed over. Of two rows with one key the first is the place. ``where`` names the sheet in
    messages, ``lines`` gives each row its number in the file (from 1 on without). Raises RegisterError for an unknown
    kind or a missing required column.
    """
    if kind not in KINDS:
        raise RegisterError(f"{where}: {kind!r} is no kind of place; the kinds are {', '.join(KINDS)}")
    names = _match_headers(kind, rows, where)
    numbers = range(1, len(rows) + 1) if lines is None else lines
    places: dict[str, PlaceRow] = {}
    problems: list[Problem] = []
    for index, row in enumerate(rows):
        cells = _cells(row, names)
        if not cells:
            continue
        values, wrong = _read_cells(kind, cells)
        problems += [Problem(where, index, numbers[index], *one) for one in wrong]
        key = _key(kind, values)
        if not key:
            continue
        place = PlaceRow(kind, key, _label(kind, key, values), _attributes(kind, values), index)
        first = places.setdefault(key, place)
        if first is not place:
            copy = (first.label, first.attributes) == (place.label, place.attributes)
            mend = f"第{numbers[first.row]}行已经是它；" + ("请删去重复的一行" if copy else "请给每个不同的编号")
            problems.append(
                Problem(
                    where,
                    index,
                    numbers[index],
                    "房号" if kind == "household" else COLUMNS[kind][0].shown,
                    key,
                    mend,
                    spoils=not copy,
                )
            )
    return Sheet(tuple(places.values()), tuple(problems), where, tuple(numbers))


def list_totals(
    rows: Sequence[Mapping[str, str]], where: str, lines: Sequence[int] | None = None
) -> tuple[dict[str, TotalRow], list[Problem]]:
    """Return the totals by key, and what is wrong with the others; keys that are not known are kept as they are.

    A total without a value is not stated. Of one key with two values neither is taken. Raises RegisterError for a
    missing column.
    """
    names = _match_headers(TOTALS, rows, where)
    numbers = range(1, len(rows) + 1) if lines is None else lines
    totals: dict[str, TotalRow] = {}
    problems: list[Problem] = []
    contested: set[str] = set()
    for index, row in enumerate(rows):
        cells = _cells(row, names)
        if "value" not in cells:
            continue
        values, wrong = _read_cells(TOTALS, cells)
        problems += [Problem(where, index, numbers[index], *one) for one in wrong]
        if wrong:
            continue
        key = TOTAL_NAMES.get(narrow(values["key"]), values["key"])
        first = totals.setdefault(key, TotalRow(key, values["value"], index))
        if first.value != values["value"]:
            mend = f"第{numbers[first.row]}行的“{cells['key'].strip()}”是 {first.value}；请只留下对的一个"
            problems.append(Problem(where, index, numbers[index], "数值", values["value"], mend, spoils=True))
            contested.add(key)
    return {key: total for key, total in totals.items() if key not in contested}, problems


def read_totals(rows: Sequence[Mapping[str, str]]) -> Mapping[str, str]:
    """Return the totals by key as whole-number text; raise RegisterError for the first that cannot be used."""
    totals, problems = list_totals(rows, TOTALS)
    if problems:
        raise RegisterError(str(problems[0]))
    return {key: total.value for key, total in totals.items()}


def rows_digest(parts: Mapping[str, Sequence[Mapping[str, str]]]) -> str:
    """Return the hex SHA-256 over all known cells of a register, by kind.

    The order of rows and columns, columns that are not known, and how the rows were cut into pages or files do not
    matter; neither does which language the headers are in.
    """
    canonical: dict[str, list[list[tuple[str, str]]]] = {}
    for kind, rows in parts.items():
        names = known_headers(kind, _headers(rows))
        cells = (_cells(row, names) for row in rows)
        canonical[kind] = sorted(sorted((key, cell.strip()) for key, cell in row.items()) for row in cells if row)
    text = json.dumps(canonical, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


# ---------------------------------------------------------------- headers and cells


def _headers(rows: Sequence[Mapping[str, str]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row if name))


def _match_headers(kind: str, rows: Sequence[Mapping[str, str]], where: str) -> dict[str, str]:
    """Return the column key of each header that is known; raise RegisterError when a required one is missing."""
    headers = _headers(rows)
    names = known_headers(kind, headers)
    for column in COLUMNS[kind]:
        if column.required and rows and column.key not in names.values():
            accepted = "、".join((*column.headers[1:], column.key))
            raise RegisterError(
                f"{where}：{SHEETS[kind][0]}表缺少“{column.shown}”列；现有的列：{'、'.join(headers) or '无'}；"
                f"请补上这一列（也可以叫 {accepted}）"
            )
    return names


def _cells(row: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    cells = {names[name]: cell for name, cell in row.items() if name in names}
    return {key: cell for key, cell in cells.items() if cell.strip()}


def _read_cells(kind: str, cells: Mapping[str, str]) -> tuple[dict[str, str], list[tuple[str, str, str, bool]]]:
    """Return the cells that can be read, and of the others column, value, mend, and whether that spoils the row."""
    values: dict[str, str] = {}
    problems: list[tuple[str, str, str, bool]] = []
    for column in COLUMNS[kind]:
        cell = cells.get(column.key)
        if cell is None:
            if column.required:
                problems.append((column.shown, "", f"请填写{column.shown}", True))
            continue
        try:
            refuse_spoiled(cell)
            values[column.key] = column.read(cell)
        except ValueError as error:
            problems.append((column.shown, cell, str(error), column.required))
    if kind == "household" and "room" in values:
        try:
            values["room"] = _own_room(values)
        except ValueError as error:
            problems.append(("房号", cells["room"], str(error), True))
            del values["room"]
    return values, problems


def _own_room(values: Mapping[str, str]) -> str:
    """Return the room itself where the cell repeats building and unit ("3-2-1201"); ValueError for another home's."""
    room = values["room"]
    found = None if room.isdigit() else parse_address(room)
    if found is None or found.room is None:
        return room
    building, unit = cell_number(values.get("building", "")), cell_number(values.get("unit", ""))
    if found.building != building or found.unit not in {None, unit}:
        raise ValueError("房号写的是另一栋或另一单元，请核对楼栋、单元和房号")
    return found.room


# ---------------------------------------------------------------- keys, labels, attributes


def _own_number(kind: str, values: Mapping[str, str]) -> str:
    """Return the number by which other rows name a building or unit: from its code, else from its name."""
    code, name = values.get("code", ""), values.get("name", "")
    if kind == "building":
        number = read_building(code)
        named = read_building(name) if name else ""
        return number if number.isdigit() or not named.isdigit() else named
    number = read_unit(code)
    if number.isdigit():
        return number
    found = _NAMED_UNIT.search(narrow(name)) or _CODED_UNIT.search(code)
    return found[1] if found else code


def _key(kind: str, values: Mapping[str, str]) -> str:
    """Return the key of a place, "" when its cells do not give one.

    A code of at most four digits is a number within its building and unit, as property offices write it; it is
    made unique by what it is within.
    """
    code = values.get("code", "")
    if kind not in _WITHIN_BUILDING:
        return code
    within = [values[name] for name in ("building", "unit") if values.get(name)]
    if kind == "household" and not code:
        room = values.get("room", "")
        return "-".join([*within, room]) if room and len(within) == 2 else ""
    return "-".join([*within, code.lstrip("0") or "0"]) if _SHORT_NUMBER.fullmatch(code) and within else code


def _attributes(kind: str, values: Mapping[str, str]) -> dict[str, str]:
    attributes = {key: value for key, value in values.items() if key != "code"}
    if kind in {"building", "unit"}:
        attributes[kind] = _own_number(kind, values)
    return attributes


def _label(kind: str, key: str, values: Mapping[str, str]) -> str:
    name = values.get("name", "")
    building = _own_number(kind, values) if kind == "building" else values.get("building", "")
    if kind == "building":
        return f"{building}号楼" if building.isdigit() else name or key
    if kind not in _WITHIN_BUILDING or not building:
        return name or key
    unit = _own_number(kind, values) if kind == "unit" else values.get("unit", "")
    label = f"{building}号楼" if building.isdigit() else building
    label += f"{unit}单元" if unit.isdigit() else unit
    if kind == "entrance":
        return name if name.startswith(label) else f"{label}{name or '单元门'}"
    last = {"unit": "", "floor": f"{values.get('level', '?')}层", "household": values.get("room", "?")}
    return label + last[kind]
