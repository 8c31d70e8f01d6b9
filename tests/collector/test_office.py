"""A Word file becomes a PDF where LibreOffice is installed; without it, or when it fails, one line says so."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from collector.office import OfficeError, convert_to_pdf
from tests.fakes.declaration import FORM


@pytest.fixture
def docx(tmp_path: Path) -> Path:
    path = tmp_path / "申报 表.docx"
    path.write_bytes(FORM)
    return path


def play_office(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a program named soffice in front of every other."""
    program = folder / "bin" / "soffice"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")


def test_the_pdf_lies_beside_the_word_file_and_nothing_else_does(docx: Path) -> None:
    if shutil.which("soffice") is None:
        pytest.skip("LibreOffice is not installed: apt-get install libreoffice-writer fonts-noto-cjk")
    made = convert_to_pdf(docx)
    assert made == docx.with_suffix(".pdf")
    assert made.read_bytes().startswith(b"%PDF-")
    assert sorted(path.name for path in docx.parent.iterdir()) == ["申报 表.docx", "申报 表.pdf"]


def test_without_libreoffice_there_is_none(docx: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert convert_to_pdf(docx) is None
    assert list(docx.parent.iterdir()) == [docx]


def test_one_that_fails_is_named_with_what_it_said_and_an_older_pdf_stays(
    docx: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docx.with_suffix(".pdf").write_bytes(b"older")
    play_office(tmp_path, monkeypatch, "echo first; echo 'source file could not be loaded'")
    with pytest.raises(OfficeError, match=r"申报 表\.docx: LibreOffice says source file could not be loaded"):
        convert_to_pdf(docx)
    assert docx.with_suffix(".pdf").read_bytes() == b"older"


def test_one_that_hangs_is_ended_with_its_helpers(docx: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    play_office(tmp_path, monkeypatch, f"(sleep 1; touch {tmp_path}/survived) & sleep 30")
    with pytest.raises(OfficeError, match=r"still busy after 0\.2 s"):
        convert_to_pdf(docx, 0.2)
    time.sleep(1.5)
    assert not (tmp_path / "survived").exists()


def test_it_has_a_profile_of_its_own(docx: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    play_office(tmp_path, monkeypatch, 'echo "$@"')
    with pytest.raises(OfficeError, match=r"-env:UserInstallation=file:///.*/profile "):
        convert_to_pdf(docx)
