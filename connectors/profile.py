"""Reading a record with a platform's profile: pure, never raising, never ending in nothing.

``parse_profile`` makes a :class:`Profile` of a profile.yaml's mapping, ``check_profile`` compares it with the
vocabulary, ``decode`` reads one record with it and ``read_with`` with the first of several that understands it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Context, Decimal
from functools import lru_cache

from connectors.grammar import parse_profile
from connectors.moment import read_moment
from connectors.payload import PayloadError, is_clean, read_json, read_text
from connectors.pointer import MISSING, Part, Pointer, find
from connectors.record import Ignored, Known, Learned, Observation, Reading, Record, Unread
from connectors.rule import (
    Body,
    Clock,
    Conditions,
    Field,
    LearnRule,
    Origin,
    Profile,
    ProfileError,
    ReadRule,
    Route,
    check_profile,
)
from connectors.shape import collapse_topic, node_shape, shape_of
from connectors.vocabulary import MAX_TEXT, Capability, ValueKind, Vocabulary

__all__ = [
    "Profile",
    "ProfileError",
    "check_profile",
    "decode",
    "knows",
    "names_needed",
    "parse_profile",
    "read_with",
]

_EXACT = Context(prec=80)


def knows(profile: Profile, topic: str) -> bool:
    """Return whether the profile has a rule for the topic."""
    return profile.route(topic) is not None


def names_needed(record: Record, profile: Profile) -> tuple[str, ...]:
    """Return the learned names the record uses for its devices, to look up as context before :func:`decode`."""
    found = profile.route(record.topic)
    if found is None:
        return ()
    route, bindings = found
    names: dict[str, None] = {}
    for rule in route.reads:
        template = rule.device.template
        if not rule.device.learned or template is None:
            continue
        if set(template.names) <= bindings.keys():
            names[template.fill(bindings)] = None
            continue
        try:
            parts = rule.walk.parts(_document(record.payload, route.body))
        except PayloadError:
            continue
        names.update((template.fill({**bindings, **part.bindings}), None) for part in parts)
    return tuple(names)


def decode(record: Record, profile: Profile, vocabulary: Vocabulary, context: Mapping[str, Known]) -> Reading:
    """Return what the profile reads in the record; whatever the bytes are, this returns a reading that is not empty.

    ``context`` holds the names of :func:`names_needed` that have been learned. A message of several devices gives
    an unread beside its observations when one of the devices said nothing the profile knows.
    """
    found = profile.route(record.topic)
    if found is None:
        reason = f"the profile {profile.name} has no rule for this topic"
        return Reading(unread=Unread(reason, shape_of(collapse_topic(record.topic), record.payload)))
    return _decode(record, *found, vocabulary, context)


def _decode(
    record: Record, route: Route, bindings: Mapping[str, str], vocabulary: Vocabulary, context: Mapping[str, Known]
) -> Reading:
    for ignore in route.ignores:
        if not ignore.has:
            return Reading(ignored=Ignored(ignore.reason))
    try:
        document = _document(record.payload, route.body)
    except PayloadError as error:
        return Reading(unread=Unread(str(error), shape_of(route.topic.text, record.payload)))
    for ignore in route.ignores:
        if any(find(document, pointer) is not MISSING for pointer in ignore.has):
            return Reading(ignored=Ignored(ignore.reason))
    harvest = _Harvest(vocabulary, context)
    for learn in route.learns:
        harvest.learn(learn, learn.walk.parts(document), bindings)
    for read in route.reads:
        harvest.read(read, read.walk.parts(document), bindings)
    return harvest.reading(route, document)


def read_with(
    record: Record, profiles: Iterable[Profile], vocabulary: Vocabulary, context: Mapping[str, Known]
) -> tuple[Reading, Profile | None]:
    """Return the reading of the first profile that understands the record, and that profile.

    Understanding means an observation or a learned name; else the first that ignores it, else the first unread of
    a profile that has a rule for the topic. The profile is None when none has.
    """
    ignored: tuple[Reading, Profile | None] | None = None
    unread: tuple[Reading, Profile | None] | None = None
    for profile in profiles:
        found = profile.route(record.topic)
        if found is None:
            continue
        reading = _decode(record, *found, vocabulary, context)
        if reading.observations or reading.learned:
            return reading, profile
        if reading.ignored:
            ignored = ignored or (reading, profile)
        else:
            unread = unread or (reading, profile)
    return ignored or unread or _unknown(record)


def _unknown(record: Record) -> tuple[Reading, Profile | None]:
    shape = shape_of(collapse_topic(record.topic), record.payload)
    return Reading(unread=Unread("no profile knows this topic", shape)), None


def _document(payload: bytes, body: Body) -> object:
    if body is Body.TEXT:
        return read_text(payload)
    try:
        return read_json(payload)
    except PayloadError:
        if body is Body.JSON:
            raise
    return read_text(payload)


class _Harvest:
    """What has been read in one record so far, and why the rest was not."""

    def __init__(self, vocabulary: Vocabulary, context: Mapping[str, Known]) -> None:
        self.capabilities = vocabulary.capabilities
        self.context = context
        self.observations: list[Observation] = []
        self.learned: list[Learned] = []
        self.reasons: list[str] = []
        self.heard: set[str] = set()
        self.silent: dict[str, tuple[str, object]] = {}
        self.skipped = 0

    def learn(self, rule: LearnRule, parts: Sequence[Part], topic: Mapping[str, str]) -> None:
        for part in parts:
            if _is_skipped(part.node, rule.skip_when):
                self.skipped += 1
                continue
            bindings = {**topic, **part.bindings}
            name, device = _identity(rule.name, part.node, bindings), _identity(rule.device, part.node, bindings)
            trouble = _identity_trouble(name, "name") or _identity_trouble(device, "device id")
            if trouble:
                self.silent.setdefault(part.pointer, (trouble, part.node))
                continue
            found = ((key, _text(find(part.node, at))) for key, at in rule.attributes)
            attributes = {key: text for key, text in found if text and len(text) <= MAX_TEXT and is_clean(text)}
            self.learned.append(Learned(name, device, attributes))

    def read(self, rule: ReadRule, parts: Sequence[Part], topic: Mapping[str, str]) -> None:
        for part in parts:
            if rule.skip_when and _is_skipped(part.node, rule.skip_when):
                self.skipped += 1
                continue
            bindings = {**topic, **part.bindings} if topic and part.bindings else part.bindings or topic
            device = _identity(rule.device, part.node, bindings)
            trouble = _identity_trouble(device, "name" if rule.device.learned else "device id")
            known: Known | None = None
            if not trouble and rule.device.learned:
                known = self.context.get(device)
                trouble = None if known else f"the name {device} was not learned yet"
            if trouble:
                self.silent.setdefault(device[:MAX_TEXT], (trouble, part.node))
                continue
            if known:
                device = known.device
            if self._read_fields(rule, part, bindings, device, known):
                self.heard.add(device)
            else:
                said = f"no field the profile knows is said by {device}"
                self.silent.setdefault(device, (said, part.node))

    def _read_fields(
        self, rule: ReadRule, part: Part, bindings: Mapping[str, str], device: str, known: Known | None
    ) -> bool:
        """Observe what the part says; return whether it said anything known, be it null or nonsense."""
        receipts = (known.receipt,) if known else ()
        observed_at: int | None = None
        clock_read = False
        heard = False
        choice = rule.choice
        index = rule.index if choice is None else choice.fields.get(bindings[choice.name])
        if index is None:
            return False
        for field, at, said in index.find(part.node):
            if field.when and choice is None and not _applies(field, bindings, known):
                continue
            if field.constant is None:
                heard = True
                value = self._value(field, said)
            else:
                value = field.constant.fill(bindings)
            accepted = None if value is None else self._accepted(field, value)
            if accepted is None:
                continue
            heard = True
            if field.clock is None and not clock_read and rule.clock is not None:
                observed_at, clock_read = _moment(rule.clock, part.node), True
            moment = observed_at if field.clock is None else _moment(field.clock, part.node)
            pointer = part.pointer + at.text
            self.observations.append(Observation(device, field.capability, accepted, moment, pointer, receipts))
        return heard

    def _value(self, field: Field, said: object) -> str | None:
        text = said if isinstance(said, str) else _text(said)
        if text is None:
            self.reasons.append(f"{field.capability} is null")
            return None
        if text in field.sentinels:
            self.reasons.append(f"{field.capability} is {text}, which this platform sends for unknown")
            return None
        if field.words is None:
            return text
        word = field.words.get(text)
        if word is None:
            self.reasons.append(f"{field.capability} is {text!r:.60}, a word the profile does not list")
        return word

    def _accepted(self, field: Field, value: str) -> str | None:
        """Return the value in the vocabulary's unit if it is one of the capability's kind, else note why not."""
        capability = self.capabilities.get(field.capability)
        if capability is None:
            self.reasons.append(f"{field.capability} is not in the vocabulary")
            return None
        accepted = capability.accepts(value)
        if accepted and field.times is not None:
            value = format(_EXACT.multiply(Decimal(value), field.times), "f")
            accepted = capability.accepts(value)
        if not accepted:
            self.reasons.append(f"{field.capability} is {value!r:.60}, not {_expectation(capability)}")
            return None
        return value

    def reading(self, route: Route, document: object) -> Reading:
        """Return all that was read; what was not gives the reason of an unread."""
        observations, learned = tuple(self.observations), tuple(self.learned)
        label = route.topic.text
        silent = [entry for device, entry in self.silent.items() if device not in self.heard]
        if observations or learned:
            if not silent or route.learns:
                return Reading(observations, learned)
            reason, node = silent[0]
            if len(silent) > 1:
                reason = f"{reason} (one of {len(silent)} such parts of this message)"
            return Reading(observations, learned, unread=Unread(reason, node_shape(f"{label} part", node)))
        if self.skipped and not silent and not self.reasons:
            return Reading(ignored=Ignored("holds only what the profile skips"))
        reasons = [*self.reasons, *(reason for reason, _ in silent), "holds no part the profile walks to"]
        return Reading(unread=Unread(reasons[0], node_shape(label, document)))


def _is_skipped(node: object, conditions: Conditions) -> bool:
    for at, words in conditions:
        found = find(node, at)
        if found is not MISSING and _text(found) in words:
            return True
    return False


def _applies(field: Field, bindings: Mapping[str, str], known: Known | None) -> bool:
    for name, allowed in field.when:
        value = bindings.get(name)
        if value is None and known:
            value = known.attributes.get(name)
        if value not in allowed:
            return False
    return True


def _first_scalar(node: object, pointers: tuple[Pointer, ...]) -> tuple[Pointer | None, object]:
    for pointer in pointers:
        found = find(node, pointer)
        if found is not MISSING and not isinstance(found, (dict, list)):
            return pointer, found
    return None, None


def _moment(clock: Clock, node: object) -> int | None:
    if len(clock.at) == 1 and len(clock.at[0].steps) == 1 and isinstance(node, dict):  # the usual /ts
        found = node.get(clock.at[0].steps[0])
    else:
        _, found = _first_scalar(node, clock.at)
    for form in clock.forms:
        moment = read_moment(found, form, clock.offset)
        if moment is not None:
            return moment
    return None


def _identity(origin: Origin, node: object, bindings: Mapping[str, str]) -> str:
    """Return the device id or name as the part says it, "" where it says none."""
    if origin.template is not None:
        return origin.template.fill(bindings)
    _, found = _first_scalar(node, origin.at)
    if isinstance(found, Decimal):
        whole = -30 < found.adjusted() < 30 and found == found.to_integral_value()
        return format(found, ".0f") if whole else ""
    return found if isinstance(found, str) else ""


def _identity_trouble(identity: str, what: str) -> str | None:
    # Devices say their names over and over, so what was found is remembered; no long text may fill that memory.
    if len(identity) <= MAX_TEXT:
        return _short_identity_trouble(identity, what)
    return f"the {what} is longer than {MAX_TEXT} characters" if identity.strip() else f"names no {what}"


@lru_cache(maxsize=1 << 16)
def _short_identity_trouble(identity: str, what: str) -> str | None:
    if not identity.strip():
        return f"names no {what}"
    if not is_clean(identity):
        return f"the {what} holds control characters"
    if "{" in identity or "}" in identity or (identity[0] == identity[-1] == "%"):
        return f"the {what} {identity} is a placeholder nobody filled in"
    return None


def _text(value: object) -> str | None:
    """Return a JSON scalar as text, decimals plain and as sent; None for null, MISSING, objects and arrays."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        text = str(value)
        return format(value, "f") if "E" in text and -16 <= value.adjusted() <= 24 else text
    return None


def _expectation(capability: Capability) -> str:
    if capability.kind is ValueKind.NUMBER:
        return "a number"
    if capability.kind is ValueKind.BOOLEAN:
        return "true or false"
    if capability.words:
        return "one of " + ", ".join(sorted(capability.words))
    return f"a text of 1 to {MAX_TEXT} characters"
