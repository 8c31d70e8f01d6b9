"""Changes the register: imports one, accepts one that is held, or brings the one before it back.

Nothing is ever deleted: an acceptance is an act, and what brings an old revision back is a new one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from collector.house import House
from collector.imports import UNDO, digest_of, keep_delivery, keep_revision, last_register_digest, local_day
from collector.reader import Reader
from collector.refresh import reading
from collector.register_files import Delivery, read_delivery
from collector.register_view import held_line
from connectors.record import Arrival, Kind
from connectors.sheet import RegisterError
from evidence.acts import ACTS_SOURCE
from evidence.revision import ACCEPT, Revision, list_revisions


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: its receipt (None when nothing changed), what was read, and "" or why it is held."""

    receipt: int | None
    delivery: Delivery
    held: str


def import_file(house: House, community: str, path: Path) -> Imported:
    """Import a workbook or a folder of sheets by hand; raises RegisterError."""
    delivery = read_delivery(path)
    with reading(house) as reader:
        receipt = None
        if digest_of(delivery) != last_register_digest(reader.ledger, community, delivered=False):
            receipt = keep_delivery(house, reader.ledger, community, delivery)
            _settle(reader)
        return Imported(receipt, delivery, held_line(reader.ledger, community))


def accept_revision(house: House, community: str, receipt: int, by: str) -> Revision:
    """Record that a person has a held revision used, and return it; raises RegisterError where it cannot be."""
    with reading(house) as reader:
        revision = _find(list_revisions(reader.ledger, community), receipt)
        if revision.used:
            raise RegisterError(f"第{receipt}号台账已经采用，不用确认")
        newer = [one.receipt for one in list_revisions(reader.ledger, community) if one.used and one.receipt > receipt]
        if newer:
            raise RegisterError(f"第{receipt}号之后已采用第{newer[-1]}号；要用旧的，请把它重新导入")
        _keep_acceptance(house, community, revision, by)
        _settle(reader)
        return revision


def undo_revision(house: House, community: str, by: str, receipt: int | None = None) -> tuple[int, int, int]:
    """Bring back what was used before the revision in use; returns the new one, the one taken back, the one brought.

    Raises RegisterError when there is nothing before it, when ``receipt`` is not the one in use, or when none is
    given and the newest is held: it has no effect that could be taken back.
    """
    _check_name(by)
    with reading(house) as reader:
        revisions = list_revisions(reader.ledger, community)
        used = [one for one in revisions if one.used]
        if not used:
            raise RegisterError("还没有台账，没有可撤回的")
        current = used[-1]
        if receipt is None and revisions[-1] is not current:
            raise RegisterError(
                f"最新的第{revisions[-1].receipt}号没有采用，不起作用，不用撤回；"
                f"要撤回现用的第{current.receipt}号，请写 zhizheng register undo {current.receipt} --by 姓名"
            )
        if receipt not in {None, current.receipt}:
            raise RegisterError(f"第{receipt}号不是现用的台账；现用的是第{current.receipt}号，只能撤回它")
        if len(used) == 1:
            raise RegisterError(f"第{current.receipt}号之前没有采用过别的台账，不能撤回")
        previous = used[-2]
        body = json.loads(house.locker.get(previous.receipt).payload)
        today = local_day(house, house.clock())
        body |= {"valid_from": today, "origin": f"{UNDO}{current.receipt}", "by": by, "undoes": current.receipt}
        # The pages of a hub are read by the hub's own description, so the source stays.
        made = keep_revision(house, previous.source, body)
        reader.catch_up()
        revision = _find(list_revisions(reader.ledger, community), made)
        if not revision.used:
            _keep_acceptance(house, community, revision, by)
        _settle(reader)
        return made, current.receipt, previous.receipt


def _find(revisions: list[Revision], receipt: int) -> Revision:
    found = next((one for one in revisions if one.receipt == receipt), None)
    if found is None:
        listed = "、".join(str(one.receipt) for one in revisions[-10:]) or "没有"
        raise RegisterError(f"第{receipt}号不是本小区的台账；现有的台账号：{listed}")
    return found


def _keep_acceptance(house: House, community: str, revision: Revision, by: str) -> None:
    now = house.clock()
    body = {
        "community": community,
        "act": ACCEPT,
        "register": revision.receipt,
        "shrunk": [[one.name, one.before, one.after] for one in revision.held],
        "by": _check_name(by),
        "date": local_day(house, now),
    }
    text = json.dumps(body, ensure_ascii=False, sort_keys=True).encode()
    house.locker.append([Arrival(ACTS_SOURCE, Kind.ACT, now, ACCEPT, text)])


def _check_name(by: str) -> str:
    if not by.strip() or len(by) > 100:
        raise RegisterError(f"--by {by!r}：请写确认人的姓名")
    return by.strip()


def _settle(reader: Reader) -> None:
    reader.catch_up()
    reader.bind()
