from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from collector.web.payload import BYTES_SHOWN, TEXT_SHOWN, find_span, view_payload

scalars = st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12
)


def pointers(node: Any, here: str = "") -> dict[str, Any]:
    """Every place of a document by its pointer."""
    found = {here: node}
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, below in items:
        found |= pointers(below, f"{here}/{str(step).replace('~', '~0').replace('/', '~1')}")
    return found


@given(documents, st.sampled_from([None, 2]), st.booleans())
def test_the_marked_text_is_exactly_the_pointed_value(document: Any, indent: int | None, ascii_only: bool) -> None:
    text = "\r\n " + json.dumps(document, indent=indent, ensure_ascii=ascii_only) + "\n"
    for pointer, value in pointers(document).items():
        span = find_span(text, pointer)
        assert span is not None, pointer
        assert json.loads(text[span[0] : span[1]]) == value


@pytest.mark.parametrize("pointer", ["/b", "/a/2", "/a/-1", "/a/01", "/a/0/0", "a", "/a/1/", "//"])
def test_a_place_that_is_not_there_is_not_marked(pointer: str) -> None:
    assert find_span('{"a": [1, 2]}', pointer) is None


@given(st.binary(max_size=200), st.none() | st.text(max_size=8).map(lambda text: f"/{text}"), st.booleans())
def test_any_bytes_can_be_looked_at(payload: bytes, pointer: str | None, sheet: bool) -> None:
    view = view_payload(payload, pointer, sheet=sheet)
    assert view.form in {"text", "hex", "empty"}
    assert (view.pointer_found is None) == (pointer is None)


@pytest.mark.parametrize("payload", [b"[" * 200_000, b'{"a":' * 200_000, b'{"a": 1', b"9" * 10_000])
def test_a_hostile_payload_is_shown_without_a_mark(payload: bytes) -> None:
    view = view_payload(payload, "/a/b")
    assert view.form == "text"
    assert view.pointer_found is False


def test_text_and_hex_and_nothing() -> None:
    assert view_payload("在线".encode(), None).before == "在线"
    assert view_payload(b"\xff\x00A", None).hex == f"{0:08x}  {'ff 00 41':<48} ..A"
    assert view_payload(b"", None).form == "empty"
    assert view_payload(b"online", "").mark == "online"


@pytest.mark.parametrize(
    ("pointer", "marked"),
    [("line 2", "L-1,3号楼"), ("line 3", ""), ("line 4", '"L\n2",4号楼'), ("line 5", ""), ("line 0", ""), ("/x", "")],
)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_row_of_a_sheet_is_marked_by_its_number(pointer: str, marked: str, encoding: str) -> None:
    sheet = 'code,room\r\nL-1,3号楼\r\n\r\n"L\n2",4号楼\r\n'.encode(encoding)
    view = view_payload(sheet, pointer, sheet=True)
    assert view.mark == marked
    assert view.pointer_found is (bool(marked) or pointer == "line 3")
    assert (view.before + view.mark + view.after).encode(encoding.removesuffix("-sig")) == sheet


def test_a_row_of_a_workbook_is_marked_by_tab_and_line() -> None:
    book = Workbook()
    book.create_sheet("电梯").append(["注册代码"])
    homes = book.create_sheet("住户")
    for row in (["楼栋", "房号"], [], ["3号楼", 1201]):
        homes.append(row)
    saved = BytesIO()
    book.save(saved)

    view = view_payload(saved.getvalue(), "住户 第3行", sheet=True)

    assert (view.form, view.mark, view.pointer_found) == ("text", "3号楼\t1201", True)
    assert view.before == "【住户】\n第1行\t楼栋\t房号\n第3行\t"
    assert view_payload(saved.getvalue(), "住户 第2行", sheet=True).pointer_found is False
    assert "注册代码" in view_payload(saved.getvalue(), None, sheet=True).before
    assert view_payload(saved.getvalue()[:50], "住户 第3行", sheet=True).form == "hex"
    assert view_payload(saved.getvalue(), "住户 第3行").form == "hex"


def test_of_a_long_payload_the_part_around_the_value_is_shown() -> None:
    text = json.dumps({"before": "x" * TEXT_SHOWN, "here": 418.327, "after": "y" * TEXT_SHOWN})
    view = view_payload(text.encode(), "/here")
    assert view.cut
    assert view.mark == "418.327"
    assert len(view.before + view.mark + view.after) == TEXT_SHOWN
    assert len(view_payload(b"\xff" * 100_000, None).hex.splitlines()) == BYTES_SHOWN // 16
