"""The local engine: reads a site's visits through the Sessions API and counts them in DuckDB.

    engine = LocalEngine(client, clock=clock, identity=key)
    outcome = await engine.run(specification, "1", progress=report)

Everything heavy is loaded at the first question.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from rybbit_mcp.analysis.local_cache import Filled, StoreCache, window_key
from rybbit_mcp.analysis.local_feed import no_report
from rybbit_mcp.api.errors import BadRequestError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from datetime import datetime

    from rybbit_mcp.analysis.local_details import Details
    from rybbit_mcp.analysis.local_feed import Report, VisitFeed, VisitSource
    from rybbit_mcp.analysis.local_needs import Needs
    from rybbit_mcp.analysis.outcome import Outcome
    from rybbit_mcp.analysis.specification import Specification
    from rybbit_mcp.api.filters import Filter

MOST_SESSIONS = 20_000
MOST_DETAILS = 500
MOST_GROUPS = 5_000
"""Groups that an outcome holds; there may be as many as visits."""
FEW = 10
"""So few visits are rather read than asked which of them have an event."""
FILLED_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class _Question:
    """One call of `run`; `narrowed_to` is the filter that stands for a condition on events."""

    asked: Specification
    site: str
    needs: Needs | None
    query: str
    most_sessions: int
    most_details: int
    report: Report
    narrowed_to: Filter | None

    @property
    def filters(self) -> tuple[Filter, ...]:
        """The filters that the visits are read with."""
        more = () if self.narrowed_to is None else (self.narrowed_to,)
        return self.asked.filters + more


class LocalEngine:
    """Answers specifications from the visits of one server, read with one key.

    `identity` stands for the key, so that a cache may be shared by several engines.
    """

    def __init__(
        self,
        source: VisitSource,
        *,
        clock: Callable[[], datetime],
        identity: str = "",
        cache: StoreCache | None = None,
    ) -> None:
        self._source = source
        self._clock = clock
        self._identity = identity
        self._cache = cache or StoreCache()
        self._filling = anyio.Semaphore(FILLED_AT_ONCE)

    async def run(
        self,
        specification: Specification,
        site: str,
        *,
        max_sessions: int = MOST_SESSIONS,
        max_details: int = MOST_DETAILS,
        progress: Report = no_report,
    ) -> Outcome:
        """The numbers, from as many of the newest visits as may be read; the basis says how many.

        Raises:
            BadRequestError: a specification that cannot be, or bounds below what makes sense.
            RybbitError: the visits could not be read, or not be believed.
        """
        question = await to_thread.run_sync(  # loads and compiles, which takes a moment
            _question, specification, site, max_sessions, max_details, progress
        )
        try:
            return await self._run(question)
        except UnsupportedError:  # a server that ignores the filter is asked without
            if question.narrowed_to is None:
                raise
            return await self._run(replace(question, narrowed_to=None))

    async def _run(self, question: _Question) -> Outcome:
        feed, question = await self._feed(question)
        called_at = self._clock()
        key = self._key(question, called_at)
        async with self._cache.hold(key):
            filled = self._cache.get(key, question.most_sessions, self._clock())
            if filled is None:
                filled = await self._filled(question, feed)
                if filled.reading.stop != "failure":
                    self._cache.put(key, filled)
            outcome = await self._answer(question, feed, filled)
        if filled.read_at >= called_at:
            return outcome
        return replace(outcome, basis=replace(outcome.basis, read_at=filled.read_at))

    def forget(self) -> None:
        """Drop all visits that were kept for further questions."""
        self._cache.clear()

    async def _feed(self, question: _Question) -> tuple[VisitFeed, _Question]:
        """The feed of the visits, narrowed by the server where it can."""
        asked = question.asked
        try:
            feed = await self._source.bulk(
                question.site, asked.window, filters=question.filters, conditions=asked.conditions
            )
        except BadRequestError:
            if question.narrowed_to is None:
                raise
            return await self._feed(replace(question, narrowed_to=None))
        return feed, question

    def _key(self, question: _Question, now: datetime) -> Hashable:
        asked = question.asked
        return (
            self._identity,
            question.site,
            window_key(asked.window, now),
            question.filters,
            asked.conditions,
        )

    async def _filled(self, question: _Question, feed: VisitFeed) -> Filled:
        """A new store with the visits; none is left behind if that fails or is cancelled."""
        from rybbit_mcp.analysis.local_paging import Pager
        from rybbit_mcp.analysis.local_seen import is_live_at
        from rybbit_mcp.analysis.local_store import VisitStore

        window, began_at = question.asked.window, self._clock()
        is_live = is_live_at(window, began_at)
        async with self._filling:
            store = await to_thread.run_sync(VisitStore)
            try:
                reading = await Pager(
                    feed,
                    store,
                    window,
                    most_visits=question.most_sessions,
                    is_live=is_live,
                    report=question.report,
                ).read()
                narrowed_to = question.narrowed_to
                if narrowed_to and narrowed_to.parameter == "event_name" and reading.is_filtered:
                    await to_thread.run_sync(store.keep_members, narrowed_to.value[0], None)
            except BaseException:
                store.close()
                raise
        # What a limit cut is believed no longer than what goes on.
        has_gaps = reading.is_torn or reading.repeated_count > 0
        is_short_lived = is_live or has_gaps or reading.stop in {"calls", "rate"}
        return Filled(store, reading, question.most_sessions, began_at, is_short_lived)

    async def _answer(self, question: _Question, feed: VisitFeed, filled: Filled) -> Outcome:
        from rybbit_mcp.analysis.local_asking import answer
        from rybbit_mcp.analysis.local_basis import ENGINE, basis_of
        from rybbit_mcp.analysis.reading import read_outcome

        details = None
        if question.needs is not None:
            details = await self._details(question, question.needs, feed, filled)
        rows = await to_thread.run_sync(
            lambda: answer(
                filled.store,
                question.query,
                with_events=details is not None,
                after=details.after if details else None,
            )
        )
        outcome = read_outcome(rows, question.asked, ENGINE)
        basis = basis_of(
            question.asked.window,
            filled.reading,
            details,
            session_count=outcome.total.session_count,
            notes=feed.notes,
        )
        return replace(outcome, basis=basis)

    async def _details(
        self, question: _Question, needs: Needs, feed: VisitFeed, filled: Filled
    ) -> Details:
        """Read what list rows do not decide."""
        from rybbit_mcp.analysis.local_details import DetailReader

        await self._list_members(question, needs, filled)
        before = filled.reading.visit_count

        async def report(done: int, total: int | None, message: str) -> None:
            await question.report(before + done, before + (total or 0), message)

        return await DetailReader(
            feed, filled.store, needs, most=question.most_details, report=report
        ).read()

    async def _list_members(self, question: _Question, needs: Needs, filled: Filled) -> None:
        """Ask the server which visits have the events of which only that matters."""
        from rybbit_mcp.analysis.local_asking import find_matter
        from rybbit_mcp.analysis.local_members import list_members
        from rybbit_mcp.analysis.local_needs import filter_of_event

        asked, store = question.asked, filled.store
        for name in needs.names:
            wanted = filter_of_event(name, asked.filters)
            if wanted is None or name in store.listed:
                continue
            matter = await to_thread.run_sync(find_matter, store, needs, 0)
            if matter.visit_count <= FEW:
                return
            try:
                members = await self._source.bulk(
                    question.site,
                    asked.window,
                    filters=(*asked.filters, wanted),
                    conditions=asked.conditions,
                )
            except BadRequestError:
                continue
            since = filled.reading.oldest_end_at if filled.reading.stop else None
            await list_members(
                members, store, name, window=asked.window, now=self._clock(), since=since
            )


def _question(
    specification: Specification, site: str, most_sessions: int, most_details: int, report: Report
) -> _Question:
    """The question, refused at once where no visits could answer it."""
    from rybbit_mcp.analysis.local_asking import compiled
    from rybbit_mcp.analysis.local_needs import narrowing_filter, needs_of

    if most_sessions < 1 or most_details < 0:
        raise BadRequestError(
            "max_sessions must be at least 1, max_details at least 0.", "Leave them out."
        )
    return _Question(
        asked=specification,
        site=site,
        needs=needs_of(specification) if specification.needs_events else None,
        query=compiled(specification, MOST_GROUPS),
        most_sessions=most_sessions,
        most_details=most_details,
        report=report,
        narrowed_to=narrowing_filter(specification),
    )
