"""Why a broker cannot be heard, in the words of a property technician: the reason, and what mends it."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from enum import Enum, auto

from connectors.mqtt.tls import FingerprintMismatchError
from connectors.mqtt.websocket import WebSocketRefusedError

CONNECT_TIMEOUT_S = 5.0
"""How long an attempt to connect may take."""


_CERTIFICATE_ALERTS = {
    f"{version}_ALERT_{alert}"
    for version in ("SSLV3", "TLSV1", "TLSV13")
    for alert in (
        *("BAD_CERTIFICATE", "CERTIFICATE_EXPIRED", "CERTIFICATE_REQUIRED", "CERTIFICATE_REVOKED"),
        *("CERTIFICATE_UNKNOWN", "UNKNOWN_CA", "UNSUPPORTED_CERTIFICATE", "ACCESS_DENIED"),
    )
}
_EXPIRED, _NOT_YET_VALID = 10, 9  # of X509_V_ERR_


class Blame(Enum):
    """What is to blame, as far as it says whether something may be missing."""

    OTHER = auto()
    DOWN = auto()  # nothing listens at the broker's port, or the broker said that it shuts down
    TAKEN = auto()  # another program connected as we do, and is sent what was meant for us
    HUNG_UP = auto()  # the connection ended without a word


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a broker cannot be heard, and what mends it; ``untrusted`` when nobody we trust vouches for it."""

    reason: str
    mend: str
    blame: Blame = Blame.OTHER
    untrusted: bool = False


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


def departure(name: str, broken: ssl.SSLError | None = None) -> Trouble:
    """Return what the end of a standing connection means; ``broken`` is what TLS said of it, if it did."""
    if _reason_of(broken) in _CERTIFICATE_ALERTS:
        said = _reason_of(broken).partition("_ALERT_")[2].lower().replace("_", " ")
        return Trouble(
            f"the broker does not accept our client certificate ({said})",
            "correct tls_cert and tls_key of this source, or have the broker trust their authority",
        )
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
    if isinstance(error, ssl.SSLError):
        return _tls_failure(error)
    if isinstance(error, socket.gaierror):
        return Trouble("no such host name", "correct the host of this source")
    if isinstance(error, TimeoutError):
        return Trouble(
            f"no answer within {CONNECT_TIMEOUT_S:g} s", "correct host and port of this source, or open the firewall"
        )
    if isinstance(error, WebSocketRefusedError):
        return Trouble(
            f"no WebSocket there: {error}",
            "correct the path in the url (often /mqtt), or look whether this port speaks WebSocket",
        )
    if isinstance(error, ConnectionRefusedError):
        mend = "start the broker, or correct host and port of this source"
        return Trouble("connection refused", mend, Blame.DOWN)
    reason = error.strerror if isinstance(error, OSError) and error.strerror else repr(error)
    return Trouble(reason[:1].lower() + reason[1:], "correct host and port of this source, or mend the network")


def _tls_failure(error: ssl.SSLError) -> Trouble:
    if isinstance(error, FingerprintMismatchError):
        return Trouble(
            f"its certificate is not the pinned one, its fingerprint is {error.met}",
            "compare it with the broker's administrator, then correct tls_fingerprint",
        )
    if isinstance(error, ssl.SSLCertVerificationError):
        mend = "correct tls_ca or the host name, or pin the certificate with tls_fingerprint"
        if error.verify_code in {_EXPIRED, _NOT_YET_VALID}:
            mend = "have the broker's certificate renewed, or set the clock of this machine"
        return Trouble(f"its certificate is not trusted: {error.verify_message}", mend, untrusted=True)
    if _reason_of(error) in _CERTIFICATE_ALERTS:
        return departure("", error)
    return Trouble(
        f"TLS failed: {_reason_of(error) or error}",
        "look whether this port speaks TLS, and at tls_cert",
    )


def _reason_of(error: ssl.SSLError | None) -> str:
    """Return the name OpenSSL has for it; an error that Python raised by itself has none."""
    return getattr(error, "reason", None) or ""
