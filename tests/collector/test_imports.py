from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.house import House
from collector.imports import REGISTER_SOURCE, import_register, last_register_digest
from collector.reader import Reader
from connectors.record import Kind, Record
from connectors.register import RegisterError
from tests.fakes.site import Site, at, sheets


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path, acts="")
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "rules.pdf").write_bytes(b"%PDF-1.4 rules")
    return site


@pytest.fixture
def reader(site: Site) -> Iterator[Reader]:
    reader = Reader(site.open())
    yield reader
    reader.close()
    reader.house.locker.close()


def records(house: House) -> list[Record]:
    return house.locker.read(0, 1000)


def bring_register(reader: Reader, site: Site) -> tuple[int | None, list[str]]:
    imported = import_register(reader.house, reader.ledger, "demo", site.folder / "register")
    reader.catch_up()
    return imported


def rewrite(site: Site, name: str, old: str, new: str) -> None:
    path = site.folder / "register" / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def counted(reader: Reader, receipt: int | None) -> dict[str, int]:
    rows = reader.ledger.connection.execute(
        "SELECT kind, count(*) FROM places WHERE register = ? GROUP BY kind", (receipt,)
    )
    return dict(rows.fetchall())


def test_a_folder_of_sheets_becomes_one_revision_with_every_sheet_as_it_was(site: Site, reader: Reader) -> None:
    receipt, problems = bring_register(reader, site)

    stored = records(reader.house)
    assert problems == []
    assert {one.topic: one.payload.decode() for one in stored if one.kind is Kind.SHEET} == sheets()
    assert [one.receipt for one in stored if one.kind is Kind.REGISTER] == [receipt]
    assert {one.source for one in stored} == {REGISTER_SOURCE}
    assert counted(reader, receipt) == {"building": 2, "floor": 20, "household": 60}


def test_the_same_sheets_are_imported_once(site: Site, reader: Reader) -> None:
    bring_register(reader, site)
    before = records(reader.house)

    assert bring_register(reader, site) == (None, [])

    assert records(reader.house) == before


def test_a_changed_sheet_makes_a_new_revision_from_the_day_it_came(site: Site, reader: Reader) -> None:
    first, _ = bring_register(reader, site)
    digest = last_register_digest(reader.ledger, "demo")
    site.clock.set(at("2026-11-05 23:30"))
    rewrite(site, "household.csv", "1,1,101,1,是\n", "")

    second, _ = bring_register(reader, site)

    assert second is not None
    assert counted(reader, second)["household"] == 59
    assert last_register_digest(reader.ledger, "demo") != digest
    days = reader.ledger.connection.execute("SELECT receipt, valid_from FROM registers ORDER BY receipt").fetchall()
    assert days == [(first, ""), (second, "2026-11-05")]


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("household.csv", "房号", "名称", ("household.csv", "房号", "found: 楼栋, 单元, 名称, 楼层, 入住", "add it")),
        ("floor.csv", "楼层", "", ("floor.csv", "楼层", "add it")),
        ("totals.csv", "households,60", "households,many", ("totals, row 1, column value", "many")),
        ("totals.csv", "key,value", "key,", ("totals", "value")),
        ("building.csv", "1,是", '"1,是', ("building.csv",)),
    ],
)
def test_a_sheet_that_cannot_be_read_is_told_in_one_line_and_nothing_is_imported(
    site: Site, reader: Reader, name: str, old: str, new: str, words: tuple[str, ...]
) -> None:
    rewrite(site, name, old, new)

    with pytest.raises(RegisterError) as refused:
        bring_register(reader, site)

    line = str(refused.value)
    assert "\n" not in line
    assert [word for word in words if word not in line] == [], line
    assert records(reader.house) == []


def test_a_sheet_that_is_no_text_is_told_and_nothing_is_imported(site: Site, reader: Reader) -> None:
    (site.folder / "register" / "household.csv").write_bytes(b"PK\x03\x04\x00\x00xlsx")

    with pytest.raises(RegisterError, match=r"household\.csv.*CSV"):
        bring_register(reader, site)

    assert records(reader.house) == []


def test_a_bad_row_is_listed_with_sheet_row_and_column_and_the_others_are_imported(site: Site, reader: Reader) -> None:
    rewrite(site, "household.csv", "1,1,101,1,是", "1,1,,1,是")

    receipt, problems = bring_register(reader, site)

    assert [line for line in problems if "household.csv, row 1, column" in line] == problems != []
    assert counted(reader, receipt)["household"] == 59


@pytest.mark.parametrize("name", ["nowhere", "documents"])
def test_a_folder_without_sheets_is_told(site: Site, reader: Reader, name: str) -> None:
    with pytest.raises(RegisterError, match=rf"{name}: there is no sheet; put building\.csv"):
        import_register(reader.house, reader.ledger, "demo", site.folder / name)
