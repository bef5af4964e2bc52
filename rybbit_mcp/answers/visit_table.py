"""The table of visits, as dense as the answer needs it, and what the rows leave to its head.

Tokens (o200k_base) and characters of one row, its separators included, in made visits:

    column                         plain      folded    instead of
    start, date where it changes   4.0   6              8.0  12 with the date in each row
    dur_s                          2.0   3              3.7   4 as 3m05s
    pageviews[/events[/errors]]    3.3   3              6.0   6 in three columns
    entry→exit                     5.2  14    4.6  11   6.6  19 in two columns
    from                           4.5  20    3.0  11
    device                         3.2  14    2.4   8   5.0  24 as Mobile Mobile Safari iOS
    place                          3.1  11    3.1  10
    visitor                        4.0  11    3.5   9
    id, the first 8 characters     6.0   9             10.2  15 for all 14
    row                           35.5  91   31.3  69
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rybbit_mcp.answers.answer import Cell, Table, fold_constant_columns
from rybbit_mcp.answers.clean import shorten
from rybbit_mcp.answers.visit_cells import shorten_middle
from rybbit_mcp.answers.words import EMPTY, when

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from rybbit_mcp.answers.visit_cells import VisitCells

PHONE_SYSTEMS = ("Android", "iOS")
_LONG_CHANNEL = "Organic "
_FOLDER = "~"
_OTHER = "other"
_KEPT = frozenset({"start", "dur_s", "id", "entry→exit"})


@dataclass(frozen=True, slots=True)
class Density:
    """How much the rows say themselves.

    `path_limit` and `word_limit` are in characters. `folds_usual` says the most frequent source
    of a channel, browser of a system, folder and country once for all rows. Without
    `names_lone_visitors`, visitors with one visit here that are not identified have no name;
    without `names_rare_sources`, only the sources said once are left.
    """

    path_limit: int
    word_limit: int
    folds_usual: bool = False
    names_lone_visitors: bool = True
    names_rare_sources: bool = True


DENSITIES = (
    Density(path_limit=32, word_limit=24),
    Density(path_limit=24, word_limit=16, folds_usual=True),
    Density(path_limit=20, word_limit=12, folds_usual=True, names_lone_visitors=False),
    Density(16, 10, folds_usual=True, names_lone_visitors=False, names_rare_sources=False),
)


def visit_table(
    visits: Sequence[VisitCells], density: Density, zone: str, now: datetime
) -> tuple[Table, list[str]]:
    """The table of these visits, and the lines of the head that belong to it."""
    lines = _Lines()
    columns: dict[str, Sequence[Cell]] = {
        "start": list(_starts([visit.started_at for visit in visits], ZoneInfo(zone), now)),
        "dur_s": [visit.duration_s for visit in visits],
    }
    columns |= _counts(visits)
    columns |= _ways(visits, density, lines)
    columns |= _origins(visits, density, lines)
    columns |= _devices(visits, density, lines)
    columns |= _places(visits, density, lines)
    columns |= _visitors(visits, density, lines)
    columns["id"] = [visit.session_id for visit in visits]
    table = Table("visits", tuple(columns), tuple(zip(*columns.values(), strict=True)))
    table, constant = fold_constant_columns(table, _KEPT)
    return table, [*constant, *lines.all()]


@dataclass(slots=True)
class _Lines:
    """What the columns leave to the head."""

    short_forms: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def all(self) -> list[str]:
        """The lines of the head."""
        lines = []
        if self.short_forms:
            lines.append(f"short, unless a row says more: {', '.join(self.short_forms)}")
        if self.left_out:
            lines.append(f"left out to fit: {'; '.join(self.left_out)}")
        return lines


def _starts(instants: Iterable[datetime], zone: ZoneInfo, now: datetime) -> Iterable[str]:
    local = [instant.astimezone(zone) for instant in instants]
    this_year = now.astimezone(zone).year
    with_year = any(moment.year != this_year for moment in local)
    before = None
    for moment in local:
        is_new_day = moment.date() != before
        yield when(moment, zone, with_date=is_new_day, with_year=with_year)
        before = moment.date()


def _counts(visits: Sequence[VisitCells]) -> dict[str, Sequence[Cell]]:
    """One column for the three counts, without zeros at the end of a cell."""
    parts = {
        "pageviews": [visit.pageview_count for visit in visits],
        "events": [visit.event_count for visit in visits],
        "errors": [visit.error_count for visit in visits],
    }
    shown = {name: counts for name, counts in parts.items() if any(counts)}
    name = "[/".join(shown) + "]" * (len(shown) - 1)
    merged = [_slashed(counts) for counts in zip(*shown.values(), strict=True)]
    columns: dict[str, Sequence[Cell]] = {name: merged} if shown else {}
    return columns | {name: counts for name, counts in parts.items() if name not in shown}


def _slashed(counts: Sequence[int]) -> str:
    kept = list(counts)
    while len(kept) > 1 and kept[-1] == 0:
        kept.pop()
    return "/".join(map(str, kept))


def _ways(
    visits: Sequence[VisitCells], density: Density, lines: _Lines
) -> dict[str, Sequence[Cell]]:
    pages = [(visit.entry_page, visit.exit_page) for visit in visits]
    folder = _usual_folder(pages) if density.folds_usual else ""
    if folder:
        lines.short_forms.append(f"{_FOLDER} = {folder}")

    def shown(page: str) -> str:
        if folder and page.startswith(f"{folder}/"):
            page = _FOLDER + page.removeprefix(folder)
        return shorten_middle(page, density.path_limit) or EMPTY

    return {
        "entry→exit": [
            shown(entry) if entry == exit_ else f"{shown(entry)}→{shown(exit_)}"
            for entry, exit_ in pages
        ]
    }


def _usual_folder(pages: Iterable[tuple[str, str]]) -> str:
    """The folder that is cheaper said once than in each row, "" if none is."""
    counts: Counter[str] = Counter()
    for entry, exit_ in pages:
        for page in {entry, exit_}:
            if page.startswith(_FOLDER):
                return ""
            ends = [index for index, char in enumerate(page) if char == "/" and index > 1]
            counts.update([page[:end] for end in ends])
    saved = {folder: (count - 1) * (len(folder) - 1) - 6 for folder, count in counts.items()}
    best = min(saved, key=lambda folder: (-saved[folder], folder), default="")
    return best if best and saved[best] > 0 else ""


def _origins(
    visits: Sequence[VisitCells], density: Density, lines: _Lines
) -> dict[str, Sequence[Cell]]:
    channels = [visit.channel for visit in visits]
    sources = [visit.source for visit in visits]
    names = _short_channels(channels) if density.folds_usual else {}
    usual = _usual(zip(channels, sources, strict=True)) if density.folds_usual else {}
    for channel in dict.fromkeys(channels):
        if channel in names or channel in usual:
            whole = f"{channel} {usual.get(channel, '')}".rstrip()
            lines.short_forms.append(f"{names.get(channel, channel)} = {whole}")
    if not density.names_rare_sources:
        lines.left_out.append("sources other than these")
    rows = []
    for channel, source in zip(channels, sources, strict=True):
        name, said = names.get(channel, channel), usual.get(channel, "")
        if density.names_rare_sources or not source:
            rows.append(_pair(name, source, said, density.word_limit))
        else:
            rows.append(name if source == said else f"{name} {_OTHER}" if said else name)
    return {"from": rows}


def _devices(
    visits: Sequence[VisitCells], density: Density, lines: _Lines
) -> dict[str, Sequence[Cell]]:
    types = [visit.device_type for visit in visits]
    pairs = [(visit.system, visit.browser) for visit in visits]
    columns: dict[str, Sequence[Cell]] = {}
    prefixes = [""] * len(visits)
    if _is_constant(types):
        columns["device_type"] = types
    else:
        prefixes = [
            "" if type_ == _type_of(system) else f"{type_ or EMPTY} "
            for type_, (system, _) in zip(types, pairs, strict=True)
        ]
    usual = _usual(pairs) if density.folds_usual else {}
    lines.short_forms += [f"{system} = {system} {browser}" for system, browser in usual.items()]
    columns["device"] = [
        (prefix + _pair(system, browser, usual.get(system, ""), density.word_limit)).rstrip()
        for prefix, (system, browser) in zip(prefixes, pairs, strict=True)
    ]
    return columns


def _type_of(system: str) -> str:
    """The device type that goes without saying: a phone for iOS, a desktop for Windows.

    Where the system is unknown, nothing does.
    """
    if not system:
        return ""
    return "Mobile" if system in PHONE_SYSTEMS else "Desktop"


def _places(
    visits: Sequence[VisitCells], density: Density, lines: _Lines
) -> dict[str, Sequence[Cell]]:
    countries = [visit.country for visit in visits]
    places = [shorten(visit.place, density.word_limit) for visit in visits]
    if _is_constant(countries):
        return {"country": countries, "place": places}
    usual = _usual_country(visits) if density.folds_usual else ""
    if usual:
        lines.short_forms.append(f"place without country = {usual}")
    return {"place": list(map(_place, countries, places, [usual] * len(visits)))}


def _place(country: str, place: str, usual: str) -> str:
    """The country and the place in it; a region's code (US-CA) names its country itself."""
    if place and (country == usual or place.startswith(f"{country}-")):
        return place
    return f"{country} {place}".strip()


def _usual_country(visits: Sequence[VisitCells]) -> str:
    counts = Counter([visit.country for visit in visits if visit.country and visit.place])
    country, row_count = min(counts.items(), key=lambda item: (-item[1], item[0]), default=("", 0))
    return country if row_count * (len(country) + 1) > 24 else ""


def _visitors(
    visits: Sequence[VisitCells], density: Density, lines: _Lines
) -> dict[str, Sequence[Cell]]:
    if density.names_lone_visitors:
        return {"visitor": [visit.visitor for visit in visits]}
    counts = Counter([visit.visitor for visit in visits])
    shown = [
        visit.visitor if visit.is_identified or counts[visit.visitor] > 1 else ""
        for visit in visits
    ]
    lines.left_out.append("visitors with one visit here who are not identified")
    return {"visitor": shown} if any(shown) else {}


def _is_constant(values: Sequence[str]) -> bool:
    return len(values) > 1 and len(set(values)) == 1


def _pair(base: str, detail: str, usual: str, limit: int) -> str:
    """The base with its detail; without it where it is the usual one."""
    if detail == usual:
        return base
    detail = shorten(detail, limit)
    return f"{base or EMPTY} {detail or EMPTY}" if usual or detail else base


def _usual(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The most frequent detail of each base that is cheaper said once than in each row."""
    counts: dict[str, Counter[str]] = {}
    for base, detail in pairs:
        counts.setdefault(base, Counter())[detail] += 1
    usual = {}
    for base, details in counts.items():
        detail, row_count = min(details.items(), key=lambda item: (-item[1], item[0]))
        if base and detail and (row_count - 1) * (len(detail) + 1) > 2 * len(base) + 6:
            usual[base] = detail
    return usual


def _short_channels(channels: Sequence[str]) -> dict[str, str]:
    """`Search` for `Organic Search` and the like, where no channel is called so itself."""
    names = {}
    for channel, row_count in Counter(channels).items():
        short = channel.removeprefix(_LONG_CHANNEL)
        if short != channel and short not in channels and row_count > 3:
            names[channel] = short
    return names
