"""The records of the Sessions API as typed objects.

API spelling and peculiarities end here: texts that the server turned into numbers become text
again, unknown countries (two NUL characters) become "", times without a zone become aware UTC
instants. Unknown fields are dropped, missing ones get the value that means "unknown".

Source: `GET …/sessions`, `…/sessions/{id}`, `…/sessions/locations`, `/api/organizations`,
`/api/organizations/{id}/sites`, `/api/sites/{site}` as recorded from four server versions.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, RootModel


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
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return str(value) if isinstance(value, int | float) else ""


def _integer(value: object) -> int:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return 0
    if isinstance(value, int | float) and abs(value) < 2**63:  # false for NaN and infinity
        return int(value)
    return 0


def _decimal(value: object) -> float:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return 0.0
    if isinstance(value, int | float) and abs(value) < 1e9:
        return float(value)
    return 0.0


def _site_id(value: object) -> int | str:
    if isinstance(value, str) and re.fullmatch(r"[0-9a-f]{12}", value, re.ASCII):
        return value
    number = _integer(value)
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
    try:
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time out of range") from None


def _flag(value: object) -> bool:
    return value is True or value == 1


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _object_or_none(value: object) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def _count_or_none(value: object) -> int | None:
    return None if value is None else _integer(value)


def _list(value: object) -> object:
    return [] if value is None else value


Text = Annotated[str, BeforeValidator(text_of)]
Count = Annotated[int, BeforeValidator(_integer)]
Decimal = Annotated[float, BeforeValidator(_decimal)]
Instant = Annotated[datetime, BeforeValidator(_instant)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Properties = Annotated[dict[str, Any], BeforeValidator(_object)]


class Record(BaseModel):
    """Base of all records: frozen, tolerant of fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Visit(Record):
    """What a list row and the head of one session have in common."""

    session_id: str = Field(min_length=1)
    user_id: Text = ""
    started_at: Annotated[Instant, Field(validation_alias="session_start")]
    ended_at: Annotated[Instant, Field(validation_alias="session_end")]
    duration_s: Annotated[Count, Field(validation_alias="session_duration")] = 0
    pageview_count: Annotated[Count, Field(validation_alias="pageviews")] = 0
    event_count: Annotated[Count, Field(validation_alias="events")] = 0
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
    screen_width: Count = 0
    screen_height: Count = 0
    referrer: Text = ""
    channel: Text = ""


class Session(Visit):
    """One row of the session list.

    `event_count` counts custom events only. Fields that older servers do not send
    (`identified_user_id`, `tag`, `timezone`, …) are "" or None there.
    """

    identified_user_id: Text = ""
    traits: Annotated[dict[str, Any] | None, BeforeValidator(_object_or_none)] = None
    error_count: Annotated[Count, Field(validation_alias="errors")] = 0
    outbound_count: Annotated[Count, Field(validation_alias="outbound")] = 0
    hostname: Text = ""
    utm_source: Text = ""
    utm_medium: Text = ""
    utm_campaign: Text = ""
    utm_term: Text = ""
    utm_content: Text = ""
    lat: Decimal = 0.0
    lon: Decimal = 0.0
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

    total: Count = 0
    limit: Count = 0
    offset: Count = 0
    has_more: Annotated[Flag, Field(validation_alias="hasMore")] = False


class SessionDetail(Record):
    """One session: its head, a stretch of its events, and where that stretch stands."""

    head: Annotated[SessionHead, Field(validation_alias="session")]
    events: Annotated[list[Event], BeforeValidator(_list)] = Field(default_factory=list)
    pagination: Annotated[Pagination, BeforeValidator(_object)] = Field(default_factory=Pagination)


class Location(Record):
    """One place and how many visits came from there; (0, 0) without a city is "unknown"."""

    lat: Decimal = 0.0
    lon: Decimal = 0.0
    city: Text = ""
    country: Text = ""
    visit_count: Annotated[int, Field(validation_alias="count")]


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
