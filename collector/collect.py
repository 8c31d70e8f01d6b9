"""Collecting: from all sources into the locker, then read. Once, or for ever as the two processes do it."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from dataclasses import dataclass

from collector.act_imports import import_acts
from collector.house import House
from collector.imports import import_register
from collector.intake import run_intake
from collector.reader import Reader
from collector.refresh import NIGHT, finish_claimed, refresh_due
from collector.register_view import held_line
from collector.schedule import run_nightly
from collector.settings import SettingsError, mqtt_sources
from collector.walker import walk_hubs
from connectors.base import SourceUnreachableError
from connectors.register import RegisterError
from evidence.acts import ActError
from evidence.catalogue import CatalogueError

IDLE_S = 1.0
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Collected:
    """What one collection brought: records folded, devices bound, acts imported.

    ``failures`` are lists of a hub that are not whole, or a register that cannot be used; ``remarks`` rows of a
    register that are wrong; one line each.
    """

    folded: int
    bound: int
    acts: int
    failures: tuple[str, ...]
    remarks: tuple[str, ...]


def stop_on_signals() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def collect_once(house: House, *, quiet_s: float, on_page: Callable[[str, int], None] | None = None) -> Collected:
    """Receive until nothing has come for ``quiet_s``, walk the hubs, import the files, and read it all.

    Raises SourceUnreachableError for the first broker or hub that cannot be reached, InterruptedError when a signal
    ends the receiving; what was stored until then stays.
    """
    sources = mqtt_sources(house.settings)
    if sources:
        stop = stop_on_signals()
        try:
            await run_intake(
                sources, house.locker, house.clock, stop, lambda: None, folder=house.data, once=True, quiet_s=quiet_s
            )
        finally:
            for number in STOP_SIGNALS:
                # What follows has nothing to put in order: there, a signal may end the program as it would any other.
                asyncio.get_running_loop().remove_signal_handler(number)
        if stop.is_set():
            raise InterruptedError(
                "stopped before everything was in; what was stored stays, collect again for the rest"
            )
    reports = await walk_hubs(house, on_page)
    acts, remarks = await asyncio.to_thread(import_files, house)
    folded, bound = await asyncio.to_thread(read_all, house)
    failures = [f"{name}: {line}" for name, report in reports.items() for line in report.problems]
    remarks += [f"{name}: {line}" for name, report in reports.items() for line in report.register_problems]
    return Collected(folded, bound, acts, tuple(failures), tuple(remarks))


def import_files(house: House) -> tuple[int, list[str]]:
    """Import registers and acts files of all communities.

    Returns the new acts, and what people must mend: rows that are wrong, and a register that is held.
    """
    acts = 0
    problems: list[str] = []
    with house.hold(NIGHT):
        reader = Reader(house)
        try:
            reader.catch_up()
            for name, community in house.settings.communities.items():
                if community.register_folder is not None:
                    _, found = import_register(house, reader.ledger, name, community.register_folder)
                    problems += found
                    reader.catch_up()
                held = held_line(reader.ledger, name)
                problems += [held] if held else []
                if community.acts is not None:
                    acts += import_acts(house, reader.ledger, name, community.acts)
        finally:
            reader.close()
    return acts, problems


def read_all(house: House, on_progress: Callable[[int], None] | None = None) -> tuple[int, int]:
    """Fold and bind everything stored; returns how many records and devices that were."""
    with house.hold(NIGHT):
        reader = Reader(house)
        try:
            folded = reader.catch_up(on_progress=on_progress)
            return folded, reader.bind()
        finally:
            reader.close()


async def run_night_process(house: House) -> None:
    """Read what the intake stores, and refresh every community each night; until SIGTERM.

    Nights that were missed while the machine was off are made up for at the start.
    """
    stop = stop_on_signals()
    await asyncio.to_thread(_start_up, house)
    night = house.settings.night
    # One piece of work at a time: reading pauses while a refresh runs.
    turn = asyncio.Lock()

    async def refresh_all() -> None:
        async with turn:
            await _walk_and_import(house)
            for done in await asyncio.to_thread(refresh_due, house):
                _log.info("run %s of %s: floor %s", done.run, done.community, done.scorecard["totals"]["floor"])

    async def read_for_ever() -> None:
        while not stop.is_set():
            async with turn:
                await asyncio.to_thread(read_all, house)
            try:
                async with asyncio.timeout(IDLE_S):
                    await stop.wait()
            except TimeoutError:
                continue

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(run_nightly(night.at, house.settings.timezone, refresh_all, stop))
            group.create_task(read_for_ever())
    except ExceptionGroup as failures:
        # One line says what ended the process; the first failure has cancelled the other task.
        raise failures.exceptions[0] from None


def _start_up(house: House) -> None:
    with house.hold(NIGHT):
        for done in finish_claimed(house):
            _log.info("run %s of %s was claimed before a stop and is now written", done.run, done.community)
    for done in refresh_due(house):
        _log.info("run %s of %s makes up for a missed night", done.run, done.community)


async def _walk_and_import(house: House) -> None:
    """Bring in what is pulled; what cannot be had is said once, and the night goes on with what was recorded before.

    Of a hub that is away the last complete walk stays standing; a file with a mistake in it is imported once mended.
    """
    try:
        for name, report in (await walk_hubs(house)).items():
            for line in (*report.problems, *report.register_problems):
                _log.warning("%s: %s", name, line)
    except (SourceUnreachableError, SettingsError) as error:
        _log.warning("%s; the last complete lists stay in use", error)
    try:
        _, problems = await asyncio.to_thread(import_files, house)
    except (RegisterError, ActError, CatalogueError, OSError) as error:
        problems = [f"{error}; the files imported before stay in use"]
    for line in problems:
        _log.warning("%s", line)
