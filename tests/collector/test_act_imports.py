"""Acts files are imported whole or not at all, each entry once, with the documents it names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from collector.act_imports import import_acts, import_acts_again
from collector.house import House
from collector.reader import Reader
from connectors.record import Kind, Record
from evidence.acts import ActError
from evidence.catalogue import CatalogueError
from tests.fakes.site import Site

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


def bring_acts(reader: Reader, site: Site, *entries: object, text: str | None = None) -> int:
    path = site.folder / "acts.yaml"
    path.write_text(yaml.safe_dump(list(entries), allow_unicode=True) if text is None else text, "utf-8")
    count = import_acts(reader.house, reader.ledger, "demo", path)
    reader.catch_up()
    return count


def test_acts_are_recorded_once_each_with_their_documents_before_them(site: Site, reader: Reader) -> None:
    assert bring_acts(reader, site, ATTESTED, SURVEYED) == 2
    assert bring_acts(reader, site, ATTESTED, SURVEYED) == 0
    assert bring_acts(reader, site, ATTESTED, SURVEYED, {**SURVEYED, "satisfied": 44}) == 1

    kinds = [one.kind for one in records(reader.house)]
    assert kinds == [Kind.DOCUMENT, Kind.ACT, Kind.ACT, Kind.ACT]
    assert records(reader.house)[0].payload == b"%PDF-1.4 rules"


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


def test_a_document_outside_of_the_files_folder_is_refused(site: Site, reader: Reader, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}.pdf"
    outside.write_bytes(b"%PDF-1.4 secret")
    for name in (f"../{outside.name}", str(outside)):
        with pytest.raises(ActError, match="it is outside of the folder"):
            bring_acts(reader, site, {**ATTESTED, "document": name})
    assert records(reader.house) == []


def test_acts_of_one_file_that_are_the_same_are_recorded_once(site: Site, reader: Reader) -> None:
    assert bring_acts(reader, site, SURVEYED, SURVEYED) == 1


def test_by_hand_a_sample_outside_its_rule_is_refused_and_by_night_left_to_scoring(site: Site, reader: Reader) -> None:
    bring_acts(reader, site, {**SURVEYED, "sample": 51})
    path = site.folder / "acts.yaml"
    path.write_text(yaml.safe_dump([{**SURVEYED, "sample": 9, "satisfied": 9}], allow_unicode=True), "utf-8")
    with pytest.raises(ActError, match="entry 1: sample is 9; right is 10 to 50 homes"):
        import_acts_again(reader.house, reader.ledger, "demo", path)
    assert import_acts(reader.house, reader.ledger, "demo", path) == 1
