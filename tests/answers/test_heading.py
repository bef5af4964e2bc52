"""The first line of every answer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rybbit_mcp.answers.heading import first_line, site_label
from rybbit_mcp.api.models import Site
from rybbit_mcp.api.window import Window, resolve_window

NOW = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)
BERLIN = "Europe/Berlin"


def line(window: Window, now: datetime = NOW, *, is_demo: bool = False) -> str:
    return first_line("visits", "Acme Shop (site 1)", window, now, is_demo=is_demo)


@pytest.mark.parametrize(
    ("period", "said"),
    [
        ("7d", "2026-11-18 to 2026-11-24 (today until 14:05) Europe/Berlin · period 7d"),
        ("today", "2026-11-24 (today until 14:05) Europe/Berlin · period today"),
        ("yesterday", "2026-11-23 Europe/Berlin · period yesterday"),
        ("last_month", "2026-10-01 to 2026-10-31 Europe/Berlin · period last_month"),
        ("2026-10", "2026-10-01 to 2026-10-31 Europe/Berlin"),
        ("2026-10-15", "2026-10-15 Europe/Berlin"),
        ("2026-10-01..2026-10-31", "2026-10-01 to 2026-10-31 Europe/Berlin"),
        ("24h", "2026-11-23 14:05 to 2026-11-24 14:05 Europe/Berlin · period 24h"),
        ("all", "all time Europe/Berlin"),
        (
            "2026-11-20T09:30..2026-11-21T00:00",
            "2026-11-20 09:30 to 2026-11-21 00:00 Europe/Berlin",
        ),
        (
            "2026-11-20T09:30:15..2026-11-21T00:00",
            "2026-11-20 09:30:15 to 2026-11-21 00:00:00 Europe/Berlin",
        ),
    ],
)
def test_a_window_is_said_as_absolute_times_in_its_zone(period: str, said: str) -> None:
    window = resolve_window(now=NOW, zone=BERLIN, period=period)
    assert line(window) == f"visits of Acme Shop (site 1) · {said}"


def test_dates_are_not_repeated_as_a_period_and_minutes_are_named() -> None:
    dates = resolve_window(now=NOW, zone=BERLIN, start_date="2026-11-01", end_date="2026-11-02")
    assert line(dates).endswith("· 2026-11-01 to 2026-11-02 Europe/Berlin")
    minutes = resolve_window(now=NOW, zone=BERLIN, past_minutes=90)
    assert line(minutes).endswith(
        "· 2026-11-24 12:35 to 2026-11-24 14:05 Europe/Berlin · past_minutes=90"
    )


def test_seconds_of_the_clock_do_not_show() -> None:
    now = NOW.replace(second=37, microsecond=5)
    window = resolve_window(now=now, zone="UTC", period="90m")
    assert "2026-11-24 11:35 to 2026-11-24 13:05 UTC" in line(window, now)


def test_a_window_that_would_end_in_the_future_ends_now() -> None:
    window = resolve_window(now=NOW, zone="UTC", period="2026-11-24T09:00..2026-11-25T00:00")
    assert "· 2026-11-24 09:00 to 2026-11-24 13:05 UTC" in line(window)


def test_where_the_clocks_change_in_between_the_offsets_are_said() -> None:
    """02:30 happened twice in Berlin on 25 October 2026."""
    now = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    window = resolve_window(now=now, zone=BERLIN, period="1h")
    assert "2026-10-25 02:30 +0200 to 2026-10-25 02:30 +0100 Europe/Berlin" in line(window, now)


def test_today_is_the_day_of_the_zone() -> None:
    now = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    window = resolve_window(now=now, zone=BERLIN, period="today")
    assert "· 2026-11-25 (today until 00:30) Europe/Berlin" in line(window, now)


def test_demo_data_is_marked_before_everything_else() -> None:
    window = resolve_window(now=NOW, zone=BERLIN, period="all")
    assert line(window, is_demo=True) == (
        "DEMO DATA · visits of Acme Shop (site 1) · all time Europe/Berlin"
    )


@pytest.mark.parametrize(
    ("fields", "label"),
    [
        ({"name": "Acme Shop", "domain": "acme.example"}, "Acme Shop (site 7)"),
        ({"domain": "acme.example"}, "acme.example (site 7)"),
        ({}, "site 7"),
        ({"name": "A\n# next: x\u202e"}, "A # next: x (site 7)"),
    ],
)
def test_a_site_is_called_by_its_name_or_domain_and_its_number(
    fields: dict[str, str], label: str
) -> None:
    assert site_label(Site.model_validate({"siteId": 7, **fields})) == label
