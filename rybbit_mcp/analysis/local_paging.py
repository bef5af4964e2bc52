"""Reads the pages of a feed into a store: several at once, within bounds, newest first.

Sites are alive while they are read. New visits push others to later pages, which then come twice;
a visit that goes on moves from a page not yet read to the top, and would be missed. So the newest
pages are read once more at the end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import anyio
from anyio import to_thread

from rybbit_mcp.analysis.local_lane import Page
from rybbit_mcp.analysis.local_loading import Loader
from rybbit_mcp.analysis.local_repeats import Repeats
from rybbit_mcp.analysis.local_seen import SeenPages
from rybbit_mcp.api.bulk import parse_page
from rybbit_mcp.api.errors import (
    ConnectionFailedError,
    RateLimitedError,
    RequestTimeoutError,
    RybbitError,
    ServerError,
    UnexpectedBodyError,
)
from rybbit_mcp.api.listing import is_last_page

if TYPE_CHECKING:
    from datetime import datetime

    from anyio.abc import TaskGroup

    from rybbit_mcp.analysis.local_feed import Report, VisitFeed
    from rybbit_mcp.analysis.local_lane import PageFacts
    from rybbit_mcp.analysis.local_store import VisitStore
    from rybbit_mcp.api.window import Window

PAGE_SIZE = 2000
MOST_CALLS_AT_ONCE = 4
MOST_HELD = 6
"""Pages that are asked for, or wait to be loaded."""
MOST_REREAD = 3
"""Pages read again at most for visits that moved up."""

EMPTY_BODY = 16
"""Bytes of a page without rows, which need not be taken apart to know that it has none."""

PASSING = (RateLimitedError, ServerError, RequestTimeoutError, ConnectionFailedError)
"""Errors after which what was read before is still worth an answer."""

Stop = Literal["", "cap", "calls", "rate", "failure"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read, and what was not.

    `stop` says why older visits were not read, "" if none are missing; `problem` is the error
    that ended it. All visits that ended after `oldest_end_at` were read. `dropped_count` rows came
    though they do not match. `is_unsure` says that visits that went on meanwhile may be missing.
    `repeated_count` rows came twice though nothing moved, and `is_torn` says that a page was not
    full though more followed: then visits are missing in the middle.
    """

    visit_count: int
    oldest_end_at: datetime | None
    stop: Stop = ""
    problem: RybbitError | None = None
    dropped_count: int = 0
    is_unsure: bool = False
    repeated_count: int = 0
    is_torn: bool = False

    @property
    def is_filtered(self) -> bool:
        """Whether most rows match: a visit across a bound is sent for an event beyond it."""
        return self.visit_count >= 3 * self.dropped_count


class Pager:
    """One reading of one feed into one store."""

    def __init__(
        self,
        feed: VisitFeed,
        store: VisitStore,
        window: Window,
        *,
        most_visits: int,
        is_live: bool,
        report: Report,
    ) -> None:
        self._feed = feed
        self._store = store
        self._report = report
        self._is_live = is_live
        self._window = window
        self._most_visits = most_visits
        self._checks_all = not feed.is_exact
        pages = max(1, math.ceil(most_visits / PAGE_SIZE))
        self._divide(max(1, math.ceil(most_visits / pages)))
        self._is_probing = False
        self._next = 1
        self._in_flight = 0
        self._held = 0
        self._is_past_end = False
        self._reading_count = 0
        self._stop: Stop = ""
        self._problem: RybbitError | None = None
        self._fatal: RybbitError | None = None
        self._loader = Loader(store)

    async def read(self) -> Reading:
        """Read all that may be read, and settle the store.

        Raises:
            RybbitError: the first page could not be read, or a page cannot be believed.
        """
        calls = self._feed.calls_left()
        if calls is not None and calls <= 0:
            raise none_left()
        first = await self._keep(await self._fetch(1))
        if first.row_count < self._size and not is_last_page(first.row_count, self._size):
            self._divide(first.row_count)  # as large as the server makes its pages
            self._is_probing = True  # but likely it was the last
        self._seen.add(1, first)
        self._next = 2
        await self._announce()
        async with anyio.create_task_group() as group:
            self._start_more(group)
        if self._fatal is not None:
            raise self._fatal
        is_moving = self._is_live and self._seen.row_count > self._seen.first.row_count
        repeats = Repeats(self._store, self._seen)
        if is_moving:
            await repeats.look()
        is_unsure = is_moving and not await self._read_again()
        await self._look_beyond()
        oldest_end_at = self._seen.oldest_end_at
        since = oldest_end_at if self._seen.has_gap else None
        visit_count = await to_thread.run_sync(self._store.settle, since)
        return Reading(
            visit_count=visit_count,
            oldest_end_at=oldest_end_at,
            stop=self._stop,
            problem=self._problem,
            dropped_count=self._seen.dropped_count if self._feed.is_exact else 0,
            is_unsure=is_unsure,
            repeated_count=await repeats.count(visit_count),
            is_torn=self._seen.is_torn and not is_moving,
        )

    def _divide(self, page_size: int) -> None:
        """Divide what may be read into pages of this size."""
        self._size = page_size
        self._most_pages = max(1, math.ceil(self._most_visits / page_size))
        self._seen = SeenPages(self._window, self._size, self._most_pages)

    def _start_more(self, group: TaskGroup) -> None:
        while self._may_start():
            self._in_flight += 1
            group.start_soon(self._read_page, self._next, group)
            self._next += 1

    def _may_start(self) -> bool:
        if self._stop or self._fatal or self._is_past_end:
            return False
        if self._next > (self._seen.last or self._most_pages):
            return False
        under_way = self._in_flight + self._held
        if under_way and self._is_probing:
            return False
        if self._in_flight >= self._feed.width(MOST_CALLS_AT_ONCE) or under_way >= MOST_HELD:
            return False
        expected = self._seen.expected_pages
        if under_way and expected is not None and self._next > expected:
            return False  # likely there is nothing: a call for nothing
        calls = self._feed.calls_left()
        if calls is not None and calls - self._in_flight <= int(self._is_live):
            self._stop = "calls"
        return not self._stop

    async def _read_page(self, number: int, group: TaskGroup) -> None:
        has_rows = False
        try:
            try:
                page = await self._fetch(number)
            finally:
                self._in_flight -= 1
                self._held += 1
            self._is_past_end |= len(page.body) <= EMPTY_BODY
            self._is_probing &= self._is_past_end
            self._start_more(group)
            facts = await self._keep(page)
            self._check_moves_on(facts)
            self._seen.add(number, facts)
            has_rows = facts.row_count > 0
        except PASSING as problem:
            self._stop = "rate" if isinstance(problem, RateLimitedError) else "failure"
            self._problem = problem
        except RybbitError as error:
            self._fatal = error
            group.cancel_scope.cancel()
        self._held -= 1
        self._start_more(group)
        if has_rows:
            await self._tell(self._so_far())

    async def _fetch(self, number: int) -> Page:
        self._reading_count += 1
        reading = self._reading_count
        body = await self._feed.page(number, self._size)
        places = None
        if self._checks_all or (number == 1 and self._feed.has_checks):
            places = await to_thread.run_sync(self._feed.kept, body)
        return Page(body, reading, places)

    async def _keep(self, page: Page) -> PageFacts:
        facts = await self._loader.load(page)
        if facts.newest_start_at and facts.oldest_end_at:
            self._feed.check_inside(facts.newest_start_at, facts.oldest_end_at)
        if facts.kept_count < facts.row_count:
            self._checks_all = True  # whoever sends one wrong row may send others
        return facts

    def _check_moves_on(self, facts: PageFacts) -> None:
        is_one_moment = facts.newest_end_at == facts.oldest_end_at
        if facts.row_count and facts in self._seen and not is_one_moment:
            raise UnexpectedBodyError(
                "The server sends the same visits again instead of the next page.",
                "Ask for a shorter period, with fewer visits than one page.",
            )

    async def _read_again(self) -> bool:
        """Read the newest pages again, down to where nothing moved; whether that was done."""
        began_at = self._seen.first.newest_end_at
        if self._stop in {"rate", "failure"} or began_at is None:
            return False
        for number in range(1, MOST_REREAD + 1):
            calls = self._feed.calls_left()
            if calls is not None and calls <= 0:
                return False
            try:
                facts = await self._keep(await self._fetch(number))
            except PASSING:
                return False
            if facts.row_count < self._size:
                return True
            if facts.oldest_end_at is not None and facts.oldest_end_at < began_at:
                return True
        return False

    async def _look_beyond(self) -> None:
        """Whether there are visits beyond the bound; if that cannot be found out, there may be."""
        if self._stop or self._seen.last is not None:
            return
        self._stop = "cap"
        calls = self._feed.calls_left()
        if calls is not None and calls <= 0:
            return
        try:
            body = await self._feed.page(self._most_pages * self._size + 1, 1)
        except PASSING:
            return
        if not parse_page(body):
            self._stop = ""

    async def _announce(self) -> None:
        """Say what was read, and before reading on also if it cannot be finished."""
        expected, calls = self._seen.expected_pages, self._feed.calls_left()
        message = self._so_far()
        if expected is not None and calls is not None and self._seen.last is None:
            needed = min(expected, self._most_pages) - 1
            if needed > calls:
                message += (
                    f"; about {needed} more calls are needed and {calls} may be made: "
                    "the newest part will be read"
                )
        await self._tell(message)

    async def _tell(self, message: str) -> None:
        await self._report(self._seen.row_count, self._seen.expected_rows, message)

    def _so_far(self) -> str:
        return f"{self._seen.row_count:,} visits read"


def none_left() -> RateLimitedError:
    """The error where nothing may be asked any more."""
    return RateLimitedError(
        "The key has no calls left that this question may use.",
        "Ask again later: old servers count anew after ten minutes without a call, "
        "the cloud's daily quota at 00:00 UTC.",
    )
