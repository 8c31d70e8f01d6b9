"""The declaration is filled as the official form is drawn, and is the same file for the same scorecard."""

from __future__ import annotations

import copy
from io import BytesIO
from zipfile import ZipFile

import pytest
from docx import Document
from docx.oxml.ns import qn

from evidence.form import compare_form, fill_form, read_form, register_basics
from evidence.paper import printable
from tests.fakes.declaration import BASICS, FORM, FORM_TEXT, RUN_SHA256, filled, indicator_table, scorecard, texts


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


def test_without_basics_the_fields_stay_blank_and_the_forms_example_stays() -> None:
    cells = texts(filled(scorecard(), basics={}))
    for label in ("申报单位（盖章）：", "联系电话", "住户数", "投资金额", "证明材料"):
        assert cells[cells.index(label) + 1] == ""
    assert "示例1990/01/01-1991/01/01" in cells


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


def test_a_sentence_longer_than_a_page_is_kept_and_may_run_over() -> None:
    card = scorecard()
    card["indicators"][9]["sentence"] = "缺：" + "、".join(f"{n}号楼" for n in range(4000)) + "x" * 5000
    payload = filled(card)
    assert compare_form(card, payload) == []
    row = indicator_table(Document(BytesIO(payload))).rows[10]
    assert row._tr.trPr.find(qn("w:cantSplit")) is None


def test_many_short_lines_may_run_over_too() -> None:
    card = scorecard()
    card["indicators"][9]["sentence"] = "\n".join(["缺1处"] * 40)
    row = indicator_table(Document(BytesIO(filled(card)))).rows[10]
    assert row._tr.trPr.find(qn("w:cantSplit")) is None
