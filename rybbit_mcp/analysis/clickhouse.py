"""ClickHouse: its functions, its text, and visits and events built from `scoped_events`.

The text satisfies what a Rybbit server asks of analytics queries: one SELECT, no quoted names, no
table but `scoped_events` and parts of the query itself, none of the refused words, each reading
of `scoped_events` narrowed to the site.

Source: how the server's own session list builds a visit from events (device, place and language
of the last event, origin of the first, entry and exit page of the first and last pageview).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.dialects.clickhouse import ClickHouse as ClickHouseSyntax

from rybbit_mcp.analysis import terms
from rybbit_mcp.analysis.dialect import CUSTOM, ERROR, LIST_TEXT, OUTBOUND, PAGE, Dialect
from rybbit_mcp.analysis.terms import call, column, count, either, equal, number, text
from rybbit_mcp.api.errors import UnsupportedError

if TYPE_CHECKING:
    from sqlglot.generator import Generator as SyntaxGenerator

    from rybbit_mcp.analysis.terms import Term
    from rybbit_mcp.api.window import Window
else:
    SyntaxGenerator = ClickHouseSyntax.Generator

LONGEST_QUERY = 20_000
"""Characters that a server reads."""
MOST_ROWS = 1000
"""Rows that a server sends; more are cut without a sign."""

_UNSAFE = re.compile(r"[\x00-\x1f\x7f'\"`\\;#*${}]|-(?=-)")
_SPECIAL_PROPERTY = re.compile(r"(^|\.)[\^:]|\.$")


class _Generator(SyntaxGenerator):
    """Writes literals without a quote, backslash or comment sign in them.

    A server looks for refused words and signs outside of literals; one that held nothing but
    plain characters cannot be misread by it, whatever its rules for escapes.
    """

    def escape_str(self, text: str, *_: object, **__: object) -> str:
        return _UNSAFE.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


class ClickHouse(Dialect):
    """One site's window on a ClickHouse that holds Rybbit's events.

    `table` is what the events are called there. `takes_first_set_referrer` says that a visit's
    referrer is its first one that is not empty, as servers since 2.7 have it.
    """

    visits = "site_visits"
    events = "site_events"
    row_limit: int = MOST_ROWS
    fact_table = "visit"

    def __init__(
        self,
        site_id: int,
        window: Window,
        *,
        table: str = "scoped_events",
        takes_first_set_referrer: bool = True,
    ) -> None:
        self._site_id = site_id
        self._window = window
        self._table = table
        self._visit_columns = dict(_VISIT_COLUMNS)
        if takes_first_set_referrer:
            self._visit_columns["referrer"] = _first_referrer
        self.visit_columns = frozenset(self._visit_columns)

    def render(self, query: exp.Select) -> str:
        """The query's text.

        Raises:
            UnsupportedError: longer than a server reads.
        """
        written = _Generator(dialect="clickhouse").generate(query)
        if len(written) > LONGEST_QUERY:
            raise UnsupportedError(
                f"The question has {len(written)} characters as a query, "
                f"{LONGEST_QUERY} are allowed.",
                "Use fewer or shorter filter values, or ask in several calls.",
            )
        return written

    def event_source(self, columns: set[str]) -> exp.Select:
        read = {name: self._event_column(name) for name in sorted(columns)}
        bounds = [equal(column("source", "site_id"), number(self._site_id))]
        if self._window.start_at is not None and self._window.end_at is not None:
            at = column("source", "timestamp")
            bounds.append(terms.at_least(at, _instant(self._window.start_at)))
            bounds.append(terms.above(_instant(self._window.end_at), at.copy()))
        return terms.select(read, self._table, "source").where(terms.all_of(bounds), copy=False)

    def visit_source(self, columns: set[str], facts: Mapping[str, Term], events: str) -> exp.Select:
        read = {"session_id": column("event", "session_id")}
        read |= {name: self._visit_columns[name]() for name in sorted(columns - {"session_id"})}
        rows = terms.select(read | dict(facts), events, "event")
        return rows.group_by(column("event", "session_id"), copy=False)

    def _event_column(self, name: str) -> Term:
        match name:
            case "message":
                return either(self.property_text("source", "message"), text(""))
            case "target":
                return either(self.property_text("source", "url"), text(""))
            case "country":  # unknown is two NUL characters
                return call("toStringCutToZero", column("source", "country"))
        return column("source", _STORED_NAMES.get(name, name))

    def same_texts(self, value: str) -> tuple[str, ...]:
        return (value,)

    def contains(self, value: Term, part: Term) -> Term:
        return terms.above(call("position", value, part), number(0))

    def starts_with(self, value: Term, part: Term) -> Term:
        return call("startsWith", value, part)

    def ends_with(self, value: Term, part: Term) -> Term:
        return call("endsWith", value, part)

    def matches(self, value: Term, pattern: Term) -> Term:
        return call("match", value, pattern)

    def extracted(self, value: Term, pattern: str) -> Term:
        return call("extract", value, text(pattern))

    def as_text(self, value: Term) -> Term:
        return call("toString", value)

    def local(self, at: Term, zone: str, form: str) -> Term:
        return call("formatDateTime", at, text(form), text(zone))

    def milliseconds(self, at: Term) -> Term:
        return call("toUnixTimestamp64Milli", call("toDateTime64", at, number(3)))

    def earliest(self, value: Term, at: Term) -> Term:
        return call("argMin", value, call("tuple", at, value.copy()))

    def quantile(self, value: Term, level: float) -> Term:
        return call(f"quantileExactInclusive({level})", value)

    def property_text(self, table: str, name: str) -> Term:
        if _SPECIAL_PROPERTY.search(name):
            raise UnsupportedError(
                f"The property {name[:40]!r} cannot be named in a query.", "Use another one."
            )
        value = call("getSubcolumn", column(table, _PROPERTIES[table]), text(name))
        kind = call("dynamicType", value)
        return terms.chosen(
            [
                (equal(kind, text("None")), terms.NULL.copy()),
                (call("startsWith", kind.copy(), text("Array")), text(LIST_TEXT)),
            ],
            call("toString", value.copy()),
        )

    def decimal(self, value: Term) -> Term:
        return call("toDecimal128OrNull", value, number(9))

    def listed(self, value: Term, condition: Term) -> Term:
        return terms.filtered(call("groupArray", value), condition)

    def joined_lists(self, lists: Term, condition: Term | None) -> Term:
        return terms.filtered(call("groupArrayArray", lists), condition)

    def middle(self, values: Term) -> tuple[Term, Term]:
        ordered = call("arraySort", values)
        size = call("length", ordered)
        after = exp.Add(this=size, expression=number(1))
        lower = call("intDiv", after, number(2))
        upper = exp.Add(this=call("intDiv", size.copy(), number(2)), expression=number(1))
        return (
            call("toString", call("arrayElement", ordered.copy(), lower)),
            call("toString", call("arrayElement", ordered.copy(), upper)),
        )

    def hits(self, values: Sequence[Term], condition: Term) -> Term:
        return terms.filtered(call("groupArray", call("tuple", *values)), condition)

    def each_hit(self, hits: Term, width: int) -> Term:
        values = [self.part_of(hits.copy(), place) for place in range(1, width + 1)]
        placed = call("arrayZip", *values, call("arrayEnumerateUniq", values[0].copy()))
        unknown = [self.decimal(text("")) for _ in values[1:]]
        none = exp.Array(expressions=[call("tuple", text(""), *unknown, number(0))])
        return call("arrayJoin", call("arrayConcat", none, placed))

    def part_of(self, hit: Term, place: int) -> Term:
        return call("tupleElement", hit, number(place))

    def path(self, step: Term, at: Term, condition: Term, most: int) -> Term:
        steps = terms.filtered(call("groupArray", call("tuple", at, step)), condition)
        in_order = call("tupleElement", call("arraySort", steps), number(2))
        first = call("arraySlice", call("arrayCompact", in_order), number(1), number(most))
        return call("arrayStringConcat", first, text(" > "))

    def each_of(self, *values: int) -> Term:
        return call("arrayJoin", exp.Array(expressions=[number(value) for value in values]))


_PROPERTIES = MappingProxyType({"event": "properties", "source": "props"})
_STORED_NAMES = MappingProxyType({"at": "timestamp", "name": "event_name", "properties": "props"})


def _instant(moment: datetime) -> Term:
    """The first whole second that is not before: events are kept to the second."""
    whole = moment.replace(microsecond=0)
    whole += timedelta(seconds=int(whole < moment))
    return call("toDateTime", text(f"{whole:%Y-%m-%d %H:%M:%S}"), text("UTC"))


def _at() -> Term:
    return column("event", "at")


def _latest(name: str) -> Term:
    return call("argMax", column("event", name), _at())


def _earliest(name: str) -> Term:
    return call("argMin", column("event", name), _at())


def _first_referrer() -> Term:
    is_set = terms.differ(column("event", "referrer"), text(""))
    return call("argMinIf", column("event", "referrer"), _at(), is_set)


def _page(function: str) -> Term:
    return call(function, column("event", "pathname"), _at(), _is(PAGE))


def _utm(name: str) -> Term:
    value = call("arrayElement", column("event", "url_parameters"), text(name))
    return call("argMin", value, _at())


def _count(kind: str) -> Term:
    return count(_is(kind))


def _is(kind: str) -> Term:
    return equal(column("event", "type"), text(kind))


def _bound(function: str) -> Term:
    return call(function, _at())


def _duration() -> Term:
    return call("dateDiff", text("second"), _bound("min"), _bound("max"))


_LATEST = (
    *("user_id", "identified_user_id", "country", "region", "city", "language", "browser"),
    *("browser_version", "operating_system", "operating_system_version", "device_type"),
    *("screen_width", "screen_height", "lat", "lon", "tag", "timezone"),
)
_UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
_VISIT_COLUMNS: Mapping[str, Callable[[], Term]] = MappingProxyType(
    {
        **{name: partial(_latest, name) for name in _LATEST},
        **{name: partial(_earliest, name) for name in ("channel", "hostname", "referrer")},
        **{name: partial(_utm, name) for name in _UTM},
        "started_at": partial(_bound, "min"),
        "ended_at": partial(_bound, "max"),
        "duration_s": _duration,
        "pageviews": partial(_count, PAGE),
        "events": partial(_count, CUSTOM),
        "errors": partial(_count, ERROR),
        "outbound": partial(_count, OUTBOUND),
        "entry_page": partial(_page, "argMinIf"),
        "exit_page": partial(_page, "argMaxIf"),
    }
)
