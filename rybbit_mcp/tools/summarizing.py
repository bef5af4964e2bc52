"""Runs a specification for `summarize_sessions`, and its comparison, on an engine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from mcp.server.mcpserver import Context

from rybbit_mcp.analysis.comparison import other_window
from rybbit_mcp.analysis.outcome import Outcome
from rybbit_mcp.analysis.specification import Specification, check_specification
from rybbit_mcp.answers.answer import Answer
from rybbit_mcp.answers.clean import Gate
from rybbit_mcp.answers.heading import site_label
from rybbit_mcp.answers.summary import SummaryAsked, render_summary
from rybbit_mcp.api.models import Site
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
        filters: list[dict[str, Any]],
    ) -> Answer:
        """The summary, compared if asked."""
        toolbox = self.toolbox
        wanted = check_specification(specification)
        now = toolbox.clock()
        other = other_window(wanted.window, compare, now) if compare else None
        site = await toolbox.directory.find(called)
        asking = replace(
            wanted,
            filters=await toolbox.handles.filters(str(site.site_id), wanted.filters, wanted.window),
        )
        outcome = await self._run(site, asking)
        before = await self._run(site, replace(asking, window=other)) if other else None
        gate = Gate()
        asked = SummaryAsked(
            site=site_label(site),
            specification=wanted,
            now=now,
            conditions=_in_words(wanted, gate),
            compared_with=other,
            next_calls=self._next_calls(site, wanted, filters),
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

    async def _run(self, site: Site, specification: Specification) -> Outcome:
        bounds = {"max_sessions": self.max_sessions, "max_details": self.max_details}
        return await self.toolbox.engine.run(
            specification,
            str(site.site_id),
            progress=self._progress,
            **{name: value for name, value in bounds.items() if value},
        )

    async def _progress(self, done: int, total: int | None, message: str) -> None:
        await self.context.report_progress(done, total, message)

    @staticmethod
    def _next_calls(
        site: Site, wanted: Specification, filters: list[dict[str, Any]]
    ) -> tuple[str, ...]:
        """The visits behind the numbers, as the list shows them."""
        if wanted.events or wanted.span:
            return ()
        given = {"site": site.site_id, "period": wanted.window.asked, "filters": filters}
        zone = wanted.window.zone
        return (call_text("list_sessions", given | {"time_zone": "" if zone == "UTC" else zone}),)


def _in_words(wanted: Specification, gate: Gate) -> str:
    words = [gate.text(str(item), limit=120) for item in wanted.filters]
    for condition in wanted.events:
        has = "with" if condition.is_present else "without"
        text = gate.text(condition.text, limit=80) or "any"
        words.append(f"{has} {condition.kind} {text}")
    if wanted.anchor is not None:
        words.append(f"events {wanted.span} {gate.text(wanted.anchor.text, limit=80)}")
    return ", ".join(words)
