"""Documents that people attach: which files are taken, told from their first bytes and not from their names alone."""

from __future__ import annotations

from io import BytesIO
from pathlib import PurePosixPath
from zipfile import BadZipFile, ZipFile

LARGEST = 20 * 1024 * 1024
"""Bytes a document may have at most."""

ENDINGS = ("pdf", "jpg", "png", "docx", "xlsx")

_BEGINNINGS = {
    "pdf": b"%PDF-",
    "jpg": b"\xff\xd8\xff",
    "jpeg": b"\xff\xd8\xff",
    "png": b"\x89PNG\r\n\x1a\n",
}
_OFFICE = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml"}


def refuse_document(name: str, content: bytes) -> tuple[str, str] | None:
    """Return why a document is not taken and how to mend it, in English and in Chinese; None when it is taken."""
    ending = PurePosixPath(name).suffix.removeprefix(".").lower()
    if ending not in _BEGINNINGS and ending not in _OFFICE:
        return (
            f"a document is one of {', '.join(ENDINGS)}; save or scan it as PDF",
            f"文件只收{'、'.join(ENDINGS)}；请另存或扫描为PDF",
        )
    if len(content) > LARGEST:
        size = f"{len(content) / 1024 / 1024:.1f} MB"
        return (
            f"the document has {size}, {LARGEST // 1024 // 1024} MB are allowed; scan it smaller or split it",
            f"文件大小为{size}，不得超过{LARGEST // 1024 // 1024} MB；请降低扫描分辨率或拆分",
        )
    if not _is_what_it_says(ending, content):
        return (
            f"the document is empty, damaged, or no {ending} inside; open it and save it again as {ending}",
            f"文件为空、已损坏，或内容不是{ending}；请打开后重新另存为{ending}",
        )
    return None


def _is_what_it_says(ending: str, content: bytes) -> bool:
    if ending in _BEGINNINGS:
        return content.startswith(_BEGINNINGS[ending])
    try:
        with ZipFile(BytesIO(content)) as package:
            return _OFFICE[ending] in package.namelist()
    except BadZipFile:
        return False
