"""Whether the sheets of a register know each other: what a row names on another sheet must be listed there.

Who names a unit that the list of units lacks has either misspelt it or found a hole in the list. Nobody can tell
which, so the list of units is not complete until it is mended. A lamp on an unknown circuit says nothing of the
circuits, and spoils no list.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from connectors.column import plain_header
from connectors.register import PlaceRow, Sheet
from connectors.register_columns import SHEETS
from connectors.sheet import Problem

CANDIDATES = 3
"""So many places that could be meant are shown."""

LIKE = 0.6
NEAR_AMONG = 5_000
"""Of a longer list the first are compared; comparing all with all takes too long."""


@dataclass(frozen=True, slots=True)
class Links:
    """What is wrong with the references, and the kinds whose lists therefore cannot be whole."""

    problems: tuple[Problem, ...]
    doubtful: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Link:
    """Rows of ``kinds`` name places of ``target`` by their cells ``columns``; the last one is shown in messages."""

    kinds: tuple[str, ...]
    target: str
    columns: tuple[str, ...]
    header: str
    own: tuple[str, ...]
    spoils: bool
    show: Callable[[tuple[str, ...]], str]


def _show_code(name: tuple[str, ...]) -> str:
    return name[0]


def _show_place(name: tuple[str, ...]) -> str:
    words = zip(name, ("号楼", "单元", "层"), strict=False)
    return "".join(f"{part}{word}" if part.lstrip("-").isdigit() else part for part, word in words)


_INSIDE = ("building", "unit")
_LINKS = (
    _Link(
        ("unit", "entrance", "floor", "household", "lift"),
        "building",
        ("building",),
        "楼栋",
        ("building",),
        spoils=True,
        show=_show_place,
    ),
    _Link(("entrance", "floor", "household", "lift"), "unit", _INSIDE, "单元", _INSIDE, spoils=True, show=_show_place),
    _Link(("household",), "floor", (*_INSIDE, "floor"), "楼层", (*_INSIDE, "level"), spoils=True, show=_show_place),
    _Link(("lamp",), "circuit", ("circuit",), "回路", ("code",), spoils=False, show=_show_code),
    _Link(("household",), "meter", ("meter",), "共用表编号", ("code",), spoils=False, show=_show_code),
    _Link(("space",), "area", ("area",), "停车区", ("code",), spoils=False, show=_show_code),
)


def check_links(sheets: Mapping[str, Sheet]) -> Links:
    """Return what the rows of the sheets name on other sheets that are there and do not list it.

    Rows that name the same unknown place give one problem, at the first of them.
    """
    problems: list[Problem] = []
    doubtful: set[str] = set()
    told: set[tuple[str, ...]] = set()
    for link in _LINKS:
        if link.target not in sheets:
            continue
        listed = {_name(place, link.own): None for place in sheets[link.target].places}
        for kind in link.kinds:
            unknown = _unknown(sheets[kind], link, listed) if kind in sheets else {}
            if unknown and link.spoils:
                doubtful.add(link.target)
            for name, rows in unknown.items():
                # Of an unknown building one problem is enough; that its units are unknown goes without saying.
                if not any(name[:count] in told for count in range(1, len(name))):
                    problems.append(_describe(sheets[kind], link, name, rows, list(listed)))
            told |= unknown.keys() if link.spoils else set()
    return Links(tuple(problems), frozenset(doubtful))


def _name(place: PlaceRow, columns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(place.key if column == "code" else place.attributes.get(column, "") for column in columns)


def _unknown(sheet: Sheet, link: _Link, listed: Mapping[tuple[str, ...], None]) -> dict[tuple[str, ...], list[int]]:
    """Return each name that is not listed with the indexes of the rows that use it."""
    found: dict[tuple[str, ...], list[int]] = {}
    for place in sheet.places:
        cells = _name(place, link.columns)
        # A cell left empty names nothing.
        if not all(cells):
            continue
        names = [(code,) for code in cells[0].split("、")] if link.target == "meter" else [cells]
        for name in names:
            if name not in listed:
                found.setdefault(name, []).append(place.row)
    return found


def _describe(
    sheet: Sheet, link: _Link, name: tuple[str, ...], rows: list[int], listed: list[tuple[str, ...]]
) -> Problem:
    table = SHEETS[link.target][0]
    near = _near(name, link, listed)
    mend = f"“{table}”表里没有 {link.show(name)}"
    if len(rows) > 1:
        mend += f"（共{len(rows)}行这样写）"
    mend += f"；相近的有：{'、'.join(near)}" if near else ""
    mend += f"；请改正，或补进“{table}”表"
    return Problem(sheet.where, rows[0], sheet.lines[rows[0]], link.header, name[-1], mend, spoils=False)


def _near(name: tuple[str, ...], link: _Link, listed: list[tuple[str, ...]]) -> list[str]:
    """Return the listed places that could be meant: those beside it in the same house, else those written alike."""
    siblings = [one for one in listed if len(one) > 1 and one[:-1] == name[:-1]][:NEAR_AMONG]
    shown = {link.show(one): None for one in siblings or listed[:NEAR_AMONG]}
    written = link.show(name)
    same = [text for text in shown if plain_header(text).replace("-", "") == plain_header(written).replace("-", "")]
    alike = difflib.get_close_matches(written, list(shown), CANDIDATES, LIKE)
    return list(dict.fromkeys([*same, *alike]))[:CANDIDATES] or list(shown)[: CANDIDATES if siblings else 0]
