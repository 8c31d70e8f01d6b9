"""Sentences cut at their numbers, so that each number can lead on to what it was counted from."""

from __future__ import annotations

import re
from collections.abc import Mapping

from collector.web.contexts import Segment

# Addresses, dates, codes and names of files carry digits without being figures, and so do the length of the window and
# what the rule asks for; they are kept whole as words.
_PIECE = re.compile(
    r"(?P<word>[^，；、（）\s]+\.(?:pdf|docx|xlsx|jpe?g|png)|近\d+日|\d+个月内|要求[^，；。]*|\d+号楼(?:\d+单元)?[\dA-Za-z]*|\d+(?:[-:/#]\d+)+|[A-Za-z][A-Za-z-]*\d[\w./-]*)"
    r"|(?P<number>\d+(?:\.\d+)?%?)",
    re.ASCII,
)


def link_numbers(text: str, known: Mapping[str, str], otherwise: str) -> tuple[Segment, ...]:
    """Return the text in pieces; a number goes to its address in ``known``, any other to ``otherwise``."""
    pieces: list[Segment] = []
    end = 0
    for match in _PIECE.finditer(text):
        if match["number"] is None:
            continue
        if match.start() > end:
            pieces.append(Segment(text[end : match.start()]))
        number = match["number"]
        pieces.append(Segment(number, known.get(number, otherwise)))
        end = match.end()
    if end < len(text):
        pieces.append(Segment(text[end:]))
    return tuple(pieces)
