from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collector.intake_status import STATUS_NAME, IntakeStatus, read_status, recall, write_status
from connectors.base import KeepingError
from connectors.mqtt.source import MqttSource
from connectors.mqtt.status import Memory, MqttStatus

HEARD = 1_793_599_000_000
SOURCE = MqttSource("tb", "broker.example", 1883, ("v1/#",), "zz")
STATUS = IntakeStatus(
    pid=7,
    written_at=1_793_600_000_000,
    ended=False,
    storage_error="",
    sources=(
        MqttStatus(
            source="tb",
            broker="broker.example:1883",
            client_id="zz",
            topics=("v1/#", "old/#"),
            connected=True,
            subscribed=True,
            connections=1,
            received=5,
            stored=4,
            acknowledged=3,
            stale=0,
            dropped=0,
            gaps=0,
            last_received_at=None,
            heard_until=HEARD,
            last_error="",
        ),
    ),
)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write_status(tmp_path, STATUS)
    assert read_status(tmp_path) == STATUS
    assert [path.name for path in tmp_path.iterdir()] == [STATUS_NAME]


def test_on_a_full_disk_the_old_status_is_written_over(tmp_path: Path) -> None:
    write_status(tmp_path, STATUS)
    failing = replace(STATUS, storage_error="disk full " * 20, failing_since=9)
    for status in (failing, STATUS):
        have_no_room_for_a_second_file(tmp_path)
        write_status(tmp_path, status)
        assert read_status(tmp_path) == status


def test_on_a_full_disk_a_status_too_long_for_the_room_of_the_old_one_is_an_error_and_the_old_one_stays(
    tmp_path: Path,
) -> None:
    have_no_room_for_a_second_file(tmp_path)
    with pytest.raises(OSError, match="No space left"):
        write_status(tmp_path, STATUS)
    write_status(tmp_path, STATUS)
    have_no_room_for_a_second_file(tmp_path)
    with pytest.raises(OSError, match="No space left"):
        write_status(tmp_path, replace(STATUS, storage_error="disk full " * 500))
    assert read_status(tmp_path) == STATUS


def test_where_the_locker_cannot_be_read_the_status_alone_tells_until_when_a_source_was_heard(tmp_path: Path) -> None:
    def fail(_: str) -> int | None:
        raise KeepingError("the locker cannot be read")

    assert recall(read_status(tmp_path), [SOURCE], fail) == {}
    write_status(tmp_path, STATUS)
    assert recall(read_status(tmp_path), [SOURCE], fail)["tb"].heard_until == HEARD


def have_no_room_for_a_second_file(folder: Path) -> None:
    (folder / STATUS_NAME).with_suffix(".new").symlink_to("/dev/full")


def test_a_source_is_found_by_its_name() -> None:
    assert STATUS.source("tb").received == 5
    with pytest.raises(KeyError, match="no source 'x'"):
        STATUS.source("x")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"format": 2}', '{"format": 1, "sources": [{}]}'])
def test_a_status_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    assert read_status(tmp_path) is None
    (tmp_path / STATUS_NAME).write_text(text)
    assert read_status(tmp_path) is None
    assert recall(read_status(tmp_path), [SOURCE], nothing_stored) == {}


def test_a_status_of_another_shape_is_none(tmp_path: Path) -> None:
    write_status(tmp_path, STATUS)
    path = tmp_path / STATUS_NAME
    path.write_text(json.dumps({**json.loads(path.read_text()), "strange": 1}))
    assert read_status(tmp_path) is None


def test_the_filters_of_the_same_session_are_recalled(tmp_path: Path) -> None:
    write_status(tmp_path, STATUS)
    assert recall(read_status(tmp_path), [SOURCE], nothing_stored) == {"tb": Memory(("v1/#", "old/#"), HEARD)}


def test_a_session_that_outlived_the_broker_is_recalled_so(tmp_path: Path) -> None:
    write_status(tmp_path, replace(STATUS, sources=(replace(STATUS.sources[0], outlived=True),)))
    assert recall(read_status(tmp_path), [SOURCE], nothing_stored)["tb"].outlived
    assert not recall(read_status(tmp_path), [replace(SOURCE, client_id="other")], nothing_stored)["tb"].outlived


@pytest.mark.parametrize("change", [{"client_id": "other"}, {"host": "elsewhere"}, {"port": 1884}])
def test_of_another_session_only_is_recalled_until_when_the_source_was_heard(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    write_status(tmp_path, STATUS)
    assert recall(read_status(tmp_path), [replace(SOURCE, **change)], nothing_stored) == {
        "tb": Memory((), HEARD, same_session=False)
    }


def test_a_source_that_was_never_heard_is_not_recalled(tmp_path: Path) -> None:
    write_status(tmp_path, replace(STATUS, sources=(replace(STATUS.sources[0], heard_until=0),)))
    assert recall(read_status(tmp_path), [SOURCE, replace(SOURCE, id="b")], nothing_stored) == {}


def test_the_newest_stored_record_says_until_when_a_source_was_heard_without_a_status_or_beyond_it(
    tmp_path: Path,
) -> None:
    assert recall(read_status(tmp_path), [SOURCE], {"tb": 7}.get) == {"tb": Memory((), 7, same_session=False)}
    write_status(tmp_path, STATUS)
    assert recall(read_status(tmp_path), [SOURCE], {"tb": HEARD + 9}.get)["tb"].heard_until == HEARD + 9
    assert recall(read_status(tmp_path), [SOURCE], {"tb": HEARD - 9}.get)["tb"].heard_until == HEARD


def test_a_status_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    write_status(tmp_path, STATUS)
    path = tmp_path / STATUS_NAME
    body = json.loads(path.read_text())
    del body["failing_since"]
    for key in ("session_kept", "away_from", "away_until", "qos_0", "outlived"):
        del body["sources"][0][key]
    path.write_text(json.dumps(body))
    assert read_status(tmp_path) == STATUS


def nothing_stored(_: str) -> None:
    return None
