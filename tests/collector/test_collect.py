from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

import collector.collect as collecting
from collector.collect import collect_once, import_files, read_all, run_night_process
from collector.failures import call
from collector.house import House
from collector.refresh import newest_run
from connectors.base import KeepingError
from evidence.acts import ActError
from tests.fakes.site import ATTRIBUTES, METERS, TELEMETRY, Site, announcements, at, readings

SURVEY = "- {act: survey, row: 76, sample: 50, satisfied: 43, by: 王工, date: 2026-10-20}\n"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path, port=1, acts=SURVEY)


@pytest.fixture
def house(site: Site) -> Iterator[House]:
    house = site.open()
    yield house
    house.locker.close()


@pytest.fixture
def stop(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Return what a signal would set."""
    stop = asyncio.Event()
    monkeypatch.setattr(collecting, "stop_on_signals", lambda: stop)
    return stop


def fire_once(monkeypatch: pytest.MonkeyPatch, before: Callable[[], None] = lambda: None) -> None:
    """Let one night fire as soon as the night process has begun, and stop the process after it."""

    async def run_nightly(_at: str, _zone: str, job: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
        before()
        try:
            await job()
        finally:
            stop.set()

    monkeypatch.setattr(collecting, "run_nightly", run_nightly)


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        one.getMessage() for one in caplog.records if one.name == "collector.collect" and one.levelname == "WARNING"
    ]


def test_all_files_of_a_community_are_imported_once(house: House) -> None:
    assert import_files(house) == (1, [])
    count = house.locker.last_receipt()

    assert import_files(house) == (0, [])

    assert house.locker.last_receipt() == count


def test_a_wrong_acts_file_leaves_the_register_imported(site: Site, house: House) -> None:
    (site.folder / "acts.yaml").write_text("- act: praise\n", "utf-8")

    with pytest.raises(ActError, match="entry 1"):
        import_files(house)

    assert {part.source for part in house.locker.partitions()} == {"register"}


def test_reading_folds_everything_and_binds_every_meter_once(site: Site, house: House) -> None:
    import_files(house)
    site.store(ATTRIBUTES, announcements())
    site.store(TELEMETRY, readings(1, METERS, site.clock()))

    _, bound = read_all(house)

    assert bound == METERS
    assert read_all(house) == (0, 0)


async def test_collecting_without_any_source_imports_the_files(tmp_path: Path) -> None:
    house = Site(tmp_path / "without sources", acts=SURVEY).open()

    collected = await collect_once(house, quiet_s=1)

    house.locker.close()
    assert (collected.acts, collected.failures, collected.remarks) == (1, (), ())


@pytest.mark.usefixtures("stop")
async def test_a_night_imports_the_files_and_makes_its_run(
    site: Site, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.speak()
    fire_once(monkeypatch, lambda: site.clock.set(at("2026-11-03 02:30")))

    await run_night_process(house)

    assert newest_run(house.settings.out, "demo") == 1
    assert {"acts", "register"} <= {part.source for part in house.locker.partitions()}


@pytest.mark.usefixtures("stop")
@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("acts.yaml", "- act: praise\n", "acts.yaml, entry 1: act should be one of"),
        ("acts.yaml", "- [\n", "acts.yaml:2: "),
        ("register/household.csv", "楼栋,单元\n1,1\n", "household.csv：住户表缺少“房号”列"),
    ],
)
async def test_a_mistake_in_a_file_is_said_and_takes_no_night_its_run(
    site: Site,
    house: House,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
    text: str,
    words: str,
) -> None:
    import_files(house)
    (site.folder / name).write_text(text, "utf-8")
    fire_once(monkeypatch, lambda: site.clock.set(at("2026-11-03 02:30")))

    await run_night_process(house)

    assert newest_run(house.settings.out, "demo") == 1
    (line,) = warnings_of(caplog)
    assert line.startswith(words)
    assert line.endswith("; the files imported before stay in use")


@pytest.mark.usefixtures("stop")
async def test_a_hub_that_is_away_is_said_and_takes_no_night_its_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HUB_TOKEN", "a-token-for-tests")
    site = Site(tmp_path / "with hub", hub="http://127.0.0.1:1")
    site.settings.write_text(site.settings.read_text("utf-8") + 'token_env = "HUB_TOKEN"\n', "utf-8")
    house = site.open()
    import_files(house)
    fire_once(monkeypatch, lambda: site.clock.set(at("2026-11-03 02:30")))

    await run_night_process(house)

    house.locker.close()
    assert newest_run(house.settings.out, "demo") == 1
    (line,) = warnings_of(caplog)
    assert "127.0.0.1:1" in line
    assert line.endswith("; the last complete lists stay in use")


@pytest.mark.usefixtures("stop")
async def test_a_night_that_was_missed_is_made_up_for_at_the_start(
    site: Site, house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import_files(house)
    site.clock.set(at("2026-11-03 09:00"))
    fire_once(monkeypatch)

    with caplog.at_level(logging.INFO, logger="collector.collect"):
        await run_night_process(house)

    assert "run 1 of demo makes up for a missed night" in caplog.messages
    assert newest_run(house.settings.out, "demo") == 1


@pytest.mark.usefixtures("stop")
def test_what_ends_the_night_process_is_one_line(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: House) -> None:
        raise KeepingError("the disk is full; free some")

    monkeypatch.setattr(collecting, "read_all", fail)

    code = call(lambda: asyncio.run(run_night_process(house)))

    assert (code, capsys.readouterr().err) == (1, "the disk is full; free some\n")


async def test_the_night_process_ends_when_it_is_told_to(house: House, stop: asyncio.Event) -> None:
    running = asyncio.create_task(run_night_process(house))
    await asyncio.sleep(0.5)
    assert not running.done()

    stop.set()

    await asyncio.wait_for(running, 10)
