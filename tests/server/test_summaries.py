"""`summarize_sessions` as a model uses it: one call, numbers that add up, what they rest on."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from inline_snapshot import snapshot
from mcp import Client

from rybbit_mcp.demo import create_demo_app
from rybbit_mcp.demo.mode import create_demo_server
from rybbit_mcp.server import create_server
from tests.server.conftest import NOW, ask, fail

pytestmark = pytest.mark.anyio


def rows_of(text: str) -> list[dict[str, str]]:
    header, *rows = [line.split("\t") for line in text.splitlines() if "\t" in line]
    return [dict(zip(header, row, strict=True)) for row in rows]


async def test_a_summary_by_channel_is_one_short_answer(demo_server):
    async with Client(demo_server) as client:
        text = await ask(client, "summarize_sessions", site="Acme Shop", group_by=["channel"])

    assert text == snapshot("""\
# DEMO DATA · visits of Acme Shop (site 1) by channel · 2026-11-18 to 2026-11-24 (today until 13:05) UTC · period 7d
# rests on 2080 visits, all that match, by the local engine

channel	sessions	share	visitors	bounce	median_s
Direct	604	29%	518	41%	41
Organic Search	482	23%	463	41%	59
Paid Social	331	16%	331	89%	0
Paid Search	242	12%	238	40%	70
Organic Social	165	8%	164	53%	3
Email	111	5%	110	19%	105
Referral	104	5%	102	41%	35
Affiliate	22	1%	22	55%	8
Display	12	1%	12	58%	3
Unknown	7	<1%	7	0%	49
total	2080	100%	1810	48%	23
# next: list_sessions(site=1, period="7d")\
""")


@pytest.mark.parametrize("dimension", ["country", "day", "entry_page", "user", "duration_band"])
async def test_the_groups_and_the_others_add_up_to_the_total(demo_server, dimension):
    async with Client(demo_server) as client:
        text = await ask(
            client,
            "summarize_sessions",
            site="1",
            group_by=[dimension],
            metrics=["sessions", "pageviews", "events", "errors"],
            top=3,
        )

    *parts, total = rows_of(text)
    for metric in ("sessions", "pageviews", "events", "errors"):
        assert sum(int(row[metric]) for row in parts) == int(total[metric])


async def test_the_list_and_the_summary_agree(demo_server):
    async with Client(demo_server) as client:
        listed = await ask(client, "list_sessions", site="2", period="24h", limit=100)
        text = await ask(client, "summarize_sessions", site="2", period="24h")

    (total,) = rows_of(text)
    assert int(total["sessions"]) == len(rows_of(listed))


async def test_places_and_the_summary_agree(demo_server):
    async with Client(demo_server) as client:
        places = await ask(client, "get_session_locations", site="1", period="30d", limit=250)
        text = await ask(
            client, "summarize_sessions", site="1", period="30d", group_by=["country"], top=100
        )

    by_place = {row["country"]: row["visits"] for row in rows_of(places)}
    by_summary = {row["country"]: row["sessions"] for row in rows_of(text)}
    assert by_summary.pop("total") == "8213"
    assert by_place == by_summary


async def test_a_comparison_names_its_range_and_the_movers(demo_server):
    async with Client(demo_server) as client:
        text = await ask(
            client,
            "summarize_sessions",
            site="1",
            period="today",
            group_by=["channel"],
            compare="last_week",
        )

    assert "compared with 2026-11-17 00:00 to 2026-11-17 13:05 UTC (the same part of it)" in text
    assert "biggest movers (sessions):" in text
    total = rows_of(text)[-1]
    assert total["Δsessions"].startswith(("+", "-"))


@pytest.mark.parametrize("dimension", ["day", "week", "month"])
async def test_dates_are_not_compared_for_the_other_period_has_none_of_them(demo_server, dimension):
    async with Client(demo_server) as client:
        text = await fail(
            client,
            "summarize_sessions",
            site="1",
            period="7d",
            group_by=["channel", dimension],
            compare="previous_period",
        )

    assert f"have no {dimension} in common" in text
    assert "weekday or hour" in text


async def test_a_minimum_in_a_comparison_invents_no_zeros(demo_server):
    asked = {"site": "1", "period": "2026-11-23", "group_by": ["city"], "metrics": ["sessions"]}
    asked |= {"compare": "previous_period", "top": 100}
    async with Client(demo_server) as client:
        every = await ask(client, "summarize_sessions", **asked)
        large = await ask(client, "summarize_sessions", **asked, min_sessions=9)

    truth = {row["city"]: row for row in rows_of(every)}
    found = rows_of(large)
    assert any(int(row["sessions"]) < 9 for row in found)
    assert all(truth[row["city"]] == row for row in found)
    assert len(found) < len(truth)
    (line,) = [line for line in large.splitlines() if "below min_sessions" in line]
    missing = int(truth["total"]["sessions"]) - sum(int(row["sessions"]) for row in found[:-1])
    assert f" groups, {missing} visits, " in line


async def test_a_minimum_leaves_rows_that_add_up(demo_server):
    async with Client(demo_server) as client:
        text = await ask(
            client,
            "summarize_sessions",
            site="1",
            group_by=["city"],
            metrics=["sessions"],
            min_sessions=20,
            top=5,
        )

    *parts, total = rows_of(text)
    (line,) = [line for line in text.splitlines() if "below min_sessions" in line]
    below = int(line.split(", ")[1].split()[0])
    assert parts[-1]["city"].startswith("others (")
    assert sum(int(row["sessions"]) for row in parts) + below == int(total["sessions"])


async def test_today_is_compared_with_the_same_part_of_a_named_day(demo_server):
    async with Client(demo_server) as client:
        named = await ask(
            client, "summarize_sessions", site="1", period="today", compare="yesterday"
        )
        before = await ask(
            client, "summarize_sessions", site="1", period="today", compare="previous_period"
        )

    assert "2026-11-23 13:05 UTC (the same part of it)" in named
    assert named == before


async def test_servers_without_exact_times_compare_with_all_of_a_named_day(plain_settings):
    app = create_demo_app(now=lambda: NOW, generation="B")
    server = create_server(
        _with_demo_key(plain_settings),
        clock=lambda: NOW,
        transport=lambda: httpx.ASGITransport(app=app),
    )
    async with Client(server) as client:
        text = await ask(
            client, "summarize_sessions", site="1", period="today", compare="yesterday"
        )

    assert "compared with 2026-11-23 UTC (all of it): " in text


@pytest.mark.parametrize(
    ("given", "repeated"),
    [
        ({}, 'period="7d"'),
        ({"past_minutes": 90}, "past_minutes=90"),
        (
            {"start_date": "2026-11-20", "end_date": "2026-11-21"},
            'start_date="2026-11-20", end_date="2026-11-21"',
        ),
        ({"period": "today", "time_zone": "UTC"}, 'period="today", time_zone="UTC"'),
        ({"period": "today"}, 'period="today"'),
    ],
)
async def test_the_next_call_asks_for_the_same_time(plain_settings, given, repeated):
    settings = plain_settings.model_copy(update={"time_zone": "Pacific/Kiritimati"})
    async with Client(create_demo_server(settings, clock=lambda: NOW)) as client:
        text = await ask(client, "summarize_sessions", site="1", **given)

    assert text.endswith(f"# next: list_sessions(site=1, {repeated})")


async def test_the_broken_checkout_is_found_in_one_call(demo_server):
    async with Client(demo_server) as client:
        text = await ask(
            client,
            "summarize_sessions",
            site="1",
            period="48h",
            filters=[{"parameter": "exit_page", "value": "/checkout"}],
            group_by=["browser"],
            metrics=["sessions", "errors"],
        )

    first, second, *_ = rows_of(text)
    assert first["browser"] == "Mobile Safari"
    assert int(first["errors"]) > int(first["sessions"]) > 4 * int(second["sessions"])


async def test_revenue_by_channel_is_read_from_the_events_of_buyers_only(demo_server):
    async with Client(demo_server) as client:
        text = await ask(
            client,
            "summarize_sessions",
            site="1",
            period="48h",
            group_by=["channel"],
            metrics=["sessions", "sum:value"],
            with_event="purchase",
        )

    *parts, total = rows_of(text)
    assert sum(float(row["sum:value"]) for row in parts) == pytest.approx(
        float(total["sum:value"]), abs=len(parts)
    )
    assert "with event purchase" in text.splitlines()[0]


async def test_a_cut_is_said_and_never_shown_as_the_whole(demo_server):
    async with Client(demo_server) as client:
        text = await ask(client, "summarize_sessions", site="1", period="30d", max_sessions=2000)

    assert "NOT ALL that match" in text
    assert "max_sessions" in text


async def test_a_second_question_over_the_same_visits_asks_the_server_nothing(plain_settings):
    app = create_demo_app(now=lambda: NOW)
    paths: list[str] = []

    class Counting(httpx.ASGITransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            paths.append(request.url.path)
            return await super().handle_async_request(request)

    demo = plain_settings.model_copy(update={"api_key": None})
    server = create_server(
        _with_demo_key(demo), clock=lambda: NOW, transport=lambda: Counting(app=app)
    )
    async with Client(server) as client:
        await ask(client, "summarize_sessions", site="1", group_by=["channel"])
        first = len(paths)
        await ask(client, "summarize_sessions", site="1", group_by=["country"])

    assert first > 0
    assert len(paths) == first


async def test_progress_is_reported_while_visits_are_read(demo_server):
    seen: list[tuple[float, float | None, str | None]] = []

    async def on_progress(done: float, total: float | None, message: str | None) -> None:
        seen.append((done, total, message))

    async with Client(demo_server) as client:
        result = await client.call_tool(
            "summarize_sessions", {"site": "1", "period": "60d"}, progress_callback=on_progress
        )

    assert not result.is_error
    assert [step[0] for step in seen] == sorted(step[0] for step in seen)
    assert len(seen) > 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"group_by": ["chanel"]}, "Did you mean channel?"),
        ({"metrics": ["bounces"]}, "bounce_rate"),
        ({"group_by": ["channel", "country", "city"]}, "at most 2"),
        ({"group_by": ["channel", "channel"]}, "twice"),
        ({"group_by": ["converted"]}, "converted_by"),
        ({"metrics": ["occurrences"]}, "Group by event_name"),
        ({"before_event": "a", "after_event": "b"}, "Keep one"),
        ({"period": "all", "compare": "previous_period"}, "Give a period"),
        ({"compare": "sometime"}, "is not a period"),
    ],
)
async def test_bad_questions_are_refused_with_what_would_be_good(demo_server, arguments, reason):
    async with Client(demo_server) as client:
        text = await fail(client, "summarize_sessions", site="1", **arguments)

    assert reason in text


async def test_structured_summaries_carry_raw_numbers(plain_settings):
    settings = plain_settings.model_copy(update={"output": "structured"})
    server = create_demo_server(settings, clock=lambda: NOW)
    async with Client(server) as client:
        result = await client.call_tool(
            "summarize_sessions", {"site": "1", "group_by": ["channel"], "top": 1}
        )

    (table,) = result.structured_content["tables"]
    row: dict[str, Any] = dict(zip(table["columns"], table["rows"][0], strict=True))
    assert row["share"] == pytest.approx(604 / 2080, abs=0.001)


def _with_demo_key(settings: Any) -> Any:
    from pydantic import SecretStr

    from rybbit_mcp.demo import DEMO_KEY

    return settings.model_copy(update={"api_key": SecretStr(DEMO_KEY)})


async def test_the_first_metric_ranks_the_groups_and_the_answer_says_so(demo_server):
    async with Client(demo_server) as client:
        text = await ask(
            client,
            "summarize_sessions",
            site="1",
            group_by=["prop:query"],
            metrics=["occurrences", "sessions"],
            with_event="search",
            top=5,
        )

    shown = [int(row["occurrences"]) for row in rows_of(text)[:5]]
    assert "by prop:query, most occurrences first" in text
    assert "登山靴\t17\t" in text
    assert shown == sorted(shown, reverse=True)


@pytest.mark.parametrize(
    ("dimension", "times"),
    [
        ("day", [f"2026-11-{day}" for day in range(18, 25)]),
        ("weekday", ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]),
    ],
)
async def test_the_largest_groups_of_a_time_stand_in_its_order(demo_server, dimension, times):
    async with Client(demo_server) as client:
        every = await ask(client, "summarize_sessions", site="1", group_by=[dimension])
        some = await ask(client, "summarize_sessions", site="1", group_by=[dimension], top=3)

    counts = {row[dimension]: int(row["sessions"]) for row in rows_of(every)[:-1]}
    largest = sorted(times, key=lambda time: -counts[time])[:3]
    assert list(counts) == times
    assert [row[dimension] for row in rows_of(some)[:3]] == sorted(largest, key=times.index)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ({"filters": [{"parameter": "device_type", "value": "mobile"}]}, "`Mobile`"),
        ({"with_event": "sign-up"}, "`signup`"),
        ({"with_page": "/price"}, "`/pricing`"),
        ({"converted_by": "sign-up", "group_by": ["converted"]}, "`signup`"),
        ({"before_event": "sign-up", "group_by": ["page"]}, "`signup`"),
    ],
)
async def test_a_summary_of_nothing_names_what_there_is(demo_server, wrong, right):
    async with Client(demo_server) as client:
        text = await ask(client, "summarize_sessions", site="1", period="30d", **wrong)

    (line,) = [line for line in text.splitlines() if "no visit matches" in line]
    assert right in line


async def test_an_empty_summary_does_not_blame_what_does_match(demo_server):
    async with Client(demo_server) as client:
        text = await ask(
            client,
            "summarize_sessions",
            site="1",
            filters=[{"parameter": "country", "value": "DE"}],
            with_event="sign-up",
            without_event="signup",
        )

    (line,) = [line for line in text.splitlines() if "no visit matches" in line]
    assert "event_name" in line


async def test_an_empty_summary_never_prints_a_visitors_id(demo_server):
    async with Client(demo_server) as client:
        listed = await ask(client, "list_sessions", site="1", limit=1)
        visitor = rows_of(listed)[0]["visitor"]
        filters = [
            {"parameter": "user_id", "value": visitor},
            {"parameter": "device_type", "value": "mobile"},
        ]
        text = await ask(client, "summarize_sessions", site="1", filters=filters)
        listed = await ask(client, "list_sessions", site="1", filters=filters)

    for answer in (text, listed):
        assert "device_type equals: no visit matches `mobile`" in answer
        assert "user_id equals: no visit" not in answer
