"""What a run lacks, as the command line shows it: for people, for programs, and as a table file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml
from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from collector.house import PRODUCT, House
from connectors.profile import Profile, parse_profile
from evidence.catalogue import RUBRIC
from evidence.form_tables import write_csv
from evidence.gaps import Cause, PartGap, RowGap, find_gaps
from evidence.supply import Shelf, Supplier, Who

PLACES_SHOWN = 4
"""How many places of a part are named on the screen; the rest is counted."""

WHO = {
    Who.PLATFORM: "平台",
    Who.HUB: "市级平台",
    Who.PROPERTY_IT: "物业信息技术人员",
    Who.PERSON: "人工佐证",
    Who.PENDING: "待定厂商",
}
# The cause says all that the note would say.
_IN_WORDS = {Cause.SILENT, Cause.NO_FIGURE, Cause.NO_LIST, Cause.DOCUMENT}


def open_shelf(house: House, community: str) -> Shelf:
    """Return what the community's sources are read with, and every profile of the product and the site beside them."""
    spare: dict[str, Profile] = {}
    for folder in (PRODUCT / "connectors" / "platforms", house.data / "platforms"):
        for path in sorted(folder.glob("*/profile.yaml")):
            spare[path.parent.name] = parse_profile(yaml.safe_load(path.read_text("utf-8")), str(path))
    return Shelf(house.catalogue, community, spare)


def read_gaps(folder: Path, shelf: Shelf) -> tuple[dict[str, Any], tuple[RowGap, ...]]:
    """Return a run's scorecard and what it lacks; raises GapError where the rubric is another one than the run's."""
    scorecard = json.loads((folder / "scorecard.json").read_bytes())
    indicators = {
        int(row["no"]): json.loads((folder / "indicators" / f"{int(row['no']):02}.json").read_bytes())
        for row in scorecard["indicators"]
    }
    return scorecard, find_gaps(scorecard, indicators, shelf)


def is_other_rubric(folder: Path, shelf: Shelf) -> bool:
    """Return whether the run was made with another rubric than the settings name now."""
    stated = json.loads((folder / "run.json").read_bytes())["catalogue"].get(RUBRIC)
    return bool(stated != shelf.catalogue.digests[RUBRIC])


def gaps_json(scorecard: Mapping[str, Any], gaps: Sequence[RowGap], shelf: Shelf) -> dict[str, Any]:
    """Return everything a run lacks for programs; points are decimal text, every place is there."""
    return {
        "community": scorecard["community"],
        "run": scorecard["run"],
        "as_of": scorecard["as_of"],
        "environment": scorecard["environment"],
        "totals": scorecard["totals"],
        "rows": [_row_json(row, shelf) for row in gaps],
    }


def _row_json(row: RowGap, shelf: Shelf) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads(json.dumps(asdict(row), ensure_ascii=False, default=str))
    for part, given in zip(entry["parts"], row.parts, strict=True):
        part["lacks_titles"] = [shelf.name(word) for word in given.lacks]
    return {**entry, "together": row.together, "lacking": row.lacking}


def gaps_table(scorecard: Mapping[str, Any], gaps: Sequence[RowGap], top: int) -> RenderableType:
    """Return the rows that bring most, the first ``top`` of them (0: all), and what the run stands at."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name, right in (("序号", True), ("指标", False), ("类型", False), ("分值", True)):
        table.add_column(name, justify="right" if right else "left", overflow="fold", max_width=14)
    for name in ("得分", "上限", "可增"):
        table.add_column(name, justify="right")
    for name in ("缺什么", "为什么", "谁能补"):
        table.add_column(name, overflow="fold")
    shown = gaps[: top or None]
    for row in shown:
        _add(table, row)
    totals = scorecard["totals"]
    lines = [
        f"{scorecard['community_name']}　第{scorecard['run']}次运行　得分 {totals['floor']}　上限 {totals['ceiling']}"
        + ("　模拟数据" if scorecard["environment"] == "simulated" else ""),
        f"未得满分 {len(gaps)} 项；全部未证实和缺失的都补上，可再得 {sum(row.gain for row in gaps)} 分。",
        "可增为0：已有事实不符合要求，或已有人工更正；补材料不能增加得分。",
    ]
    if len(shown) < len(gaps):
        lines.append(f"另有 {len(gaps) - len(shown)} 项未列出：--top 0 列出全部，--json 含全部位置。")
    return Group(table, *(Text(line) for line in lines))


def _add(table: Table, row: RowGap) -> None:
    head = (str(row.no), row.title, row.type, str(row.points), str(row.floor), _ceiling(row), str(row.gain))
    remarks = [remark] if (remark := _remark(row)) else []
    for index, part in enumerate(row.parts or (None,)):
        cells = ("",) * 3 if part is None else (Text(describe_part(part)), _causes(part), _suppliers(part.suppliers))
        table.add_row(*(head if index == 0 else ("",) * len(head)), *cells)
    for line in remarks:
        table.add_row(*("",) * len(head), Text(line), "", "")


def _ceiling(row: RowGap) -> str:
    return str(row.ceiling) if row.ceiling_known else f"{row.ceiling}（未知）"


def _remark(row: RowGap) -> str:
    if row.decided:
        return "※ 已由人工更正决定得分"
    if not row.together:
        return ""
    alone = f"；只补齐这些可得{row.gates_alone}分" if row.gates_alone else ""
    return f"※ 须同时解决{len(row.gates)}个分项才得分：{'、'.join(row.gates)}{alone}"


def describe_part(part: PartGap) -> str:
    """Return one line: the part, its figure, how many more are needed, and the first places."""
    figure = "" if part.n is None else f" {part.n}" if part.m is None else f" {part.n}/{part.m}"
    needed = f"，还需{part.needed}" if part.needed else ""
    text = f"{part.title}{figure}{needed}"
    if part.note and _IN_WORDS.isdisjoint(part.causes):
        text += f"（{part.note}）"
    labels = [place.label for place in part.places]
    if labels:
        text += f"：{'、'.join(labels[:PLACES_SHOWN])}"
        text += f" 等{len(labels)}处" if len(labels) > PLACES_SHOWN else ""
    if part.unplaced:
        text += f"；另有{part.unplaced}台设备未对应到台账位置"
    return text


def _causes(part: PartGap) -> str:
    return "、".join(f"{cause}×{count}" if count > 1 else str(cause) for cause, count in part.causes.items())


def _suppliers(suppliers: Sequence[Supplier]) -> str:
    return "；".join(describe_supplier(one) for one in suppliers)


def describe_supplier(one: Supplier) -> str:
    """Return who it is and by which profile, list, document or code, in one short text."""
    if one.who is Who.PLATFORM:
        return f"{WHO[one.who]}{one.name}（{one.spec}）"
    if one.who is Who.HUB:
        return f"{WHO[one.who]}{one.name}（{'、'.join(one.how)}）"
    if one.who is Who.PERSON:
        return f"{'、'.join(one.how)}（分项{one.name}）"
    if one.who is Who.PENDING:
        return f"{WHO[one.who]}·{one.name}" + (f"（可用协议：{one.spec}）" if one.spec else "（协议待定）")
    return f"{WHO[one.who]}：{one.name}"


def places_csv(gaps: Sequence[RowGap], shelf: Shelf) -> bytes:
    """Return every place that lacks something as CSV in UTF-8 with a byte order mark; no cell is a formula."""
    head = ["指标", "指标名称", "可增分", "分项编号", "分项", "位置", "状态", "缺什么", "原因", "谁能补"]
    return write_csv([head, *(line for row in gaps for part in row.parts for line in _lines(row, part, shelf))])


def _lines(row: RowGap, part: PartGap, shelf: Shelf) -> Iterator[list[str]]:
    head = [str(row.no), row.title, str(row.gain), f"{row.no}/{part.id}", part.title]
    who = _suppliers(part.suppliers)
    if not part.places:
        yield [*head, "", "未知" if part.state == "unknown" else "不具备", _names(part.lacks, shelf), part.note, who]
    for place in part.places:
        state = "缺失" if place.roster == "missing" else "未证实"
        yield [*head, place.label, state, _names(place.lacks, shelf), place.reason, who]


def _names(words: Sequence[str], shelf: Shelf) -> str:
    return "、".join(shelf.name(word) for word in words)
