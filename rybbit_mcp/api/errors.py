"""The errors of the API client, one tree.

RybbitError
├── ConfigurationError        settings that cannot work
├── BadRequestError           arguments the server would refuse or misread
│   └── UnsupportedError      a right question that this server's version cannot answer
├── AuthenticationError       the key is missing or not accepted
├── AccessDeniedError         the key is accepted, the thing is not open to it
├── NotFoundError             no such route, site or session
├── RateLimitedError          too many requests
├── ServerError               the server failed
├── RequestTimeoutError       no answer in time
├── ConnectionFailedError     the server could not be reached
└── UnexpectedBodyError       an answer that is not Rybbit's

Every error carries a message (what happened) and a hint (what to do next), both in our own words
and fit for a language model; neither ever holds a response body, a URL query or a key.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal


class RybbitError(Exception):
    """What happened, and what to do next."""

    def __init__(self, message: str, hint: str = "", *, status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.status = status
        self.down_since: datetime | None = None
        """Set where the server was known to be down, and was not asked in vain again."""

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class ConfigurationError(RybbitError):
    """Settings are missing, malformed or contradict each other."""


class BadRequestError(RybbitError):
    """An argument the server would refuse, or would silently read as something else."""


class UnsupportedError(BadRequestError):
    """The question is sound, but this server's version has no right answer to it."""


class AuthenticationError(RybbitError):
    """The server does not accept the key, or no key was given."""


class AccessDeniedError(RybbitError):
    """The key works, but not for this site or endpoint."""


class NotFoundError(RybbitError):
    """The route, site or session does not exist."""

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        what: Literal["route", "site", "session"],
        status: int | None = 404,
    ) -> None:
        super().__init__(message, hint, status=status)
        self.what = what


class RateLimitedError(RybbitError):
    """The key has asked too often; `wait_s` says for how long to wait, where that is known."""

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        scope: Literal["burst", "daily", "unknown"] = "unknown",
        wait_s: float | None = None,
        status: int | None = 429,
    ) -> None:
        super().__init__(message, hint, status=status)
        self.scope = scope
        self.wait_s = wait_s


class ServerError(RybbitError):
    """The server answered with a failure of its own (5xx)."""


class RequestTimeoutError(RybbitError):
    """The server did not answer within the time allowed."""


class ConnectionFailedError(RybbitError):
    """No connection: refused, reset, unresolvable name, or a certificate that does not verify."""


class UnexpectedBodyError(RybbitError):
    """The answer is not what the Rybbit API sends (HTML, empty, another shape, too large)."""
