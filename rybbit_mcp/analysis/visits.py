"""Numbers about a handful of visits, computed here because models cannot total a column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rybbit_mcp.api.models import Session


@dataclass(frozen=True, slots=True)
class Tally:
    """A value and the number of visits that have it; "" is the unknown value."""

    value: str
    visit_count: int


@dataclass(frozen=True, slots=True)
class VisitSummary:
    """What is true of exactly the visits that were given, and of no others.

    The tallies hold every value, the unknown one too, so that each sums to `visit_count`; most
    frequent first, equal ones in the order of their spelling. `visitor_count` leaves out visits
    without any visitor id. `median_duration_s` is 0 where there are no visits.
    """

    visit_count: int
    bounce_count: int
    median_duration_s: int
    pageview_count: int
    error_visit_count: int
    visitor_count: int
    channels: tuple[Tally, ...]
    countries: tuple[Tally, ...]
    entry_pages: tuple[Tally, ...]
    device_types: tuple[Tally, ...]

    @property
    def bounce_share(self) -> float:
        """The part of the visits that have exactly one pageview, 0 to 1."""
        return self.bounce_count / self.visit_count if self.visit_count else 0.0


def summarize_visits(sessions: Sequence[Session]) -> VisitSummary:
    """The numbers of exactly these visits."""
    return VisitSummary(
        visit_count=len(sessions),
        bounce_count=sum(session.is_bounce for session in sessions),
        median_duration_s=median_s([session.duration_s for session in sessions]),
        pageview_count=sum(session.pageview_count for session in sessions),
        error_visit_count=sum(session.error_count > 0 for session in sessions),
        visitor_count=len({visitor_key(session) for session in sessions} - {("", "")}),
        channels=tally(session.channel for session in sessions),
        countries=tally(session.country for session in sessions),
        entry_pages=tally(session.entry_page for session in sessions),
        device_types=tally(session.device_type for session in sessions),
    )


def median_s(durations_s: Sequence[int]) -> int:
    """The middle duration; of an even number the mean of the middle two.

    Units: whole seconds, halves rounded up; 0 where there are none.
    """
    if not durations_s:
        return 0
    ordered = sorted(durations_s)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle] + 1) // 2


def tally(values: Iterable[str]) -> tuple[Tally, ...]:
    """How often each value occurs, most frequent first, equal ones by spelling."""
    counts = Counter(values)
    return tuple(
        Tally(value, count)
        for value, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )


def visitor_key(session: Session) -> tuple[str, str]:
    """What makes two visits those of one visitor: the identified id, else the device."""
    if session.identified_user_id:
        return ("identified", session.identified_user_id)
    return ("device", session.user_id) if session.user_id else ("", "")
