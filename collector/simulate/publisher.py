"""The platforms' own connections to the broker: one per source, QoS 1, done when every message is acknowledged."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from collector.simulate.devices import SOURCES
from collector.simulate.dialects import Message

_INFLIGHT = 500
_CONNECT_S = 10.0
_ACKNOWLEDGE_S = 120.0


class BrokerError(ConnectionError):
    """The broker cannot be reached or does not acknowledge; the message names it and the mend."""


class Publisher:
    """Publishes the community's messages; ``published`` counts the acknowledged ones per source."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._changed = threading.Condition()
        self._acknowledged = dict.fromkeys(SOURCES, 0)
        self._sent = dict.fromkeys(SOURCES, 0)
        self._clients = {source: self._make_client(source) for source in SOURCES}

    @property
    def published(self) -> dict[str, int]:
        """Return source -> messages the broker has acknowledged so far."""
        with self._changed:
            return dict(self._acknowledged)

    def connect(self) -> None:
        """Connect every source; raise BrokerError if the broker does not take a connection in time."""
        for client in self._clients.values():
            try:
                client.connect(self._host, self._port, keepalive=60)
            except OSError as error:
                raise BrokerError(f"no MQTT broker at {self._host}:{self._port} ({error}): start it first") from error
            client.loop_start()
        deadline = time.monotonic() + _CONNECT_S
        while not all(client.is_connected() for client in self._clients.values()):
            if time.monotonic() > deadline:
                raise BrokerError(f"the broker at {self._host}:{self._port} takes no connection: see its log")
            time.sleep(0.01)

    def publish(self, messages: Iterable[Message]) -> None:
        """Publish the messages in order and wait for every PUBACK; raise BrokerError if they stay away."""
        for message in messages:
            info = self._clients[message.source].publish(message.topic, message.payload, qos=1, retain=message.retain)
            if info.rc not in {MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN}:
                raise BrokerError(f"{message.topic} could not be published: {mqtt.error_string(info.rc)}")
            self._sent[message.source] += 1
        with self._changed:
            done = self._changed.wait_for(lambda: self._acknowledged == self._sent, _ACKNOWLEDGE_S)
        if not done:
            missing = sum(self._sent.values()) - sum(self.published.values())
            raise BrokerError(f"{missing} messages not acknowledged by {self._host}:{self._port}: see its log")

    def close(self) -> None:
        """Disconnect every source."""
        for client in self._clients.values():
            client.disconnect()
            client.loop_stop()

    def _make_client(self, source: str) -> mqtt.Client:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"simulate-{source}")
        client.max_inflight_messages_set(_INFLIGHT)

        def count(*_: Any) -> None:
            with self._changed:
                self._acknowledged[source] += 1
                self._changed.notify_all()

        client.on_publish = count
        return client
