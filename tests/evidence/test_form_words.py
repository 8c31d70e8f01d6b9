"""The form's words: marks, fields the register fills, proofs, and what does not fit together is refused."""

from __future__ import annotations

import pytest

from evidence.form import FormError, field_ids, met_mark, proof_text, register_basics
from tests.fakes.declaration import FORM, FORM_TEXT, filled, scorecard, texts


@pytest.mark.parametrize(("met", "mark"), [(True, "√"), (False, "О"), (None, "О（未证实）")])
def test_the_marks_are_the_signs_the_form_asks_for(*, met: bool | None, mark: str) -> None:
    assert met_mark(met=met) == mark
    assert mark[0] in FORM_TEXT["indicators"]["columns"]["met"]


def test_the_registers_totals_stand_behind_their_labels_and_what_it_does_not_state_is_left_out() -> None:
    totals = {"residents": "3240", "party_members": "120", "disabled_residents": "18", "registered_residents": "2592"}
    assert register_basics(FORM_TEXT, {"household": 1200}, totals) == {
        "residents": "3240",
        "households": "1200",
        "party_members": "120",
        "disabled_residents": "18",
    }


@pytest.mark.parametrize(
    ("counts", "stated", "shown"),
    [({"household": 1200}, "1210", "1210"), ({"household": 1200}, "1190", "1200"), ({}, "1210", "1210")],
)
def test_the_households_are_the_larger_of_counted_and_stated(counts: dict[str, int], stated: str, shown: str) -> None:
    assert register_basics(FORM_TEXT, counts, {"households": stated}) == {"households": shown}


def test_the_proof_names_the_exhibits_and_the_first_documents() -> None:
    assert proof_text(0, []) == ""
    assert proof_text(76, []) == "证明材料.pdf，共76份，按指标序号编排。"
    assert proof_text(0, ["甲.pdf", "乙.docx"]) == "人工佐证文件2份：甲.pdf、乙.docx。"
    many = proof_text(76, [f"{no}.pdf" for no in range(1, 30)])
    assert many == (
        "证明材料.pdf，共76份，按指标序号编排；人工佐证文件29份：1.pdf、2.pdf、3.pdf、4.pdf、5.pdf、6.pdf、7.pdf、8.pdf等。"
    )


def test_what_the_authorities_fill_stays_blank() -> None:
    assert not {"grade_awarded", "score_awarded", "authority_opinion"} & set(field_ids(FORM_TEXT))
    cells = texts(FORM)
    for label in ("评定等级", "评定分数", "奖励金额"):
        assert cells[cells.index(label) + 1] == ""
    assert cells[cells.index("各县（市）区政府") + 1].strip() == "年  月  日"


def test_a_field_nobody_knows_is_refused_with_the_fields_there_are() -> None:
    with pytest.raises(FormError, match=r"'household' is not a field .* households"):
        filled(scorecard(), basics={"household": "1200"})


def test_a_reviewers_field_is_refused() -> None:
    with pytest.raises(FormError, match="score_awarded"):
        filled(scorecard(), basics={"score_awarded": "400"})


def test_a_scorecard_without_a_row_is_refused() -> None:
    card = scorecard()
    del card["indicators"][11]
    with pytest.raises(FormError, match=r"different rows: \[12\]"):
        filled(card)


def test_a_scorecard_with_a_row_twice_is_refused() -> None:
    card = scorecard()
    card["indicators"].append(card["indicators"][0])
    with pytest.raises(FormError, match="one number twice"):
        filled(card)


def test_an_environment_nobody_knows_is_refused() -> None:
    with pytest.raises(FormError, match="'staging' is not one of production, simulated"):
        filled(scorecard() | {"environment": "staging"})


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(FormError, match="as_of is 'yesterday'"):
        filled(scorecard() | {"as_of": "yesterday"})
