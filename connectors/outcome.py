"""How a check ends: of a broker by the doctor, of a bundle by verify."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """How one check ended; what was not checked is never a pass."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_CHECKED = "not_checked"
