"""A device side that goes on until the broker has acknowledged every one of its messages."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.fakes.patience import wait_until


class Publisher:
    """Publishes at QoS 1 unless told otherwise; as a context manager it connects and disconnects."""

    def __init__(self, port: int) -> None:
        self._acknowledged = 0
        self._sent = 0
        self._connected = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"publisher-{id(self)}")
        self._client.max_inflight_messages_set(200)
        self._client.on_connect = lambda *_: self._connected.set()
        self._client.on_publish = self._count
        self._client.connect("127.0.0.1", port)

    def __enter__(self) -> Self:
        self._client.loop_start()
        assert self._connected.wait(10), "the publisher was not let in"
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def send(self, topic: str, payload: str | bytes, *, qos: int = 1, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos, retain)
        self._sent += 1

    def send_all(self, topic: str, payloads: Iterable[str]) -> None:
        for payload in payloads:
            self.send(topic, payload)

    def settle(self, timeout_s: float = 30) -> None:
        """Wait until the broker has taken everything over."""
        wait_until(lambda: self._acknowledged == self._sent, timeout_s, f"the broker taking {self._sent} messages")

    def _count(self, *_: object) -> None:
        self._acknowledged += 1
