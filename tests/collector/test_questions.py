"""What does not apply is asked once; only a no leaves anything out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from collector.questions import Ask, ask_what_applies
from scoring.rubric import Question

QUESTIONS = (
    Question("gated", "是否封闭式小区", "Is it gated", ((29, "gates"), (63, "alarm"))),
    Question("septic-tank", "是否有化粪池", "Is there a septic tank", ((50, "alarm"),)),
)
TODAY = date(2026, 11, 3)


def answering(*answers: str) -> tuple[Ask, list[str]]:
    """Return a person who gives these answers in turn, "" for the return key alone, and what they were asked."""
    asked: list[str] = []
    left: Iterator[str] = iter(answers)

    def ask(text: str, default: str) -> str:
        asked.append(text)
        return next(left) or default

    return ask, asked


def test_the_return_key_alone_leaves_nothing_out() -> None:
    ask, asked = answering("", "")
    assert ask_what_applies(QUESTIONS, TODAY, ask) == []
    assert asked == ["是否封闭式小区？（是/否）", "是否有化粪池？（是/否）"]


def test_a_no_becomes_an_act_for_every_part_signed_once() -> None:
    ask, asked = answering("否", "是", "王工", "2026/10/20")
    acts = ask_what_applies(QUESTIONS, TODAY, ask)
    assert [(act["act"], act["row"], act["part"], act["by"], act["date"]) for act in acts] == [
        ("not_applicable", 29, "gates", "王工", "2026-10-20"),
        ("not_applicable", 63, "alarm", "王工", "2026-10-20"),
    ]
    assert asked[2:] == ["登记人姓名", "登记日期"]


def test_what_cannot_be_read_is_asked_again() -> None:
    ask, asked = answering("也许", "没有", "y", "王工13912345678", "王工", "明天", "2026-11-04", "")
    (first, _) = ask_what_applies(QUESTIONS, TODAY, ask)
    assert (first["by"], first["date"]) == ("王工", "2026-11-03")
    assert len(asked) == 8
