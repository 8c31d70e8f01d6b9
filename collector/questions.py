"""Asks once, at the terminal, what a community does not have; a no becomes acts that say what does not apply."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import typer

from collector.attest_layout import APPLIES, DOES_NOT
from evidence.act_terms import read_day, refuse_personal
from scoring.rubric import Question

_YES = frozenset({APPLIES, "有", "y", "yes"})
_NO = frozenset({DOES_NOT, "无", "没有", "n", "no"})

Ask = Callable[[str, str], str]
"""Asks for one line of text; the second text is what an empty answer means."""


def ask_at_terminal(text: str, default: str) -> str:
    """Ask at the terminal; without a default an empty answer is asked again."""
    return str(typer.prompt(text, default=default or None)).strip()


def ask_what_applies(questions: Sequence[Question], today: date, ask: Ask = ask_at_terminal) -> list[dict[str, Any]]:
    """Return the acts ``not_applicable`` that the answers make, none where everything applies.

    An empty answer means that it applies: nothing is left out that nobody asked to leave out.
    """
    typer.echo("以下问题决定哪些指标不适用。直接回车表示“是”；以后可在佐证工作簿的“不适用”表里改。")
    refused = [question for question in questions if not _applies(question, ask)]
    if not refused:
        return []
    by = _ask_name(ask)
    day = _ask_day(today, ask)
    return [
        {"act": "not_applicable", "row": no, "part": part, "question": question.id, "by": by, "date": day}
        for question in refused
        for no, part in question.parts
    ]


def _applies(question: Question, ask: Ask) -> bool:
    while True:
        answer = ask(f"{question.zh}？（{APPLIES}/{DOES_NOT}）", APPLIES).lower()
        if answer in _YES | _NO:
            return answer in _YES
        typer.echo(f"“{answer[:20]}”看不懂；请回答“{APPLIES}”或“{DOES_NOT}”")


def _ask_name(ask: Ask) -> str:
    while True:
        name = ask("登记人姓名", "")
        if not refuse_personal("by", name):
            return name
        typer.echo("请只写姓名，不写电话和身份证号")


def _ask_day(today: date, ask: Ask) -> str:
    while True:
        answer = ask("登记日期", today.isoformat())
        day = read_day(answer)
        if day is not None and day <= today.isoformat():
            return day
        typer.echo(f"“{answer[:20]}”不能用；请写成{today.isoformat()}，不晚于今天")
