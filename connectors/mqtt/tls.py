"""TLS to a broker: whom to trust, by authority, by fingerprint or by both, and the certificate that was met.

A pinned certificate is looked at when the handshake ends, before paho gets the connection: a broker with another
certificate gets no CONNECT, so no user name and no password.
"""

from __future__ import annotations

import hashlib
import socket
import ssl
from typing import Any

from connectors.mqtt.source import SYSTEM_TRUST, MqttSource, MqttSourceError, read_fingerprint


class FingerprintMismatchError(ssl.SSLCertVerificationError):
    """The broker's certificate is not the pinned one; ``met`` and ``wanted`` are the fingerprints."""

    def __init__(self, met: str, wanted: str) -> None:
        super().__init__(f"the certificate met has the fingerprint {met}, not {wanted}")
        self.met = met
        self.wanted = wanted


class _Socket(ssl.SSLSocket):
    """A connection that is closed again when the handshake fails, and that remembers why it broke."""

    context: Context

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - the standard library's signature
        try:
            super().do_handshake(block)
            self.context.admit(self.getpeercert(binary_form=True) or b"")
        except BaseException:
            self.close()  # nobody above does, and the broker would wait for us
            raise

    def read(self, *arguments: Any) -> Any:
        try:
            return super().read(*arguments)
        except ssl.SSLWantReadError:
            raise
        except ssl.SSLError as error:
            self.context.broken = error
            raise


class Context(ssl.SSLContext):
    """What a connection must show. ``met`` is the certificate (DER) of the last handshake, b"" before there was one.

    ``broken`` is what ended a connection below MQTT: with TLS 1.3 a broker that wants a client certificate says so
    only after the handshake.
    """

    sslsocket_class = _Socket
    pinned: str | None = None
    met: bytes = b""
    broken: ssl.SSLError | None = None

    def admit(self, certificate: bytes) -> None:
        """Remember the certificate; raises FingerprintMismatchError when another one is pinned."""
        self.met = certificate
        self.broken = None
        if self.pinned is not None and fingerprint_of(certificate) != self.pinned:
            raise FingerprintMismatchError(colons(fingerprint_of(certificate)), colons(self.pinned))


def make_context(source: MqttSource) -> Context | None:
    """Return what a connection of this source must show, None without TLS; raises MqttSourceError.

    A fingerprint alone accepts exactly that certificate, whoever signed it, whatever host it names and whenever it
    ends; with ``tls_ca`` both must hold.
    """
    if not source.encrypted:
        return None
    context = Context(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    authorities = None if source.tls_ca == SYSTEM_TRUST else source.tls_ca
    try:
        if source.tls_ca is None:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        elif authorities is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(authorities)
        if source.tls_cert is not None:
            # Without a password an encrypted key would have OpenSSL ask for one at the terminal, and wait.
            context.load_cert_chain(source.tls_cert, source.tls_key, password="")
    except OSError as error:
        files = [path for path in (authorities, source.tls_cert, source.tls_key) if path]
        raise MqttSourceError(
            f"MQTT source {source.id!r}: the TLS files {', '.join(files)} cannot be used ({error}); "
            "correct tls_ca, tls_cert and tls_key (PEM files, the key without a password)"
        ) from error
    if source.tls_fingerprint is not None:
        context.pinned = read_fingerprint(source.tls_fingerprint)
    return context


def fetch_certificate(host: str, port: int, timeout_s: float) -> bytes:
    """Return the certificate (DER) that is shown there, trusted or not; sends nothing but the handshake.

    Raises OSError when there is no TLS to be had.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((host, port), timeout=timeout_s) as line,
        context.wrap_socket(line, server_hostname=host) as secured,
    ):
        return secured.getpeercert(binary_form=True) or b""


def fingerprint_of(certificate: bytes) -> str:
    """Return the SHA-256 of a certificate (DER) in 64 hexadecimal digits."""
    return hashlib.sha256(certificate).hexdigest()


def colons(fingerprint: str) -> str:
    """Return a fingerprint as ``openssl x509 -fingerprint`` prints it."""
    return bytes.fromhex(fingerprint).hex(":").upper()
