"""The payload of a message as a document: strict JSON with exact numbers, or one text."""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import NoReturn

MAX_DEPTH = 64  # the same limit wherever it is read: the interpreter's own depends on the caller's stack

_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"?|([\[{])|([\]}])', re.DOTALL)
_UNSAFE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


class PayloadError(ValueError):
    """The bytes are not the document the profile expects; the message says what is wrong with them."""


def read_json(payload: bytes) -> object:
    """Return the JSON document of the payload: dict, list, str, Decimal, bool or None.

    Raises PayloadError for anything that is not strict JSON in UTF-8 (a byte order mark is allowed), for NaN and
    Infinity, for a key that is there twice, and for nesting deeper than MAX_DEPTH.
    """
    text = _decoded(payload)
    _check_depth(payload)
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise PayloadError(f"not JSON: {error.msg} at character {error.pos}") from None
    except InvalidOperation:
        raise PayloadError("holds a number beyond every range") from None


def read_text(payload: bytes) -> str:
    """Return the payload as one text without white space around it; raise PayloadError when it is not a line."""
    text = _decoded(payload).strip()
    if not text:
        raise PayloadError("the payload is empty")
    if not is_clean(text):
        raise PayloadError("the text holds control characters")
    return text


def is_clean(text: str) -> bool:
    """Return whether the text can be stored and shown: no control characters, no half of a surrogate pair."""
    return _UNSAFE.search(text) is None


def _decoded(payload: bytes) -> str:
    if not payload:
        raise PayloadError("the payload is empty")
    try:
        return payload.decode("utf-8-sig" if payload.startswith(b"\xef\xbb\xbf") else "utf-8")
    except UnicodeDecodeError as error:
        raise PayloadError(f"not UTF-8 at byte {error.start}") from None


def _check_depth(payload: bytes) -> None:
    if payload.count(b"[") + payload.count(b"{") <= MAX_DEPTH:
        return
    depth = 0
    for bracket in _BRACKETS.finditer(payload):
        if bracket[1]:
            depth += 1
            if depth > MAX_DEPTH:
                raise PayloadError(f"nested deeper than {MAX_DEPTH} levels")
        elif bracket[2]:
            depth -= 1


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise PayloadError(f"the key {twice[:40]!r} is there twice")
    return members


def _refuse_constant(word: str) -> NoReturn:
    raise PayloadError(f"not JSON: {word} is not a number")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=Decimal, parse_int=Decimal, parse_constant=_refuse_constant
)
