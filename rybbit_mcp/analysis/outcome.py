"""What an engine returns: groups with numbers, their total, and what they rest on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

Number = int | float | None
"""None where there is nothing to compute from, as the median of no visits."""


@dataclass(frozen=True, slots=True)
class Group:
    """One group: a text for each dimension ("" is unknown), a number for each metric.

    `session_count` is there whether or not `sessions` was asked for. The key of a total is ().

    Units: counts are whole; `bounce_rate` and `share` are parts from 0 to 1; durations are seconds.
    """

    key: tuple[str, ...]
    session_count: int
    values: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Basis:
    """What the numbers rest on.

    `session_count` visits were counted. `is_whole` is False where a bound cut them: then
    `cut` says in our own words what was seen and what to do. `detail_count` visits were read
    event by event of `detail_of` that a question about events concerns (None: not needed).
    `read_at` says when the visits were read, where that was for an earlier question.
    """

    engine: str
    session_count: int
    is_whole: bool = True
    cut: str = ""
    detail_count: int | None = None
    detail_of: int | None = None
    notes: tuple[str, ...] = ()
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Groups by the first metric, most first, equal ones by sessions; the total; and what they
    rest on.

    Groups are those with `min_sessions`, and complete: the top ones are chosen by whoever shows
    them. `group_count` says how many there are where an engine sends only the largest. The total
    is of all visits, also of those in no group that is shown.
    """

    groups: tuple[Group, ...]
    total: Group
    group_count: int
    basis: Basis
