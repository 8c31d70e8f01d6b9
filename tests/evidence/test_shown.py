"""What devices show: the rung each has reached, why it has not come further, and the records that say so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.record import Kind
from evidence.shown import Asked
from scoring.model import Rung, Season, Shown, ShownBy
from tests.fakes.hamlet import DAY_MS, HOUR_MS, Hamlet

HOME = "3号楼2单元1201"


def of(hamlet: Hamlet, capability: str = "water_volume") -> Shown:
    (found,) = [one for one in hamlet.facts().shown if one.capability == capability]
    return found


# ---------------------------------------------------------------- messages


@pytest.mark.parametrize(
    ("sent", "rung", "note"),
    [
        ({}, Rung.PLAUSIBLE, ""),
        ({"volume": -1}, Rung.REPORTING, ""),
        ({"retained": True}, Rung.HEARD, "仅有保留消息"),
        ({"lag_ms": DAY_MS + 1}, Rung.HEARD, "设备时间落后超过24小时（补传）"),
        ({"lag_ms": -HOUR_MS - 1}, Rung.HEARD, "设备时钟超前超过1小时"),
    ],
)
def test_a_meter_climbs_as_far_as_its_message_proves(
    hamlet: Hamlet, sent: dict[str, float], rung: Rung, note: str
) -> None:
    hamlet.register()
    hamlet.meter("WM-1", at=HOME, **sent)  # type: ignore[arg-type]
    hamlet.later()
    shown = of(hamlet)
    assert (shown.rung, shown.note, shown.days_ago, shown.shown_by) == (rung, note, 0, ShownBy.MESSAGE)


def test_one_credited_day_of_the_window_is_enough(hamlet: Hamlet) -> None:
    hamlet.register()
    hamlet.meter("WM-1", at=HOME)
    for _ in range(6):
        hamlet.later()
        hamlet.meter("WM-1", retained=True)
    hamlet.later()
    assert (of(hamlet).rung, of(hamlet).days_ago) == (Rung.PLAUSIBLE, 6)


def test_a_meter_that_fell_silent_is_heard_and_no_more(hamlet: Hamlet) -> None:
    hamlet.register()
    hamlet.meter("WM-1", at=HOME)
    hamlet.later(8 * DAY_MS)
    assert (of(hamlet).rung, of(hamlet).note, of(hamlet).days_ago) == (Rung.HEARD, "近7日无上报", 7)


def test_what_comes_on_the_day_of_the_run_is_for_the_next_one(hamlet: Hamlet) -> None:
    hamlet.register()
    hamlet.meter("WM-1", at=HOME)
    assert hamlet.facts().shown == ()


def test_a_device_nobody_could_place_is_only_listed(hamlet: Hamlet) -> None:
    hamlet.register()
    hamlet.meter("WM-1", at="不知何处")
    hamlet.later()
    assert (of(hamlet).rung, of(hamlet).place) == (Rung.LISTED, None)


def test_a_device_that_never_said_where_it_is_counts_nowhere(hamlet: Hamlet) -> None:
    hamlet.register()
    hamlet.meter("WM-1")
    hamlet.later()
    assert {one.place for one in hamlet.facts().shown} <= {None}
    assert hamlet.rows()[10].numerator == 0


def test_the_records_a_reviewer_opens_are_named_once_each_values_first(hamlet: Hamlet) -> None:
    hamlet.register()
    (_, first) = hamlet.meter("WM-1", at=HOME)
    hamlet.meter("WM-1")
    hamlet.later()
    (last,) = hamlet.meter("WM-1")
    hamlet.later()
    leads = of(hamlet).leads
    assert [lead.receipt for lead in leads[:2]] == [first, last]
    assert {lead.pointer for lead in leads[:2]} == {"/WM-1/0/values/volume_m3"}
    (binding,) = leads[2:]
    assert hamlet.house.locker.get(binding.receipt).kind is Kind.BINDING


def test_a_single_witness_is_named_once(hamlet: Hamlet) -> None:
    hamlet.register()
    hamlet.meter("WM-1", at=HOME)
    hamlet.later()
    assert len(of(hamlet).leads) == 2


def test_the_record_a_name_was_learned_from_is_named_too(hamlet: Hamlet) -> None:
    hamlet.register()
    item = {"friendly_name": "开关", "ieee_address": "0x01", "definition": {"model": "SW-1"}, "description": HOME}
    (learned,) = hamlet.tell("zigbee2mqtt", "zigbee2mqtt/bridge/devices", [item])
    (said,) = hamlet.tell("zigbee2mqtt", "zigbee2mqtt/开关", {"state": "ON"})
    hamlet.later()
    assert [lead.receipt for lead in of(hamlet, "switch_on").leads][:2] == [said, learned]


def test_extremes_are_over_the_credited_days_of_the_window(hamlet: Hamlet) -> None:
    hamlet.register()
    hamlet.meter("WM-1", 1, at=HOME)
    hamlet.later(7 * DAY_MS)
    hamlet.meter("WM-1", 5)
    hamlet.later()
    hamlet.meter("WM-1", 99, retained=True)
    hamlet.later()
    hamlet.meter("WM-1", 7)
    hamlet.later()
    everything = next(iter(hamlet.asking(Asked(bounded=frozenset({"water_volume"})))))
    assert (str(everything.low), str(everything.high), everything.values) == ("5", "7", ("7",))


def test_extremes_nobody_asks_for_are_not_looked_up(hamlet: Hamlet) -> None:
    hamlet.register()
    hamlet.meter("WM-1", 1, at=HOME)
    hamlet.later()
    shown = of(hamlet)
    assert (shown.low, shown.high, shown.values) == (None, None, ("1",))


def test_readings_of_several_days_are_counted_by_day(hamlet: Hamlet) -> None:
    hamlet.register()
    hamlet.meter("WM-1", 1, at=HOME)
    hamlet.meter("WM-1", 2)
    hamlet.later()
    assert of(hamlet).days_seen == 1
    hamlet.meter("WM-1", 3)
    hamlet.later()
    assert of(hamlet).days_seen == 2


@pytest.mark.parametrize(
    ("states", "again", "stale"),
    [({"water_volume"}, False, True), ({"water_volume"}, True, False), (set(), False, False)],
)
def test_a_state_is_not_known_behind_a_gap_until_it_is_said_again(
    hamlet: Hamlet, states: set[str], again: bool, stale: bool
) -> None:
    hamlet.register()
    hamlet.meter("WM-1", at=HOME)
    now = hamlet.clock()
    gap = hamlet.gap("thingsboard", now, now + 5)
    if again:
        hamlet.meter("WM-1")
    hamlet.later()
    (shown,) = hamlet.asking(Asked(states=frozenset(states), behind={"thingsboard": gap, "alink": gap + 99}))
    assert (shown.stale, shown.rung) == (stale, Rung.PLAUSIBLE)
    assert shown.note == ("接收中断后尚未再次上报，现状未知" if stale else "")


def test_behind_a_gap_a_state_from_before_the_window_is_not_known_either(hamlet: Hamlet) -> None:
    hamlet.register()
    hamlet.meter("WM-1", at=HOME)
    gap = hamlet.gap("thingsboard", hamlet.clock(), hamlet.clock())
    hamlet.later(9 * DAY_MS)
    asked = Asked({"water_volume": 30}, states=frozenset({"water_volume"}))
    (known,) = hamlet.asking(asked)
    (stale,) = hamlet.asking(replace(asked, behind={"thingsboard": gap}))
    assert (known.stale, stale.stale) == (False, True)


def test_of_a_seasonal_capability_the_newest_credited_day_of_its_season_is_shown(hamlet: Hamlet) -> None:
    hamlet.register()
    hamlet.meter("WM-1", 1, at=HOME)
    hamlet.later()
    hamlet.meter("WM-1", 2)
    hamlet.later(30 * DAY_MS)
    hamlet.meter("WM-1", 3, retained=True)
    hamlet.later()
    (plain,) = hamlet.asking(Asked())
    (seasonal,) = hamlet.asking(Asked(seasons={"water_volume": Season("autumn", "09-01", "11-30")}))
    assert (plain.rung, plain.values, plain.days_ago) == (Rung.HEARD, ("3",), 0)
    assert (seasonal.rung, seasonal.values, seasonal.days_ago) == (Rung.PLAUSIBLE, ("2",), 30)
    assert seasonal.note == "仅有保留消息"
    (wintry,) = hamlet.asking(Asked(seasons={"water_volume": Season("winter", "12-15", "02-28")}))
    assert wintry.rung is Rung.HEARD


def test_where_more_days_are_asked_a_sign_from_before_the_window_is_shown(hamlet: Hamlet) -> None:
    hamlet.register()
    hamlet.meter("WM-1", 1, at=HOME)
    hamlet.later(20 * DAY_MS)
    (within,) = hamlet.asking(Asked(days={"water_volume": 20}))
    (beyond,) = hamlet.asking(Asked(days={"water_volume": 19}))
    assert (within.rung, within.days_ago, beyond.rung) == (Rung.PLAUSIBLE, 19, Rung.HEARD)


# ---------------------------------------------------------------- events and inventories


def opened(hamlet: Hamlet, way: str) -> None:
    body = {"params": {"value": {"way": way}, "time": hamlet.clock()}}
    hamlet.tell("alink", "/sys/k/gate-1/thing/event/DoorOpen/post", body)


def placed_gate(hamlet: Hamlet) -> None:
    hamlet.register()
    body = {"params": {"InstallPlace": "G-01"}}
    hamlet.tell("alink", "/sys/k/gate-1/thing/event/property/post", body)


def test_events_give_their_distinct_words_over_twelve_months(hamlet: Hamlet) -> None:
    placed_gate(hamlet)
    opened(hamlet, "card")
    hamlet.later()
    for way in ("face", "code", "face"):
        opened(hamlet, way)
    hamlet.later(364 * DAY_MS)
    shown = of(hamlet, "entry")
    assert (shown.values, shown.days_ago, shown.shown_by) == (("card", "code", "face"), 363, ShownBy.EVENT)
    hamlet.later()
    assert of(hamlet, "entry").values == ("code", "face")
    hamlet.later()
    assert [one for one in hamlet.facts().shown if one.capability == "entry"] == []


def test_each_word_of_an_event_leads_to_its_newest_witness(hamlet: Hamlet) -> None:
    placed_gate(hamlet)
    opened(hamlet, "card")
    hamlet.later()
    opened(hamlet, "card")
    newest = hamlet.house.locker.last_receipt()
    hamlet.later()
    lead = of(hamlet, "entry").leads[0]
    assert (lead.receipt, lead.pointer) == (newest, "/params/value/way")


def test_an_inventory_lists_its_values_and_numbers_with_their_cell(hamlet: Hamlet) -> None:
    hamlet.register()
    cameras = [{"deviceId": "C-1", "place": "A-01", "status": "in_use", "keepDays": 31}]
    walk = hamlet.walk("inventory.camera", cameras)
    hamlet.walk("inventory.access", [{"deviceId": "D-1", "place": "G-01", "ways": ["face", "card"]}])
    hamlet.later()
    listed, retention, entry = of(hamlet, "camera"), of(hamlet, "camera_retention"), of(hamlet, "entry")
    assert (listed.rung, listed.shown_by, listed.days_ago) == (Rung.BOUND, ShownBy.INVENTORY, 0)
    assert (str(retention.low), str(retention.high), retention.values) == ("31", "31", ("31",))
    assert retention.leads[0].receipt == walk - 1
    assert retention.leads[0].pointer == "/data/list/0/keepDays"
    assert (entry.values, entry.low) == (("card", "face"), None)


@pytest.mark.parametrize("kept", ["三十", "", "30天", "-", ".-5"])
def test_a_value_that_is_no_number_has_no_extremes(hamlet: Hamlet, kept: str) -> None:
    hamlet.register()
    cameras = [{"deviceId": "C-1", "place": "A-01", "status": "in_use", "keepDays": kept}]
    hamlet.walk("inventory.camera", cameras)
    hamlet.later()
    assert {(one.low, one.high) for one in hamlet.facts().shown} == {(None, None)}
    assert str(hamlet.rows()[58].parts[2].state) == "unknown"
