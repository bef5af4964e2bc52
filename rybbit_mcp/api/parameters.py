"""Query parameters of a window and of the visit conditions, as each generation reads them.

Servers ignore unknown parameters without a word. On the old routes A's own names are sent beside
the later ones: some of those servers know only these, others only those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from rybbit_mcp.api.errors import BadRequestError, UnsupportedError
from rybbit_mcp.api.generations import Generation
from rybbit_mcp.api.models import Session
from rybbit_mcp.api.window import Window

_OLD_NAMES = {
    "start_date": "startDate",
    "end_date": "endDate",
    "time_zone": "timeZone",
    "past_minutes_start": "pastMinutesStart",
    "past_minutes_end": "pastMinutesEnd",
    "user_id": "userId",
}


LONGEST_QUERY = 14_000
"""Characters of all parameters as sent: servers refuse addresses beyond about 16,000."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Conditions on whole visits beside filters; 0, "" and False mean none.

    `user_id` is a device id or an identified id, exactly. `min_events` counts custom events.
    """

    user_id: str = ""
    identified_only: bool = False
    min_pageviews: int = 0
    min_events: int = 0
    min_duration_s: int = 0

    def __post_init__(self) -> None:
        if min(self.min_pageviews, self.min_events, self.min_duration_s) < 0:
            raise BadRequestError("A minimum cannot be negative.", "Use 0 or more.")

    def parameters(self, generation: Generation) -> dict[str, str]:
        """The conditions that this generation understands."""
        sent = {"user_id": self.user_id} if self.user_id else {}
        if self.identified_only:
            sent["identified_only"] = "true"  # nothing but this exact word works
        if generation.has_minimums:
            minimums = {
                "min_pageviews": self.min_pageviews,
                "min_events": self.min_events,
                "min_duration": self.min_duration_s,
            }
            sent |= {name: str(value) for name, value in minimums.items() if value}
        return with_old_names(sent, generation)

    def is_exact(self, generation: Generation) -> bool:
        """Whether the server alone sends the right rows, so that its paging holds."""
        has_minimum = bool(self.min_pageviews or self.min_events or self.min_duration_s)
        if has_minimum and not generation.has_minimums:
            return False
        return not (self.identified_only and generation.name == "A")

    def checks(self) -> Iterator[Callable[[Session], bool]]:
        """What each row must satisfy, whatever the server did."""
        if self.user_id:
            yield lambda row: self.user_id in (row.user_id, row.identified_user_id)
        if self.identified_only:
            yield lambda row: row.identified_user_id != ""
        if self.min_pageviews:
            yield lambda row: row.pageview_count >= self.min_pageviews
        if self.min_events:
            yield lambda row: row.event_count >= self.min_events
        if self.min_duration_s:
            yield lambda row: row.duration_s >= self.min_duration_s


def check_sendable(parameters: Mapping[str, str]) -> None:
    """Refuse what cannot be written into an address.

    Raises:
        BadRequestError: too long, or not text.
    """
    try:
        length = len(urlencode(parameters))
    except UnicodeEncodeError:
        raise BadRequestError(
            "An argument holds half a character (a lone surrogate).", "Write it again."
        ) from None
    if length > LONGEST_QUERY:
        raise BadRequestError(
            f"filters and user_id have {length} characters as sent, {LONGEST_QUERY} are allowed.",
            "Use fewer or shorter values, or ask in several calls.",
        )


def window_parameters(window: Window, generation: Generation) -> dict[str, str]:
    """The window in the one time mode that says it.

    Raises:
        UnsupportedError: exact times on a server that would read them as all time.
    """
    match window.kind:
        case "all":
            return {}
        case "minutes":
            sent = {"past_minutes_start": str(window.minutes), "past_minutes_end": "0"}
        case "days":
            sent = {"start_date": str(window.start_on), "end_date": str(window.end_on)}
        case "instants":
            if not generation.has_exact_times:
                raise UnsupportedError(
                    f"Rybbit {generation.versions}, which this server is, cannot select exact "
                    "times.",
                    "Use whole days (2026-10-15) or minutes back from now (90m).",
                )
            sent = {"start_datetime": _utc(window.start_at), "end_datetime": _utc(window.end_at)}
    return with_old_names(sent | {"time_zone": window.zone}, generation)


def with_old_names(sent: dict[str, str], generation: Generation) -> dict[str, str]:
    """The parameters, on the old routes also under A's names.

    Which of both names such a server knows cannot always be told from outside.
    """
    if generation.has_site_routes:
        return sent
    return sent | {_OLD_NAMES[name]: value for name, value in sent.items() if name in _OLD_NAMES}


def _utc(moment: datetime | None) -> str:
    if moment is None:
        raise AssertionError("exact windows have both bounds")
    return f"{moment:%Y-%m-%d %H:%M:%S}"  # with milliseconds, 2.6 would read all time
