"""The smallest PDF: every part stands where its table says, and the same words give the same bytes."""

from __future__ import annotations

import re

from collector.simulate.paper import print_pdf

TEXT = "示例小区 验收单\n签字：王工\n"


def test_every_object_begins_where_the_table_says() -> None:
    content = print_pdf(TEXT)
    start = int(content.rpartition(b"startxref\n")[2].split()[0])
    size = int(re.findall(rb"xref\n0 (\d+)\n", content[start:])[0])
    offsets = [int(found) for found in re.findall(rb"(\d{10}) 00000 n", content[start:])]
    assert len(offsets) == size - 1
    for number, offset in enumerate(offsets, start=1):
        assert content[offset:].startswith(b"%d 0 obj\n" % number)


def test_the_stream_is_as_long_as_it_says_and_holds_the_lines() -> None:
    length, stream = re.findall(rb"/Length (\d+) >>\nstream\n(.*?)\nendstream", print_pdf(TEXT), re.DOTALL)[0]
    assert len(stream) == int(length)
    shown = re.findall(rb"<([0-9a-f]+)> Tj", stream)
    assert "".join(bytes.fromhex(line.decode()).decode("utf-16-be") + "\n" for line in shown) == TEXT


def test_the_same_words_give_the_same_bytes() -> None:
    assert print_pdf(TEXT) == print_pdf(TEXT)
    assert print_pdf(TEXT) != print_pdf(TEXT + "日期\n")
