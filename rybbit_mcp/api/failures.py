"""Why no answer came: httpx's errors as ours, and which of them are worth another try."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

import httpx

from rybbit_mcp.api.breaker import Silence
from rybbit_mcp.api.errors import (
    ConnectionFailedError,
    RequestTimeoutError,
    RybbitError,
    ServerError,
    UnexpectedBodyError,
)

_CHECK = "Check RYBBIT_URL and whether the server is up; then try again."


def is_worth_retrying(error: BaseException) -> bool:
    """Whether another try may reach the server: connections that fail or break, no others.

    Timeouts took their time already; certificates and names that do not resolve stay so.
    """
    if isinstance(error, httpx.ConnectError):
        return is_unconnected(error)
    return isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError)


def is_unconnected(error: BaseException) -> bool:
    """Whether nothing was sent, and another try may reach the server."""
    if not isinstance(error, httpx.ConnectError):
        return False
    return _cause(error, ssl.SSLError) is None and _cause(error, socket.gaierror) is None


def is_about_port(error: BaseException) -> bool:
    """Whether a port stands behind it that cannot be one."""
    return _cause(error, OverflowError) is not None


def too_slow(timeout_s: float) -> RequestTimeoutError:
    """The error of an answer that took longer than allowed."""
    return RequestTimeoutError(
        f"The Rybbit server did not answer within {timeout_s:.0f} s.",
        "Ask for a shorter period or a smaller limit, or try again later.",
    )


def too_silent() -> RequestTimeoutError:
    """The error of a server that gives no sign of life."""
    return RequestTimeoutError("The Rybbit server does not answer.", _CHECK)


def out_of_service(status: int) -> ServerError:
    """The error of a status that a proxy answers in place of the server."""
    return ServerError(
        f"The proxy before the Rybbit server answers {status}: the server is down or busy.",
        "Try again in a minute.",
        status=status,
    )


def redirected(status: int) -> UnexpectedBodyError:
    """The error of a redirect that is not followed."""
    return UnexpectedBodyError(
        "The server redirects to another host, scheme or question, which is not followed.",
        "Set RYBBIT_URL to the address at which Rybbit's pages open; scheme and host matter.",
        status=status,
    )


def too_large(most_bytes: int) -> UnexpectedBodyError:
    """The error of an answer larger than allowed."""
    return UnexpectedBodyError(
        f"The server's answer is larger than {most_bytes / 2**20:.3g} MB.",
        "Ask for a shorter period or a smaller limit.",
    )


def too_many() -> UnexpectedBodyError:
    """The error of an answer with far more records or values in it than were asked for."""
    return UnexpectedBodyError(
        "The server's answer holds far more than was asked for.",
        "Check that no proxy changes its answers; or ask for a shorter period.",
    )


def not_unpacked() -> UnexpectedBodyError:
    """The error of an answer compressed in a broken or an unknown way."""
    return UnexpectedBodyError(
        "The server's answer cannot be decompressed.", "Check the proxy in front of it."
    )


def silence_of(error: httpx.RequestError) -> Silence:
    """What a look at the server met that ended so."""
    if isinstance(error, httpx.ConnectTimeout):
        return Silence(failure_of(error, 0), "slow")
    if isinstance(error, httpx.TimeoutException):
        return Silence(too_silent(), "slow")
    is_unsent = isinstance(error, httpx.ConnectError | httpx.ProxyError)
    return Silence(failure_of(error, 0), "unconnected" if is_unsent else "turned away")


def failure_of(error: httpx.RequestError, timeout_s: float) -> RybbitError:
    """The error that an httpx one means; never holds its text."""
    if isinstance(error, httpx.ConnectTimeout):
        return _unreachable("does not accept connections (no answer in time)")
    if isinstance(error, httpx.TimeoutException):
        return too_slow(timeout_s)
    if isinstance(error, httpx.DecodingError):
        return not_unpacked()
    if isinstance(error, httpx.ProxyError):
        return ConnectionFailedError(
            "The proxy that the environment names does not lead to the Rybbit server.",
            "Check HTTPS_PROXY and NO_PROXY.",
        )
    if isinstance(error, httpx.ConnectError):
        return _not_connected(error)
    return _unreachable("breaks the connection off")


def _not_connected(error: httpx.ConnectError) -> RybbitError:
    tls_error = _cause(error, ssl.SSLError)
    if isinstance(tls_error, ssl.SSLCertVerificationError):
        return ConnectionFailedError(
            "The Rybbit server's TLS certificate does not verify.",
            "Behind a private CA set RYBBIT_CA_FILE to its certificate; else check RYBBIT_URL.",
        )
    if tls_error is not None:
        return ConnectionFailedError(
            "No secure connection to the Rybbit server comes about.",
            "Check the scheme and the port of RYBBIT_URL.",
        )
    if _cause(error, socket.gaierror) is not None:
        return ConnectionFailedError(
            "The Rybbit server's host name does not resolve.",
            "Check the spelling of RYBBIT_URL and the network.",
        )
    if _cause(error, ConnectionRefusedError) is not None:
        return _unreachable("refuses connections")
    return _unreachable("cannot be reached")


def _unreachable(what: str) -> ConnectionFailedError:
    return ConnectionFailedError(f"The Rybbit server {what}.", _CHECK)


def _cause(error: BaseException, kind: type[BaseException]) -> BaseException | None:
    """The first error of this kind behind another one."""
    return next((behind for behind in _behind(error) if isinstance(behind, kind)), None)


def _behind(error: BaseException) -> Iterator[BaseException]:
    known: list[BaseException] = []
    waiting = [error]
    while waiting:
        current = waiting.pop(0)
        if current in known:
            continue
        known.append(current)
        yield current
        waiting += [one for one in (current.__cause__, current.__context__) if one is not None]
        if isinstance(current, BaseExceptionGroup):
            waiting += current.exceptions
