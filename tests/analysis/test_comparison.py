"""Which window a comparison means: the same part of it where the asked one goes on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rybbit_mcp.analysis.comparison import is_same_part, other_window
from rybbit_mcp.api.errors import BadRequestError
from rybbit_mcp.api.window import Window, resolve_window

NOW = datetime(2026, 11, 24, 13, 5, 40, 700_000, tzinfo=UTC)


def compared(
    period: str, compare: str, *, now: datetime = NOW, zone: str = "UTC"
) -> tuple[Window, Window]:
    window = resolve_window(now=now, zone=zone, period=period)
    return window, other_window(window, compare, now)


@pytest.mark.parametrize(
    ("period", "compare", "start", "end"),
    [
        ("today", "previous_period", "2026-11-23", "2026-11-23 13:05:40"),
        ("today", "last_week", "2026-11-17", "2026-11-17 13:05:40"),
        ("today", "yesterday", "2026-11-23", "2026-11-23 13:05:40"),
        ("today", "2026-11-10", "2026-11-10", "2026-11-10 13:05:40"),
        ("7d", "previous_period", "2026-11-11", "2026-11-17 13:05:40"),
        ("7d", "2026-11-01..2026-11-07", "2026-11-01", "2026-11-07 13:05:40"),
        ("this_month", "last_month", "2026-10-01", "2026-10-24 13:05:40"),
        ("this_month", "2025-11", "2025-11-01", "2025-11-24 13:05:40"),
        ("2026-11", "2026-10", "2026-10-01", "2026-10-24 13:05:40"),
        ("this_week", "2026-11-09..2026-11-15", "2026-11-09", "2026-11-10 13:05:40"),
    ],
)
def test_a_period_that_goes_on_is_compared_with_the_same_part(
    period: str, compare: str, start: str, end: str
) -> None:
    window, other = compared(period, compare)

    assert other.kind == "instants"
    assert other.start_at == datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert other.end_at == datetime.fromisoformat(end).replace(tzinfo=UTC)
    assert other.asked == compare
    assert is_same_part(window, other, NOW)


@pytest.mark.parametrize(
    ("period", "compare", "first", "last"),
    [
        ("7d", "2026-10-01..2026-10-31", "2026-10-01", "2026-10-31"),
        ("today", "last_month", "2026-10-01", "2026-10-31"),
        ("today", "today", "2026-11-24", "2026-11-24"),
        ("today", "this_week", "2026-11-23", "2026-11-24"),
        ("yesterday", "2026-11-10", "2026-11-10", "2026-11-10"),
        ("2026-10", "2026-09", "2026-09-01", "2026-09-30"),
        ("yesterday", "previous_period", "2026-11-22", "2026-11-22"),
    ],
)
def test_other_periods_are_compared_whole_and_not_called_a_part(
    period: str, compare: str, first: str, last: str
) -> None:
    window, other = compared(period, compare)

    assert other.kind == "days"
    assert (str(other.start_on), str(other.end_on)) == (first, last)
    assert not is_same_part(window, other, NOW)


def test_a_month_that_is_shorter_than_the_part_is_compared_whole() -> None:
    window, other = compared("this_month", "last_month", now=datetime(2026, 3, 30, 9, tzinfo=UTC))

    assert (str(other.start_on), str(other.end_on)) == ("2026-02-01", "2026-02-28")
    assert not is_same_part(window, other, datetime(2026, 3, 30, 9, tzinfo=UTC))


def test_the_first_seconds_of_a_day_are_compared_with_as_many() -> None:
    now = datetime(2026, 11, 24, 0, 0, 40, tzinfo=UTC)

    for compare in ("previous_period", "yesterday"):
        _, other = compared("today", compare, now=now)
        assert other.end_at == datetime(2026, 11, 23, 0, 0, 40, tzinfo=UTC)


@pytest.mark.parametrize("compare", ["previous_period", "last_week", "yesterday"])
def test_a_day_that_has_just_begun_is_not_compared_with_a_whole_one(compare: str) -> None:
    now = datetime(2026, 11, 24, 0, 0, 0, 900_000, tzinfo=UTC)

    with pytest.raises(BadRequestError, match="just begun"):
        compared("today", compare, now=now)


def test_times_of_day_are_those_of_the_zone_when_its_clocks_change() -> None:
    now = datetime(2026, 10, 26, 11, 30, tzinfo=UTC)  # the clocks of Berlin changed on the 25th
    window, other = compared("this_week", "last_week", now=now, zone="Europe/Berlin")

    assert other.end_at == datetime(2026, 10, 19, 10, 30, tzinfo=UTC)
    assert is_same_part(window, other, now)


def test_a_stretch_of_another_length_is_no_same_part() -> None:
    window, other = compared("today", "previous_period")
    assert other.end_at is not None

    longer = replace(other, end_at=other.end_at + timedelta(hours=1))
    assert not is_same_part(window, longer, NOW)
