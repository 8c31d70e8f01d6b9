"""The ledger is deleted and rebuilt from the locker and found equal; what was altered in either is found."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from evidence.ledger import Ledger
from evidence.rebuild import Rebuilt, rebuild_ledger
from evidence.replay import fold_all, stream
from tests.fakes.hamlet import Hamlet
from tests.fakes.night import Night


def rebuild(night: Night, path: Path) -> Rebuilt:
    house = night.stage.house
    return rebuild_ledger(house.locker, house.catalogue, house.settings.zone, path)


def ledger_at(night: Night, path: Path, upto: int) -> Ledger:
    ledger = Ledger(path, night.catalogue.reading_digest)
    locker = night.stage.house.locker
    fold_all(ledger, night.catalogue, night.claim.window.zone, stream(locker, upto=upto), locker.get)
    return ledger


@pytest.mark.parametrize("share", [0.3, 0.7, 1])
def test_the_ledger_deleted_and_rebuilt_is_equal_at_any_cut_off(night: Night, tmp_path: Path, share: float) -> None:
    cutoff = int(night.claim.cutoff * share)
    one = ledger_at(night, tmp_path / "one.sqlite", cutoff)
    digest = one.dump_digest()
    one.close()
    (tmp_path / "one.sqlite").unlink()
    assert ledger_at(night, tmp_path / "one.sqlite", cutoff).dump_digest() == digest


def test_the_ledger_that_grew_with_the_nights_equals_the_one_folded_at_once(night: Night, tmp_path: Path) -> None:
    grown = Ledger(night.stage.house.data / "ledger.sqlite", night.catalogue.reading_digest)
    assert grown.dump_digest() == ledger_at(night, tmp_path / "new.sqlite", night.claim.cutoff).dump_digest()


def test_a_whole_ledger_is_found_equal_and_replaced_by_its_like(night: Night, tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    old = ledger_at(night, path, night.claim.cutoff)
    digest = old.dump_digest()
    old.close()
    done = rebuild(night, path)
    assert done == Rebuilt(night.claim.cutoff, digest, equal=True)
    assert done.describe() == "the ledger was equal"
    assert Ledger(path, night.catalogue.reading_digest).dump_digest() == digest


def test_one_that_had_not_read_everything_is_compared_as_far_as_it_came(night: Night, tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger_at(night, path, 300).close()
    assert (rebuild(night, path).equal, Ledger(path, night.catalogue.reading_digest).cursor) == (
        True,
        night.claim.cutoff,
    )


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE device_days SET credited = credited + 1",
        "DELETE FROM bindings WHERE receipt = (SELECT max(receipt) FROM bindings)",
        "UPDATE totals SET value = '1' WHERE name = 'households'",
        "INSERT INTO statistics VALUES ('city_hub', 'x', '1', 1, '', 1)",
    ],
)
def test_a_ledger_somebody_altered_is_found_and_replaced(night: Night, tmp_path: Path, change: str) -> None:
    path = tmp_path / "ledger.sqlite"
    old = ledger_at(night, path, night.claim.cutoff)
    digest = old.dump_digest()
    old.connection.execute(change)
    old.close()
    done = rebuild(night, path)
    assert (done.equal, done.digest) == (False, digest)
    assert done.describe() == "the ledger differed and has been replaced"
    assert Ledger(path, night.catalogue.reading_digest).dump_digest() == digest


@pytest.mark.parametrize("old", ["none", "another reading"])
def test_without_a_ledger_of_this_reading_there_is_nothing_to_compare(night: Night, tmp_path: Path, old: str) -> None:
    path = tmp_path / "ledger.sqlite"
    if old != "none":
        Ledger(path, old).close()
    done = rebuild(night, path)
    assert (done.equal, done.describe()) == (None, "there was no ledger to compare with")
    assert [found.name for found in tmp_path.iterdir()] == ["ledger.sqlite"]


def test_what_a_rebuild_that_was_killed_left_behind_does_no_harm(night: Night, tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger_at(night, path, 300).close()
    ledger_at(night, tmp_path / "ledger.rebuilding", 200).close()
    (tmp_path / "ledger.rebuilding-wal").write_bytes(b"half written")
    assert rebuild(night, path).equal is True


def test_a_record_deleted_in_the_lockers_file_leaves_its_rows_unknown_after_a_rebuild(hamlet: Hamlet) -> None:
    house = hamlet.house
    hamlet.register()
    hamlet.meter("WM-1", at="3-2-1201")
    hamlet.meter("WM-1")
    hamlet.later()
    done = hamlet.refresh()
    assert done.scorecard["indicators"][9]["floor"] == "0.67"
    gone = next(record.receipt for record in house.locker.read(0, 99) if record.source == "thingsboard")
    with sqlite3.connect(house.data / "locker" / "2026-11-03.sqlite") as connection:
        connection.execute("DELETE FROM records WHERE receipt = ?", (gone + 1,))
    connection.close()
    rebuilt = rebuild_ledger(house.locker, house.catalogue, house.settings.zone, house.data / "ledger.sqlite")
    assert rebuilt.equal is False
    row = hamlet.refresh().scorecard["indicators"][9]
    assert (row["floor"], row["met"], row["ceiling"]) == ("0.00", None, "2.00")
    assert "数据源thingsboard记录不完整（2026-11-03第2条记录缺失）" in str(
        (house.settings.out / "demo" / "2" / "indicators" / "10.json").read_text("utf-8")
    )
