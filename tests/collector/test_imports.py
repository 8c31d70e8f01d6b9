from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from collector.house import House
from collector.imports import REGISTER_SOURCE, import_acts, import_register, last_register_digest
from collector.reader import Reader
from connectors.record import Kind, Record
from connectors.register import RegisterError
from evidence.acts import ActError
from evidence.catalogue import CatalogueError
from tests.fakes.site import Site, at, sheets

ATTESTED = {
    "act": "attest",
    "row": 74,
    "part": "rules",
    "value": "yes",
    "by": "王工",
    "date": "2026-10-20",
    "expires": "2027-10-20",
    "document": "documents/rules.pdf",
}
SURVEYED = {"act": "survey", "row": 76, "sample": 50, "satisfied": 43, "by": "王工", "date": "2026-10-20"}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path, acts="")
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "rules.pdf").write_bytes(b"%PDF rules")
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


def bring_acts(reader: Reader, site: Site, *entries: object, text: str | None = None) -> int:
    path = site.folder / "acts.yaml"
    path.write_text(yaml.safe_dump(list(entries), allow_unicode=True) if text is None else text, "utf-8")
    count = import_acts(reader.house, reader.ledger, "demo", path)
    reader.catch_up()
    return count


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


def test_acts_are_recorded_once_each_with_their_documents_before_them(site: Site, reader: Reader) -> None:
    assert bring_acts(reader, site, ATTESTED, SURVEYED) == 2
    assert bring_acts(reader, site, ATTESTED, SURVEYED) == 0
    assert bring_acts(reader, site, ATTESTED, SURVEYED, {**SURVEYED, "satisfied": 44}) == 1

    kinds = [one.kind for one in records(reader.house)]
    assert kinds == [Kind.DOCUMENT, Kind.ACT, Kind.ACT, Kind.ACT]
    assert records(reader.house)[0].payload == b"%PDF rules"


def test_taking_an_entry_out_of_the_file_takes_nothing_out_of_the_record(site: Site, reader: Reader) -> None:
    bring_acts(reader, site, ATTESTED, SURVEYED)
    before = records(reader.house)

    assert bring_acts(reader, site, SURVEYED) == 0

    assert records(reader.house) == before


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({**SURVEYED, "act": "praise"}, "entry 2: act should be one of"),
        ({**SURVEYED, "sample": "many"}, "entry 2: sample is 'many'; write a whole number"),
        ({**SURVEYED, "sample": [50]}, "entry 2: sample is [50]"),
        ({**SURVEYED, "date": "20.10.2026"}, "entry 2: date is '20.10.2026'; write a date such as 2026-10-20"),
        ({**SURVEYED, "by": ""}, "entry 2: by is missing"),
        ({**SURVEYED, "by": ["王工", "李工"]}, "entry 2: by is ["),
        ({**SURVEYED, "document": "documents/none.pdf"}, "entry 2: document documents/none.pdf cannot be read"),
        ("a sentence", "entry 2: act should be one of"),
    ],
)
def test_a_wrong_act_is_told_by_its_entry_and_nothing_is_imported(
    site: Site, reader: Reader, wrong: object, words: str
) -> None:
    with pytest.raises(ActError) as refused:
        bring_acts(reader, site, ATTESTED, wrong)

    line = str(refused.value)
    assert line.startswith(f"acts.yaml, {words}"), line
    assert "\n" not in line
    assert records(reader.house) == []


def test_an_acts_file_that_is_no_yaml_is_told_with_its_line(site: Site, reader: Reader) -> None:
    with pytest.raises(CatalogueError, match=r"acts\.yaml:3: "):
        bring_acts(reader, site, text="- act: survey\n  row: [76\n  by: 王工\n")


@pytest.mark.parametrize("text", ["act: survey\n", "just words\n", "7\n"])
def test_an_acts_file_that_is_no_list_is_told(site: Site, reader: Reader, text: str) -> None:
    with pytest.raises(ActError, match=r"acts\.yaml"):
        bring_acts(reader, site, text=text)


def test_an_acts_file_that_is_not_there_is_told_with_the_mend(site: Site, reader: Reader) -> None:
    with pytest.raises(ActError, match=r"nowhere\.yaml: cannot be read \(No such file or directory\); "):
        import_acts(reader.house, reader.ledger, "demo", site.folder / "nowhere.yaml")


def test_an_empty_acts_file_brings_nothing(site: Site, reader: Reader) -> None:
    assert bring_acts(reader, site, text="# nobody has signed yet\n") == 0
