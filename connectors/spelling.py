"""How people write numbers of buildings, storeys and rooms: widths, dashes, zeros and Chinese numerals."""

from __future__ import annotations

import re
import unicodedata

NUMERAL = "(?:[0-9]+|[零〇一二三四五六七八九十]+)"
"""The pattern of a number in digits or in Chinese numerals."""

_DASHES = re.compile("[\u2010-\u2015\u2212\u30fc\ufe58\ufe63~\u301c_]")
_BLANK_AT_SIGN = re.compile(r" ?([\-#/]) ?")
_BLANKS = re.compile(r"\s+")
_BLANK_AT_CHINESE = re.compile(r"(?<=[^\x00-\x7f]) | (?=[^\x00-\x7f])")
_DIGITS = {digit: str(value) for value, digit in enumerate("零一二三四五六七八九")} | {"〇": "0"}
_TENS = re.compile("([一二三四五六七八九]?)十([一二三四五六七八九]?)")
_BELOW = re.compile("负|地下|-|B", re.IGNORECASE)
_NUMBERED = re.compile(rf"第?({NUMERAL})(?:号楼|#楼|号栋|栋楼?|幢楼?|座|楼|单元|门|#|号房|号|室|户|房)?")
_STOREY = re.compile(rf"第?((?:负|地下|-|B)?{NUMERAL})(?:层|楼|F)?", re.IGNORECASE)


def plain(text: str) -> str:
    """Return the text narrow (NFKC), with one kind of dash, and single blanks only between plain letters and digits.

    >>> plain(" ３号楼 ２单元—１２０１ ")
    '3号楼2单元-1201'
    """
    narrow = _DASHES.sub("-", unicodedata.normalize("NFKC", text))
    tight = _BLANK_AT_SIGN.sub(r"\1", _BLANK_AT_CHINESE.sub("", _BLANKS.sub(" ", narrow).strip()))
    # A blank that went may have stood before a combining mark, which now belongs to the letter before it.
    return unicodedata.normalize("NFC", tight)


def number_of(text: str) -> str | None:
    """Return a numeral without leading zeros, None where it is none: ``012``, ``十二`` and ``一二`` are all 12."""
    if text.isascii():
        return (text.lstrip("0") or "0") if text.isdigit() else None
    tens = _TENS.fullmatch(text)
    if tens:
        return _DIGITS.get(tens[1], "1") + _DIGITS.get(tens[2], "0")
    digits = "".join(_DIGITS.get(sign, "?") for sign in text)
    return number_of(digits) if digits.isdigit() else None


def level_of(text: str) -> str | None:
    """Return a storey as a whole number, negative below ground: ``12``, ``十二``, ``B1``, ``负一`` and ``地下1``."""
    below = _BELOW.match(text)
    number = number_of(text[below.end() :] if below else text)
    if number is None or (below and number == "0"):
        return None
    return f"-{number}" if below else number


def cell_number(cell: str) -> str:
    """Return what a register cell of a building, unit or room means: its number, else its text in capitals."""
    written = plain(cell).upper()
    found = _NUMBERED.fullmatch(written)
    return (found and number_of(found[1])) or written


def cell_level(cell: str) -> str:
    """Return what a register cell of a storey means: a whole number, else its text in capitals."""
    written = plain(cell).upper()
    found = _STOREY.fullmatch(written)
    return (found and level_of(found[1])) or written
