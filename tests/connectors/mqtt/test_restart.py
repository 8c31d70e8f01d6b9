"""The doctor sees what a broker keeps over its restart, at a real Mosquitto that somebody restarts."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from connectors.mqtt import client as client_module
from connectors.mqtt import restart as restart_module
from connectors.mqtt.doctor import examine
from connectors.mqtt.finding import Check, Plan, Report
from connectors.mqtt.source import MqttSource
from connectors.outcome import Outcome
from tests.parts.mosquitto import Mosquitto

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "RECONNECT_MIN_S", 0.05)
    monkeypatch.setattr(restart_module, "SETTLE_S", 0.0)
    monkeypatch.setattr(restart_module, "QUIET_S", 1.0)


class Hand:
    """Somebody who cuts the broker's power when asked, ``saving`` after it has written what it holds."""

    def __init__(self, broker: Mosquitto, *, saving: bool = True) -> None:
        self.told: list[str] = []
        self._broker = broker
        self._saving = saving

    def __call__(self, line: str) -> None:
        self.told.append(line)
        threading.Thread(target=self._restart).start()

    def _restart(self) -> None:
        if self._saving:
            self._broker.save()
        self._broker.kill()
        self._broker.start()


def visit(broker: Mosquitto, protocol: str, hand: object, wait_s: float = 20) -> tuple[Report, Check]:
    source = MqttSource("tb", "127.0.0.1", broker.port, ("v1/#",), "zz", protocol)
    plan = Plan(probes=30, restart_s=wait_s)
    report = examine(source, plan, "t0", time.time_ns() // 1_000_000, hand)  # type: ignore[arg-type]
    (check,) = (check for check in report.checks if check.name == "persistence")
    return report, check


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_broker_that_keeps_session_and_messages_passes(tmp_path: Path, protocol: str) -> None:
    with Mosquitto(tmp_path) as broker:
        hand = Hand(broker)
        report, check = visit(broker, protocol, hand)
    assert hand.told == ["请现在重启 broker（断电最能说明问题），最多等 20 秒"]
    assert (check.outcome, check.mend) == (Outcome.PASSED, "")
    assert check.measured == {"published": 20, "delivered": 20}
    assert report.sound, report
    assert report.grade == "B"
    assert "已够 A" in report.grade_reason


def test_a_broker_that_keeps_nothing_fails_with_the_setting_to_change(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, persistent=False) as broker:
        report, check = visit(broker, "5", Hand(broker, saving=False))
    assert (check.outcome, check.seen) == (Outcome.FAILED, "重启后会话已丢失，离线消息随之丢失")
    assert "autosave_interval 1" in check.mend
    assert not report.sound
    assert (report.grade, "重启后不保存" in report.grade_reason) == ("B", True)


def test_without_a_restart_in_time_it_is_not_checked_and_not_sound(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker:
        report, check = visit(broker, "5", lambda _: None, wait_s=0.2)
    assert (check.outcome, check.seen) == (Outcome.NOT_CHECKED, "0.2 秒内没有看到 broker 重启")
    assert not report.sound
