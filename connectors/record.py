"""The only shapes that leave the reading room: what arrived, and what was read in it.

Every input of the product is an :class:`Arrival` until the locker has committed it, and a :class:`Record`
from then on. Reading a record gives a :class:`Reading`, which is never empty: a record always ends as at least
one observation, one learned name, one unread or one ignored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

RETAIN_FLAG = 0b0001
QOS_MASK = 0b0110
DUP_FLAG = 0b1000


class Kind(StrEnum):
    """What sort of input a record is."""

    MESSAGE = "message"  # an MQTT PUBLISH: topic and payload as received
    PAGE = "page"  # one answer of a hub, topic = "GET /path?query" without secrets
    WALK = "walk"  # the end of a walk through a hub list: names its page receipts
    SHEET = "sheet"  # one file or table of a register as delivered
    REGISTER = "register"  # a register revision: names the sheets or pages it is made of
    DOCUMENT = "document"  # the bytes of a document a person attached
    ACT = "act"  # what a person decided: attestation, survey, drill, not applicable
    BINDING = "binding"  # a device is at a place, or no place could be found for it
    GAP = "gap"  # a time in which a source could not be heard
    CLOSE = "close"  # counts and digests of finished partitions
    RUN = "run"  # a run number is claimed; its receipt is the run's cut-off


class GapCause(StrEnum):
    """Why something may be missing between two moments; the closed set of causes a gap record names."""

    SESSION_LOST = "session_lost"  # the broker had forgotten our session: it, or the session, began anew
    BROKER_RESTARTED = "broker_restarted"  # the broker was down, and kept our session
    TAKEN_OVER = "taken_over"  # another program used our client id and was sent what was meant for us
    QUEUE_LIMIT = "queue_limit"  # the broker dropped messages that may have been waiting for us
    DOWNTIME = "downtime"  # nobody received here, and the broker kept nothing meanwhile
    DISK_FULL = "disk_full"  # nothing could be stored, so nothing was acknowledged
    NO_ROOM = "no_room"  # QoS 0 messages came faster than they could be stored


@dataclass(frozen=True, slots=True)
class Arrival:
    """One input as a door hands it over, before it has a receipt.

    ``received_at`` is our clock in UTC milliseconds. ``flags`` are the low bits of the MQTT fixed header
    (retain 1, QoS 2 and 4, DUP 8); 0 for every other kind.
    """

    source: str
    kind: Kind
    received_at: int
    topic: str
    payload: bytes
    flags: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """One stored input.

    ``receipt`` increases over the whole data directory. ``day`` is the local day of storing, ISO;
    ``sequence`` counts from 1 within (source, day).
    """

    receipt: int
    source: str
    day: str
    sequence: int
    kind: Kind
    received_at: int
    topic: str
    payload: bytes
    flags: int = 0

    @property
    def retained(self) -> bool:
        """Return whether the broker sent this from its store rather than from a device just now."""
        return bool(self.flags & RETAIN_FLAG)

    @property
    def payload_sha256(self) -> str:
        """Return the hex SHA-256 of the payload as stored."""
        return hashlib.sha256(self.payload).hexdigest()

    @property
    def leaf(self) -> bytes:
        """Return the 32-byte leaf hash that binds the payload digest to everything known of its arrival."""
        return leaf_hash(
            receipt=self.receipt,
            source=self.source,
            day=self.day,
            sequence=self.sequence,
            kind=self.kind,
            received_at=self.received_at,
            topic=self.topic,
            flags=self.flags,
            payload_sha256=hashlib.sha256(self.payload).digest(),
        )


def leaf_hash(
    *,
    receipt: int,
    source: str,
    day: str,
    sequence: int,
    kind: str,
    received_at: int,
    topic: str,
    flags: int,
    payload_sha256: bytes,
) -> bytes:
    """Return SHA-256 over 0x00 (the leaf prefix of RFC 9162) and the unambiguous header text of a record.

    The topic stands last but one and carries its length in bytes, so that no topic can imitate another header.
    """
    topic_bytes = topic.encode()
    header = f"{receipt}\n{source}\n{day}\n{sequence}\n{kind}\n{received_at}\n{flags}\n{len(topic_bytes)}\n"
    return hashlib.sha256(b"\x00" + header.encode() + topic_bytes + payload_sha256).digest()


class Observation(NamedTuple):
    """One value read in a record.

    ``device`` is the platform's own id; ``capability`` a word of ``config/vocabulary.yaml``; ``value`` decimal
    text as sent, ``true``/``false`` or a word; ``observed_at`` the device's clock in UTC milliseconds, None if it
    said none; ``pointer`` the JSON pointer of the value in the payload; ``context`` the receipts of earlier records
    without which the value could not have been read.
    """

    device: str
    capability: str
    value: str
    observed_at: int | None
    pointer: str
    context: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Learned:
    """A name that later messages of the same source use for a device, and what is known of it."""

    name: str
    device: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """A learned name as the ledger gives it back as context; ``receipt`` is where it was learned."""

    name: str
    device: str
    attributes: Mapping[str, str]
    receipt: int


@dataclass(frozen=True, slots=True)
class Unread:
    """A record (or a part of it) nobody could read yet; kept, counted by shape and shown."""

    reason: str
    shape: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """A record that carries no reading by design: replies, questions, protocol chatter."""

    reason: str


@dataclass(frozen=True, slots=True)
class Reading:
    """All that was read in one record; at least one of the four is there."""

    observations: tuple[Observation, ...] = ()
    learned: tuple[Learned, ...] = ()
    unread: Unread | None = None
    ignored: Ignored | None = None

    def __post_init__(self) -> None:
        """Refuse an empty reading: a received record never vanishes."""
        if not (self.observations or self.learned or self.unread or self.ignored):
            raise ValueError("a reading must hold an observation, a learned name, an unread or an ignored")
