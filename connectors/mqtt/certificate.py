"""What a certificate says of itself. Only the doctor asks: no other process carries the library for it."""

from __future__ import annotations

from cryptography import x509


def valid_until(certificate: bytes) -> int:
    """Return until when (ms UTC) a certificate (DER) is valid; raises ValueError when it cannot be read.

    The standard library tells this only of a certificate whose authority it has checked, so not of a pinned one.
    """
    try:
        end = x509.load_der_x509_certificate(certificate).not_valid_after_utc
    except (ValueError, x509.InvalidVersion) as error:
        raise ValueError(f"a certificate of {len(certificate)} bytes has no readable end of validity") from error
    return int(end.timestamp()) * 1000
