"""A page of text as the smallest PDF: one A4 page in a font every viewer has, the same bytes for the same words."""

from __future__ import annotations

from collections.abc import Sequence


def make_pdf(title: str, lines: Sequence[str]) -> bytes:
    """Return a PDF of one page that shows the lines; ``title`` is its name in the viewer.

    The lines are ASCII: a page that shows Chinese needs a font of its own, megabytes of it. Raises ValueError else.
    """
    shown = b" T*\n".join(b"<" + line.encode("ascii").hex().encode() + b"> Tj" for line in lines)
    content = b"BT /F1 12 Tf 20 TL 72 760 Td\n" + shown + b"\nET"
    fonts = b"<< /Font << /F1 5 0 R >> >>"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources %b >>" % fonts,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Title <feff" + title.encode("utf-16-be").hex().encode() + b"> >>",
    )
    body, starts = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for number, item in enumerate(objects, start=1):
        starts.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, item)
    table = b"".join(b"%010d 00000 n \n" % start for start in starts)
    size = len(objects) + 1
    trailer = b"trailer\n<< /Size %d /Root 1 0 R /Info 6 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(body))
    return body + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + trailer
