"""Specimens: the message in which a profile would read a capability, and the answer of a hub's list.

They are made of the spec, the vocabulary and a moment alone, so that a vendor is shown what will be understood; what
the spec leaves open gets an obvious stand-in such as ``device0001``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from connectors.hub import COMMUNITY, Hub, ListKind, ListSpec, ValueSpec
from connectors.moment import Form
from connectors.pointer import Pointer, parse_pointer
from connectors.rule import Body, Clock, Field, Profile, ReadRule, Route
from connectors.topic import TopicTemplate
from connectors.vocabulary import Capability, ValueKind, Vocabulary

STAND_IN_PLACE = "1栋1单元101"
STAND_IN_TEXT = "示例"
_FIGURES = (Decimal("12.5"), Decimal(1), Decimal("0.5"))
_DRILL = "drill"


@dataclass(frozen=True, slots=True)
class Carrier:
    """One field of a profile that carries a capability, with the rule and the topic it stands in."""

    route: Route
    rule: ReadRule
    field: Field

    @property
    def walked(self) -> str:
        """Return the pointer of the part that the rule reads: a bound key as {name}, an array by its first item."""
        return "".join(f"/{{{name}}}" if kind == "bind" else f"/{name or '0'}" for kind, name in self.rule.walk.steps)


@dataclass(frozen=True, slots=True)
class Specimen:
    """A message or answer as it would be sent: its topic (or request) and its text."""

    topic: str
    text: str


def find_carriers(profile: Profile, capability: str) -> tuple[Carrier, ...]:
    """Return every field of a profile that carries a capability, the most particular topic first."""
    return tuple(
        Carrier(route, rule, field)
        for route in profile.routes
        for rule in route.reads
        for field in rule.fields
        if field.capability == capability
    )


def subscription(topic: TopicTemplate) -> str:
    """Return the MQTT filter that receives every topic of a template."""
    levels: list[str] = []
    for level in topic.form.split("/"):
        if level in {"{+}", "#"}:
            return "/".join([*levels, "#"])
        levels.append("+" if level == "{}" else level)
    return "/".join(levels)


def write_message(carrier: Carrier, capability: Capability, at_ms: int) -> Specimen:
    """Return a message that the profile reads the capability in, sent at ``at_ms`` (UTC milliseconds)."""
    rule, field = carrier.rule, carrier.field
    names = (*carrier.route.topic.names, *rule.walk.names)
    bound = {name: f"{name}0001" for name in names}
    bound |= {name: min(words) for name, words in field.when if name in bound}
    node: object = None
    clock = field.clock or rule.clock
    if field.at:
        node = _put(node, field.at[0], _value(field, capability))
    if rule.device.at:
        node = _put(node, rule.device.at[0], "device0001")
    if clock is not None and (node is None or isinstance(node, dict)):
        node = _put(node, clock.at[0], _moment(clock, at_ms))
    if node is None:
        node = {}
    for kind, name in reversed(rule.walk.steps):
        node = [node] if kind == "items" else {bound[name] if kind == "bind" else name: node}
    topic = "/".join(_fill(level, bound) for level in carrier.route.topic.text.split("/"))
    plain = carrier.route.body is Body.TEXT and not isinstance(node, dict | list)
    return Specimen(topic, str(node) if plain else json.dumps(node, ensure_ascii=False))


def _fill(level: str, bound: Mapping[str, str]) -> str:
    return bound[level.strip("{}+")] if level.startswith("{") else level


def _put(node: object, at: Pointer, value: object) -> object:
    """Return the node with a value at a pointer; what stands there already stays."""
    if not at.steps:
        return value if node is None else node
    root: dict[str, object] = node if isinstance(node, dict) else {}
    inner = root
    for step in at.steps[:-1]:
        found = inner.setdefault(step, {})
        if not isinstance(found, dict):
            return root
        inner = found
    inner.setdefault(at.steps[-1], value)
    return root


def _value(field: Field, capability: Capability) -> object:
    if field.words is not None:
        fit = [sent for sent, word in field.words.items() if capability.accepts(word)]
        return _scalar(next((sent for sent in fit if field.words[sent] not in {"false", _DRILL}), (fit or [""])[0]))
    return _plain_value(capability, field.times or Decimal(1), field.sentinels)


def _plain_value(capability: Capability, times: Decimal, avoid: frozenset[str] = frozenset()) -> object:
    """Return a value of a capability; a number as sent, which ``times`` turns into the vocabulary's unit."""
    if capability.kind is ValueKind.NUMBER:
        return _number(capability, times, avoid)
    if capability.kind is ValueKind.BOOLEAN:
        return True
    words = sorted(capability.words - {_DRILL}) or sorted(capability.words)
    return words[0] if words else STAND_IN_PLACE if capability.name == "address" else STAND_IN_TEXT


def _number(capability: Capability, times: Decimal, avoid: frozenset[str]) -> int | float:
    low, high = capability.low or Decimal(0), capability.high
    middle = [] if high is None else [(low + high) / 2 / times]
    for figure in (*_FIGURES, *middle):
        if str(figure) not in avoid and capability.is_plausible(format(figure * times, "f")):
            return int(figure) if figure == figure.to_integral_value() else float(figure)
    return 1


def _scalar(sent: str) -> object:
    """Return a word of a map as JSON would carry it: digits as a number, true and false as such."""
    if sent in {"true", "false"}:
        return sent == "true"
    return int(sent) if sent.isascii() and sent.isdecimal() and (sent == "0" or sent[0] != "0") else sent


def _moment(clock: Clock, at_ms: int) -> object:
    form = clock.forms[0]
    if form is Form.EPOCH_MS:
        return at_ms
    if form is Form.EPOCH_S:
        return at_ms // 1000
    zone = clock.offset if form is Form.LOCAL and clock.offset is not None else UTC
    moment = datetime.fromtimestamp(at_ms // 1000, zone)
    return moment.strftime("%Y-%m-%d %H:%M:%S") if form is Form.LOCAL else moment.isoformat()


# ---------------------------------------------------------------- hubs


def find_values(spec: ListSpec, capability: str) -> tuple[ValueSpec | None, ...]:
    """Return how a list's rows tell a capability: its values, None where standing in the list is enough."""
    listed: tuple[ValueSpec | None, ...] = (None,) if capability in spec.capabilities else ()
    return (*listed, *(value for value in spec.values if value.capability == capability))


def write_answer(hub: Hub, spec: ListSpec, words: Sequence[str], vocabulary: Vocabulary, community: str) -> Specimen:
    """Return the answer of a list whose rows tell the words: capabilities, or keys of statistics."""
    if spec.kind is ListKind.STATISTICS:
        rows = [_row([(spec.id, word), (spec.key, word), (spec.value, "1")]) for word in words]
    else:
        rows = [_row(_cells(spec, word, vocabulary, number)) for number, word in enumerate(words, 1)]
    document: object = _put(None, hub.items, rows)
    if hub.envelope is not None:
        document = _put(document, hub.envelope.code, _scalar(min(hub.envelope.ok)))
        document = _put(document, hub.envelope.message, "ok") if hub.envelope.message else document
    if hub.total is not None:
        document = _put(document, hub.total, len(rows))
    path = spec.path.replace(COMMUNITY, community)
    return Specimen(f"GET {path}", json.dumps(document, ensure_ascii=False))


def _row(cells: Iterable[tuple[str, object]]) -> object:
    row: object = None
    for at, value in cells:
        row = _put(row, parse_pointer(at), value)
    return row


def _cells(spec: ListSpec, word: str, vocabulary: Vocabulary, number: int) -> Iterator[tuple[str, object]]:
    yield spec.id, f"device{number:04}"
    yield spec.device, f"device{number:04}"
    if spec.address:
        yield spec.address, STAND_IN_PLACE
    for at, allowed in spec.where:
        yield at, _scalar(min(allowed))
    for value in find_values(spec, word):
        if value is None:
            continue
        known = vocabulary.capabilities[word]
        if value.words is not None:
            fit = [sent for sent, meant in value.words.items() if known.accepts(meant)]
            yield value.at, _scalar(fit[0] if fit else "")
        elif value.constant is None:
            yield value.at, _plain_value(known, Decimal(1))
