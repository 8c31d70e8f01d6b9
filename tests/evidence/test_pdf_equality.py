"""Two packings of the same pages are the same; everything else is not."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from evidence import pdf_equality
from evidence.pdf_equality import same_pdf
from evidence.sheet import Book, Sheet, Text
from evidence.sheet_pdf import print_book

CREATED = datetime(2026, 11, 9, 2, 30, tzinfo=UTC)
STREAM = re.compile(rb"/Length \d+\n>>\nstream\n(.*?)\nendstream", re.DOTALL)


def written(text: str) -> bytes:
    return print_book(Book("t", "h", "", "f", lambda _: (), (Sheet("1", (Text(text),)),)), CREATED)


def repack(pdf: bytes, pack: Callable[[bytes], bytes]) -> bytes:
    """Return the PDF with its streams packed anew, and lengths and places put right."""

    def again(match: re.Match[bytes]) -> bytes:
        try:
            packed = pack(zlib.decompress(match[1]))
        except zlib.error:
            return match[0]
        return b"/Length %d\n>>\nstream\n%s\nendstream" % (len(packed), packed)

    body = STREAM.sub(again, pdf)
    places = {int(one[1]): one.start() for one in re.finditer(rb"(?m)^(\d+) 0 obj", body)}
    numbers = iter(range(1, len(places) + 1))
    body = re.sub(rb"(?m)^\d{10} 00000 n", lambda _: b"%010d 00000 n" % places[next(numbers)], body)
    return re.sub(rb"startxref\n\d+", b"startxref\n%d" % (body.rindex(b"\nxref\n") + 1), body)


@pytest.fixture(scope="module")
def pdf() -> bytes:
    return written("远程智能水表51户")


def test_a_pdf_is_the_same_as_itself(pdf: bytes) -> None:
    assert same_pdf(pdf, bytes(pdf))


@pytest.mark.parametrize("level", [0, 1, 9])
def test_another_packing_is_the_same(pdf: bytes, level: int) -> None:
    other = repack(pdf, lambda content: zlib.compress(content, level))
    assert other != pdf
    assert same_pdf(pdf, other)


def test_other_words_are_not(pdf: bytes) -> None:
    assert not same_pdf(pdf, written("远程智能水表52户"))


def test_a_page_altered_and_packed_well_is_not(pdf: bytes) -> None:
    assert not same_pdf(pdf, repack(pdf, lambda content: zlib.compress(content.replace(b"Tj", b"TJ"))))


def test_bytes_hidden_behind_a_stream_are_not(pdf: bytes) -> None:
    assert not same_pdf(pdf, repack(pdf, lambda content: zlib.compress(content) + b"more"))


def test_bytes_added_behind_the_end_are_not(pdf: bytes) -> None:
    assert not same_pdf(pdf, pdf + b"% more")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (rb"/Length (\d+)\n", rb"/Length 1\n"),
        (rb"(\d{10}) 00000 n", rb"0000000001 00000 n"),
        (rb"xref\n(\d+)", rb"xref\n1"),
    ],
)
def test_a_false_length_or_place_is_not(pdf: bytes, old: bytes, new: bytes) -> None:
    changed = re.sub(old, new, pdf, count=1)
    assert changed != pdf
    assert not same_pdf(pdf, changed)


def test_a_stream_that_unpacks_without_end_is_not(pdf: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_equality, "LARGEST_STREAM", 10_000)
    assert not same_pdf(pdf, repack(pdf, lambda _: zlib.compress(bytes(20_000))))


@pytest.mark.parametrize("junk", [b"", b"no pdf", b"%PDF-1.6\nstream\n\nendstream"])
def test_junk_is_not(pdf: bytes, junk: bytes) -> None:
    assert not same_pdf(pdf, junk)
