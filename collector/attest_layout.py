"""The sheets of the attesting workbook: what each column is called, and what it holds.

The template is written and a filled workbook is read from this one description. Columns are found by their headers, so
that people may move them; a column that is only shown is never read, but for the codes that say which line it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

GUIDE, PARTS, SURVEY, DRILLS = "填表说明", "佐证", "满意度调查", "演练"
OVERRIDES, QUESTIONS, RECORDED, LISTS = "更正", "不适用", "已登记", "列表"

SKIPPED = "不填"
"""What stands in a quantity that is not asked for."""

DEFAULTS = "默认"
"""Stands in place of the row's number in the line whose values fill the empty cells below."""

YES, NO = "有", "无"
APPLIES, DOES_NOT = "是", "否"
SATISFIED, NOT_SATISFIED = "满意", "不满意"


class Holds(StrEnum):
    """What a column holds: something only shown, a code that must stay, or what people fill in."""

    SHOWN = "shown"
    CODE = "code"
    TEXT = "text"
    DAY = "day"
    COUNT = "count"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the key of the act it fills, its header, its width in characters, what it holds."""

    key: str
    header: str
    width: float
    holds: Holds

    @property
    def is_filled(self) -> bool:
        """Return whether people fill it in."""
        return self.holds not in {Holds.SHOWN, Holds.CODE}


_DOCUMENT = Column("document", "文件", 24, Holds.TEXT)
_DATE = Column("date", "日期", 12.5, Holds.DAY)
_EXPIRES = Column("expires", "有效期至", 12.5, Holds.DAY)
_NOTE = Column("note", "备注", 18, Holds.TEXT)

COLUMNS: dict[str, tuple[Column, ...]] = {
    PARTS: (
        Column("row", "指标序号", 6, Holds.CODE),
        Column("part", "分项代码", 13, Holds.CODE),
        Column("content", "评价内容", 38, Holds.SHOWN),
        Column("title", "分项", 18, Holds.SHOWN),
        Column("state", "现状", 24, Holds.SHOWN),
        Column("value", "有/无", 7, Holds.CHOICE),
        Column("quantity", "数量", 8, Holds.COUNT),
        Column("unit", "数量要求", 15, Holds.SHOWN),
        Column("whole", "总数", 8, Holds.SHOWN),
        _DOCUMENT,
        Column("by", "佐证人", 10, Holds.TEXT),
        _DATE,
        _EXPIRES,
        _NOTE,
    ),
    DRILLS: (
        Column("label", "地点", 24, Holds.SHOWN),
        Column("place", "地点编号", 20, Holds.TEXT),
        Column("capability", "功能", 22, Holds.CHOICE),
        _DATE,
        Column("by", "记录人", 10, Holds.TEXT),
        _DOCUMENT,
        Column("quantity", "响应秒数", 10, Holds.COUNT),
        _NOTE,
    ),
    OVERRIDES: (
        Column("row", "指标序号", 9, Holds.COUNT),
        Column("points", "更正得分", 10, Holds.COUNT),
        Column("reason", "理由", 48, Holds.TEXT),
        _DOCUMENT,
        Column("by", "更正人", 10, Holds.TEXT),
        _DATE,
        _EXPIRES,
        _NOTE,
    ),
    QUESTIONS: (
        Column("question", "问题代码", 16, Holds.CODE),
        Column("text", "问题", 44, Holds.SHOWN),
        Column("rows", "答“否”时不适用的指标", 22, Holds.SHOWN),
        Column("state", "现状", 24, Holds.SHOWN),
        Column("answer", "回答", 8, Holds.CHOICE),
        Column("by", "登记人", 10, Holds.TEXT),
        _DATE,
        _NOTE,
    ),
    RECORDED: (
        Column("receipt", "记录号", 8, Holds.SHOWN),
        Column("act", "类别", 10, Holds.SHOWN),
        Column("row", "指标序号", 9, Holds.SHOWN),
        Column("title", "分项或功能", 22, Holds.SHOWN),
        Column("place", "代码或地点", 16, Holds.SHOWN),
        Column("value", "内容", 12, Holds.SHOWN),
        Column("quantity", "数量", 9, Holds.SHOWN),
        Column("document", "文件", 26, Holds.SHOWN),
        Column("by", "登记人", 10, Holds.SHOWN),
        Column("date", "日期", 12.5, Holds.SHOWN),
        Column("expires", "有效期至", 12.5, Holds.SHOWN),
        Column("state", "状态", 9, Holds.SHOWN),
    ),
}

SURVEY_LINES: tuple[Column, ...] = (
    Column("sample", "抽样户数", 0, Holds.COUNT),
    Column("satisfied", "满意户数", 0, Holds.COUNT),
    Column("document", "汇总表文件", 0, Holds.TEXT),
    Column("by", "调查人", 0, Holds.TEXT),
    Column("date", "日期", 0, Holds.DAY),
    Column("note", "备注", 0, Holds.TEXT),
)
"""The survey stands on one sheet, a line for each value: its name in column A, the value in column B."""

HOME_NUMBER, HOME_ANSWER = "序号", "是否满意"
"""The headers of the survey's answers home by home, which name no home."""

ACT_NAMES = {
    "attest": "佐证",
    "survey": "满意度调查",
    "drill": "演练",
    "not_applicable": "不适用",
    "override": "更正",
}
