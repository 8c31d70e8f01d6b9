"""Takes from the ledger the plain facts that scoring needs: one community, one window, one cut-off."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.hub import ListKind
from evidence.acts import ACTS_SOURCE, standing_acts
from evidence.catalogue import Catalogue
from evidence.frame import REGISTER_SOURCE
from evidence.ledger import Ledger
from evidence.locker import SYSTEM_SOURCE
from evidence.revision import used_revision
from evidence.shown import Asked, Bound, shown_by_drills, shown_by_events, shown_by_inventory, shown_by_messages
from evidence.walk import find_list
from evidence.window import Window
from scoring.model import Attestation, Document, Facts, Figure, Gap, Override, Place, Shown, Survey, Unplaced


def gather_facts(ledger: Ledger, catalogue: Catalogue, community: str, window: Window) -> Facts:
    """Return the community's facts as the ledger stands; the caller has folded it exactly up to the cut-off."""
    revision = _revision(ledger, community, window)
    frames, totals = _frame(ledger, revision)
    bound = _bindings(ledger, community, window)
    sources = frozenset(spec.id for spec in catalogue.sources.values() if spec.community == community)
    shown = [
        *shown_by_messages(ledger, sources, window, bound, _asked(ledger, catalogue, window)),
        *shown_by_events(ledger, sources, window, bound),
        *shown_by_inventory(ledger, sources, window, bound),
        *shown_by_drills(ledger, community, window, frames),
    ]
    reading_at: dict[str, set[str]] = defaultdict(set)
    for (source, _), (place, _) in bound.items():
        if place is not None:
            reading_at[place].add(source)
    attestations, surveys, not_applicable = _acts(ledger, community, window)
    labels = {place.id: place.label for places in frames.values() for place in places}
    return Facts(
        community=community,
        window_days=window.days,
        frames=frames,
        totals=totals,
        shown=tuple(sorted(shown, key=lambda one: (one.source, one.device, one.capability, one.shown_by))),
        statistics=_statistics(ledger, catalogue, community, window),
        attestations=attestations,
        surveys=surveys,
        not_applicable=not_applicable,
        overrides=_overrides(ledger, community, window),
        broken=_broken(ledger),
        common_sources=_common_sources(ledger, catalogue, community),
        sources_of=catalogue.sources_showing(community),
        reading_at={place: frozenset(sources) for place, sources in reading_at.items()},
        names=_names(catalogue),
        unplaced=(*_unplaced(ledger, community, labels), *_without_address(ledger, catalogue, community)),
        stating=catalogue.hubs_with(community, ListKind.STATISTICS),
        window_end=window.end,
        gaps=_gaps(ledger, sources, window),
        unheard=frozenset(catalogue.vocabulary.capabilities) - _heard(ledger, catalogue, community, shown),
    )


def _asked(ledger: Ledger, catalogue: Catalogue, window: Window) -> Asked:
    """Return what the rubric asks of messages: how far back, in which season, whose extremes, and whose last value."""
    behind = ledger.connection.execute(
        "SELECT source, max(receipt) FROM gaps WHERE since < ? GROUP BY source", (window.as_ms()[1],)
    )
    measures = [way.measure for row in catalogue.rubric.rows for part in row.parts for way in part.ways]
    needs = [one for measure in measures for need in measure.show for one in need.choices]
    days: dict[str, int] = {}
    for need in needs:
        if need.days is not None:
            days[need.capability] = max(need.days, days.get(need.capability, 0))
    return Asked(
        days=days,
        seasons={need.capability: need.season for need in needs if need.season is not None},
        bounded=frozenset(measure.capability for measure in measures if measure.kind == "limits"),
        states=frozenset(need.capability for need in needs if need.equals is not None),
        behind=dict(behind.fetchall()),
    )


def _names(catalogue: Catalogue) -> dict[str, str]:
    """Return the Chinese names of all capabilities and figures."""
    words = {word.name: word.zh for word in catalogue.vocabulary.capabilities.values()}
    return words | {name: str(titles["zh"]) for name, titles in catalogue.rubric.figures.items()}


# ---------------------------------------------------------------- the frame


def _revision(ledger: Ledger, community: str, window: Window) -> int | None:
    """Return the newest revision that is not held and is valid at the end of the window."""
    return used_revision(ledger, community, window.end.isoformat())


def _common_sources(ledger: Ledger, catalogue: Catalogue, community: str) -> frozenset[str]:
    """Return the sources every row rests on: a revision that went missing leaves no trace of where it came from."""
    rows = ledger.connection.execute("SELECT DISTINCT source FROM registers WHERE community = ?", (community,))
    delivering = {REGISTER_SOURCE, *(source for (source,) in rows)}
    return catalogue.hubs_with(community, ListKind.REGISTER) | delivering | {SYSTEM_SOURCE, ACTS_SOURCE}


def _frame(ledger: Ledger, revision: int | None) -> tuple[dict[str, tuple[Place, ...]], dict[str, Figure]]:
    if revision is None:
        return {}, {}
    connection = ledger.connection
    source, complete = connection.execute(
        "SELECT source, complete FROM registers WHERE receipt = ?", (revision,)
    ).fetchone()
    frames: dict[str, list[Place]] = {kind: [] for kind in json.loads(complete)}
    rows = connection.execute(
        "SELECT id, kind, key, label, attributes, receipt, pointer FROM places WHERE register = ? ORDER BY kind, key",
        (revision,),
    )
    for place_id, kind, key, label, attributes, receipt, pointer in rows:
        if kind in frames:
            frames[kind].append(Place(place_id, kind, key, label, json.loads(attributes), receipt, pointer))
    totals = {
        name: Figure(name, value, source, receipt, pointer)
        for name, value, receipt, pointer in connection.execute(
            "SELECT name, value, receipt, pointer FROM totals WHERE register = ?", (revision,)
        )
    }
    return {kind: tuple(places) for kind, places in frames.items()}, totals


def _bindings(ledger: Ledger, community: str, window: Window) -> Bound:
    """Return where each device is at the end of the window: its newest binding that is valid then."""
    rows = ledger.connection.execute(
        "SELECT source, device, place, receipt FROM bindings WHERE community = ? AND valid_from <= ? ORDER BY receipt",
        (community, window.end.isoformat()),
    )
    return {(source, device): (place, receipt) for source, device, place, receipt in rows}


def _unplaced(ledger: Ledger, community: str, labels: Mapping[str, str]) -> Iterator[Unplaced]:
    rows = ledger.connection.execute(
        "SELECT source, device, place, address, receipt, candidates FROM bindings WHERE receipt IN"
        " (SELECT max(receipt) FROM bindings WHERE community = ? GROUP BY source, device) ORDER BY source, device",
        (community,),
    )
    for source, device, place, address, receipt, candidates in rows:
        if place is None or place not in labels:
            near = tuple(labels.get(one, one) for one in json.loads(candidates))
            yield Unplaced(source, device, address, receipt, near)


def _without_address(ledger: Ledger, catalogue: Catalogue, community: str) -> Iterator[Unplaced]:
    """Yield the devices heard that never said where they are."""
    rows = ledger.connection.execute(
        "SELECT d.source, d.device, d.first_receipt FROM devices d LEFT JOIN addresses a USING (source, device)"
        " WHERE a.device IS NULL ORDER BY d.source, d.device"
    )
    for source, device, receipt in rows:
        spec = catalogue.sources.get(source)
        if spec is not None and spec.community == community and spec.profiles:
            yield Unplaced(source, device, "", receipt, ())


def _heard(ledger: Ledger, catalogue: Catalogue, community: str, shown: Sequence[Shown]) -> frozenset[str]:
    """Return the capabilities that a device has shown, or that a complete walk would have listed."""
    words = {one.capability for one in shown}
    rows = ledger.connection.execute("SELECT DISTINCT source, list FROM walks WHERE complete ORDER BY source, list")
    for source, name in rows:
        spec = catalogue.sources.get(source)
        listing = find_list(catalogue.hub_of(source), name)
        if spec is not None and spec.community == community and listing is not None:
            words |= {*listing.capabilities, *(value.capability for value in listing.values)}
    return frozenset(words)


# ---------------------------------------------------------------- statistics and acts


def _statistics(ledger: Ledger, catalogue: Catalogue, community: str, window: Window) -> dict[str, Figure]:
    rows = ledger.connection.execute(
        "SELECT source, key, value, receipt, pointer, received_at FROM statistics ORDER BY source, key"
    )
    found = {}
    for source, key, value, receipt, pointer, received_at in rows:
        spec = catalogue.sources.get(source)
        if spec is not None and spec.community == community:
            day = datetime.fromtimestamp(received_at / 1000, window.zone).date()
            found[key] = Figure(key, value, source, receipt, pointer, window.days_before_end(day))
    return found


def _acts(
    ledger: Ledger, community: str, window: Window
) -> tuple[tuple[Attestation, ...], tuple[Survey, ...], dict[tuple[int, str], int]]:
    end = window.end.isoformat()
    attestations = tuple(
        Attestation(
            row=body["row"],
            part=body["part"],
            value=body["value"],
            by=body["by"],
            date=body["date"],
            expires=body["expires"],
            receipt=receipt,
            document=_document(ledger, body),
            quantity=body.get("quantity"),
        )
        for receipt, body in standing_acts(ledger, community, "attest", end)
        # A document is good until its last day (有效期至), that day included.
        if body["date"] <= end <= body["expires"]
    )
    surveys = tuple(
        Survey(
            sample=body["sample"],
            satisfied=body["satisfied"],
            occupied=body.get("occupied"),
            by=body["by"],
            date=body["date"],
            receipt=receipt,
            document=_document(ledger, body),
        )
        for receipt, body in standing_acts(ledger, community, "survey", end)
        if body["date"] <= end
    )
    not_applicable = {
        (int(body["row"]), str(body["part"])): receipt
        for receipt, body in standing_acts(ledger, community, "not_applicable", end)
    }
    return attestations, surveys, not_applicable


def _overrides(ledger: Ledger, community: str, window: Window) -> tuple[Override, ...]:
    """Return the overrides that stand at the end of the window, oldest first."""
    end = window.end.isoformat()
    return tuple(
        Override(
            row=body["row"],
            points=body["points"],
            reason=body["reason"],
            by=body["by"],
            date=body["date"],
            receipt=receipt,
            document=_document(ledger, body),
        )
        for receipt, body in standing_acts(ledger, community, "override", end)
        if body["date"] <= end <= body.get("expires", end)
    )


def _document(ledger: Ledger, body: Mapping[str, Any]) -> Document | None:
    """Return the act's document if its bytes are kept; a digest without bytes proves nothing."""
    named = body.get("document")
    if not named:
        return None
    row = ledger.connection.execute("SELECT receipt FROM documents WHERE sha256 = ?", (named["sha256"],)).fetchone()
    return None if row is None else Document(named["name"], named["sha256"], int(row[0]))


def _gaps(ledger: Ledger, sources: frozenset[str], window: Window) -> tuple[Gap, ...]:
    """Return the gaps of the community's sources that reach into the window, oldest first."""
    begin, end = window.as_ms()
    rows = ledger.connection.execute(
        "SELECT source, since, until, cause, receipt FROM gaps WHERE since < ? AND until >= ? ORDER BY receipt",
        (end, begin),
    )
    return tuple(gap for gap in (Gap(*row) for row in rows) if gap.source in sources)


def _broken(ledger: Ledger) -> dict[str, str]:
    """Return each source whose records are not all there, with the first reason.

    A partition that is not closed is broken too, unless it is the system's own newest one: the record that closes
    it is its last.
    """
    found: dict[str, str] = {}
    rows = ledger.connection.execute("SELECT source, day, broken, closed FROM partitions ORDER BY source, day")
    newest = ledger.connection.execute("SELECT max(day) FROM partitions").fetchone()[0]
    for source, day, broken, closed in rows:
        reason = broken
        if not reason and not closed and not (source == SYSTEM_SOURCE and day == newest):
            reason = f"{day}的记录尚未封存"
        if reason and source not in found:
            found[source] = f"记录不完整（{reason}）"
    return found
