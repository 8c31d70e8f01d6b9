"""What a city hub is: its lists, how they are paged, and what their rows say; read from the mapping of a hub.yaml."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

from connectors.pointer import Pointer, parse_pointer
from connectors.register import KINDS, TOTALS

COMMUNITY = "{community}"
"""The one thing a path may leave open."""

_NAME = re.compile(r"[a-z][a-z0-9_.]*")
_HEADER = re.compile(r"[A-Za-z0-9-]+")


class HubError(ValueError):
    """A hub.yaml cannot be used; the message names file, key and mend."""

    def __init__(self, file: str, key: str, mend: str) -> None:
        super().__init__(f"{file}: {key}: {mend}")
        self.file = file
        self.key = key
        self.mend = mend


class ListKind(StrEnum):
    """What the rows of a list are."""

    REGISTER = "register"  # places, or the totals
    INVENTORY = "inventory"  # devices
    STATISTICS = "statistics"  # keys and values


class PagingKind(StrEnum):
    """How one comes from a page to the next."""

    PAGE = "page"  # a page number in the query
    OFFSET = "offset"  # the number of rows before the page in the query
    MARKER = "marker"  # a word of the answer goes into the query
    LINK = "link"  # the answer holds the address of the next page
    NONE = "none"  # everything comes in one answer


class AuthKind(StrEnum):
    """How we show who we are."""

    NONE = "none"
    BEARER = "bearer"  # Authorization: Bearer <token>
    HEADER = "header"  # a header of the hub's own: <token>


@dataclass(frozen=True, slots=True)
class Auth:
    """The way to show who we are; ``header`` is the header's name. The token itself is no part of a hub."""

    kind: AuthKind
    header: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Where an answer says whether it is one. Codes are compared as text."""

    code: Pointer
    ok: frozenset[str]
    message: Pointer | None
    auth: frozenset[str]
    busy: frozenset[str]


@dataclass(frozen=True, slots=True)
class Paging:
    """``param`` is the query parameter of page, offset or marker; ``next`` where the marker or link stands.

    ``size`` rows are asked for by ``size_param``, where the hub knows one. ``first`` is the number of the first
    page, or the first offset.
    """

    kind: PagingKind
    param: str = ""
    size_param: str = ""
    size: int = 0
    first: int = 0
    next: Pointer | None = None


@dataclass(frozen=True, slots=True)
class ValueSpec:
    """One value of a row: a scalar, or a list that gives one value each.

    ``words`` translates what is sent, what is not in it gives nothing; ``constant`` stands for any text sent.
    """

    capability: str
    at: str
    words: Mapping[str, str] | None = None
    constant: str | None = None


@dataclass(frozen=True, slots=True)
class ListSpec:
    """One list of a hub. Pointers are relative to a row and are the keys of its cells."""

    name: str
    kind: ListKind
    path: str
    id: str
    place: str = ""
    device: str = ""
    address: str = ""
    capabilities: tuple[str, ...] = ()
    values: tuple[ValueSpec, ...] = ()
    where: tuple[tuple[str, frozenset[str]], ...] = ()
    key: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Hub:
    """A hub as its hub.yaml describes it. ``digest`` is the hex SHA-256 of the canonical JSON of the mapping."""

    name: str
    version: int
    title: Mapping[str, str]
    source: str
    auth: Auth
    envelope: Envelope | None
    paging: Paging
    items: Pointer
    total: Pointer | None
    lists: tuple[ListSpec, ...]
    digest: str

    def list_of(self, name: str) -> ListSpec:
        """Return the list of a name; raise KeyError naming the hub's lists when there is none."""
        for spec in self.lists:
            if spec.name == name:
                return spec
        raise KeyError(f"the hub {self.name} has no list {name!r}; its lists: {', '.join(s.name for s in self.lists)}")


def parse_hub(mapping: object, where: str) -> Hub:
    """Return the hub of the mapping of a hub.yaml; ``where`` is the file's name for messages.

    Raises HubError for what is missing, unknown, of the wrong type, or says one thing twice.
    """
    top = _Section(mapping, where, "")
    paging = _parse_paging(top.section("paging"))
    lists = tuple(_parse_list(section) for section in top.sections("lists"))
    hub = Hub(
        name=top.matching("hub", _NAME),
        version=top.number("version", least=1),
        title=top.words("title"),
        source=top.word("source", ("document", "recording")),
        auth=_parse_auth(top.section("auth")),
        envelope=_parse_envelope(top.section("envelope")) if top.has("envelope") else None,
        paging=paging,
        items=top.pointer("items"),
        total=top.pointer("total") if top.has("total") else None,
        lists=lists,
        digest=_digest(mapping, top),
    )
    top.close()
    if not lists:
        top.refuse("lists", "name at least one list")
    for what, names in (
        ("name", [spec.name for spec in lists]),
        ("place", [spec.place for spec in lists if spec.place]),
    ):
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            top.refuse("lists", f"two lists have the {what} {twice!r}; keep one")
    return hub


def _parse_auth(section: _Section) -> Auth:
    kind = AuthKind(section.word("kind", tuple(AuthKind)))
    header = section.matching("header", _HEADER) if kind is AuthKind.HEADER else ""
    section.close()
    return Auth(kind, "Authorization" if kind is AuthKind.BEARER else header)


def _parse_envelope(section: _Section) -> Envelope:
    envelope = Envelope(
        code=section.pointer("code"),
        ok=section.codes("ok", None),
        message=section.pointer("message") if section.has("message") else None,
        auth=section.codes("auth", ("401", "403")),
        busy=section.codes("busy", ("429",)),
    )
    section.close()
    return envelope


def _parse_paging(section: _Section) -> Paging:
    kind = PagingKind(section.word("kind", tuple(PagingKind)))
    paging = Paging(kind)
    if kind is not PagingKind.NONE:
        counted = kind in {PagingKind.PAGE, PagingKind.OFFSET}
        sized = counted or section.has("size_param")
        paging = Paging(
            kind,
            param="" if kind is PagingKind.LINK else section.text(f"{kind}_param"),
            size_param=section.text("size_param") if sized else "",
            size=section.number("size", least=1) if sized else 0,
            first=section.number("first", least=0, default=int(kind is PagingKind.PAGE)) if counted else 0,
            next=None if counted else section.pointer("next"),
        )
    section.close()
    return paging


def _parse_list(section: _Section) -> ListSpec:
    name = section.matching("name", _NAME)
    kind = ListKind(section.word("kind", tuple(ListKind)))
    path = section.text("path")
    if not path.startswith("/") or "{" in path.replace(COMMUNITY, "") or "#" in path:
        section.refuse("path", f"is {path!r}; write a path from / on, {COMMUNITY} is the only name it may hold")
    identity = section.cell("id")
    spec = ListSpec(name, kind, path, identity)
    if kind is ListKind.REGISTER:
        spec = ListSpec(name, kind, path, identity, place=section.word("place", (*KINDS, TOTALS)))
    elif kind is ListKind.STATISTICS:
        spec = ListSpec(name, kind, path, identity, key=section.cell("key"), value=section.cell("value"))
    else:
        spec = ListSpec(
            name,
            kind,
            path,
            identity,
            device=section.cell("device"),
            address=section.cell("address") if section.has("address") else "",
            capabilities=section.texts("capabilities") if section.has("capabilities") else (),
            values=_parse_values(section.section("values")) if section.has("values") else (),
            where=_parse_conditions(section.section("where")) if section.has("where") else (),
        )
        if not spec.capabilities and not spec.values:
            section.refuse("capabilities", "say what a row shows: capabilities, values, or both")
    section.close()
    return spec


def _parse_values(section: _Section) -> tuple[ValueSpec, ...]:
    values = []
    for capability in section.names():
        if not section.is_mapping(capability):
            values.append(ValueSpec(capability, section.cell(capability)))
            continue
        inner = section.section(capability)
        words = inner.words("map") if inner.has("map") else None
        constant = inner.text("value") if inner.has("value") else None
        if (words is None) == (constant is None):
            inner.refuse("map", "beside at write either map or value")
        values.append(ValueSpec(capability, inner.cell("at"), words, constant))
        inner.close()
    return tuple(values)


def _parse_conditions(section: _Section) -> tuple[tuple[str, frozenset[str]], ...]:
    return tuple((section.pointer_text(at), section.codes(at, None)) for at in section.names())


def _digest(mapping: object, top: _Section) -> str:
    try:
        text = json.dumps(mapping, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()
    except (TypeError, ValueError):
        top.refuse("", "holds a date or another value that JSON has not; put it in quotes")


class _Section:
    """One mapping of the file while it is read: complaints know their file and key, and no key stays unread."""

    def __init__(self, mapping: object, file: str, key: str) -> None:
        self._file = file
        self._key = key
        self._read: set[str] = set()
        if not isinstance(mapping, Mapping) or not all(isinstance(name, str) for name in mapping):
            self.refuse("", f"is {mapping!r:.60}; write a mapping of names")
        self._mapping: Mapping[str, object] = mapping

    def refuse(self, key: str, mend: str) -> NoReturn:
        raise HubError(self._file, ".".join(part for part in (self._key, key) if part) or "(whole file)", mend)

    def close(self) -> None:
        """Refuse a key nobody asked for."""
        for name in self._mapping:
            if name not in self._read:
                self.refuse(name, f"is not known here; the keys are {', '.join(sorted(self._read))}")

    def has(self, key: str) -> bool:
        self._read.add(key)
        return self._mapping.get(key) is not None

    def names(self) -> list[str]:
        return list(self._mapping)

    def is_mapping(self, key: str) -> bool:
        return isinstance(self._mapping.get(key), Mapping)

    def _take(self, key: str) -> object:
        if not self.has(key):
            self.refuse(key, "is missing; write it")
        return self._mapping[key]

    def section(self, key: str) -> _Section:
        return _Section(self._take(key), self._file, ".".join(part for part in (self._key, key) if part))

    def sections(self, key: str) -> list[_Section]:
        items = self._take(key)
        if not isinstance(items, list):
            self.refuse(key, f"is {items!r:.60}; write a list")
        return [_Section(item, self._file, f"{key}[{index}]") for index, item in enumerate(items)]

    def text(self, key: str) -> str:
        value = self._take(key)
        if not isinstance(value, str) or not value.strip():
            self.refuse(key, f"is {value!r:.60}; write a text, in quotes where YAML reads something else")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        values = self._take(key)
        if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
            self.refuse(key, f"is {values!r:.60}; write a list of texts")
        return tuple(values)

    def words(self, key: str) -> dict[str, str]:
        section = self.section(key)
        return {name: section.text(name) for name in section.names()}

    def word(self, key: str, allowed: tuple[str, ...]) -> str:
        value = self._take(key)
        if not isinstance(value, str) or value not in allowed:
            self.refuse(key, f"is {value!r:.60}; must be one of {', '.join(allowed)}")
        return value

    def matching(self, key: str, pattern: re.Pattern[str]) -> str:
        value = self.text(key)
        if not pattern.fullmatch(value):
            self.refuse(key, f"is {value!r:.60}; must match {pattern.pattern}")
        return value

    def number(self, key: str, least: int, default: int | None = None) -> int:
        value = default if default is not None and not self.has(key) else self._take(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            self.refuse(key, f"is {value!r:.60}; write a whole number, {least} or more")
        return value

    def codes(self, key: str, default: tuple[str, ...] | None) -> frozenset[str]:
        """Return texts to compare with; whole numbers are accepted as their text."""
        values: object = default if default is not None and not self.has(key) else self._take(key)
        listed = values if isinstance(values, list | tuple) else ()
        found = {str(value) for value in listed if isinstance(value, str | int) and not isinstance(value, bool)}
        if not found or len(found) != len(listed):
            self.refuse(key, f'is {values!r:.60}; write a list of texts such as ["0", "true"]')
        return frozenset(found)

    def pointer(self, key: str) -> Pointer:
        value = self._take(key)
        try:
            return parse_pointer(value if isinstance(value, str) else repr(value))
        except ValueError as error:
            self.refuse(key, str(error))

    def cell(self, key: str) -> str:
        """Return the pointer text of one cell of a row."""
        return self.pointer_text(self.text(key), key)

    def pointer_text(self, text: str, key: str = "") -> str:
        try:
            return parse_pointer(text).text
        except ValueError as error:
            self.refuse(key or text, str(error))
