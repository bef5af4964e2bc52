"""The visits of one question in a DuckDB of its own, in memory and compressed.

Nothing here waits: callers run these methods in worker threads. Pages are loaded side by side in
lanes, because DuckDB compresses what it keeps only while nobody else writes.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import duckdb

from rybbit_mcp.analysis.duckdb_relations import EVENT_COLUMNS
from rybbit_mcp.analysis.local_lane import Lane, Page, PageFacts, as_kept, definition, insertion
from rybbit_mcp.api.errors import BadRequestError

LANES = 2

MEMORY_LIMIT_MB = 256
"""What one store may take while it is filled and asked; at rest a visit takes some 60 bytes."""

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
_DOUBT = """
    INSERT INTO kept.doubt SELECT ?, session_id FROM visit
    WHERE started_at < ? AND session_id NOT IN (SELECT session_id FROM kept.member WHERE name = ?)
"""


class VisitStore:
    """The visits that were read, each once when `settle` is done, and the events of some.

    Tables: `visit` (all lanes together), `kept.event`, `kept.told` (the visits whose events were
    read), `kept.member` (visits that have a custom event of a name, as a server says) and
    `kept.doubt` (visits that may have it though they were not listed).
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
        self._database = database = duckdb.connect(":memory:", config=settings)
        self._idle: list[duckdb.DuckDBPyConnection] = []
        self._writing = threading.Lock()
        self._lanes = [Lane(f"lane_{number}", database) for number in range(LANES)]
        self._free: queue.SimpleQueue[Lane] = queue.SimpleQueue()
        for lane in self._lanes:
            self._free.put(lane)
        rows = " UNION ALL ".join(lane.rows for lane in self._lanes)
        database.execute(f"CREATE VIEW visit AS {rows}")
        database.execute("ATTACH ':memory:' AS kept (COMPRESS)")
        database.execute(f"CREATE TABLE kept.event ({definition(EVENT_COLUMNS)})")
        database.execute("CREATE TABLE kept.told (session_id VARCHAR)")
        for table in ("kept.member", "kept.doubt"):
            database.execute(f"CREATE TABLE {table} (name VARCHAR, session_id VARCHAR)")
        database.execute("SET enable_external_access = false")
        database.execute("SET lock_configuration = true")

    def close(self) -> None:
        """Free the memory; nothing can be asked afterwards."""
        self._idle.clear()
        self._lanes.clear()
        self._database.close()

    def load(self, pages: Sequence[Page]) -> list[PageFacts]:
        """Keep the rows of pages; what each held.

        Raises:
            UnexpectedBodyError: one is not what Rybbit sends.
        """
        lane = self._free.get()
        try:
            with self.cursor() as cursor:
                found = lane.load(cursor, pages)
        finally:
            self._free.put(lane)
        empty = PageFacts(0, 0, None, None, None)
        return [found.get(page.reading, empty) for page in pages]

    def count_visits(self, since: datetime | None) -> tuple[int, int]:
        """How many visits that were asked for there are, and how many ended at or after `since`.

        Each counts once.
        """
        codes = " UNION ALL ".join(
            f"SELECT hash(session_id) AS code, ended_at FROM {lane.name}.visit WHERE is_kept"  # noqa: S608
            for lane in self._lanes
        )
        newest = "count(DISTINCT code) FILTER (ended_at >= ?)"
        sql = f"SELECT count(DISTINCT code), {newest} FROM ({codes})"  # noqa: S608
        with self.cursor() as cursor:
            all_count, newest_count = cursor.execute(sql, [as_kept(since)]).fetchone() or (0, 0)
        return all_count, newest_count

    def settle(self, since: datetime | None = None) -> int:
        """Leave each visit once, in its latest reading; how many there are.

        Visits that ended before `since` are dropped: pages between were not read.
        """
        with self.cursor() as cursor, self._writing:
            cursor.execute(_FIND_OLD)
            for lane in self._lanes:
                lane.drop(cursor, since)
            self._idle.clear()
            return _number(cursor.execute("SELECT count(*) FROM visit"))

    def keep_events(self, session_ids: Sequence[str], rows: Sequence[tuple[object, ...]]) -> None:
        """Keep the events of these visits, all that they have."""
        with self.cursor() as cursor, self._writing:
            cursor.execute("BEGIN")
            cursor.execute("INSERT INTO kept.told SELECT unnest(?::VARCHAR[])", [list(session_ids)])
            if rows:
                values = [list(column) for column in zip(*rows, strict=True)]
                cursor.execute(insertion("kept.event", EVENT_COLUMNS), values)
            cursor.execute("COMMIT")

    def keep_members(
        self, name: str, session_ids: Sequence[str] | None, sure_since: datetime | None = None
    ) -> None:
        """Keep which visits have a custom event of this name, as a server says; None: all.

        Visits that began before `sure_since` may have it also if they are not among these.
        """
        with self.cursor() as cursor, self._writing:
            if session_ids is None:
                sql = "INSERT INTO kept.member SELECT ?, session_id FROM visit"
                cursor.execute(sql, [name])
            else:
                sql = "INSERT INTO kept.member SELECT ?, unnest(?::VARCHAR[])"
                cursor.execute(sql, [name, list(dict.fromkeys(session_ids))])
            if sure_since is not None:
                cursor.execute(_DOUBT, [name, as_kept(sure_since), name])
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


def _number(result: duckdb.DuckDBPyConnection) -> int:
    row = result.fetchone()
    return int(row[0] or 0) if row else 0
