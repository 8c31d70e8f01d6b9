"""Prerequisites are counted by grade; what is unproven is not met, and no grade is ever named."""

from __future__ import annotations

from scoring.score import score
from tests.fakes.facts import attestation, facts, part, row, rubric


def test_only_proven_rows_of_the_grade_are_met() -> None:
    starred = [row(1, type="★C", parts=[part()]), row(2, type="★C", parts=[part()]), row(3, type="★C")]
    starred += [row(4, type="★A", parts=[part()]), row(5, parts=[part()]), row(6, type="▲", parts=[part()])]
    acts = [attestation(no, "p") for no in (1, 5, 6)] + [attestation(4, "p", documented=False)]
    card = score(rubric(*starred), facts(attestations=acts))
    assert card.prerequisites == {"C": (1, 3), "B": (0, 0), "A": (0, 1)}
