"""Follows every number of the review page down to raw bytes and back.

Works on any served run: :func:`crawl` takes a function that fetches an address. A number without its way is a fault.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import html

Fetch = Callable[[str], Awaitable[tuple[int, str]]]

_DIGIT = re.compile(r"\d", re.ASCII)
_DEPTHS = (
    (re.compile(r"/records/\d+"), 5),
    (re.compile(r"/rows/\d+/parts/[^/]+/[a-z]+"), 3),
    (re.compile(r"/rows/\d+/parts/[^/]+"), 2),
    (re.compile(r"/rows/\d+"), 1),
    (re.compile(r"/device"), 4),
    (re.compile(r"/source"), 1),
    (re.compile(r"/runs"), -1),
)


@dataclass
class Page:
    """One page as crawled: where its figures and links lead, the next page of its list, and whether it is empty."""

    path: str
    depth: int
    figures: set[str]
    links: set[str]
    following: list[str]
    empty: bool
    text: str


@dataclass
class Crawl:
    """What was seen, and every fault in one line each."""

    pages: dict[str, Page] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    figures: int = 0

    @property
    def records(self) -> list[Page]:
        return [page for page in self.pages.values() if page.path.startswith("/records/")]


async def crawl(fetch: Fetch, start: str = "/", records_per_page: int | None = None) -> Crawl:
    """Crawl from ``start`` along all figures; ``records_per_page`` takes only the first records of each page."""
    seen = Crawl()
    await _walk(fetch, start, records_per_page, seen)
    _judge_reach(seen)
    _judge_return(seen)
    return seen


async def _walk(fetch: Fetch, start: str, records_per_page: int | None, seen: Crawl) -> None:
    queue = deque([("", start)])
    asked = {start}
    while queue:
        origin, address = queue.popleft()
        status, text = await fetch(address)
        if status != 200:
            seen.faults.append(f"{origin}: the figure's way {address} answers {status}")
            continue
        page = _read(address, text, seen)
        seen.pages[address] = page
        records = [link for link in sorted(page.figures) if link.startswith("/records/")]
        skipped = set(records[records_per_page:]) if records_per_page is not None else set()
        page.figures -= skipped
        for link in [*sorted(page.figures), *page.following]:
            if link not in asked:
                asked.add(link)
                queue.append((address, link))


def _read(address: str, text: str, seen: Crawl) -> Page:
    tree: Any = html.fromstring(text)
    path = urlsplit(address).path
    for node in tree.xpath("//body//text()"):
        if _DIGIT.search(node) and not _stands_rightly(node):
            seen.faults.append(f"{address}: {node.strip()!r} is neither a figure nor marked as words")
    for cell in tree.xpath("//*[@data-figure]"):
        plain = [node for node in cell.xpath(".//text()[not(ancestor::a)]") if _DIGIT.search(node)]
        if any(not node.getparent().xpath("ancestor-or-self::*[@data-text]") for node in plain):
            seen.faults.append(f"{address}: the figure {cell.text_content().strip()!r} has no link")
    figures = [
        _local(address, link) for link in tree.xpath("//a[contains(concat(' ', @class, ' '), ' figure ')]/@href")
    ]
    seen.figures += len(figures)
    links = {_local(address, link) for link in tree.xpath("//a/@href")}
    following = [_local(address, link) for link in tree.xpath("//a[@rel='next']/@href")]
    empty = bool(tree.xpath("//main[@data-empty='true']"))
    return Page(path, _depth(path), set(figures), links, following, empty, tree.text_content())


def _stands_rightly(node: Any) -> bool:
    near = node.getparent()
    # A tail text belongs to the element around its sibling.
    around = near.getparent() if node.is_tail else near
    return bool(around.xpath("ancestor-or-self::*[@data-text] | ancestor-or-self::a[contains(@class, 'figure')]"))


def _local(address: str, link: str) -> str:
    return urljoin(address, link).partition("#")[0]


def _depth(path: str) -> int:
    return next((depth for pattern, depth in _DEPTHS if pattern.fullmatch(path)), 0)


def _judge_reach(seen: Crawl) -> None:
    """Every page a figure leads to reaches a record going down only, or says that nothing was received."""
    reaching: set[str] = set()
    for address, page in sorted(seen.pages.items(), key=lambda item: -item[1].depth):
        below = {link for link in page.figures if link in seen.pages and seen.pages[link].depth > page.depth}
        if page.empty or page.path.startswith("/records/") or below & reaching:
            reaching.add(address)
        else:
            seen.faults.append(f"{address}: no record can be reached from this figure")


def _judge_return(seen: Crawl) -> None:
    """Every record says that it is unchanged and leads back to each row it was reached from."""
    for page in seen.records:
        verdict = "一致" in page.text and "不一致" not in page.text
        if not verdict:
            seen.faults.append(f"{page.path}: the record does not say 一致")
    rows = {page.path: address for address, page in seen.pages.items() if re.fullmatch(r"/rows/\d+", page.path)}
    for row, first in rows.items():
        found, queue = {first}, deque([first])
        while queue:
            page = seen.pages[queue.popleft()]
            if page.path.startswith("/records/"):
                if row not in {urlsplit(link).path for link in page.links}:
                    seen.faults.append(f"{page.path}: reached from {row} and does not lead back to it")
                continue
            below = [link for link in page.links if link in seen.pages and _belongs(link, row)]
            below += [link for link in page.figures if link.startswith("/records/") and link in seen.pages]
            queue.extend(link for link in below if link not in found)
            found.update(below)


def _belongs(link: str, row: str) -> bool:
    return urlsplit(link).path.startswith(f"{row}/")
