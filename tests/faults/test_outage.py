"""A server that is down for a while, and many who ask the same: over a real socket, by tools."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from mcp import Client

from rybbit_mcp.api.wire import MOST_REQUESTS
from rybbit_mcp.server import RybbitServer, create_server
from tests.faults.catalogue import HTML, SHORT_S, close_before, fixed, hang_before, reset_before
from tests.faults.harness import (
    NOW,
    TOOLS,
    arguments_of,
    ask,
    right_answer,
    settings_for,
    text_of,
)
from tests.faults.server import KEY, Act, Exchange, FaultyRybbit, running
from tests.figures import Tell

pytestmark = pytest.mark.anyio

WARM_UP = "get_session_locations"
"""Teaches a server only what others' answers do not show."""
MOST_S = 2.5
REAL_TIMEOUT_S = 24.0
OUTAGES: dict[str, Act | None] = {
    "refused": None,
    "reset": reset_before,
    "closed": close_before,
    "hanging": hang_before,
    "503": fixed(503, HTML, "text/html"),
}


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> dt.datetime:
        return self.now


class Outage:
    """A Rybbit that can go away and come back under the same address."""

    def __init__(self, act: Act | None) -> None:
        self.rybbit = FaultyRybbit(NOW)
        self._act = act
        self._listening = AsyncExitStack()

    async def begin(self) -> None:
        """The server is down."""
        if self._act is None:
            await self._listening.aclose()
        else:
            self.rybbit.act = self._act

    async def end(self) -> None:
        """The server is up."""
        self.rybbit.heal()
        if self._act is None or self.rybbit.port == 0:
            await self._listening.enter_async_context(running(self.rybbit))

    async def aclose(self) -> None:
        """Away for good."""
        await self._listening.aclose()


@asynccontextmanager
async def down(name: str, clock: Clock) -> AsyncIterator[tuple[Outage, RybbitServer, Client]]:
    """A server that has gone down, and a client that was answered before."""
    outage = Outage(OUTAGES[name])
    await outage.end()
    server = create_server(settings_for(outage.rybbit.url), clock=clock)
    try:
        async with Client(server) as client:
            assert (await ask(client, WARM_UP)).startswith("# ")
            await outage.begin()
            yield outage, server, client
    finally:
        await outage.aclose()


async def through_an_outage(name: str, tool: str) -> list[float]:
    """Ask one tool three times in a minute of outage, and once after it.

    Returns how many seconds the calls took that were made to a server known to be down.
    """
    clock = Clock()
    taken_s = []
    async with down(name, clock) as (outage, server, client):
        http = server._toolbox.client._http
        http._total_timeout_s = SHORT_S if name == "hanging" else REAL_TIMEOUT_S
        first = await client.call_tool(tool, arguments_of(tool))
        assert first.is_error
        http._total_timeout_s = REAL_TIMEOUT_S
        for second in (20, 50):
            clock.now = NOW + dt.timedelta(seconds=second)
            began_at = time.perf_counter()
            text = await ask(client, tool)
            taken_s.append(time.perf_counter() - began_at)
            assert taken_s[-1] < MOST_S, (name, tool)
            assert ", since 13:05:00 UTC (" in text, text
            assert "127.0.0.1" not in text
            assert KEY not in text
        await outage.end()
        assert await ask(client, tool) == (await right_answer(tool, "D")).text
    return taken_s


@pytest.mark.parametrize("name", OUTAGES)
async def test_while_a_server_is_down_calls_fail_fast_and_say_since_when(
    name: str, figure: Tell
) -> None:
    for tool in TOOLS:  # before the time is taken
        await right_answer(tool, "D")

    taken_s = await asyncio.gather(*(through_an_outage(name, tool) for tool in TOOLS))

    figure("down_calls", sum(map(len, taken_s)))
    figure("down_slowest_s", max(map(max, taken_s)))


async def test_a_server_that_was_never_up_is_told_as_such_and_used_once_it_is() -> None:
    clock = Clock()
    outage = Outage(None)
    await outage.end()
    await outage.begin()
    async with Client(create_server(settings_for(outage.rybbit.url), clock=clock)) as client:
        texts = [await ask(client, "list_sites") for _ in range(3)]
        await outage.end()
        later = await ask(client, "list_sites")
    await outage.aclose()

    assert "since" not in texts[0]
    assert "refuses connections, since 13:05:00 UTC (2 calls failed)" in texts[1]
    assert "(3 calls failed)" in texts[2]
    assert later == (await right_answer("list_sites", "D")).text


async def test_a_look_at_the_server_waits_for_no_slow_answer() -> None:
    """As many requests as may be under way hang, and yet there is a connection for the look."""

    async def act(exchange: Exchange) -> None:
        await (exchange.good() if exchange.request.path.endswith("/version") else exchange.hang())

    async with down("503", Clock()) as (outage, server, client):
        await ask(client, "list_sessions")
        outage.rybbit.act = act
        outage.rybbit.received.clear()
        http = server._toolbox.client._http
        calls = [asyncio.create_task(http.get((str(n),))) for n in range(MOST_REQUESTS)]
        await _until(lambda: len(outage.rybbit.received) > MOST_REQUESTS)
        http._breaker._down_since = NOW
        calls.append(asyncio.create_task(http.get(("one more",))))
        await _until(lambda: len(outage.rybbit.received) > MOST_REQUESTS + 1)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    assert outage.rybbit.received[-1].path == "/api/version"


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not is_so():  # noqa: ASYNC110 - the server under test has no event for it
            await asyncio.sleep(0)


# Many who ask at once.


class Gate:
    """Holds all answers back until it is opened."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()

    async def __call__(self, exchange: Exchange) -> None:
        await self.opened.wait()
        await exchange.good()


class CountingServer(RybbitServer):
    """The real server; counts the calls that have begun."""

    begun_count = 0

    async def call_tool(self, name: str, arguments: dict[str, Any], context: Any = None) -> Any:
        """As the server does."""
        self.begun_count += 1
        return await super().call_tool(name, arguments, context)


def counting_server(url: str) -> CountingServer:
    """One over the same toolbox as usual."""
    usual = create_server(settings_for(url, engine="local"), clock=Clock())
    return CountingServer(usual._toolbox.settings, usual._toolbox)


async def test_fifty_calls_at_once_make_each_request_once_and_get_their_own_answers(
    figure: Tell,
) -> None:
    questions = [(tool, arguments_of(tool)) for tool in TOOLS]
    questions += [("list_sessions", arguments_of("list_sessions") | {"limit": 5})]
    asked = [questions[number % len(questions)] for number in range(50)]
    gate = Gate()
    async with running(FaultyRybbit(NOW)) as rybbit:
        alone = [await _alone(rybbit, *question) for question in questions]
        rybbit.act = gate
        rybbit.received.clear()
        server = counting_server(rybbit.url)
        async with Client(server) as client:
            calls = [asyncio.create_task(client.call_tool(*question)) for question in asked]
            await _until(lambda: server.begun_count == len(asked) and len(rybbit.received) > 0)
            gate.opened.set()
            together = [text_of(await call) for call in calls]

    assert len(set(alone)) == len(questions)
    for number, text in enumerate(together):
        assert text == alone[number % len(questions)]
    counts = Counter((one.method, one.target) for one in rybbit.received)
    assert set(counts.values()) == {1}
    figure("together_repeated", counts.total() - len(counts))


async def _alone(rybbit: FaultyRybbit, tool: str, arguments: dict[str, Any]) -> str:
    async with Client(counting_server(rybbit.url)) as client:
        return text_of(await client.call_tool(tool, arguments))


@pytest.mark.parametrize("tool", TOOLS)
async def test_a_cancelled_call_takes_no_answer_from_others_who_ask_the_same(tool: str) -> None:
    gate = Gate()
    async with running(FaultyRybbit(NOW)) as rybbit:
        right = await _alone(rybbit, tool, arguments_of(tool))
        rybbit.act = gate
        rybbit.received.clear()
        server = counting_server(rybbit.url)
        async with Client(server) as client:
            first = asyncio.create_task(ask(client, tool))
            await _until(lambda: len(rybbit.received) == 1)
            others = [asyncio.create_task(ask(client, tool)) for _ in range(3)]
            await _until(lambda: server.begun_count == 4)
            first.cancel()
            await _until(lambda: len(rybbit.received) == 2)
            gate.opened.set()
            texts = [await other for other in others]

    assert texts == [right] * 3
