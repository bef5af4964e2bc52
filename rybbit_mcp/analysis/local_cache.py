"""The stores of the last questions, for further questions about the same visits."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from rybbit_mcp.analysis.local_paging import Reading
    from rybbit_mcp.analysis.local_store import VisitStore
    from rybbit_mcp.api.window import Window

MOST_STORES = 3
MOST_BYTES = 96 * 2**20
LIVE_FOR = timedelta(seconds=60)
"""How long the visits of a window that reaches now are believed."""
PAST_FOR = timedelta(minutes=10)
"""How long those of a window that is over are."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A store with all that was read for it, `most_visits` at most.

    `is_live` says that other visits may be read soon.
    """

    store: VisitStore
    reading: Reading
    most_visits: int
    read_at: datetime
    is_live: bool


class StoreCache:
    """A few stores by what they hold, the least recently used dropped first.

    Dropped stores free their memory when the last question over them is answered.
    """

    def __init__(
        self,
        *,
        most_stores: int = MOST_STORES,
        most_bytes: int = MOST_BYTES,
        live_for: timedelta = LIVE_FOR,
        past_for: timedelta = PAST_FOR,
    ) -> None:
        self._most_stores = most_stores
        self._most_bytes = most_bytes
        self._live_for = live_for
        self._past_for = past_for
        self._filled: OrderedDict[Hashable, tuple[Filled, int]] = OrderedDict()
        self._holders: dict[Hashable, tuple[anyio.Lock, int]] = {}

    @asynccontextmanager
    async def hold(self, key: Hashable) -> AsyncIterator[None]:
        """While held, nobody else fills or asks the store of this key."""
        lock, count = self._holders.get(key, (anyio.Lock(), 0))
        self._holders[key] = (lock, count + 1)
        try:
            async with lock:
                yield
        finally:
            lock, count = self._holders.pop(key)
            if count > 1:
                self._holders[key] = (lock, count - 1)

    def get(self, key: Hashable, most_visits: int, now: datetime) -> Filled | None:
        """A store that is still believed and holds as many visits as may be wanted."""
        if key not in self._filled:
            return None
        filled, _ = self._filled[key]
        lasts_for = self._live_for if filled.is_live else self._past_for
        if not timedelta(0) <= now - filled.read_at < lasts_for:
            del self._filled[key]
            return None
        if filled.reading.stop and filled.most_visits < most_visits:
            return None
        self._filled.move_to_end(key)
        return filled

    def put(self, key: Hashable, filled: Filled) -> None:
        """Keep a store, and drop others where there are too many or they are too large."""
        self._filled.pop(key, None)
        self._filled[key] = (filled, filled.store.size_bytes)
        while len(self._filled) > self._most_stores or self._byte_count() > self._most_bytes:
            self._filled.popitem(last=False)

    def clear(self) -> None:
        """Drop all stores."""
        self._filled.clear()

    def _byte_count(self) -> int:
        return sum(size for _, size in self._filled.values())


def window_key(window: Window, now: datetime) -> Hashable:
    """Equal for windows that select the same visits when asked at the same time.

    Windows that reach now have another end at each question; how they were asked does not change.
    The part of a period that is compared has another end each time, and is asked the same.
    """
    match window.kind:
        case "days":
            return ("days", window.zone, window.start_on, window.end_on)
        case "minutes":
            return ("minutes", window.minutes)
        case "all":
            return ("all",)
    end_at = window.end_at
    reaches_now = end_at is None or end_at >= now - LIVE_FOR
    return ("instants", window.start_at, window.asked, None if reaches_now else end_at)
