"""The records of the Sessions API as typed objects.

API spelling and peculiarities end here: texts that the server turned into numbers become text
again, unknown countries (two NUL characters) become "", times without a zone become aware UTC
instants. Unknown fields are dropped; missing texts, screens and places get the value that means
"unknown". Counts and durations have no such value, and every server sends them: a record without
is refused.

Source: `GET …/sessions`, `…/sessions/{id}`, `…/sessions/locations`, `/api/organizations`,
`/api/organizations/{id}/sites`, `/api/sites/{site}` as recorded from four server versions.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    model_validator,
)

from rybbit_mcp.api.numbers import count_of, degrees_of, pixels_of, seconds_of


def text_of(value: object) -> str:
    """Text again, where the server's `Number()` made a number of it.

    Digits lost on the way (leading zeros, more than 17 digits) cannot be restored. `Infinity`
    arrives as null and reads as unknown.
    """
    if isinstance(value, str):
        return "" if value.strip("\0") == "" else value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return ""  # no JSON, so no server's
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return str(value) if isinstance(value, int | float) else ""


def _site_id(value: object) -> int | str:
    if isinstance(value, str) and re.fullmatch(r"[0-9a-f]{12}", value, re.ASCII):
        return value
    number = count_of(value)
    if number < 1:
        raise ValueError("a site must have a number")
    return number


def _instant(value: object) -> datetime:
    """The aware instant of `YYYY-MM-DD HH:MM:SS[.fff]`, which the server writes in UTC."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if not isinstance(value, str):
        raise ValueError("a time must be text")
    parsed = datetime.fromisoformat(value)
    if not 1970 <= parsed.year <= 2200:  # beyond what servers can keep, and zones can shift
        raise ValueError("a time out of range")
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def _flag(value: object) -> bool:
    return value is True or value == 1


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _object_or_none(value: object) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def _count_or_none(value: object) -> int | None:
    try:
        return count_of(value)
    except ValueError:
        return None


def _list(value: object) -> object:
    return [] if value is None else value


Text = Annotated[str, BeforeValidator(text_of)]
Count = Annotated[int, BeforeValidator(count_of)]
Seconds = Annotated[int, BeforeValidator(seconds_of)]
Pixels = Annotated[int, BeforeValidator(pixels_of)]
Degrees = Annotated[float, BeforeValidator(degrees_of)]
Instant = Annotated[datetime, BeforeValidator(_instant)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Properties = Annotated[dict[str, Any], BeforeValidator(_object)]


class Record(BaseModel):
    """Base of all records: frozen, tolerant of fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Located(Record):
    """Base of what has a place; a place of which one coordinate is none is unknown."""

    lat: Degrees = math.nan
    lon: Degrees = math.nan

    @model_validator(mode="after")
    def _place_is_whole(self) -> Self:
        if not abs(self.lat) <= 90 or math.isnan(self.lon):
            object.__setattr__(self, "lat", 0.0)
            object.__setattr__(self, "lon", 0.0)
        return self


class Visit(Record):
    """What a list row and the head of one session have in common."""

    session_id: str = Field(min_length=1)
    user_id: Text = ""
    started_at: Annotated[Instant, Field(validation_alias="session_start")]
    ended_at: Annotated[Instant, Field(validation_alias="session_end")]
    duration_s: Annotated[Seconds, Field(validation_alias="session_duration")]
    pageview_count: Annotated[Count, Field(validation_alias="pageviews")]
    event_count: Annotated[Count, Field(validation_alias="events")]
    entry_page: Text = ""
    exit_page: Text = ""
    country: Text = ""
    region: Text = ""
    city: Text = ""
    language: Text = ""
    browser: Text = ""
    browser_version: Text = ""
    operating_system: Text = ""
    operating_system_version: Text = ""
    device_type: Text = ""
    screen_width: Pixels = 0
    screen_height: Pixels = 0
    referrer: Text = ""
    channel: Text = ""


class Session(Visit, Located):
    """One row of the session list.

    `event_count` counts custom events only. Fields that older servers do not send
    (`identified_user_id`, `tag`, `timezone`, …) are "" or None there.
    """

    identified_user_id: Text = ""
    traits: Annotated[dict[str, Any] | None, BeforeValidator(_object_or_none)] = None
    error_count: Annotated[Count, Field(validation_alias="errors")]
    outbound_count: Annotated[Count, Field(validation_alias="outbound")]
    hostname: Text = ""
    utm_source: Text = ""
    utm_medium: Text = ""
    utm_campaign: Text = ""
    utm_term: Text = ""
    utm_content: Text = ""
    tag: Text = ""
    timezone: Text = ""

    @property
    def is_bounce(self) -> bool:
        """Rybbit's definition: exactly one pageview."""
        return self.pageview_count == 1


class SessionHead(Visit):
    """The head of one session's detail.

    `event_count` here counts every event, pageviews and performance events too.
    """


class Event(Record):
    """One event of a session, in the order of the server (oldest first)."""

    at: Annotated[Instant, Field(validation_alias="timestamp")]
    type: Text = ""
    pathname: Text = ""
    querystring: Text = ""
    hostname: Text = ""
    page_title: Text = ""
    referrer: Text = ""
    name: Annotated[Text, Field(validation_alias="event_name")] = ""
    properties: Annotated[Properties, Field(validation_alias="props")] = Field(default_factory=dict)


class Pagination(Record):
    """Where a stretch of events stands; `total` leaves performance events out."""

    total: Count
    has_more: Annotated[Flag, Field(validation_alias="hasMore")] = False


class SessionDetail(Record):
    """One session: its head, a stretch of its events, and where that stretch stands."""

    head: Annotated[SessionHead, Field(validation_alias="session")]
    events: Annotated[list[Event], BeforeValidator(_list)] = Field(default_factory=list)
    pagination: Pagination


class Location(Located):
    """One place and how many visits came from there; (0, 0) without a city is "unknown"."""

    city: Text = ""
    country: Text = ""
    visit_count: Annotated[Count, Field(validation_alias="count")]


class Site(Record):
    """One site. `text_id` is the short id that stands for `site_id` in addresses.

    `site_id` is the number, and the text id only where the server does not tell the number.
    `sessions_24h` is None where the server did not say.
    """

    site_id: Annotated[int | str, BeforeValidator(_site_id)] = Field(
        validation_alias=AliasChoices("siteId", "site_id")
    )
    text_id: Annotated[Text, Field(validation_alias="id")] = ""
    name: Text = ""
    domain: Text = ""
    is_public: Annotated[Flag, Field(validation_alias="public")] = False
    sessions_24h: Annotated[
        int | None, BeforeValidator(_count_or_none), Field(validation_alias="sessionsLast24Hours")
    ] = None


class ShortSite(Record):
    """A site inside an organization: here `id` is the number, as text."""

    id: Text
    name: Text = ""
    domain: Text = ""


class Organization(Record):
    """One organization. Members, logos and billing fields are dropped on arrival."""

    id: str = Field(min_length=1)
    name: Text = ""
    sites: Annotated[list[ShortSite], BeforeValidator(_list)] = Field(default_factory=list)

    def known_sites(self) -> list[Site]:
        """Its sites as far as it tells them: without text ids and visits."""
        return [
            Site(site_id=int(short.id), name=short.name, domain=short.domain)
            for short in self.sites
            if short.id.isdecimal() and int(short.id) > 0
        ]


class OrganizationList(RootModel[list[Organization]]):
    """The organizations that a key sees."""
