"""The rows of a compiled query as an outcome, equal whichever engine sent them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rybbit_mcp.analysis.measures import DURATIONS, measure, measured_columns, whole
from rybbit_mcp.analysis.outcome import Basis, Group, Outcome
from rybbit_mcp.analysis.specification import Specification
from rybbit_mcp.api.errors import UnexpectedBodyError

Row = Mapping[str, object]


def read_outcome(rows: Iterable[Row], specification: Specification, engine: str) -> Outcome:
    """The outcome that the rows tell, in whatever order they came.

    The basis says only the engine and how many visits count; whoever knows of a cut adds it.

    Raises:
        UnexpectedBodyError: rows that no compiled query gives.
    """
    try:
        return _outcome(list(rows), specification, engine)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        raise UnexpectedBodyError(
            "The answer does not have the columns that were asked for.", "Ask once more."
        ) from None


def _outcome(rows: list[Row], specification: Specification, engine: str) -> Outcome:
    totals = [row for row in rows if whole(row["is_total"])]
    if len(totals) > 1 or (rows and not totals):
        raise ValueError("there is one total")
    total_row = totals[0] if totals else _nothing(specification)
    session_total = whole(total_row["sessions"])
    groups = [
        _group(row, specification, session_total) for row in rows if not whole(row["is_total"])
    ]
    return Outcome(
        groups=tuple(sorted(groups, key=_rank)),
        total=_group(total_row, specification, session_total),
        group_count=whole(total_row["group_count"]),
        basis=Basis(engine=engine, session_count=session_total),
    )


def _rank(group: Group) -> tuple[bool, float, int, tuple[str, ...]]:
    """Most of the first metric first, unknown last, then most sessions, then by key."""
    first = group.values[0] if group.values else None
    return (first is None, -(first or 0), -group.session_count, group.key)


def _nothing(specification: Specification) -> Row:
    empty = {name: None if name in DURATIONS else 0 for name in measured_columns(specification)}
    return empty | {"sessions": 0, "group_count": 0, "is_total": 1}


def _group(row: Row, specification: Specification, session_total: int) -> Group:
    is_total = bool(whole(row["is_total"]))
    places = () if is_total else range(1, len(specification.group_by) + 1)
    return Group(
        key=tuple(str(row[f"key_{place}"]) for place in places),
        session_count=whole(row["sessions"]),
        values=tuple(
            measure(metric, row, specification, session_total) for metric in specification.metrics
        ),
    )
