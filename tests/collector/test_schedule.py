from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.cron import CronTrigger

from collector import schedule
from collector.schedule import run_nightly

Job = Callable[[], Awaitable[None]]


@pytest.fixture
def every_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a day pass each second: the nightly trigger fires at every full one."""
    monkeypatch.setattr(schedule, "CronTrigger", lambda **_: CronTrigger(second="*"))


async def run_for(job: Job, duration_s: float) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(run_nightly("02:30", "Asia/Shanghai", job, stop))
    await asyncio.sleep(duration_s)
    stop.set()
    await running


@pytest.mark.parametrize(
    ("now", "next_time"),
    [
        ("2026-11-03 02:29:59", "2026-11-03 02:30"),
        ("2026-11-03 02:30:01", "2026-11-04 02:30"),
        ("2026-12-31 12:00", "2027-01-01 02:30"),
    ],
)
async def test_it_fires_once_a_day_at_the_local_time_of_the_community(
    monkeypatch: pytest.MonkeyPatch, now: str, next_time: str
) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    made: list[CronTrigger] = []

    def make(**given: object) -> CronTrigger:
        made.append(CronTrigger(**given))
        return made[-1]

    monkeypatch.setattr(schedule, "CronTrigger", make)

    async def never() -> None:
        raise AssertionError("it fired at once")

    await run_for(never, 0)

    (trigger,) = made
    fires = trigger.get_next_fire_time(None, datetime.fromisoformat(now).replace(tzinfo=zone))
    assert fires == datetime.fromisoformat(next_time).replace(tzinfo=zone)


async def test_triggers_that_passed_while_the_loop_was_blocked_run_late_and_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = datetime.now(UTC)
    missed = CronTrigger(second="*", start_date=now + timedelta(seconds=0.5), end_date=now + timedelta(seconds=2.8))
    monkeypatch.setattr(schedule, "CronTrigger", lambda **_: missed)
    begun = 0

    async def job() -> None:
        nonlocal begun
        begun += 1

    stop = asyncio.Event()
    running = asyncio.create_task(run_nightly("02:30", "Asia/Shanghai", job, stop))
    await asyncio.sleep(0.05)
    time.sleep(4.2)  # noqa: ASYNC251 - the machine is busy until the last of two or three triggers is 1.4 s old
    assert begun == 0
    await asyncio.sleep(0.5)
    stop.set()
    await running

    assert begun == 1


@pytest.mark.usefixtures("every_second")
async def test_it_never_runs_twice_at_once() -> None:
    at_once: list[int] = []
    running = 0

    async def job() -> None:
        nonlocal running
        running += 1
        at_once.append(running)
        await asyncio.sleep(1.7)
        running -= 1

    await run_for(job, 3.2)

    assert at_once
    assert max(at_once) == 1


@pytest.mark.usefixtures("every_second")
async def test_a_failure_is_said_and_the_next_night_comes_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    begun = 0

    async def job() -> None:
        nonlocal begun
        begun += 1
        raise OSError("the disk is full")

    with caplog.at_level(logging.ERROR, logger="collector.schedule"):
        await run_for(job, 2.2)

    assert begun >= 2
    lines = [record.getMessage() for record in caplog.records if record.name == "collector.schedule"]
    assert set(lines) == {"nightly refresh failed: the disk is full"}


@pytest.mark.usefixtures("every_second")
async def test_stopping_ends_it_and_nothing_fires_afterwards() -> None:
    begun = 0

    async def job() -> None:
        nonlocal begun
        begun += 1

    await run_for(job, 1.2)
    before = begun
    await asyncio.sleep(1.2)

    assert before >= 1
    assert begun == before


@pytest.mark.usefixtures("every_second")
async def test_work_that_is_under_way_in_a_thread_is_not_cut_off_by_stopping() -> None:
    begun, ended = asyncio.Event(), []
    loop = asyncio.get_running_loop()

    def work() -> None:
        loop.call_soon_threadsafe(begun.set)
        time.sleep(0.6)
        ended.append(True)

    async def job() -> None:
        await asyncio.to_thread(work)

    stop = asyncio.Event()
    running = asyncio.create_task(run_nightly("02:30", "Asia/Shanghai", job, stop))
    await begun.wait()
    stop.set()
    await running
    await loop.shutdown_default_executor()

    assert ended == [True]
