"""A visit condensed: what survives of its timeline when not everything can be told.

The rule, from what goes first to what stays longest:

0. ordinary steps, those farthest from the landmarks first, so that told-in-one-line stretches
   grow from the middle between two landmarks outwards;
1. conversions (custom events, form submits) between the first and the last of their name;
2. pauses, the shorter ones first: they part a long visit into chapters;
3. the step before each distinct error, and the steps next to beginning and end;
4. the last, then the first conversion of each name;
5. the first of each distinct error, the rarest first.

The first and the last row never go. Landmarks are the ends, the distinct errors and the first and
last conversion of each name. What goes is counted in its stretch, conversions by name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rybbit_mcp.analysis.timeline import Cycle, Idle, Item, Row, Step, Stretch, first_errors
from rybbit_mcp.api.models import Event

CONVERSION_TYPES = frozenset({"custom_event", "form_submit"})
FEWEST_ROWS = 3  # a stretch of fewer rows says less than the rows themselves
END_ROWS = 3

# How far an ordinary step counts as being from its landmark: the farther, the sooner it goes.
_WEIGHT = {
    "outbound": 0.4,
    "error": 0.7,
    "pageview": 1.0,
    "button_click": 1.5,
    "copy": 2.0,
    "input_change": 2.5,
}
_NEW_PAGE_WEIGHT = 0.6

# The order of leaving, as above; rows of the tiers from `_NEIGHBOUR` on are landmarks.
_KEPT = -1
_ORDINARY = 0
_CONVERSION = 1
_IDLE = 2
_NEIGHBOUR = 3
_LAST_OF_NAME = 4
_FIRST_OF_NAME = 5
_ERROR = 6


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of a set of events, performance ones left out.

    `pages` counts pageviews by path, `conversions` custom events and form submits by name.
    """

    types: Counter[str]
    pages: Counter[str]
    conversions: Counter[str]
    error_kind_count: int

    @property
    def event_count(self) -> int:
        return self.types.total()


def tally(events: Sequence[Event]) -> Tally:
    """The counts of these events."""
    return Tally(
        types=Counter(event.type or "event" for event in events),
        pages=Counter(event.pathname for event in events if event.type == "pageview"),
        conversions=Counter(
            conversion_name(event) for event in events if event.type in CONVERSION_TYPES
        ),
        error_kind_count=len(first_errors(events)),
    )


def conversion_name(event: Event) -> str:
    """The name of a custom event, or `form ` and the name of a form; raw visitor text."""
    if event.type == "form_submit":
        return f"form {form_name(event)}".strip()
    return event.name


def form_name(event: Event) -> str:
    """What a form calls itself: its id, name, label or target; raw visitor text."""
    for key in ("formId", "formName", "ariaLabel", "formAction"):
        value = event.properties.get(key)
        if isinstance(value, str) and value.strip():
            return value
    return event.name


def condense(
    rows: Sequence[Row], events: Sequence[Event], fits: Callable[[Sequence[Item]], bool]
) -> tuple[Item, ...]:
    """The timeline with as few rows put into stretches as `fits` allows.

    Even if nothing fits, the first and the last row remain.
    """
    order = _order_of_leaving(rows, events)
    lowest, highest = 0, len(order)
    while lowest < highest:
        middle = (lowest + highest) // 2
        if fits(_with_stretches(rows, order[:middle])):
            highest = middle
        else:
            lowest = middle + 1
    return _with_stretches(rows, order[:highest])


def _with_stretches(rows: Sequence[Row], leaving: Sequence[int]) -> tuple[Item, ...]:
    gone = set(leaving)
    items: list[Item] = []
    run: list[Row] = []
    for index, row in enumerate(rows):
        if index in gone:
            run.append(row)
            continue
        items.extend(_as_stretch(run))
        run = []
        items.append(row)
    items.extend(_as_stretch(run))
    return tuple(items)


def _as_stretch(run: Sequence[Row]) -> Sequence[Item]:
    """One stretch for these rows, or the rows where that saves nothing; pauses at ends stay."""
    start, end = 0, len(run)
    if end and isinstance(run[0], Idle):
        start = 1
    if end > start and isinstance(run[end - 1], Idle):
        end -= 1
    if end - start < FEWEST_ROWS:
        return run
    pauses = [row.idle_s for row in run[start:end] if isinstance(row, Idle)]
    told = [row for row in run[start:end] if not isinstance(row, Idle)]
    stretch = Stretch(told[0].first, told[-1].last, len(pauses), sum(pauses))
    return [*run[:start], stretch, *run[end:]]


def _order_of_leaving(rows: Sequence[Row], events: Sequence[Event]) -> list[int]:
    """Row numbers, the one that can go first in front; the first and last row are not among them.

    Whole tiers go in order; within most of them the greater distance from a landmark goes first.
    """
    tiers = _tiers(rows, events)
    near = _distances([tier >= _NEIGHBOUR or tier == _KEPT for tier in tiers])
    new_pages = _new_pages(rows, events)
    errors = first_errors(events)

    def key(index: int) -> tuple[float, float, int]:
        row, tier = rows[index], tiers[index]
        if isinstance(row, Idle):
            return (tier, row.idle_s, -index)
        if tier == _ERROR:
            return (tier, errors[row.first][0], -index)
        return (tier, -near[index] * _weight(row, index in new_pages, events), -index)

    return sorted((index for index, tier in enumerate(tiers) if tier != _KEPT), key=key)


def _tiers(rows: Sequence[Row], events: Sequence[Event]) -> list[int]:
    """The tier of each row."""
    errors = first_errors(events)
    tiers = [_ORDINARY] * len(rows)
    of_name: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        if isinstance(row, Idle):
            tiers[index] = _IDLE
        for name in _conversion_names(row, events):
            tiers[index] = _CONVERSION
            of_name.setdefault(name, []).append(index)
        if index < END_ROWS or index >= len(rows) - END_ROWS:
            tiers[index] = max(tiers[index], _NEIGHBOUR)
        if isinstance(row, Step) and row.first in errors:
            tiers[index] = _ERROR
            if index:
                tiers[index - 1] = max(tiers[index - 1], _NEIGHBOUR)
    for places in of_name.values():
        tiers[places[-1]] = max(tiers[places[-1]], _LAST_OF_NAME)
        tiers[places[0]] = max(tiers[places[0]], _FIRST_OF_NAME)
    if tiers:
        tiers[0] = tiers[-1] = _KEPT
    return tiers


def _conversion_names(row: Row, events: Sequence[Event]) -> list[str]:
    if isinstance(row, Idle):
        return []
    steps = row.steps if isinstance(row, Cycle) else (row,)
    seen = (events[step.first] for step in steps)
    return [conversion_name(event) for event in seen if event.type in CONVERSION_TYPES]


def _distances(is_landmark: Sequence[bool]) -> list[int]:
    """Rows to the nearest landmark; what leads up to one counts as nearer than what follows."""
    far = 2 * len(is_landmark) + 2
    distances = [far] * len(is_landmark)
    since = far
    for index, here in enumerate(is_landmark):
        since = 0 if here else since + 2
        distances[index] = min(distances[index], since)
    until = far
    for index in range(len(is_landmark) - 1, -1, -1):
        until = 0 if is_landmark[index] else until + 1
        distances[index] = min(distances[index], until)
    return distances


def _new_pages(rows: Sequence[Row], events: Sequence[Event]) -> frozenset[int]:
    seen: set[str] = set()
    new: list[int] = []
    for index, row in enumerate(rows):
        event = events[row.first]
        if isinstance(row, Step) and event.type == "pageview" and event.pathname not in seen:
            seen.add(event.pathname)
            new.append(index)
    return frozenset(new)


def _weight(row: Row, is_new_page: bool, events: Sequence[Event]) -> float:
    if is_new_page:
        return _NEW_PAGE_WEIGHT
    return _WEIGHT.get(events[row.first].type, 1.0)
