"""The usual loop, to be killed: acknowledged on arrival, held in memory, written now and then. It must lose.

``python tests/fakes/naive_collector.py PORT FILE`` collects into the table ``rows`` of an SQLite file.
"""

from __future__ import annotations

import sqlite3
import sys
import time

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

FLUSH_ROWS = 200
FLUSH_S = 0.2


def _say_ready(*_: object) -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


def main(port: int, path: str) -> None:
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("CREATE TABLE IF NOT EXISTS rows (payload BLOB NOT NULL)")
    waiting: list[tuple[bytes]] = []
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="naive", clean_session=False)
    client.on_connect = lambda client, *_: client.subscribe("v1/#", 1)
    client.on_subscribe = _say_ready
    client.on_message = lambda _client, _userdata, message: waiting.append((bytes(message.payload),))
    client.connect("127.0.0.1", port)
    flushed_at = time.monotonic()
    while True:
        client.loop(0.05)
        if len(waiting) >= FLUSH_ROWS or (waiting and time.monotonic() - flushed_at > FLUSH_S):
            database.execute("BEGIN")
            database.executemany("INSERT INTO rows VALUES (?)", waiting)
            database.execute("COMMIT")
            waiting.clear()
            flushed_at = time.monotonic()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
