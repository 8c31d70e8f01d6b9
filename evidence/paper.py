"""A Word document of the house: A4, fonts that show Chinese, and the same bytes for the same content.

What a declaration and a letter have in common: page, styles, tables with fixed columns, a line at the head and the foot
of every page, and a package without clock or chance in it. Nothing here knows what is being declared.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from docx import Document
from docx.document import Document as Paper
from docx.enum.section import WD_ORIENT
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_ROW_HEIGHT_RULE, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.table import Table, _Cell, _Row
from docx.text.paragraph import Paragraph

LATIN = "Times New Roman"
SONG = "宋体"
HEI = "黑体"
RED = RGBColor(0xC0, 0x00, 0x00)
GREY = RGBColor(0x80, 0x80, 0x80)
MARGIN_MM, TOP_MM, BOTTOM_MM = 15, 19, 17
BODY_LANDSCAPE_MM = 210 - TOP_MM - BOTTOM_MM
# A cell's letters, the pitch of its lines (stated, so that it is the same with every font), and what surrounds them.
CELL_FONT_PT, CELL_PITCH_PT, CELL_SIDES_PT, CELL_ENDS_PT = 8.5, 11.5, 6.8, 3.4
REPLACEMENT = "\ufffd"

# What XML cannot hold, other control characters, and marks that make text read in another order than it is stored.
_UNPRINTABLE = re.compile(
    "[^\t\n\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]"
)
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
# Word on a system with other font names finds these by their second name.
_FONT_TABLE = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:fonts {nsdecls("w")}>
<w:font w:name="{SONG}"><w:altName w:val="SimSun"/><w:charset w:val="86"/><w:family w:val="roman"/></w:font>
<w:font w:name="{HEI}"><w:altName w:val="SimHei"/><w:charset w:val="86"/><w:family w:val="swiss"/></w:font>
<w:font w:name="{LATIN}"><w:charset w:val="00"/><w:family w:val="roman"/><w:pitch w:val="variable"/></w:font>
</w:fonts>
"""
_CELL_MARGINS = "".join(
    f'<w:{side} w:w="{twips}" w:type="dxa"/>'
    for side, twips in (
        *(("top", round(CELL_ENDS_PT * 10)), ("left", round(CELL_SIDES_PT * 10))),
        *(("bottom", round(CELL_ENDS_PT * 10)), ("right", round(CELL_SIDES_PT * 10))),
    )
)
_HEAD_FILL = "EDEDED"


def printable(text: str) -> str:
    """Return the text as a document can hold it: single line feeds, and U+FFFD for each character it cannot show."""
    return _UNPRINTABLE.sub(REPLACEMENT, text.replace("\r\n", "\n").replace("\r", "\n"))


def new_paper(title: str, *, created: datetime, landscape: bool = False) -> Paper:
    """Return an empty A4 document with the house's styles, its times set to ``created``.

    Paragraph styles: Title, Heading 1, Normal, ``Note``, and for tables ``Cell``, ``Cell head``,
    ``Cell label``, ``Cell value``.
    """
    paper = Document()
    section = paper.sections[0]
    section.page_width, section.page_height = (Mm(297), Mm(210)) if landscape else (Mm(210), Mm(297))
    section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
    section.left_margin = section.right_margin = Mm(MARGIN_MM)
    section.top_margin, section.bottom_margin = Mm(TOP_MM), Mm(BOTTOM_MM)
    section.header_distance, section.footer_distance = Mm(9), Mm(8)
    _dress(paper)
    _date(paper, title, created)
    return paper


def _dress(paper: Paper) -> None:
    styles = paper.styles
    for lang in styles.element.iter(qn("w:lang")):
        lang.set(qn("w:eastAsia"), "zh-CN")
    _style(styles["Normal"], SONG, 10.5)
    _style(styles["Title"], HEI, 22, align=WD_ALIGN_PARAGRAPH.CENTER, before=2, after=6)
    _style(styles["Heading 1"], HEI, 14, before=10, after=5)
    styles["Heading 1"].paragraph_format.keep_with_next = True
    margins = styles["Table Grid"].element.xpath("w:tblPr/w:tblCellMar")[0]
    margins.getparent().replace(margins, parse_xml(f"<w:tblCellMar {nsdecls('w')}>{_CELL_MARGINS}</w:tblCellMar>"))
    for rule in styles["Title"].element.xpath("w:pPr/w:pBdr"):
        rule.getparent().remove(rule)
    for name, font, size, align, pitch in (
        ("Cell", SONG, CELL_FONT_PT, WD_ALIGN_PARAGRAPH.LEFT, CELL_PITCH_PT),
        ("Cell head", HEI, CELL_FONT_PT, WD_ALIGN_PARAGRAPH.CENTER, CELL_PITCH_PT),
        ("Cell label", HEI, 10.5, WD_ALIGN_PARAGRAPH.CENTER, None),
        ("Cell value", SONG, 10.5, WD_ALIGN_PARAGRAPH.LEFT, None),
        ("Note", SONG, 9, WD_ALIGN_PARAGRAPH.LEFT, None),
        ("Page line", SONG, 8, WD_ALIGN_PARAGRAPH.LEFT, 10.5),
    ):
        style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = styles["Normal"]
        _style(style, font, size, align=align)
        if pitch is not None:
            style.paragraph_format.line_spacing = Pt(pitch)


def _style(
    style: ParagraphStyle,
    font: str,
    size: float,
    *,
    align: WD_ALIGN_PARAGRAPH = WD_ALIGN_PARAGRAPH.LEFT,
    before: float = 0,
    after: float = 0,
) -> None:
    style.font.name = LATIN
    style.font.size = Pt(size)
    style.font.bold = False
    style.font.color.rgb = RGBColor(0, 0, 0)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for name in [name for name in fonts.attrib if str(name).endswith("Theme")]:
        del fonts.attrib[name]
    fonts.set(qn("w:eastAsia"), font)
    form = style.paragraph_format
    form.alignment = align
    form.space_before, form.space_after, form.line_spacing = Pt(before), Pt(after), 1.0


def _date(paper: Paper, title: str, created: datetime) -> None:
    moment = created.replace(tzinfo=created.tzinfo or UTC).astimezone(UTC).replace(tzinfo=None, microsecond=0)
    core = paper.core_properties
    core.title = printable(title)[:255]
    core.author = core.last_modified_by = "智证"
    core.comments = core.subject = core.keywords = ""
    core.language = "zh-CN"
    core.created = core.modified = moment
    core.revision = 1
    package = paper.part.package
    for key, relation in list(package.rels.items()):
        # The library's template carries a picture of its own empty page.
        if relation.reltype.endswith("/thumbnail"):
            del package.rels[key]


def head_and_foot(paper: Paper, head: str, mark: str, foot: str) -> None:
    """Put lines at the top of every page and at the bottom of it; each of the two texts may have several.

    ``mark`` stands in red at the right end of the first line above, the page number at that of the first line below.
    """
    section = paper.sections[0]
    first, *more = head.split("\n")
    line = _page_line(paper, section.header.paragraphs[0])
    line.add_run(f"{printable(first)}\t")
    stamp = line.add_run(printable(mark))
    stamp.bold, stamp.font.color.rgb = True, RED
    for text in more:
        _page_line(paper, section.header.add_paragraph()).add_run(printable(text))
    first, *more = foot.split("\n")
    line = _page_line(paper, section.footer.paragraphs[0])
    line.add_run(f"{printable(first)}\t第 ")
    _field(line, "PAGE")
    line.add_run(" 页　共 ")
    _field(line, "NUMPAGES")
    line.add_run(" 页")
    for text in more:
        _page_line(paper, section.footer.add_paragraph()).add_run(printable(text))


def _page_line(paper: Paper, line: Paragraph) -> Paragraph:
    section = paper.sections[0]
    width = (section.page_width or 0) - (section.left_margin or 0) - (section.right_margin or 0)
    line.style = "Page line"
    line.paragraph_format.tab_stops.add_tab_stop(width, WD_TAB_ALIGNMENT.RIGHT)
    return line


def _field(line: Paragraph, name: str) -> None:
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), name)
    field.append(_xml(line.add_run("1")))
    _xml(line).append(field)


def _xml(piece: Any) -> Any:
    """Return the element behind a piece of the document, for what the library has no words for."""
    return piece._element  # noqa: SLF001


def new_table(paper: Paper, widths_mm: Sequence[float]) -> Table:
    """Return an empty table with a thin grid and columns of exactly these widths."""
    table: Table = paper.add_table(rows=0, cols=len(widths_mm), style="Table Grid")
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    table.autofit = False
    for column, width in zip(table.columns, widths_mm, strict=True):
        column.width = Mm(width)
    return table


def add_row(
    table: Table, *, whole: bool = True, repeat: bool = False, height_mm: float | None = None
) -> tuple[_Cell, ...]:
    """Add a row, at least ``height_mm`` high, and return its cells.

    ``whole`` keeps it on one page; ``repeat`` shows it again at the top of each page.
    """
    row: _Row = table.add_row()  # type: ignore[no-untyped-call]
    if height_mm is not None:
        row.height, row.height_rule = Mm(height_mm), WD_ROW_HEIGHT_RULE.AT_LEAST
    properties = _xml(row).get_or_add_trPr()
    if whole:
        properties.append(OxmlElement("w:cantSplit"))
    if repeat:
        properties.append(OxmlElement("w:tblHeader"))
    return row.cells


def write(
    cell: _Cell, text: str, style: str = "Cell", *, centred: bool = False, grey: bool = False, bold: bool = False
) -> None:
    """Write the text into an empty cell, cleaned by :func:`printable`; heads and labels get a light ground."""
    line = cell.paragraphs[0]
    # The library looks a name up among all styles for every paragraph; its ids are the names without spaces.
    _xml(line).style = style.replace(" ", "")
    if centred:
        line.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = line.add_run(printable(text))
    # √, О and ★ stand in both kinds of font; they look right in the Chinese one.
    _xml(run).get_or_add_rPr().get_or_add_rFonts().set(qn("w:hint"), "eastAsia")
    if bold:
        run.bold = True
    if grey:
        run.font.color.rgb = GREY
    if style in {"Cell head", "Cell label"}:
        ground = parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="{_HEAD_FILL}"/>')
        _xml(cell).get_or_add_tcPr().append(ground)
    cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER


def merge_down(cells: Sequence[_Cell]) -> None:
    """Show written cells that stand one below the other as one: the text of the first.

    The others keep their text in the file, hidden, for programs that read every row and know no merged cells.
    """
    for index, cell in enumerate(cells):
        _xml(cell).get_or_add_tcPr().vMerge_val = "continue" if index else "restart"
        if index:
            line = cell.paragraphs[0]
            _xml(line).get_or_add_pPr().append(parse_xml(f"<w:rPr {nsdecls('w')}><w:vanish/></w:rPr>"))
            for run in line.runs:
                run.font.hidden = True


def leave_room(cell: _Cell, signed: str, lines: int = 5) -> None:
    """Leave empty lines for a hand and a stamp, above the place for the date at the right."""
    for _ in range(lines):
        cell.add_paragraph(style="Cell value")
    date = cell.add_paragraph(signed, style="Cell value")
    date.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def number_style(paper: Paper, name: str, base: str, pattern: str) -> None:
    """Add a paragraph style that numbers its paragraphs as in 〔%1〕: shown, but no part of their text."""
    numbering = paper.part.numbering_part.element
    key = 1 + max(int(str(item)) for item in numbering.xpath("w:abstractNum/@w:abstractNumId"))
    level = (
        f'<w:abstractNum {nsdecls("w")} w:abstractNumId="{key}"><w:multiLevelType w:val="singleLevel"/>'
        f'<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:suff w:val="nothing"/>'
        f'<w:lvlText w:val="{pattern}"/><w:lvlJc w:val="left"/>'
        f'<w:pPr><w:ind w:left="0" w:firstLine="0"/></w:pPr><w:rPr><w:color w:val="{GREY}"/></w:rPr></w:lvl>'
        f"</w:abstractNum>"
    )
    numbering.insert(0, parse_xml(level))
    number = numbering.add_num(key)
    style = paper.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    style.base_style = paper.styles[base]
    style.element.get_or_add_pPr().get_or_add_numPr().get_or_add_numId().val = number.numId


def to_bytes(paper: Paper) -> bytes:
    """Return the document as .docx bytes that depend on nothing but its content (and the libraries' versions)."""
    drawn = BytesIO()
    paper.save(drawn)
    return pack_again(drawn.getvalue(), {"word/fontTable.xml": _FONT_TABLE.encode()})


def pack_again(package: bytes, instead: Mapping[str, bytes] | None = None) -> bytes:
    """Return a Word or Excel file with one date for all its entries; ``instead`` replaces the content of some."""
    kept = BytesIO()
    with ZipFile(BytesIO(package)) as given, ZipFile(kept, "w") as packed:
        for item in given.infolist():
            info = ZipInfo(item.filename, _ZIP_EPOCH)
            info.create_system, info.compress_type = _UNIX, ZIP_DEFLATED
            content = (instead or {}).get(item.filename)
            packed.writestr(info, given.read(item) if content is None else content, compresslevel=6)
    return kept.getvalue()
