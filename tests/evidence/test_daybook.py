"""The daybook holds what the tables would say: written early or late, remembered or fetched again, it is the same."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.record import Kind, Learned, Observation, Record, Unread
from connectors.vocabulary import parse_vocabulary
from evidence import daybook
from evidence.daybook import Daybook
from evidence.ledger import Ledger

ZONE = ZoneInfo("Asia/Shanghai")
EVENING = 1_793_894_340_000  # 2026-11-05 23:59 in Shanghai
VOCABULARY = parse_vocabulary(
    {
        "tank_level": {"kind": "number", "unit": "m", "range": ["0", "9"], "zh": "液位", "en": "level"},
        "entry": {"kind": "event", "words": ["card"], "zh": "开门", "en": "entry"},
        "address": {"kind": "text", "zh": "位置", "en": "address"},
    },
    "vocabulary.yaml",
)


def record(receipt: int, received_at: int = EVENING) -> Record:
    return Record(receipt, "s", "2026-11-05", receipt, Kind.MESSAGE, received_at, "t", b"")


def tell(book: Daybook) -> None:
    """Say two days of everything, in an order in which each row changes more than once."""
    for receipt, level in enumerate(["3", "2.50", "2.5", "10"], 1):
        at = EVENING + 60_000 * (receipt // 3)
        said = [
            Observation("d", "tank_level", level, at, "/a", (receipt,)),
            Observation("d", "entry", "card", at - (0 if receipt == 2 else 2 * 86_400_000), "/b"),
            Observation("d", "address", f"{level}栋", None, "/c"),
        ]
        book.observe(record(receipt, at), said, "p")
        book.learn(record(receipt), Learned("n", f"d{receipt}", {"model": "水表"}))
        book.note_unread(record(receipt), Unread("why", "shape"))
        yield_to_tables(book)


def yield_to_tables(book: Daybook) -> None:
    """Do nothing; replaced where the daybook is written or emptied after each record."""


@pytest.mark.parametrize("after_each", ["nothing", "write", "write and forget"])
def test_the_tables_are_the_same_however_often_they_are_written(
    after_each: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def step(book: Daybook) -> None:
        if after_each != "nothing":
            book.write()
            # As the fold does in the same transaction: on which day a source was last heard.
            book._connection.execute("INSERT OR REPLACE INTO sources VALUES ('s', 0, 0, 0, 0, ?)", (EVENING + 60_000,))
        if after_each == "write and forget":
            book.forget()

    monkeypatch.setitem(globals(), "yield_to_tables", step)
    ledger = Ledger(None, "r")
    book = Daybook(ledger, VOCABULARY, ZONE)
    tell(book)
    book.write()
    rows = ledger.connection.execute(
        "SELECT day, count, implausible, low, high, first, last, witnesses, context FROM device_days ORDER BY day"
    ).fetchall()
    assert rows == [
        ("2026-11-05", 2, 0, "2.50", "3", "3", "2.50", '[[1, "/a"], [2, "/a"]]', "[1, 2]"),
        ("2026-11-06", 2, 1, "2.5", "10", "2.5", "10", '[[3, "/a"], [4, "/a"]]', "[3, 4]"),
    ]
    assert all_of(ledger, "events") == [
        ("s", "d", "2026-11-05", "entry", "card", 2, 1, 2, "/b"),
        ("s", "d", "2026-11-06", "entry", "card", 2, 0, 4, "/b"),
    ]
    assert all_of(ledger, "devices") == [("s", "d", 1, 4)]
    assert all_of(ledger, "addresses") == [("s", "d", "10栋", 4, "/c")]
    assert all_of(ledger, "known") == [("s", "n", "d4", '{"model": "水表"}', 4)]
    assert all_of(ledger, "unread") == [("s", "shape", "why", 4, 1, 4)]


def all_of(ledger: Ledger, table: str) -> list[Any]:
    return ledger.connection.execute(f"SELECT * FROM {table}").fetchall()


def test_a_name_is_known_at_once_and_again_after_it_was_forgotten() -> None:
    book = Daybook(Ledger(None, "r"), VOCABULARY, ZONE)
    assert book.known("s", "n") is None
    book.learn(record(7), Learned("n", "d", {"model": "m"}))
    known = book.known("s", "n")
    assert known is not None
    assert (known.device, known.receipt) == ("d", 7)
    book.write()
    book.forget()
    assert book.known("s", "n") == known
    book.forget()
    assert book.known("other", "n") is None


def test_what_was_not_written_is_gone_when_it_is_forgotten() -> None:
    ledger = Ledger(None, "r")
    book = Daybook(ledger, VOCABULARY, ZONE)
    tell(book)
    before = ledger.dump_digest()
    book.forget()
    book.write()
    assert ledger.dump_digest() == before


def test_a_pointer_is_written_as_json_writes_it() -> None:
    ledger = Ledger(None, "r")
    book = Daybook(ledger, VOCABULARY, ZONE)
    pointer = '/水 "表"\\/0'
    book.observe(record(1), [Observation("d", "tank_level", "1", None, pointer)], "p")
    book.write()
    assert ledger.connection.execute("SELECT witnesses FROM device_days").fetchone() == (json.dumps([[1, pointer]]),)


def test_much_that_is_remembered_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daybook, "REMEMBERED_DAYS", 1)
    monkeypatch.setattr(daybook, "REMEMBERED_NAMES", 0)
    book = Daybook(Ledger(None, "r"), VOCABULARY, ZONE)
    tell(book)
    book.write()
    book.trim()
    assert (len(book._days), len(book._known)) == (0, 0)
