"""The simulated city command centre: a small HTTP API with a bearer token and pages of at most 100 rows."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus

from aiohttp import web

from collector.simulate.community import Community
from collector.simulate.hub_lists import Row, hub_rows

HOST = "127.0.0.1"
COMMUNITY = "demo"
LARGEST_PAGE = 100
_ROOT = "/api/v1/communities/{community}"


def list_path(name: str) -> str:
    """Return the path of a list below its community: register.household -> /register/household."""
    family, _, part = name.partition(".")
    if family == "inventory":
        return f"/devices/{part}"
    return f"/{family}/{part}" if part else f"/{family}"


def make_app(community: Community, token: str, name: str = COMMUNITY) -> web.Application:
    """Return the API of one community, known to the hub as ``name``.

    Answers {"code", "msg", "data": {"total", "list"}}; asked for more than 100 rows it gives 100 all the same. The
    code is the number 0, on even pages the text "0". Refusals carry their HTTP status as code: 401 without the
    token, 404 for an unknown community or list, 400 for a page that is no number from 1.
    """
    lists = {list_path(key): rows for key, rows in hub_rows(community).items()}

    async def answer(request: web.Request) -> web.Response:
        if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()):
            return _refuse(HTTPStatus.UNAUTHORIZED, "send Authorization: Bearer <token>")
        path = f"/{request.match_info['path']}"
        if request.match_info["community"] != name or path not in lists:
            return _refuse(HTTPStatus.NOT_FOUND, f"no such community or list: {request.path}")
        try:
            page, size = _read_paging(request.query)
        except ValueError as error:
            return _refuse(HTTPStatus.BAD_REQUEST, str(error))
        return web.json_response(_page(lists[path], page, size))

    app = web.Application()
    app.router.add_get(_ROOT + "/{path:.+}", answer)
    return app


@asynccontextmanager
async def serve_hub(community: Community, token: str, *, port: int = 0, name: str = COMMUNITY) -> AsyncIterator[str]:
    """Serve the API on the loopback address while the context lasts; yield its URL. Raises OSError."""
    runner = web.AppRunner(make_app(community, token, name), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port).start()
        yield f"http://{HOST}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def _read_paging(query: Mapping[str, str]) -> tuple[int, int]:
    numbers = []
    for key, default in (("pageNo", "1"), ("pageSize", str(LARGEST_PAGE))):
        text = query.get(key, default)
        if not text.isdecimal() or int(text) < 1:
            raise ValueError(f"{key} must be a number from 1, not {text!r}")
        numbers.append(int(text))
    return numbers[0], min(numbers[1], LARGEST_PAGE)


def _page(rows: Sequence[Row], page: int, size: int) -> dict[str, object]:
    data = {"total": len(rows), "list": rows[(page - 1) * size : page * size]}
    return {"code": 0 if page % 2 else "0", "msg": "ok", "data": data}


def _refuse(status: HTTPStatus, message: str) -> web.Response:
    return web.json_response({"code": int(status), "msg": message, "data": None}, status=status)
