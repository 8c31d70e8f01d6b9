"""How an MQTT source stands, and what the next run remembers of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Memory:
    """What an earlier run knew of this source: filters its session held, and until when (ms UTC) it had heard.

    ``same_session`` is False where it is not known to have had this broker and client id: a session that we find there
    may have begun later. ``outlived`` says whether the broker was once seen to keep it over its own restart;
    ``broker_dropped`` how many messages it said to have dropped.
    """

    topics: tuple[str, ...]
    heard_until: int
    same_session: bool = True
    outlived: bool = False
    broker_dropped: int | None = None


@dataclass(frozen=True, slots=True)
class MqttStatus:
    """How one source stands, counted since this intake began.

    ``received`` and ``stored`` count messages, not gaps. ``stale`` acknowledgements were not sent because their
    connection was gone (the broker delivers again); ``dropped`` counts QoS 0 messages for which there was no room.
    ``session_kept`` says whether the broker still knew our session at the last connection; if it did so after nobody
    had received here, ``away_from`` and ``away_until`` (ms UTC, else 0) say how long that was: no gap, worth a note.
    ``qos_0`` counts the messages stored that their sender sent without asking for an acknowledgement.
    ``outlived``: after an outage in which nothing listened at the broker's port, the broker still knew our session.
    ``broker_dropped``: how many messages the broker says to have dropped, of all its clients; None where unknown.
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
    broker_dropped: int | None = None
