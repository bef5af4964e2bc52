"""SQL that the server runs over its events: `POST /api/organizations/{id}/analytics/query`.

Servers since 2.3 have it, for keys that may use it. 2.3 to 2.6 answer for all sites of the
organization, whatever site is named: a query must narrow every reading of events itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, Field, JsonValue, ValidationError

from rybbit_mcp.api.asking import Asked, Clues, Experience
from rybbit_mcp.api.connection import Connection, unexpected_body
from rybbit_mcp.api.errors import (
    AccessDeniedError,
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    RequestTimeoutError,
    RybbitError,
    ServerError,
    UnexpectedBodyError,
    UnsupportedError,
)
from rybbit_mcp.api.generations import Generation
from rybbit_mcp.api.models import OrganizationList
from rybbit_mcp.api.refusals import refusal
from rybbit_mcp.api.reply import Reply

USUAL_MOST_ROWS = 1000
SCOPE = "sql:read"

_ORGANIZATION = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_UNREACHED = re.compile(r"connect E[A-Z]+|read E[A-Z]+|socket hang up|getaddrinfo")
_TIMED_OUT = re.compile(r"Timeout exceeded|Estimated query execution time")


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The rows of a query, as JSON tells them.

    `is_cut` says that the server may have left rows out; it sends at most `most_rows`.

    Units: times are texts in UTC; whole numbers above 2**53 have lost digits.
    """

    rows: tuple[dict[str, JsonValue], ...]
    most_rows: int = USUAL_MOST_ROWS
    is_cut: bool = False


class _Meta(BaseModel):
    row_count: Annotated[int, Field(validation_alias="rowCount")] = 0
    most_rows: Annotated[int, Field(validation_alias="maxRows", gt=0)] = USUAL_MOST_ROWS


class _Body(BaseModel):
    data: list[dict[str, JsonValue]]
    meta: _Meta = Field(default_factory=_Meta)


class _OwnedSite(BaseModel):
    organization_id: Annotated[str, Field(validation_alias="organizationId", min_length=1)]


class SqlRoute:
    """The query route of one server; remembers which organization a site is of."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._organizations: dict[int, str] = {}

    async def is_offered(self) -> bool:
        """Whether the server is one that runs queries for a key, and there is one."""
        generation = await self._connection.generation()
        return generation.has_site_routes and self._connection.has_key

    async def run(self, query: str, site_id: int) -> QueryResult:
        """What the server answers to one SELECT over `scoped_events`.

        Raises:
            UnsupportedError: a server or a key that cannot have it.
            BadRequestError: the server did not run the query.
            RequestTimeoutError, ServerError: it stopped, or its database is down.
            AccessDeniedError, AuthenticationError: not with this key, or not for this site.
            NotFoundError: the route is not there.
        """
        connection = self._connection
        generation = await connection.generation()
        _check_offered(generation, has_key=connection.has_key)
        organization = await self._organization(site_id)
        content: dict[str, object] = {"query": query}
        if generation.name == "D":
            content["siteId"] = site_id
        parts = ("organizations", organization, "analytics", "query")
        reply = await connection.http.post(parts, content)
        if reply.status != 200:
            raise _refused(reply, generation, site_id)
        return _read(reply)

    async def _organization(self, site_id: int) -> str:
        if site_id not in self._organizations:
            found = await self._find_organization(site_id)
            if not _ORGANIZATION.fullmatch(found):
                raise UnexpectedBodyError(
                    "The server names an organization that cannot be one.",
                    "Check that RYBBIT_URL is a Rybbit server.",
                )
            self._organizations[site_id] = found
        return self._organizations[site_id]

    async def _find_organization(self, site_id: int) -> str:
        """From the site itself, which wants a scope, or from the list, which wants a user's key."""
        site = str(site_id)
        try:
            owned = await self._connection.read(
                _OwnedSite, lambda _: ("sites", site), {}, Asked("site", site)
            )
        except AccessDeniedError:
            if self._connection.has_organization_key:
                raise
        else:
            return owned.organization_id
        listed = await self._connection.read(
            OrganizationList, lambda _: ("organizations",), {}, Asked("organizations")
        )
        for organization in listed.root:
            if any(short.id == site for short in organization.sites):
                return organization.id
        raise AccessDeniedError(
            f"Site {site} is in no organization that the key sees.", "list_sites shows the sites."
        )


def _check_offered(generation: Generation, *, has_key: bool) -> None:
    if not generation.has_site_routes:
        raise UnsupportedError(
            f"Rybbit {generation.versions}, which this server is, takes no queries.",
            "Leave RYBBIT_ENGINE at auto.",
        )
    if not has_key:
        raise UnsupportedError("Queries need a key, and none is set.", "Set RYBBIT_API_KEY.")


def _read(reply: Reply) -> QueryResult:
    try:
        body = _Body.model_validate_json(reply.body)
    except ValidationError as error:
        raise unexpected_body(error, "query") from None
    most_rows = body.meta.most_rows
    is_cut = max(body.meta.row_count, len(body.data)) >= most_rows
    return QueryResult(tuple(body.data), most_rows, is_cut)


def _refused(reply: Reply, generation: Generation, site_id: int) -> RybbitError:
    """The error that the answer means; never holds any of its text."""
    match reply.status:
        case 400:
            return _not_run(reply)
        case 401 | 403 if reply.is_json_object:
            return _no_entry(reply, site_id)
        case 404:
            return NotFoundError(
                "The server has no route for queries.",
                "It is older, or queries are switched off there.",
                what="route",
            )
    asked = Asked("query", str(site_id))
    return refusal(reply, asked, generation, Experience(), Clues(), has_key=True)


def _not_run(reply: Reply) -> RybbitError:
    """One status for all that goes wrong; newer servers do not say what."""
    if _TIMED_OUT.match(reply.error_text):
        return RequestTimeoutError(
            "The server stopped the query because it took too long.",
            "Ask for a shorter period.",
            status=400,
        )
    if _UNREACHED.match(reply.error_text):
        return ServerError(
            "The server does not reach its ClickHouse.", "Try again in a minute.", status=400
        )
    return BadRequestError(
        "The server did not run the query.",
        "It says the same to a query that it refuses and to a ClickHouse that is down or busy.",
        status=400,
    )


def _no_entry(reply: Reply, site_id: int) -> RybbitError:
    status = reply.status
    if status == 401:
        return AuthenticationError(
            "The server does not accept the key for queries.", "Check RYBBIT_API_KEY.", status=401
        )
    match reply.error_text:
        case "Insufficient scope":
            return AccessDeniedError(
                f"The key lacks the scope {SCOPE}.", "Give the key that scope.", status=status
            )
        case "Origin not allowed":
            return AccessDeniedError(
                "The server takes the query for one of another web page.",
                "A proxy on the way adds an Origin header.",
                status=status,
            )
    return AccessDeniedError(
        f"The server does not open queries on site {site_id} to this key.",
        "Likely the key is wrong, or the site is of another organization.",
        status=status,
    )
