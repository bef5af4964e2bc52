"""Queries over HTTP: what is sent, and what every recorded answer of a real server means."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from rybbit_mcp.api.client import RybbitClient
from rybbit_mcp.api.errors import (
    AccessDeniedError,
    AuthenticationError,
    BadRequestError,
    ConnectionFailedError,
    NotFoundError,
    RateLimitedError,
    RequestTimeoutError,
    RybbitError,
    ServerError,
    UnexpectedBodyError,
    UnsupportedError,
)
from rybbit_mcp.api.generations import GENERATIONS, GenerationName
from tests.api.recorded import KEY, Recording, recording, recordings

pytestmark = pytest.mark.anyio

SITE = {"siteId": 1, "id": "2490434d3bf3", "organizationId": "ORG_ID_1"}
QUERY = "SELECT count() AS n FROM scoped_events"
NO_SCOPE = httpx.Response(403, json={"error": "Insufficient scope", "required": "sites:read"})


def is_of_query(recorded: Recording) -> bool:
    return str(recorded.content["request"]["path"]).endswith("/analytics/query")


QUERIES = [recorded for recorded in recordings() if is_of_query(recorded)]


class Server:
    """Answers queries with one answer, and keeps what it was asked."""

    def __init__(self, answer: httpx.Response | Exception, **others: httpx.Response) -> None:
        self.answer = answer
        self.others = {"/api/sites/1": httpx.Response(200, json=SITE)}
        self.others |= {path.replace("_", "/"): answer for path, answer in others.items()}
        self.requests: list[httpx.Request] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if not request.url.path.endswith("/analytics/query"):
            return self.others.get(request.url.path, httpx.Response(404))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    @property
    def paths(self) -> list[str]:
        return [request.url.path for request in self.requests]

    def client(
        self, generation: GenerationName = "D", key: str | None = KEY, **options: Any
    ) -> RybbitClient:
        return RybbitClient(
            "https://rybbit.example",
            key,
            generation=GENERATIONS[generation],
            transport=httpx.MockTransport(self),
            **options,
        )


def answer(*rows: dict[str, Any], **meta: Any) -> httpx.Response:
    return httpx.Response(200, json={"data": list(rows), "meta": meta})


@pytest.mark.parametrize("recorded", QUERIES, ids=lambda recorded: recorded.name)
async def test_every_recorded_answer_gives_rows_or_one_clean_error(recorded: Recording) -> None:
    server = Server(recorded.response())
    async with server.client(recorded.generation) as client:
        if recorded.status == 200:
            result = await client.query(QUERY, 1)
            assert list(result.rows) == recorded.body["data"]
            assert result.is_cut is (recorded.body["meta"]["rowCount"] == 1000)
            return
        with pytest.raises(RybbitError) as failed:
            await client.query(QUERY, 1)
    told = str(failed.value)
    assert failed.value.status == recorded.status
    assert failed.value.hint
    for text in recorded.texts:
        assert text not in told or text == "sql:read"


def test_there_are_recorded_answers() -> None:
    assert len(QUERIES) > 40
    assert {recorded.status for recorded in QUERIES} == {200, 400, 403, 429}


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("query-slow", RequestTimeoutError, "took too long"),
        ("outage-clickhouse-query", ServerError, "does not reach its ClickHouse"),
        ("query-unknown-column", BadRequestError, "did not run the query"),
        ("query-other-org", AccessDeniedError, "does not open queries on site 1"),
        ("query-site-id-other-org", AccessDeniedError, "does not open queries on site 1"),
        ("query-foreign-origin", AccessDeniedError, "Origin header"),
        ("scoped-none-fitting-query", AccessDeniedError, "lacks the scope sql:read"),
        ("rate-limited-query", RateLimitedError, "limits the rate"),
    ],
)
async def test_a_refusal_says_what_it_likely_means(
    name: str, kind: type[RybbitError], words: str
) -> None:
    async with Server(recording(f"current/{name}").response()).client() as client:
        with pytest.raises(kind) as failed:
            await client.query(QUERY, 1)
    assert words in str(failed.value)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (httpx.Response(401, json={"error": "Unauthorized"}), AuthenticationError),
        (httpx.Response(404, json={"message": "Route POST:/x not found"}), NotFoundError),
        (httpx.Response(403, text="<html>secret proxy</html>"), UnexpectedBodyError),
        (httpx.Response(200, text="<html>secret proxy</html>"), UnexpectedBodyError),
        (httpx.Response(200, json={"data": [1]}), UnexpectedBodyError),
        (httpx.Response(200, json={"data": [], "meta": {"maxRows": 0}}), UnexpectedBodyError),
        (httpx.Response(302, headers={"location": "https://secret.example"}), UnexpectedBodyError),
        (httpx.Response(502, text="secret"), ServerError),
        (httpx.Response(500, json={"error": "secret"}), ServerError),
        (httpx.ReadTimeout("secret"), RequestTimeoutError),
        (httpx.ReadError("secret"), ConnectionFailedError),
    ],
)
async def test_other_answers_are_errors_of_our_own_and_asked_for_once(
    given: httpx.Response | Exception, kind: type[RybbitError]
) -> None:
    server = Server(given)
    async with server.client() as client:
        with pytest.raises(kind) as failed:
            await client.query(QUERY, 1)
    assert "secret" not in str(failed.value)
    assert server.paths.count("/api/organizations/ORG_ID_1/analytics/query") == 1


async def test_a_post_is_tried_again_only_where_no_connection_came_about() -> None:
    server = Server(httpx.ConnectError("refused"))
    async with server.client() as client:
        with pytest.raises(ConnectionFailedError):
            await client.query(QUERY, 1)
    assert server.paths.count("/api/organizations/ORG_ID_1/analytics/query") == 3


async def test_the_newest_servers_are_told_the_site_and_none_an_origin() -> None:
    sent = {}
    for generation in ("C", "D"):
        server = Server(answer({"n": 1}))
        async with server.client(generation) as client:
            await client.query(QUERY, 1)
        request = server.requests[-1]
        assert request.method == "POST"
        assert request.headers["authorization"] == f"Bearer {KEY}"
        assert "origin" not in request.headers
        sent[generation] = json.loads(request.content)
    assert sent == {"C": {"query": QUERY}, "D": {"query": QUERY, "siteId": 1}}


async def test_the_organization_is_found_once() -> None:
    server = Server(answer({"n": 1}))
    async with server.client() as client:
        await client.query(QUERY, 1)
        await client.query(QUERY, 1)
    assert server.paths == [
        "/api/sites/1",
        "/api/organizations/ORG_ID_1/analytics/query",
        "/api/organizations/ORG_ID_1/analytics/query",
    ]


async def test_a_key_without_the_site_scope_finds_it_in_the_list() -> None:
    listed = recording("current/organizations").response()
    server = Server(answer({"n": 1}), _api_organizations=listed, _api_sites_1=NO_SCOPE)
    async with server.client() as client:
        assert (await client.query(QUERY, 1)).rows == ({"n": 1},)
    assert server.paths[-2:] == [
        "/api/organizations",
        "/api/organizations/ORG_ID_1/analytics/query",
    ]


async def test_a_site_of_no_organization_that_the_key_sees_is_not_queried() -> None:
    listed = httpx.Response(200, json=[])
    server = Server(answer(), _api_organizations=listed, _api_sites_1=NO_SCOPE)
    async with server.client() as client:
        with pytest.raises(AccessDeniedError, match="no organization"):
            await client.query(QUERY, 1)


async def test_an_organization_key_without_the_site_scope_is_told_so() -> None:
    server = Server(answer(), _api_sites_1=NO_SCOPE)
    async with server.client(key="rb_org_" + KEY) as client:
        with pytest.raises(AccessDeniedError, match="sites:read"):
            await client.query(QUERY, 1)
    assert server.paths == ["/api/sites/1"]


@pytest.mark.parametrize("organization", ["../../x", "a b", "é", "x" * 65])
async def test_an_organization_that_cannot_be_one_is_not_asked(organization: str) -> None:
    site = httpx.Response(200, json=SITE | {"organizationId": organization})
    server = Server(answer(), _api_sites_1=site)
    async with server.client() as client:
        with pytest.raises(UnexpectedBodyError):
            await client.query(QUERY, 1)
    assert server.paths == ["/api/sites/1"]


@pytest.mark.parametrize("ask", [lambda s: s.client("B"), lambda s: s.client("D", None)])
async def test_old_servers_and_public_sites_are_not_asked(
    ask: Callable[[Server], RybbitClient],
) -> None:
    server = Server(answer())
    async with ask(server) as client:
        with pytest.raises(UnsupportedError):
            await client.query(QUERY, 1)
    assert server.requests == []


@pytest.mark.parametrize(
    ("meta", "is_cut"),
    [({"rowCount": 2, "maxRows": 2}, True), ({"rowCount": 2, "maxRows": 3}, False), ({}, False)],
)
async def test_an_answer_with_all_the_rows_allowed_counts_as_cut(
    meta: dict[str, int], is_cut: bool
) -> None:
    async with Server(answer({"n": 1}, {"n": 2}, **meta)).client() as client:
        assert (await client.query(QUERY, 1)).is_cut is is_cut
