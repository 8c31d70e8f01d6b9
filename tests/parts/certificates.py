"""Certificates made with the openssl command, for tests over TLS."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def make_certificate(
    folder: Path, *, name: str = "IP:127.0.0.1", signer: Path | None = None, days: int = 2, password: str = ""
) -> Path:
    """Return a new folder with a cert.pem for this subject alternative name and its key.pem.

    It signs itself, or is signed by the certificate in ``signer``; with ``days`` -1 it ended yesterday. Skips the test,
    with the mend, without openssl.
    """
    if shutil.which("openssl") is None:
        pytest.skip("NOT TESTED over TLS: no openssl to make certificates with; mend: apt-get install openssl")
    folder.mkdir(parents=True)
    key, request, extensions = folder / "key.pem", folder / "request.pem", folder / "extensions"
    locked = ("-passout", f"pass:{password}") if password else ("-nodes",)
    _openssl(
        *("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", *locked),
        *("-keyout", str(key), "-out", str(request), "-subj", f"/CN={folder.name}"),
    )
    extensions.write_text(f"subjectAltName = {name}\nbasicConstraints = CA:{str(signer is None).upper()}\n")
    by = ("-CA", f"{signer}/cert.pem", "-CAkey", f"{signer}/key.pem") if signer else ("-signkey", str(key))
    _openssl(
        *("x509", "-req", "-in", str(request), "-out", str(folder / "cert.pem"), "-days", str(days), "-sha256"),
        *("-extfile", str(extensions), *by, *(("-passin", f"pass:{password}") if password else ())),
    )
    return folder


def fingerprint(folder: Path) -> str:
    """Return what openssl prints as the SHA-256 fingerprint of the folder's cert.pem."""
    return _openssl("x509", "-noout", "-fingerprint", "-sha256", "-in", f"{folder}/cert.pem").strip()


def _openssl(*arguments: str) -> str:
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True, text=True).stdout
