"""Requests to one Rybbit server: one pool, bounded time and size, retries where safe.

Knows HTTP and nothing of sessions: statuses come back as they are, only failures to get an answer
at all are raised here, and, while the server is known to be down, what says that it still is.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import anyio
import httpx
import stamina

from rybbit_mcp.api.breaker import DOWN_STATUSES, Breaker, Call, Silence
from rybbit_mcp.api.errors import (
    ConnectionFailedError,
    RequestTimeoutError,
    UnexpectedBodyError,
)
from rybbit_mcp.api.failures import (
    failure_of,
    is_unconnected,
    is_worth_retrying,
    out_of_service,
    silence_of,
    too_silent,
    too_slow,
)
from rybbit_mcp.api.reply import Reply
from rybbit_mcp.api.sharing import Flights
from rybbit_mcp.api.sizes import LARGEST_BODY, ONE_THING, Size
from rybbit_mcp.api.wire import CONNECT_TIMEOUT_S, MOST_REQUESTS, Wire

TOTAL_TIMEOUT_S = 24.0
ATTEMPTS = 3
LONGEST_WAIT_S = 5.0
LOOK_S = 2.0
"""How long a server that was down has for a sign of life."""
TELLING = 0.5
"""The part of the time for a call that must be over before its silence says something."""

_PASSING = frozenset({502, 503, 504})

_Question = tuple[tuple[str, ...], tuple[tuple[str, str], ...], bool]
"""What makes two GETs the same: path, parameters, and whether the key goes with it."""


class _PassingFailure(Exception):  # noqa: N818 - never leaves this module
    """A failure worth another try: a proxy's 502–504, or a burst limit with its wait."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"status {reply.status}")
        self.reply = reply


class Http:
    """GET and POST on one server. Build it once; `aclose()` ends its connections.

    Raises:
        ConfigurationError: an address or key that cannot be one.
    """

    def __init__(
        self,
        base_url: str,
        key: str | None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        ca_file: str = "",
        user_agent: str = "rybbit-mcp",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        total_timeout_s: float = TOTAL_TIMEOUT_S,
        largest_body: int = LARGEST_BODY,
    ) -> None:
        self._wire = Wire(
            base_url,
            key,
            transport=transport,
            ca_file=ca_file,
            user_agent=user_agent,
            clock=clock,
            timeout_s=total_timeout_s,
            largest_body=largest_body,
        )
        self._total_timeout_s = total_timeout_s
        self._turns = anyio.Semaphore(MOST_REQUESTS, fast_acquire=True)
        self._flights: Flights[_Question, Reply] = Flights()
        self._breaker = Breaker(clock, self._look)
        self.budget = self._wire.budget

    async def aclose(self) -> None:
        """Close the pool; the object can not be used afterwards."""
        await self._wire.aclose()

    @contextmanager
    def in_time(self) -> Iterator[None]:
        """Bounds all requests inside together by the time that a single one has.

        Raises:
            RequestTimeoutError: it is over.
        """
        try:
            with anyio.fail_after(self._time_left_s()):
                yield
        except TimeoutError:
            raise too_slow(self._total_timeout_s) from None

    def _time_left_s(self) -> float:
        """What a question leaves for one call: it ends a little sooner, to be answered in part."""
        question_ends_at = anyio.current_effective_deadline()
        if question_ends_at == -math.inf:  # cancelled, which is no lack of time
            return self._total_timeout_s
        reserve_s = min(0.5, self._total_timeout_s / 20)
        left_s = question_ends_at - anyio.current_time() - reserve_s
        return max(0.0, min(self._total_timeout_s, left_s))

    async def get(
        self,
        parts: Sequence[str],
        parameters: Mapping[str, str] | None = None,
        *,
        with_key: bool = True,
        size: Size = ONE_THING,
    ) -> Reply:
        """The server's answer to a GET, after at most two retries and `total_timeout_s`.

        `parts` are path segments below `/api/`; each is percent-encoded. The same GET under way
        is not made twice: both callers get its answer. `size` bounds what may come.

        Raises:
            ConnectionFailedError, RequestTimeoutError, UnexpectedBodyError (too large).
            ServerError: it was down, and a proxy says that it is.
            ConfigurationError: a CA file or a proxy that cannot be used.
        """
        call = self._breaker.begin()

        async def once() -> Reply:
            reply = await self._once(
                call, "GET", parts, parameters=parameters, with_key=with_key, size=size
            )
            if _is_passing(reply):
                raise _PassingFailure(reply)
            return reply

        question = (tuple(parts), tuple(sorted((parameters or {}).items())), with_key)
        return await self._in_time(
            call,
            lambda: self._flights.join(question, lambda: self._asked(call, once, _backoff)),
        )

    async def post(self, parts: Sequence[str], content: Mapping[str, object]) -> Reply:
        """The server's answer to a POST of JSON, within the limits of `get`.

        Tried again only where no connection came about: then nothing was sent.

        Raises:
            ConnectionFailedError, RequestTimeoutError, UnexpectedBodyError (too large).
            ServerError: it was down, and a proxy says that it is.
            ConfigurationError: a CA file or a proxy that cannot be used.
        """
        call = self._breaker.begin()

        async def once() -> Reply:
            return await self._once(call, "POST", parts, content=content)

        return await self._in_time(call, lambda: self._asked(call, once, is_unconnected))

    async def _in_time(self, call: Call, ask: Callable[[], Awaitable[Reply]]) -> Reply:
        try:
            with self.in_time():
                await self._breaker.admit(call)
                return await ask()
        except RequestTimeoutError as error:
            asked_at_s = call.asked_at_s
            # Else it was another one's request, or the question had little time left for this.
            if asked_at_s is not None and (
                anyio.current_time() - asked_at_s >= self._total_timeout_s * TELLING
            ):
                self._breaker.timed_out(call, error)
            raise

    async def _asked(
        self,
        call: Call,
        once: Callable[[], Awaitable[Reply]],
        is_again: Callable[[Exception], bool | float],
    ) -> Reply:
        """The answer after retries; its end is told to the breaker."""
        attempts = 1 if call.is_single_try else ATTEMPTS
        try:
            reply = await self._with_retries(once, is_again, attempts)
        except ConnectionFailedError as error:
            raise self._breaker.failed(call, error) from None
        except UnexpectedBodyError:
            self._breaker.answered()
            raise
        if reply.status not in DOWN_STATUSES:
            self._breaker.answered()
            return reply
        failure = self._breaker.failed(call, out_of_service(reply.status))
        if call.is_single_try:
            raise failure
        return reply

    async def _look(self) -> Silence | None:
        """What a short request meets that any server answers, whatever it thinks of us."""
        most_s = 0.9 * LOOK_S  # a little sooner, so that it can be said what took so long
        with anyio.move_on_after(LOOK_S):
            try:
                reply = await self._wire.exchange(
                    "GET", ("version",), with_key=False, most_s=most_s
                )
            except httpx.RequestError as error:
                return silence_of(error)
            except UnexpectedBodyError:
                return None
            if reply.status in DOWN_STATUSES:
                return Silence(out_of_service(reply.status), "turned away")
            return None
        return Silence(too_silent(), "slow")

    async def _with_retries(
        self,
        once: Callable[[], Awaitable[Reply]],
        is_again: Callable[[Exception], bool | float],
        attempts: int,
    ) -> Reply:
        try:
            async for attempt in stamina.retry_context(
                on=is_again,
                attempts=attempts,
                timeout=self._total_timeout_s - CONNECT_TIMEOUT_S,
                wait_initial=0.2,
                wait_max=2.0,
                wait_jitter=0.3,
            ):
                with attempt:
                    return await once()
        except _PassingFailure as failure:
            return failure.reply
        except httpx.RequestError as error:
            raise failure_of(error, self._total_timeout_s) from None
        raise AssertionError("the retries ended without a result")

    async def _once(
        self,
        call: Call,
        method: str,
        parts: Sequence[str],
        *,
        parameters: Mapping[str, str] | None = None,
        content: Mapping[str, object] | None = None,
        with_key: bool = True,
        size: Size = ONE_THING,
    ) -> Reply:
        async with self._turns:
            self._breaker.asks(call, anyio.current_time())
            return await self._wire.exchange(
                method,
                parts,
                parameters=parameters,
                content=content,
                with_key=with_key,
                size=size,
            )


def _is_passing(reply: Reply) -> bool:
    wait_s = reply.retry_after_s
    if wait_s is None:
        # A limit without Retry-After is one that ends only after minutes of silence.
        return reply.status in _PASSING
    return wait_s <= LONGEST_WAIT_S and (reply.status in _PASSING or reply.status == 429)


def _backoff(error: Exception) -> bool | float:
    if not isinstance(error, _PassingFailure):
        return is_worth_retrying(error)
    wait_s = error.reply.retry_after_s
    return True if wait_s is None else wait_s
