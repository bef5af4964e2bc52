"""Which groups a summary shows, which stand together as others, and which are too small."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rybbit_mcp.analysis.comparison import Change, changes, in_time
from rybbit_mcp.analysis.outcome import Group, Number, Outcome
from rybbit_mcp.analysis.specification import ADDITIVE, Specification, aggregate_of
from rybbit_mcp.answers.words import count_of

OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of one window, or of two.

    `shown` and `rest` reach `min_sessions` in one of the windows, `small` ones do not. `is_whole`
    says that all groups with so many sessions are among them.
    """

    outcome: Outcome
    before: Outcome | None
    wanted: Specification
    shown: Sequence[Change]
    rest: Sequence[Change]
    small: Sequence[Change]
    is_whole: bool

    @property
    def large(self) -> tuple[Change, ...]:
        """The groups that reach the minimum."""
        return (*self.shown, *self.rest)

    def others(self) -> tuple[str, Change] | None:
        """How many groups are not shown, if that is sure, and what adds up of them."""
        if not self.is_whole and self.wanted.min_sessions > 1:
            return None  # they are told together with those that are too small
        count = len(self.rest)
        if not self.is_whole:
            count = self.outcome.group_count - len(self.shown)
        if count <= 0:
            return None
        is_sure = self.is_whole or self.before is None
        now = self._of_rest(
            self.outcome, [one.now for one in self.shown], [one.now for one in self.rest]
        )
        label = f"{OTHERS} ({count})" if is_sure else OTHERS
        return label, Change((), now, self._others_before())

    def in_no_row(self) -> tuple[str, ...]:
        """The line about what is in the total and in no row, where a minimum leaves that out."""
        wanted = self.wanted
        if wanted.min_sessions <= 1 or not wanted.group_by:
            return ()
        visits = "" if wanted.event_dimension else self._left_out()
        if not self.is_whole:
            what = "in no row: groups not sent, or below min_sessions"
            return (f"{what}: {visits}" if visits else what,)
        groups = count_of(len(self.small), "group") if self.small else ""
        said = ", ".join([part for part in (groups, visits) if part])
        return (f"below min_sessions: {said}",) if said else ()

    def _left_out(self) -> str:
        """The visits of no row, in words; "" for none."""
        told = self.large if self.is_whole else self.shown
        count = self.outcome.total.session_count - sum(one.now.session_count for one in told)
        visits = count_of(count, "visit")
        if self.before is None or not self.is_whole:
            return visits if count else ""
        before_count = self.before.total.session_count
        before_count -= sum(one.before.session_count for one in told if one.before)
        return f"{visits}, {before_count} before" if count or before_count else ""

    def _others_before(self) -> Group | None:
        if self.before is None:
            return None
        if not has_all(self.before) and any(change.before is None for change in self.shown):
            return None
        shown = [one.before for one in self.shown if one.before is not None]
        rest = [one.before for one in self.rest if one.before is not None]
        return self._of_rest(self.before, shown, rest)

    def _of_rest(self, outcome: Outcome, shown: Sequence[Group], rest: Sequence[Group]) -> Group:
        """What the groups that are not shown have together: only sums are known."""
        values: list[Number] = []
        adds_up = not self.wanted.event_dimension
        for index, metric in enumerate(self.wanted.metrics):
            whole = outcome.total.values[index]
            is_sum = metric in ADDITIVE or aggregate_of(metric)[0] == "sum"
            if whole is None or not is_sum or not (adds_up or metric == "occurrences"):
                values.append(None)
            elif self.wanted.min_sessions > 1:
                values.append(_sum(rest, index))
            else:
                values.append(whole - _sum(shown, index))
        return Group((), 0, tuple(values))


def split_groups(outcome: Outcome, before: Outcome | None, wanted: Specification) -> Groups:
    """The groups apart: the top ones in their order, the rest, and the small ones."""
    if before is None:
        every = [Change(group.key, group, None) for group in outcome.groups]
    else:
        every = list(changes(outcome, before))
    if not has_all(outcome):  # what was not sent is not gone
        sent = {group.key for group in outcome.groups}
        every = [change for change in every if change.key in sent]
    large = [change for change in every if _sessions(change) >= wanted.min_sessions]
    return Groups(
        outcome=outcome,
        before=before,
        wanted=wanted,
        shown=in_time(large[: wanted.top], wanted),
        rest=large[wanted.top :],
        small=[change for change in every if _sessions(change) < wanted.min_sessions],
        is_whole=has_all(outcome) and (before is None or has_all(before)),
    )


def has_all(outcome: Outcome) -> bool:
    """Whether a group that is not there has no visits, rather than fewer than those sent."""
    return len(outcome.groups) >= outcome.group_count


def _sessions(change: Change) -> int:
    return max(change.now.session_count, change.before.session_count if change.before else 0)


def _sum(groups: Iterable[Group], index: int) -> int | float:
    return sum(group.values[index] or 0 for group in groups)
