"""The shape of a message nobody could read: equal for messages that one new rule would read."""

from __future__ import annotations

import hashlib
import re
from decimal import Decimal

from connectors.payload import PayloadError, read_json, read_text

_DIGITS = re.compile(r"[0-9]+")
_LETTERS = re.compile(r"[^\W0-9_]+")
_MAX_NODES = 5_000
_MAX_TOPIC = 200
_HEAD = 24


def collapse_topic(topic: str) -> str:
    """Return a topic no rule is for with its digits collapsed to #, so that its devices share one shape."""
    return _DIGITS.sub("#", topic[:_MAX_TOPIC]).encode(errors="replace").decode()


def shape_of(label: str, payload: bytes) -> str:
    """Return ``"<label> <kind> <hash>"`` of a message; the label is its template's text or its collapsed topic.

    Kind is json, text, bytes or empty. JSON is hashed by its set of path:type, other text by the pattern of its
    first characters.
    """
    if not payload:
        return f"{label} empty"
    try:
        return node_shape(label, read_json(payload))
    except PayloadError:
        pass
    try:
        text = read_text(payload)
    except PayloadError:
        return f"{label} bytes"
    head = text[0] if text[0] in "[{" else text[: 8 * _HEAD]  # broken JSON breaks anywhere
    pattern = _LETTERS.sub("a", _DIGITS.sub("#", head))[:_HEAD]
    return f"{label} text {_digest(pattern)}"


def node_shape(label: str, node: object) -> str:
    """Return the shape of a JSON document, or of one part of it, under a label."""
    return f"{label} json {_digest(' '.join(sorted(_paths(node))))}"


def _paths(document: object) -> set[str]:
    paths: set[str] = set()
    stack: list[tuple[str, object]] = [("", document)]
    visited = 0
    while stack and visited < _MAX_NODES:
        visited += 1
        path, node = stack.pop()
        paths.add(f"{path}:{_type(node)}")
        if isinstance(node, dict):
            stack.extend((f"{path}/{_DIGITS.sub('#', key)}", below) for key, below in node.items())
        elif isinstance(node, list):
            stack.extend((f"{path}/*", below) for below in node)
    return paths


def _type(node: object) -> str:
    if node is None:
        return "null"
    if isinstance(node, bool):
        return "boolean"
    if isinstance(node, Decimal):
        return "number"
    if isinstance(node, str):
        return "text"
    return "object" if isinstance(node, dict) else "array"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:12]
