"""Builds visits, events and places from the events table, as the server's queries do."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rybbit_mcp.demo import javascript

if TYPE_CHECKING:
    import duckdb

    from rybbit_mcp.demo.filters import Conditions
    from rybbit_mcp.demo.generations import Generation
    from rybbit_mcp.demo.windows import Window

_IDS = frozenset({"session_id", "user_id", "identified_user_id"})

# A visit's numbers come from its events inside the window; its texts from its first, last,
# first attributed event, and its first and last pageview there.
_GROUPED = """
SELECT session_id, min(event_no) AS first_no, max(event_no) AS last_no,
    min(event_no) FILTER (type = 'pageview') AS entry_no,
    max(event_no) FILTER (type = 'pageview') AS exit_no,
    {referrer} AS referrer_no,
    min(timestamp) AS started_at, max(timestamp) AS ended_at,
    date_diff('second', min(timestamp), max(timestamp)) AS session_duration,
    count(*) FILTER (type = 'pageview') AS pageviews,
    count(*) FILTER (type = 'custom_event') AS events,
    count(*) FILTER (type = 'error') AS errors,
    count(*) FILTER (type = 'outbound') AS outbound,
    count(*) FILTER (type = 'button_click') AS button_clicks,
    count(*) FILTER (type = 'copy') AS copies,
    count(*) FILTER (type = 'form_submit') AS form_submits,
    count(*) FILTER (type = 'input_change') AS input_changes
FROM events
WHERE site_id = ? {window} {scope}
GROUP BY session_id
"""
_NEWEST = "ORDER BY ended_at DESC, session_id"
_ROWS = """
SELECT visit.session_id, latest.user_id, latest.identified_user_id, latest.country, latest.region,
    latest.city, latest.language, latest.device_type, latest.browser, latest.browser_version,
    latest.operating_system, latest.operating_system_version, latest.screen_width,
    latest.screen_height, attributed.referrer, earliest.channel, earliest.hostname,
    coalesce(earliest.url_parameters['utm_source'], '') AS utm_source,
    coalesce(earliest.url_parameters['utm_medium'], '') AS utm_medium,
    coalesce(earliest.url_parameters['utm_campaign'], '') AS utm_campaign,
    coalesce(earliest.url_parameters['utm_term'], '') AS utm_term,
    coalesce(earliest.url_parameters['utm_content'], '') AS utm_content,
    strftime(ended_at, '%Y-%m-%d %H:%M:%S') AS session_end,
    strftime(started_at, '%Y-%m-%d %H:%M:%S') AS session_start,
    session_duration, coalesce(entry.pathname, '') AS entry_page,
    coalesce(leaving.pathname, '') AS exit_page, pageviews, events, errors, outbound,
    button_clicks, copies, form_submits, input_changes, latest.ip, latest.lat,
    latest.lon, latest.tag, latest.timezone,
    CASE WHEN replays.session_id IS NULL THEN 0 ELSE 1 END AS has_replay, profiles.traits, ended_at
FROM ({grouped}) AS visit
JOIN events AS latest ON latest.event_no = last_no
JOIN events AS earliest ON earliest.event_no = first_no
JOIN events AS attributed ON attributed.event_no = referrer_no
LEFT JOIN events AS entry ON entry.event_no = entry_no
LEFT JOIN events AS leaving ON leaving.event_no = exit_no
LEFT JOIN replays ON replays.site_id = latest.site_id AND replays.session_id = visit.session_id
LEFT JOIN profiles ON profiles.site_id = latest.site_id
    AND profiles.user_id = latest.identified_user_id
"""
_DETAIL = """
SELECT session_id, {any_columns},
    coalesce(arg_min(referrer, event_no) FILTER ({referrer_condition}), '') AS referrer,
    arg_min(channel, event_no) AS channel,
    strftime(min(timestamp), '%Y-%m-%d %H:%M:%S') AS session_start,
    strftime(max(timestamp), '%Y-%m-%d %H:%M:%S') AS session_end,
    date_diff('second', min(timestamp), max(timestamp)) AS session_duration,
    count(*) FILTER (type = 'pageview') AS pageviews,
    count(*) AS events,
    count(*) FILTER (type <> 'performance') AS shown_events,
    coalesce(arg_min(pathname, event_no) FILTER (type = 'pageview'), '') AS entry_page,
    coalesce(arg_max(pathname, event_no) FILTER (type = 'pageview'), '') AS exit_page
FROM events
WHERE site_id = ? {window} AND session_id = ?
GROUP BY session_id
"""
_CHOSEN = "SELECT * FROM ({rows}) WHERE true {conditions} {order} {paging}"
_EVENTS = """
SELECT strftime(timestamp, '%Y-%m-%d %H:%M:%S') AS timestamp, pathname, hostname, querystring,
    page_title, referrer, type, event_name, props
FROM events
WHERE site_id = ? {window} AND session_id = ? AND type <> 'performance'
ORDER BY event_no {paging}
"""
_PLACES = """
SELECT lat, lon, city, country, count(*) AS count
FROM (
    SELECT arg_min(lat, event_no) AS lat, arg_min(lon, event_no) AS lon,
        arg_min(city, event_no) AS city, arg_min(country, event_no) AS country
    FROM events
    WHERE site_id = ? {window} {conditions}
    GROUP BY session_id
)
GROUP BY lat, lon, city, country
ORDER BY md5(concat_ws('|', lat, lon, city, country))
"""
# the server takes these from any event of the visit
_ANY_COLUMNS = (
    "user_id",
    "country",
    "region",
    "city",
    "language",
    "device_type",
    "browser",
    "browser_version",
    "operating_system",
    "operating_system_version",
    "screen_width",
    "screen_height",
    "ip",
)
_DETAIL_FIELDS = (
    "session_id",
    "user_id",
    "country",
    "region",
    "city",
    "language",
    "device_type",
    "browser",
    "browser_version",
    "operating_system",
    "operating_system_version",
    "screen_width",
    "screen_height",
    "referrer",
    "channel",
    "session_start",
    "session_end",
    "session_duration",
    "pageviews",
    "events",
    "entry_page",
    "exit_page",
    "ip",
)


@dataclass(frozen=True, slots=True)
class Paging:
    """How many rows to give and how many to leave out; negative ones count from the end."""

    limit: int
    offset: int

    @property
    def clause(self) -> str:
        """The SQL of the paging, empty where it counts from the end."""
        if self.limit < 0 or self.offset < 0:
            return ""
        return f"LIMIT {self.limit} OFFSET {self.offset}"

    def cut(self, rows: list[Any]) -> list[Any]:
        """Return the rows of the page when the clause is empty."""
        if self.clause:
            return rows
        rows = rows[: self.offset] if self.offset < 0 else rows[self.offset :]
        return rows[self.limit :] if self.limit < 0 else rows[: self.limit]


class VisitQueries:
    """The queries of one generation on one site."""

    def __init__(
        self, cursor: duckdb.DuckDBPyConnection, generation: Generation, site_id: int
    ) -> None:
        self._cursor = cursor
        self._generation = generation
        self._site_id = site_id

    def visits(
        self, window: Window, scope: Conditions, conditions: Conditions, paging: Paging
    ) -> list[dict[str, Any]]:
        """Return a page of visits, newest end first.

        `scope` limits the events that visits are built from, `conditions` the visits.
        """
        grouped = self._grouped(window, scope.clause)
        values = [self._site_id, *window.values, *scope.values]
        if conditions.sql or not paging.clause:
            sql = _CHOSEN.format(
                rows=_ROWS.format(grouped=grouped),
                conditions=conditions.clause,
                order=_NEWEST,
                paging=paging.clause,
            )
        else:
            # pick the page before its texts are looked up
            page = f"{grouped} {_NEWEST} {paging.clause}"
            sql = (
                f"{_ROWS.format(grouped=page)} {_NEWEST.replace('session_id', 'visit.session_id')}"
            )
        found = self._fetch(sql, [*values, *conditions.values])
        return [self._row(row) for row in paging.cut(found)]

    def visit(
        self, session_id: str, window: Window, paging: Paging
    ) -> tuple[dict[str, Any], list[dict[str, Any]], int] | None:
        """Return a visit, a page of its events, and how many it has; None if unknown."""
        values = [self._site_id, *window.values, session_id]
        any_columns = ", ".join(f"arg_min({name}, event_no) AS {name}" for name in _ANY_COLUMNS)
        is_first_set = self._generation.takes_first_set_referrer
        condition = "referrer <> ''" if is_first_set else "true"
        rows = self._fetch(
            _DETAIL.format(
                any_columns=any_columns, referrer_condition=condition, window=window.sql
            ),
            values,
        )
        if not rows:
            return None
        events = self._fetch(_EVENTS.format(window=window.sql, paging=paging.clause), values)
        session = {name: _shown(name, rows[0][name]) for name in _DETAIL_FIELDS}
        total: int = rows[0]["shown_events"]
        return session, [_shown_row(event) for event in paging.cut(events)], total

    def places(self, window: Window, conditions: Conditions) -> list[dict[str, Any]]:
        """Return places with their number of visits, in no meaningful order."""
        rows = self._fetch(
            _PLACES.format(window=window.sql, conditions=conditions.clause),
            [self._site_id, *window.values, *conditions.values],
        )
        return [_shown_row(row) for row in rows]

    def _grouped(self, window: Window, scope: str) -> str:
        referrer = (
            "coalesce(min(event_no) FILTER (referrer <> ''), min(event_no))"
            if self._generation.takes_first_set_referrer
            else "min(event_no)"
        )
        return _GROUPED.format(referrer=referrer, window=window.sql, scope=scope)

    def _row(self, row: dict[str, Any]) -> dict[str, Any]:
        return {name: _shown(name, row[name]) for name in self._generation.row_fields}

    def _fetch(self, sql: str, values: list[Any]) -> list[dict[str, Any]]:
        result = self._cursor.execute(sql, values)
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _shown_row(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _shown(name, value) for name, value in row.items()}


def _shown(name: str, value: object) -> object:
    if isinstance(value, str):
        if name in ("props", "traits"):
            return json.loads(value)
        return value if name in _IDS else javascript.munged(value)
    return javascript.json_number(value) if isinstance(value, float) else value
