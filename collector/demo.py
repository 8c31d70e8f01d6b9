"""The demo: a simulated community goes the whole way, over a real broker and real HTTP, into a filled form.

Everything lies below one folder, which the demo alone uses and begins anew each time. Days pass on demo time, which
moves on only when everything published so far is stored.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector.broker import EmbeddedBroker
from collector.clock import DemoClock
from collector.collect import import_files, read_all
from collector.house import House, open_house
from collector.refresh import Refreshed, bundle_run, refresh
from collector.settings import ENVIRONMENT, load_settings
from collector.status import source_status
from collector.supervise import command_of
from collector.walker import walk_hubs

COMMUNITY = "demo"
MARKER = ".zhizheng-demo"
TOKEN_VARIABLE = "ZHIZHENG_DEMO_TOKEN"  # noqa: S105 - a variable's name, no secret
STORE_TIMEOUT_S = 120.0
START_TIMEOUT_S = 60.0
POLL_S = 0.05

SOURCES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "thingsboard": (("v1/gateway/#",), ("thingsboard_gateway",)),
    "alink": (("/sys/#", "/as/mqtt/status/#"), ("alink",)),
    "zigbee2mqtt": (("zigbee2mqtt/#",), ("zigbee2mqtt",)),
    "acme": (("acme/#",), ()),
}
"""The demo's MQTT sources: their filters and their profiles. Nobody has described acme yet, on purpose."""


class DemoError(RuntimeError):
    """The demo cannot go on; the message says why and what mends it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the demo is: a step of its timetable, and the counts over all MQTT sources."""

    done: int
    of: int
    label: str
    published: int
    stored: int
    read: int
    ignored: int
    unread: int


OnProgress = Callable[[Progress], None]


async def play_demo(
    folder: Path, *, seed: int, households: int, on_progress: OnProgress, on_stage: Callable[[str], None]
) -> tuple[House, Refreshed]:
    """Play the demo below ``folder`` and return the house and its one run, bundled.

    Raises DemoError, BrokerError or SourceUnreachableError, each with one clear line.
    """
    prepare_folder(folder)
    on_stage("启动 MQTT broker 和模拟小区")
    broker = EmbeddedBroker(folder / "broker")
    await asyncio.to_thread(broker.start)
    try:
        address = f"{broker.host}:{broker.port}"
        async with _simulated(folder, address, seed, households) as community:
            house = _open(folder, broker, community.hello)
            async with _intake(folder) as intake:
                await _pass_days(house, community, intake, on_progress)
                on_stage("读取市指挥中心接口")
                reports = await walk_hubs(house)
            problems = [line for report in reports.values() for line in report.problems]
            if problems:
                raise DemoError(f"the hub's lists are not whole: {problems[0]}")
    finally:
        await asyncio.to_thread(broker.stop)
    on_stage("导入佐证材料，统计、评分、填表")
    await asyncio.to_thread(import_files, house)
    done = await asyncio.to_thread(refresh, house, COMMUNITY, "demo")
    on_stage("打包证据")
    await asyncio.to_thread(bundle_run, house, COMMUNITY, done.run)
    return house, done


def prepare_folder(folder: Path) -> None:
    """Make the demo's folder anew; raises DemoError for a folder with anything in it that is not a demo's."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARKER).is_file():
            raise DemoError(f"{folder}: is not empty and no demo's; name an empty folder with --out")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).write_text("A demo's folder: the next demo deletes it.\n", "utf-8")


class SimulatedCommunity:
    """The process of the simulated community, spoken to line by line."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.hello: dict[str, Any] = {}

    async def greet(self) -> None:
        """Take its first line: where its hub is, and its timetable."""
        self.hello = await self._answer()

    async def publish(self, step: int) -> dict[str, int]:
        """Have one step published, and return how many messages each source has published so far."""
        stdin = self._process.stdin
        if stdin is None:
            raise DemoError("the simulated community cannot be spoken to")
        stdin.write(json.dumps({"step": step}).encode() + b"\n")
        with suppress(ConnectionError):  # it has ended; taking its answer says so
            await stdin.drain()
        published: dict[str, int] = (await self._answer())["published"]
        return published

    async def _answer(self) -> dict[str, Any]:
        stdout = self._process.stdout
        line = await stdout.readline() if stdout is not None else b""
        if not line:
            code = await self._process.wait()
            raise DemoError(f"the simulated community ended with code {code}; its message stands above")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise DemoError(f"the simulated community: {answer['error']}")
        return answer


@asynccontextmanager
async def _simulated(folder: Path, broker: str, seed: int, households: int) -> AsyncIterator[SimulatedCommunity]:
    options = {
        "--broker": broker,
        "--truth": str(folder / "truth.json"),
        "--acts": str(folder / "acts.yaml"),
        "--seed": str(seed),
        "--households": str(households),
        "--community": COMMUNITY,
    }
    command = [sys.executable, "-m", "collector.simulate", *(word for pair in options.items() for word in pair)]
    # A timetable of many steps is one line; the default limit of 64 KiB would cut a long demo short.
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 20
    )
    try:
        community = SimulatedCommunity(process)
        async with _started("the simulated community"):
            await community.greet()
        yield community
    finally:
        await _end(process)


@asynccontextmanager
async def _intake(folder: Path) -> AsyncIterator[Process]:
    """Run the real intake process while the block lasts; it is ready once all sources are subscribed."""
    process = await asyncio.create_subprocess_exec(
        *command_of("intake", folder / "zhizheng.toml"), stdout=asyncio.subprocess.PIPE
    )
    try:
        async with _started("the intake"):
            line = await process.stdout.readline() if process.stdout is not None else b""
        if not line:
            raise DemoError(f"the intake ended with code {await process.wait()}; its message stands above")
        yield process
    finally:
        await _end(process)


@asynccontextmanager
async def _started(what: str) -> AsyncIterator[None]:
    """Give a process its time to start; raises DemoError when it does not."""
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            yield
    except TimeoutError:
        raise DemoError(f"{what} did not start within {START_TIMEOUT_S:g} s; free the machine and try again") from None


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.terminate()
        await process.communicate()


def _open(folder: Path, broker: EmbeddedBroker, hello: Mapping[str, Any]) -> House:
    """Write the demo's settings and open the house; the hub's token goes through the environment."""
    for name in [name for name in os.environ if name.upper().startswith(ENVIRONMENT)]:
        # What overrides a real site's settings, its data directory above all, must not touch the demo's.
        del os.environ[name]
    os.environ[TOKEN_VARIABLE] = hello["token"]
    path = folder / "zhizheng.toml"
    path.write_text(write_settings(broker.host, broker.port, hello["hub"]), "utf-8")
    DemoClock(folder / "data" / "clock", start_ms=hello["steps"][0]["clock_ms"])
    return open_house(load_settings(path))


def write_settings(host: str, port: int, hub_url: str) -> str:
    """Return the demo's settings as TOML."""
    lines = [
        "# Written by `zhizheng demo`. All data are simulated.",
        'data = "data"',
        'out = "out"',
        'environment = "simulated"',
        'demo_clock = "data/clock"',
        "",
        f"[communities.{COMMUNITY}]",
        'name = "示例小区"',
        'acts = "acts.yaml"',
        "",
        f"[communities.{COMMUNITY}.basics]",
        'applicant_unit = "示例物业服务有限公司"',
        'address = "银川市示例区示例路1号"',
        'applied_on = "2026年11月9日"',
        'neighbourhood = "示例社区"',
        'street = "示例街道"',
        'completed_on = "2019年6月"',
        'investment_amount = "示例：320万元"',
        'investment_period = "2025/03/01-2026/09/30"',
        "",
        "[web]",
        "port = 0",
    ]
    for name, (topics, profiles) in SOURCES.items():
        lines += [
            "",
            f"[sources.{name}]",
            'kind = "mqtt"',
            f'community = "{COMMUNITY}"',
            f'url = "mqtt://{host}:{port}"',
            f"topics = {json.dumps(topics)}",
            f"profiles = {json.dumps(profiles)}",
            f'client_id = "zhizheng-{name}"',
            'protocol = "3.1.1"',
        ]
    lines += [
        "",
        "[sources.city_hub]",
        'kind = "hub"',
        f'community = "{COMMUNITY}"',
        'hub = "yinchuan_demo"',
        f'url = "{hub_url}"',
        f'token_env = "{TOKEN_VARIABLE}"',
    ]
    return "\n".join(lines) + "\n"


async def _pass_days(house: House, community: SimulatedCommunity, intake: Process, on_progress: OnProgress) -> None:
    """Have every step published, wait until all of it is stored, read it, and only then let time go on."""
    clock = house.clock
    if not isinstance(clock, DemoClock):
        raise DemoError("the demo needs demo time; its settings were changed")
    steps = community.hello["steps"]
    for step in steps:
        clock.set(step["clock_ms"])
        published = await community.publish(step["index"])
        await _wait_stored(house, published, intake)
        await asyncio.to_thread(read_all, house)
        on_progress(_progress(house, step["index"] + 1, len(steps), step["label"], sum(published.values())))


async def _wait_stored(house: House, published: Mapping[str, int], intake: Process) -> None:
    try:
        async with asyncio.timeout(STORE_TIMEOUT_S):
            while any(house.locker.count(source) < count for source, count in published.items()):
                if intake.returncode is not None:
                    raise DemoError(f"the intake ended with code {intake.returncode}; start the demo again")
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        stored = {source: house.locker.count(source) for source in published}
        raise DemoError(f"published {published}, but after {STORE_TIMEOUT_S:g} s only {stored} is stored") from None


def _progress(house: House, done: int, of: int, label: str, published: int) -> Progress:
    sources = [one for one in source_status(house) if one["source"] in SOURCES]
    return Progress(
        done=done,
        of=of,
        label=label,
        published=published,
        stored=sum(one["stored"] for one in sources),
        read=sum(one["read"] for one in sources),
        ignored=sum(one["ignored"] for one in sources),
        unread=sum(one["unread"] for one in sources),
    )
