from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.page import (
    EnvelopeError,
    Hub,
    Item,
    Page,
    PageError,
    Refusal,
    Row,
    Value,
    inventory_items,
    join_walk,
    parse_hub,
    read_page,
    read_walk,
    register_rows,
    statistic_of,
)
from tests.fakes.hub import describe

PAGED: dict[str, dict[str, object]] = {
    "page": {"kind": "page", "page_param": "p", "size_param": "n", "size": 2, "first": 1},
    "offset": {"kind": "offset", "offset_param": "o", "size_param": "n", "size": 2},
    "marker": {"kind": "marker", "marker_param": "m", "next": "/data/marker"},
    "link": {"kind": "link", "next": "/data/link", "size_param": "n", "size": 2},
}
PATH = "/gw/communities/demo/cameras"


def a_hub(*lists: dict[str, object], **changes: object) -> Hub:
    return parse_hub(describe(*lists, **changes), "hub.yaml")


def answer(rows: object, total: object = None, **data: object) -> bytes:
    body = {"code": 0, "msg": "ok", "data": {"list": rows, **({} if total is None else {"total": total}), **data}}
    return json.dumps(body, ensure_ascii=False).encode()


def page(ids: Sequence[str], total: int | None) -> Page:
    return Page(tuple(Row(name, f"/data/list/{index}", {"/id": name}) for index, name in enumerate(ids)), total)


def listing(**spec: object) -> Hub:
    return a_hub({"name": "x", "kind": "inventory", "path": "/x", "id": "/id", "device": "/id", **spec})


# ---------------------------------------------------------------- one page


def test_a_row_points_into_the_bytes_and_keeps_numbers_as_sent() -> None:
    hub = a_hub()
    payload = (
        b'\xef\xbb\xbf{"code":"0","data":{"total":"2","list":[{"id":"a"},'
        b'{"id":7,"v":0.10,"n":null,"ok":true,"big":12345678901234567890123,"e":1e3,"a/b":{"~":["x",2]}}]}}'
    )

    found = read_page(payload, hub, hub.lists[0])

    assert found.total == 2
    assert found.rows[1].id == "7"
    assert found.rows[1].pointer == "/data/list/1"
    assert found.rows[1].cells == {
        "/id": "7",
        "/v": "0.10",
        "/ok": "true",
        "/big": "12345678901234567890123",
        "/e": "1000",
        "/a~1b/~0/0": "x",
        "/a~1b/~0/1": "2",
    }


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"", "cannot be read: the payload is empty"),
        (b"<html>", "the answer cannot be read: not JSON: Expecting value at character 0"),
        (b'{"code":0,"data":{"list":[{"id":"a"}]', "the answer cannot be read: not JSON"),
        (b"\xff\xfe{}", "the answer cannot be read: not UTF-8 at byte 0"),
        (b"[" * 100_000, "the answer cannot be read: nested deeper than 64 levels"),
        (b'{"a":' * 100_000, "the answer cannot be read: nested deeper than 64 levels"),
        (b'{"code":0,"code":1}', "the answer cannot be read: the key 'code' is there twice"),
        (b'{"code":0,"data":{"list":[],"total":NaN}}', "the answer cannot be read: not JSON: NaN is not a number"),
        (b'{"data":{"list":[]}}', "the answer has no /code; see envelope"),
        (b'{"code":0,"data":{}}', "the answer has no /data/list; see items"),
        (b'{"code":0,"data":{"list":{}}}', "the answer holds no list at /data/list"),
        (b'{"code":0,"data":{"list":[1]}}', "the row at /data/list/0 is no object"),
        (b'{"code":0,"data":{"list":[{"id":""}]}}', "the row at /data/list/0 has no id at /id"),
        (b'{"code":0,"data":{"list":[{"id":"a\\u0000"}]}}', "the row at /data/list/0 has no id at /id"),
        (b'{"code":0,"data":{"list":[{"id":"a","v":"\\ud800"}]}}', "the answer holds half of a surrogate pair"),
        (b'{"code":0,"data":{"list":[],"total":-1}}', "the answer holds no whole number at /data/total"),
        (b'{"code":0,"data":{"list":[],"total":1e999999}}', "the answer holds no whole number at /data/total"),
        (b'{"code":0,"data":{"list":[],"total":true}}', "the answer holds no whole number at /data/total"),
        (answer([{"id": "a", "v": list(range(3000))}]), "the row at /data/list/0 has more than 2000 cells"),
    ],
)
def test_what_is_no_page_says_why(payload: bytes, message: str) -> None:
    hub = a_hub()

    with pytest.raises(PageError) as caught:
        read_page(payload, hub, hub.lists[0])

    assert message in str(caught.value)


@given(st.binary(max_size=400) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_any_bytes_are_a_page_or_a_page_error(payload: bytes | str) -> None:
    hub = a_hub(envelope=None, items="", total=None)
    try:
        read_page(payload if isinstance(payload, bytes) else payload.encode(), hub, hub.lists[0], "GET /x?pageNo=1")
    except PageError:
        return


@pytest.mark.parametrize(
    ("code", "refusal"), [("401", Refusal.AUTH), (401, Refusal.AUTH), (429, Refusal.BUSY), ("7", Refusal.OTHER)]
)
def test_an_error_in_the_envelope_names_code_and_message(code: object, refusal: Refusal) -> None:
    hub = a_hub()
    payload = json.dumps({"code": code, "msg": "no\r\nway\x1b[31m", "data": None}).encode()

    with pytest.raises(EnvelopeError) as caught:
        read_page(payload, hub, hub.lists[0])

    assert caught.value.refusal is refusal
    assert str(caught.value) == f"the hub answered code {code}: no way[31m"


def test_a_list_that_is_null_is_empty() -> None:
    hub = a_hub()

    assert read_page(b'{"code":0,"data":{"total":0,"list":null}}', hub, hub.lists[0]).rows == ()


# ---------------------------------------------------------------- walks


def test_a_walk_is_complete_when_every_row_came_once() -> None:
    walk = join_walk([(5, page(["a", "b"], 3)), (6, page(["c"], 3))])

    assert (walk.complete, walk.reason) == (True, "")
    assert [(receipt, row.id) for receipt, row in walk.rows] == [(5, "a"), (5, "b"), (6, "c")]


def test_an_empty_list_is_complete_when_the_hub_says_so() -> None:
    assert join_walk([(1, page([], 0))]).complete


@pytest.mark.parametrize(
    ("pages", "reason"),
    [
        ([], "no page was kept"),
        ([(["a", "b"], 3)], "2 rows came, the hub says 3"),
        ([(["a", "b"], 3), (["b", "c"], 3)], "the id b came twice: the list shifted during the walk"),
        ([(["a", "b"], 3), (["c", "d"], 4)], "the total changed during the walk: 3, 4"),
        ([(["a", "b"], 3), (["c"], None)], "the total changed during the walk: 3, none"),
        ([(["a", "b"], 1)], "2 rows came, the hub says 1"),
        ([(["a", "b"], None)], "the first page is not the start of the list"),
    ],
)
def test_an_incomplete_walk_says_why(pages: list[tuple[list[str], int | None]], reason: str) -> None:
    walk = join_walk([(index, page(ids, total)) for index, (ids, total) in enumerate(pages)])

    assert (walk.complete, walk.reason) == (False, reason)
    assert len({row.id for _, row in walk.rows}) == len(walk.rows)


def walked(kind: str, sizes: Sequence[int], total: bool) -> tuple[Hub, list[tuple[int, str, bytes]]]:
    """Return a hub and the answers of a walk through it, as a connector would have asked for them."""
    hub = a_hub(paging=PAGED[kind], total="/data/total" if total else None)
    count = sum(sizes)
    if not total and kind in {"page", "offset"}:
        sizes = [*sizes, 0]
    answers: list[tuple[int, str, bytes]] = []
    start = 0
    for index, size in enumerate(sizes):
        rows = [{"id": f"d{number}"} for number in range(start, start + size)]
        query = {
            "page": f"?p={index + 1}&n=2",
            "offset": f"?o={start}&n=2",
            "marker": f"?m=m{start}" if index else "",
            "link": f"?n=2&cursor={start}&token=***" if index else "?n=2",
        }[kind]
        start += size
        more: dict[str, Any] = {}
        if index < len(sizes) - 1:
            link = f"http://hub{PATH}?n=2&cursor={start}&token=abc" if index % 2 else f"?n=2&cursor={start}&token=abc"
            more = {"marker": f"m{start}", "link": link}
        answers.append((index + 1, f"GET {PATH}{query}", answer(rows, count if total else None, **more)))
    return hub, answers


SIZES = st.lists(st.integers(1, 4), min_size=1, max_size=6)


@given(st.sampled_from(sorted(PAGED)), SIZES, st.booleans())
def test_a_whole_walk_is_complete_whatever_the_paging(kind: str, sizes: list[int], total: bool) -> None:
    hub, answers = walked(kind, sizes, total=total)

    walk = read_walk(answers, hub, hub.lists[0])

    assert (walk.complete, walk.reason) == (True, "")
    assert len(walk.rows) == sum(sizes)


@given(st.sampled_from(sorted(PAGED)), SIZES, st.booleans(), st.data())
def test_a_walk_is_never_complete_when_a_page_was_removed(
    kind: str, sizes: list[int], total: bool, data: st.DataObject
) -> None:
    hub, answers = walked(kind, sizes, total=total)
    gone = data.draw(st.sets(st.integers(0, len(answers) - 1), min_size=1))

    walk = read_walk([one for index, one in enumerate(answers) if index not in gone], hub, hub.lists[0])

    assert not walk.complete
    assert walk.reason


@given(st.sampled_from(sorted(PAGED)), SIZES, st.data())
def test_a_walk_with_a_total_is_never_complete_when_a_row_was_removed(
    kind: str, sizes: list[int], data: st.DataObject
) -> None:
    hub, answers = walked(kind, sizes, total=True)
    index = data.draw(st.integers(0, len(sizes) - 1))
    receipt, topic, payload = answers[index]
    document = json.loads(payload)
    document["data"]["list"].pop()
    answers[index] = (receipt, topic, json.dumps(document).encode())

    assert not read_walk(answers, hub, hub.lists[0]).complete


def test_an_unpaged_list_is_complete_in_one_answer_and_only_then() -> None:
    hub = a_hub(paging={"kind": "none"}, total=None)
    first, second = ((receipt, "GET /x", answer([{"id": str(receipt)}])) for receipt in (1, 2))

    assert read_walk([first], hub, hub.lists[0]).complete
    assert read_walk([first, second], hub, hub.lists[0]).reason == "a page is missing between two others"


def test_an_answer_that_is_no_page_makes_the_walk_incomplete_and_keeps_the_rows_of_the_others() -> None:
    hub = a_hub()
    answers = [(8, "GET /x?pageNo=1", answer([{"id": "a"}], 1)), (9, "GET /x?pageNo=2", b"<html>")]

    walk = read_walk(answers, hub, hub.lists[0])

    assert (walk.complete, walk.reason) == (
        False,
        "record 9: the answer cannot be read: not JSON: Expecting value at character 0",
    )
    assert [row.id for _, row in walk.rows] == ["a"]


# ---------------------------------------------------------------- what rows say


def test_an_inventory_row_gives_its_device_its_address_and_one_value_per_way() -> None:
    hub = listing(
        address="/place",
        capabilities=["camera"],
        values={
            "entry": "/ways",
            "camera_retention": "/keep",
            "operator_access": {"at": "/free", "map": {"true": "yes"}},
            "fibre_access": {"at": "/place", "value": "yes"},
        },
    )
    spec = hub.lists[0]
    row = Row("1", "/l/0", {"/id": "1", "/place": " 3号楼 ", "/ways/0": "card", "/ways/1": "face", "/free": "false"})

    assert inventory_items(row, spec) == Item(
        "1",
        "3号楼",
        ("camera",),
        (
            Value("entry", "card", "/l/0/ways/0"),
            Value("entry", "face", "/l/0/ways/1"),
            Value("fibre_access", "yes", "/l/0/place"),
        ),
    )


@pytest.mark.parametrize(("cells", "listed"), [({"/s": "1"}, True), ({"/s": "2"}, False), ({}, False)])
def test_where_leaves_rows_out(cells: dict[str, str], *, listed: bool) -> None:
    spec = listing(capabilities=["camera"], where={"/s": [1, "in_use"]}).lists[0]

    assert (inventory_items(Row("1", "/l/0", {"/id": "1", **cells}), spec) is not None) is listed


def test_a_row_that_names_no_device_is_refused() -> None:
    device = listing(device="/serial", capabilities=["camera"]).lists[0]
    with pytest.raises(PageError, match="the row at /l/0 names no device at /serial"):
        inventory_items(Row("1", "/l/0", {"/id": "1"}), device)


def test_a_page_whose_row_names_no_device_is_no_page_unless_the_row_is_left_out() -> None:
    hub = listing(device="/serial", capabilities=["camera"], where={"/s": ["in_use"]})

    assert len(read_page(answer([{"id": "1", "s": "retired"}]), hub, hub.lists[0]).rows) == 1
    with pytest.raises(PageError, match="the row at /data/list/0 names no device at /serial"):
        read_page(answer([{"id": "1", "s": "in_use"}]), hub, hub.lists[0])


def test_a_statistic_has_its_pointer_and_null_is_none() -> None:
    hub = a_hub({"name": "s", "kind": "statistics", "path": "/s", "id": "/k", "key": "/k", "value": "/v"})
    spec = hub.lists[0]

    assert statistic_of(Row("a", "/l/3", {"/k": "a", "/v": "901"}), spec) == ("a", "901", "/l/3/v")
    assert statistic_of(Row("a", "/l/3", {"/k": "a"}), spec) is None
    with pytest.raises(PageError, match="the row at /l/3 names no key at /k"):
        statistic_of(Row("a", "/l/3", {"/v": "1"}), spec)


def test_register_rows_go_with_the_rows_of_the_walk() -> None:
    rows = (Row("a", "/l/0", {"/code": "a", "/a~1b": "1", "/deep/x": "2"}), Row("b", "/l/1", {"/code": "b"}))
    walk = join_walk([(4, Page(rows, 2))])

    assert register_rows(walk) == [{"code": "a", "a/b": "1"}, {"code": "b"}]
