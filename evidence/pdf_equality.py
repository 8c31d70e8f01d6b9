"""Whether two PDFs of ours say the same. Nothing is rendered and nothing in them is run.

Two builds of zlib may pack the same page into different bytes, so equal bytes cannot be asked for. What may differ is
exactly what packing decides: the packed bytes of a stream, its length, the places of the objects, the file's id.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from itertools import zip_longest

LARGEST_STREAM = 64 * 1024 * 1024
"""Bytes a stream may unpack to; one that is larger is none of ours."""

_STREAM = re.compile(rb"/Length (\d+)(\n[^\n]{0,40}){0,4}\nstream\n(.*?)\nendstream", re.DOTALL)
_PLACE = re.compile(rb"(?m)^(\d{10}) 00000 n ?$")
_START = re.compile(rb"startxref\n(\d+)\n")
_PACKING = re.compile(rb"/Length \d+|/ID \[[^\]\n]*\]|(?m:^\d{10} 00000 n)|startxref\n\d+")


def same_pdf(one: bytes, other: bytes) -> bool:
    """Return whether both are equal, or equal once unpacked and each true to its own lengths and places."""
    if one == other:
        return True
    return (
        _is_true(one)
        and _is_true(other)
        and all(mine == yours for mine, yours in zip_longest(_unpack(one), _unpack(other)))
    )


def _unpack(payload: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what stands around the streams, less what packing decides; then each stream, unpacked if it can be."""
    yield "around", _PACKING.sub(b"", _STREAM.sub(rb"/Length \1\2\nstream\nendstream", payload))
    for match in _STREAM.finditer(payload):
        unpacker = zlib.decompressobj()
        try:
            content = unpacker.decompress(match[3], LARGEST_STREAM)
        except zlib.error:
            yield "as it is", match[3]
            continue
        # Bytes hidden behind a stream's end would be shown by nobody and compared by nobody.
        whole = unpacker.eof and not unpacker.unused_data
        yield ("unpacked", content) if whole else ("as it is", match[3])


def _is_true(payload: bytes) -> bool:
    """Return whether every stated length and place is the real one, so that no reader can find other content."""
    lengths = all(int(match[1]) == len(match[3]) for match in _STREAM.finditer(payload))
    places = [int(match[1]) for match in _PLACE.finditer(payload)]
    objects = all(payload.startswith(b"%d 0 obj" % number, place) for number, place in enumerate(places, 1))
    starts = [int(match[1]) for match in _START.finditer(payload)]
    return lengths and objects and len(starts) == 1 and payload.startswith(b"xref\n", starts[0])
