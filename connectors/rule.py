"""What a platform profile consists of: rules bound to topics, as :mod:`grammar` makes and :mod:`profile` runs them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timezone
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from connectors.moment import Form
from connectors.pointer import MISSING, Pointer, Walk, find
from connectors.topic import TopicTemplate
from connectors.vocabulary import ValueKind, Vocabulary

_PART = Pointer("", ())


class ProfileError(ValueError):
    """A profile cannot be used; the message names the file, the key and the mend."""

    def __init__(self, file: str, key: str, mend: str) -> None:
        super().__init__(f"{file}: {key}: {mend}")
        self.file = file
        self.key = key
        self.mend = mend


class Body(StrEnum):
    """How the payload of a topic is read."""

    JSON = "json"
    TEXT = "text"
    JSON_OR_TEXT = "json_or_text"


@dataclass(frozen=True, slots=True)
class Template:
    """A text with ``{name}`` places; ``pieces`` alternate between plain text and names."""

    text: str
    pieces: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names the template needs, in order."""
        return self.pieces[1::2]

    def fill(self, bindings: Mapping[str, str]) -> str:
        """Return the text with every name replaced by what it is bound to."""
        if len(self.pieces) == 3:  # the usual "{device}" and its like, without a loop
            before, name, after = self.pieces
            return f"{before}{bindings[name]}{after}"
        return "".join(bindings[piece] if index % 2 else piece for index, piece in enumerate(self.pieces))


@dataclass(frozen=True, slots=True)
class Clock:
    """Where a device's own time stands, and the forms to try in order."""

    at: tuple[Pointer, ...]
    forms: tuple[Form, ...]
    offset: timezone | None


@dataclass(frozen=True, slots=True)
class Origin:
    """Which device (or name) a part is about: a template over what is bound, or pointers into the part.

    ``learned`` says that the template gives a name, which context turns into a device.
    """

    template: Template | None
    at: tuple[Pointer, ...]
    learned: bool


@dataclass(frozen=True, slots=True)
class Field:
    """One capability and where its value stands; ``constant`` takes the place of ``at``."""

    capability: str
    at: tuple[Pointer, ...]
    constant: Template | None
    words: Mapping[str, str] | None
    unit: str
    times: Decimal | None
    sentinels: frozenset[str]
    clock: Clock | None
    when: tuple[tuple[str, frozenset[str]], ...]


Conditions = tuple[tuple[Pointer, frozenset[str]], ...]


class Place(NamedTuple):
    """One pointer of a field: the field's number in its rule, the pointer's among the field's own, and itself."""

    number: int
    rank: int
    pointer: Pointer


Find = tuple[Place, object]
"""A scalar that stands where a field points; places are told apart by their numbers, so finds can be sorted."""


@dataclass(frozen=True, slots=True)
class Branch:
    """The places that one key of a message leads to: ``here`` at its value, ``below`` in it, ``whole`` both."""

    here: tuple[Place, ...]
    below: Mapping[str, Branch]
    whole: tuple[Place, ...]

    def gather(self, node: Mapping[str, object], root: object, finds: list[Find]) -> None:
        """Add every scalar in a JSON object that a field points at; pointers are followed from ``root``."""
        for key in node if len(node) < len(self.below) else self.below:
            branch = self.below.get(key)
            if branch is None or key not in node:
                continue
            child = node[key]
            if isinstance(child, dict):
                if branch.below:
                    branch.gather(child, root, finds)
            elif isinstance(child, list):  # a pointer goes into an array by number: rare, so simply followed
                finds += _follow(branch.whole, root)
            else:
                finds += [(place, child) for place in branch.here]


@dataclass(frozen=True, slots=True)
class FieldIndex:
    """The fields of a rule by the keys they point at: a message says few of the many that a profile knows."""

    fields: tuple[Field, ...]
    constants: tuple[Find, ...]
    root: Branch

    def find(self, node: object) -> list[tuple[Field, Pointer, object]]:
        """Return the fields a part speaks to, in the rule's order, each with its first pointer to a scalar, and that.

        A constant is always among them; its pointer is the part itself.
        """
        finds = [*self.constants]
        if isinstance(node, dict):
            self.root.gather(node, node, finds)
        else:
            finds += _follow(self.root.whole, node)
        if len(finds) < 2:
            return [(self.fields[place.number], place.pointer, scalar) for place, scalar in finds]
        finds.sort()
        last = -1
        found = []
        for (number, _, pointer), scalar in finds:
            if number != last:
                found.append((self.fields[number], pointer, scalar))
                last = number
        return found


def index_fields(fields: tuple[Field, ...]) -> FieldIndex:
    """Return the index of a rule's fields."""
    places = [Place(number, rank, at) for number, one in enumerate(fields) for rank, at in enumerate(one.at)]
    constants = tuple((Place(n, 0, _PART), None) for n, one in enumerate(fields) if one.constant is not None)
    return FieldIndex(fields, constants, _branch([(place, place.pointer.steps) for place in places]))


def _branch(entries: Sequence[tuple[Place, tuple[str, ...]]]) -> Branch:
    below: dict[str, list[tuple[Place, tuple[str, ...]]]] = {}
    for place, steps in entries:
        if steps:
            below.setdefault(steps[0], []).append((place, steps[1:]))
    return Branch(
        here=tuple(place for place, steps in entries if not steps),
        below={key: _branch(rest) for key, rest in below.items()},
        whole=tuple(place for place, _ in entries),
    )


def _follow(places: Iterable[Place], root: object) -> list[Find]:
    finds = [(place, find(root, place.pointer)) for place in places]
    return [one for one in finds if one[1] is not MISSING and not isinstance(one[1], (dict, list))]


@dataclass(frozen=True, slots=True)
class Choice:
    """A shortcut for rules all of whose fields wait for the same bound name: the fields of each of its words."""

    name: str
    fields: Mapping[str, FieldIndex]


@dataclass(frozen=True, slots=True)
class ReadRule:
    """How observations are read from every part the walk arrives at."""

    walk: Walk
    device: Origin
    clock: Clock | None
    fields: tuple[Field, ...]
    index: FieldIndex
    skip_when: Conditions
    choice: Choice | None


@dataclass(frozen=True, slots=True)
class LearnRule:
    """How names for later messages are learned from every part the walk arrives at."""

    walk: Walk
    name: Origin
    device: Origin
    attributes: tuple[tuple[str, Pointer], ...]
    skip_when: Conditions


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """Why a message carries no reading; with ``has``, only where one of these pointers exists."""

    has: tuple[Pointer, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Route:
    """Everything a profile does with the messages of one topic template."""

    topic: TopicTemplate
    body: Body
    reads: tuple[ReadRule, ...]
    learns: tuple[LearnRule, ...]
    ignores: tuple[IgnoreRule, ...]


Routed = tuple[Route, Mapping[str, str]]
"""A route for a topic, and what the topic binds."""

REMEMBERED_TOPICS = 20_000
"""More topics than these and the memory begins anew: who makes up topics must not fill it."""


@dataclass(frozen=True, slots=True)
class Profile:
    """How one platform's messages are read.

    ``source`` is "recording" or "document"; ``routes`` stand from the most to the least particular topic, ``plain``
    are those without a variable by topic and ``open`` the others;
    ``digest`` is the hex SHA-256 of the canonical JSON of the mapping; ``capabilities`` all it can observe.
    ``routed`` remembers what was found for topics: devices say the same ones over and over.
    """

    name: str
    version: int
    title: Mapping[str, str]
    source: str
    routes: tuple[Route, ...]
    plain: Mapping[str, Route]
    open: tuple[Route, ...]
    digest: str
    capabilities: frozenset[str]
    routed: dict[str, Routed | None] = field(default_factory=dict, compare=False, repr=False)

    def route(self, topic: str) -> Routed | None:
        """Return the most particular route for a topic and what the topic binds, None when there is none."""
        try:
            return self.routed[topic]
        except KeyError:
            if len(self.routed) >= REMEMBERED_TOPICS:
                self.routed.clear()
            found = self.routed[topic] = self._find_route(topic)
            return found

    def _find_route(self, topic: str) -> Routed | None:
        plain = self.plain.get(topic)  # no open template is more particular than a plain one
        if plain is not None:
            return plain, {}
        for route in self.open:
            bindings = route.topic.match(topic)
            if bindings is not None:
                return route, bindings
        return None


def check_profile(profile: Profile, vocabulary: Vocabulary, where: str) -> None:
    """Return nothing when the profile speaks the vocabulary: known capabilities, their units, their words.

    Raises ProfileError naming the field and the mend. A field that fails here would never be observed.
    """
    for route in profile.routes:
        for one in (one for rule in route.reads for one in rule.fields):
            _check_field(one, vocabulary, where, f"{route.topic.text}: {one.capability}")


def _check_field(field: Field, vocabulary: Vocabulary, where: str, key: str) -> None:
    known = vocabulary.capabilities.get(field.capability)
    if known is None:
        raise ProfileError(where, key, "is not in the vocabulary; correct it, or add it to config/vocabulary.yaml")
    if known.kind is ValueKind.NUMBER:
        if not field.unit:
            raise ProfileError(where, key, f"needs the unit the platform sends, e.g. unit: {known.unit}")
        if field.unit != known.unit and field.times is None:
            mend = f"has unit {field.unit}, the vocabulary {known.unit}: add times, the factor from one to the other"
            raise ProfileError(where, key, mend)
    elif field.unit or field.times is not None:
        raise ProfileError(where, key, f"is a {known.kind.value}: unit and times belong to numbers")
    constant = field.constant.text if field.constant and not field.constant.names else None
    spoken = list((field.words or {}).values()) + ([constant] if constant is not None else [])
    for word in spoken:
        if not known.accepts(word):
            raise ProfileError(where, key, f"can never be {word!r}, which is no value of this {known.kind.value}")
