"""Single requests to one server over one pool: what is sent, and the answer, bounded in size."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar
from urllib.parse import quote

import httpx
from anyio import to_thread

from rybbit_mcp.api.call_budget import DAILY_LEFT, CallBudget
from rybbit_mcp.api.errors import ConfigurationError
from rybbit_mcp.api.failures import is_about_port, too_large, too_many
from rybbit_mcp.api.reply import Reply, clock_off_s, retry_after_s
from rybbit_mcp.api.sizes import ONE_THING, Size
from rybbit_mcp.api.unpacking import pieces

Result = TypeVar("Result")

CONNECT_TIMEOUT_S = 5.0
MOST_REQUESTS = 8
"""Of calls at the same time; those beyond wait for their turn."""

MOST_REDIRECTS = 3
LARGEST_ERROR = 64 * 2**10
"""Of what is no 200; Rybbit's own have a hundred bytes."""

LONG_BODY = 256 * 2**10
"""From here on a body is worked on in a thread, so that pings and the end of input are heard."""


class Wire:
    """One server's connections. Build it once; `aclose()` ends them.

    Raises:
        ConfigurationError: an address or key that cannot be one.
    """

    def __init__(
        self,
        base_url: str,
        key: str | None,
        *,
        transport: httpx.AsyncBaseTransport | None,
        ca_file: str,
        user_agent: str,
        clock: Callable[[], datetime],
        timeout_s: float,
        largest_body: int,
    ) -> None:
        _check_address(base_url)
        _check_key(key or "")
        self._base_url = base_url.rstrip("/") + "/api/"
        self._key = key
        self._transport = transport
        self._ca_file = ca_file
        self._user_agent = user_agent
        self._clock = clock
        self._timeout_s = timeout_s
        self._largest_body = largest_body
        self._client: httpx.AsyncClient | None = None
        self.budget = CallBudget()

    async def aclose(self) -> None:
        """Close the pool; the object can not be used afterwards."""
        if self._client is not None:
            await self._client.aclose()

    async def exchange(
        self,
        method: str,
        parts: Sequence[str],
        *,
        parameters: Mapping[str, str] | None = None,
        content: Mapping[str, object] | None = None,
        with_key: bool = True,
        most_s: float | None = None,
        size: Size = ONE_THING,
    ) -> Reply:
        """The whole answer to one request; `most_s` bounds each wait of it, `size` the answer.

        `parts` are path segments below `/api/`; each is percent-encoded. A GET follows at most
        `MOST_REDIRECTS` redirects that stay on the server and keep the parameters.

        The body of an error is left out where it is long.

        Raises:
            httpx.RequestError: no answer. UnexpectedBodyError: too large, or not to be unpacked.
            ConfigurationError: a CA file or a proxy that cannot be used.
        """
        request = self._pool().build_request(
            method,
            self._base_url + "/".join(map(_encoded, parts)),
            params=parameters,
            json=content,
            headers={"Authorization": f"Bearer {self._key}"} if with_key and self._key else {},
            timeout=httpx.USE_CLIENT_DEFAULT if most_s is None else most_s,
        )
        redirects_left = MOST_REDIRECTS
        while True:
            reply, moved = await self._answer(request, size)
            if moved is None or not redirects_left or not _may_follow(request, moved):
                if await in_thread_if_long(reply.body, size.is_exceeded_by):
                    raise too_many()
                return reply
            request = moved
            redirects_left -= 1

    async def _answer(
        self, request: httpx.Request, size: Size
    ) -> tuple[Reply, httpx.Request | None]:
        """One answer, and the request that it redirects to."""
        try:
            response = await self._pool().send(request, stream=True)
        except (OverflowError, ExceptionGroup) as error:
            if is_about_port(error):  # the address's own was looked at before
                raise _unusable_proxy() from None
            raise
        async with contextlib.aclosing(response):
            headers = response.headers
            now = self._clock()
            self.budget.note(response.status_code, headers, now)
            reply = Reply(
                response.status_code,
                await self._body(response, size),
                retry_after_s=retry_after_s(headers.get("retry-after"), now),
                is_redirect=response.is_redirect,
                # What a cache answers was dated when the cache got it.
                clock_off_s=None if "age" in headers else clock_off_s(headers.get("date"), now),
                is_daily_quota_used_up=headers.get(DAILY_LEFT, "").strip() == "0",
            )
            return reply, response.next_request

    async def _body(self, response: httpx.Response, size: Size) -> bytes:
        is_good = response.status_code == 200
        most_bytes = min(self._largest_body, size.most_bytes if is_good else LARGEST_ERROR)
        body = bytearray()
        async for piece in pieces(response):
            if len(body) + len(piece) > most_bytes:
                body.clear()  # whoever keeps the error keeps this frame
                if not is_good:
                    break
                raise too_large(most_bytes)
            body += piece
        return bytes(body)

    def _pool(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = _make_pool(
                self._transport, self._ca_file, self._user_agent, self._timeout_s
            )
        return self._client


async def in_thread_if_long(body: bytes, work: Callable[[bytes], Result]) -> Result:
    """What `work` makes of the body; of a long one in a thread, which is left behind if need be."""
    if len(body) < LONG_BODY:
        return work(body)
    return await to_thread.run_sync(work, body, abandon_on_cancel=True)


def _make_pool(
    transport: httpx.AsyncBaseTransport | None, ca_file: str, user_agent: str, timeout_s: float
) -> httpx.AsyncClient:
    verify = True if transport else _trust(ca_file)
    try:
        return httpx.AsyncClient(
            transport=transport,
            verify=verify,
            follow_redirects=False,
            timeout=httpx.Timeout(timeout_s, connect=CONNECT_TIMEOUT_S),
            # One more than requests, so that a look at the server waits for none of them.
            limits=httpx.Limits(max_connections=MOST_REQUESTS + 1, max_keepalive_connections=4),
            headers={
                "User-Agent": user_agent,
                "Accept": "application/json",
                "Accept-Encoding": "gzip, deflate",
            },
        )
    except (ValueError, httpx.InvalidURL, ImportError):
        raise _unusable_proxy() from None


def _unusable_proxy() -> ConfigurationError:
    return ConfigurationError(
        "The proxy that the environment names cannot be used.",
        "Check HTTPS_PROXY and ALL_PROXY: http and https proxies work; ports end at 65535.",
    )


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


def _may_follow(request: httpx.Request, moved: httpx.Request) -> bool:
    """Whether a redirect can neither carry the key away nor change what is asked."""
    was, now = request.url, moved.url
    return (
        request.method == "GET"
        and (now.scheme, now.host, now.port, now.userinfo)
        == (was.scheme, was.host, was.port, was.userinfo)
        and sorted(now.params.multi_items()) == sorted(was.params.multi_items())
    )


def _check_address(base_url: str) -> None:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in {"http", "https"} or not url.host:
        raise ConfigurationError(
            "The address of the Rybbit server is none.", "Set RYBBIT_URL to https:// and a host."
        )
    if url.port is not None and not 0 < url.port < 65536:
        raise ConfigurationError(
            "The port of the Rybbit server is none.", "Check RYBBIT_URL: ports are 1 to 65535."
        )


def _check_key(key: str) -> None:
    # Other characters cannot be sent, and the error about them would show the key.
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigurationError(
            "The API key holds characters that no key has.", "Copy RYBBIT_API_KEY again."
        )


def _encoded(part: str) -> str:
    return quote(part, safe="") if part.strip(".") else part.replace(".", "%2E")
