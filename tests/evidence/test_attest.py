"""What is attested stands, ends, lacks its document or is withdrawn; nothing is deleted."""

from __future__ import annotations

from typing import Any

import pytest

from collector.act_imports import import_acts, import_acts_again
from evidence.acts import ActError, act_arrivals
from evidence.attest import ActLine, Standing, choose_withdrawn, expiring, list_acts, make_withdrawal, read_terms
from tests.fakes.hamlet import DAY_MS, Hamlet

ATTEST = {"act": "attest", "row": 74, "part": "rules", "value": "yes", "by": "王工", "date": "2026-10-20"}
ATTEST |= {"expires": "2027-10-20", "document": "rules.pdf"}
SURVEY = {"act": "survey", "row": 76, "sample": 10, "satisfied": 9, "by": "陈社工", "date": "2026-10-25"}
DRILL = {"act": "drill", "place": "G-01", "capability": "level_high", "by": "王工", "date": "2025-11-10"}
OVERRIDE = {"act": "override", "row": 74, "points": "4", "reason": "少一份文件", "by": "赵主任", "date": "2026-11-01"}
POOL = {"act": "not_applicable", "row": 61, "part": "linkage", "by": "王工", "date": "2026-10-20"}
TODAY = "2026-11-03"


def put(hamlet: Hamlet, *entries: dict[str, Any]) -> None:
    (hamlet.folder / "rules.pdf").write_bytes(b"%PDF-1.4 rules")
    hamlet.act(list(entries))


def lines(hamlet: Hamlet, today: str = TODAY) -> list[ActLine]:
    return list_acts(hamlet.fold(), hamlet.house.catalogue, "demo", today)


def withdraw(hamlet: Hamlet, *receipts: int, day: str = TODAY) -> None:
    body = make_withdrawal(receipts, "赵主任", day)
    hamlet.house.locker.append(act_arrivals("demo", [(body, None)], hamlet.clock()))


def test_every_act_is_listed_as_it_stands(hamlet: Hamlet) -> None:
    put(hamlet, ATTEST, SURVEY, {**DRILL, "document": "rules.pdf"}, OVERRIDE, POOL)
    found = [(one.act, one.row, one.part, one.value, one.expires, one.state) for one in lines(hamlet)]
    assert found == [
        ("attest", 74, "rules", "yes", "2027-10-20", Standing.GOOD),
        ("survey", 76, "", "满意9户", "", Standing.NO_DOCUMENT),
        ("drill", None, "G-01", "", "2026-11-10", Standing.GOOD),
        ("override", 74, "", "4", "", Standing.GOOD),
        ("not_applicable", 61, "linkage", "", "", Standing.GOOD),
    ]
    assert (lines(hamlet)[0].document, lines(hamlet)[1].quantity, lines(hamlet)[1].unit) == ("rules.pdf", 10, "户")


@pytest.mark.parametrize(("today", "state"), [("2027-10-20", Standing.GOOD), ("2027-10-21", Standing.EXPIRED)])
def test_the_last_day_still_counts(hamlet: Hamlet, today: str, state: Standing) -> None:
    put(hamlet, ATTEST)
    assert [one.state for one in lines(hamlet, today)] == [state]


def test_what_ends_soon_is_named_the_first_to_end_first(hamlet: Hamlet) -> None:
    parts = [("rules", "2026-12-03"), ("measures", "2026-11-03"), ("no-incident", "2026-12-04")]
    put(hamlet, *({**ATTEST, "part": part, "expires": end} for part, end in parts), {**DRILL, "document": "rules.pdf"})
    ending = expiring(hamlet.fold(), hamlet.house.catalogue, "demo", TODAY)
    assert [(one.expires, one.part) for one in ending] == [
        ("2026-11-03", "measures"),
        ("2026-11-10", "G-01"),
        ("2026-12-03", "rules"),
    ]
    assert [one.part for one in expiring(hamlet.fold(), hamlet.house.catalogue, "demo", TODAY, 0)] == ["measures"]


def test_what_was_renewed_or_withdrawn_needs_no_reminder(hamlet: Hamlet) -> None:
    soon = {**ATTEST, "expires": "2026-11-20"}
    put(hamlet, soon, {**soon, "part": "measures"}, ATTEST)
    second = lines(hamlet)[1].receipt
    withdraw(hamlet, second)
    assert expiring(hamlet.fold(), hamlet.house.catalogue, "demo", TODAY) == []


# ---------------------------------------------------------------- taking back


def test_a_withdrawn_act_no_longer_counts_from_that_day_on(hamlet: Hamlet) -> None:
    put(hamlet, ATTEST, {**ATTEST, "part": "measures"}, {**ATTEST, "part": "no-incident"})
    hamlet.register()
    assert str(hamlet.rows()[74].floor) == "10.00"
    hamlet.later(2 * DAY_MS)
    withdraw(hamlet, lines(hamlet)[0].receipt, day="2026-11-05")
    assert (str(hamlet.rows()[74].floor), hamlet.rows()[74].met) == ("0.00", None)
    assert lines(hamlet, "2026-11-04")[0].state is Standing.GOOD
    assert lines(hamlet, "2026-11-05")[0].state is Standing.WITHDRAWN


def test_every_sort_of_act_can_be_taken_back(hamlet: Hamlet) -> None:
    hamlet.register()
    put(hamlet, {**SURVEY, "document": "rules.pdf"}, {**DRILL, "document": "rules.pdf"}, OVERRIDE, POOL)
    before = hamlet.facts()
    assert [len(one) for one in (before.surveys, before.shown, before.overrides, before.not_applicable)] == [1] * 4
    withdraw(hamlet, *(one.receipt for one in lines(hamlet)))
    after = hamlet.facts()
    assert [len(one) for one in (after.surveys, after.shown, after.overrides, after.not_applicable)] == [0] * 4


def test_the_nightly_file_brings_nothing_back_and_an_import_by_hand_does(hamlet: Hamlet) -> None:
    put(hamlet, ATTEST)
    (first,) = lines(hamlet)
    withdraw(hamlet, first.receipt)
    path = hamlet.folder / "acts.yaml"
    assert import_acts(hamlet.house, hamlet.fold(), "demo", path) == 0
    assert [one.state for one in lines(hamlet)] == [Standing.WITHDRAWN]
    again = import_acts_again(hamlet.house, hamlet.fold(), "demo", path)
    assert (len(again.recorded), again.passed_over) == (1, 0)
    assert [one.state for one in lines(hamlet)] == [Standing.WITHDRAWN, Standing.GOOD]
    assert import_acts_again(hamlet.house, hamlet.fold(), "demo", path).passed_over == 1


def test_an_import_is_taken_back_by_the_beginning_of_its_id(hamlet: Hamlet) -> None:
    put(hamlet, ATTEST, SURVEY)
    found = lines(hamlet)
    assert len({one.batch for one in found}) == 1
    assert choose_withdrawn(found, [], found[0].batch[:8]) == [one.receipt for one in found]
    assert choose_withdrawn(found, [found[1].receipt]) == [found[1].receipt]


@pytest.mark.parametrize(
    ("receipts", "batch", "words"),
    [
        ([99], "", "99: no act has this receipt; `zhizheng attest list`"),
        ([], "ffffffff", "--import ffffffff: names no import"),
        ([], "", None),
        ([2], "", "2: is withdrawn already; import it again"),
    ],
)
def test_what_cannot_be_taken_back_is_told(hamlet: Hamlet, receipts: list[int], batch: str, words: str | None) -> None:
    put(hamlet, ATTEST)
    withdraw(hamlet, 2)
    found = lines(hamlet)
    if words is None:
        with pytest.raises(ActError, match="all its acts are withdrawn already"):
            choose_withdrawn(found, [], found[0].batch[:8])
        return
    with pytest.raises(ActError) as told:
        choose_withdrawn(found, receipts, batch)
    assert words in str(told.value)


# ---------------------------------------------------------------- overrides and terms


@pytest.mark.parametrize(
    ("date", "expires", "count"),
    [
        ("2026-11-03", None, 1),
        ("2026-10-01", "2026-11-03", 1),
        ("2026-10-01", "2026-11-02", 0),
    ],
)
def test_an_override_stands_from_its_date_to_its_end(
    hamlet: Hamlet, date: str, expires: str | None, count: int
) -> None:
    put(hamlet, {**OVERRIDE, "date": date, "expires": expires})
    assert len(hamlet.facts().overrides) == count


def test_an_override_keeps_the_computed_value_too(hamlet: Hamlet) -> None:
    hamlet.register()
    parts = ("rules", "measures", "no-incident")
    put(hamlet, *({**ATTEST, "part": part} for part in parts), {**OVERRIDE, "document": "rules.pdf"})
    row = hamlet.rows()[74]
    assert (str(row.floor), str(row.computed)) == ("4.00", "10.00")
    assert row.override is not None
    assert (row.override.reason, row.override.document is not None) == ("少一份文件", True)


def test_the_terms_know_the_register_of_the_day(hamlet: Hamlet) -> None:
    catalogue = hamlet.house.catalogue
    before = read_terms(hamlet.fold(), catalogue, "demo", TODAY)
    assert (before.places, before.totals, before.wholes) == (None, {}, {})
    hamlet.register()
    terms = read_terms(hamlet.fold(), catalogue, "demo", TODAY)
    assert terms.places is not None
    assert {"G-01", "3-2-1201"} <= terms.places
    assert terms.totals["occupied_households"] == 60
    assert {"level_high", "lift_fault"} <= terms.alarms
    assert "entry" not in terms.alarms
