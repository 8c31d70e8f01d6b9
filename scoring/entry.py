"""Reads single values of a rubric's mappings: every refusal names the place, the value and the mend."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any


class RubricError(ValueError):
    """A rubric that cannot be used; the message names the file, the row, the key and the mend."""


def read_line(given: Mapping[str, Any]) -> str:
    """Return ":N" when the loader kept the line on which this mapping begins, else nothing."""
    line = getattr(given, "line", None)
    return "" if line is None else f":{line}"


def read_list(given: Mapping[str, Any], key: str, at: str) -> list[Any]:
    """Return a list, empty where the key is missing; raises RubricError for anything else."""
    value = given.get(key, [])
    if not isinstance(value, list):
        raise RubricError(f"{at}: {key} is {value!r}; write a list")
    return value


def read_texts(value: Any) -> list[str]:
    """Return one value or a list of them as texts; YAML's true and false become words again."""
    items = value if isinstance(value, list) else [value]
    return [str(item).lower() if isinstance(item, bool) else str(item) for item in items]


def allow_only(given: object, allowed: frozenset[str] | set[str], at: str) -> None:
    """Raise RubricError where something is no mapping or has another key than the allowed ones."""
    if not isinstance(given, Mapping):
        raise RubricError(f"{at}: {given!r} stands where a mapping of keys to values should stand")
    unknown = sorted(str(key) for key in given if key not in allowed)
    if unknown:
        raise RubricError(f"{at}: {', '.join(unknown)} is not known here; allowed: {', '.join(sorted(allowed))}")


def read_fraction(value: Any, at: str) -> Fraction:
    """Return an exact share or limit of at least 0."""
    return Fraction(read_decimal(value, at))


def read_whole(value: object, at: str) -> int:
    """Return a whole number of at least 0."""
    if isinstance(value, bool) or not str(value).isdecimal():
        raise RubricError(f"{at} is {value!r}; write a whole number")
    return int(str(value))


def read_decimal(value: Any, at: str) -> Decimal:
    """Return a decimal number of at least 0 as it was written."""
    # YAML reads 0.6 as a binary float; its shortest text is what was written.
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0:
        raise RubricError(f"{at} is {value!r}; write a number such as 0.6 or 8")
    return number
