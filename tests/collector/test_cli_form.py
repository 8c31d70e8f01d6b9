"""``zhizheng form`` hands out what a run wrote, refuses what was changed, and says how to have the PDF."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from docx import Document

from evidence.form import form_texts
from tests.fakes.site import Done, Site, at, call_here

FORMS = ["declaration.csv", "declaration.docx", "declaration.xlsx"]


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site with one run; nobody changes it."""
    site = Site(tmp_path_factory.mktemp("ready"), port=1)
    site.speak()
    site.clock.set(at("2026-11-03 02:30"))
    assert call_here("refresh", "-s", site.settings).code == 0
    return site


@pytest.fixture
def without_office(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")


def run_folder(site: Site) -> Path:
    (path,) = site.settings.parent.rglob("run.json")
    return path.parent


def form(site: Site, out: Path, *more: object) -> Done:
    return call_here("form", *more, "--out", out, "-s", site.settings)


@pytest.mark.usefixtures("without_office")
def test_the_runs_own_files_are_copied_and_one_line_says_how_to_have_the_pdf(ready: Site, tmp_path: Path) -> None:
    done = form(ready, tmp_path / "out")
    assert (done.code, done.err) == (0, "")
    assert sorted(path.name for path in (tmp_path / "out").glob("declaration.*")) == FORMS
    for name in FORMS:
        assert (tmp_path / "out" / name).read_bytes() == (run_folder(ready) / name).read_bytes()
        assert f"written: {tmp_path / 'out' / name}" in done.out.splitlines()
    assert done.out.splitlines()[-1].endswith("apt-get install libreoffice-writer fonts-noto-cjk")


def test_with_libreoffice_there_is_a_pdf_too(ready: Site, tmp_path: Path) -> None:
    if shutil.which("soffice") is None:
        pytest.skip("LibreOffice is not installed: apt-get install libreoffice-writer fonts-noto-cjk")
    done = form(ready, tmp_path, 1)
    assert (tmp_path / "declaration.pdf").read_bytes().startswith(b"%PDF-")
    assert done.out.splitlines()[-1] == f"written: {tmp_path / 'declaration.pdf'}"
    assert not (run_folder(ready) / "declaration.pdf").exists()


@pytest.mark.usefixtures("without_office")
def test_a_file_that_people_changed_is_not_replaced(ready: Site, tmp_path: Path) -> None:
    assert form(ready, tmp_path).code == 0
    assert form(ready, tmp_path).code == 0
    (tmp_path / "declaration.csv").write_text("mine")
    (tmp_path / "declaration.docx").unlink()
    done = form(ready, tmp_path)
    assert (done.code, done.out) == (1, "")
    assert "declaration.csv is there already and differs" in done.err
    assert (tmp_path / "declaration.csv").read_text() == "mine"
    assert not (tmp_path / "declaration.docx").exists()


@pytest.mark.usefixtures("without_office")
def test_the_exhibits_go_along_under_the_name_that_the_form_gives_them(ready: Site, tmp_path: Path) -> None:
    exhibits = run_folder(ready) / "exhibits.pdf"
    form(ready, tmp_path)
    assert (tmp_path / "证明材料.pdf").read_bytes() == exhibits.read_bytes()
    assert any("证明材料.pdf，共76份" in text for text in form_texts((tmp_path / "declaration.docx").read_bytes()))


@pytest.mark.usefixtures("without_office")
def test_a_form_that_was_changed_in_the_runs_folder_is_not_handed_out(ready: Site, tmp_path: Path) -> None:
    path = run_folder(ready) / "declaration.docx"
    kept = path.read_bytes()
    paper = Document(str(path))
    table = next(one for one in paper.tables if len(one.columns) == 9)
    table.rows[3].cells[7].paragraphs[0].runs[0].text = "8.00"
    paper.save(str(path))
    done = form(ready, tmp_path / "out")
    path.write_bytes(kept)
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert "row 3, score: the form says '8.00'" in done.err
    assert not (tmp_path / "out").exists()


def test_a_run_that_is_not_there_is_refused(ready: Site, tmp_path: Path) -> None:
    done = form(ready, tmp_path, 7)
    assert (done.code, done.out) == (1, "")
    assert "has no run 7" in done.err
    assert "make one with `zhizheng refresh`" in done.err
