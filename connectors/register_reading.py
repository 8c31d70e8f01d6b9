"""One whole register, read from its sheets: places, totals, what is wrong, and which kinds are complete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connectors.register import Sheet, TotalRow, list_totals, read_sheet
from connectors.register_columns import KINDS, TOTALS
from connectors.register_links import check_links
from connectors.register_table import Table
from connectors.sheet import Problem, RegisterError


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one kind as delivered; ``where`` names the sheet, ``lines`` number its rows as people see them."""

    rows: Sequence[Mapping[str, str]]
    where: str
    lines: Sequence[int] | None = None
    problems: tuple[Problem, ...] = ()

    @classmethod
    def of(cls, table: Table) -> Part:
        """Return the part of a table."""
        return cls(table.rows, table.grid.name, table.lines, table.problems)


@dataclass(slots=True)
class Register:
    """What was read. ``faults`` says of a kind why its sheet cannot be used at all."""

    sheets: dict[str, Sheet] = field(default_factory=dict)
    totals: dict[str, TotalRow] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    complete: list[str] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)


def read_register(parts: Mapping[str, Part]) -> Register:
    """Return the register of some parts by kind, in the order of the kinds.

    A kind with a row that spoils it, or whose list another sheet shows to have a hole, is not complete.
    """
    register = Register()
    whole = []
    for kind in (*KINDS, TOTALS):
        if kind not in parts:
            continue
        part = parts[kind]
        problems = list(part.problems)
        try:
            if kind == TOTALS:
                register.totals, found = list_totals(part.rows, part.where, part.lines)
            else:
                register.sheets[kind] = read_sheet(kind, part.rows, part.where, part.lines)
                found = list(register.sheets[kind].problems)
        except RegisterError as error:
            register.faults[kind] = str(error)
            continue
        problems += found
        register.problems += problems
        if not any(problem.spoils for problem in problems):
            whole.append(kind)
    links = check_links(register.sheets)
    register.problems += links.problems
    register.complete = [kind for kind in whole if kind not in links.doubtful]
    return register
