"""The official declaration as a Word file: filled from a scorecard, read back, and compared with it.

The form's own words come from data (``config/forms/<city>/form.yaml`` and the rubric's rows), so that another city's
form needs no code. Nothing here touches a file: mappings go in, bytes come out, the same bytes for the same input.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from itertools import zip_longest
from typing import Any
from zipfile import BadZipFile, ZipFile

from docx import Document
from docx.document import Document as Paper
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.exceptions import PythonDocxError
from docx.oxml.ns import qn
from docx.shared import Pt

from evidence import paper as house

MET = "√"
NOT_MET = "О"  # the letter the form itself prints, U+041E
UNPROVEN = "О（未证实）"
SELF_ASSESSED = "（自评）"
ENVIRONMENTS = {"production": "", "simulated": "模拟数据"}
SIMULATED_NOTICE = "模拟数据：本表根据模拟设备的消息生成，不得用于申报。"

# Millimetres; together the width of a landscape A4 page between its margins.
_COLUMNS = {
    "level1": 15,
    "level2": 21.5,
    "meaning": 38,
    "content": 72.5,
    "type": 10.5,
    "points": 10.5,
    "met": 20,
    "score": 15,
    "sentence": 64,
}
_TOTALS = ("base", "bonus", "floor")
_LABELS_MM = (42, 91.5, 42, 91.5)
_FIELD_HEIGHT_MM = 8.5
_NOTE_GAP = Pt(4)
_LEFT_ALIGNED = frozenset({"meaning", "content", "sentence"})
_LINE, _LINES_FIT_PAGE = 20, 25  # characters and lines of a sentence; a longer one may run over to the next page
_PRINTED = ("level1", "level2", "meaning", "content", "type", "points")
# What the zip, XML and Word readers raise, each of them for some way in which a file can be damaged.
_UNREADABLE = (
    *(BadZipFile, zlib.error, EOFError, OSError, RuntimeError),
    *(SyntaxError, PythonDocxError),
    *(ValueError, TypeError, LookupError, AttributeError),
)
_LARGEST_FORM = 64 * 1024 * 1024


class FormError(ValueError):
    """A form that cannot be filled or read; the message names the value and the mend."""


@dataclass(frozen=True, slots=True)
class FilledRow:
    """One row of part three as a filled form shows it. ``no`` is its place in the table, from 1; all else is text.

    ``points`` is 指标分值, ``met`` the mark √ or О, ``score`` 具体得分, ``sentence`` 具体完成情况描述.
    """

    no: int
    level1: str
    level2: str
    meaning: str
    content: str
    type: str
    points: str
    met: str
    score: str
    sentence: str


@dataclass(frozen=True, slots=True)
class _Filled:
    """What a filled form says: its rows, its sums, and the lines on the pages of each section."""

    rows: tuple[FilledRow, ...]
    totals: tuple[str, ...]
    heads: tuple[str, ...]
    feet: tuple[str, ...]


def met_mark(*, met: bool | None) -> str:
    """Return what stands under 是否具备: √, О, or О（未证实） where nothing is proven."""
    if met is None:
        return UNPROVEN
    return MET if met else NOT_MET


def field_ids(form_text: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys that ``basics`` may have: the form's fields that the applicant fills, in the form's order."""
    return tuple(field["id"] for _, section in _sections(form_text) if _is_ours(section) for field in _fields(section))


def register_basics(form_text: Mapping[str, Any], counts: Mapping[str, int]) -> dict[str, str]:
    """Return the fields that the register fills (住户数, 楼栋数, 单元数), given its count of each kind of place."""
    return {
        field["id"]: str(counts[field["register"]])
        for _, section in _sections(form_text)
        for field in _fields(section)
        if counts.get(field.get("register", "")) is not None
    }


def fill_form(
    scorecard: Mapping[str, Any], form_text: Mapping[str, Any], basics: Mapping[str, str], run_sha256: str
) -> bytes:
    """Return the declaration as .docx bytes.

    ``scorecard`` is scorecard.json; ``form_text`` the form's mapping with the rubric's 76 entries under ``rows``;
    ``basics`` the applicant's texts by field id (missing ones stay blank); ``run_sha256`` the hex digest of run.json,
    printed on every page. Raises FormError where scorecard, form and basics do not fit together.
    """
    _check_basics(basics, form_text)
    rows = _joined(scorecard, form_text)
    title = str(form_text["title"])
    sheet = house.new_paper(
        f"{title} {scorecard['community_name']}", created=_moment(scorecard["as_of"]), landscape=True
    )
    house.head_and_foot(sheet, head_line(scorecard), _environment(scorecard), foot_line(run_sha256))
    house.number_style(sheet, "Cell numbered", "Cell", "〔%1〕")
    _open(sheet, form_text, scorecard)
    values = {"community_name": str(scorecard["community_name"]), **{key: text for key, text in basics.items() if text}}
    for name, section in _sections(form_text):
        heading = sheet.add_paragraph(section["heading"], style="Heading 1")
        heading.paragraph_format.page_break_before = bool(section.get("new_page"))
        if name == "indicators":
            _write_indicators(sheet, section, rows, scorecard)
            _write_notes(sheet, scorecard)
        else:
            _write_fields(sheet, section, values if _is_ours(section) else {})
    sheet.add_paragraph(form_text["note"], style="Note").paragraph_format.space_before = _NOTE_GAP
    return house.to_bytes(sheet)


def head_line(scorecard: Mapping[str, Any]) -> str:
    """Return the line at the top of every page: community, run and window."""
    window = scorecard["window"]
    return (
        f"{scorecard['community_name']}（{scorecard['community']}）　第 {scorecard['run']} 次运行　"
        f"统计时段 {_day(window['from'])} 至 {_day(window['to'])}（{window['days']} 天）"
    )


def foot_line(run_sha256: str) -> str:
    """Return the line at the bottom of every page: the digest that ties the paper to its run."""
    return f"run.json SHA-256：{run_sha256}"


def _day(moment: str) -> str:
    return moment[:16].replace("T", " ")


def _moment(as_of: str) -> datetime:
    try:
        moment = datetime.fromisoformat(as_of)
    except ValueError:
        raise FormError(f"scorecard: as_of is {as_of!r}; write an ISO time such as 2026-11-03T00:00:00+08:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _environment(scorecard: Mapping[str, Any]) -> str:
    name = scorecard["environment"]
    if name not in ENVIRONMENTS:
        raise FormError(f"scorecard: environment {name!r} is not one of {', '.join(ENVIRONMENTS)}")
    return ENVIRONMENTS[name]


def _sections(form_text: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return ((name, part) for name, part in form_text.items() if isinstance(part, Mapping) and "heading" in part)


def _fields(section: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return (field for row in section.get("rows", ()) for field in row)


def _is_ours(section: Mapping[str, Any]) -> bool:
    return section.get("filled_by") != "authority"


def _check_basics(basics: Mapping[str, str], form_text: Mapping[str, Any]) -> None:
    known = field_ids(form_text)
    for key in basics:
        if key not in known:
            raise FormError(f"basics: {key!r} is not a field the applicant fills; the fields are {', '.join(known)}")


def _joined(scorecard: Mapping[str, Any], form_text: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return per row of the form its printed words, √ or О, points and sentence, by the name of the column."""
    scored = {row["no"]: row for row in scorecard["indicators"]}
    printed = [entry["no"] for entry in form_text["rows"]]
    if printed != list(range(1, len(printed) + 1)):
        raise FormError("form: its rows are not numbered 1, 2, 3 …; put them into the form's order")
    if set(scored) != set(printed) or len(scorecard["indicators"]) != len(printed):
        odd = sorted(set(scored) ^ set(printed)) or ["one number twice"]
        raise FormError(f"scorecard and form have different rows: {odd}; refresh with the rubric of this form")
    return [{key: entry[key] for key in _PRINTED} | _answers(scored[entry["no"]]) for entry in form_text["rows"]]


def _answers(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the three cells that the applicant fills in a row of part three."""
    return {"met": met_mark(met=row["met"]), "score": row["floor"], "sentence": row["sentence"]}


def _open(sheet: Paper, form_text: Mapping[str, Any], scorecard: Mapping[str, Any]) -> None:
    sheet.add_paragraph(form_text["annex"], style="Note")
    sheet.add_paragraph(form_text["title"], style="Title")
    if _environment(scorecard):
        line = sheet.add_paragraph(style="Note")
        line.alignment = WD_ALIGN_PARAGRAPH.CENTER
        run = line.add_run(SIMULATED_NOTICE)
        run.bold, run.font.color.rgb = True, house.RED


def _write_fields(sheet: Paper, section: Mapping[str, Any], values: Mapping[str, str]) -> None:
    table = house.new_table(sheet, _LABELS_MM)
    for fields in section["rows"]:
        cells = house.add_row(table, height_mm=_FIELD_HEIGHT_MM)
        if len(fields) == 1:
            cells[1].merge(cells[3])
        for field, place in zip(fields, (0, 2), strict=False):
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
    sheet: Paper, section: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], scorecard: Mapping[str, Any]
) -> None:
    if list(section["columns"]) != list(_COLUMNS):
        raise FormError(f"form: the columns of part three are {list(section['columns'])}; write {list(_COLUMNS)}")
    names = list(section["columns"])
    table = house.new_table(sheet, [_COLUMNS[name] for name in names])
    for cell, name in zip(house.add_row(table, repeat=True), names, strict=True):
        house.write(cell, section["columns"][name], "Cell head")
    above: Mapping[str, Any] = {}
    for row in rows:
        same_level1 = row["level1"] == above.get("level1")
        same_level2 = same_level1 and row["level2"] == above.get("level2")
        repeated = {
            "level1": same_level1,
            "level2": same_level2,
            "meaning": same_level2 and row["meaning"] == above["meaning"],
        }
        cells = house.add_row(table, whole=_fits_page(row["sentence"]))
        for cell, name in zip(cells, names, strict=True):
            house.write(
                cell,
                row[name],
                "Cell numbered" if name == "sentence" else "Cell",
                centred=name not in _LEFT_ALIGNED,
                grey=repeated.get(name, False),
                bold=name in {"met", "score"} and row["met"] == MET,
            )
        above = row
    for key, text in zip(_TOTALS, _totals(scorecard), strict=True):
        cells = house.add_row(table, height_mm=_FIELD_HEIGHT_MM)
        head, value = cells[0].merge(cells[5]), cells[6].merge(cells[8])
        house.write(head, section["totals"][key], "Cell label")
        house.write(value, text, "Cell value", bold=True)


def _fits_page(sentence: str) -> bool:
    return sum(1 + len(line) // _LINE for line in sentence.splitlines()) <= _LINES_FIT_PAGE


def _totals(scorecard: Mapping[str, Any]) -> list[str]:
    """Return what stands behind 核定分数, 加分项得分 and 总分数: the applicant's own figures, marked as such."""
    return [f"{scorecard['totals'][key]}{SELF_ASSESSED}" for key in _TOTALS]


def _write_notes(sheet: Paper, scorecard: Mapping[str, Any]) -> None:
    totals = scorecard["totals"]
    open_points = Decimal(totals["ceiling"]) - Decimal(totals["floor"])
    prerequisites = "，".join(
        f"★{grade} {count['met']}/{count['of']}项" for grade, count in scorecard["prerequisites"].items()
    )
    for text in (
        f"得分为申报单位自评，只计已证实的部分，其中有证明文件的人工佐证{totals['attested']}分；另有{open_points}分未证实，未计入。",
        f"已具备的前提指标：{prerequisites}。〔〕内为指标序号；{UNPROVEN}表示尚无证据，不等于不具备。",
    ):
        note = sheet.add_paragraph(house.printable(text), style="Note")
        note.paragraph_format.space_before = _NOTE_GAP


def read_form(payload: bytes) -> list[FilledRow]:
    """Return the rows of part three of a filled form, in its order; raises FormError where it cannot be read."""
    return list(_read(payload).rows)


def compare_form(
    scorecard: Mapping[str, Any],
    payload: bytes,
    *,
    form_text: Mapping[str, Any] | None = None,
    run_sha256: str | None = None,
) -> list[str]:
    """Return one line per difference between a filled form and the scorecard it should show; none means equal.

    With ``form_text`` the form's own words are compared too, with ``run_sha256`` the digest on its pages.
    Raises FormError where the payload is no such form.
    """
    filled = _read(payload)
    printed = {entry["no"]: entry for entry in form_text["rows"]} if form_text else {}
    found = _count_difference(len(scorecard["indicators"]), len(filled.rows))
    for scored, row in zip(sorted(scorecard["indicators"], key=lambda item: item["no"]), filled.rows, strict=False):
        words = {**scored, **printed.get(scored["no"], {})}
        wanted = {key: words[key] for key in _PRINTED if key in words} | _answers(scored)
        for key, text in wanted.items():
            found += _difference(f"row {scored['no']}, {key}", text, getattr(row, key))
    for key, text, shown in zip_longest(_TOTALS, _totals(scorecard), filled.totals, fillvalue=""):
        found += _difference(f"total {key or 'nobody asked for'}", text, shown)
    head = f"{head_line(scorecard)}\t{_environment(scorecard)}"
    for shown in filled.heads:
        found += _difference("head of the pages", head, shown)
    for shown in filled.feet if run_sha256 is not None else ():
        found += _difference("foot of the pages", foot_line(str(run_sha256)), shown.partition("\t")[0])
    return found


def _count_difference(wanted: int, shown: int) -> list[str]:
    return [] if wanted == shown else [f"part three: the form has {shown} rows, the scorecard {wanted}"]


def form_texts(payload: bytes) -> list[str]:
    """Return the text of every cell and paragraph of a form, in its order; raises FormError as read_form does."""
    _read(payload)
    paragraphs = _opened(payload).element.body.iter(qn("w:p"))
    return ["".join(text.text or "" for text in paragraph.iter(qn("w:t"))) for paragraph in paragraphs]


def _difference(where: str, wanted: str, shown: str) -> list[str]:
    wanted = house.printable(wanted)
    return [] if wanted == shown else [f"{where}: the form says {shown!r}, it should say {wanted!r}"]


def _read(payload: bytes) -> _Filled:
    try:
        return _take_apart(_opened(payload))
    except FormError:
        raise
    except _UNREADABLE as error:
        cause = f"{type(error).__name__}: {error}".splitlines()[0]
        raise FormError(f"the form is no readable .docx file ({cause}); write it again") from error


def _opened(payload: bytes) -> Paper:
    with ZipFile(BytesIO(payload)) as package:
        size = sum(item.file_size for item in package.infolist())
    if size > _LARGEST_FORM:
        raise FormError(f"the form unpacks to {size} bytes, more than {_LARGEST_FORM}; it is no form of ours")
    sheet = Document(BytesIO(payload))
    # The library walks a merged cell once for each column that it claims to span.
    if sheet.element.xpath(f"//w:gridSpan[@w:val > {len(_COLUMNS)}]"):
        raise FormError(f"the form has a cell over more than its {len(_COLUMNS)} columns; it is no form of ours")
    return sheet


def _take_apart(sheet: Paper) -> _Filled:
    tables = [table for table in sheet.tables if len(table.columns) == len(_COLUMNS)]
    if len(tables) != 1:
        raise FormError(f"the form has {len(tables)} tables with {len(_COLUMNS)} columns, not one; write it again")
    rows: list[FilledRow] = []
    totals: list[str] = []
    for line in tables[0].rows[1:]:
        # A merged cell stands once for each column it spans.
        if len({id(cell) for cell in line.cells}) == len(_COLUMNS):
            texts = {name: cell.text for name, cell in zip(_COLUMNS, line.cells, strict=True)}
            rows.append(FilledRow(no=len(rows) + 1, **texts))
        else:
            totals.append(line.cells[-1].text)
    return _Filled(
        rows=tuple(rows),
        totals=tuple(totals),
        heads=tuple("\n".join(line.text for line in section.header.paragraphs) for section in sheet.sections),
        feet=tuple("\n".join(line.text for line in section.footer.paragraphs) for section in sheet.sections),
    )
