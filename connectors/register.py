"""The register (台账): the places a community has, read from rows however they were delivered.

First form: one sheet per kind of place, and totals. A sheet comes as a CSV file or as a walked hub list; both are
read from rows of text. The register is the frame everything is counted against, so a row that cannot be read never
disappears: it is a problem, and a sheet with a spoiling problem is not complete.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.column import narrow, plain_header, read_building, read_unit
from connectors.register_columns import COLUMNS, KINDS, TOTAL_NAMES, TOTALS
from connectors.sheet import RegisterError, rows_of

__all__ = [
    "COLUMNS",
    "KINDS",
    "TOTALS",
    "TOTAL_NAMES",
    "PlaceRow",
    "Problem",
    "RegisterError",
    "Sheet",
    "locate_totals",
    "read_sheet",
    "read_totals",
    "rows_digest",
    "rows_of",
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
class Problem:
    """What is wrong with one row.

    ``spoils`` says that the frame is not what the sheet means it to be: a place is not in it, or lacks a cell that
    decides what it counts for.
    """

    where: str
    row: int
    column: str
    value: str
    mend: str
    spoils: bool

    def __str__(self) -> str:
        """Return the problem as one line; rows are counted from 1, the header not included."""
        return f"{self.where}, row {self.row + 1}, column {self.column}: {self.value[:60]!r}; {self.mend}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """The places of one sheet in its own order, and what is wrong with its rows."""

    places: tuple[PlaceRow, ...]
    problems: tuple[Problem, ...]

    @property
    def complete(self) -> bool:
        """Return whether every row became a place with all its required cells."""
        return not any(problem.spoils for problem in self.problems)


def read_sheet(kind: str, rows: Sequence[Mapping[str, str]], where: str) -> Sheet:
    """Return the places of a sheet of one kind.

    Headers may be the English keys or the Chinese names; columns that are not known are left alone; rows without
    any known cell are passed over. Of two rows with one key the first is the place. ``where`` names the sheet in
    messages. Raises RegisterError for an unknown kind or a missing required column.
    """
    if kind not in KINDS:
        raise RegisterError(f"{where}: {kind!r} is no kind of place; the kinds are {', '.join(KINDS)}")
    names = _match_headers(kind, rows, where)
    places: dict[str, PlaceRow] = {}
    problems: list[Problem] = []
    for index, row in enumerate(rows):
        cells = _cells(row, names)
        if not cells:
            continue
        values, wrong = _read_cells(kind, cells, where, index)
        problems += wrong
        key = _key(kind, values)
        if not key:
            continue
        place = PlaceRow(kind, key, _label(kind, key, values), _attributes(kind, values), index)
        first = places.setdefault(key, place)
        if first is not place:
            copy = (first.label, first.attributes) == (place.label, place.attributes)
            mend = f"row {first.row + 1} is already {key}; " + ("leave one out" if copy else "give each its own code")
            problems.append(Problem(where, index, "code", key, mend, spoils=not copy))
    return Sheet(tuple(places.values()), tuple(problems))


def read_totals(rows: Sequence[Mapping[str, str]]) -> Mapping[str, str]:
    """Return the totals by key as whole-number text; keys that are not known are kept as they are.

    Raises RegisterError for a missing column, an empty or unreadable value, or one key with two values.
    """
    return {key: value for key, (_, value) in _read_total_rows(rows).items()}


def locate_totals(rows: Sequence[Mapping[str, str]]) -> Mapping[str, int]:
    """Return for each total the index of its row, from 0; raises as read_totals does."""
    return {key: row for key, (row, _) in _read_total_rows(rows).items()}


def rows_digest(parts: Mapping[str, Sequence[Mapping[str, str]]]) -> str:
    """Return the hex SHA-256 over all known cells of a register, by kind.

    The order of rows and columns, columns that are not known, and how the rows were cut into pages or files do not
    matter; neither does which language the headers are in.
    """
    canonical: dict[str, list[list[tuple[str, str]]]] = {}
    for kind, rows in parts.items():
        names = _known_headers(kind, _headers(rows))
        cells = (_cells(row, names) for row in rows)
        canonical[kind] = sorted(sorted((key, cell.strip()) for key, cell in row.items()) for row in cells if row)
    text = json.dumps(canonical, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


# ---------------------------------------------------------------- headers and cells


def _headers(rows: Sequence[Mapping[str, str]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row if name))


def _known_headers(kind: str, headers: Sequence[str]) -> dict[str, str]:
    """Return the column key of each header that is known; of several for one column the most particular."""
    plain: dict[str, str] = {}
    for header in headers:
        plain.setdefault(plain_header(header), header)
    names: dict[str, str] = {}
    for column in COLUMNS[kind]:
        spellings = [plain_header(name) for name in (column.key, *column.headers)]
        present = [plain[spelling] for spelling in spellings if spelling in plain]
        if present:
            names[present[0]] = column.key
    return names


def _match_headers(kind: str, rows: Sequence[Mapping[str, str]], where: str) -> dict[str, str]:
    """Return the column key of each header that is known; raise RegisterError when a required one is missing."""
    headers = _headers(rows)
    names = _known_headers(kind, headers)
    for column in COLUMNS[kind]:
        if column.required and rows and column.key not in names.values():
            accepted = ", ".join((column.key, *column.headers))
            raise RegisterError(
                f"{where}: the {kind} sheet has no column {column.shown}; found: {', '.join(headers) or 'none'}; "
                f"add it under one of these names: {accepted}"
            )
    return names


def _cells(row: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    cells = {names[name]: cell for name, cell in row.items() if name in names}
    return {key: cell for key, cell in cells.items() if cell.strip()}


def _read_cells(kind: str, cells: Mapping[str, str], where: str, index: int) -> tuple[dict[str, str], list[Problem]]:
    values: dict[str, str] = {}
    problems: list[Problem] = []
    for column in COLUMNS[kind]:
        cell = cells.get(column.key)
        if cell is None:
            if column.required:
                mend = f"fill in {column.headers[0]}"
                problems.append(Problem(where, index, column.shown, "", mend, spoils=True))
            continue
        try:
            values[column.key] = column.read(cell)
        except ValueError as error:
            problems.append(Problem(where, index, column.shown, cell, str(error), spoils=column.required))
    return values, problems


def _read_total_rows(rows: Sequence[Mapping[str, str]]) -> dict[str, tuple[int, str]]:
    names = _match_headers(TOTALS, rows, TOTALS)
    totals: dict[str, tuple[int, str]] = {}
    for index, row in enumerate(rows):
        cells = _cells(row, names)
        if not cells:
            continue
        values, problems = _read_cells(TOTALS, cells, TOTALS, index)
        if problems:
            raise RegisterError(str(problems[0]))
        key = TOTAL_NAMES.get(narrow(values["key"]), values["key"])
        first = totals.setdefault(key, (index, values["value"]))
        if first[1] != values["value"]:
            raise RegisterError(
                f"{TOTALS}, row {index + 1}: {key} is {values['value']} here and {first[1]} in row {first[0] + 1}; "
                "leave the right one"
            )
    return totals


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
