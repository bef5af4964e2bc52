"""Visits by place: near-duplicate places merged, rolled up by country, unknown ones apart."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rybbit_mcp.api.models import Location

NEAR_DEGREES = 0.1  # about 11 km: one place, whatever it is called
SAME_NAME_DEGREES = 0.5  # about 55 km: one place if the name is the same


@dataclass(frozen=True, slots=True)
class Place:
    """One city: the most visited of its spellings, and the visits of all of them.

    `others` are names that are no spelling of it: of places so near that they count as it.
    """

    city: str
    visit_count: int
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CountryPlaces:
    """One country: its cities, most visited first, and the visits whose city is not known.

    `visit_count` is the sum of both.
    """

    country: str
    visit_count: int
    cities: tuple[Place, ...]
    city_unknown_count: int


@dataclass(frozen=True, slots=True)
class PlaceSummary:
    """All visits by place; `total` is the sum of the countries and of `unknown_count`."""

    total: int
    unknown_count: int
    countries: tuple[CountryPlaces, ...]

    @property
    def city_count(self) -> int:
        return sum(len(country.cities) for country in self.countries)


def summarize_places(locations: Iterable[Location]) -> PlaceSummary:
    """The visits of these locations by country and city, most visited first, ties by name.

    Merging: within one country, a location belongs to a more visited one of the same name (but for
    case, accents and punctuation) not farther away than 0.5 degree, or else to one of any name not
    farther away than 0.1 degree (Munich, München). Distance is measured to that place's most
    visited location, so places never grow by chaining. A location at exactly (0, 0) has no known
    position and is merged by name alone. A location without a country is unknown, one without a
    city only counts for its country.
    """
    by_country: dict[str, list[Location]] = defaultdict(list)
    unknown_count = 0
    for location in locations:
        if location.visit_count <= 0:
            continue
        country = location.country.strip().upper()
        if country:
            by_country[country].append(location)
        else:
            unknown_count += location.visit_count
    countries = sorted(
        (_country(country, places) for country, places in by_country.items()),
        key=lambda country: (-country.visit_count, country.country),
    )
    total = unknown_count + sum(country.visit_count for country in countries)
    return PlaceSummary(total, unknown_count, tuple(countries))


def normalized_name(city: str) -> str:
    """The name without case, Latin accents, blanks and punctuation; the name itself if that is all.

    Marks of other scripts stay: there they are letters.
    """
    decomposed = unicodedata.normalize("NFKD", city.casefold())
    letters = "".join(
        character
        for character in decomposed
        if not "\u0300" <= character <= "\u036f"
        and (character.isalnum() or unicodedata.category(character).startswith("M"))
    )
    return letters or city.strip()


def _country(country: str, locations: Sequence[Location]) -> CountryPlaces:
    named = [location for location in locations if location.city.strip()]
    cities = sorted(_merge(named), key=lambda place: (-place.visit_count, place.city))
    visit_count = sum(location.visit_count for location in locations)
    known_count = sum(place.visit_count for place in cities)
    return CountryPlaces(country, visit_count, tuple(cities), visit_count - known_count)


@dataclass(slots=True)
class _Centre:
    """A place while it is being gathered; its position is its most visited location's."""

    lat: float
    lon: float
    names: set[str] = field(default_factory=set)
    spellings: Counter[str] = field(default_factory=Counter)


Cell = tuple[int, int]


@dataclass(slots=True)
class _Grid:
    """Centres by cell, so that only neighbours are compared; cells are as wide as the reach."""

    reach: float
    cells: dict[tuple[str, Cell], list[_Centre]] = field(default_factory=lambda: defaultdict(list))

    def add(self, centre: _Centre, name: str = "") -> None:
        self.cells[name, self._cell(centre.lat, centre.lon)].append(centre)

    def nearest(self, lat: float, lon: float, name: str = "") -> _Centre | None:
        row, column = self._cell(lat, lon)
        best, best_distance = None, self.reach
        for near_row in (row - 1, row, row + 1):
            for near_column in (column - 1, column, column + 1):
                for centre in self.cells.get((name, (near_row, near_column)), ()):
                    distance = math.hypot(centre.lat - lat, centre.lon - lon)
                    if distance < best_distance or (best is None and distance <= self.reach):
                        best, best_distance = centre, distance
        return best

    def _cell(self, lat: float, lon: float) -> Cell:
        return math.floor(lat / self.reach), math.floor(lon / self.reach)


def _merge(locations: Sequence[Location]) -> list[Place]:
    """The places these locations of one country are; the more visited ones are settled first."""
    near, same_name = _Grid(NEAR_DEGREES), _Grid(SAME_NAME_DEGREES)
    by_name: dict[str, _Centre] = {}
    centres: list[_Centre] = []
    for location in sorted(locations, key=_settling_order):
        name = normalized_name(location.city)
        centre: _Centre | None
        if _has_position(location):
            centre = same_name.nearest(location.lat, location.lon, name)
            centre = centre or near.nearest(location.lat, location.lon)
        else:
            centre = by_name.get(name)
        if centre is None:
            centre = _Centre(location.lat, location.lon)
            centres.append(centre)
            if _has_position(location):
                near.add(centre)
        if _has_position(location) and name not in centre.names:
            same_name.add(centre, name)
        centre.names.add(name)
        by_name.setdefault(name, centre)
        centre.spellings[location.city.strip()] += location.visit_count
    return [_place(centre) for centre in centres]


def _settling_order(location: Location) -> tuple[bool, int, str, float, float]:
    return (
        not _has_position(location),
        -location.visit_count,
        location.city,
        location.lat,
        location.lon,
    )


def _place(centre: _Centre) -> Place:
    most_first = sorted(centre.spellings, key=lambda name: (-centre.spellings[name], name))
    names = {normalized_name(name): name for name in reversed(most_first)}
    city, *others = [name for name in most_first if names[normalized_name(name)] == name]
    return Place(city, centre.spellings.total(), tuple(others))


def _has_position(location: Location) -> bool:
    return (location.lat, location.lon) != (0.0, 0.0)
