"""The ASGI application of the demo: routes, access and answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from rybbit_mcp.demo import DEMO_KEY, javascript
from rybbit_mcp.demo.account import ORGANIZATION_ID, Account
from rybbit_mcp.demo.errors import RefusalError, simple
from rybbit_mcp.demo.generations import Generation, Letter, generation_of
from rybbit_mcp.demo.request import MAX_HEAD_BYTES, Request, read_request
from rybbit_mcp.demo.routes import Match, match_route

if TYPE_CHECKING:
    import duckdb

Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, content type and body of one answer."""

    status: int
    body: bytes
    content_type: str = _JSON
    varies: bool = True


class DemoApp:
    """A Rybbit server in this process, with generated data."""

    def __init__(self, *, now: Callable[[], datetime], seed: int, generation: Letter) -> None:
        self._now = now
        self._seed = seed
        self._generation: Generation = generation_of(generation)
        self._generated_at: datetime | None = None
        self._database: duckdb.DuckDBPyConnection | None = None

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        request = read_request(scope)
        answer = self._answer(request)
        headers = [
            *([(b"vary", b"Origin")] if answer.varies else []),
            (b"content-type", answer.content_type.encode()),
            (b"content-length", str(len(answer.body)).encode()),
        ]
        if origin := request.headers.get("origin"):
            headers.append((b"access-control-allow-origin", origin.encode("latin-1")))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        body = b"" if request.method == "HEAD" else answer.body
        await send({"type": "http.response.body", "body": body})

    def _answer(self, request: Request) -> Answer:
        if request.head_bytes > MAX_HEAD_BYTES:
            # written below the web framework, which is why it looks different
            return Answer(431, javascript.encode(_TOO_LARGE), "application/json", varies=False)
        if request.method == "OPTIONS" and not self._generation.has_site_routes:
            return Answer(400, b"Invalid Preflight Request", "text/plain")
        try:
            return self._routed(request, match_route(self._generation, request, _has_key(request)))
        except RefusalError as refusal:
            return _json(refusal.status, refusal.body)

    def _routed(self, request: Request, match: Match) -> Answer:
        if match.route == "health":
            return Answer(200, b"OK", "text/plain; charset=utf-8")
        if match.route == "version":
            return _json(200, {"version": self._generation.version})
        if match.route == "config":
            lite = {"liteDashboard": False} if self._generation.is_strict else {}
            return _json(200, {"disableSignup": False, **lite})
        if match.route in ("organizations", "organization_sites", "site", "has_data"):
            return self._about_account(match)
        return self._about_sessions(request, match)

    def _about_account(self, match: Match) -> Answer:
        account = Account(self._generation, self._settled_now())
        if match.route == "organizations":
            return _json(200, account.organizations())
        if match.route == "organization_sites":
            if match.organization_id != ORGANIZATION_ID:
                raise RefusalError(403, simple("Forbidden"))
            return _json(200, account.organization_sites(self._visits_last_24_hours()))
        if match.route == "has_data":
            return _json(200, {"hasData": True})
        assert match.site is not None
        return _json(200, account.site(match.site))

    def _about_sessions(self, request: Request, match: Match) -> Answer:
        from rybbit_mcp.demo.sessions import SessionRoutes  # late: brings the database engine

        assert match.site is not None
        with self._data().cursor() as cursor:
            routes = SessionRoutes(cursor, self._generation, match.site.site_id, self._now())
            if match.route == "list":
                return _json(200, routes.list_body(request.query))
            if match.route == "locations":
                return _json(200, routes.places_body(request.query))
            return _json(200, routes.detail_body(match.session_id, request.query))

    def _visits_last_24_hours(self) -> dict[int, int]:
        since = self._now().astimezone(UTC).replace(tzinfo=None) - timedelta(hours=24)
        with self._data().cursor() as cursor:
            rows = cursor.execute(
                "SELECT site_id, count(DISTINCT session_id) FROM events "
                "WHERE timestamp >= ? GROUP BY site_id",
                [since],
            ).fetchall()
        return dict(rows)

    def _settled_now(self) -> datetime:
        if self._generated_at is None:
            self._generated_at = self._now()
        return self._generated_at

    def _data(self) -> duckdb.DuckDBPyConnection:
        if self._database is None:
            from rybbit_mcp.demo.data import generate  # late: brings the database engine

            self._database = generate(now=self._settled_now(), seed=self._seed)
        return self._database


_TOO_LARGE = {
    "error": "Request Header Fields Too Large",
    "message": "Exceeded maximum allowed HTTP header size",
    "statusCode": 431,
}


def _json(status: int, body: object) -> Answer:
    return Answer(status, javascript.encode(body))


def _has_key(request: Request) -> bool:
    return (
        request.headers.get("authorization") == f"Bearer {DEMO_KEY}"
        or request.query.get("api_key") == DEMO_KEY
    )


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
