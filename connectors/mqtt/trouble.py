"""Why a broker cannot be heard, in the words of a property technician: the reason, and what mends it."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from enum import Enum, auto

CONNECT_TIMEOUT_S = 5.0
"""How long an attempt to connect may take."""


class Blame(Enum):
    """What is to blame, as far as it says whether something may be missing."""

    OTHER = auto()
    DOWN = auto()  # nothing listens at the broker's port, or the broker said that it shuts down
    TAKEN = auto()  # another program connected as we do, and is sent what was meant for us
    HUNG_UP = auto()  # the connection ended without a word


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a broker cannot be heard, and what mends it."""

    reason: str
    mend: str
    blame: Blame = Blame.OTHER


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
            "another program has taken over this client id",
            "stop the other program, or choose another client_id",
            Blame.TAKEN,
        )
    known = {"Unspecified error": "the broker closed the connection", "Keep alive timeout": "the broker fell silent"}
    blames = {"Unspecified error": Blame.HUNG_UP, "Server shutting down": Blame.DOWN}
    return Trouble(
        known.get(name, f"the broker ended the connection ({name[:1].lower()}{name[1:]})"),
        "look whether the broker runs; connecting again goes on by itself",
        blames.get(name, Blame.OTHER),
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
        return Trouble("connection refused", mend, Blame.DOWN)
    reason = error.strerror if isinstance(error, OSError) and error.strerror else repr(error)
    return Trouble(reason[:1].lower() + reason[1:], "correct host and port of this source, or mend the network")
