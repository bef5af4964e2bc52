"""Filters as a caller writes them, checked before any server sees them.

Servers answer a wrong parameter, operator or value with 500 and no reason, so every filter is
checked here against what the API documents.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, field_validator

from rybbit_mcp.api.errors import BadRequestError
from rybbit_mcp.api.models import text_of
from rybbit_mcp.api.patterns import check_pattern

VISIT_PARAMETERS = (
    "country",
    "region",
    "city",
    "language",
    "device_type",
    "browser",
    "browser_version",
    "operating_system",
    "operating_system_version",
    "dimensions",
    "channel",
    "referrer",
    "hostname",
    "entry_page",
    "exit_page",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "user_id",
    "lat",
    "lon",
    "tag",
    "timezone",
)
"""Parameters that every visit has one value of."""

EVENT_PARAMETERS = ("pathname", "page_title", "querystring", "event_name")
"""Parameters that match a visit if any of its events matches."""

PARAMETERS = VISIT_PARAMETERS + EVENT_PARAMETERS

OPERATORS = (
    "equals",
    "not_equals",
    "contains",
    "not_contains",
    "starts_with",
    "ends_with",
    "regex",
    "not_regex",
    "greater_than",
    "less_than",
    "greater_than_or_equal",
    "less_than_or_equal",
    "is_null",
    "is_not_null",
)

NEGATIVE = frozenset({"not_equals", "not_contains", "not_regex"})
COMPARISONS = frozenset(
    {"greater_than", "less_than", "greater_than_or_equal", "less_than_or_equal"}
)
NULL_CHECKS = frozenset({"is_null", "is_not_null"})
PATTERNS = frozenset({"regex", "not_regex"})
COORDINATES = frozenset({"lat", "lon"})

_UNAVAILABLE = re.compile(r"(feature_flag|url_param):.+")
_FOREIGN_WORDS = {
    "is": "equals",
    "eq": "equals",
    "=": "equals",
    "==": "equals",
    "in": "equals",
    "is_not": "not_equals",
    "!=": "not_equals",
    "not_in": "not_equals",
    "like": "contains",
    "matches": "regex",
    ">": "greater_than",
    "<": "less_than",
    ">=": "greater_than_or_equal",
    "<=": "less_than_or_equal",
    "empty": "is_null",
    "device": "device_type",
    "os": "operating_system",
    "page": "pathname",
    "path": "pathname",
    "url": "pathname",
    "title": "page_title",
    "event": "event_name",
    "source": "utm_source",
    "medium": "utm_medium",
    "campaign": "utm_campaign",
    "landing_page": "entry_page",
    "latitude": "lat",
    "longitude": "lon",
    "screen": "dimensions",
    "visitor": "user_id",
    "user": "user_id",
    "referer": "referrer",
    "time_zone": "timezone",
}


class Filter(BaseModel):
    """One condition: `value` lists alternatives (any of them), several filters all hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    parameter: str
    type: str = "equals"
    value: tuple[str, ...] = ()

    @field_validator("value", mode="before")
    @classmethod
    def _as_texts(cls, value: object) -> tuple[str, ...]:
        if value is None:
            return ()
        items = value if isinstance(value, list | tuple | set) else (value,)
        if not all(isinstance(item, str | int | float) for item in items):
            raise ValueError("value must be a text or a number, or a list of them")
        return tuple(text_of(item) for item in items)

    def __str__(self) -> str:
        if self.type in NULL_CHECKS:
            return f"{self.parameter} {self.type}"
        return f"{self.parameter} {self.type} {' or '.join(self.value)}"


def check_filters(filters: Iterable[Filter]) -> tuple[Filter, ...]:
    """The filters, each known to be one the API documents.

    Raises:
        BadRequestError: an unknown parameter or operator (the hint names the nearest), or a
            missing or malformed value.
    """
    checked = tuple(filters)
    for item in checked:
        _check_parameter(item)
        _check_operator(item)
        _check_values(item)
        if item.type in PATTERNS:
            for pattern in item.value:
                check_pattern(pattern)
    return checked


def _check_parameter(item: Filter) -> None:
    if item.parameter in PARAMETERS:
        return
    if _UNAVAILABLE.fullmatch(item.parameter):
        raise BadRequestError(
            f"filters: every Rybbit version fails on {item.parameter.partition(':')[0]} here.",
            "Filter by pathname or by a utm_ parameter instead.",
        )
    raise BadRequestError(
        f"filters: there is no parameter {item.parameter[:40]!r}.",
        _nearest(item.parameter, PARAMETERS),
    )


def _check_operator(item: Filter) -> None:
    if item.type not in OPERATORS:
        raise BadRequestError(
            f"filters: there is no type {item.type[:40]!r}.", _nearest(item.type, OPERATORS)
        )
    is_coordinate = item.parameter in COORDINATES
    if item.type in COMPARISONS and not is_coordinate:
        raise BadRequestError(
            f"filters: {item.type} works for lat and lon only, not for {item.parameter}.",
            "For numbers of a visit use min_pageviews, min_events or min_duration.",
        )
    if is_coordinate and item.type not in COMPARISONS | {"equals", "not_equals"}:
        raise BadRequestError(
            f"filters: {item.parameter} is a number and has no {item.type}.",
            "Use equals, not_equals, greater_than or less_than.",
        )


def _check_values(item: Filter) -> None:
    name = f"filters: {item.parameter} {item.type}"
    if item.type in NULL_CHECKS:
        if item.value not in ((), ("",)):
            raise BadRequestError(f"{name} takes no value.", "Leave value out.")
        if item.parameter == "user_id":
            raise BadRequestError(
                f"{name}: every visit has a user_id.", "For known visitors use identified_only."
            )
        return
    if not item.value:
        raise BadRequestError(f"{name} has no value.", 'Add value, for example ["DE"].')
    if item.type in COMPARISONS and len(item.value) > 1:
        raise BadRequestError(f"{name} takes one value.", "Keep the one that matters.")
    if "" in item.value:
        _check_empty(item, name)
    if item.parameter in COORDINATES:
        for value in item.value:
            _check_number(name, value)


def _check_empty(item: Filter, name: str) -> None:
    """Refuse an empty value where it means nothing; elsewhere it means "unknown"."""
    has_always = item.parameter == "user_id" or item.parameter in EVENT_PARAMETERS
    if has_always or item.type not in {"equals", "not_equals"}:
        hint = "Leave it out." if has_always else "Use is_null for unknown values."
        raise BadRequestError(f"{name} has an empty value.", hint)


def _check_number(name: str, value: str) -> None:
    try:
        if abs(float(value)) <= 180:
            return
    except ValueError:
        pass
    raise BadRequestError(f"{name}: {value[:40]!r} is not a coordinate.", "Give degrees, 52.52.")


def _nearest(word: str, known: tuple[str, ...]) -> str:
    plain = word.strip().lower().replace("-", "_").replace(" ", "_")
    alias = _FOREIGN_WORDS.get(plain, plain)
    near = [alias] if alias in known else difflib.get_close_matches(alias, known, n=3, cutoff=0.5)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    return f"Known: {', '.join(known)}."
