"""The grammar of a platform profile: from the mapping of a profile.yaml to rules that :mod:`profile` can run."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import timedelta, timezone
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import NoReturn

from connectors.moment import Form
from connectors.pointer import Pointer, Walk, parse_pointer, parse_walk
from connectors.rule import (
    Body,
    Choice,
    Clock,
    Conditions,
    Field,
    IgnoreRule,
    LearnRule,
    Origin,
    Profile,
    ProfileError,
    ReadRule,
    Route,
    Template,
    index_fields,
)
from connectors.topic import TopicTemplate, parse_topic

_VARIABLE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Section:
    """One mapping of a profile while it is read: every complaint knows its file and key."""

    def __init__(self, file: str, key: str, mapping: object, known: str) -> None:
        self.file = file
        self.key = key
        if not isinstance(mapping, Mapping):
            self.refuse("", f"is {mapping!r:.60}; write a mapping with {known}")
        self.mapping: Mapping[object, object] = mapping
        for found in mapping:
            if found not in known.split():
                self.refuse(str(found), f"is not known here; the keys are {', '.join(known.split())}")

    def refuse(self, key: str, mend: str) -> NoReturn:
        """Raise the ProfileError of one key of this section."""
        raise ProfileError(self.file, ".".join(part for part in (self.key, key) if part) or "(whole file)", mend)

    def has(self, key: str) -> bool:
        """Return whether the key is there."""
        return key in self.mapping

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text that must not be empty, or the default where the key is absent."""
        value = self.mapping.get(key, default)
        if not isinstance(value, str) or not value:
            self.refuse(key, f"is {value!r:.60}; write a text (in quotes where YAML would read something else)")
        return value

    def items(self, key: str) -> list[object]:
        """Return a list; absent is empty, one value is a list of one."""
        value = self.mapping.get(key, [])
        return list(value) if isinstance(value, list) else [value]

    def choice(self, key: str, default: str, allowed: type[StrEnum]) -> str:
        """Return one word of a closed set."""
        value = self.mapping.get(key, default)
        if value not in [word.value for word in allowed]:
            self.refuse(key, f"is {value!r:.60}; must be one of {', '.join(allowed)}")
        return str(value)

    def pointers(self, key: str) -> tuple[Pointer, ...]:
        """Return the pointers of a key that holds one or a list of them."""
        return tuple(self.pointer(key, value) for value in self.items(key))

    def pointer(self, key: str, value: object) -> Pointer:
        """Return one pointer."""
        if not isinstance(value, str):
            self.refuse(key, f'is {value!r:.60}; write a JSON pointer such as /values/smoke, or "" for the part itself')
        try:
            return parse_pointer(value)
        except ValueError as error:
            self.refuse(key, str(error))

    def words(self, key: str, values: list[object]) -> frozenset[str]:
        """Return plain words; numbers are taken as they are written, true and false must be in quotes."""
        return frozenset(self.word(key, value) for value in values)

    def word(self, key: str, value: object) -> str:
        """Return one plain word."""
        if isinstance(value, bool):
            self.refuse(key, 'holds true or false (YAML reads ON, off, yes and no so, too): put it in quotes, "ON"')
        if isinstance(value, int):
            return str(value)
        if not isinstance(value, str):
            self.refuse(key, f"holds {value!r:.60}: put it in quotes")
        return value

    def template(self, key: str, value: object, names: frozenset[str]) -> Template:
        """Return a template all of whose names are bound."""
        if not isinstance(value, str) or not value:
            self.refuse(key, f'is {value!r:.60}; write a text or a template such as "{{device}}"')
        pieces = tuple(_VARIABLE.split(value))
        for piece in pieces[::2]:
            if "{" in piece or "}" in piece:
                self.refuse(key, f"has a bad place in {value!r}; write {{name}} in small letters")
        for name in pieces[1::2]:
            if name not in names:
                known = ", ".join(sorted(names)) or "nothing"
                self.refuse(key, f"needs {{{name}}}, but topic and each bind {known}")
        return Template(value, pieces)


def parse_profile(mapping: object, where: str) -> Profile:
    """Return the profile of a mapping as read from a profile.yaml; ``where`` names the file in errors.

    Raises ProfileError naming the file, the key and the mend.
    """
    head = Section(where, "", mapping, "profile version title source read learn ignore")
    name = head.text("profile")
    if not _NAME.fullmatch(name):
        head.refuse("profile", f"is {name!r}; write small letters, digits and _, the same as its folder")
    version = head.mapping.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        head.refuse("version", f"is {version!r:.60}; write a whole number from 1")
    title = Section(where, "title", head.mapping.get("title"), "zh en")
    source = head.text("source")
    if source not in {"recording", "document"}:
        head.refuse("source", f"is {source!r}; must be recording (of a real device) or document (a manual)")
    if not head.items("read") and not head.items("learn"):
        head.refuse("read", "is empty; a profile reads or learns something")
    routes = _routes(head)
    fields = [field for route in routes for rule in route.reads for field in rule.fields]
    return Profile(
        name=name,
        version=version,
        title={"zh": title.text("zh"), "en": title.text("en")},
        source=source,
        routes=routes,
        plain={route.topic.text: route for route in routes if route.topic.is_plain},
        open=tuple(route for route in routes if not route.topic.is_plain),
        digest=_digest(head),
        capabilities=frozenset(field.capability for field in fields),
    )


def _routes(head: Section) -> tuple[Route, ...]:
    """Return the routes of all rules; rules with the same topic share one."""
    drafts: dict[str, _Draft] = {}
    for kind, known in _RULE_KEYS.items():
        for index, entry in enumerate(head.items(kind)):
            section = Section(head.file, f"{kind}[{index}]", entry, known)
            try:
                topic = parse_topic(section.text("topic"))
            except ValueError as error:
                section.refuse("topic", str(error))
            draft = drafts.setdefault(topic.form, _Draft(topic))
            if draft.topic.text != topic.text:
                section.refuse("topic", f"{topic.text!r} is for the same messages as {draft.topic.text!r}: write one")
            draft.add(kind, section)
    return tuple(sorted((draft.route() for draft in drafts.values()), key=lambda route: route.topic.rank))


_RULE_KEYS = {
    "read": "topic payload each device observed_at fields skip_when",
    "learn": "topic payload each name device attributes skip_when",
    "ignore": "topic payload has reason",
}


class _Draft:
    """The rules of one topic while they are gathered."""

    def __init__(self, topic: TopicTemplate) -> None:
        self.topic = topic
        self.body: Body | None = None
        self.reads: list[ReadRule] = []
        self.learns: list[LearnRule] = []
        self.ignores: list[IgnoreRule] = []

    def add(self, kind: str, section: Section) -> None:
        body = Body(section.choice("payload", self.body or Body.JSON, Body))
        if self.body is not None and body is not self.body:
            section.refuse("payload", f"is {body}, but another rule of this topic says {self.body}")
        self.body = body
        if kind == "ignore":
            self.ignores.append(IgnoreRule(section.pointers("has"), section.text("reason")))
            return
        try:
            walk = parse_walk(section.text("each") if section.has("each") else "")
        except ValueError as error:
            section.refuse("each", str(error))
        names = frozenset(self.topic.names) | frozenset(walk.names)
        if len(names) < len(self.topic.names) + len(walk.names):
            section.refuse("each", f"binds a name the topic binds already: {', '.join(sorted(walk.names))}")
        if kind == "learn":
            self.learns.append(_learn(section, walk, names))
        else:
            self.reads.append(_read(section, walk, names))

    def route(self) -> Route:
        body = self.body or Body.JSON
        return Route(self.topic, body, tuple(self.reads), tuple(self.learns), tuple(self.ignores))


def _read(section: Section, walk: Walk, names: frozenset[str]) -> ReadRule:
    entries = section.items("fields")
    if not entries:
        section.refuse("fields", "is empty; name at least one capability")
    fields = tuple(_field(section, index, entry, names) for index, entry in enumerate(entries))
    return ReadRule(
        walk=walk,
        device=_origin(section, "device", names, may_be_learned=True),
        clock=_clock(section),
        fields=fields,
        index=index_fields(fields),
        skip_when=_conditions(section),
        choice=_choice(fields, names),
    )


def _choice(fields: tuple[Field, ...], names: frozenset[str]) -> Choice | None:
    waited_for = {field.when[0][0] if len(field.when) == 1 else "" for field in fields}
    if len(waited_for) > 1 or not waited_for <= names:
        return None
    words = {word for field in fields for word in field.when[0][1]}
    chosen = {word: index_fields(tuple(field for field in fields if word in field.when[0][1])) for word in words}
    return Choice(waited_for.pop(), chosen)


def _learn(section: Section, walk: Walk, names: frozenset[str]) -> LearnRule:
    raw = section.mapping.get("attributes", {})
    if not isinstance(raw, Mapping):
        section.refuse("attributes", "is not a mapping; write {model: /definition/model}")
    return LearnRule(
        walk=walk,
        name=_origin(section, "name", names, may_be_learned=False),
        device=_origin(section, "device", names, may_be_learned=False),
        attributes=tuple((str(key), section.pointer("attributes", at)) for key, at in raw.items()),
        skip_when=_conditions(section),
    )


def _origin(section: Section, key: str, names: frozenset[str], *, may_be_learned: bool) -> Origin:
    value = section.mapping.get(key)
    if not isinstance(value, Mapping):
        return Origin(section.template(key, value, names), (), learned=False)
    inner = Section(section.file, f"{section.key}.{key}", value, "at alias" if may_be_learned else "at")
    if inner.has("alias") == inner.has("at"):
        inner.refuse("", "write either at (a pointer) or, for a device, alias (a learned name)")
    if inner.has("alias"):
        return Origin(inner.template("alias", value["alias"], names), (), learned=True)
    return Origin(None, inner.pointers("at"), learned=False)


def _field(section: Section, index: int, entry: object, names: frozenset[str]) -> Field:
    known = "capability at value unit times map sentinels observed_at when"
    field = Section(section.file, f"{section.key}.fields[{index}]", entry, known)
    if field.has("at") == field.has("value"):
        field.refuse("at", "or value must be there, one of them: where the value stands, or the value itself")
    if field.has("at") and not field.items("at"):
        field.refuse("at", "is empty; name at least one pointer")
    constant = field.template("value", field.mapping["value"], names) if field.has("value") else None
    return Field(
        capability=field.text("capability"),
        at=field.pointers("at"),
        constant=constant,
        words=_word_map(field),
        unit=field.text("unit") if field.has("unit") else "",
        times=_factor(field),
        sentinels=field.words("sentinels", field.items("sentinels")),
        clock=_clock(field),
        when=tuple((str(key), _expected(field, "when", values)) for key, values in _pairs(field, "when")),
    )


def _word_map(field: Section) -> Mapping[str, str] | None:
    if not field.has("map"):
        return None
    return {field.word("map", key): field.word("map", value) for key, value in _pairs(field, "map")}


def _factor(field: Section) -> Decimal | None:
    if not field.has("times"):
        return None
    text = field.mapping["times"]
    try:
        factor = Decimal(text) if isinstance(text, str) else Decimal(0)
    except InvalidOperation:
        factor = Decimal(0)
    if not factor.is_finite() or not factor:
        field.refuse("times", f'is {text!r:.60}; write an exact factor in quotes, such as "0.001"')
    return factor


def _conditions(section: Section) -> Conditions:
    return tuple(
        (section.pointer("skip_when", at), _expected(section, "skip_when", values))
        for at, values in _pairs(section, "skip_when")
    )


def _expected(section: Section, key: str, values: object) -> frozenset[str]:
    words = section.words(key, list(values) if isinstance(values, list) else [values])
    if not words:
        section.refuse(key, "has an empty list; name the values")
    return words


def _pairs(section: Section, key: str) -> list[tuple[object, object]]:
    value = section.mapping.get(key, {})
    if not isinstance(value, Mapping):
        section.refuse(key, f"is {value!r:.60}; write a mapping")
    return list(value.items())


def _clock(section: Section) -> Clock | None:
    if not section.has("observed_at"):
        return None
    key = f"{section.key}.observed_at"
    clock = Section(section.file, key, section.mapping["observed_at"], "at as utc_offset_hours")
    forms = []
    for form in clock.items("as"):
        if form not in list(Form):
            clock.refuse("as", f"is {form!r:.60}; must be one of {', '.join(Form)}, or a list of them")
        forms.append(Form(str(form)))
    at = clock.pointers("at")
    if not at or not forms:
        clock.refuse("at", "and as must be there: where the time stands and how it is written")
    return Clock(at, tuple(forms), _offset(clock, needed=Form.LOCAL in forms))


def _offset(clock: Section, *, needed: bool) -> timezone | None:
    value = clock.mapping.get("utc_offset_hours")
    if needed == (value is None):
        clock.refuse("utc_offset_hours", "belongs to the form local, and must be there with it, e.g. 8")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not -14 <= value <= 14:
        clock.refuse("utc_offset_hours", f"is {value!r:.60}; write hours from -14 to 14")
    return timezone(timedelta(hours=value))


def _digest(head: Section) -> str:
    try:
        canonical = json.dumps(
            _plain(head.mapping), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
        )
    except (TypeError, ValueError) as error:
        head.refuse("", f"holds what JSON cannot say ({error}): put it in quotes")
    return hashlib.sha256(canonical.encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
