"""Which request comes next on the way through a hub list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from connectors.hub import COMMUNITY, Hub, ListSpec, Paging, PagingKind
from connectors.page import Page


def first_target(hub: Hub, spec: ListSpec, community: str, size: int) -> str:
    """Return path and query of the first request of a list."""
    paging = hub.paging
    path, _, query = spec.path.partition("?")
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    if paging.kind in {PagingKind.PAGE, PagingKind.OFFSET}:
        parameters[paging.param] = str(paging.first)
    if paging.size_param:
        parameters[paging.size_param] = str(size)
    return _join(quote(path.replace(COMMUNITY, quote(community, safe="")), safe="/%"), parameters)


def next_target(target: str, page: Page, paging: Paging) -> str | None:
    """Return the request after this one: path and query, or whatever a link of the answer says; None at the end."""
    if not page.next:
        return None
    if paging.kind is PagingKind.LINK:
        return page.next
    parts = urlsplit(target)
    return _join(parts.path, {**dict(parse_qsl(parts.query, keep_blank_values=True)), paging.param: page.next})


@dataclass(slots=True)
class Progress:
    """How far a walk has come: the ids seen, the targets asked, the rows of the longest page."""

    ids: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    longest: int = 0

    def note(self, target: str, page: Page) -> bool:
        """Add a page; return whether the walk goes on.

        A page shorter than asked for is no end: hubs clamp. The end is the total reached, an empty page, or a page
        that brings no new row, which is a hub that goes in circles.
        """
        before = len(self.ids)
        self.ids.update(row.id for row in page.rows)
        self.asked.add(target)
        self.longest = max(self.longest, len(page.rows))
        reached = page.total is not None and len(self.ids) >= page.total
        return not reached and len(self.ids) > before

    def clamp(self, size: int) -> int:
        """Return the page size to ask for when the walk must be walked again: what the hub really gave."""
        return self.longest if 0 < self.longest < size else size


def _join(path: str, parameters: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(parameters)}" if parameters else path
