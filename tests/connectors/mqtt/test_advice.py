from __future__ import annotations

import pytest

from connectors.mqtt.advice import mend_of, name_reason, name_trouble
from connectors.mqtt.tls import FingerprintMismatchError
from connectors.mqtt.trouble import Trouble, failure, refusal
from connectors.mqtt.websocket import WebSocketRefusedError

MATTERS = ("session", "backlog", "bytes", "window", "persistence", "retained", "limits")


@pytest.mark.parametrize("matter", MATTERS)
def test_a_known_broker_is_given_its_own_setting_and_an_unknown_one_all(matter: str) -> None:
    everything = mend_of(matter, "")
    for name, server in (("Mosquitto", "mosquitto"), ("EMQX", "emqx"), ("NATS", "nats")):
        own = mend_of(matter, server)
        assert own.startswith(f"{name}：")
        assert own in everything


def test_the_refusals_of_a_broker_have_chinese_names() -> None:
    for name in (
        "Bad user name or password",
        "Not authorized",
        "Client identifier not valid",
        "Unsupported protocol version",
    ):
        reason, mend = name_trouble(refusal(name))
        assert not reason.isascii()
        assert not mend.isascii()
    assert name_reason("Not authorized") == "未获授权"


def test_what_was_met_stays_in_the_chinese_words() -> None:
    pinned = failure(FingerprintMismatchError("AA:BB", "CC:DD"))
    refused = failure(WebSocketRefusedError("/x is answered 404 Not Found"))
    for trouble, met in ((pinned, "AA:BB"), (refused, "404 Not Found")):
        reason, mend = name_trouble(trouble)
        assert met in reason
        assert not mend.isascii()


def test_a_trouble_nobody_named_keeps_its_own_words() -> None:
    assert name_trouble(Trouble("the broker is on fire", "put it out")) == ("the broker is on fire", "put it out")
