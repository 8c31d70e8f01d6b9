"""What has arrived and waits to be stored, and what the locker is to store of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Protocol, TypeAlias

from connectors.mqtt.packets import Delivery
from connectors.mqtt.source import MqttSource
from connectors.record import Arrival, GapCause, Kind


class Owner(Protocol):
    """Who has received what waits, and acknowledges it once it is stored."""

    source: MqttSource

    def settle(self, items: Sequence[Waiting]) -> None:
        """Acknowledge what is stored, in order."""


Waiting: TypeAlias = tuple[Owner, Kind, int, int, Sequence[Delivery]]
"""What waits to be stored: its owner, kind, epoch, received_at (ms UTC), and what came at that moment, in order.

A gap waits as a single delivery: its cause is the topic, and it needs no acknowledgement.
"""


def gap_arrival(source: str, since: int, until: int, cause: GapCause, detail: str) -> Arrival:
    """Return a gap of a source from ``since`` to ``until`` (ms UTC) as the locker is to store it."""
    # A clock that was set back must not turn a gap round.
    body = {"from": min(since, until), "to": until, "cause": cause, "detail": detail}
    payload = json.dumps(body, sort_keys=True, ensure_ascii=False).encode()
    return Arrival(source, Kind.GAP, until, cause.value, payload)


def size_of(messages: Sequence[Delivery]) -> int:
    """Return how many bytes of payload the messages hold."""
    return sum([len(payload) for _, _, _, payload in messages])


def arrivals_of(item: Waiting) -> list[Arrival]:
    """Return what the locker is to store of what waits. Sources with personal fields will have them cut here."""
    owner, kind, _, received_at, messages = item
    source = owner.source.id
    return [Arrival(source, kind, received_at, topic, payload, flags) for _, flags, topic, payload in messages]
