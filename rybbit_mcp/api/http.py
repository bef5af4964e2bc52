"""Requests to one Rybbit server: one pool, bounded time and size, retries where safe.

Knows HTTP and nothing of sessions: statuses come back as they are, only failures to get an answer
at all are raised here.
"""

from __future__ import annotations

import math
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import quote

import anyio
import httpx
import stamina

from rybbit_mcp.api.call_budget import CallBudget
from rybbit_mcp.api.errors import ConfigurationError
from rybbit_mcp.api.failures import (
    failure_of,
    is_unconnected,
    is_worth_retrying,
    too_large,
    too_slow,
)
from rybbit_mcp.api.reply import Reply, retry_after_s
from rybbit_mcp.api.unpacking import pieces

TOTAL_TIMEOUT_S = 24.0
CONNECT_TIMEOUT_S = 5.0
ATTEMPTS = 3
LONGEST_WAIT_S = 5.0
LARGEST_BODY = 64 * 1024 * 1024

_PASSING = frozenset({502, 503, 504})


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
        _check_address(base_url)
        _check_key(key or "")
        self._base_url = base_url.rstrip("/") + "/api/"
        self._key = key
        self._transport = transport
        self._ca_file = ca_file
        self._user_agent = user_agent
        self._clock = clock
        self._total_timeout_s = total_timeout_s
        self._largest_body = largest_body
        self._client: httpx.AsyncClient | None = None
        self.budget = CallBudget()

    async def aclose(self) -> None:
        """Close the pool; the object can not be used afterwards."""
        if self._client is not None:
            await self._client.aclose()

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
    ) -> Reply:
        """The server's answer to a GET, after at most two retries and `total_timeout_s`.

        `parts` are path segments below `/api/`; each is percent-encoded.

        Raises:
            ConnectionFailedError, RequestTimeoutError, UnexpectedBodyError (too large).
            ConfigurationError: a CA file or a proxy that cannot be used.
        """

        async def once() -> Reply:
            reply = await self._once("GET", parts, parameters=parameters, with_key=with_key)
            if _is_passing(reply):
                raise _PassingFailure(reply)
            return reply

        return await self._within_time(once, _backoff)

    async def post(self, parts: Sequence[str], content: Mapping[str, object]) -> Reply:
        """The server's answer to a POST of JSON, within the limits of `get`.

        Tried again only where no connection came about: then nothing was sent.

        Raises:
            ConnectionFailedError, RequestTimeoutError, UnexpectedBodyError (too large).
            ConfigurationError: a CA file or a proxy that cannot be used.
        """
        return await self._within_time(
            lambda: self._once("POST", parts, content=content), is_unconnected
        )

    async def _within_time(
        self,
        once: Callable[[], Awaitable[Reply]],
        is_again: Callable[[Exception], bool | float],
    ) -> Reply:
        with self.in_time():
            return await self._with_retries(once, is_again)

    async def _with_retries(
        self,
        once: Callable[[], Awaitable[Reply]],
        is_again: Callable[[Exception], bool | float],
    ) -> Reply:
        try:
            async for attempt in stamina.retry_context(
                on=is_again,
                attempts=ATTEMPTS,
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
        method: str,
        parts: Sequence[str],
        *,
        parameters: Mapping[str, str] | None = None,
        content: Mapping[str, object] | None = None,
        with_key: bool = True,
    ) -> Reply:
        url = self._base_url + "/".join(map(_encoded, parts))
        headers = {"Authorization": f"Bearer {self._key}"} if with_key and self._key else {}
        async with self._pool().stream(
            method, url, params=parameters, json=content, headers=headers
        ) as response:
            self.budget.note(response.status_code, response.headers, self._clock())
            body = bytearray()
            async for piece in pieces(response):
                if len(body) + len(piece) > self._largest_body:
                    body.clear()  # whoever keeps the error keeps this frame
                    raise too_large(self._largest_body)
                body += piece
            return Reply(
                response.status_code,
                bytes(body),
                retry_after_s=retry_after_s(response.headers.get("retry-after"), self._clock()),
                is_redirect=response.is_redirect,
            )

    def _pool(self) -> httpx.AsyncClient:
        if self._client is None:
            verify = True if self._transport else _trust(self._ca_file)
            try:
                self._client = httpx.AsyncClient(
                    transport=self._transport,
                    verify=verify,
                    follow_redirects=False,
                    timeout=httpx.Timeout(self._total_timeout_s, connect=CONNECT_TIMEOUT_S),
                    limits=httpx.Limits(max_connections=8, max_keepalive_connections=4),
                    headers={
                        "User-Agent": self._user_agent,
                        "Accept": "application/json",
                        "Accept-Encoding": "gzip, deflate",
                    },
                )
            except (ValueError, httpx.InvalidURL, ImportError):
                raise ConfigurationError(
                    "The proxy that the environment names cannot be used.",
                    "Check HTTPS_PROXY and ALL_PROXY: http and https proxies work.",
                ) from None
        return self._client


def _trust(ca_file: str) -> ssl.SSLContext:
    """The system's trust store, and a private CA besides where one is named."""
    import truststore  # only real connections need it

    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_file:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError:  # ssl.SSLError is one too
            raise ConfigurationError(
                "RYBBIT_CA_FILE cannot be read as a certificate.", "It must be a PEM file."
            ) from None
    return context


def _check_address(base_url: str) -> None:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in {"http", "https"} or not url.host:
        raise ConfigurationError(
            "The address of the Rybbit server is none.", "Set RYBBIT_URL to https:// and a host."
        )


def _check_key(key: str) -> None:
    # Other characters cannot be sent, and the error about them would show the key.
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigurationError(
            "The API key holds characters that no key has.", "Copy RYBBIT_API_KEY again."
        )


def _encoded(part: str) -> str:
    return quote(part, safe="") if part.strip(".") else part.replace(".", "%2E")


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
