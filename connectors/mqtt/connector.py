"""One MQTT source: puts what arrives into the intake's queue, and acknowledges what the intake has stored."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue

from connectors.mqtt.client import MqttClient
from connectors.mqtt.drops import DropWatch
from connectors.mqtt.outage import BRIEF_S, Outage, gap_after
from connectors.mqtt.packets import Delivery, acknowledgements_of
from connectors.mqtt.source import MqttSource
from connectors.mqtt.status import Memory, MqttStatus
from connectors.mqtt.trouble import Blame, Trouble
from connectors.mqtt.waiting import Waiting, gap_arrival
from connectors.record import QOS_MASK, GapCause, Kind

WAITING_MAX = 20_000
"""Messages of one source that may be held in memory before they are stored."""
WAITING_MAX_BYTES = 64 * 1024 * 1024
PATIENCE_S = 2.0
"""How long a writer that stores nothing is waited for, with half of that room taken, before reading goes on."""
PRESSED_AT = 20
"""Waiting messages from which on others may be queued at the broker: the smallest window that is usual."""
CONTEST_MS = 60_000
STALL_AFTER_S = 10.0
"""Silence after a full window that is taken for a stalled broker. Mosquitto 2.0.11 can lose count of what MQTT 5
clients have acknowledged and then send nothing more, until the client connects again."""

_log = logging.getLogger(__name__)


class MqttConnector:
    """One source's connection, its counters and its gaps.

    Memory is bounded by the unacknowledged messages the broker allows, and by WAITING_MAX and WAITING_MAX_BYTES should
    it allow too many. From half of that on nothing is read while the writer gets on. When it does not, what comes is
    refused beyond the bound: QoS 1 messages stay unacknowledged with the broker until the connection is renewed by
    ``mend``; QoS 0 messages, which nobody would send again, are dropped, counted and told as a gap.
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
        self._paused_at: tuple[int, float] | None = None  # what was stored by then, and when
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
        self._outage = Outage()
        self._drops = DropWatch(memory.broker_dropped if memory else None)
        self._contest: tuple[int, int, str] | None = None
        self._contest_told = 0
        self._away = (0, 0)

    # ------------------------------------------------------ told by the client, on its network thread

    def on_connected(self, epoch: int, *, session_kept: bool) -> None:
        """Note the new connection, and the gap when the broker has not bridged the time without one."""
        at = self._now()
        heard_until = self.heard_until()
        blames = self._outage.end()
        first, memory = epoch == 1, self._memory
        if first and memory is not None and not (session_kept and memory.same_session):
            self._tell_gap(
                heard_until, at, GapCause.DOWNTIME, "nobody received here, and the broker has kept no session meanwhile"
            )
        elif not first or memory is not None:
            gap = gap_after(blames, session_kept=session_kept)
            self._tell_outage(heard_until, at, gap)
            if first and gap is None:
                self._away = (heard_until, at)
                _log.info("MQTT source %r: the broker has kept the session while nobody received here", self.source.id)
        if not first or memory is not None:
            self._drops.press(heard_until)
        # Only what began before the outage can have outlived it.
        self._outlived = session_kept and (self._outlived or (Blame.DOWN in blames and not first))
        self._session_kept = session_kept
        self._connections = epoch
        self._held_back = self._window_was_full = False
        if first or not session_kept:
            self._stored_until = max(self._stored_until, at)
        self._lost_at = None

    def on_subscribed(self) -> None:
        """Note that everything asked for is granted."""
        self._topics = self.source.topics
        self._subscribed = True
        # Who was thrown out and is back may be thrown out again at once; that is said once, not every time.
        if self.trouble is not None and self.trouble.blame is not Blame.TAKEN:
            self._be_content()

    def _be_content(self) -> None:
        _log.warning("MQTT source %r: broker %s is heard again", self.source.id, self.source.broker)
        self.trouble = None

    def on_messages(self, epoch: int, messages: Sequence[Delivery]) -> None:
        """Queue messages as they came, nothing more."""
        if self._deaf:
            return
        room = WAITING_MAX - (self._received - self._taken)
        if self._held_back or self._received_bytes - self._taken_bytes >= WAITING_MAX_BYTES:
            room = 0
        if room < len(messages):
            self._refuse(messages[room:])
            messages = messages[:room]
            if not messages:
                return
        at = self._now()
        if self._received - self._taken >= PRESSED_AT:
            self._drops.press(at)
        size = sum([len(payload) for _, _, _, payload in messages])
        self._received += len(messages)
        self._received_bytes += size
        self._last_received_at = at
        self._queue.put(Waiting(self, Kind.MESSAGE, epoch, at, messages, size))

    def has_room(self) -> bool:
        """Return whether less than half of the room is taken, or the writer has stored nothing for PATIENCE_S.

        A disk that is full must not silence the connection: the broker would take us for dead.
        """
        if (
            self._received - self._taken < WAITING_MAX // 2
            and self._received_bytes - self._taken_bytes < WAITING_MAX_BYTES // 2
        ):
            self._paused_at = None
            return True
        if self._paused_at is None or self._paused_at[0] != self._taken:
            self._paused_at = (self._taken, time.monotonic())
        return time.monotonic() - self._paused_at[1] > PATIENCE_S

    def on_dropped(self, payload: bytes) -> None:
        """Tell the gap when the broker has dropped messages that may have been ours."""
        at = self._now()
        told = self._drops.hear(payload, at)
        if told is not None:
            since, count = told
            self._tell_gap(
                since,
                at,
                GapCause.QUEUE_LIMIT,
                f"the broker dropped {count} messages of its clients while some of ours may have been waiting there",
            )

    def on_lost(self, trouble: Trouble) -> None:
        """Note that the broker cannot be heard, and say so once until it is heard again."""
        if self._lost_at is None:
            self._lost_at = self._now()
        self._subscribed = False
        trouble = self._outage.note(trouble)
        if self.trouble is None or (trouble.blame, self.trouble.blame) == (Blame.TAKEN, Blame.HUNG_UP):
            _log.warning("%s; trying again until it is heard", self.describe(trouble))
        self.trouble = trouble

    def on_doubt(self, remark: str) -> None:
        """Say what is not as it should be."""
        _log.warning("MQTT source %r, broker %s: %s", self.source.id, self.source.broker, remark)

    def _refuse(self, messages: Sequence[Delivery]) -> None:
        """Leave messages for which there is no room: with the broker where it keeps them, else counted as dropped."""
        dropped = sum(not flags & QOS_MASK for _, flags, _, _ in messages)
        if dropped < len(messages):
            # Order is kept by leaving everything that follows as well, until the connection is renewed.
            self._held_back = True
        if dropped:
            self._dropped += dropped
            if self._dropped_since is None:
                self._dropped_since = self._now()

    def _tell_outage(self, since: int, until: int, gap: tuple[GapCause, str] | None) -> None:
        """Tell the gap of an outage; of two programs that throw each other out, one gap a minute tells it."""
        if gap is None:
            return
        if gap[0] is not GapCause.TAKEN_OVER:
            self._tell_gap(since, until, *gap)
            return
        self._contest = (self._contest[0] if self._contest else since, until, gap[1])
        if until - self._contest_told >= CONTEST_MS:
            self._tell_contest()

    def _tell_contest(self) -> None:
        contest, self._contest = self._contest, None
        if contest is not None:
            since, until, detail = contest
            self._contest_told = until
            self._tell_gap(since, until, GapCause.TAKEN_OVER, detail)

    def _tell_gap(self, since: int, until: int, cause: GapCause, detail: str) -> None:
        self.count_gap()
        gap = gap_arrival(self.source.id, since, until, cause, detail)
        message = (0, 0, gap.topic, gap.payload)
        self._queue.put(Waiting(self, gap.kind, 0, until, [message], len(gap.payload)))

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
        for item in items:
            if item.kind is not Kind.MESSAGE:
                continue
            self._taken += len(item.messages)
            self._taken_bytes += item.size
            if item.epoch != epoch:
                self._acknowledge(epoch, deliveries)
                epoch, deliveries = item.epoch, []
            wanted = acknowledgements_of(item.messages)
            self._qos_0 += len(item.messages) - len(wanted)
            deliveries += wanted
        self._acknowledge(epoch, deliveries)
        self._stored_until = items[-1].received_at

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
        if waiting < PRESSED_AT and self._lost_at is None:
            self._drops.relax(self._now())
        if self._contest is not None and self._now() - self._contest_told >= CONTEST_MS:
            self._tell_contest()
        if self.trouble is not None and self._subscribed and self._outage.stood_s() > BRIEF_S:
            self._be_content()
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
        self._tell_contest()

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
            broker_dropped=self._drops.known,
        )
