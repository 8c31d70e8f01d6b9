from __future__ import annotations

import pytest

from connectors.record import Kind, Record, Unread
from evidence import unread as unread_module
from evidence.ledger import Ledger
from evidence.unread import OTHER_REASONS, OTHER_SHAPES, UnreadCounts

Row = tuple[str, str, int, int, int]


def record(receipt: int) -> Record:
    return Record(receipt, "s", "2026-11-05", receipt, Kind.MESSAGE, 0, "t", b"")


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread_module, "MOST_REASONS", 2)
    monkeypatch.setattr(unread_module, "MOST_SHAPES", 2)


def counted(told: list[tuple[str, str]], *, after_each: str = "nothing") -> list[Row]:
    """Return the table (shape, reason, count, first and last receipt) after records of these shapes and reasons."""
    ledger = Ledger(None, "r")
    counts = UnreadCounts(ledger.connection)
    for receipt, (shape, reason) in enumerate(told, 1):
        counts.note(record(receipt), Unread(reason, shape))
        if after_each != "nothing":
            counts.write()
        if after_each == "write and forget":
            counts.forget()
    counts.write()
    rows = ledger.connection.execute(
        "SELECT shape, reason, count, first_receipt, last_receipt FROM unread ORDER BY shape, reason"
    ).fetchall()
    ledger.close()
    return rows


STRANGE = [("a", "1"), ("a", "2"), ("a", "3"), ("a", "1"), ("b", "1"), ("c", "1"), ("d", "2"), ("a", "4"), ("b", "1")]


def test_shapes_and_reasons_are_counted_apart_with_their_first_and_last_record() -> None:
    assert counted([("a", "1"), ("a", "2"), ("a", "1")]) == [("a", "1", 2, 1, 3), ("a", "2", 1, 2, 2)]


@pytest.mark.parametrize("after_each", ["nothing", "write", "write and forget"])
def test_beyond_the_bounds_they_are_counted_together_however_often_the_table_is_written(after_each: str) -> None:
    assert counted(STRANGE, after_each=after_each) == [
        ("a", "1", 2, 1, 4),
        ("a", "2", 1, 2, 2),
        ("a", OTHER_REASONS, 2, 3, 8),
        ("b", "1", 2, 5, 9),
        (OTHER_SHAPES, OTHER_REASONS, 2, 6, 7),
    ]


def test_every_record_is_counted_once() -> None:
    assert sum(row[2] for row in counted(STRANGE)) == len(STRANGE)
