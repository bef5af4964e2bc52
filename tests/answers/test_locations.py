"""Places: their rows, what adds up, and the budget."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from bench.counting import count_tokens
from rybbit_mcp.answers.answer import Answer, render, structured
from rybbit_mcp.answers.budget import structured_size
from rybbit_mcp.answers.clean import Gate
from rybbit_mcp.answers.locations import PlacesAsked, render_locations
from rybbit_mcp.answers.privacy import Privacy, PrivacyLevel
from rybbit_mcp.api.models import Location
from rybbit_mcp.api.results import LocationList
from rybbit_mcp.api.window import resolve_window
from tests.answers.made_visits import NOW
from tests.hostile import HOSTILE

RECORDED = Path(__file__).parents[1] / "recorded"
KEY = b"a key of the tests"
ASKED = PlacesAsked(
    site="Acme Shop (site 1)",
    window=resolve_window(now=NOW, zone="Europe/Berlin", period="30d"),
    now=NOW,
    call=lambda limit: f'get_session_locations(site=1, period="30d", limit={limit})',
)


def place(country: str, city: str, count: int, lat: float = 0.0, lon: float = 0.0) -> Location:
    return Location(country=country, city=city, visit_count=count, lat=lat, lon=lon)


def recorded(name: str) -> list[Location]:
    body = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))["body"]
    return [Location.model_validate(row) for row in body["data"] if isinstance(row, dict)]


def answer_of(
    locations: list[Location],
    asked: PlacesAsked = ASKED,
    *,
    level: PrivacyLevel = "standard",
    max_chars: int = 8000,
) -> Answer:
    return render_locations(
        LocationList(tuple(locations)),
        asked,
        privacy=Privacy(level, KEY),
        gate=Gate(),
        max_chars=max_chars,
    )


def made_places(count: int, seed: int = 7) -> list[Location]:
    """Invented places: some large, most small, one unknown."""
    random = Random(seed)
    countries = re.findall("..", "DEUSFRGBJPINBREGGHCZESITPLSENOCAAUMXNLATCHBEPTFI")
    parts = re.findall("..", "berlinmünchenprahalondonparisoslotokyosantariogradubvic")
    made = [place("", "", 412)]
    while len(made) < count:
        made.append(
            place(
                countries[min(int(random.expovariate(0.15)), len(countries) - 1)],
                "".join(random.sample(parts, random.randint(2, 3))).title(),
                max(1, int(random.paretovariate(0.9))),
                round(random.uniform(-60, 65), 3),
                round(random.uniform(-170, 170), 3),
            )
        )
    return made


def visits_in(answer: Answer) -> int:
    """The visits that the rows add up to."""
    return sum(int(row[1]) for table in answer.tables for row in table.rows)


def test_recorded_places_are_rows_of_countries_with_their_cities() -> None:
    answer = answer_of(recorded("current/locations-default"), replace(ASKED, limit=5))
    assert render(answer) == snapshot("""\
# places of Acme Shop (site 1) · 2026-10-26 to 2026-11-24 (today until 14:05) Europe/Berlin · period 30d
# 2009 visits, all that match, from 8 countries, 10 cities

country	visits	share	cities
US	351	17%	San Francisco 189, New York 162
DE	350	17%	Munich 192, Berlin 158
JP	216	11%	東京 216
BR	207	10%	São Paulo 207
FR	196	10%	Paris 196
others (3)	497	25%	-
(unknown)	192	10%	-
# next: get_session_locations(site=1, period="30d", limit=8)\
""")


def test_at_strict_only_countries_are_named() -> None:
    locations = recorded("current/locations-default")
    assert render(answer_of(locations, replace(ASKED, limit=2), level="strict")) == snapshot("""\
# places of Acme Shop (site 1) · 2026-10-26 to 2026-11-24 (today until 14:05) Europe/Berlin · period 30d
# 2009 visits, all that match, from 8 countries

country	visits	share
US	351	17%
DE	350	17%
others (6)	1116	56%
(unknown)	192	10%
# next: get_session_locations(site=1, period="30d", limit=8)\
""")


def test_a_site_of_one_country_gets_more_cities() -> None:
    towns = [place("DE", f"Town-{number}", 90 - number, 40 + number, 9) for number in range(50)]
    (row,) = answer_of(towns).tables[0].rows

    assert str(row[3]).startswith("Town-0 90, Town-1 89")
    assert str(row[3]).endswith("Town-29 61, 20 more 1010")


def test_places_known_by_country_only_are_shown_as_such() -> None:
    answer = answer_of([place("DE", "", 3, 51, 9), place("DE", "Berlin", 2, 52.5, 13.4)])

    assert answer.tables[0].rows == (("DE", 5, "100%", "Berlin 2, city unknown 3"),)


def test_near_places_that_count_as_one_are_named_beside_it() -> None:
    answer = answer_of(
        [
            place("US", "New York", 5, 40.71, -74.00),
            place("US", "Jersey City", 4, 40.72, -74.05),
            place("US", "Hoboken", 1, 40.74, -74.03),
            place("DE", "Mannheim", 3, 49.49, 8.47),
            place("DE", "Ludwigshafen", 2, 49.48, 8.44),
        ]
    )

    assert [row[3] for row in answer.tables[0].rows] == [
        "New York + Jersey City and 1 near 10",
        "Mannheim + Ludwigshafen 5",
    ]


def test_a_single_other_country_is_named() -> None:
    answer = answer_of([place(name, "", 5) for name in ("AT", "CH", "DE")], replace(ASKED, limit=2))

    assert [row[0] for row in answer.tables[0].rows] == ["AT", "CH", "DE"]
    assert answer.next == ()


def test_no_places_give_no_table() -> None:
    assert render(answer_of([])) == snapshot("""\
# places of Acme Shop (site 1) · 2026-10-26 to 2026-11-24 (today until 14:05) Europe/Berlin · period 30d
# no visits in this time\
""")


def test_six_hundred_places_cost_at_most_450_tokens() -> None:
    for seed in (7, 8, 9):
        assert count_tokens(render(answer_of(made_places(600, seed)))) <= 450


def test_an_answer_over_budget_shows_fewer_countries_and_still_adds_up() -> None:
    countries = [f"{first}{second}" for first in "ABCDEFGH" for second in "ABCDEFGHIJKLMNOP"]
    locations = [place(name, f"City of {name}", 9, 10, 10) for name in countries]
    locations.append(place("", "", 7))
    answer = answer_of(locations, replace(ASKED, limit=250), max_chars=1000)

    assert len(render(answer)) <= 1000
    assert visits_in(answer) == 9 * 128 + 7
    assert str(answer.tables[0].rows[-2][0]).startswith("others (")
    assert answer.next == ()


def test_programs_get_shares_as_numbers() -> None:
    answer = render_locations(
        LocationList((place("DE", "Berlin", 1, 52, 13), place("FR", "Paris", 3, 48, 2))),
        ASKED,
        privacy=Privacy("standard", KEY),
        gate=Gate(),
        max_chars=8000,
        size=structured_size,
    )

    assert structured(answer)["tables"][0]["rows"] == [
        ["FR", 3, 0.75, "Paris 3"],
        ["DE", 1, 0.25, "Berlin 1"],
    ]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_city_stays_inside_its_cell(text: str) -> None:
    answer = answer_of([place("DE", text, 2, 52, 13), place(text, "Paris", 1, 48, 2)])
    lines = render(answer).splitlines()
    table = lines[lines.index("country\tvisits\tshare\tcities") :]

    assert all(line.count("\t") == 3 for line in table)
    assert visits_in(answer) == 3
    assert "://" not in render(answer)
    assert not re.search("<[A-Za-z/!?|]", render(answer))


LOCATIONS = st.lists(
    st.builds(
        place,
        st.sampled_from(["DE", "US", "FR", "", "XX", "#", "A\tB"]),
        st.text(max_size=12) | st.sampled_from(["Berlin", "berlin", "", "München"]),
        st.integers(0, 5000),
        st.floats(-90, 90),
        st.floats(-180, 180),
    ),
    max_size=40,
)


@given(LOCATIONS, st.integers(1, 12), st.integers(600, 3000))
def test_the_rows_add_up_to_all_visits_whatever_the_places_and_the_budget(
    locations: list[Location], limit: int, max_chars: int
) -> None:
    answer = answer_of(locations, replace(ASKED, limit=limit), max_chars=max_chars)

    assert len(render(answer)) <= max_chars
    assert visits_in(answer) == sum(location.visit_count for location in locations)


@given(LOCATIONS)
def test_equal_places_give_equal_answers(locations: list[Location]) -> None:
    assert render(answer_of(locations)) == render(answer_of(list(reversed(locations))))


def test_a_place_does_not_pass_for_a_row_or_for_several_cities() -> None:
    answer = answer_of(
        [
            place("others (3)", "Berlin 900, München 400", 4, 52, 13),
            place("total", "city unknown", 3, 1, 2),
            place("(unknown)", "2 more", 2, 30, 40),
            place("", "", 1),
        ]
    )

    assert [row[0] for row in answer.tables[0].rows] == [
        *('"OTHERS (3)"', '"TOTAL"', '"(UNKNOWN)"', "(unknown)")
    ]
    assert [row[3] for row in answer.tables[0].rows] == [
        *('"Berlin 900, München 400" 4', '"city unknown" 3', '"2 more" 2', "")
    ]
