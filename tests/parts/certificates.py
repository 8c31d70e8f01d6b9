"""Certificates of a short life, for tests over TLS."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def make_certificate(
    folder: Path, *, name: str = "127.0.0.1", signer: Path | None = None, days: int = 2, password: str = ""
) -> Path:
    """Return a new folder with a cert.pem for this address or host name and its key.pem.

    It signs itself, or is signed by the certificate in ``signer``; with ``days`` -1 it ended yesterday.
    """
    folder.mkdir(parents=True)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, folder.name)])
    issuer, issuer_key = (read_certificate(signer).subject, _read_key(signer)) if signer else (subject, key)
    named = x509.DNSName(name) if name[0].isalpha() else x509.IPAddress(ip_address(name))
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([named]), critical=False)
        .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    locked = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)
    )
    return folder


def read_certificate(folder: Path) -> x509.Certificate:
    """Return the folder's cert.pem."""
    return x509.load_pem_x509_certificate((folder / "cert.pem").read_bytes())


def fingerprint(folder: Path) -> str:
    """Return the SHA-256 fingerprint of the folder's cert.pem as ``openssl x509 -fingerprint`` prints it."""
    return f"sha256 Fingerprint={read_certificate(folder).fingerprint(hashes.SHA256()).hex(':').upper()}"


def _read_key(folder: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key((folder / "key.pem").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def der_of(folder: Path) -> bytes:
    """Return the folder's certificate (DER)."""
    return ssl.PEM_cert_to_DER_cert((folder / "cert.pem").read_text())
