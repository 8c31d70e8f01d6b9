"""Whether a broker still has a session and what waits in it after its own restart: somebody restarts it meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from connectors.mqtt.advice import mend_of, name_reason
from connectors.mqtt.ear import Line
from connectors.mqtt.finding import Check
from connectors.mqtt.source import MqttSource
from connectors.outcome import Outcome

PROBES = 20
SETTLE_S = 3.0
"""Time a broker is left to write what it has taken; one that writes once a second is to pass."""
QUIET_S = 5.0
"""Silence after which what is missing is lost."""
_GLANCE_S = 0.05

NOW = "请现在重启 broker（断电最能说明问题），最多等 {wait_s:g} 秒"


class Visit(NamedTuple):
    """Where the doctor is: the source, the name of its session there, and the topic its probes lie below."""

    source: MqttSource
    name: str
    place: str
    server: str


def check_persistence(visit: Visit, out: Line, wait_s: float, tell: Callable[[str], None]) -> Check:
    """Return whether session and probes outlived a restart for which ``tell`` has asked.

    The session must exist and have nobody connected; ``out`` publishes, and sees the broker go and come.
    """
    probes = [f"kept-{number}".encode() for number in range(PROBES)]
    refused = out.say(f"{visit.place}/kept", probes)
    if refused:
        return _judge(visit, Outcome.NOT_CHECKED, f"探测未能发布：{name_reason(refused)}")
    time.sleep(SETTLE_S)
    before = len(out.ear.kept)
    tell(NOW.format(wait_s=wait_s))
    until = time.monotonic() + wait_s
    while len(out.ear.kept) == before:
        if time.monotonic() > until:
            return _judge(visit, Outcome.NOT_CHECKED, f"{wait_s:g} 秒内没有看到 broker 重启")
        time.sleep(_GLANCE_S)
    out.ear.trouble = None
    with Line(visit.source, visit.name, f"{visit.place}/#", lasting=True) as line:
        if not line.let_in():
            return _judge(visit, Outcome.NOT_CHECKED, f"重启后无法连接：{name_reason(line.reason())}")
        if not line.ear.kept[0]:
            figures = {"published": PROBES, "delivered": 0}
            return _judge(visit, Outcome.FAILED, "重启后会话已丢失，离线消息随之丢失", figures)
        arrived = len(line.take(QUIET_S, PROBES, acknowledge=True) & set(probes))
        line.client.flush(1)
    figures = {"published": PROBES, "delivered": arrived}
    outcome = Outcome.PASSED if arrived == PROBES else Outcome.FAILED
    return _judge(visit, outcome, f"重启后会话仍在，离线消息 {PROBES} 条送达 {arrived} 条", figures)


def _judge(visit: Visit, outcome: Outcome, seen: str, measured: dict[str, int] | None = None) -> Check:
    mend = "" if outcome is Outcome.PASSED else mend_of("persistence", visit.server)
    return Check("persistence", outcome, seen, mend, measured or {})
