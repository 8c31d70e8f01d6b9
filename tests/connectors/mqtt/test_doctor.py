"""The doctor at real brokers: what they keep it sees, what they lose it names, what it cannot see it does not pass."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from collector.broker import EmbeddedBroker, free_port
from connectors.mqtt import doctor
from connectors.mqtt.doctor import examine
from connectors.mqtt.ear import Line
from connectors.mqtt.finding import Check, Plan, Report
from connectors.mqtt.probe import MqttProbe
from connectors.mqtt.source import MqttSource, MqttSourceError
from connectors.outcome import Outcome
from tests.parts.certificates import fingerprint, make_certificate
from tests.parts.mosquitto import Mosquitto, websocket_listener

PROTOCOLS = ("5", "3.1.1")
FEW = Plan(probes=30)
OPEN = "allow_anonymous true"
NAMES = ["reach", "session", "backlog", "window", "persistence", "retained", "limits"]


@pytest.fixture(autouse=True)
def short_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Brokers on loopback fall silent sooner than those far away."""
    monkeypatch.setattr(doctor, "QUIET_S", 0.8)
    monkeypatch.setattr(doctor, "LAST_QUIET_S", 1.2)


def source_at(port: int, protocol: str = "5", **settings: object) -> MqttSource:
    given = {"id": "tb", "host": "127.0.0.1", "port": port, "topics": ("v1/#",), "client_id": "zz"}
    return MqttSource(**{**given, "protocol": protocol, **settings})  # type: ignore[arg-type]


def visit(source: MqttSource, plan: Plan = FEW) -> Report:
    return examine(source, plan, "t0", time.time_ns() // 1_000_000)


def check_of(report: Report, name: str) -> Check:
    (found,) = (check for check in report.checks if check.name == name)
    return found


def outcomes(report: Report) -> dict[str, Outcome]:
    return {check.name: check.outcome for check in report.checks}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_broker_without_a_queue_limit_passes_and_is_graded_b(tmp_path: Path, protocol: str) -> None:
    with Mosquitto(tmp_path) as broker:
        report = visit(source_at(broker.port, protocol), Plan())
    assert [check.name for check in report.checks] == NAMES
    assert report.sound, report
    assert (report.grade, report.server) == ("B", "mosquitto")
    assert check_of(report, "backlog").measured == {"published": 1100, "delivered": 1100}
    assert check_of(report, "window").measured == {"window": 1000 if protocol == "5" else 20}


def test_persistence_is_never_passed_by_a_visit(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker:
        report = visit(source_at(broker.port))
    persistence = check_of(report, "persistence")
    assert persistence.outcome is Outcome.NOT_CHECKED
    assert "重启" in persistence.seen
    assert "autosave_interval 1" in persistence.mend
    assert report.grade != "A"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_mosquitto_as_it_comes_shows_its_limit_of_1000_messages(tmp_path: Path, protocol: str) -> None:
    with Mosquitto(tmp_path, capped=True) as broker:
        report = visit(source_at(broker.port, protocol), Plan())
    backlog = check_of(report, "backlog")
    assert backlog.outcome is Outcome.FAILED
    assert backlog.measured == {"published": 1100, "delivered": 1000, "limit": 1000}
    assert "max_queued_messages 默认 1000" in backlog.seen
    assert "最新" in backlog.seen
    assert backlog.mend.startswith("Mosquitto：max_queued_messages 0；")
    assert "dropped_topic" in backlog.mend
    assert (report.grade, report.sound) == ("C", False)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_limit_in_bytes_is_told_from_one_in_messages(tmp_path: Path, protocol: str) -> None:
    with Mosquitto(tmp_path, OPEN, "max_queued_bytes 20000") as broker:
        report = visit(source_at(broker.port, protocol), Plan(probes=150))
    backlog = check_of(report, "backlog")
    assert backlog.measured == {"published": 150, "delivered": 100, "limit_bytes": 20_000}
    assert backlog.mend.startswith("Mosquitto：max_queued_bytes 0；")


def test_a_broker_that_forgets_the_session_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Mosquitto(tmp_path, persistent=False)
    renew = MqttProbe.renew

    def forget_and_renew(probe: MqttProbe) -> None:
        broker.stop()
        broker.start()
        probe._listener.trouble = None  # type: ignore[attr-defined]  # that it was gone is our doing
        renew(probe)

    monkeypatch.setattr(MqttProbe, "renew", forget_and_renew)
    with broker:
        report = visit(source_at(broker.port))
    session = check_of(report, "session")
    assert session.outcome is Outcome.FAILED
    assert "会话已丢失" in session.seen
    assert report.grade == "C"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_window_of_one_message_fails(tmp_path: Path, protocol: str) -> None:
    with Mosquitto(tmp_path, OPEN, "max_inflight_messages 1") as broker:
        report = visit(source_at(broker.port, protocol, receive_maximum=1))
    window = check_of(report, "window")
    assert (window.outcome, window.measured) == (Outcome.FAILED, {"window": 1})
    assert check_of(report, "backlog").outcome is Outcome.PASSED
    assert window.mend == "Mosquitto：max_inflight_messages 1000"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_broker_without_retained_messages_fails_there_alone(tmp_path: Path, protocol: str) -> None:
    with Mosquitto(tmp_path, OPEN, "retain_available false") as broker:
        report = visit(source_at(broker.port, protocol))
    failed = [name for name, outcome in outcomes(report).items() if outcome is Outcome.FAILED]
    assert failed == ["retained"]
    assert "retain_available true" in check_of(report, "retained").mend


@pytest.mark.parametrize(
    ("protocol", "line"),
    [("5", "max_packet_size 10000"), ("3.1.1", "max_packet_size 10000"), ("3.1.1", "message_size_limit 10000")],
)
def test_a_broker_that_carries_no_large_message_fails(tmp_path: Path, protocol: str, line: str) -> None:
    with Mosquitto(tmp_path, OPEN, line) as broker:
        report = visit(source_at(broker.port, protocol))
    assert check_of(report, "limits").outcome is Outcome.FAILED
    assert check_of(report, "backlog").outcome is Outcome.PASSED


def test_a_broker_of_qos_0_fails_and_its_delivery_is_not_checked(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, OPEN, "max_qos 0") as broker:
        report = visit(source_at(broker.port))
    limits = check_of(report, "limits")
    assert (limits.outcome, limits.measured["MaximumQoS"]) == (Outcome.FAILED, 0)
    assert check_of(report, "backlog").outcome is Outcome.NOT_CHECKED
    assert report.grade == "C"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_account_that_may_not_publish_leaves_the_delivery_unchecked(tmp_path: Path, protocol: str) -> None:
    (tmp_path / "acl").write_text("topic read v1/#\n")
    with Mosquitto(tmp_path, OPEN, f"acl_file {tmp_path}/acl") as broker:
        report = visit(source_at(broker.port, protocol))
    found = outcomes(report)
    assert {found.pop("reach"), found.pop("session")} == {Outcome.PASSED}
    assert set(found.values()) == {Outcome.NOT_CHECKED}
    assert "--topic" in check_of(report, "backlog").seen
    assert (report.grade, report.sound) == ("C", False)


def test_a_prefix_the_account_may_use_makes_the_checks_possible(tmp_path: Path) -> None:
    (tmp_path / "acl").write_text("topic readwrite site/probe/#\n")
    with Mosquitto(tmp_path, OPEN, f"acl_file {tmp_path}/acl") as broker:
        report = visit(source_at(broker.port), Plan(probes=30, topic="site/probe"))
    assert report.topic == "site/probe/t0"
    assert report.sound, report


def test_probes_that_the_source_would_take_for_data_are_not_sent(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker, Line(source_at(broker.port), "intake", "#") as intake:
        assert intake.listening()
        report = visit(source_at(broker.port, topics=("#",)))
        assert intake.take(0.3) == set()
    assert check_of(report, "session").outcome is Outcome.PASSED
    assert check_of(report, "backlog").outcome is Outcome.NOT_CHECKED
    assert "属于该来源自己的主题" in check_of(report, "backlog").seen


@pytest.mark.parametrize("topic", ["a/#", "+/a", "$SYS/a", "/"])
def test_a_topic_that_probes_cannot_lie_below_is_refused(topic: str) -> None:
    with pytest.raises(MqttSourceError, match=r"MQTT source 'tb': .* give --topic"):
        visit(source_at(1), Plan(topic=topic))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_nothing_is_left_behind(tmp_path: Path, protocol: str) -> None:
    with Mosquitto(tmp_path) as broker:
        source = source_at(broker.port, protocol)
        report = visit(source)
        with Line(source, "zhizheng-doctor-t0", f"{report.topic}/#", lasting=True) as line:
            assert line.listening()
            assert line.take(0.3) == set()
            assert line.ear.kept == [False]


def test_the_probes_are_spread_over_the_outage(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker:
        began = time.monotonic()
        report = visit(source_at(broker.port), Plan(probes=20, outage_s=2))
        assert time.monotonic() - began > 1.8
    assert "在 2 秒内" in check_of(report, "backlog").seen
    assert report.sound


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_wrong_password_is_said_with_its_mend(tmp_path: Path, protocol: str) -> None:
    if shutil.which("mosquitto_passwd") is None:
        pytest.skip("NOT TESTED with a password: no mosquitto_passwd; mend: apt-get install mosquitto")
    words = tmp_path / "words"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(words), "meter", "right"], check=True, capture_output=True)
    with Mosquitto(tmp_path, "allow_anonymous false", f"password_file {words}") as broker:
        wrong = visit(source_at(broker.port, protocol, username="meter", password="wrong"))
        right = visit(source_at(broker.port, protocol, username="meter", password="right"))
    assert check_of(wrong, "reach").outcome is Outcome.FAILED
    assert "密码" in check_of(wrong, "reach").mend
    assert "wrong" not in repr(wrong)
    assert set(outcomes(wrong).values()) == {Outcome.FAILED, Outcome.NOT_CHECKED}
    assert right.sound


def test_nobody_there_is_said_with_its_mend() -> None:
    report = visit(source_at(1))
    assert check_of(report, "reach").seen == "无法连接：连接被拒绝"
    assert check_of(report, "reach").mend
    assert not report.sound


def secured(folder: Path, certificate: Path) -> Mosquitto:
    return Mosquitto(folder, OPEN, f"certfile {certificate}/cert.pem", f"keyfile {certificate}/key.pem")


def test_tls_is_checked_with_the_days_the_certificate_lasts(tmp_path: Path) -> None:
    found = {}
    for days in (60, 3):
        ours = make_certificate(tmp_path / str(days), days=days)
        with secured(tmp_path / f"broker{days}", ours) as broker:
            found[days] = visit(source_at(broker.port, tls_ca=f"{ours}/cert.pem"))
    assert found[60].sound
    assert check_of(found[60], "tls").measured == {"certificate_days": 59}
    assert check_of(found[3], "tls").outcome is Outcome.FAILED
    assert "还有 2 天到期" in check_of(found[3], "tls").seen


def test_a_pinned_certificate_is_checked_for_its_days_as_well_and_its_fingerprint_shown(tmp_path: Path) -> None:
    ours = make_certificate(tmp_path / "ours", days=3)
    with secured(tmp_path / "broker", ours) as broker:
        tls = check_of(visit(source_at(broker.port, tls_fingerprint=fingerprint(ours))), "tls")
    assert (tls.outcome, tls.measured) == (Outcome.FAILED, {"certificate_days": 2})
    assert "与 tls_fingerprint 相符" in tls.seen
    assert fingerprint(ours).partition("=")[2] in tls.seen
    assert "改写 tls_fingerprint" in tls.mend


def test_a_certificate_nobody_vouches_for_is_shown_so_that_it_can_be_pinned(tmp_path: Path) -> None:
    ours = make_certificate(tmp_path / "ours")
    with secured(tmp_path / "broker", ours) as broker:
        reach = check_of(visit(source_at(broker.port, tls_ca="system")), "reach")
        pinned = visit(source_at(broker.port, tls_fingerprint=fingerprint(ours)))
    assert "证书不受信任" in reach.seen
    assert "管理员核对" in reach.mend
    assert f'tls_fingerprint = "{fingerprint(ours).partition("=")[2]}"' in reach.mend
    assert check_of(pinned, "reach").outcome is Outcome.PASSED


def test_another_certificate_than_the_pinned_one_is_shown_and_never_offered_for_pinning(tmp_path: Path) -> None:
    ours, other = make_certificate(tmp_path / "ours"), make_certificate(tmp_path / "other")
    with secured(tmp_path / "broker", other) as broker:
        reach = check_of(visit(source_at(broker.port, tls_fingerprint=fingerprint(ours))), "reach")
    assert fingerprint(other).partition("=")[2] in reach.seen
    assert "核对" in reach.mend
    assert "tls_fingerprint =" not in reach.mend


def test_a_certificate_whose_end_cannot_be_read_is_not_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = make_certificate(tmp_path / "ours")
    monkeypatch.setattr(MqttProbe, "certificate", lambda _: b"unknown")
    with secured(tmp_path / "broker", ours) as broker:
        tls = check_of(visit(source_at(broker.port, tls_fingerprint=fingerprint(ours))), "tls")
    assert tls.outcome is Outcome.NOT_CHECKED
    assert "读不出到期时间" in tls.seen


def test_a_broker_is_examined_over_websocket_as_over_plain_mqtt(tmp_path: Path) -> None:
    port = free_port()
    ours = make_certificate(tmp_path / "ours", days=60)
    tls = (f"certfile {ours}/cert.pem", f"keyfile {ours}/key.pem")
    with Mosquitto(tmp_path / "broker", OPEN, *websocket_listener(port), *tls):
        report = visit(source_at(port, tls_ca=f"{ours}/cert.pem", websocket_path="/mqtt"))
    assert report.sound, report
    assert report.broker == f"127.0.0.1:{port}/mqtt"
    assert check_of(report, "tls").measured == {"certificate_days": 59}


def test_the_packaged_broker_passes_and_refuses_the_other_protocol(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path) as broker:
        good = visit(source_at(broker.port, "3.1.1"), Plan())
        other = visit(source_at(broker.port, "5"))
    assert good.sound, good
    assert good.grade == "B"
    assert check_of(good, "backlog").measured == {"published": 1100, "delivered": 1100}
    assert "protocol" in check_of(other, "reach").mend
