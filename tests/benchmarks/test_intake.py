"""The benchmark measures what it says it measures, at a size that takes no time."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks import intake
from benchmarks.intake import BARE, INTAKE, TELEGRAF, Lane, Outcome, compare, list_lanes, make_messages, measure, report
from benchmarks.receivers import poll
from tests.parts.go import PartMissingError
from tests.parts.influx import build_influxd
from tests.parts.mosquitto import mosquitto_path
from tests.parts.telegraf import build_telegraf

COUNT = 300


def outcome(took_s: float, cpu_s: float = 1.0, peak_mib: float = 10.0, connections: int = 1) -> Outcome:
    return Outcome(took_s, {"intake": cpu_s}, {"intake": peak_mib}, connections)


def check_sane(outcomes: Sequence[Outcome]) -> None:
    for one in outcomes:
        assert 0 < one.took_s < 60
        assert all(0 <= value < 60 for value in one.cpu_s.values())
        assert all(1 < value < 2000 for value in one.peak_mib.values())
        assert one.connections == 1


@pytest.mark.integration
@pytest.mark.parametrize(("kind", "protocols"), [("mosquitto", ("3.1.1", "5")), ("packaged", ("3.1.1",))])
def test_intake_and_bare_loop_get_every_message(kind: str, protocols: tuple[str, ...]) -> None:
    if kind == "mosquitto":
        mosquitto_path()
    lanes = list_lanes(kind, COUNT, with_telegraf=False)

    outcomes = measure(kind, lanes, COUNT, 1)

    assert set(outcomes) == {(name, protocol) for name in (INTAKE, BARE) for protocol in protocols}
    for rounds in outcomes.values():
        check_sane(rounds)


@pytest.mark.integration
def test_telegraf_brings_every_message_into_influxdb() -> None:
    mosquitto_path()
    try:
        build_telegraf()
        build_influxd()
    except PartMissingError as missing:
        pytest.skip(f"NOT TESTED against Telegraf: {missing}")
    (lane,) = (lane for lane in list_lanes("mosquitto", COUNT, with_telegraf=True) if lane.name == TELEGRAF)

    rounds = measure("mosquitto", [lane], COUNT, 1)[TELEGRAF, "3.1.1"]

    check_sane(rounds)
    assert set(rounds[0].cpu_s) == {"telegraf", "influxd"}


def test_no_two_messages_are_one_row() -> None:
    messages = make_messages(12_000)

    assert len({topic for topic, _ in messages}) == 5_000
    assert len({(topic, payload.partition(b",")[0]) for topic, payload in messages}) == len(messages)


def test_every_other_round_goes_backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def run_once(_kind: str, lane: Lane, _messages: object) -> Outcome:
        ran.append(lane.name)
        return outcome(len(ran))

    monkeypatch.setattr(intake, "run_once", run_once)
    lanes = [Lane(name, "5", lambda *_: pytest.fail("nothing is started here")) for name in "ab"]

    outcomes = measure("mosquitto", lanes, 1, 3)

    assert "".join(ran) == "abbaab"
    assert [one.took_s for one in outcomes["b", "5"]] == [2, 3, 6]


def test_the_ratio_is_that_of_the_least_times_and_each_round_is_told() -> None:
    ours, theirs = [outcome(2), outcome(4)], [outcome(3), outcome(2.5)]

    assert compare(ours, "peer", theirs) == "1.25 x peer (by round 1.50, 0.62; least 0.62, median 1.06)"


def test_a_receiver_is_told_by_its_least_time_and_cpu_and_greatest_memory() -> None:
    lines = report("Mosquitto 2.0.11", 1000, {(INTAKE, "5"): [outcome(2, 0.01, 30), outcome(1, 0.02, 31)]})

    assert lines[0] == (
        "durable intake (MQTT 5, Mosquitto 2.0.11), 1,000 messages: 1,000/s; CPU s per million 10.0; peak MiB 31"
    )


def test_an_intake_that_had_to_connect_again_is_told() -> None:
    (line,) = report("Mosquitto 2.0.11", 1000, {(INTAKE, "5"): [outcome(1), outcome(2, connections=3)]})

    assert line.endswith("; HAD TO CONNECT AGAIN, connections by round 1, 3")


def test_a_peer_at_another_protocol_is_named_with_it() -> None:
    outcomes = {(INTAKE, "5"): [outcome(2)], (BARE, "5"): [outcome(1)], (TELEGRAF, "3.1.1"): [outcome(4)]}

    assert report("Mosquitto", 1, outcomes)[-1].startswith(
        "durable intake (MQTT 5, Mosquitto) = 0.50 x a bare paho loop (by round 0.50; least 0.50, median 0.50);"
        " 2.00 x Telegraf 1.30.3 -> InfluxDB 1.8.10 at MQTT 3.1.1 "
    )


def test_a_receiver_alone_gets_no_line_of_ratios() -> None:
    assert len(report("Mosquitto", 1, {(INTAKE, "5"): [outcome(1)]})) == 1


def test_without_go_telegraf_is_left_out_loudly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("tests.parts.go.CACHE", tmp_path)
    monkeypatch.setattr(shutil, "which", lambda _: None)

    assert not intake.find_telegraf()
    said = capsys.readouterr().err
    assert "NOT MEASURED against Telegraf" in said
    assert "install Go" in said


def test_without_mosquitto_its_broker_is_left_out_loudly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)

    assert intake.name_broker("mosquitto") is None
    said = capsys.readouterr().err
    assert "NOT MEASURED against Mosquitto" in said
    assert "apt-get install mosquitto" in said


def test_a_look_that_never_finds_all_says_how_far_it_came() -> None:
    with pytest.raises(TimeoutError, match=r"after 0 s 7 of 9"):
        poll(lambda: False, 0.001, 0.01, lambda: "7 of 9")
