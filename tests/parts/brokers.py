"""The two real brokers of the tests: the packaged one and Mosquitto, with the protocol each is spoken to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector.broker import EmbeddedBroker
from connectors.mqtt.source import MqttSource
from tests.parts.mosquitto import Mosquitto

KINDS = ("packaged", "mosquitto")
REDELIVERY_TIMEOUT_S = 20.0
"""The packaged broker sends again what was not acknowledged only after its ack_wait of 2 s."""


@dataclass(frozen=True, slots=True)
class RealBroker:
    server: EmbeddedBroker | Mosquitto
    protocol: str

    @property
    def port(self) -> int:
        return self.server.port

    def source(self, **settings: Any) -> MqttSource:
        given = {"id": "tb", "host": "127.0.0.1", "topics": ("v1/#",), "client_id": "zz", "protocol": self.protocol}
        return MqttSource(**{**given, "port": self.port, **settings})


@contextmanager
def real_broker(kind: str, folder: Path) -> Iterator[RealBroker]:
    """Yield a running broker of this kind; skips the test, with the mend, when Mosquitto is missing."""
    server = EmbeddedBroker(folder) if kind == "packaged" else Mosquitto(folder)
    with server:
        yield RealBroker(server, "3.1.1" if kind == "packaged" else "5")
