"""A document is what its name says it is, by its bytes, or it is not taken."""

from __future__ import annotations

from io import BytesIO

import pytest
from docx import Document
from openpyxl import Workbook

from evidence.attachment import LARGEST, refuse_document


def word() -> bytes:
    written = BytesIO()
    Document().save(written)
    return written.getvalue()


def excel() -> bytes:
    written = BytesIO()
    Workbook().save(written)
    return written.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("制度.pdf", b"%PDF-1.7\n"),
        ("扫描.JPG", b"\xff\xd8\xff\xe0"),
        ("扫描.jpeg", b"\xff\xd8\xff\xe1"),
        ("截图.png", b"\x89PNG\r\n\x1a\n"),
        ("合同.docx", word()),
        ("汇总.xlsx", excel()),
        ("最大.pdf", b"%PDF-".ljust(LARGEST)),
    ],
)
def test_the_five_sorts_are_taken(name: str, content: bytes) -> None:
    assert refuse_document(name, content) is None


@pytest.mark.parametrize(
    ("name", "content", "en", "zh"),
    [
        ("制度.txt", b"text", "one of pdf, jpg, png, docx, xlsx", "只收pdf、jpg、png、docx、xlsx"),
        ("制度", b"%PDF-1.7", "one of pdf", "只收pdf"),
        ("程序.exe", b"MZ", "one of pdf", "只收pdf"),
        ("制度.pdf", b"", "empty, damaged, or no pdf inside", "内容不是pdf"),
        ("制度.pdf", b"<html>%PDF-1.7", "no pdf inside", "内容不是pdf"),
        ("照片.png", b"\xff\xd8\xff\xe0", "no png inside", "内容不是png"),
        ("合同.docx", excel(), "no docx inside", "内容不是docx"),
        ("汇总.xlsx", word(), "no xlsx inside", "内容不是xlsx"),
        ("合同.docx", b"PK\x03\x04 cut off", "no docx inside", "内容不是docx"),
        ("太大.pdf", b"%PDF-".ljust(LARGEST + 1), "20.0 MB, 20 MB are allowed", "不得超过20 MB"),
    ],
)
def test_what_is_refused_is_told_with_the_mend_in_both_languages(name: str, content: bytes, en: str, zh: str) -> None:
    refused = refuse_document(name, content)
    assert refused is not None
    assert en in refused[0]
    assert zh in refused[1]
