"""The house's Word documents: Chinese fonts, nothing unprintable, no clock in the bytes."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from zipfile import ZipFile

import pytest
from docx import Document
from docx.oxml.ns import qn
from docx.shared import Mm
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from evidence.paper import (
    add_row,
    head_and_foot,
    merge_down,
    new_paper,
    new_table,
    number_style,
    pack_again,
    printable,
    to_bytes,
    write,
)

MOMENT = datetime(2026, 11, 3, tzinfo=UTC)


@given(st.text(st.characters() | st.characters(max_codepoint=0x20)))
def test_whatever_is_printable_can_stand_in_xml(text: str) -> None:
    cleaned = printable(text)
    element = etree.Element("t")
    element.text = cleaned
    assert etree.fromstring(etree.tostring(element)).text in {cleaned, None if cleaned == "" else cleaned}
    assert printable(cleaned) == cleaned


def test_plain_text_is_left_alone() -> None:
    text = "小区总户数1200户，√ О ★C ☆ ▲ 94.83%\n第二行\t𠮷"
    assert printable(text) == text


@pytest.mark.parametrize(
    "bad", ["\x00", "\x08", "\x0b", "\x1f", "\x7f", "\x85", "\ud800", "\uffff", "\u202e", "\u2067"]
)
def test_each_unprintable_character_leaves_a_visible_trace(bad: str) -> None:
    assert printable(f"前{bad}后") == "前\ufffd后"


@pytest.mark.parametrize(("landscape", "width", "height"), [(True, 297, 210), (False, 210, 297)])
def test_the_paper_is_a4(*, landscape: bool, width: int, height: int) -> None:
    section = new_paper("表", created=MOMENT, landscape=landscape).sections[0]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (width, height)


def test_every_style_in_use_names_a_chinese_font() -> None:
    styles = new_paper("表", created=MOMENT).styles
    for name in ("Normal", "Title", "Heading 1", "Cell", "Cell head", "Cell label", "Cell value", "Note"):
        fonts = styles[name].element.rPr.rFonts
        assert fonts.get(qn("w:eastAsia")) in {"宋体", "黑体"}, name
        assert not [key for key in fonts.attrib if key.endswith("Theme")], name


def test_the_font_table_gives_each_chinese_font_its_second_name() -> None:
    with ZipFile(BytesIO(to_bytes(new_paper("表", created=MOMENT)))) as package:
        fonts = etree.fromstring(package.read("word/fontTable.xml"))
    names = {font.get(qn("w:name")): [name.get(qn("w:val")) for name in font.iter(qn("w:altName"))] for font in fonts}
    assert names["宋体"] == ["SimSun"]
    assert names["黑体"] == ["SimHei"]


def test_columns_keep_their_widths() -> None:
    table = new_table(new_paper("表", created=MOMENT), (20, 40.5))
    cells = add_row(table)
    assert [cell.width for cell in cells] == [column.width for column in table.columns]
    assert abs(cells[1].width - Mm(40.5)) < Mm(0.1)


def test_no_property_is_written_twice() -> None:
    """Word calls a file damaged in which a property stands twice, where other programs say nothing."""
    paper = new_paper("表", created=MOMENT)
    head_and_foot(paper, "头", "印", "脚")
    number_style(paper, "Counted", "Cell", "%1")
    cells = add_row(new_table(paper, (20, 40)), repeat=True, height_mm=8)
    write(cells[0], "标", "Cell label", centred=True, grey=True, bold=True)
    write(cells[1], "值", "Counted")
    with ZipFile(BytesIO(to_bytes(paper))) as package:
        for name in package.namelist():
            if name.endswith(".xml") and name.startswith("word/"):
                for element in etree.fromstring(package.read(name)).iter():
                    tags = [child.tag for child in element]
                    if str(element.tag).endswith("Pr"):
                        assert len(set(tags)) == len(tags), f"{name}: {element.tag} has {tags}"


def test_counted_paragraphs_show_a_number_that_is_not_in_their_text() -> None:
    paper = new_paper("表", created=MOMENT)
    number_style(paper, "Counted", "Cell", "〔%1〕")
    cell = add_row(new_table(paper, (50,)))[0]
    write(cell, "句子", "Counted")
    again = Document(BytesIO(to_bytes(paper)))
    assert again.tables[0].rows[0].cells[0].text == "句子"
    number = again.styles["Counted"].element.pPr.numPr.numId.val
    numbering = again.part.numbering_part.element
    key = numbering.num_having_numId(number).abstractNumId.val
    assert numbering.xpath(f"w:abstractNum[@w:abstractNumId='{key}']/w:lvl/w:lvlText/@w:val") == ["〔%1〕"]


def test_the_page_lines_carry_mark_and_page_numbers() -> None:
    paper = new_paper("表", created=MOMENT)
    head_and_foot(paper, "小区", "模拟数据", "脚注")
    section = Document(BytesIO(to_bytes(paper))).sections[0]
    assert section.header.paragraphs[0].text == "小区\t模拟数据"
    instructions = section.footer._element.xpath(".//w:fldSimple/@w:instr")
    assert instructions == ["PAGE", "NUMPAGES"]


def test_the_time_in_the_file_is_the_one_given() -> None:
    core = Document(BytesIO(to_bytes(new_paper("表", created=MOMENT)))).core_properties
    assert core.created == core.modified == MOMENT


def test_every_further_line_of_head_and_foot_is_a_line_of_its_own() -> None:
    paper = new_paper("x", created=MOMENT)
    head_and_foot(paper, "甲\n乙", "模拟", "丙\n丁")
    section = Document(BytesIO(to_bytes(paper))).sections[0]
    assert [line.text for line in section.header.paragraphs] == ["甲\t模拟", "乙"]
    assert [line.text.partition("\t")[0] for line in section.footer.paragraphs] == ["丙", "丁"]


def test_cells_merged_downwards_show_the_first_and_keep_the_others_hidden() -> None:
    paper = new_paper("x", created=MOMENT)
    table = new_table(paper, (20, 20))
    cells = [add_row(table)[0] for _ in range(3)]
    for cell in cells:
        write(cell, "基础设施")
    merge_down(cells)
    read = Document(BytesIO(to_bytes(paper))).tables[0]
    shown = [row.cells[0]._tc for row in read.rows]
    assert all(cell is shown[0] for cell in shown)
    held = [row._tr.tc_lst[0] for row in read.rows]
    assert [cell.vMerge for cell in held] == ["restart", "continue", "continue"]
    assert [cell.p_lst[0].text for cell in held] == ["基础设施"] * 3
    assert [bool(cell.xpath(".//w:r/w:rPr/w:vanish")) for cell in held] == [False, True, True]


def test_a_package_packed_again_has_one_date_and_the_content_given_instead() -> None:
    drawn = BytesIO()
    with ZipFile(drawn, "w") as package:
        package.writestr("a", "1")
        package.writestr("b", "2")
    with ZipFile(BytesIO(pack_again(drawn.getvalue(), {"b": b"3"}))) as package:
        assert {item.filename: package.read(item) for item in package.infolist()} == {"a": b"1", "b": b"3"}
        assert {item.date_time for item in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
