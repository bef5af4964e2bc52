"""Questions to a store: which visits are undecided, and what a query answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rybbit_mcp.analysis.duckdb_relations import DuckDB
from rybbit_mcp.analysis.local_lane import as_kept, utc
from rybbit_mcp.analysis.local_needs import Undecided, events_query
from rybbit_mcp.analysis.local_rows import KEPT_COLUMNS
from rybbit_mcp.analysis.query import compile_query
from rybbit_mcp.api.parameters import Conditions

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from rybbit_mcp.analysis.local_needs import Needs
    from rybbit_mcp.analysis.local_store import VisitStore
    from rybbit_mcp.analysis.specification import Specification


def compiled(specification: Specification, most_groups: int) -> str:
    """The query of a specification; filters and conditions are left to how visits are read.

    Raises:
        BadRequestError: a specification that cannot be.
    """
    asked = replace(specification, filters=(), conditions=Conditions())
    return f"{compile_query(asked, DuckDB())} LIMIT {most_groups + 1}"


@dataclass(frozen=True, slots=True)
class VisitSpan:
    """A visit whose events are wanted, and the bounds that its row has."""

    session_id: str
    started_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Matter:
    """The visits that must be read for a question: how many, and of the newest those not read."""

    visit_count: int
    unread: tuple[VisitSpan, ...]


def find_matter(store: VisitStore, needs: Needs, most: int) -> Matter:
    """The visits that must be read; `unread` are those among the newest `most`."""
    with store.cursor() as cursor:
        total = cursor.execute(*_over_undecided(store, needs, "count(*)")).fetchone()
        newest = "session_id, started_at, ended_at, session_id IN (FROM kept.told) AS is_told"
        sql, values = _over_undecided(store, needs, newest)
        order = "ORDER BY ended_at DESC, session_id LIMIT ?"
        found = cursor.execute(f"{sql} {order}", [*values, most]).fetchall()
    unread = tuple(
        VisitSpan(session_id, started_at.replace(tzinfo=UTC), ended_at.replace(tzinfo=UTC))
        for session_id, started_at, ended_at, is_told in found
        if not is_told
    )
    return Matter(int(total[0]) if total else 0, unread)


@dataclass(frozen=True, slots=True)
class Told:
    """How many of the visits that must be read were; and when the newest other one ended."""

    read_count: int
    newest_unread_end_at: datetime | None


def find_told(store: VisitStore, needs: Needs) -> Told:
    """How far the visits that must be read were read."""
    is_told = "session_id IN (FROM kept.told)"
    values = f"count(*) FILTER ({is_told}), max(ended_at) FILTER (NOT {is_told})"
    with store.cursor() as cursor:
        row = cursor.execute(*_over_undecided(store, needs, values)).fetchone()
    read_count, newest = row or (0, None)
    return Told(read_count, utc(newest))


def answer(
    store: VisitStore, query: str, *, with_events: bool, after: datetime | None
) -> list[dict[str, object]]:
    """The rows of a compiled query over the visits that ended later than `after`, or all."""
    with store.cursor() as cursor:
        _define_relations(cursor, with_events=with_events, after=after)
        result = cursor.execute(query)
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _define_relations(
    cursor: duckdb.DuckDBPyConnection, *, with_events: bool, after: datetime | None
) -> None:
    columns = ", ".join(KEPT_COLUMNS)
    condition = f"ended_at > TIMESTAMP '{as_kept(after)}'" if after else "true"
    visits = f"SELECT {columns} FROM visit WHERE {condition}"  # noqa: S608 - our own names
    cursor.execute(f"CREATE OR REPLACE TEMP VIEW visits AS {visits}")
    if with_events:
        cursor.execute(f"CREATE OR REPLACE TEMP VIEW events AS {events_query()}")


def _over_undecided(store: VisitStore, needs: Needs, columns: str) -> tuple[str, Sequence[object]]:
    undecided = Undecided(frozenset(store.listed))
    condition = undecided.sql(needs)
    sql = f"SELECT {columns} FROM visit WHERE {condition}"  # noqa: S608 - our own names
    return sql, undecided.values
