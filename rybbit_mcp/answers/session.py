"""The answer to "what happened in this visit": who, from where, and the timeline to its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rybbit_mcp.analysis.story import Tally, condense, tally
from rybbit_mcp.analysis.timeline import Item, Stretch, fold, plain, shown_events
from rybbit_mcp.answers.answer import Answer
from rybbit_mcp.answers.budget import fitted, largest_fitting, structured_size, text_size
from rybbit_mcp.answers.clean import Gate
from rybbit_mcp.answers.event_cells import BARE, NO_FACTS, ROOMY, TIGHT, EventReader, Limits
from rybbit_mcp.answers.heading import DEMO_MARK
from rybbit_mcp.answers.timeline_table import TimelineWriter, kinds_text, names_text
from rybbit_mcp.answers.visit_facts import visit_facts
from rybbit_mcp.answers.words import count_of, duration

if TYPE_CHECKING:
    from datetime import datetime

    from rybbit_mcp.answers.privacy import Privacy
    from rybbit_mcp.api.results import SessionStory

STORY_CHARS = 3_000
"""Characters a whole visit is condensed to: about 1,200 tokens."""

FEWEST_ROW_CHARS = 12
EVENTS_PER_CALL = 500
NAMES_IN_FACTS = 8


@dataclass(frozen=True, slots=True)
class VisitAsked:
    """What the caller asked, as far as the answer repeats it.

    `site` is the site's label. `call` gives the complete call for an offset and a limit; (0, 0)
    for the whole visit. With `limit` 0 and a story from its beginning on, the visit is told as a
    whole, else event by event. `minutes` is the stretch before now that was asked for, 0 for all.
    """

    site: str
    zone: str
    call: Callable[[int, int], str]
    limit: int = 0
    minutes: int = 0
    is_demo: bool = False


def render_session(
    story: SessionStory,
    asked: VisitAsked,
    *,
    privacy: Privacy,
    gate: Gate,
    max_chars: int,
    story_chars: int = STORY_CHARS,
    size: Callable[[Answer], int] = text_size,
) -> Answer:
    """The visit, condensed to `story_chars`, or the events asked for, one a row.

    Shape: facts (who, from, device, place, entry→exit), then a timeline with offsets from the
    beginning of the visit. Repeats and cycles are folded; if the rest is too long, stretches
    without errors and conversions become one row each, which says how to get them.
    """
    visit = _Visit(story, asked, privacy, is_structured=size is structured_size)
    if asked.limit or story.offset or not visit.events:
        return visit.stretch_answer(gate, max_chars, size)
    return visit.whole_answer(gate, min(max_chars, story_chars), size)


class _Visit:
    """One story with everything needed to tell it."""

    def __init__(
        self, story: SessionStory, asked: VisitAsked, privacy: Privacy, *, is_structured: bool
    ) -> None:
        self._story = story
        self._asked = asked
        self._privacy = privacy
        self._is_structured = is_structured
        self.events = shown_events(story.events)

    def whole_answer(self, gate: Gate, max_chars: int, size: Callable[[Answer], int]) -> Answer:
        """The visit told as a whole, condensed until it fits."""
        rows = fold(self.events, with_query=self._privacy.level == "open")

        def fits_with(limits: Limits) -> Callable[[Sequence[Item]], bool]:
            return lambda items: (
                len(items) * FEWEST_ROW_CHARS <= max_chars
                and size(self._whole(items, Gate(), limits)) <= max_chars
            )

        for limits in (ROOMY, TIGHT, BARE, NO_FACTS):
            items = condense(rows, self.events, fits_with(limits))
            if fits_with(limits)(items):
                break
        return fitted(self._whole(items, gate, limits), max_chars=max_chars, size=size)

    def stretch_answer(self, gate: Gate, max_chars: int, size: Callable[[Answer], int]) -> Answer:
        """The events asked for, one a row, as many as fit; the call goes on after the last."""
        story, asked = self._story, self._asked
        reader = EventReader(self.events, gate, self._privacy)
        table = self._writer(reader).table(plain(self.events), is_structured=self._is_structured)
        facts = () if story.offset else visit_facts(self._story, reader, gate, self._privacy)

        def build(shown: int) -> Answer:
            end = story.offset + shown
            calls = (asked.call(end, asked.limit),) if end < story.event_total else ()
            if not self.events and story.event_total:
                calls = (asked.call(0, 0),)
            return Answer(
                head=(self._title(gate), self._extent(shown, max_chars), *story.notes),
                facts=facts,
                tables=(replace(table, name="events", rows=table.rows[:shown]),),
                next=calls,
                notes=_removed(gate),
            )

        return largest_fitting(build, len(self.events), max_chars=max_chars, size=size)

    def _whole(self, items: Sequence[Item], gate: Gate, limits: Limits) -> Answer:
        reader = EventReader(self.events, gate, self._privacy, limits)
        table = self._writer(reader).table(items, is_structured=self._is_structured)
        stretches = [item for item in items if isinstance(item, Stretch)]
        counted = tally(self.events)
        facts = visit_facts(self._story, reader, gate, self._privacy)[: limits.facts]
        names = names_text(
            counted.conversions, reader.name, min(NAMES_IN_FACTS, max(1, limits.facts))
        )
        if stretches and names:
            facts = (*facts, ("conversions", names))
        return Answer(
            head=(
                self._title(gate),
                self._counts(counted),
                *self._condensed(stretches),
                *self._story.notes,
            ),
            facts=facts,
            tables=(table,),
            next=self._calls(stretches),
            notes=_removed(gate),
        )

    def _writer(self, reader: EventReader) -> TimelineWriter:
        head = self._story.head
        base_at = head.started_at
        if self.events and not self._story.offset:
            base_at = min(base_at, self.events[0].at)
        return TimelineWriter(self.events, reader, base_at=base_at, first_index=self._story.offset)

    def _title(self, gate: Gate) -> str:
        head, asked = self._story.head, self._asked
        part = f"last {count_of(asked.minutes, 'minute')} of " if asked.minutes else ""
        session_id = gate.text(head.session_id, limit=64)
        time = _time_range(head.started_at, head.ended_at, asked.zone)
        demo = DEMO_MARK if asked.is_demo else ""
        line = f"{demo}{part}visit {session_id} of {asked.site} · {time}"
        return f"{line} · {duration(head.duration_s)}"

    def _extent(self, shown: int, max_chars: int) -> str:
        story = self._story
        if not self.events:
            if not story.event_total:
                return "no events but performance ones"
            total = count_of(story.event_total, "event")
            return f"no events from offset {story.offset} on: the visit has {total}"
        if not shown:
            return f"{count_of(len(self.events), 'event')}, too long for {max_chars} characters"
        first, last = story.offset + 1, story.offset + shown
        numbers = f"event {first}" if first == last else f"events {first} to {last}"
        line = f"{numbers} of {story.event_total}, one a row"
        if shown < len(self.events):
            line += f"; more were left out to stay within {max_chars} characters"
        return line

    def _counts(self, counted: Tally) -> str:
        """What the visit holds; of a visit not read to its end, only what is known of all of it."""
        story, row = self._story, self._story.row
        performance_count = max(0, story.head.event_count - story.event_total)
        if story.is_whole:
            parts = [kinds_text(counted)]
        else:
            parts = [count_of(story.head.pageview_count, "pageview")]
            if row is not None:
                parts.append(count_of(row.event_count, "custom event"))
                parts.append(count_of(row.error_count, "error"))
                parts.append(count_of(row.outbound_count, "outbound click"))
            parts = [", ".join(parts)]
            parts.append(
                f"read {len(self.events)} of {story.event_total} events, the timeline ends there"
            )
        if performance_count:
            left_out = count_of(performance_count, "performance event")
            parts.insert(1, f"{left_out} left out")
        parts.insert(1, _bounce(story.head.pageview_count))
        return " · ".join(parts)

    def _condensed(self, stretches: Sequence[Stretch]) -> tuple[str, ...]:
        if not stretches:
            return ()
        count = sum(stretch.event_count for stretch in stretches)
        rows = count_of(len(stretches), "stretch")
        line = f"condensed: {count} of {len(self.events)} events stand in {rows}; "
        return (line + "the number after `from` is the offset that gets them",)

    def _calls(self, stretches: Sequence[Stretch]) -> tuple[str, ...]:
        story, asked = self._story, self._asked
        calls = []
        if stretches:
            longest = max(stretches, key=lambda stretch: (stretch.event_count, -stretch.first))
            limit = min(longest.event_count, EVENTS_PER_CALL)
            calls.append(asked.call(story.offset + longest.first, limit))
        if not story.is_whole:
            calls.append(asked.call(story.offset + len(self.events), EVENTS_PER_CALL))
        return tuple(calls)


def _bounce(pageview_count: int) -> str:
    if pageview_count == 1:
        return "bounced"
    return "no bounce" if pageview_count else "no pageview"


def _time_range(start_at: datetime, end_at: datetime, zone: str) -> str:
    here = ZoneInfo(zone)
    start, end = start_at.astimezone(here), end_at.astimezone(here)
    form = "%H:%M:%S" if start.date() == end.date() else "%Y-%m-%d %H:%M:%S"
    clock = " %z" if start.utcoffset() != end.utcoffset() else ""
    return f"{start.strftime('%Y-%m-%d %H:%M:%S' + clock)} to {end.strftime(form + clock)} {zone}"


def _removed(gate: Gate) -> tuple[str, ...]:
    note = gate.note()
    return (note,) if note else ()
