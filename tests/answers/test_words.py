from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rybbit_mcp.answers.words import (
    as_item,
    as_key,
    as_part,
    count_of,
    duration,
    exact,
    number,
    offset,
    rounded,
    share,
    short_list,
    when,
)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0s"),
        (42, "42s"),
        (60, "1m00s"),
        (185, "3m05s"),
        (3599, "59m59s"),
        (3720, "1h02m"),
        (93_600, "1d02h"),
        (-42, "-42s"),
    ],
)
def test_a_duration_is_read_at_a_glance(seconds: int, shown: str) -> None:
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "+0:00"), (42, "+0:42"), (725, "+12:05"), (3725, "+1:02:05"), (-5, "-0:05")],
)
def test_an_offset_counts_from_the_beginning(seconds: int, shown: str) -> None:
    assert offset(seconds) == shown


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (0, 10, "0%"),
        (10, 10, "100%"),
        (1, 3, "33%"),
        (1, 1000, "<1%"),
        (999, 1000, ">99%"),
        (3, 2, "150%"),
        (1, 0, "-"),
    ],
)
def test_a_share_says_none_and_all_only_when_it_is_so(part: int, whole: int, shown: str) -> None:
    assert share(part, whole) == shown


@pytest.mark.parametrize(
    ("count", "noun", "shown"),
    [
        (1, "visit", "1 visit"),
        (0, "visit", "0 visits"),
        (2, "city", "2 cities"),
        (2, "day", "2 days"),
        (2, "bounce", "2 bounces"),
        (2, "pass", "2 passes"),
    ],
)
def test_a_count_agrees_with_its_noun(count: int, noun: str, shown: str) -> None:
    assert count_of(count, noun) == shown


def test_an_irregular_plural_is_given() -> None:
    assert count_of(2, "person", "people") == "2 people"
    assert count_of(1, "person", "people") == "1 person"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (-0.001, "0"),
        (0.126, "0.13"),
        (1.26, "1.3"),
        (2.0, "2"),
        (99.96, "100"),
        (123.4, "123"),
        (-7.77, "-7.8"),
        (float("inf"), "-"),
        (float("nan"), "-"),
        (7, "7"),
    ],
)
def test_numbers_follow_one_rounding_rule(value: float, shown: str) -> None:
    assert number(value) == shown


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (0.998336106, 0.998336),
        (0.000001, 0.000001),
        (1.5000000001, 1.5),
        (123.4, 123.4),
        (7.0, 7),
        (float("inf"), None),
        (float("nan"), None),
    ],
)
def test_programs_get_six_decimals(value: float, kept: float | None) -> None:
    assert exact(value) == kept


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_rounding_twice_is_rounding_once(value: float) -> None:
    kept = rounded(value)

    assert kept is not None
    assert rounded(kept) == kept
    assert abs(kept - value) <= max(0.05, abs(value) * 0.006)


def test_a_moment_is_told_in_the_zone_asked_for() -> None:
    at = datetime(2026, 11, 24, 23, 56, 32, tzinfo=UTC)

    assert when(at, ZoneInfo("Europe/Prague")) == "2026-11-25 00:56"
    assert when(at, ZoneInfo("Europe/Prague"), with_year=False) == "11-25 00:56"
    assert when(at, UTC, with_date=False) == "23:56"


def test_an_hour_that_comes_twice_is_told_twice() -> None:
    """Clocks in Berlin go back at 01:00 UTC on 2026-10-25."""
    before = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    berlin = ZoneInfo("Europe/Berlin")

    assert when(before, berlin) == when(before + timedelta(hours=1), berlin) == "2026-10-25 02:30"


def test_a_short_list_adds_up_the_others() -> None:
    counts = [("Email", 1), ("Direct", 12), ("Paid Search", 5), ("Social", 2), ("", 1)]

    assert short_list(counts, top=2) == "Direct 12, Paid Search 5, 3 others 4"
    assert short_list(counts, top=4) == "Direct 12, Paid Search 5, Social 2, unknown 1, Email 1"
    assert short_list([], top=2) == "-"
    assert short_list([("b", 1), ("a", 1)], top=1) == "a 1, b 1"


@given(st.lists(st.tuples(st.text("abc", min_size=1), st.integers(1, 99))), st.integers(1, 5))
def test_a_short_list_loses_no_count(counts: list[tuple[str, int]], top: int) -> None:
    shown = short_list(counts, top)

    if counts:
        assert sum(int(part.split()[-1]) for part in shown.split(", ")) == sum(
            count for _, count in counts
        )
        assert shown.count(", ") <= top


@pytest.mark.parametrize(
    "text",
    [
        *("total", "Total", "TOTAL", "others", "others (7)", "Others (12)", "others(7)"),
        *("(unknown)", "(UNKNOWN)", "(hidden)", "(none)", "-", "ｔｏｔａｌ", "same as at +0:00"),
    ],
)
def test_a_visitors_word_for_one_of_our_rows_stands_in_quotes(text: str) -> None:
    assert as_key(text) == f'"{text}"'
    assert as_item(text) == f'"{text}"'


@pytest.mark.parametrize(
    "text",
    [
        *("Berlin 900, München 400", "Direct 999 · countries: KP 99", "/x 40", "signup ×99"),
        *("a; b", "a: b", "Berlin,", "Mitte + Berlin", "Brno and 3 near", "2 more", "3 others"),
        *("5 other names", "city unknown", "unknown", "unnamed"),
    ],
)
def test_a_visitors_item_that_reads_as_several_or_as_a_count_stands_in_quotes(text: str) -> None:
    assert as_item(text) == f'"{text}"'


@pytest.mark.parametrize(
    "text",
    [
        *("/checkout", "/blog/10-tips-2024", "/product/42?utm_source=a", "Organic Search", "DE"),
        *("total recall", "totals", "(not set)", "Unknown", "São Paulo", "12:30", "a+b", "50% off"),
        *("google/spring_2026", "Step one - done", "Windows", "iPhone15", "1,5", "", "C++"),
    ],
)
def test_an_ordinary_word_of_a_visitor_stands_without_quotes(text: str) -> None:
    assert as_key(text) == as_part(text) == as_item(text) == text


def test_quotes_inside_quotes_are_single_ones() -> None:
    assert as_item('a", "b 3') == "\"a', 'b 3\""


def test_a_name_cannot_add_to_a_short_list() -> None:
    counts = [("Direct 999 · countries: KP 99", 2), ("unknown", 1), ("", 1)]

    assert short_list(counts) == '"Direct 999 · countries: KP 99" 2, unknown 1, "unknown" 1'
