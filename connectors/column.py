"""The columns of a register sheet: how a header is recognised and how a cell is read.

A cell is read into one spelling, so that "03号楼", "３栋", "三号楼" and "3" name the same building. What cannot be
read raises ValueError whose text is the mend, in Chinese: it is read by those who keep the register.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from connectors.payload import is_clean
from connectors.spelling import cell_level, cell_number

_BUILDING = re.compile(r"0*([0-9]+)(?:\.0+)?(?:#|号|号楼|楼|栋|幢|座)?")
_UNIT = re.compile(r"0*([0-9]+)(?:\.0+)?(?:#|号)?(?:单元|单元号|门)?")
_LEVEL = re.compile(r"(-|b|负|地下)?(?:第)?0*([0-9]+)(?:\.0+)?(?:层|楼|f)?")
_ROOM = re.compile(r"0*([0-9]+)(?:\.0+)?(?:#|室|号|号房|房)?")
_WHOLE = re.compile(r"-?[0-9]+")
_SCIENTIFIC = re.compile(r"-?[0-9](?:\.[0-9]+)?E\+[0-9]{2,3}", re.IGNORECASE)
_DATE = re.compile(r"(?:[0-9]{4}年)?[0-9]{1,2}月[0-9]{1,2}日(?: [0-9:.]+)?")
_WORKBOOK_ERROR = re.compile(r"#(?:REF!|N/A|VALUE!|NAME\?|DIV/0!|NUM!|NULL!)|#+")
_COUNT = re.compile(r"([0-9]{1,15})(?:\.0+)?")
_YES = frozenset({"是", "true", "yes", "y", "1", "有"})
_NO = frozenset({"否", "false", "no", "n", "0", "无"})


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a kind of sheet.

    ``headers`` are its accepted names, the usual one first, besides the key itself. ``read`` turns a cell that is
    not empty into its one spelling or raises ValueError with the mend. ``words`` are those a cell may hold, in Chinese,
    where it may hold no others.
    """

    key: str
    headers: tuple[str, ...]
    read: Callable[[str], str]
    required: bool = False
    words: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """Return the column as a message names it: its usual header."""
        return self.headers[0]


def narrow(text: str) -> str:
    """Return the text with full-width digits and letters made plain and without white space around it."""
    return unicodedata.normalize("NFKC", text).strip()


def plain_header(text: str) -> str:
    """Return a header without what people decorate it with: blanks, stars, brackets, case, a byte order mark."""
    text = re.sub(r"\(.*?\)|\[.*?\]|【.*?】|[\s*:\ufeff_]", "", unicodedata.normalize("NFKC", text))
    return text.lower()


def refuse_spoiled(cell: str) -> None:
    """Raise ValueError for what a spreadsheet made of a cell: a formula without value, an error, lost digits."""
    text = narrow(cell)
    if text.startswith("=") and len(text) > 1:
        raise ValueError("公式没有保存计算结果，请改填数值（复制后选择性粘贴为数值）")
    if _WORKBOOK_ERROR.fullmatch(text):
        raise ValueError("公式出错，请改填正确的内容")
    if _SCIENTIFIC.fullmatch(text):
        raise ValueError("长编号被当成数字，后几位已丢失；请把这一列设为文本格式，再照原件重填")


def read_code(cell: str) -> str:
    """Return a code; raise ValueError for a date, for control characters, or for more than 100 characters."""
    code = narrow(cell)
    if _DATE.fullmatch(code):
        raise ValueError("编号被当成日期；请把这一列设为文本格式，再重填")
    if not is_clean(code) or len(code) > 100:
        raise ValueError("请填不超过100个字的编号，不能有换行")
    return code


def read_codes(cell: str) -> str:
    """Return one code or several, parted by "、"; raise ValueError as read_code does."""
    parts = [read_code(part) for part in re.split("[、,，;；/ ]+", narrow(cell)) if part]
    return "、".join(dict.fromkeys(parts))


def read_name(cell: str) -> str:
    """Return a name on one line."""
    name = " ".join(cell.split())
    if not is_clean(name):
        raise ValueError("名称里有不能显示的字符，请重新输入")
    return name


def read_building(cell: str) -> str:
    """Return the number of a building without zeros and words, or its name where it has no number."""
    text = read_code(cell)
    found = _BUILDING.fullmatch(text)
    return found[1] if found else _number_in(text)


def read_unit(cell: str) -> str:
    """Return the number of a unit without zeros and words, or its name where it has no number."""
    text = read_code(cell)
    found = _UNIT.fullmatch(text)
    return found[1] if found else _number_in(text)


def read_level(cell: str) -> str:
    """Return the storey as a whole number, negative below ground; raise ValueError for anything else."""
    found = _LEVEL.fullmatch(narrow(cell).lower())
    if found:
        return f"-{found[2]}" if found[1] and found[2] != "0" else found[2]
    level = cell_level(cell)
    if not _WHOLE.fullmatch(level):
        raise ValueError("请填整数楼层，地下一层填 -1")
    return level


def read_room(cell: str) -> str:
    """Return the room number without leading zeros and words, or the text in capitals where it is no number."""
    text = read_code(cell)
    found = _ROOM.fullmatch(text)
    return found[1] if found else text.removesuffix("室").upper()


def _number_in(text: str) -> str:
    """Return the number a text means ("三号楼", "3#楼"), the text itself where it means none."""
    number = cell_number(text)
    return number if number.isdigit() else text


def read_yes_no(cell: str) -> str:
    """Return true or false; raise ValueError for any other word."""
    word = narrow(cell).lower()
    if word in _YES:
        return "true"
    if word in _NO:
        return "false"
    raise ValueError("请填 是 或 否")


def read_count(cell: str) -> str:
    """Return a whole number without separators; raise ValueError for anything else."""
    found = _COUNT.fullmatch(narrow(cell).replace(",", ""))
    if not found:
        raise ValueError("请填整数，没有就填 0，不清楚就空着")
    return str(int(found[1]))


def choice(words: Mapping[str, str]) -> Callable[[str], str]:
    """Return a reader that accepts the English words and their Chinese spellings and gives the English word."""
    accepted = {**words, **{english: english for english in words.values()}}
    mend = f"请填 {'、'.join(words)} 之一"

    def read(cell: str) -> str:
        word = narrow(cell).lower()
        if word not in accepted:
            raise ValueError(mend)
        return accepted[word]

    return read
