"""Serves the review page of one community over its runs and its locker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from collector.house import House
from collector.status import source_status
from collector.web.app import LOOPBACK_NAMES, make_app
from collector.web.app import serve as serve_app
from connectors.record import Record
from evidence.run import read_form_text


async def serve_review(
    house: House, community: str, stop: asyncio.Event, *, port: int | None = None, ready: Callable[[str], None]
) -> None:
    """Serve until ``stop`` is set; ``ready`` gets the page's address once it answers.

    Raises OSError naming the address when it cannot be bound.
    """
    web = house.settings.web
    title = str(read_form_text(house.catalogue)["title"])

    def record_of(receipt: int) -> Record | None:
        try:
            return house.locker.get(receipt)
        except KeyError:
            return None

    def leaf_of(receipt: int) -> bytes | None:
        try:
            return house.locker.stored_leaf(receipt)
        except KeyError:
            return None

    def status_of() -> Sequence[Mapping[str, Any]]:
        return source_status(house)

    # Bound to loopback, the page answers to loopback names only; somebody who binds it wider has decided otherwise.
    names = LOOPBACK_NAMES if web.host in LOOPBACK_NAMES else None
    app = make_app(house.settings.out, community, record_of, status_of, leaf_of, form_title=title, names=names)
    runner, bound = await serve_app(app, web.host, web.port if port is None else port)
    try:
        ready(f"http://{web.host}:{bound}/")
        await stop.wait()
    finally:
        await runner.cleanup()
