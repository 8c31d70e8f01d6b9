"""What people attest in the simulated community: parts that no device shows, and the survey of satisfaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from collector.simulate.certificates import ALWAYS, LEFT_OUT, PAPERS
from collector.simulate.traps import Traps

SIGNED = date(2026, 10, 20)


@dataclass(frozen=True, slots=True)
class Attestation:
    """One part of one row that a person attests, with the title of the document that shows it.

    ``quantity`` is the number attested, where the part asks for one.
    """

    row: int
    part: str
    by: str
    document: str
    quantity: int | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """The survey of satisfaction: homes asked, homes satisfied, homes occupied."""

    sample: int
    satisfied: int
    occupied: int

    @property
    def required(self) -> int:
        """Return the sample the form asks for: a tenth of the occupied homes, rounded up, 10 to 50."""
        return min(50, max(10, -(-self.occupied // 10)))


def attest(traps: Traps, drawn: Mapping[tuple[int, str], int | None]) -> tuple[Attestation, ...]:
    """Return the attestations people gave, in the form's order: those of every community, and those ``drawn``."""
    given = {**ALWAYS, **drawn}
    missing = {key for name, key in LEFT_OUT.items() if traps.past(name)}
    return tuple(
        Attestation(*key, *PAPERS[key], quantity=given[key]) for key in PAPERS if key in given and key not in missing
    )


def survey_homes(occupied: int, traps: Traps) -> Survey:
    """Return the survey: exactly the required sample (past the trap: 9 homes), at least 80 % satisfied."""
    sample = 9 if traps.past("survey_sample_of_9") else Survey(0, 0, occupied).required
    least = -(-sample * 4 // 5)
    return Survey(sample, least - 1 if traps.past("satisfied_below_80_percent") else least, occupied)
