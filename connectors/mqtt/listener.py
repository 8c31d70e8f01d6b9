"""Who is told what happens on a connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from connectors.mqtt.packets import Delivery
from connectors.mqtt.trouble import Trouble


class Listener(Protocol):
    """Hears of a connection. Every method is called on the network thread and may not block."""

    def on_connected(self, epoch: int, *, session_kept: bool) -> None:
        """Hear that the broker took us in; ``session_kept`` False: nothing it had queued for us exists any more."""

    def on_subscribed(self) -> None:
        """Hear that every topic filter is granted, and filters no longer wanted are gone."""

    def on_messages(self, epoch: int, messages: Sequence[Delivery]) -> None:
        """Take messages as they came, in order; from QoS 1 on each waits for ``MqttClient.acknowledge``.

        Their flags are the low bits of the fixed header: retain 1, QoS 2 and 4, DUP 8.
        """

    def on_dropped(self, payload: bytes) -> None:
        """Hear, as the broker says it, how many messages it has dropped; only where a source has a topic for it."""

    def has_room(self) -> bool:
        """Return whether to go on reading; while not, what comes waits in the connection and with the broker."""

    def on_lost(self, trouble: Trouble) -> None:
        """Hear that the connection is gone, was refused, or could not be made; the client goes on trying."""

    def on_doubt(self, remark: str) -> None:
        """Hear that something is not as it should be, yet the connection stands."""
