"""The locker keeps what it acknowledged, whole and in order, over threads, processes, days, kills and full disks."""

from __future__ import annotations

import ast
import hashlib
import json
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from connectors.base import KeepingError
from connectors.record import Arrival, Kind, Record
from evidence.locker import EMPTY_CHAIN, SYSTEM_SOURCE, Locker, Partition, chain_leaf
from tests.fakes.appender import HOUR_MS, NOON, ZONE

ROOT = Path(__file__).resolve().parents[2]
DAY_MS = 24 * HOUR_MS


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def locker(tmp_path: Path, clock: Clock) -> Locker:
    return Locker(tmp_path / "locker", ZONE, clock)


def messages(count: int, source: str = "a") -> list[Arrival]:
    return [Arrival(source, Kind.MESSAGE, NOON, f"t/{index}", b"payload %d" % index, 3) for index in range(count)]


def everything(locker: Locker) -> list[Record]:
    return locker.read(0, 10**6)


def assert_whole(locker: Locker) -> list[Record]:
    """Check every record against its leaf and every partition against its records; return the records."""
    records = everything(locker)
    assert [record.receipt for record in records] == list(range(1, len(records) + 1))
    assert locker.last_receipt() == len(records)
    followed: dict[tuple[str, str], tuple[int, bytes]] = {}
    for record in records:
        count, chain = followed.get((record.source, record.day), (0, EMPTY_CHAIN))
        assert record.sequence == count + 1
        assert locker.stored_leaf(record.receipt) == record.leaf
        followed[record.source, record.day] = (record.sequence, chain_leaf(chain, record.leaf))
    stated = {(part.source, part.day): (part.count, part.chain) for part in locker.partitions()}
    assert stated == {key: (count, chain.hex()) for key, (count, chain) in followed.items()}
    days = locker.days()
    assert days == sorted({record.day for record in records})
    for day in days[1:]:
        opener = next(record for record in records if record.day == day)
        assert (opener.source, opener.kind, opener.sequence) == (SYSTEM_SOURCE, Kind.CLOSE, 1)
    return records


def closed_by(record: Record) -> dict[str, int]:
    return {part["source"]: part["count"] for part in json.loads(record.payload)}


# ---------------------------------------------------------------- what it keeps


def test_what_was_stored_is_read_back_as_it_arrived(locker: Locker) -> None:
    arrival = Arrival("a", Kind.MESSAGE, 17, "主题/1", b"\x00\xff", 0b1011)
    assert locker.append([arrival, *messages(1, "b"), arrival]) == [1, 2, 3]
    first, _, third = assert_whole(locker)
    assert (first.source, first.kind, first.received_at, first.topic) == ("a", Kind.MESSAGE, 17, "主题/1")
    assert (first.payload, first.flags, first.day, first.sequence) == (b"\x00\xff", 0b1011, "2026-11-03", 1)
    assert (third.sequence, first.payload_sha256) == (2, hashlib.sha256(b"\x00\xff").hexdigest())
    assert first.leaf != third.leaf


def test_nothing_to_store_takes_no_receipt(locker: Locker) -> None:
    assert (locker.append([]), locker.last_receipt(), locker.days()) == ([], 0, [])


def test_reading_gives_a_piece_in_order_over_the_files(locker: Locker, clock: Clock) -> None:
    for _ in range(3):
        locker.append(messages(4))
        clock.now += DAY_MS
    records = assert_whole(locker)
    assert len(records) == 14
    for after, limit, upto in ((0, 5, None), (3, 20, 11), (4, 1, None), (5, 8, 9), (14, 5, None), (6, 3, 6)):
        wanted = [record for record in records if after < record.receipt <= (upto or 99)][:limit]
        assert locker.read(after, limit, upto) == wanted


def test_one_record_is_found_by_its_receipt_in_any_file(locker: Locker, clock: Clock) -> None:
    locker.append(messages(2))
    clock.now += DAY_MS
    locker.append(messages(2))
    assert [locker.get(receipt).receipt for receipt in (1, 5)] == [1, 5]
    for receipt in (0, 6, -1):
        with pytest.raises(KeyError):
            locker.get(receipt)
        with pytest.raises(KeyError):
            locker.stored_leaf(receipt)


def test_records_of_one_kind_are_found_behind_a_receipt_in_every_file(locker: Locker, clock: Clock) -> None:
    gap = Arrival("a", Kind.GAP, NOON, "downtime", b"{}")
    first, _, second = locker.append([gap, *messages(1), gap])
    clock.now += DAY_MS
    (third,) = locker.append([gap])
    assert [one.receipt for one in locker.of_kind(Kind.GAP, 0)] == [first, second, third]
    assert [one.receipt for one in locker.of_kind(Kind.GAP, first)] == [second, third]
    assert locker.of_kind(Kind.GAP, third) == []


def test_a_source_is_counted_over_all_days(locker: Locker, clock: Clock) -> None:
    locker.append([*messages(2), *messages(1, "b")])
    clock.now += DAY_MS
    locker.append(messages(3))
    assert (locker.count("a"), locker.count("b"), locker.count("c")) == (5, 1, 0)


# ---------------------------------------------------------------- days


def test_the_first_record_of_a_day_closes_every_partition_of_the_day_before(locker: Locker, clock: Clock) -> None:
    locker.append([*messages(2), *messages(1, "b")])
    before = locker.partitions()
    clock.now += DAY_MS
    assert locker.append(messages(1)) == [5]
    close = locker.get(4)
    assert (close.day, close.topic) == ("2026-11-04", "partitions")
    assert json.loads(close.payload) == [part.as_json() for part in before]
    clock.now += 3 * DAY_MS
    locker.append(messages(1))
    assert closed_by(locker.get(6)) == {"a": 1, SYSTEM_SOURCE: 1}
    assert_whole(locker)


def test_the_local_midnight_begins_a_day(locker: Locker, clock: Clock) -> None:
    clock.now = NOON + 12 * HOUR_MS - 1
    locker.append(messages(1))
    clock.now += 1
    locker.append(messages(1))
    assert locker.days() == ["2026-11-03", "2026-11-04"]


def test_a_clock_that_goes_back_never_opens_an_older_file(locker: Locker, clock: Clock, tmp_path: Path) -> None:
    clock.now += DAY_MS
    locker.append(messages(1))
    clock.now -= 9 * DAY_MS
    assert locker.append(messages(1)) == [2]
    assert Locker(tmp_path / "locker", ZONE, clock).append(messages(1)) == [3]
    assert {record.day for record in assert_whole(locker)} == {"2026-11-04"}


def test_another_process_that_still_writes_yesterday_follows_into_the_new_day(
    locker: Locker, clock: Clock, tmp_path: Path
) -> None:
    late = Clock()
    other = Locker(tmp_path / "locker", ZONE, late)
    other.append(messages(1))
    clock.now += DAY_MS
    locker.append(messages(1))
    assert other.append(messages(1)) == [4]
    assert {record.receipt: record.day for record in assert_whole(other)}[4] == "2026-11-04"


@pytest.mark.parametrize("begun", [b"", b"wal"])
def test_an_empty_day_file_left_by_a_crash_is_begun_as_if_it_were_not_there(
    locker: Locker, clock: Clock, tmp_path: Path, begun: bytes
) -> None:
    locker.append(messages(2))
    for day in ("2026-11-04", "2026-12-31"):
        path = tmp_path / "locker" / f"{day}.sqlite"
        path.touch()
        if begun:
            connection = sqlite3.connect(path)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.close()
    assert (locker.days(), locker.last_receipt(), len(everything(locker))) == (["2026-11-03"], 2, 2)
    clock.now += DAY_MS
    assert locker.append(messages(1)) == [4]
    assert closed_by(assert_whole(locker)[2]) == {"a": 2}


# ---------------------------------------------------------------- closing for a run


def test_closing_and_claiming_are_one_transaction(locker: Locker) -> None:
    locker.append([*messages(3), *messages(1, "b")])
    seen: list[Sequence[Partition]] = []

    def claim(partitions: Sequence[Partition]) -> list[Arrival]:
        seen.append(partitions)
        return [Arrival(SYSTEM_SOURCE, Kind.RUN, NOON, "demo/1", b"{}")]

    receipts, partitions = locker.append_closing(claim)
    assert (receipts, seen) == ([5, 6], [partitions])
    assert json.loads(locker.get(5).payload) == [part.as_json() for part in partitions]
    assert {part.source: part.count for part in partitions} == {"a": 3, "b": 1}
    assert_whole(locker)


def test_a_claim_that_fails_leaves_no_close_behind(locker: Locker) -> None:
    locker.append(messages(1))

    def fail(_: object) -> list[Arrival]:
        raise LookupError("no number")

    with pytest.raises(LookupError):
        locker.append_closing(fail)
    assert locker.append(messages(1)) == [2]
    assert_whole(locker)


def test_a_batch_is_stored_whole_or_not_at_all(locker: Locker) -> None:
    too_large = Arrival("b", Kind.MESSAGE, NOON, "t", b"", flags=2**70)
    with pytest.raises(OverflowError):
        locker.append([*messages(3), too_large])
    assert (locker.last_receipt(), everything(locker), locker.partitions()) == (0, [], [])
    assert locker.append(messages(1)) == [1]


def test_nothing_comes_between_a_close_and_what_it_closes(locker: Locker) -> None:
    stop = threading.Event()

    def keep_appending() -> None:
        while not stop.is_set():
            locker.append(messages(2))

    writer = threading.Thread(target=keep_appending)
    writer.start()
    for _ in range(10):
        receipts, _ = locker.append_closing(lambda _: [Arrival(SYSTEM_SOURCE, Kind.RUN, NOON, "demo/1", b"{}")])
        assert receipts[1] == receipts[0] + 1
    stop.set()
    writer.join()
    records = assert_whole(locker)
    for close in (record for record in records if record.kind is Kind.CLOSE):
        before = [record for record in records if record.receipt < close.receipt and record.source == "a"]
        assert closed_by(close).get("a", 0) == len(before)


# ---------------------------------------------------------------- threads and processes


def test_threads_get_receipts_that_increase_and_are_never_given_twice(locker: Locker) -> None:
    given: list[list[int]] = []

    def append(source: str) -> None:
        mine = [locker.append(messages(3, source)) for _ in range(25)]
        assert mine == sorted(mine)
        given.extend(mine)

    threads = [threading.Thread(target=append, args=(f"s{index}",)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(batch == list(range(batch[0], batch[0] + 3)) for batch in given)
    assert sorted(receipt for batch in given for receipt in batch) == list(range(1, 301))
    assert_whole(locker)


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.fakes.appender", str(folder), *words]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def said(process: subprocess.Popen[str]) -> list[list[int]]:
    """Return the batches of receipts a process printed; a line cut off by its death was not returned."""
    output, _ = process.communicate(timeout=60)
    whole, _, _ = output.rpartition("\n")
    return [ast.literal_eval(line) for line in whole.splitlines()]


def test_processes_append_side_by_side_over_days(tmp_path: Path, clock: Clock) -> None:
    folder = tmp_path / "locker"
    batches = [batch for process in [start(folder, str(seed), "40") for seed in (1, 2, 3)] for batch in said(process)]
    assert len(batches) == 120
    records = {record.receipt: record for record in assert_whole(Locker(folder, ZONE, clock))}
    assert len({record.day for record in records.values()}) > 1
    returned = [receipt for batch in batches for receipt in batch]
    assert len(returned) == len(set(returned))
    assert {receipt for receipt, record in records.items() if record.kind is Kind.MESSAGE} == set(returned)


def test_a_process_killed_at_any_moment_leaves_every_partition_whole(tmp_path: Path, clock: Clock) -> None:
    folder = tmp_path / "locker"
    dice = random.Random(20261103)  # noqa: S311 - the same seed, the same moments
    returned: list[int] = []
    for kill in range(10):
        process = start(folder, str(kill), "1000000")
        assert process.stdout is not None
        returned += ast.literal_eval(process.stdout.readline())
        time.sleep(dice.uniform(0, 0.12))
        process.kill()
        returned += [receipt for batch in said(process) for receipt in batch]
        assert process.returncode == -signal.SIGKILL
        locker = Locker(folder, ZONE, clock)
        records = {record.receipt: record for record in assert_whole(locker)}
        assert set(returned) <= set(records)
        assert len(returned) == len(set(returned))
        locker.close()
    assert len(returned) > 50


# ---------------------------------------------------------------- disks


def test_a_full_disk_refuses_the_batch_whole_and_storing_resumes_by_itself(tmp_path: Path, clock: Clock) -> None:
    process = start(tmp_path / "locker", "full")
    *batches, errors = said(process)
    assert process.returncode == 0
    assert len(errors) == 3
    assert all("nothing was acknowledged. Free disk space" in str(error) for error in errors)
    records = assert_whole(Locker(tmp_path / "locker", ZONE, clock))
    returned = [receipt for batch in batches for receipt in batch]
    assert [record.receipt for record in records if record.kind is Kind.MESSAGE] == returned
    assert {record.day for record in records} == {"2026-11-03", "2026-11-04", "2026-11-05"}


def test_a_damaged_file_is_said_with_the_mend(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "locker").mkdir()
    (tmp_path / "locker" / "2026-11-03.sqlite").write_bytes(b"not a database" * 400)
    with pytest.raises(KeepingError, match=r"could not store \(file is not a database\).*repair the disk"):
        Locker(tmp_path / "locker", ZONE, clock).append(messages(1))


def test_a_record_altered_in_its_file_no_longer_has_its_stored_leaf(locker: Locker, tmp_path: Path) -> None:
    locker.append(messages(2))
    with sqlite3.connect(tmp_path / "locker" / "2026-11-03.sqlite") as connection:
        connection.execute("UPDATE records SET payload = ? WHERE receipt = 2", (b"payload 9",))
    connection.close()
    assert [locker.stored_leaf(receipt) == locker.get(receipt).leaf for receipt in (1, 2)] == [True, False]


def test_it_knows_when_the_newest_record_of_a_source_was_received(tmp_path: Path, clock: Clock) -> None:
    locker = Locker(tmp_path, ZONE, clock)
    assert locker.last_received("a") is None
    locker.append([Arrival(name, Kind.MESSAGE, at, "t", b"") for name, at in (("a", 1), ("b", 2), ("a", 3))])
    clock.now += DAY_MS
    locker.append([Arrival("b", Kind.MESSAGE, 4, "t", b"")])
    assert [locker.last_received(name) for name in ("a", "b", "c")] == [3, 4, None]
    locker.close()


def test_a_file_that_cannot_be_read_is_one_line_when_asked_for_the_newest_record(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "2026-11-03.sqlite").write_bytes(b"no database " * 100)
    locker = Locker(tmp_path, ZONE, clock)
    with pytest.raises(KeepingError, match=r"cannot be read .* free disk space or repair the disk"):
        locker.last_received("a")
    locker.close()
