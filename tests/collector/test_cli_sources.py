"""The command line against brokers, hubs and ports that are there, or are not."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from collector.broker import EmbeddedBroker, free_port
from collector.simulate.community import Community
from collector.simulate.hub_server import serve_hub
from tests.fakes.patience import wait_until
from tests.fakes.publisher import Publisher
from tests.fakes.site import (
    ATTRIBUTES,
    METERS,
    TELEMETRY,
    Done,
    Site,
    announcements,
    apart,
    at,
    call_apart,
    call_here,
    read_page,
    readings,
)

pytestmark = pytest.mark.integration
TOKEN = "a-token-for-tests"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker(tmp_path_factory.mktemp("broker")) as broker:
        yield broker


def collect(site: Site, *more: object, **environment: str) -> Done:
    return call_apart("collect", "--once", "--quiet-s", "1", "-s", site.settings, *more, **environment)


def one_line(done: Done) -> str:
    assert (done.code, done.out) == (1, ""), done
    assert done.err.count("\n") == 1, done.err
    return done.err.strip()


def stored(site: Site, source: str) -> list[str]:
    house = site.open()
    try:
        return [one.payload.decode() for one in house.locker.read(0, 100_000) if one.source == source]
    finally:
        house.locker.close()


def subscribe(site: Site) -> None:
    """Let the broker know the site's session, so that it keeps what is published from now on."""
    with apart("intake", "-s", site.settings) as intake:
        intake.wait_said("intake ready: 1 sources")
        assert intake.stop() == 0


def name_source(site: Site, name: str) -> None:
    """Give the site a session of its own at the broker that all tests share."""
    site.settings.write_text(
        site.settings.read_text("utf-8").replace('client_id = "zhizheng-water"', f'client_id = "{name}"'), "utf-8"
    )


def test_collect_once_brings_in_what_the_broker_kept_and_ends_by_itself(broker: EmbeddedBroker, tmp_path: Path) -> None:
    site = Site(tmp_path, port=broker.port)
    name_source(site, "once")
    subscribe(site)
    sent = readings(1, 200, site.clock())
    with Publisher(broker.port) as meters:
        meters.send_all(ATTRIBUTES, announcements())
        meters.send_all(TELEMETRY, sent)
        meters.settle()

    done = collect(site, "--json")

    body: dict[str, Any] = json.loads(done.out)
    (water,) = body["sources"]
    assert (done.code, body["failures"]) == (0, [])
    assert (water["stored"], water["read"], water["lag"]) == (200 + METERS, 200 + METERS, 0)
    assert sorted(stored(site, "water")) == sorted([*announcements(), *sent])


def test_collect_once_goes_on_while_messages_come(broker: EmbeddedBroker, tmp_path: Path) -> None:
    site = Site(tmp_path, port=broker.port)
    name_source(site, "steady")
    subscribe(site)
    sent = readings(1, 12, site.clock())

    def speak_slowly() -> None:
        with Publisher(broker.port) as meters:
            for payload in sent:
                meters.send(TELEMETRY, payload)
                time.sleep(0.4)  # 4.8 s in all, never a second without a message
            meters.settle()

    with apart("collect", "--once", "--quiet-s", "1.5", "-s", site.settings) as collecting:
        wait_until((site.folder / "data" / "intake-status.json").exists, 30, "the intake's beginning")
        speaker = threading.Thread(target=speak_slowly)
        speaker.start()
        assert collecting.wait() == 0
        speaker.join()

    assert stored(site, "water") == sent


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_collect_once_that_is_stopped_is_1_with_one_line_and_what_was_stored_stays(
    broker: EmbeddedBroker, tmp_path: Path, number: signal.Signals
) -> None:
    site = Site(tmp_path, port=broker.port)
    name_source(site, f"stopped-{number}")
    subscribe(site)
    with Publisher(broker.port) as meters:
        meters.send_all(TELEMETRY, readings(1, 20, site.clock()))
        meters.settle()

    with apart("collect", "--once", "--quiet-s", "60", "-s", site.settings) as collecting:
        wait_until(lambda: len(stored(site, "water")) == 20, 60, "the messages being stored")
        os.kill(collecting.pid, number)
        assert collecting.wait() == 1

    (line,) = collecting.complained
    assert line.startswith("stopped before everything was in; what was stored stays")
    assert len(stored(site, "water")) == 20


def test_a_broker_that_is_away_is_1_with_one_line_and_what_was_stored_stays(tmp_path: Path) -> None:
    port = free_port()
    site = Site(tmp_path, port=port)
    site.speak()

    line = one_line(collect(site))

    assert line.startswith(f"MQTT source 'water': broker 127.0.0.1:{port} cannot be heard: connection refused; ")
    assert "start the broker" in line
    assert len(stored(site, "water")) == 2 * METERS


def test_a_hub_that_is_away_is_1_with_one_line_and_the_messages_stay(broker: EmbeddedBroker, tmp_path: Path) -> None:
    port = free_port()
    site = Site(tmp_path, port=broker.port, hub=f"http://127.0.0.1:{port}")
    site.settings.write_text(site.settings.read_text("utf-8") + 'token_env = "HUB_TOKEN"\n', "utf-8")
    name_source(site, "no-hub")
    subscribe(site)
    sent = readings(1, 50, site.clock())
    with Publisher(broker.port) as meters:
        meters.send_all(TELEMETRY, sent)
        meters.settle()

    line = one_line(collect(site, HUB_TOKEN=TOKEN))

    assert f"127.0.0.1:{port}" in line
    assert "city_hub" in line
    assert sorted(stored(site, "water")) == sorted(sent)
    # Nothing was acknowledged that is not stored, and nothing comes twice when the hub is there again.
    site.settings.write_text(site.settings.read_text("utf-8").split("[sources.city_hub]")[0], "utf-8")
    assert collect(site).code == 0
    assert sorted(stored(site, "water")) == sorted(sent)


async def test_a_hub_that_lets_nobody_in_is_1_with_one_line_without_the_token(tmp_path: Path) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.json_response({"code": 401, "msg": "no"}, status=401)

    app = web.Application()
    app.router.add_get("/{path:.*}", refuse)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site = Site(tmp_path, hub=f"http://127.0.0.1:{runner.addresses[0][1]}")
    site.settings.write_text(site.settings.read_text("utf-8") + 'token_env = "HUB_TOKEN"\n', "utf-8")
    try:
        done = await web_apart(site)
    finally:
        await runner.cleanup()

    line = one_line(done)
    assert "city_hub" in line
    assert TOKEN not in line


async def test_collect_once_walks_the_hub_into_the_locker(tmp_path: Path) -> None:
    community = Community.build(3, 24, days=1)
    async with serve_hub(community, TOKEN) as url:
        site = Site(tmp_path, hub=url, register=False)
        site.settings.write_text(site.settings.read_text("utf-8") + 'token_env = "HUB_TOKEN"\n', "utf-8")
        done = await web_apart(site)

    assert (done.code, done.err) == (0, "")
    house = site.open()
    requests = [one.topic for one in house.locker.read(0, 1000) if one.source == "city_hub"]
    house.locker.close()
    assert len(requests) > 20
    assert not [topic for topic in requests if TOKEN in topic]


async def web_apart(site: Site) -> Done:
    """Collect in a process of its own while this process serves the hub."""
    return await asyncio.to_thread(collect, site, HUB_TOKEN=TOKEN)


def test_run_says_a_broker_that_is_away_once_and_hears_it_when_it_comes(tmp_path: Path) -> None:
    port, web_port = free_port(), free_port()
    site = Site(tmp_path / "site", port=port, web_port=web_port)
    site.speak()
    site.clock.set(at("2026-11-03 03:00"))
    with apart("run", "-s", site.settings) as running:
        running.wait_complained(f"broker 127.0.0.1:{port} cannot be heard")
        wait_until(lambda: "申报" in read_page(f"http://127.0.0.1:{web_port}/"), 60, "the page, broker or not")
        time.sleep(3)
        lines = [line for line in running.complained if "cannot be heard" in line]
        assert len(lines) == 1
        assert "connection refused; start the broker" in lines[0]

        with EmbeddedBroker(tmp_path / "broker", port), Publisher(port) as meters:
            running.wait_said("intake ready: 1 sources")
            meters.send_all(TELEMETRY, ['{"WM-001": [{"values": {"volume_m3": 5001}}]}'])
            wait_until(lambda: any("5001" in one for one in stored(site, "water")), 30, "the message being stored")
            assert running.stop() == 0
    assert not [line for line in running.complained if "Traceback" in line]


def test_a_second_intake_on_the_same_data_is_1_with_one_line(broker: EmbeddedBroker, tmp_path: Path) -> None:
    site = Site(tmp_path, port=broker.port)
    name_source(site, "twice")
    with apart("intake", "-s", site.settings) as first:
        first.wait_said("intake ready")
        second = call_apart("intake", "-s", site.settings)
        assert first.running

    line = one_line(second)
    assert f"another intake (process {first.pid}) already runs" in line
    assert "stop it" in line


def test_a_port_that_is_taken_is_1_with_one_line(tmp_path: Path) -> None:
    site = Site(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        line = one_line(call_apart("serve", "--port", port, "-s", site.settings))

    assert line.startswith(f"127.0.0.1:{port}: the review page cannot listen there")
    assert "choose another port" in line


def test_serve_says_its_address_last_and_ends_on_sigterm_and_on_ctrl_c(tmp_path: Path) -> None:
    site = Site(tmp_path)
    assert call_here("refresh", "-s", site.settings).code == 0
    for number in (signal.SIGTERM, signal.SIGINT):
        with apart("serve", "-s", site.settings) as serving:
            address = serving.wait_said("http://")
            assert serving.said == [address]
            assert "申报" in read_page(address)
            os.kill(serving.pid, number)
            assert serving.wait() == 0
            assert serving.complained == []


def test_status_and_show_work_beside_the_running_processes(broker: EmbeddedBroker, tmp_path: Path) -> None:
    site = Site(tmp_path, port=broker.port)
    name_source(site, "beside")
    site.speak()
    site.clock.set(at("2026-11-03 03:00"))
    with apart("intake", "-s", site.settings) as intake, apart("night", "-s", site.settings) as night:
        intake.wait_said("intake ready")
        night.wait_complained("run 1 of demo makes up for a missed night")
        done = call_apart("show", "--json", "-s", site.settings)
        refreshed = call_apart("refresh", "--json", "-s", site.settings)
        assert night.stop() == 0

    assert done.code == refreshed.code == 0
    assert (json.loads(done.out)["run"], json.loads(refreshed.out)["run"]) == (1, 2)
