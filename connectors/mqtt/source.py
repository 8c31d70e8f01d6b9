"""What one MQTT source is: where its broker is, who we are there, and which topics we want."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import combinations, pairwise

PROTOCOLS = ("5", "3.1.1")
SYSTEM_TRUST = "system"
"""The value of ``tls_ca`` that means: TLS, trusting the authorities this machine trusts."""

KEEPALIVE_MIN_S = 5
_TWO_BYTES = 65_535
_PATH = re.compile(r"/[!-~]*")


class MqttSourceError(ValueError):
    """A source is set up in a way that cannot work; the message names the source, the value and the mend."""


@dataclass(frozen=True, slots=True)
class MqttSource:
    """One connection to one broker. Checked when made; raises MqttSourceError.

    ``client_id`` names our session at the broker and must stay the same for ever: a new one starts without what the
    broker queued for the old one. ``tls_ca`` is the file of the authority to trust, "system" for those this machine
    trusts; ``tls_fingerprint`` the SHA-256 of the only certificate to accept; without both there is no TLS.
    ``websocket_path`` is where the broker's WebSocket is, None for plain MQTT. ``receive_maximum`` bounds the
    unacknowledged messages (MQTT 5 only; with 3.1.1 the broker's own limit holds). ``dropped_topic`` is
    where the broker says how many messages it has dropped, as a decimal number, if it does: Mosquitto on
    "$SYS/broker/publish/messages/dropped".
    """

    id: str
    host: str
    port: int
    topics: tuple[str, ...]
    client_id: str
    protocol: str = "5"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls_ca: str | None = None
    tls_cert: str | None = None
    tls_key: str | None = None
    tls_fingerprint: str | None = None
    websocket_path: str | None = None
    keepalive_s: int = 30
    receive_maximum: int = 1000
    dropped_topic: str | None = None

    def __post_init__(self) -> None:
        """Refuse what would lose or double messages, or never connect."""
        if not self.id:
            raise MqttSourceError("an MQTT source has no id; give it one")
        for wrong, problem in (
            (not _is_host(self.host), f"host {self.host!r} is no host name or address; correct it"),
            (not 1 <= self.port <= _TWO_BYTES, f"port {self.port} is not between 1 and 65535; correct it"),
            (not self.client_id, "client_id is empty; give a stable one, else the broker keeps nothing for us"),
            (self.protocol not in PROTOCOLS, f'protocol {self.protocol!r} is unknown; use "5" or "3.1.1"'),
            (
                not KEEPALIVE_MIN_S <= self.keepalive_s <= _TWO_BYTES,
                f"keepalive_s {self.keepalive_s} is not between {KEEPALIVE_MIN_S} and 65535; 30 is usual",
            ),
            (
                not 1 <= self.receive_maximum <= _TWO_BYTES,
                f"receive_maximum {self.receive_maximum} is not between 1 and 65535; 1000 is usual",
            ),
            (self.password is not None and self.username is None, "there is a password but no username; give both"),
            (
                not self.encrypted and (self.tls_cert or self.tls_key) is not None,
                'tls_cert or tls_key is given but no tls_ca; name its file, or "system", or give a tls_fingerprint',
            ),
            (
                self.tls_key is not None and self.tls_cert is None,
                "tls_key is given but no tls_cert; a client key needs its certificate",
            ),
            (
                self.tls_fingerprint is not None and read_fingerprint(self.tls_fingerprint) is None,
                f"tls_fingerprint {self.tls_fingerprint!r} is no SHA-256; see `openssl x509 -fingerprint -sha256`",
            ),
            (
                self.websocket_path is not None and not _PATH.fullmatch(self.websocket_path),
                f"websocket_path {self.websocket_path!r} is no path; begin it with / and write %20 for a space",
            ),
            (not self.topics, 'there are no topics; name at least one filter, for instance "v1/gateway/#"'),
        ):
            if wrong:
                raise MqttSourceError(f"MQTT source {self.id!r}: {problem}")
        self._check_topics()

    def _check_topics(self) -> None:
        if self.dropped_topic is not None and (not self.dropped_topic or set(self.dropped_topic) & {"+", "#", "\0"}):
            raise MqttSourceError(
                f"MQTT source {self.id!r}: dropped_topic {self.dropped_topic!r} is no topic; name one, without + or #, "
                'for instance "$SYS/broker/publish/messages/dropped"'
            )
        for topic in self.topics:
            problem = _problem_of(topic)
            if problem:
                raise MqttSourceError(f"MQTT source {self.id!r}: topic filter {topic!r} {problem}")
        extra = (self.dropped_topic,) if self.dropped_topic else ()
        for first, second in combinations((*self.topics, *extra), 2):
            if overlap(first, second):
                raise MqttSourceError(
                    f"MQTT source {self.id!r}: the topic filters {first!r} and {second!r} overlap, so that one message "
                    "would arrive twice; keep the wider one, or put them into two sources"
                )

    @property
    def broker(self) -> str:
        """Return the broker as ``host:port``, with the path of its WebSocket: a proxy may have one broker a path."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}{self.websocket_path or ''}"

    @property
    def encrypted(self) -> bool:
        """Return whether the connection is made over TLS."""
        return self.tls_ca is not None or self.tls_fingerprint is not None


def read_fingerprint(text: str) -> str | None:
    """Return a SHA-256 fingerprint as 64 small hexadecimal digits, None when it is none.

    Colons, spaces, capitals and the words that openssl puts before it are let pass.
    """
    digits = re.sub(r"[:\s]", "", re.sub(r"(?i)^\s*sha256 fingerprint\s*=", "", text)).lower()
    return digits if re.fullmatch(r"[0-9a-f]{64}", digits) else None


def overlap(first: str, second: str) -> bool:
    """Return whether some topic is matched by both filters, as MQTT defines matching.

    A wildcard at the first level matches no topic that begins with ``$``.
    """
    ours, theirs = first.split("/"), second.split("/")
    for mine, other in ((ours[0], theirs[0]), (theirs[0], ours[0])):
        if mine.startswith("$") and other in {"+", "#"}:
            return False
    for mine, other in zip(ours, theirs, strict=False):
        if "#" in {mine, other}:
            return True
        if mine != other and "+" not in {mine, other}:
            return False
    if len(ours) == len(theirs):
        return True
    # "a/#" matches "a" too; that of "/#" would be the empty topic, which there is not.
    shorter, longer = sorted((ours, theirs), key=len)
    return longer[len(shorter)] == "#" and not (len(shorter) == 1 and "" in {shorter[0], longer[0]})


def _problem_of(topic: str) -> str | None:
    """Return why this is no topic filter of ours and the mend, or None."""
    levels = topic.split("/")
    if not topic or "\0" in topic or len(topic.encode()) > _TWO_BYTES:
        return "is empty, too long, or holds a NUL character; correct it"
    if levels[0] == "$share":
        return "is a shared subscription, which can strand messages; subscribe the topics themselves"
    if any(level == "#" for level, _ in pairwise(levels)):
        return "has # before its end; # may only be the last level"
    if any(len(level) > 1 and set(level) & {"+", "#"} for level in levels):
        return "has a wildcard that is not a whole level; + and # stand alone between slashes"
    return None


def _is_host(host: str) -> bool:
    try:
        return bool(host.encode("idna")) and not any(letter.isspace() for letter in host)
    except UnicodeError:
        return False
