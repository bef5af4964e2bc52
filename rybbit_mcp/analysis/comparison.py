"""Two windows compared: which other one is meant, and what changed from it.

A period that is not over is compared with the same stretch of the other: `today` at 13:05 with
yesterday until 13:05.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from rybbit_mcp.analysis.outcome import Group, Number, Outcome
from rybbit_mcp.analysis.specification import TIME_DIMENSIONS, Specification
from rybbit_mcp.api.errors import BadRequestError
from rybbit_mcp.api.window import Window, resolve_window

COMPARISONS = ("previous_period", "last_week", "last_year")
MOVERS = 3
FEWEST_SESSIONS = 5
"""Groups with fewer sessions in both windows are no movers."""

_DAY = timedelta(days=1)
_WEEKDAYS = "Mon Tue Wed Thu Fri Sat Sun"


@dataclass(frozen=True, slots=True)
class Change:
    """One group in both windows; `before` is None where it had no visits then."""

    key: tuple[str, ...]
    now: Group
    before: Group | None


@dataclass(frozen=True, slots=True)
class Mover:
    """A group whose sessions changed much, for its share of the whole change."""

    key: tuple[str, ...]
    before: int
    now: int


def other_window(window: Window, compare: str, now: datetime) -> Window:
    """The window that `compare` means for this one.

    `previous_period` is as long and ends where this one begins; `last_week` and `last_year` lie 7
    days, or one year, earlier; anything else is a period such as `2026-10-01..2026-10-31`.

    Raises:
        BadRequestError: all time, which nothing comes before; or no such period.
    """
    if compare not in COMPARISONS:
        return resolve_window(now=now, zone=window.zone, period=compare)
    if window.start_at is None or window.end_at is None:
        raise BadRequestError("All time has no period before it.", "Give a period, such as 30d.")
    if window.start_on is None or window.end_on is None:
        length = window.end_at - window.start_at
        shift = {"previous_period": length, "last_week": 7 * _DAY}.get(compare, 365 * _DAY)
        return _exact(window, compare, window.start_at - shift, window.end_at - shift)
    start_on = _earlier(window.start_on, window, compare)
    end_on = _earlier(window.end_on, window, compare)
    days = resolve_window(now=now, zone=window.zone, start_date=str(start_on), end_date=str(end_on))
    if not is_partial(window, now):
        return replace(days, asked=compare)
    here = now.astimezone(ZoneInfo(window.zone)).replace(tzinfo=None, second=0, microsecond=0)
    until = datetime.combine(end_on, here.time(), ZoneInfo(window.zone)).astimezone(UTC)
    if days.start_at is None or until <= days.start_at:
        return replace(days, asked=compare)
    return _exact(window, compare, days.start_at, until)


def is_partial(window: Window, now: datetime) -> bool:
    """Whether the window's last day is not over."""
    return (
        window.end_on is not None and window.end_on >= now.astimezone(ZoneInfo(window.zone)).date()
    )


def changes(now: Outcome, before: Outcome) -> tuple[Change, ...]:
    """The groups of both windows, in today's order; those that are gone last."""
    earlier = {group.key: group for group in before.groups}
    found = [Change(group.key, group, earlier.pop(group.key, None)) for group in now.groups]
    gone = [Change(group.key, _nothing_like(group, now), group) for group in earlier.values()]
    return (*found, *gone)


def in_time(found: Sequence[Change], specification: Specification) -> Sequence[Change]:
    """The groups in the order of time where they are of times, else as they are."""
    first = specification.group_by[0] if specification.group_by else ""
    if first == "weekday":
        return sorted(found, key=lambda change: _WEEKDAYS.find(change.key[0]))
    return sorted(found, key=lambda change: change.key[0]) if first in TIME_DIMENSIONS else found


def movers(found: Sequence[Change]) -> tuple[Mover, ...]:
    """The groups whose sessions changed most, largest change first."""
    counted = [
        Mover(
            change.key,
            change.before.session_count if change.before else 0,
            change.now.session_count,
        )
        for change in found
    ]
    worth = [
        mover
        for mover in counted
        if max(mover.before, mover.now) >= FEWEST_SESSIONS and mover.before != mover.now
    ]
    return tuple(sorted(worth, key=lambda mover: (-abs(mover.now - mover.before), mover.key)))[
        :MOVERS
    ]


def relative_change(before: Number, now: Number) -> float | None:
    """The change as a part of what was; None where there was nothing."""
    if before is None or now is None or before == 0:
        return None
    return (now - before) / before


def _earlier(day: date, window: Window, compare: str) -> date:
    if window.start_on is None or window.end_on is None:
        raise AssertionError("windows of days have both days")
    if compare == "last_year":
        try:
            return day.replace(year=day.year - 1)
        except ValueError:  # 29 February
            return day.replace(year=day.year - 1, day=28)
    length = window.end_on - window.start_on + _DAY
    return day - (7 * _DAY if compare == "last_week" else length)


def _exact(window: Window, compare: str, start_at: datetime, end_at: datetime) -> Window:
    return Window("instants", window.zone, compare, start_at=start_at, end_at=end_at)


def _nothing_like(group: Group, outcome: Outcome) -> Group:
    """A group of which there are no visits: counts are 0, the rest is unknown."""
    zeros = tuple(0 if isinstance(value, int) else None for value in outcome.total.values)
    return Group(group.key, 0, zeros)
