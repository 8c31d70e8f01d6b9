"""The command line.

Every command says in one line what is wrong. Exit codes: 0 done, 1 the check or job failed, 2 wrong call or settings.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from collector import collect as collecting
from collector.cli_attest import attest_app
from collector.cli_doctor import doctor_command
from collector.cli_form import form_command
from collector.cli_gaps import gaps_app
from collector.cli_register import register_app
from collector.demo import Progress as DemoProgress
from collector.demo import play_demo
from collector.failures import call
from collector.house import House
from collector.intake import run_intake
from collector.options import DEFAULT_SETTINGS, CommunityOption, JsonOption, SettingsOption
from collector.questions import ask_what_applies
from collector.refresh import bundle_run, refresh, run_folder
from collector.review import serve_review
from collector.rubric_view import list_rubric
from collector.settings import mqtt_sources
from collector.starter import write_starter
from collector.status import gap_lines, source_status, unread_shapes
from collector.supervise import supervise
from collector.table import print_out, scorecard_table, status_table
from collector.terminal import MARKS, fail, find_run, open_site, print_json, say, say_aside
from collector.walker import check_sources
from evidence.rebuild import rebuild_ledger
from evidence.verify import verify_bundle

app = typer.Typer(
    help="智证: fills in and proves the Yinchuan smart-community declaration from live device data.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

app.add_typer(attest_app, name="attest")
app.command("doctor")(doctor_command)
app.command("form")(form_command)
app.add_typer(register_app, name="register")
app.add_typer(gaps_app, name="gaps")


@app.command()
def demo(
    *,
    out: Annotated[Path, typer.Option(help="Folder of the demo; begun anew each time.")] = Path("demo"),
    seed: Annotated[int, typer.Option(help="The same seed gives the same community.")] = 12,
    households: Annotated[int, typer.Option(min=24, max=20000, help="How many homes it has.")] = 1200,
    once: Annotated[bool, typer.Option("--once", help="Stop after the form and the bundle are written.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Simulate a community, collect, count, score, fill the form, and serve the review page."""
    console = Console(stderr=True)
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[counts]}"),
        TimeElapsedColumn(),
        console=console,
    )
    with bar:
        task = bar.add_task("准备", total=None, counts="")

        def on_stage(text: str) -> None:
            bar.update(task, description=text)

        def on_progress(now: DemoProgress) -> None:
            counts = f"收到 {now.published} 存储 {now.stored} 读懂 {now.read} 忽略 {now.ignored} 未识别 {now.unread}"
            bar.update(task, description=now.label, total=now.of, completed=now.done, counts=counts)

        house, done = asyncio.run(
            play_demo(out, seed=seed, households=households, on_progress=on_progress, on_stage=on_stage)
        )
    if as_json:
        print_json(done.scorecard)
    else:
        print_out(scorecard_table(done.scorecard, built_only=True))
        say(f"申报表 {done.folder / 'declaration.docx'}")
        say(f"证明材料 {done.folder / 'exhibits.pdf'}")
        say(f"证据包 {done.folder / 'evidence.zip'}")
    if not once:
        asyncio.run(_serve(house, done.community, 0))


async def _serve(house: House, community: str, port: int | None) -> None:
    await serve_review(house, community, collecting.stop_on_signals(), port=port, ready=say)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where to write zhizheng.toml and acts.yaml.")] = Path(),
    *,
    no_questions: Annotated[
        bool, typer.Option("--no-questions", help="Do not ask what the community does not have.")
    ] = False,
) -> None:
    """Write a commented settings file to start from; at a terminal, ask what the community does not have."""
    silent = no_questions or not sys.stdin.isatty()
    for path in write_starter(folder, None if silent else ask_what_applies):
        say(f"written: {path}")


@app.command()
def run(settings: SettingsOption = DEFAULT_SETTINGS) -> None:
    """Run intake, reader with nightly refresh, and review page until stopped."""
    _log_to_stderr()
    house = open_site(settings)
    check_sources(house)
    house.locker.close()
    raise typer.Exit(asyncio.run(supervise(settings)))


@app.command()
def intake(settings: SettingsOption = DEFAULT_SETTINGS) -> None:
    """Run the intake process alone: receive, store, acknowledge."""
    _log_to_stderr()
    house = open_site(settings)
    sources = mqtt_sources(house.settings)

    async def work() -> None:
        stop = collecting.stop_on_signals()
        if not sources:
            say("intake ready: 0 sources")
            await stop.wait()
            return
        await run_intake(
            sources,
            house.locker,
            house.clock,
            stop,
            lambda: say(f"intake ready: {len(sources)} sources"),
            folder=house.data,
        )

    asyncio.run(work())


@app.command()
def night(settings: SettingsOption = DEFAULT_SETTINGS) -> None:
    """Run the reader and the nightly refresh alone."""
    _log_to_stderr()
    asyncio.run(collecting.run_night_process(open_site(settings)))


@app.command()
def collect(
    *,
    settings: SettingsOption = DEFAULT_SETTINGS,
    once: Annotated[
        bool, typer.Option("--once", help="End when everything is in; without it, the same as `run`.")
    ] = False,
    quiet_s: Annotated[float, typer.Option(min=0.5, help="Seconds without a message after which all is in.")] = 5.0,
    as_json: JsonOption = False,
) -> None:
    """Collect from all sources into the locker and read it."""
    if not once:
        run(settings)
    # What goes wrong ends this command with its own one line; the log would say it twice.
    _log_to_stderr(logging.ERROR)
    house = open_site(settings)
    check_sources(house)
    collected = asyncio.run(collecting.collect_once(house, quiet_s=quiet_s))
    if as_json:
        print_json(
            {
                "sources": source_status(house),
                "failures": list(collected.failures),
                "remarks": list(collected.remarks),
            }
        )
    else:
        print_out(status_table(source_status(house)))
        for line in collected.remarks:
            say(line)
    if collected.failures:
        fail("; ".join(collected.failures))


@app.command("refresh")
def refresh_command(
    *, settings: SettingsOption = DEFAULT_SETTINGS, community: CommunityOption = None, as_json: JsonOption = False
) -> None:
    """Count, score and freeze everything stored as the community's next run."""
    house = open_site(settings)
    collecting.import_files(house)
    done = refresh(house, house.community(community))
    if as_json:
        print_json(done.scorecard)
    else:
        print_out(scorecard_table(done.scorecard, built_only=True))
        say(str(done.folder))


RunArgument = Annotated[int | None, typer.Argument(help="The run's number; the newest by default.")]


@app.command()
def show(
    number: RunArgument = None,
    *,
    settings: SettingsOption = DEFAULT_SETTINGS,
    community: CommunityOption = None,
    as_json: JsonOption = False,
    everything: Annotated[bool, typer.Option("--all", help="Also the rows that are not measured yet.")] = False,
) -> None:
    """Show a run's scorecard."""
    house = open_site(settings)
    name = house.community(community)
    folder = run_folder(house.settings.out, name, find_run(house, name, number))
    scorecard = json.loads((folder / "scorecard.json").read_bytes())
    if as_json:
        print_json(scorecard)
    else:
        print_out(scorecard_table(scorecard, built_only=not everything))


@app.command()
def bundle(
    number: RunArgument = None, *, settings: SettingsOption = DEFAULT_SETTINGS, community: CommunityOption = None
) -> None:
    """Pack a run with everything needed to check it: evidence.zip."""
    house = open_site(settings)
    name = house.community(community)
    path = bundle_run(house, name, find_run(house, name, number))
    say(str(path))


@app.command()
def status(*, settings: SettingsOption = DEFAULT_SETTINGS, as_json: JsonOption = False) -> None:
    """Show per source what was received, stored and read, and what nobody could read yet."""
    house = open_site(settings)
    sources = source_status(house)
    if as_json:
        print_json(sources)
        return
    print_out(status_table(sources))
    for line in gap_lines(house, 10):
        say(line)
    for shape in unread_shapes(house)[:10]:
        say(
            f"未识别 {shape['source']} ×{shape['count']}：{shape['reason']}"
            f"（{shape['shape']}，首条记录 {shape['first_receipt']}）"
        )


@app.command()
def verify(
    bundle_file: Annotated[Path, typer.Argument(metavar="BUNDLE", help="An evidence.zip.")],
    *,
    allow_simulated: Annotated[
        bool, typer.Option("--allow-simulated", help="Check a bundle of simulated data.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check a bundle: digests, records, and every count and score replayed from the raw records."""
    if not bundle_file.is_file():
        say_aside(f"{bundle_file}: there is no such file; name an evidence.zip")
        raise typer.Exit(2)
    verdict = verify_bundle(bundle_file, allow_simulated=allow_simulated)
    if as_json:
        checks = [{"name": one.name, "outcome": str(one.outcome), "detail": one.detail} for one in verdict.checks]
        print_json({"sound": verdict.sound, "checks": checks})
    else:
        for check in verdict.checks:
            say(f"{MARKS[check.outcome]}\t{check.name}\t{check.detail}")
    if not verdict.sound:
        raise typer.Exit(1)


@app.command()
def rebuild(*, settings: SettingsOption = DEFAULT_SETTINGS, as_json: JsonOption = False) -> None:
    """Fold the locker into a new ledger, compare it with the present one, and put it in its place."""
    house = open_site(settings)
    with house.hold("night"):
        result = rebuild_ledger(house.locker, house.catalogue, house.settings.zone, house.data / "ledger.sqlite")
        house.forget_series()
    if as_json:
        print_json({"records": result.records, "equal": result.equal, "digest": result.digest})
    else:
        say(f"{result.records} records folded; {result.describe()}")
    if result.equal is False:
        raise typer.Exit(1)


@app.command()
def rubric(*, settings: SettingsOption = DEFAULT_SETTINGS, as_json: JsonOption = False) -> None:
    """List the rows of the form and how each is measured; needs no settings."""
    needless = settings == DEFAULT_SETTINGS and not settings.is_file()
    rows = list_rubric(None if needless else settings)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        how = "、".join(part["title"] for part in row["measure"]) or "尚未接入"
        say(f"{row['no']:>2} {row['type']} {row['points']:>3}  {row['level2']}：{how}")


@app.command()
def serve(
    *,
    settings: SettingsOption = DEFAULT_SETTINGS,
    community: CommunityOption = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Another port than the settings name.")] = None,
) -> None:
    """Serve the review page."""
    house = open_site(settings)
    asyncio.run(_serve(house, house.community(community), port))


def _log_to_stderr(level: int = logging.INFO) -> None:
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("apscheduler").setLevel(logging.WARNING)


def main() -> None:
    """Run the command line."""
    sys.exit(call(app))


if __name__ == "__main__":
    main()
