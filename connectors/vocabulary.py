"""The closed vocabulary of capabilities: what a device can say that an indicator can count."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NoReturn

from connectors.payload import is_clean

MAX_TEXT = 200

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_NUMBER = re.compile(r"[+-]?[0-9]{1,24}(?:\.[0-9]{1,16})?")
_KEYS = frozenset({"kind", "unit", "range", "words", "zh", "en"})


class ValueKind(StrEnum):
    """What sort of value a capability has."""

    NUMBER = "number"
    BOOLEAN = "boolean"
    TEXT = "text"
    EVENT = "event"


class VocabularyError(ValueError):
    """The vocabulary cannot be used; the message names the file, the key and the mend."""

    def __init__(self, file: str, key: str, mend: str) -> None:
        super().__init__(f"{file}: {key}: {mend}")
        self.file = file
        self.key = key
        self.mend = mend


@dataclass(frozen=True, slots=True)
class Capability:
    """One word of the vocabulary.

    ``unit`` is "" except for numbers; ``low`` and ``high`` bound what is plausible (both included) and are None
    where nothing is known; ``words`` are the only values of a closed list, empty where any text will do.
    """

    name: str
    kind: ValueKind
    unit: str
    low: Decimal | None
    high: Decimal | None
    words: frozenset[str]
    zh: str
    en: str

    def accepts(self, value: str) -> bool:
        """Return whether the text is a value of this kind at all.

        That is: decimal text, true or false, a listed word, or a text of 1 to MAX_TEXT characters that can be shown.
        """
        if self.kind is ValueKind.NUMBER:
            return _NUMBER.fullmatch(value) is not None
        if self.kind is ValueKind.BOOLEAN:
            return value in {"true", "false"}
        if self.words:
            return value in self.words
        return 0 < len(value) <= MAX_TEXT and not value.isspace() and is_clean(value)

    def is_plausible(self, value: str) -> bool:
        """Return whether the text is a value of this kind and, for a number, within its range."""
        if not self.accepts(value):
            return False
        if self.kind is not ValueKind.NUMBER:
            return True
        return self.is_in_range(Decimal(value))

    def is_in_range(self, number: Decimal) -> bool:
        """Return whether a number is within the range; there may be none."""
        return (self.low is None or number >= self.low) and (self.high is None or number <= self.high)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every capability by name; ``digest`` is the hex SHA-256 of the canonical JSON of the mapping."""

    capabilities: Mapping[str, Capability]
    digest: str

    def is_plausible(self, capability: str, value: str) -> bool:
        """Return whether a value of the capability can be true; an unknown capability is never plausible."""
        known = self.capabilities.get(capability)
        return known is not None and known.is_plausible(value)


def parse_vocabulary(mapping: object, where: str) -> Vocabulary:
    """Return the vocabulary of a mapping capability -> {kind, unit, range, words, zh, en}.

    ``where`` names the file in errors. Raises VocabularyError naming the key and the mend.
    """
    if not isinstance(mapping, Mapping) or not mapping:
        raise VocabularyError(where, "(whole file)", "write a mapping of capability to {kind, unit, zh, en}")
    capabilities = {str(name): _capability(name, entry, where) for name, entry in mapping.items()}
    canonical = json.dumps(mapping, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Vocabulary(capabilities, hashlib.sha256(canonical.encode()).hexdigest())


class _Entry:
    """One entry of the vocabulary while it is read: every complaint knows its key."""

    def __init__(self, name: object, entry: object, where: str) -> None:
        self.where = where
        self.name = str(name)
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            self.refuse("", "a capability is written in small letters, digits and _")
        if not isinstance(entry, Mapping):
            self.refuse("", "write {kind, unit, zh, en}")
        self.entry = entry
        for key in entry:
            if key not in _KEYS:
                self.refuse(str(key), f"is not known; the keys are {', '.join(sorted(_KEYS))}")

    def refuse(self, key: str, mend: str) -> NoReturn:
        raise VocabularyError(self.where, f"{self.name}.{key}" if key else self.name, mend)

    def kind(self) -> ValueKind:
        kinds = [kind.value for kind in ValueKind]
        if self.entry.get("kind") not in kinds:
            self.refuse("kind", f"is {self.entry.get('kind')!r}; must be one of {', '.join(kinds)}")
        return ValueKind(self.entry["kind"])

    def title(self, language: str) -> str:
        title = self.entry.get(language)
        if not isinstance(title, str) or not title.strip():
            self.refuse(language, "is missing; write its name in this language")
        return title

    def unit(self, kind: ValueKind) -> str:
        unit = self.entry.get("unit", "")
        if kind is ValueKind.NUMBER and not (isinstance(unit, str) and unit):
            self.refuse("unit", 'is missing; a number needs its unit as text, "1" for a ratio')
        if kind is not ValueKind.NUMBER and not self.entry.keys().isdisjoint({"unit", "range"}):
            self.refuse("unit", f"and range belong to numbers; this is a {kind.value}")
        return str(unit)

    def bounds(self) -> tuple[Decimal | None, Decimal | None]:
        if "range" not in self.entry:
            return None, None
        bounds = self.entry["range"]
        if not (isinstance(bounds, list) and len(bounds) == 2 and all(_is_decimal(bound) for bound in bounds)):
            self.refuse("range", f'is {bounds!r}; write two decimal texts such as ["0", "14"]')
        low, high = Decimal(bounds[0]), Decimal(bounds[1])
        if low > high:
            self.refuse("range", f"is upside down: {low} is more than {high}")
        return low, high

    def words(self, kind: ValueKind) -> frozenset[str]:
        words = self.entry.get("words", [])
        if not (isinstance(words, list) and all(isinstance(word, str) and word for word in words)):
            self.refuse("words", f'is {words!r}; write a list of texts, in quotes what YAML reads as true ("yes")')
        if words and kind not in {ValueKind.TEXT, ValueKind.EVENT}:
            self.refuse("words", f"belong to text and event; this is a {kind.value}")
        return frozenset(words)


def _capability(name: object, mapping: object, where: str) -> Capability:
    entry = _Entry(name, mapping, where)
    kind = entry.kind()
    low, high = entry.bounds()
    return Capability(
        name=entry.name,
        kind=kind,
        unit=entry.unit(kind),
        low=low,
        high=high,
        words=entry.words(kind),
        zh=entry.title("zh"),
        en=entry.title("en"),
    )


def _is_decimal(bound: object) -> bool:
    return isinstance(bound, str) and _NUMBER.fullmatch(bound) is not None
