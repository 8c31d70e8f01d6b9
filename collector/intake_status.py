"""What an intake says of itself once a second, and what the next one remembers of it."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from connectors.base import KeepingError
from connectors.mqtt.source import MqttSource
from connectors.mqtt.status import Memory, MqttStatus

STATUS_NAME = "intake-status.json"
FORMAT = 1
SPARE_BYTES = 2048
"""A status is this much longer than its text, so that a longer one can be written over it on a full disk."""
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True, slots=True)
class IntakeStatus:
    """How the intake stands at ``written_at`` (ms UTC); ``storage_error`` is "" while everything can be stored.

    ``failing_since`` (ms UTC) is the first commit that failed and was followed by no good one, 0 while there is none.
    ``ended`` is True in the last one that an intake writes; a killed intake leaves it False.
    """

    pid: int
    written_at: int
    ended: bool
    storage_error: str
    sources: tuple[MqttStatus, ...]
    failing_since: int = 0

    def source(self, name: str) -> MqttStatus:
        """Return the status of one source; raises KeyError when the intake has none of this name."""
        for status in self.sources:
            if status.source == name:
                return status
        raise KeyError(f"the intake has no source {name!r}")


def write_status(folder: Path, status: IntakeStatus) -> None:
    """Replace the status file of a data folder in one step; raises OSError when it cannot be written.

    On a full disk there is no room for a second file, yet just then it matters what the status says: it is written
    over the old one, which has room to spare for that.
    """
    path = folder / STATUS_NAME
    fresh = path.with_suffix(".new")
    body = json.dumps({"format": FORMAT, **asdict(status)}, ensure_ascii=False).encode()
    try:
        fresh.write_bytes(_fill(body, len(body) + SPARE_BYTES))
        os.replace(fresh, path)  # noqa: PTH105 the same, by the name everybody knows
    except OSError as error:
        fresh.unlink(missing_ok=True)
        if error.errno not in NO_ROOM or not path.exists() or path.stat().st_size <= len(body):
            raise
        with path.open("r+b", buffering=0) as file:
            file.write(_fill(body, path.stat().st_size))


def _fill(body: bytes, size: int) -> bytes:
    return body.ljust(size - 1) + b"\n"


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


def recall(
    last: IntakeStatus | None, sources: Sequence[MqttSource], stored_until: Callable[[str], int | None]
) -> dict[str, Memory]:
    """Return what is known of each source that was heard before: filters of its session, and until when it was heard.

    ``last`` is the status an earlier intake left. ``stored_until`` tells when the newest stored record of a source was
    received; it alone is known where the status file is lost, and the status file alone where it raises KeepingError.
    A source with another broker or client id has a new session: it holds no filters of ours, and what came since the
    old one was heard may be missing.
    """
    known = {status.source: status for status in last.sources} if last else {}
    memories = {}
    for source in sources:
        status = known.get(source.id)
        until = max(_ask(stored_until, source.id), status.heard_until if status else 0)
        same = status is not None and (status.broker, status.client_id) == (source.broker, source.client_id)
        if until > 0:
            ours = status if same else None
            memories[source.id] = Memory(
                ours.topics if ours else (),
                until,
                same_session=same,
                outlived=ours is not None and ours.outlived,
                broker_dropped=ours.broker_dropped if ours else None,
            )
    return memories


def _ask(stored_until: Callable[[str], int | None], source: str) -> int:
    try:
        return stored_until(source) or 0
    except KeepingError:
        return 0  # an intake begun on a full disk waits for room, and says so when there is something to store
