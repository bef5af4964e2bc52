"""The tool `list_sessions`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from rybbit_mcp.answers.answer import Answer
from rybbit_mcp.tools.arguments import (
    EndDate,
    Filters,
    PastMinutes,
    Period,
    Site,
    StartDate,
    TimeZone,
    UserId,
)
from rybbit_mcp.tools.registration import AnswerFunction
from rybbit_mcp.tools.toolbox import Toolbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rybbit_mcp.answers.clean import Gate
    from rybbit_mcp.api.filters import Filter
    from rybbit_mcp.api.parameters import Conditions
    from rybbit_mcp.api.results import SessionPage
    from rybbit_mcp.api.window import Window

TITLE = "List visits"
DESCRIPTION = (
    "Visits, newest first, one line each, after a summary of exactly the visits shown. "
    "Use it to see who came and what they did. For one visit's events use get_session; for "
    "places of all visits use get_session_locations. min_events counts custom events, "
    "min_duration seconds."
)


def build(toolbox: Toolbox) -> AnswerFunction:
    """The tool's function, bound to what it works with."""

    async def list_sessions(
        site: Site = "",
        period: Period = "",
        time_zone: TimeZone = "",
        start_date: StartDate = "",
        end_date: EndDate = "",
        past_minutes: PastMinutes = 0,
        filters: Filters = [],  # noqa: B006 - copied by the SDK; a real default keeps null out
        user_id: UserId = "",
        identified_only: bool = False,
        min_pageviews: Annotated[int, Field(ge=0)] = 0,
        min_events: Annotated[int, Field(ge=0)] = 0,
        min_duration: Annotated[int, Field(ge=0)] = 0,
        page: Annotated[int, Field(ge=1)] = 1,
        limit: Annotated[int, Field(ge=1, le=100)] = 20,
    ) -> Answer:
        from rybbit_mcp.answers.clean import Gate
        from rybbit_mcp.answers.heading import site_label
        from rybbit_mcp.answers.sessions import VisitsAsked, render_sessions
        from rybbit_mcp.api.parameters import Conditions
        from rybbit_mcp.tools.calls import call_text, filter_dicts

        window = toolbox.window(
            period=period,
            time_zone=time_zone,
            start_date=start_date,
            end_date=end_date,
            past_minutes=past_minutes,
        )
        checked = toolbox.filters(filters)
        found = await toolbox.directory.find(site)
        reference = str(found.site_id)
        conditions = Conditions(
            user_id=await toolbox.handles.user_id(reference, user_id, window) if user_id else "",
            identified_only=identified_only,
            min_pageviews=min_pageviews,
            min_events=min_events,
            min_duration_s=min_duration,
        )
        visits = await toolbox.client.sessions(
            reference, window, filters=checked, conditions=conditions, page=page, limit=limit
        )
        toolbox.handles.remember(reference, visits.sessions)
        gate = Gate()
        given = {
            "site": found.site_id,
            "period": period,
            "time_zone": time_zone,
            "start_date": start_date,
            "end_date": end_date,
            "past_minutes": past_minutes,
            "filters": filter_dicts(filters),
            "user_id": user_id,
            "identified_only": identified_only,
            "min_pageviews": min_pageviews,
            "min_events": min_events,
            "min_duration": min_duration,
        }
        asked = VisitsAsked(
            site=site_label(found),
            window=window,
            now=toolbox.clock(),
            call=lambda next_page, next_limit: call_text(
                "list_sessions", given | {"page": next_page, "limit": next_limit}
            ),
            filters=_in_words(checked, given, gate),
            diagnosis=await _diagnosis(
                toolbox, reference, window, checked, conditions, visits, gate
            ),
            is_demo=toolbox.is_demo,
        )
        return render_sessions(
            visits,
            asked,
            privacy=toolbox.privacy,
            gate=gate,
            max_chars=toolbox.settings.answer_chars,
            size=toolbox.size,
        )

    return list_sessions


def _in_words(filters: Sequence[Filter], given: dict[str, Any], gate: Gate) -> str:
    """The conditions as the answer's head repeats them."""
    words = [gate.text(str(item), limit=120) for item in filters]
    words += [
        f"{name}={given[name]}" if given[name] is not True else name
        for name in ("user_id", "identified_only", "min_pageviews", "min_events", "min_duration")
        if given[name]
    ]
    return ", ".join(words)


async def _diagnosis(
    toolbox: Toolbox,
    site: str,
    window: Window,
    filters: Sequence[Filter],
    conditions: Conditions,
    visits: SessionPage,
    gate: Gate,
) -> list[str]:
    """Why nothing matched, if nothing did and something was asked for."""
    from rybbit_mcp.api.parameters import Conditions

    if visits.sessions or visits.page > 1 or not (filters or conditions != Conditions()):
        return []
    from rybbit_mcp.tools.diagnosis import diagnose

    return await diagnose(toolbox.client, site, window, filters, toolbox.privacy, gate)
