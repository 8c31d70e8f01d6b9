"""Human acts: what a person decided, as it is recorded and folded.

An act is one JSON record: ``attest`` (a part of a row, with its document), ``survey``, ``drill`` (a recorded test of
an alarm at a place), ``not_applicable``. Acts never expire from the locker; each states its own expiry.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from connectors.record import Arrival, Kind, Record
from evidence.ledger import Ledger

ACTS_SOURCE = "acts"
_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "attest": ("row", "part", "value", "by", "date", "expires"),
    "survey": ("row", "sample", "satisfied", "by", "date"),
    "drill": ("place", "capability", "by", "date"),
    "not_applicable": ("row", "part", "by", "date"),
}
_OPTIONAL = ("document", "quantity", "occupied", "note")
_DATES = ("date", "expires")
_COUNTS = ("row", "sample", "satisfied", "occupied", "quantity")


class ActError(ValueError):
    """An entry of an acts file that cannot be used; the message names the entry, the key and the mend."""


def read_acts(
    entries: Sequence[Mapping[str, Any]], where: str, read_document: Callable[[str], bytes]
) -> list[tuple[dict[str, Any], tuple[str, bytes] | None]]:
    """Return each entry checked and in plain JSON types, with its document (name, bytes) if it names one.

    Nothing is read by half: the first bad entry raises ActError before any is returned.
    """
    if isinstance(entries, str) or not isinstance(entries, Sequence):
        raise ActError(f"{where}: is no list of entries; begin each one with `- act: ...`")
    return [_read_act(entry, f"{where}, entry {index}", read_document) for index, entry in enumerate(entries, 1)]


def _read_act(
    entry: Mapping[str, Any], at: str, read_document: Callable[[str], bytes]
) -> tuple[dict[str, Any], tuple[str, bytes] | None]:
    if not isinstance(entry, Mapping) or entry.get("act") not in tuple(_REQUIRED):
        raise ActError(f"{at}: act should be one of {', '.join(_REQUIRED)}")
    body: dict[str, Any] = {"act": str(entry["act"])}
    for key in _REQUIRED[body["act"]]:
        if entry.get(key) is None or entry[key] == "":
            raise ActError(f"{at}: {key} is missing; every {body['act']} needs {', '.join(_REQUIRED[body['act']])}")
    allowed = ("act", *_REQUIRED[body["act"]], *_OPTIONAL)
    for key, value in entry.items():
        if key not in allowed:
            raise ActError(f"{at}: {key} is not known; an entry {body['act']} may have {', '.join(allowed)}")
        if key in {"act", "document"} or value is None:
            continue
        body[str(key)] = _plain(str(key), value, at)
    document = None
    if entry.get("document"):
        name = str(entry["document"])
        try:
            content = read_document(name)
        except OSError as error:
            raise ActError(f"{at}: document {name} cannot be read ({error.strerror}); put the file there") from None
        document = (name.rsplit("/", 1)[-1], content)
        body["document"] = {"name": document[0], "sha256": hashlib.sha256(content).hexdigest()}
    return body, document


def _plain(key: str, value: object, at: str) -> str | int:
    if isinstance(value, Mapping | list):
        raise ActError(f"{at}: {key} is {value!r}; write one value")
    if key in _DATES:
        try:
            return date.fromisoformat(str(value)).isoformat()
        except ValueError:
            raise ActError(f"{at}: {key} is {value!r}; write a date such as 2026-10-20") from None
    if key in _COUNTS:
        if isinstance(value, bool) or not str(value).isdecimal():
            raise ActError(f"{at}: {key} is {value!r}; write a whole number")
        return int(str(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def act_arrivals(
    community: str, acts: Sequence[tuple[dict[str, Any], tuple[str, bytes] | None]], now: int
) -> list[Arrival]:
    """Return the records of acts: each document before the act that names it."""
    arrivals = []
    for body, document in acts:
        if document is not None:
            arrivals.append(Arrival(ACTS_SOURCE, Kind.DOCUMENT, now, document[0], document[1]))
        text = json.dumps({"community": community, **body}, ensure_ascii=False, sort_keys=True)
        arrivals.append(Arrival(ACTS_SOURCE, Kind.ACT, now, body["act"], text.encode()))
    return arrivals


def act_digest(body: Mapping[str, Any]) -> str:
    """Return the identity of an act's content, so that reading one acts file twice records it once."""
    content = {key: value for key, value in body.items() if key != "community"}
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def fold_act(ledger: Ledger, record: Record) -> None:
    """Keep one act in the ledger."""
    body = json.loads(record.payload)
    ledger.connection.execute(
        "INSERT INTO acts VALUES (?, ?, ?, ?, ?)",
        (record.receipt, record.source, body["community"], body["act"], record.payload.decode()),
    )


def known_acts(ledger: Ledger, community: str) -> frozenset[str]:
    """Return the digests of the community's recorded acts."""
    rows = ledger.connection.execute("SELECT body FROM acts WHERE community = ?", (community,))
    return frozenset(act_digest(json.loads(body)) for (body,) in rows)


def act_bodies(ledger: Ledger, community: str, act: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the receipt and body of every act of one sort, oldest first."""
    rows = ledger.connection.execute(
        "SELECT receipt, body FROM acts WHERE community = ? AND act = ? ORDER BY receipt", (community, act)
    )
    for receipt, body in rows:
        yield receipt, json.loads(body)
