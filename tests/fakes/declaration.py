"""A scorecard of 76 rows, the form filled from it, and ways to alter that form."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import yaml
from docx import Document
from docx.document import Document as Paper

from evidence.form import fill_form

CONFIG = Path(__file__).resolve().parents[2] / "config"


RUN_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


BASICS = {"applicant_unit": "示例物业服务有限公司", "address": "示例路1号", "investment_amount": "120万元"}


def load(*names: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(CONFIG.joinpath(*names).read_text(encoding="utf-8"))
    return loaded


FORM_TEXT = load("forms", "yinchuan", "form.yaml") | {"rows": load("rubrics", "yinchuan.yaml")["indicators"]}


def scorecard() -> dict[str, Any]:
    """Return a scorecard of all rows in which met, not met and unproven take turns."""
    rows = [
        {
            **{key: entry[key] for key in ("no", "id", "level1", "level2", "type", "points")},
            "floor": f"{entry['points']}.00" if entry["no"] % 3 == 0 else "0.00",
            "ceiling": f"{entry['points']}.00",
            "met": (True, False, None)[entry["no"] % 3],
            "sentence": f"{entry['title']['zh']}：小区总户数1200户，具备{entry['no']}户；得分{entry['points']}分。",
        }
        for entry in FORM_TEXT["rows"]
    ]
    return {
        "community": "demo",
        "community_name": "示例小区",
        "as_of": "2026-11-03T00:00:00+08:00",
        "window": {"from": "2026-10-27T00:00:00+08:00", "to": "2026-11-03T00:00:00+08:00", "days": 7},
        "run": 12,
        "environment": "simulated",
        "totals": {"floor": "151.90", "ceiling": "398.00", "attested": "22.00", "base": "146.90", "bonus": "5.00"},
        "prerequisites": {grade: {"met": 1, "of": of} for grade, of in (("C", 11), ("B", 4), ("A", 4))},
        "indicators": rows,
    }


def filled(card: dict[str, Any], basics: dict[str, str] | None = None) -> bytes:
    return fill_form(card, FORM_TEXT, BASICS if basics is None else basics, RUN_SHA256)


FORM = filled(scorecard())


def texts(payload: bytes) -> list[str]:
    """Return every text of the file as a reader sees it: paragraphs, and cells line by line."""
    paper = Document(BytesIO(payload))
    cells = [cell.text for table in paper.tables for row in table.rows for cell in row.cells]
    return [*(line.text for line in paper.paragraphs), *cells]


def altered(payload: bytes, change: Callable[[Paper], None]) -> bytes:
    paper = Document(BytesIO(payload))
    change(paper)
    out = BytesIO()
    paper.save(out)
    return out.getvalue()


def indicator_table(paper: Paper) -> Any:
    return next(table for table in paper.tables if len(table.columns) == 9)
