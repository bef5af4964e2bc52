"""A specification as one SQL query: the total and the groups, largest first.

The query is a chain of parts, the same for every dialect: `noted` events with what is needed of
each; `chosen` visits; `hits`, the values of an event dimension in each visit; `marked`, each visit
once for the total and once for its groups; `cells`, both together; `grouped`, measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlglot import exp

from rybbit_mcp.analysis import terms
from rybbit_mcp.analysis.conditions import event_condition
from rybbit_mcp.analysis.dialect import Dialect
from rybbit_mcp.analysis.dimensions import event, moment, visit
from rybbit_mcp.analysis.measures import measured_columns
from rybbit_mcp.analysis.plan import HIT, HIT_KEY, Plan, plan_query
from rybbit_mcp.analysis.specification import (
    EventCondition,
    Specification,
    check_specification,
    is_event_dimension,
)
from rybbit_mcp.analysis.terms import column, equal, number, select, text

if TYPE_CHECKING:
    from rybbit_mcp.analysis.terms import Term

    Parts = dict[str, exp.Select]

_ANCHORS = "anchors"
_FACTS = "facts"
_NOTED = "noted"


def compile_query(specification: Specification, dialect: Dialect) -> str:
    """The text of the query for an engine.

    Shape: columns `is_total` (1 or 0), `key_1`, `key_2` (as many as dimensions), `sessions`, what
    `measured_columns` lists, and `group_count`; the total first, then the groups, most sessions
    first, equal ones by key. No row at all where no visit counts.

    Raises:
        BadRequestError: an unknown name, or a value that no query can hold.
        UnsupportedError: the engine cannot tell.
    """
    asked = check_specification(specification)
    plan = plan_query(asked, dialect)
    events = _NOTED if plan.notes else dialect.events
    body: Parts = {"chosen": _chosen_part(plan, dialect)}
    if plan.has_hits:
        body["hits"] = _hits_part(plan, asked, events)
    body["marked"] = _marked_part(plan, asked, dialect)
    body["cells"] = _cells_part(plan, asked)
    body["grouped"] = _grouped_part(asked, dialect)
    query = _answer(asked, dialect)
    for name, part in (_sources(body, plan, asked, dialect) | body).items():
        query = query.with_(name, as_=part, copy=False)
    return dialect.render(query)


def _sources(body: Parts, plan: Plan, asked: Specification, dialect: Dialect) -> Parts:
    """What the body reads from, each part with no more columns than the later ones read."""
    events = _NOTED if plan.notes else dialect.events
    facts = plan.facts.columns
    read = terms.columns_of(body.values(), "visit") - facts.keys()
    visits = dialect.visit_source(read, facts, events)
    later: Parts = {dialect.visits: visits} if visits else {}
    if facts and not visits:
        later[_FACTS] = _facts_part(facts, events)
    columns = terms.columns_of([*body.values(), *later.values()], "event")
    if plan.notes:
        later = {_NOTED: _noted_part(columns, plan.notes, asked, dialect)} | later
        if asked.anchor:
            later = {_ANCHORS: _anchors_part(asked.anchor, dialect)} | later
        earliest = [later[name] for name in (_ANCHORS, _NOTED) if name in later]
        columns = terms.columns_of(earliest, "event")
    source = dialect.event_source(columns) if columns else None
    return {dialect.events: source} | later if source else later


def _anchors_part(anchor: EventCondition, dialect: Dialect) -> exp.Select:
    """The moment of the first event that satisfies the anchor, for each visit that has one."""
    columns = {"session_id": event("session_id"), "moment": exp.Min(this=moment(dialect))}
    part = select(columns, dialect.events, "event").where(event_condition(anchor, dialect))
    return part.group_by(event("session_id"))


def _noted_part(
    columns: set[str], notes: Mapping[str, Term], asked: Specification, dialect: Dialect
) -> exp.Select:
    passed = {name: event(name) for name in sorted(columns - notes.keys())}
    part = select(passed | dict(notes), dialect.events, "event")
    if asked.anchor is None:
        return part
    return terms.joined(part, "event", _ANCHORS, "anchor", "session_id")


def _facts_part(facts: Mapping[str, Term], events: str) -> exp.Select:
    columns = {"session_id": event("session_id"), **facts}
    return select(columns, events, "event").group_by(event("session_id"))


def _chosen_part(plan: Plan, dialect: Dialect) -> exp.Select:
    columns = {"session_id": visit("session_id")} | plan.columns | plan.keys
    part = select(columns, dialect.visits, "visit")
    if plan.facts.columns and dialect.fact_table != "visit":
        part = terms.joined(part, "visit", _FACTS, dialect.fact_table, "session_id")
    return part.where(terms.all_of(plan.conditions)) if plan.conditions else part


def _hits_part(plan: Plan, asked: Specification, events: str) -> exp.Select:
    columns = {"session_id": event("session_id"), "is_total": number(0)}
    columns |= {_event_key(asked): event(HIT_KEY)} | plan.hit_columns
    part = select(columns, events, "event").where(equal(event(HIT), number(1)))
    return part.group_by(event("session_id"), event(HIT_KEY))


def _marked_part(plan: Plan, asked: Specification, dialect: Dialect) -> exp.Select:
    names = ("session_id", *plan.columns, *plan.keys)
    columns = {name: column("chosen", name) for name in names}
    columns["is_total"] = dialect.each_of(0, 1) if asked.group_by else number(1)
    return select(columns, "chosen", "chosen")


def _cells_part(plan: Plan, asked: Specification) -> exp.Select:
    is_total = equal(column("marked", "is_total"), number(1))
    columns = {"is_total": column("marked", "is_total")}
    for name in _key_names(asked):
        key = column("marked" if name in plan.keys else "hit", name)
        columns[name] = terms.chosen([(is_total.copy(), text(""))], key)
    for name in plan.columns:
        columns[name] = column("marked", name)
        if name in plan.hit_columns:
            of_total = (is_total.copy(), columns[name])
            columns[name] = terms.chosen([of_total], column("hit", name))
    part = select(columns, "marked", "marked")
    if not plan.has_hits:
        return part
    has_hit = terms.above(terms.either(column("hit", "occurrences"), number(0)), number(0))
    part = terms.joined(part, "marked", "hits", "hit", "session_id", "is_total")
    return part.where(terms.any_of([is_total, has_hit]))


def _grouped_part(asked: Specification, dialect: Dialect) -> exp.Select:
    keys = {name: _cell(name) for name in ("is_total", *_key_names(asked))}
    measured = {name: _measured(name, dialect) for name in measured_columns(asked)}
    part = select(keys | {"sessions": terms.count()} | measured, "cells", "cell")
    part = part.group_by(*(key.copy() for key in keys.values()))
    if asked.min_sessions <= 1:
        return part
    is_large = terms.at_least(terms.count(), number(asked.min_sessions))
    return part.having(terms.any_of([equal(_cell("is_total"), number(1)), is_large]))


def _measured(name: str, dialect: Dialect) -> Term:
    match name:
        case "visitors":
            return terms.count_distinct(_cell("visitor"))
        case "bounces":
            return terms.count(equal(_cell("pageviews"), number(1)))
        case "median_duration":
            return dialect.quantile(_cell("duration_s"), 0.5)
        case "p90_duration":
            return dialect.quantile(_cell("duration_s"), 0.9)
        case "custom_events":
            return terms.total(_cell("events"))
        case "error_count":
            return terms.total(_cell("errors"))
    amount, _, part = name.rpartition("_")
    match part:
        case "sum":
            return dialect.as_text(terms.total(_cell(name)))
        case "low":
            return dialect.middle(_cell(f"{amount}_list"))[0]
        case "high":
            return dialect.middle(_cell(f"{amount}_list"))[1]
    return terms.total(_cell(name))


def _answer(asked: Specification, dialect: Dialect) -> exp.Select:
    names = ("is_total", *_key_names(asked), "sessions", *measured_columns(asked))
    columns = {name: column("grouped", name) for name in names}
    is_group = exp.Sub(this=number(1), expression=column("grouped", "is_total"))
    columns["group_count"] = exp.Window(this=terms.total(is_group))
    order = [
        exp.Ordered(this=column("grouped", name), desc=name in {"is_total", "sessions"})
        for name in ("is_total", "sessions", *_key_names(asked))
    ]
    query = select(columns, "grouped", "grouped").order_by(*order)
    return query.limit(dialect.row_limit) if dialect.row_limit else query


def _key_names(asked: Specification) -> tuple[str, ...]:
    return tuple(f"key_{place}" for place in range(1, len(asked.group_by) + 1))


def _event_key(asked: Specification) -> str:
    names = zip(_key_names(asked), asked.group_by, strict=True)
    return next(name for name, dimension in names if is_event_dimension(dimension))


def _cell(name: str) -> Term:
    return column("cell", name)
