"""A second pair of eyes: counts the rows from the published bytes and hub rows alone, never from the community.

A deliberately naive reader, written apart from the simulator's plan, so that what the simulator publishes and what it
claims to be true cannot drift apart unnoticed.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
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

    def _take_gateway(self, message: Message, step: Step, body: Any) -> None:
        if message.topic == "v1/gateway/attributes":
            self.address |= {device: said["address"] for device, said in body.items()}
        if message.topic != "v1/gateway/telemetry":
            return
        for device, points in body.items():
            for point in points:
                volume, smoke = point["values"].get("volume_m3"), point["values"].get("smoke")
                if volume is not None and _NUMBER.fullmatch(str(volume)):
                    self._credit(device, "volume", message, step, point.get("ts"))
                if isinstance(smoke, bool):
                    self._credit(device, "smoke", message, step, point.get("ts"))

    def _take_alink(self, message: Message, step: Step, body: Any) -> None:
        found = _PRODUCT.fullmatch(message.topic)
        if not found:
            return
        device, event = found[1], found[2]
        if event != "property":
            value = body["params"]["value"]
            word = f"way:{value['way']}" if event == "DoorOpen" else f"{event}:{value['kind']}"
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

    def places(self, word: str, lists: Places) -> set[str]:
        """Return the register codes at which a device said the word."""
        said = (device for device, words in self.words.items() if word in words)
        return {code for device in said if (code := lists.find(self.address.get(device, "")))}


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


def recount(
    published: Iterable[tuple[Step, list[Message]]], lists: Mapping[str, Any], acts: list[dict[str, Any]]
) -> dict[int, tuple[int | None, int | None, str]]:
    """Return row -> (numerator, denominator, points)."""
    heard = Heard()
    for step, messages in published:
        for message in messages:
            heard.take(message, step)
    places = Places(lists)
    totals = {row["key"]: row["value"] for row in lists["register.totals"]}
    stats = {row["key"]: row["value"] for row in lists["statistics"]}
    given = {(act["row"], act.get("part")) for act in acts}
    return {
        **_devices(heard, places, lists, max(totals["households"], len(lists["register.household"]))),
        **_lists_alone(lists, totals, stats, given),
        **_plant(heard, places, lists),
        61: _smoke(heard, places, lists, given),
        76: _survey(next(act for act in acts if act["act"] == "survey")),
    }


def _all_or_nothing(n: int, m: int, points: int, *conditions: bool) -> tuple[int, int, str]:
    return n, m, f"{points if all(conditions) else 0}.00"


def _ratio(n: int, m: int, points: int) -> tuple[int, int, str]:
    return n, m, str((Decimal(n) * points / Decimal(m)).quantize(Decimal("0.01"), ROUND_HALF_UP))


def _devices(heard: Heard, places: Places, lists: Mapping[str, Any], homes: int) -> dict[int, Any]:
    listed = {places.find(row["place"]) for row in lists["inventory.water_meter"]} - {""}
    metered = heard.places("volume", places) | listed
    both = heard.places("switch", places) & heard.places("socket", places)
    timed = heard.places("timer", places)
    lamps = [row for row in lists["register.lamp"] if row["use"] == "公共"]
    lit = [row for row in lamps if row["code"] in timed or row["circuit"] in timed]
    ways: dict[str, set[str]] = defaultdict(set)
    for device, words in heard.words.items():
        ways[places.find(heard.address.get(device, ""))] |= {w for w in words if w.startswith("way:")}
    for row in lists["inventory.access"]:
        ways[places.find(row["place"])] |= {f"way:{way}" for way in row["ways"]}
    good = {code for code, there in ways.items() if len(there) >= 3}
    gates = [row["code"] for row in lists["register.gate"] if row["use"] == "pedestrian"]
    bad = {row["building"] for row in lists["register.entrance"] if row["code"] not in good}
    buildings = [row["code"] for row in lists["register.building"]]
    open_gates = len([gate for gate in gates if gate in good])
    return {
        10: _ratio(len(metered), homes, 2),
        18: _all_or_nothing(len(lit), len(lamps), 8, len(lit) * 5 >= len(lamps) * 3),
        22: _ratio(len(both), homes, 2),
        29: _all_or_nothing(open_gates, len(gates), 8, open_gates == len(gates)),
        34: _ratio(len([code for code in buildings if code not in bad]), len(buildings), 8),
    }


def _lists_alone(lists: Mapping[str, Any], totals: Any, stats: Any, given: set[Any]) -> dict[int, Any]:
    homes = [f"{row['code']}号楼" for row in lists["register.building"] if row["residential"] == "是"]
    speed = {row["place"]: row["bandwidthMbps"] for row in lists["inventory.fibre"] if row["place"] in homes}
    free = [row["deviceId"] for row in lists["inventory.operator"] if row["freeAccess"]]
    shared, spaces = stats["shared_parking_spaces"], totals["parking_spaces"]
    records, residents = stats["health_record_residents"], totals["registered_residents"]
    areas = [row["code"] for row in lists["register.area"] if row["use"] != "parking"]
    cover = areas + [row["code"] for kind in ("perimeter", "gate") for row in lists[f"register.{kind}"]]
    used = [row for row in lists["inventory.camera"] if row["status"] == "in_use"]
    seen = {code for row in used for code in cover if code in row["place"].split()}
    kept = min(row["keepDays"] for row in used) >= 30
    attested = {(58, "functions"), (58, "police-link")} <= given
    clear = {(74, "rules"), (74, "measures"), (74, "no-incident")} <= given
    records_row = _all_or_nothing(records, residents, 2, records * 10 >= residents * 8)
    return {
        1: _all_or_nothing(len(speed), len(homes), 8, len(speed) == len(homes), min(speed.values()) >= 200),
        2: (len(free), None, "8.00" if len(free) > 2 else "0.00"),
        33: _all_or_nothing(shared, spaces, 2, shared * 20 > spaces),
        44: (None, None, "0.00") if records > residents else records_row,
        53: (None, None, "2.00" if stats["elder_calls"] and stats["elder_call_worst_s"] <= 900 else "0.00"),
        58: _all_or_nothing(len(seen), len(cover), 10, len(seen) == len(cover), kept, attested),
        74: (None, None, "10.00" if clear else "0.00"),
    }


def _plant(heard: Heard, places: Places, lists: Mapping[str, Any]) -> dict[int, Any]:
    def alarmed(event: str) -> set[str]:
        return heard.places(f"{event}:alarm", places) | heard.places(f"{event}:drill", places)

    lifts = {row["code"] for row in lists["register.lift"]}
    reporting = lifts & heard.places("LiftState", places)
    tanks = {row["code"] for row in lists["register.tank"] if row["use"] == "secondary_supply"}
    pumps = {row["code"] for row in lists["register.pump"] if row["use"] == "supply"}
    sound = tanks & heard.places("Level", places) & alarmed("LevelHigh") & alarmed("LevelLow")
    run = heard.places("PumpState", places) & heard.places("ControlMode", places) & alarmed("PumpFault")
    clean = set(tanks)
    for word in ("Turbidity", "ResidualChlorine", "PH", "Conductivity", "Colour"):
        clean &= heard.places(word, places)
    warned = tanks <= alarmed("WaterQualityAlarm")
    return {
        7: _all_or_nothing(len(reporting), len(lifts), 4, reporting == lifts, lifts <= alarmed("LiftFault")),
        67: _all_or_nothing(len(sound), len(tanks), 2, sound == tanks, pumps <= run),
        69: _all_or_nothing(len(clean), len(tanks), 2, clean == tanks, warned),
    }


def _smoke(heard: Heard, places: Places, lists: Mapping[str, Any], given: set[Any]) -> tuple[int, int, str]:
    floors = {row["code"] for row in lists["register.floor"]}
    n, m, points = _ratio(len(floors & heard.places("smoke", places)), len(floors), 6)
    return n, m, points if (61, "linkage") in given else "0.00"


def _survey(act: Mapping[str, Any]) -> tuple[int | None, int | None, str]:
    needed = min(50, max(10, -(-act["occupied"] // 10)))
    if not needed <= act["sample"] <= min(50, act["occupied"]):
        return None, None, "0.00"
    return _all_or_nothing(act["satisfied"], act["sample"], 100, act["satisfied"] * 5 >= act["sample"] * 4)
