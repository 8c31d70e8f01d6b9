from __future__ import annotations

from datetime import timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.moment import EARLIEST_MS, LATEST_MS, Form, read_moment

CHINA = timezone(timedelta(hours=8))


@pytest.mark.parametrize(
    ("value", "form", "moment"),
    [
        (Decimal(1782000902318), Form.EPOCH_MS, 1782000902318),
        (Decimal("1782000902318.0"), Form.EPOCH_MS, 1782000902318),
        ("1782000902318", Form.EPOCH_MS, 1782000902318),
        ("1782000902318ms", Form.EPOCH_MS, None),
        (Decimal(1782000902), Form.EPOCH_MS, None),
        (Decimal(17820009023180), Form.EPOCH_MS, None),
        (Decimal(-1), Form.EPOCH_MS, None),
        (Decimal("1E+999999"), Form.EPOCH_MS, None),
        (True, Form.EPOCH_MS, None),
        (None, Form.EPOCH_MS, None),
        (Decimal(1782000902), Form.EPOCH_S, 1782000902000),
        (Decimal("1782000902.5"), Form.EPOCH_S, 1782000902500),
        (Decimal(4711), Form.EPOCH_S, None),
        ("2026-06-21T00:15:02Z", Form.ISO8601, 1782000902000),
        ("2026-06-21T08:15:02.318204771+08:00", Form.ISO8601, 1782000902318),
        ("20260621T001502Z", Form.ISO8601, 1782000902000),
        ("2026-06-21T08:15:02", Form.ISO8601, None),
        ("0001-01-01T00:00:00Z", Form.ISO8601, None),
        ("0001-01-01T00:00:00+14:00", Form.ISO8601, None),
        ("yesterday", Form.ISO8601, None),
        (Decimal(20260621), Form.ISO8601, None),
        ("2026-06-21 08:15:02", Form.LOCAL, 1782000902000),
        ("2026-06-21 08:15:02.310", Form.LOCAL, 1782000902310),
        ("20260621081502", Form.LOCAL, 1782000902000),
        ("20260621081502318", Form.LOCAL, 1782000902318),
        ("2026-06-21T00:15:02.000Z", Form.LOCAL, 1782000902000),
        ("2026-02-30 08:15:02", Form.LOCAL, None),
    ],
)
def test_a_moment_is_utc_milliseconds_or_nothing(value: object, form: Form, moment: int | None) -> None:
    assert read_moment(value, form, CHINA) == moment


def test_a_clock_that_lies_by_days_keeps_its_moment() -> None:
    assert read_moment("2026-06-25T00:00:00Z", Form.ISO8601) is not None


@given(st.one_of(st.text(max_size=50), st.decimals(), st.none(), st.booleans()), st.sampled_from(Form))
def test_anything_is_a_moment_in_the_window_or_none(value: object, form: Form) -> None:
    if isinstance(value, Decimal) and not value.is_finite():
        return  # JSON has none
    moment = read_moment(value, form, CHINA)
    assert moment is None or EARLIEST_MS <= moment < LATEST_MS
