"""Reads a filled declaration back and compares it, field by field, with what it should say.

Bytes go in; nothing here trusts them: whatever a damaged or forged file makes its readers raise becomes a FormError.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from zipfile import BadZipFile, ZipFile

from docx import Document
from docx.document import Document as Paper
from docx.exceptions import PythonDocxError
from docx.oxml.ns import qn

from evidence.form_words import (
    COLUMNS,
    PRINTED,
    REVIEWED,
    TOTALS,
    FormError,
    answers,
    environment_mark,
    field_lines,
    foot_lines,
    head_line,
    seal_line,
    sums,
)
from evidence.paper import printable

# What the zip, XML and Word readers raise, each of them for some way in which a file can be damaged.
UNREADABLE = (
    *(BadZipFile, zlib.error, EOFError, OSError, RuntimeError),
    *(SyntaxError, PythonDocxError),
    *(ValueError, TypeError, LookupError, AttributeError),
)
_PAGE_NUMBER = re.compile("\t.*")
LARGEST_FORM = 64 * 1024 * 1024


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
    """What a filled form says: rows, sums, (label, text) of every field, and the lines on the pages of each section."""

    rows: tuple[FilledRow, ...]
    totals: tuple[tuple[str, str], ...]
    fields: tuple[tuple[str, str], ...]
    heads: tuple[str, ...]
    feet: tuple[str, ...]


def read_form(payload: bytes) -> list[FilledRow]:
    """Return the rows of part three of a filled form, in its order; raises FormError where it cannot be read.

    Every row has its levels: a merged cell speaks for each row that it spans.
    """
    return list(_read(payload).rows)


def read_fields(payload: bytes) -> list[tuple[str, str]]:
    """Return (label, text) of every field of the other parts, in the form's order; raises FormError as read_form."""
    return list(_read(payload).fields)


def form_texts(payload: bytes) -> list[str]:
    """Return the text of every cell and paragraph of a form, in its order; raises FormError as read_form does."""
    _read(payload)
    paragraphs = _opened(payload).element.body.iter(qn("w:p"))
    return ["".join(text.text or "" for text in paragraph.iter(qn("w:t"))) for paragraph in paragraphs]


def compare_form(
    scorecard: Mapping[str, Any],
    payload: bytes,
    *,
    form_text: Mapping[str, Any] | None = None,
    basics: Mapping[str, str] | None = None,
    run_sha256: str | None = None,
    key_fingerprint: str | None = None,
) -> list[str]:
    """Return one line per difference between a filled form and the scorecard it should show; none means equal.

    With ``form_text`` the form's own words are compared too, with ``basics`` besides it every field that the applicant
    fills, with ``run_sha256`` the digest (and the key, or its absence) on its pages. What reviewers write behind 审核
    and in the authorities' parts is theirs and not compared. Raises FormError where the payload is no such form.
    """
    filled = _read(payload)
    found: list[str] = []
    head = f"{head_line(scorecard)}\t{environment_mark(scorecard)}"
    if run_sha256 is not None:
        head += f"\n{seal_line(run_sha256, key_fingerprint)}"
        foot = "\n".join(foot_lines(scorecard, run_sha256, key_fingerprint))
        for text in filled.feet:
            found += _difference("foot of the pages", foot, _PAGE_NUMBER.sub("", text, count=1))
    for text in filled.heads:
        found += _difference("head of the pages", head, text if run_sha256 is not None else text.partition("\n")[0])
    found += _compare_rows(scorecard, form_text, filled.rows)
    found += _compare_sums(scorecard, filled.totals)
    if form_text is not None and basics is not None:
        found += _compare_fields(field_lines(form_text, scorecard, basics), filled.fields)
    return found


def _compare_rows(
    scorecard: Mapping[str, Any], form_text: Mapping[str, Any] | None, rows: Sequence[FilledRow]
) -> list[str]:
    printed = {entry["no"]: entry for entry in form_text["rows"]} if form_text else {}
    wanted_rows = sorted(scorecard["indicators"], key=lambda item: item["no"])
    found = []
    if len(wanted_rows) != len(rows):
        found.append(f"part three: the form has {len(rows)} rows, the scorecard {len(wanted_rows)}")
    for scored, row in zip(wanted_rows, rows, strict=False):
        words = {**scored, **printed.get(scored["no"], {})}
        wanted = {key: str(words[key]) for key in PRINTED if key in words} | answers(scored)
        for key, text in wanted.items():
            found += _difference(f"row {scored['no']}, {key}", text, getattr(row, key))
    return found


def _compare_sums(scorecard: Mapping[str, Any], shown: Sequence[tuple[str, str]]) -> list[str]:
    if len(shown) != len(TOTALS):
        return [f"below part three the form has {len(shown)} sums, it should have {len(TOTALS)}"]
    found = []
    for key, text, (review, figure) in zip(TOTALS, sums(scorecard), shown, strict=True):
        found += _difference(f"total {key}", text, figure)
        found += _difference(f"total {key}, the reviewer's room", REVIEWED, review[: len(REVIEWED)])
    return found


def _compare_fields(wanted: Sequence[tuple[str, str, str | None]], shown: Sequence[tuple[str, str]]) -> list[str]:
    if len(wanted) != len(shown):
        return [f"the form has {len(shown)} fields, it should have {len(wanted)}"]
    found = []
    for (part, label, text), (shown_label, shown_text) in zip(wanted, shown, strict=True):
        found += _difference(f"{part}, a field's label", label, shown_label)
        found += [] if text is None else _difference(f"{part}, {label}", text, shown_text)
    return found


def _difference(where: str, wanted: str, shown: str) -> list[str]:
    wanted = printable(wanted)
    return [] if wanted == shown else [f"{where}: the form says {shown!r}, it should say {wanted!r}"]


def _read(payload: bytes) -> _Filled:
    try:
        return _take_apart(_opened(payload))
    except FormError:
        raise
    except UNREADABLE as error:
        cause = f"{type(error).__name__}: {error}".splitlines()[0]
        raise FormError(f"the form is no readable .docx file ({cause}); write it again") from error


def refuse_large(payload: bytes) -> None:
    """Raise FormError for a package that unpacks to more than any form of ours."""
    with ZipFile(BytesIO(payload)) as package:
        size = sum(item.file_size for item in package.infolist())
    if size > LARGEST_FORM:
        raise FormError(f"the form unpacks to {size} bytes, more than {LARGEST_FORM}; it is no form of ours")


def _opened(payload: bytes) -> Paper:
    refuse_large(payload)
    sheet = Document(BytesIO(payload))
    # The library walks a merged cell once for each column that it claims to span.
    if sheet.element.xpath(f"//w:gridSpan[@w:val > {len(COLUMNS)}]"):
        raise FormError(f"the form has a cell over more than its {len(COLUMNS)} columns; it is no form of ours")
    return sheet


def _take_apart(sheet: Paper) -> _Filled:
    tables = [table for table in sheet.tables if len(table.columns) == len(COLUMNS)]
    if len(tables) != 1:
        raise FormError(f"the form has {len(tables)} tables with {len(COLUMNS)} columns, not one; write it again")
    rows: list[FilledRow] = []
    totals: list[tuple[str, str]] = []
    for texts in _lines(tables[0]._tbl.tr_lst[1:]):  # noqa: SLF001 - a row's cells cost the library a walk each
        if len(texts) == len(COLUMNS):
            rows.append(FilledRow(len(rows) + 1, *texts))
        else:
            totals.append((texts[1] if len(texts) > 2 else "", texts[-1]))
    fields = [
        pair
        for table in sheet.tables
        if len(table.columns) != len(COLUMNS)
        for texts in _lines(table._tbl.tr_lst)  # noqa: SLF001
        for pair in _pairs(texts)
    ]
    return _Filled(
        rows=tuple(rows),
        totals=tuple(totals),
        fields=tuple(fields),
        heads=tuple("\n".join(line.text for line in section.header.paragraphs) for section in sheet.sections),
        feet=tuple("\n".join(line.text for line in section.footer.paragraphs) for section in sheet.sections),
    )


def _lines(rows: Sequence[Any]) -> Iterator[list[str]]:
    """Yield the texts of each row's cells as people see them: where cells are merged downwards, the first one's.

    A text hidden below a merged cell is the same in a form of ours; another one is shown beside what hides it.
    """
    seen: list[str] = []
    for row in rows:
        held = ["\n".join(line.text for line in cell.p_lst) for cell in row.tc_lst]
        merged = [cell.vMerge == "continue" and index < len(seen) for index, cell in enumerate(row.tc_lst)]
        seen = [seen[index] if is_merged else held[index] for index, is_merged in enumerate(merged)]
        yield [text if below in {"", text} else f"{text}（{below}）" for text, below in zip(seen, held, strict=True)]


def _pairs(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield (label, text) of a line of fields; a field that is all of its line has no label."""
    if len(texts) == 1:
        yield "", texts[0]
    else:
        yield from zip(texts[::2], texts[1::2], strict=False)
