"""The same GET asked for by several at once is made once; nothing of it is kept."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable

import anyio
import httpx
import pytest

from rybbit_mcp.api.errors import (
    ConnectionFailedError,
    NotFoundError,
    RequestTimeoutError,
    RybbitError,
)
from rybbit_mcp.api.http import Http
from rybbit_mcp.api.reply import Reply
from rybbit_mcp.api.sharing import Flights, copy_of
from rybbit_mcp.api.wire import MOST_REQUESTS
from tests.api.virtual_time import (
    Server,
    VirtualLoop,
    after,
    fine,
    hanging,
    raising,
    refused,
    status,
)
from tests.figures import Tell

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": VirtualLoop}


async def together(http: Http, *paths: str) -> list[Reply | RybbitError]:
    """What a GET of each path gives, all at the same time."""
    found: dict[int, Reply | RybbitError] = {}

    async def call(place: int, path: str) -> None:
        try:
            found[place] = await http.get((path,))
        except RybbitError as error:
            found[place] = error

    async with anyio.create_task_group() as group:
        for place, path in enumerate(paths):
            group.start_soon(call, place, path)
    return [found[place] for place in range(len(paths))]


async def test_the_same_get_is_made_once_and_answers_all() -> None:
    server = Server(after(1))

    replies = await together(server.http(), *("x", "y") * 25)

    assert server.paths == ["x", "y"]
    for place, reply in enumerate(replies):
        assert isinstance(reply, Reply)
        assert reply.json() == {"path": f"/api/{'xy'[place % 2]}"}


async def test_nothing_is_kept_after_the_answer() -> None:
    server = Server(fine)
    http = server.http()

    for _ in range(3):
        await http.get(("x",))

    assert server.paths == ["x"] * 3
    gc.collect()
    assert not [one for one in gc.get_objects() if type(one).__name__ == "_Flight"]


async def test_gets_that_differ_in_anything_are_not_the_same() -> None:
    server = Server(after(1))
    http = server.http()

    async with anyio.create_task_group() as group:
        group.start_soon(http.get, ("a", "b"))
        group.start_soon(http.get, ("a/b",))
        group.start_soon(http.get, ("a", "b"), {"page": "1"})
        group.start_soon(http.get, ("a", "b"), {"page": "2"})
        group.start_soon(lambda: http.get(("a", "b"), with_key=False))
        group.start_soon(http.post, ("a", "b"), {})
        group.start_soon(http.post, ("a", "b"), {})

    assert len(server.requests) == 7


async def test_a_failure_is_shared_and_each_raises_its_own() -> None:
    server = Server(after(1, refused()))

    errors = await together(server.http(), "x", "x", "x")

    assert len(server.requests) == 3  # one call with its two retries
    assert len({id(error) for error in errors}) == 3
    for error in errors:
        assert isinstance(error, ConnectionFailedError)
        assert "refuses connections" in error.message
        assert error.hint


async def test_a_refusal_is_shared_as_the_answer_it_is() -> None:
    server = Server(after(1, status(403)))

    replies = await together(server.http(), "x", "x")

    assert [reply.status for reply in replies] == [403, 403]
    assert server.paths == ["x"]


async def test_where_the_first_is_cancelled_the_next_is_still_answered() -> None:
    server = Server(after(1))
    http = server.http()
    replies: list[Reply] = []

    async def call() -> None:
        replies.append(await http.get(("x",)))

    async with anyio.create_task_group() as others, anyio.create_task_group() as first:
        first.start_soon(call)
        await anyio.wait_all_tasks_blocked()
        for _ in range(3):
            others.start_soon(call)
        await anyio.wait_all_tasks_blocked()
        first.cancel_scope.cancel()

    assert [reply.status for reply in replies] == [200] * 3
    assert server.paths == ["x", "x"]


async def test_where_the_firsts_time_is_over_the_next_goes_on_in_its_own() -> None:
    server = Server(after(4))
    http = server.http()
    ends: list[str] = []

    async def call(seconds: float) -> None:
        try:
            with anyio.fail_after(seconds):
                ends.append(str((await http.get(("x",))).status))
        except RequestTimeoutError:
            ends.append("over")

    async with anyio.create_task_group() as group:
        for seconds in (3, 10, 12):
            group.start_soon(call, seconds)
            await anyio.wait_all_tasks_blocked()

    assert ends == ["over", "200", "200"]
    assert server.paths == ["x", "x"]


async def test_where_the_firsts_answer_stops_halfway_the_next_asks_anew() -> None:
    server = Server(after(1, raising(httpx.ReadTimeout("x"))))
    http = server.http()

    async with anyio.create_task_group() as group:

        async def first() -> None:
            with pytest.raises(RequestTimeoutError):
                await http.get(("x",))

        group.start_soon(first)
        await anyio.wait_all_tasks_blocked()
        server.answer = fine
        assert (await http.get(("x",))).status == 200

    assert server.paths == ["x", "x"]


async def test_who_waits_for_another_one_waits_no_longer_than_allowed() -> None:
    server = Server(after(10))
    http = server.http()

    async with anyio.create_task_group() as group:
        group.start_soon(http.get, ("x",))
        await anyio.wait_all_tasks_blocked()
        with anyio.fail_after(2), pytest.raises(RequestTimeoutError):
            await http.get(("x",))
        assert anyio.current_time() < 2

    assert server.paths == ["x"]


async def test_all_end_in_time_where_the_server_hangs() -> None:
    server = Server(hanging)

    errors = await together(server.http(), *["x"] * 20)

    assert {type(error) for error in errors} == {RequestTimeoutError}
    assert anyio.current_time() < 25


async def test_a_defect_of_one_is_not_the_others() -> None:
    flights: Flights[str, int] = Flights()
    ends: list[object] = []

    async def broken() -> int:
        await anyio.sleep(1)
        raise ZeroDivisionError

    async def sound() -> int:
        return 1

    async def call(make: Callable[[], Awaitable[int]]) -> None:
        try:
            ends.append(await flights.join("x", make))
        except ZeroDivisionError as error:
            ends.append(error)

    async with anyio.create_task_group() as group:
        for make in (broken, sound):
            group.start_soon(call, make)
            await anyio.wait_all_tasks_blocked()

    assert isinstance(ends[0], ZeroDivisionError)
    assert ends[1:] == [1]


async def test_no_more_than_eight_requests_are_under_way(figure: Tell) -> None:
    server = Server(after(1))

    replies = await together(server.http(), *map(str, range(50)))

    assert len(replies) == len(server.requests) == 50
    assert server.most_at_once == MOST_REQUESTS == 8
    figure("together_most", server.most_at_once)


def test_a_copied_error_is_the_same_but_for_its_traceback() -> None:
    error = NotFoundError("There is none.", "Look.", what="site")
    try:
        raise error
    except NotFoundError:
        copy = copy_of(error)

    assert (copy.message, copy.hint, copy.status, str(copy)) == (
        error.message,
        error.hint,
        404,
        str(error),
    )
    assert isinstance(copy, NotFoundError)
    assert copy.what == "site"
    assert copy.__traceback__ is None
    assert copy_of(error, "Other.").args == ("Other.",)
    assert error.message == "There is none."
