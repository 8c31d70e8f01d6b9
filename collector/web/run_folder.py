"""Finished runs as they lie in ``out/<community>/<run>/``, read on demand.

A file is read again when its time or size changes, and its digest is compared with the one in run.json on every
reading, so that a changed file shows on the page.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

ROSTERS = ("counted", "missing", "excluded", "unknown")
RUNS_HELD = 3
MANIFEST = "run.json"
PAPERS = ("declaration.docx", "exhibits.pdf", "declaration.xlsx", "declaration.csv")
"""What of a run is handed out as a file, in the order in which it is offered."""

Stamp = tuple[int, int]


class RunFolderError(RuntimeError):
    """A run's file is missing or cannot be read; the message names the file and the mend."""


class NoRunError(LookupError):
    """The community has no such run, or no run at all; ``number`` is None for the latter."""

    def __init__(self, community: str, number: int | None) -> None:
        super().__init__(f"{community}: no run {number if number is not None else 'yet'}")
        self.community = community
        self.number = number


@dataclass(frozen=True, slots=True)
class Use:
    """One way in which a run used a record.

    ``title`` is the part's; ``how`` is shown, register, value, document or unplaced; ``roster`` is "" where the
    record stands in none; ``position`` counts from 0 within the roster. ``shown`` is what the device shows, None for
    the others. ``receipt`` is given for unplaced devices, which stand in no roster.
    """

    no: int
    part: str
    title: str
    how: str
    roster: str = ""
    position: int = 0
    place: str = ""
    label: str = ""
    pointer: str = ""
    source: str = ""
    device: str = ""
    shown: Mapping[str, Any] | None = None
    receipt: int = 0


@dataclass(slots=True)
class Index:
    """The way back: uses by receipt and by device, and the receipts of each source."""

    by_receipt: dict[int, list[Use]] = field(default_factory=lambda: defaultdict(list))
    by_device: dict[tuple[str, str], list[Use]] = field(default_factory=lambda: defaultdict(list))
    of_source: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))


class Run:
    """One finished run. ``newest`` tells the community's newest run number when it is asked."""

    def __init__(self, folder: Path, number: int, newest: Callable[[], int]) -> None:
        self.folder = folder
        self.number = number
        self.newest = newest
        self._files: dict[str, tuple[Stamp, Mapping[str, Any], str]] = {}
        self._index: tuple[tuple[Stamp, ...], Index] | None = None
        self._mutex = threading.RLock()

    @property
    def manifest(self) -> Mapping[str, Any]:
        """Return run.json."""
        return self._read(MANIFEST)

    @property
    def scorecard(self) -> Mapping[str, Any]:
        """Return scorecard.json."""
        return self._read("scorecard.json")

    @property
    def rows(self) -> Sequence[Mapping[str, Any]]:
        """Return the rows of the scorecard in the form's order."""
        rows: Sequence[Mapping[str, Any]] = self.scorecard["indicators"]
        return rows

    def row(self, no: int) -> Mapping[str, Any] | None:
        """Return one row of the scorecard, None when the form has no such row."""
        return next((row for row in self.rows if int(row["no"]) == no), None)

    def indicator(self, no: int) -> Mapping[str, Any]:
        """Return indicators/NN.json: the row with its parts, rosters and values."""
        return self._read(_indicator_name(no))

    def papers(self) -> tuple[str, ...]:
        """Return the files of this run that can be handed out."""
        return tuple(name for name in PAPERS if (self.folder / name).is_file())

    def paper(self, name: str) -> bytes:
        """Return the bytes of one of the papers; raises KeyError for any other name."""
        if name not in self.papers():
            raise KeyError(name)
        return (self.folder / name).read_bytes()

    def damaged(self) -> tuple[str, ...]:
        """Return the files read so far whose digest differs from the one in run.json."""
        stated = self.manifest["files"]
        with self._mutex:
            read = {name: digest for name, (_, _, digest) in self._files.items() if name != MANIFEST}
        return tuple(sorted(name for name, digest in read.items() if stated.get(name) != digest))

    def uses_of(self, receipt: int) -> Sequence[Use]:
        """Return every use of a record in this run."""
        return self._way_back().by_receipt.get(receipt, [])

    def device_uses(self, source: str, device: str) -> Sequence[Use]:
        """Return every roster line in which a device shows something."""
        return self._way_back().by_device.get((source, device), [])

    def receipts_of(self, source: str) -> Sequence[int]:
        """Return the receipts of a source's records on which this run rests, ascending."""
        return sorted(self._way_back().of_source.get(source, ()))

    def _read(self, name: str) -> Mapping[str, Any]:
        path = self.folder / name
        with self._mutex:
            try:
                stamp = _stamp(path)
                known = self._files.get(name)
                if known is not None and known[0] == stamp:
                    return known[1]
                content = path.read_bytes()
                parsed: Mapping[str, Any] = json.loads(content, parse_float=str)
            except (OSError, ValueError, RecursionError) as error:
                raise RunFolderError(
                    f"run {self.number}: {name} cannot be read ({type(error).__name__}); "
                    "make the run again with zhizheng refresh, or restore the folder from its bundle"
                ) from error
            self._files[name] = (stamp, parsed, hashlib.sha256(content).hexdigest())
            return parsed

    def _way_back(self) -> Index:
        with self._mutex:
            names = [_indicator_name(int(row["no"])) for row in self.rows]
            indicators = [self._read(name) for name in names]
            stamps = tuple(self._files[name][0] for name in names)
            if self._index is None or self._index[0] != stamps:
                index = Index()
                for indicator in indicators:
                    _index_row(index, indicator)
                self._index = (stamps, index)
            return self._index[1]


class RunFolder:
    """The runs of one community below ``out``; holds the few runs that were opened last in memory."""

    def __init__(self, out: Path, community: str) -> None:
        self.community = community
        self._folder = out / community
        self._open: OrderedDict[int, Run] = OrderedDict()
        self._mutex = threading.Lock()

    def numbers(self) -> list[int]:
        """Return the numbers of the finished runs, newest first."""
        return sorted(self._folders(), reverse=True)

    def newest(self) -> int:
        """Return the newest run's number; raises NoRunError when there is none."""
        numbers = self.numbers()
        if not numbers:
            raise NoRunError(self.community, None)
        return numbers[0]

    def open(self, number: int | None = None) -> Run:
        """Return one run, the newest by default; raises NoRunError when there is no such run."""
        wanted = self.newest() if number is None else number
        fresh = self.glance(wanted)
        with self._mutex:
            run = self._open.setdefault(wanted, fresh)
            self._open.move_to_end(wanted)
            while len(self._open) > RUNS_HELD:
                self._open.popitem(last=False)
            return run

    def glance(self, number: int) -> Run:
        """Return one run without holding it in memory; raises NoRunError when there is no such run."""
        folder = self._folders().get(number)
        if folder is None:
            raise NoRunError(self.community, number)
        return Run(folder, number, self.newest)

    def _folders(self) -> dict[int, Path]:
        if not self._folder.is_dir():
            return {}
        return {
            int(path.name): path
            for path in self._folder.iterdir()
            if path.name.isascii()
            and path.name.isdigit()
            and (path / MANIFEST).is_file()
            and (path / "scorecard.json").is_file()
        }


def roster_entries(part: Mapping[str, Any], roster: str) -> Sequence[Mapping[str, Any]]:
    """Return the lines of one roster of a part, () where it has none."""
    entries: Sequence[Mapping[str, Any]] = (part.get("rosters") or {}).get(roster) or ()
    return entries


def read_pointers(shown: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """Yield the receipts of what a device shows, each with the pointer of the value ("" where none is given)."""
    receipts = shown.get("receipts") or ()
    pointers = list(shown.get("pointers") or ())
    pointers += [""] * (len(receipts) - len(pointers))
    for receipt, pointer in zip(receipts, pointers, strict=False):
        yield int(receipt), str(pointer)


def _index_row(index: Index, indicator: Mapping[str, Any]) -> None:
    no = int(indicator["no"])
    for part in indicator.get("parts") or ():
        name, title = str(part["id"]), str(part["title"])
        for roster in ROSTERS:
            for position, entry in enumerate(roster_entries(part, roster)):
                _index_entry(index, entry, Use(no, name, title, "", roster, position))
        for value in part.get("values") or ():
            use = Use(no, name, title, "value", label=str(value["name"]), pointer=str(value.get("pointer") or ""))
            index.by_receipt[int(value["receipt"])].append(use)
            index.of_source[str(value.get("source") or "")].add(int(value["receipt"]))
        for document in part.get("documents") or ():
            use = Use(no, name, title, "document", label=str(document["name"]))
            index.by_receipt[int(document["receipt"])].append(use)
        for lost in part.get("unplaced") or ():
            source, device, receipt = str(lost["source"]), str(lost["device"]), int(lost["receipt"])
            use = Use(no, name, title, "unplaced", label=device, source=source, device=device, receipt=receipt)
            index.by_receipt[receipt].append(use)
            index.by_device[source, device].append(use)
            index.of_source[source].add(receipt)


def _index_entry(index: Index, entry: Mapping[str, Any], line: Use) -> None:
    """Add the uses of one roster line; ``line`` says where it stands."""
    line = replace(line, place=str(entry["place"]), label=str(entry["label"]))
    register = entry.get("register")
    if register:
        use = replace(line, how="register", pointer=str(register.get("pointer") or ""))
        index.by_receipt[int(register["receipt"])].append(use)
    for shown in entry.get("shown") or ():
        source, device = str(shown["source"]), str(shown["device"])
        shows = replace(line, how="shown", source=source, device=device, shown=shown)
        index.by_device[source, device].append(shows)
        for receipt, pointer in read_pointers(shown):
            index.by_receipt[receipt].append(replace(shows, pointer=pointer))
            index.of_source[source].add(receipt)


def _indicator_name(no: int) -> str:
    return f"indicators/{no:02d}.json"


def _stamp(path: Path) -> Stamp:
    state = path.stat()
    return state.st_mtime_ns, state.st_size
