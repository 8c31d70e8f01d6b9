from __future__ import annotations

import socket
import ssl

import pytest

from connectors.mqtt.trouble import Blame, departure, failure, refusal
from connectors.mqtt.websocket import WebSocketRefusedError


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "connection refused"),
        (socket.gaierror(-2, "Name or service not known"), "no such host name"),
        (TimeoutError("timed out"), "no answer within 5 s"),
        (OSError(101, "Network is unreachable"), "network is unreachable"),
        (
            WebSocketRefusedError("/x is answered 404 Not Found"),
            "no WebSocket there: /x is answered 404 Not Found",
        ),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), "TLS failed: "),
    ],
)
def test_a_failed_attempt_says_why_and_what_mends_it(error: OSError, reason: str) -> None:
    trouble = failure(error)
    assert trouble.reason.startswith(reason)
    assert trouble.mend
    assert (trouble.blame is Blame.DOWN) is isinstance(error, ConnectionRefusedError)


@pytest.mark.parametrize("alert", ["TLSV13_ALERT_CERTIFICATE_REQUIRED", "TLSV1_ALERT_UNKNOWN_CA"])
def test_a_client_certificate_that_is_not_accepted_is_said_whenever_the_broker_says_it(alert: str) -> None:
    error = ssl.SSLError(1, f"[SSL: {alert}]")
    error.reason = alert
    for trouble in (failure(error), departure("Unspecified error", error)):
        assert trouble.reason.startswith("the broker does not accept our client certificate (")
        assert "tls_cert" in trouble.mend


def test_a_client_id_in_use_elsewhere_is_said() -> None:
    assert departure("Session taken over").reason == "another program has taken over this client id"


def test_a_refusal_that_we_do_not_know_keeps_the_broker_s_words() -> None:
    assert refusal("Quota exceeded").reason == "the broker refuses the connection (quota exceeded)"
