"""The hub: a token, pages of at most 100 rows, refusals that say why; and what it lists."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from collector.simulate.community import Community
from collector.simulate.hub_lists import hub_rows
from collector.simulate.hub_server import list_path, serve_hub

TOKEN = "t0ken"
ROOT = "/api/v1/communities/demo"


@pytest.fixture(scope="module")
def community() -> Community:
    return Community.build(1, 300)


async def ask(url: str, token: str = TOKEN, **query: object) -> tuple[int, Any]:
    texts = {key: str(value) for key, value in query.items()}
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession() as session, session.get(url, params=texts, headers=headers) as answer:
        return answer.status, await answer.json()


async def test_walking_every_list_gives_its_rows_in_pages_of_a_hundred(community: Community) -> None:
    async with serve_hub(community, TOKEN) as url:
        for name, rows in hub_rows(community).items():
            walked: list[Any] = []
            page = 0
            while len(walked) < len(rows):
                page += 1
                status, body = await ask(f"{url}{ROOT}{list_path(name)}", pageNo=page, pageSize=200)
                assert (status, str(body["code"]), body["msg"], body["data"]["total"]) == (200, "0", "ok", len(rows))
                assert 0 < len(body["data"]["list"]) <= 100
                walked += body["data"]["list"]
            assert walked == rows


async def test_beyond_the_last_page_there_is_nothing(community: Community) -> None:
    async with serve_hub(community, TOKEN) as url:
        status, body = await ask(f"{url}{ROOT}/register/household", pageNo=99)
    assert (status, body["data"]["list"], body["data"]["total"]) == (200, [], 300)


@pytest.mark.parametrize(
    ("path", "token", "query", "status"),
    [
        (f"{ROOT}/statistics", "wrong", {}, 401),
        (f"{ROOT}/register/castle", TOKEN, {}, 404),
        ("/api/v1/communities/other/statistics", TOKEN, {}, 404),
        (f"{ROOT}/statistics", TOKEN, {"pageNo": 0}, 400),
        (f"{ROOT}/statistics", TOKEN, {"pageSize": "many"}, 400),
    ],
)
async def test_a_refusal_has_its_code_and_no_data(
    community: Community, path: str, token: str, query: dict[str, object], status: int
) -> None:
    async with serve_hub(community, TOKEN) as url:
        got, body = await ask(url + path, token, **query)
    assert (got, body["code"], body["data"]) == (status, status, None)


def test_lists_are_those_of_the_contract(community: Community) -> None:
    kinds = "building unit entrance floor household lift circuit lamp gate perimeter area room pump tank totals"
    inventories = "fibre operator water_meter access camera"
    expected = {f"register.{kind}" for kind in kinds.split()} | {f"inventory.{name}" for name in inventories.split()}
    assert set(hub_rows(community)) == expected | {"statistics"}
    assert list_path("register.household") == "/register/household"
    assert list_path("inventory.water_meter") == "/devices/water_meter"
    assert list_path("statistics") == "/statistics"


def test_ids_are_unique_so_that_a_walk_can_be_complete(community: Community) -> None:
    for name, rows in hub_rows(community).items():
        key = "deviceId" if name.startswith("inventory") else "key" if "code" not in rows[0] else "code"
        assert len({row[key] for row in rows}) == len(rows), name
    statistics = {row["key"] for row in hub_rows(community)["statistics"]}
    assert statistics == {
        "shared_parking_spaces",
        "health_record_residents",
        "elder_calls",
        "elder_call_worst_s",
        "total_households",
    }
