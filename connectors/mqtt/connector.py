"""One MQTT source: puts what arrives into the intake's queue, and acknowledges what the intake has stored."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TypeAlias

from connectors.mqtt.client import MqttClient
from connectors.mqtt.source import MqttSource, MqttSourceError
from connectors.mqtt.trouble import Trouble
from connectors.record import QOS_MASK, Arrival, GapCause, Kind

__all__ = [
    "Memory",
    "MqttConnector",
    "MqttSource",
    "MqttSourceError",
    "MqttStatus",
    "Waiting",
    "arrival_of",
    "gap_arrival",
]

WAITING_MAX = 20_000
"""Messages of one source that may be held in memory before they are stored."""
WAITING_MAX_BYTES = 64 * 1024 * 1024
STALL_AFTER_S = 10.0
"""Silence after a full window that is taken for a stalled broker. Mosquitto 2.0.11 can lose count of what MQTT 5
clients have acknowledged and then send nothing more, until the client connects again."""

_log = logging.getLogger(__name__)

Waiting: TypeAlias = tuple["MqttConnector", Kind, int, int, int, str, bytes, int]
"""What waits to be stored: connector, kind, epoch, packet identifier, flags, topic, payload, received_at.

A plain tuple, because one is made for every message; a packet identifier of 0 needs no acknowledgement.
"""


@dataclass(frozen=True, slots=True)
class Memory:
    """What an earlier run knew of this source: filters its session held, and until when (ms UTC) it had heard.

    ``same_session`` is False where it is not known to have had this broker and client id: a session that we find there
    may have begun later. ``outlived`` says whether the broker was once seen to keep it over its own restart.
    """

    topics: tuple[str, ...]
    heard_until: int
    same_session: bool = True
    outlived: bool = False


@dataclass(frozen=True, slots=True)
class MqttStatus:
    """How one source stands, counted since this intake began.

    ``received`` and ``stored`` count messages, not gaps. ``stale`` acknowledgements were not sent because their
    connection was gone (the broker delivers again); ``dropped`` counts QoS 0 messages for which there was no room.
    ``session_kept`` says whether the broker still knew our session at the last connection; if it did so after nobody
    had received here, ``away_from`` and ``away_until`` (ms UTC, else 0) say how long that was: no gap, worth a note.
    ``qos_0`` counts the messages stored that their sender sent without asking for an acknowledgement.
    ``outlived``: after an outage in which nothing listened at the broker's port, the broker still knew our session.
    ``heard_until`` (ms UTC) is up to when nothing can be missing although the session should be lost now.
    ``last_error`` is "" while all is well.
    """

    source: str
    broker: str
    client_id: str
    topics: tuple[str, ...]
    connected: bool
    subscribed: bool
    connections: int
    received: int
    stored: int
    acknowledged: int
    stale: int
    dropped: int
    gaps: int
    last_received_at: int | None
    heard_until: int
    last_error: str
    session_kept: bool = False
    away_from: int = 0
    away_until: int = 0
    qos_0: int = 0
    outlived: bool = False


class MqttConnector:
    """One source's connection, its counters and its gaps.

    Memory is bounded by the unacknowledged messages the broker allows, and by WAITING_MAX and WAITING_MAX_BYTES
    should it allow too many: then QoS 1 messages are left unacknowledged with the broker until the connection is
    renewed by ``mend``, and QoS 0 messages, which nobody would send again, are dropped, counted and told as a gap.
    """

    def __init__(
        self,
        source: MqttSource,
        queue: SimpleQueue[Waiting | None],
        now: Callable[[], int],
        memory: Memory | None = None,
    ) -> None:
        self.source = source
        self.trouble: Trouble | None = None
        self._queue = queue
        self._now = now
        self._memory = memory
        former = sorted(set(memory.topics) - set(source.topics)) if memory else []
        self._client = MqttClient(source, self, former)
        self._topics = (*source.topics, *former)
        self._deaf = False
        self._connections = 0
        self._subscribed = False
        self._held_back = False
        self._window_was_full = False
        self._seen = 0
        self._silent_since = time.monotonic()
        # Each counter has one writing thread: received the network's, taken the writer's. Their difference waits.
        self._received = self._received_bytes = 0
        self._taken = self._taken_bytes = 0
        self._acknowledged = self._stale = self._qos_0 = 0
        self._dropped = 0
        self._gaps = 0  # the one that two threads raise
        self._telling = threading.Lock()
        self._dropped_since: int | None = None
        self._dropped_told = 0
        self._last_received_at: int | None = None
        self._stored_until = 0
        self._lost_at: int | None = None
        self._session_kept = False
        self._outlived = memory is not None and memory.outlived
        self._was_down = False
        self._away = (0, 0)

    # ------------------------------------------------------ told by the client, on its network thread

    def on_connected(self, epoch: int, *, session_kept: bool) -> None:
        """Note the new connection, and the gap when the broker has forgotten what it had queued for us."""
        at = self._now()
        heard_until = self.heard_until()
        if not session_kept and epoch > 1:
            self._tell_gap(
                heard_until, at, GapCause.SESSION_LOST, "the broker had forgotten the session after a reconnect"
            )
        elif epoch == 1 and self._memory is not None and not (session_kept and self._memory.same_session):
            self._tell_gap(
                heard_until, at, GapCause.DOWNTIME, "nobody received here, and the broker has kept no session meanwhile"
            )
        elif epoch == 1 and self._memory is not None:
            self._away = (heard_until, at)
            _log.info("MQTT source %r: the broker has kept the session while nobody received here", self.source.id)
        # Only what began before the outage can have outlived it.
        self._outlived = session_kept and (self._outlived or (self._was_down and epoch > 1))
        self._was_down = False
        self._session_kept = session_kept
        self._connections = epoch
        self._held_back = self._window_was_full = False
        if epoch == 1 or not session_kept:
            self._stored_until = max(self._stored_until, at)
        self._lost_at = None

    def on_subscribed(self) -> None:
        """Note that everything asked for is granted."""
        self._topics = self.source.topics
        self._subscribed = True
        if self.trouble is not None:
            _log.warning("MQTT source %r: broker %s is heard again", self.source.id, self.source.broker)
            self.trouble = None

    def on_message(self, epoch: int, mid: int, flags: int, topic: str, payload: bytes) -> None:
        """Queue one message as it came, nothing more."""
        if self._deaf:
            return
        if (
            self._held_back
            or self._received - self._taken >= WAITING_MAX
            or self._received_bytes - self._taken_bytes >= WAITING_MAX_BYTES
        ):
            self._refuse(flags)
            return
        at = self._now()
        self._received += 1
        self._received_bytes += len(payload)
        self._last_received_at = at
        self._queue.put((self, Kind.MESSAGE, epoch, mid, flags, topic, payload, at))

    def on_lost(self, trouble: Trouble) -> None:
        """Note that the broker cannot be heard, and say so once until it is heard again."""
        if self._lost_at is None:
            self._lost_at = self._now()
        self._subscribed = False
        self._was_down = self._was_down or trouble.down
        if self.trouble is None:
            _log.warning("%s; trying again until it is heard", self.describe(trouble))
        self.trouble = trouble

    def on_doubt(self, remark: str) -> None:
        """Say what is not as it should be."""
        _log.warning("MQTT source %r, broker %s: %s", self.source.id, self.source.broker, remark)

    def _refuse(self, flags: int) -> None:
        """Leave a message for which there is no room: with the broker where it keeps it, else counted as dropped."""
        if flags & QOS_MASK:
            # Order is kept by leaving everything that follows as well, until the connection is renewed.
            self._held_back = True
            return
        self._dropped += 1
        if self._dropped_since is None:
            self._dropped_since = self._now()

    def _tell_gap(self, since: int, until: int, cause: GapCause, detail: str) -> None:
        self.count_gap()
        gap = gap_arrival(self.source.id, since, until, cause, detail)
        self._queue.put((self, gap.kind, 0, 0, 0, gap.topic, gap.payload, until))

    # ------------------------------------------------------ told by the intake

    def start(self) -> None:
        """Begin to connect; never fails because of the broker."""
        self._client.start()

    def settle(self, items: Sequence[Waiting]) -> None:
        """Acknowledge what is stored, in order, each on the connection that brought it."""
        if self._received - self._taken >= self.source.receive_maximum // 2:
            self._window_was_full = True
        epoch = 0
        deliveries: list[tuple[int, int]] = []
        for _, kind, item_epoch, mid, flags, _, payload, _ in items:
            if kind is not Kind.MESSAGE:
                continue
            self._taken += 1
            self._taken_bytes += len(payload)
            if not mid:
                self._qos_0 += 1
                continue
            if item_epoch != epoch:
                self._acknowledge(epoch, deliveries)
                epoch, deliveries = item_epoch, []
            deliveries.append((mid, (flags & QOS_MASK) >> 1))
        self._acknowledge(epoch, deliveries)
        self._stored_until = items[-1][7]

    def _acknowledge(self, epoch: int, deliveries: list[tuple[int, int]]) -> None:
        if deliveries:
            sent = self._client.acknowledge(epoch, deliveries)
            self._acknowledged += sent
            self._stale += len(deliveries) - sent

    def mend(self) -> None:
        """Renew a connection whose thread has died, that stalled, or that was held back and has room again.

        Also tells of dropped messages once there is room.
        Blocks up to some seconds when a connection is renewed. Called about once a second, by one thread.
        """
        if self._deaf:
            return
        waiting = self._received - self._taken
        if self._client.dead():
            self.on_lost(Trouble("the network thread ended", "nothing to do, it is begun again"))
            self._client.renew()
        elif self._client.live_epoch and not waiting and (self._held_back or self._stalled()):
            # Only a living connection: one that is being made would else be dropped again and again, for ever.
            self._client.renew()
        if self._dropped_since is not None and waiting < WAITING_MAX // 2:
            count = self._dropped - self._dropped_told
            since, self._dropped_since, self._dropped_told = self._dropped_since, None, self._dropped
            self._tell_gap(
                since, self._now(), GapCause.NO_ROOM, f"{count} QoS 0 messages were dropped for want of room"
            )

    def _stalled(self) -> bool:
        """Return whether a full MQTT 5 window was followed by a silence that needs an explanation."""
        if self._seen != self._received:
            self._seen, self._silent_since = self._received, time.monotonic()
        silent_s = time.monotonic() - self._silent_since
        return self.source.protocol == "5" and self._window_was_full and silent_s > STALL_AFTER_S

    def count_gap(self) -> None:
        """Count one more gap of this source; a gap of the intake's own is stored by the intake."""
        with self._telling:
            self._gaps += 1

    def stop_receiving(self) -> None:
        """Take in nothing more; what arrives from now on stays unacknowledged with the broker."""
        self._deaf = True

    def disconnect(self, flush_timeout_s: float) -> None:
        """Let the acknowledgements leave, then disconnect; session and subscriptions stay with the broker."""
        if not self._client.flush(flush_timeout_s):
            self.on_doubt("not every acknowledgement could be sent before the end; the broker will deliver again")
        self._client.stop()
        self._subscribed = False

    # ------------------------------------------------------ asked by anybody

    def describe(self, trouble: Trouble) -> str:
        """Return the trouble as one line that names source, broker, reason and mend."""
        return (
            f"MQTT source {self.source.id!r}: broker {self.source.broker} cannot be heard: "
            f"{trouble.reason}; {trouble.mend}"
        )

    def heard_until(self) -> int:
        """Return up to when (ms UTC) nothing can be missing, should the broker forget the session now.

        With messages still waiting that is the last one stored: behind them others may be queued at the broker.
        Without any, a dead connection may have gone unnoticed for two keep-alives. 0 before the first connection.
        """
        if not self._connections:
            return self._memory.heard_until if self._memory else 0
        if self._received > self._taken:
            return self._stored_until
        last_sign = self._lost_at if self._lost_at is not None else self._now()
        return max(self._stored_until, last_sign - 2000 * self.source.keepalive_s)

    def status(self) -> MqttStatus:
        """Return how the source stands now."""
        return MqttStatus(
            source=self.source.id,
            broker=self.source.broker,
            client_id=self.source.client_id,
            topics=self._topics,
            connected=self._client.live_epoch > 0,
            subscribed=self._subscribed,
            connections=self._connections,
            received=self._received,
            stored=self._taken,
            acknowledged=self._acknowledged,
            stale=self._stale,
            dropped=self._dropped,
            gaps=self._gaps,
            last_received_at=self._last_received_at,
            heard_until=self.heard_until(),
            last_error=self.describe(self.trouble) if self.trouble else "",
            session_kept=self._session_kept,
            away_from=self._away[0],
            away_until=self._away[1],
            qos_0=self._qos_0,
            outlived=self._outlived,
        )


def gap_arrival(source: str, since: int, until: int, cause: GapCause, detail: str) -> Arrival:
    """Return a gap of a source from ``since`` to ``until`` (ms UTC) as the locker is to store it."""
    # A clock that was set back must not turn a gap round.
    body = {"from": min(since, until), "to": until, "cause": cause, "detail": detail}
    payload = json.dumps(body, sort_keys=True, ensure_ascii=False).encode()
    return Arrival(source, Kind.GAP, until, cause.value, payload)


def arrival_of(item: Waiting) -> Arrival:
    """Return what the locker is to store of a waiting item."""
    connector, kind, _, _, flags, topic, payload, received_at = item
    return Arrival(connector.source.id, kind, received_at, topic, payload, flags)
