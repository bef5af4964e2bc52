"""A server's answer, and the few facts that its headers and error bodies hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pydantic_core import from_json

LONGEST_RETRY_AFTER_S = 7 * 24 * 3600
"""Longer waits than a week are not believed."""

_SECONDS = re.compile(r"\d{1,9}(\.\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, decoded body bytes, and the headers that matter; its texts are never shown."""

    status: int
    body: bytes
    retry_after_s: float | None = None
    is_redirect: bool = False
    clock_off_s: float | None = None
    """How far the server's clock is ahead of this machine's, where the answer tells."""
    is_daily_quota_used_up: bool = False
    """As the headers say; false where they say nothing."""

    def json(self) -> Any:  # noqa: ANN401 - raw JSON enters here
        """The body as JSON, or None where it is none."""
        try:
            return from_json(self.body)
        except ValueError:
            return None

    def field(self, name: str) -> Any:  # noqa: ANN401 - raw JSON enters here
        """A field of a body that is a JSON object, else None."""
        content = self.json()
        return content.get(name) if isinstance(content, dict) else None

    @property
    def is_json_object(self) -> bool:
        """Whether the body has the form of all of Rybbit's errors."""
        return isinstance(self.json(), dict)

    @property
    def error_text(self) -> str:
        """The `error` field of an error body, to compare with known ones; never to be shown."""
        error = self.field("error")
        return error if isinstance(error, str) else ""

    @property
    def limit_scope(self) -> object:
        """Which limit a 429 means, `burst` or `daily`: as its body says, else its headers."""
        return self.field("scope") or ("daily" if self.is_daily_quota_used_up else None)

    @property
    def is_unknown_route(self) -> bool:
        """Whether this is the framework's "no such route", not "no such site or session"."""
        if self.status != 404:  # asked of every answer, and large ones take long to parse
            return False
        message = self.field("message")
        return isinstance(message, str) and message.startswith("Route ")


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """Seconds of a `Retry-After` header, a number or a date; None where it says nothing usable."""
    if value is None:
        return None
    if _SECONDS.fullmatch(value.strip()):
        return _believable(float(value))
    seconds = clock_off_s(value, now)
    return None if seconds is None else _believable(seconds)


def clock_off_s(date: str | None, now: datetime) -> float | None:
    """How many seconds a date of a header is ahead of `now`; None where it is no date."""
    try:
        moment = parsedate_to_datetime(date or "")
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return (moment - now).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None


def _believable(seconds: float) -> float | None:
    return max(0.0, seconds) if seconds <= LONGEST_RETRY_AFTER_S else None
