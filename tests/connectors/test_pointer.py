from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.pointer import MISSING, Part, escape, find, parse_pointer, parse_walk

DOCUMENT = {"a": {"b": [10, {"c": None}]}, "x/y": {"~": 1}, "": 2, "0": 3}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", DOCUMENT),
        ("/a/b/0", 10),
        ("/a/b/1/c", None),
        ("/x~1y/~0", 1),
        ("/", 2),
        ("/0", 3),
        ("/a/c", MISSING),
        ("/a/b/2", MISSING),
        ("/a/b/01", MISSING),
        ("/a/b/-", MISSING),
        ("/a/b/0/d", MISSING),
        ("/a/b/99999999999999999999", MISSING),
    ],
)
def test_a_pointer_finds_what_rfc_6901_says(text: str, found: object) -> None:
    assert find(DOCUMENT, parse_pointer(text)) == found


@pytest.mark.parametrize("text", ["a", "a/b", "/~", "/a~2"])
def test_a_bad_pointer_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="the pointer"):
        parse_pointer(text)


@given(st.lists(st.text(max_size=5), max_size=4))
def test_escaping_keeps_every_key(keys: list[str]) -> None:
    text = "".join(f"/{escape(key)}" for key in keys)
    assert parse_pointer(text).steps == tuple(keys)


def test_a_walk_binds_keys_and_goes_through_arrays() -> None:
    document = {"W/1": [{"v": 1}, {"v": 2}], "S": [{"v": 3}], "odd": 5}
    assert parse_walk("/{device}/*").parts(document) == [
        Part("/W~11/0", {"device": "W/1"}, {"v": 1}),
        Part("/W~11/1", {"device": "W/1"}, {"v": 2}),
        Part("/S/0", {"device": "S"}, {"v": 3}),
    ]


def test_a_walk_goes_down_literal_keys() -> None:
    assert parse_walk("/params/{p}").parts({"params": {"L": 1}, "q": 2}) == [Part("/params/L", {"p": "L"}, 1)]
    assert parse_walk("/params/{p}").parts({"q": 2}) == []
    assert parse_walk("/params").parts([1]) == []


def test_an_empty_walk_is_the_root() -> None:
    assert parse_walk("").parts([1]) == [Part("", {}, [1])]


@given(st.recursive(st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner)))
def test_every_part_is_where_its_pointer_says(document: object) -> None:
    for text in ("/{a}/*", "/*/{b}", "/*/*", "/{a}/{b}"):
        for part in parse_walk(text).parts(document):
            assert find(document, parse_pointer(part.pointer)) is part.node


@pytest.mark.parametrize("text", ["x", "/{a}/{a}", "/{A}", "/a{b}"])
def test_a_bad_walk_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must|twice"):
        parse_walk(text)
