"""The events of one visit as a timeline: repeats folded, cycles folded, pauses marked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from rybbit_mcp.api.models import Event

IDLE_S = 300
IDLE_FACTOR = 4  # a pause is idle only when it is this much longer than the visit's typical step
LONGEST_PERIOD = 4
FEWEST_CYCLES = 3


@dataclass(frozen=True, slots=True)
class Step:
    """One event, or a run of identical ones: the events `first` to `last`, both included."""

    first: int
    last: int

    @property
    def times(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Cycle:
    """A short sequence of steps that came `times` in a row; `steps` are those of the first turn."""

    first: int
    last: int
    steps: tuple[Step, ...]
    times: int


@dataclass(frozen=True, slots=True)
class Idle:
    """A pause between the event `first` and the one after it."""

    first: int
    idle_s: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """Events `first` to `last`, both included, told in one line, with the pauses among them."""

    first: int
    last: int
    idle_count: int = 0
    idle_s: int = 0

    @property
    def event_count(self) -> int:
        return self.last - self.first + 1


Row = Step | Cycle | Idle
Item = Row | Stretch


@dataclass(frozen=True, slots=True)
class ErrorFacts:
    """What an error event says, in its own raw words.

    `place` is `file:line:column` as far as known, `frame` the first line of the stack that names
    a place in the code.
    """

    name: str
    message: str
    place: str
    frame: str


def shown_events(events: Sequence[Event]) -> tuple[Event, ...]:
    """The events a timeline tells: all but the performance ones."""
    return tuple(event for event in events if event.type != "performance")


def error_facts(event: Event) -> ErrorFacts:
    """The facts of an error event, under either of the two namings of its properties."""
    properties = event.properties
    message = _first_text(properties, "message")
    parts = [
        _first_text(properties, "fileName", "filename"),
        _first_text(properties, "lineNumber", "lineno"),
        _first_text(properties, "columnNumber", "colno"),
    ]
    place = ":".join(part for part in parts if part) if parts[0] else ""
    return ErrorFacts(event.name or "Error", message, place, _frame(properties))


def identity(event: Event, *, with_query: bool = False) -> tuple[str, ...]:
    """What makes two events of a visit the same thing happening again."""
    if event.type == "pageview":
        query = event.querystring if with_query else ""
        return (event.type, event.hostname, event.pathname, query)
    if event.type == "error":
        facts = error_facts(event)
        return (event.type, facts.name, facts.message, facts.place)
    properties = json.dumps(event.properties, sort_keys=True, default=str)
    return (event.type, event.hostname, event.pathname, event.name, properties)


def fold(events: Sequence[Event], *, with_query: bool = False) -> tuple[Row, ...]:
    """The rows of the timeline, oldest first; together they tell every event exactly once.

    Identical events in a row become one `Step`, a sequence of up to four steps repeated at least
    three times becomes one `Cycle`. Neither crosses a pause, and the first occurrence of each
    error always stands alone, so that it can be shown in full. `with_query` tells pages apart by
    their query string, too.
    """
    keys = [identity(event, with_query=with_query) for event in events]
    return _fold_cycles(_fold_repeats(events, keys), keys, first_errors(events))


def plain(events: Sequence[Event]) -> tuple[Row, ...]:
    """One row an event, nothing folded."""
    return tuple(Step(index, index) for index in range(len(events)))


def first_errors(events: Sequence[Event]) -> dict[int, tuple[int, int]]:
    """For the first event of each distinct error: how many there are, and the last one's index."""
    first_of: dict[tuple[str, ...], int] = {}
    found: dict[int, tuple[int, int]] = {}
    for index, event in enumerate(events):
        if event.type == "error":
            first = first_of.setdefault(identity(event), index)
            found[first] = (found.get(first, (0, 0))[0] + 1, index)
    return found


def idle_after(events: Sequence[Event]) -> dict[int, int]:
    """Seconds of pause by the index of the event before it, for pauses that stand out."""
    gaps = [(later.at - earlier.at).total_seconds() for earlier, later in pairwise(events)]
    if not gaps:
        return {}
    # Without zeros: bursts of automatic events in one second say nothing of a person's pace.
    typical = median([gap for gap in gaps if gap > 0] or [0])
    others = len(gaps) > 2
    return {
        index: int(gap)
        for index, gap in enumerate(gaps)
        if gap >= IDLE_S and (not others or gap > IDLE_FACTOR * typical)
    }


def _fold_repeats(events: Sequence[Event], keys: Sequence[tuple[str, ...]]) -> list[Row]:
    idle = idle_after(events)
    rows: list[Row] = []
    first = 0
    for index in range(len(events)):
        is_last = index + 1 == len(events)
        if is_last or index in idle or keys[index + 1] != keys[index]:
            rows.append(Step(first, index))
            first = index + 1
        if index in idle and not is_last:
            rows.append(Idle(index, idle[index]))
    return rows


def _fold_cycles(
    rows: list[Row], keys: Sequence[tuple[str, ...]], alone: dict[int, tuple[int, int]]
) -> tuple[Row, ...]:
    marks = [_mark(row, keys, alone) for row in rows]
    folded: list[Row] = []
    at = 0
    while at < len(rows):
        period, times = _cycle_at(marks, at)
        steps = tuple(row for row in rows[at : at + period] if isinstance(row, Step))
        if not period:
            folded.append(rows[at])
            at += 1
            continue
        end = at + period * times
        last = rows[end - 1]
        folded.append(Cycle(steps[0].first, getattr(last, "last", last.first), steps, times))
        at = end
    return tuple(folded)


def _mark(
    row: Row, keys: Sequence[tuple[str, ...]], alone: dict[int, tuple[int, int]]
) -> tuple[object, ...]:
    """Equal for rows that may stand for each other in a cycle; unique for those that may not."""
    if isinstance(row, Step) and row.first not in alone:
        return (row.times, *keys[row.first])
    return (row,)


def _cycle_at(marks: Sequence[tuple[object, ...]], at: int) -> tuple[int, int]:
    """Period and number of turns of the cycle that starts here and covers most; (0, 0) if none."""
    best = (0, 0)
    for period in range(2, LONGEST_PERIOD + 1):
        turn = marks[at : at + period]
        times = 1
        while marks[at + times * period : at + (times + 1) * period] == turn:
            times += 1
        if times >= FEWEST_CYCLES and period * times > best[0] * best[1]:
            best = (period, times)
    return best


def _frame(properties: dict[str, object]) -> str:
    """The first line of the stack that names a place, in Chrome's form whatever the browser."""
    for line in _first_text(properties, "stack").splitlines():
        text = line.strip()
        if text.startswith("at "):
            return text
        # Firefox and Safari write `pay@https://…`, which would read as an e-mail address.
        function, at, place = text.partition("@")
        if at and ":" in place:
            return f"at {function} ({place})" if function else f"at {place}"
    return ""


def _first_text(properties: dict[str, object], *names: str) -> str:
    for name in names:
        value = properties.get(name)
        if isinstance(value, str | int | float) and value != "":
            return str(value)
    return ""
