"""Loads pages into a store in worker threads, those together that wait at the same time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

if TYPE_CHECKING:
    from rybbit_mcp.analysis.local_lane import Page, PageFacts
    from rybbit_mcp.analysis.local_store import VisitStore

MOST_AT_ONCE = 2
"""Threads, as many as a store has lanes."""
MOST_TOGETHER = 2
"""Pages of one statement: planning it takes as long as loading some hundred rows."""


@dataclass(slots=True)
class _Waiting:
    page: Page
    is_taken: bool = False
    facts: PageFacts | None = None
    error: Exception | None = None
    done: anyio.Event = field(default_factory=anyio.Event)


class Loader:
    """Loads the pages of one reading."""

    def __init__(self, store: VisitStore) -> None:
        self._store = store
        self._waiting: list[_Waiting] = []
        self._threads = anyio.Semaphore(MOST_AT_ONCE)

    async def load(self, page: Page) -> PageFacts:
        """What the page held, once it is kept.

        Raises:
            UnexpectedBodyError: it, or one that was loaded with it, is not what Rybbit sends.
        """
        mine = _Waiting(page)
        self._waiting.append(mine)
        async with self._threads:
            if not mine.is_taken:
                await self._load_some()
        await mine.done.wait()  # another task may have taken it
        if mine.error is not None:
            raise mine.error
        if mine.facts is None:
            raise AssertionError("a page that was loaded has facts")
        return mine.facts

    async def _load_some(self) -> None:
        batch, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
        for waiting in batch:
            waiting.is_taken = True
        try:
            pages = [waiting.page for waiting in batch]
            found = await to_thread.run_sync(self._store.load, pages)
            for waiting, facts in zip(batch, found, strict=True):
                waiting.facts = facts
        except Exception as error:
            for waiting in batch:
                waiting.error = error
        finally:
            for waiting in batch:
                waiting.done.set()
