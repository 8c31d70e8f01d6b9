from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.hamlet import Hamlet
from tests.fakes.night import Night, live_through


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """A finished night; nobody writes to it, copies are made of what a test alters."""
    lived = live_through(tmp_path_factory.mktemp("night"))
    yield lived
    lived.stage.close()


@pytest.fixture
def hamlet(tmp_path: Path) -> Iterator[Hamlet]:
    """An empty house that a test fills by hand."""
    stage = Hamlet(tmp_path)
    yield stage
    stage.close()
