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
from scoring.rubric import PartSpec, RuleSpec

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


def read_states(out: Path, community: str) -> tuple[int | None, dict[tuple[int, str], PartNow]]:
    """Return the newest run's number and what it says of every part; (None, {}) before the first run."""
    number = newest_run(out, community)
    if number is None:
        return None, {}
    found = {}
    for path in sorted((run_folder(out, community, number) / "indicators").glob("*.json")):
        row = json.loads(path.read_bytes())
        for part in row["parts"]:
            kind = str(part["measure"].get("kind", ""))
            why = part["note"] or part["formula"]
            found[row["no"], part["id"]] = PartNow(part["state"], part["origin"], kind, why)
    return number, found


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
        return f"{said}自动数据未达到要求（{now.why}），佐证不能代替；数据有误请填“{OVERRIDES}”表"
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
