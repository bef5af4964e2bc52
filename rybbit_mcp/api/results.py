"""What the client returns besides single records: pages and their provenance."""

from __future__ import annotations

from dataclasses import dataclass

from rybbit_mcp.api.models import Event, Location, Session, SessionHead


@dataclass(frozen=True, slots=True)
class SessionPage:
    """One page of visits, newest first.

    `may_have_more` is True when the page is full, or was cut: the API gives no total. `notes` say
    in our own words what the numbers rest on where that is not obvious (filters applied here, a
    bounded search). `is_complete` is False when a bound ended the search before the window did.
    `dropped_count` rows came though they do not match, so that nobody knows the visits' numbers.
    """

    sessions: tuple[Session, ...]
    page: int
    limit: int
    may_have_more: bool
    notes: tuple[str, ...] = ()
    is_complete: bool = True
    dropped_count: int = 0


@dataclass(frozen=True, slots=True)
class SessionStory:
    """One visit: its head, the events read, and the matching list row where one was found.

    `events` start at `offset`; `event_total` counts all events but performance ones.
    `row` carries what the detail lacks (identified id, traits, UTM tags, counts).
    """

    head: SessionHead
    events: tuple[Event, ...]
    event_total: int
    offset: int = 0
    row: Session | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether every event was read."""
        return self.offset == 0 and len(self.events) >= self.event_total


@dataclass(frozen=True, slots=True)
class LocationList:
    """Places of a window, unsorted, all of them."""

    locations: tuple[Location, ...]
    notes: tuple[str, ...] = ()
