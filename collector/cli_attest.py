"""The commands ``zhizheng attest``: the workbook out and in, what is recorded, and taking it back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from collector.attest_desk import Handed, list_recorded, take_back, take_in, write_template
from collector.attest_layout import ACT_NAMES
from collector.options import DEFAULT_SETTINGS, CommunityOption, JsonOption, SettingsOption
from collector.table import print_out
from collector.terminal import open_site, print_json, say
from evidence.attest import REMINDER_DAYS, ActLine

SHORT_BATCH = 12
"""Characters of an import's id that are printed; as many are enough to name it."""

_VALUES = {"yes": "有", "no": "无"}

attest_app = typer.Typer(
    help="Attest what no device shows: a workbook to fill in, its import, what is recorded, and taking it back.",
    no_args_is_help=True,
)


@attest_app.command("template")
def template(
    file: Annotated[Path, typer.Argument(help="Where to write the workbook.")] = Path("佐证.xlsx"),
    *,
    settings: SettingsOption = DEFAULT_SETTINGS,
    community: CommunityOption = None,
) -> None:
    """Write a workbook with a line for every part that nothing has shown yet."""
    house = open_site(settings)
    count = write_template(house, house.community(community), file)
    say(f"已写出 {file}：{count}个分项待佐证。填好浅黄色的格，文件放在它旁边，再运行 zhizheng attest import {file}")


@attest_app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="The filled workbook (.xlsx), or an acts file (.yaml).")],
    *,
    documents: Annotated[
        Path | None, typer.Option(help="The folder of the documents; that of the workbook by default.")
    ] = None,
    settings: SettingsOption = DEFAULT_SETTINGS,
    community: CommunityOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record what a filled workbook says, or name every cell that is refused and record nothing."""
    house = open_site(settings)
    handed = take_in(house, house.community(community), file, documents)
    if as_json:
        print_json(
            {
                "import": handed.imported.batch,
                "recorded": [dict(body) for body in handed.imported.recorded],
                "passed_over": handed.imported.passed_over,
                "expiring": [asdict(line) for line in handed.ending],
            }
        )
        return
    for line in _tell_import(handed):
        say(line)


def _tell_import(handed: Handed) -> Iterator[str]:
    """Yield what was recorded, what counts in the ceiling only, and what ends soon."""
    bodies = handed.imported.recorded
    counts = Counter(ACT_NAMES.get(body["act"], "撤回") for body in bodies)
    listed = "、".join(f"{name}{count}条" for name, count in counts.items())
    yield f"登记{len(bodies)}条" + (f"：{listed}" if bodies else "，没有新内容")
    if handed.imported.passed_over:
        yield f"以前已登记、这次不重复登记的：{handed.imported.passed_over}条"
    bare = [body for body in bodies if _lacks_document(body)]
    for drills, told in ((False, "只计入上限"), (True, "补上文件前不计入")):
        named = [_subject(body) for body in bare if (body["act"] == "drill") is drills]
        if named:
            yield f"其中{len(named)}条没有文件，{told}：{'、'.join(named)}"
    if bodies:
        batch = handed.imported.batch[:SHORT_BATCH]
        yield f"导入编号{batch}；写错了可以整批撤回：zhizheng attest undo --import {batch} --by 姓名"
        yield "运行 zhizheng refresh 后计入得分"
    yield from tell_ending(handed.ending, REMINDER_DAYS)


def _lacks_document(body: Mapping[str, Any]) -> bool:
    if body.get("document") is not None or body["act"] not in {"attest", "survey", "drill"}:
        return False
    return str(body.get("value", "yes")) == "yes"


def _subject(body: Mapping[str, Any]) -> str:
    if body["act"] == "drill":
        return f"{body['place']}演练"
    return f"指标{body['row']}" + (f" {body['part']}" if "part" in body else "")


def tell_ending(lines: Sequence[ActLine], days: int) -> Iterator[str]:
    """Yield the reminder of what ends within some days, nothing where nothing does."""
    if lines:
        yield f"{days}天内到期，请准备新文件："
    for line in lines:
        row = f"指标{line.row}" if line.row is not None else line.part
        yield f"  {line.expires}　{row}　{line.title}　{line.document or '（无文件）'}　记录{line.receipt}"


@attest_app.command("list")
def list_command(
    *,
    ending: Annotated[
        int, typer.Option("--expiring", min=0, max=3660, help="Remind of what ends within so many days.")
    ] = REMINDER_DAYS,
    settings: SettingsOption = DEFAULT_SETTINGS,
    community: CommunityOption = None,
    as_json: JsonOption = False,
) -> None:
    """List every recorded act as it stands today, and what ends soon."""
    house = open_site(settings)
    lines, soon = list_recorded(house, house.community(community), ending)
    if as_json:
        print_json({"acts": [asdict(line) for line in lines], "expiring": [asdict(line) for line in soon]})
        return
    if not lines:
        say("还没有登记；zhizheng attest template 写出要填的工作簿")
        return
    print_out(_table(lines))
    for text in tell_ending(soon, ending):
        say(text)


@attest_app.command("undo")
def undo(
    receipts: Annotated[list[int] | None, typer.Argument(help="Receipts of acts, as `attest list` shows them.")] = None,
    *,
    by: Annotated[str, typer.Option(help="Who withdraws them.")],
    batch: Annotated[str, typer.Option("--import", help="Withdraw everything of one import, by its id.")] = "",
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    settings: SettingsOption = DEFAULT_SETTINGS,
    community: CommunityOption = None,
) -> None:
    """Withdraw acts from today on; they stay in the record, and importing them again has them stand again."""
    house = open_site(settings)
    lines = take_back(house, house.community(community), receipts or [], batch=batch, by=by, reason=reason)
    say(f"已撤回{len(lines)}条，从今天起不再计入；记录保留，重新导入即可恢复：")
    for line in lines:
        row = f"指标{line.row}" if line.row is not None else line.part
        say(f"  记录{line.receipt}　{ACT_NAMES.get(line.act, line.act)}　{row}　{line.title}")


def _table(lines: Sequence[ActLine]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for header in (
        "记录",
        "类别",
        "指标",
        "分项或功能",
        "内容",
        "数量",
        "文件",
        "登记人",
        "日期",
        "有效期至",
        "状态",
        "导入",
    ):
        table.add_column(header, overflow="fold")
    for line in lines:
        table.add_row(
            str(line.receipt),
            ACT_NAMES.get(line.act, line.act),
            "" if line.row is None else str(line.row),
            f"{line.title}（{line.part}）" if line.part else line.title,
            _VALUES.get(line.value, line.value),
            "" if line.quantity is None else f"{line.quantity}{line.unit}",
            line.document,
            line.by,
            line.date,
            line.expires,
            str(line.state),
            line.batch[:SHORT_BATCH],
        )
    return table
