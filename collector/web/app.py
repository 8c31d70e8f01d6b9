"""The review page as a web application: read-only, without scripts, for one community.

Every page has a JSON twin at its address with ``.json``. ``?lang=en`` switches the interface to English and
``?run=N`` shows an older run; links keep both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web
from yarl import URL

from collector.web import pages
from collector.web.failures import QuestionError, explain, refuse_name
from collector.web.record_page import make_record
from collector.web.rendering import DEFAULT_LANGUAGE, View, make_environment, render_html, render_json
from collector.web.run_folder import Run, RunFolder
from collector.web.words import LANGUAGES
from connectors.record import Record

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
STATIC = Path(__file__).parent / "static"
JSON_ENDING = ".json"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Rosters name homes: no cache may keep them.
    "Cache-Control": "no-store",
    "Server": "zhizheng",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Status = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Question:
    """What an address asks: the names in its path and its query."""

    path: Mapping[str, str]
    query: Mapping[str, str]

    @property
    def run(self) -> int | None:
        """Return the run asked for, None for the newest; raises QuestionError for anything but a number."""
        return self._number("run") if "run" in self.query else None

    @property
    def page(self) -> int:
        """Return the page of a list, 1 by default; raises QuestionError for anything but a number."""
        return self._number("page") if "page" in self.query else 1

    def _number(self, name: str) -> int:
        text = self.query[name]
        if not (text.isascii() and text.isdigit() and len(text) <= 9):
            raise QuestionError(f"{name}={text}")
        return int(text)


class Desk:
    """What the pages are made from: the runs, the stored records and the live state of the sources."""

    def __init__(
        self,
        out: Path,
        community: str,
        record_of: Callable[[int], Record | None],
        status_of: Callable[[], Status],
        stored_leaf_of: Callable[[int], bytes | None],
        form_title: str,
    ) -> None:
        self.runs = RunFolder(out, community)
        self.record_of = record_of
        self.status_of = status_of
        self.stored_leaf_of = stored_leaf_of
        self.form_title = form_title

    def index(self, question: Question) -> Any:
        """Return the page of the form."""
        return pages.make_index(self._run(question), self.form_title)

    def totals(self, question: Question) -> Any:
        """Return the page of the totals."""
        return pages.make_totals(self._run(question))

    def row(self, question: Question) -> Any:
        """Return the page of one row."""
        return pages.make_row(self._run(question), int(question.path["no"]))

    def part(self, question: Question) -> Any:
        """Return the page of one part."""
        return pages.make_part(self._run(question), int(question.path["no"]), question.path["part"])

    def roster(self, question: Question) -> Any:
        """Return one page of a roster."""
        path = question.path
        return pages.make_roster(
            self._run(question),
            int(path["no"]),
            path["part"],
            path["roster"],
            page=question.page,
            rung=question.query.get("rung", ""),
        )

    def device(self, question: Question) -> Any:
        """Return the page of one device."""
        query = question.query
        return pages.make_device(self._run(question), query.get("source", ""), query.get("device", ""))

    def record(self, question: Question) -> Any:
        """Return the page of one stored record."""
        record = self.find_record(question)
        leaf = self.stored_leaf_of(record.receipt)
        return make_record(self._run(question), record, leaf, question.query.get("pointer"))

    def find_record(self, question: Question) -> Record:
        """Return the record named in the path; raises PageMissingError when there is none."""
        receipt = int(question.path["receipt"])
        record = self.record_of(receipt)
        if record is None:
            raise pages.PageMissingError("record", receipt)
        return record

    def paper(self, question: Question) -> tuple[str, bytes]:
        """Return one of the run's papers; raises PageMissingError when there is none of that name."""
        name = question.path["name"]
        try:
            return name, self._run(question).paper(name)
        except KeyError:
            raise pages.PageMissingError("paper", name) from None

    def sources(self, question: Question) -> Any:
        """Return the page of all sources."""
        return pages.make_sources(self._run(question), self.status_of())

    def source(self, question: Question) -> Any:
        """Return the page of one source."""
        source = question.query.get("source", "")
        return pages.make_source(self._run(question), self.status_of(), source, page=question.page)

    def list_runs(self, question: Question) -> Any:
        """Return the page of runs."""
        return pages.make_runs(self.runs, self._run(question), page=question.page)

    def _run(self, question: Question) -> Run:
        return self.runs.open(question.run)


def make_app(
    out: Path,
    community: str,
    record_of: Callable[[int], Record | None],
    status_of: Callable[[], Status],
    stored_leaf_of: Callable[[int], bytes | None],
    *,
    form_title: str = "银川市智慧小区申报表",
    names: Collection[str] | None = LOOPBACK_NAMES,
) -> web.Application:
    """Return the application that shows the runs in ``out/<community>/``.

    ``record_of`` gives a stored record by receipt, ``stored_leaf_of`` the leaf hash that was stored with it,
    ``status_of`` one mapping per source as ``zhizheng status --json`` prints it. They are called in worker threads.
    ``names`` are the host names the page answers to (None: any), so that a foreign page cannot reach it through a
    name of its own that points here.
    """
    desk = Desk(out, community, record_of, status_of, stored_leaf_of, form_title)
    environment = make_environment()

    def answer(page: Any, view: View, *, as_json: bool, status: int = 200) -> web.Response:
        if as_json:
            return web.Response(text=render_json(page), status=status, content_type="application/json")
        template = _TEMPLATES[type(page).__name__]
        return web.Response(
            text=render_html(environment, template, page, view), status=status, content_type="text/html"
        )

    def show(make: Callable[[Question], Any]) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            question = _question(request)
            page = await asyncio.to_thread(make, question)
            return await asyncio.to_thread(
                answer, page, _view(request, question.run), as_json=request.path.endswith(JSON_ENDING)
            )

        return handle

    async def send_payload(request: web.Request) -> web.StreamResponse:
        record = await asyncio.to_thread(desk.find_record, _question(request))
        disposition = f'attachment; filename="record-{record.receipt}.bin"'
        return web.Response(
            body=record.payload,
            content_type="application/octet-stream",
            headers={"Content-Disposition": disposition, "ETag": f'"{record.payload_sha256}"'},
        )

    async def send_paper(request: web.Request) -> web.StreamResponse:
        name, content = await asyncio.to_thread(desk.paper, _question(request))
        return web.Response(
            body=content,
            content_type=_PAPER_TYPES[name],
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        view = _view(request, None)
        try:
            if names is None or _host(request) in names:
                return await handler(request)
            page = refuse_name(request.host, view.language)
        except Exception as error:  # noqa: BLE001 - the last stop: every failure becomes a page, unknown ones a log line
            page = explain(error, request, view.language)
        return answer(page, view, as_json=request.path.endswith(JSON_ENDING), status=page.status)

    app = web.Application(middlewares=[guard])
    app.on_response_prepare.append(_add_headers)
    for path, make in _routes(desk):
        app.router.add_get(path + JSON_ENDING, show(make))
        app.router.add_get(path, show(make))
    app.router.add_get(r"/records/{receipt:\d{1,18}}/payload", send_payload)
    app.router.add_get("/papers/{name}", send_paper)
    app.router.add_static("/static", STATIC)
    return app


async def serve(app: web.Application, host: str = "127.0.0.1", port: int = 0) -> tuple[web.AppRunner, int]:
    """Serve the application and return its runner (to be cleaned up by the caller) and the bound port.

    Port 0 takes a free one. Raises OSError naming the address and the mend when it cannot be bound.
    """
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        await runner.cleanup()
        raise OSError(
            f"{host}:{port}: the review page cannot listen there ({error.strerror or error}); "
            "choose another port, or end the program that uses it"
        ) from error
    bound: int = runner.addresses[0][1]
    return runner, bound


_PAPER_TYPES = {
    "declaration.docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "declaration.xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "declaration.csv": "text/csv",
    "exhibits.pdf": "application/pdf",
}

_TEMPLATES = {
    "IndexPage": "index.html",
    "TotalsPage": "totals.html",
    "RowPage": "row.html",
    "PartPage": "part.html",
    "RosterPage": "roster.html",
    "DevicePage": "device.html",
    "RecordPage": "record.html",
    "SourcesPage": "sources.html",
    "SourcePage": "source.html",
    "RunsPage": "runs.html",
    "ErrorPage": "error.html",
}


def _routes(desk: Desk) -> Sequence[tuple[str, Callable[[Question], Any]]]:
    part = r"/rows/{no:\d{1,3}}/parts/{part:[^/]+?}"
    return (
        ("/", desk.index),
        ("/totals", desk.totals),
        (r"/rows/{no:\d{1,3}}", desk.row),
        (part + "/{roster:[a-z]+}", desk.roster),
        (part, desk.part),
        ("/device", desk.device),
        (r"/records/{receipt:\d{1,18}}", desk.record),
        ("/sources", desk.sources),
        ("/source", desk.source),
        ("/runs", desk.list_runs),
    )


def _question(request: web.Request) -> Question:
    return Question(dict(request.match_info), dict(request.query))


def _view(request: web.Request, run: int | None) -> View:
    language = request.query.get("lang", DEFAULT_LANGUAGE)
    path = URL(request.raw_path.partition("?")[0], encoded=True).raw_path.removesuffix(JSON_ENDING)
    return View(language if language in LANGUAGES else DEFAULT_LANGUAGE, run, path, dict(request.query))


def _host(request: web.Request) -> str | None:
    try:
        return URL(f"http://{request.host}").host
    except ValueError:
        return None


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
