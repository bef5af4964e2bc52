"""Places: what is sent, what is compared here, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from rybbit_mcp.api.client import RybbitClient
from rybbit_mcp.api.errors import UnsupportedError
from rybbit_mcp.api.filters import Filter
from rybbit_mcp.api.generations import GENERATIONS, GenerationName
from rybbit_mcp.api.window import Window
from tests.api.recorded import recording
from tests.api.truth import SITE, WINDOW, demo_client, run, visits

pytestmark = pytest.mark.anyio

ALL_TIME = Window("all", "UTC", "all")
PLACES = [
    {"lat": 52.52, "lon": 13.405, "city": "Berlin", "country": "DE", "count": 158},
    {"lat": 44.469, "lon": -71.185, "city": "Berlin", "country": "US", "count": 3},
    {"lat": 35.68, "lon": 139.69, "city": "東京", "country": "JP", "count": 20},
    {"lat": 0, "lon": 0, "city": "", "country": "\0\0", "count": 192},
    {"lat": 0, "lon": 0, "city": 7, "country": "DE", "count": 1},
]


class Server:
    def __init__(self, generation: GenerationName = "D") -> None:
        self.asked: list[dict[str, str]] = []
        self.client = RybbitClient(
            "https://r.example",
            "k",
            generation=GENERATIONS[generation],
            transport=httpx.MockTransport(self),
        )

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(dict(request.url.params))
        return httpx.Response(200, json={"data": PLACES})

    async def counts(self, *filters: Filter, user_id: str = "") -> list[int]:
        answer = await self.client.locations("1", ALL_TIME, filters=filters, user_id=user_id)
        return [place.visit_count for place in answer.locations]


def place(parameter: str, type_: str, *value: Any) -> Filter:
    return Filter(parameter=parameter, type=type_, value=tuple(value))


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize(
    ("item", "counts"),
    [
        (place("country", "equals", "DE"), [158, 1]),
        (place("country", "not_equals", "DE", "US"), [20, 192]),
        (place("country", "is_null"), [192]),
        (place("country", "equals", ""), [192]),
        (place("city", "equals", "Berlin"), [158, 3]),
        (place("city", "equals", "DE-BE-Berlin"), [158]),
        (place("city", "not_equals", "US-NH-Berlin"), [158, 20, 192, 1]),
        (place("city", "contains", "京"), [20]),
        (place("city", "regex", "^B"), [158, 3]),
        (place("city", "is_not_null"), [158, 3, 20, 1]),
        (place("city", "equals", "007"), [1]),
        (place("lat", "greater_than", "50"), [158]),
        (place("lat", "not_equals", "52.52"), [3, 20, 192, 1]),
        (place("lon", "less_than_or_equal", "0"), [3, 192, 1]),
        (place("lat", "equals", "52.5205"), [158]),
    ],
    ids=str,
)
async def test_place_filters_are_applied_here_on_every_generation(
    item: Filter, counts: list[int], generation: GenerationName
) -> None:
    """Every server fails on filters of country, city, lat and lon for locations."""
    server = Server(generation)

    assert await server.counts(item) == counts
    assert "filters" not in server.asked[0]


async def test_a_city_with_its_region_says_what_is_meant_here() -> None:
    answer = await Server().client.locations(
        "1", ALL_TIME, filters=[place("city", "equals", "DE-BE-Berlin")]
    )

    (note,) = answer.notes
    assert note.startswith("city: places tell no region here")
    with pytest.raises(UnsupportedError, match="locations have no region"):
        await Server().counts(place("city", "contains", "DE-BE"))


async def test_a_user_is_asked_for_by_a_filter() -> None:
    """The parameter `user_id` is ignored here, the filter works."""
    server = Server()

    await server.counts(place("browser", "equals", "Chrome"), user_id="ada@example.com")

    (asked,) = server.asked
    assert "user_id" not in asked
    assert json.loads(asked["filters"]) == [
        {"parameter": "browser", "type": "equals", "value": ["Chrome"]},
        {"parameter": "user_id", "type": "equals", "value": ["ada@example.com"]},
    ]


@pytest.mark.parametrize(
    ("item", "generations"),
    [
        (place("user_id", "contains", "ada"), "ABCD"),
        (place("utm_source", "not_equals", "google"), "ABCD"),
        (place("utm_source", "is_null"), "ABCD"),
        (place("referrer", "equals", ""), "ABCD"),
        (place("event_name", "not_equals", "signup"), "ABCD"),
        (place("pathname", "not_equals", "/"), "ABCD"),
        (place("entry_page", "is_null"), "ABCD"),
        (place("entry_page", "regex", "^/blog"), "AB"),
        (place("entry_page", "contains", "%"), "AB"),
        (place("browser_version", "is_null"), "ABCD"),
        (place("browser", "regex", "^Chrome"), "A"),
        (place("device_type", "starts_with", "Mob"), "AB"),
        (place("tag", "equals", "beta"), "AB"),
        (place("timezone", "equals", "Europe/Berlin"), "AC"),
        (place("querystring", "contains", "utm"), "AC"),
        (place("pathname", "equals", "/"), "A"),
        (place("pathname", "regex", "^/"), "AB"),
    ],
    ids=str,
)
async def test_what_would_be_counted_wrongly_is_refused_with_a_way_around(
    item: Filter, generations: str
) -> None:
    for generation in GENERATIONS:
        server = Server(generation)
        if generation not in generations:
            await server.counts(item)
            assert "filters" in server.asked[0]
            continue
        with pytest.raises(UnsupportedError) as error:
            await server.counts(item)
        assert item.parameter in error.value.message
        assert error.value.hint.endswith(".")
        assert server.asked == []


async def test_two_filters_on_one_event_are_refused() -> None:
    for other in (place("pathname", "equals", "/cart"), place("utm_source", "equals", "x")):
        with pytest.raises(UnsupportedError, match="one event that satisfies pathname"):
            await Server().counts(place("pathname", "equals", "/"), other)


async def test_what_is_compared_with_every_event_says_so() -> None:
    for item, said in (
        (place("utm_source", "equals", "google"), "every event of a visit"),
        (place("entry_page", "equals", "/"), "event of any kind"),
    ):
        answer = await Server().client.locations("1", ALL_TIME, filters=[item])
        assert said in answer.notes[0]


async def test_the_oldest_servers_are_said_to_know_devices_only() -> None:
    answer = await Server("A").client.locations("1", ALL_TIME, user_id="ada@example.com")

    assert answer.notes == ("user_id: a server this old may know device ids only",)


async def test_recorded_places_read_numbers_as_the_texts_they_were() -> None:
    body = recording("current/locations-number-like-texts").response()
    client = RybbitClient(
        "https://r.example",
        "k",
        generation=GENERATIONS["D"],
        transport=httpx.MockTransport(lambda _: body),
    )

    answer = await client.locations("1", ALL_TIME)

    assert {"0", "true"} <= {one.city for one in answer.locations}


@pytest.mark.parametrize("generation", GENERATIONS)
def test_places_count_every_visit_of_the_window(generation: GenerationName) -> None:
    answer = run(demo_client(generation).locations(SITE, WINDOW))

    assert sum(one.visit_count for one in answer.locations) == len(visits())
