"""An event loop whose clock jumps to the next timer: tests of long waits take no time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import httpx

from rybbit_mcp.api.http import Http

KEY = "VerySecretKey0123456789"
BEGAN_AT = datetime(2026, 11, 24, 14, 2, 11, tzinfo=UTC)


class _Jumping(selectors.DefaultSelector):
    """Waits for no timer, and counts how long it would have waited."""

    passed_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:  # nothing but other threads can go on
            return super().select(None)
        ready = super().select(0)
        if not ready:
            self.passed_s += max(0.0, timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """For `anyio_backend`: `("asyncio", {"loop_factory": VirtualLoop})`."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.passed_s


class Clock:
    """The wall clock, as far as the loop's clock has gone and hours more."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return BEGAN_AT + timedelta(seconds=anyio.current_time()) + self.ahead


Answer = Callable[[httpx.Request], Awaitable[httpx.Response]]


class Server(httpx.AsyncBaseTransport):
    """Answers by `answer`, which tests exchange; keeps the requests, and how many at once."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.requests: list[httpx.Request] = []
        self.under_way_count = 0
        self.most_at_once = 0
        self.clock = Clock()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.under_way_count += 1
        self.most_at_once = max(self.most_at_once, self.under_way_count)
        try:
            return await self.answer(request)
        finally:
            self.under_way_count -= 1

    @property
    def paths(self) -> list[str]:
        """What was asked since it was last cleared."""
        return [request.url.path.removeprefix("/api/") for request in self.requests]

    def http(self, **options: Any) -> Http:
        """A client of it."""
        return Http("https://r.example", KEY, transport=self, clock=self.clock, **options)


async def fine(request: httpx.Request) -> httpx.Response:
    """A server that is up: the answer names what was asked."""
    return httpx.Response(200, json={"path": request.url.path})


async def hanging(_: httpx.Request) -> httpx.Response:
    """No answer."""
    await anyio.sleep_forever()
    raise AssertionError


def status(code: int, headers: dict[str, str] | None = None) -> Answer:
    """Always this status."""

    async def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(code, headers=headers)

    return answer


def raising(error: Exception) -> Answer:
    """No answer, but this."""

    async def answer(_: httpx.Request) -> httpx.Response:
        raise error

    return answer


def in_httpx_time(wait: str, error: Exception) -> Answer:
    """No answer, but this as soon as httpx gives the wait (`connect`, `read`) up."""

    async def answer(request: httpx.Request) -> httpx.Response:
        await anyio.sleep(request.extensions["timeout"][wait])
        raise error

    return answer


def refused() -> Answer:
    """Nobody listens."""
    error = httpx.ConnectError("x")
    error.__cause__ = ConnectionRefusedError()
    return raising(error)


def after(seconds: float, answer: Answer = fine) -> Answer:
    """The answer, late."""

    async def late(request: httpx.Request) -> httpx.Response:
        await anyio.sleep(seconds)
        return await answer(request)

    return late


def by_path(version: Answer, others: Answer) -> Answer:
    """A server, or a proxy, that treats its version otherwise."""

    async def answer(request: httpx.Request) -> httpx.Response:
        is_version = request.url.path.endswith("/version")
        return await (version if is_version else others)(request)

    return answer
