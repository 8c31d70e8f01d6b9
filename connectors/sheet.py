"""A register sheet as a file: CSV bytes as stored, to rows of text."""

from __future__ import annotations

import csv


class RegisterError(ValueError):
    """A sheet cannot be used at all; the message names sheet, column, what was found, and the mend."""


def rows_of(payload: bytes, topic: str) -> list[dict[str, str]]:
    """Return the rows of a stored CSV sheet by header; ``topic`` is its file name, for messages.

    UTF-8 with or without a byte order mark, else GBK (GB 18030). Lines without any cell stay as rows of empty
    cells, so that an index is a place in the file. Raises RegisterError for any other bytes, a missing header, a
    header that is there twice, a line longer than the header, or an open quotation mark.
    """
    text = _decode(payload, topic).replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    reader = csv.reader([f"{line}\n" for line in text.split("\n")], strict=True)
    try:
        headers = [header.strip() for header in next(reader, [])]
        if not any(headers):
            raise RegisterError(f"{topic}: the first line is empty; write the column names there")
        twice = next((header for header in headers if header and headers.count(header) > 1), None)
        if twice is not None:
            raise RegisterError(f"{topic}: the column {twice!r} is there twice; remove or rename one")
        rows = []
        for line in reader:
            if any(cell.strip() for cell in line[len(headers) :]):
                raise RegisterError(
                    f"{topic}: line {reader.line_num} has more cells than the header; put quotation marks "
                    "around a cell that holds a comma"
                )
            padded = line[: len(headers)] + [""] * (len(headers) - len(line))
            rows.append({header: cell for header, cell in zip(headers, padded, strict=True) if header})
    except csv.Error as error:
        raise RegisterError(f"{topic}: line {reader.line_num}: {error}; save it as CSV again") from None
    return rows


def _decode(payload: bytes, topic: str) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = payload.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise RegisterError(f"{topic}: the bytes are neither UTF-8 nor GBK text; save the sheet as CSV (UTF-8)")
