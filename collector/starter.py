"""Writes the files a new community starts from."""

from __future__ import annotations

from pathlib import Path

from collector.house import PRODUCT
from collector.settings import SETTINGS_FILE, SettingsError

_ACTS = """\
# What people attest for parts that no device shows. Each entry is recorded once; nothing here is ever deleted
# from the record. Documents lie beside this file and are kept with it.
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


def write_starter(folder: Path) -> list[Path]:
    """Write ``zhizheng.toml`` and ``acts.yaml`` and return their paths; raises SettingsError rather than overwrite."""
    files = {
        folder / SETTINGS_FILE: (PRODUCT / "config" / "zhizheng.example.toml").read_text("utf-8"),
        folder / "acts.yaml": _ACTS,
    }
    for path in files:
        if path.exists():
            raise SettingsError(f"{path}: is there already; move it away first, or edit it")
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        path.write_text(text, "utf-8")
    return list(files)
