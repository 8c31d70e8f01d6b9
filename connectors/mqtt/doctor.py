"""Tests a broker as the intake would meet it, under a name and on topics of its own.

What was not seen is not checked, and never passed: an account that may not publish the probes learns nothing of the
delivery, and whether messages survive a restart of the broker shows only when somebody restarts it meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from connectors.mqtt.advice import PIN, mend_of, name_reason, name_trouble
from connectors.mqtt.certificate import valid_until
from connectors.mqtt.ear import Line
from connectors.mqtt.finding import Check, Plan, Report, grade_of
from connectors.mqtt.restart import Visit, check_persistence
from connectors.mqtt.source import MqttSource, MqttSourceError, overlap
from connectors.mqtt.tls import colons, fetch_certificate, fingerprint_of
from connectors.mqtt.trouble import CONNECT_TIMEOUT_S, Trouble
from connectors.outcome import Outcome
from connectors.record import QOS_MASK

DAY_MS = 86_400_000
CERTIFICATE_DAYS = 14
"""A certificate that ends sooner does not pass."""
PROBE_BYTES = 200
LARGER = 5
"""How much larger the probes of the second round are, which tells a limit in bytes from one in messages."""
LARGE_BYTES = 64 * 1024
"""A gateway's message of some hundred devices; a broker that does not carry it loses such messages."""
WINDOW = 20
"""Unacknowledged messages a broker must send: with fewer, commits of 20 ms let less than 1,000 messages/s through."""
QUIET_S = 1.5
"""Silence after which a broker has sent all it sends without an acknowledgement."""
LAST_QUIET_S = 3.0
"""Silence after which what is missing is lost; brokers that send again by a timer need some seconds."""
RENEWALS = 3
_GLIMPSE_S = 1.0
_MOMENT_S = 0.2
_FULL = "Quota exceeded"
"""What a broker of MQTT 5 may answer when a queue is full; the count of what arrives shows it better."""
_RETAINED = 0b0001


def examine(
    source: MqttSource, plan: Plan, token: str, now: int, tell: Callable[[str], None] = lambda _: None
) -> Report:
    """Return what was found at a source's broker; takes some seconds, the stated outage and the wait for a restart.

    ``token`` makes client ids and topics that nobody else uses; ``now`` is UTC milliseconds, for the certificate.
    ``tell`` is called with what somebody is to do meanwhile, in Chinese.
    Raises MqttSourceError when the topic or a TLS file cannot be used.
    """
    return _Examination(source, plan, token, now, tell).run()


class _Examination:
    """One visit to one broker; every check adds itself to ``checks``."""

    def __init__(self, source: MqttSource, plan: Plan, token: str, now: int, tell: Callable[[str], None]) -> None:
        if set(plan.topic) & set("+#\0") or plan.topic.startswith("$") or not plan.topic.strip("/"):
            raise MqttSourceError(
                f"MQTT source {source.id!r}: {plan.topic!r} is no topic to put probes below; "
                "give --topic without +, # and a leading $"
            )
        self.source = source
        self.plan = plan
        self.now = now
        self.tell = tell
        self.name = f"zhizheng-doctor-{token}"
        self.place = f"{plan.topic.strip('/')}/{token}"
        self.server = ""
        self.checks: list[Check] = []
        self.state_left = False  # whether our retained message lies with the broker
        self.barred = ""  # why no probe can be sent, in Chinese; "" while they can

    def run(self) -> Report:
        with self._line("out") as out:
            if not self._reach(out):
                self._skip("没有连接", "session", "backlog", "window", "persistence", "retained", "limits")
                return self._report()
            self._certificate(out)
            self.server = self._identify()
            self._bar(out)
            try:
                self._try(out)
            finally:
                self._leave(out)
        return self._report()

    def _try(self, out: Line) -> None:
        unkept = "" if self.barred else self._retain(out)
        with Line(self.source, self.name, f"{self.place}/#", lasting=True) as line:
            qos = self._listen(line, out)
            self._session(line, out)
        if self.barred:
            self._skip(self.barred, "backlog", "window")
        else:
            self._backlog(out)
        self._persistence(out)
        self._retained(out, line, unkept)
        self._limits(out, qos)

    def _line(self, role: str, *topics: str) -> Line:
        """Return a connection whose session ends with it."""
        return Line(self.source, f"{self.name}-{role}", *(topics or (f"{self.place}-{role}",)))

    def _add(
        self,
        name: str,
        outcome: Outcome | bool,  # noqa: FBT001 - a check's result
        seen: str,
        mend: str = "",
        measured: Mapping[str, int] | None = None,
    ) -> None:
        if isinstance(outcome, bool):
            outcome = Outcome.PASSED if outcome else Outcome.FAILED
        self.checks.append(Check(name, outcome, seen, "" if outcome is Outcome.PASSED else mend, measured or {}))

    def _skip(self, why: str, *names: str) -> None:
        for name in names:
            self._add(name, Outcome.NOT_CHECKED, why)

    # ------------------------------------------------------ the connection

    def _reach(self, out: Line) -> bool:
        if not out.let_in():
            trouble = out.trouble()
            reason, mend = name_trouble(trouble)
            self._add("reach", outcome=False, seen=f"无法连接：{reason}", mend=mend + self._offer_pin(trouble))
            return False
        who = "以用户名登录" if self.source.username is not None else "匿名登录"
        how = "已加密" if self.source.encrypted else "未加密"
        self._add("reach", outcome=True, seen=f"已连接，{who}，MQTT {self.source.protocol}，{how}")
        return True

    def _offer_pin(self, trouble: Trouble) -> str:
        """Return what to pin, in Chinese, where a certificate nobody vouches for is what keeps us out."""
        if not trouble.untrusted:
            return ""
        try:
            certificate = fetch_certificate(self.source.host, self.source.port, CONNECT_TIMEOUT_S)
        except OSError:
            return ""
        return PIN.format(colons(fingerprint_of(certificate)))

    def _certificate(self, out: Line) -> None:
        certificate = out.client.certificate()
        if not certificate:
            return
        shown = f"SHA-256 指纹 {colons(fingerprint_of(certificate))}"
        trust = "证书受信任" if self.source.tls_ca else "证书与 tls_fingerprint 相符"
        try:
            days = (valid_until(certificate) - self.now) // DAY_MS
        except ValueError:
            self._add("tls", Outcome.NOT_CHECKED, f"{trust}，读不出到期时间；{shown}")
            return
        self._add(
            "tls",
            days >= CERTIFICATE_DAYS,
            f"{trust}，{f'还有 {days} 天到期' if days >= 0 else '已过期'}；{shown}",
            mend_of("tls", "") + ("，并同时改写 tls_fingerprint" if self.source.tls_fingerprint else ""),
            measured={"certificate_days": days},
        )

    def _identify(self) -> str:
        """Return what kind of broker it says it is, "" when it says nothing we know."""
        with self._line("who", "$SYS/broker/version", "$SYS/brokers") as line:
            line.wait(lambda: line.ear.messages, _GLIMPSE_S)
            said = b" ".join(one.payload for one in line.ear.messages).lower()
        return next((name for name in ("mosquitto", "emqx", "nats") if name.encode() in said), "")

    def _bar(self, out: Line) -> None:
        ours = [topic for topic in self.source.topics if overlap(topic, f"{self.place}/#")]
        if ours:
            self.barred = (
                f"探测主题 {self.place} 属于该来源自己的主题 {ours[0]}，探测消息会被当作数据收下；"
                "用 --topic 指定其外的前缀"
            )
        elif out.client.told.get("MaximumQoS", 2) < 1:
            self.barred = "broker 只允许 QoS 0"

    def _retain(self, out: Line) -> str:
        """Publish one retained message; returns "" or why the broker did not take it."""
        if out.client.told.get("RetainAvailable", 1) == 0:
            return "broker 声明不支持保留消息"
        with self._line("state") as line:
            reason = line.say(f"{self.place}/state", [b"state"], retain=True)
        self.state_left = not reason
        return f"保留消息未被接受：{name_reason(reason)}" if reason else ""

    # ------------------------------------------------------ the session and what it keeps

    def _listen(self, line: Line, out: Line) -> int | None:
        """Return the QoS at which a probe arrives on a standing subscription, None when none does."""
        if not line.listening():
            self.barred = self.barred or "；".join(name_trouble(line.trouble()))
        if self.barred:
            return None
        line.take(_MOMENT_S, acknowledge=True)  # a window of one message would have no room for the next
        refused = out.say(f"{self.place}/live", [b"live"])
        if not refused and line.wait(lambda: any(one.payload == b"live" for one in line.ear.messages), LAST_QUIET_S):
            return next((one.flags & QOS_MASK) >> 1 for one in line.ear.messages if one.payload == b"live")
        reason = name_reason(refused) if refused else "发布后收不到"
        self.barred = (
            f"该账号不能在探测主题 {self.place} 上发布并收到（{reason}）；放行它，或用 --topic 指定可读写的前缀"
        )
        return None

    def _session(self, line: Line, out: Line) -> None:
        if not line.ear.kept:
            self._skip(name_trouble(line.trouble())[0], "session")
            return
        self._empty(line, out)
        before = len(line.ear.kept)
        line.ear.trouble = None
        line.client.renew()
        if not line.wait(lambda: len(line.ear.kept) > before):
            self._skip(f"重新连接失败：{name_trouble(line.trouble())[0]}", "session")
            return
        kept = line.ear.kept[before]
        self._empty(line, out)
        granted = line.client.told.get("SessionExpiryInterval")
        measured = {} if granted is None else {"expiry_s": granted}
        mend = mend_of("session", self.server)
        if kept and granted is not None and granted < self.plan.outage_s:
            seen = f"会话只保留 {granted} 秒，短于所述中断 {self.plan.outage_s:g} 秒"
            self._add("session", outcome=False, seen=seen, mend=mend, measured=measured)
        elif kept:
            told = "" if granted is None else f"，至多保留 {granted} 秒"
            self._add("session", outcome=True, seen=f"重新连接后会话仍在{told}", measured=measured)
        else:
            self._add("session", outcome=False, seen="重新连接后会话已丢失，离线期间的消息随之丢失", mend=mend)

    def _empty(self, line: Line, out: Line) -> None:
        """Leave nothing with the broker that would take the place of a probe in its queue or window."""
        self._clear(out)
        line.take(_MOMENT_S, acknowledge=True)
        line.client.flush(1)

    def _clear(self, out: Line) -> None:
        if self.state_left:
            self.state_left = bool(out.say(f"{self.place}/state", [b""], retain=True))

    def _away(self, out: Line, count: int, size: int, over_s: float) -> tuple[set[int], int, str]:
        """Publish numbered probes while nobody listens, then listen.

        Returns the numbers that arrived, how many of them before the first acknowledgement, and "" or what went wrong.
        """
        probes = [f"{size}-{number} ".encode().ljust(size, b".") for number in range(count)]
        refused = out.say(f"{self.place}/probe", probes, over_s=over_s)
        if refused not in {"", _FULL}:
            return set(), 0, refused
        with Line(self.source, self.name, f"{self.place}/#", lasting=True) as line:
            if not line.let_in():
                return set(), 0, line.reason()
            wanted = set(probes)
            found = line.take(QUIET_S, count) & wanted
            window = len(found)
            for renewed in range(RENEWALS):
                before = len(found)
                found |= line.take(LAST_QUIET_S, count, acknowledge=True) & wanted
                if found == wanted or (renewed and len(found) == before):
                    break
                # Mosquitto 2.0.11 can lose count of acknowledgements; a new connection in the session goes on.
                line.client.renew()
            line.client.flush(1)
        return {int(one[len(f"{size}-") :].split(b" ")[0]) for one in found}, window, ""

    def _backlog(self, out: Line) -> None:
        count, over_s = self.plan.probes, self.plan.outage_s
        arrived, window, trouble = self._away(out, count, PROBE_BYTES, over_s)
        if trouble:
            self._skip(f"探测未能完成：{name_reason(trouble)}", "backlog", "window")
            return
        during = f"在 {over_s:g} 秒内" if over_s else "一次"
        seen = f"离线时{during}发布 {count} 条，送达 {len(arrived)} 条"
        figures = {"published": count, "delivered": len(arrived)}
        if len(arrived) == count:
            self._add("backlog", outcome=True, seen=seen, measured=figures)
        else:
            self._cap(out, seen, arrived, figures)
        self._window(window, count)

    def _cap(self, out: Line, seen: str, arrived: set[int], figures: dict[str, int]) -> None:
        """Say what limit the lost probes show: of messages, or of bytes when larger probes hit it sooner."""
        limit = len(arrived)
        if not limit:
            self._add("backlog", outcome=False, seen=f"{seen}：离线消息全部丢失", mend=mend_of("session", self.server))
            return
        lost = "最早" if 0 not in arrived else "最新"
        larger, _, trouble = self._away(out, limit, PROBE_BYTES * LARGER, 0.0)
        matter = "bytes" if not trouble and len(larger) < limit * 0.9 else "backlog"
        if matter == "bytes":
            limit_bytes = len(larger) * PROBE_BYTES * LARGER
            figures = {**figures, "limit_bytes": limit_bytes}
            seen += f"，丢的是{lost}的；离线队列约以 {limit_bytes} 字节为限"
        else:
            figures = {**figures, "limit": limit}
            seen += f"，丢的是{lost}的；离线队列以 {limit} 条为限"
            if limit == 1000 and self.server in {"", "mosquitto"}:
                seen += "（Mosquitto 的 max_queued_messages 默认 1000）"
        self._add("backlog", outcome=False, seen=seen, mend=mend_of(matter, self.server), measured=figures)

    def _window(self, window: int, count: int) -> None:
        if not window:
            self._skip("没有离线消息送达，无从观察", "window")
            return
        more = "至少" if window >= count else ""
        seen = f"未确认时 broker 送出{more} {window} 条"
        enough = window >= min(WINDOW, count)
        self._add("window", enough, seen, mend_of("window", self.server), measured={"window": window})

    def _persistence(self, out: Line) -> None:
        if not self.plan.restart_s:
            mend = mend_of("persistence", self.server)
            self._add("persistence", Outcome.NOT_CHECKED, "只有重启 broker 才能看出：用 --restart 再查一次", mend)
        elif self.barred:
            self._skip(self.barred, "persistence")
        else:
            visit = Visit(self.source, self.name, self.place, self.server)
            self.checks.append(check_persistence(visit, out, self.plan.restart_s, self.tell))

    # ------------------------------------------------------ what it carries

    def _retained(self, out: Line, line: Line, unkept: str) -> None:
        none_at_all = out.client.told.get("RetainAvailable", 1) == 0
        if unkept and (none_at_all or not self.barred):
            self._add("retained", outcome=False, seen=unkept, mend=mend_of("retained", self.server))
        elif self.barred:
            self._skip(self.barred, "retained")
        else:
            flags = next((one.flags for one in line.ear.messages if one.payload == b"state"), None)
            seen = "保留消息在订阅时送达，带保留标记"
            if flags is None:
                seen = "订阅时没有收到保留消息"
            elif not flags & _RETAINED:
                seen = "保留消息送达时没有保留标记，会被误当作新数据"
            kept = flags is not None and bool(flags & _RETAINED)
            self._add("retained", kept, seen, mend_of("retained", self.server))

    def _limits(self, out: Line, qos: int | None) -> None:
        told = out.client.told
        words = {"MaximumQoS": "最高 QoS", "MaximumPacketSize": "报文上限（字节）", "ReceiveMaximum": "可并发发布"}
        said = "，".join(f"{text} {told[key]}" for key, text in words.items() if key in told)
        said = f"broker 声明：{said}" if said else "broker 未声明限额"
        figures = {key: told[key] for key in words if key in told}
        mend = mend_of("limits", self.server)
        low = told.get("MaximumQoS", 2) < 1 or told.get("MaximumPacketSize", LARGE_BYTES) < LARGE_BYTES
        if low or qos == 0:
            found = "；QoS 1 的探测降为 QoS 0 送达" if qos == 0 else ""
            self._add("limits", outcome=False, seen=f"{said}{found}", mend=mend, measured=figures)
        elif self.barred:
            self._add("limits", Outcome.NOT_CHECKED, f"{said}；{self.barred}", measured=figures)
        else:
            arrived = self._carries_large()
            result = "送达" if arrived else "没有送达"
            seen = f"{said}；QoS 1 送达，{LARGE_BYTES // 1024} KiB 的消息{result}"
            self._add("limits", arrived, seen, mend, measured=figures)

    def _carries_large(self) -> bool:
        with self._line("large", f"{self.place}-large") as line:
            if not line.listening() or line.say(f"{self.place}-large", [b"." * LARGE_BYTES]):
                return False
            return line.wait(lambda: line.ear.messages, LAST_QUIET_S)

    def _leave(self, out: Line) -> None:
        """End the session, and take away the retained message should it still be there."""
        self._clear(out)
        with Line(self.source, self.name, f"{self.place}/#") as line:
            line.let_in()
            time.sleep(0.05)

    def _report(self) -> Report:
        grade, reason = grade_of(self.checks)
        source = self.source
        return Report(
            source.id,
            source.broker,
            source.protocol,
            self.server,
            self.place,
            tuple(self.checks),
            grade,
            reason,
            restart_asked=self.plan.restart_s > 0,
        )
