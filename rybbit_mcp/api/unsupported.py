"""Refusals of filters that a server would answer wrongly, each with a way around."""

from __future__ import annotations

from collections.abc import Sequence

from rybbit_mcp.api.errors import UnsupportedError
from rybbit_mcp.api.filters import (
    COMPARISONS,
    EVENT_PARAMETERS,
    NEGATIVE,
    NULL_CHECKS,
    OPERATORS,
    Filter,
)
from rybbit_mcp.api.generations import Generation


def no_right_answer(
    item: Filter, generation: Generation, *, has_rows: bool = True
) -> UnsupportedError:
    """The refusal of a filter that this generation fails on or misreads."""
    where = "" if has_rows else "for locations "
    return UnsupportedError(
        f"filters: Rybbit {generation.versions}, which this server is, has no right answer {where}"
        f"to {item.parameter} {item.type}.",
        _way_around(item, generation, has_rows=has_rows),
    )


def no_negative_event(item: Filter) -> UnsupportedError:
    """The refusal of "without such an event", which no version can say."""
    return UnsupportedError(
        f"filters: on every Rybbit version {item.parameter} {item.type} means "
        "'has some other event', never 'has no such event'.",
        f"List the visits with {item.parameter} equals …, and take them off the whole.",
    )


def no_negative_here(item: Filter) -> UnsupportedError:
    """The refusal of "without" for places, which are counted by events."""
    return UnsupportedError(
        f"filters: for locations {item.parameter} {item.type} means 'has some other event', which "
        "most visits have.",
        f"Use {item.parameter} equals, contains or regex, or list the visits instead.",
    )


def not_together_here(items: Sequence[Filter]) -> UnsupportedError:
    """The refusal of filters that one event of a visit would have to satisfy all."""
    names = " and ".join(dict.fromkeys(item.parameter for item in items))
    return UnsupportedError(
        f"filters: for locations servers want one event that satisfies {names} at once.",
        "Keep one of these filters, or list the visits instead.",
    )


def no_region_here(item: Filter) -> UnsupportedError:
    """The refusal of a part of a region for places, which have none."""
    return UnsupportedError(
        f"filters: locations have no region, so this {item.parameter} cannot be told.",
        "Filter by country, by city (Berlin), or by region.",
    )


def _way_around(item: Filter, generation: Generation, *, has_rows: bool) -> str:
    if item.parameter in generation.absent_parameters:
        return "Leave this filter out: servers know it since a later version."
    if item.parameter in EVENT_PARAMETERS and item.parameter not in generation.event_parameters:
        return "Filter by entry_page, exit_page or event_name instead."
    if not has_rows and item.parameter in {"user_id", "entry_page", "exit_page"}:
        return f"Use {item.parameter} equals, or leave this filter out."
    shorter = " with fewer or shorter values" if len(str(item)) > 200 else ""
    types = [name for name in _right_types(item, generation) if name != item.type]
    return f"Use {item.parameter} {' or '.join(types[:4])}{shorter}, or leave this filter out."


def _right_types(item: Filter, generation: Generation) -> list[str]:
    """The operators that this parameter can be asked with."""
    is_event = item.parameter in EVENT_PARAMETERS
    if is_event and not generation.has_site_routes:
        return ["equals", "contains"]
    hidden = COMPARISONS | (NEGATIVE | NULL_CHECKS if is_event else frozenset())
    return [name for name in OPERATORS if name in generation.operators and name not in hidden]
