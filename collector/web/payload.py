"""A stored payload made fit to look at: as text with one value marked, or as a hex listing."""

from __future__ import annotations

import csv
import json
import re
from functools import lru_cache

from collector.web.source_contexts import PayloadView
from connectors.sheet import RegisterError
from connectors.workbook import is_workbook, read_workbook

TEXT_SHOWN = 65_536
"""How many characters of a long text are shown, around the marked value."""

BYTES_SHOWN = 4_096
_ROW = 16
_LINE = re.compile(r"line ([0-9]{1,9})", re.ASCII)
_TAB_LINE = re.compile(r"(.+) 第([0-9]{1,9})行", re.ASCII | re.DOTALL)
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)

Span = tuple[int, int]


def view_payload(payload: bytes, pointer: str | None, *, sheet: bool = False) -> PayloadView:
    """Return the payload as text or hex; ``pointer`` (None: none asked for) is marked where it can be found.

    A ``sheet`` may be in GB 18030 as well, and its pointer is a line. Of a workbook the tab that the pointer names is
    shown (all tabs without one), one line of text a line.
    """
    if not payload:
        return PayloadView("empty", "", "", "", "", cut=False, pointer_found=None if pointer is None else False)
    tab = _TAB_LINE.fullmatch(pointer or "") if sheet and is_workbook(payload) else None
    text = _tabs_text(payload, tab[1] if tab else None) if sheet and is_workbook(payload) else None
    text = text or _decode(payload, sheet=sheet)
    if text is None:
        found = None if pointer is None else False
        return PayloadView("hex", "", "", "", _hex(payload), cut=len(payload) > BYTES_SHOWN, pointer_found=found)
    span = None if pointer is None else _find_tab_line(text, tab[2]) if tab else find_span(text, pointer)
    start, end = span or (0, 0)
    first, last = 0, len(text)
    if len(text) > TEXT_SHOWN:
        first = max(0, min(start - TEXT_SHOWN // 2, len(text) - TEXT_SHOWN))
        last = first + TEXT_SHOWN
    end = min(end, last)
    return PayloadView(
        form="text",
        before=text[first:start] if span else text[first:last],
        mark=text[start:end] if span else "",
        after=text[end:last] if span else "",
        hex="",
        cut=(first, last) != (0, len(text)),
        pointer_found=None if pointer is None else span is not None,
    )


def find_span(text: str, pointer: str) -> Span | None:
    """Return where the pointed value begins and ends in the text, None when it is not there.

    In JSON the pointer is followed exactly. In any other text "" is the whole, and ``line 2`` the first row of the
    sheet, below its header.
    """
    line = _LINE.fullmatch(pointer)
    if line:
        return _find_row(text, int(line[1]))
    if pointer and not pointer.startswith("/"):
        return None
    steps = tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
    span = _find_json(text, steps)
    if span is not None or _is_json(text):
        return span
    return None if steps else (0, len(text))


@lru_cache(maxsize=4)
def _tabs_text(payload: bytes, only: str | None) -> str | None:
    """Return the lines of a workbook's tabs as text, None where it cannot be read."""
    try:
        tabs = read_workbook(payload, "", only)
    except RegisterError:
        return None
    return "\n".join(
        line
        for tab in tabs
        for line in (f"【{tab.name}】", *(f"第{number}行\t" + "\t".join(_flat(cells)) for number, cells in tab.lines))
    )


def _flat(cells: tuple[str, ...]) -> list[str]:
    return [" ".join(cell.split()) for cell in cells]


def _find_tab_line(text: str, number: str) -> Span | None:
    found = re.search(rf"^第{int(number)}行\t(.*)$", text, re.MULTILINE)
    return found.span(1) if found else None


def _decode(payload: bytes, *, sheet: bool) -> str | None:
    for encoding in ("utf-8", "gb18030") if sheet else ("utf-8",):
        try:
            text = payload.decode(encoding)
        except UnicodeDecodeError:
            continue
        # A NUL never stands in a message of text: what holds one is shown byte by byte.
        return None if "\x00" in text else text
    return None


def _hex(payload: bytes) -> str:
    lines = []
    for offset in range(0, min(len(payload), BYTES_SHOWN), _ROW):
        row = payload[offset : offset + _ROW]
        letters = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)
        lines.append(f"{offset:08x}  {row.hex(' '):<{3 * _ROW}} {letters}")
    return "\n".join(lines)


def _is_json(text: str) -> bool:
    try:
        _DECODER.decode(text)
    except (ValueError, RecursionError):
        return False
    return True


def _find_json(text: str, steps: tuple[str, ...]) -> Span | None:
    try:
        index = _skip(text, 0)
        for step in steps:
            found = _step_into(text, index, step)
            if found is None:
                return None
            index = found
        _, end = _DECODER.raw_decode(text, index)
    except (ValueError, IndexError, RecursionError):
        return None
    return index, end


def _step_into(text: str, index: int, step: str) -> int | None:
    """Return where the member or item ``step`` of the value at ``index`` begins."""
    opening = text[index]
    if opening not in "{[":
        return None
    index = _skip(text, index + 1)
    count = 0
    while text[index] not in "}]":
        name = str(count)
        if opening == "{":
            name, index = _DECODER.raw_decode(text, index)
            index = _skip(text, _skip(text, index) + 1)
        if name == step:
            return index
        _, index = _DECODER.raw_decode(text, index)
        index = _skip(text, index)
        if text[index] == ",":
            index = _skip(text, index + 1)
        count += 1
    return None


def _skip(text: str, index: int) -> int:
    match = _SPACE.match(text, index)
    return match.end() if match else index


def _find_row(text: str, wanted: int) -> Span | None:
    """Return the lines of one row of a CSV sheet; the header is row 1, and a row may run over several lines."""
    lines = [match[0] for match in _LINES.finditer(text)]
    reader = csv.reader(lines)
    begun = 0
    try:
        for number, _ in enumerate(reader, 1):
            first, begun = begun, reader.line_num
            if number == wanted:
                start = sum(len(line) for line in lines[:first])
                return start, start + len("".join(lines[first:begun]).rstrip("\r\n"))
    except csv.Error:
        return None
    return None
