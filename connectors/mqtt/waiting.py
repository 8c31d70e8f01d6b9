"""What has arrived and waits to be stored, and what the locker is to store of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from connectors.mqtt.packets import Delivery
from connectors.mqtt.source import MqttSource
from connectors.record import Arrival, GapCause, Kind


class Owner(Protocol):
    """Who has received what waits, and acknowledges it once it is stored."""

    source: MqttSource

    def settle(self, items: Sequence[Waiting]) -> None:
        """Acknowledge what is stored, in order."""


class Waiting(NamedTuple):
    """What came at one moment and waits to be stored, in order.

    ``size`` are the bytes of all payloads, ``received_at`` is ms UTC. A gap waits as a single message: its cause is the
    topic, and it needs no acknowledgement.
    """

    owner: Owner
    kind: Kind
    epoch: int
    received_at: int
    messages: Sequence[Delivery]
    size: int


def gap_arrival(source: str, since: int, until: int, cause: GapCause, detail: str) -> Arrival:
    """Return a gap of a source from ``since`` to ``until`` (ms UTC) as the locker is to store it."""
    # A clock that was set back must not turn a gap round.
    body = {"from": min(since, until), "to": until, "cause": cause, "detail": detail}
    payload = json.dumps(body, sort_keys=True, ensure_ascii=False).encode()
    return Arrival(source, Kind.GAP, until, cause.value, payload)


def arrivals_of(item: Waiting) -> list[Arrival]:
    """Return what the locker is to store of what waits. Sources with personal fields will have them cut here."""
    source, kind, received_at = item.owner.source.id, item.kind, item.received_at
    return [Arrival(source, kind, received_at, topic, payload, flags) for _, flags, topic, payload in item.messages]
