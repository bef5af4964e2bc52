"""The tool `summarize_sessions`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from mcp.server.mcpserver import Context
from pydantic import Field

from rybbit_mcp.answers.answer import Answer
from rybbit_mcp.tools.arguments import FiltersAsInList, PeriodAsInList
from rybbit_mcp.tools.calls import filter_dicts
from rybbit_mcp.tools.registration import AnswerFunction
from rybbit_mcp.tools.toolbox import Toolbox

if TYPE_CHECKING:
    from rybbit_mcp.analysis.specification import EventCondition

TITLE = "Summarize visits"
DESCRIPTION = (
    "Computes over all visits of a period: how many, bounce rates, durations, events, sums of a "
    "property, by up to two dimensions, compared with another period if asked. One call answers "
    "which, how many, what changed. For the visits themselves use list_sessions."
)

GroupBy = Annotated[
    list[str],
    Field(
        max_length=2,
        description="Visits: channel, referrer, country, region, city, language, device_type, "
        "browser, operating_system, screen_class, hostname, entry_page, exit_page, utm_*, user, "
        "identified, tag, hour, weekday, day, week, month, duration_band, pageview_band, bounced, "
        "has_error, converted, path. Events: page, event_name, prop:NAME, error_message, "
        "outbound_link",
    ),
]
Metrics = Annotated[
    list[str],
    Field(
        description="The first one ranks. sessions, share, visitors, pageviews, "
        "pages_per_session, bounce_rate, median_duration, p90_duration, events, errors, "
        "occurrences (of events grouped by), "
        "sum:NAME, mean:NAME, median:NAME (of an event property)"
    ),
]
Compare = Annotated[str, Field(description="previous_period, last_week, last_year or a period")]


def build(toolbox: Toolbox) -> AnswerFunction:
    """The tool's function, bound to what it works with."""

    async def summarize_sessions(
        ctx: Context[Any],
        site: str = "",
        period: PeriodAsInList = "",
        time_zone: str = "",
        start_date: str = "",
        end_date: str = "",
        past_minutes: int = 0,
        filters: FiltersAsInList = [],  # noqa: B006 - copied by the SDK; a real default keeps null out
        group_by: GroupBy = [],  # noqa: B006
        metrics: Metrics = [],  # noqa: B006
        compare: Compare = "",
        with_event: Annotated[str, Field(description="Only visits with this event")] = "",
        without_event: str = "",
        with_page: Annotated[str, Field(description="Only visits that saw this path")] = "",
        without_page: str = "",
        with_error: Annotated[str, Field(description="An error's message, or any")] = "",
        before_event: Annotated[str, Field(description="Only events before this one")] = "",
        after_event: str = "",
        converted_by: Annotated[str, Field(description="Event for the dimension converted")] = "",
        top: Annotated[int, Field(ge=1, le=100, description="Groups shown")] = 10,
        min_sessions: Annotated[int, Field(ge=1)] = 1,
        max_sessions: Annotated[
            int, Field(ge=0, le=1_000_000, description="Visits read at most")
        ] = 0,
        max_details: Annotated[
            int, Field(ge=0, le=20_000, description="Visits read event by event at most")
        ] = 0,
    ) -> Answer:
        from rybbit_mcp.analysis.specification import Specification
        from rybbit_mcp.tools.summarizing import Summarizing

        times: dict[str, Any] = {
            "period": period,
            "time_zone": time_zone,
            "start_date": start_date,
            "end_date": end_date,
            "past_minutes": past_minutes,
        }
        window = toolbox.window(**times)
        specification = Specification(
            window=window,
            filters=toolbox.filters(filters),
            group_by=tuple(group_by),
            metrics=tuple(metrics) or _usual_metrics(compare, group_by),
            events=(
                *_condition("event", with_event, without_event),
                *_condition("page", with_page, without_page),
                *_condition("error", with_error, ""),
            ),
            anchor=_anchor(before_event, after_event),
            span="before" if before_event else "after" if after_event else "",
            converted_by=converted_by,
            top=top,
            min_sessions=min_sessions,
        )
        summarizing = Summarizing(toolbox, ctx, max_sessions, max_details)
        given = {**times, "filters": filter_dicts(filters)}
        return await summarizing.answer(site, specification, compare, given)

    return summarize_sessions


def _usual_metrics(compare: str, group_by: list[str]) -> tuple[str, ...]:
    from rybbit_mcp.analysis.specification import COMPARED_METRICS, DEFAULT_METRICS

    usual = COMPARED_METRICS if compare else DEFAULT_METRICS
    return usual if group_by else tuple(name for name in usual if name != "share")


def _condition(kind: Any, wanted: str, unwanted: str) -> list[EventCondition]:  # noqa: ANN401
    from rybbit_mcp.analysis.specification import EventCondition

    conditions = []
    if wanted:
        text = "" if wanted == "any" else wanted
        conditions.append(EventCondition(kind, text))
    if unwanted:
        text = "" if unwanted == "any" else unwanted
        conditions.append(EventCondition(kind, text, is_present=False))
    return conditions


def _anchor(before_event: str, after_event: str) -> EventCondition | None:
    from rybbit_mcp.analysis.specification import EventCondition
    from rybbit_mcp.api.errors import BadRequestError

    if before_event and after_event:
        raise BadRequestError("before_event and after_event exclude each other.", "Keep one.")
    name = before_event or after_event
    return EventCondition("event", name) if name else None
