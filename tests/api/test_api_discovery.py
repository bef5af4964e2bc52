"""Finding the generation: the answers of real servers to requests without a key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import anyio
import httpx
import pytest

from rybbit_mcp.api.client import RybbitClient
from rybbit_mcp.api.discovery import discover
from rybbit_mcp.api.errors import (
    AccessDeniedError,
    ConnectionFailedError,
    NotFoundError,
    RateLimitedError,
    RybbitError,
    ServerError,
    UnexpectedBodyError,
    UnsupportedError,
)
from rybbit_mcp.api.generations import GENERATIONS, GenerationName, generation_of_version
from rybbit_mcp.api.http import Http
from rybbit_mcp.api.window import Window, resolve_window
from tests.api.recorded import KEY, recording
from tests.api.truth import demo_client

pytestmark = pytest.mark.anyio

ALL_TIME = Window("all", "UTC", "all")
Answers = dict[str, httpx.Response]


def unauthorized() -> httpx.Response:
    return httpx.Response(401, json={"error": "Unauthorized"})


def forbidden() -> httpx.Response:
    return httpx.Response(403, json={"error": "Forbidden"})


def no_site() -> httpx.Response:
    return httpx.Response(404, json={"error": "Site not found"})


def no_route() -> httpx.Response:
    body = {"message": "Route GET:/api/x not found", "error": "Not Found", "statusCode": 404}
    return httpx.Response(404, json=body)


def version(number: str) -> httpx.Response:
    return httpx.Response(200, json={"version": number})


def empty() -> httpx.Response:
    return httpx.Response(200, json={"data": []})


# What each generation answers without a key, as measured; True where site 1 is public.
NO_KEY: dict[tuple[GenerationName, bool], Answers] = {
    ("A", False): {
        "version": unauthorized(),
        "sites/1/sessions": unauthorized(),
        "sites/1/session-locations": unauthorized(),
        "sessions/1": unauthorized(),
        "sessions/x/1": unauthorized(),
    },
    ("A", True): {
        "version": unauthorized(),
        "sites/1/sessions": unauthorized(),
        "sites/1/session-locations": unauthorized(),
        "sessions/1": empty(),
        "sessions/x/1": no_route(),
    },
    ("B", False): {
        "version": unauthorized(),
        "sites/1/sessions": no_site(),
        "sites/1/session-locations": no_site(),
        "sessions/1": unauthorized(),
        "sessions/x/1": unauthorized(),
    },
    ("C", False): {
        "version": version("2.6.0"),
        "sites/1/sessions": forbidden(),
        "sites/1/session-locations": forbidden(),
        "sessions/1": no_route(),
        "sessions/x/1": no_route(),
    },
    ("D", False): {
        "version": version("2.7.0"),
        "sites/1/sessions": forbidden(),
        "sites/1/session-locations": no_route(),
        "sessions/1": no_route(),
        "sessions/x/1": no_route(),
    },
}
NO_KEY["B", True] = NO_KEY["B", False] | {"sessions/1": empty()}
NO_KEY["C", True] = NO_KEY["C", False] | {
    "sites/1/sessions": empty(),
    "sites/1/session-locations": empty(),
}
NO_KEY["D", True] = NO_KEY["D", False] | {"sites/1/sessions": empty()}


class Site:
    """A server of which answers by path can change; keeps its requests."""

    def __init__(self, answers: Answers, otherwise: Callable[[], httpx.Response] = no_route):
        self.answers = answers
        self.otherwise = otherwise
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = request.url.path.removeprefix("/api/")
        found = self.answers.get(path) or self.otherwise()
        return httpx.Response(found.status_code, headers=found.headers, content=found.content)

    @property
    def paths(self) -> list[str]:
        return [request.url.path.removeprefix("/api/") for request in self.requests]

    def http(self) -> Http:
        return Http("https://r.example", KEY, transport=httpx.MockTransport(self))

    def client(self, fixed: GenerationName | None = None) -> RybbitClient:
        generation = GENERATIONS[fixed] if fixed else None
        transport = httpx.MockTransport(self)
        return RybbitClient("https://r.example", KEY, generation=generation, transport=transport)


@pytest.mark.parametrize(("name", "is_public"), NO_KEY)
async def test_each_generation_is_told_by_its_answers_without_a_key(
    name: GenerationName, is_public: bool
) -> None:
    site = Site(NO_KEY[name, is_public])

    assert (await discover(site.http())).name == name
    assert all("authorization" not in request.headers for request in site.requests)
    assert KEY not in str([request.url for request in site.requests])
    assert len(site.requests) <= 3


HIDDEN = {
    "403 page": httpx.Response(403, html="<h1>Forbidden</h1>"),
    "404 page": httpx.Response(404, html="<h1>Not found</h1>"),
    "the app's page": httpx.Response(200, html="<!doctype html>"),
    "no version in it": httpx.Response(200, json={"version": None}),
    "another word": httpx.Response(200, json={"version": "unknown"}),
    "a list": httpx.Response(200, json=["2.7.0"]),
    "empty": httpx.Response(200),
    "500": httpx.Response(500, text="oops"),
    "unknown route": no_route(),
}


@pytest.mark.parametrize("hidden", HIDDEN.values(), ids=HIDDEN)
@pytest.mark.parametrize(("name", "is_public"), NO_KEY)
async def test_a_hidden_version_hides_no_generation(
    name: GenerationName, is_public: bool, hidden: httpx.Response
) -> None:
    site = Site(NO_KEY[name, is_public] | {"version": hidden})

    assert (await discover(site.http())).name == name


async def test_the_probe_of_a_public_site_asks_for_one_minute_only() -> None:
    site = Site(NO_KEY["C", True] | {"version": httpx.Response(404)})

    await discover(site.http())

    assert site.requests[-1].url.params["past_minutes_start"] == "1"


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("2.1.0", "A"),
        ("2.2.1", "A"),
        ("2.2.2", "B"),
        ("2.2.4", "B"),
        ("2.3", "C"),
        ("2.6.0", "C"),
        ("v2.7.0", "D"),
        ("2.7.0-beta.1", "D"),
        ("3.0.0", "D"),
        ("2.10.0", "D"),
        (" 2.7.0 ", "D"),
        ("unknown", None),
        ("", None),
        ("27", None),
    ],
)
def test_a_version_belongs_to_a_generation(number: str, name: str | None) -> None:
    found = generation_of_version(number)

    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (httpx.Response(200, html="<html>"), UnexpectedBodyError, "as a Rybbit server does"),
        (httpx.Response(404, html="<html>"), UnexpectedBodyError, "as a Rybbit server does"),
        (httpx.Response(200), UnexpectedBodyError, "as a Rybbit server does"),
        (httpx.Response(200, json={"data": {}}), UnexpectedBodyError, "as a Rybbit server does"),
        (httpx.Response(200, json=[]), UnexpectedBodyError, "as a Rybbit server does"),
        (httpx.Response(404, json={"detail": "Not Found"}), UnexpectedBodyError, "Rybbit server"),
        (httpx.Response(401, json={"message": "login"}), UnexpectedBodyError, "Rybbit server"),
        (httpx.Response(401, text="Basic"), UnexpectedBodyError, "Rybbit server"),
        (httpx.Response(301, headers={"Location": "https://x"}), UnexpectedBodyError, "redirects"),
        (httpx.Response(500), ServerError, "status 500"),
        (httpx.Response(503), ServerError, "answers 503"),
        (httpx.Response(429), RateLimitedError, "limits the rate"),
        (no_route(), UnexpectedBodyError, "as a Rybbit server does"),
    ],
    ids=lambda v: f"{v.status_code}" if isinstance(v, httpx.Response) else None,
)
async def test_what_is_no_rybbit_server_is_said_to_be_none(
    answer: httpx.Response, kind: type[RybbitError], said: str
) -> None:
    site = Site({}, otherwise=lambda: answer)

    with pytest.raises(kind, match=said) as error:
        await site.client().sites()

    assert error.value.hint.endswith(".")
    assert not [one for one in site.requests if "authorization" in one.headers]


async def test_the_generation_is_found_out_once_also_by_calls_at_once() -> None:
    site = Site(NO_KEY["D", False])
    client = site.client()

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(client.generation)
    await client.generation()

    assert site.paths == ["version"]


async def test_a_redirect_behind_a_hidden_version_is_said_to_be_one() -> None:
    moved = httpx.Response(308, headers={"Location": "https://www.r.example/"})
    site = Site({"version": httpx.Response(404, html="x")}, otherwise=lambda: moved)

    with pytest.raises(UnexpectedBodyError, match="redirects") as error:
        await site.client().sites()

    assert "RYBBIT_URL" in error.value.hint


async def test_a_newer_server_without_the_route_is_asked_no_further() -> None:
    site = Site(answers_of("C"))
    client = site.client()
    await client.locations("1", ALL_TIME)
    site.answers = NO_KEY["D", False]

    with pytest.raises(NotFoundError, match="part of the API"):
        await client.locations("1", ALL_TIME)


async def test_an_odd_401_of_a_newer_server_is_about_access() -> None:
    """It is looked at as another generation's, found not to be, and told as a refusal."""
    site = Site(NO_KEY["D", False] | {"sites/1/sessions": unauthorized()})

    with pytest.raises(AccessDeniedError, match="does not open site 1"):
        await site.client().sessions("1", ALL_TIME)


async def test_a_failed_discovery_is_not_remembered() -> None:
    site = Site({}, otherwise=lambda: httpx.Response(500))
    client = site.client()
    with pytest.raises(ServerError):
        await client.generation()

    site.answers = NO_KEY["C", False]

    assert (await client.generation()).name == "C"


async def test_a_setting_fixes_the_generation() -> None:
    site = Site(NO_KEY["D", False] | {"sessions/1": empty()})
    client = site.client("B")

    await client.sessions("1", ALL_TIME)

    assert (await client.generation()).name == "B"
    assert site.paths == ["sessions/1"]


async def test_a_setting_that_does_not_fit_the_server_is_named() -> None:
    unfit: list[tuple[GenerationName, GenerationName]]
    unfit = [("B", "D"), ("D", "B"), ("C", "A"), ("A", "C")]
    for fixed, server in unfit:
        site = Site(NO_KEY[server, False])
        with pytest.raises(NotFoundError, match="RYBBIT_SERVER_VERSION") as error:
            await site.client(fixed).sessions("1", ALL_TIME)
        assert error.value.what == "route"
        assert "version" not in site.paths


UPGRADES: list[tuple[GenerationName, GenerationName]] = [
    ("A", "B"), ("A", "D"), ("B", "C"), ("B", "D"), ("C", "D"),
    ("D", "C"), ("D", "B"), ("C", "B"), ("D", "A"),
]  # fmt: skip


def answers_of(name: GenerationName) -> Answers:
    """Answers with a key that opens site 1."""
    generation = GENERATIONS[name]
    detail = recording("current/detail-single").response()
    return NO_KEY[name, False] | {
        "/".join(generation.list_parts("1")): empty(),
        "/".join(generation.location_parts("1")): empty(),
        "/".join(generation.detail_parts("1", "SingleEvent_01")): detail,
    }


@pytest.mark.parametrize(("before", "after"), UPGRADES)
async def test_a_server_of_another_version_is_found_out_anew(
    before: GenerationName, after: GenerationName
) -> None:
    """Routes moved; 2.7 rolled back to 2.6 takes the places' address for a session's."""
    site = Site(answers_of(before))
    client = site.client()
    await client.locations("1", ALL_TIME)
    old_no_session = httpx.Response(404, json={"error": "Session not found"})
    site.answers = answers_of(after)
    if after == "C":
        site.answers["sites/1/sessions/locations"] = old_no_session

    await client.locations("1", ALL_TIME)
    story = await client.session("1", "SingleEvent_01")
    assert story.head.session_id == "SingleEvent_01"
    found_count = site.paths.count("version")
    await client.locations("1", ALL_TIME)

    assert (await client.generation()).name == after
    # The oldest are only guessed before their first answer, and looked at for each request.
    assert site.paths.count("version") == found_count <= (3 if before == "A" else 2)


@pytest.mark.parametrize("after", ["A", "B"])
async def test_what_was_planned_for_a_newer_server_is_planned_anew_for_an_older_one(
    after: GenerationName,
) -> None:
    """It would be asked in words that it ignores without a word."""
    now = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)
    exact = resolve_window(
        now=now, zone="UTC", start_date="2026-11-24T12:30", end_date="2026-11-24T12:40"
    )
    site = Site(answers_of("D"))
    client = site.client()
    await client.sessions("1", exact)
    site.answers = answers_of(after)

    with pytest.raises(UnsupportedError):
        await client.sessions("1", exact)
    page = await client.sessions("1", ALL_TIME)

    assert (page.sessions, (await client.generation()).name) == ((), after)


async def test_a_bulk_of_visits_says_that_the_server_is_an_older_one_now() -> None:
    site = Site(answers_of("D"))
    client = site.client()
    visits = await client.bulk("1", ALL_TIME)
    await visits.page(1, 10)
    site.answers = answers_of("B")

    with pytest.raises(UnexpectedBodyError, match="older version"):
        await visits.page(1, 10)


async def test_a_route_that_no_generation_has_is_asked_for_twice_at_most() -> None:
    site = Site(NO_KEY["D", False])

    with pytest.raises(NotFoundError, match="part of the API") as error:
        await site.client().locations("1", ALL_TIME)

    assert error.value.what == "route"
    assert site.paths.count("sites/1/sessions/locations") == 1
    assert len(site.requests) <= 4


@pytest.mark.parametrize("route", ["session/SingleEvent_01/1", "sessions/SingleEvent_01/1"])
async def test_the_one_route_that_moved_before_2_3_is_tried_both_ways(route: str) -> None:
    """Versions from 2.1.2 to 2.2.1 have A's routes or B's, and answer alike without a key."""
    detail = recording("legacy/detail-single").response()
    site = Site(NO_KEY["A", False] | {"sessions/1": empty(), route: detail})
    client = site.client()

    for _ in range(2):
        story = await client.session("1", "SingleEvent_01")
        assert story.events

    details = [path for path in site.paths if path.endswith("SingleEvent_01/1")]
    assert details[-1] == route
    assert len(details) <= 3


async def test_servers_between_a_and_b_get_both_spellings_and_a_page() -> None:
    """2.1.2 to 2.2.1: A's routes, B's parameter names, and `page` still required."""
    site = Site(NO_KEY["A", False] | {"sessions/1": empty()})
    window = Window("minutes", "UTC", "90m", minutes=90)

    await site.client().sessions("1", window)

    sent = site.requests[-1].url.params
    assert sent["page"] == "1"
    assert sent["past_minutes_start"] == sent["pastMinutesStart"] == "90"


async def test_the_demo_of_each_generation_is_told() -> None:
    for name in GENERATIONS:
        found = await demo_client(name, is_told=False).generation()
        assert found.name == name


async def test_no_connection_is_told_as_such() -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no")

    client = RybbitClient("https://r.example", KEY, transport=httpx.MockTransport(refuse))

    with pytest.raises(ConnectionFailedError):
        await client.sites()


async def test_a_401_at_the_first_look_makes_no_newer_server_an_old_one() -> None:
    """The oldest servers answer 401 to what they do not know; so does a gate before any server."""
    site = Site({}, otherwise=unauthorized)
    client = site.client()
    with pytest.raises(UnsupportedError, match="answers 401 to everything") as error:
        await client.sites()
    assert "which this server is" not in error.value.message

    site.answers = NO_KEY["D", False] | {"organizations": httpx.Response(200, json=[])}

    assert await client.sites() == ()


async def test_the_oldest_servers_are_known_by_their_first_answer() -> None:
    site = Site(answers_of("A"), otherwise=unauthorized)
    client = site.client()
    await client.sessions("1", ALL_TIME)
    site.requests.clear()

    await client.sessions("1", ALL_TIME)

    assert site.paths == ["sessions/1"]


async def test_a_known_server_that_refuses_everything_is_not_taken_for_an_older_one() -> None:
    site = Site(answers_of("D"))
    client = site.client()
    await client.sessions("1", ALL_TIME)
    site.answers, site.otherwise = {}, unauthorized

    with pytest.raises(RybbitError) as error:
        await client.sessions("1", ALL_TIME)

    assert "2.2" not in str(error.value)
    site.answers = answers_of("D")
    await client.sessions("1", ALL_TIME)
