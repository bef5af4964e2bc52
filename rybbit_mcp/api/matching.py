"""Filters applied here, to the server's own rows, where a server cannot be asked rightly."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol, TypeVar

from rybbit_mcp.api.filters import COORDINATES, NEGATIVE, Filter
from rybbit_mcp.api.models import Location, Session, text_of

Row = TypeVar("Row")
Values = Callable[[Row, str], tuple[str, ...]]
Check = Callable[[Row], bool]

COORDINATE_SLACK = 0.001
"""The API calls coordinates equal within this many degrees."""

SESSION_PARAMETERS = frozenset(
    {"country", "region", "city", "language", "device_type", "browser", "operating_system"}
    | {"channel", "hostname", "entry_page", "exit_page", "user_id", "lat", "lon", "tag"}
    | {"utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "timezone"}
)
"""Parameters whose value every list row shows; the rest only the server can decide."""

LOCATION_PARAMETERS = frozenset({"country", "city", "lat", "lon"})

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_PREFIXED = re.compile(r"0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+")


class TextSearch(Protocol):
    """Searches a pattern in a text as the server's engine (RE2) does."""

    def __call__(self, pattern: str, text: str) -> bool: ...


def session_values(session: Session, parameter: str) -> tuple[str, ...]:
    """What a list row shows for a parameter; several where the API means either of them."""
    if parameter == "user_id":
        return (session.user_id, session.identified_user_id)
    if parameter == "city":
        return (session.city, f"{session.region}-{session.city}")
    return (str(getattr(session, parameter)),)


def location_values(location: Location, parameter: str) -> tuple[str, ...]:
    """What a place shows for a parameter."""
    return (str(getattr(location, parameter)),)


def check_of(
    item: Filter, values_of: Values[Row], *, is_sent: bool, search: TextSearch
) -> Check[Row]:
    """Whether a row satisfies the filter.

    Where the server filtered too (`is_sent`), rows whose text it may have turned into a number
    are let through: their original text is lost.
    """
    if item.parameter in COORDINATES:
        return lambda row: _coordinate_holds(item, float(values_of(row, item.parameter)[0]))
    positive = _positive(item, search)
    wanted = item.type not in NEGATIVE | {"is_not_null"}

    def check(row: Row) -> bool:
        values = values_of(row, item.parameter)
        if is_sent and item.type not in {"equals", "not_equals"} and _is_number(values[0]):
            return True
        return any(positive(value) for value in values) is wanted

    return check


def as_sent(text: str) -> str:
    """The text as the server sends it after its `Number()`: `007` comes as `7`."""
    plain = text.strip()
    if _NUMBER.fullmatch(plain):
        return text_of(float(plain))
    if _PREFIXED.fullmatch(plain):
        return str(int(plain, 0))
    return "0" if text and not plain else text


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def _positive(item: Filter, search: TextSearch) -> Callable[[str], bool]:
    wanted = item.value
    match item.type:
        case "equals" | "not_equals":
            accepted = {*wanted, *map(as_sent, wanted)}
            return lambda value: value in accepted
        case "contains" | "not_contains":
            return lambda value: any(part in value for part in wanted)
        case "starts_with":
            return lambda value: value.startswith(wanted)
        case "ends_with":
            return lambda value: value.endswith(wanted)
        case "regex" | "not_regex":
            return lambda value: any(search(pattern, value) for pattern in wanted)
        case _:
            return lambda value: value == ""


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


def duckdb_search() -> TextSearch:
    """A search on DuckDB's RE2, the server's engine, safe from patterns that never end.

    The engine is loaded at the first search.
    """
    connection = None

    @lru_cache(maxsize=10_000)
    def search(pattern: str, text: str) -> bool:
        nonlocal connection
        if connection is None:
            import duckdb  # loaded only for the rare filter that needs it

            connection = duckdb.connect()
        found = connection.execute("SELECT regexp_matches(?, ?)", [text, pattern]).fetchone()
        return bool(found and found[0])

    return search
