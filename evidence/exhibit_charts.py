"""Chooses the charts of an exhibit: for each part shown by messages, at how many places it was heard on each day.

What was measured there is drawn too, except in homes, whose readings are nobody's business.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from evidence.daily import Daily, Sign
from evidence.exhibit_words import list_ways
from evidence.sheet import Band, Bars

HOME = "household"
MOST_BANDS = 6
_IN_M = ("counted", "missing", "unknown")


def measured_signs(indicators: Mapping[int, Mapping[str, Any]], units: Mapping[str, str]) -> frozenset[Sign]:
    """Return the signs whose readings some chart shows; ``units`` names the capabilities that are numbers."""
    return frozenset(
        sign
        for indicator in indicators.values()
        for part in indicator.get("parts") or ()
        for signs in _measured(part, units).values()
        for sign in signs
    )


def choose_charts(
    parts: Sequence[Mapping[str, Any]], daily: Daily, names: Mapping[str, str], units: Mapping[str, str]
) -> tuple[Bars | Band, ...]:
    """Return the charts of a row's parts, the same series once; none where no message shows anything."""
    chosen: dict[Bars | Band, Bars | Band] = {}
    for number, part in enumerate(parts, 1):
        for chart in _chart_part(part, daily, names, units):
            chosen.setdefault(chart, replace(chart, title=f"分项{number}　{chart.title}"))
    return tuple(chosen.values())


def _chart_part(
    part: Mapping[str, Any], daily: Daily, names: Mapping[str, str], units: Mapping[str, str]
) -> tuple[Bars | Band, ...]:
    asked = _asked(part)
    places = [_needs(entry, asked) for entry in _entries(part)]
    if not any(signs for needs in places for signs in needs):
        return ()
    most = part.get("denominator") or len(places)
    bars = Bars(f"每日有效上报的处数（虚线为{most}）", daily.days, daily.count_places(places), int(most))
    bands = [
        Band(
            f"{names.get(capability, capability)}每日最低—最高",
            daily.days,
            daily.band(signs),
            units[capability],
        )
        for capability, signs in _measured(part, units).items()
    ]
    return bars, *[band for band in bands if any(band.spans)][:MOST_BANDS]


def _asked(part: Mapping[str, Any]) -> list[list[str]]:
    """Return what messages must show, in the rubric's order: for each need the capabilities any of which will do."""
    measure = part.get("measure")
    if not isinstance(measure, Mapping):
        return []
    show = measure.get("show") or ()
    needs = [
        [str(one["capability"]) for one in need.get("any_of") or (need,) if "message" in list_ways(one)]
        for need in show
    ]
    limited = [[str(measure["capability"])]] if measure.get("kind") == "limits" and "capability" in measure else []
    return [need for need in needs if need] or limited


def _entries(part: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    rosters = part.get("rosters") or {}
    for roster in _IN_M:
        yield from rosters.get(roster) or ()


def _needs(entry: Mapping[str, Any], asked: Sequence[Sequence[str]]) -> list[list[Sign]]:
    signs = [
        (str(shown["source"]), str(shown["device"]), str(shown["capability"]))
        for shown in entry.get("shown") or ()
        if shown.get("shown_by") == "message"
    ]
    return [[sign for sign in signs if sign[2] in capabilities] for capabilities in asked]


def _measured(part: Mapping[str, Any], units: Mapping[str, str]) -> dict[str, list[Sign]]:
    """Return by capability the signs whose readings may be drawn."""
    if HOME in _kinds(part.get("measure")):
        return {}
    numbers = [capability for need in _asked(part) for capability in need if capability in units]
    found: dict[str, list[Sign]] = {capability: [] for capability in numbers}
    for entry in _entries(part):
        for capability in numbers:
            found[capability] += _needs(entry, [[capability]])[0]
    return found


def _kinds(measure: object) -> set[str]:
    scopes = measure.get("of") if isinstance(measure, Mapping) else None
    listed = scopes if isinstance(scopes, Sequence) and not isinstance(scopes, str) else [scopes]
    return {str(scope.get("kind") if isinstance(scope, Mapping) else scope) for scope in listed if scope}
