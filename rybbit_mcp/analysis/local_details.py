"""Reads visits event by event into a store: those that matter, newest first, several at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from rybbit_mcp.analysis.dialect import PERFORMANCE
from rybbit_mcp.analysis.duckdb_relations import event_row
from rybbit_mcp.analysis.local_asking import VisitSpan, find_matter, find_told
from rybbit_mcp.analysis.local_paging import MOST_CALLS_AT_ONCE, PASSING, Stop
from rybbit_mcp.api.errors import NotFoundError, RateLimitedError, RybbitError
from rybbit_mcp.api.story import EVENT_BOUND

if TYPE_CHECKING:
    from datetime import datetime

    from anyio.abc import TaskGroup

    from rybbit_mcp.analysis.local_feed import Report, VisitFeed
    from rybbit_mcp.analysis.local_needs import Needs
    from rybbit_mcp.analysis.local_store import VisitStore
    from rybbit_mcp.api.models import Event

BATCH_SIZE = 20
"""Visits whose events are kept, and told of, together."""


@dataclass(frozen=True, slots=True)
class Details:
    """How many visits were read event by event, of how many that matter.

    Of visits that ended after `after` everything is known; None: of all. `stop` says why the rest
    was not read. `gone_count` visits were there no more, `long_count` were too long to be read
    whole.
    """

    read_count: int
    matter_count: int
    after: datetime | None = None
    stop: Stop = ""
    problem: RybbitError | None = None
    gone_count: int = 0
    long_count: int = 0


class DetailReader:
    """One reading of the visits that matter for one question."""

    def __init__(
        self, feed: VisitFeed, store: VisitStore, needs: Needs, *, most: int, report: Report
    ) -> None:
        self._feed = feed
        self._store = store
        self._needs = needs
        self._most = most
        self._report = report
        self._waiting: Iterator[VisitSpan] = iter(())
        self._next: VisitSpan | None = None
        self._asked_count = 0
        self._done_count = 0
        self._in_flight = 0
        self._batch: list[tuple[VisitSpan, tuple[Event, ...]]] = []
        self._stop: Stop = ""
        self._problem: RybbitError | None = None
        self._fatal: RybbitError | None = None
        self._gone_count = 0
        self._long_count = 0

    async def read(self) -> Details:
        """Read what may be read.

        Raises:
            RybbitError: an answer that cannot be believed, or access that ended.
        """
        matter = await to_thread.run_sync(find_matter, self._store, self._needs, self._most)
        self._asked_count = len(matter.unread)
        self._waiting = iter(matter.unread)
        self._next = next(self._waiting, None)
        if self._asked_count:
            await self._announce()
        async with anyio.create_task_group() as group:
            self._start_more(group)
        if self._fatal is not None:
            raise self._fatal
        await self._keep_batch()
        told = await to_thread.run_sync(find_told, self._store, self._needs)
        if told.newest_unread_end_at is not None and not self._stop:
            self._stop = "cap"
        return Details(
            read_count=told.read_count,
            matter_count=matter.visit_count,
            after=told.newest_unread_end_at,
            stop=self._stop,
            problem=self._problem,
            gone_count=self._gone_count,
            long_count=self._long_count,
        )

    def _start_more(self, group: TaskGroup) -> None:
        while self._next is not None and self._may_start():
            self._in_flight += 1
            group.start_soon(self._read_visit, self._next, group)
            self._next = next(self._waiting, None)

    def _may_start(self) -> bool:
        if self._stop or self._fatal:
            return False
        calls = self._feed.calls_left()
        if calls is not None and calls <= self._in_flight:
            self._stop = "calls"
            return False
        return self._in_flight < self._feed.width(MOST_CALLS_AT_ONCE)

    async def _read_visit(self, visit: VisitSpan, group: TaskGroup) -> None:
        try:
            events = await self._feed.events(visit.session_id)
        except NotFoundError:
            self._gone_count += 1
            self._batch.append((visit, ()))
        except PASSING as problem:
            self._stop = "rate" if isinstance(problem, RateLimitedError) else "failure"
            self._problem = problem
        except RybbitError as error:
            self._fatal = error
            group.cancel_scope.cancel()
        else:
            self._long_count += len(events) >= EVENT_BOUND
            self._batch.append((visit, events))
        self._in_flight -= 1
        self._start_more(group)
        if len(self._batch) >= BATCH_SIZE:
            await self._keep_batch()

    async def _keep_batch(self) -> None:
        batch, self._batch = self._batch, []
        if batch:
            await to_thread.run_sync(_keep, self._store, batch)
            self._done_count += len(batch)
            await self._tell("")

    async def _announce(self) -> None:
        calls = self._feed.calls_left()
        short = calls is not None and calls < self._asked_count
        await self._tell(f"; {calls} calls may be made: the newest are read" if short else "")

    async def _tell(self, more: str) -> None:
        done, total = self._done_count, self._asked_count
        await self._report(done, total, f"{done:,} of {total:,} visits read event by event{more}")


def _keep(store: VisitStore, batch: Sequence[tuple[VisitSpan, tuple[Event, ...]]]) -> None:
    rows = [
        event_row(visit.session_id, position, event)
        for visit, events in batch
        for position, event in enumerate(_inside(visit, events))
    ]
    store.keep_events([visit.session_id for visit, _ in batch], rows)


def _inside(visit: VisitSpan, events: Sequence[Event]) -> Iterator[Event]:
    """The events that the visit's row is made of: of a visit across a bound a part lies outside."""
    beyond = visit.ended_at + timedelta(seconds=1)
    for event in events:
        if event.type != PERFORMANCE and visit.started_at <= event.at < beyond:
            yield event
