"""What the doctor finds at a broker, and what it is told to do there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_CHECKED = "not_checked"


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
    """What is published while the doctor is away: how many probes, over how many seconds, below which topic."""

    probes: int = 1100
    outage_s: float = 0.0
    topic: str = "zhizheng/doctor"


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

    @property
    def sound(self) -> bool:
        """Return whether every check passed, but for persistence, which no connection can show."""
        return all(check.outcome is Outcome.PASSED for check in self.checks if check.name != "persistence")
