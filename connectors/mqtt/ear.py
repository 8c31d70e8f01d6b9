"""The doctor's side of a connection: what it heard on it, and how it speaks."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple, Self

from connectors.mqtt.packets import Delivery, acknowledgements_of
from connectors.mqtt.probe import MqttProbe
from connectors.mqtt.source import MqttSource
from connectors.mqtt.trouble import Trouble

PATIENCE_S = 12.0
"""How long a broker may take to let us in, grant a topic, or take a message."""
IN_FLIGHT = 20
"""Messages sent before the broker has answered; every broker must take as many (MQTT 5: fewer when it says so)."""
_GLANCE_S = 0.005


class Heard(NamedTuple):
    """One message as it came."""

    epoch: int
    mid: int
    flags: int
    topic: str
    payload: bytes


class Ear:
    """Remembers all it is told."""

    def __init__(self) -> None:
        self.kept: list[bool] = []  # per connection, whether the broker still had the session
        self.granted = 0
        self.trouble: Trouble | None = None
        self.denied: Trouble | None = None  # a topic was refused; the connection stands
        self.messages: list[Heard] = []

    def on_connected(self, epoch: int, *, session_kept: bool) -> None:
        """Remember whether the session was kept."""
        self.kept.append(session_kept)

    def on_subscribed(self) -> None:
        """Count it."""
        self.granted += 1

    def on_messages(self, epoch: int, messages: Sequence[Delivery]) -> None:
        """Remember the messages; nothing is acknowledged here."""
        self.messages.extend(Heard(epoch, *message) for message in messages)

    def on_dropped(self, payload: bytes) -> None:
        """Let it pass: the doctor counts by itself."""

    def has_room(self) -> bool:
        """Return True: what a doctor hears is bounded by what it sent."""
        return True

    def on_lost(self, trouble: Trouble) -> None:
        """Remember the first trouble: what follows it is its consequence."""
        if trouble.reason.startswith("the broker refuses the topics"):
            self.denied = trouble
        else:
            self.trouble = self.trouble or trouble

    def on_doubt(self, remark: str) -> None:
        """Let it pass: the doctor looks at the same thing itself."""


class Line:
    """A connection under a name of the doctor's own, otherwise made as the intake makes the source's.

    As a context manager it begins to connect, and disconnects; a lasting session stays with the broker.
    """

    def __init__(self, source: MqttSource, name: str, *topics: str, lasting: bool = False) -> None:
        self.ear = Ear()
        self.client = MqttProbe(replace(source, client_id=name, topics=topics), self.ear, lasting=lasting)

    def __enter__(self) -> Self:
        """Begin to connect."""
        self.client.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Disconnect."""
        self.client.stop()

    def wait(self, condition: Callable[[], object], timeout_s: float | None = None) -> bool:
        """Wait until the condition holds, trouble comes or time (PATIENCE_S) is up; returns whether it holds."""
        until = time.monotonic() + (PATIENCE_S if timeout_s is None else timeout_s)
        while not condition():
            if self.ear.trouble is not None or time.monotonic() > until:
                return bool(condition())
            time.sleep(_GLANCE_S)
        return True

    def let_in(self) -> bool:
        """Wait for the connection alone."""
        return self.wait(lambda: self.ear.kept)

    def listening(self) -> bool:
        """Wait until every topic is granted, or one refused."""
        return self.wait(lambda: self.ear.granted or self.ear.denied) and self.ear.denied is None

    def say(self, topic: str, payloads: Sequence[bytes], *, over_s: float = 0.0, retain: bool = False) -> str:
        """Publish in order, spread over some seconds; returns "" or the reason why not all were taken.

        Never more is under way than the broker may be sent at once.
        """
        if not self.let_in():
            return self.reason()
        room = min(IN_FLIGHT, self.client.told.get("ReceiveMaximum", IN_FLIGHT))
        self.client.refused = ""
        before = self.client.answered
        began = time.monotonic()
        for number, payload in enumerate(payloads):
            time.sleep(max(0.0, began + over_s * number / len(payloads) - time.monotonic()))
            if not self.wait(lambda sent=number: sent - (self.client.answered - before) < room):  # type: ignore[misc]
                return self.reason()
            self.client.publish(topic, payload, retain=retain)
        if not self.wait(lambda: self.client.answered - before >= len(payloads)):
            return self.reason()
        return self.client.refused

    def take(self, quiet_s: float, enough: int = sys.maxsize, *, acknowledge: bool = False) -> set[bytes]:
        """Return the different payloads heard since this line began, once ``enough`` or ``quiet_s`` without a new one.

        With ``acknowledge`` all of them are acknowledged, what was heard before as well.
        """
        found: set[bytes] = set()
        seen = 0
        last = time.monotonic()
        while len(found) < enough and time.monotonic() - last < quiet_s:
            fresh = self.ear.messages[seen:]
            if fresh:
                seen += len(fresh)
                if not {one.payload for one in fresh} <= found:
                    found.update(one.payload for one in fresh)
                    last = time.monotonic()
                if acknowledge:
                    self._acknowledge(fresh)
            time.sleep(_GLANCE_S)
        return found

    def _acknowledge(self, messages: Sequence[Heard]) -> None:
        for epoch in sorted({one.epoch for one in messages}):
            self.client.acknowledge(epoch, acknowledgements_of(one[1:] for one in messages if one.epoch == epoch))

    def trouble(self) -> Trouble:
        """Return why the broker did not do what was asked."""
        return self.ear.trouble or self.ear.denied or Trouble(f"no answer within {PATIENCE_S:g} s", "ask its log")

    def reason(self) -> str:
        """Return the same in words, without the mend."""
        return self.trouble().reason
