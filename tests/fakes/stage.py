"""A stage for tests: one data directory, demo time, and a simulated community fed into the locker without a broker.

The hub is real HTTP on a loopback port; only the MQTT way is cut short. ``tests/collector/test_demo.py`` goes the
whole way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

import yaml

from collector.act_imports import import_acts
from collector.clock import DemoClock
from collector.house import House, open_house
from collector.reader import Reader
from collector.refresh import Refreshed, refresh
from collector.settings import HubSettings, Settings
from collector.simulate.acts import write_acts
from collector.simulate.community import Community
from collector.simulate.hub_server import serve_hub
from collector.simulate.traffic import messages
from collector.walker import walk_hub
from connectors.record import RETAIN_FLAG, Arrival, Kind

QOS_1 = 0b0010
SOURCES = {
    "thingsboard": (["v1/gateway/#"], ["thingsboard_gateway"]),
    "alink": (["/sys/#", "/as/mqtt/status/#"], ["alink"]),
    "zigbee2mqtt": (["zigbee2mqtt/#"], ["zigbee2mqtt"]),
    "acme": (["acme/#"], []),
}


def make_settings(folder: Path, hub_url: str = "http://127.0.0.1:1") -> Settings:
    """Return settings for one simulated community below ``folder``."""
    sources: dict[str, object] = {
        name: {
            "kind": "mqtt",
            "community": "demo",
            "url": "mqtt://127.0.0.1:1",
            "topics": topics,
            "profiles": profiles,
            "client_id": f"zhizheng-{name}",
            "protocol": "3.1.1",
        }
        for name, (topics, profiles) in SOURCES.items()
    }
    sources["city_hub"] = {"kind": "hub", "community": "demo", "hub": "yinchuan_demo", "url": hub_url}
    return Settings(
        data=folder / "data",
        out=folder / "out",
        environment="simulated",
        demo_clock=folder / "data" / "clock",
        communities={"demo": {"name": "示例小区"}},
        sources=sources,
    )


class Stage:
    """One house with a demo clock that tests move by hand."""

    def __init__(self, folder: Path, start_ms: int, hub_url: str = "http://127.0.0.1:1") -> None:
        (folder / "data").mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.clock = DemoClock(folder / "data" / "clock", start_ms)
        self.house: House = open_house(make_settings(folder, hub_url))

    def receive(self, arrivals: Iterable[tuple[str, str, bytes, bool]]) -> list[int]:
        """Store messages (source, topic, payload, retained) as the MQTT door would."""
        now = self.clock()
        return self.house.locker.append(
            [
                Arrival(source, Kind.MESSAGE, now, topic, payload, QOS_1 | (RETAIN_FLAG if retained else 0))
                for source, topic, payload, retained in arrivals
            ]
        )

    def act(self, entries: list[Mapping[str, object]]) -> None:
        """Import acts, their documents being small files written here."""
        path = self.folder / "acts.yaml"
        path.write_text(yaml.safe_dump(entries, allow_unicode=True), "utf-8")
        self.import_acts(path)

    def import_acts(self, path: Path) -> None:
        """Import an acts file."""
        reader = Reader(self.house)
        reader.catch_up()
        import_acts(self.house, reader.ledger, "demo", path)
        reader.close()

    def refresh(self, night: date | None = None) -> Refreshed:
        """Make the next run, or make up for the one of a night that was missed."""
        return refresh(self.house, "demo", night=night)

    def close(self) -> None:
        """Close the house."""
        self.house.locker.close()


async def play(folder: Path, community: Community) -> Stage:
    """Return a stage on which the whole simulated community has been received, walked and attested."""
    steps = community.steps
    async with serve_hub(community, "test-token") as url:
        stage = Stage(folder, steps[0].clock_ms, url)
        write_acts(folder / "acts.yaml", community)
        for step in steps:
            stage.clock.set(step.clock_ms)
            sent = messages(community, step.index)
            # A subscriber that is there before the publisher gets even a retained message as a live one.
            stage.receive((one.source, one.topic, one.payload, False) for one in sent)
        source = stage.house.settings.sources["city_hub"]
        assert isinstance(source, HubSettings)
        report = await walk_hub(stage.house, "city_hub", source, token="test-token")
        assert not report.problems
    await asyncio.to_thread(stage.import_acts, folder / "acts.yaml")
    return stage
