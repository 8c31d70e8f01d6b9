"""The pinned requirements are what pyproject.toml asks for, each with its hashes, from no named place."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
FILES = ("build", "runtime", "dev")


def read_pins(name: str) -> dict[str, str]:
    """Return the pinned version of every package of a file."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, flags=re.MULTILINE))


def read_project() -> tuple[list[str], list[str]]:
    """Return the dependencies of the program and those of development."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["dependencies"], project["optional-dependencies"]["dev"]


@pytest.mark.parametrize("name", FILES)
def test_every_requirement_is_pinned_with_hashes_and_nothing_else_is_said(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    entries = re.sub(r"\s*\\\n\s*", " ", re.sub(r"^ *#.*\n", "", text, flags=re.MULTILINE)).splitlines()

    for entry in entries:
        assert re.fullmatch(r"[a-z0-9-]+==\S+( ; [^#]*?)?( --hash=sha256:[0-9a-f]{64})+", entry), entry


def test_what_the_project_asks_for_is_pinned_in_the_version_it_asks_for() -> None:
    runtime, development = read_project()
    for asked, name in [(runtime, "runtime"), (runtime + development, "dev")]:
        pins = read_pins(name)
        for one in map(Requirement, asked):
            version = pins.get(canonicalize_name(one.name))
            assert version is not None, f"{one} is not in requirements/{name}.txt; run `make pin`"
            assert one.specifier.contains(version, prereleases=True), f"{one}: {version} is pinned; run `make pin`"


def test_the_files_agree_on_every_version() -> None:
    build, runtime, dev = (read_pins(name) for name in FILES)

    assert runtime.items() <= dev.items()
    for package in build.keys() & dev.keys():
        assert build[package] == dev[package]
