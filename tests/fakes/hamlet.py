"""A hamlet: a stage on which a test writes every record by hand, so that it can say what one record does."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from collector.imports import import_register
from collector.reader import Reader
from connectors.mqtt.waiting import gap_arrival
from connectors.record import Arrival, GapCause, Kind
from evidence.acts import ACTS_SOURCE
from evidence.facts import gather_facts
from evidence.ledger import Ledger
from evidence.replay import fold_all, stream
from evidence.revision import ACCEPT
from evidence.run import Claim, claim_run, read_claim
from evidence.shown import Asked, shown_by_messages
from evidence.window import window_before
from scoring.model import Facts, RowScore, Shown
from scoring.score import score
from tests.fakes.stage import Stage

NOON = 1_793_678_400_000  # 2026-11-03 12:00 in Asia/Shanghai
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
HUB = "city_hub"
REGISTER = {
    "building": "编号,住宅\n3号楼,是\n",
    "unit": "编号,楼栋\n2,3\n",
    "entrance": "编号,楼栋,单元\nE-1,3,2\n",
    "floor": "编号,楼栋,单元,楼层\nF-12,3,2,12\n",
    "household": "楼栋,单元,房号\n3,2,1201\n3,2,1202\n3,2,1203\n",
    "lift": "注册代码,楼栋,单元\n31106401042019000001,3,2\n",
    "gate": "编号,用途,名称\nG-01,人行,东门\n",
    "area": "编号,用途,名称\nA-01,公共,中心花园\n",
    "perimeter": "编号,名称\nP-01,北墙\n",
    "totals": "项目,数值\n总户数,3\n入住户数,60\n户籍居民数,9\n车位数,10\n",
}


class Hamlet(Stage):
    """A house of one community whose records are written one by one; noon of 2026-11-03 to begin with."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, NOON)

    def later(self, ms: int = DAY_MS) -> None:
        """Move the clock on."""
        self.clock.set(self.clock() + ms)

    def register(self, **changed: str | None) -> int | None:
        """Import the register's sheets, some of them changed or (None) left out; return the revision's receipt."""
        folder = self.folder / f"register-{self.house.locker.last_receipt()}"
        folder.mkdir()
        for kind, text in {**REGISTER, **changed}.items():
            if text is not None:
                (folder / f"{kind}.csv").write_text(text, "utf-8")
        with_ledger = Reader(self.house)
        with_ledger.catch_up()
        receipt, _ = import_register(self.house, with_ledger.ledger, "demo", folder)
        with_ledger.close()
        return receipt

    def accept(self, revision: int | None) -> None:
        """Record that a person has a smaller register used."""
        body = {"community": "demo", "act": ACCEPT, "register": revision, "by": "王工", "date": "2026-11-03"}
        text = json.dumps(body, ensure_ascii=False).encode()
        self.house.locker.append([Arrival(ACTS_SOURCE, Kind.ACT, self.clock(), ACCEPT, text)])

    def walk(self, name: str, rows: Sequence[Mapping[str, Any]], *, total: int | None = None, size: int = 200) -> int:
        """Store a walk through a list of the hub, page by page, and return the receipt of its end."""
        now = self.clock()
        pages = []
        for start in range(0, max(len(rows), 1), size):
            data = {"total": len(rows) if total is None else total, "list": list(rows[start : start + size])}
            body = json.dumps({"code": 0, "msg": "ok", "data": data}, ensure_ascii=False).encode()
            topic = f"GET /api/{name}?pageNo={start // size + 1}"
            pages += self.house.locker.append([Arrival(HUB, Kind.PAGE, now, topic, body)])
        return self.end_walk(name, pages)

    def end_walk(self, name: str, pages: Sequence[int]) -> int:
        """Store the end of a walk over pages that are stored already."""
        now = self.clock()
        body = {"hub": "yinchuan_demo", "list": name, "pages": list(pages), "started_at": now, "ended_at": now}
        (receipt,) = self.house.locker.append([Arrival(HUB, Kind.WALK, now, name, json.dumps(body).encode())])
        return receipt

    def meter(
        self,
        device: str,
        volume: object = 418.327,
        *,
        lag_ms: int | None = 0,
        at: str | None = None,
        retained: bool = False,
    ) -> list[int]:
        """Store what a water meter sends: first where it is, if ``at`` says so, then a reading ``lag_ms`` old."""
        sent = []
        if at is not None:
            sent += self.tell("thingsboard", "v1/gateway/attributes", {device: {"address": at}})
        reading: dict[str, object] = {"values": {"volume_m3": volume}}
        if lag_ms is not None:
            reading["ts"] = self.clock() - lag_ms
        return sent + self.tell("thingsboard", "v1/gateway/telemetry", {device: [reading]}, retained=retained)

    def tell(self, source: str, topic: str, body: object, *, retained: bool = False) -> list[int]:
        """Store one message; a body that is no bytes is sent as JSON."""
        payload = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        return self.receive([(source, topic, payload, retained)])

    def gap(self, source: str, since: int, until: int, cause: GapCause = GapCause.SESSION_LOST) -> int:
        """Store that a source may have lost messages between two moments (ms UTC), as the intake would."""
        (receipt,) = self.house.locker.append([gap_arrival(source, since, until, cause, "")])
        return receipt

    def fold(self, upto: int | None = None) -> Ledger:
        """Return a new ledger in memory, folded over everything stored (up to a receipt)."""
        ledger = Ledger(None, self.house.catalogue.reading_digest)
        locker = self.house.locker
        fold_all(ledger, self.house.catalogue, self.house.settings.zone, stream(locker, upto=upto), locker.get)
        return ledger

    def bind(self) -> int:
        """Record the bindings of all devices that need one and return how many there were."""
        reader = Reader(self.house)
        reader.catch_up()
        bound = reader.bind()
        reader.close()
        return bound

    def claim(self, days: int = 7) -> Claim:
        """Claim the next run, its window ending at the last midnight."""
        self.bind()
        house, now = self.house, self.clock()
        claim = claim_run(
            house.locker,
            self.fold(),
            house.catalogue,
            community="demo",
            community_name="示例小区",
            window=window_before(now, days, house.settings.zone),
            environment="simulated",
            slot="by hand",
            basics={},
            now=now,
        )
        return read_claim(house.locker.get(claim.cutoff))

    def facts(self, days: int = 7) -> Facts:
        """Return the facts of a run claimed now."""
        claim = self.claim(days)
        return gather_facts(self.fold(claim.cutoff), self.house.catalogue, "demo", claim.window)

    def asking(self, asked: Asked, days: int = 7) -> list[Shown]:
        """Return what messages show up to now when a rubric asks for this."""
        claim = self.claim(days)
        ledger = self.fold(claim.cutoff)
        rows = ledger.connection.execute("SELECT source, device, place, receipt FROM bindings ORDER BY receipt")
        bound = {(source, device): (place, receipt) for source, device, place, receipt in rows}
        sources = frozenset(self.house.catalogue.sources)
        return list(shown_by_messages(ledger, sources, claim.window, bound, asked))

    def rows(self, days: int = 7) -> dict[int, RowScore]:
        """Return the rows of a run claimed now, by number."""
        return {row.no: row for row in score(self.house.catalogue.rubric, self.facts(days)).rows}
