"""The acts file of the simulated community: what people decided, with their documents, as the product imports it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import yaml

from collector.simulate.community import Community
from collector.simulate.paper import print_pdf
from collector.simulate.people import SIGNED, Attestation

_EXPIRES = date(2027, 10, 20)
_SURVEYED = date(2026, 10, 25)
_FOLDER = "documents"
_SURVEY_SHEET = f"{_FOLDER}/满意度调查汇总表.pdf"


class _PlainDumper(yaml.SafeDumper):
    """Writes every value out where it stands, without anchors: people read and edit this file."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def acts(community: Community) -> list[dict[str, object]]:
    """Return the rows of the acts file: attestations and the survey; documents are named relative to the file."""
    rows: list[dict[str, object]] = [
        {
            "act": "attest",
            "row": item.row,
            "part": item.part,
            "value": "yes",
            "quantity": item.quantity,
            "document": _file(item),
            "by": item.by,
            "date": SIGNED,
            "expires": _EXPIRES,
        }
        for item in community.attestations
    ]
    survey = community.survey
    rows.append(
        {
            "act": "survey",
            "row": 76,
            "sample": survey.sample,
            "satisfied": survey.satisfied,
            "occupied": survey.occupied,
            "document": _SURVEY_SHEET,
            "by": "陈社工",
            "date": _SURVEYED,
        }
    )
    return rows


def documents(community: Community) -> Mapping[str, bytes]:
    """Return relative path -> PDF of every document the acts name."""
    survey = community.survey
    papers = {
        _file(item): print_pdf(
            f"示例小区 {item.document}\n指标 {item.row} 分项 {item.part}\n"
            + ("" if item.quantity is None else f"数量：{item.quantity}\n")
            + f"经核实，情况属实。\n签字：{item.by}（盖章）\n日期：{SIGNED}\n"
        )
        for item in community.attestations
    }
    papers[_SURVEY_SHEET] = print_pdf(
        f"示例小区 居民满意度调查汇总表\n入住户数：{survey.occupied}\n抽样户数：{survey.sample}\n"
        f"满意户数：{survey.satisfied}\n日期：{_SURVEYED}\n"
    )
    return papers


def write_acts(file: Path, community: Community) -> None:
    """Write the acts file (YAML) and, beside it, the documents it names. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    for name, content in documents(community).items():
        target = file.parent / name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(content)
    text = yaml.dump(acts(community), Dumper=_PlainDumper, allow_unicode=True, sort_keys=False)
    file.write_text(text, encoding="utf-8")


def _file(item: Attestation) -> str:
    return f"{_FOLDER}/{item.row:02d}-{item.document}.pdf"
