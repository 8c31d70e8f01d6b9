"""Prints the documents of the simulated community: one page of text as PDF, the same bytes for the same text.

The Chinese font is one that every reader of PDF knows by name; nothing is embedded.
"""

from __future__ import annotations

_METRICS = b"[-25 -254 1000 880] /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93"
_SIZE, _LEADING, _LEFT, _TOP = 14, 26, 72, 760


def print_pdf(text: str) -> bytes:
    """Return a PDF of one A4 page with the lines of a text."""
    shown = "\n".join(f"<{line.encode('utf-16-be').hex()}> Tj T*" for line in text.splitlines())
    drawing = f"BT /F1 {_SIZE} Tf {_LEADING} TL {_LEFT} {_TOP} Td\n{shown}\nET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
        b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UTF16-H /DescendantFonts [6 0 R] >>",
        b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /FontDescriptor 7 0 R /CIDSystemInfo 8 0 R >>",
        b"<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox %s >>" % _METRICS,
        b"<< /Registry (Adobe) /Ordering (GB1) /Supplement 5 >>",
    ]
    printed = bytearray(b"%PDF-1.4\n")
    starts = []
    for number, content in enumerate(objects, 1):
        starts.append(len(printed))
        printed += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % start for start in starts)
    size = len(objects) + 1
    end = b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return bytes(printed + end % (size, table, size, len(printed)))
