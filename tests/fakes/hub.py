"""A fake city hub on a loopback port, whose lists and faults a test decides, and a keeper in memory."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from connectors.record import Arrival, Record

TOKEN = "s3cret/Token+of=the-hub"
COMMUNITY = "demo"
CAMERAS = f"/communities/{COMMUNITY}/cameras"

Fault = Callable[[web.Request], web.StreamResponse]


def describe(*lists: Mapping[str, object], **changes: object) -> dict[str, object]:
    """Return the mapping of a hub.yaml with these lists; without any, one list of cameras."""
    cameras = {
        "name": "inventory.camera",
        "kind": "inventory",
        "path": "/communities/{community}/cameras",
        "id": "/id",
        "device": "/id",
        "capabilities": ["camera"],
    }
    mapping: dict[str, object] = {
        "hub": "fake",
        "version": 1,
        "title": {"zh": "假", "en": "fake"},
        "source": "document",
        "auth": {"kind": "bearer"},
        "envelope": {"code": "/code", "ok": ["0"], "message": "/msg"},
        "paging": {"kind": "page", "page_param": "pageNo", "size_param": "pageSize", "size": 200, "first": 1},
        "items": "/data/list",
        "total": "/data/total",
        "lists": list(lists) or [cameras],
    }
    return {key: value for key, value in {**mapping, **changes}.items() if value is not None}


def register_list(place: str, identity: str = "/code") -> dict[str, object]:
    path = f"/communities/{{community}}/{place}"
    return {"name": f"register.{place}", "kind": "register", "place": place, "path": path, "id": identity}


def cameras(count: int) -> list[dict[str, object]]:
    return [{"id": f"CAM-{number:04d}", "place": f"G-{number}"} for number in range(count)]


class FakeHub:
    """Serves ``lists`` (path -> rows) by page number, offset, marker or link, never more than ``clamp`` rows.

    ``faults`` answer instead, one request each, first come first served; ``before`` is called with the number of
    every request (from 1) before its page is cut. ``requests`` and ``headers`` are what came.
    """

    def __init__(self, lists: Mapping[str, list[dict[str, object]]], *, clamp: int = 100, base: str = "") -> None:
        self.lists = dict(lists)
        self.clamp = clamp
        self.base = base
        self.faults: list[Fault] = []
        self.before: Callable[[int], None] = lambda number: None
        self.offset_by_asked_size = False
        self.hide_total = False
        self.requests: list[str] = []
        self.headers: list[Mapping[str, str]] = []
        self.slow_s = 0.0
        self.tls: ssl.SSLContext | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self.tls).start()
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self._runner.addresses[0][1]}{self.base}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request.raw_path)
        self.headers.append(dict(request.headers))
        self.before(len(self.requests))
        await asyncio.sleep(self.slow_s)
        if self.faults:
            return self.faults.pop(0)(request)
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"code": 401, "msg": "who are you", "data": None}, status=401)
        rows = self.lists.get(request.path.removeprefix(self.base))
        if rows is None:
            return web.json_response({"code": 404, "msg": "no such list"}, status=404)
        return web.json_response(self._page(rows, request))

    def _page(self, rows: Sequence[Mapping[str, object]], request: web.Request) -> dict[str, Any]:
        query = request.query
        asked = int(query.get("pageSize", self.clamp))
        size = min(asked, self.clamp)
        step = asked if self.offset_by_asked_size else size
        if "pageNo" in query:
            start = (int(query["pageNo"]) - 1) * step
        elif "offset" in query:
            start = int(query["offset"])
        else:
            start = int(query.get("marker", "m0")[1:])
        end = start + size
        data: dict[str, Any] = {"total": len(rows), "list": rows[start:end]}
        if self.hide_total:
            del data["total"]
        if end < len(rows):
            data["marker"] = f"m{end}"
            data["link"] = f"{request.path}?marker=m{end}&access_token=for-you-alone"
        return {"code": 0, "msg": "ok", "data": data}


def says(status: int, body: object = None, headers: Mapping[str, str] | None = None) -> Fault:
    """Return a fault that answers with a status, a JSON body and headers."""
    return lambda request: web.json_response(body, status=status, headers=headers)


def raw(body: bytes, headers: Mapping[str, str] | None = None) -> Fault:
    return lambda request: web.Response(body=body, headers=headers, content_type="application/json")


def hang_up(request: web.Request) -> web.StreamResponse:
    """Break the connection off without an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


class MemoryKeeper:
    """Keeps records in a list; ``on_append`` sees every batch before it is kept."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.on_append: Callable[[Sequence[Arrival]], None] = lambda arrivals: None

    def append(self, arrivals: Sequence[Arrival]) -> list[int]:
        self.on_append(arrivals)
        receipts = []
        for arrival in arrivals:
            receipt = len(self.records) + 1
            self.records.append(
                Record(
                    receipt=receipt,
                    source=arrival.source,
                    day="2026-11-03",
                    sequence=receipt,
                    kind=arrival.kind,
                    received_at=arrival.received_at,
                    topic=arrival.topic,
                    payload=arrival.payload,
                    flags=arrival.flags,
                )
            )
            receipts.append(receipt)
        return receipts
