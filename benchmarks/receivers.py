"""Three receivers of the same messages: the durable intake, a bare paho loop, and Telegraf with InfluxDB behind it.

Each runs as processes of its own. ``start`` returns when it is subscribed, ``wait`` when it has everything.
"""

from __future__ import annotations

import json
import sqlite3
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from pathlib import Path

from benchmarks.process import PythonProcess
from collector.intake_status import read_status
from tests.parts.flood import Flood
from tests.parts.influx import InfluxServer
from tests.parts.telegraf import Telegraf

TOPIC_FILTER = "v1/d/+"
LOCKER_POLL_S = 0.02
INFLUX_POLL_S = 0.2
PROBE_EVERY_S = 0.2
SUBSCRIBE_TIMEOUT_S = 60.0

TELEGRAF = """
[agent]
  interval = "1s"
  metric_batch_size = {batch}
  metric_buffer_limit = {buffer}
  flush_interval = "200ms"
  flush_jitter = "0s"
  omit_hostname = true
[[inputs.mqtt_consumer]]
  servers = ["tcp://127.0.0.1:{port}"]
  topics = ["{topic_filter}"]
  qos = 1
  persistent_session = true
  client_id = "telegraf"
  max_undelivered_messages = {undelivered}
  name_override = "device"
  data_format = "json"
  json_time_key = "ts"
  json_time_format = "unix_ms"
[[outputs.influxdb]]
  urls = ["{influx}"]
  database = "site"
  skip_database_creation = true
  content_encoding = "identity"
"""
BATCH = 5_000
UNDELIVERED = 20_000
"""Four batches, so that Telegraf goes on reading while it writes. Of the settings tried, 5,000 was slower and cost more
CPU; 10,000, or batches of 2,000, were no faster."""


class Receiver(ABC):
    """One receiver for one round; ``parts`` maps the names of its processes to their ids while it runs."""

    def __init__(self) -> None:
        self.parts: Mapping[str, int] = {}
        self._running = ExitStack()

    @abstractmethod
    def start(self, flood: Flood) -> None:
        """Start, and return once what ``flood`` publishes arrives."""

    @abstractmethod
    def wait(self, count: int, timeout_s: float) -> float:
        """Return the moment (``time.perf_counter``) at which ``count`` messages were there; raise TimeoutError."""

    def stop(self) -> None:
        """End every process."""
        self._running.close()

    def connections(self) -> int:
        """Return how often it had to connect; to be asked after ``stop``. Only the intake keeps count."""
        return 1


class Module(Receiver):
    """A receiver that is one module of ours, and says a line when it is subscribed."""

    def __init__(self, part: str, subscribed: str, *command: str) -> None:
        super().__init__()
        self._part = part
        self._subscribed = subscribed
        self._command = command

    def start(self, flood: Flood) -> None:
        """Start, and return when it says that it is subscribed."""
        self._process = PythonProcess(*self._command)
        self._running.callback(self._process.stop)
        self._process.hear(self._subscribed, SUBSCRIBE_TIMEOUT_S)
        self.parts = {self._part: self._process.pid}


class DurableIntake(Module):
    """The product's own process. It has a message when the locker has committed and synced it."""

    def __init__(self, folder: Path, port: int, protocol: str) -> None:
        folder.mkdir()
        sources, data = folder / "sources.json", folder / "data"
        source = {"id": "bench", "host": "127.0.0.1", "port": port, "protocol": protocol}
        sources.write_text(json.dumps([{**source, "topics": [TOPIC_FILTER], "client_id": "intake"}]))
        super().__init__("intake", "intake ready", "collector.intake", str(sources), str(data))
        self._data = data
        self._locker = data / "locker"

    def wait(self, count: int, timeout_s: float) -> float:
        """Return when every message is committed."""
        return poll(
            lambda: self._committed() >= count and self._distinct() == count,
            LOCKER_POLL_S,
            timeout_s,
            lambda: f"the locker holds {self._distinct():,} of {count:,} messages",
        )

    def connections(self) -> int:
        """Return how often it connected, as it says in its status file."""
        status = read_status(self._data)
        return status.sources[0].connections if status else 0

    def _committed(self) -> int:
        """Return the newest receipt; each message takes one."""
        return self._ask("SELECT last_receipt FROM head")

    def _distinct(self) -> int:
        """Return how many different messages there are: with QoS 1 some may have come twice."""
        return self._ask("SELECT count(DISTINCT topic || payload) FROM records WHERE kind = 'message'")

    def _ask(self, question: str) -> int:
        files = sorted(self._locker.glob("*.sqlite"))
        if not files:
            return 0
        with closing(sqlite3.connect(f"file:{files[-1]}?mode=ro", uri=True)) as connection:
            try:
                found = connection.execute(question).fetchone()
            except sqlite3.OperationalError:  # the file is being begun
                return 0
        return int(found[0]) if found else 0


class BarePaho(Module):
    """paho alone: see ``benchmarks.bare_paho``. It has a message when the handler has been called."""

    def __init__(self, _folder: Path, port: int, protocol: str, count: int) -> None:
        super().__init__("paho", "subscribed", "benchmarks.bare_paho", str(port), protocol, str(count), TOPIC_FILTER)

    def wait(self, count: int, timeout_s: float) -> float:
        """Return when it says that it has counted them all."""
        return self._process.hear("counted", timeout_s)


class TelegrafInflux(Receiver):
    """Telegraf into InfluxDB. It has a message when InfluxDB shows its row; it acknowledges after the write."""

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__()
        self._influx = InfluxServer(folder / "influx")
        config = TELEGRAF.format(
            port=port,
            topic_filter=TOPIC_FILTER,
            influx=self._influx.url,
            batch=BATCH,
            undelivered=UNDELIVERED,
            buffer=10 * BATCH,
        )
        self._telegraf = Telegraf(folder / "telegraf", config)

    def start(self, flood: Flood) -> None:
        """Start both, and return when a probe has become a row: nothing else says that Telegraf is subscribed."""
        self._running.callback(self._influx.kill)
        self._influx.start()
        self._influx.ask("CREATE DATABASE site")
        self._running.callback(self._telegraf.stop)
        self._telegraf.start()
        self.parts = {"telegraf": self._telegraf.pid, "influxd": self._influx.pid}
        until = time.monotonic() + SUBSCRIBE_TIMEOUT_S
        while not self._rows():
            if time.monotonic() > until:
                raise TimeoutError(f"telegraf (process {self._telegraf.pid}) showed no row in {SUBSCRIBE_TIMEOUT_S} s")
            flood.send([(b"v1/d/probe", b'{"ts":1,"battery":1}')])  # always the same row
            time.sleep(PROBE_EVERY_S)

    def wait(self, count: int, timeout_s: float) -> float:
        """Return when every row is visible."""
        return poll(
            lambda: self._written() >= count and self._rows() == count + 1,
            INFLUX_POLL_S,
            timeout_s,
            lambda: f"InfluxDB shows {self._rows() - 1:,} of {count:,} rows",
        )

    def _written(self) -> int:
        """Return how many points were written. Counting rows reads them all, so it waits until this is enough."""
        series = self._influx.ask("SHOW STATS FOR 'write'")
        columns, values = series[0]["columns"], series[0]["values"][0]
        return int(dict(zip(columns, values, strict=True))["pointReq"])

    def _rows(self) -> int:
        """Return how many rows are visible, the probe's included."""
        series = self._influx.ask("SELECT count(battery) FROM device", db="site")
        return int(series[0]["values"][0][1]) if series else 0


def poll(done: Callable[[], bool], every_s: float, timeout_s: float, so_far: Callable[[], str]) -> float:
    """Return the moment at which the look that found all began; raise TimeoutError with how far it came."""
    until = time.perf_counter() + timeout_s
    while (looked := time.perf_counter()) < until:
        if done():
            return looked
        time.sleep(every_s)
    raise TimeoutError(f"after {timeout_s:.0f} s {so_far()}")
