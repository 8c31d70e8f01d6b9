"""The register as the command line shows it: what is in use, what is held, what a file holds, what changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from collector.house import House
from collector.refresh import reading
from collector.register_files import Delivery
from connectors.register_columns import COLUMNS, KINDS, SHEETS, TOTALS
from connectors.sheet import RegisterError
from evidence.ledger import Ledger
from evidence.revision import (
    Change,
    Revision,
    compare_revisions,
    count_places,
    list_revisions,
    list_values,
    name_part,
)


def register_summary(house: House, community: str) -> dict[str, Any]:
    """Return the revision in use: its record, places by kind, complete kinds, totals and problems.

    ``held`` is the newest revision where it is not used, with what is smaller in it; None otherwise.
    """
    with reading(house) as reader:
        ledger = reader.ledger
        revisions = list_revisions(ledger, community)
        used = next((one for one in reversed(revisions) if one.used), None)
        if used is None:
            return {
                "record": None,
                "places": {},
                "complete": [],
                "totals": {},
                "problems": ["还没有台账"],
                "held": None,
            }
        places = count_places(ledger, used.receipt)
        kinds = [kind for kind in KINDS if kind in places or kind in used.complete]
        return {
            "record": used.receipt,
            "valid_from": used.valid_from or None,
            "origin": used.origin,
            "places": {kind: places.get(kind, 0) for kind in kinds},
            "complete": list(used.complete),
            "totals": list_values(ledger, used.receipt),
            "problems": list(used.problems),
            "held": None if revisions[-1].used else held_body(revisions[-1]),
        }


def held_body(revision: Revision) -> dict[str, Any]:
    """Return a held revision as JSON."""
    shrunk = [{"name": one.name, "before": one.before, "after": one.after} for one in revision.held]
    return {"record": revision.receipt, "shrunk": shrunk, "problems": list(revision.problems)}


def held_line(ledger: Ledger, community: str) -> str:
    """Return in one line that the newest revision is held, why, and what to do; "" when it is in use."""
    revisions = list_revisions(ledger, community)
    if not revisions or revisions[-1].used:
        return ""
    newest = revisions[-1]
    used = max(one.receipt for one in revisions if one.used)
    fewer = "，".join(str(one) for one in newest.held)
    return (
        f"第{newest.receipt}号台账比现用的第{used}号少：{fewer}。暂不采用；"
        f"核对无误后运行 zhizheng register accept {newest.receipt} --by 姓名"
    )


def delivery_body(delivery: Delivery) -> dict[str, Any]:
    """Return what a file or folder holds as JSON: rows, complete kinds, totals, problems, and what was left out."""
    register = delivery.register
    return {
        "places": {kind: len(sheet.places) for kind, sheet in register.sheets.items()},
        "complete": register.complete,
        "totals": {total.key: total.value for total in register.totals.values()},
        "missing": [kind for kind in (*KINDS, TOTALS) if kind not in delivery.tables],
        "problems": [
            {
                "sheet": problem.where,
                "row": problem.line,
                "column": problem.column,
                "value": problem.value,
                "mend": problem.mend,
                "spoils": problem.spoils,
            }
            for problem in register.problems
        ],
        "notes": list(delivery.notes),
    }


def count_lines(places: Mapping[str, int], complete: list[str], totals: Mapping[str, str]) -> Iterator[str]:
    """Yield one line a kind and one a total."""
    for kind, count in places.items():
        yield f"{SHEETS[kind][0]}\t{count}\t{'完整' if kind in complete else '不完整，不作分母'}"
    for key, value in totals.items():
        yield f"{name_part(key)}\t{value}"


# ---------------------------------------------------------------- what changed


def register_diff(house: House, community: str, old: int | None, new: int | None) -> dict[str, Any]:
    """Return what changed from one revision to another, as JSON; raises RegisterError for one that is not there.

    Without receipts the newest revision is compared with the one in use, or, where it is in use, with the one used
    before it.
    """
    with reading(house) as reader:
        revisions = list_revisions(reader.ledger, community)
        old, new = _choose(revisions, old, new)
        changes = compare_revisions(reader.ledger, old, new)
    return {"old": old, "new": new, "changes": [_change_body(one) for one in changes]}


def _choose(revisions: list[Revision], old: int | None, new: int | None) -> tuple[int, int]:
    known = [one.receipt for one in revisions]
    if old is None or new is None:
        used = [one.receipt for one in revisions if one.used and one is not revisions[-1]]
        if not used:
            raise RegisterError("还没有两版台账可以比较；导入第二版后再看")
        old, new = (used[-1] if old is None else old), known[-1]
    for receipt in (old, new):
        if receipt not in known:
            listed = "、".join(str(one) for one in known[-10:]) or "没有"
            raise RegisterError(f"第{receipt}号不是本小区的台账；现有的台账号：{listed}")
    return old, new


def _change_body(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "before": change.before,
        "after": change.after,
        "added": list(change.added),
        "removed": list(change.removed),
        "changed": [
            {"label": label, "cells": {name: list(cells) for name, cells in changed.items()}}
            for label, changed in change.changed
        ],
    }


def diff_lines(body: Mapping[str, Any], bound: int | None) -> Iterator[str]:
    """Yield the counts of a diff, then its places, at most ``bound`` of each sort and kind."""
    yield f"第{body['old']}号 → 第{body['new']}号"
    if not body["changes"]:
        yield "没有变化"
    for one in body["changes"]:
        counts = f"新增 {len(one['added'])}，减少 {len(one['removed'])}，改动 {len(one['changed'])}"
        yield f"{name_part(one['kind'])}\t{one['before']} → {one['after']}\t{counts}"
    for one in body["changes"]:
        yield f"【{name_part(one['kind'])}】"
        changed = [f"{item['label']}：{_cells_line(one['kind'], item['cells'])}" for item in one["changed"]]
        for sign, lines in (("－", one["removed"]), ("＋", one["added"]), ("改", changed)):
            yield from (f"{sign} {line}" for line in lines[:bound])
            if bound is not None and len(lines) > bound:
                yield f"{sign} …… 另有 {len(lines) - bound} 个（--all 全部列出）"


def _cells_line(kind: str, cells: Mapping[str, list[str]]) -> str:
    return "，".join(
        f"{_header(kind, name)} {_word(kind, name, before) or '空'} → {_word(kind, name, after) or '空'}"
        for name, (before, after) in cells.items()
    )


def _header(kind: str, name: str) -> str:
    return next((column.shown for column in COLUMNS[kind] if column.key == name), name)


def _word(kind: str, name: str, value: str) -> str:
    """Return a cell as people write it: 是 for true."""
    words = next((column for column in COLUMNS[kind] if column.key == name), None)
    return next((word for word in words.words if words.read(word) == value), value) if words else value
