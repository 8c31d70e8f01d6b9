"""Prerequisites of the grades. A grade itself is never named: the form gives no thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scoring.model import RowScore
from scoring.rubric import Rubric

GRADES = ("C", "B", "A")


def count_prerequisites(rubric: Rubric, rows: Sequence[RowScore]) -> Mapping[str, tuple[int, int]]:
    """Return for each grade how many of its ★ rows are met, and how many there are."""
    counts = {}
    for grade in GRADES:
        starred = [row for spec, row in zip(rubric.rows, rows, strict=True) if spec.type == f"★{grade}"]
        counts[grade] = (sum(row.met is True for row in starred), len(starred))
    return counts
