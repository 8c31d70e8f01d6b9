from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collector.collect import read_all
from collector.house import House
from collector.intake_status import IntakeStatus, write_status
from collector.status import gap_lines, source_status, unread_shapes
from connectors.mqtt.status import MqttStatus
from connectors.mqtt.waiting import gap_arrival
from connectors.record import Arrival, GapCause, Kind
from tests.fakes.site import METERS, TELEMETRY, Site, at

KEYS = ["source", "received", "stored", "read", "ignored", "unread", "lag", "gaps", "last_seen", "grade"]
NOTHING = {**dict.fromkeys(KEYS, 0), "source": "water", "last_seen": None, "grade": "C"}
QUESTION = "v1/gateway/attributes/request"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path, port=1)


@pytest.fixture
def house(site: Site) -> Iterator[House]:
    house = site.open()
    yield house
    house.locker.close()


def status_of_intake(received: int, failing_since: int = 0, **more: Any) -> IntakeStatus:
    source = MqttStatus(
        source="water",
        broker="127.0.0.1:1",
        client_id="zhizheng-water",
        topics=("v1/gateway/#",),
        connected=True,
        subscribed=True,
        connections=1,
        received=received,
        stored=received,
        acknowledged=received,
        stale=0,
        dropped=0,
        gaps=0,
        last_received_at=None,
        heard_until=1,
        last_error="",
    )
    return IntakeStatus(1, 1, False, "", (replace(source, **more),), failing_since)


def test_before_the_first_message_everything_is_nought(house: House) -> None:
    assert source_status(house) == [NOTHING]
    assert list(source_status(house)[0]) == KEYS


def test_what_is_stored_and_not_read_yet_is_the_lag(site: Site, house: House) -> None:
    site.speak()

    assert source_status(house) == [{**NOTHING, "received": 2 * METERS, "stored": 2 * METERS, "lag": 2 * METERS}]


def test_what_was_read_ignored_and_not_understood_adds_up_to_what_is_stored(site: Site, house: House) -> None:
    site.speak()
    site.store(QUESTION, ["{}"] * 3)
    site.store(TELEMETRY, ["{", "", "{}", b"\xff"])
    site.clock.set(at("2026-11-02 23:59"))
    site.store(TELEMETRY, ['{"WM-001": [{"values": {"volume_m3": 1}}]}'])
    read_all(house)

    (water,) = source_status(house)

    assert (water["read"], water["ignored"], water["unread"]) == (2 * METERS + 1, 3, 4)
    assert water["stored"] == water["received"] == water["read"] + water["ignored"] + water["unread"]
    assert (water["lag"], water["last_seen"]) == (0, "2026-11-02T23:59:00+08:00")


def test_what_the_door_was_handed_may_be_more_than_is_stored(site: Site, house: House) -> None:
    site.speak()
    write_status(house.data, status_of_intake(2 * METERS + 7))

    (water,) = source_status(house)

    assert (water["received"], water["stored"]) == (2 * METERS + 7, 2 * METERS)


def test_an_intake_that_began_anew_has_not_received_less_than_is_stored(site: Site, house: House) -> None:
    site.speak()
    write_status(house.data, status_of_intake(0))

    assert source_status(house)[0]["received"] == 2 * METERS


def test_a_gap_is_counted(house: House) -> None:
    gap = b'{"from": 1, "to": 2, "cause": "session_lost", "detail": ""}'
    house.locker.append([Arrival("water", Kind.GAP, at("2026-11-02 10:00"), "session_lost", gap)])
    read_all(house)

    assert source_status(house)[0]["gaps"] == 1


@pytest.mark.parametrize(
    ("seen", "grade"),
    [
        ({"session_kept": False, "outlived": False}, "C"),
        ({"outlived": False}, "B"),
        ({}, "A"),
        ({"failing_since": 5}, "C"),
        ({"qos_0": 1}, "C"),
        ({"dropped": 1}, "C"),
        ({"stored": 0}, "C"),
    ],
)
def test_the_grade_is_what_the_intake_has_seen(house: House, seen: dict[str, Any], grade: str) -> None:
    write_status(house.data, status_of_intake(5, **{"session_kept": True, "outlived": True, **seen}))

    assert source_status(house)[0]["grade"] == grade


def test_a_gap_that_nobody_has_read_yet_is_told_and_counts(house: House) -> None:
    write_status(house.data, status_of_intake(5, session_kept=True, outlived=True))
    for cause in (GapCause.NO_ROOM, GapCause.QUEUE_LIMIT):
        house.locker.append([gap_arrival("water", at("2026-11-01 10:00"), at("2026-11-01 10:01"), cause, "")])
        if cause is GapCause.NO_ROOM:
            read_all(house)

    entry = source_status(house)[0]
    assert (entry["gaps"], entry["grade"]) == (2, "C")
    assert [line.split("：")[1].split("（")[0] for line in gap_lines(house, 10)] == [
        "消息服务器丢弃过消息，疑因排队超限",
        "QoS 0消息来不及存储而丢弃",
    ]


def test_a_restart_that_the_session_outlived_does_not_count_against_the_grade(house: House) -> None:
    write_status(house.data, status_of_intake(5, session_kept=True, outlived=True))
    gap = gap_arrival("water", at("2026-11-01 10:00"), at("2026-11-01 10:01"), GapCause.BROKER_RESTARTED, "")
    house.locker.append([gap])
    read_all(house)

    assert (source_status(house)[0]["grade"], len(gap_lines(house, 10))) == ("A", 1)


@pytest.mark.parametrize(("ended", "grade", "lines"), [("2026-10-26 00:00", "C", 1), ("2026-10-25 23:59", "B", 0)])
def test_a_gap_counts_against_the_grade_while_it_reaches_into_the_window(
    house: House, ended: str, grade: str, lines: int
) -> None:
    write_status(house.data, status_of_intake(5, session_kept=True))
    house.locker.append([gap_arrival("water", at("2026-10-25 10:00"), at(ended), GapCause.NO_ROOM, "")])
    read_all(house)

    assert (source_status(house)[0]["grade"], len(gap_lines(house, 10))) == (grade, lines)


def test_a_pause_that_the_broker_bridged_is_a_note_and_no_gap(house: House) -> None:
    pause = {"away_from": at("2026-11-02 09:00"), "away_until": at("2026-11-02 09:05")}
    write_status(house.data, status_of_intake(5, session_kept=True, **pause))

    (line,) = gap_lines(house, 10)

    assert line.startswith("说明 water 2026-11-02 09:00:00 至 2026-11-02 09:05:00 本机停止接收")
    assert source_status(house)[0]["gaps"] == 0


def test_a_hub_has_no_grade(tmp_path: Path) -> None:
    house = Site(tmp_path / "other", port=1, hub="http://127.0.0.1:1").open()

    assert [one["grade"] for one in source_status(house)] == ["C", None]
    house.locker.close()


def test_a_ledger_that_was_only_just_begun_is_no_error(site: Site, house: House) -> None:
    site.speak()
    (house.data / "ledger.sqlite").touch()

    assert source_status(house)[0]["lag"] == 2 * METERS
    assert unread_shapes(house) == []


def test_what_nobody_could_read_is_listed_by_shape_the_commonest_first(site: Site, house: House) -> None:
    site.store("v1/gateway/telemetry", ["{"])
    (first, *_) = site.store("v1/gateway/claim", ['{"a": 1}', '{"a": 2}', '{"a": 3}'])
    read_all(house)

    shapes = unread_shapes(house)

    assert [(one["source"], one["count"]) for one in shapes] == [("water", 3), ("water", 1)]
    assert shapes[0]["first_receipt"] == first
    assert "no rule" in shapes[0]["reason"] or "no profile" in shapes[0]["reason"]
    assert list(shapes[0]) == ["source", "shape", "reason", "count", "first_receipt"]
