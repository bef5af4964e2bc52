"""Visits by place: what is merged, what is not, and that no visit is lost on the way."""

from __future__ import annotations

import json
import time
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rybbit_mcp.analysis.places import PlaceSummary, normalized_name, summarize_places
from rybbit_mcp.api.models import Location

RECORDED = Path(__file__).parent.parent / "recorded"


def place(country: str, city: str, count: int, lat: float = 0.0, lon: float = 0.0) -> Location:
    return Location(country=country, city=city, visit_count=count, lat=lat, lon=lon)


def cities_of(summary: PlaceSummary) -> list[tuple[str, int]]:
    return [
        (city.city, city.visit_count) for country in summary.countries for city in country.cities
    ]


def recorded(name: str) -> list[Location]:
    body = json.loads((RECORDED / name).read_text(encoding="utf-8"))["body"]
    return [Location.model_validate(row) for row in body["data"] if isinstance(row, dict)]


def test_recorded_places_are_rolled_up_by_country_and_city() -> None:
    summary = summarize_places(recorded("current/locations-default.json"))

    assert summary.total == 2009
    assert summary.unknown_count == 192
    assert summary.countries[0].country == "US"
    assert [(city.city, city.visit_count) for city in summary.countries[1].cities] == [
        ("Munich", 192),
        ("Berlin", 158),
    ]
    assert summary.city_count == 10


def test_two_spellings_at_one_position_are_one_place_named_by_the_more_visited() -> None:
    summary = summarize_places(
        [place("DE", "München", 40, 48.14, 11.58), place("DE", "Munich", 192, 48.137, 11.575)]
    )

    assert cities_of(summary) == [("Munich", 232)]


def test_a_place_names_the_near_ones_that_count_as_it_and_no_mere_spelling() -> None:
    summary = summarize_places(
        [
            place("US", "New York", 5, 40.71, -74.00),
            place("US", "new york", 1, 40.71, -74.00),
            place("US", "Jersey City", 4, 40.72, -74.05),
            place("US", "Hoboken", 1, 40.74, -74.03),
        ]
    )

    ((city,),) = [country.cities for country in summary.countries]
    assert (city.city, city.visit_count) == ("New York", 11)
    assert city.others == ("Jersey City", "Hoboken")


def test_a_spelling_is_chosen_by_all_its_visits_not_by_its_largest_location() -> None:
    summary = summarize_places(
        [
            place("DE", "Munich", 50, 48.137, 11.575),
            place("DE", "München", 40, 48.14, 11.58),
            place("DE", "München", 30, 48.13, 11.57),
        ]
    )

    assert cities_of(summary) == [("München", 120)]


@pytest.mark.parametrize(
    ("other", "distance", "merged"),
    [
        ("Potsdam", 0.09, True),
        ("Potsdam", 0.2, False),
        ("BERLIN", 0.4, True),
        ("Bérlin", 0.4, True),
        ("Berlin", 0.6, False),
    ],
)
def test_names_and_distance_decide_what_is_one_place(
    other: str, distance: float, merged: bool
) -> None:
    summary = summarize_places(
        [place("DE", "Berlin", 10, 52.5, 13.4), place("DE", other, 5, 52.5 + distance, 13.4)]
    )

    assert len(cities_of(summary)) == (1 if merged else 2)


def test_a_second_spelling_attracts_its_own_name_too() -> None:
    summary = summarize_places(
        [
            place("DE", "Munich", 9, 48.1, 11.5),
            place("DE", "München", 8, 48.15, 11.5),
            place("DE", "München", 7, 48.4, 11.5),
        ]
    )

    assert cities_of(summary) == [("München", 24)]


def test_a_name_nearby_wins_over_another_place_that_is_nearer() -> None:
    summary = summarize_places(
        [
            place("US", "New York", 100, 40.71, -74.0),
            place("US", "Newark", 50, 40.73, -74.17),
            place("US", "Newark", 5, 40.72, -74.08),
        ]
    )

    assert cities_of(summary) == [("New York", 100), ("Newark", 55)]


def test_places_do_not_grow_by_chaining() -> None:
    chain = [place("NL", f"Town {step}", 100 - step, 52.0, 4.0 + step * 0.09) for step in range(10)]

    assert len(cities_of(summarize_places(chain))) == 5


def test_a_border_keeps_near_places_apart() -> None:
    summary = summarize_places(
        [place("DE", "Kehl", 3, 48.57, 7.81), place("FR", "Strasbourg", 9, 48.58, 7.75)]
    )

    assert cities_of(summary) == [("Strasbourg", 9), ("Kehl", 3)]


def test_places_at_zero_zero_are_merged_by_name_alone() -> None:
    summary = summarize_places(
        [
            *recorded("current/locations-number-like-texts.json"),
            place("DE", "Berlin", 7, 52.5, 13.4),
            place("DE", "berlin", 2),
        ]
    )

    assert cities_of(summary) == [
        ("Berlin", 9),
        ("0", 1),
        ("0.5", 1),
        ("1_000", 1),
        ("true", 1),
    ]


def test_a_place_on_the_equator_is_known() -> None:
    summary = summarize_places([place("GH", "Accra", 173, 0.0, -0.19)])

    assert summary.unknown_count == 0
    assert cities_of(summary) == [("Accra", 173)]


def test_unknown_country_and_unknown_city_are_counted_apart() -> None:
    summary = summarize_places(
        [place("", "", 5), place("de", "", 3, 51.3, 9.5), place("DE", "Berlin", 2, 52.5, 13.4)]
    )

    assert (summary.total, summary.unknown_count) == (10, 5)
    assert summary.countries[0].country == "DE"
    assert summary.countries[0].city_unknown_count == 3
    assert summary.countries[0].visit_count == 5


def test_no_places_are_no_places() -> None:
    assert summarize_places([]) == PlaceSummary(0, 0, ())


@pytest.mark.parametrize(
    ("city", "name"),
    [
        ("São Paulo", "saopaulo"),
        ("SAO-PAULO", "saopaulo"),
        ("Gießen", "giessen"),
        ("東京", "東京"),
        ("---", "---"),
    ],
)
def test_names_are_compared_without_accents_case_and_punctuation(city: str, name: str) -> None:
    assert normalized_name(city) == name


def test_marks_that_are_letters_keep_names_apart() -> None:
    assert normalized_name("पुणे") != normalized_name("पणे")


LOCATIONS = st.lists(
    st.builds(
        place,
        st.sampled_from(["DE", "de", "US", "", "\0\0", "XX"]),
        st.sampled_from(["", "Berlin", "berlin", "Bérlin", "München", "0", " ", "東京"]),
        st.integers(0, 10_000),
        st.floats(-90, 90) | st.sampled_from([0.0, 52.5, 52.55, 52.9]),
        st.floats(-180, 180) | st.sampled_from([0.0, 13.4, 13.45, 13.8]),
    ),
    max_size=60,
)


@given(LOCATIONS)
def test_every_visit_is_counted_once_whatever_the_places(locations: list[Location]) -> None:
    summary = summarize_places(locations)
    visits = sum(max(0, location.visit_count) for location in locations)
    by_country = sum(country.visit_count for country in summary.countries)

    assert summary.total == visits == by_country + summary.unknown_count
    for country in summary.countries:
        in_cities = sum(city.visit_count for city in country.cities)
        assert country.visit_count == in_cities + country.city_unknown_count


@given(LOCATIONS, st.randoms(use_true_random=False))
def test_the_order_of_the_answer_does_not_matter(locations: list[Location], random: Random) -> None:
    shuffled = list(locations)
    random.shuffle(shuffled)

    assert summarize_places(shuffled) == summarize_places(locations)


def test_twenty_thousand_places_take_no_quadratic_time() -> None:
    crowd = [
        place("CN", f"City {index % 7000}", index % 90 + 1, 20 + index % 173 / 10, 90 + index / 500)
        for index in range(20_000)
    ]
    started_at = time.process_time()

    summary = summarize_places(crowd)

    assert summary.total == sum(location.visit_count for location in crowd)
    assert time.process_time() - started_at < 3
