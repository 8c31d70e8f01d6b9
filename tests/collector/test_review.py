"""The page over a real run and a real locker: every number has its way down to bytes and back."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import ClientSession

from collector.review import serve_review
from tests.collector.web.crawler import Crawl, crawl
from tests.fakes.night import Night, live_through


async def read_through(night: Night, records_per_page: int) -> Crawl:
    """Serve the night's run as the command does, crawl it, and stop."""
    stop = asyncio.Event()
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve_review(night.stage.house, "demo", stop, port=0, ready=address.set_result))
    base = (await address).rstrip("/")
    async with ClientSession() as session:

        async def fetch(path: str) -> tuple[int, str]:
            async with session.get(base + path) as response:
                return response.status, await response.text()

        seen = await crawl(fetch, records_per_page=records_per_page)
    stop.set()
    await serving
    return seen


def test_every_number_of_a_real_run_opens_to_raw_bytes_and_back(tmp_path: Path) -> None:
    night = live_through(tmp_path)
    seen = asyncio.run(read_through(night, records_per_page=3))
    night.stage.close()
    assert seen.faults == []
    assert {f"/rows/{no}" for no in range(1, 77)} <= {page.path for page in seen.pages.values()}
    assert len(seen.records) > 20
