"""A connector at a wire broker, as an intake would have it."""

from __future__ import annotations

import json
from queue import SimpleQueue
from typing import Any

from connectors.mqtt.connector import MqttConnector
from connectors.mqtt.source import MqttSource
from connectors.mqtt.status import Memory
from connectors.mqtt.waiting import Waiting, arrivals_of
from connectors.record import Kind
from tests.fakes.patience import wait_until
from tests.fakes.wire_broker import WireBroker

NOON = 1_793_600_000_000


class Site:
    """A connector at a wire broker, a clock to set, and the queue it fills."""

    def __init__(self, broker: WireBroker, memory: Memory | None = None, **settings: Any) -> None:
        self.broker = broker
        self.at = NOON
        self.queue: SimpleQueue[Waiting | None] = SimpleQueue()
        given = {"id": "tb", "host": "127.0.0.1", "port": broker.port, "topics": ("v1/#",), "client_id": "zz"}
        self.source = MqttSource(**{**given, **settings})
        self.connector = MqttConnector(self.source, self.queue, lambda: self.at, memory)

    def open(self) -> None:
        self.connector.start()
        self.wait_subscribed()

    def wait_subscribed(self) -> None:
        wait_until(lambda: self.connector.status().subscribed, what="the subscription")

    def take(self, count: int) -> list[Waiting]:
        """Return what waits once it holds so many messages and gaps."""
        items: list[Waiting] = []
        while (missing := count - sum(len(item.messages) for item in items)) > 0:
            wait_until(self.queue.qsize, what=f"{missing} more waiting")
            item = self.queue.get()
            assert item is not None
            items.append(item)
        assert missing == 0
        return items

    def reconnect(self) -> None:
        before = self.connector.status().connections
        self.broker.hang_up()
        wait_until(lambda: self.connector.status().connections > before, what="the next connection")
        self.wait_subscribed()

    def gaps(self) -> list[dict[str, Any]]:
        found = []
        while not self.queue.empty():
            item = self.queue.get()
            if item is not None and item.kind is Kind.GAP:
                found += [json.loads(arrival.payload) for arrival in arrivals_of(item)]
        return found
