"""The tool `get_session`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rybbit_mcp.answers.answer import Answer
from rybbit_mcp.tools.calls import call_text
from rybbit_mcp.tools.registration import AnswerFunction
from rybbit_mcp.tools.toolbox import Toolbox

TITLE = "Tell one visit"
DESCRIPTION = (
    "The story of one visit: who, from where, device, place, and a timeline with offsets, idle "
    "gaps, repeats folded (×14), event properties and errors in full. A long visit comes whole "
    "but condensed; offset and limit give a raw stretch, one event a row. For many visits use "
    "list_sessions."
)


def build(toolbox: Toolbox) -> AnswerFunction:
    """The tool's function, bound to what it works with."""

    async def get_session(
        session_id: Annotated[
            str, Field(description="As list_sessions prints it, or the whole id")
        ],
        site: str = "",
        time_zone: str = "",
        offset: Annotated[int, Field(ge=0, description="First event of the stretch")] = 0,
        limit: Annotated[int, Field(ge=0, le=1000, description="0: the whole visit")] = 0,
        minutes: Annotated[int, Field(ge=0, description="Only the last minutes before now")] = 0,
    ) -> Answer:
        from rybbit_mcp.answers.clean import Gate
        from rybbit_mcp.answers.heading import site_label
        from rybbit_mcp.answers.session import VisitAsked, render_session
        from rybbit_mcp.api.window import canonical_zone

        zone = canonical_zone(time_zone or toolbox.settings.time_zone)
        found = await toolbox.directory.find(site)
        reference = str(found.site_id)
        whole_id = await toolbox.handles.session_id(reference, session_id, toolbox.clock())
        story = await toolbox.client.session(
            reference, whole_id, offset=offset, limit=limit, minutes=minutes
        )
        if story.row is not None:
            toolbox.handles.remember(reference, [story.row])

        def call(next_offset: int, next_limit: int) -> str:
            given = {
                "session_id": session_id,
                "site": found.site_id,
                "time_zone": time_zone,
                "offset": next_offset,
                "limit": next_limit,
                "minutes": minutes,
            }
            return call_text("get_session", given)

        return render_session(
            story,
            VisitAsked(
                site=site_label(found),
                zone=zone,
                call=call,
                limit=limit,
                minutes=minutes,
                is_demo=toolbox.is_demo,
            ),
            privacy=toolbox.privacy,
            gate=Gate(),
            max_chars=toolbox.settings.answer_chars,
            size=toolbox.size,
        )

    return get_session
