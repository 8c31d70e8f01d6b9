"""The hub: a token, pages of at most 100 rows, refusals that say why; and what it lists."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from collector.simulate.community import Community
from collector.simulate.hub_lists import hub_rows
from collector.simulate.hub_server import list_path, serve_hub
from collector.simulate.services import PARTS

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
    kinds = (
        "building unit entrance floor household lift circuit lamp cover gate perimeter area space room pump tank meter"
    )
    inventories = "fibre operator water_meter electricity_meter gas_meter heat_meter access camera device television"
    more = "terminal broadcast vehicle_gate"
    expected = {f"register.{kind}" for kind in f"{kinds} totals".split()}
    expected |= {f"inventory.{name}" for name in f"{inventories} {more}".split()}
    assert set(hub_rows(community)) == expected | {"statistics"}
    assert list_path("register.household") == "/register/household"
    assert list_path("inventory.water_meter") == "/devices/water_meter"
    assert list_path("statistics") == "/statistics"


def test_ids_are_unique_so_that_a_walk_can_be_complete(community: Community) -> None:
    for name, rows in hub_rows(community).items():
        key = (
            "deviceId"
            if name.startswith("inventory")
            else "key"
            if name in {"register.totals", "statistics"}
            else "code"
        )
        assert len({row[key] for row in rows}) == len(rows), name


def test_a_device_has_one_place_in_all_lists_of_the_hub() -> None:
    for seed in range(6):
        places: dict[object, object] = {}
        for name, rows in hub_rows(Community.build(seed, 60)).items():
            for row in rows if name.startswith("inventory") else []:
                assert places.setdefault(row["deviceId"], row.get("place")) == row.get("place"), name


def test_statistics_are_those_of_the_community_and_of_its_services(community: Community) -> None:
    statistics = {str(row["key"]) for row in hub_rows(community)["statistics"]}
    own = {"shared_parking_spaces", "health_record_residents", "elder_calls", "elder_call_worst_s", "total_households"}
    services = {*PARTS.values(), "government_services", "online_shops"}
    assert own <= statistics <= own | services
    seen = {key for seed in range(20) for key in Community.build(seed, 24).statistics}
    assert seen == own | services
