"""A server that is down: what later calls cost, what they say, and when it is believed again."""

from __future__ import annotations

import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import anyio
import httpx
import pytest

from rybbit_mcp.api.discovery import discover
from rybbit_mcp.api.errors import (
    ConfigurationError,
    ConnectionFailedError,
    RequestTimeoutError,
    RybbitError,
    ServerError,
    UnexpectedBodyError,
)
from rybbit_mcp.api.http import LOOK_S, TOTAL_TIMEOUT_S, Http
from rybbit_mcp.api.reply import Reply
from tests.api.virtual_time import (
    KEY,
    Answer,
    Server,
    VirtualLoop,
    after,
    by_path,
    fine,
    hanging,
    in_httpx_time,
    raising,
    refused,
    status,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": VirtualLoop}


async def marked_down(answer: Answer) -> tuple[Server, Http]:
    """A client that has just found out, at 14:02:11, that the server is down."""
    server = Server(answer)
    http = server.http()
    assert "since" not in await said(lambda: http.get(("x",)))
    server.requests.clear()
    return server, http


async def said(call: Callable[[], Awaitable[Reply]]) -> str:
    """What the error says, or the status where a reply says it."""
    try:
        reply = await call()
    except RybbitError as error:
        return str(error)
    assert reply.status >= 500
    return str(reply.status)


CERTIFICATE = httpx.ConnectError("x")
CERTIFICATE.__cause__ = ssl.SSLCertVerificationError(1, "certificate verify failed")
DOWN: dict[str, tuple[Answer, type[RybbitError], str]] = {
    "refused": (refused(), ConnectionFailedError, "The Rybbit server refuses connections"),
    "certificate": (raising(CERTIFICATE), ConnectionFailedError, "certificate does not verify"),
    "proxy": (raising(httpx.ProxyError("x")), ConnectionFailedError, "does not lead to the Rybbit"),
    "no way in": (
        in_httpx_time("connect", httpx.ConnectTimeout("x")),
        ConnectionFailedError,
        "does not accept connections",
    ),
    "reset": (raising(httpx.ReadError("x")), ConnectionFailedError, "breaks the connection off"),
    "hanging": (hanging, RequestTimeoutError, "The Rybbit server does not answer"),
    "hanging, by httpx": (
        in_httpx_time("read", httpx.ReadTimeout("x")),
        RequestTimeoutError,
        "The Rybbit server does not answer",
    ),
    "502": (status(502), ServerError, "answers 502: the server is down or busy"),
    "503": (status(503, {"Retry-After": "3600"}), ServerError, "answers 503"),
    "522": (status(522), ServerError, "answers 522"),
}


@pytest.mark.parametrize("name", DOWN)
@pytest.mark.parametrize("method", ["get", "post"])
async def test_a_later_call_fails_fast_and_says_since_when(name: str, method: str) -> None:
    answer, kind, fact = DOWN[name]
    server, http = await marked_down(answer)
    began_s = anyio.current_time()

    with pytest.raises(kind) as error:
        await (http.get(("y",)) if method == "get" else http.post(("y",), {}))

    assert fact in error.value.message
    assert error.value.message.endswith(", since 14:02:11 UTC (2 calls failed).")
    assert error.value.hint
    assert error.value.down_since is not None
    assert anyio.current_time() - began_s <= LOOK_S
    assert server.paths[0] == "version"
    assert "authorization" not in server.requests[0].headers
    assert len(server.requests) <= 2


@pytest.mark.parametrize("answer", [found[0] for found in DOWN.values()], ids=DOWN)
async def test_a_healed_server_is_used_by_the_very_next_call(answer: Answer) -> None:
    server, http = await marked_down(answer)
    await said(lambda: http.get(("x",)))
    server.answer = fine
    server.requests.clear()

    for _ in range(2):
        assert (await http.get(("y",))).status == 200

    assert server.paths in (["version", "y", "y"], ["y", "y"])


async def test_each_call_in_vain_is_counted_and_an_answer_ends_the_count() -> None:
    server, http = await marked_down(refused())

    assert "(2 calls failed)" in await said(lambda: http.get(("x",)))
    assert "(3 calls failed)" in await said(lambda: http.get(("x",)))
    server.answer = fine
    await http.get(("x",))
    server.answer = refused()
    server.clock.ahead = timedelta(minutes=5)
    assert "since" not in await said(lambda: http.get(("x",)))
    assert "since 14:07:11 UTC (2 calls failed)" in await said(lambda: http.get(("x",)))


async def test_an_outage_since_another_day_is_told_with_its_date() -> None:
    server, http = await marked_down(refused())
    server.clock.ahead = timedelta(hours=10)

    assert "since 2026-11-24 14:02:11 UTC (2" in await said(lambda: http.get(("x",)))


@pytest.mark.parametrize("code", [200, 301, 401, 404, 429, 500])
async def test_any_answer_but_a_proxys_is_a_sign_of_life(code: int) -> None:
    """Servers before 2.3 tell their version to nobody."""
    server, http = await marked_down(refused())
    server.answer = by_path(status(code), fine)

    assert (await http.get(("x",))).status == 200
    assert server.paths == ["version", "x"]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, headers={"Content-Encoding": "br"}, content=b"x"),
        httpx.Response(200, content=b" " * 2000),
    ],
    ids=["not to be unpacked", "too large"],
)
async def test_an_answer_that_cannot_be_used_is_a_sign_of_life(answer: httpx.Response) -> None:
    async def useless(_: httpx.Request) -> httpx.Response:
        return answer

    server = Server(refused())
    http = server.http(largest_body=1000)
    for _ in range(2):
        with pytest.raises(ConnectionFailedError):
            await http.get(("x",))
    server.answer = useless
    server.requests.clear()

    for _ in range(2):
        with pytest.raises(UnexpectedBodyError):
            await http.get(("x",))

    assert server.paths == ["version", "x", "x"]


async def test_concurrent_calls_share_one_look() -> None:
    server, http = await marked_down(hanging)
    errors: list[str] = []

    async def call(number: int) -> None:
        errors.append(await said(lambda: http.get((str(number),))))

    began_s = anyio.current_time()
    async with anyio.create_task_group() as group:
        for number in range(50):
            group.start_soon(call, number)

    assert anyio.current_time() - began_s <= LOOK_S
    assert server.paths == ["version"]
    assert len([error for error in errors if "since 14:02:11 UTC" in error]) == 50


async def test_a_cancelled_look_is_taken_over() -> None:
    server, http = await marked_down(hanging)
    server.answer = by_path(after(1.5), fine)
    replies: list[Reply] = []

    async def call() -> None:
        replies.append(await http.get(("x",)))

    async with anyio.create_task_group() as second, anyio.create_task_group() as first:
        first.start_soon(call)
        await anyio.wait_all_tasks_blocked()
        second.start_soon(call)
        await anyio.wait_all_tasks_blocked()
        first.cancel_scope.cancel()

    assert [reply.status for reply in replies] == [200]
    assert server.paths == ["version", "version", "x"]


async def test_a_hanging_server_takes_a_look_in_place_of_all_the_time() -> None:
    began_s = anyio.current_time()
    _, http = await marked_down(hanging)
    first_s = anyio.current_time() - began_s
    await said(lambda: http.get(("x",)))

    assert first_s == pytest.approx(TOTAL_TIMEOUT_S)
    assert anyio.current_time() - began_s - first_s <= LOOK_S


async def test_a_body_that_never_ends_is_no_sign_of_life() -> None:
    async def dripping(_: httpx.Request) -> httpx.Response:
        async def body() -> AsyncIterator[bytes]:
            while True:
                yield b" "
                await anyio.sleep(0.5)

        return httpx.Response(200, content=body())

    _, http = await marked_down(dripping)

    assert "does not answer, since 14:02:11" in await said(lambda: http.get(("x",)))


# What says nothing about the server.


async def test_a_question_with_little_time_says_nothing_about_the_server() -> None:
    server = Server(hanging)
    http = server.http()
    with anyio.fail_after(5), pytest.raises(RequestTimeoutError):
        await http.get(("x",))
    server.answer = fine

    await http.get(("x",))

    assert server.paths == ["x", "x"]


async def test_a_cancelled_call_says_nothing_about_the_server() -> None:
    server = Server(hanging)
    http = server.http()
    async with anyio.create_task_group() as group:
        group.start_soon(http.get, ("x",))
        await anyio.sleep(23)
        group.cancel_scope.cancel()
    server.answer = fine

    await http.get(("x",))

    assert server.paths == ["x", "x"]


async def test_a_slow_question_says_nothing_where_another_was_answered_meanwhile() -> None:
    server = Server(by_path(fine, hanging))
    http = server.http()

    async with anyio.create_task_group() as group:
        group.start_soon(said, lambda: http.get(("slow",)))
        await anyio.sleep(20)
        await http.get(("version",))
    server.answer = fine
    await http.get(("x",))

    assert server.paths == ["slow", "version", "x"]


async def test_waiting_for_a_turn_says_nothing_about_the_server() -> None:
    """Eight slow answers keep a ninth question waiting; it was not sent."""
    server = Server(after(23))
    http = server.http()

    async with anyio.create_task_group() as group:
        for number in range(8):
            group.start_soon(http.get, (str(number),))
        await anyio.wait_all_tasks_blocked()
        with anyio.fail_after(15), pytest.raises(RequestTimeoutError):
            await http.get(("ninth",))
        server.requests.clear()
        group.cancel_scope.cancel()
    server.answer = fine
    await http.get(("x",))

    assert server.paths == ["x"]


async def test_settings_that_cannot_work_are_no_outage() -> None:
    http = Http("https://r.example", KEY, ca_file=__file__)

    for _ in range(2):
        with pytest.raises(ConfigurationError) as error:
            await http.get(("x",))
        assert "since" not in str(error.value)


async def test_an_outage_began_after_the_last_answer() -> None:
    """Its first sign is a call that had begun before."""
    server = Server(after(3, refused()))
    http = server.http()

    async with anyio.create_task_group() as group:
        group.start_soon(said, lambda: http.get(("x",)))
        await anyio.sleep(4)
        server.answer = fine
        await http.get(("y",))
        server.answer = after(3, refused())
    server.answer = refused()

    assert ", since 14:02:15 UTC (2 calls failed)." in await said(lambda: http.get(("x",)))


# What a look may get wrong.


@pytest.mark.parametrize(
    "version", [status(503), raising(httpx.ReadError("x"))], ids=["503", "reset"]
)
async def test_a_proxy_that_refuses_the_version_alone_does_no_harm(version: Answer) -> None:
    server, http = await marked_down(status(502))
    server.answer = by_path(version, fine)

    assert (await http.get(("x",))).status == 200
    assert (await http.get(("x",))).status == 200
    assert server.paths == ["version", "x", "x"]


async def test_a_generation_is_found_though_a_proxy_refuses_the_version() -> None:
    async def others(_: httpx.Request) -> httpx.Response:
        return httpx.Response(403, json={"error": "Forbidden"})

    server, http = await marked_down(refused())
    server.answer = by_path(status(503), others)

    assert (await discover(http)).name == "C"


async def test_a_proxy_that_answers_in_place_of_the_server_hides_no_outage() -> None:
    server, http = await marked_down(status(502))
    server.answer = by_path(fine, status(502))

    assert await said(lambda: http.get(("x",))) == "502"
    assert server.paths == ["version", "x", "x", "x"]


async def test_a_server_too_slow_for_a_look_is_asked_again_after_a_minute() -> None:
    server, http = await marked_down(hanging)
    server.answer = after(3)

    server.clock.ahead = timedelta(seconds=50)
    assert "does not answer, since" in await said(lambda: http.get(("x",)))
    server.clock.ahead = timedelta(seconds=60)
    assert (await http.get(("x",))).status == 200
    assert (await http.get(("x",))).status == 200
    assert server.paths == ["version", "version", "x", "x"]


async def test_one_call_in_a_minute_is_made_whole_while_the_server_hangs() -> None:
    server, http = await marked_down(hanging)
    durations: list[float] = []

    for minute in range(1, 4):
        server.clock.ahead = timedelta(minutes=2 * minute)
        for _ in range(2):
            began_s = anyio.current_time()
            await said(lambda: http.get(("x",)))
            durations.append(round(anyio.current_time() - began_s))

    assert durations == [24, 2] * 3
    assert server.paths == ["version", "x", "version"] * 3


async def test_of_calls_at_once_one_alone_is_made_whole() -> None:
    server, http = await marked_down(hanging)
    server.clock.ahead = timedelta(minutes=2)

    async with anyio.create_task_group() as group:
        for number in range(5):
            group.start_soon(said, lambda number=number: http.get((str(number),)))

    assert len(server.paths) == 2
    assert server.paths[0] == "version"


async def test_where_nothing_can_be_connected_nothing_more_is_tried() -> None:
    server, http = await marked_down(refused())
    for hour in range(1, 4):
        server.clock.ahead = timedelta(hours=hour)
        assert f"({hour + 1} calls failed)" in await said(lambda: http.get(("x",)))

    assert server.paths == ["version"] * 3


async def test_a_clock_set_back_keeps_no_call_away_for_ever() -> None:
    server, http = await marked_down(hanging)
    server.answer = after(3)
    server.clock.ahead = timedelta(days=-3)

    assert (await http.get(("x",))).status == 200


async def test_eight_slow_answers_do_not_keep_a_look_waiting() -> None:
    server, http = await marked_down(hanging)
    server.answer = fine
    await http.get(("x",))
    server.answer = by_path(fine, hanging)
    async with anyio.create_task_group() as group:
        for number in range(8):
            group.start_soon(http.get, (str(number),))
        await anyio.wait_all_tasks_blocked()
        http._breaker.failed(http._breaker.begin(), ServerError("x"))
        with anyio.fail_after(5), pytest.raises(RequestTimeoutError):
            await http.get(("y",))
        group.cancel_scope.cancel()

    assert server.paths[-1] == "version"


async def test_an_outage_is_written_into_no_log_with_address_or_key(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    _, http = await marked_down(refused())
    await said(lambda: http.get(("x",), {"user_id": "ada@example.com"}))

    written = [caplog.handler.format(one) + str(vars(one)) for one in caplog.records]
    assert not [line for line in written if KEY in line or "ada@" in line or "/api/" in line]
