"""The addresses of the site, written in one place. All are paths; run and language are added when printed.

Names that platforms choose (device ids) go into the query, never into the path: there a slash, two dots or an ending
``.json`` would change the address.
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

INDEX = "/"
TOTALS = "/totals"
SOURCES = "/sources"
RUNS = "/runs"
VALUE = "value"
"""The anchor of the marked value on a record's page."""

ALL = "all"
"""The roster of every line: counted, missing, excluded and unknown together."""


def row_href(no: int) -> str:
    """Return the address of one row."""
    return f"/rows/{no}"


def part_href(no: int, part: str) -> str:
    """Return the address of one part of a row."""
    return f"/rows/{no}/parts/{quote(part, safe='')}"


def roster_href(no: int, part: str, roster: str, *, page: int = 1, rung: str = "", place: str = "") -> str:
    """Return the address of a roster's page, at a place's line when one is named."""
    query = {name: text for name, text in (("rung", rung), ("page", str(page) if page > 1 else "")) if text}
    path = f"{part_href(no, part)}/{roster}"
    return path + (f"?{urlencode(query)}" if query else "") + (f"#{_fragment(place)}" if place else "")


def record_href(receipt: int, pointer: str = "") -> str:
    """Return the address of a stored record; with a pointer, of the value marked in it."""
    return f"/records/{receipt}" + (f"?{_query(pointer=pointer)}#{VALUE}" if pointer else "")


def payload_href(receipt: int) -> str:
    """Return the address of a record's exact bytes."""
    return f"/records/{receipt}/payload"


def paper_href(name: str) -> str:
    """Return the address of one of the run's papers."""
    return f"/papers/{name}"


def device_href(source: str, device: str) -> str:
    """Return the address of a device's page."""
    return f"/device?{_query(source=source, device=device)}"


def source_href(source: str, page: int = 1) -> str:
    """Return the address of a source's page."""
    return f"/source?{_query(source=source)}" + (f"&page={page}" if page > 1 else "")


def with_query(href: str, **more: str) -> str:
    """Return the address with further query parameters, before its fragment."""
    if not more:
        return href
    path, hash_sign, fragment = href.partition("#")
    joined = "&" if "?" in path else "?"
    return f"{path}{joined}{_query(**more)}{hash_sign}{fragment}"


def _query(**parameters: str) -> str:
    return urlencode(parameters, errors="replace")


def _fragment(place: str) -> str:
    return quote(f"p-{place}", safe="", errors="replace")
