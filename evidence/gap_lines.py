"""Says a gap in one Chinese line, the same in the status and on paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from connectors.record import GapCause
from scoring.model import Gap

CAUSES: Mapping[str, str] = {
    GapCause.SESSION_LOST: "消息服务器丢失会话",
    GapCause.BROKER_RESTARTED: "消息服务器停机后重启（会话保留）",
    GapCause.TAKEN_OVER: "另一程序占用了本客户端标识，或消息服务器反复断开连接",
    GapCause.QUEUE_LIMIT: "消息服务器丢弃过消息，疑因排队超限",
    GapCause.DOWNTIME: "本机停止接收，消息服务器未保留会话",
    GapCause.DISK_FULL: "无法存储（如磁盘已满），暂停确认",
    GapCause.NO_ROOM: "QoS 0消息来不及存储而丢弃",
}
MOST_GAPS = 6


def say_time(at_ms: int, zone: ZoneInfo) -> str:
    """Return a moment (ms UTC) as local time, to the second."""
    return datetime.fromtimestamp(at_ms / 1000, zone).strftime("%Y-%m-%d %H:%M:%S")


def say_gap(gap: Gap, zone: ZoneInfo) -> str:
    """Return source, local times, cause and record of a gap; a cause that is not known is said as it stands."""
    since, until = say_time(gap.since, zone), say_time(gap.until, zone)
    return f"{gap.source} {since} 至 {until}：{CAUSES.get(gap.cause, gap.cause)}（记录 {gap.receipt}）"


def say_gaps(gaps: Sequence[Gap], zone: ZoneInfo) -> str:
    """Return the newest gaps, one a line, and how many there are; "" when there is none."""
    lines = [say_gap(gap, zone) for gap in reversed(gaps)]
    more = [f"……共{len(lines)}次，均列于 run.json"] if len(lines) > MOST_GAPS else []
    return "\n".join([*lines[:MOST_GAPS], *more])
