"""One function per page: from a run and a question to what the page shows. No HTML here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any, TypeVar

from collector.web import addresses
from collector.web.contexts import (
    Assumption,
    Figure,
    IndexPage,
    Level1,
    Level2,
    NamedFigure,
    Pager,
    PaperLink,
    PartPage,
    Prerequisite,
    RosterPage,
    RowLine,
    RowPage,
    Sum,
    TotalFigure,
    TotalLine,
    TotalsPage,
)
from collector.web.moments import view_moment
from collector.web.row_view import (
    RUNGS,
    known_numbers,
    last_day,
    lines_of,
    view_entry,
    view_head,
    view_part,
    view_row,
    view_shown,
)
from collector.web.run_folder import ROSTERS, Run, RunFolder, Use
from collector.web.sentences import link_numbers
from collector.web.source_contexts import (
    DevicePage,
    DeviceUse,
    GapLine,
    PlaceLink,
    RunLine,
    RunsPage,
    SourceLine,
    SourcePage,
    SourceRecord,
    SourcesPage,
)

LINES_PER_PAGE = 200
TOTALS = ("floor", "ceiling", "attested", "base", "bonus")
T = TypeVar("T")
COUNTERS = ("received", "stored", "read", "ignored", "unread", "lag", "gaps")


class PageMissingError(LookupError):
    """There is no such page. ``what`` is the word for it (row, part, device …), ``value`` what was asked for."""

    def __init__(self, what: str, value: object) -> None:
        super().__init__(f"no {what} {value}")
        self.what = what
        self.value = str(value)


def make_index(run: Run, form_title: str) -> IndexPage:
    """Return the form with its 76 rows, totals and prerequisites."""
    lines = _row_lines(run)
    sections = tuple(
        Level1(name, tuple(Level2(name2, tuple(rows)) for name2, rows in groupby(inner, lambda line: line.level2)))
        for name, inner in groupby(lines, lambda line: line.level1)
    )
    totals = tuple(
        TotalFigure(name, Figure(str(run.scorecard["totals"][name]), f"{addresses.TOTALS}#{name}")) for name in TOTALS
    )
    papers = tuple(PaperLink(name, addresses.paper_href(name)) for name in run.papers())
    return IndexPage(view_head(run), form_title, totals, _prerequisites(run), sections, papers)


def make_totals(run: Run) -> TotalsPage:
    """Return every total beside the rows it is the sum of, added up again here."""
    lines = tuple(_total_line(row, line) for row, line in zip(run.rows, _row_lines(run), strict=True))
    stated = run.scorecard["totals"]
    addends: Mapping[str, Sequence[Figure | None]] = {
        "floor": [line.base or line.bonus for line in lines],
        "ceiling": [line.ceiling for line in lines],
        "attested": [line.attested for line in lines],
        "base": [line.base for line in lines],
        "bonus": [line.bonus for line in lines],
    }
    sums = []
    for name in TOTALS:
        added = sum((Decimal(figure.text) for figure in addends[name] if figure is not None), Decimal("0.00"))
        sums.append(
            Sum(
                name=name,
                stated=Figure(str(stated[name]), f"{addresses.TOTALS}#rows"),
                added=Figure(str(added), f"{addresses.TOTALS}#rows"),
                agrees=added == Decimal(str(stated[name])),
            )
        )
    return TotalsPage(view_head(run), lines, tuple(sums), _prerequisites(run))


def make_row(run: Run, no: int) -> RowPage:
    """Return one row with its parts; raises PageMissingError when the form has no such row."""
    row, indicator = _row_of(run, no)
    known = known_numbers(indicator)
    parts = tuple(view_part(no, part, known) for part in indicator.get("parts") or ())
    line = view_row(row, indicator, opened=True)
    numbers = [int(one["no"]) for one in run.rows]
    place = numbers.index(no)
    return RowPage(
        head=view_head(run),
        row=line,
        meaning=str(indicator["meaning"]),
        formula=link_numbers(str(indicator.get("formula") or ""), known, line.floor.href),
        assumptions=tuple(Assumption(str(one["name"]), str(one["text"])) for one in indicator.get("assumptions") or ()),
        parts=parts,
        previous=addresses.row_href(numbers[place - 1]) if place > 0 else None,
        following=addresses.row_href(numbers[place + 1]) if place + 1 < len(numbers) else None,
        empty=all(part.empty for part in parts),
    )


def make_part(run: Run, no: int, part: str) -> PartPage:
    """Return one part of a row; raises PageMissingError when there is none."""
    row, indicator = _row_of(run, no)
    block = view_part(no, _part_of(indicator, no, part), known_numbers(indicator))
    return PartPage(view_head(run), view_row(row, indicator, opened=True), block)


def make_roster(run: Run, no: int, part: str, roster: str, *, page: int = 1, rung: str = "") -> RosterPage:
    """Return one page of a roster; raises PageMissingError for an unknown roster, rung or page number."""
    row, indicator = _row_of(run, no)
    raw = _part_of(indicator, no, part)
    if roster not in {*ROSTERS, addresses.ALL}:
        raise PageMissingError("roster", roster)
    if rung and rung not in RUNGS:
        raise PageMissingError("rung", rung)
    lines = lines_of(raw, roster, rung)
    last = last_day(run)

    def href(number: int) -> str:
        return addresses.roster_href(no, part, roster, page=number, rung=rung)

    pager = _view_pager(page, len(lines), href)
    return RosterPage(
        head=view_head(run),
        row=view_row(row, indicator, opened=True),
        part=view_part(no, raw, known_numbers(indicator)),
        roster=roster,
        rung=rung,
        entries=tuple(view_entry(name, entry, last) for name, entry in _cut(lines, pager)),
        pager=pager,
        empty=not lines,
    )


def make_device(run: Run, source: str, device: str) -> DevicePage:
    """Return what the run shows of one device; raises PageMissingError when it shows nothing of it."""
    uses = run.device_uses(source, device)
    if not uses:
        raise PageMissingError("device", f"{source}/{device}")
    last = last_day(run)
    return DevicePage(view_head(run), source, device, tuple(_device_use(use, last) for use in uses))


def make_sources(run: Run, status: Sequence[Mapping[str, Any]]) -> SourcesPage:
    """Return the live state of every source; its counters open the records on which the run rests."""
    lines = tuple(_source_line(run, one) for one in status)
    return SourcesPage(
        head=view_head(run),
        counters=tuple(name for name in COUNTERS if any(name in one for one in status)),
        facts=tuple(dict.fromkeys(name for line in lines for name, _ in line.facts)),
        lines=lines,
    )


def make_source(run: Run, status: Sequence[Mapping[str, Any]], source: str, *, page: int = 1) -> SourcePage:
    """Return the records of one source on which the run rests; raises PageMissingError for an unknown source."""
    line = next((_source_line(run, one) for one in status if one.get("source") == source), None)
    receipts = run.receipts_of(source)
    if line is None and not receipts:
        raise PageMissingError("source", source)
    pager = _view_pager(page, len(receipts), lambda number: addresses.source_href(source, number))
    records = tuple(_source_record(run, source, receipt) for receipt in _cut(receipts, pager))
    return SourcePage(view_head(run), line, source, _gap_lines(run, source), records, pager, empty=not receipts)


def _gap_lines(run: Run, source: str) -> tuple[GapLine, ...]:
    return tuple(
        GapLine(
            Figure(f"#{gap['receipt']}", addresses.record_href(gap["receipt"])),
            view_moment(run, gap["from_ms"]),
            view_moment(run, gap["to_ms"]),
            gap["cause"],
        )
        for gap in run.manifest.get("gaps", ())
        if gap["source"] == source
    )


def make_runs(runs: RunFolder, run: Run, *, page: int = 1) -> RunsPage:
    """Return the runs of the community, newest first."""
    numbers = runs.numbers()
    pager = _view_pager(page, len(numbers), lambda number: f"{addresses.RUNS}?page={number}")
    lines = tuple(_run_line(runs.glance(number)) for number in _cut(numbers, pager))
    return RunsPage(view_head(run), lines, pager)


def _row_of(run: Run, no: int) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    row = run.row(no)
    if row is None:
        raise PageMissingError("row", no)
    return row, run.indicator(no)


def _part_of(indicator: Mapping[str, Any], no: int, part: str) -> Mapping[str, Any]:
    for one in indicator.get("parts") or ():
        if one["id"] == part:
            found: Mapping[str, Any] = one
            return found
    raise PageMissingError("part", f"{no}/{part}")


def _row_lines(run: Run) -> list[RowLine]:
    return [view_row(row, run.indicator(int(row["no"]))) for row in run.rows]


def _prerequisites(run: Run) -> tuple[Prerequisite, ...]:
    return tuple(
        Prerequisite(
            grade=grade,
            met=Figure(str(count["met"]), f"{addresses.TOTALS}#{grade}"),
            of=Figure(str(count["of"]), f"{addresses.TOTALS}#{grade}"),
        )
        for grade, count in sorted(run.scorecard["prerequisites"].items(), reverse=True)
    )


def _total_line(row: Mapping[str, Any], line: RowLine) -> TotalLine:
    bonus = line.type == "▲"
    return TotalLine(
        no=line.no,
        href=line.href,
        content=line.content,
        type=line.type,
        mark=line.mark,
        met=line.met,
        base=None if bonus else line.floor,
        bonus=line.floor if bonus else None,
        ceiling=Figure(str(row["ceiling"]), line.href),
        attested=line.floor if line.origin in {"attested", "mixed"} else None,
    )


def _device_use(use: Use, last: date) -> DeviceUse:
    placed = use.shown is not None
    return DeviceUse(
        no=use.no,
        row_href=addresses.row_href(use.no),
        part=use.title,
        roster=use.roster,
        place=use.label if placed else "",
        place_href=place_href(use) if placed else addresses.part_href(use.no, use.part),
        shown=view_shown(use.shown, last, whole=True) if use.shown is not None else None,
        unplaced=None if placed else Figure(f"#{use.receipt}", addresses.record_href(use.receipt)),
    )


def place_href(use: Use) -> str:
    """Return the address of the roster's page on which the used place stands, at its line."""
    page = use.position // LINES_PER_PAGE + 1
    return addresses.roster_href(use.no, use.part, use.roster, page=page, place=use.place)


def _source_line(run: Run, status: Mapping[str, Any]) -> SourceLine:
    source = str(status["source"])
    here = addresses.source_href(source)
    return SourceLine(
        source=source,
        href=here,
        counters=tuple(
            NamedFigure(name, Figure(str(status[name]), here)) for name in COUNTERS if status.get(name) is not None
        ),
        facts=tuple(
            (name, view_moment(run, value) if name.endswith(("_seen", "_at")) else str(value))
            for name, value in status.items()
            if name not in {"source", *COUNTERS} and value is not None
        ),
    )


def _source_record(run: Run, source: str, receipt: int) -> SourceRecord:
    uses = run.uses_of(receipt)
    rows = sorted({use.no for use in uses})
    return SourceRecord(
        record=Figure(f"#{receipt}", addresses.record_href(receipt)),
        devices=tuple(sorted({use.device for use in uses if use.source == source})),
        rows=tuple(PlaceLink(str(no), addresses.row_href(no)) for no in rows),
    )


def _run_line(run: Run) -> RunLine:
    card = run.scorecard
    there = f"{addresses.INDEX}?run={run.number}"
    return RunLine(
        run=run.number,
        href=there,
        environment=str(card["environment"]),
        as_of=str(card["as_of"]),
        window_from=str(card["window"]["from"]),
        window_to=str(card["window"]["to"]),
        floor=Figure(str(card["totals"]["floor"]), there),
        ceiling=Figure(str(card["totals"]["ceiling"]), there),
        damaged=bool(run.damaged()),
    )


def _view_pager(page: int, total: int, href: Callable[[int], str]) -> Pager:
    pages = max(1, -(-total // LINES_PER_PAGE))
    if not 1 <= page <= pages:
        raise PageMissingError("page", page)
    return Pager(
        page=page,
        pages=pages,
        total=total,
        previous=href(page - 1) if page > 1 else None,
        following=href(page + 1) if page < pages else None,
    )


def _cut(lines: Sequence[T], pager: Pager) -> Sequence[T]:
    first = (pager.page - 1) * LINES_PER_PAGE
    return lines[first : first + LINES_PER_PAGE]
