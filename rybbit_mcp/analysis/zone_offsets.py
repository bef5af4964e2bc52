"""How far a time zone is ahead of UTC, and from when on: by the same rules as windows and texts.

Databases bring zone rules of their own, of another year: a visit would be printed on one day and
counted on another.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

FIRST_YEAR, LAST_YEAR = 2010, 2040
"""Beyond them the offset stays what it was: no visits are older, and no rules are known later."""

_STEP = timedelta(days=7)  # no zone has changed twice in a week
_SECOND = timedelta(seconds=1)


class Offset(NamedTuple):
    """From `since` on, an aware UTC instant, the zone is `seconds` ahead of UTC."""

    since: datetime
    seconds: int


@lru_cache(maxsize=64)
def offsets(zone: str) -> tuple[Offset, ...]:
    """The offsets of an IANA zone in the order of time; the first one holds before, too.

    Raises:
        ZoneInfoNotFoundError: no such zone.
    """
    rules = ZoneInfo(zone)
    at, end = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(LAST_YEAR, 1, 1, tzinfo=UTC)
    found = [Offset(at, _ahead_s(rules, at))]
    while at < end:
        later = at + _STEP
        if _ahead_s(rules, later) != found[-1].seconds:
            since = _change(rules, at, later)
            found.append(Offset(since, _ahead_s(rules, since)))
        at = later
    return tuple(found)


def _change(rules: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first second after `before` with another offset."""
    old = _ahead_s(rules, before)
    while after - before > _SECOND:
        middle = before + (after - before) // (2 * _SECOND) * _SECOND
        if _ahead_s(rules, middle) == old:
            before = middle
        else:
            after = middle
    return after


def _ahead_s(rules: ZoneInfo, at: datetime) -> int:
    ahead = at.astimezone(rules).utcoffset()
    assert ahead is not None
    return round(ahead.total_seconds())
