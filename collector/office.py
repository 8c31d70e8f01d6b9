"""The way to LibreOffice, where it is installed: a Word file in, a PDF out. Nothing else of the program needs it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

HOW_TO_HAVE_IT = "no PDF: LibreOffice is not installed; apt-get install libreoffice-writer fonts-noto-cjk"
_PROGRAMS = ("soffice", "libreoffice")
_LONGEST_S = 120.0


class OfficeError(RuntimeError):
    """LibreOffice did not make the PDF; the message says what it said and the mend."""


def convert_to_pdf(docx: Path, longest_s: float = _LONGEST_S) -> Path | None:
    """Return the PDF written beside a Word file, None where LibreOffice is not installed.

    An older PDF is replaced whole or left as it is. Raises OfficeError where LibreOffice fails or takes longer than
    ``longest_s`` seconds.
    """
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        return None
    with tempfile.TemporaryDirectory(prefix=".office-", dir=docx.parent) as scratch:
        # A profile of its own: an open LibreOffice of the same person would take the job and answer nothing.
        profile, out = (Path(scratch) / "profile").resolve(), Path(scratch) / "out"
        command = [
            *(program, "--headless", "--norestore", "--nolockcheck", f"-env:UserInstallation={profile.as_uri()}"),
            *("--convert-to", "pdf:writer_pdf_Export", "--outdir", str(out), str(docx.resolve())),
        ]
        said = _call(command, longest_s)
        made = out / f"{docx.stem}.pdf"
        if not made.is_file():
            raise OfficeError(
                f"no PDF of {docx.name}: LibreOffice says {said or 'nothing'}; open the file and export it"
            )
        return made.replace(docx.with_suffix(".pdf"))


def _call(command: list[str], longest_s: float) -> str:
    """Run LibreOffice and return its last line; its helpers are ended with it when it takes too long."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=longest_s)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise OfficeError(f"no PDF: LibreOffice was still busy after {longest_s:g} s and was ended") from None
        raise
    return (said.decode(errors="replace").strip().splitlines() or [""])[-1]
