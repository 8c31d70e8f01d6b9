from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.payload import MAX_DEPTH, PayloadError, is_clean, read_json, read_text


def test_numbers_are_exact_and_keep_their_zeros() -> None:
    assert str(read_json(b"[418.40]")) == "[Decimal('418.40')]"
    assert read_json(b"3") == Decimal(3)
    assert read_json(b"1" * 5000) == Decimal("1" * 5000)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "empty"),
        (b"\x80", "not UTF-8 at byte 0"),
        (b"{params:{Flow:12}}", "not JSON: Expecting property name"),
        (b"[1,]", "not JSON"),
        (b'{"a":1} {"b":2}', "not JSON: Extra data"),
        (b'"\x01"', "not JSON: Invalid control character"),
        (b"[Infinity]", "Infinity is not a number"),
        (b'[{"a":1,"b":2,"a":3}]', "the key 'a' is there twice"),
        (b"[1e99999999999999999999]", "beyond every range"),
    ],
)
def test_what_is_not_strict_json_is_refused_with_the_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(PayloadError, match=reason):
        read_json(payload)


def test_depth_has_one_limit_for_everybody() -> None:
    read_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    with pytest.raises(PayloadError, match="nested deeper"):
        read_json(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))
    with pytest.raises(PayloadError, match="nested deeper"):
        read_json(b'{"a":' * 100_000)


def test_brackets_in_texts_and_side_by_side_are_not_depth() -> None:
    assert read_json(b'["' + b"[" * 500 + b'\\""]') == ["[" * 500 + '"']
    assert read_json(b"[" + b"[],{}," * 500 + b"1]")


def test_a_byte_order_mark_is_allowed() -> None:
    assert read_json(b"\xef\xbb\xbf{}") == {}


def test_a_text_is_one_line() -> None:
    assert read_text(b" online\r\n") == "online"
    for payload in (b"", b" \n", b"a\nb", b"a\x00", b"\xff"):
        with pytest.raises(PayloadError):
            read_text(payload)


def test_clean_means_storable_and_showable() -> None:
    assert is_clean("3号楼 2单元")
    assert not any(is_clean(text) for text in ("a\x00", "a\n", "\x7f", "\udc80"))


@given(st.binary(max_size=100))
def test_bytes_are_read_or_refused_never_anything_else(payload: bytes) -> None:
    reasons: list[str] = []
    for reader in (read_json, read_text):
        try:
            reader(payload)
        except PayloadError as error:
            reasons.append(str(error))
    assert all(reasons)
