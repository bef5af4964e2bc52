"""One visit: its events to the end, and the list row that knows the rest."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rybbit_mcp.api import story as story_module
from rybbit_mcp.api.client import RybbitClient
from rybbit_mcp.api.errors import (
    BadRequestError,
    NotFoundError,
    RybbitError,
    UnexpectedBodyError,
)
from rybbit_mcp.api.generations import GENERATIONS, GenerationName
from rybbit_mcp.demo.data import LONG_VISIT_ID
from tests.api.recorded import recording
from tests.api.truth import SITE, demo_client, run

pytestmark = pytest.mark.anyio


class Visit:
    """A server of one visit with so many events, and of its list row."""

    def __init__(self, event_count: int, *, most: int = 10**9, **pagination: Any) -> None:
        self.events = [
            {"timestamp": f"2026-11-24 10:{n // 60 % 60:02}:{n % 60:02}", "pathname": f"/{n}"}
            for n in range(event_count)
        ]
        self.most = most
        self.pagination = pagination
        self.asked: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.lists: list[dict[str, str]] = []
        self.list_answer: httpx.Response | None = None
        self.row = {
            "session_id": "SomeSession001",
            "user_id": "device1",
            "identified_user_id": "ada@example.com",
            "session_start": "2026-11-24 10:00:00",
            "session_end": "2026-11-25 00:10:00",
            "session_duration": 51_000,
            "pageviews": 12,
            "events": 45,
            "errors": 0,
            "outbound": 0,
        }

    def __call__(self, request: httpx.Request) -> httpx.Response:
        asked = dict(request.url.params)
        path = request.url.raw_path.decode().partition("?")[0].removeprefix("/api/")
        if path.endswith("/sessions") or path == "sessions/1":
            self.lists.append(asked)
            return self.list_answer or httpx.Response(200, json={"data": [self.row]})
        self.paths.append(path)
        self.asked.append(asked)
        offset = int(asked["offset"])
        events = self.events[offset : offset + min(int(asked["limit"]), self.most)]
        pagination = {
            "total": len(self.events),
            "limit": int(asked["limit"]),
            "offset": offset,
            "hasMore": offset + len(events) < len(self.events),
        }
        head = {**self.row, "events": 400}
        body = {"session": head, "events": events, "pagination": pagination | self.pagination}
        return httpx.Response(200, json={"data": body})

    def client(self, generation: GenerationName = "D") -> RybbitClient:
        return RybbitClient(
            "https://r.example",
            "k" * 64,
            generation=GENERATIONS[generation],
            transport=httpx.MockTransport(self),
        )


@pytest.mark.parametrize("event_count", [0, 1, 999, 1000, 1001, 2500])
async def test_a_visit_is_read_to_its_end(event_count: int) -> None:
    server = Visit(event_count)

    story = await server.client().session("1", "SomeSession001")

    assert [event.pathname for event in story.events] == [f"/{n}" for n in range(event_count)]
    assert story.event_total == event_count
    assert story.is_whole
    assert len(server.asked) == max(1, -(-event_count // 1000))


async def test_a_server_that_gives_less_than_asked_is_asked_again() -> None:
    story = await Visit(350, most=100).client().session("1", "SomeSession001")

    assert len(story.events) == 350
    assert story.is_whole


async def test_a_visit_without_end_is_read_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story_module, "EVENT_BOUND", 2500)
    server = Visit(9000)

    story = await server.client().session("1", "SomeSession001")

    assert (len(story.events), story.event_total, story.is_whole) == (2500, 9000, False)
    assert [asked["limit"] for asked in server.asked] == ["1000", "1000", "500"]


class Cached(Visit):
    """A server behind a cache that knows addresses without their query."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        return super().__call__(
            httpx.Request("GET", request.url.copy_merge_params({"offset": "0", "limit": "1000"}))
        )


@pytest.mark.parametrize("event_count", [1, 12, 1500])
async def test_the_same_stretch_again_is_refused(event_count: int) -> None:
    server = Cached(event_count, hasMore=True)

    with pytest.raises(UnexpectedBodyError, match="again instead of the next") as error:
        await server.client().session("1", "SomeSession001")

    assert "cache" in error.value.hint
    assert len(server.asked) == 2


async def test_a_stretch_that_begins_before_the_last_one_ended_is_refused() -> None:
    server = Visit(3000)
    server.events[1000:] = server.events[500:2500]

    with pytest.raises(UnexpectedBodyError, match="again instead of the next"):
        await server.client().session("1", "SomeSession001")


async def test_equal_events_of_one_second_are_all_taken() -> None:
    server = Visit(2500)
    server.events = [{"timestamp": "2026-11-24 10:00:00", "pathname": "/"}] * 2500

    assert len((await server.client().session("1", "SomeSession001")).events) == 2500


async def test_events_of_the_second_in_which_the_last_stretch_ended_are_taken() -> None:
    server = Visit(1500)
    for event in server.events[990:1010]:
        event["timestamp"] = server.events[990]["timestamp"]

    assert len((await server.client().session("1", "SomeSession001")).events) == 1500


async def test_offset_and_limit_give_a_stretch() -> None:
    server = Visit(400)

    story = await server.client().session("1", "SomeSession001", offset=390, limit=5)
    past = await server.client().session("1", "SomeSession001", offset=5000, limit=5)

    assert [event.pathname for event in story.events] == [f"/{n}" for n in range(390, 395)]
    assert (story.offset, story.event_total, story.is_whole) == (390, 400, False)
    assert (past.events, past.event_total, past.is_whole) == ((), 400, False)


@pytest.mark.parametrize(
    "pagination",
    [
        {"hasMore": None},
        {"hasMore": False},
        {"total": 0},
        {"total": 1, "hasMore": True},
        {"total": 10**9, "hasMore": True},
    ],
)
async def test_a_pagination_that_errs_neither_hides_events_nor_asks_for_ever(
    pagination: dict[str, Any],
) -> None:
    server = Visit(1500, **pagination)

    story = await server.client().session("1", "SomeSession001")

    assert len(story.events) == 1500
    assert len(server.asked) <= 3


async def test_minutes_are_sent_and_leave_the_row_out() -> None:
    """The head is then of the last minutes; the row would be of the whole visit."""
    server = Visit(5)

    story = await server.client().session("1", "SomeSession001", minutes=90)

    assert server.asked[0]["minutes"] == "90"
    assert story.row is None
    assert server.lists == []


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_the_row_is_asked_for_with_the_days_of_the_visit(generation: GenerationName) -> None:
    server = Visit(5)

    story = await server.client(generation).session("1", "SomeSession001")

    assert story.row is not None
    assert story.row.identified_user_id == "ada@example.com"
    assert (story.row.event_count, story.head.event_count, story.event_total) == (45, 400, 5)
    (asked,) = server.lists
    days = {"start_date": "2026-11-24", "end_date": "2026-11-25", "time_zone": "UTC"}
    assert days.items() <= asked.items()
    assert asked["page"] == "1"
    if generation in "CD":
        assert asked["session_id"] == "SomeSession001"
    else:
        assert asked["user_id"] == asked["userId"] == "device1"
        assert asked["startDate"] == "2026-11-24"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500, json={"error": "Failed to fetch sessions"}),
        httpx.Response(429, json={"error": "Rate limit exceeded"}),
        httpx.Response(200, json={"data": []}),
        httpx.Response(200, html="<html>"),
    ],
    ids=lambda r: str(r.status_code),
)
async def test_a_visit_is_told_without_its_row_if_need_be(answer: httpx.Response) -> None:
    server = Visit(5)
    server.list_answer = answer

    story = await server.client().session("1", "SomeSession001")

    assert story.row is None
    assert len(story.events) == 5
    (note,) = story.notes
    assert note.startswith("who and campaign are missing: ")


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_the_ids_stand_in_the_path_of_the_generation(generation: GenerationName) -> None:
    server = Visit(1)

    await server.client(generation).session("1", "-Some_Session-1")

    expected = {
        "A": "session/-Some_Session-1/1",
        "B": "sessions/-Some_Session-1/1",
        "C": "sites/1/sessions/-Some_Session-1",
        "D": "sites/1/sessions/-Some_Session-1",
    }
    assert server.paths == [expected[generation]]


BAD_IDS = ["", ".", "..", "../../organizations", "a/b", "a%2Fb", "a b", "a\0b", "x" * 65, "é", "🚀"]


@pytest.mark.parametrize("session_id", BAD_IDS)
def test_an_id_that_is_none_is_refused_before_any_request(session_id: str) -> None:
    server = Visit(1)

    with pytest.raises(BadRequestError, match="is not a session id") as error:
        run(server.client().session("1", session_id))

    assert error.value.message.isprintable()
    assert server.paths == []


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_id_reaches_another_route(site: str, session_id: str) -> None:
    server = Visit(1)
    try:
        run(server.client().session(site, session_id))
    except RybbitError:
        return
    assert server.paths == [f"sites/{site}/sessions/{session_id}"]


@pytest.mark.parametrize("name", ["offset", "limit", "minutes"])
async def test_a_number_out_of_bounds_is_refused(name: str) -> None:
    server = Visit(1)
    for number in (-1, 10**30):
        numbers = {"offset": 0, "limit": 0, "minutes": 0} | {name: number}

        with pytest.raises(BadRequestError, match="cannot be negative"):
            await server.client().session("1", "SomeSession001", **numbers)

    assert server.paths == []


async def test_nothing_left_of_the_last_minutes_says_so() -> None:
    answer = recording("current/detail-minutes-none-left").response()
    client = RybbitClient(
        "https://r.example",
        "k",
        generation=GENERATIONS["D"],
        transport=httpx.MockTransport(lambda _: answer),
    )

    with pytest.raises(NotFoundError, match="last 5 minutes") as error:
        await client.session("1", "SomeSession001", minutes=5)

    assert error.value.what == "session"


@pytest.mark.parametrize("generation", GENERATIONS)
def test_the_long_visit_of_the_demo_is_told_whole(generation: GenerationName) -> None:
    story = run(demo_client(generation).session(SITE, LONG_VISIT_ID))

    assert len(story.events) == story.event_total
    assert story.head.event_count >= story.event_total
    assert story.row is not None
    assert story.row.session_id == LONG_VISIT_ID
    assert story.notes == ()
    assert list(story.events) == sorted(story.events, key=lambda event: event.at)
    stretches = [
        run(demo_client(generation).session(SITE, LONG_VISIT_ID, offset=offset, limit=97)).events
        for offset in range(0, story.event_total, 97)
    ]
    assert tuple(event for stretch in stretches for event in stretch) == story.events


def test_times_of_events_are_utc_with_and_without_fractions() -> None:
    server = Visit(1)
    for written, microsecond in (("2026-11-24 10:00:01.250", 250_000), ("2026-11-24 10:00:01", 0)):
        server.events = [{"timestamp": written}]
        (event,) = run(server.client().session("1", "SomeSession001")).events

        assert event.at == datetime(2026, 11, 24, 10, 0, 1, microsecond, tzinfo=UTC)
