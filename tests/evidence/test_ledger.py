"""The ledger can be thrown away: another schema or another reading empties it, and equal folds give equal dumps."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from evidence import ledger as ledger_module
from evidence.ledger import Ledger


def with_device(path: Path | None, *devices: str) -> Ledger:
    ledger = Ledger(path, "digest")
    with ledger.transaction():
        for device in devices:
            ledger.connection.execute("INSERT INTO devices VALUES ('a', ?, 1, 2)", (device,))
        ledger.connection.execute("UPDATE meta SET cursor = 7")
    return ledger


def devices(ledger: Ledger) -> int:
    return int(ledger.connection.execute("SELECT count(*) FROM devices").fetchone()[0])


def test_a_new_ledger_stands_before_the_first_record(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "deep" / "ledger.sqlite", "digest")
    assert (ledger.cursor, ledger.was_emptied, devices(ledger)) == (0, False, 0)


def test_what_was_folded_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    with_device(tmp_path / "ledger.sqlite", "d").close()
    again = Ledger(tmp_path / "ledger.sqlite", "digest")
    assert (again.cursor, again.was_emptied, devices(again)) == (7, False, 1)


def test_another_reading_empties_it_to_be_folded_anew(tmp_path: Path) -> None:
    with_device(tmp_path / "ledger.sqlite", "d").close()
    again = Ledger(tmp_path / "ledger.sqlite", "another digest")
    assert (again.cursor, again.was_emptied, devices(again)) == (0, True, 0)


def test_another_schema_empties_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_device(tmp_path / "ledger.sqlite", "d").close()
    monkeypatch.setattr(ledger_module, "SCHEMA", ledger_module.SCHEMA + 1)
    again = Ledger(tmp_path / "ledger.sqlite", "digest")
    assert (again.cursor, again.was_emptied, devices(again)) == (0, True, 0)


def test_a_schema_whose_own_tables_look_unlike_ours_is_emptied_too(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "CREATE TABLE meta (schema INTEGER); INSERT INTO meta VALUES (99); CREATE TABLE x (y);"
        )
    connection.close()
    again = Ledger(path, "digest")
    assert (again.cursor, again.was_emptied, devices(again)) == (0, True, 0)


def test_a_transaction_is_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    ledger = with_device(tmp_path / "ledger.sqlite", "d")

    def stop_half_way() -> None:
        with ledger.transaction():
            ledger.connection.execute("DELETE FROM devices")
            raise LookupError

    with pytest.raises(LookupError):
        stop_half_way()
    assert devices(ledger) == 1


def test_equal_rows_give_equal_dumps_in_whatever_order_and_file_they_were_written(tmp_path: Path) -> None:
    assert with_device(None, "d", "e").dump_digest() == with_device(tmp_path / "l.sqlite", "e", "d").dump_digest()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE devices SET last_receipt = 3 WHERE device = 'd'",
        "DELETE FROM devices WHERE device = 'd'",
        "UPDATE meta SET cursor = 8",
        "INSERT INTO gaps VALUES (1, 'a', 2, 3, '')",
        "INSERT INTO documents VALUES ('0', 'a', 2)",
        "INSERT INTO partitions VALUES ('a', '2026-11-03', 1, x'00', '', 1)",
    ],
)
def test_any_change_of_any_table_changes_the_dump(change: str) -> None:
    ledger = with_device(None, "d", "e")
    before = ledger.dump_digest()
    ledger.connection.execute(change)
    assert ledger.dump_digest() != before
