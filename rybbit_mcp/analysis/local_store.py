"""The visits of one question in a DuckDB of its own, in memory and compressed.

Nothing here waits: callers run these methods in worker threads. Pages may be loaded from several
threads at the same time; they are taken apart side by side and kept one after the other, because
DuckDB compresses what it keeps only when one transaction writes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import duckdb

from rybbit_mcp.analysis.duckdb_relations import EVENT_COLUMNS, VISIT_COLUMNS, visit_row
from rybbit_mcp.analysis.local_rows import page_query
from rybbit_mcp.api.bulk import parse_page, parse_session
from rybbit_mcp.api.errors import BadRequestError

if TYPE_CHECKING:
    from rybbit_mcp.api.models import Session

MEMORY_LIMIT_MB = 256
"""What one store may take while it is filled and asked; at rest a visit takes some 60 bytes."""

_MARKS: Mapping[str, str] = {"reading": "INTEGER", "place": "INTEGER", "is_kept": "BOOLEAN"}
"""Which reading of a page a row comes from, where it stood, and whether it was asked for."""

_LEAVE_ONE = """
    DELETE FROM kept.visit WHERE rowid IN (
    WITH hashes AS (SELECT hash(session_id) AS code FROM kept.visit GROUP BY 1 HAVING count(*) > 1)
    SELECT rowid FROM (
        SELECT rowid, row_number() OVER (
            PARTITION BY session_id ORDER BY reading DESC, place
        ) AS age
        FROM kept.visit WHERE hash(session_id) IN (FROM hashes)
    ) WHERE age > 1)
"""


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What a page held; the instants are None for an empty page."""

    row_count: int
    kept_count: int
    newest_end_at: datetime | None
    oldest_end_at: datetime | None
    newest_start_at: datetime | None


class VisitStore:
    """The visits that were read, each once when `settle` is done, and the events of some."""

    def __init__(self, memory_limit_mb: int = MEMORY_LIMIT_MB) -> None:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "threads": "1",  # one page or question is too small to be worth a second one
            "memory_limit": f"{memory_limit_mb}MB",
            "temp_directory": "",  # nothing about visitors is written to disk
            "max_vacuum_tasks": "0",  # merging parts of a table takes 100 MB for a moment
            "checkpoint_threshold": "4MB",  # compresses what is kept that often
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        self._database = duckdb.connect(":memory:", config=settings)
        self._idle: list[duckdb.DuckDBPyConnection] = []
        self._writing = threading.Lock()
        self._load = _Statements()
        self.listed: set[str] = set()
        self._database.execute("ATTACH ':memory:' AS kept (COMPRESS)")
        self._database.execute("SET enable_external_access = false")
        self._database.execute("SET lock_configuration = true")
        for name, columns in (("visit", VISIT_TABLE), ("event", EVENT_COLUMNS)):
            self._database.execute(f"CREATE TABLE kept.{name} ({_definition(columns)})")
        self._database.execute("CREATE TABLE kept.told (session_id VARCHAR)")
        self._database.execute("CREATE TABLE kept.member (name VARCHAR, session_id VARCHAR)")

    def close(self) -> None:
        """Free the memory; nothing can be asked afterwards."""
        self._idle.clear()
        self._database.close()

    def load(self, body: bytes, reading: int, places: Iterable[int] | None = None) -> PageFacts:
        """Keep the rows of a page; what it held.

        `reading` counts requests: of two rows of one visit the later one stays. `places` are those
        of the rows that were asked for, None for all.

        Raises:
            UnexpectedBodyError: not what Rybbit sends.
        """
        chosen = None if places is None else list(places)
        with self.cursor() as cursor:
            odd = self._take_apart(cursor, body)
            with self._writing:
                cursor.execute("BEGIN")
                cursor.execute(self._load.keep_plain, [reading, chosen, chosen])
                if odd:
                    self._keep_odd(cursor, odd, reading, chosen)
                cursor.execute("COMMIT")
            found = cursor.execute(self._load.facts, [reading]).fetchone()
        return PageFacts(*found) if found else PageFacts(0, 0, None, None, None)

    def settle(self, since: datetime | None = None) -> int:
        """Leave each visit once, in its latest reading; how many there are.

        Visits that ended before `since` are dropped: pages between were not read.
        """
        with self.cursor() as cursor, self._writing:
            cursor.execute(_LEAVE_ONE)
            cursor.execute(
                "DELETE FROM kept.visit WHERE NOT is_kept OR ended_at < ?::TIMESTAMP", [since]
            )
            self._idle.clear()  # with the pages that were taken apart last
            return _number(cursor.execute("SELECT count(*) FROM kept.visit"))

    def keep_events(self, session_ids: Sequence[str], rows: Sequence[tuple[object, ...]]) -> None:
        """Keep the events of these visits, all that they have."""
        with self.cursor() as cursor, self._writing:
            cursor.execute("BEGIN")
            cursor.execute("INSERT INTO kept.told SELECT unnest(?::VARCHAR[])", [list(session_ids)])
            if rows:
                cursor.execute(_insertion("event", EVENT_COLUMNS), _columns_of(rows))
            cursor.execute("COMMIT")

    def keep_members(self, name: str, session_ids: Sequence[str] | None) -> None:
        """Keep which visits have a custom event of this name, as a server says; None: all."""
        with self.cursor() as cursor, self._writing:
            if session_ids is None:
                sql = "INSERT INTO kept.member SELECT ?, session_id FROM kept.visit"
                cursor.execute(sql, [name])
            else:
                sql = "INSERT INTO kept.member SELECT ?, unnest(?::VARCHAR[])"
                cursor.execute(sql, [name, list(dict.fromkeys(session_ids))])
        self.listed.add(name)

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that no other thread uses meanwhile.

        Raises:
            BadRequestError: the memory does not suffice.
        """
        cursor = self._idle.pop() if self._idle else self._database.cursor()
        try:
            yield cursor
        except (duckdb.OutOfMemoryException, duckdb.IOException):
            raise BadRequestError(
                f"The visits do not fit into the memory of {MEMORY_LIMIT_MB} MB kept for them.",
                "Ask for a shorter period, or lower max_sessions.",
            ) from None
        self._idle.append(cursor)

    @property
    def size_bytes(self) -> int:
        """The memory taken."""
        with self.cursor() as cursor:
            return _number(
                cursor.execute("SELECT sum(memory_usage_bytes)::BIGINT FROM duckdb_memory()")
            )

    def _take_apart(
        self, cursor: duckdb.DuckDBPyConnection, body: bytes
    ) -> list[tuple[int, Session]]:
        """Put the plain rows of a page into the table `page`; the others, with their places."""
        try:
            cursor.execute(self._load.take_apart, [body.decode()])
            odd = cursor.execute(self._load.odd).fetchall()
        except (duckdb.InvalidInputException, UnicodeDecodeError):
            cursor.execute(self._load.take_apart, ['{"data":[]}'])
            return list(enumerate(parse_page(body)))
        if _number(cursor.execute("SELECT count(*) FROM page")) == 0:
            return list(enumerate(parse_page(body)))  # which refuses what is no page at all
        return [(place, parse_session(row)) for place, row in odd]

    def _keep_odd(
        self,
        cursor: duckdb.DuckDBPyConnection,
        odd: Sequence[tuple[int, Session]],
        reading: int,
        chosen: list[int] | None,
    ) -> None:
        kept = None if chosen is None else set(chosen)
        rows = [
            (reading, place, kept is None or place in kept, *visit_row(session))
            for place, session in odd
        ]
        cursor.execute(_insertion("visit", VISIT_TABLE), _columns_of(rows))


class _Statements:
    """The statements of loading, made once."""

    def __init__(self) -> None:
        names = ", ".join(f'"{name}"' for name in VISIT_COLUMNS)
        self.take_apart = f"CREATE OR REPLACE TEMP TABLE page AS {page_query()}"
        self.odd = "SELECT place, odd_row FROM page WHERE odd_row IS NOT NULL ORDER BY place"
        self.keep_plain = f"""
            INSERT INTO kept.visit
            SELECT ?::INTEGER, place, ?::INTEGER[] IS NULL OR list_contains(?::INTEGER[], place),
                {names}
            FROM page WHERE odd_row IS NULL
        """  # noqa: S608 - our own names
        self.facts = """
            SELECT count(*), count(*) FILTER (is_kept), max(ended_at), min(ended_at),
                max(started_at)
            FROM kept.visit WHERE reading = ?
        """


VISIT_TABLE: Mapping[str, str] = dict(_MARKS) | {
    # what models take for a whole number may be larger than a column of 32 bits
    name: "BIGINT" if kind == "INTEGER" else kind
    for name, kind in VISIT_COLUMNS.items()
}


def _definition(columns: Mapping[str, str]) -> str:
    return ", ".join(f'"{name}" {kind}' for name, kind in columns.items())


def _insertion(table: str, columns: Mapping[str, str]) -> str:
    values = ", ".join(f"unnest(?::{kind}[])" for kind in columns.values())
    return f"INSERT INTO kept.{table} SELECT {values}"


def _columns_of(rows: Sequence[tuple[object, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _number(result: duckdb.DuckDBPyConnection) -> int:
    row = result.fetchone()
    return int(row[0] or 0) if row else 0
