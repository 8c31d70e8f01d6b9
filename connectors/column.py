"""The columns of a register sheet: how a header is recognised and how a cell is read.

A cell is read into one spelling, so that "03号楼", "３栋" and "3" name the same building. What cannot be read raises
ValueError whose text is the mend.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from connectors.payload import is_clean

_BUILDING = re.compile(r"0*([0-9]+)(?:#|号|号楼|楼|栋|幢|座)?")
_UNIT = re.compile(r"0*([0-9]+)(?:#|号)?(?:单元|单元号|门)?")
_LEVEL = re.compile(r"(-|b|负|地下)?(?:第)?0*([0-9]+)(?:层|楼|f)?")
_ROOM = re.compile(r"0*([0-9]+)(?:#|室|号|号房|房)?")
_COUNT = re.compile(r"([0-9]{1,15})(?:\.0+)?")
_YES = frozenset({"是", "true", "yes", "y", "1", "有"})
_NO = frozenset({"否", "false", "no", "n", "0", "无"})


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a kind of sheet.

    ``headers`` are its accepted names, the usual one first, besides the key itself. ``read`` turns a cell that is
    not empty into its one spelling or raises ValueError with the mend.
    """

    key: str
    headers: tuple[str, ...]
    read: Callable[[str], str]
    required: bool = False

    @property
    def shown(self) -> str:
        """Return the column as a message names it: key and usual header."""
        return f"{self.key} ({self.headers[0]})"


def narrow(text: str) -> str:
    """Return the text with full-width digits and letters made plain and without white space around it."""
    return unicodedata.normalize("NFKC", text).strip()


def plain_header(text: str) -> str:
    """Return a header without what people decorate it with: blanks, stars, brackets, case, a byte order mark."""
    text = re.sub(r"\(.*?\)|[\s*:\ufeff_]", "", unicodedata.normalize("NFKC", text))
    return text.lower()


def read_code(cell: str) -> str:
    """Return a code; raise ValueError when it holds control characters or is longer than 100 characters."""
    code = narrow(cell)
    if not is_clean(code) or len(code) > 100:
        raise ValueError("write a code of at most 100 printed characters")
    return code


def read_codes(cell: str) -> str:
    """Return one code or several, parted by "、"; raise ValueError as read_code does."""
    parts = [read_code(part) for part in re.split("[、,，;；/ ]+", narrow(cell)) if part]
    return "、".join(dict.fromkeys(parts))


def read_name(cell: str) -> str:
    """Return a name on one line."""
    name = " ".join(cell.split())
    if not is_clean(name):
        raise ValueError("write a name without control characters")
    return name


def read_building(cell: str) -> str:
    """Return the number of a building without zeros and words, or its name where it has no number."""
    text = read_code(cell)
    found = _BUILDING.fullmatch(text)
    return found[1] if found else text


def read_unit(cell: str) -> str:
    """Return the number of a unit without zeros and words, or its name where it has no number."""
    text = read_code(cell)
    found = _UNIT.fullmatch(text)
    return found[1] if found else text


def read_level(cell: str) -> str:
    """Return the storey as a whole number, negative below ground; raise ValueError for anything else."""
    found = _LEVEL.fullmatch(narrow(cell).lower())
    if not found:
        raise ValueError("write the storey as a number, -1 for the first below ground")
    return f"-{found[2]}" if found[1] and found[2] != "0" else found[2]


def read_room(cell: str) -> str:
    """Return the room number without leading zeros and words, or the text in capitals where it is no number."""
    text = read_code(cell)
    found = _ROOM.fullmatch(text)
    return found[1] if found else text.removesuffix("室").upper()


def read_yes_no(cell: str) -> str:
    """Return true or false; raise ValueError for any other word."""
    word = narrow(cell).lower()
    if word in _YES:
        return "true"
    if word in _NO:
        return "false"
    raise ValueError("write 是 or 否")


def read_count(cell: str) -> str:
    """Return a whole number without separators; raise ValueError for anything else."""
    found = _COUNT.fullmatch(narrow(cell).replace(",", ""))
    if not found:
        raise ValueError("write a whole number, 0 or more")
    return str(int(found[1]))


def choice(words: Mapping[str, str]) -> Callable[[str], str]:
    """Return a reader that accepts the English words and their Chinese spellings and gives the English word."""
    accepted = {**words, **{english: english for english in words.values()}}
    mend = f"write one of {', '.join(words)}"

    def read(cell: str) -> str:
        word = narrow(cell).lower()
        if word not in accepted:
            raise ValueError(mend)
        return accepted[word]

    return read
