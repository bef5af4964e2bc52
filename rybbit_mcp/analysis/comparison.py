"""Two windows compared: which other one is meant, and what changed from it.

A period that is not over is compared with the same part of the other: `today` at 13:05 with
yesterday until 13:05, `this_month` on the 24th with `last_month` until its 24th.
"""

from __future__ import annotations

import re
from calendar import monthrange
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
_MONTH = re.compile(r"\d{4}-\d{2}", re.ASCII)
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


def check_comparable(specification: Specification) -> None:
    """Raises BadRequestError: groups of dates, of which the other window has none."""
    dates = [name for name in specification.group_by if name in {"day", "week", "month"}]
    if dates:
        raise BadRequestError(
            f"compare: two periods have no {dates[0]} in common, so none has a before.",
            "Group by weekday or hour instead, or ask for each period without compare.",
        )


def other_window(window: Window, compare: str, now: datetime) -> Window:
    """The window that `compare` means for this one.

    `previous_period` is as long and ends where this one begins; `last_week` and `last_year` lie 7
    days, or one year, earlier; anything else is a period such as `2026-10-01..2026-10-31`, of which
    the same part is taken if it is as long as the asked one will be.

    Raises:
        BadRequestError: all time, which nothing comes before; no such period; or the asked one
            began less than a second ago.
    """
    if compare not in COMPARISONS:
        return _same_part(window, named_window(window, compare, now), now)
    if window.start_at is None or window.end_at is None:
        raise BadRequestError("All time has no period before it.", "Give a period, such as 30d.")
    if window.start_on is None or window.end_on is None:
        length = window.end_at - window.start_at
        shift = {"previous_period": length, "last_week": 7 * _DAY}.get(compare, 365 * _DAY)
        return _exact(window, compare, window.start_at - shift, window.end_at - shift)
    start_on = _earlier(window.start_on, window, compare)
    end_on = _earlier(window.end_on, window, compare)
    days = resolve_window(now=now, zone=window.zone, start_date=str(start_on), end_date=str(end_on))
    days = replace(days, asked=compare)
    return _until(days, end_on, now) if is_partial(window, now) else days


def named_window(window: Window, compare: str, now: datetime) -> Window:
    """The whole of the period that `compare` names.

    Raises:
        BadRequestError: no such period.
    """
    return resolve_window(now=now, zone=window.zone, period=compare)


def is_partial(window: Window, now: datetime) -> bool:
    """Whether the window's last day is not over."""
    return (
        window.end_on is not None and window.end_on >= now.astimezone(ZoneInfo(window.zone)).date()
    )


def is_same_part(window: Window, other: Window, now: datetime) -> bool:
    """Whether the other window is as long, by the clocks of the zone, as this one is until now."""
    if window.start_at is None or other.start_at is None or other.end_at is None:
        return False
    if not is_partial(window, now) or other.kind != "instants":
        return False
    here = _by_clock(now, window) - _by_clock(window.start_at, window)
    there = _by_clock(other.end_at, window) - _by_clock(other.start_at, window)
    return there == here


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


def _same_part(window: Window, other: Window, now: datetime) -> Window:
    """What corresponds to the asked window until now, where the other is over and as long."""
    if window.start_on is None or other.start_on is None or other.end_on is None:
        return other
    if not is_partial(window, now) or is_partial(other, now):
        return other
    if not _are_as_long(window, other):
        return other
    passed = now.astimezone(ZoneInfo(window.zone)).date() - window.start_on
    last_on = other.start_on + passed
    return other if last_on > other.end_on else _until(other, last_on, now)


def _are_as_long(window: Window, other: Window) -> bool:
    """Whether the other days are as many as the asked period has when it is over."""
    if window.start_on is None or window.end_on is None:
        return False
    if other.start_on is None or other.end_on is None:
        return False
    other_count = (other.end_on - other.start_on).days + 1
    asked = window.asked.strip().lower()
    if asked == "this_month" or _MONTH.fullmatch(asked):
        month_length = monthrange(other.start_on.year, other.start_on.month)[1]
        return other.start_on.day == 1 and other_count == month_length
    if asked == "this_week":
        return other_count == 7
    return other_count == (window.end_on - window.start_on).days + 1


def _until(days: Window, last_on: date, now: datetime) -> Window:
    """The days until the time of day that it is now on the last of them."""
    zone = ZoneInfo(days.zone)
    clock = now.astimezone(zone).time().replace(microsecond=0)
    until = datetime.combine(last_on, clock, zone).astimezone(UTC)
    if days.start_at is None or until <= days.start_at:
        raise BadRequestError(
            "The period has just begun: there is no part to compare with.",
            "Ask again in a second, or for a period that is over.",
        )
    return _exact(days, days.asked, days.start_at, until)


def _by_clock(moment: datetime, window: Window) -> datetime:
    """The moment as the clocks of the zone show it, to the second."""
    return moment.astimezone(ZoneInfo(window.zone)).replace(tzinfo=None, microsecond=0)


def _exact(window: Window, compare: str, start_at: datetime, end_at: datetime) -> Window:
    return Window("instants", window.zone, compare, start_at=start_at, end_at=end_at)


def _nothing_like(group: Group, outcome: Outcome) -> Group:
    """A group of which there are no visits: counts are 0, the rest is unknown."""
    zeros = tuple(0 if isinstance(value, int) else None for value in outcome.total.values)
    return Group(group.key, 0, zeros)
