"""The truth of the simulated community by its own arithmetic: what each of the 76 rows must come to.

Nothing here looks at a message or at the product: it counts the community as it is built, under its own reading of
the rules. A device is credited by a fresh reading at a step of the window whose time, if it says one, lies within
24 hours before and one hour after the arrival.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path

from collector.simulate import truth_grounds, truth_homes, truth_services, truth_water
from collector.simulate.community import Community
from collector.simulate.tally import Expected

ROWS = 76

_EXPECT: Mapping[int, Callable[[Community], Expected]] = {
    **truth_services.EXPECT,
    **truth_homes.EXPECT,
    **truth_grounds.EXPECT,
    **truth_water.EXPECT,
}


def truth(community: Community) -> list[dict[str, object]]:
    """Return the 76 rows as {no, numerator, denominator, points}: n of m null where nothing is counted."""
    rows: list[dict[str, object]] = []
    for number in range(1, ROWS + 1):
        value = _EXPECT[number](community)
        row: dict[str, object] = {"no": number, "numerator": value.numerator, "denominator": value.denominator}
        rows.append(row | {"points": two_decimals(value.points)})
    return rows


def write_truth(file: Path, community: Community) -> None:
    """Write truth.json: seed, households, rows. Raises OSError."""
    body = {"seed": community.seed, "households": community.households, "rows": truth(community)}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(body, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def two_decimals(value: Fraction) -> str:
    """Return a value of at least 0 rounded half-up to two decimals, as text."""
    cents = int(value * 100 + Fraction(1, 2))
    return f"{cents // 100}.{cents % 100:02d}"
