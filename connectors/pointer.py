"""JSON pointers (RFC 6901) and the walk through the parts of a message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_BINDING = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_NO_BINDINGS: Final[Mapping[str, str]] = {}


class Absence(Enum):
    """What :func:`find` returns where nothing is; JSON null is a value, not an absence."""

    MISSING = "missing"


MISSING: Final = Absence.MISSING


@dataclass(frozen=True, slots=True)
class Pointer:
    """A JSON pointer: its text and its unescaped steps; the root has none."""

    text: str
    steps: tuple[str, ...]


def parse_pointer(text: str) -> Pointer:
    """Return the pointer of a text; the empty text is the root.

    Raises ValueError when the text is neither empty nor begins with a slash, or holds a bad escape.
    """
    if not text:
        return Pointer("", ())
    if not text.startswith("/"):
        raise ValueError(f"the pointer {text!r} must be empty or begin with /")
    if re.search(r"~(?![01])", text):
        raise ValueError(f"the pointer {text!r} holds ~ which must be written ~0 (and / inside a key ~1)")
    return Pointer(text, tuple(step.replace("~1", "/").replace("~0", "~") for step in text[1:].split("/")))


def escape(key: str) -> str:
    """Return one object key as it stands inside a JSON pointer."""
    if "~" in key or "/" in key:
        return key.replace("~", "~0").replace("/", "~1")
    return key


def find(document: object, pointer: Pointer) -> object:
    """Return what stands at the pointer below the document, or MISSING."""
    node = document
    for step in pointer.steps:
        if isinstance(node, dict):
            node = node.get(step, MISSING)
            if node is MISSING:
                return MISSING
        elif isinstance(node, list):
            if not _INDEX.fullmatch(step) or int(step) >= len(node):
                return MISSING
            node = node[int(step)]
        else:
            return MISSING
    return node


class Part(NamedTuple):
    """One part of a message a walk arrived at: its pointer, what the walk bound, and the part itself."""

    pointer: str
    bindings: Mapping[str, str]
    node: object


@dataclass(frozen=True, slots=True)
class Walk:
    """A compiled walk such as ``/{device}/*``.

    Each step is a literal key ("key", k), a bound object key ("bind", name) or the items of an array ("items", "").
    A walk without steps stays at the root.
    """

    text: str
    steps: tuple[tuple[str, str], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names the walk binds, in order."""
        return tuple(name for kind, name in self.steps if kind == "bind")

    def parts(self, document: object) -> list[Part]:
        """Return the parts of the document in their own order; a step that does not fit ends its branch."""
        parts = [Part("", _NO_BINDINGS, document)]
        for kind, name in self.steps:
            parts = [below for part in parts for below in _descend(part, kind, name)]
        return parts


def parse_walk(text: str) -> Walk:
    """Return the walk of a text such as ``/services/*`` or ``/{device}/*``; "" is the root alone.

    Raises ValueError for a bad pointer or a name bound twice.
    """
    steps: list[tuple[str, str]] = []
    for step in parse_pointer(text).steps:
        bound = _BINDING.fullmatch(step)
        if bound:
            steps.append(("bind", bound[1]))
        elif step == "*":
            steps.append(("items", ""))
        elif "{" in step or "}" in step:
            raise ValueError(f"the step {step!r} of {text!r} must be a key, * or {{name}} in small letters")
        else:
            steps.append(("key", step))
    walk = Walk(text, tuple(steps))
    if len(set(walk.names)) != len(walk.names):
        raise ValueError(f"{text!r} binds a name twice")
    return walk


def _descend(part: Part, kind: str, name: str) -> list[Part]:
    node = part.node
    if kind == "items":
        if not isinstance(node, list):
            return []
        return [Part(f"{part.pointer}/{index}", part.bindings, item) for index, item in enumerate(node)]
    if not isinstance(node, dict):
        return []
    if kind == "bind":
        return [Part(f"{part.pointer}/{escape(key)}", {**part.bindings, name: key}, item) for key, item in node.items()]
    if name not in node:
        return []
    return [Part(f"{part.pointer}/{escape(name)}", part.bindings, node[name])]
