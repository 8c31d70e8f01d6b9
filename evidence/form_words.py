"""What a filled declaration says, in words: marks, sums, fields and the lines at the head and foot of its pages.

Writers and readers of the form take their words from here, so that both mean the same. Pure: mappings in, text out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

MET = "√"
NOT_MET = "О"  # the letter the form itself prints, U+041E
UNPROVEN = "О（未证实）"
SELF_ASSESSED = "（自评）"
REVIEWED = "审核："
REVIEW_ROOM = f"{REVIEWED}________"
ENVIRONMENTS = {"production": "", "simulated": "模拟数据"}
SIMULATED_NOTICE = "模拟数据：本表根据模拟设备的消息生成，不得用于申报。"

COLUMNS = ("level1", "level2", "meaning", "content", "type", "points", "met", "score", "sentence")
PRINTED = COLUMNS[:6]
TOTALS = ("base", "bonus", "floor")
EXHIBITS = "证明材料.pdf"
_MOST_NAMES = 8
_BREAKS = re.compile(r"[\t\r\n]+")


class FormError(ValueError):
    """A form that cannot be filled or read; the message names the value and the mend."""


def met_mark(*, met: bool | None) -> str:
    """Return what stands under 是否具备: √, О, or О（未证实） where nothing is proven."""
    if met is None:
        return UNPROVEN
    return MET if met else NOT_MET


# ---------------------------------------------------------------- the fields of parts one, two and four


def sections(form_text: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Return the form's parts by name, in its order."""
    return ((name, part) for name, part in form_text.items() if isinstance(part, Mapping) and "heading" in part)


def fields(section: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Return the fields of one part, in its order."""
    return (field for row in section.get("rows", ()) for field in row)


def is_ours(section: Mapping[str, Any]) -> bool:
    """Return whether the applicant fills a part; the others stay blank for the authorities."""
    return section.get("filled_by") != "authority"


def field_ids(form_text: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys that ``basics`` may have: the form's fields that the applicant fills, in the form's order."""
    return tuple(field["id"] for _, section in sections(form_text) if is_ours(section) for field in fields(section))


def register_basics(
    form_text: Mapping[str, Any], counts: Mapping[str, int], totals: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the fields that the register fills.

    ``counts`` is its count of each kind of place (住户数, 楼栋数, 单元数), ``totals`` what it states of persons
    (人口数, 党员数 …). What it does not know is left out and stays blank.
    """
    found: dict[str, str] = {}
    for _, section in sections(form_text):
        for field in fields(section):
            counted, stated = counts.get(field.get("register", "")), (totals or {}).get(field.get("total", ""))
            if counted is not None and stated is not None and stated.isdecimal():
                # The households of the form are the ones its rows divide by: the larger of the two.
                found[field["id"]] = str(max(counted, int(stated)))
            elif counted is not None:
                found[field["id"]] = str(counted)
            elif stated is not None:
                found[field["id"]] = stated
    return found


def proof_text(exhibits: int, documents: Sequence[str]) -> str:
    """Return what stands behind 证明材料: the file of exhibits with their number, and the attested documents.

    ``exhibits`` is 0 where none were written. Both unknown gives "", so that the field stays blank.
    """
    said = []
    if exhibits:
        said.append(f"{EXHIBITS}，共{exhibits}份，按指标序号编排")
    if documents:
        named = "、".join(documents[:_MOST_NAMES])
        more = "等" if len(documents) > _MOST_NAMES else ""
        said.append(f"人工佐证文件{len(documents)}份：{named}{more}")
    return "；".join(said) + "。" if said else ""


def field_values(
    form_text: Mapping[str, Any], scorecard: Mapping[str, Any], basics: Mapping[str, str]
) -> dict[str, str]:
    """Return the applicant's texts by field; raises FormError for a field that the applicant does not fill."""
    known = field_ids(form_text)
    for key in basics:
        if key not in known:
            raise FormError(f"basics: {key!r} is not a field the applicant fills; the fields are {', '.join(known)}")
    return {"community_name": str(scorecard["community_name"]), **{key: text for key, text in basics.items() if text}}


def field_lines(
    form_text: Mapping[str, Any], scorecard: Mapping[str, Any], basics: Mapping[str, str]
) -> list[tuple[str, str, str | None]]:
    """Return (part, label, text) of every field, in the form's order; the text is None where the authorities write."""
    values = field_values(form_text, scorecard, basics)
    return [
        (
            str(section["heading"]),
            str(field["label"]),
            (values.get(field["id"]) or str(field.get("example", ""))) if is_ours(section) else None,
        )
        for _, section in sections(form_text)
        for field in fields(section)
    ]


# ---------------------------------------------------------------- part three


def joined_rows(scorecard: Mapping[str, Any], form_text: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return every row of part three as text by the name of its column; raises FormError where the two do not fit."""
    scored = {row["no"]: row for row in scorecard["indicators"]}
    printed = [entry["no"] for entry in form_text["rows"]]
    if printed != list(range(1, len(printed) + 1)):
        raise FormError("form: its rows are not numbered 1, 2, 3 …; put them into the form's order")
    if set(scored) != set(printed) or len(scorecard["indicators"]) != len(printed):
        odd = sorted(set(scored) ^ set(printed)) or ["one number twice"]
        raise FormError(f"scorecard and form have different rows: {odd}; refresh with the rubric of this form")
    return [{key: str(entry[key]) for key in PRINTED} | answers(scored[entry["no"]]) for entry in form_text["rows"]]


def answers(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the three cells that the applicant fills in a row of part three."""
    return {"met": met_mark(met=row["met"]), "score": row["floor"], "sentence": row["sentence"]}


def sums(scorecard: Mapping[str, Any]) -> list[str]:
    """Return what stands behind 核定分数, 加分项得分 and 总分数: the applicant's own figures, marked as such."""
    return [f"{scorecard['totals'][key]}{SELF_ASSESSED}" for key in TOTALS]


def notes(scorecard: Mapping[str, Any]) -> tuple[str, str]:
    """Return the two lines below the sums: what is attested and unproven, and which prerequisites are met."""
    totals = scorecard["totals"]
    open_points = Decimal(totals["ceiling"]) - Decimal(totals["floor"])
    prerequisites = "，".join(
        f"★{grade} {count['met']}/{count['of']}项"
        for grade, count in sorted(scorecard["prerequisites"].items(), reverse=True)
    )
    return (
        f"得分为申报单位自评，只计已证实的部分，其中有证明文件的人工佐证{totals['attested']}分；另有{open_points}分未证实，未计入。审核得分由审核单位填写。",
        f"已具备的前提指标：{prerequisites}。〔〕内为指标序号；{UNPROVEN}表示尚无证据，不等于不具备。",
    )


# ---------------------------------------------------------------- the lines on every page


def head_line(scorecard: Mapping[str, Any]) -> str:
    """Return the first line at the top of every page: community, run and window."""
    window = scorecard["window"]
    return f"{run_line(scorecard)}　统计时段 {_day(window['from'])} 至 {_day(window['to'])}（{window['days']} 天）"


def run_line(scorecard: Mapping[str, Any]) -> str:
    """Return which run of which community the paper is of."""
    name = _BREAKS.sub(" ", str(scorecard["community_name"]))
    return f"{name}（{scorecard['community']}）　第 {scorecard['run']} 次运行"


def seal_line(run_sha256: str, key_fingerprint: str | None = None) -> str:
    """Return the second line at the top of every page: the digest that ties the paper to its run, and the key's."""
    return f"run.json SHA-256：{run_sha256}" + (f"　{_key_line(key_fingerprint)}" if key_fingerprint else "")


def foot_lines(scorecard: Mapping[str, Any], run_sha256: str, key_fingerprint: str | None = None) -> list[str]:
    """Return the lines at the bottom of every page: run and digest, and below it the key where there is one."""
    first = f"{run_line(scorecard)}　{seal_line(run_sha256)}"
    return [first, _key_line(key_fingerprint)] if key_fingerprint else [first]


def _key_line(key_fingerprint: str) -> str:
    return f"密钥指纹：{key_fingerprint}"


def _day(moment: str) -> str:
    return moment[:16].replace("T", " ")


def moment_of(scorecard: Mapping[str, Any]) -> datetime:
    """Return when the run was claimed; raises FormError where that is no time."""
    as_of = str(scorecard["as_of"])
    try:
        moment = datetime.fromisoformat(as_of)
    except ValueError:
        raise FormError(f"scorecard: as_of is {as_of!r}; write an ISO time such as 2026-11-03T00:00:00+08:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def environment_mark(scorecard: Mapping[str, Any]) -> str:
    """Return 模拟数据 for a simulated run, "" for a real one; raises FormError for an environment nobody knows."""
    name = scorecard["environment"]
    if name not in ENVIRONMENTS:
        raise FormError(f"scorecard: environment {name!r} is not one of {', '.join(ENVIRONMENTS)}")
    return ENVIRONMENTS[name]
