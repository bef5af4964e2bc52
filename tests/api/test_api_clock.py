"""Clocks: minutes back from now are counted by the server's, and told by this machine's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from inline_snapshot import snapshot

from rybbit_mcp.api.client import RybbitClient
from rybbit_mcp.api.errors import UnexpectedBodyError
from rybbit_mcp.api.generations import GENERATIONS
from rybbit_mcp.api.reply import clock_off_s
from rybbit_mcp.api.window import Window, resolve_window

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)
DETAIL = {
    "session": {
        "session_id": "SomeSession001",
        "session_start": "2026-11-24 13:00:00",
        "session_end": "2026-11-24 13:01:00",
        **dict.fromkeys(("session_duration", "pageviews", "events"), 1),
    },
    "events": [],
    "pagination": {"total": 0, "hasMore": False},
}


def window(period: str) -> Window:
    return resolve_window(now=NOW, zone="UTC", period=period)


def client(hours: float, **headers: str) -> RybbitClient:
    """A client of an empty server whose clock is so far ahead."""

    def answer(request: httpx.Request) -> httpx.Response:
        date = format_datetime(NOW + timedelta(hours=hours), usegmt=True)
        is_detail = request.url.path.endswith("/SomeSession001")
        body: dict[str, Any] = {"data": DETAIL if is_detail else []}
        return httpx.Response(200, json=body, headers={"date": date} | headers)

    return RybbitClient(
        "https://r.example",
        "k" * 64,
        generation=GENERATIONS["D"],
        transport=httpx.MockTransport(answer),
        clock=lambda: NOW,
    )


async def bulk(client: RybbitClient, window: Window) -> object:
    return await (await client.bulk("1", window)).page(1, 10)


QUESTIONS: dict[str, Callable[[RybbitClient, Window], Awaitable[object]]] = {
    "sessions": lambda client, window: client.sessions("1", window),
    "locations": lambda client, window: client.locations("1", window),
    "bulk": bulk,
    "session": lambda client, window: client.session("1", "SomeSession001", minutes=window.minutes),
}


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("hours", [26, -26, 2.1, -2.1])
async def test_minutes_back_from_now_are_refused_where_clocks_differ(
    name: str, hours: float
) -> None:
    with pytest.raises(UnexpectedBodyError, match="clock"):
        await QUESTIONS[name](client(hours), window("24h"))


async def test_the_error_says_by_how_much_and_what_to_do() -> None:
    with pytest.raises(UnexpectedBodyError) as ahead:
        await client(26).locations("1", window("24h"))
    with pytest.raises(UnexpectedBodyError) as behind:
        await client(-2.2).locations("1", window("24h"))

    assert str(ahead.value) == snapshot(
        "The server's clock is 26.0 h ahead of this machine's, so that it counted other minutes. "
        "Set the clocks right, or ask for days, such as period=7d."
    )
    assert str(behind.value) == snapshot(
        "The server's clock is 2.2 h behind this machine's, so that it counted other minutes. "
        "Set the clocks right, or ask for days, such as period=7d."
    )


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("hours", [0, 1.9, -1.9])
async def test_clocks_that_differ_a_little_do_no_harm(name: str, hours: float) -> None:
    await QUESTIONS[name](client(hours), window("24h"))


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("period", ["7d", "2026-11-20", "all"])
async def test_days_mean_the_same_by_any_clock(name: str, period: str) -> None:
    await QUESTIONS[name](client(26), window(period))


@pytest.mark.parametrize("name", QUESTIONS)
async def test_an_answer_out_of_a_cache_tells_no_time(name: str) -> None:
    await QUESTIONS[name](client(-26, age="93600"), window("24h"))


@pytest.mark.parametrize("value", [None, "", "yesterday", "Tue, 99 Nov 2026 13:05:00 GMT", "0"])
def test_a_date_that_is_none_tells_no_time(value: str | None) -> None:
    assert clock_off_s(value, NOW) is None


def test_a_date_is_compared_with_this_machines_clock() -> None:
    assert clock_off_s("Tue, 24 Nov 2026 13:05:00 GMT", NOW) == 0
    assert clock_off_s("Tue, 24 Nov 2026 12:05:00 -0200", NOW) == 3600
    assert clock_off_s("Tue, 24 Nov 2026 12:05:00", NOW) == -3600
