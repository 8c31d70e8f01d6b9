from __future__ import annotations

import pytest

from connectors.city_hub.paging import Progress, first_target, next_target
from connectors.page import Page, Row, parse_hub
from tests.fakes.hub import describe

PAGINGS: dict[str, dict[str, object]] = {
    "page": {"kind": "page", "page_param": "p", "size_param": "n", "size": 200, "first": 0},
    "offset": {"kind": "offset", "offset_param": "o", "size_param": "n", "size": 200},
    "marker": {"kind": "marker", "marker_param": "m", "next": "/next"},
    "link": {"kind": "link", "next": "/next", "size_param": "n", "size": 200},
    "none": {"kind": "none"},
}


def a_page(*ids: str, total: int | None = None, following: str | None = None) -> Page:
    return Page(tuple(Row(name, "", {}) for name in ids), total, "", following)


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("page", "/c/%E5%B0%8F%2F%E5%8C%BA/l?type=a+b&p=0&n=50"),
        ("offset", "/c/%E5%B0%8F%2F%E5%8C%BA/l?type=a+b&o=0&n=50"),
        ("marker", "/c/%E5%B0%8F%2F%E5%8C%BA/l?type=a+b"),
        ("link", "/c/%E5%B0%8F%2F%E5%8C%BA/l?type=a+b&n=50"),
        ("none", "/c/%E5%B0%8F%2F%E5%8C%BA/l?type=a+b"),
    ],
)
def test_the_first_request(kind: str, target: str) -> None:
    path = "/c/{community}/l?type=a b"
    listed = {"name": "x", "kind": "inventory", "path": path, "id": "/id", "device": "/id", "capabilities": ["camera"]}
    hub = parse_hub(describe(listed, paging=PAGINGS[kind]), "hub.yaml")

    assert first_target(hub, hub.lists[0], "小/区", 50) == target


@pytest.mark.parametrize(
    ("kind", "following", "target"),
    [
        ("page", "2", "/l?x=1&p=2&n=50"),
        ("offset", "100", "/l?x=1&p=1&n=50&o=100"),
        ("marker", "a&b", "/l?x=1&p=1&n=50&m=a%26b"),
        ("link", "https://hub/l?c=2", "https://hub/l?c=2"),
        ("page", "", None),
        ("page", None, None),
    ],
)
def test_the_next_request(kind: str, following: str | None, target: str | None) -> None:
    hub = parse_hub(describe(paging=PAGINGS[kind]), "hub.yaml")

    assert next_target("/l?x=1&p=1&n=50", a_page("a", following=following), hub.paging) == target


@pytest.mark.parametrize(
    ("pages", "goes_on"),
    [
        ([a_page("a", "b", total=5)], True),
        ([a_page("a", "b", total=2)], False),
        ([a_page("a", "b", total=3), a_page("c", total=3)], False),
        ([a_page("a", "b", total=3), a_page(total=3)], False),
        ([a_page("a", "b", total=4), a_page("a", "b", total=4)], False),
        ([a_page("a", "b", total=4), a_page("b", "c", total=4)], True),
        ([a_page("a", "b")], True),
        ([a_page()], False),
    ],
)
def test_when_a_walk_ends(pages: list[Page], goes_on: bool) -> None:
    progress = Progress()

    assert [progress.note(f"/{index}", page) for index, page in enumerate(pages)][-1] is goes_on


def test_the_size_to_walk_again_with_is_what_the_hub_gave() -> None:
    progress = Progress()
    assert progress.clamp(200) == 200
    progress.note("/1", a_page("a", "b", total=9))
    progress.note("/2", a_page("c", total=9))

    assert progress.clamp(200) == 2
