"""Golden communities: a few homes written by hand, and what each row must come to, worked out by hand.

A community is one YAML file. Everything in it goes the way real inputs go: sheets through the register import, acts
through the acts import, messages and hub pages as the doors store them, then one refresh. Keys of a file:

``title``; ``register`` (kind of place -> CSV text; imported at ``register_at``); ``messages`` (at, source, topic,
payload, retained); ``hub`` (at, list, rows, and ``total`` where the hub claims another one); ``acts`` (the entries of
an acts file, imported at ``acts_at``; a document's bytes are its name); ``expected`` (row -> what it must come to);
``unplaced`` (devices that must be listed as being nowhere). Every ``at`` is local time. A row that ``expected`` leaves
out must earn nothing. With ``night`` (a date) the run makes up for that night, which was missed.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from collector.imports import import_register
from collector.reader import Reader
from connectors.record import Arrival, Kind
from evidence.catalogue import read_yaml
from tests.fakes.stage import Stage

FOLDER = Path(__file__).parent
ZONE = ZoneInfo("Asia/Shanghai")
HUB = "yinchuan_demo"
HUB_SOURCE = "city_hub"
EXPECTED_KEYS = {"floor", "ceiling", "met", "numerator", "denominator"}
ALLOWED_KEYS = EXPECTED_KEYS | {"status", "origin"}
KEYS = {
    "title",
    "register",
    "register_at",
    "messages",
    "hub",
    "acts",
    "acts_at",
    "refresh_at",
    "night",
    "expected",
    "unplaced",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a refresh said: the scorecard, and each device it could not place by row."""

    scorecard: Mapping[str, Any]
    unplaced: frozenset[str]

    def row(self, no: int) -> Mapping[str, Any]:
        """Return one row of the scorecard."""
        found: Mapping[str, Any] = next(row for row in self.scorecard["indicators"] if row["no"] == no)
        return found


def find_communities() -> list[str]:
    """Return every golden community as folder/name."""
    return sorted(f"{path.parent.name}/{path.stem}" for path in FOLDER.glob("*/*.yaml"))


def read_community(name: str) -> dict[str, Any]:
    """Return a golden community; raises AssertionError where the file says something the harness would pass over."""
    body: dict[str, Any] = read_yaml((FOLDER / f"{name}.yaml").read_bytes(), name)
    assert set(body) <= KEYS, f"{name}: {set(body) - KEYS} means nothing here"
    assert {"title", "register", "expected"} <= set(body), f"{name} needs title, register and expected"
    for no, row in body["expected"].items():
        assert EXPECTED_KEYS <= set(row) <= ALLOWED_KEYS, f"{name}: row {no} says {sorted(row)}"
    return body


def run_community(folder: Path, body: Mapping[str, Any]) -> Outcome:
    """Feed a community into a fresh data directory in the order of time, refresh, and return what came out."""
    begin = read_local(body.get("register_at", "2026-11-01 18:00"))
    steps: list[tuple[int, Callable[[Stage], None]]] = [(begin, partial(_import_sheets, body["register"]))]
    steps += [(read_local(one["at"]), partial(_receive, one)) for one in body.get("messages", ())]
    steps += [(read_local(one["at"]), partial(_walk, one)) for one in body.get("hub", ())]
    if "acts" in body:
        steps.append((read_local(body.get("acts_at", "2026-11-08 21:00")), partial(_act, body["acts"])))
    stage = Stage(folder, min(at for at, _ in steps))
    try:
        for at, feed in sorted(steps, key=lambda step: step[0]):
            stage.clock.set(at)
            feed(stage)
        stage.clock.set(read_local(body.get("refresh_at", "2026-11-09 02:30")))
        done = stage.refresh(body.get("night"))
    finally:
        stage.close()
    unplaced = {
        one["device"]
        for path in done.folder.glob("indicators/*.json")
        for part in json.loads(path.read_bytes())["parts"]
        for one in part["unplaced"]
    }
    return Outcome(done.scorecard, frozenset(unplaced))


def differences(outcome: Outcome, body: Mapping[str, Any]) -> list[str]:
    """Return every way in which an outcome is not what the community's file says by hand."""
    wrong = []
    for no, expected in body["expected"].items():
        row = outcome.row(no)
        got = {key: row[key] for key in expected}
        if got != expected:
            wrong.append(f"row {no}: by hand {expected}, counted {got}: {row['sentence']}")
    earned = {row["no"]: row["floor"] for row in outcome.scorecard["indicators"] if Decimal(row["floor"])}
    strays = sorted(set(earned) - set(body["expected"]))
    if strays:
        wrong.append(f"rows {strays} earn {[earned[no] for no in strays]}, by hand nothing")
    by_hand = sum((Decimal(row["floor"]) for row in body["expected"].values()), Decimal(0))
    if Decimal(outcome.scorecard["totals"]["floor"]) != by_hand:
        wrong.append(f"total: by hand {by_hand}, counted {outcome.scorecard['totals']['floor']}")
    if "unplaced" in body and outcome.unplaced != set(body["unplaced"]):
        wrong.append(f"unplaced: by hand {sorted(body['unplaced'])}, counted {sorted(outcome.unplaced)}")
    return wrong


def read_local(text: str) -> int:
    """Return a local time as UTC milliseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp() * 1000)


# ---------------------------------------------------------------- the doors


def _import_sheets(sheets: Mapping[str, str], stage: Stage) -> None:
    folder = stage.folder / "register"
    folder.mkdir()
    for kind, text in sheets.items():
        rows = list(csv.reader(io.StringIO(text)))
        assert all(len(row) == len(rows[0]) for row in rows), f"{kind}: a line is not as long as its header"
        (folder / f"{kind}.csv").write_text(text, "utf-8")
    reader = Reader(stage.house)
    try:
        reader.catch_up()
        import_register(stage.house, reader.ledger, "demo", folder)
    finally:
        reader.close()


def _receive(message: Mapping[str, Any], stage: Stage) -> None:
    assert set(message) <= {"at", "source", "topic", "payload", "retained"}, message
    assert message["source"] in stage.house.settings.sources, message
    stage.receive([(message["source"], message["topic"], message["payload"].encode(), message.get("retained", False))])


def _walk(answer: Mapping[str, Any], stage: Stage) -> None:
    """Store one answer of the hub and the end of the walk through its list, as the hub's door does."""
    assert set(answer) <= {"at", "list", "rows", "total"}, answer
    (spec,) = [spec for spec in stage.house.catalogue.hubs[HUB].lists if spec.name == answer["list"]]
    rows = answer["rows"]
    now = stage.clock()
    envelope = {"code": 0, "msg": "ok", "data": {"total": answer.get("total", len(rows)), "list": rows}}
    topic = f"GET {spec.path.replace('{community}', 'demo')}?pageNo=1&pageSize=200"
    payload = json.dumps(envelope, ensure_ascii=False).encode()
    (page,) = stage.house.locker.append([Arrival(HUB_SOURCE, Kind.PAGE, now, topic, payload)])
    end = {"hub": HUB, "list": spec.name, "pages": [page], "started_at": now, "ended_at": now}
    stage.house.locker.append([Arrival(HUB_SOURCE, Kind.WALK, now, spec.name, json.dumps(end).encode())])


def _act(entries: Sequence[Mapping[str, Any]], stage: Stage) -> None:
    """Import the entries; a document's bytes are its name, made to look like a PDF."""
    given = [dict(entry) for entry in entries]
    for entry in given:
        if entry.get("document"):
            name = str(Path(entry["document"]).with_suffix(".pdf"))
            (stage.folder / name).write_bytes(f"%PDF-1.4 {name}".encode())
            entry["document"] = name
    stage.act(given)
