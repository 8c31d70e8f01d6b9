"""The bare loop: paho receives at QoS 1, acknowledges by itself at once, and the handler only counts.

``python -m benchmarks.bare_paho PORT PROTOCOL COUNT FILTER`` prints "subscribed", then "counted" after so many
messages, and goes on until it is ended.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion


def receive(port: int, protocol: str, count: int, topic_filter: str) -> None:
    """Receive for ever; nothing is printed but the two moments that matter."""
    left = count

    def on_connect(client: paho.Client, *_: Any) -> None:
        client.subscribe(topic_filter, 1)

    def on_message(_client: paho.Client, _userdata: Any, _message: paho.MQTTMessage) -> None:
        nonlocal left
        left -= 1
        if not left:
            _say("counted")

    version = paho.MQTTv5 if protocol == "5" else paho.MQTTv311
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="bare", protocol=version)
    client.on_connect = on_connect
    client.on_subscribe = lambda *_: _say("subscribed")
    client.on_message = on_message
    client.connect("127.0.0.1", port)
    client.loop_forever()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> None:
    """Receive as told on the command line."""
    port, protocol, count, topic_filter = arguments
    receive(int(port), protocol, int(count), topic_filter)


if __name__ == "__main__":
    main(sys.argv[1:])
