"""The intake: stores what every MQTT source delivers, and acknowledges it only then.

One thread writes for all sources. It takes whatever has arrived while the last commit ran, there is no flush timer:
under load the batches grow by themselves, at rest every message is committed at once. The intake decodes nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import tenacity
from tenacity.nap import sleep_using_event

from collector.clock import system_clock
from collector.intake_sources import read_sources, refuse_clashes
from collector.intake_status import IntakeStatus, read_status, recall, write_status
from connectors.base import Keeper, KeepingError, SourceUnreachableError
from connectors.mqtt.connector import MqttConnector
from connectors.mqtt.source import MqttSource, MqttSourceError
from connectors.mqtt.waiting import Owner, Waiting, arrivals_of, gap_arrival
from connectors.record import Arrival, GapCause
from evidence.locker import Locker

BATCH_MAX = 1000
"""Messages after which a batch is full; what came together with the last of them goes with it."""
BATCH_MAX_BYTES = 4 * 1024 * 1024
RETRY_FIRST_S = 0.2
RETRY_MAX_S = 10.0
FLUSH_TIMEOUT_S = 5.0
CONNECT_DEADLINE_S = 15.0
TICK_S = 1.0
TICK_UNTIL_READY_S = 0.05
TICK_UNTIL_QUIET_S = 0.25
LOCK_NAME = "intake.lock"

_log = logging.getLogger(__name__)


class IntakeBusyError(RuntimeError):
    """Another intake runs on this data folder; the message names it and the mend."""


class Remembering(Keeper, Protocol):
    """A keeper that can be asked what it holds already."""

    def last_received(self, source: str) -> int | None:
        """Return when the newest record of a source was received (ms UTC), None when it has none."""
        ...


class Intake:
    """Receives, stores and acknowledges for a set of sources, with one lock per data folder.

    ``now`` is the clock in UTC milliseconds. Raises MqttSourceError for sources that cannot go together. Use
    ``start``, then ``tick`` about once a second, then ``stop``; ``run_intake`` does so.
    """

    def __init__(
        self, sources: Sequence[MqttSource], keeper: Remembering, now: Callable[[], int], folder: Path
    ) -> None:
        refuse_clashes(sources)
        self._keeper = keeper
        self._now = now
        self._folder = folder
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        last = read_status(folder)
        memories = recall(last, sources, keeper.last_received)
        self._connectors = [MqttConnector(source, self._queue, now, memories.get(source.id)) for source in sources]
        self._stopping = threading.Event()
        self._executor: ThreadPoolExecutor | None = None
        self._writer: Future[None] | None = None
        self._lock: int | None = None
        self._storage_error = ""
        # An earlier intake may have ended while nothing could be stored: the gap is still open.
        self._failing_since = last.failing_since if last else 0
        self._status_error = ""
        self._ended = False

    def start(self) -> None:
        """Take the lock and begin to receive; raises IntakeBusyError when another intake holds the lock."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = _take_lock(self._folder / LOCK_NAME)
        self._executor = ThreadPoolExecutor(1, "intake-writer")
        self._writer = self._executor.submit(self._write_until_stopped)
        for connector in self._connectors:
            connector.start()

    def tick(self) -> IntakeStatus:
        """Mend connections, write the status file and return the status.

        Raises what ended the writer, should anything but a failing disk have ended it.
        """
        if self._writer is not None and self._writer.done():
            self._writer.result()
        for connector in self._connectors:
            connector.mend()
        status = self.status()
        try:
            write_status(self._folder, status)
            self._status_error = ""
        except OSError as error:
            if not self._status_error:
                _log.error("%s: the intake's status cannot be written (%s); free disk space", self._folder, error)
            self._status_error = str(error)
        return status

    def status(self) -> IntakeStatus:
        """Return how every source stands now."""
        sources = tuple(connector.status() for connector in self._connectors)
        return IntakeStatus(
            os.getpid(), self._now(), self._ended, self._storage_error, sources, failing_since=self._failing_since
        )

    def first_trouble(self) -> str:
        """Return the one line about the first source that cannot be heard, "" when there is none."""
        return next((connector.describe(connector.trouble) for connector in self._connectors if connector.trouble), "")

    @property
    def idle(self) -> bool:
        """Return whether nothing waits to be stored."""
        return self._queue.empty() and all(status.received == status.stored for status in self.status().sources)

    def stop(self) -> None:
        """Stop receiving, store what has arrived, acknowledge it, disconnect, and give the lock back.

        Sessions and subscriptions stay with the brokers. What cannot be stored stays unacknowledged there. Raises what
        ended the writer, as ``tick`` does.
        """
        for connector in self._connectors:
            connector.stop_receiving()
        self._stopping.set()
        self._queue.put(None)
        if self._executor is not None:
            self._executor.shutdown(wait=True)
            for connector in self._connectors:
                connector.disconnect(FLUSH_TIMEOUT_S)
            self._ended = True
            try:
                write_status(self._folder, self.status())
            except OSError as error:
                _log.error("%s: the intake's last status cannot be written (%s)", self._folder, error)
            self._executor = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        if self._writer is not None:
            self._writer.result()

    # ------------------------------------------------------ the writer thread

    def _write_until_stopped(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, ended = self._take_what_is_there(first)
            try:
                self._keep(batch)
            except (KeepingError, OSError) as error:
                waiting = sum(len(item.messages) for item in batch)
                _log.error(
                    "%d messages could not be stored before the end, their brokers keep them: %s", waiting, error
                )
                return
            self._settle(batch)
            if ended:
                return

    def _take_what_is_there(self, first: Waiting) -> tuple[list[Waiting], bool]:
        """Return a batch of all that has arrived, within bounds, and whether the end stands behind it."""
        batch = [first]
        count, size = len(first.messages), first.size
        while count < BATCH_MAX and size < BATCH_MAX_BYTES and not self._queue.empty():
            item = self._queue.get()
            if item is None:
                return batch, True
            batch.append(item)
            count += len(item.messages)
            size += item.size
        return batch, False

    def _keep(self, batch: list[Waiting]) -> None:
        """Store one batch in one commit, trying again for as long as it takes, or once more when stopping.

        Raises KeepingError or OSError when stopping and it still cannot be stored.
        """
        arrivals = [arrival for item in batch for arrival in arrivals_of(item)]
        tenacity.Retrying(
            retry=tenacity.retry_if_exception_type((KeepingError, OSError)),
            wait=tenacity.wait_exponential(multiplier=RETRY_FIRST_S, max=RETRY_MAX_S),
            stop=tenacity.stop_when_event_set(self._stopping),
            sleep=sleep_using_event(self._stopping),
            before_sleep=self._raise_alarm,
            reraise=True,
        )(self._append, arrivals)
        if self._storage_error:
            _log.warning("storing works again; acknowledging goes on")
            self._storage_error = ""

    def _append(self, arrivals: list[Arrival]) -> None:
        """Store once; the first commit after failed ones says for every source since when nothing could be stored."""
        since = self._failing_since
        detail = "nothing could be stored, so nothing was acknowledged"
        gaps = [
            gap_arrival(connector.source.id, since, self._now(), GapCause.DISK_FULL, detail)
            for connector in self._connectors
            if since
        ]
        try:
            self._keeper.append([*gaps, *arrivals])
        except (KeepingError, OSError):
            self._failing_since = since or self._now()
            raise
        self._failing_since = 0
        for connector in self._connectors if gaps else ():
            connector.count_gap()

    def _raise_alarm(self, attempt: tenacity.RetryCallState) -> None:
        error = attempt.outcome.exception() if attempt.outcome else None
        if not self._storage_error:
            _log.error("nothing can be stored and nothing is acknowledged, trying again until it can: %s", error)
        self._storage_error = str(error)

    def _settle(self, batch: list[Waiting]) -> None:
        per_owner: dict[Owner, list[Waiting]] = {}
        for item in batch:
            per_owner.setdefault(item.owner, []).append(item)
        for owner, items in per_owner.items():
            owner.settle(items)


async def run_intake(
    sources: Sequence[MqttSource],
    keeper: Remembering,
    now: Callable[[], int],
    stop: asyncio.Event,
    ready: Callable[[], None],
    *,
    folder: Path,
    once: bool = False,
    quiet_s: float | None = None,
) -> IntakeStatus:
    """Run an intake until ``stop`` is set, then stop it cleanly; returns its last status.

    ``ready`` is called once, when every source is subscribed for the first time. With ``once`` a broker that cannot
    be heard raises SourceUnreachableError; otherwise that is said once in the log and tried again for ever. With
    ``quiet_s`` the intake also ends by itself when everything is stored and nothing has come for that long. Raises
    IntakeBusyError when another intake runs on ``folder``, MqttSourceError for sources that cannot go together.
    """
    intake = Intake(sources, keeper, now, folder)
    try:
        intake.start()
        await _supervise(intake, stop, ready, once=once, quiet_s=quiet_s)
    finally:
        await asyncio.to_thread(intake.stop)
    return intake.status()


async def _supervise(
    intake: Intake, stop: asyncio.Event, ready: Callable[[], None], *, once: bool, quiet_s: float | None
) -> None:
    is_ready = False
    unheard_since = quiet_since = time.monotonic()
    last_received = -1
    while not stop.is_set():
        status = await asyncio.to_thread(intake.tick)
        at = time.monotonic()
        if all(source.subscribed for source in status.sources):
            unheard_since = at
            if not is_ready:
                is_ready = True
                ready()
        elif once and (not is_ready or at - unheard_since > CONNECT_DEADLINE_S):
            _raise_unreachable(intake, status, waited_s=at - unheard_since)
        received = sum(source.received for source in status.sources)
        if received != last_received or not intake.idle or not is_ready:
            last_received, quiet_since = received, at
        elif quiet_s is not None and at - quiet_since >= quiet_s:
            return
        await _wait(stop, _tick_s(is_ready=is_ready, quiet_s=quiet_s))


def _tick_s(*, is_ready: bool, quiet_s: float | None) -> float:
    if not is_ready:
        return TICK_UNTIL_READY_S
    return TICK_S if quiet_s is None else TICK_UNTIL_QUIET_S


def _raise_unreachable(intake: Intake, status: IntakeStatus, *, waited_s: float) -> None:
    """Raise SourceUnreachableError when a source said why it cannot be heard, or said nothing for too long."""
    trouble = intake.first_trouble()
    if trouble:
        raise SourceUnreachableError(trouble)
    if waited_s > CONNECT_DEADLINE_S:
        source = next(source for source in status.sources if not source.subscribed)
        raise SourceUnreachableError(
            f"MQTT source {source.source!r}: broker {source.broker} cannot be heard: no MQTT answer within "
            f"{CONNECT_DEADLINE_S:g} s; look whether an MQTT broker, and no other program, listens there"
        )


async def _wait(stop: asyncio.Event, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await stop.wait()
    except TimeoutError:
        return


def _take_lock(path: Path) -> int:
    """Return the open lock file, locked for this process and naming it; raises IntakeBusyError."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.read(lock, 20).decode(errors="replace").strip() or "unknown"
        os.close(lock)
        raise IntakeBusyError(
            f"{path}: another intake (process {holder}) already runs on this data folder; "
            "stop it, or use another data folder"
        ) from None
    # The name is a courtesy: on a full disk the intake begins all the same, and waits for room.
    with contextlib.suppress(OSError):
        os.write(lock, f"{os.getpid():<19}\n".encode())
    return lock


async def _run_until_signalled(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    sources = read_sources(options.sources)
    locker = Locker(options.data / "locker", ZoneInfo(options.zone), system_clock)
    try:
        await run_intake(
            sources,
            locker,
            system_clock,
            stop,
            lambda: _say(f"intake ready: {len(sources)} sources"),
            folder=options.data,
            once=options.once,
            quiet_s=options.quiet,
        )
    finally:
        locker.close()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run an intake as a process of its own until SIGTERM; returns the exit code 0, 1 (failed) or 2 (wrong call)."""
    parser = argparse.ArgumentParser(prog="python -m collector.intake", description=__doc__)
    parser.add_argument("sources", type=Path, help="JSON file: a list of mappings with the fields of MqttSource")
    parser.add_argument("data", type=Path, help="data folder; the locker is its folder locker/")
    parser.add_argument("--zone", default="Asia/Shanghai", help="time zone that decides the local day of storing")
    parser.add_argument("--once", action="store_true", help="fail when a broker cannot be heard, instead of retrying")
    parser.add_argument("--quiet", type=float, metavar="SECONDS", help="end after this long without a message")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    try:
        asyncio.run(_run_until_signalled(options))
    except (MqttSourceError, ZoneInfoNotFoundError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except (SourceUnreachableError, IntakeBusyError, KeepingError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
