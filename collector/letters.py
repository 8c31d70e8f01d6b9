"""Writes the request letters of a run into a folder."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from collector.house import House
from collector.settings import MqttSettings
from evidence.gaps import RowGap
from evidence.letter import Sender, write_letter
from evidence.request import Request, gather_requests
from evidence.supply import Shelf, Who

_KINDS = {Who.PLATFORM: "平台", Who.HUB: "市级平台", Who.PENDING: "待定厂商"}
_UNSAFE = re.compile(r"[^\w.-]+")


def write_letters(
    house: House, shelf: Shelf, scorecard: Mapping[str, Any], gaps: Sequence[RowGap], folder: Path
) -> list[Path]:
    """Write a letter for every platform, hub and trade that could close gaps, and return their paths."""
    written = []
    for number, request in enumerate(gather_requests(gaps), 1):
        path = folder / f"{number:02}-{_KINDS[request.who]}-{_UNSAFE.sub('_', request.name)}.docx"
        path.write_bytes(write_letter(request, shelf, _sender(house, scorecard, request)))
        written.append(path)
    return written


def _sender(house: House, scorecard: Mapping[str, Any], request: Request) -> Sender:
    """Return who writes: of the settings nothing but the community's names and a source's topics."""
    community = str(scorecard["community"])
    source = house.settings.sources.get(request.name)
    return Sender(
        community=community,
        community_name=str(scorecard["community_name"]),
        unit=house.settings.communities[community].basics.get("applicant_unit", ""),
        run=int(scorecard["run"]),
        as_of=str(scorecard["as_of"]),
        window=scorecard["window"],
        is_simulated=scorecard["environment"] == "simulated",
        topics=source.topics if isinstance(source, MqttSettings) else (),
    )
