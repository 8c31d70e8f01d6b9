"""The doctor's connection: made as the intake makes its own, but it speaks as well."""

from __future__ import annotations

from typing import Any

from connectors.mqtt.client import MqttClient
from connectors.mqtt.listener import Listener
from connectors.mqtt.source import MqttSource


class MqttProbe(MqttClient):
    """A connection of the doctor: it also publishes, at QoS 1, and shows the certificate it met."""

    def __init__(self, source: MqttSource, listener: Listener, *, lasting: bool) -> None:
        self.answered = 0
        self.refused = ""  # the reason, in the words of MQTT 5, why the broker last refused a message
        super().__init__(source, listener, lasting=lasting)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Send one message; ``answered`` rises by one when the broker has taken or refused it."""
        self._paho.publish(topic, payload, 1, retain)

    def certificate(self) -> bytes:
        """Return the certificate (DER) that the broker showed last, b"" without TLS."""
        return self._tls.met if self._tls is not None else b""

    def _build(self) -> Any:
        client = super()._build()
        client.on_publish = self._on_answer
        return client

    def _on_answer(self, _client: Any, _userdata: Any, _mid: int, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self.refused = reason.getName()
        self.answered += 1
