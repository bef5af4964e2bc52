"""Makes the demo's data: every event of two sites, from a seed and a time."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import files

import duckdb

# A visit of exactly 400 events of every kind, for timelines.
LONG_VISIT_ID = "LongVisit_0400"
LOYAL_USER_ID = "ada@example.com"
CAMPAIGN = "spring-sale"

_SCRIPTS = ("macros", "world", "catalog", "visitors", "visits", "events", "hostile")


def generate(*, now: datetime, seed: int) -> duckdb.DuckDBPyConnection:
    """Return a database in memory with the tables `events`, `profiles` and `replays`.

    Shape: about 20,000 visits and 80,000 events of site 1, 1,500 visits of site 2, in the 90
    days up to `now`. Units: timestamps are UTC without a zone, whole seconds.
    """
    database = duckdb.connect(":memory:")
    second = now.astimezone(UTC).replace(microsecond=0, tzinfo=None)
    # temporary tables and variables end with this cursor; what stays is what answers need
    with database.cursor() as workshop:
        workshop.execute(f"SET VARIABLE seed = {seed % 2**32 * 2_654_435_769 % 2**32}")
        workshop.execute(f"SET VARIABLE now_at = TIMESTAMP '{second.isoformat(sep=' ')}'")
        folder = files("rybbit_mcp.demo").joinpath("sql")
        for script in _SCRIPTS:
            workshop.execute(folder.joinpath(f"{script}.sql").read_text(encoding="utf-8"))
    return database
