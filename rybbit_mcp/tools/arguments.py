"""Arguments that several tools share: their types, and what a model reads about them.

`list_sessions` explains them; the other tools refer to it, which saves hundreds of tokens in
every conversation.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

Site = Annotated[
    str, Field(description="Number, id, domain or name. May be left out if there is one site.")
]
Period = Annotated[
    str,
    Field(
        description="24h, 90m, 7d (default), today, yesterday, this_month, last_month, "
        "2026-10-15, 2026-10-01..2026-10-31, all"
    ),
]
TimeZone = Annotated[str, Field(description="IANA zone of days and printed times")]
StartDate = Annotated[str, Field(description="YYYY-MM-DD, instead of period")]
EndDate = Annotated[str, Field(description="YYYY-MM-DD, included")]
PastMinutes = Annotated[int, Field(ge=0, description="Instead of period")]
UserId = Annotated[str, Field(description="A visitor as printed (v…, u…), or a raw id")]


class FilterArgument(BaseModel):
    """One condition on visits; several all hold, several values are alternatives."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    parameter: Annotated[
        str,
        Field(
            description="country (DE), region (US-CA), city, device_type (Mobile), browser, "
            "operating_system, language, channel, referrer, hostname, entry_page, exit_page, "
            "pathname, page_title, querystring, event_name, utm_source, utm_medium, "
            "utm_campaign, utm_term, utm_content, user_id, tag, timezone, lat, lon, …"
        ),
    ]
    type: Annotated[
        str,
        Field(
            description="equals, not_equals, contains, not_contains, starts_with, ends_with, "
            "regex, not_regex, is_null, is_not_null, greater_than, less_than"
        ),
    ] = "equals"
    value: Annotated[Any, WithJsonSchema({"type": "array", "items": {"type": "string"}})] = None
    """A single text or number is taken too; several types in a schema are not portable."""


Filters = Annotated[list[FilterArgument], Field(description="All must hold. Case matters.")]


class BareFilter(FilterArgument):
    """A filter whose schema says nothing that `list_sessions` says already."""

    parameter: str
    type: str = "equals"


FiltersAsInList = Annotated[list[BareFilter], Field(description="As in list_sessions")]
PeriodAsInList = Annotated[str, Field(description="As in list_sessions")]
