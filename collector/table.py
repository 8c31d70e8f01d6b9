"""Prints a scorecard and the status of the sources as tables people can read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

ORIGINS = {"automatic": "自动", "attested": "佐证", "mixed": "自动+佐证", "none": "—"}


def scorecard_table(scorecard: Mapping[str, Any], *, built_only: bool = False) -> RenderableType:
    """Return the rows, totals and prerequisites; ``built_only`` leaves out rows that are not measured yet."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("序号", justify="right")
    table.add_column("指标", overflow="fold", max_width=18)
    table.add_column("类型")
    table.add_column("具备")
    table.add_column("得分", justify="right")
    table.add_column("上限", justify="right")
    table.add_column("分值", justify="right")
    table.add_column("数量", justify="right")
    table.add_column("来源")
    table.add_column("完成情况", overflow="fold")
    hidden = 0
    for row in scorecard["indicators"]:
        if built_only and row["status"] == "not_built":
            hidden += 1
            continue
        table.add_row(
            str(row["no"]),
            row["level2"],
            row["type"],
            met_mark(row["met"]),
            row["floor"],
            row["ceiling"],
            row["points"],
            n_of_m(row),
            ORIGINS[row["origin"]],
            Text(row["sentence"]),
        )
    totals = scorecard["totals"]
    grades = "　".join(
        f"★{grade} {one['met']}/{one['of']}" for grade, one in sorted(scorecard["prerequisites"].items(), reverse=True)
    )
    lines = [
        f"{scorecard['community_name']}　第{scorecard['run']}次运行　{scorecard['as_of'][:16]}"
        + ("　模拟数据" if scorecard["environment"] == "simulated" else ""),
        (
            f"得分 {totals['floor']}（基础 {totals['base']} + 加分 {totals['bonus']}；其中佐证 {totals['attested']}）"
            f"　上限 {totals['ceiling']}"
        ),
        f"前置条件（★）满足：{grades}",
    ]
    if hidden:
        lines.append(f"另有 {hidden} 项尚未接入自动采集，记为未证实（О），不计分。")
    return Group(table, *(Text(line) for line in lines))


def met_mark(met: bool | None) -> str:  # noqa: FBT001 - the three values of one field
    """Return √, О, or О 未证实."""
    return "О 未证实" if met is None else ("√" if met else "О")


def n_of_m(row: Mapping[str, Any]) -> str:
    """Return "n / m 户", "n 家", or a dash where there is no number."""
    if row["numerator"] is None:
        return "—"
    figure = f"{row['numerator']}" if row["denominator"] is None else f"{row['numerator']} / {row['denominator']}"
    return f"{figure} {row['unit']}"


def status_table(sources: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Return one line a source: received, stored, read, ignored, unread, lag, gaps, grade, last seen."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("数据源", "收到", "存储", "读懂", "忽略", "未识别", "待读", "中断", "等级", "最近收到"):
        table.add_column(name, justify="left" if name in {"数据源", "最近收到"} else "right")
    for one in sources:
        table.add_row(
            one["source"],
            *(str(one[key]) for key in ("received", "stored", "read", "ignored", "unread", "lag", "gaps")),
            one["grade"] or "—",
            one["last_seen"] or "—",
        )
    return table


def print_out(renderable: RenderableType) -> None:
    """Print to standard output; a pipe gets the same text without colour, wide enough to keep rows whole."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=200)
    console.print(renderable)
