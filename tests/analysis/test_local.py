"""The local engine: what it asks for, what it says that the numbers rest on, and what it keeps."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import anyio
import pytest

from rybbit_mcp.analysis.comparison import other_window
from rybbit_mcp.analysis.local import LocalEngine
from rybbit_mcp.analysis.local_cache import StoreCache
from rybbit_mcp.analysis.outcome import Outcome
from rybbit_mcp.analysis.specification import EventCondition, Specification
from rybbit_mcp.api.errors import (
    BadRequestError,
    NotFoundError,
    RateLimitedError,
    RequestTimeoutError,
    UnexpectedBodyError,
)
from rybbit_mcp.api.filters import Filter
from rybbit_mcp.api.parameters import Conditions
from rybbit_mcp.api.window import resolve_window
from tests.analysis.fake_site import DAY, NOW, PAST, FakeSite, event, visit

pytestmark = pytest.mark.anyio
BY_CHANNEL = Specification(DAY, group_by=("channel",), metrics=("sessions",))
SIGNUP = EventCondition("event", "signup")


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rybbit_mcp.analysis.local_paging.PAGE_SIZE", 10)
    monkeypatch.setattr("rybbit_mcp.analysis.local_members.PAGE_SIZE", 10)


class Asker:
    """An engine over a fake site, with a clock that only the test moves."""

    def __init__(self, site: FakeSite, **options: Any) -> None:
        self.site = site
        self.now = NOW
        self.told: list[tuple[int, int | None, str]] = []
        self.engine = LocalEngine(site, clock=lambda: self.now, **options)

    async def __call__(self, specification: Specification, **bounds: Any) -> Outcome:
        return await self.engine.run(specification, "1", progress=self._report, **bounds)

    async def _report(self, done: int, total: int | None, message: str) -> None:
        self.told.append((done, total, message))


def visits(count: int, **changes: Any) -> list[dict[str, Any]]:
    return [visit(number, **changes) for number in range(count)]


def counted(outcome: Outcome) -> dict[str, int]:
    return {" / ".join(group.key): group.session_count for group in outcome.groups}


async def test_all_visits_are_counted_and_the_basis_says_so() -> None:
    outcome = await Asker(FakeSite(visits(57), notes=("city was applied here",)))(BY_CHANNEL)

    assert counted(outcome) == {"Direct": 29, "Referral": 28}
    assert outcome.total.session_count == 57
    assert outcome.group_count == 2
    basis = outcome.basis
    assert (basis.engine, basis.session_count, basis.is_whole) == ("local", 57, True)
    assert basis.notes == ("city was applied here",)
    assert (basis.cut, basis.detail_count, basis.detail_of) == ("", None, None)


async def test_no_visits_are_an_answer_too() -> None:
    outcome = await Asker(FakeSite([]))(BY_CHANNEL)

    assert (outcome.groups, outcome.total.session_count, outcome.basis.is_whole) == ((), 0, True)


async def test_a_cut_says_what_was_seen_and_what_to_do() -> None:
    window = resolve_window(now=NOW, zone="Europe/Prague", period="2h")
    asked = replace(BY_CHANNEL, window=window)

    outcome = await Asker(FakeSite(visits(700)))(asked, max_sessions=360)

    assert not outcome.basis.is_whole
    assert outcome.basis.session_count == 360
    assert outcome.basis.cut == (
        "the newest 360 visits were read, back to 2026-11-24 12:00 (50 % of the period). "
        "Raise max_sessions, or ask for a shorter period."
    )


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            RateLimitedError("The key is throttled.", "Wait a minute."),
            "Then: The key is throttled.",
        ),
        (RequestTimeoutError("The server is slow.", "Try again."), "Then: The server is slow. Try"),
    ],
)
async def test_a_refusal_in_the_middle_is_told_with_its_hint(error: Any, words: str) -> None:
    site = FakeSite(visits(100))

    def refuse(number: int) -> None:
        if number == 3:
            raise error

    site.on_page = refuse

    outcome = await Asker(site)(BY_CHANNEL)

    assert outcome.total.session_count == 20
    assert words in outcome.basis.cut


async def test_few_calls_left_are_told_of() -> None:
    outcome = await Asker(FakeSite(visits(1000), budget=4))(BY_CHANNEL)

    assert "The key may make few more calls" in outcome.basis.cut
    assert outcome.basis.session_count == outcome.total.session_count


async def test_rows_that_do_not_match_are_noted() -> None:
    site = FakeSite(visits(20), has_checks=True)
    site.keeps = lambda row: row["channel"] == "Direct"

    outcome = await Asker(site)(BY_CHANNEL)

    assert outcome.total.session_count == 10
    assert outcome.basis.notes == ("not all that the server sent matches: 10 left out",)


async def test_many_groups_are_cut_to_the_largest_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rybbit_mcp.analysis.local.MOST_GROUPS", 2)
    rows = [visit(number, country="ABCCDDDEEEE"[number]) for number in range(11)]

    outcome = await Asker(FakeSite(rows))(replace(BY_CHANNEL, group_by=("country",)))

    assert counted(outcome) == {"E": 4, "D": 3}
    assert (outcome.group_count, outcome.total.session_count) == (5, 11)


@pytest.mark.parametrize("bounds", [{"max_sessions": 0}, {"max_details": -1}])
async def test_bounds_that_make_no_sense_are_refused(bounds: dict[str, int]) -> None:
    with pytest.raises(BadRequestError):
        await Asker(FakeSite([]))(BY_CHANNEL, **bounds)


async def test_a_wrong_specification_is_refused_before_anything_is_asked() -> None:
    site = FakeSite(visits(5))

    with pytest.raises(BadRequestError, match="no dimension"):
        await Asker(site)(replace(BY_CHANNEL, group_by=("chanel",)))
    assert (site.calls, site.asked) == ([], [])


# what is kept


async def test_a_second_question_over_the_same_visits_pages_nothing() -> None:
    ask = Asker(FakeSite(visits(57)))
    await ask(BY_CHANNEL)
    before = list(ask.site.calls)
    ask.now += timedelta(seconds=59)
    again = resolve_window(now=ask.now, zone="UTC", period="today")

    outcome = await ask(replace(BY_CHANNEL, window=again, group_by=("country",)))

    assert ask.site.calls == before
    assert counted(outcome) == {"DE": 57}


@pytest.mark.parametrize(
    ("window", "lasts"), [(DAY, timedelta(seconds=60)), (PAST, timedelta(minutes=10))]
)
async def test_visits_are_believed_for_a_while_only(window: Any, lasts: timedelta) -> None:
    ask = Asker(FakeSite(visits(5)))
    asked = replace(BY_CHANNEL, window=window)
    await ask(asked)
    ask.now += lasts - timedelta(seconds=1)
    await ask(asked)
    assert len(ask.site.calls) == 1

    ask.now += timedelta(seconds=1)
    await ask(asked)

    assert len(ask.site.calls) == 2


@pytest.mark.parametrize(
    "other",
    [
        replace(BY_CHANNEL, window=PAST),
        replace(BY_CHANNEL, conditions=Conditions(min_pageviews=2)),
        replace(BY_CHANNEL, window=resolve_window(now=NOW, zone="Asia/Tokyo", period="today")),
        replace(BY_CHANNEL, window=resolve_window(now=NOW, zone="UTC", period="24h")),
        replace(BY_CHANNEL, window=resolve_window(now=NOW, zone="UTC", period="all")),
    ],
)
async def test_other_visits_are_read_anew(other: Specification) -> None:
    ask = Asker(FakeSite(visits(5)))
    await ask(BY_CHANNEL)

    await ask(other)

    assert len(ask.site.calls) == 2


async def test_the_zone_of_groups_does_not_matter_to_minutes() -> None:
    ask = Asker(FakeSite(visits(5)))
    for zone in ("UTC", "Asia/Tokyo"):
        window = resolve_window(now=ask.now, zone=zone, period="24h")
        await ask(replace(BY_CHANNEL, window=window, group_by=("hour",)))

    assert len(ask.site.calls) == 1


@pytest.mark.parametrize("compare", ["previous_period", "yesterday"])
async def test_a_part_of_a_period_is_not_taken_for_a_longer_part(compare: str) -> None:
    ask = Asker(FakeSite(visits(5)))
    for minutes in (0, 9):
        ask.now = NOW + timedelta(minutes=minutes)
        today = resolve_window(now=ask.now, zone="UTC", period="today")
        await ask(replace(BY_CHANNEL, window=other_window(today, compare, ask.now)))

    assert len(ask.site.calls) == 2


async def test_a_stretch_that_goes_on_is_read_once_in_a_minute() -> None:
    ask = Asker(FakeSite(visits(5)))
    for seconds in (0, 50):
        ask.now = NOW + timedelta(seconds=seconds)
        window = resolve_window(
            now=ask.now, zone="UTC", period="2026-11-24T10:00..2026-11-24T20:00"
        )
        await ask(replace(BY_CHANNEL, window=window))

    assert len(ask.site.calls) == 1


async def test_what_was_read_for_an_earlier_question_says_when() -> None:
    ask = Asker(FakeSite(visits(5)))
    first = await ask(BY_CHANNEL)
    ask.now += timedelta(seconds=40)
    second = await ask(BY_CHANNEL)
    ask.now += timedelta(seconds=40)
    third = await ask(BY_CHANNEL)

    assert first.basis.read_at is None
    assert second.basis.read_at == NOW
    assert third.basis.read_at is None


async def test_engines_share_a_cache_and_never_the_visits_of_another_key() -> None:
    site, cache = FakeSite(visits(5)), StoreCache()
    for identity in ("a", "b", "a"):
        await Asker(site, identity=identity, cache=cache)(BY_CHANNEL)

    assert len(site.calls) == 2


async def test_more_visits_than_were_kept_are_read_anew_and_fewer_are_not() -> None:
    ask = Asker(FakeSite(visits(100)))
    await ask(BY_CHANNEL, max_sessions=20)
    first = len(ask.site.calls)

    await ask(BY_CHANNEL, max_sessions=10)
    assert len(ask.site.calls) == first
    outcome = await ask(BY_CHANNEL, max_sessions=1000)
    assert outcome.total.session_count == 100
    read = len(ask.site.calls)
    await ask(BY_CHANNEL, max_sessions=10**6)
    assert len(ask.site.calls) == read


async def test_no_more_stores_are_kept_than_allowed() -> None:
    ask = Asker(FakeSite(visits(5)), cache=StoreCache(most_stores=2))
    windows = [
        resolve_window(now=NOW, zone="UTC", period=period) for period in ("today", "2d", "3d")
    ]
    for window in (*windows, windows[1], windows[0]):
        await ask(replace(BY_CHANNEL, window=window))

    assert len(ask.site.calls) == 4


async def test_a_store_larger_than_allowed_answers_and_is_not_kept() -> None:
    ask = Asker(FakeSite(visits(5)), cache=StoreCache(most_bytes=1))

    assert (await ask(BY_CHANNEL)).total.session_count == 5
    assert (await ask(BY_CHANNEL)).total.session_count == 5
    assert len(ask.site.calls) == 2


async def test_a_cancelled_question_leaves_nothing_behind() -> None:
    ask = Asker(FakeSite(visits(100)))
    with anyio.CancelScope() as scope:
        ask.site.on_page = lambda number: scope.cancel() if number == 4 else None
        await ask(BY_CHANNEL)
    assert scope.cancelled_caught
    ask.site.on_page = lambda _: None
    ask.site.calls.clear()

    outcome = await ask(BY_CHANNEL)

    assert outcome.total.session_count == 100
    assert ask.site.calls[0] == "page 1/10"


async def test_a_failed_question_leaves_nothing_behind() -> None:
    ask = Asker(FakeSite(visits(100)))

    def refuse(number: int) -> None:
        raise UnexpectedBodyError("no Rybbit")

    ask.site.on_page = refuse
    with pytest.raises(UnexpectedBodyError):
        await ask(BY_CHANNEL)
    ask.site.on_page = lambda _: None

    assert (await ask(BY_CHANNEL)).total.session_count == 100


async def test_what_a_failing_server_left_out_is_asked_again() -> None:
    ask = Asker(FakeSite(visits(100)))

    def fail(number: int) -> None:
        if number == 3:
            raise RequestTimeoutError("slow")

    ask.site.on_page = fail
    assert (await ask(BY_CHANNEL)).total.session_count == 20
    ask.site.on_page = lambda _: None

    assert (await ask(BY_CHANNEL)).total.session_count == 100


async def test_what_a_limit_cut_is_not_believed_for_long() -> None:
    ask = Asker(FakeSite(visits(100), budget=4))
    asked = replace(BY_CHANNEL, window=PAST)
    assert (await ask(asked)).total.session_count < 100
    ask.site.budget = None
    assert (await ask(asked)).total.session_count < 100
    ask.now += timedelta(seconds=60)

    assert (await ask(asked)).total.session_count == 100


async def test_what_was_forgotten_is_read_anew() -> None:
    ask = Asker(FakeSite(visits(5)))
    await ask(BY_CHANNEL)

    ask.engine.forget()

    assert (await ask(BY_CHANNEL)).total.session_count == 5
    assert len(ask.site.calls) == 2


async def test_two_questions_at_once_read_the_visits_once() -> None:
    ask = Asker(FakeSite(visits(57)))
    outcomes: list[Outcome] = []

    async def run(dimension: str) -> None:
        outcomes.append(await ask(replace(BY_CHANNEL, group_by=(dimension,))))

    async with anyio.create_task_group() as group:
        group.start_soon(run, "channel")
        group.start_soon(run, "country")

    assert [outcome.total.session_count for outcome in outcomes] == [57, 57]
    assert ask.site.calls.count("page 2/10") == 1


# events


def at(number: int, seconds: int = 0) -> str:
    """A time within the visit of this number, which lasts a minute."""
    start = NOW - timedelta(seconds=10 * number + 60)
    return f"{start + timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S}"


def signing_up(count: int, every: int) -> FakeSite:
    """Every so manyth visit has three pageviews and a sign-up between them."""
    site = FakeSite(visits(count))
    for number in range(0, count, every):
        site.rows[number] |= {"pageviews": 3, "events": 1, "entry_page": "/", "exit_page": "/end"}
        site.details[site.rows[number]["session_id"]] = (
            event("pageview", at(number), pathname="/"),
            event("pageview", at(number, 20), pathname="/form"),
            event(
                "custom_event",
                at(number, 30),
                event_name="signup",
                props={"plan": ("free", "pro")[number % 2], "price": number},
            ),
            event("pageview", at(number, 60), pathname="/end"),
        )
    site.names["signup"] = set(site.details)
    return site


def of_events(*group_by: str, **options: Any) -> Specification:
    return Specification(DAY, group_by=group_by, metrics=("sessions",), **options)


def details_read(site: FakeSite) -> list[str]:
    return [call for call in site.calls if not call.startswith("page ")]


async def test_only_visits_with_custom_events_are_read_for_their_names() -> None:
    ask = Asker(signing_up(30, 5))

    outcome = await ask(of_events("event_name"))

    assert counted(outcome) == {"signup": 6}
    assert outcome.total.session_count == 30
    assert sorted(details_read(ask.site)) == sorted(ask.site.details)
    assert (outcome.basis.detail_count, outcome.basis.detail_of) == (6, 6)
    assert outcome.basis.is_whole


async def test_events_are_read_newest_visit_first_and_told_of() -> None:
    ask = Asker(signing_up(60, 1))

    await ask(of_events("event_name"))

    read = details_read(ask.site)
    assert read[0] == "visit-00000"
    assert [int(one[-5:]) // 10 for one in read] == sorted(int(one[-5:]) // 10 for one in read)
    last = ask.told[-1]
    assert last[:2] == (120, 120)
    assert last[2] == "60 of 60 visits read event by event"
    assert [done for done, _, _ in ask.told] == sorted(done for done, _, _ in ask.told)


async def test_pages_of_short_visits_are_known_from_their_rows() -> None:
    site = FakeSite(
        [
            visit(0, pageviews=1, entry_page="/a", exit_page="/a"),
            visit(1, pageviews=2, entry_page="/a", exit_page="/b"),
            visit(2, pageviews=0, events=4, entry_page="", exit_page=""),
            visit(3, pageviews=2, entry_page="/c", exit_page="/c"),
        ]
    )
    ask = Asker(site)

    pages = await ask(replace(of_events("page"), metrics=("sessions", "occurrences")))
    paths = await ask(of_events("path"))

    assert details_read(site) == []
    assert {group.key[0]: group.values for group in pages.groups} == {
        "/a": (2, 2),
        "/b": (1, 1),
        "/c": (1, 2),
    }
    assert counted(paths) == {"/a": 1, "/a > /b": 1, "": 1, "/c": 1}
    assert (paths.basis.detail_count, paths.basis.detail_of) == (0, 0)


async def test_longer_visits_are_read_for_their_pages() -> None:
    ask = Asker(signing_up(12, 4))

    outcome = await ask(of_events("path"))

    assert counted(outcome) == {"/": 9, "/ > /form > /end": 3}
    assert len(details_read(ask.site)) == 3


async def test_a_bound_on_reading_narrows_the_numbers_to_where_all_is_known() -> None:
    """40 visits, each with a sign-up; the ten newest are read."""
    ask = Asker(signing_up(40, 1))

    outcome = await ask(of_events("event_name"), max_details=10)

    assert counted(outcome) == {"signup": 10}
    assert outcome.total.session_count == outcome.basis.session_count == 10
    assert (outcome.basis.detail_count, outcome.basis.detail_of) == (10, 40)
    assert outcome.basis.cut == (
        "events were read of 10 of 40 visits, so only visits that ended after 2026-11-24 11:58 "
        "count (less than 1 % of the period). Raise max_details, or ask for a shorter period."
    )


async def test_events_read_before_are_not_read_again() -> None:
    ask = Asker(signing_up(40, 1))
    await ask(of_events("event_name"), max_details=10)
    ask.site.calls.clear()

    await ask(of_events("prop:plan"), max_details=10)
    assert ask.site.calls == []
    outcome = await ask(of_events("prop:plan"), max_details=15)

    assert len(ask.site.calls) == 5
    assert counted(outcome) == {"free": 8, "pro": 7}


async def test_without_any_reading_the_numbers_are_those_of_the_newest_decided_visits() -> None:
    site = signing_up(40, 40)
    site.rows[0], site.rows[20] = (
        visit(0),
        site.rows[0] | {"session_id": "late", "session_end": visit(20)["session_end"]},
    )

    outcome = await Asker(site)(of_events("event_name"), max_details=0)

    assert details_read(site) == []
    assert outcome.total.session_count == 20
    assert not outcome.basis.is_whole


async def test_calls_left_bound_the_reading_of_events_too() -> None:
    site = signing_up(40, 1)
    site.budget = 15
    ask = Asker(site)

    outcome = await ask(of_events("event_name"))

    assert site.budget == 0
    assert 0 < outcome.total.session_count < 40
    assert "The key may make few more calls" in outcome.basis.cut
    assert any("calls may be made: the newest are read" in message for _, _, message in ask.told)


async def test_a_refusal_while_events_are_read_leaves_what_is_known() -> None:
    site = signing_up(40, 1)

    def refuse(session_id: str) -> None:
        if session_id == "visit-00012":
            raise RateLimitedError("The key is throttled.", "Wait.")

    site.on_detail = refuse

    outcome = await Asker(site)(of_events("event_name"))

    assert counted(outcome) == {"signup": 12}
    assert "Then: The key is throttled. Wait." in outcome.basis.cut


async def test_a_visit_that_is_gone_counts_without_events() -> None:
    site = signing_up(20, 1)

    def gone(session_id: str) -> None:
        if session_id == "visit-00003":
            raise NotFoundError("gone", what="session")

    site.on_detail = gone

    outcome = await Asker(site)(of_events("event_name"))

    assert (counted(outcome), outcome.total.session_count) == ({"signup": 19}, 20)
    assert outcome.basis.notes == ("1 visit was gone when its events were asked for",)


async def test_an_answer_that_is_not_rybbits_ends_the_question() -> None:
    site = signing_up(20, 1)

    def refuse(session_id: str) -> None:
        raise UnexpectedBodyError("no Rybbit")

    site.on_detail = refuse

    with pytest.raises(UnexpectedBodyError):
        await Asker(site)(of_events("event_name"))


async def test_cancelling_while_events_are_read_keeps_the_visits() -> None:
    ask = Asker(signing_up(40, 1))
    with anyio.CancelScope() as scope:
        ask.site.on_detail = lambda one: scope.cancel() if one == "visit-00030" else None
        await ask(of_events("event_name"))
    assert scope.cancelled_caught
    ask.site.on_detail = lambda _: None
    ask.site.calls.clear()

    outcome = await ask(of_events("event_name"))

    assert counted(outcome) == {"signup": 40}
    assert not any(call.startswith("page") for call in ask.site.calls)
    assert len(ask.site.calls) < 40


async def test_parts_of_a_visit_beyond_its_row_are_left_out() -> None:
    """A visit across midnight: its detail tells all of it, its row the part inside."""
    site = signing_up(1, 1)
    outside = [
        event("custom_event", "2026-11-23 23:59:59", event_name="before"),
        event(
            "custom_event", f"{NOW + timedelta(seconds=1):%Y-%m-%d %H:%M:%S}", event_name="after"
        ),
        event("performance", at(0, 5), event_name="vitals"),
    ]
    site.details["visit-00000"] = (*site.details["visit-00000"], *outside)

    outcome = await Asker(site)(of_events("event_name"))

    assert counted(outcome) == {"signup": 1}


async def test_who_converted_is_told_by_one_list_instead_of_many_visits() -> None:
    ask = Asker(signing_up(60, 3))

    outcome = await ask(of_events("converted", converted_by="signup"))

    assert counted(outcome) == {"no": 40, "yes": 20}
    assert details_read(ask.site) == []
    assert outcome.basis.is_whole
    assert Filter(parameter="event_name", value=("signup",)) in ask.site.asked[-1]


async def test_visits_with_errors_are_read_all_the_same() -> None:
    """A server's filter finds the name of an error too."""
    site = signing_up(60, 3)
    site.rows[0] |= {"errors": 1}
    site.details["visit-00000"] = (event("error", at(0), event_name="signup"),)
    site.rows[3] |= {"errors": 1}

    outcome = await Asker(site)(of_events("converted", converted_by="signup"))

    assert counted(outcome) == {"no": 41, "yes": 19}
    assert sorted(details_read(site)) == ["visit-00000", "visit-00003"]


async def test_few_visits_are_rather_read() -> None:
    ask = Asker(signing_up(10, 3))

    outcome = await ask(of_events("converted", converted_by="signup"))

    assert counted(outcome) == {"no": 6, "yes": 4}
    assert len(details_read(ask.site)) == 4


async def test_visits_with_an_event_are_asked_of_the_server() -> None:
    site = signing_up(60, 3)
    ask = Asker(site)

    outcome = await ask(of_events("channel", events=(SIGNUP,)))

    assert counted(outcome) == {"Direct": 10, "Referral": 10}
    assert site.asked == [(Filter(parameter="event_name", value=("signup",)),)]
    assert details_read(site) == []


async def test_visits_without_an_event_are_told_by_a_list_of_those_with_it() -> None:
    site = signing_up(60, 3)

    outcome = await Asker(site)(of_events("channel", events=(replace(SIGNUP, is_present=False),)))

    assert outcome.total.session_count == 40
    assert details_read(site) == []


@pytest.mark.parametrize("name", ["404", " ", "-1", "Infinity"])
async def test_names_that_servers_show_as_numbers_are_not_asked_for(name: str) -> None:
    site = signing_up(30, 3)
    condition = EventCondition("event", name)

    outcome = await Asker(site)(of_events("channel", events=(condition,)))

    assert outcome.total.session_count == 0
    assert site.asked == [()]


async def test_a_filter_on_events_is_not_joined_by_another_one() -> None:
    other = Filter(parameter="event_name", value=("signup",))
    site = signing_up(30, 3)

    await Asker(site)(
        of_events("channel", events=(EventCondition("event", "buy"),), filters=(other,))
    )

    assert site.asked == [(other,)]


async def test_a_server_that_cannot_filter_by_page_is_asked_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = signing_up(12, 3)
    condition = EventCondition("page", "/form")
    whole = site.bulk

    async def bulk(*arguments: Any, **options: Any) -> FakeSite:
        if options["filters"]:
            raise BadRequestError("no pathname here")
        return await whole(*arguments, **options)

    monkeypatch.setattr(site, "bulk", bulk)
    outcome = await Asker(site)(of_events("channel", events=(condition,)))

    assert outcome.total.session_count == 4


async def test_what_came_before_an_event_needs_only_visits_that_have_it() -> None:
    site = signing_up(60, 3)
    for number in range(1, 60, 3):
        site.rows[number] |= {"pageviews": 7, "events": 2}

    outcome = await Asker(site)(of_events("page", anchor=SIGNUP, span="before"))

    assert counted(outcome) == {"/": 20, "/form": 20}
    assert sorted(details_read(site)) == sorted(site.names["signup"])


async def test_numbers_of_a_property_are_exact_over_what_was_read() -> None:
    ask = Asker(signing_up(12, 3))
    asked = replace(of_events(), metrics=("sessions", "sum:price", "mean:price"))

    outcome = await ask(asked)

    assert outcome.total.values == (12, 18, 4.5)


async def test_the_window_of_a_past_period_is_named_in_its_zone() -> None:
    moved = datetime(2026, 11, 21, 12, 0, tzinfo=NOW.tzinfo)
    site = FakeSite([visit(number, moved) for number in range(100)])

    outcome = await Asker(site)(replace(BY_CHANNEL, window=PAST), max_sessions=50)

    assert "back to 2026-11-21 12:51" in outcome.basis.cut


def test_importing_the_engine_loads_neither_database_nor_sql() -> None:
    code = (
        "import sys, rybbit_mcp.analysis.local\n"
        "print({'duckdb', 'sqlglot'} & {name.partition('.')[0] for name in sys.modules})"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"
