from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.collect import import_files
from collector.house import House
from collector.imports import REGISTER_SOURCE, import_register, last_register_digest
from collector.reader import Reader
from connectors.record import Kind, Record
from connectors.register import RegisterError
from tests.fakes.book import make_book
from tests.fakes.site import Site, at, sheets


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path, acts="")
    (tmp_path / "documents").mkdir()
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
        (
            "household.csv",
            "房号",
            "名称",
            ("household.csv", "房号", "现有的列：楼栋、单元、名称、楼层、入住", "请补上"),
        ),
        ("floor.csv", "楼层", "", ("floor.csv", "楼层", "请补上")),
        ("totals.csv", "key,value", "key,", ("totals.csv", "数值")),
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

    assert problems == ["household.csv 第2行“房号”列：空白；请填写房号"]
    assert counted(reader, receipt)["household"] == 59


@pytest.mark.parametrize("name", ["nowhere", "documents"])
def test_a_folder_without_sheets_is_told(site: Site, reader: Reader, name: str) -> None:
    with pytest.raises(RegisterError, match=rf"{name}：没有台账；请写工作簿的文件名，或放有 building\.csv"):
        import_register(reader.house, reader.ledger, "demo", site.folder / name)


def test_a_bad_total_is_listed_and_the_others_are_imported(site: Site, reader: Reader) -> None:
    rewrite(site, "totals.csv", "households,60", "households,many")

    receipt, problems = bring_register(reader, site)

    assert [line[:33] for line in problems] == ["totals.csv 第2行“数值”列：“many”；请填整数，没"]
    rows = reader.ledger.connection.execute("SELECT name, value FROM totals WHERE register = ?", (receipt,))
    assert dict(rows.fetchall()) == {"occupied_households": "60"}


def book_of(rows: list[list[object]]) -> bytes:
    homes = [["楼栋", "单元", "房号"], *rows]
    return make_book({"填表说明": [["x"]], "住户": homes, "电梯": [["注册代码"]], "备注": [["随便写"]]})


def test_a_workbook_is_kept_once_as_it_is_and_named_by_tab(site: Site, reader: Reader) -> None:
    path = site.folder / "台账.xlsx"
    path.write_bytes(book_of([["3号楼", 1, 101], ["3号楼", 1, "合计"], ["3号楼", 1, None]]))

    receipt, problems = import_register(reader.house, reader.ledger, "demo", path)
    reader.catch_up()

    sheet, register = records(reader.house)
    assert (sheet.kind, sheet.topic, sheet.payload) == (Kind.SHEET, "台账.xlsx", path.read_bytes())
    assert json.loads(register.payload)["parts"] == {"household": {"sheet": sheet.receipt, "tab": "住户"}}
    assert problems == ["住户 第4行“房号”列：空白；请填写房号"]
    assert counted(reader, receipt) == {"household": 1}
    assert import_register(reader.house, reader.ledger, "demo", path)[0] is None


def test_a_workbook_with_the_rows_of_the_folder_is_no_new_revision(site: Site, reader: Reader) -> None:
    bring_register(reader, site)
    tabs = {name: [line.split(",") for line in text.splitlines()] for name, text in sheets().items()}
    path = site.folder / "台账.xlsx"
    path.write_bytes(make_book({name.removesuffix(".csv"): rows for name, rows in tabs.items()}))

    assert import_register(reader.house, reader.ledger, "demo", path) == (None, [])


def test_a_workbook_that_cannot_be_used_is_told_and_nothing_is_imported(site: Site, reader: Reader) -> None:
    path = site.folder / "台账.xlsx"
    twice = make_book({"住户": [["楼栋", "单元", "房号"], ["3", "1", "101"]], "住户表": [["楼栋", "单元", "房号"]]})
    for content, words in (
        (b"PK\x03\x04 no workbook", "台账.xlsx：工作簿不完整"),
        (b"text", "台账.xlsx：不是 Excel 工作簿"),
        (make_book({"备注": [["x"]]}), "一张表也没有填写"),
        (make_book({"住户": [["楼栋", "房号"], ["3", "101"]]}), "住户：住户表缺少“单元”列"),
        (twice, "台账.xlsx：“住户”和“住户表”都是住户表；请合并成一张"),
    ):
        path.write_bytes(content)
        with pytest.raises(RegisterError, match=words):
            import_register(reader.house, reader.ledger, "demo", path)
    assert records(reader.house) == []


def test_the_settings_may_name_a_workbook_and_a_smaller_one_is_said_every_night(site: Site) -> None:
    path = site.folder / "台账.xlsx"
    site.settings.write_text(site.settings.read_text("utf-8").replace('"register"', '"台账.xlsx"'), "utf-8")
    house = site.open()
    path.write_bytes(book_of([["3号楼", 1, 101], ["3号楼", 1, 102]]))
    assert import_files(house) == (0, [])
    path.write_bytes(book_of([["3号楼", 1, 101]]))

    first, second = import_files(house)[1], import_files(house)[1]

    assert (
        first
        == second
        == ["第4号台账比现用的第2号少：住户 2 → 1。暂不采用；核对无误后运行 zhizheng register accept 4 --by 姓名"]
    )
    house.locker.close()
