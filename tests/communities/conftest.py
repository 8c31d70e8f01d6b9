"""What all tests of communities share: one catalogue for all, and a run without its form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

import collector.house
import evidence.run
from evidence.catalogue import Catalogue, load_catalogue

_known: dict[tuple[tuple[str, bytes], ...], Catalogue] = {}


def _load_once(texts: Mapping[str, bytes]) -> Catalogue:
    key = tuple(sorted(texts.items()))
    if key not in _known:
        _known[key] = load_catalogue(texts)
    return _known[key]


@pytest.fixture(autouse=True, scope="module")
def _swift() -> Iterator[None]:
    """Read the catalogue's texts once and leave form and exhibits empty: all have their own tests and take seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(collector.house, "load_catalogue", _load_once)
        patch.setattr(evidence.run, "_fill", lambda *_: {"declaration.docx": b""})
        patch.setattr(evidence.run, "print_exhibits", lambda *_, **__: b"")
        yield
