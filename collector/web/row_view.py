"""From a run's files to the lines and blocks that several pages share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import yaml

from collector.web import addresses
from collector.web.contexts import (
    DocumentLine,
    EntryLine,
    Figure,
    NamedFigure,
    PartBlock,
    RowLine,
    RunHead,
    Share,
    ShownLine,
    UnplacedLine,
    ValueLine,
)
from collector.web.run_folder import ROSTERS, Run, read_pointers, roster_entries
from collector.web.sentences import link_numbers

RUNGS = ("listed", "bound", "heard", "reporting", "plausible")
RECORDS_SHOWN = 8
MET_MARK, UNMET_MARK = "√", "О"
"""The form's own marks; the second is the letter the form prints."""


def view_head(run: Run) -> RunHead:
    """Return which run the page speaks of; call it last, when the page's files have been read."""
    card = run.scorecard
    window = card["window"]
    return RunHead(
        community=str(card["community"]),
        community_name=str(card["community_name"]),
        run=run.number,
        newest=run.newest(),
        environment=str(card["environment"]),
        as_of=str(card["as_of"]),
        window_from=str(window["from"]),
        window_to=str(window["to"]),
        window_days=int(window["days"]),
        damaged=run.damaged(),
    )


def view_row(row: Mapping[str, Any], indicator: Mapping[str, Any], *, opened: bool = False) -> RowLine:
    """Return one row of the form; where it is ``opened`` already, its points lead to the parts instead of the row."""
    no = int(row["no"])
    head = headline(indicator)
    here = addresses.row_href(no)
    deeper = addresses.part_href(no, str(head["id"])) if opened and head else here
    floor, ceiling = str(row["floor"]), str(row["ceiling"])
    met = row["met"]
    return RowLine(
        no=no,
        href=here,
        level1=str(row["level1"]),
        level2=str(row["level2"]),
        content=str(indicator["content"]),
        type=str(row["type"]),
        points=Figure(str(row["points"]), f"{addresses.TOTALS}#row-{no}" if opened else here),
        met=met,
        mark=MET_MARK if met else UNMET_MARK,
        floor=Figure(floor, deeper),
        ceiling=Figure(ceiling, deeper) if ceiling != floor else None,
        share=_view_share(no, head, row) if head else Share(None, None, ""),
        origin=str(row["origin"]),
        status=str(row["status"]),
        sentence=link_numbers(str(row["sentence"]), known_numbers(indicator), deeper),
    )


def headline(indicator: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the part that gives the row its n and m, else the first part, None for a row without parts."""
    parts: Sequence[Mapping[str, Any]] = indicator.get("parts") or ()
    pair = (indicator["numerator"], indicator["denominator"])
    same = (part for part in parts if (part["numerator"], part["denominator"]) == pair)
    return next(same, parts[0] if parts else None)


def known_numbers(indicator: Mapping[str, Any]) -> Mapping[str, str]:
    """Return where each number a sentence of this row may hold leads; the headline part speaks first."""
    no = int(indicator["no"])
    known: dict[str, str] = {}
    head = headline(indicator)
    parts = sorted(indicator.get("parts") or (), key=lambda part: part is not head)
    for part in parts:
        share = _view_share(no, part, part)
        for figure in (share.n, share.m):
            if figure is not None:
                known.setdefault(figure.text, figure.href)
        if part.get("worst") is not None and roster_entries(part, "counted"):
            known.setdefault(str(part["worst"]), addresses.roster_href(no, str(part["id"]), "counted"))
        for value in part.get("values") or ():
            known.setdefault(str(value["value"]), _value_href(value))
        for rung in view_rungs(no, part):
            known.setdefault(rung.figure.text, rung.figure.href)
    for name in ("floor", "ceiling", "points"):
        known.setdefault(str(indicator[name]), addresses.row_href(no))
    return known


def view_part(no: int, part: Mapping[str, Any], known: Mapping[str, str]) -> PartBlock:
    """Return one part with its figures, rosters and what it rests on."""
    name = str(part["id"])
    here = addresses.part_href(no, name)
    sizes = {roster: len(roster_entries(part, roster)) for roster in ROSTERS}
    values = tuple(_view_value(value) for value in part.get("values") or ())
    documents = tuple(_view_document(document) for document in part.get("documents") or ())
    unplaced = tuple(_view_unplaced(lost) for lost in part.get("unplaced") or ())
    return PartBlock(
        id=name,
        title=str(part["title"]),
        href=here,
        state=str(part["state"]),
        origin=str(part["origin"]),
        required=bool(part.get("required", True)),
        share=_view_share(no, part, part),
        measure=_plain(part.get("measure")),
        rule=_plain(part.get("rule")),
        formula=link_numbers(str(part.get("formula") or ""), known, here),
        note=link_numbers(_note(part), known, here),
        rungs=view_rungs(no, part),
        rosters=tuple(
            NamedFigure(roster, Figure(str(size), addresses.roster_href(no, name, roster)))
            for roster, size in [*sizes.items(), (addresses.ALL, sum(sizes.values()))]
        ),
        values=values,
        documents=documents,
        unplaced=unplaced,
        empty=not (sum(sizes.values()) or values or documents or unplaced),
    )


def view_rungs(no: int, part: Mapping[str, Any]) -> tuple[NamedFigure, ...]:
    """Return how many places reach each rung, in the ladder's order."""
    rungs = part.get("rungs") or {}
    return tuple(
        NamedFigure(
            rung,
            Figure(str(rungs[rung]), addresses.roster_href(no, str(part["id"]), addresses.ALL, rung=rung)),
        )
        for rung in RUNGS
        if rung in rungs
    )


def lines_of(part: Mapping[str, Any], roster: str, rung: str = "") -> list[tuple[str, Mapping[str, Any]]]:
    """Return (roster, entry) of one roster, or of all of them; with a rung, those that reach it."""
    wanted = ROSTERS if roster == addresses.ALL else (roster,)
    lines = [(name, entry) for name in wanted for entry in roster_entries(part, name)]
    if not rung:
        return lines
    capabilities = _first_capabilities(part.get("measure"))
    return [(name, entry) for name, entry in lines if _reached(entry, capabilities) >= RUNGS.index(rung)]


def last_day(run: Run) -> date:
    """Return the last local day of the run's window; ``to`` is the midnight that ends it."""
    return datetime.fromisoformat(str(run.scorecard["window"]["to"])).date() - timedelta(days=1)


def view_entry(roster: str, entry: Mapping[str, Any], last: date) -> EntryLine:
    """Return one line of a roster with its way to the register row and to the records."""
    register = entry.get("register")
    return EntryLine(
        place=str(entry["place"]),
        label=str(entry["label"]),
        roster=roster,
        reason=str(entry.get("reason") or ""),
        register=_record_figure(int(register["receipt"]), str(register.get("pointer") or "")) if register else None,
        shown=tuple(view_shown(shown, last) for shown in entry.get("shown") or ()),
    )


def view_shown(shown: Mapping[str, Any], last: date, *, whole: bool = False) -> ShownLine:
    """Return what one device shows, with the day of its newest sign counted back from the window's ``last`` day.

    Unless the ``whole`` is asked for, only its first records are listed.
    """
    source, device = str(shown["source"]), str(shown["device"])
    there = addresses.device_href(source, device)
    records = [_record_figure(receipt, pointer) for receipt, pointer in read_pointers(shown)]
    hidden = 0 if whole else max(0, len(records) - RECORDS_SHOWN)
    return ShownLine(
        source=source,
        device=device,
        device_href=there,
        capability=str(shown.get("title") or shown["capability"]),
        shown_by=str(shown["shown_by"]),
        rung=_rung_name(shown.get("rung")),
        value="" if shown.get("value") is None else str(shown["value"]),
        day=(last - timedelta(days=int(shown["days_ago"]))).isoformat(),
        note=str(shown.get("note") or ""),
        records=tuple(records[: len(records) - hidden]),
        more=Figure(f"+{hidden}", there) if hidden else None,
    )


def _view_share(no: int, part: Mapping[str, Any], counts: Mapping[str, Any]) -> Share:
    """Return n and m of ``counts`` (the part, or its row); a number without a roster opens the part's values."""
    name = str(part["id"])
    n, m = counts["numerator"], counts["denominator"]
    listed = any(roster_entries(part, roster) for roster in ROSTERS)
    here = addresses.part_href(no, name)
    return Share(
        n=None if n is None else Figure(str(n), addresses.roster_href(no, name, "counted") if listed else here),
        m=None if m is None else Figure(str(m), addresses.roster_href(no, name, addresses.ALL) if listed else here),
        unit=str(counts.get("unit") or ""),
        complete_n=int(n or 0),
        complete_m=int(m or 0),
    )


def _view_value(value: Mapping[str, Any]) -> ValueLine:
    return ValueLine(
        name=str(value.get("title") or value["name"]),
        unit=str(value.get("unit") or ""),
        value=Figure(str(value["value"]), _value_href(value)),
    )


def _value_href(value: Mapping[str, Any]) -> str:
    return addresses.record_href(int(value["receipt"]), str(value.get("pointer") or ""))


def _view_document(document: Mapping[str, Any]) -> DocumentLine:
    return DocumentLine(
        name=str(document["name"]),
        sha256=str(document["sha256"]),
        record=_record_figure(int(document["receipt"]), ""),
    )


def _view_unplaced(lost: Mapping[str, Any]) -> UnplacedLine:
    source, device = str(lost["source"]), str(lost["device"])
    return UnplacedLine(
        source=source,
        device=device,
        device_href=addresses.device_href(source, device),
        address=str(lost.get("address") or ""),
        candidates=tuple(str(label) for label in lost.get("candidates") or ()),
        record=_record_figure(int(lost["receipt"]), ""),
    )


def _record_figure(receipt: int, pointer: str) -> Figure:
    return Figure(f"#{receipt}", addresses.record_href(receipt, pointer))


def _note(part: Mapping[str, Any]) -> str:
    """Return the part's note unless its formula says the same already."""
    note = str(part.get("note") or "")
    return "" if note == part.get("formula") else note


def _plain(rule: Any) -> str:
    """Return a measure or rule of the rubric as readable lines."""
    if rule is None or isinstance(rule, str):
        return rule or ""
    return yaml.safe_dump(rule, allow_unicode=True, sort_keys=False, width=100).removesuffix("\n...\n").strip()


def _first_capabilities(measure: Any) -> frozenset[str]:
    """Return the capabilities whose rungs are counted: the first asked for with its choices; none where not known."""
    show = measure.get("show") if isinstance(measure, Mapping) else None
    first = show[0] if isinstance(show, Sequence) and not isinstance(show, str) and show else None
    if not isinstance(first, Mapping):
        return frozenset()
    return frozenset(str(one["capability"]) for one in first.get("any_of") or [first] if "capability" in one)


def _reached(entry: Mapping[str, Any], capabilities: frozenset[str]) -> int:
    counted = [shown for shown in entry.get("shown") or () if not capabilities or shown["capability"] in capabilities]
    reached = [RUNGS.index(name) for shown in counted if (name := _rung_name(shown.get("rung"))) in RUNGS]
    return max(reached, default=-1)


def _rung_name(rung: Any) -> str:
    """Return the rung's word; files may give its number on the ladder, counted from 1."""
    if isinstance(rung, int) and 1 <= rung <= len(RUNGS):
        return RUNGS[rung - 1]
    return "" if rung is None else str(rung).lower()
