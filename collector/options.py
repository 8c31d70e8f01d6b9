"""The options that many commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from collector.settings import SETTINGS_FILE

SettingsOption = Annotated[
    Path, typer.Option("--settings", "-s", help="The settings file.", envvar="ZHIZHENG_SETTINGS", show_default=True)
]
CommunityOption = Annotated[
    str | None, typer.Option("--community", "-c", help="Which community; the only one by default.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
DEFAULT_SETTINGS = Path(SETTINGS_FILE)
