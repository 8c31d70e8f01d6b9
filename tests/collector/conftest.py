from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts.data_folder import DataFolder


@pytest.fixture
def data_folder(tmp_path: Path) -> Iterator[DataFolder]:
    """Yield a data folder with its real locker; what runs on it is stopped in the end."""
    folder = DataFolder(tmp_path / "data")
    yield folder
    folder.close()
