"""The connector's part that keeps the register: when a revision is made, and what it says."""

from __future__ import annotations

import itertools
import json
from datetime import UTC
from typing import Any

from connectors.city_hub.client import Limits
from connectors.city_hub.connector import CityHubConnector, WalkReport
from connectors.page import Hub, parse_hub
from connectors.record import Kind, Record
from connectors.register import rows_digest
from tests.fakes.hub import CAMERAS, COMMUNITY, TOKEN, FakeHub, MemoryKeeper, cameras, describe, register_list, says

GATES, TOTALS = f"/communities/{COMMUNITY}/gate", f"/communities/{COMMUNITY}/totals"
EVENING = 1_793_721_600_000  # 2026-11-03 16:00 UTC: in China the next day has begun


def described() -> Hub:
    camera_list: Any = describe()["lists"]
    return parse_hub(describe(*camera_list, register_list("gate"), register_list("totals", "/key")), "hub.yaml")


def lists(gates: int = 3) -> dict[str, list[dict[str, object]]]:
    return {
        GATES: [{"code": f"G-{number}", "use": "人行", "updatedAt": "今天"} for number in range(gates)],
        TOTALS: [{"key": "households", "value": 1200}],
        CAMERAS: cameras(2),
    }


async def walk(hub: FakeHub, keeper: MemoryKeeper, last: str | None = None, **more: Any) -> WalkReport:
    clock = itertools.count(EVENING)
    connector = CityHubConnector(
        "city_hub",
        described(),
        hub.url,
        COMMUNITY,
        keeper,
        lambda: next(clock),
        TOKEN,
        last_register_digest=lambda: last,
        limits=Limits(pause_s=0.001, attempts=2),
        **more,
    )
    return await connector.walk_all()


def registers(keeper: MemoryKeeper) -> list[Record]:
    return [record for record in keeper.records if record.kind is Kind.REGISTER]


async def test_the_first_register_names_its_pages_and_the_digest_of_its_rows() -> None:
    keeper = MemoryKeeper()
    async with FakeHub(lists(150)) as hub:
        report = await walk(hub, keeper)

    (register,) = registers(keeper)
    rows = {
        "gate": [{"code": f"G-{n}", "use": "人行"} for n in range(150)],
        "totals": [{"key": "households", "value": "1200"}],
    }
    assert (register.topic, register.source, register.receipt) == (COMMUNITY, "city_hub", report.register)
    assert json.loads(register.payload) == {
        "community": COMMUNITY,
        "valid_from": None,
        "origin": "hub:city_hub",
        "parts": {
            "gate": {"list": "register.gate", "pages": [1, 2]},
            "totals": {"list": "register.totals", "pages": [4]},
        },
        "rows_sha256": rows_digest(rows),
    }
    assert report.register_digest == rows_digest(rows)
    assert [item.name for item in report.lists] == ["register.gate", "register.totals", "inventory.camera"]


async def test_a_register_that_has_not_changed_is_not_kept_again() -> None:
    keeper = MemoryKeeper()
    async with FakeHub(lists()) as hub:
        first = await walk(hub, keeper)
        hub.lists[GATES].reverse()
        hub.lists[GATES][0]["updatedAt"] = "明天"
        second = await walk(hub, keeper, first.register_digest)

    assert (second.register, second.register_digest) == (None, first.register_digest)
    assert len(registers(keeper)) == 1


async def test_a_register_that_changed_is_valid_from_the_local_day() -> None:
    keeper = MemoryKeeper()
    async with FakeHub(lists()) as hub:
        first = await walk(hub, keeper)
        hub.lists[GATES].pop()
        second = await walk(hub, keeper, first.register_digest)
        await walk(hub, keeper, "another", zone=UTC)

    assert second.register_digest != first.register_digest
    assert [json.loads(record.payload)["valid_from"] for record in registers(keeper)] == [
        None,
        "2026-11-04",
        "2026-11-03",
    ]


async def test_no_register_is_kept_while_one_of_its_lists_is_incomplete() -> None:
    keeper = MemoryKeeper()
    async with FakeHub(lists()) as hub:
        hub.faults = [says(404)]
        report = await walk(hub, keeper)

    assert registers(keeper) == []
    assert (report.register, report.register_digest, report.register_error) == (None, None, None)
    assert [item.complete for item in report.lists] == [False, True, True]


async def test_a_register_that_misses_a_column_is_not_kept_and_is_one_line() -> None:
    keeper = MemoryKeeper()
    hub_lists = lists()
    hub_lists[GATES] = [{"code": "G-1", "purpose": "人行"}]
    async with FakeHub(hub_lists) as hub:
        report = await walk(hub, keeper)

    line = "register.gate：出入口表缺少“用途”列；现有的列：code、purpose；请补上这一列（也可以叫 类型、use）"
    assert registers(keeper) == []
    assert report.register_error == line
    assert report.problems == (line,)
    assert [item.complete for item in report.lists] == [True, True, True]


async def test_rows_that_are_wrong_are_told_and_the_register_is_kept() -> None:
    keeper = MemoryKeeper()
    hub_lists = lists()
    hub_lists[GATES][1]["use"] = "人车混行"
    async with FakeHub(hub_lists) as hub:
        report = await walk(hub, keeper)

    assert report.register_problems == ("register.gate 第2行“用途”列：“人车混行”；请填 人行、车行 之一",)
    assert len(registers(keeper)) == 1
