"""The session list: one page where the server's paging is right, a bounded search where not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

import anyio
from pydantic import BaseModel

from rybbit_mcp.api.asking import Asked
from rybbit_mcp.api.connection import Connection
from rybbit_mcp.api.errors import UnexpectedBodyError
from rybbit_mcp.api.filters import Filter
from rybbit_mcp.api.forms import Sent
from rybbit_mcp.api.generations import Generation
from rybbit_mcp.api.models import Session
from rybbit_mcp.api.obeying import CLOCK_SLACK, check_obeyed, named_events_check
from rybbit_mcp.api.parameters import Conditions, check_sendable, window_parameters
from rybbit_mcp.api.patterns import TextSearch
from rybbit_mcp.api.planning import DEVICES_ONLY, Plan, plan_sessions
from rybbit_mcp.api.results import SessionPage
from rybbit_mcp.api.window import Window

SEARCH_PAGE_SIZE = 1000
SEARCH_BOUND = 10_000
"""Visits read at most to fill one page when the server cannot filter."""

SEARCH_TIME_S = 15.0
"""After so long no further page is read, so that a slow server still gives an answer."""

ROUND_COUNTS = frozenset({20, 25, 128, 256, 512, 1024})
"""Sizes at which servers and proxies cut pages, besides whole fifties."""


@dataclass(frozen=True, slots=True)
class SessionQuery:
    """What is asked of the list, planned for one generation."""

    site: str
    window: Window
    conditions: Conditions
    parameters: dict[str, str]
    plan: Plan[Session]
    is_exact: bool

    @classmethod
    def planned(
        cls,
        site: str,
        window: Window,
        filters: Sequence[Filter],
        conditions: Conditions,
        generation: Generation,
        search: TextSearch,
    ) -> SessionQuery:
        """Raises UnsupportedError where the generation has no right answer."""
        plan = plan_sessions(filters, generation, search)
        parameters = window_parameters(window, generation)
        parameters |= conditions.parameters(generation) | filter_parameter(plan.sent)
        check_sendable(parameters)
        is_exact = plan.is_exact and conditions.is_exact(generation)
        if check := named_events_check(filters, window):
            plan = replace(plan, checks=(check, *plan.checks))
        if conditions.user_id and generation.name == "A" and DEVICES_ONLY not in plan.notes:
            plan = replace(plan, notes=(*plan.notes, DEVICES_ONLY))
        return cls(site, window, conditions, parameters, plan, is_exact)

    def keep(self, rows: Sequence[Session]) -> list[Session]:
        """The rows that satisfy everything asked, as far as a row can tell."""
        checks = tuple(self.conditions.checks())
        return self.plan.keep([row for row in rows if all(check(row) for check in checks)])


class _Rows(BaseModel):
    data: list[Session]


def filter_parameter(sent: Sequence[Sent]) -> dict[str, str]:
    """The `filters` parameter, if there are any."""
    if not sent:
        return {}
    return {"filters": json.dumps(sent, ensure_ascii=False, separators=(",", ":"))}


async def read_page(
    connection: Connection, query: SessionQuery, *, page: int, limit: int
) -> SessionPage:
    """One page of the visits that satisfy the query."""
    if not query.is_exact:
        return await _search_page(connection, query, page=page, limit=limit)
    rows = await _read(connection, query, page, limit)
    kept = query.keep(rows[:limit])
    notes = query.plan.notes
    if dropped_count := min(len(rows), limit) - len(kept):
        notes += (f"not all that the server sent matches: {dropped_count} left out",)
    may_have_more = not is_last_page(len(rows), limit)
    if page == 1 and may_have_more and len(rows) < limit:
        limit = len(rows)  # the pages that a server gives that cuts them
    return SessionPage(tuple(kept), page, limit, may_have_more, notes, dropped_count=dropped_count)


def is_last_page(row_count: int, limit: int) -> bool:
    """Whether a page with so many rows is surely the last.

    A page that is not full may have been cut, by the server or a proxy: at a round number.
    """
    is_round = row_count % 50 == 0 or row_count in ROUND_COUNTS
    return row_count == 0 or (row_count < limit and not is_round)


async def scan_pages(
    connection: Connection, query: SessionQuery, *, page_size: int = SEARCH_PAGE_SIZE
) -> AsyncIterator[tuple[int, list[Session]]]:
    """All matching visits, newest first, in server pages, with the number of rows read each.

    Visits that arrive meanwhile push others to the next page; those are not repeated. Where the
    server gives fewer rows a page than asked, the further pages are as large as its first one.
    """
    seen: set[str] = set()
    page = 1
    while True:
        rows = await _read(connection, query, page, page_size)
        fresh = [row for row in rows if row.session_id not in seen]
        if rows and not fresh:
            raise UnexpectedBodyError(
                "The server sends the same visits again instead of the next page.",
                "Ask for a shorter period, with fewer visits than one page.",
            )
        seen.update(row.session_id for row in rows)
        yield len(rows), query.keep(fresh)
        if is_last_page(len(rows), page_size):
            return
        if page == 1:
            page_size = min(page_size, len(rows))
        page += 1


async def _search_page(
    connection: Connection, query: SessionQuery, *, page: int, limit: int
) -> SessionPage:
    wanted = page * limit
    found: list[Session] = []
    read_count = 0
    is_complete = True
    began_at = anyio.current_time()
    async for row_count, rows in scan_pages(connection, query):
        read_count += row_count
        found += rows
        if len(found) > wanted or is_last_page(row_count, SEARCH_PAGE_SIZE):
            break
        if read_count >= SEARCH_BOUND or anyio.current_time() - began_at > SEARCH_TIME_S:
            is_complete = False
            break
    which = "that could match" if query.plan.sent else "of the period"
    notes = (*query.plan.notes, f"found by reading the newest {read_count} visits {which}")
    if not is_complete:
        notes += ("older visits were not read: ask for a shorter period",)
    return SessionPage(
        tuple(found[wanted - limit : wanted]),
        page,
        limit,
        len(found) > wanted,
        notes,
        is_complete=is_complete,
    )


async def _read(
    connection: Connection, query: SessionQuery, page: int, limit: int
) -> list[Session]:
    # `page` is always sent: up to 2.2.1 a list without it fails.
    parameters = query.parameters | {"page": str(page), "limit": str(limit)}
    asked = Asked("session list", query.site, has_filters="filters" in parameters)
    body = await connection.read(_Rows, lambda g: g.list_parts(query.site), parameters, asked)
    check_clock(connection, counts_back=query.window.kind == "minutes")
    check_obeyed(body.data, query.window, query.conditions, connection.clock_off_s)
    return body.data


def check_clock(connection: Connection, *, counts_back: bool) -> None:
    """Refuse minutes back from now where they are not the same to the server.

    Days are the same by any clock.
    """
    off_s = connection.clock_off_s or 0.0
    if counts_back and abs(off_s) > CLOCK_SLACK.total_seconds():
        way = "ahead of" if off_s > 0 else "behind"
        raise UnexpectedBodyError(
            f"The server's clock is {abs(off_s) / 3600:.1f} h {way} this machine's, so that it "
            "counted other minutes.",
            "Set the clocks right, or ask for days, such as period=7d.",
        )
