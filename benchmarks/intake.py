"""Durable intake at QoS 1, against a bare paho loop that only counts, and against Telegraf with InfluxDB behind it.

``python -m benchmarks.intake`` publishes JSON messages of four fields (71 bytes) on 5,000 topics, as fast as the broker
takes them, and tells how long each receiver needs from the first publish until it has the last message. The intake has
a message when the locker's commit is on the disk, looked up every 20 ms; the bare loop when its handler was called;
Telegraf when InfluxDB shows the row, looked up every 200 ms. Of the look that finds all, only the beginning counts.
Intake and Telegraf acknowledge after that, the bare loop before. They do not do the same work: the intake keeps bytes
and decodes nothing, Telegraf parses and InfluxDB sorts into series.

Each round begins with an empty broker, empty stores and new processes; the receivers take turns, every other round in
reverse. The least time and CPU and the greatest memory of the rounds are printed. CPU is that of the receiver from the
first publish on; publisher and broker share the same cores and are not counted. Files are written below TMPDIR: if
that is memory, syncing costs nothing.

Every receiver meets the same broker. Mosquitto keeps nothing on disk and has ``max_queued_messages 0`` and
``max_inflight_messages 0`` (no limits); the packaged broker is as the product runs it. Where the intake has to connect
again, because the broker fell silent or sent more than the intake may hold, the time that costs is counted and the line
says so.

Telegraf 1.30.3 speaks MQTT 3.1.1 only. Its settings, ``TELEGRAF`` in ``benchmarks.receivers``, are those its manual
names for losing nothing (qos 1, persistent_session, client_id), and where they decide its speed the best of those
tried.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter

import pytest
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.process import cpu_s, peak_mib
from benchmarks.receivers import BarePaho, DurableIntake, Receiver, TelegrafInflux
from collector.broker import EmbeddedBroker
from tests.parts import influx, telegraf
from tests.parts.flood import Flood
from tests.parts.go import PartMissingError
from tests.parts.mosquitto import Mosquitto, mosquitto_version

MESSAGES = 200_000
ROUNDS = 3
TOPICS = 5_000
FIRST_TS_MS = 1_793_000_000_000
INTERVAL_MS = 60_000
SLOWEST_PER_S = 500
INTAKE = "durable intake"
BARE = "a bare paho loop"
TELEGRAF = f"Telegraf {telegraf.VERSION} -> InfluxDB {influx.VERSION}"
BROKERS = ("mosquitto", "packaged")


@dataclass(frozen=True, slots=True)
class Lane:
    """One receiver at one protocol; ``build`` makes it from a folder of its own and the broker's port."""

    name: str
    protocol: str
    build: Callable[[Path, int], Receiver]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One receiver in one round: seconds, CPU seconds and peak MiB of each of its processes, how often it connected."""

    took_s: float
    cpu_s: Mapping[str, float]
    peak_mib: Mapping[str, float]
    connections: int = 1


def make_messages(count: int) -> list[tuple[bytes, bytes]]:
    """Return (topic, payload) pairs, no two of which have the same topic and time."""
    return [
        (
            b"v1/d/%d" % (number % TOPICS),
            b'{"ts":%d,"water_volume":%d.%03d,"battery":3.%03d,"rssi":-%d}'
            % (
                FIRST_TS_MS + number // TOPICS * INTERVAL_MS,
                1000 + number % 9000,
                number % 1000,
                number % 997,
                number % 97,
            ),
        )
        for number in range(count)
    ]


def list_lanes(broker: str, count: int, *, with_telegraf: bool) -> list[Lane]:
    """Return the receivers that can be measured at a broker, the packaged one of which speaks MQTT 3.1.1 only."""
    lanes: list[Lane] = []
    for protocol in ("3.1.1",) if broker == "packaged" else ("3.1.1", "5"):
        lanes += [
            Lane(INTAKE, protocol, partial(DurableIntake, protocol=protocol)),
            Lane(BARE, protocol, partial(BarePaho, protocol=protocol, count=count)),
        ]
    if with_telegraf and broker == "mosquitto":
        lanes.insert(2, Lane(TELEGRAF, "3.1.1", TelegrafInflux))
    return lanes


@contextmanager
def running_broker(kind: str, folder: Path) -> Iterator[int]:
    """Yield the port of an empty broker."""
    open_door = ("allow_anonymous true", "max_inflight_messages 0")
    broker = EmbeddedBroker(folder) if kind == "packaged" else Mosquitto(folder, *open_door, persistent=False)
    with broker:
        yield broker.port


def run_once(kind: str, lane: Lane, messages: Sequence[tuple[bytes, bytes]]) -> Outcome:
    """Return what one receiver needed for the messages; raise when it did not get them all."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="zhizheng-bench-")))
        port = stack.enter_context(running_broker(kind, folder / "broker"))
        receiver = lane.build(folder / "receiver", port)
        stack.callback(receiver.stop)
        flood = stack.enter_context(Flood(port))
        receiver.start(flood)
        publisher = stack.enter_context(ThreadPoolExecutor(1))
        before = {part: cpu_s(pid) for part, pid in receiver.parts.items()}
        began = perf_counter()
        published = publisher.submit(flood.send, messages)
        ended = receiver.wait(len(messages), 60 + len(messages) / SLOWEST_PER_S)
        cost = {part: cpu_s(pid) - before[part] for part, pid in receiver.parts.items()}
        peak = {part: peak_mib(pid) for part, pid in receiver.parts.items()}
        published.result()
        receiver.stop()
        return Outcome(ended - began, cost, peak, receiver.connections())


def measure(
    kind: str, lanes: Sequence[Lane], count: int, rounds: int, tell: Callable[[str], None] = lambda _: None
) -> dict[tuple[str, str], list[Outcome]]:
    """Return the outcome of each round for each (name, protocol); ``tell`` hears what runs next."""
    messages = make_messages(count)
    outcomes: dict[tuple[str, str], list[Outcome]] = {(lane.name, lane.protocol): [] for lane in lanes}
    for number in range(rounds):
        for lane in lanes if number % 2 == 0 else reversed(lanes):
            tell(f"{lane.name}, MQTT {lane.protocol}")
            outcomes[lane.name, lane.protocol].append(run_once(kind, lane, messages))
    return outcomes


def describe(name: str, where: str, count: int, rounds: Sequence[Outcome]) -> str:
    """Return the line about one receiver."""
    best_s = min(outcome.took_s for outcome in rounds)
    parts = list(rounds[0].cpu_s)
    cpu = {part: min(outcome.cpu_s[part] for outcome in rounds) / count * 1e6 for part in parts}
    peak = {part: max(outcome.peak_mib[part] for outcome in rounds) for part in parts}
    told = (
        f"{name} ({where}), {count:,} messages: {count / best_s:,.0f}/s;"
        f" CPU s per million {_join(cpu, '.1f')}; peak MiB {_join(peak, '.0f')}"
    )
    if all(outcome.connections == 1 for outcome in rounds):
        return told
    by_round = ", ".join(str(outcome.connections) for outcome in rounds)
    return f"{told}; HAD TO CONNECT AGAIN, connections by round {by_round}"


def _join(figures: Mapping[str, float], form: str) -> str:
    if len(figures) == 1:
        return format(next(iter(figures.values())), form)
    return " + ".join(f"{name} {value:{form}}" for name, value in figures.items())


def compare(ours: Sequence[Outcome], other: str, theirs: Sequence[Outcome]) -> str:
    """Return how many times as fast as another receiver the intake is: least times, then round by round."""
    best = min(one.took_s for one in theirs) / min(one.took_s for one in ours)
    by_round = [their.took_s / our.took_s for our, their in zip(ours, theirs, strict=True)]
    listed = ", ".join(f"{ratio:.2f}" for ratio in by_round)
    return (
        f"{best:.2f} x {other} (by round {listed}; least {min(by_round):.2f}, median {statistics.median(by_round):.2f})"
    )


def report(where: str, count: int, outcomes: Mapping[tuple[str, str], list[Outcome]]) -> list[str]:
    """Return the lines about one broker: one for each receiver, then the ratios for each protocol."""
    lines = [
        describe(name, f"MQTT {protocol}, {where}", count, rounds) for (name, protocol), rounds in outcomes.items()
    ]
    for (name, protocol), rounds in outcomes.items():
        if name != INTAKE:
            continue
        peers = [(BARE, protocol), (TELEGRAF, "3.1.1")]
        compared = [
            compare(rounds, peer if spoken == protocol else f"{peer} at MQTT {spoken}", outcomes[peer, spoken])
            for peer, spoken in peers
            if (peer, spoken) in outcomes
        ]
        if compared:
            lines.append(f"{INTAKE} (MQTT {protocol}, {where}) = {'; '.join(compared)}")
    return lines


def find_telegraf() -> bool:
    """Return whether Telegraf and InfluxDB can be had, building them if need be; says loudly why not."""
    try:
        telegraf.build_telegraf()
        influx.build_influxd()
    except PartMissingError as missing:
        _warn(f"NOT MEASURED against Telegraf: {missing}")
        return False
    return True


def name_broker(kind: str) -> str | None:
    """Return a broker's name with its version; None when it is not to be had, which is said loudly."""
    if kind == "packaged":
        return "packaged broker"
    try:
        return f"Mosquitto {mosquitto_version()}"
    except pytest.skip.Exception as missing:
        _warn(str(missing).replace("NOT TESTED", "NOT MEASURED"))
        return None


def _warn(line: str) -> None:
    sys.stderr.write(f"intake: {line}\n")


def main() -> None:
    """Measure at each broker and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.intake", description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=MESSAGES, help="how many messages each receiver gets a round")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often each receiver has its turn")
    parser.add_argument("--brokers", nargs="+", choices=BROKERS, default=BROKERS, help="which brokers stand between")
    given = parser.parse_args()
    brokers = {kind: name for kind in given.brokers if (name := name_broker(kind))}
    lanes = {
        kind: list_lanes(kind, given.messages, with_telegraf=kind == "mosquitto" and find_telegraf())
        for kind in brokers
    }
    load = ", ".join(f"{load:.2f}" for load in os.getloadavg())
    sys.stdout.write(f"intake: {os.cpu_count()} cores, load before (1, 5, 15 minutes) {load}\n")
    for kind, where in brokers.items():
        with _progress(len(lanes[kind]) * given.rounds) as tell:
            outcomes = measure(kind, lanes[kind], given.messages, given.rounds, tell)
        sys.stdout.write("".join(f"{line}\n" for line in report(where, given.messages, outcomes)))
        sys.stdout.flush()


@contextmanager
def _progress(total: int) -> Iterator[Callable[[str], None]]:
    """Show on standard error, where it is a terminal, what runs and how much is done; yield what is to be told it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        finished = itertools.count()
        yield lambda what: bar.update(task, description=what, completed=next(finished))


if __name__ == "__main__":
    main()
