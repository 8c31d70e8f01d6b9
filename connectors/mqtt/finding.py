"""What the doctor finds at a broker, and what it is told to do there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connectors.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what was seen, in Chinese, and the setting to change ("" for none).

    ``measured`` are the figures behind it: counts, bytes, seconds or days, as their names say.
    """

    name: str
    outcome: Outcome
    seen: str
    mend: str = ""
    measured: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is published while the doctor is away: how many probes, over how many seconds, below which topic.

    ``restart_s`` is how long to wait for somebody to restart the broker, 0 for not at all.
    """

    probes: int = 1100
    outage_s: float = 0.0
    topic: str = "zhizheng/doctor"
    restart_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """What the doctor found at one broker; ``server`` is its kind, "" when it does not say."""

    source: str
    broker: str
    protocol: str
    server: str
    topic: str
    checks: tuple[Check, ...]
    grade: str
    grade_reason: str
    restart_asked: bool = False

    @property
    def sound(self) -> bool:
        """Return whether every check passed, but for persistence where no restart was asked for."""
        return all(
            check.outcome is Outcome.PASSED
            or (check.name == "persistence" and check.outcome is Outcome.NOT_CHECKED and not self.restart_asked)
            for check in self.checks
        )


def grade_of(checks: Sequence[Check]) -> tuple[str, str]:
    """Return the grade a visit can vouch for, and why: never A, since that needs to know how the devices publish."""
    needed = ("session", "backlog", "limits")
    outcomes = {check.name: check.outcome for check in checks}
    if all(outcomes.get(name) is Outcome.PASSED for name in needed):
        if outcomes.get("persistence") is Outcome.PASSED:
            return "B", "broker 一侧已够 A；设备是否以 QoS 1 发布，看 zhizheng status 的等级"
        if outcomes.get("persistence") is Outcome.FAILED:
            return "B", "QoS 1、持久会话、离线消息送达，但 broker 重启后不保存"
        return "B", "QoS 1、持久会话、离线消息送达；证实 broker 重启后仍保存，并且设备以 QoS 1 发布，才是 A"
    if any(outcomes.get(name) is Outcome.FAILED for name in needed) or outcomes.get("reach") is Outcome.FAILED:
        return "C", "有检查不通过，送达没有保证"
    return "C", "送达未检查，按未知计"
