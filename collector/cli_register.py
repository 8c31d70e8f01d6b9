"""The commands of the register: template, check, import, show, diff, accept, undo."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from collector.house import House
from collector.options import DEFAULT_SETTINGS, CommunityOption, JsonOption, SettingsOption
from collector.register_change import accept_revision, import_file, undo_revision
from collector.register_files import read_delivery
from collector.register_template import draw_template
from collector.register_view import (
    count_lines,
    delivery_body,
    diff_lines,
    register_diff,
    register_summary,
)
from collector.terminal import open_site, print_json, say_all
from connectors.register_columns import SHEETS
from connectors.sheet import RegisterError
from evidence.revision import Shrunk

LINES_SHOWN = 50
NAMES_SHOWN = 20
TEMPLATE_FILE = "台账.xlsx"

register_app = typer.Typer(help="The register (台账): the places everything is counted against.", no_args_is_help=True)

AllOption = Annotated[bool, typer.Option("--all", help="All lines, however many.")]
ByOption = Annotated[str, typer.Option("--by", help="Who decides; the name is recorded.")]
SourceArgument = Annotated[
    Path, typer.Argument(metavar="FILE|FOLDER", help="A workbook (.xlsx, .xls), or a folder of CSV sheets.")
]


@register_app.command()
def template(
    file: Annotated[Path, typer.Argument(metavar="[FILE.xlsx]", help="Where to write it.")] = Path(TEMPLATE_FILE),
) -> None:
    """Write an empty register workbook that explains itself."""
    if file.exists():
        raise RegisterError(f"{file}：已经有这个文件；请换一个文件名，或先把它移走")
    if file.suffix.lower() != ".xlsx":
        raise RegisterError(f"{file}：请以 .xlsx 结尾")
    file.write_bytes(draw_template())
    say_all([f"已生成 {file}；先看第一张表“填表说明”，填好后运行 zhizheng register check {file}"])


@register_app.command()
def check(source: SourceArgument, *, as_json: JsonOption = False, everything: AllOption = False) -> None:
    """Read a register and say what is wrong with it; imports nothing, needs no settings."""
    delivery = read_delivery(source)
    body = delivery_body(delivery)
    if as_json:
        print_json(body)
    else:
        say_all(count_lines(body["places"], body["complete"], body["totals"]))
        say_all(_missing_lines(body["missing"]))
        say_all(_cut("说明", delivery.notes, everything=everything))
        problems = [str(problem) for problem in delivery.register.problems]
        say_all(_cut("需要修改", problems, everything=everything) or ["没有发现错误，可以导入"])
    if body["problems"]:
        raise typer.Exit(1)


@register_app.command("import")
def import_command(
    source: SourceArgument,
    *,
    settings: SettingsOption = DEFAULT_SETTINGS,
    community: CommunityOption = None,
    everything: AllOption = False,
) -> None:
    """Import a register as a new revision; good rows are read, bad ones are listed."""
    house, name = _open(settings, community)
    done = import_file(house, name, source)
    body = delivery_body(done.delivery)
    first = "与现有台账相同，没有再次导入" if done.receipt is None else f"已导入，记为第{done.receipt}号台账"
    say_all([first, *count_lines(body["places"], body["complete"], body["totals"])])
    say_all(_missing_lines(body["missing"]))
    say_all(_cut("说明", done.delivery.notes, everything=everything))
    problems = [str(problem) for problem in done.delivery.register.problems]
    say_all(_cut("需要修改（有错的行没有读入或不完整）", problems, everything=everything))
    say_all([done.held] if done.held else [])


@register_app.command()
def show(
    *,
    settings: SettingsOption = DEFAULT_SETTINGS,
    community: CommunityOption = None,
    as_json: JsonOption = False,
    everything: AllOption = False,
) -> None:
    """Show the register in use: places by kind, totals and problems; and one that is held."""
    house, name = _open(settings, community)
    summary = register_summary(house, name)
    if as_json:
        print_json(summary)
        return
    if summary["record"] is not None:
        since = f"，{summary['valid_from']} 起" if summary["valid_from"] else ""
        say_all([f"现用第{summary['record']}号台账（{summary['origin']}{since}）"])
    say_all(count_lines(summary["places"], summary["complete"], summary["totals"]))
    say_all(_cut("需要修改" if summary["record"] else "", summary["problems"], everything=everything))
    held = summary["held"]
    if held is not None:
        fewer = "，".join(str(Shrunk(one["name"], one["before"], one["after"])) for one in held["shrunk"])
        say_all([f"第{held['record']}号暂不采用（{fewer}）；确认：zhizheng register accept {held['record']} --by 姓名"])


@register_app.command()
def diff(
    old: Annotated[int | None, typer.Argument(help="A revision's record; the one in use by default.")] = None,
    new: Annotated[int | None, typer.Argument(help="Another one; the newest by default.")] = None,
    *,
    settings: SettingsOption = DEFAULT_SETTINGS,
    community: CommunityOption = None,
    as_json: JsonOption = False,
    everything: AllOption = False,
) -> None:
    """Show what changed between two revisions: counts first, then places."""
    house, name = _open(settings, community)
    body = register_diff(house, name, old, new)
    if as_json:
        print_json(body)
    else:
        say_all(diff_lines(body, None if everything else NAMES_SHOWN))


@register_app.command()
def accept(
    record: Annotated[int, typer.Argument(help="The held revision's record.")],
    *,
    by: ByOption,
    settings: SettingsOption = DEFAULT_SETTINGS,
    community: CommunityOption = None,
) -> None:
    """Have a revision used that is smaller than the one before it."""
    house, name = _open(settings, community)
    revision = accept_revision(house, name, record, by)
    say_all([f"{by} 已确认，第{record}号台账从现在起采用：{'，'.join(str(one) for one in revision.held)}"])


@register_app.command()
def undo(
    record: Annotated[int | None, typer.Argument(help="The revision to take back; the one in use.")] = None,
    *,
    by: ByOption,
    settings: SettingsOption = DEFAULT_SETTINGS,
    community: CommunityOption = None,
) -> None:
    """Bring back the revision that was used before; nothing is deleted."""
    house, name = _open(settings, community)
    made, gone, back = undo_revision(house, name, by, record)
    say_all([f"{by} 撤回了第{gone}号台账，恢复第{back}号的内容，记为第{made}号"])


def _open(settings: Path, community: str | None) -> tuple[House, str]:
    house = open_site(settings)
    return house, house.community(community)


def _missing_lines(missing: Sequence[str]) -> list[str]:
    names = "、".join(SHEETS[kind][0] for kind in missing)
    return [f"没有填写的表：{names}（小区确实没有的，在那张表列名下面第一格写“无”）"] if missing else []


def _cut(title: str, lines: Sequence[str], *, everything: bool) -> list[str]:
    """Return the lines below their title with its count; cut at a bound, which is said."""
    if not lines:
        return []
    shown = list(lines if everything else lines[:LINES_SHOWN])
    more = [f"……另有 {len(lines) - len(shown)} 条（--all 全部列出）"] if len(lines) > len(shown) else []
    return [*([f"{title} {len(lines)} 条："] if title else []), *shown, *more]
