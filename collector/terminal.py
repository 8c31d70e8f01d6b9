"""What every command does at the terminal: open the house, say a line, print JSON, fail, find a run."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

import typer

from collector.house import House, open_house
from collector.refresh import newest_run, run_folder
from collector.settings import load_settings
from connectors.outcome import Outcome

MARKS = {Outcome.PASSED: "通过", Outcome.FAILED: "不通过", Outcome.NOT_CHECKED: "未检查"}
"""How a check ended, in a word."""


def open_site(settings: Path) -> House:
    """Return the house of a settings file; raises SettingsError."""
    return open_house(load_settings(settings))


def say(line: str) -> None:
    """Print one line and flush it, so that a program reading a pipe sees it at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def say_all(lines: Iterable[str]) -> None:
    """Print several lines."""
    for line in lines:
        say(line)


def print_json(value: Any) -> None:
    """Print a value as JSON for programs."""
    say(json.dumps(value, ensure_ascii=False, indent=1))


def say_aside(line: str) -> None:
    """Print one line on standard error, where it is no part of the answer."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def fail(line: str) -> NoReturn:
    """Say on standard error what is wrong, and end the command with 1."""
    say_aside(line)
    raise typer.Exit(1)


def find_run(house: House, community: str, number: int | None) -> int:
    """Return the number of a finished run, the newest where none is named; fails where there is none."""
    found = newest_run(house.settings.out, community) if number is None else number
    if found is None or not run_folder(house.settings.out, community, found).is_dir():
        wanted = "no run" if number is None else f"no run {number}"
        fail(f"{community} has {wanted} in {house.settings.out}; make one with `zhizheng refresh`")
    return found
