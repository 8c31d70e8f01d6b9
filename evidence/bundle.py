"""The evidence bundle: a BagIt bag in a zip of one canonical form.

``data/`` holds the run's files, every record up to its cut-off as framed day files (one JSON line a record, payload
in base64), and the catalogue's texts as used. Signatures and the log will stand beside ``data/`` in ``attestations/``
and ``log/``; a bundle without them says so when it is verified.
"""

from __future__ import annotations

import base64
import binascii
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo
from zoneinfo import ZoneInfo

import bagit

from connectors.record import Kind, Record

BUNDLE_FORMAT = "1"
LARGEST_BYTES = 8 * 1024**3
MOST_FILES = 100_000
_EPOCH = (1980, 1, 1, 0, 0, 0)
_ENCRYPTED = 0x1


class BundleError(ValueError):
    """A bundle that cannot be made or opened; the message names the file and the reason."""


def write_bundle(
    target: Path,
    run_folder: Path,
    records: Iterable[Record],
    texts: Mapping[str, bytes],
    on_record: Callable[[int], None] | None = None,
) -> None:
    """Write ``evidence.zip`` for one run's folder; replaced whole or not at all."""
    run = json.loads((run_folder / "run.json").read_bytes())
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".bundle-") as scratch:
        bag = Path(scratch)
        for name in sorted(_run_files(run_folder)):
            _put(bag / name, (run_folder / name).read_bytes())
        for name, text in texts.items():
            _put(bag / "catalogue" / name, text)
        _write_records(bag, records, on_record)
        claimed = datetime.fromisoformat(run["claimed_at"])
        made = bagit.make_bag(
            str(bag),
            bag_info={
                "Bagging-Date": claimed.date().isoformat(),
                "Bag-Software-Agent": "zhizheng",
                **describe_run(run),
            },
            checksums=["sha256"],
        )
        made.save(manifests=False)
        unfinished = target.with_suffix(".unfinished")
        write_zip(bag, unfinished)
        unfinished.replace(target)


def describe_run(run: Mapping[str, Any]) -> dict[str, str]:
    """Return what the bag says of its run in bag-info.txt."""
    return {
        "Zhizheng-Format": BUNDLE_FORMAT,
        "Zhizheng-Community": str(run["community"]),
        "Zhizheng-Run": str(run["run"]),
        "Zhizheng-Environment": str(run["environment"]),
    }


def _run_files(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not name.startswith(("evidence", ".")):
            yield name


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def record_path(record: Record) -> str:
    """Return the day file of a record inside the bundle's ``data``."""
    return f"records/{quote(record.source, safe='')}/{record.day}.jsonl"


def _write_records(folder: Path, records: Iterable[Record], on_record: Callable[[int], None] | None) -> None:
    """Write one day file a (source, day); records come in receipt order, so only the open day's files are held."""
    files: dict[tuple[str, str], Any] = {}
    day = ""
    try:
        for record in records:
            if record.day != day:
                for file in files.values():
                    file.close()
                files.clear()
                day = record.day
            key = (record.source, record.day)
            if key not in files:
                path = folder / record_path(record)
                path.parent.mkdir(parents=True, exist_ok=True)
                files[key] = path.open("wb")
            files[key].write(frame_record(record))
            if on_record is not None:
                on_record(record.receipt)
    finally:
        for file in files.values():
            file.close()


def frame_record(record: Record) -> bytes:
    """Return one record as a JSON line."""
    body = {
        "receipt": record.receipt,
        "source": record.source,
        "day": record.day,
        "sequence": record.sequence,
        "kind": str(record.kind),
        "received_at": record.received_at,
        "topic": record.topic,
        "flags": record.flags,
        "payload": base64.b64encode(record.payload).decode(),
    }
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def read_frame(line: bytes, where: str) -> Record:
    """Return the record of one JSON line; raises BundleError naming the file and line."""
    try:
        body = json.loads(line)
        return Record(
            receipt=int(body["receipt"]),
            source=str(body["source"]),
            day=str(body["day"]),
            sequence=int(body["sequence"]),
            kind=Kind(body["kind"]),
            received_at=int(body["received_at"]),
            topic=str(body["topic"]),
            payload=base64.b64decode(body["payload"], validate=True),
            flags=int(body["flags"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error) as error:
        raise BundleError(f"{where}: no record ({error})") from error


def read_records(data: Path) -> dict[int, Record]:
    """Return every record of an opened bundle by receipt; raises BundleError when two share one."""
    records: dict[int, Record] = {}
    for path in sorted((data / "records").rglob("*.jsonl")):
        name = path.relative_to(data).as_posix()
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                record = read_frame(line, f"{name}:{number}")
                if record.receipt in records:
                    raise BundleError(f"{name}:{number}: receipt {record.receipt} stands there twice")
                records[record.receipt] = record
    return records


def read_texts(data: Path) -> dict[str, bytes]:
    """Return the catalogue's texts of an opened bundle."""
    folder = data / "catalogue"
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def write_zip(folder: Path, target: Path) -> None:
    """Write a folder as the canonical zip: stored, names sorted, one date, no extra fields."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    with ZipFile(target, "w", ZIP_STORED, allowZip64=True) as archive:
        for name in names:
            info = ZipInfo(name, _EPOCH)
            info.create_system = 3
            info.external_attr = 0o100644 << 16
            path = folder / name
            info.file_size = path.stat().st_size
            with path.open("rb") as source, archive.open(info, "w") as entry:
                while chunk := source.read(1 << 20):
                    entry.write(chunk)


def open_zip(source: Path, target: Path) -> None:
    """Unpack a bundle below ``target``; refuses paths that lead out, links, double names and what is too large."""
    try:
        with ZipFile(source) as archive:
            entries = archive.infolist()
            _refuse_entries(source, entries)
            for entry in entries:
                path = target / PurePosixPath(entry.filename)
                path.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(entry) as packed, path.open("wb") as unpacked:
                    while chunk := packed.read(1 << 20):
                        unpacked.write(chunk)
    except (BadZipFile, OSError, NotImplementedError, EOFError) as error:
        raise BundleError(f"{source.name}: not a readable zip ({error}); ask for the bundle again") from error


def _refuse_entries(source: Path, entries: list[ZipInfo]) -> None:
    names = [entry.filename for entry in entries]
    if len(names) > MOST_FILES or sum(entry.file_size for entry in entries) > LARGEST_BYTES:
        raise BundleError(f"{source.name}: more than {MOST_FILES} files or {LARGEST_BYTES} bytes; not opened")
    if len({name.casefold() for name in names}) != len(names):
        raise BundleError(f"{source.name}: two entries share a name; not opened")
    for entry in entries:
        path = PurePosixPath(entry.filename)
        is_link = (entry.external_attr >> 16) & 0o170000 == 0o120000
        is_plain = str(path) == entry.filename and not path.is_absolute() and ".." not in path.parts
        if not is_plain or "\\" in entry.filename or is_link:
            raise BundleError(f"{source.name}: entry {entry.filename!r} is no plain file inside the bundle; not opened")
        is_stored = entry.compress_type == ZIP_STORED and entry.compress_size == entry.file_size
        if not is_stored or entry.flag_bits & _ENCRYPTED:
            raise BundleError(
                f"{source.name}: entry {entry.filename!r} is packed or encrypted; a bundle is stored plain"
            )
    if sum(entry.file_size for entry in entries) > source.stat().st_size:
        raise BundleError(f"{source.name}: its entries overlap; not opened")


def zone_of(run: Mapping[str, Any]) -> ZoneInfo:
    """Return the zone of a run's window."""
    return ZoneInfo(str(run["window"]["zone"]))
