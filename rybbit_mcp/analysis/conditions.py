"""Which visits count: filters with the meaning of the session list, minimums, and events.

Comparisons are exact in case; values of one filter are alternatives, filters all hold, and a
negative filter holds where none of its values does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rybbit_mcp.analysis.dialect import CUSTOM, ERROR, PAGE, PERFORMANCE, Dialect
from rybbit_mcp.analysis.dimensions import domain, event, is_type, visit
from rybbit_mcp.analysis.specification import EventCondition
from rybbit_mcp.analysis.terms import (
    above,
    all_of,
    among,
    any_of,
    at_least,
    call,
    chosen,
    column,
    count,
    differ,
    distance,
    either,
    equal,
    no,
    number,
    text,
)
from rybbit_mcp.api.errors import UnsupportedError
from rybbit_mcp.api.filters import COORDINATES, EVENT_PARAMETERS, NEGATIVE, NULL_CHECKS, Filter
from rybbit_mcp.api.matching import COORDINATE_SLACK, REGION_CITY
from rybbit_mcp.api.parameters import Conditions
from rybbit_mcp.api.unsupported import no_negative_event

if TYPE_CHECKING:
    from rybbit_mcp.analysis.terms import Term

View = tuple["Term", Sequence[str]]
"""A text of a visit, and the values it is compared with."""

_COMPOSED = {
    "browser_version": ("browser_version",),
    "operating_system_version": ("operating_system_version",),
    "dimensions": ("screen_width", "screen_height"),
}
_EVENT_COLUMNS = {"event_name": "name"}
_OLD_WINDOWS, _NEW_WINDOWS = "Windows 10", "Windows 10/11"
"""Servers show the first as the second; both are asked for."""


class FactList:
    """What must be told of each visit from its events, collected while conditions are built."""

    def __init__(self, table: str) -> None:
        self.columns: dict[str, Term] = {}
        self._table = table

    def add(self, aggregate: Term, default: Term) -> Term:
        """The fact's column, the default where a visit has no events."""
        return either(self.add_bare(aggregate), default)

    def add_bare(self, aggregate: Term) -> Term:
        """The fact's column as it is."""
        name = f"fact_{len(self.columns) + 1}"
        self.columns[name] = aggregate
        return column(self._table, name)

    def add_any(self, condition: Term) -> Term:
        """Whether any event satisfies the condition."""
        return above(self.add(count(condition), number(0)), number(0))


def filter_condition(item: Filter, dialect: Dialect, facts: FactList) -> Term:
    """Whether a visit satisfies a filter.

    Raises:
        UnsupportedError: nothing here tells, or "has no such event" is asked.
    """
    if item.parameter in EVENT_PARAMETERS:
        if item.type in NEGATIVE | NULL_CHECKS:
            raise no_negative_event(item)
        source = event(_EVENT_COLUMNS.get(item.parameter, item.parameter))
        shown = differ(event("type"), text(PERFORMANCE))
        return facts.add_any(all_of([shown, _holds((source, item.value), item, dialect)]))
    needed = _COMPOSED.get(item.parameter, (item.parameter,))
    if not set(needed) <= set(dialect.visit_columns):
        raise UnsupportedError(
            f"filters: {item.parameter} cannot be told from visits that are counted here.",
            "Leave this filter out, or filter by browser or operating_system.",
        )
    if item.parameter in COORDINATES:
        return _coordinate_condition(item)
    found = any_of([_holds(view, item, dialect) for view in _views(item, dialect)])
    return no(found) if item.type in NEGATIVE | {"is_not_null"} else found


def visit_conditions(conditions: Conditions) -> list[Term]:
    """What the conditions beside filters ask of a visit."""
    known: list[Term] = []
    if conditions.user_id:
        ids = (visit("user_id"), visit("identified_user_id"))
        known.append(any_of([equal(name, text(conditions.user_id)) for name in ids]))
    if conditions.identified_only:
        known.append(differ(visit("identified_user_id"), text("")))
    known += [
        at_least(visit(name), number(least))
        for name, least in (
            ("pageviews", conditions.min_pageviews),
            ("events", conditions.min_events),
            ("duration_s", conditions.min_duration_s),
        )
        if least
    ]
    return known


def event_condition(wanted: EventCondition, dialect: Dialect) -> Term:
    """Whether an event is of the kind, and of the text if there is one."""
    kind, name = {
        "event": (CUSTOM, "name"),
        "page": (PAGE, "pathname"),
        "error": (ERROR, "message"),
    }[wanted.kind]
    if not wanted.text:
        return is_type(kind)
    same = among(event(name), map(text, dialect.same_texts(wanted.text)))
    return all_of([is_type(kind), same])


def presence_condition(wanted: EventCondition, dialect: Dialect, facts: FactList) -> Term:
    """Whether a visit has such an event, or has none."""
    found = facts.add_any(event_condition(wanted, dialect))
    return found if wanted.is_present else no(found)


def _views(item: Filter, dialect: Dialect) -> list[View]:
    values = item.value
    match item.parameter:
        case "user_id":
            return [(visit("user_id"), values), (visit("identified_user_id"), values)]
        case "city" if values:
            return _city_views(values)
        case "referrer":
            return [(domain(dialect), values)]
        case "browser_version":
            return [(_version("browser"), values)]
        case "operating_system_version":
            composed = _version("operating_system")
            shown = chosen([(equal(composed, text(_OLD_WINDOWS)), text(_NEW_WINDOWS))], composed)
            return [(composed.copy(), values), (shown, values)]
        case "dimensions":
            return [(_dimensions(dialect), values)]
    return [(visit(item.parameter), values)]


def _city_views(values: Sequence[str]) -> list[View]:
    joined = [value for value in values if REGION_CITY.match(value)]
    plain = [value for value in values if not REGION_CITY.match(value)]
    with_region = call("concat", visit("region"), text("-"), visit("city"))
    return [view for view in ((visit("city"), plain), (with_region, joined)) if view[1]]


def _version(name: str) -> Term:
    version = visit(f"{name}_version")
    composed = call("concat", visit(name), text(" "), version.copy())
    return chosen([(equal(version, text("")), text(""))], composed)


def _dimensions(dialect: Dialect) -> Term:
    width, height = visit("screen_width"), visit("screen_height")
    composed = call("concat", dialect.as_text(width), text("x"), dialect.as_text(height))
    is_unknown = all_of([equal(side.copy(), number(0)) for side in (width, height)])
    return chosen([(is_unknown, text(""))], composed)


def _holds(view: View, item: Filter, dialect: Dialect) -> Term:
    """Whether the filter, read without its "not", is true of a text."""
    source, values = view
    if item.type in NULL_CHECKS:
        return equal(source, text(""))
    if item.type in {"equals", "not_equals"}:
        is_id = item.parameter == "user_id"
        texts = [same for value in values for same in _spellings(value, dialect, is_id=is_id)]
        return among(source, map(text, dict.fromkeys(texts)))
    compare = _comparison(item.type, dialect)
    return any_of([compare(source.copy(), text(value)) for value in values])


def _spellings(value: str, dialect: Dialect, *, is_id: bool) -> tuple[str, ...]:
    return (value,) if is_id else dialect.same_texts(value)


def _comparison(operator: str, dialect: Dialect) -> Callable[[Term, Term], Term]:
    match operator:
        case "contains" | "not_contains":
            return dialect.contains
        case "starts_with":
            return dialect.starts_with
        case "ends_with":
            return dialect.ends_with
        case _:
            return dialect.matches


def _coordinate_condition(item: Filter) -> Term:
    actual = visit(item.parameter)
    bounds = [float(value) for value in item.value]
    bound = number(bounds[0])
    match item.type:
        case "greater_than":
            return above(actual, bound)
        case "less_than":
            return above(bound, actual)
        case "greater_than_or_equal":
            return at_least(actual, bound)
        case "less_than_or_equal":
            return at_least(bound, actual)
    slack = number(COORDINATE_SLACK)
    near = any_of([above(slack, distance(actual.copy(), number(value))) for value in bounds])
    return no(near) if item.type == "not_equals" else near
