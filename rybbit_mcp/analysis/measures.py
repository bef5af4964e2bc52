"""How metrics come out of the columns of a query: exactly, from whole numbers where possible.

Engines send counts and exact sums; what must be divided is divided here, once for all engines.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import isfinite
from types import MappingProxyType

from rybbit_mcp.analysis.outcome import Number
from rybbit_mcp.analysis.specification import Specification, aggregate_of

Columns = Mapping[str, object]

RATIO_DIGITS = 6
"""Decimals of ratios and of sums, means and medians of properties."""
DURATION_DIGITS = 1
"""Decimals of seconds: the median and the ninth decile of whole seconds have no more."""

_COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "sessions": (),
        "share": (),
        "visitors": ("visitors",),
        "pageviews": ("pageviews",),
        "pages_per_session": ("pageviews",),
        "bounce_rate": ("bounces",),
        "median_duration": ("median_duration",),
        "p90_duration": ("p90_duration",),
        "events": ("custom_events",),
        "errors": ("error_count",),
        "occurrences": ("occurrences",),
    }
)
_OF_AMOUNT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"sum": ("sum",), "mean": ("sum", "count"), "median": ("count", "low", "high")}
)


RATIOS = frozenset({"pages_per_session", "bounce_rate"})
"""Metrics that are their column divided by the sessions."""

DURATIONS = frozenset({"median_duration", "p90_duration"})
"""Metrics that are unknown, not 0, of no visits."""


def ranks_by_first_metric(specification: Specification) -> bool:
    """Whether a query can order its groups by the first metric: not by what is divided here."""
    return aggregate_of(specification.metrics[0])[0] in {"", "sum"}


def amount_name(specification: Specification, property_name: str) -> str:
    """What the columns of a numeric property begin with."""
    return f"amount_{specification.amounts.index(property_name) + 1}"


def measured_columns(specification: Specification) -> tuple[str, ...]:
    """The columns that the metrics need beside `sessions`, each once."""
    columns: list[str] = []
    for metric in specification.metrics:
        function, property_name = aggregate_of(metric)
        if function:
            amount = amount_name(specification, property_name)
            columns += [f"{amount}_{part}" for part in _OF_AMOUNT[function]]
        else:
            columns += _COLUMNS[metric]
    return tuple(dict.fromkeys(columns))


def measure(
    metric: str, columns: Columns, specification: Specification, session_total: int
) -> Number:
    """The metric of one group.

    Units: counts are whole; `bounce_rate` and `share` are parts, 0 to 1, to six decimals; durations
    are seconds, to one decimal; sums, means and medians of properties go to six decimals.
    """
    sessions = whole(columns["sessions"])
    match metric:
        case "sessions":
            return sessions
        case "share":
            return _ratio(sessions, session_total)
        case "pages_per_session":
            return _ratio(whole(columns["pageviews"]), sessions)
        case "bounce_rate":
            return _ratio(whole(columns["bounces"]), sessions)
        case "median_duration" | "p90_duration":
            return _duration(columns[metric])
    function, property_name = aggregate_of(metric)
    if function:
        return _amount(function, amount_name(specification, property_name), columns)
    return whole(columns[_COLUMNS[metric][0]])


def whole(value: object) -> int:
    """A count, which some engines send as text or as a floating number.

    Raises:
        ValueError, TypeError: no count; one that is missing is none either.
    """
    if isinstance(value, float) and not value.is_integer():
        raise ValueError("a count must be a whole number")
    count = int(value)  # type: ignore[call-overload]  # raises for what is no number
    if count < 0:
        raise ValueError("a count must not be negative")
    return int(count)


def _ratio(part: int, all_of_it: int) -> float | None:
    return round(part / all_of_it, RATIO_DIGITS) if all_of_it else None


def _duration(value: object) -> float | None:
    if value is None:
        return None
    seconds = float(str(value))
    if seconds < 0:
        raise ValueError("a duration must not be negative")
    return round(seconds, DURATION_DIGITS) if isfinite(seconds) else None


def _amount(function: str, name: str, columns: Columns) -> Number:
    if function == "sum":
        return _shown(_exact(columns[f"{name}_sum"]))
    count = whole(columns[f"{name}_count"] or 0)  # a group whose visits have none joins nothing
    if not count:
        return None
    match function:
        case "mean":
            return _shown(_exact(columns[f"{name}_sum"]) / count)
        case _:
            middle = _exact(columns[f"{name}_low"]) + _exact(columns[f"{name}_high"])
            return _shown(middle / 2)


def _exact(value: object) -> Fraction:
    return Fraction(str(value)) if value is not None else Fraction(0)


def _shown(value: Fraction) -> Number:
    rounded = round(value, RATIO_DIGITS)
    return int(rounded) if rounded.denominator == 1 else float(rounded)
