"""The pages of a hub list: from the stored bytes to rows, and from pages to a walk that is complete or says why not.

Nothing is taken from the record of a walk but which pages belong to it: whether they are all there is worked out
from the pages themselves.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from connectors.hub import AuthKind, Hub, HubError, ListKind, ListSpec, PagingKind, parse_hub
from connectors.payload import PayloadError, is_clean, read_json
from connectors.pointer import MISSING, escape, find
from connectors.position import END, START, find_positions, follows, request_topic

__all__ = [
    "AuthKind",
    "EnvelopeError",
    "Hub",
    "HubError",
    "Item",
    "ListKind",
    "ListSpec",
    "Page",
    "PageError",
    "PagingKind",
    "Refusal",
    "Row",
    "Statistic",
    "Value",
    "Walk",
    "inventory_items",
    "join_walk",
    "parse_hub",
    "read_page",
    "read_walk",
    "register_rows",
    "request_topic",
    "statistic_of",
]

CELLS_MAX = 2000
"""More cells than this in one row are no row of a list."""

_WHOLE = re.compile(r"([0-9]{1,12})(?:\.0+)?")


class PageError(ValueError):
    """The stored bytes are no page of the list; the message says what is wrong with them."""


class Refusal(StrEnum):
    """Why a hub's answer is no page."""

    AUTH = "auth"  # it does not know us (any more)
    BUSY = "busy"  # it asks to be asked again later
    OTHER = "other"


class EnvelopeError(PageError):
    """The hub answered with an error of its own; ``code`` and ``text`` are what it said."""

    def __init__(self, refusal: Refusal, code: str, text: str) -> None:
        super().__init__(f"the hub answered code {code}: {text or 'no message'}")
        self.refusal = refusal
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its id, its JSON pointer in the page, and its scalars as text.

    ``cells`` is flat: the key is the pointer from the row ("/deviceId", "/ways/0"), numbers are decimal text as
    sent, booleans true or false; what is null is absent.
    """

    id: str
    pointer: str
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of one answer and how many the hub says the list has (None: it did not say).

    ``asked`` is the position that was asked for and ``next`` the one to ask for then; "" is the start or the end,
    None is not known.
    """

    rows: tuple[Row, ...]
    total: int | None
    asked: str | None = None
    next: str | None = None
    paging: PagingKind = PagingKind.PAGE


@dataclass(frozen=True, slots=True)
class Walk:
    """The rows of a walked list with the receipt of each one's page, every id once.

    ``reason`` says why the walk is not complete; it is empty when it is.
    """

    rows: tuple[tuple[int, Row], ...]
    complete: bool
    reason: str


class Value(NamedTuple):
    """One value of an inventoried device and its pointer in the page."""

    capability: str
    value: str
    pointer: str


class Statistic(NamedTuple):
    """One statistic of a hub: key, value text, and the pointer of the value in the page."""

    key: str
    value: str
    pointer: str


@dataclass(frozen=True, slots=True)
class Item:
    """One device of an inventory: where it says it is, what it is listed as, and the values told of it."""

    device: str
    address: str | None
    capabilities: tuple[str, ...]
    values: tuple[Value, ...]


def read_page(payload: bytes, hub: Hub, spec: ListSpec, topic: str | None = None) -> Page:
    """Return the page in the bytes of one answer.

    ``topic`` is the record's topic; without it the page does not know its position, which a walk through a list
    without a total needs. Raises PageError for anything that is no page: not JSON, no list of objects at the hub's
    items, a row without its id, device or key; EnvelopeError when the hub answered with an error code.
    """
    try:
        document = read_json(payload)
    except PayloadError as error:
        raise PageError(f"the answer cannot be read: {error}") from None
    _check_envelope(document, hub)
    items = find(document, hub.items)
    if items is MISSING:
        raise PageError(f"the answer has no {hub.items.text or 'items'}; see items in the hub's hub.yaml")
    if items is not None and not isinstance(items, list):
        raise PageError(f"the answer holds no list at {hub.items.text}")
    rows = tuple(_read_row(item, f"{hub.items.text}/{index}", spec) for index, item in enumerate(items or ()))
    for row in rows:
        _check_named(row, spec)
    found = _scalar(find(document, hub.paging.next)) if hub.paging.next else None
    following = None if found == "false" else found
    positions = find_positions(topic, len(rows), following, hub, spec)
    return Page(rows, _read_total(document, hub), positions.asked, positions.next, hub.paging.kind)


def join_walk(pages: Sequence[tuple[int, Page]]) -> Walk:
    """Return the walk made of the pages, given in the order in which they were asked for, with their receipts.

    Complete means: the hub gave the same total on every page and exactly that many rows, no id twice. Of a list
    without a total: the pages form one chain from the start to the end, no id twice.
    """
    first: dict[str, tuple[int, Row]] = {}
    twice = ""
    for receipt, page in pages:
        for row in page.rows:
            if row.id in first:
                twice = twice or row.id
            else:
                first[row.id] = (receipt, row)
    reason = _gap(pages, twice)
    return Walk(tuple(first.values()), not reason, reason)


def read_walk(answers: Sequence[tuple[int, str, bytes]], hub: Hub, spec: ListSpec) -> Walk:
    """Return the walk made of stored answers (receipt, topic, payload); an answer that is no page makes it incomplete.

    Raises nothing: the reason names the first bad answer.
    """
    pages: list[tuple[int, Page]] = []
    reason = ""
    for receipt, topic, payload in answers:
        try:
            pages.append((receipt, read_page(payload, hub, spec, topic)))
        except PageError as error:
            reason = reason or f"record {receipt}: {error}"
    walk = join_walk(pages)
    return Walk(walk.rows, complete=False, reason=reason) if reason else walk


def inventory_items(row: Row, spec: ListSpec) -> Item | None:
    """Return the device a row of an inventory lists; None when the list's ``where`` leaves it out.

    Raises PageError when the row does not name its device.
    """
    for at, allowed in spec.where:
        if row.cells.get(at) not in allowed:
            return None
    device = row.cells.get(spec.device, "")
    if not device:
        raise PageError(f"the row at {row.pointer} names no device at {spec.device}")
    values = []
    for value_spec in spec.values:
        for at, sent in _texts(row, value_spec.at):
            text = sent if value_spec.words is None else value_spec.words.get(sent, "")
            if text:
                values.append(Value(value_spec.capability, value_spec.constant or text, row.pointer + at))
    address = row.cells.get(spec.address, "").strip() if spec.address else ""
    return Item(device, address or None, spec.capabilities, tuple(values))


def statistic_of(row: Row, spec: ListSpec) -> Statistic | None:
    """Return the statistic of a row; None when the hub sent no value.

    Raises PageError when the row does not name its key.
    """
    key = row.cells.get(spec.key, "")
    if not key:
        raise PageError(f"the row at {row.pointer} names no key at {spec.key}")
    value = row.cells.get(spec.value, "").strip()
    return Statistic(key, value, row.pointer + spec.value) if value else None


def register_rows(walk: Walk) -> list[dict[str, str]]:
    """Return the rows of a walked register list by their top-level names, one for one with ``walk.rows``."""
    return [
        {at[1:].replace("~1", "/").replace("~0", "~"): text for at, text in row.cells.items() if at.count("/") == 1}
        for _, row in walk.rows
    ]


# ---------------------------------------------------------------- one page


def _check_envelope(document: object, hub: Hub) -> None:
    envelope = hub.envelope
    if envelope is None:
        return
    code = _scalar(find(document, envelope.code))
    if code is None:
        raise PageError(f"the answer has no {envelope.code.text}; see envelope in the hub's hub.yaml")
    if code in envelope.ok:
        return
    refusal = Refusal.AUTH if code in envelope.auth else Refusal.BUSY if code in envelope.busy else Refusal.OTHER
    text = _scalar(find(document, envelope.message)) if envelope.message else None
    raise EnvelopeError(refusal, _line(code), _line(text or ""))


def _read_total(document: object, hub: Hub) -> int | None:
    found = find(document, hub.total) if hub.total else None
    if found is None or found is MISSING:
        return None
    text = _scalar(found)
    whole = _WHOLE.fullmatch(text) if text else None
    if not whole or hub.total is None:
        raise PageError(f"the answer holds no whole number at {hub.total.text if hub.total else ''}")
    return int(whole[1])


def _read_row(item: object, pointer: str, spec: ListSpec) -> Row:
    if not isinstance(item, dict):
        raise PageError(f"the row at {pointer} is no object")
    cells: dict[str, str] = {}
    for at, text in _flatten(item, ""):
        cells[at] = text
        if len(cells) > CELLS_MAX:
            raise PageError(f"the row at {pointer} has more than {CELLS_MAX} cells")
    identity = cells.get(spec.id, "")
    if not identity.strip() or not is_clean(identity):
        raise PageError(f"the row at {pointer} has no id at {spec.id}")
    return Row(identity, pointer, cells)


def _check_named(row: Row, spec: ListSpec) -> None:
    """Refuse a row that what reads it later would refuse: the page is where that must be found."""
    if spec.kind is ListKind.INVENTORY:
        inventory_items(row, spec)
    elif spec.kind is ListKind.STATISTICS:
        statistic_of(row, spec)


def _flatten(node: object, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _flatten(value, f"{at}/{escape(key)}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _flatten(value, f"{at}/{index}")
    else:
        text = _scalar(node)
        if text is not None:
            try:
                f"{at}{text}".encode()
            except UnicodeEncodeError:
                raise PageError("the answer holds half of a surrogate pair") from None
            yield at, text


def _scalar(value: object) -> str | None:
    """Return a JSON scalar as text, decimals plain and as sent; None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        text = str(value)
        return format(value, "f") if "E" in text and -16 <= value.adjusted() <= 24 else text
    return None


def _line(text: str) -> str:
    """Return what a hub said as one short line that can be printed."""
    return "".join(c for c in " ".join(text.split())[:200] if is_clean(c))


def _texts(row: Row, at: str) -> Iterator[tuple[str, str]]:
    """Return the scalar at a pointer, or those of the list there, with their pointers from the row."""
    if at in row.cells:
        yield at, row.cells[at]
        return
    for other, text in row.cells.items():
        if other.startswith(f"{at}/") and other[len(at) + 1 :].isdigit():
            yield other, text


# ---------------------------------------------------------------- many pages


def _gap(pages: Sequence[tuple[int, Page]], twice: str) -> str:
    """Return why the pages are not the whole list, "" when they are."""
    if not pages:
        return "no page was kept"
    if twice:
        return f"the id {_line(twice)} came twice: the list shifted during the walk"
    totals = {page.total for _, page in pages}
    if totals == {None}:
        return _broken_chain([page for _, page in pages])
    if len(totals) > 1:
        shown = ", ".join(sorted("none" if total is None else str(total) for total in totals))
        return f"the total changed during the walk: {shown}"
    count = sum(len(page.rows) for _, page in pages)
    if totals != {count}:
        return f"{count} rows came, the hub says {', '.join(map(str, totals))}"
    return ""


def _broken_chain(pages: Sequence[Page]) -> str:
    if pages[0].asked != START:
        return "the first page is not the start of the list"
    if not all(follows(before.next, after.asked, after.paging) for before, after in itertools.pairwise(pages)):
        return "a page is missing between two others"
    if pages[-1].next != END:
        return "the last page says that more follow"
    return ""
