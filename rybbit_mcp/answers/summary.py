"""The answer to a question about many visits: one row a group, the rest, the total."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rybbit_mcp.analysis.comparison import (
    Change,
    is_partial,
    is_same_part,
    movers,
    relative_change,
)
from rybbit_mcp.analysis.measures import ranks_by_first_metric
from rybbit_mcp.analysis.outcome import Basis, Outcome
from rybbit_mcp.analysis.specification import Specification
from rybbit_mcp.answers.answer import Answer, Cell, Table
from rybbit_mcp.answers.budget import fitted, structured_size, text_size
from rybbit_mcp.answers.heading import first_line, time_range
from rybbit_mcp.answers.summary_cells import (
    change_cells,
    column_names,
    key_cells,
    metric_cell,
)
from rybbit_mcp.answers.summary_groups import Groups, has_all, split_groups
from rybbit_mcp.answers.words import as_part, count_of

if TYPE_CHECKING:
    from rybbit_mcp.answers.clean import Gate
    from rybbit_mcp.answers.privacy import Privacy
    from rybbit_mcp.api.window import Window

_ENGINES = {"local": "the local engine", "clickhouse": "ClickHouse"}

TOTAL = "total"


@dataclass(frozen=True, slots=True)
class SummaryAsked:
    """What the caller asked, as far as the answer repeats it.

    `site` is the site's label, `conditions` says filters and the like in words. `next_calls` are
    complete calls worth making now; `diagnosis` says why there is nothing.
    """

    site: str
    specification: Specification
    now: datetime
    conditions: str = ""
    compared_with: Window | None = None
    diagnosis: Sequence[str] = ()
    next_calls: Sequence[str] = ()
    is_demo: bool = False


def render_summary(
    outcome: Outcome,
    before: Outcome | None,
    asked: SummaryAsked,
    *,
    privacy: Privacy,
    gate: Gate,
    max_chars: int,
    size: Callable[[Answer], int] = text_size,
) -> Answer:
    """The groups by the first metric, largest first, then `others` and the total.

    The largest groups of a time stand in its order.

    Shape: a column for each dimension and metric; compared, each metric is followed by its change
    and relative change. The head states the range, what the numbers rest on and the movers.
    """
    groups = split_groups(outcome, before, asked.specification)
    table = _SummaryTable(groups, gate, privacy)
    answer = Answer(
        head=(
            _title(asked),
            *_basis(outcome, asked),
            *asked.diagnosis,
            *_compared(outcome, before, asked),
            *groups.in_no_row(),
        ),
        tables=(table.build(is_structured=size is structured_size),),
        next=tuple(asked.next_calls),
        notes=(*_movers(groups, gate, privacy), *_removed(gate)),
    )
    return fitted(answer, max_chars=max_chars, size=size)


@dataclass(frozen=True, slots=True)
class _SummaryTable:
    """Builds the rows: the top groups, the others together, the total."""

    groups: Groups
    gate: Gate
    privacy: Privacy

    def build(self, *, is_structured: bool) -> Table:
        """The table; without dimensions the total is its only row."""
        wanted = self.groups.wanted
        columns = (
            *wanted.group_by,
            *column_names(wanted.metrics, compared=self.groups.before is not None),
        )
        rows = [
            (*self._key(change.key), *self._cells(change, is_structured))
            for change in self.groups.shown
        ]
        if wanted.group_by:
            rows += self._others(is_structured)
            label: tuple[Cell, ...] = (TOTAL, *[""] * (len(wanted.group_by) - 1))
        else:
            label = ()
        rows.append((*label, *self._cells(self._total(), is_structured)))
        return Table("summary", columns, tuple(rows))

    def _key(self, key: tuple[str, ...]) -> tuple[str, ...]:
        return key_cells(self.groups.wanted.group_by, key, self.gate, self.privacy)

    def _total(self) -> Change:
        before = self.groups.before
        return Change((), self.groups.outcome.total, before.total if before else None)

    def _others(self, is_structured: bool) -> list[tuple[Cell, ...]]:
        """One row for the groups not shown; only what adds up is known of them together."""
        others = self.groups.others()
        if others is None:
            return []
        label, change = others
        key = (label, *[""] * (len(self.groups.wanted.group_by) - 1))
        return [(*key, *self._cells(change, is_structured))]

    def _cells(self, change: Change, is_structured: bool) -> tuple[Cell, ...]:
        cells: list[Cell] = []
        before = self.groups.before
        for index, metric in enumerate(self.groups.wanted.metrics):
            now = change.now.values[index]
            cells.append(metric_cell(metric, now, is_structured=is_structured))
            if before is not None:
                then = change.before.values[index] if change.before else None
                if change.before is None and isinstance(now, int) and has_all(before):
                    then = 0
                relative = relative_change(then, now)
                cells += change_cells(metric, then, now, relative, is_structured=is_structured)
        return tuple(cells)


def _title(asked: SummaryAsked) -> str:
    wanted = asked.specification
    by = f" by {' and '.join(wanted.group_by)}" if wanted.group_by else ""
    if wanted.group_by and wanted.metrics[0] not in {"sessions", "share"}:
        by += f", most {wanted.metrics[0]} first"
    line = first_line(
        "visits", f"{asked.site}{by}", wanted.window, asked.now, is_demo=asked.is_demo
    )
    return f"{line} · filters: {asked.conditions}" if asked.conditions else line


def _basis(outcome: Outcome, asked: SummaryAsked) -> tuple[str, ...]:
    basis = outcome.basis
    counted = count_of(basis.session_count, "visit")
    engine = _ENGINES.get(basis.engine, basis.engine)
    line = f"rests on {counted}, all that match, by {engine}{_as_of(basis, asked)}"
    if not basis.is_whole:
        line = f"rests on {counted}, NOT ALL that match, by {engine}{_as_of(basis, asked)}"
        line += f": {basis.cut}"
    lines = [line]
    if basis.detail_count is not None:
        lines.append(f"events: read {basis.detail_count} of {basis.detail_of} visits that matter")
    if asked.specification.event_dimension:
        lines.append("a visit counts in every group in which it has an event")
    if not (has_all(outcome) or ranks_by_first_metric(asked.specification)):
        lines.append(
            f"ranked are the {len(outcome.groups)} groups with most visits, "
            f"of {outcome.group_count}"
        )
    return (*lines, *basis.notes)


def _as_of(basis: Basis, asked: SummaryAsked) -> str:
    """When the visits were read, where that was before the question."""
    if basis.read_at is None or basis.read_at >= asked.now.replace(microsecond=0):
        return ""
    return f", as of {basis.read_at.astimezone(ZoneInfo(asked.specification.window.zone)):%H:%M:%S}"


def _compared(outcome: Outcome, before: Outcome | None, asked: SummaryAsked) -> tuple[str, ...]:
    window, other = asked.specification.window, asked.compared_with
    if before is None or other is None:
        return ()
    part = ""
    if is_same_part(window, other, asked.now):
        part = " (the same part of it)"
    elif is_partial(window, asked.now) and other.kind == "days":
        part = "" if is_partial(other, asked.now) else " (all of it)"
    line = (
        f"compared with {time_range(other, asked.now)}{part}: "
        f"{count_of(before.basis.session_count, 'visit')}{_as_of(before.basis, asked)}"
    )
    if not before.basis.is_whole:
        line += f", NOT ALL that match: {before.basis.cut}"
    notes = [note for note in before.basis.notes if note not in outcome.basis.notes]
    return (line, *[f"compared: {note}" for note in notes])


def _movers(groups: Groups, gate: Gate, privacy: Privacy) -> tuple[str, ...]:
    wanted = groups.wanted
    if groups.before is None or not wanted.group_by:
        return ()
    changed = groups.large
    if not groups.is_whole:
        changed = tuple(one for one in changed if one.before and one.now.session_count)
    found = [
        f"{' / '.join(map(as_part, key_cells(wanted.group_by, mover.key, gate, privacy)))} "
        f"{mover.before} → {mover.now}"
        for mover in movers(changed)
    ]
    return (f"biggest movers (sessions): {', '.join(found)}",) if found else ()


def _removed(gate: Gate) -> tuple[str, ...]:
    note = gate.note()
    return (note,) if note else ()
