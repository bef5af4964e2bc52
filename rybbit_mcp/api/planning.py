"""Which filters a generation is sent, and which are applied here to its rows.

Measured on real servers: negative lists that match everything, wildcards in `contains`, `user_id
contains` read as its opposite, `city` compared with `region-city`, locations that fail on places.
A filter is sent only where the answer is right, or holds all right rows (then rows are checked
here); else it is applied here alone, or refused with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from rybbit_mcp.api.filters import (
    COORDINATES,
    EVENT_PARAMETERS,
    NEGATIVE,
    NULL_CHECKS,
    PATTERNS,
    Filter,
)
from rybbit_mcp.api.generations import Generation
from rybbit_mcp.api.matching import (
    COMPOSED_PARAMETERS,
    LOCATION_PARAMETERS,
    REGION_CITY,
    SESSION_PARAMETERS,
    Check,
    check_of,
    location_values,
    session_values,
)
from rybbit_mcp.api.models import Location, Session
from rybbit_mcp.api.patterns import LONGEST_PATTERN, TextSearch, length_of, literal, one_pattern
from rybbit_mcp.api.unsupported import (
    no_negative_event,
    no_negative_here,
    no_region_here,
    no_right_answer,
)

Row = TypeVar("Row")
Sent = dict[str, Any]

_WHOLE_CITY = re.compile(r"([A-Z]{2})-[A-Z0-9]{1,3}-(.+)", re.DOTALL)
_WILDCARDS = frozenset("%_\\")
_LIKE = frozenset({"contains", "not_contains", "starts_with", "ends_with"})
_PAGES = frozenset({"entry_page", "exit_page"})
_VARYING = frozenset({"channel", "hostname", "referrer", "tag"}) | {
    f"utm_{part}" for part in ("source", "medium", "campaign", "term", "content")
}
"""Fields that events of one visit can differ in; the list shows the first event's."""

_PAGES_DIFFER = "servers take a visit's first or last event of any kind for {}, not its pageview"


@dataclass(frozen=True, slots=True)
class Plan(Generic[Row]):
    """Filters to send, checks for the rows, and what to say about it.

    `is_exact` is False where rows must be searched beyond the page asked for, because the server
    alone would send other rows too.
    """

    sent: tuple[Sent, ...] = ()
    checks: tuple[Check[Row], ...] = ()
    is_exact: bool = True
    notes: tuple[str, ...] = ()

    def keep(self, rows: Sequence[Row]) -> list[Row]:
        """The rows that satisfy every filter that can be checked here."""
        kept = list(rows)
        for check in self.checks:
            kept = check(kept)
        return kept


@dataclass(frozen=True, slots=True)
class _Form:
    """How one filter goes to the server: exactly, as a superset, or not at all."""

    sent: tuple[Sent, ...]
    is_exact: bool


_LOCAL = _Form((), is_exact=False)


def plan_sessions(
    filters: Iterable[Filter], generation: Generation, search: TextSearch
) -> Plan[Session]:
    """The plan for the session list.

    Raises:
        UnsupportedError: a filter that this generation answers wrongly and no row can prove.
    """
    sent: list[Sent] = []
    checks: list[Check[Session]] = []
    notes: list[str] = []
    is_exact = True
    for item in filters:
        form = _form(item, generation)
        is_checkable = item.parameter in SESSION_PARAMETERS or _asks_whether_known(item)
        if not form.is_exact and not is_checkable:
            raise no_right_answer(item, generation)
        sent += form.sent
        if is_checkable:
            checks.append(
                check_of(item, session_values, trusts_numbers=form.is_exact, search=search)
            )
        if not form.is_exact:
            is_exact = False
            notes.append(f"{item} was applied here: {_reason(item, generation)}")
        if item.parameter == "user_id" and generation.name == "A":
            notes.append("user_id: a server this old may know device ids only")
    return Plan(tuple(sent), tuple(checks), is_exact, tuple(dict.fromkeys(notes)))


def plan_locations(
    filters: Iterable[Filter], generation: Generation, search: TextSearch
) -> Plan[Location]:
    """The plan for the locations: place filters are applied here, every server fails on them.

    Raises:
        UnsupportedError: a filter whose answer would be wrong.
    """
    sent: list[Sent] = []
    checks: list[Check[Location]] = []
    notes: list[str] = []
    for item in filters:
        if item.parameter in LOCATION_PARAMETERS:
            place, note = _without_region(item) if item.parameter == "city" else (item, "")
            checks.append(check_of(place, location_values, trusts_numbers=False, search=search))
            notes += [note] if note else []
            continue
        form = _form(item, generation, has_rows=False)
        if not form.is_exact:
            raise no_right_answer(item, generation, has_rows=False)
        if item.parameter in _VARYING:
            if item.type in NEGATIVE | NULL_CHECKS or "" in item.value:
                raise no_negative_here(item)
            notes.append(f"{item.parameter} is compared with every event of a visit here")
        sent += form.sent
        if item.parameter in _PAGES:
            notes.append(_PAGES_DIFFER.format(item.parameter))
    return Plan(tuple(sent), tuple(checks), notes=tuple(dict.fromkeys(notes)))


def _reason(item: Filter, generation: Generation) -> str:
    if item.parameter in _PAGES:
        return _PAGES_DIFFER.format(item.parameter)
    return f"Rybbit {generation.versions}, which this server is, cannot"


def _without_region(item: Filter) -> tuple[Filter, str]:
    """The city filter as places can answer it, which have a country and no region."""
    values = []
    for value in item.value:
        whole = _WHOLE_CITY.fullmatch(value)
        if whole is None and REGION_CITY.match(value):
            raise no_region_here(item)
        values.append(f"{whole[1]}-{whole[2]}" if whole else value)
    if tuple(values) == item.value:
        return item, ""
    note = f"{item}: places tell no region here; all of that name in the country are meant"
    return item.model_copy(update={"value": tuple(values)}), note


def _asks_whether_known(item: Filter) -> bool:
    is_check = item.type in NULL_CHECKS or set(item.value) == {""}
    return is_check and item.parameter in COMPOSED_PARAMETERS


def _form(item: Filter, generation: Generation, *, has_rows: bool = True) -> _Form:
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
    if parameter in _PAGES:
        return _page_form(item, generation, has_rows=has_rows)
    return _field_form(item, generation)


def _field_form(item: Filter, generation: Generation) -> _Form:
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


def _as_is(item: Filter) -> _Form:
    """One filter, or one for each value where a list of negatives would match everything."""
    groups = [(value,) for value in item.value] if item.type in NEGATIVE else [item.value]
    return _Form(tuple(_sent(item, item.type, values) for values in groups), is_exact=True)


def _sent(item: Filter, operator: str, values: Iterable[str]) -> Sent:
    numbers = item.parameter in COORDINATES
    return {
        "parameter": item.parameter,
        "type": operator,
        "value": [float(value) for value in values] if numbers else list(values),
    }


def _city_form(item: Filter, generation: Generation) -> _Form:
    """Servers compare `region-city`: ask for all that contain the name, check the rows."""
    if item.type == "equals" and all(map(_WHOLE_CITY.fullmatch, item.value)):
        return _as_is(item)
    if _has_escape(item) and not generation.reads_wildcards_literally:
        return _LOCAL
    if item.type in {"equals", "contains", "starts_with", "ends_with"} and all(item.value):
        return _Form((_sent(item, "contains", item.value),), is_exact=False)
    return _LOCAL


def _page_form(item: Filter, generation: Generation, *, has_rows: bool) -> _Form:
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
    return _Form(_text_form(anywhere, generation).sent, is_exact=False)


def _text_form(item: Filter, generation: Generation) -> _Form:
    if item.type == "regex":
        return _pattern_form(item, item.value)
    has_wildcard = any(_WILDCARDS & set(value) for value in item.value)
    if item.type in _LIKE and has_wildcard and not generation.reads_wildcards_literally:
        return _wildcard_form(item, generation)
    return _as_is(item)


def _wildcard_form(item: Filter, generation: Generation) -> _Form:
    if "regex" in generation.operators:
        return _pattern_form(item, [literal(value, item.type) for value in item.value])
    # Wildcards match too much, which rows can mend; "not" and the escape match too little.
    if item.type in NEGATIVE or _has_escape(item):
        return _LOCAL
    return _Form(_as_is(item).sent, is_exact=False)


def _has_escape(item: Filter) -> bool:
    return any("\\" in value for value in item.value)


def _pattern_form(item: Filter, patterns: Sequence[str]) -> _Form:
    """The patterns as one regex that any of them satisfies, or as one not_regex for each."""
    is_negative = item.type in NEGATIVE
    groups = list(patterns) if is_negative else [one_pattern(patterns)]
    if any(length_of(group) > LONGEST_PATTERN for group in groups):
        return _LOCAL
    operator = "not_regex" if is_negative else "regex"
    return _Form(tuple(_sent(item, operator, (group,)) for group in groups), is_exact=True)


def _event_form(item: Filter, generation: Generation, *, has_rows: bool) -> _Form:
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
