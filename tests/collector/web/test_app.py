from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from lxml import html

from collector.web.addresses import device_href
from collector.web.app import HEADERS, make_app, serve
from connectors.record import Kind
from tests.collector.web.conftest import Client
from tests.collector.web.example_parts import HOSTILE, Store
from tests.collector.web.example_run import COMMUNITY, Example, write_run

PAGES = (
    "/",
    "/totals",
    "/rows/10",
    "/rows/8",
    "/rows/10/parts/metered",
    "/rows/10/parts/metered/counted",
    "/rows/10/parts/metered/all?page=2",
    "/device?source=thingsboard&device=WM-000005",
    "/records/4",
    "/sources",
    "/source?source=thingsboard",
    "/runs",
)


def no_record(_receipt: int) -> None:
    """Stand for a locker that holds nothing."""


async def read(client: Client, address: str, status: int = 200) -> str:
    async with client.get(address) as response:
        assert response.status == status, address
        return await response.text()


async def test_the_form_is_the_first_page(client: Client) -> None:
    text = await read(client, "/")
    for words in ("银川市智慧小区申报表", "申报", "模拟数据", "示例小区", "未证实"):
        assert words in text


@pytest.mark.parametrize("address", PAGES)
async def test_every_page_has_a_json_twin_with_the_same_data(client: Client, address: str) -> None:
    path, mark, query = address.partition("?")
    async with client.get(f"{path}.json{mark}{query}") as response:
        assert response.status == 200
        assert response.content_type == "application/json"
        body = json.loads(await response.read())
    assert body["head"]["run"] == 3
    tree: Any = html.fromstring(await read(client, address))
    (twin,) = tree.xpath("//footer//a/@href")
    assert json.loads(await read(client, twin)) == body


@pytest.mark.parametrize("address", [*PAGES, "/rows/99", "/nowhere", "/static/style.css", "/records/4/payload"])
async def test_every_answer_carries_the_guarding_headers(client: Client, address: str) -> None:
    async with client.get(address) as response:
        for name, value in HEADERS.items():
            assert response.headers[name] == value
    assert "default-src 'none'" in HEADERS["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize("address", [*PAGES, device_href("thingsboard", HOSTILE), "/records/17"])
async def test_a_page_works_without_scripts_and_without_inline_style(client: Client, address: str) -> None:
    tree: Any = html.fromstring(await read(client, address))
    assert tree.xpath("//script | //style | //iframe | //object | //@style | //@*[starts-with(name(), 'on')]") == []
    assert tree.xpath("//link/@href | //img/@src") == ["/static/style.css"]


async def test_hostile_names_topics_and_payloads_stay_text(client: Client, example: Example) -> None:
    (receipt,) = [one.receipt for one in example.store.records.values() if one.topic.endswith("<script>")]
    for address in (f"/records/{receipt}", "/rows/10/parts/metered/counted", device_href("thingsboard", HOSTILE)):
        text = await read(client, address)
        assert "<script" not in text
        assert "&lt;script&gt;" in text
        assert "\u202e" not in text
        assert "U+202E" in text


async def test_text_that_no_encoding_can_carry_does_not_break_a_page(client: Client, example: Example) -> None:
    path = example.folder / "indicators" / "07.json"
    row = json.loads(path.read_bytes())
    row["parts"][0]["rosters"]["counted"][0].update({"label": "\ud800\x00", "place": "\ud800"})
    row["parts"][0]["rosters"]["counted"][0]["shown"][0]["device"] = "\udfff"
    path.write_text(json.dumps(row), encoding="utf-8")
    assert "U+D800" in await read(client, "/rows/7/parts/state/counted")
    assert "U+DFFF" in await read(client, "/rows/7/parts/state/counted?lang=en")
    await read(client, "/rows/7/parts/state/counted.json")


async def test_the_exact_bytes_can_be_downloaded(client: Client, example: Example) -> None:
    receipt = example.store.add("acts", Kind.DOCUMENT, "x", b"<html><script>\xff\x00\r\n")
    async with client.get(f"/records/{receipt}/payload") as response:
        assert await response.read() == b"<html><script>\xff\x00\r\n"
        assert response.content_type == "application/octet-stream"
        assert response.headers["Content-Disposition"] == f'attachment; filename="record-{receipt}.bin"'
    await read(client, "/records/999999/payload", 404)


async def test_a_runs_papers_are_offered_and_can_be_taken_away(client: Client, example: Example) -> None:
    assert "/papers/" not in await read(client, "/")
    (example.out / COMMUNITY / "3" / "exhibits.pdf").write_bytes(b"%PDF-1.4 exhibits")
    assert html.fromstring(await read(client, "/")).xpath("//p[@class='papers']/a/@href") == ["/papers/exhibits.pdf"]
    async with client.get("/papers/exhibits.pdf") as response:
        assert await response.read() == b"%PDF-1.4 exhibits"
        assert response.content_type == "application/pdf"
        assert response.headers["Content-Disposition"] == 'attachment; filename="exhibits.pdf"'


@pytest.mark.parametrize("name", ["run.json", "evidence.zip", "declaration.docx", "..%2Frun.json", "exhibits.pdf%00"])
async def test_nothing_but_a_runs_papers_is_handed_out(client: Client, name: str) -> None:
    await read(client, f"/papers/{name}", 404)


async def test_a_changed_record_is_called_so(client: Client, example: Example) -> None:
    assert "不一致" not in await read(client, "/records/17")
    example.store.leaves[17] = bytes(32)
    assert "不一致" in await read(client, "/records/17")
    del example.store.leaves[17]
    text = await read(client, "/records/17")
    assert "未核对" in text
    assert "一致</b>" not in text


async def test_a_changed_file_of_the_run_is_called_so_on_its_pages(client: Client, example: Example) -> None:
    path = example.folder / "indicators" / "10.json"
    path.write_bytes(path.read_bytes() + b" ")
    assert "indicators/10.json" in await read(client, "/rows/10")


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/rows/99", 404, "没有第 99 项指标"),
        ("/rows/10/parts/none", 404, "10/none"),
        ("/rows/10/parts/metered/lost", 404, "lost"),
        ("/rows/10/parts/metered/counted?page=9", 404, "没有第 9 页"),
        ("/rows/10/parts/metered/counted?page=-1", 400, "page=-1"),
        ("/records/123456", 404, "123456"),
        ("/records/99999999999999999999", 404, "没有这个页面"),
        ("/device?source=x&device=%3Cscript%3E", 404, "&lt;script&gt;"),
        ("/?run=77", 404, "没有第 77 次运行"),
        ("/?run=x%00", 400, "U+0000"),
        ("/static/../app.py", 404, "没有这个页面"),
        ("/nowhere?lang=en", 404, "There is no page /nowhere"),
    ],
)
async def test_what_is_not_there_is_a_kind_page(client: Client, address: str, status: int, words: str) -> None:
    assert words in await read(client, address, status)


async def test_errors_have_a_json_twin_too(client: Client) -> None:
    body = json.loads(await read(client, "/rows/99.json", 404))
    assert body == {"status": 404, "problem": "申报表没有第 99 项指标", "mend": "请从申报表重新点开。"}


async def test_the_page_is_read_only(client: Client) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        async with client.request(method, "/rows/10") as response:
            assert response.status == 405
            assert "只读" in await response.text()


async def test_a_foreign_name_is_refused(client: Client) -> None:
    for name, status in (
        ("evil.example", 403),
        ("localhost:99", 200),
        ("[::1]:80", 200),
        ("127.0.0.1.evil.example", 403),
    ):
        async with client.get("/", headers={"Host": name}) as response:
            assert response.status == status, name


async def test_language_and_run_are_carried_by_every_link(tmp_path: Path) -> None:
    store = Store()
    for number in (1, 2):
        write_run(tmp_path, store, number)
    app = make_app(tmp_path, COMMUNITY, store.records.get, list, store.leaves.get)
    async with TestClient(TestServer(app)) as client:
        tree: Any = html.fromstring(await read(client, "/rows/10?lang=en&run=1"))
        inside = [link for link in tree.xpath("//a/@href") if link not in {"/?lang=en", "/rows/10?run=1"}]
        assert all("lang=en" in link and "run=1" in link for link in inside), inside
        assert "not the newest run, which is 2" in tree.text_content()
        assert "最新" not in await read(client, "/rows/10")


async def test_before_the_first_run_the_page_says_what_to_do(tmp_path: Path) -> None:
    app = make_app(tmp_path, COMMUNITY, no_record, list, no_record)
    async with TestClient(TestServer(app)) as client:
        assert "zhizheng refresh" in await read(client, "/", 404)


async def test_an_unforeseen_failure_is_a_page_and_a_log_line(
    client: Client, example: Example, caplog: pytest.LogCaptureFixture
) -> None:
    (example.folder / "indicators" / "10.json").write_text("{}", encoding="utf-8")
    with caplog.at_level(logging.ERROR, "collector.web"):
        assert "KeyError" in await read(client, "/rows/10", 500)
    assert "the page /rows/10 failed" in caplog.text


async def test_a_missing_file_of_the_run_is_named(client: Client, example: Example) -> None:
    (example.folder / "indicators" / "10.json").unlink()
    assert "indicators/10.json" in await read(client, "/rows/10", 500)
    await read(client, "/rows/7")


async def test_the_page_is_served_on_loopback_and_a_taken_port_is_named(app: web.Application, tmp_path: Path) -> None:
    runner, port = await serve(app)
    try:
        assert runner.addresses[0][0] == "127.0.0.1"
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 200")
        writer.close()
        await writer.wait_closed()
        other = make_app(tmp_path, COMMUNITY, no_record, list, no_record)
        with pytest.raises(OSError, match=rf"127\.0\.0\.1:{port}: the review page cannot listen"):
            await serve(other, port=port)
    finally:
        await runner.cleanup()
