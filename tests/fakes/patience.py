"""Waiting for what other threads and processes do, for a bounded time."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], timeout_s: float = 10.0, what: str = "the condition") -> None:
    """Return once the condition holds; raise AssertionError when it has not within the time."""
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, f"{what} did not come true within {timeout_s} s"
        time.sleep(0.01)
