"""The table of visits for programs: one fact a column, always the same columns."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rybbit_mcp.answers.answer import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rybbit_mcp.answers.visit_cells import VisitCells

VISIT_COLUMNS = (
    *("start", "dur_s", "pageviews", "events", "errors", "entry_page", "exit_page"),
    *("channel", "source", "device_type", "operating_system", "browser"),
    *("country", "place", "visitor", "session_id"),
)


def visit_columns(visits: Sequence[VisitCells], zone: str) -> Table:
    """The visits under `VISIT_COLUMNS`; `start` is ISO 8601 with the offset of the zone."""
    return Table(
        "visits",
        VISIT_COLUMNS,
        tuple(
            [
                (
                    visit.started_at.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds"),
                    visit.duration_s,
                    visit.pageview_count,
                    visit.event_count,
                    visit.error_count,
                    visit.entry_page,
                    visit.exit_page,
                    visit.channel,
                    visit.source,
                    visit.device_type,
                    visit.system,
                    visit.browser,
                    visit.country,
                    visit.place,
                    visit.visitor,
                    visit.session_id,
                )
                for visit in visits
            ]
        ),
    )
