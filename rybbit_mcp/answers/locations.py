"""The answer to "where do visitors come from": countries with their cities, the rest, the total."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from rybbit_mcp.analysis.places import CountryPlaces, Place, PlaceSummary, summarize_places
from rybbit_mcp.answers.answer import Answer, Cell, Table
from rybbit_mcp.answers.budget import largest_fitting, structured_size, text_size
from rybbit_mcp.answers.heading import first_line
from rybbit_mcp.answers.words import as_item, as_key, count_of, share

if TYPE_CHECKING:
    from rybbit_mcp.answers.clean import Gate
    from rybbit_mcp.answers.privacy import Privacy
    from rybbit_mcp.api.results import LocationList
    from rybbit_mcp.api.window import Window

CITIES_NAMED = 3
CITIES_IN_ALL = 30
LARGEST_LIMIT = 250
CITY_LIMIT = 30


@dataclass(frozen=True, slots=True)
class PlacesAsked:
    """What the caller asked, as far as the answer repeats it.

    `site` is the site's label, `filters` says the filters in words. `call` gives the complete
    call for a number of countries.
    """

    site: str
    window: Window
    now: datetime
    call: Callable[[int], str]
    filters: str = ""
    limit: int = 10
    is_demo: bool = False


def render_locations(
    found: LocationList,
    asked: PlacesAsked,
    *,
    privacy: Privacy,
    gate: Gate,
    max_chars: int,
    size: Callable[[Answer], int] = text_size,
) -> Answer:
    """Visits by country, most first, each with its largest cities; the total is all visits.

    Shape: rows of countries, then `others (n)` for the countries not shown and `(unknown)` for
    visits without a country; the numbers add up to the total in the head, also where the budget
    allows fewer countries than asked for.
    """
    summary = summarize_places(found.locations)
    most = min(asked.limit, len(summary.countries))
    if len(summary.countries) - most == 1:
        most += 1  # a row for one other country would say less than its own
    writer = _Writer(
        summary,
        shows_cities=bool(privacy.place("", "", "city").city),
        is_structured=size is structured_size,
    )
    rows = writer.country_rows(most, gate, privacy)

    def build(shown: int) -> Answer:
        rest = summary.countries[shown:]
        # More than fit now would not fit then.
        calls = (asked.call(min(LARGEST_LIMIT, len(summary.countries))),) if rest else ()
        return Answer(
            head=(_title(asked), writer.extent(), *found.notes),
            tables=(writer.table([*rows[:shown], *writer.other_rows(rest)]),),
            next=calls if shown == most else (),
            notes=_removed(gate),
        )

    return largest_fitting(build, most, max_chars=max_chars, size=size)


def _title(asked: PlacesAsked) -> str:
    line = first_line("places", asked.site, asked.window, asked.now, is_demo=asked.is_demo)
    return f"{line} · filters: {asked.filters}" if asked.filters else line


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes the rows of one summary."""

    summary: PlaceSummary
    shows_cities: bool
    is_structured: bool

    def extent(self) -> str:
        """The totals: visits, countries and, where they are shown, cities."""
        summary = self.summary
        if not summary.total:
            return "no visits in this time"
        countries = count_of(len(summary.countries), "country")
        cities = f", {count_of(summary.city_count, 'city')}" if self.shows_cities else ""
        return f"{count_of(summary.total, 'visit')}, all that match, from {countries}{cities}"

    def table(self, rows: Sequence[tuple[Cell, ...]]) -> Table:
        """The table of these rows, without the column of cities where none is shown."""
        columns = ("country", "visits", "share", "cities")
        if self.shows_cities:
            return Table("countries", columns, tuple(rows))
        return Table("countries", columns[:-1], tuple([row[:-1] for row in rows]))

    def country_rows(self, count: int, gate: Gate, privacy: Privacy) -> list[tuple[Cell, ...]]:
        """The most visited countries; the fewer there are, the more of their cities are named."""
        named_count = max(CITIES_NAMED, CITIES_IN_ALL // max(1, count))
        return [
            self._row(
                as_key(gate.text(country.country, limit=20, mask=privacy.text)),
                country.visit_count,
                _cities(country, named_count, gate, privacy) if self.shows_cities else "",
            )
            for country in self.summary.countries[:count]
        ]

    def other_rows(self, rest: Sequence[CountryPlaces]) -> list[tuple[Cell, ...]]:
        """The rows that make the sum whole."""
        rows = []
        if rest:
            count = sum(country.visit_count for country in rest)
            rows.append(self._row(f"others ({len(rest)})", count))
        if self.summary.unknown_count:
            rows.append(self._row("(unknown)", self.summary.unknown_count))
        return rows

    def _row(self, name: str, count: int, cities: str = "") -> tuple[Cell, ...]:
        total = self.summary.total
        return (name, count, count / total if self.is_structured else share(count, total), cities)


def _cities(country: CountryPlaces, named_count: int, gate: Gate, privacy: Privacy) -> str:
    """The largest cities with their visits, the others together, and those not known."""

    def shown(city: str) -> str:
        name = gate.text(city, limit=CITY_LIMIT, mask=lambda name: privacy.place("", "", name).city)
        return as_item(name)

    def named(place: Place) -> str:
        names = [shown(place.city), *map(shown, place.others[:1])]
        more = f" and {len(place.others) - 1} near" if len(place.others) > 1 else ""
        return f"{' + '.join(names)}{more} {place.visit_count}"

    parts = [named(place) for place in country.cities[:named_count]]
    others = country.cities[named_count:]
    if others:
        parts.append(f"{len(others)} more {sum(place.visit_count for place in others)}")
    if country.city_unknown_count:
        parts.append(f"city unknown {country.city_unknown_count}")
    return ", ".join(parts)


def _removed(gate: Gate) -> tuple[str, ...]:
    note = gate.note()
    return (note,) if note else ()
