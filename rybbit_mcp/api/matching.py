"""Filters applied here, to the server's own rows, where a server cannot be asked rightly."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from typing import TypeVar

from rybbit_mcp.api.filters import COORDINATES, NEGATIVE, Filter
from rybbit_mcp.api.models import Location, Session, text_of
from rybbit_mcp.api.patterns import TextSearch

Row = TypeVar("Row")
Values = Callable[[Row, str], tuple[str, ...]]
Check = Callable[[Sequence[Row]], list[Row]]
"""Keeps the rows that satisfy a filter."""

COORDINATE_SLACK = 0.001
"""The API calls coordinates equal within this many degrees."""

SESSION_PARAMETERS = frozenset(
    {"country", "region", "city", "language", "device_type", "browser", "operating_system"}
    | {"channel", "hostname", "entry_page", "exit_page", "user_id", "lat", "lon", "tag"}
    | {"utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "timezone"}
)
"""Parameters whose value every list row shows."""

COMPOSED_PARAMETERS = frozenset({"browser_version", "operating_system_version", "dimensions"})
"""Parameters that servers put together from several fields: rows show only whether there is one."""

LOCATION_PARAMETERS = frozenset({"country", "city", "lat", "lon"})

REGION_CITY = re.compile(r"\^?[A-Z]{2}-")
"""How the API writes a city: `DE-BE-Berlin`, with the region before it."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_PREFIXED = re.compile(r"0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+")
_INFINITE = re.compile(r"[+-]?Infinity")


def session_values(session: Session, parameter: str) -> tuple[str, ...]:
    """What a list row shows for a parameter; several where the API means either of them."""
    match parameter:
        case "user_id":
            return (session.user_id, session.identified_user_id)
        case "city":
            return (session.city, f"{session.region}-{session.city}")
        case "dimensions":
            is_known = session.screen_width or session.screen_height
            return (f"{session.screen_width}x{session.screen_height}" if is_known else "",)
    return (str(getattr(session, parameter)),)


def location_values(location: Location, parameter: str) -> tuple[str, ...]:
    """What a place shows for a parameter; a city also with its country before it."""
    if parameter == "city":
        return (location.city, f"{location.country}-{location.city}")
    return (str(getattr(location, parameter)),)


def check_of(
    item: Filter, values_of: Values[Row], *, trusts_numbers: bool, search: TextSearch
) -> Check[Row]:
    """What keeps the rows that satisfy the filter.

    `trusts_numbers` lets rows through whose text the server turned into a number, where it had
    filtered them itself: their original text is lost.
    """
    if item.parameter in COORDINATES:
        return lambda rows: [
            row for row in rows if _coordinate_holds(item, float(values_of(row, item.parameter)[0]))
        ]
    wanted = item.type not in NEGATIVE | {"is_not_null"}
    views = _views(item)

    def keep(rows: Sequence[Row]) -> list[Row]:
        values = [values_of(row, item.parameter) for row in rows]
        matching = [
            (place, _matching(part, {texts[place] for texts in values}, search))
            for place, part in views
        ]
        return [
            row
            for row, texts in zip(rows, values, strict=True)
            if (trusts_numbers and _NUMBER.fullmatch(texts[0]))
            or any(texts[place] in found for place, found in matching) is wanted
        ]

    return keep


def as_sent(text: str) -> str:
    """The text as the server sends it after its `Number()`: `007` comes as `7`."""
    plain = text.strip()
    if _NUMBER.fullmatch(plain):
        return _as_javascript_writes(float(plain))
    if _PREFIXED.fullmatch(plain):
        number = int(plain, 0)
        return _as_javascript_writes(float(number)) if number < 2**1023 else ""
    if _INFINITE.fullmatch(plain):
        return ""
    return "0" if text and not plain else text


def _as_javascript_writes(number: float) -> str:
    """A number as JSON of JavaScript has it: the shortest digits, filled up with zeros."""
    if number.is_integer() and abs(number) < 1e21:
        return f"{int(Decimal(repr(number)))}"
    return text_of(number) if abs(number) < float("inf") else ""


def _views(item: Filter) -> list[tuple[int, Filter]]:
    """Which of a row's values each value of the filter is compared with."""
    if item.parameter == "user_id":
        return [(0, item), (1, item)]
    if item.parameter != "city" or not item.value:
        return [(0, item)]
    joined = tuple(value for value in item.value if REGION_CITY.match(value))
    plain = tuple(value for value in item.value if not REGION_CITY.match(value))
    return [
        (place, item.model_copy(update={"value": values}))
        for place, values in ((0, plain), (1, joined))
        if values
    ]


def _matching(item: Filter, texts: Collection[str], search: TextSearch) -> set[str]:
    """The texts that the filter, read without its "not", is true of."""
    wanted = item.value
    match item.type:
        case "equals" | "not_equals":
            accepted = {*wanted, *map(as_sent, wanted)}
            return {text for text in texts if text in accepted}
        case "contains" | "not_contains":
            return {text for text in texts if any(part in text for part in wanted)}
        case "starts_with":
            return {text for text in texts if text.startswith(wanted)}
        case "ends_with":
            return {text for text in texts if text.endswith(wanted)}
        case "regex" | "not_regex":
            return search(wanted, texts)
        case _:
            return {text for text in texts if text == ""}


def _coordinate_holds(item: Filter, actual: float) -> bool:
    bounds = [float(value) for value in item.value]
    near = any(abs(actual - bound) < COORDINATE_SLACK for bound in bounds)
    match item.type:
        case "equals":
            return near
        case "not_equals":
            return not near
        case "greater_than":
            return actual > bounds[0]
        case "less_than":
            return actual < bounds[0]
        case "greater_than_or_equal":
            return actual >= bounds[0]
        case _:
            return actual <= bounds[0]
