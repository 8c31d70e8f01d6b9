from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.house import LONGEST_FILE, RULES, Fault, House

ROOT = Path(__file__).resolve().parents[1]

SOUND = {
    "scoring/__init__.py": '"""Counts."""\n',
    "scoring/score.py": "import json\nfrom datetime import datetime\nfrom scoring import model\n",
    "scoring/model.py": "import urllib.parse\n",
    "connectors/__init__.py": "",
    "connectors/record.py": "import hashlib\n",
    "connectors/platforms/acme/profile.yaml": "profile: acme\n",
    "connectors/mqtt/__init__.py": "",
    "connectors/mqtt/client.py": "import paho.mqtt.client as paho\nimport time\nfrom connectors.record import Record\n",
    "connectors/mqtt/connector.py": "from connectors.mqtt import client\nfrom .. import record\n",
    "connectors/city_hub/client.py": "import aiohttp\n",
    "evidence/series.py": "def connect():\n    import influxdb_client\n",
    "evidence/locker.py": "import os\nfrom connectors.record import Record\nfrom scoring.model import Measure\n",
    "collector/clock.py": "import time\nnow = time.time_ns()\n",
    "collector/schedule.py": "from apscheduler.schedulers.background import BackgroundScheduler\n",
    "collector/web/app.py": "from aiohttp import web\nimport evidence.locker\n",
    "collector/simulate/publisher.py": "import paho.mqtt.client\nfrom collector import clock\n",
    "config/rubrics/city.yaml": "title: 1\n",
    "tests/test_locker.py": "from evidence import locker\nimport aiohttp\n",
    "README.md": "Runs in /data and reads https://example.org/home/page.\n",
}

FAULTS = {
    "scoring imports a floor above": ("arrows", "scoring/score.py", "from evidence import locker"),
    "scoring imports the reading room": ("arrows", "scoring/score.py", "import connectors.record"),
    "the reading room imports scoring": ("arrows", "connectors/record.py", "from scoring.model import Measure"),
    "the reading room imports a door": ("arrows", "connectors/record.py", "from connectors.mqtt import client"),
    "a door imports another door": ("arrows", "connectors/mqtt/client.py", "import connectors.city_hub.client"),
    "a door imports evidence": ("arrows", "connectors/city_hub/client.py", "from evidence.locker import Locker"),
    "evidence imports a door": ("arrows", "evidence/locker.py", "from connectors.mqtt.client import Client"),
    "evidence imports the collector": ("arrows", "evidence/locker.py", "from collector import clock"),
    "evidence imports a door relatively": ("arrows", "evidence/locker.py", "from ..connectors.mqtt import client"),
    "an import hidden in a function": ("arrows", "scoring/model.py", "def late():\n    import evidence.locker"),
    "an import for typing only": ("arrows", "scoring/model.py", "if TYPE_CHECKING:\n    import evidence.locker"),
    "the product imports a test": ("arrows", "collector/clock.py", "import tests.test_locker"),
    "Python outside the rooms": ("arrows", "tools/build.py", "X = 1"),
    "the simulator imports evidence": ("isolation", "collector/simulate/publisher.py", "import evidence.locker"),
    "the simulator imports a profile": ("isolation", "collector/simulate/publisher.py", "import connectors.record"),
    "the simulator reaches scoring through another": ("isolation", "collector/clock.py", "import scoring.score"),
    "scoring reads a file": ("purity", "scoring/score.py", "import pathlib"),
    "scoring opens a file": ("purity", "scoring/score.py", "open('rubric.yaml')"),
    "scoring asks for the time": ("purity", "scoring/score.py", "import time"),
    "scoring asks for the date": ("purity", "scoring/score.py", "datetime.now()"),
    "scoring asks for today": ("purity", "scoring/model.py", "datetime.date.today()"),
    "scoring throws dice": ("purity", "scoring/score.py", "from random import choice"),
    "the reading room opens a socket": ("purity", "connectors/record.py", "import socket"),
    "the reading room fetches": ("purity", "connectors/record.py", "from urllib import request"),
    "the reading room uses a database": ("purity", "connectors/record.py", "import sqlite3"),
    "the reading room waits": ("purity", "connectors/record.py", "import asyncio"),
    "the reading room reads the environment": ("purity", "connectors/record.py", "from os import environ"),
    "the reading room loads a zone": ("purity", "connectors/record.py", "zoneinfo.ZoneInfo('Asia/Shanghai')"),
    "a second clock": ("clock", "evidence/locker.py", "time.time()"),
    "a second clock by datetime": ("clock", "collector/web/app.py", "datetime.now(UTC)"),
    "a second importer of paho": ("single_importers", "connectors/mqtt/connector.py", "import paho.mqtt.client"),
    "a second importer of wsproto": ("single_importers", "connectors/mqtt/client.py", "from wsproto import events"),
    "a second importer of cryptography": ("single_importers", "evidence/locker.py", "from cryptography import x509"),
    "a second importer of aiohttp": ("single_importers", "collector/web/app.py", "from aiohttp import ClientSession"),
    "aiohttp as a whole on the page": ("single_importers", "collector/web/app.py", "import aiohttp"),
    "a server outside the page": ("single_importers", "evidence/locker.py", "from aiohttp import web"),
    "a second importer of influxdb_client": ("single_importers", "collector/clock.py", "import influxdb_client"),
    "a second importer of apscheduler": ("single_importers", "collector/clock.py", "from apscheduler import job"),
    "a cycle of two": ("cycles", "scoring/model.py", "from scoring import score"),
    "a cycle through a late import": ("cycles", "connectors/mqtt/client.py", "def f():\n    from . import connector"),
    "code in an __init__": ("inits", "scoring/__init__.py", "from scoring import model"),
    "code in an empty __init__": ("inits", "connectors/mqtt/__init__.py", "X = 1"),
    "a module without a trade": ("names", "evidence/utils.py", "X = 1"),
    "a folder without a trade": ("names", "evidence/common/locker.py", "X = 1"),
    "a file too long": ("length", "evidence/locker.py", "\n".join(["x = 1"] * LONGEST_FILE)),
    "a test too long": ("length", "tests/test_locker.py", "\n".join(["x = 1"] * LONGEST_FILE)),
    "eval": ("trust", "evidence/locker.py", "eval('1')"),
    "exec": ("trust", "tests/test_locker.py", "exec('x = 1')"),
    "pickle": ("trust", "collector/clock.py", "from pickle import loads"),
    "Python in config": ("config_is_data", "config/rubrics/city.py", "X = 1"),
    "a path of a machine": ("no_machine", "README.md", "see " + "/work" + "/shared/notes"),
    "a temporary path": ("no_machine", "config/rubrics/city.yaml", "out: " + "/tmp" + "/x"),
    "a registry": ("no_machine", "requirements/runtime.txt", "--index-url https://" + "pypi" + ".org/simple"),
    "a lock file": ("no_machine", "uv.lock", "version = 1"),
}


def faults(root: Path) -> list[tuple[str, Fault]]:
    """Return every fault of a tree with the name of the rule that found it."""
    house = House(root)
    return [(rule.__name__, fault) for rule in RULES for fault in rule(house)]


def build(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def house() -> House:
    return House(ROOT)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_its_rules(house: House, rule: Callable[[House], Iterator[Fault]]) -> None:
    found = [str(fault) for fault in rule(house)]

    assert not found, "\n".join([f"{rule.__doc__}", *found])


def test_a_sound_tree_has_no_faults(tmp_path: Path) -> None:
    build(tmp_path, SOUND)

    assert faults(tmp_path) == []


@pytest.mark.parametrize("what", FAULTS)
def test_a_planted_fault_is_found(tmp_path: Path, what: str) -> None:
    rule, path, text = FAULTS[what]
    build(tmp_path, {**SOUND, path: f"{SOUND.get(path, '')}{text}\n"})

    assert rule in {name for name, _ in faults(tmp_path)}


def test_every_rule_is_shown_able_to_fail() -> None:
    assert {rule for rule, _, _ in FAULTS.values()} == {rule.__name__ for rule in RULES}


def test_a_fault_names_its_file_and_line(tmp_path: Path) -> None:
    build(tmp_path, {**SOUND, "scoring/model.py": "import json\nimport os\n"})

    assert [str(fault) for _, fault in faults(tmp_path)] == [
        "scoring/model.py:2: scoring is pure and may not import os"
    ]


def test_the_rules_look_at_this_repository(house: House) -> None:
    assert {"connectors/record.py", "evidence/series.py", "pyproject.toml"} <= set(house.files)
    assert not [path for path in house.files if path.startswith((".venv/", ".cache/", ".git/"))]
