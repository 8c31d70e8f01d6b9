"""What the city hub lists of the community: its register, inventories and statistics as JSON rows."""

from __future__ import annotations

from collections.abc import Mapping

from collector.simulate.community import Community
from collector.simulate.devices import Listing
from collector.simulate.places import KINDS

Row = Mapping[str, object]


def hub_rows(community: Community) -> dict[str, list[Row]]:
    """Return list name -> rows: register.<kind>, register.totals, inventory.<name> and statistics."""
    rows: dict[str, list[Row]] = {}
    for kind in KINDS:
        rows[f"register.{kind}"] = [{"code": place.code, **place.cells} for place in community.register.of(kind)]
    rows["register.totals"] = _pairs(community.register.totals)
    for name, listings in community.inventories.items():
        rows[f"inventory.{name}"] = [_inventory_row(listing) for listing in listings]
    rows["statistics"] = _pairs(community.statistics)
    return rows


def _pairs(values: Mapping[str, int]) -> list[Row]:
    return [{"key": key, "value": value} for key, value in values.items()]


def _inventory_row(listing: Listing) -> Row:
    place = {"place": listing.address} if listing.address else {}
    return {"deviceId": listing.device, **place, **listing.cells}
