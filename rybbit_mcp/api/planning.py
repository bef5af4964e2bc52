"""Which filters a generation is sent, and which are applied here to its rows.

Measured on real servers: negative lists that match everything, wildcards in `contains`, `user_id
contains` read as its opposite, `city` compared with `region-city`, locations that fail on places.
A filter is sent only where the answer is right, or holds all right rows (then rows are checked
here); else it is applied here alone, or refused with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, TypeVar

from rybbit_mcp.api.errors import UnsupportedError
from rybbit_mcp.api.filters import COORDINATES, EVENT_PARAMETERS, NEGATIVE, NULL_CHECKS, Filter
from rybbit_mcp.api.generations import Generation
from rybbit_mcp.api.matching import (
    LOCATION_PARAMETERS,
    SESSION_PARAMETERS,
    Check,
    TextSearch,
    check_of,
    location_values,
    session_values,
)
from rybbit_mcp.api.models import Location, Session

Row = TypeVar("Row")
Sent = dict[str, Any]

_REGION_CITY = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}-.+")
_REGEX_SYNTAX = re.compile(r"[\\.^$*+?()\[\]{}|]")
_LIKE = frozenset({"contains", "not_contains", "starts_with", "ends_with"})
_PAGES = frozenset({"entry_page", "exit_page"})


@dataclass(frozen=True, slots=True)
class Plan(Generic[Row]):
    """Filters to send, checks for each row, and what to say about it.

    `is_exact` is False where rows must be searched beyond the page asked for, because the server
    alone would send other rows too.
    """

    sent: tuple[Sent, ...] = ()
    checks: tuple[Check[Row], ...] = ()
    is_exact: bool = True
    notes: tuple[str, ...] = ()

    def accepts(self, row: Row) -> bool:
        """Whether a row satisfies every filter that can be checked here."""
        return all(check(row) for check in self.checks)


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
        is_checkable = item.parameter in SESSION_PARAMETERS
        if not form.is_exact and not is_checkable:
            _refuse(item, generation)
        sent += form.sent
        if is_checkable:
            checks.append(check_of(item, session_values, is_sent=bool(form.sent), search=search))
        if not form.is_exact:
            is_exact = False
            notes.append(f"{item} was applied here: Rybbit {generation.versions} cannot")
        elif item.parameter in _PAGES:
            notes.append(
                f"{item.parameter}: the server looks at a visit's first or last event, "
                "so a visit that began or ended with another event than a pageview can be missing"
            )
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
    for item in filters:
        if item.parameter in LOCATION_PARAMETERS:
            plain = item.model_copy(update={"value": tuple(map(_city_alone, item.value))})
            place = plain if item.parameter == "city" else item
            checks.append(check_of(place, location_values, is_sent=False, search=search))
            continue
        form = _form(item, generation, has_rows=False)
        if not form.is_exact:
            _refuse(item, generation)
        sent += form.sent
    return Plan(tuple(sent), tuple(checks))


def _city_alone(value: str) -> str:
    return value.split("-", 2)[2] if _REGION_CITY.fullmatch(value) else value


def _form(item: Filter, generation: Generation, *, has_rows: bool = True) -> _Form:
    parameter = item.parameter
    if parameter in EVENT_PARAMETERS:
        return _event_form(item, generation, has_rows=has_rows)
    if parameter in generation.absent_parameters:
        is_known = not has_rows and parameter == "timezone" and generation.name == "B"
        if not is_known:
            _refuse(item, generation)
    if parameter == "user_id":
        return _as_is(item) if item.type == "equals" else _LOCAL
    if parameter == "city":
        return _city_form(item)
    if item.type in NULL_CHECKS:
        return _null_form(item, generation)
    if item.type not in generation.operators:
        return _LOCAL
    if parameter in COORDINATES:
        is_misread = item.type == "not_equals" and not generation.reads_negative_lists
        return _LOCAL if is_misread else _as_is(item)
    if parameter in _PAGES and "regex" in item.type and not generation.has_site_routes:
        return _LOCAL
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


def _city_form(item: Filter) -> _Form:
    """Servers compare `region-city`: ask for all that contain the name, check the rows."""
    if item.type == "equals" and all(_REGION_CITY.fullmatch(value) for value in item.value):
        return _as_is(item)
    if item.type in {"equals", "contains", "starts_with", "ends_with"} and all(item.value):
        return _Form((_sent(item, "contains", item.value),), is_exact=False)
    return _LOCAL


def _null_form(item: Filter, generation: Generation) -> _Form:
    if item.type not in generation.operators:
        return _LOCAL
    return _Form((_sent(item, item.type, ()),), is_exact=True)


def _text_form(item: Filter, generation: Generation) -> _Form:
    if item.type == "regex":
        return _Form((_sent(item, "regex", (_one_pattern(item.value),)),), is_exact=True)
    has_wildcard = any("%" in value or "_" in value for value in item.value)
    if item.type in _LIKE and has_wildcard and not generation.reads_wildcards_literally:
        return _wildcard_form(item, generation)
    return _as_is(item)


def _wildcard_form(item: Filter, generation: Generation) -> _Form:
    is_positive = item.type not in NEGATIVE
    takes_regex = "regex" in generation.operators
    if takes_regex and not (item.parameter in _PAGES and not generation.has_site_routes):
        patterns = [_literal(value, item.type) for value in item.value]
        groups = [_one_pattern(patterns)] if is_positive else patterns
        operator = "regex" if is_positive else "not_regex"
        return _Form(tuple(_sent(item, operator, (group,)) for group in groups), is_exact=True)
    return _Form(_as_is(item).sent, is_exact=False) if is_positive else _LOCAL


def _event_form(item: Filter, generation: Generation, *, has_rows: bool) -> _Form:
    known = generation.event_parameters
    if not has_rows and generation.name == "B":
        known = frozenset(EVENT_PARAMETERS)
    if item.parameter not in known:
        _refuse(item, generation)
    if item.type in NEGATIVE | NULL_CHECKS:
        raise UnsupportedError(
            f"filters: on every Rybbit version {item.parameter} {item.type} means "
            "'has some other event', never 'has no such event'.",
            f"List the visits with {item.parameter} equals … and take them off the whole.",
        )
    if item.type in generation.operators:
        return _text_form(item, generation)
    if item.type not in _LIKE or "regex" not in generation.operators:
        _refuse(item, generation)
    pattern = _one_pattern([_literal(value, item.type) for value in item.value])
    return _Form((_sent(item, "regex", (pattern,)),), is_exact=True)


def _literal(text: str, operator: str) -> str:
    escaped = _REGEX_SYNTAX.sub(r"\\\g<0>", text)
    start = "^" if operator == "starts_with" else ""
    return start + escaped + ("$" if operator == "ends_with" else "")


def _one_pattern(patterns: Iterable[str]) -> str:
    """One pattern for all: servers read only the first of several."""
    listed = list(patterns)
    return listed[0] if len(listed) == 1 else "|".join(f"({pattern})" for pattern in listed)


def _refuse(item: Filter, generation: Generation) -> NoReturn:
    raise UnsupportedError(
        f"filters: Rybbit {generation.versions}, which this server is, has no right answer to "
        f"{item.parameter} {item.type}.",
        "Leave this filter out, or filter by entry_page, event_name or channel instead.",
    )
