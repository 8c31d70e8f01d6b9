"""Writes the files a new community starts from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from collector.clock import system_clock
from collector.house import PRODUCT
from collector.settings import SETTINGS_FILE, Settings, SettingsError
from evidence.catalogue import read_yaml
from scoring.rubric import Question, parse_rubric

AskWhatApplies = Callable[[Sequence[Question], date], list[dict[str, Any]]]
"""Asks what a community does not have and returns the acts that say so."""

_ACTS = """\
# What people attest for parts that no device shows, read every night. Most people fill in the workbook instead:
# `zhizheng attest template`. Each entry is recorded once; nothing here is ever deleted from the record, and what was
# withdrawn comes back only by `zhizheng attest import acts.yaml`. Documents (pdf, jpg, png, docx, xlsx) lie beside
# this file and are kept with it.
#
# - act: attest
#   row: 74
#   part: rules
#   value: "yes"
#   by: 王工
#   date: 2026-10-20
#   expires: 2027-10-20
#   document: documents/data-protection-rules.pdf
#
# - act: survey
#   row: 76
#   sample: 50
#   satisfied: 43
#   by: 王工
#   date: 2026-10-20
#   document: documents/survey.pdf
"""


def write_starter(folder: Path, ask: AskWhatApplies | None = None) -> list[Path]:
    """Write ``zhizheng.toml`` and ``acts.yaml`` and return their paths; raises SettingsError rather than overwrite.

    ``ask`` asks what does not apply, once it is clear that the files can be written; its acts go into ``acts.yaml``.
    """
    files = {folder / SETTINGS_FILE: (PRODUCT / "config" / "zhizheng.example.toml").read_text("utf-8")}
    files[folder / "acts.yaml"] = _ACTS
    for path in files:
        if path.exists():
            raise SettingsError(f"{path}: is there already; move it away first, or edit it")
    if ask is not None:
        acts = ask(read_questions(), _today())
        if acts:
            text = yaml.safe_dump(acts, allow_unicode=True, sort_keys=False)
            files[folder / "acts.yaml"] += f"\n# What does not apply here, as answered at the start.\n{text}"
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        path.write_text(text, "utf-8")
    return list(files)


def read_questions() -> tuple[Question, ...]:
    """Return what the product's own rubric asks once."""
    name = f"{Settings.model_fields['rubric'].default}.yaml"
    path = PRODUCT / "config" / "rubrics" / name
    return parse_rubric(read_yaml(path.read_bytes(), name), name).questions


def _today() -> date:
    zone = ZoneInfo(str(Settings.model_fields["timezone"].default))
    return datetime.fromtimestamp(system_clock() / 1000, zone).date()
