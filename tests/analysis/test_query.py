"""What a compiled query answers, and how its rows become an outcome."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rybbit_mcp.analysis.clickhouse import ClickHouse
from rybbit_mcp.analysis.duckdb_relations import (
    EVENT_COLUMNS,
    VISIT_COLUMNS,
    DuckDB,
    create_relations,
    event_row,
    property_texts,
    visit_row,
)
from rybbit_mcp.analysis.measures import measured_columns
from rybbit_mcp.analysis.outcome import Basis, Group, Outcome
from rybbit_mcp.analysis.query import compile_query
from rybbit_mcp.analysis.reading import read_outcome
from rybbit_mcp.analysis.specification import (
    DEFAULT_METRICS,
    VISIT_METRICS,
    EventCondition,
    Specification,
)
from rybbit_mcp.api.errors import BadRequestError, UnexpectedBodyError, UnsupportedError
from rybbit_mcp.api.filters import Filter
from rybbit_mcp.api.models import Event, Session
from rybbit_mcp.api.window import resolve_window
from tests.analysis.world import World, as_server_runs, rows_of

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
WINDOW = resolve_window(now=NOW, zone="Europe/Berlin", period="7d")
START = datetime(2026, 11, 20, 10, tzinfo=UTC)


def visit(session_id: str, **fields: Any) -> Session:
    at = fields.pop("at", START)
    ended_at = at + timedelta(seconds=fields.get("duration_s", 0))
    counts = dict.fromkeys(("pageview_count", "event_count", "error_count", "outbound_count"), 0)
    fields = counts | {"duration_s": 0} | fields
    return Session(session_id=session_id, started_at=at, ended_at=ended_at, **fields)


def local(asked: Specification, *visits: Session, events: dict[str, list[Event]]) -> Outcome:
    """The local engine's answer over these visits."""
    connection = duckdb.connect()
    create_relations(connection)
    for row in map(visit_row, visits):
        connection.execute(f"INSERT INTO visits VALUES ({', '.join('?' * len(row))})", row)
    for session_id, told in events.items():
        for place, event in enumerate(told):
            row = event_row(session_id, place, event)
            connection.execute(f"INSERT INTO events VALUES ({', '.join('?' * len(row))})", row)
    found = connection.execute(compile_query(asked, DuckDB()))
    names = [column[0] for column in found.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return read_outcome(rows, asked, "local")


def custom(name: str, seconds: int = 0, **properties: Any) -> Event:
    at = START + timedelta(seconds=seconds)
    return Event(at=at, type="custom_event", name=name, properties=properties)


def page(pathname: str, seconds: int = 0) -> Event:
    return Event(at=START + timedelta(seconds=seconds), type="pageview", pathname=pathname)


def test_groups_come_largest_first_with_exact_numbers() -> None:
    asked = Specification(WINDOW, group_by=("channel",), metrics=VISIT_METRICS)
    outcome = local(
        asked,
        visit("a", channel="Direct", user_id="d1", pageview_count=1, duration_s=0),
        visit("b", channel="Direct", user_id="d2", pageview_count=3, duration_s=11, event_count=2),
        visit("c", channel="Direct", user_id="d2", identified_user_id="d1", duration_s=20),
        visit("d", channel="Email", user_id="d1", pageview_count=1, error_count=4, duration_s=5),
        events={},
    )

    assert outcome == Outcome(
        groups=(
            Group(("Direct",), 3, (3, 3, 4, 1.333333, 0.333333, 11.0, 18.2, 2, 0, 0.75)),
            Group(("Email",), 1, (1, 1, 1, 1.0, 1.0, 5.0, 5.0, 0, 4, 0.25)),
        ),
        total=Group((), 4, (4, 3, 5, 1.25, 0.5, 8.0, 17.3, 2, 4, 1.0)),
        group_count=2,
        basis=Basis("local", 4),
    )


def test_no_visits_give_no_groups_and_an_empty_total(worlds: tuple[World, ...]) -> None:
    metrics = (*VISIT_METRICS, "occurrences", "sum:price", "mean:price", "median:price")
    asked = Specification(WINDOW, group_by=("event_name", "day"), metrics=metrics)
    empty = local(asked, events={})
    nowhere = replace(worlds[0], site_id=999)

    assert empty.groups == ()
    assert empty.group_count == 0
    assert empty.total == Group(
        (), 0, (0, 0, 0, None, None, None, None, 0, 0, None, 0, 0, None, None)
    )
    assert nowhere.by_clickhouse(asked).total == empty.total


def test_a_total_alone_is_one_row() -> None:
    outcome = local(Specification(WINDOW), visit("a"), visit("b"), events={})
    assert (outcome.groups, outcome.group_count) == ((), 0)
    assert outcome.total.session_count == 2


def test_an_event_dimension_counts_a_visit_once_in_each_group_and_once_in_the_total() -> None:
    asked = Specification(
        WINDOW,
        group_by=("event_name",),
        metrics=("sessions", "pageviews", "occurrences", "sum:price"),
    )
    outcome = local(
        asked,
        visit("a", pageview_count=2, event_count=3),
        visit("b", pageview_count=5, event_count=1),
        visit("c", pageview_count=1),
        events={
            "a": [
                custom("buy", price=10),
                custom("buy", 5, price="2.50"),
                custom("look", 9, price=1),
            ],
            "b": [custom("buy", price="much")],
            "c": [page("/")],
        },
    )

    assert outcome.groups == (
        Group(("buy",), 2, (2, 7, 3, 12.5)),
        Group(("look",), 1, (1, 2, 1, 1)),
    )
    assert outcome.total == Group((), 3, (3, 8, 4, 13.5))


def test_a_dimension_of_visits_sums_the_property_over_all_their_events() -> None:
    asked = Specification(
        WINDOW, group_by=("channel",), metrics=("sum:price", "mean:price", "median:price")
    )
    outcome = local(
        asked,
        visit("a", channel="Email"),
        visit("b", channel="Email"),
        visit("c"),
        events={
            "a": [custom("buy", price=0.1), custom("buy", 1, price=0.2)],
            "b": [custom("look", price=5), custom("look", price=True)],
        },
    )

    assert outcome.groups == (
        Group(("Email",), 2, (5.3, 1.766667, 0.2)),
        Group(("",), 1, (0, None, None)),
    )


@pytest.mark.parametrize(
    ("span", "pages"),
    [("before", {"/", "/price"}), ("after", {"/welcome"})],
)
def test_a_span_counts_what_came_before_or_after_the_first_anchor(
    span: Any, pages: set[str]
) -> None:
    asked = Specification(
        WINDOW,
        group_by=("page",),
        metrics=("occurrences",),
        anchor=EventCondition("event", "signup"),
        span=span,
    )
    outcome = local(
        asked,
        visit("a"),
        visit("without"),
        events={
            "a": [
                page("/"),
                page("/price", 10),  # the second of the event: pages come first
                custom("signup", 10),
                page("/welcome", 11),
                custom("signup", 60),
            ],
            "without": [page("/elsewhere")],
        },
    )

    assert {group.key[0] for group in outcome.groups} == pages
    assert outcome.total.session_count == 2


@pytest.mark.parametrize(
    ("span", "pages"), [("before", {"/", "/form"}), ("after", {"/thanks", "/welcome"})]
)
def test_of_the_events_second_only_its_own_page_came_before_it(span: Any, pages: set[str]) -> None:
    asked = Specification(
        WINDOW,
        group_by=("page",),
        metrics=("occurrences",),
        anchor=EventCondition("event", "signup"),
        span=span,
    )
    signup = custom("signup", 10).model_copy(update={"pathname": "/form"})
    events = [page("/"), page("/form", 10), signup, page("/thanks", 10), page("/welcome", 11)]
    outcome = local(asked, visit("a"), events={"a": events})

    assert {group.key[0] for group in outcome.groups} == pages


def test_a_path_is_the_first_five_pages_with_repeats_folded() -> None:
    asked = Specification(WINDOW, group_by=("path",), metrics=("sessions",))
    steps = ["/", "/", "/a", "/", "/b", "/b", "/c", "/d"]
    told = [page(step, 2 * place) for place, step in enumerate(steps)]
    outcome = local(asked, visit("a"), visit("b"), events={"a": told})

    assert [group.key for group in outcome.groups] == [("",), ("/ > /a > / > /b > /c",)]


@pytest.mark.parametrize(
    ("at", "day", "hour", "week"),
    [
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "2026-10-25", "02", "2026-W43"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "2026-10-25", "02", "2026-W43"),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "2026-03-29", "03", "2026-W13"),
        (datetime(2026, 10, 24, 22, 0, tzinfo=UTC), "2026-10-25", "00", "2026-W43"),
        (datetime(2027, 1, 2, 23, 30, tzinfo=UTC), "2027-01-03", "00", "2026-W53"),
    ],
)
def test_times_are_told_in_the_zone_of_the_window(
    at: datetime, day: str, hour: str, week: str
) -> None:
    for name, told in (("day", day), ("hour", hour), ("week", week)):
        outcome = local(Specification(WINDOW, group_by=(name,)), visit("a", at=at), events={})
        assert outcome.groups[0].key == (told,)


def test_a_text_that_the_server_made_a_number_of_is_still_found_locally() -> None:
    item = Filter(parameter="utm_campaign", type="equals", value=["007"])
    visits = [visit("a", utm_campaign="7"), visit("b", utm_campaign="007x")]
    outcome = local(Specification(WINDOW, filters=(item,)), *visits, events={})
    sent_right = ClickHouse(1, WINDOW)

    assert outcome.total.session_count == 1
    assert "= '007'" in compile_query(Specification(WINDOW, filters=(item,)), sent_right)


@pytest.mark.parametrize("parameter", ["browser_version", "operating_system_version"])
def test_what_rows_do_not_tell_is_refused_locally(parameter: str) -> None:
    item = Filter(parameter=parameter, type="equals", value=["Chrome 130"])
    with pytest.raises(UnsupportedError, match=parameter):
        compile_query(Specification(WINDOW, filters=(item,)), DuckDB())


@pytest.mark.parametrize("kind", ["not_equals", "is_null"])
def test_without_such_an_event_is_refused_as_a_filter(kind: str) -> None:
    value = [] if kind == "is_null" else ["signup"]
    item = Filter(parameter="event_name", type=kind, value=value)
    with pytest.raises(BadRequestError, match="no such event"):
        compile_query(Specification(WINDOW, filters=(item,)), ClickHouse(1, WINDOW))


@pytest.mark.parametrize(
    ("parameter", "kind", "values", "condition"),
    [
        ("operating_system_version", "equals", ["Windows 10"], "os = 'Windows' AND v = '10'"),
        ("operating_system_version", "equals", ["Windows 10/11"], "os = 'Windows' AND v = '10'"),
        (
            "operating_system_version",
            "starts_with",
            ["Windows 1"],
            "os = 'Windows' AND v IN ('10', '11', '14.2')",
        ),
        ("operating_system_version", "is_null", [], "v = ''"),
        ("browser_version", "equals", ["Chrome 130"], "browser = 'Chrome' AND bv = '130'"),
        (
            "browser_version",
            "not_equals",
            ["Chrome 130"],
            "NOT (browser = 'Chrome' AND bv = '130')",
        ),
        ("browser_version", "is_not_null", [], "bv != ''"),
        ("dimensions", "equals", ["390x800", "0x0"], "w = 390 AND h = 800"),
    ],
)
def test_composed_values_are_compared_as_servers_compose_them(
    worlds: tuple[World, ...], parameter: str, kind: str, values: list[str], condition: str
) -> None:
    world = worlds[2]
    item = Filter(parameter=parameter, type=kind, value=values)
    counted = world.by_clickhouse(Specification(world.window, filters=(item,)))
    rows = rows_of(
        world.clickhouse,
        "SELECT count() AS n FROM (SELECT argMax(operating_system, timestamp) AS os, "
        "argMax(operating_system_version, timestamp) AS v, argMax(browser, timestamp) AS browser, "
        "argMax(browser_version, timestamp) AS bv, argMax(screen_width, timestamp) AS w, "
        f"argMax(screen_height, timestamp) AS h FROM events WHERE site_id = {world.site_id} "
        f"GROUP BY session_id) WHERE {condition}",
    )

    assert 0 < counted.total.session_count < len(world.visits)
    assert counted.total.session_count == rows[0]["n"]


def test_events_of_milliseconds_give_the_same_groups(worlds: tuple[World, ...]) -> None:
    """Later servers keep milliseconds."""
    world = worlds[0]
    asked = Specification(
        world.window,
        group_by=("page", "hour"),
        metrics=(*VISIT_METRICS, "occurrences"),
        anchor=EventCondition("event"),
        span="before",
    )
    query = as_server_runs(compile_query(asked, ClickHouse(world.site_id, world.window)))
    finer = query.replace(
        "SELECT * FROM events",
        "SELECT * REPLACE (toDateTime64(timestamp, 3) AS timestamp) FROM events",
    )

    assert finer != query
    assert read_outcome(rows_of(world.clickhouse, finer), asked, "any") == world.by_duckdb(asked)


def test_rows_are_read_in_any_order_and_with_counts_as_text() -> None:
    asked = Specification(WINDOW, group_by=("channel",), metrics=("sessions", "visitors"))
    rows: list[dict[str, Any]] = [
        {"is_total": 0, "key_1": "b", "sessions": "2", "visitors": "1", "group_count": "3"},
        {"is_total": 0, "key_1": "c", "sessions": 5.0, "visitors": 4, "group_count": 3},
        {"is_total": 1, "key_1": "", "sessions": "9", "visitors": 6, "group_count": "3"},
        {"is_total": 0, "key_1": "a", "sessions": 2, "visitors": 1, "group_count": 3},
    ]
    outcome = read_outcome(rows, asked, "ClickHouse")

    assert [group.key for group in outcome.groups] == [("c",), ("a",), ("b",)]
    assert outcome.total == Group((), 9, (9, 6))
    assert outcome.group_count == 3
    assert outcome.basis == Basis("ClickHouse", 9)


@pytest.mark.parametrize(
    "rows",
    [
        [{"is_total": 1}],
        [{"is_total": 0, "key_1": "a", "sessions": 1, "visitors": 1, "group_count": 1}],
        [{"is_total": 1, "sessions": "many", "visitors": 1, "group_count": 1}],
        [{"is_total": 1, "sessions": 1.5, "visitors": 1, "group_count": 1}],
        [{"is_total": 1, "sessions": [], "visitors": 1, "group_count": 1}],
        [{"is_total": 1, "sessions": None, "visitors": 1, "group_count": 1}],
        [{"is_total": 1, "sessions": 1, "visitors": None, "group_count": 1}],
        [{"is_total": 1, "sessions": 1, "visitors": -1, "group_count": 1}],
        [{"is_total": 1, "sessions": 1, "visitors": 1e400, "group_count": 1}],
    ],
)
def test_rows_of_another_shape_are_refused(rows: list[dict[str, Any]]) -> None:
    asked = Specification(WINDOW, group_by=("channel",), metrics=("sessions", "visitors"))
    with pytest.raises(UnexpectedBodyError):
        read_outcome(rows, asked, "ClickHouse")


def test_columns_are_asked_for_once() -> None:
    metrics = ("bounce_rate", "pageviews", "pages_per_session", "sum:a", "mean:a", "median:b")
    asked = Specification(WINDOW, metrics=metrics)

    assert measured_columns(asked) == (
        *("bounces", "pageviews", "amount_1_sum", "amount_1_count"),
        *("amount_2_count", "amount_2_low", "amount_2_high"),
    )
    assert measured_columns(Specification(WINDOW)) == ("visitors", "bounces", "median_duration")
    assert "share" in DEFAULT_METRICS


def test_a_row_has_the_columns_of_its_table() -> None:
    assert len(visit_row(visit("a"))) == len(VISIT_COLUMNS)
    assert len(event_row("a", 0, page("/"))) == len(EVENT_COLUMNS)
    assert None not in (*visit_row(visit("a")), *event_row("a", 0, page("/")))


def test_instants_are_kept_in_utc_whatever_the_zone_of_the_machine() -> None:
    at = datetime.fromisoformat("2026-11-20T10:00:00+05:45")
    row = dict(zip(VISIT_COLUMNS, visit_row(visit("a", at=at)), strict=True))
    assert row["started_at"] == datetime(2026, 11, 20, 4, 15)  # noqa: DTZ001 - the table has none


def test_what_an_event_says_stands_in_columns_of_its_type_alone() -> None:
    properties = {"message": "oops", "url": "https://a.example/?q"}
    rows = [
        dict(
            zip(
                EVENT_COLUMNS,
                event_row("a", 0, Event(at=START, type=kind, properties=properties)),
                strict=True,
            )
        )
        for kind in ("error", "outbound", "custom_event")
    ]

    assert [row["message"] for row in rows] == ["oops", "", ""]
    assert [row["target"] for row in rows] == ["", "https://a.example/?q", ""]


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        (1, {"x": "1"}),
        (2.5, {"x": "2.5"}),
        (-0.25, {"x": "-0.25"}),
        (3.0, {"x": "3"}),
        (0.00001, {"x": "0.00001"}),
        (1e-7, {"x": "1e-7"}),
        (-1.5e-9, {"x": "-1.5e-9"}),
        (1e20, {"x": "100000000000000000000"}),
        (1e21, {"x": "1e21"}),
        (float("nan"), {}),
        (True, {"x": "true"}),
        (None, {}),
        ([1, 2], {"x": "[…]"}),
        ({"a": {"b": 1}, "c": []}, {"x.a.b": "1", "x.c": "[…]"}),
        ({}, {}),
    ],
)
def test_properties_read_as_the_texts_that_clickhouse_makes_of_them(
    value: object, texts: dict[str, str]
) -> None:
    assert property_texts({"x": value}) == texts


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(
    numbers=st.lists(
        st.floats(allow_nan=False, allow_infinity=False, width=64)
        | st.integers(-(2**53), 2**53)
        | st.decimals(-1_000_000, 1_000_000, places=3).map(float),
        min_size=1,
        max_size=30,
    )
)
def test_numbers_of_properties_read_as_clickhouse_writes_them(
    worlds: tuple[World, ...], numbers: list[float]
) -> None:
    shown = [number + 0.0 if number == 0 else number for number in numbers]
    rows = ", ".join(f"('{{\"x\": {number!r}}}')" for number in shown)
    query = (
        "SELECT toString(getSubcolumn(CAST(c1 AS JSON), 'x')) AS told "
        f"FROM (SELECT arrayJoin([{rows}]) AS c1)"
    )
    told = [row["told"] for row in rows_of(worlds[0].clickhouse, query)]

    assert [property_texts({"x": number})["x"] for number in shown] == told
