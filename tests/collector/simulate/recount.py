"""A second pair of eyes: reads the published bytes and the hub's rows alone, never the community.

A deliberately naive reader, written apart from the simulator's plan, so that what the simulator publishes and what it
claims to be true cannot drift apart unnoticed. ``recount_rows`` counts what is read here.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from collector.simulate.dialects import Message
from collector.simulate.timetable import Step

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
_PLACE = re.compile(r"0*(\d+)(?:号楼|栋|-|#)(\d+)(?:单元|-|#)(?:(\d+)层)?(?:(\d+)室?|(楼道)|(单元门))?")
_PRODUCT = re.compile(r"/sys/(.+)/thing/event/(\w+)/post")
_NUMBER = re.compile(r"\d+(\.\d+)?")


class Heard:
    """What the messages said: credited words per device, and the last address of each."""

    def __init__(self) -> None:
        self.words: dict[str, set[str]] = defaultdict(set)
        self.days: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.address: dict[str, str] = {}
        self.names: dict[str, tuple[str, str]] = {}
        self.unread = 0

    def take(self, message: Message, step: Step) -> None:
        try:
            body = json.loads(message.payload)
        except ValueError:
            self.unread += 1
            return
        match message.source:
            case "thingsboard":
                self._take_gateway(message, step, body)
            case "alink":
                self._take_alink(message, step, body)
            case "zigbee2mqtt":
                self._take_zigbee(message, step, body)

    def _credit(self, device: str, word: str, message: Message, step: Step, observed: int | None) -> None:
        fresh = observed is None or step.clock_ms - DAY_MS <= observed <= step.clock_ms + HOUR_MS
        if step.in_window and fresh and not message.retain:
            self.words[device].add(word)
            self.days[device, word].add(step.day)

    def _take_gateway(self, message: Message, step: Step, body: Any) -> None:
        if message.topic == "v1/gateway/attributes":
            self.address |= {device: said["address"] for device, said in body.items()}
        if message.topic != "v1/gateway/telemetry":
            return
        for device, points in body.items():
            for point in points:
                for word, value in point["values"].items():
                    if isinstance(value, bool) or value in {"open", "closed"} or _NUMBER.fullmatch(str(value)):
                        self._credit(device, word, message, step, point.get("ts"))

    def _take_alink(self, message: Message, step: Step, body: Any) -> None:
        found = _PRODUCT.fullmatch(message.topic)
        if not found:
            return
        device, event = found[1], found[2]
        if event != "property":
            value = body["params"]["value"]
            (said,) = value.values()
            word = f"way:{said}" if event == "DoorOpen" else f"{event}:{said}"
            self._credit(device, word, message, step, body["params"].get("time"))
            return
        for key, cell in body["params"].items():
            value, time = (cell.get("value"), cell.get("time")) if isinstance(cell, dict) else (cell, None)
            if key == "InstallPlace":
                self.address[device] = str(value)
            elif value is not None:
                self._credit(device, key, message, step, time)

    def _take_zigbee(self, message: Message, step: Step, body: Any) -> None:
        name = message.topic.removeprefix("zigbee2mqtt/")
        if name == "bridge/devices":
            for row in body:
                if row["supported"] and row["definition"]:
                    self.names[row["friendly_name"]] = (row["ieee_address"], row["definition"]["model"])
                    self.address[row["ieee_address"]] = str(row.get("description", ""))
        if name not in self.names or not isinstance(body, dict):
            return
        device, model = self.names[name]
        seen = body.get("last_seen")
        observed = None if seen is None else _epoch_ms(seen)
        word = {"SW-1": "switch", "SP-1": "socket"}.get(model) or ("timer" if body["schedule"] == "active" else "idle")
        self._credit(device, word, message, step, observed)

    def each(self, word: str, lists: Places, days: int = 1) -> list[str]:
        """Return the register code of every device that said the word on so many days, "" for one that is nowhere."""
        said = [device for device, words in self.words.items() if word in words]
        return [lists.find(self.address.get(d, "")) for d in said if len(self.days[d, word]) >= days]

    def places(self, word: str, lists: Places, days: int = 1) -> set[str]:
        """Return the register codes at which a device said the word on so many days."""
        return set(self.each(word, lists, days)) - {""}

    def happened(self, event: str, *words: str) -> bool:
        """Return whether any device raised the event with one of the words."""
        return any(f"{event}:{word}" in said for said in self.words.values() for word in words)


def _epoch_ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


class Places:
    """The register by code and by address."""

    def __init__(self, lists: Mapping[str, Any]) -> None:
        self._lists = lists
        self._codes = {row["code"] for name in lists if name.startswith("register.") for row in self._rows(name)}
        self._codes -= {row["code"] for row in lists["register.building"]}
        self._homes: dict[Any, str] = {
            (r["building"], r["unit"], r["room"]): r["code"] for r in lists["register.household"]
        }
        self._floors: dict[Any, str] = {
            (r["building"], r["unit"], r["level"]): r["code"] for r in lists["register.floor"]
        }
        self._doors: dict[Any, str] = {
            (r["building"], r["unit"]): r["code"] for r in lists["register.entrance"] if r["unit"]
        }

    def _rows(self, name: str) -> list[Any]:
        return [row for row in self._lists[name] if "code" in row]

    def find(self, text: str) -> str:
        """Return the code of the place a text means, empty if none."""
        plain = unicodedata.normalize("NFKC", text)
        for token in [plain, *plain.split()]:
            if token in self._codes:
                return token
        found = _PLACE.fullmatch(plain)
        if not found:
            return ""
        building, unit, level, room, corridor, door = found.groups()
        if corridor:
            return self._floors.get((building, unit, level), "")
        if door:
            return self._doors.get((building, unit), "")
        return self._homes.get((building, unit, room), "")
