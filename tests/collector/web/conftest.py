from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from collector.web import pages
from collector.web.app import make_app
from tests.collector.web.example_run import COMMUNITY, Example, build

Client = TestClient[web.Request, web.Application]


@pytest.fixture(autouse=True)
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the small example fill more than one page of a list."""
    monkeypatch.setattr(pages, "LINES_PER_PAGE", 20)


@pytest.fixture
def example(tmp_path: Path) -> Example:
    return build(tmp_path / "out")


@pytest.fixture
def app(example: Example) -> web.Application:
    return make_app(example.out, COMMUNITY, example.store.records.get, lambda: example.status, example.store.leaves.get)


@pytest.fixture
async def client(app: web.Application) -> AsyncIterator[Client]:
    async with TestClient(TestServer(app)) as client:
        yield client
