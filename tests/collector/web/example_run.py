"""A small finished run written by hand, with the records it rests on in memory; no part of the product made it.

Built: 1 (an unproven worst value), 2 (a list of devices), 7 (two parts), 10 (a ratio over 30 homes), 44 (a statistic),
74 (attested), 76 (a survey). All other rows stand in it as not built.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import yaml

from connectors.record import Kind
from tests.collector.web.example_parts import (
    RECEIVED_AT,
    Json,
    Store,
    entry,
    lift_parts,
    part,
    show,
    value_of,
    water_part,
)

COMMUNITY = "example"
FORM = Path(__file__).parents[3] / "config" / "rubrics" / "yinchuan.yaml"


@dataclass
class Example:
    """The run's folder as built, and its records."""

    out: Path
    folder: Path
    store: Store
    status: list[Json]


def built_rows(store: Store) -> dict[int, Json]:
    statistic = store.add_json(
        "city_hub",
        Kind.PAGE,
        "GET /api/v1/statistics",
        {"list": [{"key": "health_record_residents", "value": 2410}, {"key": "registered", "value": 3000}]},
    )
    operators = [
        store.add_json(
            "city_hub", Kind.PAGE, f"GET /operators?pageNo={number}", {"list": [{"deviceId": name, "freeAccess": True}]}
        )
        for number, name in enumerate(("甲网", "乙网"), 1)
    ]
    statement = store.add("acts", Kind.DOCUMENT, "data-protection.pdf", b"\x89PNG\x00stamped")
    act = store.add_json("acts", Kind.ACT, "attestation", {"row": 74, "value": "yes"})
    survey = store.add_json("acts", Kind.ACT, "survey", {"sample": 26, "satisfied": 22})
    digest = hashlib.sha256(b"\x89PNG\x00stamped").hexdigest()
    lines = [
        entry(
            f"city_hub/{name}",
            name,
            None,
            [show("city_hub", name, "operator_access", "yes", receipt, by="inventory", rung="listed")],
        )
        for name, receipt in zip(("甲网", "乙网"), operators, strict=True)
    ]
    return {
        1: {
            "status": "unproven",
            "sentence": "接入带宽未证实",
            "parts": [
                part(
                    "bandwidth",
                    "接入带宽",
                    "unknown",
                    "none",
                    (None, None),
                    formula="没有收到该项数值",
                    rule={"worst": {"at_least": 200}},
                )
            ],
        },
        2: {
            "floor": "0.00",
            "ceiling": "0.00",
            "met": False,
            "status": "not_met",
            "origin": "automatic",
            "numerator": 2,
            "denominator": None,
            "unit": "家",
            "sentence": "可自由接入的通信运营商2家，要求不少于3家",
            "parts": [
                part(
                    "operators",
                    "自由接入的运营商",
                    "not_met",
                    "automatic",
                    (2, None),
                    counted=lines,
                    formula="2，要求不低于3",
                )
            ],
        },
        7: {
            "floor": "4.00",
            "ceiling": "4.00",
            "met": True,
            "status": "proven",
            "origin": "mixed",
            "numerator": 2,
            "denominator": 2,
            "unit": "部",
            "sentence": "小区电梯2部，近7日上报运行状态2部",
            "parts": lift_parts(store),
        },
        10: {
            "floor": "1.60",
            "ceiling": "1.73",
            "met": True,
            "status": "partial",
            "origin": "automatic",
            "numerator": 24,
            "denominator": 30,
            "unit": "户",
            "formula": "24 / 30 × 2 = 1.60",
            "sentence": "小区总户数30户，安装远程智能水表24户，覆盖率80.00%；得分1.60分",
            "assumptions": [{"name": "larger-denominator", "text": "总户数来源不一致时，得分按较大者计算。"}],
            "parts": [water_part(store)],
        },
        44: {
            "floor": "2.00",
            "ceiling": "2.00",
            "met": True,
            "status": "proven",
            "origin": "automatic",
            "numerator": 2410,
            "denominator": 3000,
            "unit": "人",
            "sentence": "户籍居民3000人，建档2410人，建档率80.33%",
            "parts": [
                part(
                    "records",
                    "健康档案",
                    "met",
                    "automatic",
                    (2410, 3000),
                    rule="share at_least 0.8",
                    values=[
                        value_of("建档居民", "2410", statistic, "/list/0/value"),
                        value_of("户籍居民", "3000", statistic, "/list/1/value"),
                    ],
                )
            ],
        },
        74: {
            "floor": "10.00",
            "ceiling": "10.00",
            "met": True,
            "status": "proven",
            "origin": "attested",
            "sentence": "有盖章证明",
            "parts": [
                part(
                    "statement",
                    "制度与措施",
                    "met",
                    "attested",
                    (1, None),
                    counted=[entry(f"act/{act}", "李主任 2026-09-01", None)],
                    values=[value_of("佐证", "yes", act, "/value")],
                    documents=[{"name": "data-protection.pdf", "sha256": digest, "receipt": statement}],
                ),
                part("incidents", "未发生事件", "unknown", "none", (None, None), formula="未提交佐证材料"),
            ],
        },
        76: {
            "floor": "100.00",
            "ceiling": "100.00",
            "met": True,
            "status": "proven",
            "origin": "attested",
            "numerator": 22,
            "denominator": 26,
            "unit": "户",
            "sentence": "抽样26户，满意22户，满意度84.62%",
            "parts": [
                part(
                    "survey",
                    "满意度调查",
                    "met",
                    "attested",
                    (22, 26),
                    values=[
                        value_of("样本户数", "26", survey, "/sample"),
                        value_of("满意户数", "22", survey, "/satisfied"),
                    ],
                )
            ],
        },
    }


def write_run(out: Path, store: Store, number: int, environment: str = "simulated") -> Path:
    """Write one run's folder as the contract says and return it."""
    form = yaml.safe_load(FORM.read_text(encoding="utf-8"))["indicators"]
    built = built_rows(store)
    indicators = [indicator_of(row, built.get(int(row["no"]), {})) for row in form]
    window = {"from": "2026-10-27T00:00:00+08:00", "to": "2026-11-03T00:00:00+08:00", "days": 7}
    card = {
        "community": COMMUNITY,
        "community_name": "示例小区",
        "as_of": "2026-11-03T02:30:00+08:00",
        "window": window,
        "run": number,
        "environment": environment,
        "totals": {"floor": "117.60", "ceiling": "411.73", "attested": "114.00", "base": "117.60", "bonus": "0.00"},
        "prerequisites": {"C": {"met": 1, "of": 11}, "B": {"met": 0, "of": 4}, "A": {"met": 0, "of": 4}},
        "indicators": [short(row) for row in indicators],
    }
    folder = out / COMMUNITY / str(number)
    (folder / "indicators").mkdir(parents=True)
    digests = {
        f"indicators/{row['no']:02d}.json": write_json(folder / "indicators" / f"{row['no']:02d}.json", row)
        for row in indicators
    }
    gap = {"from": 1_793_600_000_000, "to": 1_793_600_060_000, "cause": "broker_restarted", "detail": ""}
    gap_receipt = store.add_json("thingsboard", Kind.GAP, gap["cause"], gap)
    manifest = {
        "format": 1,
        "community": COMMUNITY,
        "run": number,
        "environment": environment,
        "cutoff_receipt": 1,
        "window": {"from_ms": 1, "to_ms": 2, "days": 7, "zone": "Asia/Shanghai"},
        "gaps": [
            {
                "source": "thingsboard",
                "from_ms": gap["from"],
                "to_ms": gap["to"],
                "cause": gap["cause"],
                "receipt": gap_receipt,
            }
        ],
        "files": {**digests, "scorecard.json": write_json(folder / "scorecard.json", card)},
    }
    write_json(folder / "run.json", manifest)
    return folder


def indicator_of(form: Json, built: Json) -> Json:
    points = f"{int(form['points'])}.00"
    unproven: Json = {
        "floor": "0.00",
        "ceiling": points,
        "met": None,
        "numerator": None,
        "denominator": None,
        "unit": "",
    }
    said: Json = {
        "origin": "none",
        "status": "not_built",
        "sentence": "尚未接入，未证实",
        "parts": [],
        "assumptions": [],
        "formula": "",
    }
    words = {name: form[name] for name in ("level1", "level2", "meaning", "content", "type", "points")}
    return {"no": int(form["no"]), "id": form["id"], **words, **unproven, **said, **built}


def short(row: Json) -> Json:
    names = (
        "no",
        "id",
        "level1",
        "level2",
        "type",
        "points",
        "floor",
        "ceiling",
        "met",
        "numerator",
        "denominator",
        "unit",
    )
    brief = ("id", "title", "state", "origin", "numerator", "denominator", "required")
    parts = [{name: one[name] for name in brief} for one in row["parts"]]
    return {**{name: row[name] for name in (*names, "origin", "status", "sentence")}, "parts": parts}


def write_json(path: Path, body: Json) -> str:
    content = json.dumps(body, ensure_ascii=False).encode()
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def build(out: Path) -> Example:
    store = Store()
    folder = write_run(out, store, 3)
    counts = {"received": 300, "stored": 300, "read": 290, "ignored": 6, "unread": 4, "lag": 0, "gaps": 1}
    silent = dict.fromkeys(counts, 0)
    status = [
        {"source": "thingsboard", **counts, "last_seen": RECEIVED_AT, "grade": "A"},
        {
            "source": "acme",
            **silent,
            "received": 5,
            "stored": 5,
            "unread": 5,
            "last_seen": "2026-11-03T01:00:00+08:00",
        },
    ]
    return Example(out, folder, store, status)
