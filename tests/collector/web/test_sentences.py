from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from collector.web.sentences import link_numbers

KNOWN = {"1138": "/n", "1200": "/m", "94.83%": "/share"}


def test_each_number_leads_to_what_it_was_counted_from() -> None:
    pieces = link_numbers("小区总户数1200户，安装1138户，覆盖率94.83%；得分1.90分。", KNOWN, "/row")
    linked = [(piece.text, piece.href) for piece in pieces if piece.href]
    assert linked == [("1200", "/m"), ("1138", "/n"), ("94.83%", "/share"), ("1.90", "/row")]


def test_addresses_dates_codes_and_what_is_asked_are_words() -> None:
    for text in (
        "3号楼2单元1201",
        "2026-11-03",
        "WM-000123",
        "GB5749",
        "近7日",
        "12个月内",
        "要求不低于60%",
        "3-2-1201",
    ):
        assert [piece.href for piece in link_numbers(f"见{text}", KNOWN, "/row") if piece.href] == [], text


@given(st.text(alphabet=st.sampled_from("0123456789.%户，近日要求号楼单元-aZ <&"), max_size=40))
def test_no_letter_is_lost_or_added(text: str) -> None:
    pieces = link_numbers(text, KNOWN, "/row")
    assert "".join(piece.text for piece in pieces) == text
    assert all(re.fullmatch(r"\d+(\.\d+)?%?", piece.text, re.ASCII) for piece in pieces if piece.href)


def test_the_name_of_a_document_is_no_figure() -> None:
    pieces = link_numbers("已佐证（李工 2026-10-20，03-楼梯信号检测报告2026.pdf）；得分8.00分。", {}, "/row")
    assert [piece.text for piece in pieces if piece.href] == ["8.00"]
