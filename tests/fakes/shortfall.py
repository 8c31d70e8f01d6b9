"""A run that lacks things, written by hand: a small rubric, a platform, a hub, and rows as a run freezes them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from evidence.catalogue import FORM, RUBRIC, SOURCES, VOCABULARY, SourceSpec, load_catalogue, write_sources
from evidence.gaps import RowGap, find_gaps
from evidence.letter import Sender
from evidence.supply import Shelf

TOPIC = "site/{dev}/state"
VOCABULARY_TEXT = """
water_volume: {kind: number, unit: m3, range: ["0", "999"], zh: 累计用水量, en: water}
smoke: {kind: boolean, zh: 烟雾报警, en: smoke}
fire_linkage: {kind: event, words: [alarm, drill], zh: 消防联动, en: linkage}
car_wash_up: {kind: boolean, zh: 自助洗车机, en: car wash}
address: {kind: text, zh: 安装位置, en: address}
"""
RUBRIC_TEXT = """
rubric: small
title: {zh: 小指标, en: small}
assumptions: {}
figures: {online_gas: {zh: 燃气费入口, en: gas bill}}
indicators:
  - {"no": 1, id: water, level1: 基, level2: 物联网, meaning: 义, content: 容, type: ☆, points: "2", rule: ratio,
     title: {zh: 水表, en: water}, headline: metered, parts: [
      {id: metered, title: 远程水表, measure: {kind: places, of: household,
       show: [{capability: water_volume, by: [message, inventory]}]}}]}
  - {"no": 2, id: smoke, level1: 安, level2: 安防消防, meaning: 义, content: 容, type: ☆, points: "6", rule: ratio,
     title: {zh: 烟感, en: smoke}, headline: floors, parts: [
      {id: floors, title: 烟感报警器, measure: {kind: places, of: floor, show: [{capability: smoke, by: [message]}]}},
      {id: linkage, title: 消防联动, any_of: [
       {measure: {kind: devices, show: [{capability: fire_linkage, by: [event, drill]}]}},
       {measure: {kind: attested}}]}]}
  - {"no": 3, id: pay, level1: 综, level2: 缴费, meaning: 义, content: 容, type: ★B, points: "8",
     title: {zh: 缴费, en: pay}, parts: [
      {id: gas, title: 燃气费, any_of: [
       {measure: {kind: statistic, key: online_gas}, rule: {at_least: 1}}, {measure: {kind: attested}}]},
      {id: rules, title: 制度, measure: {kind: attested}}]}
  - {"no": 4, id: wash, level1: 综, level2: 便捷服务, meaning: 义, content: 容, type: ☆, points: "2",
     title: {zh: 洗车, en: wash}, parts: [
      {id: wash, title: 洗车机, measure: {kind: devices, show: [{capability: car_wash_up, by: [message]}]}}]}
  - {"no": 5, id: calls, level1: 综, level2: 养老, meaning: 义, content: 容, type: ☆, points: "2",
     title: {zh: 呼叫, en: calls}, parts: [
      {id: worst, title: 响应, measure: {kind: statistic, key: online_gas}, rule: {worst: {at_most: 900}}}]}
  - {"no": 6, id: lamps, level1: 基, level2: 智能照明, meaning: 义, content: 容, type: ★C, points: "8",
     title: {zh: 照明, en: lamps}, parts: [
      {id: lamps, title: 灯, measure: {kind: places, of: lamp, show: [{capability: smoke, by: [message]}]},
       rule: {share: {at_least: 0.6}}}]}
"""
HUB_TEXT = """
hub: centre
version: 1
title: {zh: 市中心, en: centre}
source: document
auth: {kind: bearer}
paging: {kind: none}
items: /rows
lists:
  - {name: meters, kind: inventory, path: "/api/{community}/meters", id: /id, device: /id, address: /where,
     capabilities: [water_volume]}
  - {name: numbers, kind: statistics, path: "/api/{community}/numbers", id: /k, key: /k, value: /v}
"""


def platform(topic: str = TOPIC, *, level: str = "/smoke") -> dict[str, Any]:
    """Return the mapping of a profile that carries smoke and linkage, and says where its devices are."""
    return {
        "profile": "alarms",
        "version": 1,
        "title": {"zh": "报警平台", "en": "alarms"},
        "source": "document",
        "read": [
            {
                "topic": topic,
                "device": "{dev}",
                "observed_at": {"at": "/t", "as": "epoch_ms"},
                "fields": [
                    {"capability": "smoke", "at": level},
                    {"capability": "fire_linkage", "at": "/linkage", "map": {"linked": "alarm"}},
                    {"capability": "address", "at": "/where"},
                ],
            }
        ],
    }


def shelf(*, profile: Mapping[str, Any] | None = None, hub: bool = True) -> Shelf:
    """Return the shelf of a community with the platform as source ``fire`` and, where asked, the hub as ``city``."""
    sources = [SourceSpec("fire", "demo", ("alarms",))]
    texts = {
        VOCABULARY: VOCABULARY_TEXT,
        RUBRIC: RUBRIC_TEXT,
        FORM: "form: small",
        "platforms/alarms.yaml": yaml.safe_dump(dict(profile or platform()), allow_unicode=True),
    }
    if hub:
        sources.append(SourceSpec("city", "demo", (), "centre"))
        texts["hubs/centre.yaml"] = HUB_TEXT
    encoded = {name: text.encode() for name, text in texts.items()}
    return Shelf(load_catalogue({**encoded, SOURCES: write_sources(sources)}), "demo", {})


def entry(key: str, reason: str = "", shown: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Return one line of a roster."""
    return {"place": f"place:{key}", "label": key, "reason": reason, "register": None, "shown": list(shown)}


def showing(capability: str, source: str, note: str = "") -> dict[str, Any]:
    """Return what a source shows at a place."""
    return {"source": source, "device": "d", "capability": capability, "note": note}


def part(part_id: str, state: str, kind: str = "places", **given: Any) -> dict[str, Any]:
    """Return one part of an indicator as a run freezes it."""
    rosters = {name: given.pop(name, []) for name in ("counted", "missing", "unknown")}
    filled = {
        "numerator": len(rosters["counted"]),
        "denominator": sum(len(lines) for lines in rosters.values()) if kind == "places" else None,
        "rule": "present",
        "note": "",
        "unplaced": [],
    }
    if given.get("note"):
        filled |= {"numerator": None, "denominator": None}
    body = {"id": part_id, "title": part_id, "state": state, "measure": {"kind": kind}, "rosters": {**rosters}}
    return {**body, **filled, **given}


def indicator(
    no: int, points: str, floor: str, ceiling: str, *parts: Mapping[str, Any], **given: Any
) -> dict[str, Any]:
    """Return one row with its parts."""
    row = {"no": no, "points": points, "floor": floor, "ceiling": ceiling, "status": "unproven", "override": None}
    return {**row, **given, "parts": list(parts)}


def card(*rows: Mapping[str, Any]) -> tuple[dict[str, Any], dict[int, dict[str, Any]]]:
    """Return the scorecard of the rows, and the indicators by number."""
    head = {
        "community": "demo",
        "community_name": "示例小区",
        "run": 3,
        "as_of": "2026-11-09T02:30:00+08:00",
        "window": {"from": "2026-11-02T00:00:00+08:00", "to": "2026-11-09T00:00:00+08:00", "days": 7},
        "environment": "simulated",
        "totals": {"floor": "0.00", "ceiling": "0.00"},
    }
    plain = json.loads(json.dumps(rows))
    return {**head, "indicators": plain}, {row["no"]: row for row in plain}


def gaps(*rows: Mapping[str, Any], on: Shelf | None = None) -> tuple[RowGap, ...]:
    """Return what the rows lack."""
    scorecard, indicators = card(*rows)
    return find_gaps(scorecard, indicators, on or shelf())


def homes(count: int, reason: str = "", first: int = 1) -> list[dict[str, Any]]:
    """Return roster lines of homes."""
    return [entry(f"1号楼1单元{number}", reason) for number in range(first, first + count)]


def sender(**given: Any) -> Sender:
    """Return who writes a letter of the run."""
    scorecard, _ = card()
    filled = {
        "community": "demo",
        "community_name": scorecard["community_name"],
        "unit": "示例物业",
        "run": scorecard["run"],
        "as_of": scorecard["as_of"],
        "window": scorecard["window"],
        "is_simulated": True,
        "topics": ("site/#",),
    }
    return Sender(**{**filled, **given})
