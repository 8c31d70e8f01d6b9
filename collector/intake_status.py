"""What an intake says of itself once a second, and what the next one remembers of it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from connectors.mqtt.connector import Memory, MqttSource, MqttStatus

STATUS_NAME = "intake-status.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class IntakeStatus:
    """How the intake stands at ``written_at`` (ms UTC); ``storage_error`` is "" while everything can be stored.

    ``ended`` is True in the last one that an intake writes; a killed intake leaves it False.
    """

    pid: int
    written_at: int
    ended: bool
    storage_error: str
    sources: tuple[MqttStatus, ...]

    def source(self, name: str) -> MqttStatus:
        """Return the status of one source; raises KeyError when the intake has none of this name."""
        for status in self.sources:
            if status.source == name:
                return status
        raise KeyError(f"the intake has no source {name!r}")


def write_status(folder: Path, status: IntakeStatus) -> None:
    """Replace the status file of a data folder in one step; raises OSError when it cannot be written."""
    path = folder / STATUS_NAME
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"format": FORMAT, **asdict(status)}, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(fresh, path)  # noqa: PTH105 the same, by the name everybody knows


def read_status(folder: Path) -> IntakeStatus | None:
    """Return the last status an intake wrote into a data folder, None when there is none that can be read."""
    try:
        body = json.loads((folder / STATUS_NAME).read_text(encoding="utf-8"))
        if body.pop("format") != FORMAT:
            return None
        sources = tuple(MqttStatus(**{**entry, "topics": tuple(entry["topics"])}) for entry in body.pop("sources"))
        return IntakeStatus(sources=sources, **body)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def recall(folder: Path, sources: Sequence[MqttSource]) -> dict[str, Memory]:
    """Return what an earlier intake knew, per source that still has the same broker and client id."""
    last = read_status(folder)
    if last is None:
        return {}
    wanted = {(source.id, source.broker, source.client_id) for source in sources}
    return {
        status.source: Memory(status.topics, status.heard_until)
        for status in last.sources
        if (status.source, status.broker, status.client_id) in wanted and status.heard_until > 0
    }
