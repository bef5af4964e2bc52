"""The remote engine: one compiled query, run where the events are, over all visits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rybbit_mcp.api.errors import UnexpectedBodyError, UnsupportedError

if TYPE_CHECKING:
    from rybbit_mcp.analysis.outcome import Outcome
    from rybbit_mcp.analysis.reading import Row
    from rybbit_mcp.analysis.specification import Specification

ENGINE = "clickhouse"

RunQuery = Callable[[str, int], Awaitable["Iterable[Row]"]]
"""Runs a query that narrows itself to the site of this number, and gives its rows."""


@dataclass(frozen=True, slots=True)
class SqlEngine:
    """Answers specifications by ClickHouse.

    `table` is what the events are called where the query runs. `takes_first_set_referrer` says
    that a visit's referrer is its first one that is not empty, as servers since 2.7 have it.
    """

    run_query: RunQuery
    table: str = "scoped_events"
    takes_first_set_referrer: bool = True

    async def run(self, specification: Specification, site: str) -> Outcome:
        """The numbers, of all visits; of the groups the largest, and how many there are.

        Raises:
            UnsupportedError: ClickHouse cannot tell, or the site is not named by its number.
            RybbitError: the query could not be run, or its answer not be believed.
        """
        from rybbit_mcp.analysis.clickhouse import ClickHouse
        from rybbit_mcp.analysis.query import compile_query
        from rybbit_mcp.analysis.reading import read_outcome

        site_id = _number(site)
        dialect = ClickHouse(
            site_id,
            specification.window,
            table=self.table,
            takes_first_set_referrer=self.takes_first_set_referrer,
        )
        rows = await self.run_query(compile_query(specification, dialect), site_id)
        outcome = read_outcome(rows, specification, ENGINE)
        return _with_cut_told(outcome, dialect.row_limit - 1)


def _number(site: str) -> int:
    if not (site.isascii() and site.isdigit() and len(site) < 11):
        raise UnsupportedError(
            "ClickHouse knows sites by number only.", "Give the site's number; list_sites has it."
        )
    return int(site)


def _with_cut_told(outcome: Outcome, most_groups: int) -> Outcome:
    """The outcome with a note where only the largest groups came.

    Raises:
        UnexpectedBodyError: fewer came than the query asked for, so which is not sure.
    """
    came = len(outcome.groups)
    if came != min(outcome.group_count, most_groups):
        raise UnexpectedBodyError(
            f"Of {outcome.group_count:,} groups {came:,} came.", "Ask once more."
        )
    if came == outcome.group_count:
        return outcome
    note = f"of {outcome.group_count:,} groups the {came:,} largest were sent; the total is of all"
    return replace(outcome, basis=replace(outcome.basis, notes=(*outcome.basis.notes, note)))
