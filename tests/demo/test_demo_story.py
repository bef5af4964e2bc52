"""The story in the demo's data can be found through the API alone."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from rybbit_mcp.demo.data import CAMPAIGN, LONG_VISIT_ID, LOYAL_USER_ID
from tests.demo.demo_requests import NOW

if TYPE_CHECKING:
    from tests.demo.demo_requests import Ask, Rows

RELEASED = f"{NOW - timedelta(days=2):%Y-%m-%d %H:%M:%S}"
END = f"{NOW:%Y-%m-%d %H:%M:%S}"
BEGINNING = f"{NOW - timedelta(days=90):%Y-%m-%d %H:%M:%S}"


def share(rows: list[dict[str, Any]], of: list[dict[str, Any]]) -> float:
    return len(rows) / len(of)


def has(parameter: str, value: str, operator: str = "equals") -> dict[str, Any]:
    return {"parameter": parameter, "type": operator, "value": [value]}


def buyers_share(rows: Rows, *filters: dict[str, Any], **window: str) -> tuple[int, float]:
    reached = rows(filters=[has("pathname", "/checkout"), *filters], **window)
    bought = rows(
        filters=[has("pathname", "/checkout"), has("event_name", "purchase"), *filters], **window
    )
    return len(reached), share(bought, reached)


def test_checkout_on_mobile_safari_is_broken_since_the_release_only(rows: Rows) -> None:
    since = {"start_datetime": RELEASED, "end_datetime": END}
    before = {"start_datetime": BEGINNING, "end_datetime": RELEASED}
    safari, others = has("browser", "Mobile Safari"), has("browser", "Mobile Safari", "not_equals")

    broken_count, broken_share = buyers_share(rows, safari, **since)

    assert broken_count >= 10
    assert broken_share < 0.1
    assert buyers_share(rows, safari, **before)[1] > 0.55
    assert buyers_share(rows, others, **since)[1] > 0.5
    assert buyers_share(rows, others, **before)[1] > 0.55


def test_a_broken_checkout_ends_in_repeated_clicks_and_one_error(ask: Ask, rows: Rows) -> None:
    visits = rows(
        start_datetime=RELEASED,
        end_datetime=END,
        filters=[has("browser", "Mobile Safari"), has("pathname", "/checkout")],
    )
    failed = [visit for visit in visits if visit["errors"] >= 2]
    assert len(failed) >= 8
    assert {visit["exit_page"] for visit in failed} == {"/checkout"}
    assert max(visit["button_clicks"] for visit in failed) >= 5

    events = ask("D", f"/api/sites/1/sessions/{failed[0]['session_id']}").json()["data"]["events"]
    errors = [event for event in events if event["type"] == "error"]

    assert {event["event_name"] for event in errors} == {"TypeError"}
    assert {event["props"]["message"] for event in errors} == {
        "undefined is not an object (evaluating 'payment.request')"
    }
    assert all({"stack", "fileName", "lineNumber"} <= set(event["props"]) for event in errors)
    assert events[-1]["type"] in ("error", "button_click", "input_change")


def test_visitors_of_the_campaign_bounce(rows: Rows) -> None:
    visits = rows(filters=[has("utm_campaign", CAMPAIGN)])

    assert len(visits) > 550
    assert {visit["channel"] for visit in visits} == {"Paid Social"}
    assert {visit["utm_source"] for visit in visits} == {"facebook"}
    bounced = [visit for visit in visits if visit["pageviews"] == 1]
    assert 0.84 < share(bounced, visits) < 0.92
    oldest = datetime.fromisoformat(visits[-1]["session_start"])
    assert timedelta(days=12) < NOW.replace(tzinfo=None) - oldest < timedelta(days=15)


def test_about_two_visits_in_five_bounce(all_rows: list[dict[str, Any]]) -> None:
    bounced = [visit for visit in all_rows if visit["pageviews"] == 1]

    assert 0.37 < share(bounced, all_rows) < 0.44


def test_loyal_customer_has_two_devices_and_several_purchases(rows: Rows) -> None:
    visits = rows(user_id=LOYAL_USER_ID)

    assert 43 <= len(visits) <= 46
    assert len({visit["user_id"] for visit in visits}) == 2
    assert {visit["device_type"] for visit in visits} == {"Desktop", "Mobile"}
    assert visits[0]["traits"] == {
        "name": "Ada Lovelace",
        "plan": "pro",
        "email": LOYAL_USER_ID,
    }
    purchases = rows(user_id=LOYAL_USER_ID, filters=[has("event_name", "purchase")])
    assert 4 <= len(purchases) <= 8


def test_few_visitors_are_identified_with_traits_of_all_kinds(
    all_rows: list[dict[str, Any]],
) -> None:
    identified = {row["identified_user_id"] for row in all_rows} - {""}
    devices = {row["user_id"] for row in all_rows}

    assert 0.02 < len(identified) / len(devices) < 0.05
    assert any("@" in text for text in identified)
    assert any(text.isdigit() for text in identified)
    known = [row["traits"] for row in all_rows if row["identified_user_id"]]
    assert None in known
    assert {} in known


def test_crawler_makes_hundreds_of_empty_visits_at_odd_hours(
    all_rows: list[dict[str, Any]],
) -> None:
    device, visit_count = Counter(row["user_id"] for row in all_rows).most_common(1)[0]
    visits = [row for row in all_rows if row["user_id"] == device]

    assert visit_count > 250
    assert {row["session_duration"] for row in visits} == {0}
    assert {row["referrer"] for row in visits} == {""}
    hours = {datetime.fromisoformat(row["session_start"]).hour for row in visits}
    assert hours <= {2, 3, 4}


def test_long_visit_has_four_hundred_events_counted_three_ways(ask: Ask, rows: Rows) -> None:
    detail = ask("D", f"/api/sites/1/sessions/{LONG_VISIT_ID}", limit=1000).json()["data"]
    row = rows(session_id=LONG_VISIT_ID)[0]

    assert detail["session"]["events"] == 400
    assert detail["pagination"]["total"] == 390
    assert len(detail["events"]) == 390
    assert row["events"] == 50
    assert len({event["type"] for event in detail["events"]}) == 8


def test_sites_have_the_promised_size_and_reach_up_to_now(rows: Rows) -> None:
    shop, docs = rows(), rows(site=2)

    assert 19_500 < len(shop) < 20_500
    assert 1_400 < len(docs) < 1_600
    for visits in (shop, docs):
        newest = datetime.fromisoformat(visits[0]["session_end"])
        assert timedelta() <= NOW.replace(tzinfo=None) - newest < timedelta(minutes=30)
    assert len(rows(past_minutes_start=60, past_minutes_end=0)) > 10
    assert len(rows(past_minutes_start=1440, past_minutes_end=0)) > 150
    today = f"{NOW:%Y-%m-%d}"
    assert rows(start_date=today, end_date=today, time_zone="UTC")


def test_weekends_are_quieter(all_rows: list[dict[str, Any]]) -> None:
    days = Counter(datetime.fromisoformat(row["session_start"]).weekday() >= 5 for row in all_rows)

    assert days[True] / 2 < days[False] / 5 * 0.85


def test_places_are_many_some_unknown_some_nearly_the_same(ask: Ask) -> None:
    places = ask("D", "/api/sites/1/sessions/locations").json()["data"]
    cities = {place["city"] for place in places}

    assert len(cities) >= 40
    assert len({place["country"] for place in places}) >= 20
    assert {"Munich", "München"} <= cities
    assert len([place for place in places if place["city"] == "Berlin"]) == 2
    unknown = next(place for place in places if place["country"] == "\0\0")
    assert (unknown["lat"], unknown["lon"], unknown["city"]) == (0, 0, "")
    assert unknown["count"] > 100


def test_channels_agree_with_their_tags(all_rows: list[dict[str, Any]]) -> None:
    media = {
        "Paid Search": "cpc",
        "Email": "email",
        "Paid Social": "paid_social",
        "Affiliate": "affiliate",
        "Display": "display",
    }
    channels = Counter(row["channel"] for row in all_rows)

    assert {"Direct", "Organic Search", "Organic Social", "Referral", *media} <= set(channels)
    for row in all_rows:
        if row["channel"] in media:
            assert row["utm_medium"] == media[row["channel"]]


def test_visitor_written_text_is_hostile_in_many_fields(
    ask: Ask, all_rows: list[dict[str, Any]]
) -> None:
    def text_of(name: str) -> str:
        return " ".join(str(row[name]) for row in all_rows)

    for name in ("utm_campaign", "tag", "identified_user_id"):
        assert any(word in text_of(name).lower() for word in ("ignore", "disregard"))
    assert "<script>" in text_of("utm_medium")
    assert "DROP TABLE" in text_of("browser")
    titled = ask(
        "D",
        "/api/sites/1/sessions",
        filters=[{"parameter": "page_title", "type": "contains", "value": ["Ignore all previous"]}],
    ).json()["data"]
    assert len(titled) == 1
    detail = ask("D", f"/api/sites/1/sessions/{titled[0]['session_id']}").json()["data"]
    assert detail["events"][0]["page_title"].startswith("Ignore all previous instructions")
