"""The answer to "where do visitors come from": countries with their cities, the rest, the total."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from rybbit_mcp.analysis.places import CountryPlaces, PlaceSummary, summarize_places
from rybbit_mcp.answers.answer import Answer, Cell, Table
from rybbit_mcp.answers.budget import fitted, structured_size, text_size
from rybbit_mcp.answers.heading import first_line
from rybbit_mcp.answers.words import count_of, share

if TYPE_CHECKING:
    from rybbit_mcp.answers.clean import Gate
    from rybbit_mcp.answers.privacy import Privacy
    from rybbit_mcp.api.results import LocationList
    from rybbit_mcp.api.window import Window

CITIES_NAMED = 3
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
    visits without a place; the numbers add up to the total in the head.
    """
    summary = summarize_places(found.locations)
    shows_cities = any(
        privacy.place(country.country, "", place.city).city
        for country in summary.countries
        for place in country.cities[:1]
    )
    is_structured = size is structured_size
    shown = summary.countries[: asked.limit]
    rest = summary.countries[asked.limit :]
    rows = [_row(country, summary, gate, privacy, is_structured) for country in shown]
    rows += _other_rows(rest, summary, is_structured)
    columns: tuple[str, ...] = ("country", "visits", "share", "cities")
    if not shows_cities:
        columns, rows = columns[:3], [row[:3] for row in rows]
    calls = (asked.call(min(100, len(summary.countries))),) if rest else ()
    answer = Answer(
        head=(_title(asked), _extent(summary, shows_cities), *found.notes),
        tables=(Table("countries", columns, tuple(rows)),),
        next=calls,
        notes=_removed(gate),
    )
    return fitted(answer, max_chars=max_chars, size=size)


def _title(asked: PlacesAsked) -> str:
    line = first_line("places", asked.site, asked.window, asked.now, is_demo=asked.is_demo)
    return f"{line} · filters: {asked.filters}" if asked.filters else line


def _extent(summary: PlaceSummary, shows_cities: bool) -> str:
    if not summary.total:
        return "no visits in this time"
    countries = count_of(len(summary.countries), "country", "countries")
    cities = f", {count_of(summary.city_count, 'city', 'cities')}" if shows_cities else ""
    return f"{count_of(summary.total, 'visit')}, all that match, from {countries}{cities}"


def _row(
    country: CountryPlaces,
    summary: PlaceSummary,
    gate: Gate,
    privacy: Privacy,
    is_structured: bool,
) -> tuple[Cell, ...]:
    name = gate.text(country.country, limit=20)
    cities = _cities(country, gate, privacy)
    return (name, country.visit_count, _share(country.visit_count, summary, is_structured), cities)


def _cities(country: CountryPlaces, gate: Gate, privacy: Privacy) -> str:
    """The largest cities with their visits, the others together, and those not known."""
    named = [
        f"{gate.text(privacy.place('', '', place.city).city, limit=CITY_LIMIT)} {place.visit_count}"
        for place in country.cities[:CITIES_NAMED]
    ]
    others = country.cities[CITIES_NAMED:]
    if others:
        named.append(f"{len(others)} more {sum(place.visit_count for place in others)}")
    if country.city_unknown_count:
        named.append(f"city unknown {country.city_unknown_count}")
    return ", ".join(named)


def _other_rows(
    rest: tuple[CountryPlaces, ...], summary: PlaceSummary, is_structured: bool
) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    if rest:
        count = sum(country.visit_count for country in rest)
        label = f"others ({len(rest)})"
        rows.append((label, count, _share(count, summary, is_structured), ""))
    if summary.unknown_count:
        count = summary.unknown_count
        rows.append(("(unknown)", count, _share(count, summary, is_structured), ""))
    return rows


def _share(count: int, summary: PlaceSummary, is_structured: bool) -> Cell:
    return count / summary.total if is_structured else share(count, summary.total)


def _removed(gate: Gate) -> tuple[str, ...]:
    note = gate.note()
    return (note,) if note else ()
