"""The declaration is filled, read back, and found equal to its scorecard; whatever is altered is found."""

from __future__ import annotations

import copy
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
import yaml
from docx import Document
from docx.document import Document as Paper
from docx.oxml.ns import qn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evidence.form import (
    FormError,
    compare_form,
    field_ids,
    fill_form,
    met_mark,
    proof_text,
    read_fields,
    read_form,
    register_basics,
)
from evidence.paper import printable

CONFIG = Path(__file__).resolve().parents[2] / "config"
RUN_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
BASICS = {"applicant_unit": "示例物业服务有限公司", "address": "示例路1号", "investment_amount": "120万元"}


def load(*names: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(CONFIG.joinpath(*names).read_text(encoding="utf-8"))
    return loaded


FORM_TEXT = load("forms", "yinchuan", "form.yaml") | {"rows": load("rubrics", "yinchuan.yaml")["indicators"]}


def scorecard() -> dict[str, Any]:
    """Return a scorecard of all rows in which met, not met and unproven take turns."""
    rows = [
        {
            **{key: entry[key] for key in ("no", "id", "level1", "level2", "type", "points")},
            "floor": f"{entry['points']}.00" if entry["no"] % 3 == 0 else "0.00",
            "ceiling": f"{entry['points']}.00",
            "met": (True, False, None)[entry["no"] % 3],
            "sentence": f"{entry['title']['zh']}：小区总户数1200户，具备{entry['no']}户；得分{entry['points']}分。",
        }
        for entry in FORM_TEXT["rows"]
    ]
    return {
        "community": "demo",
        "community_name": "示例小区",
        "as_of": "2026-11-03T00:00:00+08:00",
        "window": {"from": "2026-10-27T00:00:00+08:00", "to": "2026-11-03T00:00:00+08:00", "days": 7},
        "run": 12,
        "environment": "simulated",
        "totals": {"floor": "151.90", "ceiling": "398.00", "attested": "22.00", "base": "146.90", "bonus": "5.00"},
        "prerequisites": {grade: {"met": 1, "of": of} for grade, of in (("C", 11), ("B", 4), ("A", 4))},
        "indicators": rows,
    }


def filled(card: dict[str, Any], basics: dict[str, str] | None = None) -> bytes:
    return fill_form(card, FORM_TEXT, BASICS if basics is None else basics, RUN_SHA256)


FORM = filled(scorecard())


def texts(payload: bytes) -> list[str]:
    """Return every text of the file as a reader sees it: paragraphs, and cells line by line."""
    paper = Document(BytesIO(payload))
    cells = [cell.text for table in paper.tables for row in table.rows for cell in row.cells]
    return [*(line.text for line in paper.paragraphs), *cells]


def altered(payload: bytes, change: Callable[[Paper], None]) -> bytes:
    paper = Document(BytesIO(payload))
    change(paper)
    out = BytesIO()
    paper.save(out)
    return out.getvalue()


def indicator_table(paper: Paper) -> Any:
    return next(table for table in paper.tables if len(table.columns) == 9)


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


def test_the_same_input_gives_the_same_bytes() -> None:
    assert filled(copy.deepcopy(scorecard())) == FORM


def test_other_input_gives_other_bytes() -> None:
    card = scorecard()
    card["indicators"][9]["floor"] = "1.91"
    assert filled(card) != FORM


def test_the_file_carries_no_clock_and_no_name_of_a_tool() -> None:
    with ZipFile(BytesIO(FORM)) as package:
        assert {item.date_time for item in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = package.read("docProps/core.xml").decode()
        assert "docProps/thumbnail.jpeg" not in package.namelist()
    assert core.count("2026-11-02T16:00:00Z") == 2
    assert "python-docx" not in core


@pytest.mark.parametrize(("met", "mark"), [(True, "√"), (False, "О"), (None, "О（未证实）")])
def test_the_marks_are_the_signs_the_form_asks_for(*, met: bool | None, mark: str) -> None:
    assert met_mark(met=met) == mark
    assert mark[0] in FORM_TEXT["indicators"]["columns"]["met"]


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


def test_levels_are_merged_and_every_row_still_has_its_own() -> None:
    rows = indicator_table(Document(BytesIO(FORM))).rows
    merged = 0
    for row, entry in zip(rows[1:77], FORM_TEXT["rows"], strict=True):
        wanted = [entry["level1"], entry["level2"], entry["meaning"]]
        assert [cell.text for cell in row.cells[:3]] == wanted
        assert ["".join(line.text for line in cell.p_lst) for cell in row._tr.tc_lst[:3]] == wanted
        merged += sum(cell.vMerge == "continue" for cell in row._tr.tc_lst)
        assert not any(cell.vMerge for cell in row._tr.tc_lst[3:])
    assert merged > 100


def test_what_a_merged_cell_covers_is_not_printed() -> None:
    for row in indicator_table(Document(BytesIO(FORM))).rows[1:77]:
        for cell in row._tr.tc_lst:
            hidden = [run for run in cell.p_lst[0].r_lst if run.rPr.find(qn("w:vanish")) is not None]
            assert bool(hidden) is (cell.vMerge == "continue")


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


def test_head_and_foot_name_the_key_once_there_is_one() -> None:
    key = "SHA256:uNiVztksCsDhcc0u9e8BrrQXVUpKZIDTMczCvj3tD2s"
    payload = fill_form(scorecard(), FORM_TEXT, BASICS, RUN_SHA256, key)
    section = Document(BytesIO(payload)).sections[0]
    for lines in (section.header.paragraphs, section.footer.paragraphs):
        text = "\n".join(line.text for line in lines)
        assert all(word in text for word in ("示例小区（demo）", "第 12 次运行", RUN_SHA256, f"密钥指纹：{key}"))
    assert compare_form(scorecard(), payload, run_sha256=RUN_SHA256, key_fingerprint=key) == []
    for other in (None, key.lower()):
        found = compare_form(scorecard(), payload, run_sha256=RUN_SHA256, key_fingerprint=other)
        assert [line.split(":")[0] for line in found] == ["foot of the pages", "head of the pages"]
    assert not any("密钥" in line.text for line in Document(BytesIO(FORM)).sections[0].footer.paragraphs)


def test_every_page_names_community_run_digest_and_simulation() -> None:
    paper = Document(BytesIO(FORM))
    assert len(paper.sections) == 1
    head = paper.sections[0].header.paragraphs[0].text
    assert "示例小区（demo）" in head
    assert "第 12 次运行" in head
    assert "2026-10-27 00:00 至 2026-11-03 00:00" in head
    assert head.endswith("模拟数据")
    assert RUN_SHA256 in paper.sections[0].header.paragraphs[1].text
    foot = paper.sections[0].footer.paragraphs[0].text
    assert foot.startswith(f"示例小区（demo）　第 12 次运行　run.json SHA-256：{RUN_SHA256}\t")


def test_a_production_form_bears_no_mark_of_simulation() -> None:
    payload = filled(scorecard() | {"environment": "production"})
    assert not any("模拟" in text for text in texts(payload))
    assert Document(BytesIO(payload)).sections[0].header.paragraphs[0].text.endswith("\t")


def test_the_head_of_the_table_repeats_and_rows_stay_whole() -> None:
    rows = indicator_table(Document(BytesIO(FORM))).rows
    assert len(rows) == 1 + 76 + 3
    assert rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
    assert all(row._tr.trPr.find(qn("w:cantSplit")) is not None for row in rows)


def test_the_sums_are_marked_as_the_applicants_own() -> None:
    rows = indicator_table(Document(BytesIO(FORM))).rows
    assert [(row.cells[0].text, row.cells[8].text) for row in rows[77:]] == [
        ("核定分数", "146.90（自评）"),
        ("加分项得分", "5.00（自评）"),
        ("总分数", "151.90（自评）"),
    ]


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


def test_attested_and_unproven_points_are_told_apart_below_the_sums() -> None:
    notes = "".join(texts(FORM))
    assert "有证明文件的人工佐证22.00分" in notes
    assert "另有246.10分未证实" in notes
    assert "★C 1/11项，★B 1/4项，★A 1/4项" in notes


def test_basics_and_the_registers_counts_stand_behind_their_labels() -> None:
    counts = register_basics(FORM_TEXT, {"household": 1200, "building": 12, "unit": 36, "lift": 24})
    assert counts == {"buildings": "12", "units": "36", "households": "1200"}
    cells = texts(filled(scorecard(), basics=BASICS | counts))
    for label, value in (
        ("申报单位（盖章）：", "示例物业服务有限公司"),
        ("申报小区", "示例小区"),
        ("小区地址", "示例路1号"),
        ("住户数", "1200"),
        ("楼栋数", "12"),
        ("单元数", "36"),
        ("投资金额", "120万元"),
    ):
        assert cells[cells.index(label) + 1] == value


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


def test_without_basics_the_fields_stay_blank_and_the_forms_example_stays() -> None:
    cells = texts(filled(scorecard(), basics={}))
    for label in ("申报单位（盖章）：", "联系电话", "住户数", "投资金额", "证明材料"):
        assert cells[cells.index(label) + 1] == ""
    assert "示例1990/01/01-1991/01/01" in cells


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


HOSTILE = [
    "有一个\x00空字符和\x1b[31m颜色",
    '</w:t></w:r></w:p><w:p>注入 & "引号" <!-- -->]]>',
    "孤立的代理\ud800和非字符\ufffe\uffff",
    "行一\r\n行二\r行三\n行四\t制表",
    "\u202e反向\u202c文字\u2066",
    "  前后有空格　",
    "{{ jinja }} %s {0} _x0041_ 🏘️ 𠮷",
    "",
]


@pytest.mark.parametrize("sentence", HOSTILE)
def test_hostile_text_is_cleaned_visibly_and_still_equal(sentence: str) -> None:
    card = scorecard()
    card["indicators"][9]["sentence"] = sentence
    card["community_name"] = f"示例{sentence}"
    payload = filled(card, basics={"other": sentence})
    row = read_form(payload)[9]
    assert row.sentence == printable(sentence)
    assert len(row.sentence) == len(sentence.replace("\r\n", "\n"))
    assert compare_form(card, payload, form_text=FORM_TEXT, run_sha256=RUN_SHA256) == []


@given(sentences=st.lists(st.text(st.characters() | st.characters(max_codepoint=0x20)), min_size=76, max_size=76))
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_sentences_are_read_back_as_they_were_printed(sentences: list[str]) -> None:
    card = scorecard()
    for row, sentence in zip(card["indicators"], sentences, strict=True):
        row["sentence"] = sentence
    payload = filled(card)
    assert [row.sentence for row in read_form(payload)] == [printable(sentence) for sentence in sentences]
    assert compare_form(card, payload) == []


def test_a_sentence_longer_than_a_page_is_kept_and_may_run_over() -> None:
    card = scorecard()
    card["indicators"][9]["sentence"] = "缺：" + "、".join(f"{n}号楼" for n in range(4000)) + "x" * 5000
    payload = filled(card)
    assert compare_form(card, payload) == []
    row = indicator_table(Document(BytesIO(payload))).rows[10]
    assert row._tr.trPr.find(qn("w:cantSplit")) is None


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


def test_many_short_lines_may_run_over_too() -> None:
    card = scorecard()
    card["indicators"][9]["sentence"] = "\n".join(["缺1处"] * 40)
    row = indicator_table(Document(BytesIO(filled(card)))).rows[10]
    assert row._tr.trPr.find(qn("w:cantSplit")) is None


@given(cut=st.integers(0, len(FORM) - 1), flip=st.integers(1, 255), shorten=st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_damaged_file_is_refused_or_read_never_a_crash(*, cut: int, flip: int, shorten: bool) -> None:
    damaged = FORM[:cut] if shorten else FORM[:cut] + bytes([FORM[cut] ^ flip]) + FORM[cut + 1 :]
    try:
        rows = read_form(damaged)
    except FormError:
        return
    assert len(rows) <= 76
