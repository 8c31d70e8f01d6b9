"""What each source has received, stored and read, and what is missing: for the command line and the page."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from collector.house import House
from collector.intake_status import read_status
from connectors.mqtt.status import MqttStatus
from connectors.record import GapCause, Kind
from evidence.gap_lines import say_gap, say_time
from evidence.ledger import LedgerError
from evidence.window import window_before
from scoring.model import Gap

_COUNTS = "SELECT source, stored, read, ignored, unread, last_seen FROM sources"


def source_status(house: House) -> list[dict[str, Any]]:
    """Return one entry a source of the settings.

    ``received`` counts what the doors were handed since they started (for hubs: what is stored), ``stored`` what the
    locker holds, ``lag`` the stored records not yet folded, ``gaps`` the recorded gaps, ``last_seen`` the local time
    of the newest record, null before the first, ``grade`` how safely messages are delivered, null for hubs.
    """
    intake = read_status(house.data)
    doors = {one.source: one for one in intake.sources} if intake else {}
    failing = intake is not None and intake.failing_since > 0
    every_gap = _gaps(house)
    gaps = Counter(gap.source for gap in every_gap)
    # A restart that the session outlived is what grade A asks for; it cannot count against it.
    interrupted = {gap.source for gap in _recent(house, every_gap) if gap.cause != GapCause.BROKER_RESTARTED}
    folded = _from_ledger(house)
    stored: dict[str, int] = {}
    for part in house.locker.partitions():
        stored[part.source] = stored.get(part.source, 0) + part.count
    entries = []
    for name, source in house.settings.sources.items():
        _, read, ignored, unread, last_seen = folded.get(name, (0, 0, 0, 0, 0))
        kept = stored.get(name, 0)
        entries.append(
            {
                "source": name,
                "received": max(doors[name].received if name in doors else 0, kept),
                "stored": kept,
                "read": read,
                "ignored": ignored,
                "unread": unread,
                "lag": kept - folded.get(name, (0, 0, 0, 0, 0))[0],
                "gaps": gaps[name],
                "last_seen": _local(house, last_seen) if last_seen else None,
                "grade": _grade(doors.get(name), interrupted=failing or name in interrupted)
                if source.kind == "mqtt"
                else None,
            }
        )
    return entries


def _grade(door: MqttStatus | None, *, interrupted: bool) -> str:
    """Return A, B or C from what the intake has seen since it began; what was not seen is not assumed.

    C: somebody sends with QoS 0, nothing has come yet, the session was not yet found again, or there was a gap within
    the window, other than by a restart of the broker that kept the session. B: QoS 1, the session found again, no such
    gap. A: the same, and it outlived a restart of the broker.
    The intake itself acknowledges only what is stored.
    """
    if door is None or not door.stored or door.qos_0 or door.dropped or not door.session_kept or interrupted:
        return "C"
    return "A" if door.outlived else "B"


def recent_gaps(house: House) -> list[Gap]:
    """Return the gaps of all sources that reach into the days a run now would look at, or into today; newest first.

    Those that nobody has read yet are among them: the intake alone is enough to tell them.
    """
    return _recent(house, _gaps(house))


def _recent(house: House, gaps: Sequence[Gap]) -> list[Gap]:
    window = window_before(house.clock(), house.settings.night.window_days, house.settings.zone)
    return [gap for gap in reversed(gaps) if gap.until >= window.as_ms()[0]]


def _gaps(house: House) -> list[Gap]:
    # What is read meanwhile is told by the locker: the cursor comes first, and parts the two.
    ((cursor,),) = _query(house, "SELECT cursor FROM meta") or [(0,)]
    rows = _query(house, "SELECT source, since, until, cause, receipt FROM gaps ORDER BY receipt")
    gaps = [gap for gap in (Gap(*row) for row in rows) if gap.receipt <= cursor]
    for record in house.locker.of_kind(Kind.GAP, cursor):
        body = json.loads(record.payload)
        gaps.append(Gap(record.source, body["from"], body["to"], body["cause"], record.receipt))
    return gaps


def gap_lines(house: House, most: int) -> list[str]:
    """Return the recent gaps, and the pauses of ours that brokers bridged, one Chinese line each."""
    zone = house.settings.zone
    lines = [f"中断 {say_gap(gap, zone)}" for gap in recent_gaps(house)[:most]]
    status = read_status(house.data)
    for one in status.sources if status else ():
        if one.away_until:
            since, until = say_time(one.away_from, zone), say_time(one.away_until, zone)
            lines.append(f"说明 {one.source} {since} 至 {until} 本机停止接收，消息服务器保留了会话，不记为中断")
    return lines


def unread_shapes(house: House) -> list[dict[str, Any]]:
    """Return what nobody could read yet, by source and shape, the commonest first."""
    rows = _query(
        house, "SELECT source, shape, reason, count, first_receipt FROM unread ORDER BY count DESC, source, shape"
    )
    return [
        {"source": source, "shape": shape, "reason": reason, "count": count, "first_receipt": receipt}
        for source, shape, reason, count, receipt in rows
    ]


def _from_ledger(house: House) -> dict[str, tuple[int, int, int, int, int]]:
    return {row[0]: (row[1], row[2], row[3], row[4], row[5]) for row in _query(house, _COUNTS)}


def _query(house: House, statement: str) -> list[tuple[Any, ...]]:
    """Ask the ledger without opening it for folding: a reader never empties or locks it."""
    path = house.data / "ledger.sqlite"
    if not path.is_file():
        return []
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=30)
    try:
        # A process that has just begun (or was killed while beginning) leaves a file without tables.
        begun = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'sources'").fetchone()
        return connection.execute(statement).fetchall() if begun else []
    except sqlite3.DatabaseError as error:
        raise LedgerError(
            f"{path}: the ledger cannot be used ({error}); `zhizheng rebuild` makes it anew from the locker"
        ) from error
    finally:
        connection.close()


def _local(house: House, at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, house.settings.zone).isoformat(timespec="seconds")
