"""What rows of the session list prove about a server that does not do as it is told.

Servers up to 2.6 answer all time to windows that they do not know, and every server ignores
parameters that it does not know.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from rybbit_mcp.api.errors import UnexpectedBodyError, UnsupportedError
from rybbit_mcp.api.filters import Filter
from rybbit_mcp.api.matching import Check
from rybbit_mcp.api.models import Session
from rybbit_mcp.api.parameters import Conditions
from rybbit_mcp.api.window import Window

WEB_VITALS = "vitals"
"""Part of the name of performance events, which no count of a row includes."""

CLOCK_SLACK = timedelta(hours=2)
"""How far the clocks of both machines may be apart where times are counted back from now."""

_UNKNOWN_CLOCK_SLACK = timedelta(minutes=10)
_HOUR = timedelta(hours=1)


def check_obeyed(
    rows: Sequence[Session], window: Window, conditions: Conditions, clock_off_s: float | None
) -> None:
    """Refuse rows that prove that the server ignored the window or lacks a field relied on."""
    if rows:
        newest_start_at = max(row.started_at for row in rows)
        check_inside(window, newest_start_at, min(row.ended_at for row in rows), clock_off_s)
    lacks_ids = rows and all("identified_user_id" not in row.model_fields_set for row in rows)
    if conditions.identified_only and lacks_ids:
        raise UnsupportedError(
            "This server does not tell which visitors are identified.",
            "Leave identified_only out.",
        )


def check_inside(
    window: Window, newest_start_at: datetime, oldest_end_at: datetime, clock_off_s: float | None
) -> None:
    """Refuse visits of which one proves that the server ignored the window."""
    bounds = _bounds(window, clock_off_s)
    if bounds and not (oldest_end_at >= bounds[0] and newest_start_at <= bounds[1]):
        raise UnexpectedBodyError(
            "The server ignored the period: it sent visits from outside it.",
            "Its version may not be what it seems; set RYBBIT_SERVER_VERSION, or check that "
            "the clocks of both machines are right.",
        )


def _bounds(window: Window, clock_off_s: float | None) -> tuple[datetime, datetime] | None:
    """Between which instants a server's visits of a window lie; None for all time.

    Days and exact times are the same by any clock; minutes are counted back from the server's.
    """
    start_at, end_at = window.start_at, window.end_at
    if start_at is None or end_at is None:
        return None
    if window.kind == "minutes":
        off = _UNKNOWN_CLOCK_SLACK
        if clock_off_s is not None:
            off = timedelta(seconds=60 + abs(clock_off_s))
        return start_at - off, end_at + CLOCK_SLACK  # new visits arrive while pages are read
    if window.kind == "days" and window.end_on is not None:
        zone = ZoneInfo(window.zone)
        day_end = datetime.combine(window.end_on + timedelta(days=1), time(), zone).astimezone(UTC)
        return start_at - _leeway(start_at, zone), day_end + _leeway(day_end, zone)
    return start_at, end_at


def _leeway(midnight: datetime, zone: ZoneInfo) -> timedelta:
    """How far servers may be off about a midnight.

    Clocks may skip it or strike it twice, and a server may know older rules of the zone, by an
    hour. So far off is also who ignores a zone which is itself no further from UTC.
    """
    offsets = [
        (midnight + hours).astimezone(zone).utcoffset() or timedelta(0) for hours in (-_HOUR, _HOUR)
    ]
    is_far = min(abs(offset) for offset in offsets) > _HOUR
    return _HOUR if is_far or offsets[0] != offsets[1] else timedelta(0)


def named_events_check(filters: Sequence[Filter], window: Window) -> Check[Session] | None:
    """Keeps the visits that can have an event of the name that filters ask for, if one does.

    Names have custom events, errors and web vitals alone; of the last a row tells nothing.

    Raises:
        UnsupportedError: by the check, for rows that prove that the server ignored the filter.
    """
    wanted = [item for item in filters if item.parameter == "event_name" and item.type == "equals"]
    names = [value for item in wanted for value in item.value]
    if not names or any(not name.strip() or WEB_VITALS in name.lower() for name in names):
        return None

    def keep(rows: Sequence[Session]) -> list[Session]:
        nameless = [row for row in rows if not row.event_count and not row.error_count]
        if not all(_may_be_cut(row, window) for row in nameless):
            raise UnsupportedError(
                "The server ignored the filter event_name: it sent visits without such an event.",
                "Leave it out; summarize_sessions with with_event reads events instead.",
            )
        return [row for row in rows if row.event_count or row.error_count]

    return keep


def _may_be_cut(row: Session, window: Window) -> bool:
    """Whether a visit, with the event, may go on beyond the window: visits pause half an hour."""
    if window.start_at is None or window.end_at is None:
        return False
    is_early = row.started_at < window.start_at + _HOUR
    return is_early or row.ended_at > window.end_at - _HOUR
