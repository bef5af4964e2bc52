"""The answer to a question about many visits: one row a group, the rest, the total."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from rybbit_mcp.analysis.comparison import (
    Change,
    changes,
    in_time,
    is_partial,
    movers,
    relative_change,
)
from rybbit_mcp.analysis.measures import ranks_by_first_metric
from rybbit_mcp.analysis.outcome import Group, Number, Outcome
from rybbit_mcp.analysis.specification import ADDITIVE, Specification, aggregate_of
from rybbit_mcp.answers.answer import Answer, Cell, Table
from rybbit_mcp.answers.budget import fitted, structured_size, text_size
from rybbit_mcp.answers.heading import first_line, time_range
from rybbit_mcp.answers.summary_cells import (
    change_cells,
    column_names,
    key_cells,
    metric_cell,
)
from rybbit_mcp.answers.words import count_of

if TYPE_CHECKING:
    from rybbit_mcp.answers.clean import Gate
    from rybbit_mcp.answers.privacy import Privacy
    from rybbit_mcp.api.window import Window

_ENGINES = {"local": "the local engine", "clickhouse": "ClickHouse"}

OTHERS = "others"
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
    table = _SummaryTable(outcome, before, asked.specification, gate, privacy)
    answer = Answer(
        head=(
            _title(asked),
            *_basis(outcome, asked),
            *asked.diagnosis,
            *_compared(before, asked),
        ),
        tables=(table.build(is_structured=size is structured_size),),
        next=tuple(asked.next_calls),
        notes=(*_movers(outcome, before, gate, privacy, asked.specification), *_removed(gate)),
    )
    return fitted(answer, max_chars=max_chars, size=size)


@dataclass(frozen=True, slots=True)
class _SummaryTable:
    """Builds the rows: the top groups, the others together, the total."""

    outcome: Outcome
    before: Outcome | None
    specification: Specification
    gate: Gate
    privacy: Privacy

    def build(self, *, is_structured: bool) -> Table:
        """The table; without dimensions the total is its only row."""
        wanted = self.specification
        columns = (
            *wanted.group_by,
            *column_names(wanted.metrics, compared=self.before is not None),
        )
        rows = [
            (*self._key(change.key), *self._cells(change, is_structured))
            for change in self._shown()
        ]
        if wanted.group_by:
            rows += self._others(is_structured)
            label: tuple[Cell, ...] = (TOTAL, *[""] * (len(wanted.group_by) - 1))
        else:
            label = ()
        rows.append((*label, *self._cells(self._total(), is_structured)))
        return Table("summary", columns, tuple(rows))

    def _key(self, key: tuple[str, ...]) -> tuple[str, ...]:
        return key_cells(self.specification.group_by, key, self.gate, self.privacy)

    def _all(self) -> Sequence[Change]:
        if self.before is None:
            return [Change(group.key, group, None) for group in self.outcome.groups]
        return changes(self.outcome, self.before)

    def _shown(self) -> Sequence[Change]:
        wanted = self.specification
        enough = [change for change in self._all() if _sessions(change) >= wanted.min_sessions]
        return in_time(enough[: wanted.top], wanted)

    def _total(self) -> Change:
        total = self.before.total if self.before else None
        return Change((), self.outcome.total, total)

    def _others(self, is_structured: bool) -> list[tuple[Cell, ...]]:
        """One row for the groups not shown; only what adds up is known of them together."""
        shown = self._shown()
        rest_count = max(self.outcome.group_count, len(self._all())) - len(shown)
        if rest_count <= 0:
            return []
        adds_up = not self.specification.event_dimension
        now = _rest(self.outcome.total, [c.now for c in shown], self.specification, adds_up)
        before = None
        if self.before is not None:
            earlier = [change.before for change in shown if change.before is not None]
            before = _rest(self.before.total, earlier, self.specification, adds_up)
        label = (f"{OTHERS} ({rest_count})", *[""] * (len(self.specification.group_by) - 1))
        return [(*label, *self._cells(Change((), now, before), is_structured))]

    def _cells(self, change: Change, is_structured: bool) -> tuple[Cell, ...]:
        cells: list[Cell] = []
        for index, metric in enumerate(self.specification.metrics):
            now = change.now.values[index]
            cells.append(metric_cell(metric, now, is_structured=is_structured))
            if self.before is not None:
                then = change.before.values[index] if change.before else None
                if change.before is None and isinstance(now, int) and _has_all(self.before):
                    then = 0
                relative = relative_change(then, now)
                cells += change_cells(metric, then, now, relative, is_structured=is_structured)
        return tuple(cells)


def _has_all(outcome: Outcome) -> bool:
    """Whether a group that is not there has no visits, rather than fewer than those sent."""
    return len(outcome.groups) >= outcome.group_count


def _sessions(change: Change) -> int:
    return max(change.now.session_count, change.before.session_count if change.before else 0)


def _rest(total: Group, shown: Sequence[Group], wanted: Specification, adds_up: bool) -> Group:
    values: list[Number] = []
    for index, metric in enumerate(wanted.metrics):
        whole = total.values[index]
        is_sum = metric in ADDITIVE or aggregate_of(metric)[0] == "sum"
        parts = [group.values[index] or 0 for group in shown]
        if whole is None or not is_sum or not (adds_up or metric == "occurrences"):
            values.append(None)
        else:
            values.append(whole - sum(parts))
    return Group((), 0, tuple(values))


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
    line = f"rests on {counted}, all that match, by {engine}"
    if not basis.is_whole:
        line = f"rests on {counted}, NOT ALL that match, by {engine}: {basis.cut}"
    lines = [line]
    if basis.detail_count is not None:
        lines.append(f"events: read {basis.detail_count} of {basis.detail_of} visits that matter")
    if asked.specification.event_dimension:
        lines.append("a visit counts in every group in which it has an event")
    if not (_has_all(outcome) or ranks_by_first_metric(asked.specification)):
        lines.append(
            f"ranked are the {len(outcome.groups)} groups with most visits, "
            f"of {outcome.group_count}"
        )
    return (*lines, *basis.notes)


def _compared(before: Outcome | None, asked: SummaryAsked) -> tuple[str, ...]:
    window = asked.compared_with
    if before is None or window is None:
        return ()
    partial = " (the same part of it)" if is_partial(asked.specification.window, asked.now) else ""
    line = (
        f"compared with {time_range(window, asked.now)}{partial}: "
        f"{count_of(before.basis.session_count, 'visit')}"
    )
    if not before.basis.is_whole:
        line += f", NOT ALL that match: {before.basis.cut}"
    return (line,)


def _movers(
    outcome: Outcome,
    before: Outcome | None,
    gate: Gate,
    privacy: Privacy,
    wanted: Specification,
) -> tuple[str, ...]:
    if before is None or not wanted.group_by:
        return ()
    changed = changes(outcome, before)
    if not (_has_all(outcome) and _has_all(before)):
        changed = tuple(one for one in changed if one.before and one.now.session_count)
    found = [
        f"{' / '.join(key_cells(wanted.group_by, mover.key, gate, privacy))} "
        f"{mover.before} → {mover.now}"
        for mover in movers(changed)
    ]
    return (f"biggest movers (sessions): {', '.join(found)}",) if found else ()


def _removed(gate: Gate) -> tuple[str, ...]:
    note = gate.note()
    return (note,) if note else ()
