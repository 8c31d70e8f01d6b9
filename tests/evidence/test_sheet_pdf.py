"""A printed book: whole pages, the same bytes each time, text that stays inside its lines."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import as_file, files

import pytest

from evidence import sheet_pdf
from evidence.sheet import Band, Bars, Block, Book, Charts, Grid, Heading, Sheet, Text
from evidence.sheet_pdf import FONT_FILE, FONT_PACKAGE, Press, print_book

CREATED = datetime(2026, 11, 9, 2, 30, tzinfo=UTC)
DAYS = ("2026-11-01", "2026-11-02")


def book(*blocks: Block, sheets: int = 1) -> Book:
    return Book(
        title="证明材料",
        head="证明材料　示例小区",
        stamp="模拟数据",
        foot="run.json SHA-256 00",
        front=lambda pages: (Sheet("目录", (Text("、".join(map(str, pages))),)),),
        sheets=(Sheet("1 水表", blocks),) * sheets,
    )


def pages_of(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", pdf))


@pytest.fixture
def press() -> Iterator[Press]:
    with as_file(files(FONT_PACKAGE) / FONT_FILE) as font:
        opened = Press(font.as_posix(), "", CREATED)
        yield opened
        opened.close()


def test_a_book_is_a_pdf_with_its_front_and_a_page_for_each_sheet() -> None:
    printed = print_book(book(Heading("水表"), sheets=3), CREATED)
    assert printed.startswith(b"%PDF-")
    assert pages_of(printed) == 4


def test_the_same_book_gives_the_same_bytes() -> None:
    charts = Charts((Bars("a", DAYS, (0, 2), 2), Band("b", DAYS, ((Decimal(7), Decimal(8)), None), "NTU")))
    content = book(Heading("水表", "2分", level=1), Grid((1, 2), (("a", "b"),), head=("x", "y")), charts)
    assert print_book(content, CREATED) == print_book(content, CREATED)


def test_another_moment_gives_other_bytes() -> None:
    assert print_book(book(), CREATED) != print_book(book(), CREATED.replace(year=2027))


def test_the_front_is_told_the_page_on_which_each_sheet_begins() -> None:
    told: list[Sequence[int]] = []

    def front(pages: Sequence[int]) -> tuple[Sheet, ...]:
        told.append(pages)
        return (Sheet("封面", ()), Sheet("目录", ()))

    long = Sheet("1", (Text("\n".join("水" * 300)),))
    print_book(Book("t", "h", "", "f", front, (long, Sheet("2", ()))), CREATED)
    first, second = told[-1]
    assert first == 3
    assert second > first + 1


def test_a_little_too_much_is_set_smaller_and_stays_on_one_page(monkeypatch: pytest.MonkeyPatch) -> None:
    content = book(Grid((1, 1), (("水", "表"),) * 54, size=8.0))
    assert pages_of(print_book(content, CREATED)) == 2
    monkeypatch.setattr(sheet_pdf, "SHRINKS", (1.0,))
    assert pages_of(print_book(content, CREATED)) == 3


def test_a_table_that_needs_more_pages_takes_them() -> None:
    assert pages_of(print_book(book(Grid((1,), (("水",),) * 200, head=("名称",))), CREATED)) > 3


def test_a_character_the_font_lacks_is_a_box_and_no_complaint(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        print_book(book(Text("设备\U0001f600\x00\u202e\tA")), CREATED)
    assert caplog.records == []


def test_clean_keeps_the_forms_marks(press: Press) -> None:
    marks = "√О★☆▲≥≤×·—…→　"
    assert press.clean(marks) == marks
    assert press.clean("a\U0001f600b") == "a□b"


def test_no_line_is_wider_than_its_room_and_nothing_is_lost(press: Press) -> None:
    text = "设备k2PlntRx4Ne/quality-T-02-1在（窗口内）有效上报，" * 6 + "x" * 200
    lines = press.wrap(text, 8, 50)
    assert max(press.measure(line, 8) for line in lines) <= 50
    assert "".join(lines) == text


def test_no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one(press: Press) -> None:
    for width in range(20, 40):
        lines = press.wrap("水表，（电表）、气表；“热表”。" * 5, 8, width)
        assert not any(line[0] in "，）、；”。" for line in lines)
        assert not any(line[-1] in "（“" for line in lines)


def test_what_does_not_fit_one_line_ends_in_an_ellipsis(press: Press) -> None:
    cut = press.fit("示例小区" * 50, 8, 40)
    assert cut.endswith("…")
    assert press.measure(cut, 8) <= 40
