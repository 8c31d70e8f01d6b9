"""Census and score of all 76 rows, against one raw SQL group-by over the same device-days; and writing the form.

``python -m benchmarks.census`` prints, for three sizes of community: how long gathering the facts and scoring takes, as
a ratio to the group-by and per device, and the peak memory; then how long the declaration takes to write. Each size
runs in a process of its own. The ledgers are made by hand, straight into the tables: what is measured is the night's
counting, not the reading of messages.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from collector.house import gather_texts
from collector.settings import Settings
from evidence.catalogue import Catalogue, load_catalogue
from evidence.facts import gather_facts
from evidence.form import fill_form
from evidence.ledger import Ledger
from evidence.report import Heading, report_scorecard
from evidence.run import read_form_text
from evidence.window import Window
from scoring.model import Scorecard
from scoring.score import METHOD, score

ZONE = ZoneInfo("Asia/Shanghai")
END = date(2026, 11, 9)
DAYS = 30
DEVICES_PER_HOME = 4
SIZES = (5_000, 10_000, 20_000)
ROUNDS = 5
METERS = (("water_volume", "m3"), ("electricity_energy", "kWh"), ("gas_volume", "m3"))
OTHERS = ("gas_alarm", "gas_valve_closed", "alarm_button", "peephole_up", "lock_closed", "switch_on", "socket_on")
GROUP_BY = (
    "SELECT source, device, capability, count(*), sum(credited), min(low), max(high), max(day)"
    " FROM device_days GROUP BY source, device, capability"
)


def make_catalogue() -> Catalogue:
    """Return the product's catalogue for one community with one gateway and one hub."""
    gateway = {"kind": "mqtt", "community": "demo", "url": "mqtt://127.0.0.1:1", "topics": ["#"], "client_id": "bench"}
    settings = Settings(
        communities={"demo": {"name": "基准小区"}},
        sources={
            "gateway": gateway | {"profiles": ["thingsboard_gateway", "alink"]},
            "city_hub": {"kind": "hub", "community": "demo", "hub": "yinchuan_demo", "url": "http://127.0.0.1:1"},
        },
    )
    return load_catalogue(gather_texts(settings))


def fill_ledger(ledger: Ledger, homes: int) -> None:
    """Write a community of so many homes with four devices each, every one of which spoke on each of 30 days."""
    connection = ledger.connection
    with ledger.transaction():
        connection.execute(
            "INSERT INTO registers VALUES (1, 'register', 'demo', '', 0, 'bench', ?, '[]', '', '[]')",
            (json.dumps(["household", "building", "floor"]),),
        )
        connection.executemany("INSERT INTO places VALUES (1, ?, ?, ?, ?, ?, 1, '')", _places(homes))
        connection.executemany("INSERT INTO totals VALUES (1, ?, ?, 1, '')", [("households", str(homes))])
        connection.executemany(
            "INSERT INTO bindings VALUES (?, 'demo', 'gateway', ?, ?, '', 1, 1, '[]', '')", _bindings(homes)
        )
        connection.executemany(
            "INSERT INTO device_days VALUES ('gateway', ?, ?, ?, 'p', 96, 96, 0, 0, 0, 0, ?, ?, ?, ?, ?, '[]')",
            _device_days(homes),
        )


def _places(homes: int) -> Iterator[tuple[str, str, str, str, str]]:
    for number in range(homes // 100):
        cells = json.dumps({"building": str(number), "residential": "true"})
        yield f"building-{number}", "building", str(number), f"{number}号楼", cells
    for number in range(homes // 4):
        yield f"floor-{number}", "floor", f"F-{number}", f"{number}层", "{}"
    for number in range(homes):
        cells = json.dumps({"building": str(number // 100), "unit": "1", "room": str(number)})
        yield f"household-{number}", "household", f"H-{number}", f"{number}室", cells


def _devices(homes: int) -> Iterator[tuple[str, int, str]]:
    """Yield (device, home, capability)."""
    for home in range(homes):
        for capability, _ in METERS:
            yield f"{capability}-{home:06}", home, capability
        other = OTHERS[home % len(OTHERS)]
        yield f"{other}-{home:06}", home, other


def _bindings(homes: int) -> Iterator[tuple[int, str, str]]:
    for receipt, (device, home, _) in enumerate(_devices(homes), 10):
        yield receipt, device, f"household-{home}"


def _device_days(homes: int) -> Iterator[tuple[Any, ...]]:
    days = [(END - timedelta(days=ago)).isoformat() for ago in range(DAYS, 0, -1)]
    numeric = {capability for capability, _ in METERS}
    for device, home, capability in _devices(homes):
        for number, day in enumerate(days):
            low, high = (f"{home + number}.125", f"{home + number}.875") if capability in numeric else (None, None)
            last = high or "true"
            receipt = 1_000_000 + home * DAYS + number
            witnesses = json.dumps([[receipt, "/values/x"], [receipt + 1, "/values/x"]])
            yield device, day, capability, low, high, last, last, witnesses


def fastest(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the least seconds of several rounds, and the last result."""
    took: list[float] = []
    result = None
    for _ in range(ROUNDS):
        began = time.perf_counter()
        result = work()
        took.append(time.perf_counter() - began)
    return min(took), result


def measure(homes: int) -> dict[str, float]:
    """Return the figures of one size: seconds, ratio, microseconds a device, mebibytes."""
    catalogue = make_catalogue()
    window = Window(END, DAYS, ZONE)
    with tempfile.TemporaryDirectory(prefix="zhizheng-bench-") as folder:
        ledger = Ledger(Path(folder) / "ledger.sqlite", catalogue.reading_digest)
        fill_ledger(ledger, homes)
        raw_s, groups = fastest(lambda: ledger.connection.execute(GROUP_BY).fetchall())
        facts_s, facts = fastest(lambda: gather_facts(ledger, catalogue, "demo", window))
        score_s, card = fastest(lambda: score(catalogue.rubric, facts))
        ledger.close()
    devices = homes * DEVICES_PER_HOME
    if (len(groups), card.rows[9].numerator) != (devices, homes):
        raise SystemExit(f"counted {card.rows[9].numerator} metered homes of {homes}: the figures mean nothing")
    form_s, _ = fastest(lambda: write_form(catalogue, card, window))
    return {
        "devices": devices,
        "device_days": devices * DAYS,
        "group_by_s": raw_s,
        "facts_s": facts_s,
        "score_s": score_s,
        "ratio": (facts_s + score_s) / raw_s,
        "us_per_device": (facts_s + score_s) / devices * 1e6,
        "form_s": form_s,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def write_form(catalogue: Catalogue, card: Scorecard, window: Window) -> bytes:
    """Return the filled declaration."""
    shown = {"from": f"{window.start}T00:00:00+08:00", "to": f"{window.end}T00:00:00+08:00", "days": window.days}
    heading = Heading("demo", "基准小区", f"{END}T02:30:00+08:00", shown, 1, "simulated", METHOD)
    scorecard = report_scorecard(catalogue.rubric, card, heading)
    return fill_form(scorecard, read_form_text(catalogue), {}, hashlib.sha256(b"").hexdigest())


def main() -> None:
    """Measure every size in a process of its own and print one line each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.census", description=__doc__.splitlines()[0])
    parser.add_argument("--homes", type=int, help="measure this size alone, here, and print JSON")
    homes = parser.parse_args().homes
    if homes is not None:
        sys.stdout.write(json.dumps(measure(homes)) + "\n")
        return
    for size in SIZES:
        command = [sys.executable, "-m", "benchmarks.census", "--homes", str(size)]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        sys.stdout.write(
            "census, {homes:,} homes, {devices:,} devices, {device_days:,} device-days: facts {facts_s:.2f} s"
            " + score {score_s:.2f} s = {ratio:.1f} x one SQL group-by ({group_by_s:.2f} s), {us_per_device:.0f} us a"
            " device, peak {peak_mib:.0f} MiB; form {form_s:.2f} s\n".format(homes=size, **told)
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
