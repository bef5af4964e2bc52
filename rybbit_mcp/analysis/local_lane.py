"""One part of a store's visits: a small database that one thread at a time loads pages into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb

from rybbit_mcp.analysis.duckdb_relations import VISIT_COLUMNS, visit_row
from rybbit_mcp.analysis.local_rows import KEPT_COLUMNS, known, odd_rows_query, page_query
from rybbit_mcp.api.bulk import parse_page, parse_session

if TYPE_CHECKING:
    from rybbit_mcp.api.models import Session

VISIT_TABLE: Mapping[str, str] = {
    # which reading of a page a row comes from, where it stood, and whether it was asked for
    "reading": "INTEGER",
    "place": "INTEGER",
    "is_kept": "BOOLEAN",
    # what models take for a whole number may be larger than a column of 32 bits
    **{name: "BIGINT" if kind == "INTEGER" else kind for name, kind in KEPT_COLUMNS.items()},
    "is_odd": "BOOLEAN",
}
"""Name and type of each column that is kept of visits."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it came.

    `reading` counts requests: of two rows of one visit the later one stays. `places` are those of
    the rows that were asked for, from 0; None for all.
    """

    body: bytes
    reading: int
    places: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What a page held; the instants are None for an empty page."""

    row_count: int
    kept_count: int
    newest_end_at: datetime | None
    oldest_end_at: datetime | None
    newest_start_at: datetime | None


class Lane:
    """A table `visit` in an attached database of the lane's name."""

    def __init__(self, name: str, connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute(f"ATTACH ':memory:' AS {name} (COMPRESS)")
        connection.execute(f"CREATE TABLE {name}.visit ({definition(VISIT_TABLE)})")
        self.name = name
        self._run = _Statements(f"{name}.visit", connection)

    @property
    def rows(self) -> str:
        """A query for all rows, with what is unknown as the models have it."""
        columns = ", ".join(f'{known(name)} AS "{name}"' for name in KEPT_COLUMNS)
        marks = f"'{self.name}' AS lane, rowid AS row_id, reading, place"
        return f"SELECT {marks}, {columns} FROM {self.name}.visit"  # noqa: S608 - our own names

    def load(
        self, cursor: duckdb.DuckDBPyConnection, pages: Sequence[Page]
    ) -> dict[int, PageFacts]:
        """What pages held by their readings, once they are kept; those without rows are left out.

        Raises:
            UnexpectedBodyError: one is not what Rybbit sends.
        """
        self._keep_plain(cursor, pages)
        facts, odd_counts = self._facts(cursor, pages)
        is_settled = True
        for page in pages:
            sessions: list[tuple[int, Session]] = []
            if page.reading not in facts:  # empty, or no page at all, which is refused here
                sessions = list(enumerate(parse_page(page.body)))
            elif odd_counts[page.reading]:
                sessions = self._odd_sessions(cursor, page)
            if sessions:
                rows = _visit_rows(sessions, page.reading)
                values = [list(column) for column in zip(*rows, strict=True)]
                cursor.execute(self._run.keep_rows, values)
            if page.places is not None:
                cursor.execute(self._run.choose, [list(page.places), page.reading])
            is_settled &= not sessions and page.places is None
        return facts if is_settled else self._facts(cursor, pages)[0]

    def drop(self, cursor: duckdb.DuckDBPyConnection, since: datetime | None) -> None:
        """Drop what was not asked for, ended before `since`, or stands in the table `old`."""
        cursor.execute(self._run.drop, [as_kept(since)])

    def _keep_plain(self, cursor: duckdb.DuckDBPyConnection, pages: Sequence[Page]) -> None:
        """Keep all rows, as far as they can be read; nothing of a page that is no JSON."""
        try:
            texts = [page.body.decode() for page in pages]
            cursor.execute(self._run.keep, [texts, [page.reading for page in pages]])
        except (duckdb.InvalidInputException, UnicodeDecodeError):
            if len(pages) > 1:
                for page in pages:
                    self._keep_plain(cursor, [page])

    def _facts(
        self, cursor: duckdb.DuckDBPyConnection, pages: Sequence[Page]
    ) -> tuple[dict[int, PageFacts], dict[int, int]]:
        """What pages held, and how many odd rows they have, by their readings."""
        readings = [page.reading for page in pages]
        rows = cursor.execute(self._run.facts, [readings]).fetchall()
        facts = {
            reading: PageFacts(row_count, kept_count, *map(utc, moments))
            for reading, row_count, kept_count, *moments, _ in rows
        }
        return facts, {row[0]: row[-1] for row in rows}

    def _odd_sessions(
        self, cursor: duckdb.DuckDBPyConnection, page: Page
    ) -> list[tuple[int, Session]]:
        """The odd rows of a page as the models read them, taken out of the table."""
        places = cursor.execute(self._run.odd_places, [page.reading]).fetchall()
        parameters = [page.body.decode(), [place for (place,) in places]]
        found = cursor.execute(self._run.odd_rows, parameters).fetchall()
        sessions = [(place, parse_session(row)) for place, row in found]
        cursor.execute(self._run.drop_odd, [page.reading])
        return sessions


class _Statements:
    """The statements over one table, parsed once: that takes longer than some of them run."""

    def __init__(self, table: str, connection: duckdb.DuckDBPyConnection) -> None:
        def parsed(sql: str) -> duckdb.Statement:
            return connection.extract_statements(sql)[0]

        names = ", ".join(f'"{name}"' for name in (*KEPT_COLUMNS, "is_odd"))
        self.keep = parsed(
            f"INSERT INTO {table} SELECT page, place, true, {names} FROM ({page_query()})"  # noqa: S608
        )
        self.keep_rows = parsed(insertion(table, VISIT_TABLE))
        self.choose = parsed(
            f"UPDATE {table} SET is_kept = list_contains(?::INTEGER[], place) WHERE reading = ?"  # noqa: S608
        )
        self.odd_places = parsed(f"SELECT place FROM {table} WHERE reading = ? AND is_odd")  # noqa: S608
        self.odd_rows = parsed(odd_rows_query())
        self.drop_odd = parsed(f"DELETE FROM {table} WHERE reading = ? AND is_odd")  # noqa: S608
        moments = ("max(ended_at)", "min(ended_at)", "max(started_at)")
        facts = ", ".join(f"{moment} FILTER (NOT is_odd)" for moment in moments)
        self.facts = parsed(
            f"SELECT reading, count(*), count(*) FILTER (is_kept), {facts}, "  # noqa: S608
            f"count(*) FILTER (is_odd) FROM {table} "
            "WHERE list_contains(?::INTEGER[], reading) GROUP BY reading"
        )
        lane = table.partition(".")[0]
        self.drop = parsed(
            f"DELETE FROM {table} WHERE NOT is_kept OR ended_at < ?::TIMESTAMP "  # noqa: S608
            f"OR rowid IN (SELECT row_id FROM old WHERE lane = '{lane}')"
        )


def utc(moment: datetime | None) -> datetime | None:
    """The instant that a time of the store is."""
    return moment.replace(tzinfo=UTC) if moment else None


def as_kept(moment: datetime | None) -> datetime | None:
    """The time under which the store keeps an instant."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment else None


def definition(columns: Mapping[str, str]) -> str:
    """The columns of a table that is created."""
    return ", ".join(f'"{name}" {kind}' for name, kind in columns.items())


def insertion(table: str, columns: Mapping[str, str]) -> str:
    """The statement that adds rows, given as a list for each column."""
    values = ", ".join(f"unnest(?::{kind}[])" for kind in columns.values())
    return f"INSERT INTO {table} SELECT {values}"


def _visit_rows(sessions: Sequence[tuple[int, Session]], reading: int) -> list[tuple[object, ...]]:
    columns = [place for place, name in enumerate(VISIT_COLUMNS) if name in KEPT_COLUMNS]
    rows = []
    for place, session in sessions:
        values = visit_row(session)
        rows.append((reading, place, True, *(values[column] for column in columns), False))
    return rows
