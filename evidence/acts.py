"""Human acts: what a person decided, as it is recorded and folded.

An act is one JSON record: ``attest`` (a part of a row, with its document), ``survey``, ``drill`` (a recorded test of
an alarm at a place), ``not_applicable``, ``override`` (other points than were computed; both are kept), and
``withdraw``, which names the receipts of acts that no longer stand. Acts never expire from the locker; each states its
own expiry.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from connectors.record import Arrival, Kind, Record
from evidence.act_terms import NEEDED, Fault, Terms, check_act, refuse_personal
from evidence.attachment import refuse_document
from evidence.ledger import Ledger

ACTS_SOURCE = "acts"
WITHDRAW = "withdraw"
_NOT_CONTENT = ("community", "batch")
"""What does not make an act another one: whose it is, and with which file it came."""

Given = tuple[dict[str, Any], tuple[str, bytes] | None]
"""An act's body, and its document (name, bytes) if it names one."""


class ActError(ValueError):
    """Acts that cannot be used; every line of the message names the entry or cell, the value and the mend."""


# ---------------------------------------------------------------- reading


def read_acts(
    entries: Sequence[Mapping[str, Any]],
    where: str,
    read_document: Callable[[str], bytes],
    terms: Terms,
    known: frozenset[str] = frozenset(),
) -> list[Given]:
    """Return each entry checked and in plain JSON types; one that is ``known`` by its digest is left out, unchecked.

    Nothing is read by half: ActError names all entries that cannot be used.
    """
    if isinstance(entries, str) or not isinstance(entries, Sequence):
        raise ActError(f"{where}: is no list of entries; begin each one with `- act: ...`")
    acts: list[Given] = []
    refused: list[str] = []
    for index, entry in enumerate(entries, 1):
        at = f"{where}, entry {index}"
        if not isinstance(entry, Mapping) or entry.get("act") not in tuple(NEEDED):
            refused.append(f"{at}: act should be one of {', '.join(NEEDED)}")
            continue
        given, faults = read_act(entry, read_document, terms)
        if not is_known(given, known):
            refused += [f"{at}: {fault.en}" for fault in faults]
            acts.append(given)
    if refused:
        raise ActError("\n".join(refused))
    return acts


def read_act(
    entry: Mapping[str, Any], read_document: Callable[[str], bytes], terms: Terms
) -> tuple[Given, list[Fault]]:
    """Return an entry as it is recorded, with its document, and all its faults."""
    body, faults = check_act(entry, terms)
    document = None
    named = str(entry.get("document") or "").replace("\\", "/")
    if named:
        read = _read_document(named, read_document)
        if isinstance(read, Fault):
            faults.append(read)
        else:
            document = (named.rsplit("/", 1)[-1], read)
            body["document"] = {"name": document[0], "sha256": hashlib.sha256(read).hexdigest()}
    return (body, document), faults


def _read_document(name: str, read_document: Callable[[str], bytes]) -> bytes | Fault:
    personal = refuse_personal("document", name)
    if personal is not None:
        return personal
    try:
        content = read_document(name)
    except OSError as error:
        return Fault(
            "document",
            name,
            f"document {name} cannot be read ({error.strerror}); put the file there",
            "找不到文件；请核对文件名，并把文件放在工作簿所在的文件夹",
        )
    refused = refuse_document(name, content)
    return content if refused is None else Fault("document", name, f"document {name}: {refused[0]}", refused[1])


# ---------------------------------------------------------------- recording


def act_arrivals(
    community: str, acts: Sequence[Given], now: int, *, batch: str = "", kept: frozenset[str] = frozenset()
) -> list[Arrival]:
    """Return the records of acts: each document before the first act that names it, none that is ``kept`` already.

    ``batch`` is the digest of the file they came with.
    """
    arrivals = []
    stored = set(kept)
    for body, document in acts:
        if document is not None and body["document"]["sha256"] not in stored:
            stored.add(body["document"]["sha256"])
            arrivals.append(Arrival(ACTS_SOURCE, Kind.DOCUMENT, now, document[0], document[1]))
        whole = {"community": community, **body, **({"batch": batch} if batch else {})}
        text = json.dumps(whole, ensure_ascii=False, sort_keys=True)
        arrivals.append(Arrival(ACTS_SOURCE, Kind.ACT, now, body["act"], text.encode()))
    return arrivals


def act_digest(body: Mapping[str, Any]) -> str:
    """Return the identity of an act's content, so that reading one acts file twice records it once."""
    content = {key: value for key, value in body.items() if key not in _NOT_CONTENT}
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def is_known(given: Given, known: frozenset[str]) -> bool:
    """Return whether an act is among those known by their digests."""
    return act_digest(given[0]) in known


def fold_act(ledger: Ledger, record: Record) -> None:
    """Keep one act in the ledger."""
    body = json.loads(record.payload)
    ledger.connection.execute(
        "INSERT INTO acts VALUES (?, ?, ?, ?, ?)",
        (record.receipt, record.source, body["community"], body["act"], record.payload.decode()),
    )


# ---------------------------------------------------------------- asking the ledger


def act_bodies(ledger: Ledger, community: str, act: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the receipt and body of every act of one sort, oldest first, withdrawn or not."""
    rows = ledger.connection.execute(
        "SELECT receipt, body FROM acts WHERE community = ? AND act = ? ORDER BY receipt", (community, act)
    )
    for receipt, body in rows:
        yield receipt, json.loads(body)


def withdrawn_acts(ledger: Ledger, community: str, day: str | None = None) -> dict[int, int]:
    """Return the receipts of the acts that are withdrawn (until and on a day, ISO), and by which act each is."""
    return {
        receipt: withdrawal
        for withdrawal, body in act_bodies(ledger, community, WITHDRAW)
        if day is None or body["date"] <= day
        for receipt in body["receipts"]
    }


def standing_acts(
    ledger: Ledger, community: str, act: str, day: str | None = None
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the receipt and body of every act of one sort that is not withdrawn (until and on a day, ISO)."""
    gone = withdrawn_acts(ledger, community, day)
    return ((receipt, body) for receipt, body in act_bodies(ledger, community, act) if receipt not in gone)


def known_acts(ledger: Ledger, community: str, *, withdrawn: bool = False) -> frozenset[str]:
    """Return the digests of the community's recorded acts, those that are withdrawn only where asked for."""
    gone = {} if withdrawn else withdrawn_acts(ledger, community)
    rows = ledger.connection.execute("SELECT receipt, body FROM acts WHERE community = ?", (community,))
    return frozenset(act_digest(json.loads(body)) for receipt, body in rows if receipt not in gone)


def kept_documents(ledger: Ledger) -> frozenset[str]:
    """Return the digests of the documents whose bytes are kept."""
    return frozenset(sha256 for (sha256,) in ledger.connection.execute("SELECT sha256 FROM documents"))
