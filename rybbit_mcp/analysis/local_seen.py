"""What the pages that were read so far tell about those that were not."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

from rybbit_mcp.api.listing import is_last_page

if TYPE_CHECKING:
    from datetime import datetime

    from rybbit_mcp.analysis.local_lane import PageFacts
    from rybbit_mcp.api.window import Window

SETTLED_AFTER = timedelta(minutes=5)
"""Visits of windows that ended so long ago change no more."""


def is_live_at(window: Window, now: datetime) -> bool:
    """Whether visits of a window may still begin or go on."""
    return window.end_at is None or window.end_at >= now - SETTLED_AFTER


class SeenPages:
    """The facts of pages by their numbers, from 1; they may come in any order."""

    def __init__(self, window: Window, page_size: int, most_pages: int) -> None:
        self._window = window
        self._size = page_size
        self._most_pages = most_pages
        self._facts: dict[int, PageFacts] = {}
        self.last: int | None = None
        """The number of the last page, once one was surely it."""

    def __len__(self) -> int:
        return len(self._facts)

    def add(self, number: int, facts: PageFacts) -> None:
        """Take a page into account."""
        self._facts[number] = facts
        if is_last_page(facts.row_count, self._size):
            self.last = min(number, self.last or number)

    @property
    def first(self) -> PageFacts:
        """The newest page."""
        return self._facts[1]

    def __contains__(self, facts: object) -> bool:
        """Whether a page held exactly this."""
        return facts in self._facts.values()

    @property
    def is_torn(self) -> bool:
        """Whether a page was not full though a later one has rows."""
        with_rows = [number for number, facts in self._facts.items() if facts.row_count]
        end = max(with_rows, default=0)
        return any(self._facts[n].row_count < self._size for n in self._facts if n < end)

    @property
    def kept_count(self) -> int:
        """Rows of all pages that were asked for."""
        return sum(facts.kept_count for facts in self._facts.values())

    @property
    def row_count(self) -> int:
        """Rows of all pages, visits that came twice counted twice."""
        return sum(facts.row_count for facts in self._facts.values())

    @property
    def dropped_count(self) -> int:
        """Rows that came and were not asked for."""
        return self.row_count - self.kept_count

    @property
    def gapless_count(self) -> int:
        """How many pages from the first on were read without one missing between."""
        number = 0
        while number + 1 in self._facts:
            number += 1
        return number

    @property
    def has_gap(self) -> bool:
        """Whether later pages were read than one that was not."""
        return self.gapless_count < len(self._facts)

    @property
    def oldest_end_at(self) -> datetime | None:
        """The end of the oldest visit before any gap."""
        ends = [self._facts[number].oldest_end_at for number in range(1, self.gapless_count + 1)]
        return min((end for end in ends if end is not None), default=None)

    @property
    def expected_pages(self) -> int | None:
        """How many pages there are, if visits are as frequent before as in what was read."""
        if self.last is not None:
            return self.last
        oldest, window = self.oldest_end_at, self._window
        if oldest is None or window.start_at is None or window.end_at is None:
            return None
        seen_s = max(1.0, (window.end_at - oldest).total_seconds())
        all_s = (window.end_at - window.start_at).total_seconds()
        return max(self.gapless_count, math.ceil(self.gapless_count * all_s / seen_s))

    @property
    def expected_rows(self) -> int | None:
        """How many rows will be read, within the bound."""
        if self.last is not None and len(self._facts) >= self.last:
            return self.row_count
        expected = self.expected_pages
        return None if expected is None else min(expected, self._most_pages) * self._size
