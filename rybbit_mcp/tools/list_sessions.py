"""The tool `list_sessions`."""

from __future__ import annotations

from dataclasses import dataclass
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
from rybbit_mcp.tools.calls import call_text, filter_dicts
from rybbit_mcp.tools.registration import AnswerFunction
from rybbit_mcp.tools.toolbox import Toolbox

if TYPE_CHECKING:
    from rybbit_mcp.answers.clean import Gate
    from rybbit_mcp.api.filters import Filter
    from rybbit_mcp.api.models import Site as SiteRecord
    from rybbit_mcp.api.parameters import Conditions
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
        times: dict[str, Any] = {
            "period": period,
            "time_zone": time_zone,
            "start_date": start_date,
            "end_date": end_date,
            "past_minutes": past_minutes,
        }
        wanted = {
            "user_id": user_id,
            "identified_only": identified_only,
            "min_pageviews": min_pageviews,
            "min_events": min_events,
            "min_duration": min_duration,
        }
        window = toolbox.window(**times)
        checked = toolbox.filters(filters)
        found = await toolbox.directory.find(site)
        given = {"site": found.site_id, **times, "filters": filter_dicts(filters), **wanted}
        conditions = await _conditions(toolbox, found, window, wanted)
        question = _Question(found, window, checked, conditions, wanted, given)
        return await _answer(toolbox, question, page=page, limit=limit)

    return list_sessions


@dataclass(frozen=True, slots=True)
class _Question:
    """What was asked: resolved for the client, and as given for the next call."""

    site: SiteRecord
    window: Window
    filters: tuple[Filter, ...]
    conditions: Conditions
    wanted: dict[str, Any]
    given: dict[str, Any]

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but time was asked for."""
        return bool(self.filters) or any(self.wanted.values())

    def call(self, page: int, limit: int) -> str:
        """The complete call for another page."""
        return call_text("list_sessions", self.given | {"page": page, "limit": limit})

    def in_words(self, gate: Gate) -> str:
        """The conditions as the answer's head repeats them."""
        words = [gate.text(str(item), limit=120) for item in self.filters]
        for name, value in self.wanted.items():
            if value:
                words.append(name if value is True else f"{name}={gate.text(value, limit=80)}")
        return ", ".join(words)


async def _conditions(
    toolbox: Toolbox, site: SiteRecord, window: Window, wanted: dict[str, Any]
) -> Conditions:
    from rybbit_mcp.api.parameters import Conditions

    user_id = wanted["user_id"]
    if user_id:
        user_id = await toolbox.handles.user_id(str(site.site_id), user_id, window)
    return Conditions(
        user_id=user_id,
        identified_only=wanted["identified_only"],
        min_pageviews=wanted["min_pageviews"],
        min_events=wanted["min_events"],
        min_duration_s=wanted["min_duration"],
    )


async def _answer(toolbox: Toolbox, question: _Question, *, page: int, limit: int) -> Answer:
    from rybbit_mcp.answers.clean import Gate
    from rybbit_mcp.answers.heading import site_label
    from rybbit_mcp.answers.sessions import VisitsAsked, render_sessions

    site = str(question.site.site_id)
    filters = await toolbox.handles.filters(site, question.filters, question.window)
    visits = await toolbox.client.sessions(
        site,
        question.window,
        filters=filters,
        conditions=question.conditions,
        page=page,
        limit=limit,
    )
    toolbox.handles.remember(site, visits.sessions)
    gate = Gate()
    diagnosis: list[str] = []
    if not visits.sessions and page == 1 and question.is_narrowed:
        from rybbit_mcp.tools.diagnosis import diagnose

        diagnosis = await diagnose(
            toolbox.client,
            site,
            question.window,
            question.filters,
            toolbox.privacy,
            gate,
            sent=filters,
            has_conditions=any(question.wanted.values()),
        )
    asked = VisitsAsked(
        site=site_label(question.site),
        window=question.window,
        now=toolbox.clock(),
        call=question.call,
        filters=question.in_words(gate),
        diagnosis=diagnosis,
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
