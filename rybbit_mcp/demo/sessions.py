"""The three session routes: parameters in, bodies out, failures as the server shows them."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import duckdb

from rybbit_mcp.demo import javascript
from rybbit_mcp.demo.errors import (
    Body,
    BuilderError,
    EngineError,
    RefusalError,
    ValidatorError,
    framework,
    simple,
)
from rybbit_mcp.demo.filter_rules import read_filters
from rybbit_mcp.demo.filters import Conditions, FilterBuilder
from rybbit_mcp.demo.request import Query, text_of
from rybbit_mcp.demo.visits import Paging, VisitQueries
from rybbit_mcp.demo.windows import ALL_TIME, Window, resolve_window

if TYPE_CHECKING:
    from rybbit_mcp.demo.generations import Generation

_MINIMUMS = {
    "min_pageviews": "pageviews >= ?",
    "min_events": "events >= ?",
    "min_duration": "session_duration >= ?",
}
_GETTER = "Cannot set property errors of [object Object] which has only a getter"
_WHOLE_NUMBER = re.compile(r"-?[0-9]+")


@dataclass(frozen=True, slots=True)
class SessionRoutes:
    """The session routes of one request to one site."""

    cursor: duckdb.DuckDBPyConnection
    generation: Generation
    site_id: int
    now: datetime

    def list_body(self, query: Query) -> Body:
        """Return a page of visits.

        Raises: RefusalError.
        """
        failed = RefusalError(500, simple("Failed to fetch sessions"))
        try:
            window = resolve_window(self.generation, query, self.now)
            conditions = self._filters(query, window, is_list=True)
            self._add_row_conditions(query, conditions)
            scope = self._scope(query)
            paging = self._list_paging(query)
            return {"data": self._queries.visits(window, scope, conditions, paging)}
        except ValidatorError as error:
            raise RefusalError(500, self._validator_body(error)) from error
        except BuilderError as error:
            if self.generation.is_strict:
                raise failed from error
            raise RefusalError(500, framework(str(error))) from error
        except (EngineError, duckdb.Error) as error:
            raise failed from error

    def places_body(self, query: Query) -> Body:
        """Return the places of all visits.

        Raises: RefusalError.
        """
        failed = RefusalError(500, simple("Failed to fetch session locations"))
        try:
            window = resolve_window(self.generation, query, self.now)
            conditions = self._filters(query, window, is_list=False)
            return {"data": self._queries.places(window, conditions)}
        except ValidatorError as error:
            raise RefusalError(500, self._validator_body(error)) from error
        except (BuilderError, EngineError, duckdb.Error) as error:
            if self.generation.is_strict:
                raise failed from error
            # nobody catches these before D: the framework shows what the database says
            if isinstance(error, EngineError):
                raise RefusalError(500, framework(error.message, error.code)) from error
            message = str(error) if isinstance(error, BuilderError) else "Cannot parse expression"
            raise RefusalError(500, framework(message)) from error

    def detail_body(self, session_id: str, query: Query) -> Body:
        """Return one visit with a page of its events.

        Raises: RefusalError.
        """
        failed = RefusalError(500, simple("Failed to fetch session data"))
        limit, offset = _parsed(query, "limit", 100), _parsed(query, "offset", 0)
        is_negative = limit is not None and offset is not None and min(limit, offset) < 0
        if limit is None or offset is None or (is_negative and not self._takes_negatives):
            raise failed
        if "\0" in session_id and not self.generation.is_strict:
            raise failed
        found = self._queries.visit(session_id, self._recent(query), Paging(limit, offset))
        if found is None:
            raise RefusalError(404, simple("Session not found"))
        session, events, total = found
        pagination = {
            "total": total,
            "limit": limit,
            "offset": offset,
            "hasMore": offset + len(events) < total,
        }
        return {"data": {"session": session, "events": events, "pagination": pagination}}

    @property
    def _queries(self) -> VisitQueries:
        return VisitQueries(self.cursor, self.generation, self.site_id)

    @property
    def _takes_negatives(self) -> bool:
        return self.generation.counts_from_the_end

    def _filters(self, query: Query, window: Window, *, is_list: bool) -> Conditions:
        filters = read_filters(self.generation, text_of(query, "filters"))
        builder = FilterBuilder(self.generation, self.site_id, window, is_list=is_list)
        return builder.build(filters)

    def _validator_body(self, error: ValidatorError) -> Body:
        if self.generation.is_strict:
            return framework(_GETTER)
        return framework(json.dumps(error.issues, indent=2, ensure_ascii=False))

    def _scope(self, query: Query) -> Conditions:
        scope = Conditions()
        user_id = query.get("userId" if self.generation.is_camel_case else "user_id")
        if isinstance(user_id, list):
            scope.add("false")
        elif user_id and self.generation.letter == "A":
            scope.add("user_id = ?", user_id)
        elif user_id:
            scope.add("user_id = ? OR identified_user_id = ?", user_id, user_id)
        session_id = query.get("session_id") if self.generation.has_minimums else None
        if isinstance(session_id, list):
            scope.add("false")
        elif session_id:
            scope.add("session_id = ?", session_id)
        return scope

    def _add_row_conditions(self, query: Query, conditions: Conditions) -> None:
        if self.generation.letter != "A" and query.get("identified_only") == "true":
            conditions.add("identified_user_id <> ''")
        if not self.generation.has_minimums:
            return
        for name, condition in _MINIMUMS.items():
            if query.get(name):
                minimum = javascript.parse_integer(text_of(query, name) or "")
                if minimum is None:
                    raise EngineError(f"Value NaN cannot be parsed for {name}", "457")
                conditions.add(condition, minimum)

    def _list_paging(self, query: Query) -> Paging:
        limit_text = query.get("limit") or "100"
        page_text = query.get("page", "" if self.generation.needs_page else "1")
        if "page" not in query and self.generation.needs_page:
            raise EngineError("Value NaN cannot be parsed for offset", "457")
        if not isinstance(limit_text, str) or not _WHOLE_NUMBER.fullmatch(limit_text):
            raise EngineError("Value cannot be parsed for limit", "457")
        limit = int(limit_text)
        page = math.nan if isinstance(page_text, list) else javascript.number(page_text)
        offset = (page - 1) * limit
        if not math.isfinite(offset) or offset != int(offset):
            raise EngineError("Value cannot be parsed for offset", "457")
        if min(limit, offset) < 0 and not self._takes_negatives:
            raise EngineError("LIMIT and OFFSET must not be negative", "440")
        return Paging(limit, int(offset))

    def _recent(self, query: Query) -> Window:
        minutes = javascript.parse_integer(text_of(query, "minutes") or "")
        if not minutes:
            return ALL_TIME
        second = self.now.astimezone(UTC).replace(microsecond=0, tzinfo=None)
        return Window("AND timestamp > ?", (second - timedelta(minutes=minutes),))


def _parsed(query: Query, name: str, default: int) -> int | None:
    value = query.get(name)
    if not value:
        return default
    return javascript.parse_integer(value if isinstance(value, str) else value[0])
