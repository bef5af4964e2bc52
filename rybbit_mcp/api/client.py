"""A typed, asynchronous client of Rybbit's Sessions API, usable without MCP.

    async with RybbitClient("https://app.rybbit.io", key) as client:
        window = resolve_window(now=datetime.now(UTC), zone="Europe/Prague", period="7d")
        page = await client.sessions("1", window, limit=20)

The server's generation is found out at the first call and remembered. What a generation would
misread is applied to its rows here or refused; see `planning` and `parameters`.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import httpx
from pydantic import BaseModel

from rybbit_mcp.api.asking import Asked
from rybbit_mcp.api.bulk import BulkVisits
from rybbit_mcp.api.connection import Connection, OlderServerError
from rybbit_mcp.api.errors import BadRequestError
from rybbit_mcp.api.filters import PATTERNS, Filter, check_filters
from rybbit_mcp.api.generations import Generation
from rybbit_mcp.api.http import TOTAL_TIMEOUT_S, Http
from rybbit_mcp.api.listing import (
    SessionQuery,
    check_clock,
    filter_parameter,
    read_page,
    scan_pages,
)
from rybbit_mcp.api.matching import as_sent
from rybbit_mcp.api.models import Location, Session, Site
from rybbit_mcp.api.naming import TEXT_ID, AllowedSites
from rybbit_mcp.api.parameters import Conditions, check_sendable, window_parameters
from rybbit_mcp.api.patterns import compile_patterns, duckdb_search
from rybbit_mcp.api.planning import plan_locations
from rybbit_mcp.api.results import LocationList, SessionPage, SessionStory
from rybbit_mcp.api.sites import read_site, read_sites
from rybbit_mcp.api.sql import QueryResult, SqlRoute
from rybbit_mcp.api.story import read_story
from rybbit_mcp.api.window import Window

Result = TypeVar("Result")

LARGEST_LIMIT = 10_000
LARGEST_NUMBER = 10**9
"""Of pages, events and minutes: servers fail on numbers beyond 64 bits."""

_SITE = re.compile(r"[1-9]\d{0,9}|[A-Za-z0-9]{5,36}", re.ASCII)
_SESSION_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_NO_CONDITIONS = Conditions()
_ALL_SITES = AllowedSites()


class RybbitClient:
    """One server, one key, one connection pool. Close it with `aclose()` or `async with`.

    `allowed_sites` bounds which sites errors name; the caller holds to it in what is asked.
    Every method raises the errors of `api.errors`; those named at a method are its own.
    """

    def __init__(
        self,
        base_url: str,
        key: str | None = None,
        *,
        generation: Generation | None = None,
        allowed_sites: AllowedSites = _ALL_SITES,
        transport: httpx.AsyncBaseTransport | None = None,
        ca_file: str = "",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        total_timeout_s: float = TOTAL_TIMEOUT_S,
    ) -> None:
        self._http = Http(
            base_url,
            key,
            transport=transport,
            ca_file=ca_file,
            clock=clock,
            total_timeout_s=total_timeout_s,
        )
        self._connection = Connection(
            self._http,
            has_key=bool(key),
            fixed=generation,
            has_organization_key=(key or "").startswith("rb_org_"),
            allowed_sites=allowed_sites,
        )
        self._sql = SqlRoute(self._connection)
        self._search = duckdb_search()
        self._clock = clock

    async def __aenter__(self) -> RybbitClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End the connections."""
        await self._http.aclose()

    @property
    def has_key(self) -> bool:
        """Whether requests carry a key; without one only public sites open."""
        return self._connection.has_key

    async def generation(self) -> Generation:
        """The server's generation: the fixed one, or what its answers say, asked once."""
        return await self._connection.generation()

    async def sites(self) -> tuple[Site, ...]:
        """Every site the key opens, in the order of the server.

        Raises:
            UnsupportedError: a server (2.2 and older) or a key that cannot list sites.
        """
        with self._http.in_time():
            return await read_sites(self._connection)

    async def site(self, site: str) -> Site:
        """One site by its number or text id."""
        site = _checked_site(site)
        with self._http.in_time():
            return await read_site(self._connection, site)

    async def sessions(
        self,
        site: str,
        window: Window,
        *,
        filters: Sequence[Filter] = (),
        conditions: Conditions = _NO_CONDITIONS,
        page: int = 1,
        limit: int = 20,
    ) -> SessionPage:
        """One page of visits, newest first.

        Raises:
            BadRequestError: page, limit or a filter out of bounds.
            UnsupportedError: a filter or window this server cannot answer rightly.
        """
        if not 1 <= page <= LARGEST_NUMBER:
            raise BadRequestError(f"page={page} does not exist.", "Pages begin at 1.")
        if not 1 <= limit <= LARGEST_LIMIT:
            raise BadRequestError(f"limit={limit} is out of range.", f"Use 1 to {LARGEST_LIMIT}.")

        async def ask() -> SessionPage:
            query = await self._query(site, window, filters, conditions)
            return await read_page(self._connection, query, page=page, limit=limit)

        with self._http.in_time():
            return await _planned(ask)

    async def scan(
        self,
        site: str,
        window: Window,
        *,
        filters: Sequence[Filter] = (),
        conditions: Conditions = _NO_CONDITIONS,
        page_size: int = 1000,
    ) -> AsyncIterator[list[Session]]:
        """All visits, newest first, in server pages, without repeats; stop whenever you like."""
        query = await self._query(site, window, filters, conditions)
        async for _, rows in scan_pages(self._connection, query, page_size=page_size):
            yield rows

    async def bulk(
        self,
        site: str,
        window: Window,
        *,
        filters: Sequence[Filter] = (),
        conditions: Conditions = _NO_CONDITIONS,
    ) -> BulkVisits:
        """The same visits as `sessions`, for reading many of them at once; asks nothing yet.

        Raises:
            UnsupportedError: a filter or window this server cannot answer rightly.
        """
        query = await self._query(site, window, filters, conditions)
        return BulkVisits(self._connection, query, await self.generation(), self._clock)

    async def session(
        self, site: str, session_id: str, *, offset: int = 0, limit: int = 0, minutes: int = 0
    ) -> SessionStory:
        """One visit with its events; with `limit` 0 all of them, up to a bound.

        `minutes` leaves only the events of the last minutes; the head is then computed from them.

        Raises:
            BadRequestError: a malformed id, or a negative number.
            NotFoundError: no such session on this site.
        """
        if not _SESSION_ID.fullmatch(session_id):
            raise BadRequestError(
                f"session_id {session_id[:40]!r} is not a session id.",
                "Take one from list_sessions: letters, digits, - and _ only.",
            )
        for number in (offset, limit, minutes):
            if not 0 <= number <= LARGEST_NUMBER:
                raise BadRequestError(
                    "offset, limit and minutes cannot be negative or so large.", "Use 0 or more."
                )
        site, connection = _checked_site(site), self._connection
        with self._http.in_time():
            return await read_story(
                connection, site, session_id, offset=offset, limit=limit, minutes=minutes
            )

    async def locations(
        self, site: str, window: Window, *, filters: Sequence[Filter] = (), user_id: str = ""
    ) -> LocationList:
        """All places of the window with their visits, unsorted.

        Raises:
            UnsupportedError: a filter this server cannot answer rightly.
        """
        site, checked = _checked_site(site), self._checked(filters)
        if user_id:  # the parameter of this name is ignored here, the filter works
            checked += (Filter(parameter="user_id", value=(user_id,)),)

        async def ask() -> LocationList:
            generation = await self.generation()
            plan = plan_locations(checked, generation, self._search)
            parameters = window_parameters(window, generation) | filter_parameter(plan.sent)
            check_sendable(parameters)
            asked = Asked("locations", site, has_filters=bool(plan.sent))
            body = await self._connection.read(
                _Locations, lambda g: g.location_parts(site), parameters, asked
            )
            check_clock(self._connection, counts_back=window.kind == "minutes")
            return LocationList(tuple(plan.keep(body.data)), plan.notes)

        with self._http.in_time():
            return await _planned(ask)

    async def offers_queries(self) -> bool:
        """Whether the server is one that runs queries for a key, and there is one."""
        return await self._sql.is_offered()

    async def query(self, query: str, site_id: int) -> QueryResult:
        """The rows of one SELECT over `scoped_events`, which must narrow itself to the site.

        Raises:
            UnsupportedError: a server (2.2 and older) or a key that cannot have it.
            BadRequestError: the server did not run the query, for whatever reason.
        """
        return await self._sql.run(query, site_id)

    async def _query(
        self, site: str, window: Window, filters: Sequence[Filter], conditions: Conditions
    ) -> SessionQuery:
        site, checked = _checked_site(site), self._checked(filters)
        generation = await self.generation()
        return SessionQuery.planned(site, window, checked, conditions, generation, self._search)

    def _checked(self, filters: Sequence[Filter]) -> tuple[Filter, ...]:
        checked = check_filters(filters)
        for item in checked:
            if item.type in PATTERNS:
                compile_patterns(item.value, self._search)
        return checked


class _Locations(BaseModel):
    data: list[Location]


async def _planned(ask: Callable[[], Awaitable[Result]]) -> Result:
    """What was asked; planned once more where the server turned out to be an older one."""
    try:
        return await ask()
    except OlderServerError:
        return await ask()


def _checked_site(site: str) -> str:
    # Servers read as a number what JavaScript does: 00001 and 0x001 are site 1.
    is_number = as_sent(site) != site and not TEXT_ID.fullmatch(site)
    if is_number or not _SITE.fullmatch(site):
        raise BadRequestError(
            f"site {site[:40]!r} is neither a number nor a text id.",
            "Give a number such as 1, or a text id of letters and digits.",
        )
    return site
