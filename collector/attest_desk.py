"""The desk at which people attest: hands out the workbook, takes it in, lists what is recorded, takes it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from collector.act_imports import ImportedActs, documents_in, import_acts_again, record_acts
from collector.attest_layout import DRILLS, PARTS, QUESTIONS, RECORDED
from collector.attest_reading import read_attest_workbook
from collector.attest_template import drill_alarms, drill_lines, part_lines, question_lines, read_run, recorded_lines
from collector.attest_workbook import Contents, SurveyRule, draw_workbook
from collector.house import House
from collector.imports import local_day
from collector.refresh import reading
from evidence.act_terms import Terms, required_sample, survey_way
from evidence.acts import ActError, act_arrivals, known_acts
from evidence.attest import (
    REMINDER_DAYS,
    ActLine,
    Standing,
    alarm_names,
    choose_withdrawn,
    expiring,
    list_acts,
    make_withdrawal,
    read_terms,
    register_places,
)
from evidence.ledger import Ledger
from evidence.revision import used_revision

ACTS_FILES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Handed:
    """What an import did, and which of the community's acts end soon."""

    imported: ImportedActs
    ending: tuple[ActLine, ...]


def write_template(house: House, community: str, path: Path) -> int:
    """Write the workbook for what is not shown yet and return how many parts that are; raises ActError, OSError.

    A file that is there is never overwritten: somebody may have filled it in.
    """
    if path.suffix.lower() != ".xlsx":
        raise ActError(f"{path}: the workbook is an .xlsx file; name it so")
    if path.exists():
        raise ActError(f"{path}: is there already and may be filled in; name another file, or move it away")
    with reading(house) as reader:
        content, count = make_template(house, reader.ledger, community)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return count


def make_template(house: House, ledger: Ledger, community: str) -> tuple[bytes, int]:
    """Return the workbook's bytes and how many parts it asks for."""
    today = local_day(house, house.clock())
    catalogue = house.catalogue
    run = read_run(house.settings.out, community)
    terms = read_terms(ledger, catalogue, community, today)
    recorded = list_acts(ledger, catalogue, community, today)
    parts = list(part_lines(catalogue, run.parts, recorded, terms.wholes))
    alarms = drill_alarms(catalogue, alarm_names(catalogue))
    places = {place.id: place for place in register_places(ledger, used_revision(ledger, community, today))}
    name = house.settings.communities[community].name
    basis = f"依据第{run.number}次运行" if run.number is not None else "还没有运行结果，列出全部可佐证的分项"
    contents = Contents(
        title=f"{name}（{basis}）",
        lines={
            PARTS: parts,
            DRILLS: list(drill_lines(run.unshown, places, alarms)),
            QUESTIONS: list(question_lines(catalogue, recorded)),
            RECORDED: list(recorded_lines(recorded)),
        },
        alarms=list(alarms.values()),
        survey=_survey_rule(terms),
    )
    return draw_workbook(contents), len(parts)


def _survey_rule(terms: Terms) -> SurveyRule | None:
    for row in terms.rubric.rows:
        measure = survey_way(row)
        if measure is not None:
            occupied = terms.totals.get(measure.of_total or "")
            percent = f"{float(measure.share * 100):g}%"
            bounds = f"不少于{measure.smallest}户、不多于{measure.largest}户"
            return SurveyRule(
                row=row.no,
                occupied=occupied,
                sample=None if occupied is None else required_sample(measure, occupied),
                homes=measure.largest,
                text=f"入住户数的{percent}，向上取整，{bounds}；少抽、多抽过上限都不予采用",
            )
    return None


def take_in(house: House, community: str, path: Path, documents: Path | None = None) -> Handed:
    """Import a filled workbook, or an acts file, with the documents it names; by default they lie beside it.

    Raises ActError naming every cell or entry that cannot be used, RegisterError for a file that is no workbook; then
    nothing is recorded.
    """
    today = local_day(house, house.clock())
    with reading(house) as reader:
        ledger = reader.ledger
        if path.suffix.lower() in ACTS_FILES:
            imported = import_acts_again(house, ledger, community, path)
        else:
            imported = _take_in_workbook(house, ledger, community, path, documents or path.parent)
        reader.catch_up()
        return Handed(imported, tuple(expiring(ledger, house.catalogue, community, today)))


def _take_in_workbook(house: House, ledger: Ledger, community: str, path: Path, documents: Path) -> ImportedActs:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ActError(f"{path}: cannot be read ({error.strerror}); name the filled workbook") from None
    if not documents.is_dir():
        raise ActError(f"--documents {documents}: is no folder; name the one that holds the documents")
    today = local_day(house, house.clock())
    known = known_acts(ledger, community)
    acts = read_attest_workbook(
        content,
        path.name,
        documents_in(documents),
        read_terms(ledger, house.catalogue, community, today, by_hand=True),
        alarm_names(house.catalogue),
        list_acts(ledger, house.catalogue, community, today),
        known,
    )
    return record_acts(house, ledger, community, acts, content, known=known)


def list_recorded(house: House, community: str, days: int = REMINDER_DAYS) -> tuple[list[ActLine], list[ActLine]]:
    """Return all recorded acts, and those that end within ``days``."""
    today = local_day(house, house.clock())
    with reading(house) as reader:
        ending = expiring(reader.ledger, house.catalogue, community, today, days)
        return list_acts(reader.ledger, house.catalogue, community, today), ending


def take_back(
    house: House, community: str, receipts: Sequence[int], *, batch: str = "", by: str, reason: str = ""
) -> list[ActLine]:
    """Withdraw acts, one by one or all of one import, and return them; raises ActError."""
    if not by.strip():
        raise ActError("--by: who withdraws it is missing; add --by NAME")
    if not receipts and not batch:
        raise ActError("what to withdraw is missing; name receipts, or --import ID")
    today = local_day(house, house.clock())
    with reading(house) as reader:
        lines = list_acts(reader.ledger, house.catalogue, community, today)
        chosen = choose_withdrawn(lines, receipts, batch)
        body = make_withdrawal(chosen, by.strip(), today, reason)
        house.locker.append(act_arrivals(community, [(body, None)], house.clock()))
        reader.catch_up()
        after = list_acts(reader.ledger, house.catalogue, community, today)
    return [line for line in after if line.receipt in chosen and line.state is Standing.WITHDRAWN]
