"""Walks the city hubs of the settings: each list page by page into the locker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from collector.house import House
from collector.imports import last_register_digest
from collector.reader import Reader
from collector.refresh import NIGHT
from collector.settings import HubSettings, SettingsError, hub_token, mqtt_sources
from connectors.city_hub.connector import CityHubConnector, WalkReport

OnPage = Callable[[str, int], None]


async def walk_hubs(house: House, on_page: OnPage | None = None) -> dict[str, WalkReport]:
    """Walk every hub of the settings once and return a report by source.

    Raises SourceUnreachableError for the first hub that cannot be reached.
    """
    return {
        name: await walk_hub(house, name, source, hub_token(house.settings, name, source), on_page)
        for name, source in house.settings.sources.items()
        if isinstance(source, HubSettings)
    }


async def walk_hub(
    house: House, name: str, source: HubSettings, token: str | None, on_page: OnPage | None = None
) -> WalkReport:
    """Walk one hub; a register that has not changed since the last one is not recorded again."""
    known = await asyncio.to_thread(_known_register, house, source.community)
    return await _connector(house, name, source, token, known).walk_all(on_page)


def check_sources(house: House) -> None:
    """Raise SettingsError for the first source, MQTT or hub, whose settings or secrets cannot be used."""
    mqtt_sources(house.settings)
    for name, source in house.settings.sources.items():
        if isinstance(source, HubSettings):
            _connector(house, name, source, hub_token(house.settings, name, source), None)


def _connector(house: House, name: str, source: HubSettings, token: str | None, known: str | None) -> CityHubConnector:
    try:
        return CityHubConnector(
            name,
            house.catalogue.hubs[source.hub],
            source.url,
            source.community,
            house.locker,
            house.clock,
            token,
            last_register_digest=lambda: known,
            ca_file=source.ca_file,
            zone=house.settings.zone,
        )
    except ValueError as error:
        key = "token_file" if source.token_file else "token_env"
        raise SettingsError(f"{house.settings.place(f'sources.{name}.{key}')}: {error}") from None


def _known_register(house: House, community: str) -> str | None:
    with house.hold(NIGHT):
        reader = Reader(house)
        try:
            reader.catch_up()
            return last_register_digest(reader.ledger, community)
        finally:
            reader.close()
