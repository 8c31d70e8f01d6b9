"""Pages end where they were planned, no merged cell reaches over one, and no text is reckoned too short."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.form_pages import MERGED, Line, count_lines, plan_lines
from tests.fakes.declaration import FORM_TEXT

WIDTHS = {"level1": 15.0, "level2": 21.5, "meaning": 38.0, "content": 72.5, "sentence": 64.0}
HEAD = dict.fromkeys(WIDTHS, "头")
PAGE = 174 * 72 / 25.4


def rows(sentences: dict[int, str] | None = None) -> list[dict[str, str]]:
    said = sentences or {}
    return [
        {name: entry.get(name, said.get(entry["no"], "尚未证实。")) for name in WIDTHS} for entry in FORM_TEXT["rows"]
    ]


def pages(lines: list[Line], head: float) -> list[list[Line]]:
    """Return the rows of each page, by the heights that the file states."""
    found: list[list[Line]] = [[]]
    left = PAGE - head - 38
    for line in lines:
        if line.height > left:
            found.append([])
            left = PAGE - head
        found[-1].append(line)
        left -= line.height
    return found


@pytest.mark.parametrize("sentences", [{}, {no: "缺一处；" * (no % 17) for no in range(1, 77)}])
def test_every_page_begins_with_all_its_levels(sentences: dict[int, str]) -> None:
    head, lines = plan_lines(rows(sentences), HEAD, WIDTHS)
    drawn = pages(lines, head)
    assert len(drawn) > 5
    assert all(page[0].merged == frozenset() for page in drawn)
    for page in drawn[1:-1]:
        room = PAGE - head - sum(line.height for line in page)
        assert 0 < room < min(line.height for line in lines)


@pytest.mark.parametrize("filled", range(8))
def test_the_sums_find_room_below_the_last_rows(filled: int) -> None:
    head, lines = plan_lines(rows({76 - filled: "缺一处；" * 60}), HEAD, WIDTHS)
    last = pages(lines, head)[-1]
    assert sum(line.height for line in last) + 3 * 24 + 2 * 15 <= PAGE - head


def test_levels_hang_together_only_where_they_say_the_same() -> None:
    texts = rows()
    _, lines = plan_lines(texts, HEAD, WIDTHS)
    for above, row, line in zip(texts, texts[1:], lines[1:], strict=False):
        for name in line.merged:
            assert [row[level] for level in MERGED[: MERGED.index(name) + 1]] == [
                above[level] for level in MERGED[: MERGED.index(name) + 1]
            ]
    assert sum(len(line.merged) for line in lines) > 100


def test_equal_words_under_different_levels_are_not_merged() -> None:
    texts = [dict.fromkeys(WIDTHS, "同") | {"level1": level} for level in ("甲", "乙", "乙")]
    _, lines = plan_lines(texts, HEAD, WIDTHS)
    assert [sorted(line.merged) for line in lines] == [[], [], sorted(MERGED)]


def test_a_long_meaning_is_given_room_by_the_rows_it_spans() -> None:
    texts = [dict.fromkeys(WIDTHS, "短") | {"meaning": "长" * 200} for _ in range(2)]
    _, lines = plan_lines(texts, HEAD, WIDTHS)
    assert sum(line.height for line in lines) >= 200 / 12.3 * 11.5


def test_a_row_longer_than_a_page_may_run_over_and_the_rows_after_it_show_their_own_levels() -> None:
    _, lines = plan_lines(rows({10: "、".join(f"{no}号楼" for no in range(3000))}), HEAD, WIDTHS)
    assert [line.whole for line in lines].count(False) == 1
    assert not lines[9].whole
    assert any(line.merged for line in lines[:9])
    assert not any(line.merged for line in lines[9:])


@pytest.mark.parametrize(
    ("text", "room", "lines"),
    [
        ("", 10, 1),
        ("一二三四五", 5, 1),
        ("一二三四五六", 5, 2),
        ("一\n二", 5, 2),
        ("一二三四五。", 5, 2),
        ("x" * 40, 5, 5),
    ],
)
def test_lines_are_counted(text: str, room: float, lines: int) -> None:
    assert count_lines(text, room) == lines


@given(text=st.text(max_size=200), room=st.floats(2, 30))
@settings(max_examples=100)
def test_a_text_takes_at_least_its_width(text: str, room: float) -> None:
    wide = sum(1 for sign in text if "\u4e00" <= sign <= "\u9fff")
    assert count_lines(text, room) >= max(1, wide / room)
