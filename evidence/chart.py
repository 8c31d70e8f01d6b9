"""Draws the small charts of a sheet: bars of how many places were heard on each day, bands of what was read.

Black and white: a bar is grey with a dark edge, a band is a grey box from the lowest to the highest reading. Every
number a chart shows is written at it where there is room.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from evidence.sheet import Band, Bars

SMALL, TINY = 7.0, 5.5
MOST_LABELS = 10
_TITLE_MM, _FOOT_MM, _HEAD_MM = 4.2, 3.4, 3.4


class Pen(Protocol):
    """What a chart needs to be drawn: millimetres from the page's top left corner, sizes in points."""

    def write(self, x: float, y: float, size: float, text: str) -> None:
        """Write one line, its baseline at ``y``."""

    def measure(self, text: str, size: float) -> float:
        """Return the width of a line."""

    def fit(self, text: str, size: float, width: float) -> str:
        """Return the text on one line no wider than ``width``."""

    def rule(self, x1: float, y1: float, x2: float, y2: float, *, dashed: bool = False) -> None:
        """Draw a hair line."""

    def box(self, x: float, y: float, width: float, height: float, *, shaded: bool) -> None:
        """Draw a rectangle."""


def draw_chart(pen: Pen, chart: Bars | Band, x: float, y: float, width: float, height: float) -> None:
    """Draw a chart with its title and its days into the given rectangle."""
    unit = f"（{chart.unit}）" if isinstance(chart, Band) and chart.unit not in {"", "1"} else ""
    pen.write(x, y + 3.0, SMALL, pen.fit(chart.title + unit, SMALL, width))
    top, bottom = y + _TITLE_MM + _HEAD_MM, y + height - _FOOT_MM
    step = width / max(len(chart.days), 1)
    if isinstance(chart, Bars):
        _draw_bars(pen, chart, (x, top, step, bottom))
    else:
        _draw_band(pen, chart, (x, top, step, bottom))
    pen.rule(x, bottom, x + width, bottom)
    _draw_days(pen, chart.days, x, step, bottom + 2.6)


def _draw_bars(pen: Pen, chart: Bars, frame: tuple[float, float, float, float]) -> None:
    x, top, step, bottom = frame
    most = max(chart.most, *chart.values, 1) if chart.values else 1
    pen.rule(x, top, x + step * len(chart.days), top, dashed=True)
    for index, value in enumerate(chart.values):
        tall = (bottom - top) * value / most
        left = x + index * step + step * 0.2
        if value:
            pen.box(left, bottom - tall, step * 0.6, tall, shaded=True)
        if len(chart.values) <= MOST_LABELS:
            # At the bar's foot, where the line of the full height never crosses it.
            _write_centred(pen, str(value), left + step * 0.3, bottom - 0.8)


def _draw_band(pen: Pen, chart: Band, frame: tuple[float, float, float, float]) -> None:
    x, top, step, bottom = frame
    known = [span for span in chart.spans if span is not None]
    if not known:
        return
    low, high = min(span[0] for span in known), max(span[1] for span in known)
    # A line that never moves stands in the middle.
    room = (high - low) or Decimal(1)
    for index, span in enumerate(chart.spans):
        if span is None:
            continue
        upper, lower = (
            bottom - 3.0 - (bottom - top - 3.0) * float((value - low) / room if high != low else Decimal("0.5"))
            for value in (span[1], span[0])
        )
        left = x + index * step + step * 0.25
        pen.box(left, upper, step * 0.5, max(lower - upper, 0.3), shaded=True)
        if len(chart.spans) <= MOST_LABELS:
            _write_centred(pen, _short(span[1]), left + step * 0.25, upper - 0.6)
            if span[0] != span[1]:
                _write_centred(pen, _short(span[0]), left + step * 0.25, lower + 2.0)


def _draw_days(pen: Pen, days: Sequence[str], x: float, step: float, y: float) -> None:
    """Write month and day below; of many days only the first, the middle and the last."""
    shown = range(len(days)) if len(days) <= MOST_LABELS else sorted({0, len(days) // 2, len(days) - 1})
    for index in shown:
        label = days[index][5:]
        middle = x + (index + 0.5) * step
        half = pen.measure(label, TINY) / 2
        _write_centred(pen, label, min(max(middle, x + half), x + step * len(days) - half), y)


def _write_centred(pen: Pen, text: str, x: float, y: float) -> None:
    pen.write(x - pen.measure(text, TINY) / 2, y, TINY, text)


def _short(value: Decimal) -> str:
    """Return a reading as text without trailing zeros, with at most four digits behind the point."""
    text = f"{round(value, 4):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
