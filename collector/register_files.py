"""A register as files: one workbook, or a folder of CSV sheets, read and judged without importing anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from connectors.register_columns import KINDS, SHEETS, TOTALS, kind_of
from connectors.register_reading import Part, Register, read_register
from connectors.register_table import Table, read_table
from connectors.sheet import LARGEST_BYTES, Grid, RegisterError, read_csv
from connectors.workbook import SUFFIXES, is_workbook, read_workbook

GUIDE_TAB = "填表说明"
"""The tab of the template that explains the others; it lists nothing."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """The files of a register and what they hold.

    ``files`` are (name, bytes) in their order; ``where`` says of each kind in which file it stands and on which tab
    (None for CSV). ``notes`` say in Chinese what was left out.
    """

    origin: str
    files: tuple[tuple[str, bytes], ...]
    where: Mapping[str, tuple[int, str | None]]
    tables: Mapping[str, Table]
    register: Register
    notes: tuple[str, ...]


def read_delivery(path: Path) -> Delivery:
    """Return a workbook, or the CSV sheets of a folder, with all their problems.

    Raises RegisterError when a file or sheet cannot be used at all, or nothing is filled in.
    """
    files = _gather(path)
    where: dict[str, tuple[int, str | None]] = {}
    tables: dict[str, Table] = {}
    notes: list[str] = []
    for index, (name, content) in enumerate(files):
        if Path(name).suffix.lower() == ".csv" and kind_of(Path(name).stem) is None:
            notes.append(f"{name}：不是台账里的表，没有读入")
            continue
        for grid in _grids(name, content):
            kind = kind_of(grid.name if grid.tab else Path(name).stem)
            if kind is None:
                notes += [f"“{grid.name}”不是台账里的表，随工作簿保存，不读入"] if grid.name != GUIDE_TAB else []
                continue
            if kind in tables:
                raise RegisterError(
                    f"{path.name}：“{tables[kind].grid.name}”和“{grid.name}”都是{SHEETS[kind][0]}表；请合并成一张"
                )
            table = read_table(kind, grid)
            notes += table.notes
            if table.stated:
                tables[kind], where[kind] = table, (index, grid.name if grid.tab else None)
    if not tables:
        raise RegisterError(f"{path}：一张表也没有填写；请先填写再导入，空表用 `zhizheng register template` 生成")
    tables = {kind: tables[kind] for kind in (*KINDS, TOTALS) if kind in tables}
    register = read_register({kind: Part.of(table) for kind, table in tables.items()})
    for fault in register.faults.values():
        raise RegisterError(fault)
    return Delivery(f"files:{path.name}", files, where, tables, register, tuple(notes))


def _gather(path: Path) -> tuple[tuple[str, bytes], ...]:
    if path.is_file():
        return ((path.name, _content(path)),)
    sheets = [one for one in path.glob("*") if one.suffix.lower() == ".csv"] if path.is_dir() else []
    if sheets:
        return tuple((one.name, _content(one)) for one in sorted(sheets, key=_order))
    books = sorted(one.name for one in path.glob("*") if one.suffix in SUFFIXES) if path.is_dir() else []
    if books:
        raise RegisterError(f"{path}：文件夹里没有 CSV 表，有工作簿 {books[0]}；请直接写 {path / books[0]}")
    raise RegisterError(
        f"{path}：没有台账；请写工作簿的文件名，或放有 building.csv、household.csv、totals.csv 等的文件夹"
    )


def _order(path: Path) -> tuple[int, str]:
    order = (*KINDS, TOTALS)
    kind = kind_of(path.stem)
    return (order.index(kind) if kind else len(order), path.name)


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(LARGEST_BYTES + 1)
    if len(content) > LARGEST_BYTES:
        raise RegisterError(f"{path.name}：文件超过 {LARGEST_BYTES} 字节；请删去图片或拆成几个文件")
    return content


def _grids(name: str, content: bytes) -> Iterable[Grid]:
    suffix = Path(name).suffix.lower()
    # A name may promise a workbook that the bytes are not: the reader says so.
    if suffix in SUFFIXES or (suffix != ".csv" and is_workbook(content)):
        return read_workbook(content, name)
    return (read_csv(content, name),)
