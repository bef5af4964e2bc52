"""What tells the four generations of Rybbit servers apart, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Letter: TypeAlias = Literal["A", "B", "C", "D"]

_OPERATORS_A = ("equals", "not_equals", "contains", "not_contains")
_OPERATORS_B = (*_OPERATORS_A, "regex", "not_regex", "greater_than", "less_than")
_OPERATORS_C = (
    *_OPERATORS_A,
    "starts_with",
    "ends_with",
    "regex",
    "not_regex",
    "is_null",
    "is_not_null",
    "greater_than",
    "less_than",
    "greater_than_or_equal",
    "less_than_or_equal",
)
_PARAMETERS = (
    "browser",
    "operating_system",
    "language",
    "country",
    "region",
    "city",
    "device_type",
    "referrer",
    "hostname",
    "pathname",
    "page_title",
    "querystring",
    "event_name",
    "channel",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "entry_page",
    "exit_page",
    "dimensions",
    "browser_version",
    "operating_system_version",
    "user_id",
    "lat",
    "lon",
    "timezone",
)
_PARAMETERS_OF_CLOUD = (
    "vpn",
    "crawler",
    "datacenter",
    "company",
    "company_type",
    "company_domain",
    "asn_org",
    "asn_type",
    "asn_domain",
)
_ROW_FIELDS = (
    "session_id",
    "user_id",
    "identified_user_id",
    "country",
    "region",
    "city",
    "language",
    "device_type",
    "browser",
    "browser_version",
    "operating_system",
    "operating_system_version",
    "screen_width",
    "screen_height",
    "referrer",
    "channel",
    "hostname",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "session_end",
    "session_start",
    "session_duration",
    "entry_page",
    "exit_page",
    "pageviews",
    "events",
    "errors",
    "outbound",
    "button_clicks",
    "copies",
    "form_submits",
    "input_changes",
    "ip",
    "lat",
    "lon",
    "tag",
    "timezone",
    "has_replay",
    "traits",
)
_SINCE_B = frozenset({"identified_user_id", "has_replay", "traits"})
_SINCE_C = frozenset({"button_clicks", "copies", "form_submits", "input_changes", "tag"})
_SINCE_D = frozenset({"timezone"})


@dataclass(frozen=True, slots=True)
class Generation:
    """One generation: its routes, parameters, fields and faults."""

    letter: Letter
    version: str | None
    row_fields: tuple[str, ...]
    operators: tuple[str, ...]
    filter_parameters: tuple[str, ...]
    # matched against any event of the visit
    any_event_parameters: frozenset[str]
    # accepted by the validator, then unknown to the database: in a list, everywhere
    missing_in_list: frozenset[str]
    missing_columns: frozenset[str]

    @property
    def has_site_routes(self) -> bool:
        """True where the site comes first in an address, and 403 means no access."""
        return self.letter in "CD"

    @property
    def is_camel_case(self) -> bool:
        """True where parameters are written startDate, userId."""
        return self.letter == "A"

    @property
    def has_datetimes(self) -> bool:
        """True where start_datetime and end_datetime are known."""
        return self.letter in "CD"

    @property
    def has_minimums(self) -> bool:
        """True where session_id, min_pageviews, min_events, min_duration are known."""
        return self.letter in "CD"

    @property
    def is_strict(self) -> bool:
        """True where windows are checked, negative lists and wildcards are right."""
        return self.letter == "D"

    @property
    def needs_page(self) -> bool:
        """True where a list without `page` fails."""
        return self.letter == "A"

    @property
    def counts_from_the_end(self) -> bool:
        """True where the database takes negative limits and offsets."""
        return self.letter == "D"

    @property
    def takes_first_set_referrer(self) -> bool:
        """True where the referrer is the first non-empty one of a visit."""
        return self.letter == "D"


def generation_of(letter: Letter) -> Generation:
    """Return the generation with this letter."""
    rows = {
        "A": _without(_SINCE_B | _SINCE_C | _SINCE_D),
        "B": _without(_SINCE_C | _SINCE_D),
        "C": _without(_SINCE_D),
        "D": _ROW_FIELDS,
    }
    any_event = {
        "A": frozenset({"event_name"}),
        "B": frozenset({"event_name"}),
        "C": frozenset({"event_name", "pathname", "page_title"}),
        "D": frozenset({"event_name", "pathname", "page_title", "querystring"}),
    }
    per_event = frozenset({"pathname", "page_title", "querystring", "timezone"})
    missing = {
        "A": per_event,
        "B": per_event,
        "C": frozenset({"querystring", "timezone"}),
        "D": frozenset[str](),
    }
    return Generation(
        letter=letter,
        version={"C": "2.6.0", "D": "2.7.0"}.get(letter),
        row_fields=rows[letter],
        operators={"A": _OPERATORS_A, "B": _OPERATORS_B}.get(letter, _OPERATORS_C),
        filter_parameters=(
            (*_PARAMETERS, "tag") if letter in "CD" else (*_PARAMETERS, *_PARAMETERS_OF_CLOUD)
        ),
        any_event_parameters=any_event[letter],
        missing_in_list=missing[letter],
        missing_columns=frozenset(() if letter in "CD" else _PARAMETERS_OF_CLOUD),
    )


def _without(fields: frozenset[str]) -> tuple[str, ...]:
    return tuple(field for field in _ROW_FIELDS if field not in fields)
