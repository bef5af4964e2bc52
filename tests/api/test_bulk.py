"""Raw pages, kept rows, all events of a visit, and how many calls a key has left."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rybbit_mcp.api.bulk import BulkVisits, parse_page, parse_session
from rybbit_mcp.api.call_budget import MOST_SPARED, CallBudget
from rybbit_mcp.api.client import RybbitClient
from rybbit_mcp.api.errors import NotFoundError, RateLimitedError, UnexpectedBodyError
from rybbit_mcp.api.filters import Filter
from rybbit_mcp.api.generations import GENERATIONS, GenerationName
from rybbit_mcp.api.parameters import Conditions
from rybbit_mcp.api.story import EVENT_BOUND, EVENTS_PER_CALL
from rybbit_mcp.api.window import resolve_window
from tests.api.recorded import KEY

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
WEEK = resolve_window(now=NOW, zone="Europe/Prague", period="7d")
A, B, D = (GENERATIONS[name] for name in ("A", "B", "D"))
Answer = httpx.Response | Exception


class Server:
    """Answers one request after the other, and keeps them."""

    def __init__(self, *answers: Answer, generation: GenerationName = "D") -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.client = RybbitClient(
            "https://rybbit.example",
            KEY,
            generation=GENERATIONS[generation],
            transport=httpx.MockTransport(self._answer),
            clock=lambda: NOW,
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def bulk(self, **options: Any) -> BulkVisits:
        return await self.client.bulk("1", WEEK, **options)


def row(**changes: Any) -> dict[str, Any]:
    times = {"session_start": "2026-11-23 10:00:00", "session_end": "2026-11-23 10:05:00"}
    counts = dict.fromkeys(("session_duration", "pageviews", "events", "errors", "outbound"), 0)
    texts = {"session_id": "abc", "user_id": "u", "city": "Berlin", "region": "DE-BE"}
    return texts | times | counts | changes


def page(*rows: dict[str, Any]) -> bytes:
    return json.dumps({"data": rows}).encode()


def stretch(offset: int, count: int, total: int) -> httpx.Response:
    events = [
        {"timestamp": "2026-11-23 10:00:00", "type": "pageview", "pathname": f"/{offset + number}"}
        for number in range(count)
    ]
    has_more = offset + count < total
    return httpx.Response(
        200,
        json={
            "data": {
                "session": row(),
                "events": events,
                "pagination": {"total": total, "offset": offset, "hasMore": has_more},
            }
        },
    )


@pytest.mark.parametrize("generation", ["A", "B", "C", "D"])
async def test_a_page_is_asked_by_number_and_size_and_comes_as_it_is(
    generation: GenerationName,
) -> None:
    body = b'{"data": [ {"anything": 7.0} ]}'
    server = Server(httpx.Response(200, content=body), generation=generation)

    found = await (await server.bulk()).page(3, 2000)

    query = server.requests[0].url.params
    assert found == body
    assert (query["page"], query["limit"]) == ("3", "2000")
    assert query["startDate" if generation in "AB" else "start_date"] == "2026-11-18"


async def test_nothing_is_asked_before_the_first_page() -> None:
    server = Server()

    await server.bulk(filters=[Filter(parameter="country", value=("DE",))])

    assert server.requests == []


async def test_rows_that_do_not_match_are_not_kept() -> None:
    city = Filter(parameter="city", value=("Berlin",))
    bulk = await Server().bulk(filters=[city])

    kept = bulk.kept(page(row(), row(city="Bernau"), row(city="Berlin", region="US-IL")))

    assert not bulk.is_exact
    assert bulk.has_checks
    assert kept == (0, 2)
    assert any("city equals was compared" in note for note in bulk.notes)


@pytest.mark.parametrize(
    ("options", "has_checks"),
    [
        ({}, False),
        ({"conditions": Conditions(min_pageviews=2)}, True),
        ({"filters": [Filter(parameter="browser", value=("Chrome",))]}, True),
        ({"filters": [Filter(parameter="pathname", value=("/form",))]}, False),
        ({"filters": [Filter(parameter="event_name", value=("signup",))]}, True),
    ],
)
async def test_it_is_known_whether_rows_prove_anything(
    options: dict[str, Any], has_checks: bool
) -> None:
    bulk = await Server().bulk(**options)

    assert bulk.is_exact
    assert bulk.has_checks is has_checks


async def test_a_visit_from_outside_the_window_is_refused() -> None:
    bulk = await Server().bulk()
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)

    bulk.check_inside(NOW, NOW)
    with pytest.raises(UnexpectedBodyError, match="ignored the period"):
        bulk.check_inside(long_ago, long_ago)
    with pytest.raises(UnexpectedBodyError, match="ignored the period"):
        bulk.kept(page(row(session_start="2026-01-01 00:00:00", session_end="2026-01-01 00:00:00")))


async def test_all_events_of_a_long_visit_are_read_in_several_calls() -> None:
    total = EVENTS_PER_CALL + 300
    server = Server(stretch(0, EVENTS_PER_CALL, total), stretch(EVENTS_PER_CALL, 300, total))

    events = await (await server.bulk()).events("abc")

    assert [event.pathname for event in events] == [f"/{number}" for number in range(total)]
    assert [request.url.params["offset"] for request in server.requests] == ["0", "1000"]


async def test_the_events_of_one_visit_are_bounded() -> None:
    answers = [stretch(at, 1000, 10**6) for at in range(0, EVENT_BOUND, 1000)]
    server = Server(*answers)

    assert len(await (await server.bulk()).events("abc")) == EVENT_BOUND
    assert server.answers == []


async def test_the_same_events_again_are_refused() -> None:
    server = Server(*[stretch(0, 12, 10**6)] * 3)

    with pytest.raises(UnexpectedBodyError, match="again instead of the next"):
        await (await server.bulk()).events("abc")

    assert len(server.requests) == 2


async def test_a_visit_that_is_gone_is_said_to_be() -> None:
    server = Server(httpx.Response(404, json={"error": "Session not found"}))

    with pytest.raises(NotFoundError):
        await (await server.bulk()).events("abc")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"data":7}', b'{"data":[7]}', b"<html>", b'{"data"']
)
def test_what_is_no_page_is_refused(body: bytes) -> None:
    with pytest.raises(UnexpectedBodyError, match="session list answer is not what Rybbit sends"):
        parse_page(body)


def test_a_row_without_an_id_or_times_is_refused() -> None:
    with pytest.raises(UnexpectedBodyError, match="'session_end'"):
        parse_session(json.dumps(row(session_end=None)))


async def test_a_throttled_old_key_is_told_from_a_wrong_one_after_a_raw_page() -> None:
    """Source: 2.2 answers 401 to both; recorded as `legacy/rate-limited-*`."""
    refused = httpx.Response(401, json={"error": "Unauthorized"})
    server = Server(httpx.Response(200, content=page()), refused, generation="B")
    bulk = await server.bulk()
    await bulk.page(1, 10)

    with pytest.raises(RateLimitedError):
        await bulk.page(2, 10)


async def test_headers_of_the_cloud_are_taken_into_account() -> None:
    headers = {"X-RateLimit-Daily-Remaining": "70", "X-RateLimit-Burst-Remaining": "3"}
    server = Server(httpx.Response(200, content=page(), headers=headers))
    bulk = await server.bulk()
    assert bulk.calls_left() is None
    assert bulk.width(4) == 4

    await bulk.page(1, 10)

    assert bulk.calls_left() == 70 - 14
    assert bulk.width(4) == 1
    assert bulk.width(2) == 2


def noted(budget: CallBudget, count: int, at: datetime = NOW, status: int = 200) -> CallBudget:
    for _ in range(count):
        budget.note(status, {}, at)
    return budget


def test_an_old_server_gives_five_hundred_calls_until_ten_minutes_of_silence() -> None:
    """Source: measured on 2.2.4; the count does not slide."""
    budget = noted(CallBudget(), 300, NOW)
    later = NOW + timedelta(minutes=9)

    assert budget.left(B, later, has_key=True) == 200 - MOST_SPARED
    assert noted(budget, 150, later).left(B, later, has_key=True) == 50 - 10
    assert budget.left(B, later + timedelta(minutes=10), has_key=True) == 500 - MOST_SPARED
    assert (
        noted(budget, 1, later + timedelta(minutes=10)).left(
            A, later + timedelta(minutes=10), has_key=True
        )
        == 499 - MOST_SPARED
    )


def test_refused_calls_are_not_counted_and_used_up_ones_leave_none() -> None:
    budget = noted(noted(CallBudget(), 10), 30, status=401)

    assert budget.left(B, NOW, has_key=True) == 490 - MOST_SPARED
    assert noted(budget, 600).left(B, NOW, has_key=True) == 0


def test_no_limit_is_known_of_newer_servers_and_without_a_key() -> None:
    budget = noted(CallBudget(), 5000)

    assert budget.left(D, NOW, has_key=True) is None
    assert budget.left(B, NOW, has_key=False) is None


def test_a_daily_quota_begins_anew_at_midnight_utc() -> None:
    budget = CallBudget()
    budget.note(200, {"x-ratelimit-daily-remaining": "1000"}, NOW)

    assert budget.left(D, NOW + timedelta(hours=11), has_key=True) == 1000 - MOST_SPARED
    assert budget.left(D, NOW + timedelta(hours=12), has_key=True) is None


@pytest.mark.parametrize(
    ("reset", "lasts_s"),
    [("30", 30), (str(int(NOW.timestamp()) + 90), 90), ("", 60), ("soon", 60)],
)
def test_a_plain_limit_holds_until_its_reset(reset: str, lasts_s: int) -> None:
    budget = CallBudget()
    budget.note(200, {"ratelimit-remaining": "8", "ratelimit-reset": reset}, NOW)

    assert budget.left(D, NOW + timedelta(seconds=lasts_s - 1), has_key=True) == 6
    assert budget.left(D, NOW + timedelta(seconds=lasts_s), has_key=True) is None


def test_a_burst_narrows_calls_and_does_not_end_them() -> None:
    headers = {
        "ratelimit-remaining": "1",
        "x-ratelimit-burst-remaining": "1",
        "x-ratelimit-burst-reset": "5",
    }
    budget = CallBudget()
    budget.note(429, headers, NOW)

    assert budget.left(D, NOW, has_key=True) is None
    assert budget.width(4, NOW) == 1
    assert budget.width(4, NOW + timedelta(seconds=5)) == 4


@given(
    st.dictionaries(
        st.sampled_from(
            (
                *("x-ratelimit-daily-remaining", "x-ratelimit-burst-remaining"),
                *("x-ratelimit-burst-reset", "ratelimit-remaining", "ratelimit-reset"),
            )
        ),
        st.text(max_size=20) | st.integers().map(str),
    )
)
def test_no_header_breaks_the_budget(headers: dict[str, str]) -> None:
    budget = CallBudget()
    budget.note(200, headers, NOW)

    left = budget.left(D, NOW, has_key=True)
    assert left is None or left >= 0
    assert budget.width(4, NOW) in {1, 4}
