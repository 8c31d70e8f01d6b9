"""Revisions of the register: which one is used, what made one smaller, and what changed between two.

A revision with fewer places or a smaller total than the one in use is held: it changes nothing until a person
accepts it by an act. So neither a slip nor a convenient omission makes a denominator smaller unseen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from connectors.register_columns import SHEETS, TOTAL_NAMES, TOTALS
from evidence.acts import standing_acts
from evidence.ledger import Ledger

ACCEPT = "accept_register"
"""The act by which a person has a held revision used."""

_EVER = "9999"
_TOTAL_WORDS = {key: name for name, key in reversed(tuple(TOTAL_NAMES.items()))}


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A kind with fewer places, or a total that is smaller; ``after`` is None where it is no longer there."""

    name: str
    before: int
    after: int | None

    def __str__(self) -> str:
        """Return the change in Chinese, such as 住户 60 → 59."""
        return f"{name_part(self.name)} {self.before} → {'没有了' if self.after is None else self.after}"


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision as the ledger has it.

    ``held`` is what made it smaller, empty for most; ``used`` says that it is not held, or that a person accepted it.
    """

    receipt: int
    source: str
    valid_from: str
    received_at: int
    origin: str
    complete: tuple[str, ...]
    problems: tuple[str, ...]
    held: tuple[Shrunk, ...]
    used: bool


def name_part(name: str) -> str:
    """Return the Chinese name of a kind or a total; a total that people named themselves has its own name."""
    return SHEETS[name][0] if name in SHEETS else _TOTAL_WORDS.get(name, name)


def used_revision(ledger: Ledger, community: str, day: str | None = None) -> int | None:
    """Return the newest revision that is not held and is valid on a local day (ISO), whenever without one."""
    used = (one for one in list_revisions(ledger, community) if one.used and one.valid_from <= (day or _EVER))
    return max((one.receipt for one in used), default=None)


def accepted_revisions(ledger: Ledger, community: str) -> dict[int, int]:
    """Return the revisions that a person accepted, and by which act each was."""
    acts = standing_acts(ledger, community, ACCEPT)
    # An act names what was there before it.
    return {int(body["register"]): receipt for receipt, body in acts if int(body["register"]) < receipt}


def list_revisions(ledger: Ledger, community: str) -> list[Revision]:
    """Return all revisions of a community, oldest first."""
    accepted = accepted_revisions(ledger, community)
    rows = ledger.connection.execute(
        "SELECT receipt, source, valid_from, received_at, origin, complete, problems, held FROM registers"
        " WHERE community = ? ORDER BY receipt",
        (community,),
    )
    revisions = []
    for receipt, source, valid_from, received_at, origin, complete, problems, held in rows:
        shrunk = tuple(Shrunk(*one) for one in json.loads(held))
        texts = tuple(json.loads(complete)), tuple(json.loads(problems))
        used = not shrunk or receipt in accepted
        revisions.append(Revision(receipt, source, valid_from, received_at, origin, *texts, shrunk, used))
    return revisions


def find_shrunk(
    ledger: Ledger, base: int | None, source: str, counts: Mapping[str, int], totals: Mapping[str, str], *, read: bool
) -> list[Shrunk]:
    """Return what is smaller in a new revision than in ``base``, the one in use.

    ``counts`` are its places by kind, only of kinds that could be read. What it leaves out altogether counts as gone
    only against a base of the same source: a hub that knows homes alone says nothing of lifts. ``read`` says that
    all its parts could be read; what is unreadable is not gone.
    """
    if base is None:
        return []
    (base_source,) = ledger.connection.execute("SELECT source FROM registers WHERE receipt = ?", (base,)).fetchone()
    left_out = read and base_source == source
    before = count_places(ledger, base)
    shrunk = [
        Shrunk(kind, before[kind], counts.get(kind))
        for kind in SHEETS
        if kind in before and (counts[kind] < before[kind] if kind in counts else left_out)
    ]
    for name, value in list_values(ledger, base).items():
        if int(totals[name]) < int(value) if name in totals else left_out:
            shrunk.append(Shrunk(name, int(value), int(totals[name]) if name in totals else None))
    return shrunk


def count_places(ledger: Ledger, revision: int) -> dict[str, int]:
    """Return the number of places by kind."""
    rows = ledger.connection.execute(
        "SELECT kind, count(*) FROM places WHERE register = ? GROUP BY kind ORDER BY kind", (revision,)
    )
    return dict(rows.fetchall())


def list_values(ledger: Ledger, revision: int) -> dict[str, str]:
    """Return the totals by key."""
    rows = ledger.connection.execute("SELECT name, value FROM totals WHERE register = ? ORDER BY name", (revision,))
    return dict(rows.fetchall())


# ---------------------------------------------------------------- what changed between two


@dataclass(frozen=True, slots=True)
class Change:
    """What changed of one kind (or of the totals): labels, and for each changed one its cells before and after."""

    kind: str
    before: int
    after: int
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[tuple[str, Mapping[str, tuple[str, str]]], ...]


def compare_revisions(ledger: Ledger, old: int, new: int) -> list[Change]:
    """Return what changed from one revision to another, by kind; kinds without any change are left out."""
    before, after = _places(ledger, old), _places(ledger, new)
    changes = [_compare(kind, before.get(kind, {}), after.get(kind, {})) for kind in SHEETS]
    return [one for one in changes if one.added or one.removed or one.changed]


Cells = Mapping[str, str]


def _places(ledger: Ledger, revision: int) -> dict[str, dict[str, tuple[str, Cells]]]:
    """Return (label, cells) by kind and key; the totals are a kind of their own."""
    found: dict[str, dict[str, tuple[str, Cells]]] = {}
    rows = ledger.connection.execute(
        "SELECT kind, key, label, attributes FROM places WHERE register = ? ORDER BY kind, key", (revision,)
    )
    for kind, key, label, attributes in rows:
        found.setdefault(kind, {})[key] = (label, json.loads(attributes))
    values = list_values(ledger, revision)
    if values:
        found[TOTALS] = {name: (name_part(name), {"value": value}) for name, value in values.items()}
    return found


def _compare(kind: str, before: Mapping[str, tuple[str, Cells]], after: Mapping[str, tuple[str, Cells]]) -> Change:
    changed = []
    for key in (key for key in before if key in after):
        old, new = before[key][1], after[key][1]
        names = sorted({*old, *new})
        cells = {name: (old.get(name, ""), new.get(name, "")) for name in names if old.get(name) != new.get(name)}
        if cells:
            changed.append((after[key][0], cells))
    return Change(
        kind,
        len(before),
        len(after),
        tuple(_named(kind, *place) for key, place in after.items() if key not in before),
        tuple(_named(kind, *place) for key, place in before.items() if key not in after),
        tuple(changed),
    )


def _named(kind: str, label: str, cells: Cells) -> str:
    return f"{label} {cells['value']}" if kind == TOTALS else label
