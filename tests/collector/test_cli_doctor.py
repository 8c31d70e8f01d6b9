"""``zhizheng doctor``: exit codes, what it prints, and under which name it comes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fakes import wire_broker as wire
from tests.fakes.site import Site, call_here
from tests.fakes.wire_broker import WireBroker
from tests.parts.mosquitto import Mosquitto

OTHER = """
[sources.gate]
kind = "mqtt"
community = "demo"
url = "mqtt://127.0.0.1:1"
topics = ["gate/#"]
client_id = "zhizheng-gate"
password_env = "NOT_SET_ANYWHERE"
username_env = "NOT_SET_ANYWHERE"
"""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "site", port=1)


def test_a_sound_broker_ends_with_0_and_a_line_for_each_check(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker:
        site = Site(tmp_path / "site", port=broker.port)
        done = call_here("doctor", "--probes", 30, "-s", site.settings)
    assert done.code == 0, done
    lines = done.out.splitlines()
    assert [line.split("\t")[0] for line in lines[1:-1]] == ["通过"] * 4 + ["未检查"] + ["通过"] * 2
    assert lines[-1].startswith("送达等级 B\t")


def test_json_has_english_keys_and_says_the_same(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker", "allow_anonymous true", "retain_available false") as broker:
        site = Site(tmp_path / "site", port=broker.port)
        done = call_here("doctor", "water", "--probes", 30, "--json", "-s", site.settings)
    assert done.code == 1
    told: Any = done.json()
    assert (told["source"], told["grade"], told["sound"]) == ("water", "B", False)
    (failed,) = (check for check in told["checks"] if check["outcome"] == "failed")
    assert failed["name"] == "retained"
    assert set(failed) == {"name", "outcome", "seen", "mend", "measured"}


def test_an_unreachable_broker_ends_with_1_and_its_mend(site: Site) -> None:
    done = call_here("doctor", "-s", site.settings)
    assert done.code == 1
    assert "不通过\t连接与登录\t无法连接：连接被拒绝；请改：" in done.out
    assert done.out.count("未检查\t") == 6


def test_a_wrong_call_ends_with_2(site: Site) -> None:
    unknown = call_here("doctor", "fire", "-s", site.settings)
    assert (unknown.code, unknown.out) == (2, "")
    assert "no MQTT source 'fire'; there is water" in unknown.err
    assert call_here("doctor", "--probes", 0, "-s", site.settings).code == 2
    topic = call_here("doctor", "--topic", "a/#", "-s", site.settings)
    assert topic.code == 2
    assert "give --topic" in topic.err


def test_one_of_several_sources_is_named_and_needs_no_secret_of_another(site: Site) -> None:
    site.settings.write_text(site.settings.read_text("utf-8") + OTHER, "utf-8")
    unnamed = call_here("doctor", "-s", site.settings)
    assert unnamed.code == 2
    assert "name one MQTT source to test; there is water, gate" in unnamed.err
    assert call_here("doctor", "water", "-s", site.settings).code == 1
    assert "NOT_SET_ANYWHERE" in call_here("doctor", "gate", "-s", site.settings).err


def test_it_never_comes_under_the_intakes_name(tmp_path: Path) -> None:
    with WireBroker(connack=5) as broker:
        site = Site(tmp_path, port=broker.port)
        assert call_here("doctor", "-s", site.settings).code == 1
        names = [packet.body for packet in broker.got(wire.CONNECT)]
    assert names
    assert all(b"zhizheng-doctor-" in body and b"zhizheng-water" not in body for body in names)
