"""Windows: what the arguments of a tool mean, and how each generation is told."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rybbit_mcp.api.errors import BadRequestError, UnsupportedError
from rybbit_mcp.api.generations import GENERATIONS, Generation
from rybbit_mcp.api.parameters import window_parameters
from rybbit_mcp.api.window import Window, _canonical_zone, canonical_zone, resolve_window

NOW = datetime(2026, 11, 24, 11, 30, 15, 500_000, tzinfo=UTC)  # a Tuesday
ZONES = st.sampled_from(sorted(available_timezones() - {"localtime", "Factory"}))


def window(period: str = "", zone: str = "UTC", now: datetime = NOW, **given_: Any) -> Window:
    return resolve_window(now=now, zone=zone, period=period, **given_)


def refused(period: str = "", zone: str = "UTC", now: datetime = NOW, **given_: Any) -> str:
    with pytest.raises(BadRequestError) as error:
        window(period, zone, now, **given_)
    assert error.value.hint.endswith((".", "?"))
    return str(error.value)


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("", "2026-11-18", "2026-11-24"),
        ("7d", "2026-11-18", "2026-11-24"),
        (" 7 D ", "2026-11-18", "2026-11-24"),
        ("1d", "2026-11-24", "2026-11-24"),
        ("2w", "2026-11-11", "2026-11-24"),
        ("today", "2026-11-24", "2026-11-24"),
        ("Yesterday", "2026-11-23", "2026-11-23"),
        ("this_week", "2026-11-23", "2026-11-24"),
        ("last_week", "2026-11-16", "2026-11-22"),
        ("this_month", "2026-11-01", "2026-11-24"),
        ("last_month", "2026-10-01", "2026-10-31"),
        ("2026-02", "2026-02-01", "2026-02-28"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2026-11", "2026-11-01", "2026-11-24"),
        ("2026-10-15", "2026-10-15", "2026-10-15"),
        ("2026-10-01..2026-10-31", "2026-10-01", "2026-10-31"),
        ("2026-10-01 .. 2026-10-31", "2026-10-01", "2026-10-31"),
        ("2026-11-20..2300-01-01", "2026-11-20", "2026-11-24"),
        ("2026-11-20..9999-12-31", "2026-11-20", "2026-11-24"),
        ("1960-01-01..2026-11-24", "1970-01-01", "2026-11-24"),
    ],
)
def test_a_period_is_these_days(period: str, first: str, last: str) -> None:
    got = window(period)

    assert (got.kind, str(got.start_on), str(got.end_on)) == ("days", first, last)
    assert got.start_at == datetime.fromisoformat(f"{first}T00:00:00+00:00")
    day_after = datetime.fromisoformat(f"{last}T00:00:00+00:00") + timedelta(days=1)
    assert got.end_at == min(day_after, NOW)


@pytest.mark.parametrize(
    ("period", "minutes"), [("90m", 90), ("24h", 1440), ("1H", 60), ("8784h", 527_040)]
)
def test_hours_and_minutes_count_back_from_now(period: str, minutes: int) -> None:
    got = window(period, "Europe/Berlin")

    assert (got.kind, got.minutes) == ("minutes", minutes)
    assert (got.start_at, got.end_at) == (NOW - timedelta(minutes=minutes), NOW)


def test_past_minutes_is_the_same() -> None:
    assert window(past_minutes=90).minutes == window("90m").minutes


@pytest.mark.parametrize("period", ["all", "ALL"])
def test_all_has_no_bounds(period: str) -> None:
    got = window(period)

    assert (got.kind, got.start_at, got.end_at) == ("all", None, None)


@pytest.mark.parametrize(
    ("zone", "day", "hours", "begins"),
    [
        ("Europe/Berlin", "2026-10-25", 25, "2026-10-24T22:00:00+00:00"),
        ("Europe/Berlin", "2026-03-29", 23, "2026-03-28T23:00:00+00:00"),
        ("America/New_York", "2026-11-01", 25, "2026-11-01T04:00:00+00:00"),
        ("America/New_York", "2026-03-08", 23, "2026-03-08T05:00:00+00:00"),
        ("Africa/Cairo", "2026-04-24", 23, "2026-04-23T22:00:00+00:00"),
        ("Africa/Cairo", "2025-10-30", 25, "2025-10-29T21:00:00+00:00"),
        ("America/Santiago", "2026-09-06", 23, "2026-09-06T04:00:00+00:00"),
        ("America/Santiago", "2026-04-04", 25, "2026-04-04T03:00:00+00:00"),
        ("Asia/Kathmandu", "2026-05-01", 24, "2026-04-30T18:15:00+00:00"),
        ("Australia/Lord_Howe", "2026-10-04", 23.5, "2026-10-03T13:30:00+00:00"),
        ("Pacific/Apia", "2026-05-01", 24, "2026-04-30T11:00:00+00:00"),
        ("Pacific/Apia", "2011-12-31", 24, "2011-12-30T10:00:00+00:00"),
    ],
)
def test_a_day_is_as_long_as_it_is_in_its_zone(
    zone: str, day: str, hours: float, begins: str
) -> None:
    """Clocks change at midnight in Cairo and Santiago; Samoa left out a whole day."""
    got = window(day, zone)

    assert got.start_at == datetime.fromisoformat(begins)
    assert got.start_at is not None
    assert got.end_at is not None
    assert got.end_at - got.start_at == timedelta(hours=hours)


def test_a_day_that_was_left_out_is_refused() -> None:
    assert "does not exist in Pacific/Apia" in refused("2011-12-30", "Pacific/Apia")


@pytest.mark.parametrize(
    ("zone", "today"), [("Pacific/Kiritimati", "2026-11-25"), ("Pacific/Pago_Pago", "2026-11-24")]
)
def test_today_is_the_day_of_the_zone(zone: str, today: str) -> None:
    assert str(window("today", zone).start_on) == today


@pytest.mark.parametrize(
    ("now", "period", "first", "last"),
    [
        ("2026-03-31", "last_month", "2026-02-01", "2026-02-28"),
        ("2024-03-01", "last_month", "2024-02-01", "2024-02-29"),
        ("2027-01-01", "last_month", "2026-12-01", "2026-12-31"),
        ("2027-01-01", "yesterday", "2026-12-31", "2026-12-31"),
        ("2026-11-23", "this_week", "2026-11-23", "2026-11-23"),
        ("2026-11-22", "this_week", "2026-11-16", "2026-11-22"),
        ("2027-01-03", "last_week", "2026-12-21", "2026-12-27"),
    ],
)
def test_months_and_weeks_end_where_calendars_say(
    now: str, period: str, first: str, last: str
) -> None:
    got = window(period, now=datetime.fromisoformat(f"{now}T12:00:00+00:00"))

    assert (str(got.start_on), str(got.end_on)) == (first, last)


def test_exact_times_are_instants_of_the_zone() -> None:
    got = window(
        start_date="2026-10-15T09:30", end_date="2026-10-15T10:30:59.9", zone="Europe/Berlin"
    )

    assert got.kind == "instants"
    assert got.start_at == datetime(2026, 10, 15, 7, 30, tzinfo=UTC)
    assert got.end_at == datetime(2026, 10, 15, 8, 30, 59, tzinfo=UTC)


def test_an_offset_of_its_own_wins_over_the_zone() -> None:
    got = window("2026-10-15T09:30Z..2026-10-15 12:00:00+02:00", "America/New_York")

    assert got.start_at == datetime(2026, 10, 15, 9, 30, tzinfo=UTC)
    assert got.end_at == datetime(2026, 10, 15, 10, 0, tzinfo=UTC)


def test_a_day_as_the_end_of_exact_times_is_meant_whole() -> None:
    got = window(start_date="2026-10-14T09:30", end_date="2026-10-15")

    assert got.end_at == datetime(2026, 10, 16, tzinfo=UTC)


@pytest.mark.parametrize("end", ["2300-01-01T00:00", "9999-12-31", "2026-11-24T23:00"])
def test_exact_times_end_now_at_the_latest(end: str) -> None:
    got = window(start_date="2026-11-24T09:30", end_date=end)

    assert got.end_at == NOW.replace(microsecond=0) + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"period": "7d", "start_date": "2026-10-01", "end_date": "2026-10-02"}, "Keep period"),
        ({"period": "7d", "past_minutes": 5}, "Keep period"),
        ({"start_date": "2026-10-01", "past_minutes": 5}, "Keep start_date/end_date"),
        ({"start_date": "2026-10-01"}, "end_date is missing"),
        ({"end_date": "2026-10-01"}, "start_date is missing"),
        ({"start_date": "2026-10-02", "end_date": "2026-10-01"}, "Swap them"),
        ({"start_date": "2026-13-45", "end_date": "2026-10-01"}, "'2026-13-45' is not a date"),
        ({"start_date": "2026-02-30", "end_date": "2026-03-01"}, "'2026-02-30' is not a date"),
        ({"start_date": "24.11.2026", "end_date": "25.11.2026"}, "YYYY-MM-DD"),
        ({"start_date": "Today", "end_date": "Tomorrow"}, "YYYY-MM-DD"),
        ({"start_date": "2026-10-01T25:00", "end_date": "2026-10-02T00:00"}, "is not a time"),
        ({"start_date": "2026-10-02T10:00", "end_date": "2026-10-02T10:00"}, "not after"),
        ({"start_date": "2027-01-01T00:00", "end_date": "2027-01-02T00:00"}, "in the future"),
        ({"period": "2026-11-25"}, "in the future"),
        ({"period": "2027-01"}, "in the future"),
        ({"period": "1969-12-31"}, "before any visit"),
        ({"period": "2026-13"}, "not a date"),
        ({"period": "0d"}, "is empty"),
        ({"period": "0h"}, "is empty"),
        ({"period": "99999d"}, "too long"),
        ({"period": "9000h"}, "out of range"),
        ({"past_minutes": -5}, "out of range"),
        ({"past_minutes": 10**12}, "out of range"),
        ({"period": "fortnight"}, "is not a period"),
        ({"period": "7d..today"}, "not a date"),
        ({"period": "..2026-10-01"}, "not a date"),
        ({"period": "-7d"}, "is not a period"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_way_out(
    arguments: dict[str, Any], said: str
) -> None:
    assert said in refused(**arguments)


@pytest.mark.parametrize(
    ("written", "zone"),
    [
        ("europe/berlin", "Europe/Berlin"),
        ("AMERICA/NEW_YORK", "America/New_York"),
        (" Europe/Prague ", "Europe/Prague"),
        ("utc", "UTC"),
        ("EST", "EST"),
        ("US/Pacific", "US/Pacific"),
        ("etc/gmt+5", "Etc/GMT+5"),
    ],
)
def test_a_zone_is_found_in_any_capitals(written: str, zone: str) -> None:
    """Servers fail on `europe/berlin`."""
    assert canonical_zone(written) == zone


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Mars/Olympus", "IANA"),
        ("+02:00", "IANA"),
        ("", "IANA"),
        ("../../etc/passwd", "IANA"),
        ("Berlin", "Europe/Berlin"),
        ("Europe/Berln", "Europe/Berlin"),
        ("prague", "Europe/Prague"),
        ("localtime", "IANA"),
    ],
)
def test_an_unknown_zone_is_refused_with_the_nearest(written: str, said: str) -> None:
    """Servers up to 2.6 read an unknown zone as all time."""
    with pytest.raises(BadRequestError) as error:
        canonical_zone(written)

    assert said in str(error.value)


@given(
    st.text(max_size=30) | st.from_regex(r"[\d.\-T:hdmw ]{0,24}", fullmatch=True),
    st.text(max_size=12) | st.from_regex(r"\d{4}-\d\d-\d\d(T\d\d:\d\d)?", fullmatch=True),
    ZONES,
)
def test_any_text_is_a_window_or_one_refusal(period: str, day: str, zone: str) -> None:
    for first, last, named in (("", "", period), (day, period, "")):
        try:
            got = resolve_window(now=NOW, zone=zone, period=named, start_date=first, end_date=last)
        except BadRequestError:
            continue
        check_sound(got, NOW)


@given(
    st.integers(1_325_376_000, 1_893_456_000).map(lambda s: datetime.fromtimestamp(s, UTC)),
    ZONES,
    st.sampled_from(
        ["7d", "3w", "today", "yesterday", "this_week", "last_week", "this_month", "last_month"]
    ),
)
def test_named_days_are_sound_at_any_time_in_any_zone(
    now: datetime, zone: str, period: str
) -> None:
    got = resolve_window(now=now, zone=zone, period=period)

    check_sound(got, now)
    assert got.start_on is not None
    assert got.end_on is not None
    assert got.end_on <= now.astimezone(ZoneInfo(zone)).date()
    assert got.start_at is not None
    assert got.start_at.astimezone(ZoneInfo(zone)).date() == got.start_on


@given(st.dates(date(1971, 1, 1), date(2026, 11, 23)), ZONES)
def test_days_join_without_gap_or_overlap(day: date, zone: str) -> None:
    try:
        first = resolve_window(now=NOW, zone=zone, period=str(day))
        second = resolve_window(now=NOW, zone=zone, period=str(day + timedelta(days=1)))
    except BadRequestError as error:  # a day that the zone left out, or not begun there
        known = re.search("does not exist|in the future", str(error))
        assert known
        return
    assert second.start_at is not None
    assert first.end_at == min(second.start_at, NOW)


def check_sound(got: Window, now: datetime) -> None:
    if got.kind == "all":
        return
    assert got.start_at is not None
    assert got.end_at is not None
    assert got.start_at.tzinfo is UTC
    assert got.end_at.tzinfo is UTC
    assert got.start_at <= got.end_at <= now + timedelta(seconds=1)
    assert (got.kind == "days") == (got.start_on is not None)
    assert (got.kind == "minutes") == (got.minutes > 0)
    if got.kind == "instants":
        assert got.start_at.microsecond == got.end_at.microsecond == 0


MODES = {
    "days": {"start_date", "end_date"},
    "minutes": {"past_minutes_start", "past_minutes_end"},
    "instants": {"start_datetime", "end_datetime"},
}
OLD = {"startDate", "endDate", "timeZone", "pastMinutesStart", "pastMinutesEnd"}
WINDOWS = [
    window("7d", "Europe/Berlin"),
    window("90m", "Europe/Berlin"),
    window("2026-10-15T09:30..2026-10-15T10:30", "Europe/Berlin"),
]


@pytest.mark.parametrize("generation", GENERATIONS.values(), ids=lambda g: g.name)
@pytest.mark.parametrize("asked", WINDOWS, ids=lambda w: w.kind)
def test_exactly_one_time_mode_is_sent_and_the_zone_with_it(
    asked: Window, generation: Generation
) -> None:
    if asked.kind == "instants" and generation.name in "AB":
        with pytest.raises(UnsupportedError, match="cannot select exact times"):
            window_parameters(asked, generation)
        return
    sent = window_parameters(asked, generation)

    assert set(sent) - OLD == MODES[asked.kind] | {"time_zone"}
    assert sent["time_zone"] == "Europe/Berlin"
    if generation.has_site_routes:
        assert not OLD & set(sent)
        return
    for name, value in sent.items():
        old = re.sub(r"_(\w)", lambda m: m[1].upper(), name)
        assert sent[old] == value


def test_all_time_sends_nothing() -> None:
    assert window_parameters(window("all"), GENERATIONS["A"]) == {}


def test_exact_times_are_written_without_fractions_in_utc() -> None:
    """2.6 reads times with milliseconds as all time."""
    sent = window_parameters(WINDOWS[2], GENERATIONS["C"])

    assert sent["start_datetime"] == "2026-10-15 07:30:00"
    assert sent["end_datetime"] == "2026-10-15 08:30:00"


def test_minutes_end_now() -> None:
    sent = window_parameters(WINDOWS[1], GENERATIONS["D"])

    assert (sent["past_minutes_start"], sent["past_minutes_end"]) == ("90", "0")


def test_zones_that_nobody_has_twice_do_not_pile_up() -> None:
    for number in range(20):
        assert canonical_zone(" " * number + "Europe/Prague") == "Europe/Prague"

    known = _canonical_zone.cache_info()
    assert known.hits >= 19
    assert known.maxsize is not None
