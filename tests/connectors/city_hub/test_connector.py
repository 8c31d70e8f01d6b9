from __future__ import annotations

import asyncio
import itertools
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.base import KeepingError, SourceUnreachableError
from connectors.city_hub.client import HubRefusedError, Limits
from connectors.city_hub.connector import CityHubConnector
from connectors.page import Hub, Walk, parse_hub, read_walk
from connectors.record import Kind, Record
from tests.fakes.hub import (
    CAMERAS,
    COMMUNITY,
    TOKEN,
    FakeHub,
    MemoryKeeper,
    cameras,
    describe,
    hang_up,
    raw,
    register_list,
    says,
)

FAST = Limits(timeout_s=2, attempts=3, pause_s=0.001)
NOON = 1_793_678_400_000
GATES, TOTALS = f"/communities/{COMMUNITY}/gate", f"/communities/{COMMUNITY}/totals"


def spec(*lists: dict[str, object], **changes: object) -> Hub:
    return parse_hub(describe(*lists, **changes), "hub.yaml")


def connect(
    hub: FakeHub,
    keeper: MemoryKeeper,
    described: Hub | None = None,
    *,
    limits: Limits = FAST,
    last: Callable[[], str | None] = lambda: None,
) -> CityHubConnector:
    clock = itertools.count(NOON)
    return CityHubConnector(
        "city_hub",
        described or spec(),
        hub.url,
        COMMUNITY,
        keeper,
        lambda: next(clock),
        TOKEN,
        last_register_digest=last,
        limits=limits,
    )


def of_kind(keeper: MemoryKeeper, kind: Kind) -> list[Record]:
    return [record for record in keeper.records if record.kind is kind]


def walk_of(keeper: MemoryKeeper, record: Record, described: Hub | None = None) -> Walk:
    """Return the walk as a reader of the locker finds it from a WALK record."""
    described = described or spec()
    document = json.loads(record.payload)
    pages = [keeper.records[receipt - 1] for receipt in document["pages"]]
    answers = [(page.receipt, page.topic, page.payload) for page in pages]
    return read_walk(answers, described, described.list_of(document["list"]))


# ---------------------------------------------------------------- one list


async def test_a_list_of_1205_rows_is_walked_to_its_end_though_the_hub_gives_100_where_200_were_asked() -> None:
    keeper = MemoryKeeper()
    progress: list[tuple[str, int]] = []
    async with FakeHub({CAMERAS: cameras(1205)}, clamp=100) as hub:
        report = await connect(hub, keeper).walk_all(lambda name, rows: progress.append((name, rows)))

    (listed,) = report.lists
    assert (listed.pages, listed.rows, listed.complete, listed.walks) == (13, 1205, True, 1)
    assert hub.requests[-1] == f"{CAMERAS}?pageNo=13&pageSize=200"
    assert [record.topic for record in keeper.records[:2]] == [
        f"GET {CAMERAS}?pageNo=1&pageSize=200",
        f"GET {CAMERAS}?pageNo=2&pageSize=200",
    ]
    assert progress == [("inventory.camera", min(1205, 100 * page)) for page in range(1, 14)]
    walk = walk_of(keeper, keeper.records[-1])
    assert (walk.complete, len(walk.rows)) == (True, 1205)
    assert json.loads(keeper.records[-1].payload) == {
        "hub": "fake",
        "list": "inventory.camera",
        "pages": list(range(1, 14)),
        "started_at": NOON,
        "ended_at": NOON + 14,
    }


@pytest.mark.parametrize(
    "paging",
    [
        {"kind": "offset", "offset_param": "offset", "size_param": "pageSize", "size": 200},
        {"kind": "marker", "marker_param": "marker", "next": "/data/marker", "size_param": "pageSize", "size": 200},
        {"kind": "link", "next": "/data/link"},
    ],
)
@pytest.mark.parametrize("total", ["/data/total", None])
async def test_every_way_of_paging_reaches_the_end(paging: dict[str, object], total: str | None) -> None:
    keeper = MemoryKeeper()
    described = spec(paging=paging, total=total)
    async with FakeHub({f"/gw{CAMERAS}": cameras(250), CAMERAS: cameras(250)}, clamp=100, base="/gw") as hub:
        report = await connect(hub, keeper, described).walk_all()

    assert [(item.rows, item.complete, item.reason) for item in report.lists] == [(250, True, "")]
    assert walk_of(keeper, keeper.records[-1], described).complete
    assert hub.requests[0].startswith("/gw/communities/demo/cameras")
    assert "for-you-alone" not in " ".join(record.topic for record in keeper.records)


async def test_each_page_is_kept_before_the_next_is_asked_and_never_on_the_event_loop() -> None:
    keeper = MemoryKeeper()
    kept_before: list[int] = []
    threads: set[int] = set()
    keeper.on_append = lambda arrivals: threads.add(threading.get_ident())
    async with FakeHub({CAMERAS: cameras(300)}) as hub:
        hub.before = lambda number: kept_before.append(len(keeper.records))
        await connect(hub, keeper).walk_all()

    assert kept_before == [0, 1, 2]
    assert threading.get_ident() not in threads


async def test_a_list_that_shifts_during_the_walk_is_walked_again() -> None:
    rows = cameras(250)
    keeper = MemoryKeeper()
    async with FakeHub({CAMERAS: rows}) as hub:
        hub.before = lambda number: rows.insert(0, {"id": "NEW"}) if number == 2 else None
        report = await connect(hub, keeper).walk_all()

    (listed,) = report.lists
    assert (listed.complete, listed.rows, listed.walks) == (True, 251, 2)
    shifted, whole = (walk_of(keeper, record) for record in of_kind(keeper, Kind.WALK))
    assert (shifted.complete, shifted.reason) == (False, "the id CAM-0099 came twice: the list shifted during the walk")
    assert (whole.complete, len(whole.rows)) == (True, 251)


async def test_a_list_that_always_shifts_is_walked_again_three_times_and_stays_incomplete() -> None:
    rows = cameras(250)
    keeper = MemoryKeeper()
    async with FakeHub({CAMERAS: rows}) as hub:
        hub.before = lambda number: rows.insert(0, {"id": f"NEW-{number}"})
        report = await connect(hub, keeper).walk_all()

    (listed,) = report.lists
    assert (listed.complete, listed.walks) == (False, 4)
    assert "came twice" in listed.reason
    assert not any(walk_of(keeper, record).complete for record in of_kind(keeper, Kind.WALK))


async def test_a_hub_that_counts_from_the_size_asked_for_is_walked_again_with_the_size_it_gives() -> None:
    keeper = MemoryKeeper()
    async with FakeHub({CAMERAS: cameras(250)}) as hub:
        hub.offset_by_asked_size = True
        report = await connect(hub, keeper).walk_all()

    assert [(item.complete, item.rows, item.walks) for item in report.lists] == [(True, 250, 2)]
    assert hub.requests[-1] == f"{CAMERAS}?pageNo=3&pageSize=100"


async def test_a_hub_that_answers_every_page_with_the_first_is_left() -> None:
    keeper = MemoryKeeper()
    async with FakeHub({CAMERAS: cameras(250)}) as hub:
        body = json.dumps({"code": 0, "data": {"total": 250, "list": cameras(100)}}).encode()
        hub.before = lambda number: hub.faults.append(raw(body))
        report = await connect(hub, keeper).walk_all()

    (listed,) = report.lists
    assert (listed.complete, listed.rows, listed.pages) == (False, 100, 2)


async def test_a_list_whose_marker_comes_back_is_left() -> None:
    keeper = MemoryKeeper()
    described = spec(paging={"kind": "marker", "marker_param": "marker", "next": "/data/marker"}, total=None)
    async with FakeHub({}) as hub:
        for number in range(9):
            hub.faults.append(says(200, {"code": 0, "data": {"list": [{"id": f"C-{number}"}], "marker": "m"}}))
        report = await connect(hub, keeper, described).walk_all()

    assert [(item.pages, item.reason) for item in report.lists] == [(2, f"{hub.url}: the list's pages go in a circle")]


async def test_a_list_without_end_is_left() -> None:
    keeper = MemoryKeeper()
    async with FakeHub({CAMERAS: cameras(250)}, clamp=1) as hub:
        report = await connect(hub, keeper, limits=Limits(pages=7)).walk_all()

    assert [(item.pages, item.reason) for item in report.lists] == [(7, f"{hub.url}: the list has more than 7 pages")]


async def test_a_token_that_is_part_of_the_url_is_in_no_topic() -> None:
    keeper = MemoryKeeper()
    async with FakeHub({CAMERAS: cameras(2)}, base=f"/{TOKEN}") as hub:
        report = await connect(hub, keeper).walk_all()

    assert report.lists[0].complete
    assert keeper.records[0].topic == f"GET /***{CAMERAS}?pageNo=1&pageSize=200"


async def test_a_walk_that_breaks_off_is_kept_and_reads_as_incomplete() -> None:
    keeper = MemoryKeeper()
    async with FakeHub({CAMERAS: cameras(250)}) as hub:
        hub.before = lambda number: hub.faults.append(says(404)) if number == 3 else None
        report = await connect(hub, keeper).walk_all()

    (listed,) = report.lists
    assert (listed.complete, listed.rows, listed.walks) == (False, 200, 1)
    assert listed.reason == f"{hub.url}: it answered 404; check the list's path in hub.yaml"
    assert report.problems == (f"inventory.camera: {listed.reason}",)
    walk = walk_of(keeper, keeper.records[listed.receipt - 1])
    assert (walk.complete, walk.reason) == (False, "200 rows came, the hub says 250")


async def test_a_list_that_the_hub_cuts_short_is_incomplete() -> None:
    keeper = MemoryKeeper()
    short = json.dumps({"code": 0, "msg": "ok", "data": {"total": 1200, "list": cameras(40)}}).encode()
    empty = json.dumps({"code": 0, "msg": "ok", "data": {"total": 1200, "list": []}}).encode()
    async with FakeHub({}) as hub:
        hub.faults = [raw(short), raw(empty)] * 4
        report = await connect(hub, keeper).walk_all()

    assert [(item.complete, item.reason) for item in report.lists] == [(False, "40 rows came, the hub says 1200")]
    assert not walk_of(keeper, keeper.records[-1]).complete


async def test_the_other_lists_are_walked_when_one_cannot_be_had() -> None:
    keeper = MemoryKeeper()
    described = spec(register_list("gate"), *describe()["lists"])  # type: ignore[misc]
    async with FakeHub({CAMERAS: cameras(5)}) as hub:
        report = await connect(hub, keeper, described).walk_all()

    assert [(item.name, item.complete) for item in report.lists] == [
        ("register.gate", False),
        ("inventory.camera", True),
    ]
    assert report.register is None
    assert [record.kind for record in keeper.records] == [Kind.WALK, Kind.PAGE, Kind.WALK]


async def test_an_answer_of_500_is_not_kept_and_the_walk_goes_on() -> None:
    keeper = MemoryKeeper()
    async with FakeHub({CAMERAS: cameras(250)}) as hub:
        hub.before = lambda number: hub.faults.append(says(500)) if number == 2 else None
        report = await connect(hub, keeper).walk_all()

    assert [(item.complete, item.pages) for item in report.lists] == [(True, 3)]


async def test_an_error_in_the_envelope_is_kept_and_named() -> None:
    keeper = MemoryKeeper()
    async with FakeHub({}) as hub:
        hub.faults = [says(200, {"code": "E07", "msg": "系统维护"})]
        report = await connect(hub, keeper).walk_all()

    assert report.lists[0].reason == "the hub answered code E07: 系统维护"
    assert [record.kind for record in keeper.records] == [Kind.PAGE, Kind.WALK]
    assert walk_of(keeper, keeper.records[-1]).reason == "record 1: the hub answered code E07: 系统维护"


async def test_a_busy_envelope_is_asked_again_and_not_kept() -> None:
    keeper = MemoryKeeper()
    async with FakeHub({CAMERAS: cameras(5)}) as hub:
        hub.faults = [says(200, {"code": 429, "msg": "slow down"})]
        report = await connect(hub, keeper).walk_all()

    assert (report.lists[0].complete, len(of_kind(keeper, Kind.PAGE))) == (True, 1)


@pytest.mark.parametrize("answer", [says(401), says(200, {"code": 401, "msg": f"unknown token {TOKEN[:4]}"})])
async def test_a_hub_that_does_not_know_us_ends_it_all_with_one_line(answer: Any) -> None:
    keeper = MemoryKeeper()
    described = spec(register_list("gate"), register_list("perimeter"))
    async with FakeHub({}) as hub:
        hub.faults = [answer]
        with pytest.raises(HubRefusedError, match=r"the hub does not know us .*; renew the token of source city_hub"):
            await connect(hub, keeper, described).walk_all()

    assert len(hub.requests) == 1
    assert len(of_kind(keeper, Kind.WALK)) == 1


async def test_an_unreachable_hub_is_one_line_and_the_walk_is_kept() -> None:
    keeper = MemoryKeeper()
    async with FakeHub({CAMERAS: cameras(250)}) as hub:
        hub.before = lambda number: hub.faults.append(hang_up) if number > 1 else None
        with pytest.raises(
            SourceUnreachableError, match=r"broke the connection off .* check the url of source city_hub"
        ):
            await connect(hub, keeper).walk_all()

    assert [record.kind for record in keeper.records] == [Kind.PAGE, Kind.WALK]
    assert json.loads(keeper.records[-1].payload)["pages"] == [1]


async def test_a_walk_has_a_deadline() -> None:
    keeper = MemoryKeeper()
    async with FakeHub({CAMERAS: cameras(250)}) as hub:
        hub.slow_s = 0.2
        report = await connect(hub, keeper, limits=Limits(deadline_s=0.3)).walk_all()

    assert report.lists[0].reason.endswith("the walk took longer than 0.3 s; walk again later or raise deadline_s")
    assert json.loads(keeper.records[-1].payload)["pages"] == [1]


async def test_a_walk_that_is_cancelled_is_kept_with_every_page_that_is_kept() -> None:
    keeper = MemoryKeeper()
    storing = threading.Event()
    go_on = threading.Event()

    def append(arrivals: object) -> None:
        if len(keeper.records) == 1:
            storing.set()
            go_on.wait(5)

    keeper.on_append = append
    async with FakeHub({CAMERAS: cameras(250)}) as hub:
        task = asyncio.create_task(connect(hub, keeper).walk_all())
        await asyncio.to_thread(storing.wait, 5)
        task.cancel()
        await asyncio.sleep(0)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert [record.kind for record in keeper.records] == [Kind.PAGE, Kind.PAGE, Kind.WALK]
    assert json.loads(keeper.records[-1].payload)["pages"] == [1, 2]


async def test_nothing_is_asked_for_when_the_keeper_does_not_keep() -> None:
    keeper = MemoryKeeper()

    def full(arrivals: object) -> None:
        raise KeepingError("the disk is full")

    keeper.on_append = full
    async with FakeHub({CAMERAS: cameras(250)}) as hub:
        with pytest.raises(KeepingError, match="the disk is full"):
            await connect(hub, keeper).walk_all()

    assert len(hub.requests) == 1


async def test_the_token_is_in_no_record_and_no_report() -> None:
    keeper = MemoryKeeper()
    link = {"code": 0, "data": {"list": cameras(2), "link": f"{CAMERAS}?access_token=abcdef&session={TOKEN}"}}
    described = spec(paging={"kind": "link", "next": "/data/link"}, total=None)
    async with FakeHub({CAMERAS: cameras(5)}) as hub:
        hub.faults = [says(200, {"code": 0, "data": {"list": [{"id": TOKEN}]}})]
        report = await connect(hub, keeper, described).walk_all()
        hub.faults = [says(200, {**link, "msg": "ok"})]
        again = await connect(hub, keeper, described).walk_all()

    assert "its answer repeats our token" in report.lists[0].reason
    assert TOKEN not in f"{report}{again}{keeper.records}"


def test_a_connector_is_refused_without_its_token(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs a token and has none"):
        CityHubConnector("city_hub", spec(), "http://127.0.0.1:1", "demo", MemoryKeeper(), lambda: NOON, None)
    with pytest.raises(ValueError, match=r"write it like https://hub.example.cn"):
        CityHubConnector("city_hub", spec(), "127.0.0.1:1", "demo", MemoryKeeper(), lambda: NOON, TOKEN)
