"""Lists, details and places: paging, windows, the ways of counting, numbers for texts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from rybbit_mcp.demo import DEMO_KEY, create_demo_app
from rybbit_mcp.demo.account import ORGANIZATION_ID
from rybbit_mcp.demo.data import LONG_VISIT_ID, LOYAL_USER_ID
from tests.demo.demo_requests import NOW, send

if TYPE_CHECKING:
    from tests.demo.demo_requests import Ask, Rows


def test_importing_the_demo_brings_no_heavy_module() -> None:
    code = (
        "import sys, rybbit_mcp.demo; from datetime import *; "
        "rybbit_mcp.demo.create_demo_app(now=lambda: datetime.now(UTC)); "
        "print([name for name in ('duckdb', 'starlette', 'httpx', 'mcp') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_same_seed_and_time_give_equal_bytes() -> None:
    def answer(seed: int) -> bytes:
        app = create_demo_app(now=lambda: NOW, seed=seed)
        headers = {"Authorization": f"Bearer {DEMO_KEY}"}
        url = "http://demo/api/sites/1/sessions?limit=3000&page=3"
        return bytes(send(app, httpx.Request("GET", url, headers=headers)).content)

    assert answer(7) == answer(7)
    assert answer(7) != answer(8)


def test_data_stays_while_time_goes_on() -> None:
    moments = iter([NOW, *[NOW + timedelta(hours=3)] * 9])
    app = create_demo_app(now=lambda: next(moments))

    def newest() -> Any:
        request = httpx.Request(
            "GET",
            "http://demo/api/sites/1/sessions?limit=1",
            headers={"Authorization": f"Bearer {DEMO_KEY}"},
        )
        return send(app, request).json()["data"][0]

    assert newest() == newest()


def test_pages_give_every_visit_once_newest_first(
    rows: Rows, all_rows: list[dict[str, Any]]
) -> None:
    paged = [row for page in range(1, 9) for row in rows(limit=37, page=page)]

    assert paged == all_rows[: 8 * 37]
    order = [(row["session_end"], row["session_id"]) for row in all_rows]
    for earlier, later in pairwise(order):
        assert earlier[0] > later[0] or (earlier[0] == later[0] and earlier[1] < later[1])


def test_detail_pages_join_to_the_whole(ask: Ask) -> None:
    path = f"/api/sites/1/sessions/{LONG_VISIT_ID}"
    whole = ask("D", path, limit=1000).json()["data"]["events"]

    paged = [
        event
        for offset in range(0, 390, 97)
        for event in ask("D", path, limit=97, offset=offset).json()["data"]["events"]
    ]

    assert paged == whole


def test_a_visit_over_midnight_is_two_rows_each_counting_its_part(
    rows: Rows, all_rows: list[dict[str, Any]]
) -> None:
    crossing = next(
        row
        for row in all_rows
        if row["session_start"][:10] < row["session_end"][:10] and row["pageviews"] > 2
    )
    parts = [
        rows(session_id=crossing["session_id"], start_date=day, end_date=day, time_zone="UTC")[0]
        for day in (crossing["session_start"][:10], crossing["session_end"][:10])
    ]

    assert sum(part["pageviews"] for part in parts) == crossing["pageviews"]
    assert parts[0]["session_start"] == crossing["session_start"]
    assert parts[0]["entry_page"] == crossing["entry_page"]
    assert parts[1]["session_end"] == crossing["session_end"]
    assert parts[0]["session_end"] < parts[1]["session_start"]
    assert sum(part["session_duration"] for part in parts) < crossing["session_duration"]


def test_days_follow_the_zone(rows: Rows) -> None:
    tokyo = rows(start_date="2026-11-20", end_date="2026-11-20", time_zone="Asia/Tokyo")
    same = rows(start_datetime="2026-11-19 15:00:00", end_datetime="2026-11-20T15:00:00Z")

    assert tokyo == same
    assert min(row["session_start"] for row in tokyo) >= "2026-11-19 15:00:00"
    assert max(row["session_end"] for row in tokyo) < "2026-11-20 15:00:00"


@pytest.mark.parametrize(
    ("name", "field", "minimum"),
    [
        ("min_pageviews", "pageviews", 4),
        ("min_events", "events", 2),
        ("min_duration", "session_duration", 600),
    ],
)
def test_minimums_and_identity_narrow_the_list(
    name: str, field: str, minimum: int, rows: Rows, all_rows: list[dict[str, Any]]
) -> None:
    expected = [row for row in all_rows if row[field] >= minimum]

    assert rows(**{name: minimum}) == expected
    identified = [row for row in expected if row["identified_user_id"]]
    assert rows(identified_only="true", **{name: minimum}) == identified


def test_device_and_identity_both_find_a_visitor(rows: Rows) -> None:
    by_identity = rows(user_id=LOYAL_USER_ID)
    devices = {row["user_id"] for row in by_identity}

    by_device = [row for device in devices for row in rows(user_id=device)]

    assert sorted(map(json.dumps, by_device)) == sorted(map(json.dumps, by_identity))


def test_detail_with_minutes_is_computed_from_the_rest(ask: Ask, rows: Rows) -> None:
    visit = next(
        row for row in rows(past_minutes_start=45, past_minutes_end=0) if row["pageviews"] > 3
    )
    path = f"/api/sites/1/sessions/{visit['session_id']}"
    whole = ask("D", path).json()["data"]
    age = NOW.replace(tzinfo=None) - datetime.fromisoformat(visit["session_start"])
    minutes = int(age.total_seconds() // 60)

    rest = ask("D", path, minutes=max(minutes, 1)).json()["data"]

    assert rest["session"]["events"] <= whole["session"]["events"]
    assert rest["events"] == whole["events"][-len(rest["events"]) :]
    assert rest["session"]["session_end"] == whole["session"]["session_end"]


def test_places_count_visits_and_ignore_what_lists_know(ask: Ask, rows: Rows) -> None:
    path = "/api/sites/1/sessions/locations"
    window = {"start_date": "2026-11-18", "end_date": "2026-11-20", "time_zone": "Europe/Berlin"}
    plain = ask("D", path, **window)
    narrowed = ask("D", path, **window, limit=1, user_id=LOYAL_USER_ID, identified_only="true")

    assert plain.content == narrowed.content
    counts = Counter[tuple[Any, ...]](
        (row["lat"], row["lon"], row["city"], row["country"]) for row in rows(**window)
    )
    assert {
        (place["lat"], place["lon"], place["city"], place["country"]): place["count"]
        for place in plain.json()["data"]
    } == counts
    user = [{"parameter": "user_id", "type": "equals", "value": [LOYAL_USER_ID]}]
    found = ask("D", path, filters=user).json()["data"]
    assert sum(place["count"] for place in found) == len(rows(user_id=LOYAL_USER_ID))


def test_texts_that_look_like_numbers_arrive_as_numbers(ask: Ask, rows: Rows) -> None:
    visits = rows(site=2)
    titles = [
        ask("D", f"/api/sites/2/sessions/{row['session_id']}").json()["data"]["events"][0][
            "page_title"
        ]
        for row in visits
        if row["entry_page"]
        and row["pageviews"] == 2
        and row["outbound"] == 1
        and row["errors"] == 1
    ]

    expected: object
    for expected in (7, 100_000, None, 31, 0.5, 12345678901234567000, 0, 491701234567, 3):
        assert expected in titles
    for expected in ("1_000", "NaN", "true", "null", "٣", "1,5"):
        assert expected in titles
    assert any(row["tag"] is None for row in visits)
    assert any(row["city"] is None for row in visits)
    assert all(isinstance(row["session_id"], str) for row in visits)


def test_sessions_of_the_last_day_are_counted_for_each_site(ask: Ask, rows: Rows) -> None:
    sites = ask("D", f"/api/organizations/{ORGANIZATION_ID}/sites").json()["sites"]
    day = {"past_minutes_start": 1440, "past_minutes_end": 0}

    for site in sites:
        expected = len(rows(site=site["siteId"], **day))
        assert abs(site["sessionsLast24Hours"] - expected) <= 1


def test_a_clock_in_another_zone_gives_the_same_data(ask: Ask) -> None:
    app = create_demo_app(now=lambda: NOW.astimezone(ZoneInfo("Asia/Kolkata")))
    query = {"limit": "50", "past_minutes_start": "600", "past_minutes_end": "0"}
    request = httpx.Request(
        "GET",
        "http://demo/api/sites/1/sessions",
        params=query,
        headers={"Authorization": f"Bearer {DEMO_KEY}"},
    )

    assert send(app, request).content == ask("D", "/api/sites/1/sessions", **query).content
