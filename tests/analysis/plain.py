"""The same specification evaluated in plain Python, visit by visit, as slowly as it likes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from zoneinfo import ZoneInfo

from rybbit_mcp.analysis.duckdb_relations import property_texts
from rybbit_mcp.analysis.outcome import Basis, Group, Number, Outcome
from rybbit_mcp.analysis.specification import EventCondition, Specification, aggregate_of
from rybbit_mcp.api.filters import EVENT_PARAMETERS, Filter
from rybbit_mcp.api.matching import check_of, session_values
from rybbit_mcp.api.models import Event, Session
from rybbit_mcp.api.patterns import duckdb_search
from tests.analysis.world import World

Visit = tuple[Session, tuple[Event, ...]]
Hit = dict[str, list[Event]]

SEARCH = duckdb_search()
RANKS = {"pageview": 0, "custom_event": 1}


def evaluate(asked: Specification, world: World) -> Outcome:
    visits = [(visit, world.events.get(visit.session_id, ())) for visit in world.visits]
    counted = [visit for visit in visits if counts(visit, asked)]
    cells: dict[tuple[str, ...], list[tuple[Visit, list[Event]]]] = {}
    for visit in counted:
        for key, events in _cells(visit, asked).items():
            cells.setdefault(key, []).append((visit, events))
    total = [(visit, _hit_events(visit, asked)) for visit in counted]
    large = {key: rows for key, rows in cells.items() if len(rows) >= asked.min_sessions}
    if not asked.group_by:
        large = {}
    groups = [_group(key, rows, asked, len(counted)) for key, rows in large.items()]
    return Outcome(
        groups=tuple(sorted(groups, key=_rank)),
        total=_group((), total, asked, len(counted)),
        group_count=len(groups),
        basis=Basis("any", len(counted)),
    )


def _rank(group: Group) -> tuple[object, ...]:
    first = group.values[0]
    least = float("inf") if first is None else -first
    return (least, -group.session_count, group.key)


def counts(visit: Visit, asked: Specification) -> bool:
    session, events = visit
    return (
        all(check(session) for check in asked.conditions.checks())
        and all(_satisfies(item, visit) for item in asked.filters)
        and all(
            any(_is_such(event, wanted) for event in events) == wanted.is_present
            for wanted in asked.events
        )
    )


def _satisfies(item: Filter, visit: Visit) -> bool:
    session, events = visit
    if item.parameter in EVENT_PARAMETERS:
        name = {"event_name": "name"}.get(item.parameter, item.parameter)
        texts = [getattr(event, name) for event in events]
        return any(_holds(item, text) for text in texts)
    if item.parameter == "referrer":
        return _holds(item, domain(session.referrer))
    check = check_of(item, session_values, trusts_numbers=False, search=SEARCH)
    return bool(check([session]))


def _holds(item: Filter, text: str) -> bool:
    plain: dict[str, Callable[[str], bool]] = {
        "equals": lambda value: text == value,
        "contains": lambda value: value in text,
        "starts_with": text.startswith,
        "ends_with": text.endswith,
        "regex": lambda value: re.search(value, text, re.DOTALL) is not None,
        "is_null": lambda _: text == "",
    }
    kind = {"is_not_null": "not_is_null"}.get(item.type, item.type)
    found = any(map(plain[kind.removeprefix("not_")], item.value or ("",)))
    return found is not kind.startswith("not_")


def domain(referrer: str) -> str:
    rest = re.sub(r"^([A-Za-z][A-Za-z0-9+.-]*://|//)", "", referrer)
    host = re.split(r"[/?#]", rest)[0].rpartition("@")[2].removeprefix("www.")
    return host.partition(":")[0]


def _is_such(event: Event, wanted: EventCondition) -> bool:
    kind, text = {
        "event": ("custom_event", event.name),
        "page": ("pageview", event.pathname),
        "error": ("error", property_texts(event.properties).get("message", "")),
    }[wanted.kind]
    return event.type == kind and wanted.text in {"", text}


def _moment(event: Event) -> tuple[object, int]:
    return (event.at, RANKS.get(event.type, 2))


def _in_span(visit: Visit, asked: Specification) -> list[Event]:
    events = list(visit[1])
    if asked.anchor is None:
        return events
    anchors = [_moment(event) for event in events if _is_such(event, asked.anchor)]
    if not anchors:
        return []
    first = min(anchors)
    path = min(
        event.pathname
        for event in events
        if _is_such(event, asked.anchor) and _moment(event) == first
    )

    has_own_page = asked.anchor.kind != "page" and path != ""

    def moment(event: Event) -> tuple[object, int]:
        is_other_page = event.type == "pageview" and event.pathname != path
        return (event.at, 3) if has_own_page and is_other_page else _moment(event)

    if asked.span == "before":
        return [event for event in events if moment(event) < first]
    return [event for event in events if moment(event) > first]


def _hit_text(event: Event, dimension: str) -> str | None:
    texts = property_texts(event.properties)
    if dimension.startswith("prop:"):
        return texts.get(dimension[5:]) if event.type == "custom_event" else None
    kind, text = {
        "page": ("pageview", event.pathname),
        "event_name": ("custom_event", event.name),
        "error_message": ("error", texts.get("message", "")),
        "outbound_link": ("outbound", re.split(r"[?#]", texts.get("url", ""))[0]),
    }[dimension]
    return text if event.type == kind else None


def _hit_events(visit: Visit, asked: Specification) -> list[Event]:
    if not asked.event_dimension:
        return []
    found = _in_span(visit, asked)
    return [event for event in found if _hit_text(event, asked.event_dimension) is not None]


def _cells(visit: Visit, asked: Specification) -> dict[tuple[str, ...], list[Event]]:
    hits: Hit = {}
    if asked.event_dimension:
        for event in _hit_events(visit, asked):
            hits.setdefault(str(_hit_text(event, asked.event_dimension)), []).append(event)
    else:
        hits[""] = []
    own = [_visit_text(name, visit, asked) for name in asked.group_by]
    return {
        tuple(text if mine is None else mine for mine in own): events
        for text, events in hits.items()
    }


def _visit_text(name: str, visit: Visit, asked: Specification) -> str | None:
    if name == asked.event_dimension:
        return None
    session, events = visit
    local = session.started_at.astimezone(ZoneInfo(asked.window.zone))
    year, week, weekday = local.isocalendar()
    converted = any(_is_such(one, EventCondition("event", asked.converted_by)) for one in events)
    derived: dict[str, Callable[[], str]] = {
        "hour": lambda: local.isoformat()[11:13],
        "day": lambda: local.isoformat()[:10],
        "month": lambda: local.isoformat()[:7],
        "weekday": lambda: ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[weekday - 1],
        "week": lambda: f"{year:04}-W{week:02}",
        "referrer": lambda: domain(session.referrer),
        "user": lambda: _user(session),
        "identified": lambda: _yes(session.identified_user_id != ""),
        "bounced": lambda: _yes(session.is_bounce),
        "has_error": lambda: _yes(session.error_count > 0),
        "converted": lambda: _yes(converted),
        "path": lambda: _path(events),
        "screen_class": lambda: _band(session.screen_width, SCREENS, ""),
        "duration_band": lambda: _band(session.duration_s, DURATIONS, "0s"),
        "pageview_band": lambda: _band(session.pageview_count, PAGEVIEWS, "0"),
    }
    return derived[name]() if name in derived else str(getattr(session, name))


SCREENS = (1, "small"), (768, "medium"), (1024, "large"), (1440, "wide")
DURATIONS = (1, "1-9s"), (10, "10-59s"), (60, "1-4m"), (300, "5-29m"), (1800, "30m+")
PAGEVIEWS = (1, "1"), (2, "2-4"), (5, "5-9"), (10, "10+")


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def _band(value: int, bands: Sequence[tuple[int, str]], lowest: str) -> str:
    return next((label for least, label in reversed(bands) if value >= least), lowest)


def _path(events: Sequence[Event]) -> str:
    pages = sorted((event.at, event.pathname) for event in events if event.type == "pageview")
    steps: list[str] = []
    for _, page in pages:
        if not steps or steps[-1] != page:
            steps.append(page)
    return " > ".join(steps[:5])


def _group(
    key: tuple[str, ...],
    rows: Sequence[tuple[Visit, list[Event]]],
    asked: Specification,
    session_total: int,
) -> Group:
    values = tuple(_measure(metric, rows, asked, session_total) for metric in asked.metrics)
    return Group(key, len(rows), values)


def _measure(
    metric: str,
    rows: Sequence[tuple[Visit, list[Event]]],
    asked: Specification,
    session_total: int,
) -> Number:
    sessions = [visit[0] for visit, _ in rows]
    durations = sorted(session.duration_s for session in sessions)
    pageviews = sum(session.pageview_count for session in sessions)
    people = {(one.identified_user_id != "", _user(one)) for one in sessions if _user(one)}
    plain: dict[str, Callable[[], Number]] = {
        "sessions": lambda: len(sessions),
        "visitors": lambda: len(people),
        "pageviews": lambda: pageviews,
        "pages_per_session": lambda: _part(pageviews, len(sessions)),
        "bounce_rate": lambda: _part(sum(one.is_bounce for one in sessions), len(sessions)),
        "share": lambda: _part(len(sessions), session_total),
        "median_duration": lambda: _quantile(durations, Fraction(1, 2)),
        "p90_duration": lambda: _quantile(durations, Fraction(9, 10)),
        "events": lambda: sum(one.event_count for one in sessions),
        "errors": lambda: sum(one.error_count for one in sessions),
        "occurrences": lambda: sum(len(events) for _, events in rows),
    }
    return plain[metric]() if metric in plain else _amount(metric, rows, asked)


def _part(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None


def _user(session: Session) -> str:
    if session.identified_user_id:
        return f"i{session.identified_user_id}"
    return f"d{session.user_id}" if session.user_id else ""


def _quantile(ordered: Sequence[int], level: Fraction) -> float | None:
    if not ordered:
        return None
    place = level * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    value = ordered[below] + (ordered[above] - ordered[below]) * (place - below)
    return round(float(value), 1)


def _amount(metric: str, rows: Sequence[tuple[Visit, list[Event]]], asked: Specification) -> Number:
    function, name = aggregate_of(metric)
    is_of_hits = asked.event_dimension == "event_name" or asked.event_dimension.startswith("prop:")
    numbers = sorted(
        number
        for visit, hits in rows
        for event in (hits if is_of_hits else _in_span(visit, asked))
        if event.type == "custom_event"
        and (number := _number(property_texts(event.properties).get(name, ""))) is not None
    )
    if function == "sum":
        return _plain(sum(numbers, Fraction(0)))
    if not numbers:
        return None
    if function == "mean":
        return _plain(sum(numbers, Fraction(0)) / len(numbers))
    low, high = numbers[(len(numbers) - 1) // 2], numbers[len(numbers) // 2]
    return _plain((low + high) / 2)


def _number(text: str) -> Fraction | None:
    match = re.fullmatch(r"(-?[0-9]{1,18})(?:\.([0-9]+))?", text)
    return Fraction(f"{match[1]}.{(match[2] or '0')[:9]}") if match else None


def _plain(value: Fraction) -> Number:
    rounded = round(value, 6)
    return int(rounded) if rounded.denominator == 1 else float(rounded)
