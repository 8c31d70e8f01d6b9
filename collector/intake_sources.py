"""The sources one intake receives from: read from a file, and refused where two cannot go together."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from connectors.mqtt.source import MqttSource, MqttSourceError


def refuse_clashes(sources: Sequence[MqttSource]) -> None:
    """Raise MqttSourceError when two sources cannot live in one intake."""
    for name, count in Counter(source.id for source in sources).items():
        if count > 1:
            raise MqttSourceError(f"MQTT source {name!r}: {count} sources have this id; give each its own")
    for (broker, client_id), count in Counter((source.broker, source.client_id) for source in sources).items():
        if count > 1:
            raise MqttSourceError(
                f"client_id {client_id!r} is used by {count} sources on broker {broker}, where each would throw the "
                "other out; give each source its own"
            )


def read_sources(path: Path) -> list[MqttSource]:
    """Return the sources of a JSON file: a list of mappings with the fields of MqttSource.

    Raises MqttSourceError naming the file, the source, the wrong key and the mend.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MqttSourceError(f"{path}: no list of MQTT sources ({error}); write a JSON list of mappings") from error
    known = {field.name for field in fields(MqttSource)}
    sources = []
    for number, entry in enumerate(entries if isinstance(entries, list) else [entries], 1):
        if not isinstance(entry, dict) or set(entry) - known:
            strange = sorted(set(entry) - known) if isinstance(entry, dict) else entry
            raise MqttSourceError(
                f"{path}: source {number}: unknown {strange}; the keys are {', '.join(sorted(known))}"
            )
        try:
            sources.append(MqttSource(**{**entry, "topics": tuple(entry["topics"])}))
        except (TypeError, KeyError) as error:
            raise MqttSourceError(
                f"{path}: source {number}: {error}; give id, host, port, topics, client_id"
            ) from error
    return sources
