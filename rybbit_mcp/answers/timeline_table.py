"""The rows of a visit's timeline: events, repeats, cycles, pauses and condensed stretches."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rybbit_mcp.analysis.story import Tally, tally
from rybbit_mcp.analysis.timeline import Cycle, Idle, Item, Step, Stretch, first_errors, identity
from rybbit_mcp.answers.answer import Table
from rybbit_mcp.answers.event_cells import EventReader
from rybbit_mcp.answers.words import count_of, duration, offset

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from rybbit_mcp.answers.answer import Cell
    from rybbit_mcp.api.models import Event

TEXT_COLUMNS = ("offset", "type", "what", "details")
FACT_COLUMNS = ("offset_s", "until_s", "times", "type", "what", "details")

_NOUNS = {
    "pageview": "pageview",
    "custom_event": "custom event",
    "error": "error",
    "outbound": "outbound click",
    "button_click": "click",
    "copy": "copy",
    "form_submit": "form submit",
    "input_change": "input change",
}
_NAMES_IN_STRETCH = 3


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One row; `until_s` is None and `times` 1 for what happened once."""

    offset_s: int
    until_s: int | None
    times: int
    type: str
    what: str
    details: str = ""

    def as_text(self) -> tuple[Cell, ...]:
        """The cells for a reader: when and how often in one."""
        at = offset(self.offset_s)
        if self.until_s is not None and self.until_s > self.offset_s:
            at += f"..{offset(self.until_s)}"
        if self.times > 1:
            at += f" ×{self.times}"
        return (at, self.type, self.what, self.details)

    def as_facts(self) -> tuple[Cell, ...]:
        """The cells for a program: one fact each."""
        until_s = self.offset_s if self.until_s is None else self.until_s
        return (self.offset_s, until_s, self.times, self.type, self.what, self.details)


class TimelineWriter:
    """Writes the rows of one visit's timeline.

    `first_index` is the number of the first event in the whole visit, for the calls that get a
    stretch.
    """

    def __init__(
        self, events: Sequence[Event], reader: EventReader, *, base_at: datetime, first_index: int
    ) -> None:
        self._events = events
        self._reader = reader
        self._base_at = base_at
        self._first_index = first_index
        self._errors = first_errors(events)
        self._first_of = {identity(events[index]): index for index in self._errors}

    def table(self, items: Sequence[Item], *, is_structured: bool = False) -> Table:
        """The timeline of these items."""
        shown = {item.first for item in items if isinstance(item, Step)}
        state = _Told(shown_errors=shown & self._errors.keys())
        rows = [self._row(item, state) for item in items]
        cells = tuple([row.as_facts() if is_structured else row.as_text() for row in rows])
        return Table("timeline", FACT_COLUMNS if is_structured else TEXT_COLUMNS, cells)

    def _row(self, item: Item, told: _Told) -> TimelineRow:
        if isinstance(item, Idle):
            return TimelineRow(self._offset_s(item.first), None, 1, "idle", duration(item.idle_s))
        if isinstance(item, Stretch):
            return self._stretch(item)
        if isinstance(item, Cycle):
            return self._cycle(item)
        return self._step(item, told)

    def _step(self, step: Step, told: _Told) -> TimelineRow:
        event = self._events[step.first]
        cells = self._reader.cells(event)
        details = [cells.details]
        what = cells.what
        if event.type == "pageview":
            told.page = event.pathname
            if event.pathname not in told.titled:
                told.titled.add(event.pathname)
                details = [self._reader.title(event)]
        elif event.type == "error":
            what, details = self._error(step, what, cells.details, told)
        if event.pathname and event.pathname != told.page:
            told.page = event.pathname
            details.insert(0, f"on {self._reader.page(event)}")
        return self._timed(step, step.times, cells.type, what, "; ".join(filter(None, details)))

    def _error(self, step: Step, message: str, details: str, told: _Told) -> tuple[str, list[str]]:
        """Message and details of an error: in full once, then by reference."""
        first = self._first_of[identity(self._events[step.first])]
        if step.first != first:
            if first in told.shown_errors:
                return f"same as at {offset(self._offset_s(first))}", []
            return message, []
        count, last = self._errors[first]
        if count == step.times:
            return message, [details]
        return message, [f"{count} in all, last at {offset(self._offset_s(last))}", details]

    def _cycle(self, cycle: Cycle) -> TimelineRow:
        parts = []
        for step in cycle.steps:
            event = self._events[step.first]
            cells = self._reader.cells(event)
            part = cells.what if event.type == "pageview" else f"{cells.type} {cells.what}".strip()
            if event.type == "error":
                first = self._first_of[identity(event)]
                part = f"error of {offset(self._offset_s(first))}"
            parts.append(part if step.times == 1 else f"{part} ×{step.times}")
        return self._timed(cycle, cycle.times, "cycle", " → ".join(parts))

    def _stretch(self, stretch: Stretch) -> TimelineRow:
        counted = tally(self._events[stretch.first : stretch.last + 1])
        first = self._first_index + stretch.first
        what = f"{stretch.event_count} events from {first}: {kinds_text(counted)}"
        if stretch.idle_count:
            what += f", {count_of(stretch.idle_count, 'pause')} of {duration(stretch.idle_s)}"
        return self._timed(stretch, 1, "stretch", what, self._stretch_details(counted))

    def _stretch_details(self, counted: Tally) -> str:
        parts = []
        names = names_text(counted.conversions, self._reader.name)
        if names:
            parts.append(names)
        often = [(path, count) for path, count in counted.pages.items() if count > 1]
        often.sort(key=lambda item: (-item[1], item[0]))
        if often and len(counted.pages) > 1:
            path, count = often[0]
            parts.append(f"most: {self._reader.path(path)} ×{count}")
        elif len(counted.pages) == 1:
            parts.append(self._reader.path(next(iter(counted.pages))))
        return "; ".join(parts)

    def _timed(
        self, item: Step | Cycle | Stretch, times: int, word: str, what: str, details: str = ""
    ) -> TimelineRow:
        start_s, end_s = self._offset_s(item.first), self._offset_s(item.last)
        is_single = item.first == item.last
        return TimelineRow(start_s, None if is_single else end_s, times, word, what, details)

    def _offset_s(self, index: int) -> int:
        return int((self._events[index].at - self._base_at).total_seconds())


@dataclass(slots=True)
class _Told:
    """What the rows so far have said, so that the next ones need not repeat it."""

    shown_errors: set[int]
    page: str = ""
    titled: set[str] = field(default_factory=set)


def kinds_text(counted: Tally) -> str:
    """How many of each kind: `30 pageviews of 12 pages, 7 clicks, 2 errors of 1 kind`."""
    parts = []
    for kind, noun in _NOUNS.items():
        count = counted.types.get(kind, 0)
        if not count:
            continue
        part = count_of(count, noun)
        if kind == "pageview" and len(counted.pages) < count:
            part += f" of {count_of(len(counted.pages), 'page')}"
        elif kind == "error" and counted.error_kind_count < count:
            part += f" of {count_of(counted.error_kind_count, 'kind')}"
        parts.append(part)
    other_count = sum(count for kind, count in counted.types.items() if kind not in _NOUNS)
    if other_count:
        parts.append(count_of(other_count, "other event"))
    return ", ".join(parts)


def names_text(
    names: Counter[str], clean: Callable[[str], str], top: int = _NAMES_IN_STRETCH
) -> str:
    """Conversions by name, the most frequent first: `add_to_cart ×4, signup, 2 other names ×5`."""
    counts: Counter[str] = Counter()
    for name, count in names.items():
        counts[clean(name) or "unnamed"] += count
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = ranked if len(ranked) <= top + 1 else ranked[:top]
    parts = [name if count == 1 else f"{name} ×{count}" for name, count in shown]
    if rest := ranked[len(shown) :]:
        parts.append(f"{len(rest)} other names ×{sum(count for _, count in rest)}")
    return ", ".join(parts)
