"""InfluxDB 1.8.10: built once with Go into ``.cache/parts``, started by a test on free loopback ports."""

from __future__ import annotations

import http.client
import json
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from collector.broker import free_port
from tests.parts.go import build_with_go

VERSION = "1.8.10"
START_TIMEOUT_S = 60

_CONFIG = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc_port}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:{port}"
  flux-enabled = true
  log-enabled = false
  auth-enabled = {auth}
"""


def build_influxd() -> Path:
    """Return the path of influxd, building it when the cache has none (about a minute); raise PartMissingError."""
    return build_with_go("InfluxDB", "github.com/influxdata/influxdb/cmd/influxd", VERSION)


class InfluxServer:
    """One influxd with its files below ``folder``; the same ports and files over every start."""

    def __init__(self, folder: Path, *, auth: bool = False) -> None:
        self.port = free_port()
        self._binary = build_influxd()
        self._log = folder / "influxd.log"
        self._config = folder / "influxd.toml"
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._config.write_text(
            _CONFIG.format(rpc_port=free_port(), port=self.port, folder=folder, auth=str(auth).lower())
        )

    @property
    def pid(self) -> int:
        """Return the process id of the running server."""
        assert self._process is not None, "influxd does not run"
        return self._process.pid

    @property
    def url(self) -> str:
        """Return the address clients write to."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the server and return when it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([self._binary, "-config", self._config], stdout=log, stderr=log)
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                if self._request("GET", "/ping")[0] == 204:
                    return
            except OSError:
                time.sleep(0.05)
        self.kill()
        raise RuntimeError(f"influxd did not answer on port {self.port}: {self._log.read_text()[-800:]}")

    def kill(self) -> None:
        """End the server with SIGKILL, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def ask(self, question: str, **parameters: str) -> list[dict[str, Any]]:
        """Return the series an InfluxQL question answers with ({name, columns, values}), times in epoch ms."""
        path = "/query?" + urlencode({"q": question, "epoch": "ms", **parameters})
        status, body = self._request("POST", path)
        answer = json.loads(body)
        problem = answer.get("error") or answer.get("results", [{}])[0].get("error")
        if status != 200 or problem:
            raise RuntimeError(f"{question}: {status} {problem}")
        return list(answer["results"][0].get("series", []))

    def write(self, lines: str, **parameters: str) -> None:
        """Write line protocol in milliseconds, as some other program would."""
        status, body = self._request("POST", "/write?" + urlencode({"precision": "ms", **parameters}), lines.encode())
        if status != 204:
            raise RuntimeError(f"{status} {body.decode()}")

    def _request(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()
