"""DuckDB: its functions, its text, and the tables that visits and events are put into.

The tables hold one window: visits as the session list of that window tells them, and of their
events only those inside of it (a visit's detail tells the others too), `performance` ones left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from math import isfinite
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from rybbit_mcp.analysis import terms
from rybbit_mcp.analysis.dialect import ERROR, LIST_TEXT, OUTBOUND, PLACE, STEP, Dialect
from rybbit_mcp.analysis.terms import call, column, number, text
from rybbit_mcp.analysis.zone_offsets import offsets
from rybbit_mcp.api.matching import as_sent

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from rybbit_mcp.analysis.terms import Term
    from rybbit_mcp.api.models import Event, Session

VISIT_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("session_id", "user_id", "identified_user_id"), "VARCHAR"),
        **dict.fromkeys(("started_at", "ended_at"), "TIMESTAMP"),
        **dict.fromkeys(("duration_s", "pageviews", "events", "errors", "outbound"), "BIGINT"),
        **dict.fromkeys(("entry_page", "exit_page", "country", "region", "city"), "VARCHAR"),
        **dict.fromkeys(("language", "browser", "operating_system", "device_type"), "VARCHAR"),
        **dict.fromkeys(("screen_width", "screen_height"), "INTEGER"),
        **dict.fromkeys(("referrer", "channel", "hostname", "tag", "timezone"), "VARCHAR"),
        **dict.fromkeys(("utm_source", "utm_medium", "utm_campaign"), "VARCHAR"),
        **dict.fromkeys(("utm_term", "utm_content"), "VARCHAR"),
        **dict.fromkeys(("lat", "lon"), "DOUBLE"),
    }
)
"""Name and type of each column of the table `visits`; instants are UTC, no value is NULL."""

EVENT_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "session_id": "VARCHAR",
        "position": "BIGINT",
        "at": "TIMESTAMP",
        **dict.fromkeys(("type", "pathname", "querystring", "page_title"), "VARCHAR"),
        **dict.fromkeys(("name", "message", "target", "properties"), "VARCHAR"),
    }
)
"""Name and type of each column of the table `events`; no value is NULL.

`position` is the event's place in its visit, `message` the text of an error, `target` the address
of an outbound link, `properties` the JSON of `property_texts`.
"""

_LEAST_PLAIN, _MOST_PLAIN = 1e-6, 1e21


def create_relations(connection: DuckDBPyConnection) -> None:
    """Create the empty tables `visits` and `events`."""
    for name, columns in (("visits", VISIT_COLUMNS), ("events", EVENT_COLUMNS)):
        listed = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
        connection.execute(f"CREATE TABLE {name} ({listed})")


def visit_row(session: Session) -> tuple[object, ...]:
    """The row of `visits` for a row of the session list."""
    values: dict[str, object] = {
        "started_at": session.started_at.astimezone(UTC).replace(tzinfo=None),
        "ended_at": session.ended_at.astimezone(UTC).replace(tzinfo=None),
        "pageviews": session.pageview_count,
        "events": session.event_count,
        "errors": session.error_count,
        "outbound": session.outbound_count,
    }
    return tuple(
        values[name] if name in values else getattr(session, name) for name in VISIT_COLUMNS
    )


def event_row(session_id: str, position: int, event: Event) -> tuple[object, ...]:
    """The row of `events` for an event of a visit."""
    texts = property_texts(event.properties)
    values: dict[str, object] = {
        "session_id": session_id,
        "position": position,
        "at": event.at.astimezone(UTC).replace(tzinfo=None),
        "message": texts.get("message", "") if event.type == ERROR else "",
        "target": texts.get("url", "") if event.type == OUTBOUND else "",
        "properties": json.dumps(texts, ensure_ascii=False) if texts else "{}",
    }
    return tuple(values[name] if name in values else getattr(event, name) for name in EVENT_COLUMNS)


def property_texts(properties: Mapping[str, Any]) -> dict[str, str]:
    """The texts of an event's properties, the fields of an object under `object.field`.

    Numbers are written as ClickHouse writes them, lists are `[…]`, and null is no value.
    """
    return dict(_leaves(properties, ""))


def _leaves(properties: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in properties.items():
        name = f"{prefix}{key}"
        match value:
            case dict():
                yield from _leaves(value, f"{name}.")
            case list():
                yield name, LIST_TEXT
            case bool():
                yield name, "true" if value else "false"
            case float() if isfinite(value):
                yield name, _float_text(value)
            case int() | str():
                yield name, str(value)


def _float_text(value: float) -> str:
    """The shortest digits, with an exponent only where ClickHouse (and JavaScript) has one."""
    if _LEAST_PLAIN <= abs(value) < _MOST_PLAIN or value == 0:
        plain = f"{Decimal(repr(abs(value))):f}"
        digits = plain.rstrip("0").rstrip(".") if "." in plain else plain
        return f"-{digits}" if value < 0 else digits
    mantissa, _, exponent = repr(value).partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"


def _moment(at: datetime) -> Term:
    """An instant as the tables hold it."""
    value = text(at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"))
    return exp.Cast(this=value, to=exp.DataType.build("timestamp"))


class DuckDB(Dialect):
    """A DuckDB with the tables of this module, holding the visits of one window."""

    visits = "visits"
    events = "events"
    row_limit = None
    visit_columns = VISIT_COLUMNS.keys()
    fact_table = "fact"

    def render(self, query: exp.Select) -> str:
        return query.sql(dialect="duckdb")

    def same_texts(self, value: str) -> tuple[str, ...]:
        """The text, and what is left of it where servers turned it into a number."""
        return tuple(dict.fromkeys((value, as_sent(value))))

    def contains(self, value: Term, part: Term) -> Term:
        return call("contains", value, part)

    def starts_with(self, value: Term, part: Term) -> Term:
        return call("starts_with", value, part)

    def ends_with(self, value: Term, part: Term) -> Term:
        return call("ends_with", value, part)

    def matches(self, value: Term, pattern: Term) -> Term:
        return call("regexp_matches", value, pattern, text("s"))

    def extracted(self, value: Term, pattern: str) -> Term:
        return call("regexp_extract", value, text(pattern), number(1))

    def as_text(self, value: Term) -> Term:
        return exp.Cast(this=value, to=exp.DataType.build("text"))

    def local(self, at: Term, zone: str, form: str) -> Term:
        first, *later = offsets(zone)
        cases = [
            (exp.GTE(this=at.copy(), expression=_moment(one.since)), number(one.seconds))
            for one in reversed(later)
        ]
        ahead_s = terms.chosen(cases, number(first.seconds)) if cases else number(first.seconds)
        there = exp.Add(this=at, expression=call("to_seconds", ahead_s))
        return call("strftime", there, text(form))

    def milliseconds(self, at: Term) -> Term:
        return call("epoch_ms", at)

    def earliest(self, value: Term, at: Term) -> Term:
        return call("arg_min", value, call("row", at, value.copy()))

    def quantile(self, value: Term, level: float) -> Term:
        return call("quantile_cont", value, number(level))

    def property_text(self, table: str, name: str) -> Term:
        pointer = name.replace("~", "~0").replace("/", "~1")
        return call("json_extract_string", column(table, "properties"), text(f"/{pointer}"))

    def decimal(self, value: Term) -> Term:
        return exp.TryCast(this=value, to=exp.DataType.build("decimal(38, 9)"))

    def listed(self, value: Term, condition: Term) -> Term:
        return terms.filtered(call("list", value), condition)

    def joined_lists(self, lists: Term, condition: Term | None) -> Term:
        return call("flatten", terms.filtered(call("list", lists), condition))

    def middle(self, values: Term) -> tuple[Term, Term]:
        ordered = call("list_sort", values)
        size = call("len", ordered)
        after = exp.Paren(this=exp.Add(this=size, expression=number(1)))
        lower = exp.IntDiv(this=after, expression=number(2))
        upper = exp.Add(
            this=exp.IntDiv(this=size.copy(), expression=number(2)), expression=number(1)
        )
        return (
            self.as_text(call("list_extract", ordered.copy(), lower)),
            self.as_text(call("list_extract", ordered.copy(), upper)),
        )

    def place_note(self, key: Term, is_hit: Term) -> Term:
        same = [column("event", "session_id"), is_hit, key]
        return exp.Window(this=call("row_number"), partition_by=same)

    def hits(self, values: Sequence[Term], condition: Term) -> Term:
        hit = call("row", *values, column("event", PLACE))
        return terms.filtered(call("list", hit), condition)

    def each_hit(self, hits: Term, width: int) -> Term:
        unknown = [self.decimal(text("")) for _ in range(1, width)]
        none = exp.Array(expressions=[call("row", text(""), *unknown, number(0))])
        return call("unnest", call("list_concat", none, hits))

    def part_of(self, hit: Term, place: int) -> Term:
        return call("struct_extract", hit, number(place))

    def step_note(self, step: Term, at: Term) -> Term:
        kind = [column("event", "session_id"), column("event", "type")]
        before = exp.Window(
            this=call("lag", step), partition_by=kind, order=exp.Order(expressions=_by(at, step))
        )
        is_new = exp.NullSafeNEQ(this=before, expression=step.copy())
        return terms.chosen([(is_new, number(1))], number(0))

    def path(self, step: Term, at: Term, condition: Term, most: int) -> Term:
        is_new = terms.equal(column("event", STEP), number(1))
        in_order = exp.Order(this=step, expressions=_by(at, step))
        steps = terms.filtered(call("list", in_order), terms.all_of([condition, is_new]))
        first = call("list_slice", steps, number(1), number(most))
        return call("array_to_string", first, text(" > "))

    def each_of(self, *values: int) -> Term:
        return call("unnest", exp.Array(expressions=[number(value) for value in values]))


def _by(*order: Term) -> list[exp.Ordered]:
    return [exp.Ordered(this=term.copy()) for term in order]
