"""What an exhibit lists as proof: sources, rosters, documents, devices without a place, and a few witness records.

Rows of text for the tables, the part's number first. Long lists are cut and say how long they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import zip_longest
from typing import Any

from evidence.exhibit_words import ROSTERS, RUNGS, SHOWN_BY, name_source

MOST_LABELS, MOST_REASONS, MOST_LOST, MOST_WITNESSES = 6, 4, 4, 4
LONGEST_LABEL = 28
ACT = "act/"
_ANSWERS = {"yes": "有", "no": "无"}
Part = Mapping[str, Any]
Line = tuple[str, ...]


def list_sources(parts: Sequence[Part], last: date) -> list[Line]:
    """Return part, source, way, capabilities, devices, witness records, newest day; ``last`` ends the window."""
    lines: list[Line] = []
    for number, part in enumerate(parts, 1):
        groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        for _, entry in _entries(part):
            for shown in entry.get("shown") or ():
                groups.setdefault((str(shown.get("source")), str(shown.get("shown_by"))), []).append(shown)
        for (source, sort), group in sorted(groups.items()):
            titles = dict.fromkeys(str(shown.get("title") or shown.get("capability")) for shown in group)
            receipts = {receipt for shown in group for receipt in shown.get("receipts") or ()}
            newest = last - timedelta(days=min(int(shown.get("days_ago") or 0) for shown in group))
            lines.append(
                (
                    str(number),
                    name_source(source),
                    SHOWN_BY.get(sort, sort),
                    "、".join(titles),
                    str(len({shown.get("device") for shown in group})),
                    str(len(receipts)),
                    newest.isoformat(),
                )
            )
    return lines


def list_rosters(parts: Sequence[Part]) -> list[Line]:
    """Return part, roster, size, first labels by reason, for rosters that are not empty; sizes and rungs come first."""
    lines: list[Line] = []
    for number, part in enumerate(parts, 1):
        entries = list(_entries(part))
        if not entries:
            continue
        listed = {roster: [entry for name, entry in entries if name == roster] for roster in ROSTERS}
        sizes = "　".join(f"{word} {len(listed[roster])}" for roster, word in ROSTERS.items())
        rungs = part.get("rungs") or {}
        reached = " → ".join(f"{word} {rungs[rung]}" for rung, word in RUNGS.items() if rung in rungs)
        ladder = f"　｜　证据阶梯：{reached}" if any(rungs.values()) else ""
        lines.append((str(number), "合计", str(len(entries)), sizes + ladder))
        lines += [
            (str(number), word, str(len(listed[roster])), _say_labels(listed[roster]))
            for roster, word in ROSTERS.items()
            if listed[roster]
        ]
    return lines


def _say_labels(entries: Sequence[Mapping[str, Any]]) -> str:
    """Return the first labels of a roster, grouped by why they stand there."""
    groups: dict[str, list[str]] = {}
    for entry in entries:
        groups.setdefault(str(entry.get("reason") or ""), []).append(_name(entry))
    lines = []
    for reason, labels in list(groups.items())[:MOST_REASONS]:
        more = f" ……等{len(labels)}处" if len(labels) > MOST_LABELS else ""
        lines.append(f"{reason + '：' if reason else ''}{'、'.join(labels[:MOST_LABELS])}{more}")
    if len(groups) > MOST_REASONS:
        lines.append(f"……另有{len(groups) - MOST_REASONS}种原因")
    return "\n".join(lines)


def attach_documents(parts: Sequence[Part]) -> list[Line]:
    """Return part, file name, the digest's first 16 digits, who and when, expiry, receipt; acts without a file too."""
    lines: list[Line] = []
    for number, part in enumerate(parts, 1):
        acts = [entry for entry in _all_entries(part) if str(entry.get("place", "")).startswith(ACT)]
        documents = part.get("documents") or ()
        who = [str(act.get("label") or "") for act in acts]
        who = who or [name_source(value["source"]) for value in part.get("values") or () if value.get("source")]
        until = [str(act.get("reason") or "") for act in acts]
        shown = zip_longest(documents, acts) if acts else ((document, None) for document in documents)
        for index, (document, _) in enumerate(shown):
            named = document or {}
            lines.append(
                (
                    str(number),
                    str(named.get("name") or "（未附材料）"),
                    str(named.get("sha256") or "")[:16],
                    str(named.get("by") or "") or (who[min(index, len(who) - 1)] if who else ""),
                    str(named.get("expires") or "") or (until[min(index, len(until) - 1)] if until else ""),
                    f"#{named['receipt']}" if named.get("receipt") else "",
                )
            )
    return lines


def list_unplaced(parts: Sequence[Part]) -> list[Line]:
    """Return part, device, the address it states, the places it may be at."""
    lines: list[Line] = []
    for number, part in enumerate(parts, 1):
        lost = part.get("unplaced") or ()
        for one in lost[:MOST_LOST]:
            near = "、".join(_cut(str(label)) for label in (one.get("candidates") or ())[:3])
            device = f"{one.get('device', '')}（{name_source(one.get('source', ''))}）"
            lines.append((str(number), device, str(one.get("address") or "未申报"), near or "无"))
        if len(lost) > MOST_LOST:
            lines.append((str(number), f"……等{len(lost)}台", "", ""))
    return lines


def choose_witnesses(parts: Sequence[Part]) -> list[Line]:
    """Return receipt, source, what it shows, pointer of a few records: of different kinds before more of one kind."""
    chosen: dict[tuple[str, str], Line] = {}
    for kind, source, receipt, pointer, said in _records(parts):
        line = (f"#{receipt}", name_source(source), said, pointer or "整条记录")
        if line[0] not in {known[0] for known in chosen.values()}:
            chosen.setdefault((kind, source), line)
    return list(chosen.values())[:MOST_WITNESSES]


def _records(parts: Sequence[Part]) -> Iterator[tuple[str, str, int, str, str]]:
    """Yield kind, source, receipt, pointer and meaning of every record named, the likeliest to be opened first."""
    for part in parts:
        for _, entry in _entries(part):
            for shown in entry.get("shown") or ():
                yield from _first_record(entry, shown)
    for part in parts:
        for value in part.get("values") or ():
            said = f"{value.get('title') or value.get('name')}：{_ANSWERS.get(value.get('value'), value.get('value'))}"
            if value.get("receipt"):
                yield (
                    f"value {value.get('name')}",
                    str(value.get("source")),
                    value["receipt"],
                    str(value.get("pointer") or ""),
                    said,
                )
        for document in part.get("documents") or ():
            if document.get("receipt"):
                yield "document", "acts", document["receipt"], "", f"材料原件：{document.get('name')}"
    for part in parts:
        for _, entry in _entries(part):
            lead = entry.get("register")
            if lead:
                said = f"台账中的{_name(entry)}"
                yield "register", "register", lead["receipt"], str(lead.get("pointer") or ""), said


def _first_record(entry: Mapping[str, Any], shown: Mapping[str, Any]) -> Iterator[tuple[str, str, int, str, str]]:
    sort, title = str(shown.get("shown_by")), shown.get("title") or shown.get("capability")
    device = "" if shown.get("device") == entry.get("label") else f"{_cut(str(shown.get('device')))} "
    said = f"{_name(entry)}：{device}{title}（{SHOWN_BY.get(sort, sort)}）"
    for receipt, pointer in zip(shown.get("receipts") or (), shown.get("pointers") or (), strict=False):
        yield sort, str(shown.get("source")), receipt, pointer, said
        break


def _entries(part: Part) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (roster, entry) of all places and devices; what people attested is no place."""
    rosters = part.get("rosters") or {}
    for roster in ROSTERS:
        for entry in rosters.get(roster) or ():
            if not str(entry.get("place", "")).startswith(ACT):
                yield roster, entry


def _all_entries(part: Part) -> Iterator[Mapping[str, Any]]:
    for entries in (part.get("rosters") or {}).values():
        yield from entries or ()


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1] + "…"


def _name(entry: Mapping[str, Any]) -> str:
    return _cut(str(entry.get("label") or entry.get("place") or ""))
