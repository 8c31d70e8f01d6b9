from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from connectors.mqtt.packets import Delivery, PacketSplitter
from connectors.record import DUP_FLAG, RETAIN_FLAG
from tests.parts.flood import encode

SUBACK = b"\x90\x03\x00\x01\x01"
PINGRESP = b"\xd0\x00"


def split_whole(data: bytes, *, version_5: bool = False) -> list[list[Delivery] | bytes]:
    return PacketSplitter(version_5=version_5).split(data)


def flat(parts: list[list[Delivery] | bytes]) -> list[Delivery | bytes]:
    return [one for part in parts for one in (part if isinstance(part, list) else [part])]


def test_messages_between_other_packets_keep_their_order() -> None:
    data = SUBACK + encode(b"a", b"1", 7) + encode(b"b", b"", 0, qos=0) + PINGRESP + encode(b"c", b"3", 8)
    assert split_whole(data) == [
        SUBACK,
        [(7, 0b0010, "a", b"1"), (0, 0, "b", b"")],
        PINGRESP,
        [(8, 0b0010, "c", b"3")],
    ]


def test_flags_and_packet_identifiers_are_those_of_the_wire() -> None:
    packet = bytearray(encode(b"a", b"x", 65_535))
    packet[0] |= DUP_FLAG | RETAIN_FLAG
    assert split_whole(bytes(packet)) == [[(65_535, DUP_FLAG | RETAIN_FLAG | 0b0010, "a", b"x")]]


def test_the_properties_of_mqtt_5_are_no_part_of_the_payload() -> None:
    user_property = b"\x26\x00\x01k\x00\x01v"
    long = b"\x26\x00\x01k\x00\xc8" + b"v" * 200
    for properties in (b"\x00", b"\x07" + user_property, bytes([len(long) % 128 | 0x80, len(long) // 128]) + long):
        data = encode(b"a", properties + b"payload", 1)
        assert split_whole(data, version_5=True) == [[(1, 0b0010, "a", b"payload")]]


def test_a_topic_that_is_not_utf_8_is_escaped() -> None:
    assert split_whole(encode(b"v1/\xff/\xe6\xb0\xb4", b"x", 1)) == [[(1, 0b0010, "v1/\\xff/水", b"x")]]


def test_what_is_no_sound_message_is_handed_on_as_its_bytes() -> None:
    topic_beyond_the_end = b"\x32\x04\x00\x09ab"
    no_room_for_the_identifier = b"\x32\x04\x00\x01ab"
    no_topic_length = b"\x30\x01a"
    empty_topic = encode(b"", b"x", 1)
    qos_2, qos_3 = encode(b"a", b"x", 1, qos=2), encode(b"a", b"x", 1, qos=3)
    for packet in (topic_beyond_the_end, no_room_for_the_identifier, no_topic_length, empty_topic, qos_2, qos_3):
        assert split_whole(packet + PINGRESP) == [packet, PINGRESP]
    for properties in (b"\x09", b"\xff\xff\xff\xff\x01", b""):
        packet = encode(b"a", properties, 1)
        assert split_whole(packet, version_5=True) == [packet]


def test_a_length_of_five_bytes_is_handed_on_with_all_five() -> None:
    splitter = PacketSplitter(version_5=False)
    assert splitter.split(b"\x30\xff\xff\xff\xff") == []
    assert splitter.split(b"\x01") == [b"\x30\xff\xff\xff\xff\x01"]


def test_a_large_message_in_many_pieces_is_looked_at_once_it_is_whole() -> None:
    payload = bytes(range(256)) * 4096
    data = encode(b"a", payload, 1)
    splitter = PacketSplitter(version_5=False)
    pieces = [data[at : at + 10_000] for at in range(0, len(data), 10_000)]
    assert [found for piece in pieces[:-1] if (found := splitter.split(piece))] == []
    assert splitter.split(pieces[-1]) == [[(1, 0b0010, "a", payload)]]


@given(
    messages=st.lists(
        st.tuples(
            st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=9),
            st.binary(max_size=300),
            st.integers(1, 65_535),
            st.sampled_from([0, 1]),
            st.booleans(),
        )
    ),
    cuts=st.lists(st.integers(0, 5000)),
    version_5=st.booleans(),
)
def test_wherever_the_pieces_end_the_same_is_read(
    messages: list[tuple[str, bytes, int, int, bool]], cuts: list[int], version_5: bool
) -> None:
    data = b""
    expected: list[Delivery | bytes] = []
    for topic, payload, mid, qos, ping in messages:
        data += encode(topic.encode(), (b"\x00" if version_5 else b"") + payload, mid, qos) + PINGRESP * ping
        expected += [(mid if qos else 0, qos << 1, topic, payload), *[PINGRESP] * ping]
    splitter = PacketSplitter(version_5=version_5)
    ends = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    found = [one for start, end in pairwise(ends) for one in flat(splitter.split(data[start:end]))]
    assert found == expected


@given(data=st.binary(max_size=200), cut=st.integers(0, 200), version_5=st.booleans())
def test_bytes_that_mean_nothing_are_never_lost_and_never_raise(data: bytes, cut: int, version_5: bool) -> None:
    splitter = PacketSplitter(version_5=version_5)
    parts = splitter.split(data[:cut]) + splitter.split(data[cut:])
    handed_on = sum(len(part) for part in parts if isinstance(part, bytes))
    messages = sum(len(part) for part in parts if isinstance(part, list))
    assert handed_on + 2 * messages <= len(data)
