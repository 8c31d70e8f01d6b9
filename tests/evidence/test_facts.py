"""The facts of a run: the register valid at its end, what devices show, and what cannot be trusted."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from connectors.record import Arrival, GapCause, Kind
from evidence.facts import gather_facts
from evidence.ledger import Ledger
from evidence.locker import SYSTEM_SOURCE
from evidence.replay import fold_all
from evidence.window import window_before
from scoring.model import Gap, RowScore
from scoring.score import score
from tests.fakes.hamlet import DAY_MS, HUB, Hamlet
from tests.fakes.night import Night

HOME = "3号楼2单元1201"


def homes(hamlet: Hamlet) -> list[str]:
    return [place.key for place in hamlet.facts().frames.get("household", ())]


def test_before_a_register_there_is_no_frame_and_no_total(hamlet: Hamlet) -> None:
    known = hamlet.facts()
    assert (known.frames, known.totals) == ({}, {})


def test_the_frame_is_of_the_newest_register(hamlet: Hamlet) -> None:
    hamlet.register()
    hamlet.accept(hamlet.register(household="楼栋,单元,房号\n3,2,1202\n", lift=None, totals="项目,数值\n总户数,1\n"))
    known = hamlet.facts()
    assert [place.key for place in known.frames["household"]] == ["3-2-1202"]
    assert "lift" not in known.frames
    assert {name: (one.value, one.source, one.pointer) for name, one in known.totals.items()} == {
        "households": ("1", "register", "line 2")
    }


@pytest.mark.parametrize(("valid_from", "used"), [("2026-11-03", 1), ("2026-11-04", 3), (None, 1)])
def test_a_register_counts_from_the_day_it_is_valid(hamlet: Hamlet, valid_from: str | None, used: int) -> None:
    hamlet.register()
    now = hamlet.clock()
    (sheet,) = hamlet.house.locker.append(
        [Arrival("register", Kind.SHEET, now, "household.csv", "楼栋,单元,房号\n3,2,1202\n".encode())]
    )
    body = {"community": "demo", "valid_from": valid_from, "origin": "x", "parts": {"household": {"sheet": sheet}}}
    hamlet.accept(
        *hamlet.house.locker.append([Arrival("register", Kind.REGISTER, now, "demo", json.dumps(body).encode())])
    )
    assert len(homes(hamlet)) == used


def test_the_rows_of_another_community_are_not_ours(hamlet: Hamlet) -> None:
    hamlet.register()
    hamlet.meter("WM-1", at=HOME)
    hamlet.walk("statistics", [{"key": "elder_calls", "value": 3}])
    hamlet.later()
    claim = hamlet.claim()
    other = gather_facts(hamlet.fold(claim.cutoff), hamlet.house.catalogue, "other", claim.window)
    assert (other.frames, other.shown, other.statistics, other.unplaced, other.sources_of) == ({}, (), {}, (), {})


def test_a_device_that_never_said_where_it_is_is_listed_as_unplaced(hamlet: Hamlet) -> None:
    hamlet.register()
    (receipt,) = hamlet.meter("WM-1")
    ((source, device, address, first),) = [
        (one.source, one.device, one.address, one.receipt) for one in hamlet.facts().unplaced
    ]
    assert (source, device, address, first) == ("thingsboard", "WM-1", "", receipt)


def test_a_device_whose_place_left_the_register_is_listed_and_counts_nowhere(hamlet: Hamlet) -> None:
    hamlet.register()
    hamlet.meter("WM-1", at=HOME)
    hamlet.bind()
    hamlet.accept(hamlet.register(household="楼栋,单元,房号\n3,2,1202\n", totals="项目,数值\n总户数,1\n"))
    hamlet.later()
    assert [one.address for one in hamlet.facts().unplaced] == [HOME]
    assert hamlet.rows()[10].numerator == 0


def test_statistics_know_their_age(hamlet: Hamlet) -> None:
    hamlet.walk("statistics", [{"key": "elder_calls", "value": 3}])
    hamlet.later(10 * DAY_MS)
    figure = hamlet.facts().statistics["elder_calls"]
    assert (figure.value, figure.days_ago, figure.pointer) == ("3", 9, "/data/list/0/value")


def test_it_knows_which_sources_could_show_and_state_what(hamlet: Hamlet) -> None:
    hamlet.register()
    hamlet.meter("WM-1", at=HOME)
    known = hamlet.facts()
    assert known.sources_of["water_volume"] == {"thingsboard", HUB}
    assert known.sources_of["lift_fault"] == {"alink"}
    assert "acme" not in {source for sources in known.sources_of.values() for source in sources}
    assert known.stating == {HUB}
    ((place, sources),) = known.reading_at.items()
    assert (place.startswith("household-"), sources) == (True, {"thingsboard"})


def test_every_row_rests_on_acts_bindings_and_wherever_a_register_could_come_from(hamlet: Hamlet) -> None:
    assert hamlet.facts().common_sources == {"zhizheng", "acts", "register", HUB}
    body = {"community": "demo", "valid_from": None, "origin": "x", "parts": {}}
    hamlet.house.locker.append([Arrival("office", Kind.REGISTER, 1, "demo", json.dumps(body).encode())])
    assert "office" in hamlet.facts().common_sources


# ---------------------------------------------------------------- what cannot be trusted


def test_a_claimed_cut_off_leaves_no_source_open(hamlet: Hamlet) -> None:
    hamlet.meter("WM-1")
    hamlet.later()
    hamlet.meter("WM-1")
    assert hamlet.facts().broken == {}


def test_a_source_that_is_not_closed_is_broken(hamlet: Hamlet) -> None:
    claim = hamlet.claim()
    hamlet.meter("WM-1")
    known = gather_facts(hamlet.fold(), hamlet.house.catalogue, "demo", claim.window)
    assert known.broken == {"thingsboard": "记录不完整（2026-11-03的记录尚未封存）"}


def test_what_comes_behind_a_close_opens_the_day_again(hamlet: Hamlet) -> None:
    hamlet.meter("WM-1")
    claim = hamlet.claim()
    hamlet.meter("WM-1")
    known = gather_facts(hamlet.fold(), hamlet.house.catalogue, "demo", claim.window)
    assert set(known.broken) == {"thingsboard"}
    assert hamlet.facts().broken == {}


def test_a_source_with_a_missing_record_is_broken_with_the_first_reason(night: Night) -> None:
    mine = [receipt for receipt, record in night.records.items() if record.source == "alink"]
    kept = {receipt: record for receipt, record in night.records.items() if receipt not in {mine[3], mine[-1]}}
    ledger = Ledger(None, night.catalogue.reading_digest)
    fold_all(ledger, night.catalogue, night.claim.window.zone, kept.values(), kept.__getitem__)
    known = gather_facts(ledger, night.catalogue, "demo", night.claim.window)
    day = night.records[mine[3]].day
    assert known.broken == {"alink": f"记录不完整（{day}第{night.records[mine[3]].sequence}条记录缺失）"}


def test_the_products_own_records_are_open_only_behind_the_claim(night: Night) -> None:
    claim = night.records[night.claim.cutoff]
    late = replace(claim, receipt=claim.receipt + 1, sequence=claim.sequence + 2, kind=Kind.GAP)
    late = replace(late, payload=b'{"from": 1, "to": 2, "cause": ""}')
    records = [*night.records.values(), late]
    ledger = Ledger(None, night.catalogue.reading_digest)
    fold_all(ledger, night.catalogue, night.claim.window.zone, records, dict(night.records).__getitem__)
    known = gather_facts(ledger, night.catalogue, "demo", night.claim.window)
    assert set(known.broken) == {SYSTEM_SOURCE}


# ---------------------------------------------------------------- gaps


def test_gaps_that_reach_into_the_window_are_named_oldest_first(hamlet: Hamlet) -> None:
    begin, end = window_before(hamlet.clock(), 7, hamlet.house.settings.zone).as_ms()
    hamlet.gap("thingsboard", begin - 9, begin - 1)
    inside = [
        hamlet.gap("thingsboard", begin - 9, begin),
        hamlet.gap("alink", begin + 5, begin + 5, GapCause.DISK_FULL),
        hamlet.gap("thingsboard", end - 1, end + 9, GapCause.DOWNTIME),
    ]
    hamlet.gap("thingsboard", end, end + 9)
    hamlet.gap("of-nobody", begin, end)
    gaps = hamlet.facts().gaps
    assert [gap.receipt for gap in gaps] == inside
    assert gaps[1] == Gap("alink", begin + 5, begin + 5, "disk_full", inside[1])


def test_a_state_heard_before_a_gap_is_of_no_use_and_a_reading_is(hamlet: Hamlet) -> None:
    topic = "/sys/p/d1/thing/event/property/post"
    hamlet.tell("alink", topic, {"params": {"ControlMode": "auto", "PumpState": 1}})
    hamlet.gap("alink", hamlet.clock(), hamlet.clock() + 1)
    hamlet.later()
    notes = {one.capability: one.note for one in hamlet.facts().shown}
    assert notes == {"pump_control": "接收中断后尚未再次上报，现状未知", "pump_running": ""}


def test_gaps_of_all_sources_never_raise_a_row_and_touch_only_what_is_judged_by_its_worst_or_last_value(
    night: Night,
) -> None:
    ledger = Ledger(None, night.catalogue.reading_digest)
    records = list(night.records.values())
    fold_all(ledger, night.catalogue, night.claim.window.zone, records, dict(night.records).__getitem__)

    def rows() -> dict[int, RowScore]:
        facts = gather_facts(ledger, night.catalogue, night.claim.community, night.claim.window)
        return {row.no: row for row in score(night.catalogue.rubric, facts).rows}

    before = rows()
    begin, end = night.claim.window.as_ms()
    for number, source in enumerate(sorted(one.id for one in night.catalogue.sources.values() if one.profiles)):
        gap = (night.claim.cutoff + 1 + number, source, begin, end, "session_lost")
        ledger.connection.execute("INSERT INTO gaps VALUES (?, ?, ?, ?, ?)", gap)
    after = rows()
    assert all(after[no].floor <= row.floor and after[no].ceiling >= row.ceiling for no, row in before.items())
    assert {no for no, row in before.items() if after[no].floor < row.floor} == {18, 67}
