"""The session list: pages, searches, conditions, and servers that do not do as they are told."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from rybbit_mcp.api import listing
from rybbit_mcp.api.client import RybbitClient
from rybbit_mcp.api.errors import BadRequestError, UnexpectedBodyError, UnsupportedError
from rybbit_mcp.api.filters import Filter
from rybbit_mcp.api.generations import GENERATIONS, GenerationName
from rybbit_mcp.api.parameters import Conditions
from rybbit_mcp.api.window import Window, resolve_window
from tests.api.truth import SITE, WINDOW, demo_client, run, visits

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
WEEK = resolve_window(now=NOW, zone="UTC", period="7d")
ALL_TIME = Window("all", "UTC", "all")
Row = dict[str, Any]


def row(number: int, **fields: Any) -> Row:
    """A visit that ended `number` minutes ago."""
    ended = NOW - timedelta(minutes=number)
    times = {"session_start": f"{ended:%Y-%m-%d %H:%M:%S}"}
    return {
        "session_id": f"visit{number:09d}",
        "user_id": f"device{number % 7}",
        "identified_user_id": "ada@example.com" if number % 5 == 0 else "",
        "session_end": times["session_start"],
        "pageviews": number % 4,
        "events": number % 3,
        "session_duration": number % 100,
        "errors": 0,
        "outbound": 0,
        "browser": ("Chrome", "Firefox", "Edge")[number % 3],
        **times,
        **fields,
    }


class ListServer:
    """Pages through its rows, whatever else it is asked; keeps what was asked."""

    def __init__(self, rows: list[Row], on_read: Callable[[ListServer], None] | None = None):
        self.rows = rows
        self.asked: list[dict[str, str]] = []
        self.on_read = on_read

    def __call__(self, request: httpx.Request) -> httpx.Response:
        asked = dict(request.url.params)
        self.asked.append(asked)
        page, limit = int(asked["page"]), int(asked["limit"])
        body = {"data": self.rows[(page - 1) * limit : page * limit]}
        if self.on_read:
            self.on_read(self)
        return httpx.Response(200, json=body)

    def client(self, generation: GenerationName = "D") -> RybbitClient:
        return RybbitClient(
            "https://r.example",
            "k" * 64,
            generation=GENERATIONS[generation],
            transport=httpx.MockTransport(self),
        )


def ids(sessions: Any) -> list[str]:
    return [session.session_id for session in sessions]


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_page_and_limit_go_straight_to_the_server(generation: GenerationName) -> None:
    server = ListServer([row(n) for n in range(50)])

    page = await server.client(generation).sessions("1", WEEK, page=3, limit=7)

    assert ids(page.sessions) == [f"visit{n:09d}" for n in range(14, 21)]
    assert (page.page, page.limit, page.may_have_more, page.is_complete) == (3, 7, True, True)
    assert page.notes == ()
    assert (server.asked[0]["page"], server.asked[0]["limit"]) == ("3", "7")
    assert len(server.asked) == 1


async def test_the_last_page_has_nothing_after_it() -> None:
    server = ListServer([row(n) for n in range(10)])

    page = await server.client().sessions("1", WEEK, page=2, limit=7)
    past = await server.client().sessions("1", WEEK, page=9, limit=7)

    assert (len(page.sessions), page.may_have_more) == (3, False)
    assert (len(past.sessions), past.may_have_more) == (0, False)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"page": 0}, "page=0"),
        ({"page": -1}, "page=-1"),
        ({"page": 10**30}, "page=10"),
        ({"limit": 0}, "limit=0"),
        ({"limit": 100_000}, "limit=100000"),
        ({"conditions": Conditions(user_id="x" * 20_000)}, "user_id"),
        ({"conditions": Conditions(user_id="\ud800")}, "half a character"),
        ({"filters": [Filter(parameter="city", value=("東" * 2000,))]}, "as sent"),
        ({"filters": [Filter(parameter="city", value=("\ud800",))]}, "half a character"),
        ({"filters": [Filter(parameter="browser", type="regex", value=("([",))]}, "compile"),
        ({"filters": [Filter(parameter="planet", value=("x",))]}, "planet"),
    ],
)
async def test_arguments_out_of_bounds_are_refused_before_any_request(
    arguments: dict[str, Any], said: str
) -> None:
    """Servers take any limit, answer page 1 to page 0, and 431 to long addresses."""
    server = ListServer([])

    with pytest.raises(BadRequestError, match=said):
        await server.client().sessions("1", WEEK, **arguments)

    assert server.asked == []


@pytest.mark.parametrize(
    "site",
    [
        *("", "0", "-1", "1.0", "1e0", "01", "0x1", " 1", "1 OR 1", "../2", "shop.example.com"),
        *("00001", "0x0001", "1e000", "Infinity"),
    ],
)
async def test_a_site_that_servers_would_read_as_another_is_refused(site: str) -> None:
    server = ListServer([])

    for call in (
        lambda: server.client().sessions(site, WEEK),
        lambda: server.client().locations(site, WEEK),
        lambda: server.client().session(site, "SomeSession001"),
        lambda: server.client().site(site),
    ):
        with pytest.raises(BadRequestError, match="neither a number nor a text id"):
            await call()

    assert server.asked == []


async def test_a_text_id_is_a_site() -> None:
    server = ListServer([])

    for site in ("2490434d3bf3", "123e45678901", "1", "9999999999", "abcde"):
        await server.client().sessions(site, WEEK)

    assert len(server.asked) == 5


@pytest.mark.parametrize("place", range(3))
def test_a_negative_minimum_is_refused(place: int) -> None:
    minimums = [-1 if at == place else 0 for at in range(3)]

    with pytest.raises(BadRequestError, match="negative"):
        Conditions("", False, *minimums)


CONDITIONS = Conditions(
    user_id="device1", identified_only=True, min_pageviews=2, min_events=1, min_duration_s=30
)
SENT = {
    "user_id": "device1",
    "identified_only": "true",
    "min_pageviews": "2",
    "min_events": "1",
    "min_duration": "30",
}


@pytest.mark.parametrize("generation", GENERATIONS.values(), ids=lambda g: g.name)
def test_conditions_are_sent_where_they_are_understood(generation: Any) -> None:
    """`identified_only` works with exactly this word; A knows `userId`."""
    sent = CONDITIONS.parameters(generation)

    if generation.name in "CD":
        assert sent == SENT
        assert CONDITIONS.is_exact(generation)
        return
    assert sent == {"user_id": "device1", "userId": "device1", "identified_only": "true"}
    assert not CONDITIONS.is_exact(generation)
    assert Conditions(user_id="x").is_exact(generation)
    assert Conditions(identified_only=True).is_exact(generation) == (generation.name == "B")


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize(
    ("conditions", "holds"),
    [
        (Conditions(min_pageviews=2), lambda r: r["pageviews"] >= 2),
        (Conditions(min_events=1), lambda r: r["events"] >= 1),
        (Conditions(min_duration_s=40), lambda r: r["session_duration"] >= 40),
        (Conditions(identified_only=True), lambda r: r["identified_user_id"] != ""),
        (Conditions(user_id="device3"), lambda r: r["user_id"] == "device3"),
        (Conditions(user_id="ada@example.com"), lambda r: r["identified_user_id"] != ""),
        (
            Conditions(user_id="device3", min_pageviews=1),
            lambda r: r["user_id"] == "device3" and r["pageviews"] >= 1,
        ),
    ],
)
async def test_rows_that_a_server_should_not_have_sent_are_left_out(
    conditions: Conditions, holds: Callable[[Row], bool], generation: GenerationName
) -> None:
    """This server ignores all conditions, as unknown parameters are everywhere."""
    rows = [row(n) for n in range(300)]
    server = ListServer(rows)

    page = await server.client(generation).sessions("1", WEEK, conditions=conditions, limit=400)

    assert ids(page.sessions) == [r["session_id"] for r in rows if holds(r)]
    assert page.notes


@pytest.mark.parametrize("generation", GENERATIONS)
def test_conditions_are_answered_truly_by_every_generation(generation: GenerationName) -> None:
    for conditions in (
        Conditions(min_pageviews=3),
        Conditions(min_events=1),
        Conditions(min_duration_s=60),
        Conditions(min_pageviews=2, min_duration_s=30, min_events=1),
    ):
        truth = [
            visit.row.session_id
            for visit in visits()
            if visit.row.pageview_count >= conditions.min_pageviews
            and visit.row.event_count >= conditions.min_events
            and visit.row.duration_s >= conditions.min_duration_s
        ]
        client = demo_client(generation)
        page = run(client.sessions(SITE, WINDOW, conditions=conditions, limit=4))
        whole = run(client.sessions(SITE, WINDOW, conditions=conditions, limit=1000))

        assert len(truth) > 4
        assert ids(whole.sessions) == truth
        assert ids(page.sessions) == truth[:4]
        assert page.may_have_more


@pytest.mark.parametrize("generation", ["A", "B"])
async def test_a_search_gives_exact_pages_that_join(generation: GenerationName) -> None:
    rows = [row(n) for n in range(2500)]
    server = ListServer(rows)
    truth = [r["session_id"] for r in rows if r["pageviews"] >= 3]
    client = server.client(generation)
    found: list[str] = []

    for number in range(1, 100):
        page = await client.sessions(
            "1", WEEK, conditions=Conditions(min_pageviews=3), page=number, limit=100
        )
        found += ids(page.sessions)
        assert page.is_complete
        if not page.may_have_more:
            break

    assert found == truth
    assert len(page.sessions) == len(truth) % 100


async def test_a_search_reads_no_further_than_it_must() -> None:
    server = ListServer([row(n) for n in range(5000)])

    page = await server.client("B").sessions("1", WEEK, conditions=Conditions(min_events=1))

    assert len(page.sessions) == 20
    assert len(server.asked) == 1
    assert "found by reading the newest 1000 visits of the period" in page.notes


async def test_notes_say_what_was_compared_here_and_what_was_read() -> None:
    said: dict[GenerationName, str] = {
        "C": "visits that could match",
        "B": "visits of the period",
    }
    for generation, which in said.items():
        server = ListServer([row(n, entry_page="/") for n in range(30)])
        filters = [Filter(parameter="entry_page", value=("/",))]

        page = await server.client(generation).sessions("1", WEEK, filters=filters, limit=5)
        meaning, source = page.notes
        assert meaning.startswith("entry_page equals was compared here: to servers it is")
        assert source == f"found by reading the newest 30 {which}"


async def test_a_search_ends_at_its_bound_and_says_so() -> None:
    server = ListServer([row(n) for n in range(9000)])
    server.rows += [row(n % 9000, session_id=f"again{n:09d}") for n in range(9000)]

    page = await server.client("B").sessions(
        "1", WEEK, conditions=Conditions(min_duration_s=1000), limit=5
    )

    assert page.sessions == ()
    assert not page.is_complete
    assert len(server.asked) == listing.SEARCH_BOUND // listing.SEARCH_PAGE_SIZE
    assert "older visits were not read: ask for a shorter period" in page.notes


async def test_a_search_of_a_slow_server_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "SEARCH_TIME_S", -1.0)
    server = ListServer([row(n) for n in range(9000)])

    page = await server.client("B").sessions(
        "1", WEEK, conditions=Conditions(min_pageviews=3), limit=1000
    )

    assert len(page.sessions) == 250
    assert not page.is_complete
    assert len(server.asked) == 1


def test_an_exactly_full_last_page_is_no_sign_of_a_bound() -> None:
    server = ListServer([row(n) for n in range(1000)])

    page = run(server.client("B").sessions("1", WEEK, conditions=Conditions(min_duration_s=1000)))

    assert page.is_complete
    assert len(server.asked) == 2


async def test_visits_that_arrive_while_reading_are_not_repeated() -> None:
    fresh = iter(range(1, 400))

    def arrive(server: ListServer) -> None:
        server.rows[:0] = [row(0, session_id=f"fresh{next(fresh):09d}") for _ in range(3)]

    server = ListServer([row(n) for n in range(50)], on_read=arrive)
    pages = [rows async for rows in server.client().scan("1", WEEK, page_size=10)]
    read = [session.session_id for rows in pages for session in rows]

    assert len(read) == len(set(read))
    assert {f"visit{n:09d}" for n in range(50)} <= set(read)


async def test_a_search_repeats_no_visit_that_moved() -> None:
    def arrive(server: ListServer) -> None:
        server.rows.insert(0, row(0, session_id=f"fresh{len(server.rows):09d}", pageviews=3))

    server = ListServer([row(n) for n in range(3000)], on_read=arrive)
    page = await server.client("B").sessions(
        "1", WEEK, conditions=Conditions(min_pageviews=3), limit=5000
    )

    assert len(ids(page.sessions)) == len(set(ids(page.sessions)))


async def test_a_server_that_sends_one_page_for_ever_ends_in_an_error() -> None:
    rows = [row(n) for n in range(10)]

    def same(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"data": rows})

    client = RybbitClient(
        "https://r.example", "k", generation=GENERATIONS["D"], transport=httpx.MockTransport(same)
    )

    with pytest.raises(UnexpectedBodyError, match="same visits again"):
        async for _ in client.scan("1", WEEK, page_size=10):
            pass


async def test_more_rows_than_asked_for_are_cut() -> None:
    rows = [row(n) for n in range(30)]
    client = RybbitClient(
        "https://r.example",
        "k",
        generation=GENERATIONS["D"],
        transport=httpx.MockTransport(lambda _: httpx.Response(200, json={"data": rows})),
    )

    page = await client.sessions("1", WEEK, limit=5)

    assert (len(page.sessions), page.may_have_more) == (5, True)


PAST = resolve_window(now=NOW, zone="Europe/Berlin", period="2026-11-20..2026-11-21")


@pytest.mark.parametrize("off_s", [1, 60 * 60, 100 * 24 * 60 * 60])
@pytest.mark.parametrize("period", ["2026-11-20..2026-11-21", "2026-11-20T08:00..2026-11-20T09:00"])
async def test_a_server_that_ignores_the_window_is_found_out(off_s: int, period: str) -> None:
    """All time with 200 is what servers up to 2.6 answer to windows that they do not know."""
    window = resolve_window(now=NOW, zone="Europe/Berlin", period=period)
    for moment, sign in ((window.end_at, 1), (window.start_at, -1)):
        assert moment is not None
        server = ListServer([visit_at(moment + sign * timedelta(seconds=off_s))])

        with pytest.raises(UnexpectedBodyError, match="ignored the period"):
            await server.client().sessions("1", window)


def visit_at(moment: datetime, **fields: Any) -> Row:
    at = f"{moment:%Y-%m-%d %H:%M:%S}"
    return row(0, session_start=at, session_end=at, **fields)


async def test_a_server_that_ignores_the_zone_is_found_out() -> None:
    """The 20th in Berlin ends at 23:00 UTC."""
    window = resolve_window(now=NOW, zone="Europe/Berlin", period="2026-11-20")
    server = ListServer([visit_at(datetime(2026, 11, 20, 23, 30, tzinfo=UTC))])

    with pytest.raises(UnexpectedBodyError, match="ignored the period"):
        await server.client().sessions("1", window)


@pytest.mark.parametrize("minutes", [-59, 59])
async def test_a_server_that_knows_older_rules_of_a_zone_is_believed(minutes: int) -> None:
    """Vancouver's winter time ended in 2026."""
    window = resolve_window(now=NOW, zone="America/Vancouver", period="2026-11-20")
    for bound in (window.start_at, window.end_at):
        assert bound is not None
        server = ListServer([visit_at(bound + timedelta(minutes=minutes))])

        assert len((await server.client().sessions("1", window)).sessions) == 1


@pytest.mark.parametrize(
    "zone", ["Asia/Tokyo", "America/New_York", "Europe/Berlin", "Asia/Kolkata"]
)
async def test_a_server_that_takes_days_of_utc_is_found_out_in_every_zone(zone: str) -> None:
    window = resolve_window(now=NOW, zone=zone, period="2026-11-20")
    midnight = datetime(2026, 11, 20, tzinfo=UTC)
    rows = [visit_at(midnight + timedelta(minutes=30 * half)) for half in range(48)]

    with pytest.raises(UnexpectedBodyError, match="ignored the period"):
        await ListServer(rows).client().sessions("1", window, limit=100)


@pytest.mark.parametrize("minutes_off", [-61, 61])
async def test_midnights_that_clocks_skip_are_believed_an_hour_off(minutes_off: int) -> None:
    """In Santiago, 2026-09-06 begins at 01:00: engines may take another hour for its midnight."""
    window = resolve_window(now=NOW, zone="America/Santiago", period="2026-09-06")
    assert window.start_at is not None
    near = window.start_at - timedelta(minutes=59)

    page = await ListServer([visit_at(near)]).client().sessions("1", window)

    assert len(page.sessions) == 1
    far = window.start_at - timedelta(minutes=abs(minutes_off))
    with pytest.raises(UnexpectedBodyError, match="ignored the period"):
        await ListServer([visit_at(far)]).client().sessions("1", window)


@pytest.mark.parametrize(
    ("off_s", "early_s", "is_believed"),
    [
        *((0, 60, True), (0, 62, False), (-300, 359, True), (-300, 362, False)),
        *((300, 359, True), (None, 599, True), (None, 602, False)),
    ],
)
async def test_minutes_are_counted_back_from_the_servers_now(
    off_s: int | None, early_s: int, is_believed: bool
) -> None:
    hour = resolve_window(now=NOW, zone="UTC", period="60m")
    early = visit_at(NOW - timedelta(minutes=60, seconds=early_s))
    client = dated_client([early], off_s)

    if is_believed:
        assert len((await client.sessions("1", hour)).sessions) == 1
    else:
        with pytest.raises(UnexpectedBodyError, match="ignored the period"):
            await client.sessions("1", hour)


async def test_visits_that_began_since_the_minutes_were_asked_for_are_believed() -> None:
    hour = resolve_window(now=NOW, zone="UTC", period="60m")
    client = dated_client([visit_at(NOW + timedelta(minutes=5))], 0)

    assert len((await client.sessions("1", hour)).sessions) == 1


def dated_client(rows: list[Row], off_s: int | None) -> RybbitClient:
    """Of a server whose clock is so far ahead, or that does not tell the time."""
    headers = {}
    if off_s is not None:
        headers["date"] = f"{NOW + timedelta(seconds=off_s):%a, %d %b %Y %H:%M:%S} GMT"
    return RybbitClient(
        "https://r.example",
        "k" * 64,
        generation=GENERATIONS["D"],
        clock=lambda: NOW,
        transport=httpx.MockTransport(
            lambda _: httpx.Response(200, json={"data": rows}, headers=headers)
        ),
    )


NAMED = [Filter(parameter="event_name", value=("signup",))]


@pytest.mark.parametrize("names", [("signup",), ("signup", "buy")])
async def test_a_server_that_ignores_a_filter_on_events_is_found_out(names: tuple[str]) -> None:
    """Custom events and errors alone have names, and a row counts both."""
    filters = [Filter(parameter="event_name", value=names)]
    server = ListServer([row(600, events=1), row(700, events=0)])

    with pytest.raises(UnsupportedError, match="ignored the filter event_name"):
        await server.client().sessions("1", WEEK, filters=filters)


@pytest.mark.parametrize("counts", [{"events": 1}, {"events": 0, "errors": 1}])
async def test_visits_that_can_have_the_event_are_believed(counts: dict[str, int]) -> None:
    page = await ListServer([row(600, **counts)]).client().sessions("1", WEEK, filters=NAMED)

    assert (len(page.sessions), page.notes) == (1, ())


async def test_a_visit_whose_event_may_lie_beyond_the_window_proves_nothing() -> None:
    """Its row tells the part inside, in which it has no such event."""
    assert PAST.start_at is not None
    assert PAST.end_at is not None
    minute = timedelta(minutes=1)
    rows = [
        visit_at(PAST.end_at - 59 * minute, events=0),
        visit_at(PAST.end_at - 300 * minute, events=1),
        visit_at(PAST.start_at + 59 * minute, events=0),
    ]

    page = await ListServer(rows).client().sessions("1", PAST, filters=NAMED)

    assert len(page.sessions) == 1
    assert (page.dropped_count, page.notes) == (
        2,
        ("not all that the server sent matches: 2 left out",),
    )


@pytest.mark.parametrize(
    "wanted",
    [
        Filter(parameter="event_name", value=("web-vitals",)),
        Filter(parameter="event_name", value=(" ",)),
        Filter(parameter="event_name", type="contains", value=("sign",)),
        Filter(parameter="pathname", value=("/form",)),
    ],
)
async def test_rows_do_not_disprove_what_they_do_not_count(wanted: Filter) -> None:
    server = ListServer([row(600, events=0)])

    page = await server.client().sessions("1", WEEK, filters=[wanted])

    assert len(page.sessions) == 1


@pytest.mark.parametrize("cap", [20, 25, 50, 100])
async def test_a_page_that_may_have_been_cut_is_not_taken_for_all(cap: int) -> None:
    server = CappedServer([row(n) for n in range(230)], cap)

    first = await server.client().sessions("1", WEEK, limit=max(100, cap + 1))
    second = await server.client().sessions("1", WEEK, page=first.page + 1, limit=first.limit)

    assert (len(first.sessions), first.limit, first.may_have_more) == (cap, cap, True)
    assert ids(second.sessions) == [f"visit{n:09d}" for n in range(cap, 2 * cap)]


@pytest.mark.parametrize("count", [1, 19, 21, 49, 51, 99])
async def test_a_page_cut_at_no_round_number_is_the_last(count: int) -> None:
    page = await ListServer([row(n) for n in range(count)]).client().sessions("1", WEEK, limit=100)

    assert (page.limit, page.may_have_more) == (100, False)


@pytest.mark.parametrize("cap", [50, 128, 500])
@pytest.mark.parametrize("count", [49, 50, 51, 1100])
async def test_all_visits_are_searched_whatever_a_server_gives_a_page(cap: int, count: int) -> None:
    server = CappedServer([row(n) for n in range(count)], cap)
    last = f"visit{count - 1:09d}"
    city = Filter(parameter="city", value=("Berlin",))
    server.rows[-1]["city"] = "Berlin"

    page = await server.client().sessions("1", WEEK, filters=[city])

    assert (ids(page.sessions), page.is_complete, page.may_have_more) == ([last], True, False)
    assert any(f"newest {count} visits" in note for note in page.notes)


class CappedServer(ListServer):
    """Gives no more rows a page than its cap, from where the page as asked begins."""

    def __init__(self, rows: list[Row], cap: int):
        super().__init__(rows)
        self.cap = cap

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(super().__call__(request).content)
        return httpx.Response(200, json={"data": body["data"][: self.cap]})


async def test_visits_at_the_bounds_of_the_window_are_right() -> None:
    """A visit across a bound is cut there; what is not is in the window all the same."""
    assert PAST.start_at is not None
    assert PAST.end_at is not None
    hour = timedelta(hours=1)
    spans = [
        (PAST.start_at, PAST.start_at),
        (PAST.end_at, PAST.end_at),
        (PAST.start_at - hour, PAST.start_at + hour),
        (PAST.end_at - hour, PAST.end_at + hour),
        (PAST.start_at - 30 * 24 * hour, PAST.end_at + hour),
    ]
    rows = [
        row(n, session_start=f"{a:%Y-%m-%d %H:%M:%S}", session_end=f"{b:%Y-%m-%d %H:%M:%S}")
        for n, (a, b) in enumerate(spans)
    ]

    page = await ListServer(rows).client().sessions("1", PAST)

    assert len(page.sessions) == len(spans)


async def test_identified_only_is_refused_where_rows_do_not_tell() -> None:
    rows = [row(n) for n in range(5)]
    for one in rows:
        del one["identified_user_id"]

    with pytest.raises(UnsupportedError, match="which visitors are identified"):
        await (
            ListServer(rows)
            .client("A")
            .sessions("1", WEEK, conditions=Conditions(identified_only=True))
        )


async def test_the_oldest_servers_are_said_to_know_devices_only() -> None:
    said: dict[GenerationName, bool] = {"A": True, "B": False}
    for generation, is_said in said.items():
        server = ListServer([row(1)])
        conditions = Conditions(user_id="device1")

        page = await server.client(generation).sessions("1", WEEK, conditions=conditions)
        assert any("device ids only" in note for note in page.notes) == is_said


async def test_filters_are_sent_as_compact_json() -> None:
    server = ListServer([])
    filters = [
        Filter(parameter="country", type="not_equals", value=("DE", "US")),
        Filter(parameter="lat", type="greater_than", value=("52",)),
        Filter(parameter="region", type="is_null"),
    ]

    await server.client().sessions("1", ALL_TIME, filters=filters)

    assert server.asked[0]["filters"] == json.dumps(
        [
            {"parameter": "country", "type": "not_equals", "value": ["DE"]},
            {"parameter": "country", "type": "not_equals", "value": ["US"]},
            {"parameter": "lat", "type": "greater_than", "value": [52.0]},
            {"parameter": "region", "type": "is_null", "value": []},
        ],
        separators=(",", ":"),
    )


async def test_long_patterns_are_searched_here_where_rows_can_tell() -> None:
    """Servers take 500 characters and read the first of several patterns only."""
    rows = [row(n) for n in range(30)]
    server = ListServer(rows)
    patterns = tuple(f"^{letter * 100}|^Fire" for letter in "abcdef")

    page = await server.client().sessions(
        "1", WEEK, filters=[Filter(parameter="browser", type="regex", value=patterns)]
    )

    assert "filters" not in server.asked[0]
    assert {session.browser for session in page.sessions} == {"Firefox"}
    with pytest.raises(UnsupportedError, match="pathname"):
        await server.client().sessions(
            "1", WEEK, filters=[Filter(parameter="pathname", type="regex", value=patterns)]
        )


NUMBER_LIKE = [
    row(1, utm_campaign=7),
    row(2, utm_campaign=100000),
    row(3, utm_campaign=None),
    row(4, utm_campaign="spring"),
]


@pytest.mark.parametrize(
    ("type_", "value", "kept"),
    [
        ("equals", "007", {1, 2}),
        ("equals", "7", {1, 2}),
        ("contains", "00", {1, 2}),
        ("not_equals", "7", {1, 2, 3, 4}),
        ("regex", "^0", {1, 2}),
        ("equals", "spring", {1, 2, 4}),
        ("equals", "Infinity", {1, 2, 3}),
    ],
)
async def test_texts_that_became_numbers_are_left_to_the_server(
    type_: str, value: str, kept: set[int]
) -> None:
    """The server compared the texts themselves: `007` is sent back as 7."""
    server = ListServer(NUMBER_LIKE)
    filters = [Filter(parameter="utm_campaign", type=type_, value=(value,))]

    page = await server.client().sessions("1", WEEK, filters=filters)

    assert {int(one.session_id[5:]) for one in page.sessions} == kept


async def test_texts_that_became_numbers_match_their_number_where_searched_here() -> None:
    """A knows no regex; here only what the row shows can be compared."""
    server = ListServer([row(n, city=c, region="DE-BE") for n, c in enumerate((7, 17, "7a"))])

    for value in ("7", "007", "DE-BE-7"):
        page = await server.client("A").sessions(
            "1", WEEK, filters=[Filter(parameter="city", value=(value,))]
        )
        assert "visit000000000" in ids(page.sessions)
        assert ("visit000000001" in ids(page.sessions)) == (value == "DE-BE-7")
