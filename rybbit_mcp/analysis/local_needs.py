"""Which visits must be read event by event for a question, as far as list rows can tell.

A row tells how many pageviews, custom events, errors and outbound links a visit has, and its first
and last page. So it often decides: a visit without custom events has no sign-up, a visit of two
pageviews is known whole. What is decided is put into the relation `events` as rows of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rybbit_mcp.analysis.dialect import CUSTOM, ERROR, OUTBOUND, PAGE
from rybbit_mcp.analysis.duckdb_relations import EVENT_COLUMNS
from rybbit_mcp.analysis.specification import (
    CONVERTED_DIMENSION,
    PATH_DIMENSION,
    EventCondition,
    property_of,
)
from rybbit_mcp.api.errors import BadRequestError
from rybbit_mcp.api.filters import EVENT_PARAMETERS, Filter, check_filters
from rybbit_mcp.api.matching import as_sent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rybbit_mcp.analysis.specification import Specification

_COUNT_OF = {PAGE: "pageviews", CUSTOM: "events", ERROR: "errors", OUTBOUND: "outbound"}
_TYPE_OF = {"event": CUSTOM, "page": PAGE, "error": ERROR}
_DIMENSION_TYPES = {
    "page": PAGE,
    "event_name": CUSTOM,
    "error_message": ERROR,
    "outbound_link": OUTBOUND,
}


@dataclass(frozen=True, slots=True)
class Needs:
    """What a question asks of events.

    `conditions` are on whole visits; of the types `whole` it needs all events, of the types
    `spanned` those on one side of the `anchor`; `converted_by` is the event of a dimension.
    """

    conditions: tuple[EventCondition, ...] = ()
    converted_by: EventCondition | None = None
    whole: frozenset[str] = frozenset()
    spanned: frozenset[str] = frozenset()
    anchor: EventCondition | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of custom events of which it matters whether a visit has one."""
        asked = [*self.conditions, self.converted_by, self.anchor]
        found = (one.text for one in asked if one is not None and one.kind == "event")
        return tuple(dict.fromkeys(name for name in found if name))


def needs_of(specification: Specification) -> Needs:
    """What a question asks of events."""
    dimension = specification.event_dimension
    types = set()
    if dimension:
        types.add(CUSTOM if property_of(dimension) else _DIMENSION_TYPES[dimension])
    if specification.amounts:
        types.add(CUSTOM)
    path = {PAGE} if PATH_DIMENSION in specification.group_by else set()
    has_converted = CONVERTED_DIMENSION in specification.group_by
    by = EventCondition("event", specification.converted_by) if has_converted else None
    if specification.span:
        return Needs(
            specification.events, by, frozenset(path), frozenset(types), specification.anchor
        )
    return Needs(specification.events, by, frozenset(path | types))


def narrowing_filter(specification: Specification) -> Filter | None:
    """A filter by which the server sends fewer visits, and all that satisfy the conditions."""
    present = [one for one in specification.events if one.is_present]
    for one in present:
        if one.kind == "event" and (found := filter_of_event(one.text, specification.filters)):
            return found
    for one in present:
        if one.kind == "page":
            return _filter_of("pathname", one.text, specification.filters)
    return None


def filter_of_event(name: str, others: Sequence[Filter]) -> Filter | None:
    """The filter for visits with a custom event of this name; None where none says just that."""
    return _filter_of("event_name", name, others)


def _filter_of(parameter: str, text: str, others: Sequence[Filter]) -> Filter | None:
    # Servers compare the text that they then show as a number, and lead two filters on events
    # to the same event.
    is_number_like = text.strip()[:1] in set("+-.0123456789I") or not text.strip()
    if is_number_like or any(item.parameter in EVENT_PARAMETERS for item in others):
        return None
    try:
        return check_filters([Filter(parameter=parameter, value=(text,))])[0]
    except BadRequestError:
        return None


@dataclass(slots=True)
class Undecided:
    """The SQL condition, over a row of `visit`, that its events must be read; with its values."""

    listed: frozenset[str]
    """Names of custom events of which the server listed the visits, in the table `member`."""
    values: list[object] = field(default_factory=list)

    def sql(self, needs: Needs) -> str:
        """The condition; `values` are filled in its order."""
        excluded = [
            self._is_without(one) if one.is_present else self._has(one) for one in needs.conditions
        ]
        open_ones = [
            f"NOT ({self._has(one)} OR {self._is_without(one)})"
            for one in (*needs.conditions, needs.converted_by)
            if one is not None
        ]
        open_ones += [f"NOT ({_is_known(kind)})" for kind in sorted(needs.whole)]
        if needs.anchor is not None:
            open_ones.append(self._open_span(needs.anchor, sorted(needs.spanned)))
        return f"NOT ({_any(excluded)}) AND ({_any(open_ones)})"

    def _open_span(self, anchor: EventCondition, spanned: list[str]) -> str:
        types = sorted({_TYPE_OF[anchor.kind], *spanned})
        known = " AND ".join(_is_known_in_time(kind) for kind in types)
        none = " AND ".join(f"{_COUNT_OF[kind]} = 0" for kind in spanned)
        return f"NOT ({self._is_without(anchor)} OR ({none or 'true'}) OR ({known}))"

    def _has(self, wanted: EventCondition) -> str:
        count = _COUNT_OF[_TYPE_OF[wanted.kind]]
        if not wanted.text:
            return f"{count} > 0"
        match wanted.kind:
            case "page":
                entry = self._is_one_of("entry_page", wanted)
                leaving = self._is_one_of("exit_page", wanted)
                return f"pageviews > 0 AND ({entry} OR {leaving})"
            case "event" if wanted.text in self.listed:
                # An error has a name too, and the server's filter finds either.
                return f"events > 0 AND errors = 0 AND {self._is_member(wanted.text)}"
        return "false"

    def _is_without(self, wanted: EventCondition) -> str:
        count = _COUNT_OF[_TYPE_OF[wanted.kind]]
        if not wanted.text:
            return f"{count} = 0"
        match wanted.kind:
            case "page":
                entry = self._is_one_of("entry_page", wanted)
                leaving = self._is_one_of("exit_page", wanted)
                return f"pageviews = 0 OR (pageviews <= 2 AND NOT {entry} AND NOT {leaving})"
            case "event" if wanted.text in self.listed:
                is_doubtful = self._is_listed("doubt", wanted.text)
                return f"events = 0 OR NOT ({self._is_member(wanted.text)} OR {is_doubtful})"
        return f"{count} = 0"

    def _is_one_of(self, column: str, wanted: EventCondition) -> str:
        self.values.append(spellings(wanted.text))
        return f"list_contains(?::VARCHAR[], {column})"

    def _is_member(self, name: str) -> str:
        return self._is_listed("member", name)

    def _is_listed(self, table: str, name: str) -> str:
        self.values.append(name)
        return f"session_id IN (SELECT session_id FROM kept.{table} WHERE name = ?)"  # noqa: S608


def _is_known(kind: str) -> str:
    return "pageviews <= 2" if kind == PAGE else f"{_COUNT_OF[kind]} = 0"


def _is_known_in_time(kind: str) -> str:
    """Whether also known which came first: two pageviews may fall into one second."""
    if kind == PAGE:
        return "(pageviews <= 1 OR (pageviews = 2 AND duration_s = 0))"
    return f"{_COUNT_OF[kind]} = 0"


def _any(conditions: Iterable[str]) -> str:
    return " OR ".join(f"({condition})" for condition in conditions) or "false"


def spellings(text: str) -> list[str]:
    """The texts under which this one may come from a server."""
    return list(dict.fromkeys((text, as_sent(text))))


def events_query() -> str:
    """The relation `events`: what was read, and of other visits what their rows tell."""
    untold = "visit.session_id NOT IN (SELECT session_id FROM kept.told)"
    rows: tuple[tuple[str, str, dict[str, str], str], ...] = (
        (PAGE, "started_at", {"pathname": "entry_page"}, "pageviews > 0"),
        (PAGE, "ended_at", {"pathname": "exit_page"}, "pageviews > 1"),
        (CUSTOM, "started_at", {}, "events > 0"),
        (ERROR, "started_at", {}, "errors > 0"),
    )
    every = ", ".join(f'"{name}"' for name in EVENT_COLUMNS)
    parts = [_selection(every, "kept.event", "true")]
    for position, (kind, at, texts, condition) in enumerate(rows):
        columns = _made_event(kind, position, at, texts)
        parts.append(_selection(columns, "visit", f"{condition} AND {untold}"))
    columns = _made_event(CUSTOM, len(rows), "started_at", {"name": "member.name"})
    members = "kept.member AS member JOIN visit USING (session_id)"
    parts.append(_selection(columns, members, f"events > 0 AND errors = 0 AND {untold}"))
    return " UNION ALL ".join(parts)


def _made_event(kind: str, position: int, at: str, texts: dict[str, str]) -> str:
    known = {"session_id": "visit.session_id", "position": str(position), "at": at}
    known |= {"type": f"'{kind}'", "properties": "'{}'", **texts}
    unknown = "''"
    return ", ".join(f'{known.get(name, unknown)} AS "{name}"' for name in EVENT_COLUMNS)


def _selection(columns: str, source: str, condition: str) -> str:
    return f"SELECT {columns} FROM {source} WHERE {condition}"  # noqa: S608 - our own names
