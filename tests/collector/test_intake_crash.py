"""kill -9 on the intake process, again and again, with unacknowledged messages in flight: nothing is lost.

The same schedule of kills is played to the usual loop, which acknowledges before it has stored. That one must lose,
or the schedule shows nothing.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from tests.fakes.patience import wait_until
from tests.fakes.publisher import Publisher
from tests.parts.brokers import KINDS, RealBroker, real_broker
from tests.parts.flood import Flood
from tests.parts.intake_process import ROOT, IntakeProcess, Mortal, Stock
from tests.parts.mosquitto import Mosquitto

pytestmark = pytest.mark.integration

TOPIC = "v1/a"
NAIVE = ROOT / "tests" / "fakes" / "naive_collector.py"


class Collecting(Protocol):
    """A collector that can be killed."""

    def start(self, *, until_ready: bool) -> None: ...

    def end(self, number: signal.Signals) -> int: ...


@dataclass(frozen=True, slots=True)
class Schedule:
    """So many messages, killed so many times at moments drawn from a seed."""

    messages: int
    kills: int
    seed: int
    patience_s: float
    """The longest pause between a burst and its kill: about what the collector needs for the burst."""

    def published(self) -> list[str]:
        return [f"id-{number}" for number in range(self.messages)]

    def play(self, collector: Collecting, send: Callable[[Sequence[str]], None]) -> None:
        """Publish burst by burst, killing after each but the last; the collector runs at the end."""
        dice = random.Random(self.seed)  # noqa: S311
        published = self.published()
        burst = self.messages // (self.kills + 1)
        collector.start(until_ready=True)
        for kill in range(self.kills):
            send(published[kill * burst : (kill + 1) * burst])
            time.sleep(dice.uniform(0, self.patience_s))
            assert collector.end(signal.SIGKILL) == -signal.SIGKILL
            # Some kills fall into the start itself, before or while the backlog comes in.
            collector.start(until_ready=dice.random() < 0.7)
            time.sleep(dice.uniform(0, 0.3))
        send(published[self.kills * burst :])


PACKAGED = Schedule(messages=5000, kills=12, seed=20261103, patience_s=0.15)
MOSQUITTO = Schedule(messages=60_000, kills=20, seed=76, patience_s=0.03)
CONTROL = Schedule(messages=20_000, kills=7, seed=76, patience_s=0.15)


class NaiveProcess(Mortal):
    """The usual loop as a process of its own."""

    def __init__(self, port: int, path: Path) -> None:
        self._command = [sys.executable, str(NAIVE), str(port), str(path)]
        self._path = path

    def start(self, *, until_ready: bool) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE)
        if until_ready:
            assert self._process.stdout is not None
            assert self._process.stdout.readline() == b"ready\n"

    def stored(self) -> set[bytes]:
        with closing(sqlite3.connect(self._path, timeout=30)) as database:
            return {payload for (payload,) in database.execute("SELECT payload FROM rows")}


@pytest.fixture(params=KINDS)
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RealBroker]:
    with real_broker(request.param, tmp_path / "broker") as running:
        yield running


@pytest.fixture
def process(broker: RealBroker, tmp_path: Path) -> Iterator[IntakeProcess]:
    process = IntakeProcess(tmp_path / "house", broker.source())
    yield process
    process.close()


@pytest.fixture
def stock(process: IntakeProcess) -> Iterator[Stock]:
    stock = Stock(process.data)
    yield stock
    stock.close()


def bytes_of(texts: Sequence[str]) -> set[bytes]:
    return {text.encode() for text in texts}


def judge(schedule: Schedule, process: IntakeProcess, stock: Stock) -> None:
    """End the intake once everything is stored, and hold what is stored against what was published."""
    wanted = bytes_of(schedule.published())
    wait_until(lambda: stock.look().keys() >= wanted, 45, "every message being stored")
    assert process.end(signal.SIGTERM) == 0
    assert stock.look().keys() == wanted
    assert stock.gaps == []
    assert stock.redelivered > 0, "no kill found unacknowledged messages in flight, so this run has shown nothing"


@pytest.mark.parametrize("broker", ["packaged"], indirect=True)
def test_kill_9_again_and_again_loses_nothing_at_the_packaged_broker(
    broker: RealBroker, process: IntakeProcess, stock: Stock
) -> None:
    with Publisher(broker.port) as publisher:
        PACKAGED.play(process, lambda texts: publisher.send_all(TOPIC, texts))
        publisher.settle()
        judge(PACKAGED, process, stock)


@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
def test_20_times_kill_9_in_60_000_messages_lose_nothing_at_mosquitto(
    broker: RealBroker, process: IntakeProcess, stock: Stock
) -> None:
    with Flood(broker.port) as flood:
        MOSQUITTO.play(process, lambda texts: flood.send([(TOPIC.encode(), text.encode()) for text in texts]))
        flood.settle()
        judge(MOSQUITTO, process, stock)


def test_the_same_kills_make_the_usual_loop_lose(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker, Flood(broker.port) as flood:
        naive = NaiveProcess(broker.port, tmp_path / "naive.sqlite")
        try:
            CONTROL.play(naive, lambda texts: flood.send([(TOPIC.encode(), text.encode()) for text in texts]))
            # Messages on one topic stay in order: behind the last one nothing more will come.
            flood.send([(TOPIC.encode(), b"last")])
            flood.settle()
            wait_until(lambda: b"last" in naive.stored(), 30, "the usual loop reaching the last message")
        finally:
            naive.end(signal.SIGKILL)
        lost = bytes_of(CONTROL.published()) - naive.stored()
    assert lost, "acknowledging before storing lost nothing, so these kills show nothing"


def test_sigterm_stores_acknowledges_and_leaves_nothing_to_send_again(
    broker: RealBroker, process: IntakeProcess, stock: Stock
) -> None:
    process.start(until_ready=True)
    with Publisher(broker.port) as publisher:
        publisher.send_all(TOPIC, map(str, range(1000)))
        publisher.settle()
        wait_until(lambda: stock.locker.count("tb") == 1000)
        assert process.end(signal.SIGTERM) == 0
        status = json.loads((process.data / "intake-status.json").read_text())
        assert status["ended"]
        assert status["sources"][0]["acknowledged"] == 1000
        publisher.send(TOPIC, "after")
        publisher.settle()
    process.start(until_ready=True)
    wait_until(lambda: b"after" in stock.look())
    assert process.end(signal.SIGTERM) == 0
    assert stock.locker.count("tb") == 1001


def test_a_second_process_on_the_same_data_folder_ends_with_one_line(process: IntakeProcess) -> None:
    process.start(until_ready=True)
    done = subprocess.run(
        process.command,
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
