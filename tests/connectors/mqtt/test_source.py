from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub

from connectors.mqtt.source import MqttSource, MqttSourceError, overlap

GOOD: dict[str, Any] = {
    "id": "thingsboard",
    "host": "127.0.0.1",
    "port": 1883,
    "topics": ("v1/gateway/#",),
    "client_id": "zhizheng-1",
}

levels = st.sampled_from(["a", "b", "", "$a"])
topics = st.lists(levels, min_size=1, max_size=4).map("/".join).filter(bool)
filters = st.tuples(
    st.lists(st.sampled_from(["a", "b", "", "+", "$a"]), min_size=0, max_size=3), st.sampled_from([[], ["#"]])
).map(lambda parts: "/".join(parts[0] + parts[1]))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"id": ""}, "no id"),
        ({"host": ""}, "host ''"),
        ({"host": "two words"}, "host 'two words'"),
        ({"host": "a" * 64 + ".example"}, "is no host name"),
        ({"port": 0}, "port 0"),
        ({"port": 70000}, "port 70000"),
        ({"client_id": ""}, "stable"),
        ({"protocol": "4"}, 'use "5" or "3.1.1"'),
        ({"keepalive_s": 1}, "keepalive_s 1"),
        ({"receive_maximum": 0}, "receive_maximum 0"),
        ({"password": "p"}, "no username"),
        ({"tls_cert": "c.pem"}, "no tls_ca"),
        ({"tls_ca": "ca.pem", "tls_key": "k.pem"}, "no tls_cert"),
        ({"tls_fingerprint": "AB:CD"}, "openssl x509 -fingerprint -sha256"),
        ({"tls_fingerprint": "SHA1 Fingerprint=" + "AB:" * 31 + "AB"}, "is no SHA-256"),
        ({"websocket_path": "mqtt"}, "begin it with /"),
        ({"websocket_path": "/a\r\nHost: other"}, "is no path"),
        ({"websocket_path": "/水表"}, "is no path"),
        ({"topics": ()}, "no topics"),
        ({"topics": ("",)}, "is empty"),
        ({"topics": ("a/#/b",)}, "before its end"),
        ({"topics": ("a/b+",)}, "whole level"),
        ({"topics": ("$share/group/a",)}, "shared subscription"),
        ({"topics": ("a\0b",)}, "NUL"),
    ],
)
def test_a_source_that_cannot_work_is_refused_in_one_line_that_names_it(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(MqttSourceError, match="MQTT source") as caught:
        MqttSource(**{**GOOD, **wrong})
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_overlapping_filters_are_refused_and_both_named() -> None:
    with pytest.raises(MqttSourceError, match=r"'zigbee2mqtt/#' and 'zigbee2mqtt/\+' overlap"):
        MqttSource(**{**GOOD, "topics": ("zigbee2mqtt/#", "acme/#", "zigbee2mqtt/+")})


def test_filters_of_the_demo_do_not_overlap() -> None:
    assert MqttSource(**{**GOOD, "topics": ("/sys/#", "/as/mqtt/status/#")}).topics


def test_a_path_of_a_websocket_is_part_of_what_broker_it_is() -> None:
    assert MqttSource(**GOOD).broker == "127.0.0.1:1883"
    assert MqttSource(**GOOD, websocket_path="/mqtt").broker == "127.0.0.1:1883/mqtt"
    assert MqttSource(**{**GOOD, "host": "::1"}, websocket_path="/mqtt").broker == "[::1]:1883/mqtt"


def test_the_password_is_never_printed() -> None:
    assert "secret" not in repr(MqttSource(**GOOD, username="u", password="secret"))


@given(filters.filter(bool), filters.filter(bool), topics)
@example("#", "$SYS/#", "$SYS/x")
@example("a/#", "a", "a")
@example("+/+", "/#", "/")
def test_filters_that_match_one_topic_overlap(first: str, second: str, topic: str) -> None:
    if topic_matches_sub(first, topic) and topic_matches_sub(second, topic):
        assert overlap(first, second)
        assert overlap(second, first)


@given(filters.filter(bool), filters.filter(bool))
@example("/#", "+")
def test_overlapping_filters_match_some_topic(first: str, second: str) -> None:
    if overlap(first, second):
        assert any(
            topic_matches_sub(first, topic) and topic_matches_sub(second, topic) for topic in _candidates(first, second)
        )


def _candidates(first: str, second: str) -> set[str]:
    """Topics built level by level from what either filter says there."""
    ours, theirs = first.split("/"), second.split("/")
    longest = max(len(ours), len(theirs))
    found: set[str] = set()
    for length in range(1, longest + 1):
        parts = []
        for index in range(length):
            said = [levels[index] for levels in (ours, theirs) if index < len(levels)]
            parts.append(next((level for level in said if level not in {"+", "#"}), "a"))
        found.add("/".join(parts))
    return found - {""}
