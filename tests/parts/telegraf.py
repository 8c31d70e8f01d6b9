"""Telegraf 1.30.3: built once with Go, from the plugins it needs here, and started with its files below a folder."""

from __future__ import annotations

import subprocess
from pathlib import Path

from collector.broker import end_process
from tests.parts.go import build_with_go

VERSION = "1.30.3"
PLUGINS = "custom,inputs.mqtt_consumer,outputs.influxdb,parsers.json,serializers.influx"
STOP_TIMEOUT_S = 15


def build_telegraf() -> Path:
    """Return the path of telegraf, building it when the cache has none (half a minute); raise PartMissingError."""
    return build_with_go("Telegraf", "github.com/influxdata/telegraf/cmd/telegraf", VERSION, tags=PLUGINS)


class Telegraf:
    """One telegraf with this configuration (TOML)."""

    def __init__(self, folder: Path, config: str) -> None:
        self._binary = build_telegraf()
        self._log = folder / "telegraf.log"
        self._config = folder / "telegraf.toml"
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._config.write_text(config)

    @property
    def pid(self) -> int:
        """Return the process id; raises RuntimeError with its last words when it does not run."""
        if self._process is None or self._process.poll() is not None:
            raise RuntimeError(f"telegraf does not run: {self._log.read_text()[-800:]}")
        return self._process.pid

    def start(self) -> None:
        """Start it; whether it is subscribed only shows when a message has come through."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([self._binary, "--config", self._config], stdout=log, stderr=log)

    def stop(self) -> None:
        """End it in good order, or at once when that takes too long."""
        if self._process is None:
            return
        end_process(self._process, STOP_TIMEOUT_S)
        self._process = None
