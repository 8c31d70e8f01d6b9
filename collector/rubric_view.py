"""The rubric as a list for programs: the form's words and how each row is measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from collector.house import PRODUCT, gather_texts
from collector.settings import load_settings
from evidence.catalogue import RUBRIC, read_yaml
from scoring.rubric import parse_rubric

DEFAULT_RUBRIC = "yinchuan.yaml"


def list_rubric(settings: Path | None) -> list[dict[str, Any]]:
    """Return one mapping a row, in the form's order: {no, id, level1 … points, measure, rule, assumptions}.

    ``measure`` lists the row's parts as the rubric states them; it is empty for a row that is not built yet.
    """
    if settings is None:
        text = (PRODUCT / "config" / "rubrics" / DEFAULT_RUBRIC).read_bytes()
    else:
        text = gather_texts(load_settings(settings))[RUBRIC]
    rubric = parse_rubric(read_yaml(text, RUBRIC), RUBRIC)
    return [
        {
            "no": row.no,
            "id": row.id,
            "level1": row.level1,
            "level2": row.level2,
            "meaning": row.meaning,
            "content": row.content,
            "type": row.type,
            "points": str(row.points),
            "measure": [dict(part.source) for part in row.parts],
            "rule": row.rule if row.parts else None,
            "assumptions": [{"name": name, **rubric.assumptions[name]} for name in row.assumptions],
        }
        for row in rubric.rows
    ]
