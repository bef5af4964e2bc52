"""ClickHouse answers as the local engine does, and the local one where ClickHouse cannot."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from mcp import Client
from pydantic import SecretStr

from rybbit_mcp.analysis.choosing import ChoosingEngine, EndpointEngine, choose_engine
from rybbit_mcp.analysis.local import LocalEngine
from rybbit_mcp.analysis.outcome import Outcome
from rybbit_mcp.analysis.remote import SqlEngine
from rybbit_mcp.analysis.specification import EventCondition, Specification
from rybbit_mcp.api.client import RybbitClient
from rybbit_mcp.api.errors import (
    AccessDeniedError,
    BadRequestError,
    NotFoundError,
    RequestTimeoutError,
    RybbitError,
    ServerError,
    UnexpectedBodyError,
    UnsupportedError,
)
from rybbit_mcp.api.filters import Filter
from rybbit_mcp.api.generations import GENERATIONS, GenerationName
from rybbit_mcp.api.window import resolve_window
from rybbit_mcp.demo import DEMO_KEY, create_demo_app
from rybbit_mcp.demo.javascript import munged
from rybbit_mcp.demo.javascript import text as javascript_text
from rybbit_mcp.server import create_server
from rybbit_mcp.settings import Settings
from tests.analysis.remotes import QueryingServer, load_demo
from tests.analysis.world import ClickHouseEngine

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)
WEEK = resolve_window(now=NOW, zone="Europe/Berlin", period="7d")
DAY = resolve_window(now=NOW, zone="UTC", period="2026-11-20..2026-11-20")
HOURS = resolve_window(now=NOW, zone="UTC", period="6h")
BY_CHANNEL = Specification(DAY, group_by=("channel",))


@pytest.fixture(scope="module")
def app(clickhouse: ClickHouseEngine, tmp_path_factory: pytest.TempPathFactory) -> Any:
    load_demo(clickhouse, tmp_path_factory.mktemp("demo"), now=NOW)
    return create_demo_app(now=lambda: NOW, seed=1, generation="D")


@pytest.fixture
def server(app: Any, clickhouse: ClickHouseEngine) -> QueryingServer:
    return QueryingServer(app, clickhouse)


def client_of(server: QueryingServer, generation: GenerationName = "D") -> RybbitClient:
    return RybbitClient(
        "https://demo.invalid",
        DEMO_KEY,
        generation=GENERATIONS[generation],
        transport=server,
        clock=lambda: NOW,
    )


def numbers(outcome: Outcome) -> tuple[Any, ...]:
    """What engines must agree on, with texts as session lists tell them: 1e5 as 100000."""
    groups = [
        replace(group, key=tuple(as_listed(text) for text in group.key)) for group in outcome.groups
    ]
    return (
        sorted(groups, key=lambda group: (-group.session_count, group.key)),
        outcome.total,
        outcome.group_count,
        outcome.basis.session_count,
    )


def as_listed(text: str) -> str:
    told = munged(text)
    return "" if told is None else javascript_text(told)


SPECIFICATIONS = {
    "total": Specification(DAY, metrics=("sessions", "visitors", "pageviews", "events", "errors")),
    "channel": replace(BY_CHANNEL, window=WEEK),
    "two dimensions": Specification(DAY, group_by=("device_type", "bounced")),
    "city": Specification(DAY, group_by=("city",), metrics=("sessions", "p90_duration")),
    "referrer": Specification(WEEK, group_by=("referrer",), metrics=("sessions", "share")),
    "user": Specification(DAY, group_by=("user",), metrics=("sessions", "pages_per_session")),
    "hour": Specification(DAY, group_by=("hour",), metrics=("sessions", "bounce_rate")),
    "week and country": Specification(
        resolve_window(now=NOW, zone="America/New_York", period="2026-10-31..2026-11-03"),
        group_by=("week", "country"),
        metrics=("sessions", "median_duration"),
    ),
    "campaign": Specification(
        WEEK,
        filters=(Filter(parameter="utm_campaign", type="is_not_null"),),
        group_by=("utm_campaign", "channel"),
    ),
    "not these": Specification(
        WEEK,
        filters=(
            Filter(parameter="country", type="not_equals", value=("US", "DE")),
            Filter(parameter="browser", type="contains", value=("o",)),
        ),
        group_by=("browser",),
    ),
    "band": Specification(DAY, group_by=("duration_band", "pageview_band")),
    "large groups": Specification(DAY, group_by=("entry_page",), min_sessions=5),
    "page": Specification(HOURS, group_by=("page",), metrics=("sessions", "occurrences")),
    "event": Specification(HOURS, group_by=("event_name",), metrics=("sessions", "occurrences")),
    "path": Specification(HOURS, group_by=("path",), metrics=("sessions",)),
    "without": Specification(
        DAY, group_by=("channel",), events=(EventCondition("event", is_present=False),)
    ),
}


@pytest.mark.parametrize("name", SPECIFICATIONS)
async def test_the_server_counts_as_the_local_engine_does(
    server: QueryingServer, name: str
) -> None:
    asked = SPECIFICATIONS[name]
    async with client_of(server) as client:
        remote = await ChoosingEngine([EndpointEngine(client)], None).run(asked, "1")
        paths = list(server.paths)
        local = await LocalEngine(client, clock=lambda: NOW).run(asked, "1", max_details=5000)

    assert local.basis.is_whole
    assert remote.groups or not asked.group_by
    assert numbers(remote) == numbers(local)
    assert (remote.basis.engine, remote.basis.is_whole) == ("clickhouse", True)
    assert paths[-1].endswith("/analytics/query")
    assert len(server.queries) == 1
    assert not any("/sessions" in path for path in paths)


async def test_the_queries_are_about_one_site(server: QueryingServer) -> None:
    async with client_of(server) as client:
        engine = ChoosingEngine([EndpointEngine(client)], None)
        first = await engine.run(BY_CHANNEL, "1")
        second = await engine.run(BY_CHANNEL, "2")
    assert [content["siteId"] for content in server.queries] == [1, 2]
    assert first.total.session_count > 5 * second.total.session_count > 0


async def test_older_servers_are_asked_without_the_site_and_for_the_first_referrer(
    app: Any, clickhouse: ClickHouseEngine
) -> None:
    server = QueryingServer(create_demo_app(now=lambda: NOW, seed=1, generation="C"), clickhouse)
    asked = SPECIFICATIONS["referrer"]
    async with client_of(server, "C") as client:
        remote = await ChoosingEngine([EndpointEngine(client)], None).run(asked, "1")
        local = await LocalEngine(client, clock=lambda: NOW).run(asked, "1")
    assert list(server.queries[0]) == ["query"]
    assert "argMin(event.referrer" in server.queries[0]["query"]
    assert numbers(remote) == numbers(local)


class Counted:
    """A local engine that has counted already."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome

    async def run(self, *_: Any, **__: Any) -> Outcome:
        return self._outcome


@pytest.fixture(scope="module")
def counted(app: Any, clickhouse: ClickHouseEngine) -> Counted:
    """What the local engine counts by channel."""

    async def count() -> Outcome:
        async with client_of(QueryingServer(app, clickhouse)) as client:
            return await LocalEngine(client, clock=lambda: NOW).run(BY_CHANNEL, "1")

    return Counted(anyio.run(count))


SCOPE = httpx.Response(403, json={"error": "Insufficient scope", "required": "sql:read"})


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (SCOPE, "lacks the scope sql:read"),
        (httpx.Response(403, json={"error": "Forbidden"}), "does not open queries on site 1"),
        (httpx.Response(401, json={"error": "Unauthorized"}), "does not accept the key"),
        (httpx.Response(404, json={"message": "Route POST:/x not found"}), ""),  # nothing to tell
    ],
)
async def test_what_a_key_may_not_have_is_asked_for_once(
    server: QueryingServer, counted: Counted, refusal: httpx.Response, words: str
) -> None:
    server.refusal = refusal
    async with client_of(server) as client:
        engine = ChoosingEngine([EndpointEngine(client)], counted)
        first = await engine.run(BY_CHANNEL, "1")
        second = await engine.run(BY_CHANNEL, "1")
    assert len(server.queries) == 1
    assert (first.basis.engine, second.basis.engine) == ("local", "local")
    assert [words in note for note in first.basis.notes] == [True] * bool(words)
    assert second.basis.notes == ()
    assert numbers(first) == numbers(second)


async def test_why_not_is_told_again_where_the_local_engine_sees_a_part(
    server: QueryingServer,
) -> None:
    server.refusal = SCOPE
    async with client_of(server) as client:
        engine = choose_engine(client, clock=lambda: NOW)
        for _ in range(2):
            outcome = await engine.run(BY_CHANNEL, "1", max_sessions=100)
    assert not outcome.basis.is_whole
    assert any("sql:read" in note for note in outcome.basis.notes)


@pytest.mark.parametrize(
    "refusal",
    [
        httpx.Response(400, json={"error": "connect ECONNREFUSED 127.0.0.1:9"}),
        httpx.Response(400, json={"error": "Timeout exceeded: elapsed 10010.2 ms"}),
        httpx.Response(400, json={"error": "Failed to run query"}),
        httpx.Response(502, text="<html>"),
        httpx.Response(429, json={"error": "Rate limit exceeded"}),
        httpx.Response(200, json={"data": [{"x": 1}]}),
        httpx.Response(200, json={"data": []} | {"meta": None}),
    ],
)
async def test_what_fails_once_is_asked_again(
    server: QueryingServer, counted: Counted, refusal: httpx.Response
) -> None:
    server.refusal = refusal
    async with client_of(server) as client:
        engine = ChoosingEngine([EndpointEngine(client)], counted)
        first = await engine.run(BY_CHANNEL, "1")
        server.refusal = None
        second = await engine.run(BY_CHANNEL, "1")
    assert (first.basis.engine, second.basis.engine) == ("local", "clickhouse")
    assert numbers(first) == numbers(second)
    [note] = first.basis.notes
    assert note.startswith("not counted through the server's queries: ")
    assert len(note) < 130
    assert second.basis.notes == ()


async def test_servers_without_queries_are_not_asked_and_nothing_is_said(
    clickhouse: ClickHouseEngine,
) -> None:
    server = QueryingServer(create_demo_app(now=lambda: NOW, seed=1, generation="B"), clickhouse)
    async with client_of(server, "B") as client:
        outcome = await choose_engine(client, clock=lambda: NOW).run(BY_CHANNEL, "1")
        with pytest.raises(UnsupportedError, match=r"older than 2\.3"):
            await choose_engine(client, clock=lambda: NOW, wanted="clickhouse").run(BY_CHANNEL, "1")
    assert outcome.basis.engine == "local"
    assert outcome.basis.notes == ()
    assert server.queries == []


async def test_local_asks_for_no_query_and_clickhouse_for_nothing_else(
    server: QueryingServer,
) -> None:
    async with client_of(server) as client:
        local = await choose_engine(client, clock=lambda: NOW, wanted="local").run(BY_CHANNEL, "1")
        assert server.queries == []
        server.refusal = SCOPE
        insisting = choose_engine(client, clock=lambda: NOW, wanted="clickhouse")
        for _ in range(2):
            with pytest.raises(AccessDeniedError, match="sql:read"):
                await insisting.run(BY_CHANNEL, "1")
    assert local.basis.engine == "local"
    assert len(server.queries) == 2


async def test_what_clickhouse_cannot_tell_is_left_to_the_local_engine(
    server: QueryingServer,
) -> None:
    asked = Specification(HOURS, group_by=("prop:a.^b",), metrics=("sessions",))
    async with client_of(server) as client:
        outcome = await choose_engine(client, clock=lambda: NOW).run(asked, "1", max_details=5000)
        again = await choose_engine(client, clock=lambda: NOW).run(BY_CHANNEL, "1")
    assert outcome.basis.engine == "local"
    assert "cannot be named in a query" in outcome.basis.notes[-1]
    assert again.basis.engine == "clickhouse"


async def test_a_wrong_question_is_refused_by_either_engine(server: QueryingServer) -> None:
    async with client_of(server) as client:
        for wanted in ("auto", "clickhouse"):
            engine = choose_engine(client, clock=lambda: NOW, wanted=wanted)
            with pytest.raises(BadRequestError, match="no dimension"):
                await engine.run(replace(BY_CHANNEL, group_by=("chanel",)), "1")
    assert server.queries == []


async def test_a_site_is_named_by_its_number(server: QueryingServer) -> None:
    async with client_of(server) as client:
        engine = choose_engine(client, clock=lambda: NOW, wanted="clickhouse")
        for site in ("abc", "1 OR 1", "-1", "１", "9" * 11):
            with pytest.raises(UnsupportedError, match="by number only"):
                await engine.run(BY_CHANNEL, site)
    assert server.queries == []


class Scripted:
    """A remote that fails so, or answers with these rows."""

    way = "a script"

    def __init__(self, error: RybbitError) -> None:
        self.error = error
        self.call_count = 0

    async def run(self, specification: Specification, site: str) -> Outcome:
        self.call_count += 1
        raise self.error

    async def aclose(self) -> None:
        self.call_count = -1


async def test_each_way_is_tried_in_its_turn(server: QueryingServer) -> None:
    async with client_of(server) as client:
        down = Scripted(ServerError("It is down.", "Wait."))
        engine = ChoosingEngine([down, EndpointEngine(client)], None)
        outcome = await engine.run(BY_CHANNEL, "1")
        await engine.aclose()
    assert outcome.basis.engine == "clickhouse"
    assert outcome.basis.notes == ("not counted through a script: It is down.",)
    assert down.call_count == -1


@pytest.mark.parametrize(
    ("error", "call_count"),
    [
        (NotFoundError("gone", what="route"), 1),
        (AccessDeniedError("no"), 1),
        (RequestTimeoutError("slow"), 2),
        (UnsupportedError("cannot"), 2),
    ],
)
async def test_only_what_is_refused_for_good_is_given_up(
    counted: Counted, error: RybbitError, call_count: int
) -> None:
    remote = Scripted(error)
    engine = ChoosingEngine([remote], counted)
    await engine.run(BY_CHANNEL, "1")
    await engine.run(BY_CHANNEL, "1")
    assert remote.call_count == call_count


def rows(count: int, group_count: int) -> list[dict[str, object]]:
    total = {"is_total": 1, "key_1": "", "sessions": 5000, "group_count": group_count}
    groups = [total | {"is_total": 0, "key_1": f"g{place}"} for place in range(count)]
    return [total, *groups]


async def test_groups_beyond_what_is_sent_are_told() -> None:
    asked = Specification(DAY, group_by=("city",), metrics=("sessions",))

    async def run_query(_: str, __: int) -> list[dict[str, object]]:
        return rows(999, 1200)

    outcome = await SqlEngine(run_query).run(asked, "1")
    assert outcome.group_count == 1200
    assert outcome.basis.is_whole
    assert outcome.basis.notes == (
        "of 1,200 groups the 999 largest were sent; the total is of all",
    )


@pytest.mark.parametrize(("count", "group_count"), [(99, 1200), (3, 4), (4, 3)])
async def test_an_answer_cut_elsewhere_is_not_believed(count: int, group_count: int) -> None:
    asked = Specification(DAY, group_by=("city",), metrics=("sessions",))

    async def run_query(_: str, __: int) -> list[dict[str, object]]:
        return rows(count, group_count)

    with pytest.raises(UnexpectedBodyError):
        await SqlEngine(run_query).run(asked, "1")


def served(server: QueryingServer, **settings: Any) -> Any:
    given = Settings(
        _env_prefix="NO_SUCH_PREFIX_",
        url="https://demo.invalid",
        api_key=SecretStr(DEMO_KEY),
        **settings,
    )
    return create_server(given, clock=lambda: NOW, transport=lambda: server)


async def told(mcp_server: Any, **arguments: Any) -> str:
    async with Client(mcp_server) as client:
        result: Any = await client.call_tool("summarize_sessions", arguments)
    text: str = result.content[0].text
    assert not result.is_error, text
    return text


@pytest.mark.parametrize(
    "arguments",
    [
        {"group_by": ["channel"]},
        {"group_by": ["channel"], "compare": "previous_period", "period": "24h"},
        {"group_by": ["event_name"], "metrics": ["sessions", "occurrences"], "period": "6h"},
        {
            "group_by": ["entry_page", "device_type"],
            "period": "yesterday",
            "time_zone": "Asia/Tokyo",
        },
    ],
)
async def test_the_tool_tells_the_same_numbers_and_who_counted(
    server: QueryingServer, arguments: dict[str, Any]
) -> None:
    bounds = {"site": "1", "max_sessions": 100_000, "max_details": 5000}
    by_server = await told(served(server), **bounds, **arguments)
    asked_count = len(server.queries)
    by_local = await told(served(server, engine="local"), **bounds, **arguments)

    assert asked_count == 1 + ("compare" in arguments)
    assert len(server.queries) == asked_count
    assert ", all that match, by ClickHouse\n" in by_server
    assert ", all that match, by the local engine\n" in by_local
    read = [line for line in by_local.splitlines() if not line.startswith("# events: read")]
    assert by_server.replace("by ClickHouse", "by the local engine").splitlines() == read


async def test_the_tool_says_in_one_line_why_the_server_did_not_count(
    server: QueryingServer, tmp_path: Path
) -> None:
    server.refusal = SCOPE
    text = await told(served(server), site="1", group_by=["channel"], period="24h")
    assert "by the local engine" in text
    assert "# not counted through the server's queries: The key lacks the scope sql:read.\n" in text
