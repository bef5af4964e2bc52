"""Invented events, as a Rybbit server stores them and as its session list and details tell them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import duckdb

from rybbit_mcp.analysis.clickhouse import ClickHouse
from rybbit_mcp.analysis.duckdb_relations import DuckDB, create_relations, event_row, visit_row
from rybbit_mcp.analysis.outcome import Outcome
from rybbit_mcp.analysis.query import compile_query
from rybbit_mcp.analysis.reading import read_outcome
from rybbit_mcp.analysis.specification import Specification
from rybbit_mcp.api.models import Event, Session
from rybbit_mcp.api.window import Window


class ClickHouseEngine(Protocol):
    """ClickHouse embedded, as far as it is used here."""

    def query(self, sql: str, fmt: str = "CSV") -> object:
        """The answer, whose text is in the format."""


STORED_TYPES = {
    "site_id": "UInt16",
    "timestamp": "DateTime",
    **dict.fromkeys(("session_id", "user_id", "identified_user_id", "hostname"), "String"),
    **dict.fromkeys(("pathname", "querystring", "page_title", "referrer", "channel"), "String"),
    **dict.fromkeys(("browser", "browser_version", "operating_system"), "LowCardinality(String)"),
    "operating_system_version": "LowCardinality(String)",
    "url_parameters": "Map(String, String)",
    "language": "LowCardinality(String)",
    "country": "LowCardinality(FixedString(2))",
    **dict.fromkeys(("region", "city", "timezone", "tag", "event_name"), "String"),
    **dict.fromkeys(("lat", "lon"), "Float64"),
    **dict.fromkeys(("screen_width", "screen_height"), "UInt16"),
    **dict.fromkeys(("device_type", "type"), "LowCardinality(String)"),
    "props": "JSON",
}
"""Columns of `events` that a visit is made of."""

LATEST = (
    *("user_id", "identified_user_id", "country", "region", "city", "language", "browser"),
    *("browser_version", "operating_system", "operating_system_version", "device_type"),
    *("screen_width", "screen_height", "lat", "lon", "tag", "timezone"),
)

PATHS = (
    "/",
    "/a",
    "/b",
    "/blog/émoji-🚀",
    "/it's",
    '/q"uote',
    "/back\\slash",
    "/404",
    "/new\nline",
)
NAMES = ("signup", "search", "it's", "404", "größe", "drop `x`; --", "")
MESSAGES = ("x is undefined", "timeout (30s)", "", "SELECT 'a' /* b")
TARGETS = (
    "https://partner.example/out?x=1",
    "https://partner.example/out#top",
    "https://b.example",
    "",
)
REFERRERS = (
    *("", "https://www.google.com/search?q=x", "https://news.example:8080/a/b#c", "bing.com"),
    *("android-app://com.google.android.gm/", "https://user@www.example.org", "//cdn.example/x"),
    *("https://wwwx.example/", "http://www.shop.example?www."),
)
PLACES = (
    ("DE", "DE-BE", "Berlin", 52.52, 13.405),
    ("DE", "DE-BY", "München", 48.137, 11.575),
    ("US", "US-NY", "New York", 40.713, -74.006),
    ("US", "US-IL", "Berlin", 41.0, -89.0),
    ("EC", "EC-P", "Quito", 0.0, -78.5),
    ("", "", "", 0.0, 0.0),
)
PROPERTY_VALUES: Sequence[Any] = (
    *(1, 2, 2.5, 19.99, 0.1, 0.30000000000000004, -3, 0, 1e6, 123456789012, 1.0000000005),
    *(
        "7",
        "12.50",
        "-0.25",
        "1e3",
        "abc",
        "",
        "ü",
        "it's",
        "[…]",
        "1234567890123456789",
        "0.000000509",
    ),
    *(True, False, None, [1, "b"], [], {"b": 4}, {}, 0.00001234, 1e-7, 1e21, 4e15, ".5"),
)
PROPERTIES = ("value", "sku", "nested.a", "q'z", "x y", "a/b~c")


@dataclass(frozen=True, slots=True)
class World:
    """One site's events within one window, in both engines."""

    site_id: int
    window: Window
    visits: tuple[Session, ...] = field(repr=False)
    events: dict[str, tuple[Event, ...]] = field(repr=False)
    clickhouse: ClickHouseEngine = field(repr=False)
    duckdb: duckdb.DuckDBPyConnection = field(repr=False)

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        """What hypothesis prints of a world."""
        printer.text(repr(self))

    def by_clickhouse(self, asked: Specification) -> Outcome:
        return read_outcome(self.rows_by_clickhouse(asked), asked, "any")

    def by_duckdb(self, asked: Specification) -> Outcome:
        return read_outcome(self.rows_by_duckdb(asked), asked, "any")

    def rows_by_clickhouse(self, asked: Specification) -> list[dict[str, Any]]:
        query = compile_query(asked, ClickHouse(self.site_id, self.window))
        return rows_of(self.clickhouse, as_server_runs(query))

    def rows_by_duckdb(self, asked: Specification) -> list[dict[str, Any]]:
        found = self.duckdb.execute(compile_query(asked, DuckDB()))
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def rows_of(clickhouse: ClickHouseEngine, query: str) -> list[dict[str, Any]]:
    """The rows of an answer as a server would send them."""
    lines = str(clickhouse.query(query, "JSONEachRow")).split("\n")
    return [json.loads(line) for line in lines if line]


def as_server_runs(query: str) -> str:
    """The query inside of one that narrows `events` to an organization and cuts the answer."""
    scope = "scoped_events AS (SELECT * FROM events WHERE site_id < 1000)"
    return f"WITH {scope} SELECT * FROM ({query}) LIMIT 1000"


def create_events(clickhouse: ClickHouseEngine) -> None:
    """The empty table that a server's `scoped_events` is read from."""
    columns = ", ".join(f"{name} {kind}" for name, kind in STORED_TYPES.items())
    clickhouse.query(f"CREATE TABLE events ({columns}) ENGINE = Memory")


def make_world(
    clickhouse: ClickHouseEngine, site_id: int, window: Window, span: tuple[datetime, datetime]
) -> World:
    """A site with visits in and around the window; `span` says when they are."""
    bounds = [at for at in (window.start_at, window.end_at) if at]
    stored = invent_events(random.Random(site_id), site_id, *span, bounds)
    lines = "\n".join(json.dumps(event, ensure_ascii=False) for event in stored)
    clickhouse.query(f"INSERT INTO events FORMAT JSONEachRow {lines}")
    kept = rows_of(clickhouse, f"SELECT * FROM events WHERE site_id = {site_id}")
    grouped: dict[str, list[dict[str, Any]]] = {}
    for event in kept:
        at = datetime.fromisoformat(event["timestamp"]).replace(tzinfo=UTC)
        if window.start_at is None or window.start_at <= at < _end_of(window):
            grouped.setdefault(event["session_id"], []).append(event)
    visits = tuple(list_row(session_id, events) for session_id, events in grouped.items())
    details = {session_id: detail_of(events) for session_id, events in grouped.items()}
    connection = duckdb.connect()
    create_relations(connection)
    _insert(connection, "visits", [visit_row(visit) for visit in visits])
    rows = [
        event_row(session_id, position, event)
        for session_id, events in details.items()
        for position, event in enumerate(events)
    ]
    _insert(connection, "events", rows)
    return World(site_id, window, visits, details, clickhouse, connection)


def _end_of(window: Window) -> datetime:
    assert window.end_at is not None
    return window.end_at


def _insert(
    connection: duckdb.DuckDBPyConnection, table: str, rows: list[tuple[object, ...]]
) -> None:
    marks = ", ".join("?" * len(rows[0]))
    connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


def list_row(session_id: str, events: Sequence[dict[str, Any]]) -> Session:
    """The row of the session list for a visit with these events, in the order of storage."""
    first = min(events, key=lambda event: event["timestamp"])
    last = max(events, key=lambda event: event["timestamp"])
    pages = [event for event in events if event["type"] == "pageview"]
    referred = [event for event in events if event["referrer"]] or events
    started_at, ended_at = first["timestamp"], last["timestamp"]
    duration = datetime.fromisoformat(ended_at) - datetime.fromisoformat(started_at)
    kinds = [event["type"] for event in events]
    row = {
        **{name: last[name] for name in LATEST},
        **{name: first[name] for name in ("channel", "hostname")},
        **{f"utm_{name}": first["url_parameters"].get(f"utm_{name}", "") for name in _UTM},
        "session_id": session_id,
        "referrer": min(referred, key=lambda event: event["timestamp"])["referrer"],
        "session_start": started_at,
        "session_end": ended_at,
        "session_duration": int(duration.total_seconds()),
        "pageviews": kinds.count("pageview"),
        "events": kinds.count("custom_event"),
        "errors": kinds.count("error"),
        "outbound": kinds.count("outbound"),
        "entry_page": min(pages, key=_time)["pathname"] if pages else "",
        "exit_page": max(pages, key=_time)["pathname"] if pages else "",
    }
    return Session.model_validate(row)


def detail_of(events: Iterable[dict[str, Any]]) -> tuple[Event, ...]:
    """The events of a visit as its detail tells them."""
    told = (Event.model_validate(event) for event in sorted(events, key=_time))
    return tuple(event for event in told if event.type != "performance")


def _time(event: dict[str, Any]) -> str:
    time: str = event["timestamp"]
    return time


_UTM = ("source", "medium", "campaign", "term", "content")


def invent_events(
    draw: random.Random,
    site_id: int,
    first_at: datetime,
    last_at: datetime,
    bounds: Sequence[datetime],
    count: int = 140,
) -> list[dict[str, Any]]:
    """Events of visits that begin anywhere in the span, some of them around the bounds."""
    events = []
    for number in range(count):
        at = first_at + (last_at - first_at) * draw.random()
        if bounds and number % 7 == 0:
            at = draw.choice(bounds) + timedelta(seconds=draw.choice((-90, -5, -1, 0, 0, 1)))
        events += _visit(draw, site_id, f"s{site_id}-{number}", at.replace(microsecond=0))
    return events


def _visit(
    draw: random.Random, site_id: int, session_id: str, at: datetime
) -> list[dict[str, Any]]:
    kinds = ("pageview", "custom_event", "error", "outbound", "performance", "button_click")
    weights = draw.choice(((6, 3, 1, 1, 1, 1), (6, 3, 1, 1, 1, 1), (1, 0, 0, 0, 0, 0)))
    if draw.random() < 0.12:
        weights = draw.choice(((0, 3, 1, 0, 0, 0), (0, 0, 0, 0, 1, 0)))
    size = draw.choice((1, 1, 2, 3, 4, 6, 12))
    visitor = draw.randrange(60)
    events = []
    for _ in range(size):
        events.append(_event(draw, site_id, session_id, at, visitor, *draw.choices(kinds, weights)))
        at += timedelta(seconds=draw.choice((0, 0, 1, 5, 9, 30, 70, 400, 2000)))
    return events


def _event(
    draw: random.Random, site_id: int, session_id: str, at: datetime, visitor: int, kind: str
) -> dict[str, Any]:
    country, region, city, lat, lon = draw.choice(PLACES)
    browser = draw.choice(("Chrome", "Firefox", "Safari", ""))
    return {
        "site_id": site_id,
        "timestamp": f"{at:%Y-%m-%d %H:%M:%S}",
        "session_id": session_id,
        "user_id": f"d{visitor}" if visitor else "",
        "identified_user_id": draw.choice(("", "", f"d{visitor % 9}", "ada@example.com")),
        "hostname": draw.choice(("shop.example.com", "docs.example.com")),
        "pathname": "/measured" if kind == "performance" else draw.choice(PATHS),
        "querystring": draw.choice(("", "?utm_source=newsletter", "?q=a%b_c")),
        "url_parameters": draw.choice(
            ({}, {"utm_source": "newsletter", "utm_campaign": "2026"}, {"utm_medium": "e-mail"})
        ),
        "page_title": draw.choice(("Home", "50% off_now", "Zero\u200bwidth", "")),
        "referrer": draw.choice(REFERRERS) if draw.random() < 0.5 else "",
        "channel": draw.choice(("Direct", "Organic Search", "Email", "")),
        "browser": browser,
        "browser_version": draw.choice(("130", "17.1", "")) if browser else "",
        "operating_system": draw.choice(("Windows", "macOS", "")),
        "operating_system_version": draw.choice(("10", "11", "14.2", "")),
        "language": draw.choice(("de-DE", "en-US", "")),
        "country": country or "\0\0",
        "region": region,
        "city": city,
        "lat": lat,
        "lon": lon,
        "timezone": draw.choice(("Europe/Berlin", "")),
        "tag": draw.choice(("", "beta", "2026", "O'Neil")),
        "screen_width": draw.choice((0, 390, 767, 768, 1023, 1024, 1440, 2560)),
        "screen_height": draw.choice((0, 800, 1080)),
        "device_type": draw.choice(("Desktop", "Mobile", "")),
        "type": kind,
        "event_name": draw.choice(NAMES) if kind in {"custom_event", "error"} else "",
        "props": _properties(draw, kind),
    }


def _properties(draw: random.Random, kind: str) -> dict[str, Any]:
    match kind:
        case "error":
            return {"message": draw.choice((*MESSAGES, 5)), "stack": "at f"}
        case "outbound":
            return {"url": draw.choice(TARGETS), "text": "out"}
        case "custom_event":
            properties: dict[str, Any] = {
                name: draw.choice(PROPERTY_VALUES)
                for name in PROPERTIES
                if "." not in name and draw.random() < 0.6
            }
            return properties | {"nested": {"a": draw.choice((1, "x", None))}}
    return {}
