"""Offsets of time zones: the ones that everything else goes by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from rybbit_mcp.analysis.duckdb_relations import DuckDB
from rybbit_mcp.analysis.terms import text
from rybbit_mcp.analysis.zone_offsets import FIRST_YEAR, LAST_YEAR, offsets

ZONES = sorted(name for name in available_timezones() if "/" in name)


def ahead_of(zone: str, at: datetime) -> int:
    """The offset that `offsets` gives for an instant."""
    first, *later = offsets(zone)
    return next((one.seconds for one in reversed(later) if at >= one.since), first.seconds)


def ahead_by_rules(zone: str, at: datetime) -> int:
    ahead = at.astimezone(ZoneInfo(zone)).utcoffset()
    assert ahead is not None
    return round(ahead.total_seconds())


BEGINNING, END = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(LAST_YEAR, 1, 1, tzinfo=UTC)


@given(st.sampled_from(ZONES), st.timedeltas(timedelta(0), END - BEGINNING))
def test_any_instant_has_the_offset_of_the_rules(zone: str, since_beginning: timedelta) -> None:
    at = BEGINNING + since_beginning

    assert ahead_of(zone, at) == ahead_by_rules(zone, at)


@pytest.mark.parametrize(
    "zone",
    ["Europe/Berlin", "America/Vancouver", "Africa/Casablanca", "Australia/Lord_Howe", "UTC"],
)
def test_every_change_is_known_to_the_second(zone: str) -> None:
    for one in offsets(zone)[1:]:
        assert ahead_by_rules(zone, one.since) == one.seconds
        assert ahead_by_rules(zone, one.since - timedelta(seconds=1)) != one.seconds


@pytest.mark.parametrize(
    "at", [datetime(2026, 11, 24, 7, 30, tzinfo=UTC), datetime(2027, 7, 1, 23, 59, 59, tzinfo=UTC)]
)
def test_groups_of_time_are_the_ones_that_are_printed(at: datetime) -> None:
    """Databases have rules of another year for some of the zones."""
    form = "%Y-%m-%d %H"
    moment = exp.Cast(this=text(f"{at:%Y-%m-%d %H:%M:%S}"), to=exp.DataType.build("timestamp"))
    told = {}
    with duckdb.connect() as connection:
        for zone in ZONES:
            query = exp.select(DuckDB().local(moment.copy(), zone, form)).sql(dialect="duckdb")
            ((told[zone],),) = connection.execute(query).fetchall()

    assert told == {zone: f"{at.astimezone(ZoneInfo(zone)):{form}}" for zone in ZONES}
