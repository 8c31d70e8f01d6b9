from __future__ import annotations

import pytest

from connectors.mqtt import client as client_module


@pytest.fixture
def quick_retry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a client connect again at once, where a test is not about the pause before."""
    monkeypatch.setattr(client_module, "RECONNECT_MIN_S", 0.05)
    monkeypatch.setattr(client_module, "RECONNECT_JITTER_S", 0.02)
