"""Walking a hub: every list page by page, each page kept before the next is asked for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path

from connectors.base import Keeper, SourceUnreachableError
from connectors.city_hub.auth import Credentials
from connectors.city_hub.client import AnswerError, HubClient, Limits, check_url
from connectors.city_hub.paging import Progress, first_target, next_target
from connectors.hub import Hub, ListKind, ListSpec
from connectors.page import EnvelopeError, Page, PageError, Refusal, Walk, join_walk, read_page, register_rows
from connectors.position import request_topic
from connectors.record import Arrival, Kind
from connectors.register import TOTALS, RegisterError, read_sheet, read_totals, rows_digest

OnPage = Callable[[str, int], None]

CHINA = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class ListReport:
    """What came of one list: its last walk (``receipt`` of the WALK record), and how often it was walked."""

    name: str
    kind: ListKind
    pages: int
    rows: int
    complete: bool
    reason: str
    walks: int
    receipt: int


@dataclass(frozen=True, slots=True)
class WalkReport:
    """What came of all lists, and of the register.

    ``register`` is the receipt of the new REGISTER record, None when none was made: nothing has changed, a register
    list is not complete, or ``register_error`` says why it cannot be used. ``register_problems`` are rows of it that
    are wrong, one line each.
    """

    lists: tuple[ListReport, ...]
    register: int | None = None
    register_digest: str | None = None
    register_error: str | None = None
    register_problems: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """Return one line for each list that is not complete, and for a register that cannot be used."""
        lines = [f"{item.name}: {item.reason}" for item in self.lists if not item.complete]
        return (*lines, self.register_error) if self.register_error else tuple(lines)


@dataclass(slots=True)
class _Attempt:
    """One walk through one list while it goes on."""

    started_at: int
    receipts: list[int] = field(default_factory=list)
    pages: list[tuple[int, Page]] = field(default_factory=list)
    progress: Progress = field(default_factory=Progress)
    failure: str = ""


@dataclass(frozen=True, slots=True)
class _Part:
    """A walked register list: its pages and its rows."""

    spec: ListSpec
    receipts: tuple[int, ...]
    walk: Walk


class CityHubConnector:
    """Walks the lists of one hub for one community and hands everything to the keeper.

    ``now`` gives UTC milliseconds. ``last_register_digest`` gives the ``rows_sha256`` of the newest register of this
    source, None when there is none; ``zone`` decides the day from which a changed register is valid. Raises
    ValueError, naming the mend, for a url or token that cannot be used.
    """

    def __init__(
        self,
        source: str,
        hub: Hub,
        url: str,
        community: str,
        keeper: Keeper,
        now: Callable[[], int],
        token: str | None,
        *,
        last_register_digest: Callable[[], str | None] = lambda: None,
        ca_file: Path | None = None,
        limits: Limits | None = None,
        zone: tzinfo = CHINA,
    ) -> None:
        check_url(url)
        self._source = source
        self._hub = hub
        self._url = url
        self._community = community
        self._keeper = keeper
        self._now = now
        self._credentials = Credentials(hub.auth, token, source)
        self._last_register_digest = last_register_digest
        self._ca_file = ca_file
        self._limits = limits or Limits()
        self._zone = zone

    async def walk_all(self, on_page: OnPage | None = None) -> WalkReport:
        """Walk the register's lists, then the others, and keep the register if its rows have changed.

        ``on_page`` is told the list's name and how many of its rows have come, after each page is kept. A list that
        cannot be had is reported as not complete and the others are walked. Raises SourceUnreachableError (with one
        line that names the host and the mend) when the hub cannot be reached or does not know us, and OSError or
        KeepingError when the keeper does not keep.
        """
        reports: list[ListReport] = []
        parts: list[_Part] = []
        registers = [spec for spec in self._hub.lists if spec.kind is ListKind.REGISTER]
        others = [spec for spec in self._hub.lists if spec.kind is not ListKind.REGISTER]
        async with HubClient(self._source, self._url, self._credentials, self._limits, self._ca_file) as client:
            for spec in registers:
                report, part = await self._walk_list(client, spec, on_page)
                reports.append(report)
                parts.append(part)
            register = await self._keep_register(parts) if all(item.complete for item in reports) else WalkReport(())
            for spec in others:
                report, _ = await self._walk_list(client, spec, on_page)
                reports.append(report)
        return WalkReport(
            tuple(reports),
            register.register,
            register.register_digest,
            register.register_error,
            register.register_problems,
        )

    # ---------------------------------------------------------------- one list

    async def _walk_list(self, client: HubClient, spec: ListSpec, on_page: OnPage | None) -> tuple[ListReport, _Part]:
        """Walk a list, and once more when it shifted meanwhile."""
        size = self._hub.paging.size
        walks = 0
        while True:
            walks += 1
            attempt = _Attempt(self._now())
            receipt = await self._walk_once(client, spec, size, attempt, on_page)
            walk = join_walk(attempt.pages)
            complete = walk.complete and not attempt.failure
            if complete or attempt.failure or walks > self._limits.walks_again:
                break
            size = attempt.progress.clamp(size)
        report = ListReport(
            name=spec.name,
            kind=spec.kind,
            pages=len(attempt.receipts),
            rows=len(walk.rows),
            complete=complete,
            reason="" if complete else attempt.failure or walk.reason,
            walks=walks,
            receipt=receipt,
        )
        return report, _Part(spec, tuple(attempt.receipts), walk)

    async def _walk_once(
        self, client: HubClient, spec: ListSpec, size: int, attempt: _Attempt, on_page: OnPage | None
    ) -> int:
        """Walk a list once and return the receipt of its WALK record, which is kept however the walk ends."""
        try:
            await self._ask_pages(client, spec, size, attempt, on_page)
        except (AnswerError, PageError) as error:
            attempt.failure = self._credentials.hide(str(error))
        except (SourceUnreachableError, asyncio.CancelledError):
            await self._keep_walk(spec, attempt)
            raise
        return await self._keep_walk(spec, attempt)

    async def _ask_pages(
        self, client: HubClient, spec: ListSpec, size: int, attempt: _Attempt, on_page: OnPage | None
    ) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._limits.deadline_s
        target: str | None = client.base_path + first_target(self._hub, spec, self._community, size)
        while target is not None:
            address = client.resolve(target)
            target = address.raw_path_qs
            if target in attempt.progress.asked:
                raise AnswerError(f"{client.host}: the list's pages go in a circle")
            if len(attempt.receipts) >= self._limits.pages:
                raise AnswerError(f"{client.host}: the list has more than {self._limits.pages} pages")
            topic = self._credentials.hide(request_topic(target))
            judge = _Judge(self._hub, spec, topic)
            try:
                async with asyncio.timeout_at(deadline):
                    body = await client.get(address, judge.busy)
            except TimeoutError:
                took = f"the walk took longer than {self._limits.deadline_s:g} s"
                raise AnswerError(f"{client.host}: {took}; walk again later or raise deadline_s") from None
            receipt = await self._keep(Kind.PAGE, topic, body, attempt.receipts)
            page = judge.page(client)
            attempt.pages.append((receipt, page))
            goes_on = attempt.progress.note(target, page)
            if on_page is not None:
                on_page(spec.name, len(attempt.progress.ids))
            target = next_target(target, page, self._hub.paging) if goes_on else None

    async def _keep_walk(self, spec: ListSpec, attempt: _Attempt) -> int:
        document = {
            "hub": self._hub.name,
            "list": spec.name,
            "pages": attempt.receipts,
            "started_at": attempt.started_at,
            "ended_at": self._now(),
        }
        return await self._keep(Kind.WALK, spec.name, _encode(document), [])

    # ---------------------------------------------------------------- the register

    async def _keep_register(self, parts: list[_Part]) -> WalkReport:
        """Keep a REGISTER record if the rows differ from those of the last one and can be read."""
        if not parts:
            return WalkReport(())
        rows = {part.spec.place: register_rows(part.walk) for part in parts}
        problems: list[str] = []
        try:
            for part in parts:
                if part.spec.place == TOTALS:
                    read_totals(rows[TOTALS])
                else:
                    sheet = read_sheet(part.spec.place, rows[part.spec.place], part.spec.name)
                    problems += map(str, sheet.problems)
        except RegisterError as error:
            return WalkReport((), register_error=str(error))
        digest = rows_digest(rows)
        receipt = None
        last = await asyncio.to_thread(self._last_register_digest)
        if digest != last:
            today = datetime.fromtimestamp(self._now() / 1000, self._zone).date().isoformat()
            document = {
                "community": self._community,
                "valid_from": None if last is None else today,
                "origin": f"hub:{self._source}",
                "parts": {part.spec.place: {"list": part.spec.name, "pages": list(part.receipts)} for part in parts},
                "rows_sha256": digest,
            }
            receipt = await self._keep(Kind.REGISTER, self._community, _encode(document), [])
        return WalkReport((), receipt, digest, register_problems=tuple(problems))

    # ---------------------------------------------------------------- keeping

    async def _keep(self, kind: Kind, topic: str, payload: bytes, receipts: list[int]) -> int:
        """Store one arrival and note its receipt, even when we are cancelled while it is being stored."""
        arrival = Arrival(self._source, kind, self._now(), topic, payload)
        storing = asyncio.ensure_future(asyncio.to_thread(self._keeper.append, [arrival]))
        try:
            (receipt,) = await asyncio.shield(storing)
        except asyncio.CancelledError:
            receipts += await storing
            raise
        receipts.append(receipt)
        return receipt


class _Judge:
    """Reads one answer once: for the client, whether to ask again, and for the walk, its page."""

    def __init__(self, hub: Hub, spec: ListSpec, topic: str) -> None:
        self._hub = hub
        self._spec = spec
        self._topic = topic
        self._result: Page | PageError = PageError("no answer was read")

    def busy(self, body: bytes) -> str:
        """Return why the hub asks to be asked again, or ""."""
        try:
            self._result = read_page(body, self._hub, self._spec, self._topic)
        except EnvelopeError as error:
            self._result = error
            return str(error) if error.refusal is Refusal.BUSY else ""
        except PageError as error:
            self._result = error
        return ""

    def page(self, client: HubClient) -> Page:
        """Return the page; raise what is wrong with it, HubRefusedError when the hub does not know us."""
        if isinstance(self._result, Page):
            return self._result
        if isinstance(self._result, EnvelopeError) and self._result.refusal is Refusal.AUTH:
            raise client.refused(str(self._result))
        raise self._result


def _encode(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
