"""Which visits have a custom event of a name, as the server lists them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from anyio import to_thread

from rybbit_mcp.analysis.local_paging import MOST_REREAD, PAGE_SIZE, PASSING
from rybbit_mcp.analysis.local_seen import is_live_at
from rybbit_mcp.api.bulk import parse_page
from rybbit_mcp.api.errors import UnsupportedError
from rybbit_mcp.api.listing import is_last_page

if TYPE_CHECKING:
    from rybbit_mcp.analysis.local_feed import VisitFeed
    from rybbit_mcp.analysis.local_store import VisitStore
    from rybbit_mcp.api.models import Session
    from rybbit_mcp.api.window import Window


ALWAYS_UNSURE = datetime.max.replace(tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


async def list_members(
    feed: VisitFeed,
    store: VisitStore,
    name: str,
    *,
    window: Window,
    now: datetime,
    since: datetime | None,
) -> None:
    """Let the store know which visits have a custom event of this name, as the server lists them.

    `feed` lists the visits of the window that have one. Where the list may lack some that ended
    since `since`, the other visits are left in doubt; nothing is kept if it cannot be read.
    """
    try:
        members = _Members(feed, since)
        is_whole = await members.read(is_live=is_live_at(window, now))
    except (*PASSING, UnsupportedError):
        return
    if is_whole is None:
        return
    sure_since = None if is_whole else ALWAYS_UNSURE
    if is_whole and window.kind == "minutes":
        # What was read before begins earlier than what is listed now.
        sure_since = now - timedelta(minutes=window.minutes) + _MINUTE
    await to_thread.run_sync(store.keep_members, name, tuple(members.end_of), sure_since)


class _Members:
    """One reading of one list. `end_of` tells of each visit when it ended."""

    def __init__(self, feed: VisitFeed, since: datetime | None) -> None:
        self._feed = feed
        self._since = since
        self._size = PAGE_SIZE
        self._row_count = 0
        self.end_of: dict[str, datetime] = {}

    async def read(self, *, is_live: bool) -> bool | None:
        """Whether all were surely read; None if the calls did not suffice."""
        first = await self._page(1)
        if first is None:
            return None
        if is_last_page(len(first), self._size):
            return True
        return await self._read_on(first, is_live=is_live)

    async def _read_on(self, first: list[Session], *, is_live: bool) -> bool | None:
        began_at = max(row.ended_at for row in first)
        self._size = min(self._size, len(first))  # a server may give fewer rows than asked
        rows, number = first, 1
        while not is_last_page(len(rows), self._size) and not self._is_far_enough(rows):
            number += 1
            known_count = len(self.end_of)
            page = await self._page(number)
            if page is None:
                return None
            if page and (len(rows) < self._size or len(self.end_of) == known_count):
                return False  # rows are missing between these pages, or the same came again
            rows = page
        came_twice_count = self._row_count - len(self.end_of)
        if is_live and number > 1 and not await self._read_again(began_at):
            return False
        # Each visit that began or went on meanwhile pushes one other to the next page.
        arrived_count = sum(end >= began_at for end in self.end_of.values()) if is_live else 0
        return came_twice_count <= arrived_count

    async def _read_again(self, began_at: datetime) -> bool:
        """Read the newest pages again, down to where nothing moved; whether that was done."""
        for number in range(1, MOST_REREAD + 1):
            rows = await self._page(number)
            if rows is None:
                return False
            if len(rows) < self._size or min(row.ended_at for row in rows) < began_at:
                return True
        return False

    async def _page(self, number: int) -> list[Session] | None:
        """The rows of a page; None where no call is left."""
        calls = self._feed.calls_left()
        if calls is not None and calls <= 0:
            return None
        body = await self._feed.page(number, self._size)
        rows = await to_thread.run_sync(parse_page, body)
        if number == 1 and self._feed.has_checks:
            kept = await to_thread.run_sync(self._feed.kept, body)
            # A visit across a bound is listed for an event beyond it; few visits are.
            if self._feed.is_exact and len(kept) * 4 < len(rows) * 3:
                raise UnsupportedError("The server ignored a filter.")
        self._row_count += len(rows)
        self.end_of |= {row.session_id: row.ended_at for row in rows}
        return rows

    def _is_far_enough(self, rows: list[Session]) -> bool:
        return self._since is not None and min(row.ended_at for row in rows) < self._since
