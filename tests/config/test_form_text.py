"""The form's words in config/ are the official form's words, row for row."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
SEED = REPOSITORY.parent / "shared" / "seed"
COLUMNS = ("level1", "level2", "meaning", "content", "type", "points")
DIGEST = "88198ab950640a8b434240b2c01ecb2f9c1ba9f5f3492f5de024866344ff4048"

OFFICIAL_FORM = sorted(SEED.glob("*.txt"))
needs_seed = pytest.mark.skipif(
    not OFFICIAL_FORM, reason="no official form in ../shared/seed beside the repository; the digest stands for it"
)


def tight(text: str) -> str:
    """Return the text without any whitespace, which the official form's layout strews in."""
    return re.sub(r"\s+", "", text)


def digest(rows: list[dict[str, Any]]) -> str:
    lines = ("\t".join([str(row["no"]), *(tight(row[name]) for name in COLUMNS)]) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def lines_of_cells() -> list[list[str]]:
    """Return the official form as lines of cells: a blank line ends a line, a tab begins a cell, all else goes on."""
    lines: list[list[str]] = [[]]
    for text in OFFICIAL_FORM[0].read_text(encoding="utf-8").split("\n"):
        if not text:
            lines.append([])
        elif text.startswith("\t"):
            lines[-1].append(text[1:])
        elif lines[-1]:
            lines[-1][-1] += "\n" + text
    return [line for line in lines if line]


def lines_of_rows() -> list[list[str]]:
    return [cells for cells in lines_of_cells() if len(cells) == 9 and re.fullmatch(r"★[ABC]|☆|▲", cells[4])]


def official_rows() -> list[dict[str, Any]]:
    """Return the form's 76 rows with the cells it merges carried down."""
    rows: list[dict[str, Any]] = []
    for cells in lines_of_rows():
        above = rows[-1] if rows else dict.fromkeys(COLUMNS, "")
        carried = {name: cell or above[name] for name, cell in zip(COLUMNS[:3], cells[:3], strict=True)}
        rows.append({"no": len(rows) + 1, **carried, "content": cells[3], "type": cells[4], "points": cells[5]})
    return rows


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    path = REPOSITORY / "config" / "rubrics" / "yinchuan.yaml"
    loaded: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))["indicators"]
    return loaded


@pytest.fixture(scope="module")
def form() -> dict[str, Any]:
    path = REPOSITORY / "config" / "forms" / "yinchuan" / "form.yaml"
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def test_the_rows_are_the_ones_once_compared_with_the_official_form(rows: list[dict[str, Any]]) -> None:
    assert digest(rows) == DIGEST


@needs_seed
def test_every_row_says_what_the_official_form_says(rows: list[dict[str, Any]]) -> None:
    official = official_rows()
    assert len(official) == 76
    for row, printed in zip(rows, official, strict=True):
        assert {name: tight(row[name]) for name in COLUMNS} == {name: tight(printed[name]) for name in COLUMNS}, row
        assert row["no"] == printed["no"]


@needs_seed
def test_lines_within_a_clause_are_kept(rows: list[dict[str, Any]]) -> None:
    for row, printed in zip(rows, official_rows(), strict=True):
        assert row["content"].split("\n") == printed["content"].split("\n")


@needs_seed
def test_the_other_parts_and_the_rows_together_are_the_whole_official_form(form: dict[str, Any]) -> None:
    ours: list[str] = []
    for section in form.values():
        if not isinstance(section, dict):
            ours.append(section)
            continue
        ours.append(section["heading"])
        for field in (field for line in section.get("rows", ()) for field in line):
            ours += [field["label"], field.get("example", ""), field.get("signed", "")]
        ours += section.get("columns", {}).values()
        if "columns" in section:
            ours += ["".join(cells) for cells in lines_of_rows()]
        ours += section.get("totals", {}).values()
    assert ours.pop(0) == "yinchuan"
    assert tight("".join(ours)) == tight(OFFICIAL_FORM[0].read_text(encoding="utf-8"))


def test_the_points_add_up_to_four_hundred_and_twenty(rows: list[dict[str, Any]]) -> None:
    base: Counter[str] = Counter()
    bonus = Decimal(0)
    for row in rows:
        if row["type"] == "▲":
            bonus += Decimal(row["points"])
        else:
            base[row["level1"]] += int(row["points"])
    assert base == {"基础设施": 100, "综合服务": 100, "安全保障": 100, "满意度": 100}
    assert bonus == 20


def test_the_types_are_counted_as_the_form_prints_them(rows: list[dict[str, Any]]) -> None:
    assert Counter(row["type"] for row in rows) == {"★C": 11, "★B": 4, "★A": 4, "☆": 47, "▲": 10}


def test_each_row_has_its_number_and_an_id_of_its_own(rows: list[dict[str, Any]]) -> None:
    assert [row["no"] for row in rows] == list(range(1, 77))
    ids = [row["id"] for row in rows]
    assert len(set(ids)) == 76
    assert [name for name in ids if not re.fullmatch(r"[a-z]+(-[a-z]+)*", name)] == []


def test_each_row_has_a_short_title_in_both_languages(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        assert set(row["title"]) == {"zh", "en"}
        assert 2 <= len(row["title"]["zh"]) <= 12, row["title"]
        assert 5 <= len(row["title"]["en"]) <= 45, row["title"]
    assert len({row["title"]["zh"] for row in rows}) == len({row["title"]["en"] for row in rows}) == 76


def test_a_row_begins_with_its_words(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        assert list(row)[:9] == ["no", "id", "title", "level1", "level2", "meaning", "content", "type", "points"]
        assert all(isinstance(row[name], str) and row[name] == row[name].strip() != "" for name in COLUMNS)


def test_every_field_of_the_form_has_an_id_of_its_own(form: dict[str, Any]) -> None:
    sections = [section for section in form.values() if isinstance(section, dict)]
    ids = [field["id"] for section in sections for line in section.get("rows", ()) for field in line]
    assert len(set(ids)) == len(ids) == 26
