"""The InfluxDB store against a real server: outages, bad lines, rights."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from evidence.points import Point
from evidence.series import InfluxSeries, SeriesRefusedError, SeriesUnavailableError
from tests.parts.go import PartMissingError
from tests.parts.influx import InfluxServer

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1200)]

NOON = 1_793_000_000_000


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxServer]:
    try:
        made = InfluxServer(tmp_path_factory.mktemp("influx"), auth=True)
    except PartMissingError as missing:
        pytest.skip(str(missing))
    made.start()
    made.ask("CREATE USER owner WITH PASSWORD 'hunter2' WITH ALL PRIVILEGES")
    yield made
    made.kill()


@pytest.fixture
def server(running: InfluxServer) -> InfluxServer:
    ask(running, "DROP DATABASE site")
    ask(running, "CREATE DATABASE site")
    return running


@pytest.fixture
def store(server: InfluxServer, tmp_path: Path) -> Iterator[InfluxSeries]:
    made = InfluxSeries(tmp_path / "series.sqlite", server.url, "owner:hunter2", "-", "site/autogen")
    yield made
    made.close()


def ask(server: InfluxServer, question: str) -> list[list[object]]:
    """Return the rows of the first series of the answer."""
    answer = server.ask(question, db="site", u="owner", p="hunter2")
    return answer[0]["values"] if answer else []


def count(server: InfluxServer) -> int:
    rows = ask(server, "SELECT count(value) FROM observation")
    return int(str(rows[0][1])) if rows else 0


def points(number: int, *, devices: int = 100, first: int = 1) -> list[Point]:
    """Return one point per receipt, no two of one device at the same time."""
    return [
        Point("thingsboard", f"WM-{step % devices:04d}", "water_volume", NOON + step, f"{step}.25", "m3", first + step)
        for step in range(number)
    ]


def test_a_server_killed_in_the_middle_of_a_copy_loses_and_doubles_nothing(
    server: InfluxServer, store: InfluxSeries
) -> None:
    everything = points(60_000)

    def kill_after_the_first_confirmed_write() -> None:
        while store.cursor() == 0:
            time.sleep(0.001)
        server.kill()

    killer = threading.Thread(target=kill_after_the_first_confirmed_write)
    killer.start()
    with pytest.raises(SeriesUnavailableError):
        store.copy(everything)
    killer.join()
    stopped_at = store.cursor()
    with pytest.raises(SeriesUnavailableError):
        store.copy(everything[stopped_at:])
    assert 0 < stopped_at == store.cursor() < len(everything)

    server.start()
    assert count(server) >= stopped_at  # every confirmed point outlived the kill
    copy_when_the_pause_is_over(store, everything[stopped_at:])

    assert store.cursor() == len(everything)
    assert count(server) == len(everything)
    assert ask(server, "SELECT sum(value) FROM observation")[0][1] == sum(float(one.value) for one in everything)


@pytest.mark.soak
@pytest.mark.parametrize("after_ms", range(50, 1_500, 75))
def test_kills_at_any_moment_lose_and_double_nothing(server: InfluxServer, store: InfluxSeries, after_ms: int) -> None:
    everything = points(40_000)
    killer = threading.Timer(after_ms / 1_000, server.kill)
    killer.start()
    with contextlib.suppress(SeriesUnavailableError):
        store.copy(everything)
    killer.join()
    server.start()
    copy_when_the_pause_is_over(store, everything[store.cursor() :])

    assert store.cursor() == len(everything)
    assert count(server) == len(everything)


def test_a_lost_cursor_sends_everything_again_over_what_is_there(
    server: InfluxServer, store: InfluxSeries, tmp_path: Path
) -> None:
    store.copy(points(1_000))
    again = InfluxSeries(tmp_path / "other.sqlite", server.url, "owner:hunter2", "-", "site/autogen")
    assert again.cursor() == 0
    again.copy(points(1_000))
    again.close()

    assert count(server) == 1_000


def test_bad_lines_go_into_the_quarantine_and_the_others_arrive(server: InfluxServer, store: InfluxSeries) -> None:
    batch = points(5_000)
    unfit = {
        17: Point("thingsboard", "x" * 70_000, "water_volume", NOON, "1", "m3", 18),
        2_500: Point("thingsboard", "WM-late", "water_volume", NOON * 1_000_000, "1", "m3", 2_501),
        2_501: Point("thingsboard", "WM-nan", "water_volume", NOON, "NaN", "m3", 2_502),
        4_999: Point("thingsboard", "", "water_volume", NOON, "1", "m3", 5_000),
    }
    for index, bad in unfit.items():
        batch[index] = bad
    store.copy(batch)

    assert store.cursor() == 5_000
    assert count(server) == 4_996
    assert store.quarantined_count() == 4
    listed = store.quarantined()
    assert [one.point for one in listed] == [unfit[index] for index in (4_999, 2_501, 2_500, 17)]
    assert ["unable to parse" in one.reason for one in listed[2:]] == [True, True]


def test_a_field_of_another_type_costs_only_its_own_lines(server: InfluxServer, store: InfluxSeries) -> None:
    # Another program has made `value` a text in one week; types are per week, so the other weeks are sound.
    week_ms = 7 * 86_400_000
    server.write(f'observation,device=foreign value="text" {NOON + week_ms}', db="site", u="owner", p="hunter2")
    batch = [
        Point("thingsboard", "WM-1", "water_volume", NOON - weeks * week_ms, "1.5", "m3", 1 + weeks)
        for weeks in range(4)
    ]
    clash = Point("thingsboard", "WM-1", "water_volume", NOON + week_ms, "1.5", "m3", 9)
    store.copy([*batch, clash])

    assert [one.point for one in store.quarantined()] == [clash]
    assert "field type conflict" in store.quarantined()[0].reason
    assert store.cursor() == 9
    assert store.read("thingsboard", "WM-1", "water_volume", NOON - 4 * week_ms, NOON + 1) == batch[::-1]


def test_points_older_than_the_retention_are_listed_not_lost_silently(
    server: InfluxServer, tmp_path: Path, now_ms: int
) -> None:
    ask(server, "CREATE RETENTION POLICY short ON site DURATION 1h REPLICATION 1")
    store = InfluxSeries(tmp_path / "short.sqlite", server.url, "owner:hunter2", "-", "site/short")
    old = Point("alink", "P-1", "ph", now_ms - 86_400_000, "7.1", "1", 1)
    fresh = Point("alink", "P-1", "ph", now_ms, "7.2", "1", 2)
    store.copy([old, fresh])

    assert [(one.point, "retention" in one.reason) for one in store.quarantined()] == [(old, True)]
    assert store.read("alink", "P-1", "ph", now_ms - 1_000, now_ms + 1) == [fresh]
    store.close()


@pytest.fixture
def now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.mark.parametrize(
    ("token", "bucket", "said"),
    [
        ("owner:wrong", "site/autogen", "401 .*authorization failed"),
        ("owner:hunter2", "nowhere/autogen", "404 .*database not found"),
    ],
)
def test_wrong_settings_are_told_in_one_line(
    server: InfluxServer, tmp_path: Path, token: str, bucket: str, said: str
) -> None:
    store = InfluxSeries(tmp_path / "wrong.sqlite", server.url, token, "-", bucket)
    with pytest.raises(SeriesRefusedError, match=said) as refused:
        store.copy(points(3))

    assert token not in str(refused.value)
    assert "\n" not in str(refused.value)
    assert (store.cursor(), store.quarantined_count()) == (0, 0)
    store.close()


def test_reading_from_a_server_that_is_away_says_so(server: InfluxServer, store: InfluxSeries) -> None:
    store.copy(points(1))
    server.kill()
    with pytest.raises(SeriesUnavailableError, match="gave no series"):
        store.read("thingsboard", "WM-0000", "water_volume", NOON, NOON + 1)
    server.start()

    assert store.read("thingsboard", "WM-0000", "water_volume", NOON, NOON + 1) == points(1)


def copy_when_the_pause_is_over(store: InfluxSeries, batch: list[Point]) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            store.copy(batch)
        except SeriesUnavailableError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return
