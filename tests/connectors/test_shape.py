from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectors.shape import collapse_topic, shape_of


def test_messages_one_rule_would_read_have_one_shape() -> None:
    first = shape_of("t", b'{"WM-000123": [{"ts": 1, "v": 2.5}]}')
    assert first == shape_of("t", b'{"WM-000999": [{"ts": 7, "v": 1}, {"ts": 8, "v": 3}]}')
    assert first != shape_of("t", b'{"WM-000123": [{"ts": 1, "v": "2.5"}]}')
    assert first != shape_of("u", b'{"WM-000123": [{"ts": 1, "v": 2.5}]}')


def test_csv_lines_of_one_pattern_have_one_shape() -> None:
    assert shape_of("acme/up/#", b"id-7;20261103;12.3") == shape_of("acme/up/#", b"xy-81;20261104;9.25")


def test_broken_json_has_one_shape_wherever_it_breaks() -> None:
    assert shape_of("t", b'{"WM-000129": [{"ts": 17') == shape_of("t", b'{"WM-000130": [{"ts": 1782, "values": {"vo')


def test_kinds_of_payload_are_told_apart() -> None:
    assert [shape_of("t", payload).split()[1] for payload in (b"", b"\xff", b"on", b"{}")] == [
        "empty", "bytes", "text", "json",
    ]  # fmt: skip


def test_the_devices_of_a_topic_share_it() -> None:
    assert collapse_topic("acme/up/000123") == collapse_topic("acme/up/7") == "acme/up/#"


@given(st.text(max_size=300), st.binary(max_size=60))
def test_every_message_has_a_short_shape(topic: str, payload: bytes) -> None:
    assert len(shape_of(collapse_topic(topic), payload)) < 230
