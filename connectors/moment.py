"""What a device's own clock said, as UTC milliseconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum

EARLIEST_MS = 1_420_070_400_000  # 2015-01-01: what is earlier is a clock that was never set
LATEST_MS = 4_102_444_800_000  # 2100-01-01: what is later is a wrong unit, not a time

_MOST_DIGITS = 14
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_DIGITS = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,9})?")
_RUN = re.compile(r"([0-9]{8})([0-9]{6})([0-9]{3})?")


class Form(StrEnum):
    """How a device writes a moment."""

    EPOCH_MS = "epoch_ms"
    EPOCH_S = "epoch_s"
    ISO8601 = "iso8601"  # with its zone; without one it is no moment
    LOCAL = "local"  # as iso8601 or yyyyMMddHHmmss[SSS]; a missing zone is the profile's utc_offset_hours


def read_moment(value: object, form: Form, offset: timezone | None = None) -> int | None:
    """Return the UTC milliseconds of a JSON scalar, or None when it is no moment between 2015 and 2100.

    ``offset`` is the zone of local texts that name none. A device that lies by days keeps its moment: judging the
    difference to the time of arrival is not the reading room's.
    """
    if form is Form.EPOCH_MS or form is Form.EPOCH_S:
        moment = _from_epoch(value, 1000 if form is Form.EPOCH_S else 1)
    elif isinstance(value, str):
        moment = _from_text(value, offset if form is Form.LOCAL else None)
    else:
        return None
    return moment if moment is not None and EARLIEST_MS <= moment < LATEST_MS else None


def _from_epoch(value: object, factor: int) -> int | None:
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = Decimal(value)
    # The order of magnitude comes first: 1e999999 as a whole number would fill the memory.
    if not isinstance(value, Decimal) or value.adjusted() > _MOST_DIGITS:
        return None
    return int(value) if factor == 1 else int(value * factor)


def _from_text(text: str, offset: timezone | None) -> int | None:
    if len(text) > 40:
        return None
    run = _RUN.fullmatch(text)
    if run:
        text = f"{run[1]}T{run[2]}" + (f".{run[3]}" if run[3] else "")
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            if offset is None:
                return None
            moment = moment.replace(tzinfo=offset)
        return (moment - _EPOCH) // _MILLISECOND
    except (ValueError, OverflowError):
        return None
