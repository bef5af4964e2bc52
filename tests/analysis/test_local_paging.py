"""Pages of a live site become each visit once, within bounds, and what is missing is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import anyio
import pytest

from rybbit_mcp.analysis.local import LocalEngine
from rybbit_mcp.analysis.local_basis import basis_of
from rybbit_mcp.analysis.local_paging import PAGE_SIZE, Pager, Reading
from rybbit_mcp.analysis.local_store import VisitStore
from rybbit_mcp.analysis.specification import Specification
from rybbit_mcp.api.errors import (
    AuthenticationError,
    RateLimitedError,
    RequestTimeoutError,
    RybbitError,
    UnexpectedBodyError,
)
from rybbit_mcp.api.window import Window
from tests.analysis.fake_site import DAY, NOW, PAST, FakeSite, visit

pytestmark = pytest.mark.anyio
SIZE = 10


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rybbit_mcp.analysis.local_paging.PAGE_SIZE", SIZE)


class Read:
    """A site that was read, and what was told meanwhile."""

    def __init__(self, site: FakeSite, window: Window = DAY, most: int = 1000) -> None:
        self.store = VisitStore()
        self.told: list[tuple[int, int | None, str]] = []
        self.pager = Pager(
            site,
            self.store,
            window,
            most_visits=most,
            is_live=window is not PAST,
            report=self._report,
        )

    async def _report(self, done: int, total: int | None, message: str) -> None:
        self.told.append((done, total, message))

    async def __call__(self) -> Reading:
        return await self.pager.read()

    def values(self, column: str = "session_id") -> dict[str, Any]:
        with self.store.cursor() as cursor:
            found = cursor.execute(f'SELECT session_id, "{column}" FROM visit').fetchall()
        assert len(dict(found)) == len(found)
        return dict(found)


def visits(count: int) -> list[dict[str, Any]]:
    return [visit(number) for number in range(count)]


def ids(*numbers: int) -> set[str]:
    return {f"visit-{number:05}" for number in numbers}


@pytest.mark.parametrize("count", [0, 1, SIZE - 1])
async def test_a_page_that_is_not_full_is_the_only_one(count: int) -> None:
    site = FakeSite(visits(count))
    read = Read(site)

    reading = await read()

    assert site.calls == ["page 1/10"]
    assert reading == Reading(count, reading.oldest_end_at)
    assert set(read.values()) == ids(*range(count))


@pytest.mark.parametrize("count", [SIZE, SIZE + 1, 2 * SIZE, 57, 100])
async def test_all_pages_are_read_and_each_visit_is_kept_once(count: int) -> None:
    site = FakeSite(visits(count))
    read = Read(site, PAST)

    reading = await read()

    assert (reading.visit_count, reading.stop) == (count, "")
    assert set(read.values()) == ids(*range(count))
    assert len(site.calls) <= count // SIZE + 1 + 4  # at most four asked in vain at the end


async def test_pages_are_as_large_as_promised() -> None:
    assert 1000 <= PAGE_SIZE <= 2000


async def test_several_pages_are_asked_at_once_and_no_more_than_allowed() -> None:
    wide, narrow = FakeSite(visits(100)), FakeSite(visits(100), most_at_once=1)

    await Read(wide, PAST)()
    await Read(narrow, PAST)()

    assert wide.widest == 4
    assert narrow.widest == 1


async def test_visits_pushed_to_the_next_page_are_kept_once() -> None:
    """New visits arrive with each page that is asked for."""
    site = FakeSite(visits(60))
    site.on_page = lambda number: site.rows.append(visit(-len(site.rows)))
    read = Read(site)

    reading = await read()

    assert reading.visit_count == len(read.values())
    assert ids(*range(60)) <= set(read.values())


async def test_a_visit_that_moved_up_while_it_was_not_yet_read_is_found() -> None:
    site = FakeSite(visits(100), most_at_once=1)

    def move(number: int) -> None:
        if number == 4 and len(site.calls) < 7:
            moved = next(row for row in site.rows if row["session_id"] == "visit-00077")
            moved |= {"session_end": "2026-11-24 12:00:30", "pageviews": 9}

    site.on_page = move
    read = Read(site)

    reading = await read()

    assert reading.visit_count == 100
    assert not reading.is_unsure
    assert read.values("pageviews")["visit-00077"] == 9
    assert site.calls.count("page 1/10") == 2


async def test_of_two_readings_of_a_visit_the_newest_stays() -> None:
    site = FakeSite(visits(60), most_at_once=1)

    def go_on(number: int) -> None:
        site.rows[0]["pageviews"] += 1
        site.rows[0]["session_end"] = f"2026-11-24 12:00:{len(site.calls):02}"

    site.on_page = go_on
    read = Read(site)

    await read()

    assert read.values("pageviews")["visit-00000"] == site.rows[0]["pageviews"]


async def test_more_than_the_first_page_is_read_again_on_a_busy_site() -> None:
    """While 60 visits were read, 15 of the old ones went on: they fill more than a page."""
    site = FakeSite(visits(60), most_at_once=1)

    def move(number: int) -> None:
        if number == 3 and "page 4/10" not in site.calls:
            for place, row in enumerate(site.rows[40:55]):
                row |= {"session_end": f"2026-11-24 12:00:{place + 1:02}"}

    site.on_page = move
    read = Read(site)

    await read()

    assert set(read.values()) == ids(*range(60))
    assert site.calls[-2:] == ["page 1/10", "page 2/10"]


async def test_windows_that_are_over_are_not_read_again() -> None:
    site = FakeSite(visits(60))

    await Read(site, PAST)()

    assert site.calls.count("page 1/10") == 1


async def test_a_reading_again_that_fails_is_said() -> None:
    site = FakeSite(visits(30))

    def fail(number: int) -> None:
        if site.calls.count("page 1/10") == 2:
            raise RequestTimeoutError("slow")

    site.on_page = fail

    reading = await Read(site)()

    assert reading.is_unsure
    assert (reading.visit_count, reading.stop) == (30, "")


@pytest.mark.parametrize(("count", "most"), [(100, 25), (28, 25), (31, 30), (1000, 7)])
async def test_a_cut_at_the_bound_is_told_with_where_it_is(count: int, most: int) -> None:
    site = FakeSite(visits(count))
    read = Read(site, PAST, most)

    reading = await read()

    assert reading.stop == "cap"
    assert most <= reading.visit_count < most + SIZE
    assert set(read.values()) == ids(*range(reading.visit_count))
    oldest = visit(reading.visit_count - 1)["session_end"]
    assert f"{reading.oldest_end_at:%Y-%m-%d %H:%M:%S}" == oldest


async def test_a_site_that_ends_at_the_bound_is_whole() -> None:
    site = FakeSite(visits(30))

    reading = await Read(site, PAST, 30)()

    assert (reading.visit_count, reading.stop) == (30, "")
    assert site.calls[-1] == "page 31/1"


async def test_few_calls_left_are_used_and_it_is_said_before_reading_on() -> None:
    site = FakeSite(visits(1000), budget=5)
    read = Read(site)

    reading = await read()

    assert reading.stop == "calls"
    assert site.budget == 0
    assert set(read.values()) == ids(*range(reading.visit_count))
    assert 30 <= reading.visit_count <= 40
    warned = [place for place, (_, _, message) in enumerate(read.told) if "may be made" in message]
    assert warned == [0]
    assert "and 4 may be made" in read.told[0][2]


async def test_enough_calls_are_not_worth_a_word() -> None:
    read = Read(FakeSite(visits(60), budget=100))

    assert (await read()).stop == ""
    assert not any("calls" in message for _, _, message in read.told)


async def test_without_any_call_left_nothing_is_asked() -> None:
    site = FakeSite(visits(60), budget=0)

    with pytest.raises(RateLimitedError, match="no calls left"):
        await Read(site)()
    assert site.calls == []


@pytest.mark.parametrize(
    ("error", "stop"), [(RateLimitedError("no"), "rate"), (RequestTimeoutError("slow"), "failure")]
)
@pytest.mark.parametrize("failing", [2, 4])
async def test_a_refusal_in_the_middle_leaves_what_was_read_without_gaps(
    error: RybbitError, stop: str, failing: int
) -> None:
    site = FakeSite(visits(200))

    def refuse(number: int) -> None:
        if number == failing:
            raise error

    site.on_page = refuse
    read = Read(site)

    reading = await read()

    assert (reading.stop, reading.problem) == (stop, error)
    assert set(read.values()) == ids(*range((failing - 1) * SIZE))
    assert reading.visit_count == (failing - 1) * SIZE


async def test_a_refusal_of_the_first_page_is_the_answer() -> None:
    site = FakeSite(visits(10))

    def refuse(number: int) -> None:
        raise RateLimitedError("no")

    site.on_page = refuse

    with pytest.raises(RateLimitedError):
        await Read(site)()


@pytest.mark.parametrize("error", [AuthenticationError("key"), UnexpectedBodyError("body")])
async def test_errors_that_do_not_pass_are_raised_as_they_are(error: RybbitError) -> None:
    site = FakeSite(visits(200))

    def refuse(number: int) -> None:
        if number == 3:
            raise error

    site.on_page = refuse

    with pytest.raises(type(error)) as raised:
        await Read(site)()
    assert raised.value is error


async def test_a_server_that_ignores_the_page_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = FakeSite(visits(50))
    first = await site.page(1, SIZE)

    async def same(number: int, size: int) -> bytes:
        return first

    monkeypatch.setattr(site, "page", same)
    with pytest.raises(UnexpectedBodyError, match="same visits again"):
        await Read(site)()


class Liar(FakeSite):
    """Gives other rows than those of the page that was asked for."""

    gives: Callable[[list[dict[str, Any]], int, int], list[dict[str, Any]]]

    async def page(self, number: int, size: int) -> bytes:
        await super().page(number, size)
        rows = sorted(self.rows, key=lambda row: row["session_end"], reverse=True)
        return json.dumps({"data": self.gives(rows, number, size)}).encode()


def liar(
    count: int, gives: Callable[[list[dict[str, Any]], int, int], list[dict[str, Any]]]
) -> Liar:
    site = Liar(visits(count), most_at_once=1)
    site.gives = gives
    return site


@pytest.mark.parametrize("window", [DAY, PAST])
@pytest.mark.parametrize("count", [25, 51, 77, 100])
async def test_a_server_that_gives_fewer_rows_a_page_is_read_in_its_pages(
    count: int, window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rybbit_mcp.analysis.local_paging.PAGE_SIZE", 60)
    site = liar(count, lambda rows, number, size: rows[(number - 1) * size : number * size][:25])
    read = Read(site, window, 120)

    reading = await read()

    assert (reading.visit_count, reading.stop, reading.is_torn) == (count, "", False)
    assert set(read.values()) == ids(*range(count))
    assert site.calls[:2] == ["page 1/60", "page 2/25"]


async def test_a_first_page_of_a_round_number_is_followed_by_one_call_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rybbit_mcp.analysis.local_paging.PAGE_SIZE", 60)
    site = FakeSite(visits(50))

    reading = await Read(site, DAY, 1020)()

    assert (reading.visit_count, reading.stop, reading.is_unsure) == (50, "", False)
    assert site.calls == ["page 1/60", "page 2/50"]


@pytest.mark.parametrize("window", [DAY, PAST])
async def test_rows_that_come_twice_though_nothing_moved_are_told_of(window: Window) -> None:
    """Ties that a server orders otherwise each time: some come twice, others never."""

    def gives(rows: list[dict[str, Any]], number: int, size: int) -> list[dict[str, Any]]:
        page = rows[(number - 1) * size : number * size]
        before = rows[(number - 1) * size - 3 : (number - 1) * size]
        return before + page[3:] if page and number > 1 else page

    reading = await Read(liar(48, gives), window)()

    assert (reading.visit_count, reading.repeated_count) == (36, 12)


async def test_visits_that_others_push_to_the_next_page_are_not_told_of() -> None:
    site = FakeSite(visits(60))
    site.on_page = lambda number: site.rows.append(visit(-len(site.rows)))

    reading = await Read(site)()

    assert (reading.repeated_count, reading.is_torn) == (0, False)


async def test_a_page_that_comes_short_before_another_is_told_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rybbit_mcp.analysis.local_paging.PAGE_SIZE", 60)

    def gives(rows: list[dict[str, Any]], number: int, size: int) -> list[dict[str, Any]]:
        page = rows[(number - 1) * size : number * size]
        return page[:50] if number == 2 else page

    reading = await Read(liar(170, gives), PAST, 1020)()

    assert (reading.visit_count, reading.stop, reading.is_torn) == (160, "", True)


async def test_a_page_that_comes_again_later_is_found_out() -> None:
    """A cache that answers page 3 with page 2."""

    def gives(rows: list[dict[str, Any]], number: int, size: int) -> list[dict[str, Any]]:
        number = 2 if number == 3 else number
        return rows[(number - 1) * size : number * size]

    with pytest.raises(UnexpectedBodyError, match="same visits again"):
        await Read(liar(50, gives), PAST)()


async def test_rows_are_checked_where_the_server_cannot_filter() -> None:
    site = FakeSite(visits(60), is_exact=False)
    site.keeps = lambda row: row["channel"] == "Direct"
    read = Read(site)

    reading = await read()

    assert set(read.values("channel").values()) == {"Direct"}
    assert (reading.visit_count, reading.dropped_count) == (30, 0)


async def test_a_server_that_is_caught_sending_wrong_rows_is_checked_throughout() -> None:
    site = FakeSite(visits(60), has_checks=True)
    site.keeps = lambda row: row["channel"] == "Direct"
    read = Read(site)

    reading = await read()

    assert set(read.values("channel").values()) == {"Direct"}
    assert reading.dropped_count == 30


async def test_progress_is_told_page_by_page() -> None:
    read = Read(FakeSite(visits(57)), replace(PAST, start_at=None, end_at=None, kind="all"))

    await read()

    done = [done for done, _, _ in read.told]
    assert done == sorted(done)
    assert len(done) == 6
    assert read.told[0] == (10, None, "10 visits read")
    assert read.told[-1] == (57, 57, "57 visits read")


async def test_how_much_is_expected_follows_from_how_much_of_the_window_was_seen() -> None:
    """A day with a visit every 10 seconds until noon, read from noon on."""
    read = Read(FakeSite(visits(4320)), DAY, most=500)

    await read()

    assert read.told[0][:2] == (10, 500)


async def test_cancelling_stops_paging_at_once() -> None:
    site = FakeSite(visits(1000))
    with anyio.CancelScope() as scope:
        site.on_page = lambda number: scope.cancel() if number == 5 else None
        await Read(site)()

    assert scope.cancelled_caught
    assert len(site.calls) <= 8


@pytest.mark.parametrize(
    ("gaps", "said"),
    [
        (
            {"repeated_count": 1200},
            "1,200 rows came twice, and others may be missing. Ask again, or for a shorter period.",
        ),
        (
            {"is_torn": True, "repeated_count": 3},
            (
                "a page came short though more followed, so that visits between are missing. "
                "Ask again, or for a shorter period."
            ),
        ),
    ],
)
def test_numbers_with_visits_missing_in_the_middle_are_not_called_whole(
    gaps: dict[str, Any], said: str
) -> None:
    reading = Reading(4000, NOW, **gaps)

    basis = basis_of(DAY, reading, None, session_count=4000, notes=("a note",))
    cut = basis_of(DAY, replace(reading, stop="cap"), None, session_count=4000, notes=())

    assert (basis.is_whole, basis.cut, basis.notes) == (False, said, ("a note",))
    assert cut.cut.startswith("the newest 4,000 visits were read")
    assert cut.notes == (said,)


@pytest.mark.parametrize("window", [DAY, PAST])
async def test_numbers_with_gaps_are_not_believed_for_long(window: Window) -> None:
    site = liar(25, lambda rows, number, size: rows[(number - 1) * (size - 1) :][:size])
    now = NOW
    engine = LocalEngine(site, clock=lambda: now)
    asked = Specification(window, metrics=("sessions",))
    assert not (await engine.run(asked, "1")).basis.is_whole
    before = len(site.calls)
    now += timedelta(seconds=61)

    await engine.run(asked, "1")

    assert len(site.calls) > before
