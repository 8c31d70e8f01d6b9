"""kill -9 on the intake process, again and again, with unacknowledged messages in flight: nothing is lost."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from collector.clock import system_clock
from connectors.record import DUP_FLAG, Kind
from evidence.locker import Locker
from tests.fakes.patience import wait_until
from tests.fakes.publisher import Publisher
from tests.parts.brokers import KINDS, RealBroker, real_broker

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
KILLS = 12
MESSAGES = 5000
SEED = {"packaged": 20261103, "mosquitto": 76}


class IntakeProcess:
    """``python -m collector.intake``, started and killed as often as a test likes."""

    def __init__(self, folder: Path, broker: RealBroker) -> None:
        folder.mkdir(parents=True)
        self.data = folder / "data"
        self._sources = folder / "sources.json"
        self._sources.write_text(json.dumps([asdict(broker.source())]))
        self._errors = (folder / "errors.txt").open("wb")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, until_ready: bool) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "collector.intake", str(self._sources), str(self.data)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        if until_ready:
            assert self._process.stdout is not None
            assert self._process.stdout.readline().startswith(b"intake ready"), "the intake did not become ready"

    def end(self, number: signal.Signals) -> int:
        """Send a signal and return the exit code; 0 when no process runs."""
        if self._process is None:
            return 0
        self._process.send_signal(number)
        code = self._process.wait(20)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None
        return code

    def close(self) -> None:
        self.end(signal.SIGKILL)
        self._errors.close()


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def broker(kind: str, tmp_path: Path) -> Iterator[RealBroker]:
    with real_broker(kind, tmp_path / "broker") as running:
        yield running


@pytest.fixture
def process(broker: RealBroker, tmp_path: Path) -> Iterator[IntakeProcess]:
    process = IntakeProcess(tmp_path / "house", broker)
    yield process
    process.close()


@pytest.fixture
def locker(process: IntakeProcess) -> Iterator[Locker]:
    locker = Locker(process.data / "locker", ZoneInfo("Asia/Shanghai"), system_clock)
    yield locker
    locker.close()


def test_kill_9_again_and_again_loses_nothing(
    kind: str, broker: RealBroker, process: IntakeProcess, locker: Locker
) -> None:
    dice = random.Random(SEED[kind])  # noqa: S311
    published = [f"id-{number}" for number in range(MESSAGES)]
    burst = MESSAGES // (KILLS + 1)
    process.start(until_ready=True)
    with Publisher(broker.port) as publisher:
        for kill in range(KILLS):
            publisher.send_all("v1/a", published[kill * burst : (kill + 1) * burst])
            time.sleep(dice.uniform(0, 0.15))
            assert process.end(signal.SIGKILL) == -signal.SIGKILL
            # Some kills fall into the start itself, before or while the backlog comes in.
            process.start(until_ready=dice.random() < 0.7)
            time.sleep(dice.uniform(0, 0.3))
        publisher.send_all("v1/a", published[KILLS * burst :])
        publisher.settle()
    wanted = {text.encode() for text in published}
    wait_until(lambda: locker.count("tb") >= MESSAGES and stored(locker) >= wanted, 45, "every message being stored")
    assert process.end(signal.SIGTERM) == 0
    assert stored(locker) == wanted
    records = locker.read(0, 10 * MESSAGES)
    assert not [record for record in records if record.kind is Kind.GAP]
    again = sum(bool(record.flags & DUP_FLAG) for record in records)
    assert again > 0, "no kill found unacknowledged messages in flight, so this run has shown nothing"
    assert [record.receipt for record in records] == list(range(1, len(records) + 1))


def test_sigterm_stores_acknowledges_and_leaves_nothing_to_send_again(
    broker: RealBroker, process: IntakeProcess, locker: Locker
) -> None:
    process.start(until_ready=True)
    with Publisher(broker.port) as publisher:
        publisher.send_all("v1/a", map(str, range(1000)))
        publisher.settle()
        wait_until(lambda: locker.count("tb") == 1000)
        assert process.end(signal.SIGTERM) == 0
        status = json.loads((process.data / "intake-status.json").read_text())
        assert status["ended"]
        assert status["sources"][0]["acknowledged"] == 1000
        publisher.send("v1/a", "after")
        publisher.settle()
    process.start(until_ready=True)
    wait_until(lambda: b"after" in stored(locker))
    assert process.end(signal.SIGTERM) == 0
    assert locker.count("tb") == 1001


def test_a_second_process_on_the_same_data_folder_ends_with_one_line(
    broker: RealBroker, process: IntakeProcess, tmp_path: Path
) -> None:
    process.start(until_ready=True)
    done = subprocess.run(
        [sys.executable, "-m", "collector.intake", str(process._sources), str(process.data)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={**os.environ},
    )
    assert done.returncode == 1
    assert "already runs on this data folder; stop it, or use another data folder" in done.stderr
    assert done.stderr.count("\n") == 1


def stored(locker: Locker) -> set[bytes]:
    return {record.payload for record in locker.read(0, 10 * MESSAGES) if record.kind is Kind.MESSAGE}
