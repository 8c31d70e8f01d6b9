"""A bundle holds the run, its records and its texts in one canonical zip; a hostile one is not even opened."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from collections import Counter
from dataclasses import replace
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import bagit
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.record import Kind, Record
from evidence import bundle as bundle_module
from evidence.bundle import (
    BundleError,
    frame_record,
    open_zip,
    read_frame,
    read_records,
    read_texts,
    record_path,
    write_bundle,
    write_zip,
)
from tests.fakes.night import Night

RECORD = Record(7, "a/../b c", "2026-11-03", 2, Kind.MESSAGE, 5, "主题/1", b"\x00\xff", 3)


@pytest.fixture(scope="module")
def bag(night: Night, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the night's bundle, opened."""
    folder = tmp_path_factory.mktemp("opened") / "bag"
    open_zip(night.bundle, folder)
    return folder


# ---------------------------------------------------------------- what it holds


def test_it_is_a_valid_bag_with_sha256_only(bag: Path) -> None:
    opened = bagit.Bag(str(bag))
    opened.validate()
    assert opened.algorithms == ["sha256"]
    assert (opened.info["Zhizheng-Community"], opened.info["Zhizheng-Run"]) == ("demo", "1")
    assert (opened.info["Zhizheng-Environment"], opened.info["Bagging-Date"]) == ("simulated", "2026-11-04")


def test_it_holds_the_run_as_it_was_frozen(night: Night, bag: Path) -> None:
    frozen = {p.relative_to(night.done.folder): p for p in night.done.folder.rglob("*") if p.is_file()}
    del frozen[Path("evidence.zip")]
    assert len(frozen) == 82
    for name, path in frozen.items():
        assert (bag / "data" / name).read_bytes() == path.read_bytes(), name


def test_it_holds_every_record_up_to_the_cut_off_by_source_and_day(night: Night, bag: Path) -> None:
    assert read_records(bag / "data") == night.records
    framed = {path.relative_to(bag / "data").as_posix() for path in (bag / "data" / "records").rglob("*.jsonl")}
    assert framed == {record_path(record) for record in night.records.values()}
    assert "records/zigbee2mqtt/2026-11-02.jsonl" in framed


def test_it_holds_the_texts_of_the_catalogue_as_used(night: Night, bag: Path) -> None:
    assert read_texts(bag / "data") == night.catalogue.texts


def test_room_is_left_for_signatures_and_the_log(bag: Path) -> None:
    assert {path.name for path in bag.iterdir()} == {
        "data", "bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt",
    }  # fmt: skip


# ---------------------------------------------------------------- one canonical form


def test_packing_twice_gives_the_same_bytes(night: Night, tmp_path: Path) -> None:
    seen: list[int] = []
    again = tmp_path / "again.zip"
    write_bundle(again, night.done.folder, night.records.values(), night.catalogue.texts, seen.append)
    assert again.read_bytes() == night.bundle.read_bytes()
    assert seen == list(night.records)
    assert [path.name for path in tmp_path.iterdir()] == ["again.zip"]


def test_the_zip_is_stored_sorted_and_without_dates_or_extra_fields(night: Night) -> None:
    with ZipFile(night.bundle) as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    for entry in entries:
        plain = (entry.compress_type, entry.date_time, entry.extra, entry.comment, entry.create_system, entry.flag_bits)
        assert plain[:5] == (ZIP_STORED, (1980, 1, 1, 0, 0, 0), b"", b"", 3)
        assert entry.external_attr >> 16 == 0o100644


def test_opening_and_packing_again_gives_the_same_bytes(night: Night, bag: Path, tmp_path: Path) -> None:
    write_zip(bag, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == night.bundle.read_bytes()


def test_a_bundle_that_cannot_be_finished_leaves_the_old_one(night: Night, tmp_path: Path) -> None:
    target = tmp_path / "evidence.zip"
    target.write_bytes(b"the old one")

    def stop() -> object:
        yield from list(night.records.values())[:5]
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_bundle(target, night.done.folder, stop(), night.catalogue.texts)  # type: ignore[arg-type]
    assert (target.read_bytes(), [path.name for path in tmp_path.iterdir()]) == (b"the old one", ["evidence.zip"])


def test_an_older_bundle_is_not_packed_into_the_new_one(night: Night) -> None:
    with ZipFile(night.bundle) as archive:
        assert not [name for name in archive.namelist() if "evidence.zip" in name]


# ---------------------------------------------------------------- framed records


@given(
    st.builds(
        Record,
        receipt=st.integers(1, 2**53),
        source=st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
        day=st.dates().map(str),
        sequence=st.integers(1, 2**40),
        kind=st.sampled_from(Kind),
        received_at=st.integers(0, 2**50),
        topic=st.text(st.characters(exclude_categories=["Cs"])),
        payload=st.binary(),
        flags=st.integers(0, 15),
    )
)
def test_a_framed_record_is_one_line_and_reads_back(record: Record) -> None:
    line = frame_record(record)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert read_frame(line, "x") == record
    assert read_frame(line, "x").leaf == record.leaf


def test_a_record_keeps_to_its_folder_whatever_its_source_is_called() -> None:
    assert record_path(RECORD) == "records/a%2F..%2Fb%20c/2026-11-03.jsonl"


@pytest.mark.parametrize(
    "line",
    [
        b"not json\n",
        b"[]\n",
        b"7\n",
        b"{}\n",
        frame_record(RECORD).replace(b'"message"', b'"rumour"'),
        frame_record(RECORD).replace(base64.b64encode(b"\x00\xff"), b"AP8"),
        frame_record(RECORD).replace(base64.b64encode(b"\x00\xff"), b"AP 8="),
        frame_record(RECORD).replace(b'"receipt":7', b'"receipt":null'),
        b"[" * 100_000,
    ],
)
def test_a_line_that_is_no_record_is_refused_with_its_place(line: bytes) -> None:
    with pytest.raises(BundleError, match=r"^a\.jsonl:3: no record"):
        read_frame(line, "a.jsonl:3")


def test_two_records_with_one_receipt_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "records" / "a"
    folder.mkdir(parents=True)
    (folder / "2026-11-03.jsonl").write_bytes(frame_record(RECORD))
    (folder / "2026-11-04.jsonl").write_bytes(frame_record(replace(RECORD, payload=b"other")))
    with pytest.raises(BundleError, match=r"records/a/2026-11-04\.jsonl:1: receipt 7 stands there twice"):
        read_records(tmp_path)


# ---------------------------------------------------------------- hostile zips


def entry(name: str, *, mode: int = 0o100644, packed: int = ZIP_STORED) -> ZipInfo:
    info = ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.external_attr = mode << 16
    info.compress_type = packed
    return info


def pack(folder: Path, *entries: tuple[ZipInfo, bytes]) -> Path:
    path = folder / "evidence.zip"
    with ZipFile(path, "w") as archive:
        for info, content in entries:
            archive.writestr(info, content, info.compress_type)
    return path


def refused(path: Path, folder: Path) -> str:
    with pytest.raises(BundleError) as raised:
        open_zip(path, folder / "inside" / "bag")
    assert [found.name for found in folder.iterdir() if found != path] in ([], ["inside"])
    assert not [found for found in (folder / "inside").rglob("*") if found.is_file()]
    assert str(raised.value).startswith("evidence.zip: ")
    return str(raised.value)


@pytest.mark.parametrize(
    "name",
    [
        "../out.txt",
        "data/../../out.txt",
        "/etc/out.txt",
        "data\\..\\out.txt",
        "data/",
        "data//a.txt",
        "./a.txt",
        "data/./a",
    ],
)
def test_an_entry_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    said = refused(pack(tmp_path, (entry("ok.txt"), b"x"), (entry(name), b"")), tmp_path)
    assert "is no plain file inside the bundle; not opened" in said


def test_a_link_is_refused(tmp_path: Path) -> None:
    assert "is no plain file" in refused(pack(tmp_path, (entry("data/run.json", mode=0o120777), b"/etc/x")), tmp_path)


@pytest.mark.parametrize("other", ["data/run.json", "data/RUN.json", "Data/run.json"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name_are_refused(tmp_path: Path, other: str) -> None:
    path = pack(tmp_path, (entry("data/run.json"), b"1"), (entry(other), b"2"))
    assert refused(path, tmp_path) == "evidence.zip: two entries share a name; not opened"


def test_a_packed_entry_is_refused_before_it_can_swell(tmp_path: Path) -> None:
    path = pack(tmp_path, (entry("data/run.json", packed=ZIP_DEFLATED), bytes(20_000_000)))
    assert path.stat().st_size < 100_000
    assert "is packed or encrypted; a bundle is stored plain" in refused(path, tmp_path)


def test_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    path = pack(tmp_path, (entry("data/run.json"), b"1234"))
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    path.write_bytes(content)
    assert "is packed or encrypted" in refused(path, tmp_path)


def test_entries_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    path = pack(tmp_path, (entry("a"), bytes(5000)), (entry("b"), b""))
    content = bytearray(path.read_bytes())
    first = content.index(b"PK\x01\x02")
    second = content.index(b"PK\x01\x02", first + 4)
    content[second + 16 : second + 28] = content[first + 16 : first + 28]
    struct.pack_into("<I", content, second + 42, 0)
    path.write_bytes(content)
    with ZipFile(path) as archive:
        assert Counter(info.header_offset for info in archive.infolist()) == {0: 2}
    assert refused(path, tmp_path) == "evidence.zip: its entries overlap; not opened"


def test_a_size_it_does_not_have_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_module, "LARGEST_BYTES", 100)
    assert "more than" in refused(pack(tmp_path, (entry("a"), bytes(101))), tmp_path)


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_module, "MOST_FILES", 2)
    assert "more than 2 files" in refused(pack(tmp_path, *((entry(name), b"") for name in "abc")), tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06", b"not a zip at all" * 9])
def test_a_file_that_is_no_zip_is_refused_with_the_mend(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "evidence.zip"
    path.write_bytes(content)
    assert "not a readable zip" in refused(path, tmp_path)
    assert "ask for the bundle again" in refused(path, tmp_path)


def test_a_zip_cut_short_or_with_a_wrong_checksum_is_refused(night: Night, tmp_path: Path) -> None:
    content = night.bundle.read_bytes()
    cut = tmp_path / "cut" / "evidence.zip"
    cut.parent.mkdir()
    cut.write_bytes(content[: len(content) // 2])
    assert "not a readable zip" in refused(cut, cut.parent)
    path = pack(tmp_path, (entry("a"), b"bytes as they were"))
    path.write_bytes(path.read_bytes().replace(b"bytes as", b"bytes is"))
    with pytest.raises(BundleError, match="Bad CRC-32"):
        open_zip(path, tmp_path / "bag")


def test_one_name_cannot_be_a_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="not a readable zip"):
        open_zip(pack(tmp_path, (entry("a"), b"1"), (entry("a/b"), b"2")), tmp_path / "bag")


def test_the_digest_of_every_file_stands_in_the_manifest(bag: Path) -> None:
    lines = (bag / "manifest-sha256.txt").read_text("utf-8").splitlines()
    stated = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    files = {path.relative_to(bag).as_posix(): path for path in (bag / "data").rglob("*") if path.is_file()}
    assert stated == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    assert json.loads((bag / "data" / "run.json").read_bytes())["run"] == 1
