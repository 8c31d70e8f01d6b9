"""What a reader of the form sees is compared cell by cell: whatever is altered, hidden or damaged is found."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from docx import Document
from docx.document import Document as Paper
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evidence.form import FormError, compare_form, met_mark, read_fields, read_form
from evidence.paper import printable
from tests.fakes.declaration import BASICS, FORM, FORM_TEXT, RUN_SHA256, altered, filled, indicator_table, scorecard


def test_all_rows_are_read_back_as_they_were_scored() -> None:
    card = scorecard()
    rows = read_form(filled(card))
    assert [row.no for row in rows] == list(range(1, 77))
    for row, scored, entry in zip(rows, card["indicators"], FORM_TEXT["rows"], strict=True):
        assert (row.met, row.score, row.sentence) == (met_mark(met=scored["met"]), scored["floor"], scored["sentence"])
        for name in ("level1", "level2", "meaning", "content", "type", "points"):
            assert getattr(row, name) == entry[name]


def test_a_form_as_written_equals_its_scorecard() -> None:
    assert compare_form(scorecard(), FORM, form_text=FORM_TEXT, run_sha256=RUN_SHA256) == []


@pytest.mark.parametrize("column", range(9))
@pytest.mark.parametrize("line", [1, 10, 76])
def test_one_altered_cell_is_found_and_named_for_every_row_that_shows_it(line: int, column: int) -> None:
    table = indicator_table(Document(BytesIO(FORM)))
    shown_by = [no for no in range(1, 77) if table.cell(no, column)._tc is table.cell(line, column)._tc]

    def change(paper: Paper) -> None:
        indicator_table(paper).rows[line].cells[column].paragraphs[0].add_run("0")

    found = compare_form(scorecard(), altered(FORM, change), form_text=FORM_TEXT)
    assert [text.split(",")[0] for text in found] == [f"row {no}" for no in shown_by]
    assert line in shown_by


@pytest.mark.parametrize("line", [77, 78, 79])
def test_an_altered_sum_is_found(line: int) -> None:
    def change(paper: Paper) -> None:
        indicator_table(paper).rows[line].cells[8].paragraphs[0].runs[0].text = "400.00（自评）"

    found = compare_form(scorecard(), altered(FORM, change))
    assert len(found) == 1
    assert "400.00" in found[0]


def test_a_cell_hung_below_another_levels_cell_is_found() -> None:
    def change(paper: Paper) -> None:
        (first, *_) = [row for row in indicator_table(paper).rows if row.cells[0].text == "综合服务"]
        first._tr.tc_lst[0].get_or_add_tcPr().vMerge_val = "continue"

    found = compare_form(scorecard(), altered(FORM, change), form_text=FORM_TEXT)
    assert found[0].startswith("row 26, level1: the form says '基础设施（综合服务）'")


def test_a_text_hidden_below_a_merged_cell_is_found() -> None:
    def change(paper: Paper) -> None:
        indicator_table(paper).rows[2]._tr.tc_lst[1].p_lst[0].r_lst[0].text = "无线网络"

    found = compare_form(scorecard(), altered(FORM, change), form_text=FORM_TEXT)
    assert len(found) == 1
    assert found[0].startswith("row 2, level2: the form says '宽带网络（无线网络）'")


def test_a_program_that_keeps_no_text_below_a_merged_cell_leaves_the_same_form() -> None:
    def change(paper: Paper) -> None:
        for row in indicator_table(paper).rows:
            for cell in row._tr.tc_lst:
                if cell.vMerge == "continue":
                    cell.clear_content()
                    cell.add_p()

    assert compare_form(scorecard(), altered(FORM, change), form_text=FORM_TEXT, run_sha256=RUN_SHA256) == []


def test_a_missing_row_is_found() -> None:
    def change(paper: Paper) -> None:
        table = indicator_table(paper)
        table._tbl.remove(table.rows[76]._tr)

    found = compare_form(scorecard(), altered(FORM, change))
    assert found == ["part three: the form has 75 rows, the scorecard 76"]


def test_a_removed_simulation_mark_is_found() -> None:
    def change(paper: Paper) -> None:
        for run in paper.sections[0].header.paragraphs[0].runs:
            run.text = run.text.replace("模拟数据", "")

    found = compare_form(scorecard(), altered(FORM, change))
    assert len(found) == 1
    assert found[0].startswith("head of the pages")


def test_the_form_of_another_run_is_found() -> None:
    found = compare_form(scorecard() | {"run": 13}, FORM, run_sha256="0" * 64)
    assert [line.split(":")[0] for line in found] == ["foot of the pages", "head of the pages"]


def test_an_altered_digest_at_the_head_alone_is_found() -> None:
    def change(paper: Paper) -> None:
        run = paper.sections[0].header.paragraphs[1].runs[0]
        run.text = run.text.replace("9f86", "0000")

    found = compare_form(scorecard(), altered(FORM, change), run_sha256=RUN_SHA256)
    assert [line.split(":")[0] for line in found] == ["head of the pages"]


def test_a_reviewer_has_room_beside_the_applicants_own_figure_and_may_use_it() -> None:
    rows = indicator_table(Document(BytesIO(FORM))).rows[77:]
    assert [row.cells[4].text for row in rows] == ["审核：________"] * 3

    def review(paper: Paper) -> None:
        indicator_table(paper).rows[77].cells[4].paragraphs[0].runs[0].text = "审核：139.90 张"
        fields = paper.tables[-2]
        fields.rows[0].cells[1].paragraphs[0].add_run("B级")

    reviewed = altered(FORM, review)
    assert compare_form(scorecard(), reviewed, form_text=FORM_TEXT, basics=BASICS, run_sha256=RUN_SHA256) == []
    assert ("评定等级", "B级") in read_fields(reviewed)


def test_a_figure_in_the_reviewers_room_that_is_not_marked_so_is_found() -> None:
    def change(paper: Paper) -> None:
        indicator_table(paper).rows[77].cells[4].paragraphs[0].runs[0].text = "400.00"

    (found,) = compare_form(scorecard(), altered(FORM, change))
    assert found.startswith("total base, the reviewer's room: the form says '400'")


@pytest.mark.parametrize(
    ("table", "label", "part"),
    [(0, "申报单位（盖章）：", "一、申报基本信息"), (1, "住户数", "二、小区基本信息"), (3, "投资金额", "四、投资情况")],
)
def test_an_altered_field_is_found_and_named(table: int, label: str, part: str) -> None:
    basics = BASICS | {"households": "1200"}

    def change(paper: Paper) -> None:
        cells = [cell for row in paper.tables[table].rows for cell in row.cells]
        (place,) = [place for place, cell in enumerate(cells) if cell.text == label]
        cells[place + 1].paragraphs[0].add_run("0")

    payload = filled(scorecard(), basics)
    assert compare_form(scorecard(), payload, form_text=FORM_TEXT, basics=basics) == []
    (found,) = compare_form(scorecard(), altered(payload, change), form_text=FORM_TEXT, basics=basics)
    assert found.startswith(f"{part}, {label}: the form says ")
    assert found.endswith(f"it should say {dict(read_fields(payload))[label]!r}")


def test_an_altered_label_and_a_missing_field_are_found() -> None:
    def rename(paper: Paper) -> None:
        paper.tables[1].rows[3].cells[0].paragraphs[0].runs[0].text = "入住户数"

    def remove(paper: Paper) -> None:
        paper.tables[1]._tbl.remove(paper.tables[1].rows[3]._tr)

    (found,) = compare_form(scorecard(), altered(FORM, rename), form_text=FORM_TEXT, basics=BASICS)
    assert "says '入住户数', it should say '住户数'" in found
    (found,) = compare_form(scorecard(), altered(FORM, remove), form_text=FORM_TEXT, basics=BASICS)
    assert found == "the form has 24 fields, it should have 26"


@given(sentences=st.lists(st.text(st.characters() | st.characters(max_codepoint=0x20)), min_size=76, max_size=76))
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_sentences_are_read_back_as_they_were_printed(sentences: list[str]) -> None:
    card = scorecard()
    for row, sentence in zip(card["indicators"], sentences, strict=True):
        row["sentence"] = sentence
    payload = filled(card)
    assert [row.sentence for row in read_form(payload)] == [printable(sentence) for sentence in sentences]
    assert compare_form(card, payload) == []


@pytest.mark.parametrize("payload", [b"", b"%PDF-1.7", b"PK\x03\x04" + b"\x00" * 40])
def test_what_is_no_word_file_is_refused_in_one_line(payload: bytes) -> None:
    with pytest.raises(FormError) as refused:
        read_form(payload)
    assert "\n" not in str(refused.value)


def test_a_word_file_without_the_table_is_refused() -> None:
    out = BytesIO()
    Document().save(out)
    with pytest.raises(FormError, match="0 tables with 9 columns"):
        read_form(out.getvalue())


def test_a_file_that_unpacks_without_measure_is_refused() -> None:
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as package:
        package.writestr("word/document.xml", b"\x00" * (65 * 1024 * 1024))
    with pytest.raises(FormError, match="unpacks to"):
        read_form(out.getvalue())


def test_a_cell_that_claims_a_million_columns_is_refused() -> None:
    def change(paper: Paper) -> None:
        indicator_table(paper).rows[77]._tr.tc_lst[0].tcPr.gridSpan.val = 10**9

    with pytest.raises(FormError, match="more than its 9 columns"):
        read_form(altered(FORM, change))


@given(cut=st.integers(0, len(FORM) - 1), flip=st.integers(1, 255), shorten=st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_damaged_file_is_refused_or_read_never_a_crash(*, cut: int, flip: int, shorten: bool) -> None:
    damaged = FORM[:cut] if shorten else FORM[:cut] + bytes([FORM[cut] ^ flip]) + FORM[cut + 1 :]
    try:
        rows = read_form(damaged)
    except FormError:
        return
    assert len(rows) <= 76
