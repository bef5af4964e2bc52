"""Numbers as servers send them: what is none is refused, or unknown where a place may be.

ClickHouse writes 64-bit integers as texts in some settings; those are numbers too.
"""

from __future__ import annotations

import math
import re

LARGEST_COUNT = 2**53
"""JSON's numbers keep their digits up to here, and nothing that is counted comes near it."""

LARGEST_SCREEN = 99_999

_NUMERAL = re.compile(r"-?\d{1,20}(?:\.\d{1,20})?(?:[eE][-+]?\d{1,3})?", re.ASCII)


def count_of(value: object) -> int:
    """A whole number from 0 on, as one or as its numeral.

    Raises:
        ValueError: anything else; an unknown count must never become a known 0.
    """
    if type(value) is int and 0 <= value <= LARGEST_COUNT:  # nearly always
        return value
    number = number_of(value)
    if number is None or not number.is_integer() or not 0 <= number <= LARGEST_COUNT:
        raise ValueError("not a count")
    return int(number)


def seconds_of(value: object) -> int:
    """A length of time in whole seconds, rounded down.

    Raises:
        ValueError: anything else.
    """
    number = number_of(value)
    if number is None or not 0 <= number <= LARGEST_COUNT:
        raise ValueError("not a length of time")
    return int(number)


def pixels_of(value: object) -> int:
    """The size of a screen; 0, as servers write "unknown", for what can be none."""
    number = number_of(value)
    return int(number) if number is not None and 0 <= number <= LARGEST_SCREEN else 0


def degrees_of(value: object) -> float:
    """A coordinate, not a number (NaN) for what can be none."""
    number = number_of(value)
    return number if number is not None and abs(number) <= 180 else math.nan


def number_of(value: object) -> float | None:
    """A finite number, None for anything else."""
    if isinstance(value, str) and _NUMERAL.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
