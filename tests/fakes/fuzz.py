"""What devices could send on their worst days: messages made from a seed, out of the samples of every platform.

Half of them are samples with something wrong, the others are wrong from the start. Every ``CANARY_EVERY``-th is a
message in good order of the meter ``CANARY``, which must be read whatever stands around it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

PLATFORMS = Path(__file__).resolve().parents[2] / "connectors" / "platforms"
CANARY = "CANARY-1"
CANARY_EVERY = 100
LARGE_EVERY = 5000
LARGE_BYTES = 1 << 20

Message = tuple[bytes, bytes]
"""Topic and payload."""

NUMBERS = (
    b"1e999", b"-1e999", b"1e-999999999", b"1E+999999999", b"0.1e999999999999999999", b"NaN", b"-NaN", b"Infinity",
    b"-0", b"-0.0", b"0e0", b"00012", b"+1", b".5", b"1.", b"0x1F", b"1_000", b"1" + b"0" * 400, b"9" * 5000,
    b"0." + b"3" * 5000, b"1e308", b"9007199254740993", b'"1e5"', b'"12,5"', '"１２"'.encode(), '"٣"'.encode(), b"true",
    b"null", b"[]", b"{}", b"253402300800000", b"-62135596800001", b"1e15", b"1782000000",
)  # fmt: skip
TEXTS = (
    "", " ", "\\ud800", "\\udfff\\ud800", "\\u0000", "\x00", "\x7f", "\x1b[31m", "\n", "\\n", "é", "e\u0301",
    "\u202eabc", "\u200b", "\ufeff", "🏠", "北京", "~1", "a/b", "{device}", "__proto__", "NaN", "' OR 1=1 --",
    "<script>", "%s%n", "../..", "\\", '\\"', "x" * 300, "宽" * 3000, "\ufffe", "ON", "on", "TRUE", "online", "1",
)  # fmt: skip
KEYS = ("ts", "values", "params", "volume_m3", "", "é", "\ud800", "a~/b")
LEVELS = (
    "", " ", "a b", "$", "$SYS", "%00", "'", '"', "\\", "🏠", "é", "e\u0301", "\u202e", "\u200b", "\ufeff", "中文",
    "{x}", "~1", "..", "x" * 300, "0", "٣", "thing", "v1", "gateway", "telemetry", "zigbee2mqtt", "bridge", "sys",
    "event", "post",
)  # fmt: skip
DEEPEST = 190
"""Mosquitto refuses topics with more than 200 levels."""

_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_TEXT = re.compile(rb'"[^"\\]*"')


class Tally:
    """A digest of many messages that does not depend on their order, and how many they were."""

    def __init__(self) -> None:
        self.count = 0
        self._sum = 0

    def add(self, topic: bytes, payload: bytes) -> None:
        head = len(topic).to_bytes(4, "big") + topic
        self._sum += int.from_bytes(hashlib.sha256(head + payload).digest(), "big")
        self.count += 1

    @property
    def digest(self) -> str:
        return f"{self.count} messages, {self._sum % (1 << 256):064x}"


def evil_topics(seed: int, count: int) -> Iterator[bytes]:
    """Yield topics no broker should pass on: not UTF-8, control characters, wildcards, NUL, and deeper than deep."""
    dice = random.Random(seed)  # noqa: S311 - the same seed, the same topics
    fixed = (
        b"v1/gateway/\xff", b"\x80", b"\xed\xa0\x80/surrogate", b"\xc0\xaf", b"v1/\x00/a", b"v1/#", b"+/+", b"$SYS/a",
        b"zigbee2mqtt/\x00", b"zigbee2mqtt/\x1b[31m", b"zigbee2mqtt/" + b"x" * 60_000, b"/" * 65_000,
        b"zigbee2mqtt/" + "\ufffe".encode(), "v1/网关".encode("gbk"), b"\xff" * 60_000,
    )  # fmt: skip
    for number in range(count):
        if number < len(fixed):
            yield fixed[number]
        else:
            yield dice.choice((b"", b"v1/gateway/", b"zigbee2mqtt/", b"/sys/a/")) + dice.randbytes(dice.randint(1, 40))


def load_samples() -> list[Message]:
    """Return the messages of every sample of every platform."""
    samples = []
    for path in sorted(PLATFORMS.glob("*/samples/*/message.json")):
        message = json.loads(path.read_text("utf-8"))
        raw = message.get("payload_base64")
        payload = base64.b64decode(raw) if raw is not None else message["payload"].encode()
        samples.append((message["topic"].encode(), payload))
    return samples


def _members(node: object) -> Iterable[Any]:
    """Return what stands in a node: the keys of an object, the indices of an array."""
    return node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()


class Fuzz:
    """An endless stream of messages; the same seed gives the same ones. ``now`` is the canary's clock (ms UTC)."""

    def __init__(self, seed: int, now: int) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - the same seed, the same messages
        self._now = now
        self._samples = load_samples()
        self.canaries = 0
        self._number = 0
        self._spoilers: tuple[Callable[[bytes], bytes], ...] = (
            self._cut, self._flip, self._insert, self._remove, self._repeat, self._splice, self._number_in,
            self._number_in, self._text_in, self._text_in, self._key_twice, self._wrap, self._recode,
            *[self._node_in] * 12,
        )  # fmt: skip
        self._makers: tuple[Callable[[], bytes], ...] = (
            self._bytes, self._nested, self._document, self._scalar, lambda: b"",
        )  # fmt: skip

    def messages(self, count: int) -> Iterator[Message]:
        """Yield the next messages."""
        for _ in range(count):
            self._number += 1
            if self._number % CANARY_EVERY == 0:
                yield self._canary()
            elif self._number % LARGE_EVERY == 1:
                yield b"v1/gateway/telemetry", self._large()
            else:
                yield self._message()

    def payload(self) -> bytes:
        """Return one payload."""
        return self._message()[1]

    def _message(self) -> Message:
        """Return a sample with something wrong, on its own topic or another, or what is wrong from the start."""
        topic, payload = self._dice.choice(self._samples)
        if self._dice.random() < 0.2:
            topic = self._topic(topic)
        if self._dice.random() < 0.35:
            return topic, self._dice.choice(self._makers)()
        for _ in range(self._dice.choice((1, 1, 1, 2, 3))):
            payload = self._dice.choice(self._spoilers)(payload)
        return topic, payload

    def _canary(self) -> Message:
        self.canaries += 1
        body = {CANARY: [{"ts": self._now, "values": {"volume_m3": self.canaries}}]}
        return b"v1/gateway/telemetry", json.dumps(body).encode()

    # ------------------------------------------------------ topics

    def _topic(self, topic: bytes) -> bytes:
        levels = topic.decode().split("/")
        if self._dice.random() < 0.1:
            levels += self._dice.choices(LEVELS, k=self._dice.randrange(DEEPEST))
        else:
            levels[self._dice.randrange(len(levels))] = self._dice.choice(LEVELS)
        name = "/".join(levels)[:20_000]
        # A filter that begins with a wildcard matches no topic that begins with a dollar sign.
        return name.encode() if name and not name.startswith("$") else b"x" + name.encode()

    # ------------------------------------------------------ samples with something wrong

    def _sample(self) -> bytes:
        return self._dice.choice(self._samples)[1]

    def _place(self, payload: bytes) -> int:
        return self._dice.randrange(len(payload) + 1)

    def _cut(self, payload: bytes) -> bytes:
        return payload[: self._place(payload)]

    def _flip(self, payload: bytes) -> bytes:
        changed = bytearray(payload)
        for _ in range(min(len(changed), self._dice.randint(1, 4))):
            changed[self._dice.randrange(len(changed))] = self._dice.randrange(256)
        return bytes(changed)

    def _insert(self, payload: bytes) -> bytes:
        at = self._place(payload)
        return payload[:at] + self._dice.randbytes(self._dice.randint(1, 9)) + payload[at:]

    def _remove(self, payload: bytes) -> bytes:
        at = self._place(payload)
        return payload[:at] + payload[at + self._dice.randint(1, 20) :]

    def _repeat(self, payload: bytes) -> bytes:
        at = self._place(payload)
        return payload[:at] + payload[at : at + 60] * self._dice.randint(1, 50) + payload[at:]

    def _splice(self, payload: bytes) -> bytes:
        other = self._sample()
        return payload[: self._place(payload)] + other[self._place(other) :]

    def _number_in(self, payload: bytes) -> bytes:
        return self._replace(_NUMBER, payload, self._dice.choice(NUMBERS))

    def _text_in(self, payload: bytes) -> bytes:
        return self._replace(_TEXT, payload, b'"%s"' % self._dice.choice(TEXTS).encode())

    def _replace(self, pattern: re.Pattern[bytes], payload: bytes, text: bytes) -> bytes:
        found = list(pattern.finditer(payload))
        if not found:
            return text
        where = self._dice.choice(found)
        return payload[: where.start()] + text + payload[where.end() :]

    def _node_in(self, payload: bytes) -> bytes:
        """Return JSON that is still in order, with another value somewhere in it."""
        try:
            document = json.loads(payload) if payload.count(b"{") + payload.count(b"[") < DEEPEST else None
        except ValueError:
            return self._number_in(payload)
        node, members = document, list(_members(document))
        while members:
            key = self._dice.choice(members)
            below = list(_members(node[key]))
            if not below or self._dice.random() < 0.2:
                node[key] = self._node(2)
                break
            node, members = node[key], below
        return json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")

    def _key_twice(self, payload: bytes) -> bytes:
        at = payload.find(b"{", self._dice.randrange(len(payload) + 1)) + 1
        return payload[:at] + b'"k":1,"k":{"k":2},' + payload[at:]

    def _wrap(self, payload: bytes) -> bytes:
        depth = self._dice.choice((1, 3, 30, 63, 64, 65, 400))
        return b'{"a":' * depth + payload + b"}" * depth

    def _recode(self, payload: bytes) -> bytes:
        code = self._dice.choice(("utf-8-sig", "gb18030", "gbk", "utf-16", "utf-7", "latin-1", "utf-32-le"))
        return payload.decode(errors="replace").encode(code, "replace")

    # ------------------------------------------------------ wrong from the start

    def _bytes(self) -> bytes:
        return self._dice.randbytes(self._dice.randrange(300))

    def _nested(self) -> bytes:
        depth = self._dice.choice((10, 64, 65, 65, 1000, 1000, 1000, 30_000))
        opening, closing = self._dice.choice(((b"[", b"]"), (b'{"":', b"}")))
        return opening * depth + b"1" + closing * (depth if self._dice.random() < 0.8 else 0)

    def _scalar(self) -> bytes:
        return self._dice.choice((*NUMBERS, *(text.encode() for text in TEXTS)))

    def _document(self) -> bytes:
        """Return JSON that is in order, and of no platform."""
        return json.dumps(self._node(4), ensure_ascii=self._dice.random() < 0.5).encode("utf-8", "surrogatepass")

    def _node(self, depth: int) -> object:
        dice = self._dice
        sort = dice.randrange(8 if depth else 5)
        if sort >= 5:
            below = [self._node(depth - 1) for _ in range(dice.randrange(4))]
            if sort == 5:
                return below
            return {dice.choice(KEYS): one for one in below}
        return (None, dice.random() < 0.5, dice.uniform(-1e9, 1e9), dice.choice(TEXTS), dice.getrandbits(200))[sort]

    def _large(self) -> bytes:
        """Return about a mebibyte: a device that says very much at once, or no JSON at all."""
        if self._dice.random() < 0.5:
            return self._dice.randbytes(LARGE_BYTES)
        point = b'{"ts":1782000000000,"values":{"volume_m3":1}}'
        return b'{"LARGE-1":[' + b",".join([point] * (LARGE_BYTES // (len(point) + 1))) + b"]}"
