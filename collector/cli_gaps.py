"""The commands ``zhizheng gaps``: what would raise the floor most, and the letters that ask for it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from collector.gaps_view import gaps_json, gaps_table, is_other_rubric, open_shelf, places_csv, read_gaps
from collector.letters import write_letters
from collector.options import DEFAULT_SETTINGS, CommunityOption, JsonOption, SettingsOption
from collector.refresh import run_folder
from collector.table import print_out
from collector.terminal import find_run, open_site, print_json, say, say_aside


class _RunFirst(TyperGroup):
    """A group whose first word may be a run's number: ``gaps 12`` is ``gaps --run 12``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Return the words left over after the number, if there is one, became the option."""
        if args and args[0].isascii() and args[0].isdecimal():
            args = ["--run", *args]
        return super().parse_args(ctx, args)


gaps_app = typer.Typer(
    cls=_RunFirst,
    invoke_without_command=True,
    help="Show what would raise the floor most: `gaps [RUN]`; `gaps letters` writes the letters that ask for it.",
)

RunOption = Annotated[int | None, typer.Option("--run", help="The run's number; the newest by default.")]


@gaps_app.callback()
def gaps(
    ctx: typer.Context,
    *,
    run: RunOption = None,
    top: Annotated[int, typer.Option(min=0, help="How many rows to show; 0 shows all.")] = 20,
    settings: SettingsOption = DEFAULT_SETTINGS,
    community: CommunityOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show per row what is missing, why, and who could supply it; the greatest gain first."""
    if ctx.invoked_subcommand is not None:
        ctx.obj = {"run": run, "settings": settings, "community": community}
        return
    house = open_site(settings)
    name = house.community(community)
    folder = run_folder(house.settings.out, name, find_run(house, name, run))
    shelf = open_shelf(house, name)
    scorecard, found = read_gaps(folder, shelf)
    if is_other_rubric(folder, shelf):
        say_aside("the run was made with another rubric than the settings name now; `zhizheng refresh` first")
    if as_json:
        print_json(gaps_json(scorecard, found, shelf))
    else:
        print_out(gaps_table(scorecard, found, top))


@gaps_app.command("letters")
def letters(
    ctx: typer.Context,
    *,
    out: Annotated[
        Path | None, typer.Option(help="The folder to write to; letters/RUN beside the run by default.")
    ] = None,
    run: RunOption = None,
    settings: SettingsOption = DEFAULT_SETTINGS,
    community: CommunityOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a request letter (.docx) for every platform, hub and trade concerned, and the table of all places."""
    above: dict[str, Any] = ctx.obj or {}
    house = open_site(settings if settings != DEFAULT_SETTINGS else above.get("settings", settings))
    name = house.community(community or above.get("community"))
    number = find_run(house, name, above.get("run") if run is None else run)
    folder = run_folder(house.settings.out, name, number)
    shelf = open_shelf(house, name)
    scorecard, found = read_gaps(folder, shelf)
    target = house.settings.out / name / "letters" / str(scorecard["run"]) if out is None else out
    target.mkdir(parents=True, exist_ok=True)
    written = write_letters(house, shelf, scorecard, found, target)
    table = target / "缺口清单.csv"
    table.write_bytes(places_csv(found, shelf))
    if as_json:
        print_json([str(path) for path in (*written, table)])
        return
    for path in (*written, table):
        say(str(path))
