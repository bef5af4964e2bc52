"""How many more calls a key may make, from what servers say and from what old ones are known for.

Only servers of the cloud say it, in headers: a burst that fills up again within seconds, and
mostly a daily quota. Rybbit 2.2 says nothing and gives each key 500 calls until ten minutes pass
without any. Other servers have no limit, or one that nobody can see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from rybbit_mcp.api.access import OLD_LIMIT
from rybbit_mcp.api.generations import Generation

OLD_SILENCE = timedelta(minutes=10)
"""Rybbit 2.2 counts anew after so long without a call that it accepted."""

DAILY_LEFT = "x-ratelimit-daily-remaining"
"""The header with the calls of the daily quota that are left."""

MOST_SPARED = 20
"""Calls kept back at most, so that the next short question can still be asked."""

_LATEST_RESET_S = 48 * 3600
"""Larger values of a reset header are no seconds from now."""


@dataclass(frozen=True, slots=True)
class _Count:
    """So many calls were left, and until when that holds."""

    left: int
    ends_at: datetime


class CallBudget:
    """What is left for one key on one server. `note` every answer, then ask `left` and `width`."""

    def __init__(self) -> None:
        self._accepted_count = 0
        self._accepted_at: datetime | None = None
        self._hard: dict[str, _Count] = {}
        self._burst: _Count | None = None

    def note(self, status: int, headers: Mapping[str, str], at: datetime) -> None:
        """Take an answer into account; `headers` are looked up in small letters."""
        if status not in {401, 429}:
            is_anew = self._accepted_at is None or at - self._accepted_at >= OLD_SILENCE
            self._accepted_count = 1 if is_anew else self._accepted_count + 1
            self._accepted_at = at
        daily = _number(headers.get(DAILY_LEFT))
        burst = _number(headers.get("x-ratelimit-burst-remaining"))
        plain = _number(headers.get("ratelimit-remaining"))
        if daily is not None:
            self._hard["daily"] = _Count(daily, _next_midnight(at))
        if burst is not None:
            ends_at = _reset(headers.get("x-ratelimit-burst-reset"), at)
            self._burst = _Count(burst, ends_at)
        elif daily is None and plain is not None:
            # Nothing says that it fills up again soon.
            self._hard["plain"] = _Count(plain, _reset(headers.get("ratelimit-reset"), at))

    def left(self, generation: Generation, now: datetime, *, has_key: bool) -> int | None:
        """Calls that may still be made with some kept back; None where no limit is known."""
        known = [count.left for count in self._hard.values() if now < count.ends_at]
        if has_key and not generation.has_site_routes:
            known.append(OLD_LIMIT - self._counted(now))
        return _without_spare(min(known)) if known else None

    def width(self, most: int, now: datetime) -> int:
        """How many calls to make at the same time: one where the burst is nearly used up."""
        if self._burst is None or now >= self._burst.ends_at:
            return most
        return most if self._burst.left > most else 1

    def _counted(self, now: datetime) -> int:
        is_over = self._accepted_at is None or now - self._accepted_at >= OLD_SILENCE
        return 0 if is_over else self._accepted_count


def _without_spare(left: int) -> int:
    spared = min(MOST_SPARED, -(-left // 5))
    return max(0, left - spared)


def _number(value: str | None) -> int | None:
    text = (value or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _reset(value: str | None, at: datetime) -> datetime:
    """When a limit ends: seconds from now, or a moment as seconds since 1970; else in a minute."""
    text = (value or "").strip()
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 14 else None
    if number is None:
        return at + timedelta(minutes=1)
    if number <= _LATEST_RESET_S:
        return at + timedelta(seconds=number)
    seconds = number / 1000 if number > 10**11 else float(number)
    return max(at, min(datetime.fromtimestamp(seconds, UTC), at + timedelta(days=1)))


def _next_midnight(at: datetime) -> datetime:
    today = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=1)
