"""The catalogue: everything that decides how bytes are read and scored, as the very texts it was loaded from.

A run names each text by digest, a bundle carries them, and a replay is made from nothing else: vocabulary, platform
profiles, hub specs, rubric, and which source is read with which of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from connectors.hub import Hub, ListKind, parse_hub
from connectors.profile import Profile, check_profile, parse_profile
from connectors.vocabulary import Vocabulary, parse_vocabulary
from scoring.rubric import Rubric, parse_rubric

VOCABULARY = "vocabulary.yaml"
RUBRIC = "rubric.yaml"
FORM = "form.yaml"
SOURCES = "sources.json"


class CatalogueError(ValueError):
    """A text of the catalogue that cannot be read; the message names the file, the line and the mend."""


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """How one source is read: an MQTT source by profiles, a hub by its spec; and whose community it serves."""

    id: str
    community: str
    profiles: tuple[str, ...] = ()
    hub: str | None = None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The parsed catalogue together with its texts (name -> bytes)."""

    texts: Mapping[str, bytes]
    vocabulary: Vocabulary
    profiles: Mapping[str, Profile]
    hubs: Mapping[str, Hub]
    rubric: Rubric
    sources: Mapping[str, SourceSpec]

    @property
    def digests(self) -> Mapping[str, str]:
        """Return the SHA-256 of every text by name."""
        return {name: hashlib.sha256(text).hexdigest() for name, text in sorted(self.texts.items())}

    @property
    def reading_digest(self) -> str:
        """Return one digest over all that decides how records are read; the ledger is rebuilt when it changes."""
        reading = {name: digest for name, digest in self.digests.items() if name not in {RUBRIC, FORM}}
        return hashlib.sha256(json.dumps(reading, sort_keys=True).encode()).hexdigest()

    def profiles_of(self, source: str) -> tuple[Profile, ...]:
        """Return the profiles a source is read with, in the order they are tried."""
        spec = self.sources.get(source)
        return tuple(self.profiles[name] for name in spec.profiles) if spec else ()

    def hub_of(self, source: str) -> Hub | None:
        """Return the hub spec of a source, None when it is no hub."""
        spec = self.sources.get(source)
        return self.hubs[spec.hub] if spec and spec.hub else None

    def sources_showing(self, community: str) -> Mapping[str, frozenset[str]]:
        """Return for each capability the sources of a community that could show it."""
        able: dict[str, set[str]] = {}
        for spec in self.sources.values():
            if spec.community != community:
                continue
            words = {word for name in spec.profiles for word in self.profiles[name].capabilities}
            if spec.hub:
                for listing in self.hubs[spec.hub].lists:
                    words |= {*listing.capabilities, *(value.capability for value in listing.values)}
            for word in words:
                able.setdefault(word, set()).add(spec.id)
        return {word: frozenset(sources) for word, sources in able.items()}

    def hubs_with(self, community: str, kind: ListKind) -> frozenset[str]:
        """Return the hubs of a community that have a list of this kind."""
        return frozenset(
            spec.id
            for spec in self.sources.values()
            if spec.community == community
            and spec.hub
            and any(listing.kind is kind for listing in self.hubs[spec.hub].lists)
        )


def load_catalogue(texts: Mapping[str, bytes]) -> Catalogue:
    """Return the catalogue made of its texts; raises CatalogueError, ProfileError, HubError or RubricError."""
    vocabulary = parse_vocabulary(_read(texts, VOCABULARY), VOCABULARY)
    profiles = {}
    hubs = {}
    for name in sorted(texts):
        folder, _, rest = name.partition("/")
        if folder == "platforms":
            profile = parse_profile(_read(texts, name), name)
            check_profile(profile, vocabulary, name)
            profiles[rest.removesuffix(".yaml")] = profile
        elif folder == "hubs":
            hubs[rest.removesuffix(".yaml")] = parse_hub(_read(texts, name), name)
    rubric = parse_rubric(_read(texts, RUBRIC), RUBRIC)
    _check_words(rubric, hubs, vocabulary)
    sources = {
        entry["id"]: SourceSpec(entry["id"], entry["community"], tuple(entry["profiles"]), entry["hub"])
        for entry in json.loads(texts[SOURCES])
    }
    for spec in sources.values():
        for profile_name in spec.profiles:
            if profile_name not in profiles:
                raise CatalogueError(
                    f"source {spec.id}: profile {profile_name!r} is not there; known are {', '.join(sorted(profiles))}"
                )
        if spec.hub and spec.hub not in hubs:
            raise CatalogueError(
                f"source {spec.id}: hub {spec.hub!r} is not there; known are {', '.join(sorted(hubs))}"
            )
    return Catalogue(dict(texts), vocabulary, profiles, hubs, rubric, sources)


def _check_words(rubric: Rubric, hubs: Mapping[str, Hub], vocabulary: Vocabulary) -> None:
    """Refuse a word that nothing could ever show: a rubric or a hub that asks for a capability nobody has named."""
    asked = [
        (f"{RUBRIC}: row {row.no}, part {part.id}", word)
        for row in rubric.rows
        for part in row.parts
        for way in part.ways
        for word in (*(need.capability for need in way.measure.show), way.measure.over)
    ]
    asked += [
        (f"hubs/{name}.yaml: list {listing.name}", word)
        for name, hub in hubs.items()
        for listing in hub.lists
        for word in (*listing.capabilities, *(value.capability for value in listing.values))
    ]
    for where, word in asked:
        if word and word not in vocabulary.capabilities:
            raise CatalogueError(f"{where}: capability {word!r} is not in {VOCABULARY}; spell it as there, or add it")


def write_sources(specs: list[SourceSpec]) -> bytes:
    """Return the text of ``sources.json``: canonical, so that equal settings give an equal digest."""
    entries = [
        {"id": spec.id, "community": spec.community, "profiles": list(spec.profiles), "hub": spec.hub}
        for spec in sorted(specs, key=lambda one: one.id)
    ]
    return json.dumps(entries, ensure_ascii=False, sort_keys=True, indent=1).encode()


class LinedMapping(dict[str, Any]):
    """A mapping that remembers the line of the file on which it begins."""

    line: int = 0


_MERGE = "tag:yaml.org,2002:merge"


class _LinedLoader(yaml.SafeLoader):
    """Safe YAML whose mappings know their line, so that an error can name it."""


def _build_mapping(loader: _LinedLoader, node: yaml.MappingNode) -> Any:
    mapping = LinedMapping()
    mapping.line = node.start_mark.line + 1
    yield mapping
    own: list[object] = []
    for key_node, _ in node.value:
        key = "<<" if key_node.tag == _MERGE else loader.construct_object(key_node, deep=True)
        if isinstance(key, list | dict):
            raise yaml.constructor.ConstructorError(None, None, "a key must be one word", key_node.start_mark)
        if key in own:
            problem = f"{key!r} stands there twice, remove one"
            raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
        own.append(key)
    # What is merged in comes first and may be said otherwise here.
    loader.flatten_mapping(node)
    for key_node, value_node in node.value:
        mapping[loader.construct_object(key_node, deep=True)] = loader.construct_object(value_node, deep=True)


def _build_date(loader: _LinedLoader, node: yaml.ScalarNode) -> Any:
    try:
        return loader.construct_yaml_timestamp(node)
    except ValueError as error:
        raise yaml.constructor.ConstructorError(
            None, None, f"{node.value} is no date: {error}", node.start_mark
        ) from error


_LinedLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _build_mapping)
_LinedLoader.add_constructor("tag:yaml.org,2002:timestamp", _build_date)


def read_yaml(text: bytes, where: str) -> Any:
    """Return the YAML value of a text, its mappings knowing their lines; raises CatalogueError naming file and line."""
    try:
        return yaml.load(text.decode("utf-8"), _LinedLoader)  # noqa: S506 - a SafeLoader with line numbers
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise CatalogueError(f"{where}:{line}: {error.problem}; mend the YAML there") from error
    except UnicodeDecodeError as error:
        raise CatalogueError(f"{where}: not UTF-8 at byte {error.start}; save the file as UTF-8") from error
    except yaml.reader.ReaderError as error:
        line = text.decode("utf-8")[: error.position].count("\n") + 1
        raise CatalogueError(f"{where}:{line}: {error.reason}; remove the character") from error
    except RecursionError as error:
        raise CatalogueError(f"{where}: nested too deep to be read; mend the YAML") from error


def _read(texts: Mapping[str, bytes], name: str) -> Any:
    if name not in texts:
        raise CatalogueError(f"{name} is missing from the catalogue; reinstall the product or mend the data directory")
    value = read_yaml(texts[name], name)
    if not isinstance(value, Mapping):
        raise CatalogueError(f"{name}: should be a mapping, but is {type(value).__name__}")
    return value
