"""Reads a filled attesting workbook: every line becomes an act, or every cell that is refused is named at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openpyxl.utils import column_index_from_string, get_column_letter
from openpyxl.utils.cell import coordinate_from_string

from collector.attest_layout import (
    APPLIES,
    COLUMNS,
    DEFAULTS,
    DOES_NOT,
    DRILLS,
    HOME_ANSWER,
    NOT_SATISFIED,
    OVERRIDES,
    PARTS,
    QUESTIONS,
    SATISFIED,
    SKIPPED,
    SURVEY,
    SURVEY_LINES,
    Column,
    Holds,
)
from connectors.sheet import Grid
from connectors.workbook import read_workbook
from evidence.act_terms import Fault, Terms, survey_way
from evidence.acts import ActError, Given, is_known, read_act
from evidence.attest import ActLine, Standing, make_withdrawal

_FILLED = (PARTS, SURVEY, DRILLS, OVERRIDES, QUESTIONS)
_ACTS = {PARTS: "attest", DRILLS: "drill", OVERRIDES: "override"}
_OFFERED = {(DRILLS, "place"), (DRILLS, "capability")}
_DEFAULTED = ("by", "date", "expires")
_HEADER_WITHIN = 15
"""A header stands within the first lines of its sheet."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One filled line: its texts by key, and where each stands (cell and header)."""

    sheet: str
    texts: Mapping[str, str]
    cells: Mapping[str, tuple[str, str]]


class _Refusals:
    """Gathers what is refused, each cell once, and tells it in the order of the workbook."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._told: dict[str, tuple[int, int, int]] = {}

    def add(self, line: _Line, fault: Fault) -> None:
        """Refuse one value of a line."""
        cell, header = line.cells.get(fault.key, ("", ""))
        first = cell or next(iter(line.cells.values()))[0]
        at = f"{cell}格“{header}”" if cell else f"{first}格所在行"
        value = " ".join(str(fault.value).split())[:40]
        column, row = coordinate_from_string(first)
        self._say(
            f"工作表“{line.sheet}”{at}：{f'“{value}”' if value else '空白'}，{fault.zh}",
            (_FILLED.index(line.sheet), row, column_index_from_string(column)),
        )

    def add_sheet(self, sheet: str, text: str) -> None:
        """Refuse a whole sheet."""
        self._say(f"工作表“{sheet}”：{text}", (_FILLED.index(sheet), 0, 0))

    def _say(self, text: str, place: tuple[int, int, int]) -> None:
        self._told.setdefault(f"{self._file} {text}", place)

    @property
    def lines(self) -> list[str]:
        """Return a line for everything that is refused."""
        return sorted(self._told, key=lambda text: self._told[text])


def read_attest_workbook(
    content: bytes,
    name: str,
    read_document: Callable[[str], bytes],
    terms: Terms,
    alarms: Mapping[str, str],
    recorded: Sequence[ActLine],
    known: frozenset[str],
) -> list[Given]:
    """Return the acts of a filled workbook, those included that are ``known`` already; lines left empty are none.

    A question answered 是 where 否 was recorded becomes a withdrawal. ``alarms`` are the drills' capabilities with
    their Chinese names, ``recorded`` the acts there are. Raises ActError naming every refused cell, RegisterError for
    bytes that are no workbook.
    """
    grids = {grid.name: grid for grid in read_workbook(content, name)}
    if not grids.keys() & set(_FILLED):
        raise ActError(f"{name}：没有“{PARTS}”“{DRILLS}”等工作表；请用 `zhizheng attest template` 生成的工作簿填写")
    refusals = _Refusals(name)
    acts: list[Given] = []
    entries = [
        *_read_tables(grids, alarms, refusals),
        *_read_survey(grids.get(SURVEY), terms, refusals),
        *_read_questions(grids.get(QUESTIONS), terms, recorded, refusals),
    ]
    for line, entry in entries:
        if entry["act"] == "withdraw":
            acts.append((make_withdrawal(entry["receipts"], entry["by"], terms.today, entry["reason"]), None))
            continue
        given, faults = read_act(entry, read_document, terms)
        acts.append(given)
        if not is_known(given, known):
            for fault in faults:
                refusals.add(line, fault)
    if refusals.lines:
        raise ActError("\n".join(refusals.lines))
    return acts


_Entries = Iterator[tuple[_Line, dict[str, Any]]]


def _read_tables(grids: Mapping[str, Grid], alarms: Mapping[str, str], refusals: _Refusals) -> _Entries:
    names = {zh: name for name, zh in alarms.items()}
    for sheet, act in _ACTS.items():
        for line in _read_lines(grids.get(sheet), sheet, refusals):
            entry: dict[str, Any] = {"act": act, **line.texts}
            if sheet == PARTS and entry["quantity"] == SKIPPED:
                entry["quantity"] = ""
            if sheet == DRILLS:
                entry["capability"] = names.get(entry["capability"], entry["capability"])
            yield line, entry


def _read_lines(grid: Grid | None, sheet: str, refusals: _Refusals) -> Iterator[_Line]:
    """Yield the lines of a table in which something is filled in; a sheet that is not there has none."""
    if grid is None:
        return
    columns = [column for column in COLUMNS[sheet] if column.holds is not Holds.SHOWN]
    header, places = _find_header(grid, columns)
    lacking = [column.header for column in columns if column.key not in places and column.key != "note"]
    if lacking:
        listed = "、".join(lacking)
        refusals.add_sheet(sheet, f"前{_HEADER_WITHIN}行里找不到表头“{listed}”；请恢复模板的表头再导入")
        return
    # The template names places and alarms; a line with nothing else is not filled in.
    filled = [column.key for column in columns if column.is_filled and (sheet, column.key) not in _OFFERED]
    defaults: dict[str, str] = {}
    for number, cells in grid.lines:
        if number <= header:
            continue
        texts = {key: cells[index].strip() if index < len(cells) else "" for key, index in places.items()}
        if texts.get("row") == DEFAULTS:
            defaults = {key: texts[key] for key in _DEFAULTED if texts[key]}
            continue
        if not any(texts.get(key) and texts[key] != SKIPPED for key in filled):
            continue
        named = {column.key: column.header for column in columns}
        where = {key: (f"{get_column_letter(index + 1)}{number}", named[key]) for key, index in places.items()}
        yield _Line(sheet, {key: text or defaults.get(key, "") for key, text in texts.items()}, where)


def _find_header(grid: Grid, columns: Sequence[Column]) -> tuple[int, dict[str, int]]:
    """Return the line with most of the headers, and at which index each column stands there."""
    best: tuple[int, dict[str, int]] = (0, {})
    for number, cells in grid.lines:
        if number > _HEADER_WITHIN:
            break
        texts = ["".join(cell.split()) for cell in cells]
        places = {column.key: texts.index(column.header) for column in columns if column.header in texts}
        if len(places) > len(best[1]):
            best = (number, places)
    return best


# ---------------------------------------------------------------- the survey


def _read_survey(grid: Grid | None, terms: Terms, refusals: _Refusals) -> _Entries:
    row = next((row for row in terms.rubric.rows if survey_way(row) is not None), None)
    if grid is None or row is None:
        return
    names = {column.header: column for column in SURVEY_LINES}
    found = {cells[0].strip(): (number, cells) for number, cells in grid.lines if cells[0].strip() in names}
    lacking = [header for header, column in names.items() if header not in found and column.key != "note"]
    if lacking:
        refusals.add_sheet(SURVEY, f"A列找不到“{'、'.join(lacking)}”；请恢复模板的A列再导入")
        return
    texts = {names[header].key: cells[1].strip() if len(cells) > 1 else "" for header, (_, cells) in found.items()}
    where = {names[header].key: (f"B{number}", header) for header, (number, _) in found.items()}
    line = _Line(SURVEY, texts, where)
    homes = list(_read_homes(grid))
    for cell, answer in homes:
        if answer not in {SATISFIED, NOT_SATISFIED}:
            told = _Line(SURVEY, {}, {"answer": (cell, HOME_ANSWER)})
            refusals.add(told, Fault("answer", answer, "", f"请填“{SATISFIED}”或“{NOT_SATISFIED}”"))
    if not homes and not any(texts.values()):
        return
    entry: dict[str, Any] = {"act": "survey", "row": row.no, **texts}
    if homes:
        counts = {"sample": len(homes), "satisfied": sum(answer == SATISFIED for _, answer in homes)}
        for key, count in counts.items():
            if entry[key] not in {"", str(count)}:
                mend = f"与逐户填写的合计{count}户不符；请核对，或把这一格清空"
                refusals.add(line, Fault(key, entry[key], "", mend))
            entry[key] = count
    yield line, entry


def _read_homes(grid: Grid) -> Iterator[tuple[str, str]]:
    """Yield the cell and text of every answer given home by home."""
    index = None
    for number, cells in grid.lines:
        texts = [cell.strip() for cell in cells]
        if index is None:
            index = texts.index(HOME_ANSWER) if HOME_ANSWER in texts else None
        elif index < len(texts) and texts[index]:
            yield f"{get_column_letter(index + 1)}{number}", texts[index]


# ---------------------------------------------------------------- what does not apply


def _read_questions(grid: Grid | None, terms: Terms, recorded: Sequence[ActLine], refusals: _Refusals) -> _Entries:
    questions = {question.id: question for question in terms.rubric.questions}
    standing = {
        (line.row, line.part): line.receipt
        for line in recorded
        if line.act == "not_applicable" and line.state is not Standing.WITHDRAWN
    }
    for line in _read_lines(grid, QUESTIONS, refusals):
        texts = dict(line.texts)
        question, answer = questions.get(texts.pop("question")), texts.pop("answer")
        if question is None:
            refusals.add(line, Fault("question", line.texts["question"], "", "没有这个问题；请用新模板重新填写"))
        elif answer not in {APPLIES, DOES_NOT}:
            refusals.add(line, Fault("answer", answer, "", f"请填“{APPLIES}”或“{DOES_NOT}”"))
        elif answer == DOES_NOT:
            for no, part in question.parts:
                if (no, part) not in standing:
                    entry = {"act": "not_applicable", "row": no, "part": part, "question": question.id}
                    yield line, {**entry, **texts}
        elif not texts["by"]:
            refusals.add(line, Fault("by", "", "", "请填写"))
        else:
            receipts = [standing[key] for key in question.parts if key in standing]
            if receipts:
                reason = f"{question.zh}{APPLIES}"
                yield line, {"act": "withdraw", "receipts": receipts, "by": texts["by"], "reason": reason}
