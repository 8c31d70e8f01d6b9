"""The smallest PDF: what it says stands where its table says, and the same words give the same bytes."""

from __future__ import annotations

import re

import pytest

from collector.simulate.pdf import make_pdf


def test_every_object_begins_where_the_table_says() -> None:
    content = make_pdf("示例小区 验收单", ["Row 58", "Signed"])
    start = int(content.rpartition(b"startxref\n")[2].split()[0])
    assert content[start:].startswith(b"xref\n0 7\n")
    offsets = [int(found) for found in re.findall(rb"(\d{10}) 00000 n", content[start:])]
    assert len(offsets) == 6
    for number, offset in enumerate(offsets, start=1):
        assert content[offset:].startswith(b"%d 0 obj\n" % number)


def test_the_stream_is_as_long_as_it_says() -> None:
    content = make_pdf("示例小区 验收单", ["Row 58", "Signed"])
    length, stream = re.findall(rb"/Length (\d+) >>\nstream\n(.*?)\nendstream", content, re.DOTALL)[0]
    assert len(stream) == int(length)
    assert bytes.fromhex(re.findall(rb"<([0-9a-f]+)> Tj", stream)[0].decode()) == b"Row 58"


def test_the_title_is_chinese_and_the_bytes_are_always_the_same() -> None:
    content = make_pdf("验收单", ["Row 58"])
    assert ("feff" + "验收单".encode("utf-16-be").hex()).encode() in content
    assert content == make_pdf("验收单", ["Row 58"])


def test_a_line_that_the_font_lacks_is_refused() -> None:
    with pytest.raises(ValueError, match="ascii"):
        make_pdf("验收单", ["验收单"])
