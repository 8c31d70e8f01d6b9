"""The generated pages say what the code says; the hand-written ones name only what exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from collector.reference import SCHEMA, pages, schema_text

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
COMMANDS = set(re.findall(r"^## zhizheng (\S+)", pages()["commands.md"], re.MULTILINE))


@pytest.mark.parametrize("name", sorted(pages()))
def test_a_generated_page_is_up_to_date(name: str) -> None:
    stored = (REPOSITORY / "docs" / "reference" / name).read_text("utf-8")
    assert stored == pages()[name], f"{name} is out of date: run make docs"


def test_the_rubrics_schema_is_up_to_date() -> None:
    assert (REPOSITORY / SCHEMA).read_text("utf-8") == schema_text(), f"{SCHEMA} is out of date: run make docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_link_inside_the_repository_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    missing = [one for one in targets if "://" not in one and not (page.parent / one).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_command_a_page_shows_exists(page: Path) -> None:
    named = set(re.findall(r"(?:`|^ *)(?:\.venv/bin/)?zhizheng ([a-z]+)", page.read_text("utf-8"), re.MULTILINE))
    assert named <= COMMANDS


def test_the_two_readmes_have_the_same_shape() -> None:
    english = (REPOSITORY / "README.md").read_text("utf-8")
    chinese = (REPOSITORY / "README.zh-CN.md").read_text("utf-8")
    for pattern in (r"^(#+) ", r"^```(\w*)$", r"\]\(([^)]+)\)", r"(make \w+|zhizheng \w+)"):
        here = [one for one in re.findall(pattern, english, re.MULTILINE) if "README" not in one]
        there = [one for one in re.findall(pattern, chinese, re.MULTILINE) if "README" not in one]
        assert here == there, f"the READMEs differ in {pattern}"
