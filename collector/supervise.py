"""Supervises the three processes of ``zhizheng run``: intake, reader and night, web."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from collector.collect import stop_on_signals

ROLES = ("intake", "night", "serve")
RESTART_FIRST_S = 1.0
RESTART_MAX_S = 30.0
STEADY_S = 60.0
STOP_TIMEOUT_S = 60.0
WRONG_SETTINGS = 2

_log = logging.getLogger(__name__)


def command_of(role: str, settings: Path) -> list[str]:
    """Return the command line of one process."""
    return [sys.executable, "-m", "collector.cli", role, "--settings", str(settings)]


async def supervise(settings: Path, roles: Sequence[str] = ROLES) -> int:
    """Run the processes until SIGTERM, starting again whichever ends; returns 0, or 2 when the settings are wrong."""
    stop = stop_on_signals()
    codes = await asyncio.gather(*(_keep_running(role, settings, stop) for role in roles))
    return max(codes)


async def _keep_running(role: str, settings: Path, stop: asyncio.Event) -> int:
    pause_s = RESTART_FIRST_S
    loop = asyncio.get_running_loop()
    while not stop.is_set():
        started = loop.time()
        process = await asyncio.create_subprocess_exec(*command_of(role, settings))
        ended = asyncio.create_task(process.wait())
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            stopped.cancel()
            await _end(process)
            return 0
        stopped.cancel()
        if process.returncode == WRONG_SETTINGS:
            # Starting again would only say the same.
            stop.set()
            return WRONG_SETTINGS
        pause_s = RESTART_FIRST_S if loop.time() - started > STEADY_S else min(pause_s * 2, RESTART_MAX_S)
        _log.warning("%s ended with code %s; starting it again in %g s", role, process.returncode, pause_s)
        try:
            async with asyncio.timeout(pause_s):
                await stop.wait()
        except TimeoutError:
            continue
    return 0


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask a process to end, and kill it when it does not: whatever it had acknowledged is stored."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
