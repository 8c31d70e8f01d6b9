"""What stands on the wire, cut into MQTT packets: messages are read here, whole runs of them at once.

Only PUBLISH at QoS 0 and 1 is understood. Every other packet, and whatever is malformed, is handed on as its bytes, in
the order of arrival. Source: MQTT 3.1.1 and MQTT 5.0 (OASIS), sections 2.1, 2.2 and 3.3.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from connectors.record import QOS_MASK

Delivery: TypeAlias = tuple[int, int, str, bytes]
"""One message as it came: packet identifier (0 at QoS 0), flags of its fixed header, topic, payload.

A plain tuple, because one is made for every message. A topic that is not UTF-8 stands with its bytes escaped.
"""

_PUBLISH = 0x30
_QOS_2 = 0x04
_LENGTH_BYTES_MAX = 4
_UNKNOWN = -1
_MALFORMED = -2


def acknowledgements_of(messages: Iterable[Delivery]) -> list[tuple[int, int]]:
    """Return (packet identifier, QoS) of each message that waits for an acknowledgement, in order."""
    return [(mid, (flags & QOS_MASK) >> 1) for mid, flags, _, _ in messages if mid]


class PacketSplitter:
    """Cuts what one connection brings into packets; begin a new one for every connection."""

    def __init__(self, *, version_5: bool) -> None:
        self._version_5 = version_5
        self._rest = bytearray()
        self._wanted = 0  # bytes that must be there before another look is worth it

    def split(self, chunk: bytes) -> list[list[Delivery] | bytes]:
        """Return what has become whole: runs of messages, and every other packet as its bytes.

        Nothing is asked of the chunk: it may end anywhere. What can be no packet at all is returned as it stands.
        """
        if self._rest:
            self._rest += chunk
            if len(self._rest) < self._wanted:
                return []
            chunk = bytes(self._rest)
        found: list[list[Delivery] | bytes] = []
        messages: list[Delivery] = []
        at, end = 0, len(chunk)
        while at < end:
            body, after = _measure(chunk, at)
            if body == _UNKNOWN or after > end:
                break
            message = None if body == _MALFORMED else _read(chunk, at, body, after, version_5=self._version_5)
            if message is not None:
                messages.append(message)
            else:
                if messages:
                    found.append(messages)
                    messages = []
                found.append(chunk[at:after])
            at = after
        if messages:
            found.append(messages)
        self._rest = bytearray(chunk[at:])
        self._wanted = max(0, _measure(chunk, at)[1] - at) if at < end else 0
        return found


def _measure(data: bytes, at: int) -> tuple[int, int]:
    """Return where the body of the packet at ``at`` begins and where the packet ends.

    The first is _UNKNOWN while its length is not known yet, and _MALFORMED when it can never be: then the packet ends
    with the byte that would be the length's fifth.
    """
    length, shift, place = 0, 0, at + 1
    for byte in data[place : place + _LENGTH_BYTES_MAX]:
        place += 1
        length |= (byte & 0x7F) << shift
        if byte < 0x80:
            return place, place + length
        shift += 7
    return (_MALFORMED if place == at + 1 + _LENGTH_BYTES_MAX else _UNKNOWN), place + 1


def _read(data: bytes, at: int, body: int, after: int, *, version_5: bool) -> Delivery | None:
    """Return the message, None when the packet is none, is one of QoS 2, or is malformed."""
    first = data[at]
    if first & 0xF0 != _PUBLISH or first & _QOS_2 or body + 2 > after:
        return None
    topic_at = body + 2
    place = topic_at + (data[body] << 8 | data[body + 1])
    topic_end = place
    mid = 0
    if first & QOS_MASK:
        place += 2
        if place > after:
            return None
        mid = data[place - 2] << 8 | data[place - 1]
    if version_5:
        place = _skip_properties(data, place, after)
    if place > after or topic_end == topic_at:
        return None
    try:
        topic = data[topic_at:topic_end].decode()
    except UnicodeDecodeError:
        topic = data[topic_at:topic_end].decode("utf-8", "backslashreplace")
    return mid, first & 0x0F, topic, data[place:after]


def _skip_properties(data: bytes, place: int, after: int) -> int:
    """Return where the payload begins, somewhere beyond ``after`` when the properties are malformed."""
    length = shift = 0
    for byte in data[place : min(place + _LENGTH_BYTES_MAX, after)]:
        place += 1
        length |= (byte & 0x7F) << shift
        if byte < 0x80:
            return place + length
        shift += 7
    return after + 1
