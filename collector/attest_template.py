"""Writes the attesting workbook: what people can show, line by line, with what is known already beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector.attest_layout import ACT_NAMES, OVERRIDES, SKIPPED
from collector.refresh import newest_run, run_folder
from evidence.act_terms import attested_way
from evidence.attest import ActLine, Standing
from evidence.catalogue import Catalogue
from scoring.model import Place
from scoring.rubric import PartSpec, RuleSpec

MOST_DRILLS = 300
"""Lines of drills that are offered; a community with more does not do them line by line."""

Line = dict[str, Any]
"""What stands in one line of a sheet, by the keys of its columns."""


@dataclass(frozen=True, slots=True)
class PartNow:
    """What the newest run says of one part: its state, who showed it, by which measure, and why not more."""

    state: str
    origin: str
    measure: str
    why: str

    @property
    def is_settled(self) -> bool:
        """Return whether nobody needs to attest anything here."""
        return self.state == "not_applicable" or (self.state == "met" and self.origin == "automatic")

    @property
    def is_refuted(self) -> bool:
        """Return whether something was measured that people fill in no more, but only override."""
        return self.state == "not_met" and self.measure != "attested"


@dataclass(frozen=True, slots=True)
class RunNow:
    """What the newest run says: of every part, and at which places (by id) which alarm has not been shown.

    ``number`` is None before the first run; then there is nothing else either.
    """

    number: int | None
    parts: Mapping[tuple[int, str], PartNow]
    unshown: Sequence[tuple[str, str]]


def read_run(out: Path, community: str) -> RunNow:
    """Return what the community's newest run says."""
    number = newest_run(out, community)
    parts = {}
    unshown: dict[tuple[str, str], None] = {}
    folder = run_folder(out, community, number or 0) / "indicators"
    for path in sorted(folder.glob("*.json")) if number is not None else ():
        row = json.loads(path.read_bytes())
        for part in row["parts"]:
            why = part["note"] or (f"自动数据：{part['formula']}" if part["formula"] else "")
            now = PartNow(part["state"], part["origin"], str(part["measure"].get("kind", "")), why)
            parts[row["no"], part["id"]] = now
            if not now.is_settled:
                unshown |= dict.fromkeys(_unshown(part))
    return RunNow(number, parts, tuple(unshown))


def _unshown(part: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the places of a part and the alarms that a drill would show there, and nothing has shown yet."""
    needs = [one.get("any_of", [one])[0] for one in part["measure"].get("show", [])]
    alarms = [one["capability"] for one in needs if "drill" in one.get("by", [])]
    for entry in (*part["rosters"]["missing"], *part["rosters"]["unknown"]):
        shown = {one["capability"] for one in entry["shown"] if one["shown_by"] in {"event", "drill"}}
        yield from ((entry["place"], alarm) for alarm in alarms if alarm not in shown)


def drill_lines(
    unshown: Sequence[tuple[str, str]], places: Mapping[str, Place], alarms: Mapping[str, str]
) -> Iterator[Line]:
    """Yield a line for every place where an alarm has not been shown yet, as the register names it."""
    for place_id, alarm in unshown[:MOST_DRILLS]:
        if place_id in places and alarm in alarms:
            place = places[place_id]
            yield {"label": place.label, "place": place.key, "capability": alarms[alarm]}


def part_lines(
    catalogue: Catalogue,
    states: Mapping[tuple[int, str], PartNow],
    recorded: Sequence[ActLine],
    wholes: Mapping[tuple[int, str], int],
) -> Iterator[Line]:
    """Yield a line for every part that people can attest and nothing else has shown."""
    standing = {
        (line.row, line.part): line
        for line in recorded
        if line.act == "attest" and line.state in {Standing.GOOD, Standing.NO_DOCUMENT}
    }
    for row in catalogue.rubric.rows:
        content = row.content
        for part in row.parts:
            way = attested_way(part)
            now = states.get((row.no, part.id))
            if way is None or (now is not None and now.is_settled):
                continue
            key = (row.no, part.id)
            yield {
                "row": row.no,
                "part": part.id,
                "content": content,
                "title": part.title,
                "state": _state_text(now, standing.get(key)),
                "quantity": None if way.quantity else SKIPPED,
                "unit": _quantity_text(part) if way.quantity else "",
                "whole": _whole_text(wholes.get(key), asked=bool(way.of or way.of_total)),
            }
            # The clause once: in every line it would hide the parts.
            content = "同上"


def _state_text(now: PartNow | None, act: ActLine | None) -> str:
    said = ""
    if act is not None:
        word = "有" if act.value == "yes" else "无"
        lacks = "，缺文件，只计上限" if act.state is Standing.NO_DOCUMENT else ""
        said = f"已登记“{word}”（{act.by} {act.date}，有效期至{act.expires}{lacks}）；不改就空着。"
    if now is None:
        return said or "还没有运行结果"
    if now.is_refuted:
        return f"{said}{now.why}，未达到；佐证不能代替，数据有误请填“{OVERRIDES}”表"
    return said or now.why or "未提交佐证材料"


def _quantity_text(part: PartSpec) -> str:
    way = next(way for way in part.ways if way.measure.kind == "attested")
    bound = _bound_text(way.rule)
    return f"{way.measure.quantity}{'，' if bound else ''}{bound}"


def _bound_text(rule: RuleSpec) -> str:
    if rule.kind == "every":
        return "须全部"
    share = rule.kind == "share"
    words = []
    for word, bound in (("不少于", rule.at_least), ("多于", rule.more_than), ("不超过", rule.at_most)):
        if bound is not None:
            shown = f"总数的{float(bound * 100):g}%" if share else f"{float(bound):g}"
            words.append(f"{word}{shown}")
    return "、".join(words)


def _whole_text(whole: int | None, *, asked: bool) -> object:
    return whole if whole is not None else ("台账未提供" if asked else "")


def question_lines(catalogue: Catalogue, recorded: Sequence[ActLine]) -> Iterator[Line]:
    """Yield a line for everything that is asked once, with what was answered."""
    standing = {
        (line.row, line.part): line for line in recorded if line.act == "not_applicable" and line.state is Standing.GOOD
    }
    for question in catalogue.rubric.questions:
        answered = [standing[key] for key in question.parts if key in standing]
        state = "适用（没有登记不适用）"
        if answered:
            state = f"已登记“否”（{answered[-1].by} {answered[-1].date}）"
        yield {
            "question": question.id,
            "text": question.zh,
            "rows": "、".join(str(no) for no in dict.fromkeys(no for no, _ in question.parts)),
            "state": state,
        }


def recorded_lines(recorded: Sequence[ActLine]) -> Iterator[Line]:
    """Yield a line for every recorded act, oldest first."""
    words = {"yes": "有", "no": "无"}
    for line in recorded:
        yield {
            "receipt": line.receipt,
            "act": ACT_NAMES.get(line.act, line.act),
            "row": line.row,
            "title": line.title,
            "place": line.part,
            "value": words.get(line.value, line.value),
            "quantity": None if line.quantity is None else f"{line.quantity}{line.unit}",
            "document": line.document,
            "by": line.by,
            "date": line.date,
            "expires": line.expires,
            "state": str(line.state),
        }


def drill_alarms(catalogue: Catalogue, alarms: Mapping[str, str]) -> dict[str, str]:
    """Return the alarms that a drill would prove in this rubric, with their Chinese names; all where it asks none."""
    measures = [way.measure for row in catalogue.rubric.rows for part in row.parts for way in part.ways]
    asked = {
        need.capability for measure in measures for one in measure.show for need in one.choices if "drill" in need.by
    }
    return {name: zh for name, zh in alarms.items() if name in asked} or dict(alarms)
