"""The visits of one question in a DuckDB of its own, in memory and compressed.

Nothing here waits: callers run these methods in worker threads. Pages are loaded side by side in
lanes, small databases that one thread writes to at a time, because DuckDB compresses what it keeps
only while nobody else writes.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb

from rybbit_mcp.analysis.duckdb_relations import EVENT_COLUMNS, VISIT_COLUMNS, visit_row
from rybbit_mcp.analysis.local_rows import KEPT_COLUMNS, odd_rows_query, page_query
from rybbit_mcp.api.bulk import parse_page, parse_session
from rybbit_mcp.api.errors import BadRequestError

if TYPE_CHECKING:
    from rybbit_mcp.api.models import Session

LANES = ("lane_1", "lane_2")

MEMORY_LIMIT_MB = 256
"""What one store may take while it is filled and asked; at rest a visit takes some 60 bytes."""

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

_FIND_OLD = """
    CREATE OR REPLACE TEMP TABLE old AS
    WITH hashes AS (SELECT hash(session_id) AS code FROM visit GROUP BY 1 HAVING count(*) > 1)
    SELECT lane, row_id FROM (
        SELECT lane, row_id, row_number() OVER (
            PARTITION BY session_id ORDER BY reading DESC, place
        ) AS age
        FROM visit WHERE hash(session_id) IN (FROM hashes)
    ) WHERE age > 1
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
    """The visits that were read, each once when `settle` is done, and the events of some.

    Tables: `visit` (all lanes together), `kept.event`, `kept.told` (the visits whose events were
    read) and `kept.member` (visits that have a custom event of a name, as a server says).
    """

    def __init__(self, memory_limit_mb: int = MEMORY_LIMIT_MB) -> None:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "threads": "1",  # one page or question is too small to be worth a second one
            "memory_limit": f"{memory_limit_mb}MB",
            "temp_directory": "",  # nothing about visitors is written to disk
            "max_vacuum_tasks": "0",  # merging parts of a table takes 100 MB for a moment
            "checkpoint_threshold": "32MB",  # then what is kept is compressed
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        self.listed: set[str] = set()
        self._database = duckdb.connect(":memory:", config=settings)
        self._idle: list[duckdb.DuckDBPyConnection] = []
        self._writing = threading.Lock()
        self._lanes: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._load = {lane: _Statements(lane, self._database) for lane in LANES}
        for name in ("kept", *LANES):
            self._database.execute(f"ATTACH ':memory:' AS {name} (COMPRESS)")
        self._database.execute("SET enable_external_access = false")
        self._database.execute("SET lock_configuration = true")
        for lane in LANES:
            self._database.execute(f"CREATE TABLE {lane}.visit ({_definition(VISIT_TABLE)})")
            self._lanes.put(lane)
        parts = " UNION ALL ".join(map(_all_of, LANES))
        self._database.execute(f"CREATE VIEW visit AS {parts}")
        self._database.execute(f"CREATE TABLE kept.event ({_definition(EVENT_COLUMNS)})")
        self._database.execute("CREATE TABLE kept.told (session_id VARCHAR)")
        self._database.execute("CREATE TABLE kept.member (name VARCHAR, session_id VARCHAR)")

    def close(self) -> None:
        """Free the memory; nothing can be asked afterwards."""
        self._idle.clear()
        self._load.clear()
        self._database.close()

    def load(self, body: bytes, reading: int, places: Iterable[int] | None = None) -> PageFacts:
        """Keep the rows of a page; what it held.

        `reading` counts requests: of two rows of one visit the later one stays. `places` are those
        of the rows that were asked for, None for all.

        Raises:
            UnexpectedBodyError: not what Rybbit sends.
        """
        chosen = None if places is None else sorted(places)
        lane = self._lanes.get()
        try:
            with self.cursor() as cursor:
                _load(cursor, self._load[lane], body, reading, chosen)
                found = cursor.execute(self._load[lane].facts, [reading]).fetchone()
        finally:
            self._lanes.put(lane)
        row_count, kept_count, *moments = found or (0, 0, None, None, None)
        return PageFacts(row_count, kept_count, *map(utc, moments))

    def settle(self, since: datetime | None = None) -> int:
        """Leave each visit once, in its latest reading; how many there are.

        Visits that ended before `since` are dropped: pages between were not read.
        """
        with self.cursor() as cursor, self._writing:
            cursor.execute(_FIND_OLD)
            for lane in LANES:
                cursor.execute(self._load[lane].drop, [as_kept(since)])
            self._idle.clear()
            return _number(cursor.execute("SELECT count(*) FROM visit"))

    def keep_events(self, session_ids: Sequence[str], rows: Sequence[tuple[object, ...]]) -> None:
        """Keep the events of these visits, all that they have."""
        with self.cursor() as cursor, self._writing:
            cursor.execute("BEGIN")
            cursor.execute("INSERT INTO kept.told SELECT unnest(?::VARCHAR[])", [list(session_ids)])
            if rows:
                values = [list(column) for column in zip(*rows, strict=True)]
                cursor.execute(_insertion("kept.event", EVENT_COLUMNS), values)
            cursor.execute("COMMIT")

    def keep_members(self, name: str, session_ids: Sequence[str] | None) -> None:
        """Keep which visits have a custom event of this name, as a server says; None: all."""
        with self.cursor() as cursor, self._writing:
            if session_ids is None:
                sql = "INSERT INTO kept.member SELECT ?, session_id FROM visit"
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
        try:
            cursor = self._idle.pop()
        except IndexError:
            cursor = self._database.cursor()
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


class _Statements:
    """The statements of loading into one lane, parsed once: that takes longer than some run."""

    def __init__(self, lane: str, connection: duckdb.DuckDBPyConnection) -> None:
        names = ", ".join(f'"{name}"' for name in (*KEPT_COLUMNS, "is_odd"))
        table = f"{lane}.visit"
        (
            self.keep,
            self.keep_rows,
            self.odd_places,
            self.odd_rows,
            self.drop_odd,
            self.facts,
            self.drop,
        ) = (
            connection.extract_statements(sql)[0]
            for sql in (
                f"""
                INSERT INTO {table}
                SELECT ?::INTEGER, place,
                    ?::INTEGER[] IS NULL OR list_contains(?::INTEGER[], place), {names}
                FROM ({page_query()})
                """,  # noqa: S608 - our own names
                _insertion(table, VISIT_TABLE),
                f"SELECT place FROM {table} WHERE reading = ? AND is_odd",  # noqa: S608
                odd_rows_query(),
                f"DELETE FROM {table} WHERE reading = ? AND is_odd",  # noqa: S608
                f"""
                SELECT count(*), count(*) FILTER (is_kept), max(ended_at), min(ended_at),
                    max(started_at)
                FROM {table} WHERE reading = ?
                """,  # noqa: S608
                f"""
                DELETE FROM {table} WHERE NOT is_kept OR ended_at < ?::TIMESTAMP
                    OR rowid IN (SELECT row_id FROM old WHERE lane = '{lane}')
                """,  # noqa: S608
            )
        )


def _load(
    cursor: duckdb.DuckDBPyConnection,
    load: _Statements,
    body: bytes,
    reading: int,
    chosen: list[int] | None,
) -> None:
    try:
        text = body.decode()
        # the parameter of the sub-query comes last, as it stands in the text
        added = _number(cursor.execute(load.keep, [reading, chosen, chosen, text]))
    except (duckdb.InvalidInputException, UnicodeDecodeError):
        added = 0
    if added:
        places = [place for (place,) in cursor.execute(load.odd_places, [reading]).fetchall()]
        found = cursor.execute(load.odd_rows, [text, places]).fetchall() if places else []
        sessions = [(place, parse_session(row)) for place, row in found]
        if places:
            cursor.execute(load.drop_odd, [reading])
    else:  # whatever is no page at all is refused here
        sessions = list(enumerate(parse_page(body)))
    if sessions:
        rows = _odd_rows(sessions, reading, chosen)
        cursor.execute(load.keep_rows, [list(column) for column in zip(*rows, strict=True)])


def utc(moment: datetime | None) -> datetime | None:
    """The instant that a time of the store is."""
    return moment.replace(tzinfo=UTC) if moment else None


def as_kept(moment: datetime | None) -> datetime | None:
    """The time under which the store keeps an instant."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment else None


def _all_of(lane: str) -> str:
    return f"SELECT '{lane}' AS lane, rowid AS row_id, * FROM {lane}.visit"  # noqa: S608


def _definition(columns: Mapping[str, str]) -> str:
    return ", ".join(f'"{name}" {kind}' for name, kind in columns.items())


def _insertion(table: str, columns: Mapping[str, str]) -> str:
    values = ", ".join(f"unnest(?::{kind}[])" for kind in columns.values())
    return f"INSERT INTO {table} SELECT {values}"


def _odd_rows(
    odd: Sequence[tuple[int, Session]], reading: int, chosen: list[int] | None
) -> list[tuple[object, ...]]:
    kept = None if chosen is None else set(chosen)
    places = [place for place, name in enumerate(VISIT_COLUMNS) if name in KEPT_COLUMNS]
    rows = []
    for place, session in odd:
        values = visit_row(session)
        is_kept = kept is None or place in kept
        rows.append((reading, place, is_kept, *(values[column] for column in places), False))
    return rows


def _number(result: duckdb.DuckDBPyConnection) -> int:
    row = result.fetchone()
    return int(row[0] or 0) if row else 0
