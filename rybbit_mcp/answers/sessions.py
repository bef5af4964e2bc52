"""The answer to "which visits were there": a summary, one line a visit, the call that goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from rybbit_mcp.analysis.visits import Tally, summarize_visits
from rybbit_mcp.answers.answer import Answer, Table
from rybbit_mcp.answers.budget import fitted, structured_size, text_size
from rybbit_mcp.answers.clean import Gate
from rybbit_mcp.answers.heading import first_line
from rybbit_mcp.answers.visit_cells import clean_path, clean_visits
from rybbit_mcp.answers.visit_columns import visit_columns
from rybbit_mcp.answers.visit_table import DENSITIES, Density, visit_table
from rybbit_mcp.answers.words import count_of, duration, share, short_list
from rybbit_mcp.api.window import Window

if TYPE_CHECKING:
    from rybbit_mcp.answers.privacy import Privacy
    from rybbit_mcp.answers.visit_cells import VisitCells
    from rybbit_mcp.api.models import Session
    from rybbit_mcp.api.results import SessionPage

LARGEST_LIMIT = 100
MANY_VISITS = 50


@dataclass(frozen=True, slots=True)
class VisitsAsked:
    """What the caller asked, as far as the answer repeats it.

    `site` is the site's label. `filters` says the conditions in words, "" if there are none.
    `call` gives the complete call for a page and a limit, everything else as asked. `diagnosis`
    says, where nothing matched, why.
    """

    site: str
    window: Window
    now: datetime
    call: Callable[[int, int], str]
    filters: str = ""
    diagnosis: Sequence[str] = ()
    is_demo: bool = False


@dataclass(frozen=True, slots=True)
class Continuation:
    """How many rows to show, and the page and limit that begin right after the last of them."""

    shown_count: int
    page: int
    limit: int


def render_sessions(
    page: SessionPage,
    asked: VisitsAsked,
    *,
    privacy: Privacy,
    gate: Gate,
    max_chars: int,
    size: Callable[[Answer], int] = text_size,
) -> Answer:
    """The visits of a page, newest first, under a summary of exactly the visits shown.

    Shape: rows repeat as little as the budget demands (see `DENSITIES`); if the densest form is
    still too long, fewer visits, and the next call begins right after the last one shown.
    An answer whose `size` is that of its JSON goes to programs and has one fact a column
    (`VISIT_COLUMNS`).
    """
    if not page.sessions:
        return fitted(_empty(page, asked, gate), max_chars=max_chars, size=size)
    visits = clean_visits(page.sessions, gate, privacy)
    listing = _Listing(page, asked, visits, gate, privacy, size is structured_size)
    for density in DENSITIES:
        answer = listing.whole(density)
        if size(answer) <= max_chars:
            return answer
    most_shown = _largest_below(
        len(page.sessions), lambda count: size(listing.part(count, max_chars)) <= max_chars
    )
    while most_shown > 0:
        answer = listing.part(most_shown, max_chars)
        if size(answer) <= max_chars:
            return answer
        most_shown -= 1
    return _smallest(listing, max_chars, size)


def continuation(offset: int, most_shown: int, wanted_limit: int) -> Continuation:
    """The rows to show of those after `offset`, and the page that goes on after the last of them.

    The interface knows pages, not offsets: (page - 1) * limit must equal `offset` plus the rows
    shown. A few rows fewer are shown where that allows a limit nearer to the wanted one; a row
    less counts as two off the limit.
    """
    best = None
    for shown_count in range(most_shown, 0, -1):
        lost = 2 * (most_shown - shown_count)
        if best is not None and lost >= best[0]:
            break
        end = offset + shown_count
        for limit in range(1, min(LARGEST_LIMIT, end) + 1):
            cost = lost + abs(wanted_limit - limit)
            if end % limit == 0 and (best is None or cost < best[0]):
                best = (cost, Continuation(shown_count, end // limit + 1, limit))
    assert best is not None, "most_shown is at least 1, and 1 divides everything"
    return best[1]


@dataclass(frozen=True, slots=True)
class _Listing:
    """Builds the answer for any number of the page's visits."""

    page: SessionPage
    asked: VisitsAsked
    visits: tuple[VisitCells, ...]
    gate: Gate
    privacy: Privacy
    is_structured: bool

    def whole(self, density: Density) -> Answer:
        """The answer with every visit of the page."""
        page = self.page
        calls = (self.asked.call(page.page + 1, page.limit),) if page.may_have_more else ()
        return self._build(len(self.visits), density, _extent(page), calls)

    def part(self, most_shown: int, max_chars: int) -> Answer:
        """The answer with at most that many visits of the page."""
        before = (self.page.page - 1) * self.page.limit
        following = continuation(before, most_shown, self.page.limit)
        # What is folded for a hundred rows is dearer than said for one.
        density = DENSITIES[-1 if following.shown_count > 1 else 0]
        if following.shown_count == len(self.visits):
            return self.whole(density)
        extent = (
            f"{_numbers(self.page, following.shown_count)}, newest first; more follow, left out to "
            f"stay within {max_chars} characters"
        )
        calls = (self.asked.call(following.page, following.limit),)
        return self._build(following.shown_count, density, extent, calls)

    def _build(
        self, shown_count: int, density: Density, extent: str, calls: tuple[str, ...]
    ) -> Answer:
        sessions = self.page.sessions[:shown_count]
        table, table_lines = self._table(self.visits[:shown_count], density)
        head = (
            _title(self.asked),
            _with_filters(extent, self.asked),
            *self.page.notes,
            *_summary(sessions, self.privacy),
            *table_lines,
        )
        return Answer(head, (table,), calls, notes=_removed(self.gate))

    def _table(self, visits: Sequence[VisitCells], density: Density) -> tuple[Table, list[str]]:
        zone = self.asked.window.zone
        if self.is_structured:
            return visit_columns(visits, zone), []
        return visit_table(visits, density, zone, self.asked.now)


def _smallest(listing: _Listing, max_chars: int, size: Callable[[Answer], int]) -> Answer:
    """The answer with one visit and two lines, or without any and the call to ask again."""
    page = listing.page
    answer = listing.part(1, max_chars)
    answer = replace(answer, head=answer.head[:2], notes=())
    if size(answer) <= max_chars:
        return answer
    # Nothing is shown, so nothing may be skipped.
    same = listing.asked.call(page.page, page.limit)
    return fitted(replace(answer, next=(same,)), max_chars=max_chars, size=size)


def _largest_below(total: int, fits: Callable[[int], bool]) -> int:
    """The largest count below `total` that fits, 0 if none does."""
    low, high = 0, total
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _title(asked: VisitsAsked) -> str:
    return first_line("visits", asked.site, asked.window, asked.now, is_demo=asked.is_demo)


def _with_filters(line: str, asked: VisitsAsked) -> str:
    return f"{line} · filters: {asked.filters}" if asked.filters else line


def _removed(gate: Gate) -> tuple[str, ...]:
    note = gate.note()
    return (note,) if note else ()


def _extent(page: SessionPage) -> str:
    """Which visits these are, and of how many where that is certain."""
    numbers = _numbers(page, len(page.sessions))
    if page.may_have_more:
        return f"{numbers}, newest first; more may follow"
    if not page.is_complete:
        return f"{numbers}, newest first; older ones were not read"
    if page.dropped_count:
        return f"{numbers}, newest first; none follow"
    before = (page.page - 1) * page.limit
    total = before + len(page.sessions)
    if before:
        return f"{numbers} of {total}, newest first"
    return "the only visit" if total == 1 else f"all {total} visits, newest first"


def _numbers(page: SessionPage, count: int) -> str:
    """The visits' numbers from the newest on; where rows were left out, only how many they are."""
    if page.dropped_count:
        return count_of(count, "visit")
    before = (page.page - 1) * page.limit
    return f"visit {before + 1}" if count == 1 else f"visits {before + 1} to {before + count}"


def _empty(page: SessionPage, asked: VisitsAsked, gate: Gate) -> Answer:
    calls: tuple[str, ...] = ()
    diagnosis = asked.diagnosis
    if page.may_have_more:
        extent = f"no matching visit on page {page.page}; more may follow"
        calls, diagnosis = (asked.call(page.page + 1, page.limit),), ()
    elif page.page > 1:
        extent = f"page {page.page} is empty: the visits end before it"
        calls = (asked.call(1, page.limit),)
    elif not page.is_complete:
        extent = "no matching visit among those that were read"
    elif asked.filters:
        extent = "no visit of this time matches"
    else:
        extent = "no visits in this time"
    head = (_title(asked), _with_filters(extent, asked), *page.notes, *diagnosis)
    return Answer(head, next=calls, notes=_removed(gate))


def _summary(sessions: Sequence[Session], privacy: Privacy) -> list[str]:
    """The numbers of exactly these visits; none for a single one, whose row says it all."""
    if len(sessions) < 2:
        return []
    gate = Gate()  # of its own: what it removes was counted with the rows

    def word(text: str) -> str:
        return gate.text(text, mask=privacy.text)

    summary = summarize_visits(sessions)
    numbers = (
        f"of these {summary.visit_count} visits: {summary.bounce_count} bounced "
        f"({share(summary.bounce_count, summary.visit_count)}), "
        f"median {duration(summary.median_duration_s)}, "
        f"{count_of(summary.pageview_count, 'pageview')}, "
        f"{summary.error_visit_count} with errors, {count_of(summary.visitor_count, 'visitor')}"
    )
    lists = (
        ("channels", _named(summary.channels, word)),
        ("countries", _named(summary.countries, word)),
        ("entry pages", _named(summary.entry_pages, lambda page: clean_path(page, gate, privacy))),
        ("devices", _named(summary.device_types, word)),
    )
    # One value throughout is a constant column, which the line below states.
    parts = [
        f"{name}: {short_list(counts.items(), _worth_naming(counts))}"
        for name, counts in lists
        if len(counts) > 1 or name == "entry pages"
    ]
    return [" · ".join([numbers, *parts])]


def _worth_naming(counts: Counter[str]) -> int:
    """How many of the values to name: two or three that more than a tenth of the visits have."""
    most = 3 if counts.total() >= MANY_VISITS else 2
    return max(1, min(most, sum(10 * count > counts.total() for count in counts.values())))


def _named(tallies: Sequence[Tally], clean: Callable[[str], str]) -> Counter[str]:
    """Counts by clean name; values that look the same once clean are one."""
    counts: Counter[str] = Counter()
    for tally in tallies:
        counts[clean(tally.value)] += tally.visit_count
    return counts
