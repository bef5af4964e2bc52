"""How one filter goes to a server of each generation: as it is, as a superset, or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rybbit_mcp.api.filters import (
    COORDINATES,
    EVENT_PARAMETERS,
    NEGATIVE,
    NULL_CHECKS,
    PATTERNS,
    Filter,
)
from rybbit_mcp.api.generations import Generation
from rybbit_mcp.api.matching import COMPOSED_PARAMETERS
from rybbit_mcp.api.patterns import LONGEST_PATTERN, length_of, literal, one_pattern
from rybbit_mcp.api.unsupported import no_negative_event, no_right_answer

Sent = dict[str, Any]

PAGES = frozenset({"entry_page", "exit_page"})
WHOLE_CITY = re.compile(r"([A-Z]{2})-[A-Z0-9]{1,3}-(.+)", re.DOTALL)

_WILDCARDS = frozenset("%_\\")
_LIKE = frozenset({"contains", "not_contains", "starts_with", "ends_with"})


@dataclass(frozen=True, slots=True)
class Form:
    """How one filter goes to the server: exactly, as a superset, or not at all."""

    sent: tuple[Sent, ...]
    is_exact: bool


_LOCAL = Form((), is_exact=False)


def form_of(item: Filter, generation: Generation, *, has_rows: bool = True) -> Form:
    parameter = item.parameter
    if parameter in EVENT_PARAMETERS:
        return _event_form(item, generation, has_rows=has_rows)
    if parameter in generation.absent_parameters:
        is_known = not has_rows and parameter == "timezone" and generation.name == "B"
        if not is_known:
            raise no_right_answer(item, generation, has_rows=has_rows)
    if parameter == "user_id":
        return _as_is(item) if item.type == "equals" else _LOCAL
    if parameter == "city":
        return _city_form(item, generation)
    if parameter in PAGES:
        return _page_form(item, generation, has_rows=has_rows)
    return _field_form(item, generation)


def _field_form(item: Filter, generation: Generation) -> Form:
    """The form of a filter on a field that each visit has one value of."""
    asks_for_unknown = item.type in NULL_CHECKS or "" in item.value
    if asks_for_unknown and item.parameter in COMPOSED_PARAMETERS:
        return _LOCAL  # composed values are never empty to the server
    if item.type not in generation.operators:
        return _LOCAL
    if item.parameter in COORDINATES:
        is_misread = item.type == "not_equals" and not generation.reads_negative_lists
        return _LOCAL if is_misread else _as_is(item)
    return _text_form(item, generation)


def _as_is(item: Filter) -> Form:
    """One filter, or one for each value where a list of negatives would match everything."""
    groups = [(value,) for value in item.value] if item.type in NEGATIVE else [item.value]
    return Form(tuple(_sent(item, item.type, values) for values in groups), is_exact=True)


def _sent(item: Filter, operator: str, values: Iterable[str]) -> Sent:
    numbers = item.parameter in COORDINATES
    return {
        "parameter": item.parameter,
        "type": operator,
        "value": [float(value) for value in values] if numbers else list(values),
    }


def _city_form(item: Filter, generation: Generation) -> Form:
    """Servers compare `region-city`: ask for all that contain the name, check the rows."""
    if item.type == "equals" and all(map(WHOLE_CITY.fullmatch, item.value)):
        return _as_is(item)
    if _has_escape(item) and not generation.reads_wildcards_literally:
        return _LOCAL
    if item.type in {"equals", "contains", "starts_with", "ends_with"} and all(item.value):
        return Form((_sent(item, "contains", item.value),), is_exact=False)
    return _LOCAL


def _page_form(item: Filter, generation: Generation, *, has_rows: bool) -> Form:
    """Servers take events of any kind: ask for all visits with such an event, check the rows.

    Where there are no rows to check, the server's own reading has to do.
    """
    asks_for_unknown = item.type in NULL_CHECKS or "" in item.value
    if not has_rows:
        form = _LOCAL if asks_for_unknown else _field_form(item, generation)
        has_regex = any(sent["type"] in PATTERNS for sent in form.sent)
        return _LOCAL if has_regex and not generation.has_site_routes else form
    if asks_for_unknown or item.type in NEGATIVE or "pathname" not in generation.event_parameters:
        return _LOCAL
    anywhere = item.model_copy(update={"parameter": "pathname"})
    return Form(_text_form(anywhere, generation).sent, is_exact=False)


def _text_form(item: Filter, generation: Generation) -> Form:
    if item.type == "regex":
        return _pattern_form(item, item.value)
    has_wildcard = any(_WILDCARDS & set(value) for value in item.value)
    if item.type in _LIKE and has_wildcard and not generation.reads_wildcards_literally:
        return _wildcard_form(item, generation)
    return _as_is(item)


def _wildcard_form(item: Filter, generation: Generation) -> Form:
    if "regex" in generation.operators:
        return _pattern_form(item, [literal(value, item.type) for value in item.value])
    # Wildcards match too much, which rows can mend; "not" and the escape match too little.
    if item.type in NEGATIVE or _has_escape(item):
        return _LOCAL
    return Form(_as_is(item).sent, is_exact=False)


def _has_escape(item: Filter) -> bool:
    return any("\\" in value for value in item.value)


def _pattern_form(item: Filter, patterns: Sequence[str]) -> Form:
    """The patterns as one regex that any of them satisfies, or as one not_regex for each."""
    is_negative = item.type in NEGATIVE
    groups = list(patterns) if is_negative else [one_pattern(patterns)]
    if any(length_of(group) > LONGEST_PATTERN for group in groups):
        return _LOCAL
    operator = "not_regex" if is_negative else "regex"
    return Form(tuple(_sent(item, operator, (group,)) for group in groups), is_exact=True)


def _event_form(item: Filter, generation: Generation, *, has_rows: bool) -> Form:
    known = generation.event_parameters
    if not has_rows and generation.name == "B":
        known = frozenset(EVENT_PARAMETERS)
    if item.type in NEGATIVE | NULL_CHECKS:
        raise no_negative_event(item)
    if item.parameter not in known:
        raise no_right_answer(item, generation, has_rows=has_rows)
    form = _LOCAL
    if item.type in generation.operators:
        form = _text_form(item, generation)
    # Before 2.3 a regex on what events have fails, and no row shows what events have.
    has_regex = any(sent["type"] in PATTERNS for sent in form.sent)
    if not form.is_exact or (has_regex and not generation.has_site_routes):
        raise no_right_answer(item, generation, has_rows=has_rows)
    return form
