"""Runs a specification for `summarize_sessions`, and its comparison, on an engine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mcp.server.mcpserver import Context

from rybbit_mcp.analysis.comparison import COMPARISONS, check_comparable, named_window, other_window
from rybbit_mcp.analysis.outcome import Outcome
from rybbit_mcp.analysis.specification import (
    CONVERTED_DIMENSION,
    Specification,
    check_specification,
)
from rybbit_mcp.answers.answer import Answer
from rybbit_mcp.answers.clean import Gate
from rybbit_mcp.answers.disclosure import check_amounts
from rybbit_mcp.answers.heading import site_label
from rybbit_mcp.answers.summary import SummaryAsked, render_summary
from rybbit_mcp.answers.summary_groups import has_all
from rybbit_mcp.api.errors import UnsupportedError
from rybbit_mcp.api.filters import Filter
from rybbit_mcp.api.models import Site
from rybbit_mcp.api.window import Window
from rybbit_mcp.tools.calls import call_text
from rybbit_mcp.tools.toolbox import Toolbox


@dataclass(frozen=True, slots=True)
class Summarizing:
    """One call of the tool: its bounds (0 means the usual), and whom progress is told."""

    toolbox: Toolbox
    context: Context[Any]
    max_sessions: int
    max_details: int

    async def answer(
        self,
        called: str,
        specification: Specification,
        compare: str,
        given: dict[str, Any],
    ) -> Answer:
        """The summary, compared if asked; `given` is the time and the filters, as given."""
        toolbox = self.toolbox
        wanted = check_specification(specification)
        check_amounts(wanted.amounts, toolbox.settings.privacy)
        if compare:
            check_comparable(wanted)
        now = toolbox.clock()
        other = other_window(wanted.window, compare, now) if compare else None
        site = await toolbox.directory.find(called)
        asking = replace(
            wanted,
            filters=await toolbox.handles.filters(str(site.site_id), wanted.filters, wanted.window),
        )
        outcome = await self._groups(site, asking, is_compared=other is not None)
        before = None
        if other is not None:
            before, other = await self._before(site, asking, other, compare, now)
        gate = Gate()
        asked = SummaryAsked(
            site=site_label(site),
            specification=wanted,
            now=now,
            conditions=_in_words(wanted, gate),
            compared_with=other,
            diagnosis=await self._diagnosis(site, wanted, asking, outcome, gate),
            next_calls=self._next_calls(site, wanted, given),
            is_demo=toolbox.is_demo,
        )
        return render_summary(
            outcome,
            before,
            asked,
            privacy=toolbox.privacy,
            gate=gate,
            max_chars=toolbox.settings.answer_chars,
            size=toolbox.size,
        )

    async def _groups(self, site: Site, asking: Specification, *, is_compared: bool) -> Outcome:
        """All groups, also those below the minimum, which what is shown of the others needs.

        Where they are too many to be sent, those that reach the minimum, as far as that is one
        window's to say.
        """
        outcome = await self._run(site, replace(asking, min_sessions=1))
        if is_compared or asking.min_sessions <= 1 or has_all(outcome):
            return outcome
        return await self._run(site, asking)

    async def _before(
        self, site: Site, asking: Specification, other: Window, compare: str, now: datetime
    ) -> tuple[Outcome, Window]:
        """The other window's groups; all of a named period where servers cannot select a part."""
        try:
            run = replace(asking, window=other)
            return await self._groups(site, run, is_compared=True), other
        except UnsupportedError:
            if compare in COMPARISONS:
                raise
            whole = named_window(asking.window, compare, now)
            if whole == other:
                raise
            run = replace(asking, window=whole)
            return await self._groups(site, run, is_compared=True), whole

    async def _run(self, site: Site, specification: Specification) -> Outcome:
        bounds = {"max_sessions": self.max_sessions, "max_details": self.max_details}
        return await self.toolbox.engine.run(
            specification,
            str(site.site_id),
            progress=self._progress,
            **{name: value for name, value in bounds.items() if value},
        )

    async def _diagnosis(
        self,
        site: Site,
        wanted: Specification,
        asking: Specification,
        outcome: Outcome,
        gate: Gate,
    ) -> list[str]:
        """Why nothing was counted, or nothing of the event that the question turns on."""
        from rybbit_mcp.tools.diagnosis import diagnose, diagnose_event

        toolbox, window, number = self.toolbox, wanted.window, str(site.site_id)
        if outcome.basis.session_count:
            name = _missed_event(wanted, outcome)
            if not name:
                return []
            return await diagnose_event(toolbox.client, number, window, name, toolbox.privacy, gate)
        events = _as_filters(wanted)
        if not (wanted.filters or wanted.events):
            return []
        return await diagnose(
            toolbox.client,
            number,
            window,
            [*wanted.filters, *events],
            toolbox.privacy,
            gate,
            sent=[*asking.filters, *events],
            has_conditions=len(events) < len(wanted.events),
        )

    async def _progress(self, done: int, total: int | None, message: str) -> None:
        await self.context.report_progress(done, total, message)

    @staticmethod
    def _next_calls(site: Site, wanted: Specification, given: dict[str, Any]) -> tuple[str, ...]:
        """The visits behind the numbers, as the list shows them."""
        if wanted.events or wanted.span:
            return ()
        if not any(given[name] for name in ("period", "start_date", "end_date", "past_minutes")):
            given = given | {"period": wanted.window.asked}
        return (call_text("list_sessions", {"site": site.site_id} | given),)


def _missed_event(wanted: Specification, outcome: Outcome) -> str:
    """The name of an event that the question turns on, where no event seems to have it."""
    if wanted.min_sessions > 1:
        return ""
    if wanted.anchor is not None and wanted.event_dimension and not outcome.groups:
        return wanted.anchor.text
    if CONVERTED_DIMENSION in wanted.group_by:
        place = wanted.group_by.index(CONVERTED_DIMENSION)
        if not any(group.key[place] == "yes" for group in outcome.groups):
            return wanted.converted_by
    return ""


def _as_filters(wanted: Specification) -> list[Filter]:
    """The conditions on events that a filter can say as well."""
    parameters = {"event": "event_name", "page": "pathname"}
    return [
        Filter(parameter=parameters[one.kind], value=(one.text,))
        for one in wanted.events
        if one.kind in parameters and one.text and one.is_present
    ]


def _in_words(wanted: Specification, gate: Gate) -> str:
    words = [gate.text(str(item), limit=120) for item in wanted.filters]
    for condition in wanted.events:
        has = "with" if condition.is_present else "without"
        text = gate.text(condition.text, limit=80) or "any"
        words.append(f"{has} {condition.kind} {text}")
    if wanted.anchor is not None:
        words.append(f"events {wanted.span} {gate.text(wanted.anchor.text, limit=80)}")
    return ", ".join(words)
