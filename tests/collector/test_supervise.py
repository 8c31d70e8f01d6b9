from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from collector import supervise as supervising
from collector.broker import free_port
from collector.supervise import ROLES, command_of, supervise
from tests.fakes.patience import wait_until
from tests.fakes.site import Site, apart, read_page

# Each notes its process number, one a line, and does what a role may do.
STEADY = "import time; time.sleep(60)"
ENDING = "pass"
WRONG = "raise SystemExit(2)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); note(); time.sleep(60)"
NOTE = "import os; note = lambda: open({path!r}, 'a').write(f'{{os.getpid()}}\\n')\n{early}{program}"


class Stage:
    """Roles played by small programs in one folder."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._monkeypatch = monkeypatch
        self.stop = asyncio.Event()
        self.programs: dict[str, str] = {}
        monkeypatch.setattr(supervising, "stop_on_signals", lambda: self.stop)
        monkeypatch.setattr(supervising, "command_of", self._command)
        monkeypatch.setattr(supervising, "RESTART_FIRST_S", 0.01)

    def pids(self, role: str) -> list[int]:
        """Return the process numbers under which a role has begun so far, oldest first."""
        path = self._folder / role
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    @asynccontextmanager
    async def play(self, **programs: str) -> AsyncIterator[asyncio.Task[int]]:
        self.programs = programs
        task = asyncio.create_task(supervise(Path("zhizheng.toml"), tuple(programs)))
        try:
            yield task
        finally:
            self.stop.set()
            await task

    def _command(self, role: str, _settings: Path) -> list[str]:
        program = self.programs[role]
        early = "" if "note()" in program else "note()\n"
        return [sys.executable, "-c", NOTE.format(path=str(self._folder / role), early=early, program=program)]


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(tmp_path, monkeypatch)


async def until(condition: Callable[[], object]) -> None:
    await asyncio.to_thread(wait_until, condition, 20)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_every_role_is_a_command_of_this_program_on_the_same_settings() -> None:
    assert ROLES == ("intake", "night", "serve")
    assert command_of("night", Path("site/zhizheng.toml")) == [
        sys.executable, "-m", "collector.cli", "night", "--settings", "site/zhizheng.toml",
    ]  # fmt: skip


async def test_a_killed_process_is_begun_again_and_the_others_go_on(stage: Stage) -> None:
    async with stage.play(intake=STEADY, night=STEADY):
        await until(lambda: stage.pids("intake") and stage.pids("night"))
        os.kill(stage.pids("night")[0], signal.SIGKILL)
        await until(lambda: len(stage.pids("night")) == 2)

        assert alive(stage.pids("night")[1])
        assert len(stage.pids("intake")) == 1
        assert alive(stage.pids("intake")[0])


async def test_a_process_that_ends_is_said_with_its_code_and_waits_longer_each_time(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="collector.supervise"):
        async with stage.play(night=ENDING):
            await until(lambda: len(stage.pids("night")) == 4)

    lines = [record.getMessage() for record in caplog.records if record.name == "collector.supervise"]
    assert lines[:3] == [f"night ended with code 0; starting it again in {pause_s} s" for pause_s in (0.02, 0.04, 0.08)]


async def test_the_pause_has_an_end(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervising, "RESTART_MAX_S", 0.03)

    async with stage.play(night=ENDING):
        await until(lambda: len(stage.pids("night")) == 5)


async def test_wrong_settings_end_everything_with_2_at_once(stage: Stage) -> None:
    async with stage.play(intake=STEADY, night=WRONG) as running:
        assert await asyncio.wait_for(running, 20) == 2

    assert len(stage.pids("night")) == 1
    assert [pid for role in ("intake", "night") for pid in stage.pids(role) if alive(pid)] == []


async def test_stopping_ends_every_process_and_begins_none(stage: Stage) -> None:
    async with stage.play(intake=STEADY, night=STEADY, serve=ENDING) as running:
        await until(lambda: stage.pids("intake") and stage.pids("night") and stage.pids("serve"))
        stage.stop.set()
        assert await asyncio.wait_for(running, 20) == 0

    assert [pid for role in stage.programs for pid in stage.pids(role) if alive(pid)] == []


async def test_a_process_that_will_not_end_is_killed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervising, "STOP_TIMEOUT_S", 0.2)

    async with stage.play(night=STUBBORN) as running:
        await until(lambda: stage.pids("night"))
        stage.stop.set()
        assert await asyncio.wait_for(running, 20) == 0

    assert not alive(stage.pids("night")[0])


def children(pid: int) -> dict[str, int]:
    """Return the living child processes by the role on their command line."""
    pids = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    lines = {int(child): Path(f"/proc/{child}/cmdline").read_text().split("\0") for child in pids}
    return {line[3]: child for child, line in lines.items() if len(line) > 3}


@pytest.mark.integration
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc to find the child processes")
def test_run_keeps_all_three_processes_and_ends_them_on_sigterm(tmp_path: Path) -> None:
    port = free_port()
    site = Site(tmp_path, web_port=port)
    site.speak()
    site.clock.set(site.clock() + 24 * 3_600_000)
    page = f"http://127.0.0.1:{port}/"
    with apart("run", "--settings", site.settings) as running:
        wait_until(lambda: "申报" in read_page(page), 60, "the page of the first run")
        first = children(running.pid)
        assert set(first) == set(ROLES)

        os.kill(first["serve"], signal.SIGKILL)
        running.wait_complained("serve ended with code -9; starting it again in 2 s")
        wait_until(lambda: "申报" in read_page(page), 60, "the page being back")

        second = children(running.pid)
        assert second["serve"] != first["serve"]
        assert (second["intake"], second["night"]) == (first["intake"], first["night"])
        assert running.stop() == 0
    assert [role for role, pid in second.items() if alive(pid)] == []
    assert not [line for line in running.complained if "Traceback" in line]
