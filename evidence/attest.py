"""What people have attested, as it stands on a day: what is good, what ran out, what was taken back.

Nothing is deleted: an act that should no longer stand is withdrawn by another act, which names it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from connectors.vocabulary import ValueKind
from evidence.act_terms import NEEDED, Terms, attested_way, find_part
from evidence.acts import WITHDRAW, ActError, kept_documents, withdrawn_acts
from evidence.catalogue import Catalogue
from evidence.ledger import Ledger
from evidence.revision import used_revision
from scoring.model import Place
from scoring.proofs import EVENT_DAYS, in_scope

REMINDER_DAYS = 30
_NEEDS_DOCUMENT = frozenset({"attest", "survey", "drill"})
_SHORTEST_BATCH = 6


class Standing(StrEnum):
    """How an act stands on a day. One that lacks its document counts in the ceiling only."""

    GOOD = "有效"
    EXPIRED = "过期"
    WITHDRAWN = "已撤回"
    NO_DOCUMENT = "缺文件"


@dataclass(frozen=True, slots=True)
class ActLine:
    """One recorded act as people read it; "" or None for what it does not have.

    ``row`` is None for a drill, whose ``part`` is its place. ``title`` is the Chinese name of the part or alarm,
    ``batch`` the digest of the file it came with.
    """

    receipt: int
    act: str
    row: int | None
    part: str
    title: str
    value: str
    quantity: int | None
    unit: str
    document: str
    by: str
    date: str
    expires: str
    note: str
    batch: str
    state: Standing


def list_acts(ledger: Ledger, catalogue: Catalogue, community: str, today: str) -> list[ActLine]:
    """Return every recorded act that people attest by, oldest first, as it stands on a local day (ISO)."""
    gone, kept = withdrawn_acts(ledger, community, today), kept_documents(ledger)
    rows = ledger.connection.execute(
        "SELECT receipt, act, body FROM acts WHERE community = ? ORDER BY receipt", (community,)
    )
    return [
        _line(catalogue, receipt, json.loads(body), today, gone, kept) for receipt, act, body in rows if act in NEEDED
    ]


def _line(
    catalogue: Catalogue,
    receipt: int,
    body: Mapping[str, Any],
    today: str,
    gone: Mapping[int, int],
    kept: frozenset[str],
) -> ActLine:
    act = body["act"]
    row = next((one for one in catalogue.rubric.rows if one.no == body.get("row")), None)
    part = find_part(row, body.get("part"))
    way = None if part is None else attested_way(part)
    expires = str(body.get("expires", ""))
    value = {"attest": body.get("value"), "override": body.get("points")}.get(act)
    title = part.title if part is not None else row.title.get("zh", row.level2) if row is not None else ""
    quantity, unit = body.get("quantity"), way.quantity if way is not None else ""
    if act == "drill":
        word = catalogue.vocabulary.capabilities.get(body["capability"])
        title, unit = word.zh if word is not None else body["capability"], "秒"
        # A drill of 1 November still shows on 1 November of the next year, and no longer on the day after.
        expires = (date.fromisoformat(body["date"]) + timedelta(days=EVENT_DAYS)).isoformat()
    if act == "survey":
        value, quantity, unit = f"满意{body['satisfied']}户", body["sample"], "户"
    if receipt in gone:
        state = Standing.WITHDRAWN
    elif expires and expires < today:
        state = Standing.EXPIRED
    elif act in _NEEDS_DOCUMENT and body.get("document", {}).get("sha256") not in kept:
        state = Standing.NO_DOCUMENT
    else:
        state = Standing.GOOD
    return ActLine(
        receipt=receipt,
        act=act,
        row=body.get("row"),
        part=str(body.get("part") or body.get("place") or ""),
        title=title,
        value=str(value or ""),
        quantity=quantity,
        unit=unit if quantity is not None else "",
        document=body.get("document", {}).get("name", ""),
        by=body["by"],
        date=body["date"],
        expires=expires,
        note=str(body.get("note") or body.get("reason") or ""),
        batch=str(body.get("batch", "")),
        state=state,
    )


def expiring(
    ledger: Ledger, catalogue: Catalogue, community: str, today: str, days: int = REMINDER_DAYS
) -> list[ActLine]:
    """Return the acts that stand and end within ``days`` from today (the last day included), the first to end first.

    One that a newer act of the same part, place and alarm outlasts needs no reminder.
    """
    last = (date.fromisoformat(today) + timedelta(days=days)).isoformat()
    lines = [
        line
        for line in list_acts(ledger, catalogue, community, today)
        if line.expires and line.state in {Standing.GOOD, Standing.NO_DOCUMENT}
    ]
    outlasting = {_subject(line): line.receipt for line in lines if line.expires > last}
    return sorted(
        (line for line in lines if line.expires <= last and outlasting.get(_subject(line), 0) < line.receipt),
        key=lambda line: (line.expires, line.receipt),
    )


def _subject(line: ActLine) -> tuple[str, int | None, str, str]:
    return line.act, line.row, line.part, line.title


# ---------------------------------------------------------------- what acts are checked against


def read_terms(ledger: Ledger, catalogue: Catalogue, community: str, today: str, *, by_hand: bool = False) -> Terms:
    """Return the terms for acts of a community: its rubric, the alarms of drills, and its newest register."""
    revision = used_revision(ledger, community, today)
    places = list(register_places(ledger, revision))
    complete = ledger.connection.execute("SELECT complete FROM registers WHERE receipt = ?", (revision,)).fetchone()
    kinds = frozenset(json.loads(complete[0])) if complete is not None else frozenset()
    totals = dict(_totals(ledger, revision))
    return Terms(
        rubric=catalogue.rubric,
        today=today,
        alarms=frozenset(alarm_names(catalogue)),
        places=None if revision is None else frozenset(place.key for place in places),
        totals=totals,
        wholes=_wholes(catalogue, places, kinds, totals),
        by_hand=by_hand,
    )


def alarm_names(catalogue: Catalogue) -> dict[str, str]:
    """Return the alarms that a drill can show, with their Chinese names: words of the vocabulary that know a drill."""
    words = catalogue.vocabulary.capabilities.values()
    return {word.name: word.zh for word in words if word.kind is ValueKind.EVENT and "drill" in word.words}


def register_places(ledger: Ledger, revision: int | None) -> Iterator[Place]:
    """Yield the places of a revision, none where there is no revision."""
    rows = ledger.connection.execute(
        "SELECT id, kind, key, label, attributes, receipt, pointer FROM places WHERE register = ?", (revision,)
    )
    for place_id, kind, key, label, attributes, receipt, pointer in rows:
        yield Place(place_id, kind, key, label, json.loads(attributes), receipt, pointer)


def _totals(ledger: Ledger, revision: int | None) -> Iterator[tuple[str, int]]:
    rows = ledger.connection.execute("SELECT name, value FROM totals WHERE register = ?", (revision,))
    for name, value in rows:
        if value.isdecimal():
            yield name, int(value)


def _wholes(
    catalogue: Catalogue, places: Sequence[Place], kinds: frozenset[str], totals: Mapping[str, int]
) -> dict[tuple[int, str], int]:
    """Return the m of every part whose attested quantity is n of m, where the register says it."""
    found = {}
    for row in catalogue.rubric.rows:
        for part in row.parts:
            way = attested_way(part)
            if way is not None and way.of_total and way.of_total in totals:
                found[row.no, part.id] = totals[way.of_total]
            # A sheet that is not complete says of no number that it is too large.
            elif way is not None and way.of and {scope.kind for scope in way.of} <= kinds:
                inside = [place for place in places if any(in_scope(place, scope) for scope in way.of)]
                found[row.no, part.id] = len(inside)
    return found


# ---------------------------------------------------------------- taking back


def make_withdrawal(receipts: Sequence[int], by: str, today: str, reason: str = "") -> dict[str, Any]:
    """Return the act by which others no longer stand from today on."""
    body: dict[str, Any] = {"act": WITHDRAW, "receipts": sorted(receipts), "by": by, "date": today}
    return {**body, "reason": reason} if reason else body


def choose_withdrawn(lines: Sequence[ActLine], receipts: Sequence[int], batch: str = "") -> list[int]:
    """Return the receipts of the standing acts that are named one by one, or that came with one file.

    Raises ActError for one that is no act of the community, is withdrawn already, or a batch that names none or
    several files.
    """
    by_receipt = {line.receipt: line for line in lines}
    refused = [
        f"{receipt}: no act has this receipt; `zhizheng attest list` shows those there are"
        if receipt not in by_receipt
        else f"{receipt}: is withdrawn already; import it again to have it stand again"
        for receipt in receipts
        if receipt not in by_receipt or by_receipt[receipt].state is Standing.WITHDRAWN
    ]
    if refused:
        raise ActError("\n".join(refused))
    if not batch:
        return sorted(set(receipts))
    known = {line.batch for line in lines if line.batch.startswith(batch) and len(batch) >= _SHORTEST_BATCH}
    if len(known) != 1:
        found = f"names {len(known)} imports" if known else "names no import"
        raise ActError(f"--import {batch}: {found}; `zhizheng attest list` shows the import of every act")
    chosen = [line.receipt for line in lines if line.batch in known and line.state is not Standing.WITHDRAWN]
    if not chosen:
        raise ActError(f"--import {batch}: all its acts are withdrawn already; import the file again to have them back")
    return sorted({*receipts, *chosen})
