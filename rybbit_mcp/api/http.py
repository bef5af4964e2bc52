"""GET requests to one Rybbit server: one pool, bounded time and size, retries where safe.

Knows HTTP and nothing of sessions: statuses come back as they are, only failures to get an answer
at all are raised here.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import anyio
import httpx
import stamina
from pydantic_core import from_json

from rybbit_mcp.api.errors import (
    ConnectionFailedError,
    RequestTimeoutError,
    RybbitError,
    UnexpectedBodyError,
)

TOTAL_TIMEOUT_S = 24.0
CONNECT_TIMEOUT_S = 5.0
ATTEMPTS = 3
LONGEST_WAIT_S = 5.0
LARGEST_BODY = 64 * 1024 * 1024

_PASSING = frozenset({502, 503, 504})


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's answer: status, decoded body bytes, and the few headers that matter."""

    status: int
    body: bytes
    retry_after_s: float | None = None
    redirects_to_host: str = ""

    def json(self) -> Any:  # noqa: ANN401 - raw JSON enters here
        """The body as JSON, or None where it is none."""
        try:
            return from_json(self.body)
        except ValueError:
            return None

    @property
    def error_text(self) -> str:
        """The `error` field of an error body, to compare with known ones; never to be shown."""
        content = self.json()
        error = content.get("error") if isinstance(content, dict) else None
        return error if isinstance(error, str) else ""

    @property
    def is_unknown_route(self) -> bool:
        """Whether this is the framework's "no such route", not "no such site or session"."""
        content = self.json()
        message = content.get("message") if isinstance(content, dict) else None
        return self.status == 404 and isinstance(message, str) and message.startswith("Route ")


class _PassingFailure(Exception):  # noqa: N818 - never leaves this module
    """A failure worth another try: a proxy's 502–504, or a burst limit with its wait."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"status {reply.status}")
        self.reply = reply


class Http:
    """GET on one server. Build it once; `aclose()` ends its connections."""

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
    ) -> None:
        self._base_url = base_url.rstrip("/") + "/api/"
        self._key = key
        self._transport = transport
        self._ca_file = ca_file
        self._user_agent = user_agent
        self._clock = clock
        self._total_timeout_s = total_timeout_s
        self._client: httpx.AsyncClient | None = None

    async def aclose(self) -> None:
        """Close the pool; the object can not be used afterwards."""
        if self._client is not None:
            await self._client.aclose()

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
        """
        url = self._base_url + "/".join(quote(part, safe="") for part in parts)
        headers = {"Authorization": f"Bearer {self._key}"} if with_key and self._key else {}
        try:
            with anyio.fail_after(self._total_timeout_s):
                return await self._with_retries(url, dict(parameters or {}), headers)
        except TimeoutError:
            raise _too_slow(self._total_timeout_s) from None

    async def _with_retries(
        self, url: str, parameters: dict[str, str], headers: dict[str, str]
    ) -> Reply:
        try:
            async for attempt in stamina.retry_context(
                on=_backoff,
                attempts=ATTEMPTS,
                timeout=self._total_timeout_s - CONNECT_TIMEOUT_S,
                wait_initial=0.2,
                wait_max=2.0,
                wait_jitter=0.3,
            ):
                with attempt:
                    reply = await self._once(url, parameters, headers)
                    if _is_passing(reply):
                        raise _PassingFailure(reply)
                    return reply
        except _PassingFailure as failure:
            return failure.reply
        except httpx.DecodingError:
            raise UnexpectedBodyError(
                "The server's answer cannot be decompressed.", "Check the proxy in front of it."
            ) from None
        except httpx.TransportError as error:
            raise _unreachable(error, self._total_timeout_s) from None
        raise AssertionError("the retries ended without a result")

    async def _once(self, url: str, parameters: dict[str, str], headers: dict[str, str]) -> Reply:
        client = self._pool()
        async with client.stream("GET", url, params=parameters, headers=headers) as response:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > LARGEST_BODY:
                    raise UnexpectedBodyError(
                        f"The server's answer is larger than {LARGEST_BODY // 2**20} MB.",
                        "Ask for a shorter period or a smaller limit.",
                    )
            return Reply(
                response.status_code,
                bytes(body),
                retry_after_s=_retry_after(response.headers.get("retry-after"), self._clock()),
                redirects_to_host=_redirect_host(response),
            )

    def _pool(self) -> httpx.AsyncClient:
        if self._client is None:
            verify = True if self._transport else _trust(self._ca_file)
            self._client = httpx.AsyncClient(
                transport=self._transport,
                verify=verify,
                follow_redirects=False,
                timeout=httpx.Timeout(self._total_timeout_s, connect=CONNECT_TIMEOUT_S),
                limits=httpx.Limits(max_connections=8, max_keepalive_connections=4),
                headers={"User-Agent": self._user_agent, "Accept": "application/json"},
            )
        return self._client


def _trust(ca_file: str) -> ssl.SSLContext:
    """The system's trust store, and a private CA besides where one is named."""
    import truststore  # only real connections need it

    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
    return context


def _is_passing(reply: Reply) -> bool:
    if reply.status in _PASSING:
        return True
    wait_s = reply.retry_after_s
    # Without Retry-After the limit is one that ends only after minutes of silence.
    return reply.status == 429 and wait_s is not None and wait_s <= LONGEST_WAIT_S


def _backoff(error: Exception) -> bool | float:
    if isinstance(error, _PassingFailure):
        wait_s = error.reply.retry_after_s
        return True if wait_s is None else min(wait_s, LONGEST_WAIT_S)
    is_timeout = isinstance(error, httpx.TimeoutException)
    is_certificate = isinstance(error.__cause__, ssl.SSLError) or _is_certificate(error)
    return isinstance(error, httpx.TransportError) and not is_timeout and not is_certificate


def _is_certificate(error: BaseException) -> bool:
    return "CERTIFICATE_VERIFY_FAILED" in str(error)


def _retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds of a `Retry-After` header, which may be a number or a date."""
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (ValueError, TypeError):  # no date, or one without a zone
        return None


def _redirect_host(response: httpx.Response) -> str:
    if not response.is_redirect:
        return ""
    try:
        return response.url.join(response.headers["location"]).host
    except (httpx.InvalidURL, ValueError):
        return "an unreadable address"


def _too_slow(timeout_s: float) -> RequestTimeoutError:
    return RequestTimeoutError(
        f"The Rybbit server did not answer within {timeout_s:.0f} s.",
        "Ask for a shorter period or a smaller limit, or try again later.",
    )


def _unreachable(error: httpx.TransportError, timeout_s: float) -> RybbitError:
    if isinstance(error, httpx.ConnectTimeout):
        what = "did not accept a connection in time"
    elif isinstance(error, httpx.TimeoutException):
        return _too_slow(timeout_s)
    elif _is_certificate(error):
        return ConnectionFailedError(
            "The Rybbit server's TLS certificate does not verify.",
            "Behind a private CA set RYBBIT_CA_FILE to its certificate; else check RYBBIT_URL.",
        )
    elif "Name or service not known" in str(error) or "getaddrinfo" in str(error):
        what = "has a host name that does not resolve"
    elif isinstance(error, httpx.ConnectError):
        what = "refuses connections"
    else:
        what = "broke the connection off"
    return ConnectionFailedError(
        f"The Rybbit server {what}.",
        "Check RYBBIT_URL and whether the server is up; then try again.",
    )
