"""Rows that came twice though nothing moved: then others, of the same number, never came."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from anyio import to_thread

if TYPE_CHECKING:
    from rybbit_mcp.analysis.local_seen import SeenPages
    from rybbit_mcp.analysis.local_store import VisitStore

MOST_SEAMS = 4
"""Between so many pages, read at the same time, one visit that arrives may push others."""

MOST_LATE = timedelta(minutes=1)
"""After so long an event is seen in the list at last."""


class Repeats:
    """Counts the rows that came twice, of the pages that were read at the beginning."""

    def __init__(self, store: VisitStore, seen: SeenPages) -> None:
        self._store = store
        self._seen = seen
        self._row_count = seen.kept_count
        self._before: tuple[int, int] | None = None

    async def look(self) -> None:
        """Take in what is there before pages are read again."""
        self._before = await self._counts()

    async def count(self, visit_count: int) -> int:
        """The rows that came twice, but for those that visits which arrived can have pushed.

        `visit_count` visits were found in the end.
        """
        if self._seen.has_gap:
            return 0
        if self._before is None:
            return max(0, self._row_count - visit_count)
        came_twice_count = self._row_count - self._before[0]
        if came_twice_count <= 0:
            return 0
        arrived_count = (await self._counts())[1] - self._before[1]
        return came_twice_count if came_twice_count > arrived_count * MOST_SEAMS else 0

    async def _counts(self) -> tuple[int, int]:
        """All visits, and those about as new as the newest was at first."""
        newest_end_at = self._seen.first.newest_end_at
        since = newest_end_at - MOST_LATE if newest_end_at else None
        return await to_thread.run_sync(self._store.count_visits, since)
