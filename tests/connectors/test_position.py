from __future__ import annotations

import pytest

from connectors.hub import PagingKind, parse_hub
from connectors.position import find_positions, follows, request_topic
from tests.fakes.hub import describe

PAGE = {"kind": "page", "page_param": "p", "size_param": "n", "size": 2}
OFFSET = {"kind": "offset", "offset_param": "o", "size_param": "n", "size": 2}
MARKER = {"kind": "marker", "marker_param": "m", "next": "/next"}
LINK = {"kind": "link", "next": "/next", "size_param": "n", "size": 2}
LIST = "/gw/communities/demo/cameras"


@pytest.mark.parametrize(
    ("target", "topic"),
    [
        ("/a/b?p=1&n=2", "GET /a/b?p=1&n=2"),
        ("/a", "GET /a"),
        ("https://hub:8443/a?p=1", "GET /a?p=1"),
        ("https://hub", "GET /"),
        ("/a?access_token=x&Token=y&sign=z&p=1", "GET /a?access_token=***&Token=***&sign=***&p=1"),
        ("/a?nextToken=x&design=z", "GET /a?nextToken=x&design=z"),
    ],
)
def test_a_topic_has_no_host_and_no_secret(target: str, topic: str) -> None:
    assert request_topic(target) == topic
    assert request_topic(topic.removeprefix("GET ")) == topic


@pytest.mark.parametrize(
    ("paging", "topic", "count", "following", "positions"),
    [
        (PAGE, "GET /c?p=1&n=2", 2, None, ("", "2")),
        (PAGE, "GET /c?p=3&n=2", 1, None, ("3", "4")),
        (PAGE, "GET /c?p=3&n=2", 0, None, ("3", "")),
        (PAGE, "GET /c?n=2", 2, None, (None, None)),
        (PAGE, None, 2, None, (None, None)),
        (OFFSET, "GET /c?o=0&n=2", 2, None, ("", "2")),
        (OFFSET, "GET /c?o=2&n=9", 5, None, ("2", "7")),
        (MARKER, "GET /c", 2, "k", ("", "k")),
        (MARKER, "GET /c?m=k", 2, None, ("k", "")),
        (MARKER, None, 2, "k", (None, None)),
        (LINK, f"GET {LIST}?n=2", 2, "?n=2&c=7", ("", f"{LIST}?n=2&c=7")),
        (LINK, f"GET {LIST}?n=2&c=7", 2, None, (f"GET {LIST}?n=2&c=7", "")),
        (LINK, "GET /other?n=2", 2, None, ("GET /other?n=2", "")),
        ({"kind": "none"}, None, 2, None, ("", "")),
    ],
)
def test_where_a_request_stood(
    paging: dict[str, object],
    topic: str | None,
    count: int,
    following: str | None,
    positions: tuple[str | None, str | None],
) -> None:
    hub = parse_hub(describe(paging=paging), "hub.yaml")

    assert find_positions(topic, count, following, hub, hub.lists[0]) == positions


def test_a_link_is_followed_by_its_own_topic_and_nothing_follows_an_end() -> None:
    assert follows("https://hub/a?token=x&c=2", "GET /a?token=***&c=2", PagingKind.LINK)
    assert not follows("https://hub/a?c=3", "GET /a?c=2", PagingKind.LINK)
    assert follows("2", "2", PagingKind.PAGE)
    assert not follows("", "", PagingKind.PAGE)
    assert not follows(None, None, PagingKind.PAGE)
