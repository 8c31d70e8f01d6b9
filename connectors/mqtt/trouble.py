"""Why a broker cannot be heard, in the words of a property technician: the reason, and what mends it."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass

CONNECT_TIMEOUT_S = 5.0
"""How long an attempt to connect may take."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a broker cannot be heard, and what mends it; ``down`` when its machine says that nothing listens there."""

    reason: str
    mend: str
    down: bool = False


def refusal(name: str) -> Trouble:
    """Return what a CONNACK that refuses us means."""
    mends = {
        "Bad user name or password": "correct username and password of this source",
        "Not authorized": "correct username and password of this source, or let this user in at the broker",
        "Client identifier not valid": "choose another client_id for this source",
        "Unsupported protocol version": 'choose the other protocol for this source: "3.1.1" or "5"',
    }
    return Trouble(
        f"the broker refuses the connection ({name[:1].lower()}{name[1:]})", mends.get(name, "ask the broker's log")
    )


def departure(name: str) -> Trouble:
    """Return what the end of a standing connection means."""
    if name == "Session taken over":
        return Trouble(
            "another program has taken over this client id", "stop the other program, or choose another client_id"
        )
    known = {"Unspecified error": "the broker closed the connection", "Keep alive timeout": "the broker fell silent"}
    return Trouble(
        known.get(name, f"the broker ended the connection ({name[:1].lower()}{name[1:]})"),
        "look whether the broker runs; connecting again goes on by itself",
    )


def failure(error: BaseException | None) -> Trouble:
    """Return what a failed attempt to connect means."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Trouble(f"its certificate is not trusted: {error.verify_message}", "correct tls_ca or the host name")
    if isinstance(error, ssl.SSLError):
        return Trouble(
            f"TLS failed: {getattr(error, 'reason', None) or error}",
            "look whether this port speaks TLS, and at tls_cert",
        )
    if isinstance(error, socket.gaierror):
        return Trouble("no such host name", "correct the host of this source")
    if isinstance(error, TimeoutError):
        return Trouble(
            f"no answer within {CONNECT_TIMEOUT_S:g} s", "correct host and port of this source, or open the firewall"
        )
    if isinstance(error, ConnectionRefusedError):
        mend = "start the broker, or correct host and port of this source"
        return Trouble("connection refused", mend, down=True)
    reason = error.strerror if isinstance(error, OSError) and error.strerror else repr(error)
    return Trouble(reason[:1].lower() + reason[1:], "correct host and port of this source, or mend the network")
