"""A specification as one SQL query: the total and the groups, largest first.

The query is a chain of parts, the same for every dialect: `noted` events with what is needed of
each; `chosen` visits; `marked`, each visit once for the total and once for its groups; `told`, the
same with a row for each hit of an event dimension; `cells` with their keys; `grouped`, measured.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from sqlglot import exp

from rybbit_mcp.analysis import terms
from rybbit_mcp.analysis.conditions import event_condition
from rybbit_mcp.analysis.dialect import PLACE, Dialect
from rybbit_mcp.analysis.dimensions import event, moment, visit
from rybbit_mcp.analysis.measures import RATIOS, measured_columns, ranks_by_first_metric
from rybbit_mcp.analysis.plan import CARRIED, HIT_KEY, Plan, plan_query
from rybbit_mcp.analysis.specification import (
    EventCondition,
    Specification,
    aggregate_of,
    check_specification,
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
    `measured_columns` lists, and `group_count`; the total first, then the groups, most of the first
    metric first where `ranks_by_first_metric`, then most sessions, then by key. No row at all where
    no visit counts.

    Raises:
        BadRequestError: an unknown name, or a value that no query can hold.
        UnsupportedError: the engine cannot tell.
    """
    asked = check_specification(specification)
    plan = plan_query(asked, dialect)
    body: Parts = {"chosen": _chosen_part(plan, dialect)}
    body["marked"] = _marked_part(plan, asked, dialect)
    if plan.hits is not None:
        body["told"] = _told_part(plan, dialect)
    body["cells"] = _cells_part(plan, asked, dialect)
    body["grouped"] = _grouped_part(plan, asked, dialect)
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
    """When and where the first event that satisfies the anchor came, for each visit with one."""
    at = moment(dialect)
    columns = {"session_id": event("session_id"), "moment": exp.Min(this=at)}
    columns["pathname"] = dialect.earliest(event("pathname"), at.copy())
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
    if plan.hits is not None:
        columns["hits"] = plan.hits
    part = select(columns, dialect.visits, "visit")
    if plan.facts.columns and dialect.fact_table != "visit":
        part = terms.joined(part, "visit", _FACTS, dialect.fact_table, "session_id")
    return part.where(terms.all_of(plan.conditions)) if plan.conditions else part


def _marked_part(plan: Plan, asked: Specification, dialect: Dialect) -> exp.Select:
    names = [*plan.columns, *plan.keys, *(["hits"] if plan.hits is not None else [])]
    columns = {name: column("chosen", name) for name in names}
    columns["is_total"] = dialect.each_of(0, 1) if asked.group_by else number(1)
    return select(columns, "chosen", "chosen")


def _told_part(plan: Plan, dialect: Dialect) -> exp.Select:
    names = ("is_total", *plan.columns, *plan.keys)
    columns = {name: column("marked", name) for name in names}
    width = 1 + len(plan.hit_amounts)
    columns["hit"] = dialect.each_hit(column("marked", "hits"), width)
    return select(columns, "marked", "marked")


def _cells_part(plan: Plan, asked: Specification, dialect: Dialect) -> exp.Select:
    source = "marked" if plan.hits is None else "told"
    is_total = equal(column(source, "is_total"), number(1))
    columns = {"is_total": column(source, "is_total")}
    columns |= {name: column(source, name) for name in plan.columns}
    parts = (HIT_KEY, *plan.hit_amounts, PLACE) if plan.hits is not None else ()
    of_hit = {
        name: dialect.part_of(column(source, "hit"), place)
        for place, name in enumerate(parts, start=1)
    }
    for name in _key_names(asked):
        key = column(source, name) if name in plan.keys else of_hit.pop(HIT_KEY)
        columns[name] = terms.chosen([(is_total.copy(), text(""))], key)
    part = select(columns | of_hit, source, source)
    if plan.hits is None:
        return part
    is_hit = terms.above(of_hit[PLACE].copy(), number(0))
    return part.where(terms.any_of([is_total, is_hit]))


def _grouped_part(plan: Plan, asked: Specification, dialect: Dialect) -> exp.Select:
    keys = {name: _cell(name) for name in ("is_total", *_key_names(asked))}
    own = _own_row() if plan.hits is not None else None
    sessions = terms.count(own)
    measured = {
        name: _measured(name, dialect, plan.hit_amounts, own) for name in measured_columns(asked)
    }
    part = select(keys | {"sessions": sessions} | measured, "cells", "cell")
    part = part.group_by(*(key.copy() for key in keys.values()))
    if asked.min_sessions <= 1:
        return part
    is_large = terms.at_least(sessions.copy(), number(asked.min_sessions))
    return part.having(terms.any_of([equal(_cell("is_total"), number(1)), is_large]))


def _own_row() -> Term:
    """Whether a cell is the one row of its visit in the total, or in a group."""
    place = exp.Sub(this=number(1), expression=_cell("is_total"))
    return equal(_cell(PLACE), place)


def _measured(name: str, dialect: Dialect, hit_amounts: Collection[str], own: Term | None) -> Term:
    """A column of the groups; `own` tells the one row of each visit where it has several."""
    own = own.copy() if own is not None else None
    match name:
        case "visitors":
            return terms.filtered(terms.count_distinct(_cell("visitor")), own)
        case "bounces":
            is_bounce = equal(_cell("pageviews"), number(1))
            return terms.count(is_bounce if own is None else terms.all_of([own, is_bounce]))
        case "median_duration":
            return terms.filtered(dialect.quantile(_cell("duration_s"), 0.5), own)
        case "p90_duration":
            return terms.filtered(dialect.quantile(_cell("duration_s"), 0.9), own)
        case "occurrences":
            return terms.count(terms.above(_cell(PLACE), number(0)))
        case "pageviews" | "custom_events" | "error_count":
            return terms.total(_cell(CARRIED[name]), own)
    return _measured_amount(name, dialect, hit_amounts, own)


def _measured_amount(
    name: str, dialect: Dialect, hit_amounts: Collection[str], own: Term | None
) -> Term:
    amount, _, part = name.rpartition("_")
    if amount in hit_amounts:
        counted, summed = terms.count_known(_cell(amount)), terms.total(_cell(amount))
        values = dialect.listed(_cell(amount), terms.is_known(_cell(amount)))
    else:
        counted = terms.total(_cell(f"{amount}_count"), own)
        summed = terms.total(_cell(f"{amount}_sum"), own)
        values = dialect.joined_lists(_cell(f"{amount}_list"), own)
    match part:
        case "count":
            return counted
        case "sum":
            return dialect.as_text(summed)
        case "low":
            return dialect.middle(values)[0]
    return dialect.middle(values)[1]


def _answer(asked: Specification, dialect: Dialect) -> exp.Select:
    names = ("is_total", *_key_names(asked), "sessions", *measured_columns(asked))
    columns = {name: column("grouped", name) for name in names}
    is_group = exp.Sub(this=number(1), expression=column("grouped", "is_total"))
    columns["group_count"] = exp.Window(this=terms.total(is_group))
    ranks = [columns["is_total"], *_ranks(asked, dialect), columns["sessions"]]
    order = [exp.Ordered(this=term.copy(), desc=True) for term in ranks]
    order += [exp.Ordered(this=column("grouped", name)) for name in _key_names(asked)]
    query = select(columns, "grouped", "grouped").order_by(*order)
    return query.limit(dialect.row_limit) if dialect.row_limit else query


def _ranks(asked: Specification, dialect: Dialect) -> list[Term]:
    """What the groups are ordered by before their sessions, for engines that send only some."""
    metric = asked.metrics[0]
    if metric in {"sessions", "share"} or not ranks_by_first_metric(asked):
        return []
    first = column("grouped", measured_columns(asked)[0])
    if metric in RATIOS:
        return [exp.Div(this=first, expression=column("grouped", "sessions"))]
    if aggregate_of(metric)[0]:
        return [terms.either(dialect.decimal(first), dialect.decimal(text("0")))]
    return [first]


def _key_names(asked: Specification) -> tuple[str, ...]:
    return tuple(f"key_{place}" for place in range(1, len(asked.group_by) + 1))


def _cell(name: str) -> Term:
    return column("cell", name)
