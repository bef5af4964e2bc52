"""Filters and parameters, right on D and wrong on older servers in their own ways.

Each expectation is measured behaviour of a real server of that generation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from rybbit_mcp.demo.data import LOYAL_USER_ID
from tests.demo.demo_requests import DAYS, NOW, days

if TYPE_CHECKING:
    from tests.demo.demo_requests import Ask, Rows

Row = dict[str, Any]


def rule(parameter: str, operator: str, *values: Any) -> dict[str, Any]:
    return {"parameter": parameter, "type": operator, "value": list(values)}


def os_of(row: Row) -> str:
    text = f"{row['operating_system']} {row['operating_system_version']}"
    return "Windows 10/11" if text == "Windows 10" else text


def domain_of(row: Row) -> str:
    return str(row["referrer"]).partition("://")[2].partition("/")[0].removeprefix("www.")


# texts that became numbers cannot be compared any more, hence plain values only
RIGHT_ON_D: list[tuple[dict[str, Any], Callable[[Row], bool]]] = [
    (rule("country", "equals", "DE", "JP"), lambda r: r["country"] in ("DE", "JP")),
    (rule("country", "not_equals", "DE", "US"), lambda r: r["country"] not in ("DE", "US")),
    (rule("country", "equals", ""), lambda r: r["country"] == "\0\0"),
    (rule("country", "is_null"), lambda r: r["country"] == "\0\0"),
    (rule("country", "is_not_null"), lambda r: r["country"] != "\0\0"),
    (rule("region", "is_null"), lambda r: r["region"] == ""),
    (rule("region", "starts_with", "DE-"), lambda r: r["region"].startswith("DE-")),
    (rule("city", "equals", "DE-BE-Berlin"), lambda r: r["city"] == "Berlin"),
    (rule("city", "equals", "Berlin"), lambda r: False),
    (rule("city", "not_equals", "Berlin"), lambda r: True),
    (rule("city", "is_null"), lambda r: False),
    (rule("city", "contains", "%"), lambda r: False),
    (rule("browser", "contains", "Safari"), lambda r: "Safari" in r["browser"]),
    (
        rule("browser", "not_contains", "Chrome", "Safari"),
        lambda r: "Chrome" not in r["browser"] and "Safari" not in r["browser"],
    ),
    (rule("browser", "regex", "^Chrome$"), lambda r: r["browser"] == "Chrome"),
    (rule("browser", "not_regex", "^Chrome$"), lambda r: r["browser"] != "Chrome"),
    (rule("browser", "regex", "^Edge", "^Firefox"), lambda r: r["browser"] == "Edge"),
    (rule("browser", "ends_with", "Chrome"), lambda r: r["browser"].endswith("Chrome")),
    (
        rule("browser_version", "equals", "Chrome 142"),
        lambda r: (r["browser"], r["browser_version"]) == ("Chrome", 142),
    ),
    (
        rule("operating_system_version", "equals", "Windows 10/11"),
        lambda r: os_of(r) == "Windows 10/11",
    ),
    (rule("operating_system_version", "equals", "Windows 10"), lambda r: False),
    (rule("operating_system_version", "equals", "iOS 18.6"), lambda r: os_of(r) == "iOS 18.6"),
    (rule("operating_system", "equals", "Android"), lambda r: r["operating_system"] == "Android"),
    (
        rule("dimensions", "equals", "1440x900"),
        lambda r: (r["screen_width"], r["screen_height"]) == (1440, 900),
    ),
    (rule("device_type", "equals", "Tablet"), lambda r: r["device_type"] == "Tablet"),
    (rule("device_type", "equals", "tablet"), lambda r: False),
    (rule("language", "starts_with", "de"), lambda r: str(r["language"]).startswith("de")),
    (rule("channel", "not_equals", "Direct"), lambda r: r["channel"] != "Direct"),
    (rule("referrer", "equals", "google.com"), lambda r: domain_of(r) == "google.com"),
    (rule("referrer", "contains", "facebook"), lambda r: "facebook" in domain_of(r)),
    (rule("hostname", "equals", "shop.example.com"), lambda r: r["hostname"] == "shop.example.com"),
    (rule("utm_campaign", "equals", "brand"), lambda r: r["utm_campaign"] == "brand"),
    (rule("utm_campaign", "equals", 2026), lambda r: r["utm_campaign"] == 2026),
    (rule("utm_term", "is_not_null"), lambda r: r["utm_term"] != ""),
    (rule("tag", "equals", "web-2.14"), lambda r: r["tag"] == "web-2.14"),
    (rule("timezone", "equals", "Europe/Berlin"), lambda r: r["timezone"] == "Europe/Berlin"),
    (rule("user_id", "equals", LOYAL_USER_ID), lambda r: r["identified_user_id"] == LOYAL_USER_ID),
    (
        rule("user_id", "not_equals", LOYAL_USER_ID),
        lambda r: r["identified_user_id"] != LOYAL_USER_ID,
    ),
    (rule("user_id", "contains", "ada@"), lambda r: False),
    (rule("lat", "equals", 52.52), lambda r: abs(r["lat"] - 52.52) <= 0.001),
    (rule("lat", "not_equals", 52.52), lambda r: abs(r["lat"] - 52.52) > 0.001),
    (rule("lat", "greater_than", 52), lambda r: r["lat"] > 52),
    (rule("lon", "less_than_or_equal", -100), lambda r: r["lon"] <= -100),
]


@pytest.mark.parametrize(
    ("wanted", "truth"), RIGHT_ON_D, ids=[f"{r['parameter']}-{r['type']}" for r, _ in RIGHT_ON_D]
)
def test_newest_server_filters_as_documented(
    wanted: dict[str, Any], truth: Callable[[Row], bool], rows: Rows, recent_rows: list[Row]
) -> None:
    assert rows(filters=[wanted], **DAYS) == [row for row in recent_rows if truth(row)]


def test_filters_are_joined_by_and(rows: Rows, recent_rows: list[Row]) -> None:
    both = [rule("device_type", "equals", "Mobile"), rule("channel", "equals", "Email")]

    assert rows(filters=both, **DAYS) == [
        row for row in recent_rows if row["device_type"] == "Mobile" and row["channel"] == "Email"
    ]


def test_entry_page_filter_sees_the_first_event_of_any_type(
    rows: Rows, all_rows: list[Row]
) -> None:
    found = rows(filters=[rule("entry_page", "regex", "^/blog")])
    shown = [row for row in all_rows if str(row["entry_page"]).startswith("/blog")]

    extra = [row for row in found if row not in shown]
    assert len(shown) + len(extra) == len(found)
    assert {(row["entry_page"], row["pageviews"], row["events"]) for row in extra} == {("", 0, 1)}


def test_not_event_means_has_another_event(rows: Rows) -> None:
    def visits(operator: str) -> set[str]:
        filters = [rule("event_name", operator, "purchase")]
        return {row["session_id"] for row in rows(filters=filters, **DAYS)}

    having, other = visits("equals"), visits("not_equals")

    assert having
    assert having <= other


@pytest.mark.parametrize("letter", ["A", "B", "C"])
@pytest.mark.parametrize(
    "wanted",
    [
        rule("country", "not_equals", "DE", "US"),
        rule("browser", "not_contains", "Chrome", "Safari"),
        rule("city", "contains", "%"),
        rule("browser", "contains", "_"),
    ],
    ids=lambda wanted: f"{wanted['parameter']}-{wanted['type']}",
)
def test_older_servers_match_everything(
    letter: str, wanted: dict[str, Any], rows: Rows, recent_rows: list[Row]
) -> None:
    assert len(rows(letter, filters=[wanted], **days(letter))) == len(recent_rows)


@pytest.mark.parametrize("letter", ["A", "B", "C"])
def test_older_servers_take_not_equal_coordinates_for_equal(letter: str, rows: Rows) -> None:
    equal = rows(letter, filters=[rule("lat", "equals", 52.52)])

    assert rows(letter, filters=[rule("lat", "not_equals", 52.52)]) == equal
    assert 0 < len(equal) < 2_000


@pytest.mark.parametrize("operator", ["contains", "regex"])
def test_user_filters_but_equality_mean_their_opposite_on_b(
    operator: str, rows: Rows, recent_rows: list[Row]
) -> None:
    assert len(rows("B", filters=[rule("user_id", operator, "ada@")], **DAYS)) == len(recent_rows)
    assert rows("C", filters=[rule("user_id", operator, "ada@")]) == []


FAILING_IN_LISTS = {
    "A": ["pathname", "page_title", "querystring", "timezone", "vpn"],
    "B": ["pathname", "page_title", "querystring", "timezone", "company"],
    "C": ["querystring", "timezone", "feature_flag:beta"],
    "D": ["feature_flag:beta"],
}


@pytest.mark.parametrize(
    ("letter", "parameter"),
    [(letter, name) for letter, names in FAILING_IN_LISTS.items() for name in names],
)
def test_filters_a_list_cannot_use_fail(letter: str, parameter: str, ask: Ask) -> None:
    path = "/api/sites/1/sessions" if letter in "CD" else "/api/sessions/1"

    response = ask(letter, path, page=1, filters=[rule(parameter, "equals", "x")])

    assert (response.status_code, response.json()) == (500, {"error": "Failed to fetch sessions"})


@pytest.mark.parametrize("letter", ["A", "B", "C", "D"])
def test_url_parameters_cannot_be_filtered(letter: str, ask: Ask) -> None:
    path = "/api/sites/1/sessions" if letter in "CD" else "/api/sessions/1"

    response = ask(letter, path, page=1, filters=[rule("url_param:ref", "equals", "x")])

    assert response.status_code == 500
    assert response.json()["error"] == "Internal Server Error"


@pytest.mark.parametrize("parameter", ["country", "city", "lat", "lon"])
@pytest.mark.parametrize(
    ("letter", "path"),
    [
        ("A", "/api/session-locations/1"),
        ("B", "/api/session-locations/1"),
        ("C", "/api/sites/1/session-locations"),
        ("D", "/api/sites/1/sessions/locations"),
    ],
)
def test_places_cannot_be_filtered_by_place(
    letter: str, path: str, parameter: str, ask: Ask
) -> None:
    response = ask(letter, path, filters=[rule(parameter, "equals", "1")])

    assert response.status_code == 500
    if letter == "D":
        assert response.json() == {"error": "Failed to fetch session locations"}
    else:
        assert response.json()["code"] == "184"


def test_places_of_b_take_filters_its_list_refuses(ask: Ask, rows: Rows) -> None:
    wanted = [rule("pathname", "equals", "/checkout")]

    places = ask("B", "/api/session-locations/1", filters=wanted).json()["data"]

    assert sum(place["count"] for place in places) == len(rows("C", filters=wanted))
    assert (
        ask("B", "/api/session-locations/1", filters=[rule("tag", "equals", "x")]).status_code
        == 500
    )


SILENT: list[dict[str, Any]] = [
    {"start_date": "2026-11-21", "time_zone": "UTC"},
    {"start_date": "2026-13-01", "end_date": "2026-13-02", "time_zone": "UTC"},
    {"start_date": "2026-11-21", "end_date": "2026-11-21"},
    {"start_date": "2026-11-21", "end_date": "2026-11-21", "time_zone": "Mars/Olympus"},
    {"past_minutes_start": 0, "past_minutes_end": 60},
    {"past_minutes_start": "abc", "past_minutes_end": 0},
    {
        "start_date": "24.11.2026",
        "end_date": "25.11.2026",
        "time_zone": "UTC",
        "past_minutes_start": 60,
        "past_minutes_end": 0,
    },
]


def is_all_time(rows: Rows, letter: str, query: dict[str, Any]) -> bool:
    """True where the visits far back are the same as without any parameter."""
    return rows(letter, limit=5, page=3_900, **query) == rows(letter, limit=5, page=3_900)


# without a zone the newest server takes UTC
REFUSED = [window for window in SILENT if set(window) != {"start_date", "end_date"}]


@pytest.mark.parametrize("letter", ["B", "C"])
@pytest.mark.parametrize("window", SILENT, ids=str)
def test_wrong_window_is_all_time_on_older_servers(
    letter: str, window: dict[str, Any], rows: Rows
) -> None:
    assert is_all_time(rows, letter, window)


@pytest.mark.parametrize("window", REFUSED)
def test_wrong_window_is_refused_by_the_newest(window: dict[str, Any], ask: Ask) -> None:
    response = ask("D", "/api/sites/1/sessions", **window)

    assert response.status_code == 400
    assert set(response.json()) == {"error"}


MILLISECONDS = {
    "start_datetime": "2026-11-22T10:00:00.000Z",
    "end_datetime": "2026-11-22T12:00:00.000Z",
}


def test_instants_with_milliseconds_are_understood_nowhere(ask: Ask, rows: Rows) -> None:
    assert is_all_time(rows, "C", MILLISECONDS)
    refused = ask("D", "/api/sites/1/sessions", **MILLISECONDS)
    assert refused.json() == {
        "error": "Invalid start_datetime format. Use YYYY-MM-DD HH:mm:ss; "
        "Invalid end_datetime format. Use YYYY-MM-DD HH:mm:ss"
    }


def test_instants_are_ignored_by_b(rows: Rows) -> None:
    hour = {"start_datetime": "2026-11-22 10:00:00", "end_datetime": "2026-11-22 11:00:00"}

    assert is_all_time(rows, "B", hour)
    assert 0 < len(rows("C", **hour)) < 100


@pytest.mark.parametrize("letter", ["B", "C", "D"])
def test_parameters_of_the_oldest_are_ignored_by_all_others(letter: str, rows: Rows) -> None:
    ignored = {"startDate": "2026-11-21", "endDate": "2026-11-21", "userId": LOYAL_USER_ID}

    assert rows(letter, limit=5, **ignored) == rows(letter, limit=5)


def test_oldest_server_knows_its_own_names_only(rows: Rows) -> None:
    device = rows(user_id=LOYAL_USER_ID)[0]["user_id"]
    day = {"startDate": "2026-11-21", "endDate": "2026-11-21", "timeZone": "UTC"}

    assert len(rows("A", **day)) == len(
        rows(start_date="2026-11-21", end_date="2026-11-21", time_zone="UTC")
    )
    assert len(rows("A", userId=device)) == len(rows(user_id=device))
    assert rows("A", userId=LOYAL_USER_ID) == []
    for ignored in ({"user_id": device}, {"identified_only": "true"}, {"min_pageviews": 5}):
        assert is_all_time(rows, "A", ignored)


def test_minimums_and_session_id_are_ignored_by_b(rows: Rows) -> None:
    ignored = {"min_pageviews": 9, "min_events": "x", "session_id": "nobody"}

    assert is_all_time(rows, "B", ignored)


@pytest.mark.parametrize("letter", ["C", "D"])
def test_minimum_that_is_no_number_fails(letter: str, ask: Ask) -> None:
    assert ask(letter, "/api/sites/1/sessions", min_events="many").status_code == 500


@pytest.mark.parametrize(("letter", "count"), [("A", 33), ("B", 36), ("C", 41), ("D", 42)])
def test_rows_have_the_fields_of_their_generation(letter: str, count: int, rows: Rows) -> None:
    assert len(rows(letter, limit=1)[0]) == count


def test_referrer_is_the_first_set_one_on_the_newest_only(rows: Rows) -> None:
    paid = rows(filters=[rule("referrer", "equals", "pay.example.net")], **DAYS)

    assert paid
    assert {row["channel"] for row in paid} <= {"Direct", "Email"}
    older = {row["session_id"]: row for row in rows("C", **DAYS)}
    assert {older[row["session_id"]]["referrer"] for row in paid} == {""}


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("([", "Unterminated character class"),
        ("(?i)blog", "Invalid group"),
        ("(?P<x>blog)", "Invalid group"),
        ("(blog", "Unterminated group"),
        ("blog)", "Unmatched ')'"),
        ("*a", "Nothing to repeat"),
        ("a\\", "\\ at end of pattern"),
    ],
)
def test_regex_must_pass_javascript(pattern: str, message: str, ask: Ask) -> None:
    wanted = [rule("browser", "regex", pattern)]

    newest = ask("D", "/api/sites/1/sessions", filters=wanted)
    older = ask("C", "/api/sites/1/sessions", filters=wanted)

    assert newest.json() == {"error": "Failed to fetch sessions"}
    assert older.json()["message"] == (
        f"Invalid regex pattern: Invalid regular expression: /{pattern}/: {message}"
    )


@pytest.mark.parametrize(
    "wanted",
    [
        rule("browser", "greater_than", 5),
        rule("lat", "contains", "52"),
        rule("lat", "greater_than", "north"),
        rule("lat", "is_null"),
        rule("country", "equals"),
        rule("entry_page", "regex"),
    ],
    ids=str,
)
@pytest.mark.parametrize("letter", ["C", "D"])
def test_filter_the_database_refuses_fails(letter: str, wanted: dict[str, Any], ask: Ask) -> None:
    assert ask(letter, "/api/sites/1/sessions", filters=[wanted]).status_code == 500


def test_filter_values_are_never_sql(rows: Rows) -> None:
    for text in ("' OR '1'='1", "\\'; DROP TABLE events; --", "\0"):
        for parameter in ("browser", "city", "event_name", "entry_page", "user_id"):
            for letter in ("C", "D"):
                assert rows(letter, filters=[rule(parameter, "equals", text)]) == []
    assert rows("C", limit=1, filters=[rule("browser", "contains", "a\\")]) == []


def test_clock_reads_the_time_for_every_window(rows: Rows) -> None:
    newest = rows(past_minutes_start=5, past_minutes_end=0)

    assert all(row["session_end"] <= f"{NOW:%Y-%m-%d %H:%M:%S}" for row in newest)
    assert rows(past_minutes_start=10**6, past_minutes_end=200_000) == []
