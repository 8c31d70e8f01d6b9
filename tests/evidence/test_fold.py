"""The fold is deterministic, credits only what is fresh, and sees every record that is missing or altered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.record import Kind, Record
from evidence.fold import Fold
from evidence.ledger import Ledger
from evidence.locker import SYSTEM_SOURCE
from evidence.replay import stream
from tests.fakes.hamlet import DAY_MS, HOUR_MS, Hamlet
from tests.fakes.night import Night


def folded(night: Night, batches: Iterable[Sequence[Record]], *, anew: bool = False) -> Ledger:
    """Return a ledger folded batch by batch, by one Fold or by a new one for every batch."""
    ledger = Ledger(None, night.catalogue.reading_digest)
    fold = make_fold(night, ledger)
    for batch in batches:
        fold = make_fold(night, ledger) if anew else fold
        fold.apply(batch)
    return ledger


def make_fold(night: Night, ledger: Ledger) -> Fold:
    return Fold(ledger, night.catalogue, night.claim.window.zone, dict(night.records).__getitem__)


def row(ledger: Ledger, query: str, *values: object) -> Any:
    return ledger.connection.execute(query, values).fetchone()


# ---------------------------------------------------------------- the same tables


@pytest.fixture(scope="module")
def whole(night: Night) -> str:
    """Return the digest of the night folded in one batch."""
    return folded(night, [list(night.records.values())]).dump_digest()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.sets(st.integers(1, 900), max_size=12), anew=st.booleans())
def test_the_tables_are_the_same_whatever_the_batches_were(
    night: Night, whole: str, cuts: set[int], anew: bool
) -> None:
    records = list(night.records.values())
    edges = [0, *sorted(cut for cut in cuts if cut < len(records)), len(records)]
    batches = [records[start:end] for start, end in pairwise(edges)]
    ledger = folded(night, batches, anew=anew)
    assert ledger.cursor == records[-1].receipt
    assert ledger.dump_digest() == whole


def test_one_record_at_a_time_gives_the_same_tables(night: Night, whole: str) -> None:
    assert folded(night, [[record] for record in night.records.values()]).dump_digest() == whole


def test_a_batch_that_fails_leaves_nothing_behind_and_can_be_folded_again(night: Night, whole: str) -> None:
    records = list(night.records.values())
    ledger = Ledger(None, night.catalogue.reading_digest)
    fold = make_fold(night, ledger)
    fold.apply(records[:300])
    before = ledger.dump_digest()
    poison = replace(records[320], kind=Kind.ACT, payload=b"no act")
    with pytest.raises(ValueError, match="Expecting value"):
        fold.apply([*records[300:320], poison])
    assert (ledger.dump_digest(), ledger.cursor) == (before, 300)
    fold.apply(records[300:])
    assert ledger.dump_digest() == whole


def test_every_message_ends_as_read_ignored_or_unread(night: Night) -> None:
    ledger = folded(night, [list(night.records.values())])
    for source, stored, read, ignored, unread in ledger.connection.execute(
        "SELECT source, stored, read, ignored, unread FROM sources"
    ):
        assert stored == read + ignored + unread == sum(one.source == source for one in night.records.values())
    (shapes,) = row(ledger, "SELECT sum(count) FROM unread WHERE source = 'acme'")
    assert (shapes,) == row(ledger, "SELECT unread FROM sources WHERE source = 'acme'")
    assert shapes > 0


# ---------------------------------------------------------------- what is credited


def day_of(hamlet: Hamlet, device: str = "WM-1", capability: str = "water_volume") -> dict[str, Any]:
    ledger = hamlet.fold()
    ledger.connection.row_factory = lambda cursor, values: dict(
        zip([column[0] for column in cursor.description], values, strict=True)
    )
    found = row(ledger, "SELECT * FROM device_days WHERE device = ? AND capability = ?", device, capability)
    return dict(found)


@pytest.mark.parametrize(
    ("lag_ms", "flagged"),
    [
        (None, ""),
        (0, ""),
        (DAY_MS, ""),
        (DAY_MS + 1, "backfilled"),
        (-HOUR_MS, ""),
        (-HOUR_MS - 1, "ahead"),
    ],
)
def test_backfill_and_a_clock_ahead_are_flagged_and_not_credited(
    hamlet: Hamlet, lag_ms: int | None, flagged: str
) -> None:
    hamlet.meter("WM-1", lag_ms=lag_ms)
    day = day_of(hamlet)
    assert {name for name in ("backfilled", "ahead", "retained", "implausible") if day[name]} == set(
        filter(None, [flagged])
    )
    assert (day["count"], day["credited"]) == (1, int(not flagged))


def test_a_retained_value_is_flagged_and_not_credited(hamlet: Hamlet) -> None:
    hamlet.meter("WM-1", retained=True)
    day = day_of(hamlet)
    assert (day["count"], day["retained"], day["credited"]) == (1, 1, 0)


def test_an_implausible_value_is_flagged(hamlet: Hamlet) -> None:
    hamlet.meter("WM-1", -5)
    assert (day_of(hamlet)["implausible"], day_of(hamlet)["credited"]) == (1, 1)


def test_a_day_is_the_local_day_of_receipt_and_not_of_the_device(hamlet: Hamlet) -> None:
    hamlet.later(12 * HOUR_MS)
    hamlet.meter("WM-1", lag_ms=2 * HOUR_MS)
    assert day_of(hamlet)["day"] == "2026-11-04"


def test_readings_stay_decimal_text_as_sent_with_their_extremes(hamlet: Hamlet) -> None:
    for volume in (b"418.30", b"9.5", b"500"):
        hamlet.tell("thingsboard", "v1/gateway/telemetry", b'{"WM-1": [{"values": {"volume_m3": %s}}]}' % volume)
    day = day_of(hamlet)
    assert (day["first"], day["last"], day["low"], day["high"]) == ("418.30", "500", "9.5", "500")


def test_the_first_and_the_last_credited_reading_are_the_witnesses(hamlet: Hamlet) -> None:
    hamlet.meter("WM-1", retained=True)
    hamlet.meter("WM-1", lag_ms=2 * DAY_MS)
    assert day_of(hamlet)["witnesses"] == '[[1, "/WM-1/0/values/volume_m3"]]'
    for _ in range(3):
        hamlet.meter("WM-1")
    assert day_of(hamlet)["witnesses"] == '[[3, "/WM-1/0/values/volume_m3"], [5, "/WM-1/0/values/volume_m3"]]'


def test_an_event_keeps_its_first_credited_witness(hamlet: Hamlet) -> None:
    def fault(*, retained: bool = False, lag_ms: int = 0) -> None:
        body = {"params": {"value": {"kind": "alarm"}, "time": hamlet.clock() - lag_ms}}
        hamlet.tell("alink", "/sys/k/lift-1/thing/event/LiftFault/post", body, retained=retained)

    query = "SELECT value, count, credited, witness FROM events WHERE capability = 'lift_fault'"
    fault(retained=True)
    fault(lag_ms=2 * DAY_MS)
    assert row(hamlet.fold(), query) == ("alarm", 2, 0, 2)
    fault()
    fault()
    assert row(hamlet.fold(), query) == ("alarm", 4, 2, 3)


def test_a_name_is_read_with_what_was_learned_before_and_its_record_is_kept_as_context(hamlet: Hamlet) -> None:
    inventory = [
        {
            "friendly_name": "客厅/开关",
            "ieee_address": "0x01",
            "definition": {"model": "SW-1"},
            "description": "3-2-1201",
        }
    ]
    hamlet.tell("zigbee2mqtt", "zigbee2mqtt/客厅/开关", {"state": "ON"})
    hamlet.tell("zigbee2mqtt", "zigbee2mqtt/bridge/devices", inventory)
    hamlet.tell("zigbee2mqtt", "zigbee2mqtt/客厅/开关", {"state": "ON"})
    day = day_of(hamlet, "0x01", "switch_on")
    assert (day["count"], day["context"]) == (1, "[2]")
    assert row(hamlet.fold(), "SELECT unread FROM sources") == (1,)


def test_a_gap_and_a_document_are_kept(night: Night) -> None:
    ledger = Ledger(None, night.catalogue.reading_digest)
    gap = Record(1, "alink", "2026-11-03", 1, Kind.GAP, 5, "", b'{"from": 3, "to": 5, "cause": "offline"}')
    document = Record(2, "acts", "2026-11-03", 1, Kind.DOCUMENT, 5, "a.pdf", b"bytes")
    make_fold(night, ledger).apply([gap, document])
    assert row(ledger, "SELECT * FROM gaps") == (1, "alink", 3, 5, "offline")
    assert row(ledger, "SELECT * FROM documents") == (document.payload_sha256, "a.pdf", 2)


# ---------------------------------------------------------------- what is missing


def broken(night: Night, records: Iterable[Record]) -> dict[tuple[str, str], str]:
    ledger = folded(night, [list(records)])
    rows = ledger.connection.execute("SELECT source, day, broken, closed FROM partitions")
    last_day = night.records[night.claim.cutoff].day
    return {
        (source, day): reason or "open"
        for source, day, reason, closed in rows
        if reason or not (closed or (source, day) == (SYSTEM_SOURCE, last_day))
    }


def test_a_whole_night_has_no_broken_partition(night: Night) -> None:
    assert broken(night, night.records.values()) == {}


@pytest.mark.parametrize("source", ["alink", "thingsboard", "zigbee2mqtt", "acme", "city_hub", "acts"])
@pytest.mark.parametrize("which", [0, 1, -1])
def test_a_record_that_is_missing_breaks_its_partition_and_no_other(night: Night, source: str, which: int) -> None:
    mine = [record for record in night.records.values() if record.source == source]
    gone = mine[which]
    found = broken(night, (record for record in night.records.values() if record is not gone))
    assert list(found) == [(source, gone.day)]
    count = sum(record.day == gone.day for record in mine)
    if gone.sequence == count:
        assert found[source, gone.day] == f"{gone.day}应有{count}条记录，现有{count - 1}条或内容不符"
    else:
        assert found[source, gone.day] == f"{gone.day}第{gone.sequence}条记录缺失"


@pytest.mark.parametrize(
    "change", [{"payload": b"{}"}, {"topic": "v1/other"}, {"received_at": 5}, {"flags": 1}, {"kind": Kind.PAGE}]
)
def test_a_record_that_is_altered_breaks_its_partition(night: Night, change: dict[str, Any]) -> None:
    victim = next(record for record in night.records.values() if record.source == "acme")
    changed = [replace(record, **change) if record is victim else record for record in night.records.values()]
    (found,) = broken(night, changed).items()
    assert found[0] == ("acme", victim.day)
    assert found[1].endswith("条或内容不符")


def test_a_whole_day_of_a_source_that_is_gone_is_noticed(night: Night) -> None:
    victim = next(record for record in night.records.values() if record.source == "acme")
    key = (victim.source, victim.day)
    found = broken(night, (record for record in night.records.values() if (record.source, record.day) != key))
    assert list(found) == [key]


def test_a_close_that_is_missing_leaves_its_partitions_open_and_the_products_own_records_broken(night: Night) -> None:
    close = next(record for record in night.records.values() if record.kind is Kind.CLOSE)
    found = broken(night, (record for record in night.records.values() if record is not close))
    assert found.pop((SYSTEM_SOURCE, close.day)) == f"{close.day}应有1条记录，现有0条或内容不符"
    assert found
    assert set(found.values()) == {"open"}
    assert {day for _, day in found} == {min(record.day for record in night.records.values())}


def test_two_records_that_changed_places_are_noticed(night: Night) -> None:
    first, second = [record for record in night.records.values() if record.source == "acme"][:2]
    swapped = {first.receipt: replace(second, receipt=first.receipt, sequence=1)}
    swapped |= {second.receipt: replace(first, receipt=second.receipt, sequence=2)}
    records = [swapped.get(record.receipt, record) for record in night.records.values()]
    assert ("acme", first.day) in broken(night, records)


def test_the_night_is_streamed_in_the_order_of_its_receipts(night: Night) -> None:
    assert [record.receipt for record in stream(night.stage.house.locker, after=5, upto=20)] == list(range(6, 21))
