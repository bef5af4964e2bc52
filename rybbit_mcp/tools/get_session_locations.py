"""The tool `get_session_locations`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from rybbit_mcp.answers.answer import Answer
from rybbit_mcp.tools.arguments import FiltersAsInList, PeriodAsInList
from rybbit_mcp.tools.calls import call_text, filter_dicts
from rybbit_mcp.tools.registration import AnswerFunction
from rybbit_mcp.tools.toolbox import Toolbox

TITLE = "Count visits by place"
DESCRIPTION = (
    "All visits of a period by country, with their largest cities and shares; unknown places "
    "apart. It counts every visit, so the total is the number of visits of the period. For the "
    "visits themselves use list_sessions."
)


def build(toolbox: Toolbox) -> AnswerFunction:
    """The tool's function, bound to what it works with."""

    async def get_session_locations(
        site: str = "",
        period: PeriodAsInList = "",
        time_zone: str = "",
        start_date: str = "",
        end_date: str = "",
        past_minutes: int = 0,
        filters: FiltersAsInList = [],  # noqa: B006 - copied by the SDK; a real default keeps null out
        user_id: str = "",
        limit: Annotated[int, Field(ge=1, le=250, description="Countries shown")] = 10,
    ) -> Answer:
        from rybbit_mcp.answers.clean import Gate
        from rybbit_mcp.answers.heading import site_label
        from rybbit_mcp.answers.locations import PlacesAsked, render_locations

        times: dict[str, Any] = {
            "period": period,
            "time_zone": time_zone,
            "start_date": start_date,
            "end_date": end_date,
            "past_minutes": past_minutes,
        }
        window = toolbox.window(**times)
        checked = toolbox.filters(filters)
        found = await toolbox.directory.find(site)
        reference = str(found.site_id)
        visitor = await toolbox.handles.user_id(reference, user_id, window) if user_id else ""
        resolved = await toolbox.handles.filters(reference, checked, window)
        places = await toolbox.client.locations(
            reference, window, filters=resolved, user_id=visitor
        )
        given = {
            "site": found.site_id,
            **times,
            "filters": filter_dicts(filters),
            "user_id": user_id,
        }
        gate = Gate()
        words = [gate.text(str(item), limit=120) for item in checked]
        if user_id:
            words.append(f"user_id={gate.text(user_id, limit=80)}")
        asked = PlacesAsked(
            site=site_label(found),
            window=window,
            now=toolbox.clock(),
            call=lambda count: call_text("get_session_locations", given | {"limit": count}),
            filters=", ".join(words),
            limit=limit,
            is_demo=toolbox.is_demo,
        )
        return render_locations(
            places,
            asked,
            privacy=toolbox.privacy,
            gate=gate,
            max_chars=toolbox.settings.answer_chars,
            size=toolbox.size,
        )

    return get_session_locations
