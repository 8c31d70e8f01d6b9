from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.collector.web.conftest import Client
from tests.collector.web.crawler import Crawl, crawl
from tests.collector.web.example_run import Example


async def crawl_site(client: Client, start: str = "/", records_per_page: int | None = None) -> Crawl:
    async def fetch(address: str) -> tuple[int, str]:
        async with client.get(address) as response:
            return response.status, await response.text()

    return await crawl(fetch, start, records_per_page)


async def test_every_number_opens_to_raw_bytes_and_back(client: Client, example: Example) -> None:
    seen = await crawl_site(client)
    assert seen.faults == []
    assert {f"/rows/{no}" for no in range(1, 77)} <= {page.path for page in seen.pages.values()}
    assert {page.path for page in seen.records} >= {f"/records/{one}" for one in used_receipts(example.folder)}


@pytest.mark.parametrize("start", ["/?lang=en", "/?run=3", "/sources", "/runs"])
async def test_every_number_opens_from_the_other_pages_too(client: Client, start: str) -> None:
    seen = await crawl_site(client, start, records_per_page=2)
    assert seen.faults == []
    assert seen.figures > 10


def used_receipts(folder: Path) -> set[int]:
    """Every receipt that stands anywhere in the run's indicators."""
    found: set[int] = set()

    def collect(node: Any) -> None:
        if isinstance(node, dict):
            found.update(node.get("receipts") or ())
            found.update([node["receipt"]] if "receipt" in node else ())
            for below in node.values():
                collect(below)
        elif isinstance(node, list):
            for below in node:
                collect(below)

    for path in (folder / "indicators").iterdir():
        collect(json.loads(path.read_bytes()))
    return found


def drop_record(example: Example) -> None:
    del example.store.records[10]


def change_bytes(example: Example) -> None:
    example.store.records[10] = replace(example.store.records[10], payload=b"{}")


def forget_proof(example: Example) -> None:
    rewrite(
        example,
        44,
        lambda row: row["parts"][0].update({"values": [], "rosters": {"counted": [{"place": "x", "label": "x"}]}}),
    )


def swap_receipt(example: Example) -> None:
    rewrite(example, 7, lambda row: row["parts"][0]["rosters"]["counted"][0]["shown"][0].update({"receipts": [4_000]}))


def rewrite(example: Example, no: int, change: Callable[[Any], Any]) -> None:
    path = example.folder / "indicators" / f"{no:02d}.json"
    row = json.loads(path.read_bytes())
    change(row)
    path.write_text(json.dumps(row), encoding="utf-8")


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (drop_record, "answers 404"),
        (change_bytes, "does not say 一致"),
        (forget_proof, "no record can be reached"),
        (swap_receipt, "answers 404"),
    ],
)
async def test_the_crawler_is_able_to_fail(
    client: Client, example: Example, fault: Callable[[Example], None], told: str
) -> None:
    fault(example)
    seen = await crawl_site(client, records_per_page=20)
    assert any(told in line for line in seen.faults), seen.faults


async def test_the_crawler_refuses_a_number_without_a_way() -> None:
    texts = {
        "/": "<main data-empty='true'><td data-figure>12</td><p>13</p><b data-text>14</b>"
        "<a class='figure' href='/records/1'>1</a></main>",
        "/records/1": "<main>一致</main>",
    }

    async def fetch(address: str) -> tuple[int, str]:
        return 200, f"<html><body>{texts[address]}</body></html>"

    seen = await crawl(fetch)
    assert any("'12' has no link" in fault for fault in seen.faults)
    assert any("'13' is neither" in fault for fault in seen.faults)
    assert not any("14" in fault for fault in seen.faults)


async def test_the_crawler_refuses_a_record_without_a_way_back() -> None:
    texts = {
        "/": "<a class='figure' href='/rows/1'>1</a>",
        "/rows/1": "<a class='figure' href='/records/1'>1</a>",
        "/records/1": "一致 <a href='/rows/2'>back</a>",
    }

    async def fetch(address: str) -> tuple[int, str]:
        return 200, f"<html><body><main>{texts[address]}</main></body></html>"

    seen = await crawl(fetch)
    assert seen.faults == ["/records/1: reached from /rows/1 and does not lead back to it"]
