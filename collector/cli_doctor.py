"""The command ``zhizheng doctor``: tests whether a broker keeps what is meant for us."""

from __future__ import annotations

import secrets
from dataclasses import asdict
from typing import Annotated, Any

import typer

from collector.clock import system_clock
from collector.options import DEFAULT_SETTINGS, JsonOption, SettingsOption
from collector.settings import MqttSettings, Settings, SettingsError, load_settings, mqtt_sources
from collector.terminal import MARKS, print_json, say_all, say_aside
from connectors.mqtt.doctor import examine
from connectors.mqtt.finding import Plan, Report
from connectors.mqtt.source import MqttSource
from connectors.outcome import Outcome

_TITLES = {
    "reach": "连接与登录",
    "tls": "TLS 证书",
    "session": "会话保留",
    "backlog": "离线消息",
    "window": "在途窗口",
    "persistence": "持久化",
    "retained": "保留消息",
    "limits": "协议限额",
}
_PLAN = Plan()


def doctor_command(
    source: Annotated[str | None, typer.Argument(help="The MQTT source; the only one by default.")] = None,
    *,
    outage: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Spread the offline probes over this time; 0: at once.")
    ] = _PLAN.outage_s,
    probes: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="How many messages come during the longest outage.")
    ] = _PLAN.probes,
    restart: Annotated[
        float,
        typer.Option(
            min=0, metavar="SECONDS", help="Wait this long for you to restart the broker, and see what it has kept."
        ),
    ] = _PLAN.restart_s,
    topic: Annotated[str, typer.Option(help="Topics for the probes lie below this one.")] = _PLAN.topic,
    settings: SettingsOption = DEFAULT_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """Test whether a source's broker keeps what is meant for us, as the intake would meet it."""
    chosen = _choose(load_settings(settings), source)
    report = examine(
        chosen,
        Plan(probes, outage, topic, restart),
        secrets.token_hex(4),
        system_clock(),
        say_aside,
    )
    if as_json:
        print_json(_as_json(report))
    else:
        _show(report)
    if not report.sound:
        raise typer.Exit(1)


def _choose(settings: Settings, name: str | None) -> MqttSource:
    """Return the source asked for; the secrets of the others are not needed."""
    known = {key: one for key, one in settings.sources.items() if isinstance(one, MqttSettings)}
    there = ", ".join(known) or "none"
    if name is None and len(known) != 1:
        raise SettingsError(f"{settings.place('sources')}: name one MQTT source to test; there is {there}")
    if name is not None and name not in known:
        raise SettingsError(f"{settings.place('sources')}: no MQTT source {name!r}; there is {there}")
    chosen = name or next(iter(known))
    (source,) = mqtt_sources(settings.model_copy(update={"sources": {chosen: known[chosen]}}))
    return source


def _as_json(report: Report) -> dict[str, Any]:
    return {**asdict(report), "sound": report.sound}


def _show(report: Report) -> None:
    server = f"，{report.server}" if report.server else ""
    lines = [f"{report.source}\t{report.broker}（MQTT {report.protocol}{server}），探测主题 {report.topic}"]
    for check in report.checks:
        lead = "需要" if check.outcome is Outcome.NOT_CHECKED else "请改"
        mend = f"；{lead}：{check.mend}" if check.mend else ""
        lines.append(f"{MARKS[check.outcome]}\t{_TITLES[check.name]}\t{check.seen}{mend}")
    lines.append(f"送达等级 {report.grade}\t{report.grade_reason}")
    say_all(lines)
