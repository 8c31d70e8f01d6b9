"""The records and parts of the example run; written by hand after the contract of the run's folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from connectors.record import RETAIN_FLAG, Kind, Record

DAY = "2026-11-03"
RECEIVED_AT = 1_793_664_000_123
RUNGS = ("listed", "bound", "heard", "reporting", "plausible")
HOSTILE = "<script>alert('x')</script>\"&/../..\u202e.json"

Json = dict[str, Any]


@dataclass
class Store:
    """Stored records by receipt, each with the leaf that was stored with it."""

    records: dict[int, Record] = field(default_factory=dict)
    leaves: dict[int, bytes] = field(default_factory=dict)

    def add(self, source: str, kind: Kind, topic: str, payload: bytes, flags: int = 0) -> int:
        receipt = len(self.records) + 1
        record = Record(receipt, source, DAY, receipt, kind, RECEIVED_AT, topic, payload, flags)
        self.records[receipt] = record
        self.leaves[receipt] = record.leaf
        return receipt

    def add_json(self, source: str, kind: Kind, topic: str, body: Any) -> int:
        return self.add(source, kind, topic, json.dumps(body, ensure_ascii=False).encode())


def entry(
    place: str, label: str, register: tuple[int, str] | None, shown: Iterable[Json] = (), reason: str = ""
) -> Json:
    return {
        "place": place,
        "label": label,
        "reason": reason,
        "register": {"receipt": register[0], "pointer": register[1]} if register else None,
        "shown": list(shown),
    }


def show(
    source: str, device: str, capability: str, value: str, *receipts: int, by: str = "message", rung: str = "plausible"
) -> Json:
    return {
        "source": source,
        "device": device,
        "capability": capability,
        "shown_by": by,
        "rung": rung,
        "value": value,
        "days_ago": 0,
        "note": "",
        "receipts": list(receipts),
    }


def part(name: str, title: str, state: str, origin: str, pair: tuple[int | None, int | None], **more: Any) -> Json:
    rosters = {roster: more.pop(roster, []) for roster in ("counted", "missing", "excluded", "unknown")}
    empty: Json = {"measure": {"kind": "attested"}, "rule": "present", "formula": "", "note": "", "rungs": {}}
    lists: Json = {"values": [], "unplaced": [], "documents": []}
    counts = {"numerator": pair[0], "denominator": pair[1], "required": True}
    return {
        "id": name,
        "title": title,
        "state": state,
        "origin": origin,
        **counts,
        **empty,
        **lists,
        "rosters": rosters,
        **more,
    }


def value_of(name: str, value: str, receipt: int, pointer: str, unit: str = "") -> Json:
    return {"name": name, "value": value, "unit": unit, "receipt": receipt, "pointer": pointer}


def water_part(store: Store) -> Json:
    """30 homes: 24 counted, 3 missing, 2 unknown (retained only), 1 excluded; one device at no known place."""
    homes = [(f"h{number}", f"{number // 100 + 1}号楼1单元{number % 100 + 101}") for number in range(30)]
    pages = [
        store.add_json(
            "city_hub",
            Kind.PAGE,
            f"GET /api/v1/register/household?pageNo={number + 1}",
            {"code": 0, "data": {"total": 30, "list": [{"code": key, "room": label} for key, label in chunk]}},
        )
        for number, chunk in enumerate((homes[:20], homes[20:]))
    ]
    rosters: dict[str, list[Json]] = {"counted": [], "missing": [], "unknown": [], "excluded": []}
    for number, (key, label) in enumerate(homes):
        register = (pages[number // 20], f"/data/list/{number % 20}")
        device = HOSTILE if number == 3 else f"WM-{number:06d}"
        if number < 24:
            body = {
                device: [{"ts": RECEIVED_AT, "values": {"volume_m3": 418.327, "note": "</pre><script>x()</script>"}}]
            }
            topic = "v1/gateway/telemetry" + ("/<script>" if number == 3 else "")
            receipts = [
                store.add_json("thingsboard", Kind.MESSAGE, topic, body) for _ in range(10 if number == 5 else 1)
            ]
            line = show("thingsboard", device, "water_volume", "418.327", *receipts)
            pointer = "/" + device.replace("~", "~0").replace("/", "~1") + "/0/values/volume_m3"
            line["pointers"] = [pointer] * len(receipts)
            rosters["counted"].append(entry(key, label, register, [line]))
        elif number < 27:
            rosters["missing"].append(entry(key, label, register, reason="未见water_volume"))
        elif number < 29:
            receipt = store.add("thingsboard", Kind.MESSAGE, "v1/gateway/telemetry", b'{"WM": [{}]}', RETAIN_FLAG)
            line = show("thingsboard", device, "water_volume", "1", receipt, rung="heard")
            rosters["unknown"].append(entry(key, label, register, [line], "仅有保留消息"))
        else:
            rosters["excluded"].append(entry(key, label, register, reason="不在住宅范围"))
    lost = store.add_json(
        "thingsboard", Kind.MESSAGE, "v1/gateway/attributes", {"WM-999": {"address": "9号楼9单元999"}}
    )
    total = store.add_json(
        "city_hub", Kind.PAGE, "GET /api/v1/register/totals", {"list": [{"key": "households", "value": "30"}]}
    )
    return part(
        "metered",
        "远程智能水表",
        "met",
        "automatic",
        (24, 30),
        measure={
            "kind": "places",
            "of": "household",
            "show": [{"capability": "water_volume", "by": ["message", "inventory"]}],
        },
        rule="present",
        formula="24 / 30，要求至少1",
        note="终端近7日上报24户",
        rungs=dict(zip(RUNGS, (26, 26, 26, 24, 24), strict=True)),
        values=[value_of("households", "30", total, "/list/0/value", "户")],
        unplaced=[
            {
                "source": "thingsboard",
                "device": "WM-999",
                "address": "9号楼9单元999",
                "receipt": lost,
                "candidates": ["9号楼"],
            }
        ],
        **rosters,
    )


def lift_parts(store: Store) -> list[Json]:
    sheet = store.add("files", Kind.SHEET, "lift.csv", "注册代码,楼栋\r\nL-1,1\r\nL-2,2\r\n".encode("gb18030"))
    shown = [
        store.add_json(
            "alink", Kind.MESSAGE, f"/sys/pk/lift{number}/thing/event/property/post", {"params": {"LiftState": "run"}}
        )
        for number in (1, 2)
    ]
    lifts = [
        entry(
            f"l{number}",
            f"L-{number}",
            (sheet, f"line {number + 1}"),
            [show("alink", f"pk/lift{number}", "lift_state", "run", receipt)],
        )
        for number, receipt in enumerate(shown, 1)
    ]
    report = b"%PDF-1.7 \x00 drill report"
    document = store.add("acts", Kind.DOCUMENT, "drill.pdf", report)
    act = store.add_json("acts", Kind.ACT, "attestation", {"row": 7, "part": "alarm", "value": "yes"})
    return [
        part(
            "state",
            "运行状态监控",
            "met",
            "automatic",
            (2, 2),
            counted=lifts,
            rule="every",
            rungs=dict.fromkeys(RUNGS, 2),
        ),
        part(
            "alarm",
            "故障报警",
            "met",
            "attested",
            (1, None),
            counted=[entry(f"act/{act}", "张工 2026-10-01", None, reason="有效期至2027-10-01")],
            values=[value_of("佐证", "yes", act, "/value")],
            documents=[{"name": "drill.pdf", "sha256": hashlib.sha256(report).hexdigest(), "receipt": document}],
        ),
    ]
