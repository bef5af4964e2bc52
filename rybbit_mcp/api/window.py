"""Time windows: what a caller asks for, as absolute bounds in a named zone.

The server reads wrong, incomplete or unknown windows as "all time" without a word (2.6 and older),
so nothing leaves here that it could misread.
"""

from __future__ import annotations

import difflib
import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from rybbit_mcp.api.errors import BadRequestError

DEFAULT_PERIOD = "7d"
PERIOD_HINT = (
    "Use 24h, 90m, 7d, today, yesterday, this_week, last_week, this_month, last_month, "
    "2026-10-15, 2026-10-01..2026-10-31 or all."
)
LONGEST_MINUTES = 60 * 24 * 366

_RELATIVE = re.compile(r"(\d{1,5})\s*([mhdw])", re.ASCII)
_MONTH = re.compile(r"\d{4}-\d{2}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT = re.compile(r"\d{4}-?\d{2}-?\d{2}[T ]\d.*", re.ASCII | re.IGNORECASE)
_EARLIEST = date(1970, 1, 1)
"""No visit is older; servers keep times as seconds from here."""
_FIRST_INSTANT = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time and how to ask the server for it.

    `kind` is the server's time mode: whole `days` in the zone, `minutes` back from now, exact
    `instants`, or `all` time. `start_at` is included, `end_at` is not; both are aware UTC, and
    None only for `all`. `asked` is the caller's own wording.
    """

    kind: Literal["days", "minutes", "instants", "all"]
    zone: str
    asked: str
    start_at: datetime | None = None
    end_at: datetime | None = None
    start_on: date | None = None
    end_on: date | None = None
    minutes: int = 0


def resolve_window(
    *,
    now: datetime,
    zone: str,
    period: str = "",
    start_date: str = "",
    end_date: str = "",
    past_minutes: int = 0,
) -> Window:
    """The window that the arguments of a tool mean; the last seven days where none is given.

    Days are calendar days in the zone and include today: `7d` is today and the six days before.
    `24h` and `90m` count back from now.

    Raises:
        BadRequestError: contradictory, malformed or future times, or an unknown zone.
    """
    zone = canonical_zone(zone)
    given = [
        name
        for name, value in (
            ("period", period),
            ("start_date/end_date", start_date or end_date),
            ("past_minutes", past_minutes),
        )
        if value
    ]
    if len(given) > 1:
        raise BadRequestError(
            f"{' and '.join(given)} contradict each other.", f"Keep {given[0]}, drop the rest."
        )
    if past_minutes:
        return _minutes(past_minutes, zone, now, f"past_minutes={past_minutes}")
    if start_date or end_date:
        return _between(start_date, end_date, zone, now)
    return _named(period.strip() or DEFAULT_PERIOD, zone, now)


def _between(start_date: str, end_date: str, zone: str, now: datetime) -> Window:
    if not (start_date and end_date):
        missing = "start_date" if end_date else "end_date"
        raise BadRequestError(f"{missing} is missing.", "Give both, or use period instead.")
    if _is_instant(start_date) or _is_instant(end_date):
        return _instants(start_date, end_date, zone, now)
    first, last = _day(start_date, "start_date"), _day(end_date, "end_date")
    return _days(first, last, zone, now, f"{start_date}..{end_date}")


def canonical_zone(zone: str) -> str:
    """The IANA zone in its exact spelling: servers fail on `europe/berlin`.

    Raises:
        BadRequestError: no such zone (servers read `+02:00` as all time); the hint names the
            nearest real ones.
    """
    return _canonical_zone(zone.strip())


@lru_cache(maxsize=512)
def _canonical_zone(zone: str) -> str:
    if zone == "UTC":
        return zone
    names = available_timezones() - {"localtime", "Factory"}
    if zone in names:
        return zone
    for name in names:
        if name.lower() == zone.lower():
            return name
    near = [name for name in sorted(names) if name.lower().endswith("/" + zone.lower())]
    near = near or difflib.get_close_matches(zone, names, n=3)
    hint = f"Did you mean {' or '.join(near[:3])}?" if near else "Use a name like Europe/Prague."
    raise BadRequestError(f"time_zone {zone[:40]!r} is not an IANA zone.", hint)


def _named(period: str, zone: str, now: datetime) -> Window:
    today = now.astimezone(ZoneInfo(zone)).date()
    if period.lower() == "all":
        return Window("all", zone, period)
    if match := _RELATIVE.fullmatch(period.lower()):
        return _back_from_now(int(match[1]), match[2], zone, now, period)
    first, dots, last = period.partition("..")
    if dots and (_is_instant(first) or _is_instant(last)):
        return _instants(first, last, zone, now)
    if bounds := _calendar(period, today):
        return _days(*bounds, zone, now, period)
    if dots:
        return _days(_day(first, "period"), _day(last, "period"), zone, now, period)
    raise BadRequestError(f"period {period[:40]!r} is not a period.", PERIOD_HINT)


def _back_from_now(amount: int, unit: str, zone: str, now: datetime, asked: str) -> Window:
    if amount == 0:
        raise BadRequestError(f"period {asked!r} is empty.", PERIOD_HINT)
    if unit in "mh":
        return _minutes(amount * (60 if unit == "h" else 1), zone, now, asked)
    span_days = amount * (7 if unit == "w" else 1)
    if span_days > 20_000:
        raise BadRequestError(f"period {asked!r} is too long.", "Use period=all.")
    today = now.astimezone(ZoneInfo(zone)).date()
    return _days(today - timedelta(days=span_days - 1), today, zone, now, asked)


def _calendar(period: str, today: date) -> tuple[date, date] | None:
    if _DAY.fullmatch(period):
        return _day(period, "period"), _day(period, "period")
    if _MONTH.fullmatch(period):
        month = _day(period + "-01", "period")
        return month, _month_end(month)
    monday = today - timedelta(days=today.weekday())
    first = today.replace(day=1)
    day = timedelta(days=1)
    return {
        "today": (today, today),
        "yesterday": (today - day, today - day),
        "this_week": (monday, today),
        "last_week": (monday - 7 * day, monday - day),
        "this_month": (first, today),
        "last_month": ((first - day).replace(day=1), first - day),
    }.get(period.lower())


def _month_end(first: date) -> date:
    return first.replace(day=monthrange(first.year, first.month)[1])


def _day(text: str, argument: str) -> date:
    try:
        if not _DAY.fullmatch(text.strip()):
            raise ValueError
        return date.fromisoformat(text.strip())
    except ValueError:
        raise BadRequestError(
            f"{argument}: {text[:40]!r} is not a date.", "Write dates as YYYY-MM-DD."
        ) from None


def _days(start_on: date, end_on: date, zone: str, now: datetime, asked: str) -> Window:
    today = now.astimezone(ZoneInfo(zone)).date()
    if end_on < start_on:
        raise BadRequestError(f"The end {end_on} is before the start {start_on}.", "Swap them.")
    if start_on > today:
        raise BadRequestError(f"{start_on} is in the future.", f"Today is {today} in {zone}.")
    if end_on < _EARLIEST:
        raise BadRequestError(f"{end_on} is before any visit.", "Use a later date.")
    start_on = max(start_on, _EARLIEST)
    end_on = min(end_on, today)  # servers answer nothing at all for far futures
    start_at, end_at = _midnight(start_on, zone), _midnight(end_on + timedelta(days=1), zone)
    if start_at >= end_at:
        raise BadRequestError(f"{start_on} does not exist in {zone}.", "Use another day.")
    return Window(
        "days",
        zone,
        asked,
        start_at=start_at,
        end_at=min(end_at, now.astimezone(UTC)),
        start_on=start_on,
        end_on=end_on,
    )


def _midnight(day: date, zone: str) -> datetime:
    """The day's first instant: where clocks jump over 00:00, the instant of the jump."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def _minutes(minutes: int, zone: str, now: datetime, asked: str) -> Window:
    if not 0 < minutes <= LONGEST_MINUTES:
        raise BadRequestError(
            f"{asked} is out of range.", f"1 to {LONGEST_MINUTES} minutes; use days beyond."
        )
    end_at = now.astimezone(UTC)
    return Window(
        "minutes",
        zone,
        asked,
        start_at=end_at - timedelta(minutes=minutes),
        end_at=end_at,
        minutes=minutes,
    )


def _is_instant(text: str) -> bool:
    return _INSTANT.fullmatch(text.strip()) is not None


def _instants(start: str, end: str, zone: str, now: datetime) -> Window:
    start_at, end_at = _instant(start, zone), _instant(end, zone)
    if _DAY.fullmatch(end.strip()):  # a day as an end is meant whole
        last_day = min(_day(end, "end"), now.date() + timedelta(days=2))
        end_at = _midnight(last_day + timedelta(days=1), zone)
    if end_at <= start_at:
        raise BadRequestError("The end is not after the start.", "Swap them.")
    if start_at > now:
        clock = f"{now.astimezone(UTC):%Y-%m-%d %H:%M}"
        raise BadRequestError(f"{start.strip()[:40]} is in the future.", f"It is {clock} UTC now.")
    end_at = min(end_at, now.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1))
    return Window("instants", zone, f"{start}..{end}", start_at=start_at, end_at=end_at)


def _instant(text: str, zone: str) -> datetime:
    """The instant, to the second: with fractions, 2.6 would read all time."""
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(zone))
        return max(moment.astimezone(UTC), _FIRST_INSTANT).replace(microsecond=0)
    except (ValueError, OverflowError):
        raise BadRequestError(
            f"{text[:40]!r} is not a time.", "Write times as 2026-10-15T09:30, in time_zone."
        ) from None
