"""Where in a hub list a request stood, as its stored topic and the answer tell it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urljoin, urlsplit

from connectors.hub import COMMUNITY, Hub, ListSpec, PagingKind

START = ""
END = ""

_WHOLE = re.compile(r"[0-9]{1,12}")
_SECRET = re.compile(
    r"(access_?|id_?)?token|api_?key|app_?secret|auth(orization)?|password|secret|sign(ature)?|ticket", re.IGNORECASE
)


class Positions(NamedTuple):
    """What was asked for and what to ask for then: a number, marker or address; "" is start or end, None unknown.

    Addresses of pages that link to each other are compared as topics, see :func:`request_topic`.
    """

    asked: str | None
    next: str | None


def request_topic(target: str) -> str:
    """Return the topic under which the answer to a request is stored: method, path and query, secrets blotted out.

    ``target`` may be a whole address: scheme and host are left out.
    """
    parts = urlsplit(target)
    query = "&".join(_blot(pair) for pair in parts.query.split("&"))
    return f"GET {parts.path or '/'}" + (f"?{query}" if query else "")


def find_positions(topic: str | None, count: int, following: str | None, hub: Hub, spec: ListSpec) -> Positions:
    """Return the positions of one answer.

    ``topic`` is its record's topic, None when not known; ``count`` the number of its rows; ``following`` the marker
    or link it holds, None when it holds none.
    """
    kind = hub.paging.kind
    if kind is PagingKind.NONE:
        return Positions(START, END)
    if topic is None:
        return Positions(None, None)
    target = topic.partition(" ")[2]
    parts = urlsplit(target)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    if kind is PagingKind.MARKER:
        return Positions(query.get(hub.paging.param, START), following or END)
    if kind is PagingKind.LINK:
        asked = START if _is_start(parts.path, query, hub, spec) else request_topic(target)
        return Positions(asked, urljoin(target, following) if following else END)
    number = query.get(hub.paging.param, "")
    if not _WHOLE.fullmatch(number):
        return Positions(None, None)
    after = int(number) + (1 if kind is PagingKind.PAGE else count)
    return Positions(START if int(number) == hub.paging.first else number, str(after) if count else END)


def follows(before: str | None, after: str | None, hub_kind: PagingKind) -> bool:
    """Return whether the position asked for is the one the page before named."""
    if not before or not after:
        return False
    return after == (request_topic(before) if hub_kind is PagingKind.LINK else before)


def _is_start(path: str, query: Mapping[str, str], hub: Hub, spec: ListSpec) -> bool:
    """Return whether a request is the first of a walk by links: the list's own path and query, and the size."""
    own_path, _, own_query = spec.path.partition("?")
    pattern = "[^/]+".join(re.escape(quote(part, safe="/%")) for part in own_path.split(COMMUNITY))
    own = {*dict(parse_qsl(own_query, keep_blank_values=True)), hub.paging.size_param} - {""}
    return re.search(f"{pattern}$", path) is not None and set(query) == own


def _blot(pair: str) -> str:
    name, sign, _ = pair.partition("=")
    return f"{name}{sign}***" if _SECRET.fullmatch(name) else pair
