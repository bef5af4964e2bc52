"""What a specification needs of each event and of each visit, before it becomes a query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from rybbit_mcp.analysis import terms
from rybbit_mcp.analysis.conditions import (
    FactList,
    filter_condition,
    presence_condition,
    visit_conditions,
)
from rybbit_mcp.analysis.dialect import CUSTOM, PAGE, PLACE, STEP, Dialect
from rybbit_mcp.analysis.dimensions import (
    LAST_RANK,
    event,
    event_dimension,
    is_type,
    moment,
    visit,
    visit_dimension,
    visitor,
)
from rybbit_mcp.analysis.measures import amount_name, measured_columns
from rybbit_mcp.analysis.specification import (
    CONVERTED_DIMENSION,
    PATH_DIMENSION,
    PATH_STEPS,
    EventCondition,
    Specification,
    aggregate_of,
    is_event_dimension,
    property_of,
)
from rybbit_mcp.analysis.terms import above, all_of, chosen, column, equal, number, text

if TYPE_CHECKING:
    from rybbit_mcp.analysis.terms import Term

HIT = "is_hit"
"""The note whether an event is one of those that the groups are made of."""
HIT_KEY = "hit_key"
"""The note of an event's text for the event dimension."""

CARRIED: Mapping[str, str] = MappingProxyType(
    {
        "pageviews": "pageviews",
        "bounces": "pageviews",
        "median_duration": "duration_s",
        "p90_duration": "duration_s",
        "custom_events": "events",
        "error_count": "errors",
    }
)
"""The column of visits that each measured column is made from."""


@dataclass(slots=True)
class Plan:
    """What is needed of each event and each visit.

    A hit is an event that an event dimension concerns. `notes` are told of each event, as terms
    over `event`; `hit_amounts` are those that are kept with each hit. The rest are terms over
    `visit` and its facts.
    """

    facts: FactList
    notes: dict[str, Term] = field(default_factory=dict)
    conditions: list[Term] = field(default_factory=list)
    columns: dict[str, Term] = field(default_factory=dict)
    keys: dict[str, Term] = field(default_factory=dict)
    hits: Term | None = None
    hit_amounts: list[str] = field(default_factory=list)


def plan_query(asked: Specification, dialect: Dialect) -> Plan:
    """What the specification needs.

    Raises:
        UnsupportedError: the engine cannot tell.
    """
    plan = Plan(FactList(dialect.fact_table))
    if asked.event_dimension:
        _plan_hits(plan, asked, dialect)
    for place, name in enumerate(asked.group_by, start=1):
        if not is_event_dimension(name):
            plan.keys[f"key_{place}"] = _visit_key(name, plan, asked, dialect)
    for name in measured_columns(asked):
        if name == "visitors":
            plan.columns["visitor"] = visitor()
        elif name in CARRIED:
            plan.columns[CARRIED[name]] = visit(CARRIED[name])
    for property_name in asked.amounts:
        _plan_amount(plan, property_name, asked, dialect)
    plan.conditions = [
        *(filter_condition(item, dialect, plan.facts) for item in asked.filters),
        *visit_conditions(asked.conditions),
        *(presence_condition(wanted, dialect, plan.facts) for wanted in asked.events),
    ]
    return plan


def _plan_hits(plan: Plan, asked: Specification, dialect: Dialect) -> None:
    condition, key = event_dimension(asked.event_dimension, dialect)
    is_hit = _flag(_within_span(condition, asked, dialect))
    place = dialect.place_note(key.copy(), is_hit.copy())
    plan.notes |= {HIT_KEY: key, HIT: is_hit}
    if place is not None:
        plan.notes[PLACE] = place
    is_custom = asked.event_dimension == "event_name" or property_of(asked.event_dimension)
    plan.hit_amounts = [amount_name(asked, name) for name in asked.amounts if is_custom]
    values = [event(name) for name in (HIT_KEY, *plan.hit_amounts)]
    plan.hits = plan.facts.add_bare(dialect.hits(values, equal(event(HIT), number(1))))


def _visit_key(name: str, plan: Plan, asked: Specification, dialect: Dialect) -> Term:
    if name == CONVERTED_DIMENSION:
        by = EventCondition("event", asked.converted_by)
        return terms.yes_no(presence_condition(by, dialect, plan.facts))
    if name == PATH_DIMENSION:
        step, at = event("pathname"), event("at")
        note = dialect.step_note(step.copy(), at.copy())
        if note is not None:
            plan.notes[STEP] = note
        return plan.facts.add(dialect.path(step, at, is_type(PAGE), PATH_STEPS), text(""))
    return visit_dimension(name, dialect, asked.window.zone)


def _plan_amount(plan: Plan, property_name: str, asked: Specification, dialect: Dialect) -> None:
    """A property's numbers, told of each custom event, and kept with each visit or each hit."""
    amount = amount_name(asked, property_name)
    is_in_scope = _within_span(is_type(CUSTOM), asked, dialect)
    value = dialect.number_of("event", property_name)
    plan.notes[amount] = chosen([(is_in_scope, value)], terms.NULL.copy())
    if amount in plan.hit_amounts:
        return
    aggregates = {"count": terms.count_known(event(amount)), "sum": terms.total(event(amount))}
    if ("median", property_name) in map(aggregate_of, asked.metrics):
        aggregates["list"] = dialect.listed(event(amount), terms.is_known(event(amount)))
    for part, aggregate in aggregates.items():
        plan.columns[f"{amount}_{part}"] = plan.facts.add_bare(aggregate)


def _within_span(condition: Term, asked: Specification, dialect: Dialect) -> Term:
    """The condition, and that the event came before, or after, the first that is an anchor."""
    if asked.anchor is None:
        return condition
    anchor = terms.either(column("anchor", "moment"), number(0))
    at = moment(dialect) if asked.anchor.kind == "page" else _moment_beside_anchor(dialect)
    if asked.span == "before":
        return all_of([condition, above(anchor, at)])
    is_there = above(anchor.copy(), number(0))
    return all_of([condition, is_there, above(at, anchor)])


def _moment_beside_anchor(dialect: Dialect) -> Term:
    """When an event came; pages of the anchor's second came after it, but for its own page.

    Whoever does something on a page has not yet left it.
    """
    path = terms.either(column("anchor", "pathname"), text(""))
    is_its_page = terms.among(path, [text(""), event("pathname")])
    is_other_page = all_of([is_type(PAGE), terms.no(is_its_page)])
    later = terms.ranked(dialect.milliseconds(event("at")), number(LAST_RANK))
    return chosen([(is_other_page, later)], moment(dialect))


def _flag(condition: Term) -> Term:
    return chosen([(condition, number(1))], number(0))
