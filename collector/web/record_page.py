"""The page of one stored record: its bytes, whether they are still the same, and the way back to the rows."""

from __future__ import annotations

from collections.abc import Sequence

from collector.web import addresses
from collector.web.contexts import Figure
from collector.web.moments import view_moment
from collector.web.pages import place_href
from collector.web.payload import view_payload
from collector.web.row_view import view_head
from collector.web.run_folder import Run, Use
from collector.web.source_contexts import PlaceLink, RecordPage, UseGroup
from connectors.record import DUP_FLAG, QOS_MASK, Kind, Record

PLACES_SHOWN = 12


def make_record(run: Run, record: Record, stored_leaf: bytes | None, pointer: str | None = None) -> RecordPage:
    """Return a record with its digests computed now; ``pointer`` names the value to mark, None marks nothing.

    The locker keeps one digest per record, its leaf, which binds the payload's SHA-256 to the header. So the record
    is unchanged when the leaf computed now equals the stored one; without a stored leaf nothing is checked.
    """
    uses = run.uses_of(record.receipt)
    stated = _stated_digests(run, record.receipt, uses)
    leaf = record.leaf
    unchanged = None if stored_leaf is None else leaf == stored_leaf
    if unchanged and any(digest != record.payload_sha256 for digest in stated):
        unchanged = False
    device = _device_of(uses, pointer)
    return RecordPage(
        head=view_head(run),
        receipt=record.receipt,
        source=record.source,
        kind=str(record.kind),
        topic=record.topic,
        received_at=record.received_at,
        received_text=view_moment(run, record.received_at),
        day=record.day,
        sequence=record.sequence,
        retained=record.retained,
        duplicate=bool(record.flags & DUP_FLAG),
        qos=(record.flags & QOS_MASK) >> 1,
        size=len(record.payload),
        payload_sha256=record.payload_sha256,
        leaf_stored=None if stored_leaf is None else stored_leaf.hex(),
        leaf_recomputed=leaf.hex(),
        unchanged=unchanged,
        stated_sha256=stated,
        pointer=pointer or "",
        payload=view_payload(record.payload, pointer, sheet=record.kind is Kind.SHEET),
        payload_href=addresses.payload_href(record.receipt),
        uses=_group(run, uses, pointer),
        run_uses=_run_uses(run, record.receipt),
        device_href=addresses.device_href(*device) if device else "",
        source_href=addresses.source_href(record.source) if run.receipts_of(record.source) else "",
    )


def _group(run: Run, uses: Sequence[Use], pointer: str | None) -> tuple[UseGroup, ...]:
    """Return the uses by row, part and roster; those of the pointed value stand first."""
    groups: dict[tuple[int, str, str, str], list[Use]] = {}
    for use in uses:
        groups.setdefault((use.no, use.part, use.how, use.roster), []).append(use)
    lines = [_view_group(run, members, pointer) for members in groups.values()]
    return tuple(sorted(lines, key=lambda line: (not line.at_pointer, line.no)))


def _view_group(run: Run, uses: Sequence[Use], pointer: str | None) -> UseGroup:
    first = uses[0]
    at_pointer = pointer is not None and any(use.pointer == pointer for use in uses)
    ordered = sorted(uses, key=lambda use: use.pointer != pointer) if at_pointer else uses
    part = addresses.part_href(first.no, first.part)
    places = {use.place or use.label: use for use in reversed(ordered)}
    links = [PlaceLink(use.label, place_href(use) if use.roster else part) for use in reversed(list(places.values()))]
    roster = addresses.roster_href(first.no, first.part, first.roster) if first.roster else part
    return UseGroup(
        no=first.no,
        row_href=addresses.row_href(first.no),
        content=str(run.indicator(first.no)["content"]),
        part=first.title,
        part_href=part,
        roster=first.roster,
        how=first.how,
        count=Figure(str(len(places)), roster),
        places=tuple(links[:PLACES_SHOWN]),
        at_pointer=at_pointer,
    )


def _device_of(uses: Sequence[Use], pointer: str | None) -> tuple[str, str] | None:
    """Return the (source, device) the page is about: of the pointed value, else the only one in the record."""
    pointed = {(use.source, use.device) for use in uses if use.device and use.pointer == pointer}
    chosen = pointed or {(use.source, use.device) for use in uses if use.device}
    return chosen.pop() if len(chosen) == 1 else None


def _stated_digests(run: Run, receipt: int, uses: Sequence[Use]) -> tuple[str, ...]:
    """Return the SHA-256 digests under which the run's rows name this record as a document."""
    stated = set()
    for no, part in {(use.no, use.part) for use in uses if use.how == "document"}:
        for block in run.indicator(no).get("parts") or ():
            if block["id"] == part:
                documents = block.get("documents") or ()
                stated |= {str(one["sha256"]) for one in documents if int(one["receipt"]) == receipt}
    return tuple(sorted(stated))


def _run_uses(run: Run, receipt: int) -> tuple[str, ...]:
    """Return what else the record is to the run: its claim, which is its cut-off."""
    return ("cutoff",) if run.manifest.get("cutoff_receipt") == receipt else ()
