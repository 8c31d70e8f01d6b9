"""The night: one trigger a day, in the community's zone. The only importer of APScheduler."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED, JobEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

_log = logging.getLogger(__name__)


async def run_nightly(at: str, zone_key: str, job: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
    """Call ``job`` every day at the local time ``at`` ("02:30") until ``stop`` is set.

    A trigger that comes while the machine is busy runs late rather than never, and never twice at once: APScheduler's
    own defaults would skip it after one second.
    """
    scheduler = AsyncIOScheduler(timezone=zone_key)
    hour, minute = at.split(":")
    scheduler.add_job(
        job,
        CronTrigger(hour=int(hour), minute=int(minute), timezone=zone_key),
        id="nightly-refresh",
        misfire_grace_time=None,
        coalesce=True,
        max_instances=1,
    )
    scheduler.add_listener(_report, EVENT_JOB_ERROR | EVENT_JOB_MISSED)
    scheduler.start()
    try:
        await stop.wait()
    finally:
        # A refresh under way is never cut off: its claim would only be finished at the next start.
        scheduler.shutdown(wait=False)


def _report(event: JobEvent) -> None:
    exception = getattr(event, "exception", None)
    _log.error("nightly refresh %s: %s", "failed" if exception else "was missed", exception or event.job_id)
