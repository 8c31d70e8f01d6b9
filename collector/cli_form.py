"""The command ``zhizheng form``: a run's declaration as files to print, to send and to hand in."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated

import typer

from collector.office import HOW_TO_HAVE_IT, OfficeError, convert_to_pdf
from collector.options import DEFAULT_SETTINGS, CommunityOption, SettingsOption
from collector.refresh import run_folder
from collector.terminal import find_run, open_site, say
from evidence.exhibits import EXHIBITS_FILE
from evidence.form import FormError, compare_form
from evidence.form_words import EXHIBITS
from evidence.run import BOOK_FILE, FORM_FILE, TABLE_FILE

# By their names in the run's folder; what a run does not have is left out.
HANDED_OUT = {FORM_FILE: FORM_FILE, BOOK_FILE: BOOK_FILE, TABLE_FILE: TABLE_FILE, EXHIBITS_FILE: EXHIBITS}


def form_command(
    number: Annotated[int | None, typer.Argument(help="The run's number; the newest by default.")] = None,
    *,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where to; ./declaration-COMMUNITY-RUN by default.")
    ] = None,
    settings: SettingsOption = DEFAULT_SETTINGS,
    community: CommunityOption = None,
) -> None:
    """Write a run's declaration as .docx, .xlsx, .csv and, with LibreOffice, .pdf into a folder."""
    house = open_site(settings)
    name = house.community(community)
    run = find_run(house, name, number)
    source = run_folder(house.settings.out, name, run)
    check_form(source)
    target = out or Path(f"declaration-{name}-{run}")
    for path in hand_out(source, target):
        say(f"written: {path}")
    try:
        made = convert_to_pdf(target / FORM_FILE)
    except OfficeError as error:
        say(str(error))
    else:
        say(HOW_TO_HAVE_IT if made is None else f"written: {made}")


def check_form(folder: Path) -> None:
    """Raise FormError where the form in a run's folder no longer says what its scorecard and run.json say."""
    card = json.loads((folder / "scorecard.json").read_bytes())
    digest = hashlib.sha256((folder / "run.json").read_bytes()).hexdigest()
    found = compare_form(card, (folder / FORM_FILE).read_bytes(), run_sha256=digest)
    if found:
        raise FormError(f"{folder / FORM_FILE} was changed ({found[0]}); make a new run with `zhizheng refresh`")


def hand_out(source: Path, target: Path) -> list[Path]:
    """Copy a run's forms into a folder and return where they lie; a file that people changed there is not replaced."""
    copies = {target / copy: source / name for name, copy in HANDED_OUT.items() if (source / name).is_file()}
    for copy, path in copies.items():
        if copy.exists() and copy.read_bytes() != path.read_bytes():
            raise FormError(f"{copy} is there already and differs; name another folder with --out, or remove it")
    target.mkdir(parents=True, exist_ok=True)
    for copy, path in copies.items():
        copy.write_bytes(path.read_bytes())
    return list(copies)
