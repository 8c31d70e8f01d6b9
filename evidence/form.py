"""The official declaration as a Word file: filled from a scorecard, read back, and compared with it.

The form's own words come from data (``config/forms/<city>/form.yaml`` and the rubric's rows), so that another city's
form needs no code. Nothing here touches a file: mappings go in, bytes come out, the same bytes for the same input.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from docx.document import Document as Paper
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Pt

from evidence import paper as house
from evidence.form_pages import MERGED, plan_lines
from evidence.form_reader import FilledRow, compare_form, form_texts, read_fields, read_form
from evidence.form_words import (
    COLUMNS,
    MET,
    NOT_MET,
    REVIEW_ROOM,
    SIMULATED_NOTICE,
    TOTALS,
    UNPROVEN,
    FormError,
    environment_mark,
    field_ids,
    field_values,
    foot_lines,
    head_line,
    is_ours,
    joined_rows,
    met_mark,
    moment_of,
    notes,
    proof_text,
    register_basics,
    seal_line,
    sections,
    sums,
)

__all__ = [
    "MET", "NOT_MET", "UNPROVEN", "FilledRow", "FormError", "compare_form", "field_ids", "fill_form", "form_texts",
    "met_mark", "proof_text", "read_fields", "read_form", "register_basics",
]  # fmt: skip

# Millimetres; together the width of a landscape A4 page between its margins.
_WIDTHS = dict(zip(COLUMNS, (15, 21.5, 38, 72.5, 10.5, 10.5, 20, 15, 64), strict=True))
_LABELS_MM = (42, 91.5, 42, 91.5)
_FIELD_HEIGHT_MM = 8.5
_NOTE_GAP = Pt(4)
_MM_OF_PT = 25.4 / 72
_LEFT_ALIGNED = frozenset({"meaning", "content", "sentence"})


def fill_form(
    scorecard: Mapping[str, Any],
    form_text: Mapping[str, Any],
    basics: Mapping[str, str],
    run_sha256: str,
    key_fingerprint: str | None = None,
) -> bytes:
    """Return the declaration as .docx bytes.

    ``scorecard`` is scorecard.json; ``form_text`` the form's mapping with the rubric's 76 entries under ``rows``;
    ``basics`` the applicant's texts by field id (missing ones stay blank); ``run_sha256`` the hex digest of run.json
    and ``key_fingerprint`` the signing key's (None without a key), printed on every page. Raises FormError where
    scorecard, form and basics do not fit together.
    """
    values = field_values(form_text, scorecard, basics)
    rows = joined_rows(scorecard, form_text)
    title = str(form_text["title"])
    sheet = house.new_paper(f"{title} {scorecard['community_name']}", created=moment_of(scorecard), landscape=True)
    head = f"{head_line(scorecard)}\n{seal_line(run_sha256, key_fingerprint)}"
    foot = "\n".join(foot_lines(scorecard, run_sha256, key_fingerprint))
    house.head_and_foot(sheet, head, environment_mark(scorecard), foot)
    house.number_style(sheet, "Cell numbered", "Cell", "〔%1〕")
    _open(sheet, form_text, scorecard)
    for name, section in sections(form_text):
        heading = sheet.add_paragraph(section["heading"], style="Heading 1")
        heading.paragraph_format.page_break_before = bool(section.get("new_page"))
        if name == "indicators":
            _write_indicators(sheet, section, rows, scorecard)
        else:
            _write_fields(sheet, section, values if is_ours(section) else {})
    sheet.add_paragraph(form_text["note"], style="Note").paragraph_format.space_before = _NOTE_GAP
    return house.to_bytes(sheet)


def _open(sheet: Paper, form_text: Mapping[str, Any], scorecard: Mapping[str, Any]) -> None:
    sheet.add_paragraph(form_text["annex"], style="Note")
    sheet.add_paragraph(form_text["title"], style="Title")
    if environment_mark(scorecard):
        line = sheet.add_paragraph(style="Note")
        line.alignment = WD_ALIGN_PARAGRAPH.CENTER
        run = line.add_run(SIMULATED_NOTICE)
        run.bold, run.font.color.rgb = True, house.RED


def _write_fields(sheet: Paper, section: Mapping[str, Any], values: Mapping[str, str]) -> None:
    table = house.new_table(sheet, _LABELS_MM)
    for line in section["rows"]:
        cells = house.add_row(table, height_mm=_FIELD_HEIGHT_MM)
        if len(line) == 1:
            cells[1].merge(cells[3])
        for field, place in zip(line, (0, 2), strict=False):
            label, value = cells[place], cells[place + 1]
            if field["label"]:
                house.write(label, field["label"], "Cell label")
            else:
                value = label.merge(value)
            _write_value(value, field, values.get(field["id"], ""))


def _write_value(cell: Any, field: Mapping[str, Any], text: str) -> None:
    if "signed" in field:
        house.leave_room(cell, field["signed"])
    else:
        house.write(cell, text or field.get("example", ""), "Cell value", grey=not text)


def _write_indicators(
    sheet: Paper, section: Mapping[str, Any], rows: Sequence[Mapping[str, str]], scorecard: Mapping[str, Any]
) -> None:
    if tuple(section["columns"]) != COLUMNS:
        raise FormError(f"form: the columns of part three are {list(section['columns'])}; write {list(COLUMNS)}")
    table = house.new_table(sheet, list(_WIDTHS.values()))
    head_height, lines = plan_lines(rows, section["columns"], _WIDTHS)
    for cell, name in zip(house.add_row(table, repeat=True, height_mm=head_height * _MM_OF_PT), COLUMNS, strict=True):
        house.write(cell, section["columns"][name], "Cell head")
    columns: dict[str, list[Any]] = {name: [] for name in MERGED}
    for row, line in zip(rows, lines, strict=True):
        height = line.height * _MM_OF_PT if line.whole else None
        cells = house.add_row(table, whole=line.whole, height_mm=height)
        for cell, name in zip(cells, COLUMNS, strict=True):
            house.write(
                cell,
                row[name],
                "Cell numbered" if name == "sentence" else "Cell",
                centred=name not in _LEFT_ALIGNED,
                bold=name in {"met", "score"} and row["met"] == MET,
            )
            if not line.whole:
                cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.TOP
            if name in columns:
                columns[name].append(cell)
    _merge_levels(columns, lines)
    _write_sums(table, section["totals"], scorecard)
    for text in notes(scorecard):
        note = sheet.add_paragraph(house.printable(text), style="Note")
        note.paragraph_format.space_before = _NOTE_GAP


def _merge_levels(columns: Mapping[str, Sequence[Any]], lines: Sequence[Any]) -> None:
    for name, cells in columns.items():
        begins = [index for index, line in enumerate(lines) if name not in line.merged]
        for begin, end in zip(begins, [*begins[1:], len(lines)], strict=True):
            if end - begin > 1:
                house.merge_down(cells[begin:end])


def _write_sums(table: Any, labels: Mapping[str, str], scorecard: Mapping[str, Any]) -> None:
    """Write the three sums: what it is, room for the reviewer's figure, and the applicant's own below 具体得分."""
    for key, text in zip(TOTALS, sums(scorecard), strict=True):
        cells = house.add_row(table, height_mm=_FIELD_HEIGHT_MM)
        head, review, own = cells[0].merge(cells[3]), cells[4].merge(cells[6]), cells[7].merge(cells[8])
        house.write(head, labels[key], "Cell label")
        house.write(review, REVIEW_ROOM, "Cell value")
        house.write(own, text, "Cell value", bold=True)
