"""For all tests: examples are not timed, since the machine may be busy with other tests."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("zhizheng", deadline=None)
settings.load_profile("zhizheng")
