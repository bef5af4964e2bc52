"""The numbers printed above a list of visits."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rybbit_mcp.analysis.visits import Tally, median_s, summarize_visits, tally
from rybbit_mcp.api.models import Session

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


def visit(**fields: object) -> Session:
    counts = dict.fromkeys(("session_duration", "pageviews", "events", "errors", "outbound"), 0)
    return Session.model_validate(
        {"session_id": "s", "session_start": AT, "session_end": AT, **counts, **fields}
    )


def test_a_bounce_is_a_visit_of_exactly_one_pageview() -> None:
    """Rybbit's definition; a visit without pageviews is none."""
    summary = summarize_visits([visit(pageviews=count) for count in (0, 1, 1, 2)])
    assert (summary.bounce_count, summary.bounce_share) == (2, 0.5)


def test_no_visits_give_zeros_and_empty_tallies() -> None:
    summary = summarize_visits([])
    assert (summary.visit_count, summary.bounce_share, summary.median_duration_s) == (0, 0.0, 0)
    assert summary.channels == summary.countries == summary.entry_pages == ()


@pytest.mark.parametrize(
    ("durations_s", "median"),
    [
        ([], 0),
        ([7], 7),
        ([1, 2], 2),
        ([1, 3], 2),
        ([9, 1, 5], 5),
        ([10, 0, 4, 3], 4),
        ([0, 0, 1, 600], 1),
    ],
)
def test_the_median_of_an_even_number_is_the_mean_of_the_middle_two_rounded_half_up(
    durations_s: Sequence[int], median: int
) -> None:
    assert median_s(durations_s) == median


@given(st.lists(st.integers(min_value=0, max_value=90_000), min_size=1))
def test_the_median_is_never_more_than_half_a_second_off(durations_s: list[int]) -> None:
    assert 0 <= median_s(durations_s) - statistics.median(durations_s) <= 0.5


def test_pageviews_and_visits_with_errors_are_totalled() -> None:
    summary = summarize_visits(
        [visit(pageviews=3, errors=2), visit(pageviews=4), visit(pageviews=1, errors=1)]
    )
    assert (summary.pageview_count, summary.error_visit_count) == (8, 2)


def test_a_visitor_is_the_identified_id_or_else_the_device() -> None:
    """One person on two devices is one visitor; one device without a name is one; none is none."""
    summary = summarize_visits(
        [
            visit(user_id="phone", identified_user_id="ada"),
            visit(user_id="laptop", identified_user_id="ada"),
            visit(user_id="tablet"),
            visit(user_id="tablet"),
            visit(user_id="ada"),
            visit(),
        ]
    )
    assert summary.visitor_count == 3


def test_tallies_sort_by_count_then_spelling_and_keep_the_unknown_value() -> None:
    assert tally(["DE", "", "US", "DE", "AT"]) == (
        Tally("DE", 2),
        Tally("", 1),
        Tally("AT", 1),
        Tally("US", 1),
    )


@given(st.lists(st.sampled_from(["DE", "US", "", "FR"])))
def test_each_tally_sums_to_the_number_of_visits(countries: list[str]) -> None:
    summary = summarize_visits([visit(country=country, channel=country) for country in countries])
    assert sum(entry.visit_count for entry in summary.countries) == len(countries)
    assert sum(entry.visit_count for entry in summary.channels) == len(countries)
    assert list(summary.countries) == sorted(
        summary.countries, key=lambda entry: (-entry.visit_count, entry.value)
    )


def test_entry_pages_and_device_types_are_tallied() -> None:
    summary = summarize_visits([visit(entry_page="/a", device_type="Mobile"), visit()])
    assert summary.entry_pages == (Tally("", 1), Tally("/a", 1))
    assert summary.device_types == (Tally("", 1), Tally("Mobile", 1))
