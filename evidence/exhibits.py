"""The exhibits (证明材料): for each row of the form one short page that explains its figure to a reader of paper.

Every word comes from the scorecard, the rows' records (``indicators/NN.json``) and the days of the window; a key that
one of them lacks leaves its line out. Nothing here draws: the pages go to :mod:`evidence.sheet_pdf` as plain data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.vocabulary import ValueKind
from evidence.catalogue import Catalogue
from evidence.daily import Daily, read_daily
from evidence.exhibit_charts import choose_charts, measured_signs
from evidence.exhibit_proof import attach_documents, choose_witnesses, list_rosters, list_sources, list_unplaced
from evidence.exhibit_words import (
    ENVIRONMENTS,
    LEGEND,
    MARKS,
    ORIGINS,
    STATES,
    STATUSES,
    describe_measure,
    name_source,
)
from evidence.gap_lines import say_gaps
from evidence.ledger import Ledger
from evidence.sheet import Block, Book, Charts, Grid, Heading, Sheet, Text
from evidence.sheet_pdf import print_book
from evidence.window import Window
from scoring.model import Facts

TITLE = "证明材料"
EXHIBITS_FILE = "exhibits.pdf"
SIMULATED_NOTICE = "模拟数据：本材料根据模拟设备的消息生成，不得用于申报。"
MOST_VALUES = 10
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Glossary:
    """Chinese names of capabilities and figures, and the units of those capabilities that are numbers."""

    names: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)


def print_exhibits(
    ledger: Ledger,
    catalogue: Catalogue,
    facts: Facts,
    window: Window,
    *,
    scorecard: Row,
    indicators: Mapping[int, Row],
    run_json: bytes,
    created: datetime,
) -> bytes:
    """Return the exhibits of a run as PDF, with charts from the ledger as it stands; ``run_json`` is what they cite."""
    sources = {spec.id for spec in catalogue.sources.values() if spec.community == facts.community}
    numbers = {
        name: word.unit for name, word in catalogue.vocabulary.capabilities.items() if word.kind is ValueKind.NUMBER
    }
    daily = read_daily(ledger, sources, window, measured_signs(indicators, numbers))
    glossary = Glossary(facts.names, numbers)
    digest = hashlib.sha256(run_json).hexdigest()
    gaps = say_gaps(facts.gaps, window.zone)
    return write_exhibits(scorecard, indicators, daily, glossary, run_sha256=digest, created=created, gaps=gaps)


def write_exhibits(
    scorecard: Row,
    indicators: Mapping[int, Row],
    daily: Daily,
    glossary: Glossary,
    *,
    run_sha256: str,
    created: datetime,
    gaps: str = "",
) -> bytes:
    """Return the exhibits as PDF bytes; the same bytes for the same arguments."""
    return print_book(compose_book(scorecard, indicators, daily, glossary, run_sha256, gaps), created)


def compose_book(
    scorecard: Row, indicators: Mapping[int, Row], daily: Daily, glossary: Glossary, run_sha256: str, gaps: str = ""
) -> Book:
    """Return the cover, the contents and one sheet for each row of the scorecard, in its order.

    ``gaps`` says, a line each, when the sources could not be heard; the cover prints it.
    """
    rows = scorecard["indicators"]
    name, run = scorecard.get("community_name") or scorecard["community"], scorecard["run"]
    stamp = ENVIRONMENTS.get(str(scorecard.get("environment")), str(scorecard.get("environment")))
    return Book(
        title=TITLE,
        head=f"{TITLE}　{name}　第{run}次运行",
        stamp=stamp,
        foot=f"run.json SHA-256 {run_sha256}",
        front=lambda pages: (_compose_cover(scorecard, run_sha256, gaps), _compose_contents(rows, indicators, pages)),
        sheets=tuple(compose_exhibit(scorecard, indicators[int(row["no"])], daily, glossary) for row in rows),
    )


# ---------------------------------------------------------------- cover and contents


def _compose_cover(scorecard: Row, run_sha256: str, gaps: str) -> Sheet:
    totals = {"floor": "", "ceiling": "", "base": "", "bonus": "", "attested": "", **(scorecard.get("totals") or {})}
    prerequisites = scorecard.get("prerequisites") or {}
    facts = (
        ("申报小区", f"{scorecard.get('community_name', '')}（{scorecard['community']}）"),
        ("运行", f"第{scorecard['run']}次，数据截至 {scorecard.get('as_of', '')}"),
        ("统计窗口", _say_window(scorecard)),
        ("run.json SHA-256", f"{run_sha256}\n（申报表和本材料每一页都印有此值；它覆盖本次运行的全部数据文件）"),
        (
            "得分",
            "{floor}（基础分 {base}，加分项 {bonus}；其中含人工佐证的指标 {attested}）".format_map(totals),
        ),
        ("得分上限", str(totals["ceiling"])),
        ("★ 前置指标", "　".join(f"{grade} {one['met']} / {one['of']}" for grade, one in prerequisites.items())),
        *([("接收中断", f"{gaps}\n（其间的消息可能缺失；以最不利值计的分项因此不能证实）")] if gaps else []),
        ("核对", "zhizheng verify evidence.zip：从原始记录重算全部数字，并与申报表、本材料逐一比对"),
    )
    notice = [Text(SIMULATED_NOTICE, 11)] if scorecard.get("environment") == "simulated" else []
    return Sheet(
        TITLE,
        (
            Heading(f"{TITLE}（银川市智慧小区申报表 附件）" if _is_whole(scorecard) else TITLE, level=1),
            *notice,
            Grid((32, 148), facts, size=9, labels=True),
            Heading("怎样读"),
            Grid((28, 152), LEGEND, size=8.5, labels=True),
        ),
    )


def _is_whole(scorecard: Row) -> bool:
    return len(scorecard["indicators"]) > 1


def _compose_contents(rows: Sequence[Row], indicators: Mapping[int, Row], pages: Sequence[int]) -> Sheet:
    lines = [
        (
            str(row["no"]),
            _title(indicators[int(row["no"])]),
            MARKS[row.get("met")].replace("（未证实）", "*"),
            f"{row['floor']} / {row['points']}",
            str(page),
        )
        for row, page in zip(rows, pages, strict=True)
    ]
    half = (len(lines) + 1) // 2
    right = [*lines[half:], *[("",) * 5] * (2 * half - len(lines))]
    head = ("序号", "指标", "具备", "得分 / 分值", "页")
    return Sheet(
        "目录",
        (
            Heading("目录", "√ 具备　О 不具备　О* 未证实", level=1),
            Grid(
                (9, 43, 10, 20, 8) * 2,
                tuple((*one, *other) for one, other in zip(lines[:half], right, strict=True)),
                head=head * 2,
                size=7.5,
                centred=frozenset({0, 2, 3, 4, 5, 7, 8, 9}),
            ),
        ),
    )


def _say_window(scorecard: Row) -> str:
    window = scorecard.get("window") or {}
    begin, end = (str(window.get(key, "")).replace("T", " ") for key in ("from", "to"))
    return f"{begin} 至 {end}（不含），{window.get('days', '')}个自然日"


def _title(indicator: Row) -> str:
    title = indicator.get("title")
    named = title.get("zh") if isinstance(title, Mapping) else title
    return str(named or indicator.get("level2") or indicator.get("id") or "")


# ---------------------------------------------------------------- one exhibit


def compose_exhibit(scorecard: Row, indicator: Row, daily: Daily, glossary: Glossary) -> Sheet:
    """Return the sheet of one row: the form's words, our figure, its parts, what shows them, and how to check it."""
    no, title = int(indicator["no"]), _title(indicator)
    last = datetime.fromisoformat(str(scorecard["window"]["to"])).date() - timedelta(days=1)
    parts = tuple(indicator.get("parts") or ())
    charts = choose_charts(parts, daily, glossary.names, glossary.units)
    where = f"indicators/{no:02}.json"
    blocks: list[Block] = [
        Heading(f"{TITLE} {no}　{title}", f"{indicator.get('type', '')}　{indicator.get('points', '')}分", level=1),
        *_say_clause(scorecard, indicator),
        *_list_parts(parts, glossary),
        *_table("数据来源", (10, 30, 16, 66, 16, 18, 24), _SOURCES_HEAD, list_sources(parts, last)),
        *_table("名册（全表见 " + where + "）", (10, 18, 14, 138), _ROSTERS_HEAD, list_rosters(parts)),
        *_table("依据的数值", (10, 76, 40, 34, 20), _VALUES_HEAD, _list_values(parts)),
        *_table("附件", (10, 60, 34, 36, 30, 18), _DOCUMENTS_HEAD, attach_documents(parts)),
        *_table("地址不在台账中的设备（不计入）", (10, 44, 58, 68), _UNPLACED_HEAD, list_unplaced(parts)),
        *((Heading("窗口内逐日"), Charts(charts)) if charts else ()),
        *_say_assumptions(indicator),
        Heading("如何核对"),
        *_table("", (16, 26, 92, 46), _WITNESS_HEAD, choose_witnesses(parts)),
        Text(_say_check(no, scorecard, where), 7.5),
    ]
    return Sheet(f"{no} {title}", tuple(blocks))


_LEVELS = ("level1", "level2", "meaning")
_PARTS_HEAD = ("分项", "名称", "怎样计数", "判定", "结果", "证明")
_SOURCES_HEAD = ("分项", "数据源", "方式", "内容", "设备", "见证记录", "最近一天")
_ROSTERS_HEAD = ("分项", "名册", "数量", "名单（前几处）")
_VALUES_HEAD = ("分项", "名称", "数值", "来源", "收据号")
_DOCUMENTS_HEAD = ("分项", "文件", "SHA-256（前16位）", "填报人、日期", "有效期", "收据号")
_UNPLACED_HEAD = ("分项", "设备", "申报地址", "可能的位置")
_WITNESS_HEAD = ("收据号", "数据源", "证明什么", "值在记录中的位置")


def _table(
    title: str, widths: tuple[float, ...], head: tuple[str, ...], rows: Sequence[tuple[str, ...]]
) -> tuple[Block, ...]:
    if not rows:
        return ()
    grid = Grid(widths, tuple(rows), head=head, size=7.5, centred=frozenset({0}))
    return (Heading(title), grid) if title else (grid,)


def _say_clause(scorecard: Row, indicator: Row) -> tuple[Block, ...]:
    n, m, unit = (indicator.get(key) for key in ("numerator", "denominator", "unit"))
    quantity = "—" if n is None else f"{n}{'' if m is None else f' / {m}'} {unit or ''}".strip()
    floor, ceiling = str(indicator.get("floor", "")), str(indicator.get("ceiling", ""))
    status, origin = str(indicator.get("status", "")), str(indicator.get("origin", ""))
    return (
        Grid(
            (30, 24, 24, 20, 34, 24, 24),
            ((MARKS[indicator.get("met")], floor, ceiling, str(indicator.get("points", "")), quantity,
              ORIGINS.get(origin, origin), STATUSES.get(status, status)),),
            head=("是否具备", "具体得分", "得分上限", "分值", "数量 n / m", "证明", "结果"),
            size=10.5,
            centred=frozenset(range(7)),
        ),
        Grid(
            (27, 153),
            tuple(
                (label, text)
                for label, text in (
                    ("指标及含义", " / ".join(str(indicator[key]) for key in _LEVELS if indicator.get(key))),
                    ("评价内容（原文）", str(indicator.get("content") or "")),
                    ("完成情况", str(indicator.get("sentence") or "")),
                    ("得分怎样算", str(indicator.get("formula") or "")),
                    ("人工改分", _say_override(indicator.get("override"))),
                    ("统计窗口", _say_window(scorecard)),
                )
                if text
            ),
            labels=True,
        ),
    )  # fmt: skip


def _say_override(override: object) -> str:
    """Return both values of an overridden row, who decided it, when, why, and with which document."""
    if not isinstance(override, Mapping):
        return ""
    said = (
        f"计算得分 {override.get('computed', '')}，改为 {override.get('points', '')}",
        f"{override.get('by', '')} {override.get('date', '')}".strip(),
        str(override.get("reason") or ""),
        f"材料：{override.get('document') or '无（只能降低得分）'}",
        f"收据号 #{override['receipt']}" if override.get("receipt") else "",
    )
    return "；".join(text for text in said if text)


def _list_parts(parts: Sequence[Row], glossary: Glossary) -> tuple[Block, ...]:
    rows = []
    for number, part in enumerate(parts, 1):
        state, origin = str(part.get("state", "")), str(part.get("origin", ""))
        note, formula = str(part.get("note") or ""), str(part.get("formula") or "")
        verdict = formula if not note or note == formula else f"{formula}\n{note}".strip()
        rows.append(
            (
                str(number),
                str(part.get("title") or part.get("id") or ""),
                describe_measure(part.get("measure"), glossary.names),
                verdict,
                STATES.get(state, state),
                "—" if (state, origin) == ("not_met", "none") else ORIGINS.get(origin, origin),
            )
        )
    return _table("分项", (10, 34, 72, 36, 14, 14), _PARTS_HEAD, rows)


def _list_values(parts: Sequence[Row]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for number, part in enumerate(parts, 1):
        # That somebody said yes stands with the document below.
        values = [value for value in part.get("values") or () if value.get("value") not in {"yes", "no"}]
        rows += [
            (
                str(number),
                str(value.get("title") or value.get("name") or ""),
                f"{value.get('value', '')} {value.get('unit') or ''}".strip(),
                name_source(value.get("source", "")),
                f"#{value['receipt']}" if value.get("receipt") else "",
            )
            for value in values[:MOST_VALUES]
        ]
        if len(values) > MOST_VALUES:
            rows.append((str(number), f"……等{len(values)}项", "", "", ""))
    return rows


def _say_assumptions(indicator: Row) -> tuple[Block, ...]:
    texts = [str(one.get("text") or one.get("name") or "") for one in indicator.get("assumptions") or ()]
    if not texts:
        return ()
    return Heading("本项的约定（申报表未写明之处）"), Text("\n".join(f"· {text}" for text in texts), 8)


def _say_check(no: int, scorecard: Row, where: str) -> str:
    simulated = "（模拟数据须加 --allow-simulated）" if scorecard.get("environment") == "simulated" else ""
    return (
        f"1　网页：执行 zhizheng serve，打开 /rows/{no}?run={scorecard['run']}，每个数字都能点开，直至原始字节；"
        f"单条记录为 /records/收据号。\n"
        f"2　离线：取得 evidence.zip，执行 zhizheng verify evidence.zip{simulated}，"
        f"由原始记录重算本页每个数字并与本页比对。\n"
        f"3　全部名册和收据号在 evidence.zip 内的 data/{where}；其 SHA-256 写在 run.json 中，"
        f"run.json 的 SHA-256 印在每页页脚。"
    )
