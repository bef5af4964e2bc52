"""The list of visits: its lines, its paging and its budget."""

from __future__ import annotations

import json
import re
import warnings
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from rybbit_mcp.answers.answer import Answer, render, structured
from rybbit_mcp.answers.budget import structured_size
from rybbit_mcp.answers.clean import Gate
from rybbit_mcp.answers.privacy import Privacy
from rybbit_mcp.answers.sessions import (
    LARGEST_LIMIT,
    VisitsAsked,
    continuation,
    render_sessions,
)
from rybbit_mcp.answers.visit_cells import clean_visits, short_ids, shorten_middle
from rybbit_mcp.answers.visit_columns import VISIT_COLUMNS
from rybbit_mcp.answers.visit_table import DENSITIES, Density, visit_table
from rybbit_mcp.api.models import Session
from rybbit_mcp.api.results import SessionPage
from rybbit_mcp.api.window import resolve_window
from tests.answers.made_visits import NOW, made_visits, recorded_visits
from tests.hostile import HOSTILE

PRIVACY = Privacy("standard", b"a key of the tests")
BERLIN = "Europe/Berlin"
MOBILE = ', filters=[{"parameter":"device_type","value":["Mobile"]}]'


def asked(period: str = "7d", *, filters: str = "", given: str = "") -> VisitsAsked:
    return VisitsAsked(
        site="Acme Shop (site 1)",
        window=resolve_window(now=NOW, zone=BERLIN, period=period),
        now=NOW,
        call=lambda page, limit: (
            f'list_sessions(site=1, period="{period}", page={page}, limit={limit}{given})'
        ),
        filters=filters,
    )


def answer_of(
    sessions: tuple[Session, ...],
    question: VisitsAsked | None = None,
    *,
    page: int = 1,
    limit: int = 0,
    max_chars: int = 8000,
) -> Answer:
    """The answer to a page, full unless `limit` is larger than the visits there are."""
    limit = limit or len(sessions)
    return render_sessions(
        SessionPage(sessions, page, limit, may_have_more=len(sessions) >= limit),
        question or asked(),
        privacy=PRIVACY,
        gate=Gate(),
        max_chars=max_chars,
    )


def tokens(text: str) -> int:
    """The o200k_base tokens of a text."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of how the package reads its data
        import bpe_openai  # type: ignore[import-untyped]  # the package ships no types

        return len(bpe_openai.get_encoding("o200k_base").encode_ordinary(text))


def ids_of(answer: Answer) -> list[str]:
    return [str(row[-1]) for table in answer.tables for row in table.rows]


# What an answer looks like


def test_visits_are_listed_under_their_summary() -> None:
    assert render(answer_of(made_visits(6), limit=6)) == snapshot("""\
# visits of Acme Shop (site 1) · 2026-11-18 to 2026-11-24 (today until 14:05) Europe/Berlin · period 7d
# visits 1 to 6, newest first; more may follow
# of these 6 visits: 4 bounced (67%), median 0s, 12 pageviews, 1 with errors, 2 visitors · channels: Organic Search 2, Direct 1, 3 others 3 · countries: DE 2, AT 1, 3 others 3 · entry pages: /product/42 3, / 2, /pricing 1 · devices: Mobile 4, Desktop 2

start	dur_s	pageviews[/events[/errors]]	entry→exit	from	device	place	visitor	id
11-24 13:57	0	1/0/2	/product/42	Organic Social t.co	iOS Safari	AT Vienna	v099418357	XueT2nlp
13:52	96	5	/product/42→/product/108	Organic Search google.com	Android Samsung Internet	CH Zurich	v859497902	bD3kMgfW
13:37	0	1	/	Paid Search google/running-shoes	macOS Chrome	DE-SN	v099418357	AwPHnWEK
13:21	0	1	/product/42	Paid Social facebook/black-friday	Android Chrome	GB Manchester	v099418357	0BBJuKtr
13:16	0	1/1	/pricing	Organic Search google.com	Windows Chrome	DE Cologne	v099418357	T8vaQA4C
13:14	25	3/3	/→/product/42	Direct	iOS Safari	IT Rome	v859497902	BnZSK2zk
# next: list_sessions(site=1, period="7d", page=2, limit=6)\
""")


def test_a_dense_answer_says_once_what_is_usual() -> None:
    text = render(answer_of(made_visits(100, device_type="Mobile"), asked("30d")))
    assert "\n".join(text.split("\n")[:16]) == snapshot("""\
# visits of Acme Shop (site 1) · 2026-10-26 to 2026-11-24 (today until 14:05) Europe/Berlin · period 30d
# visits 1 to 100, newest first; more may follow
# of these 100 visits: 44 bounced (44%), median 16s, 284 pageviews, 12 with errors, 50 visitors · channels: Direct 37, Organic Search 16, Referral 13, 5 others 34 · countries: DE 16, US 16, 21 others 68 · entry pages: / 31, /product/42 17, 11 others 52
# all rows: device_type=Mobile
# short, unless a row says more: ~ = /product, Paid Search = Paid Search google/brand, Referral = Referral github.com, AI = AI chatgpt.com, Email = Email newsletter/november, Paid Social = Paid Social facebook/black-friday, Social = Organic Social linkedin.com, Search = Organic Search google.com, Android = Android Chrome, iOS = iOS Safari, place without country = DE

start	dur_s	pageviews[/events[/errors]]	entry→exit	from	device	place	visitor	id
11-24 14:00	106	4/1	/search→~/42	Paid Search google/running-…	Android	-	v686742147	C2dMTsAH
13:51	600	4/0/1	/→/cart	Referral	Android	US Chicago	v742524601	vkXZ75q5
14:00	0	1	/	AI	Android	Munich	v203511311	XIy8a8Sa
13:25	13	2	/→~/42	Referral dev.to	iOS	IT Milan	v218725121	1Fn-jiW8
13:21	0	1/1	~/42	Paid Search	iOS	FI Helsinki	v955076513	meJnsKQv
13:04	136	11	~/42→/pricing	Direct	iOS	SE Stockholm	v506298803	ORtaIMjm
13:00	0	1/1	/	Referral dev.to	Android	EG القاهرة	v721806726	DUspz5Uf
12:49	175	8	/	Email crm/winback	iOS	Munich	v487316161	OvRo3RuY
12:49	0	1/2	/	Paid Search google/running-…	Android	CH Zurich	v324433936	7oPrRgU8\
""")


@pytest.mark.parametrize("generation", ["current", "legacy"])
def test_recorded_visits_of_old_and_new_servers_read_the_same(generation: str) -> None:
    text = render(answer_of(recorded_visits(f"{generation}/list-default"), limit=100))
    assert text == snapshot("""\
# visits of Acme Shop (site 1) · 2026-11-18 to 2026-11-24 (today until 14:05) Europe/Berlin · period 7d
# all 4 visits, newest first
# of these 4 visits: 2 bounced (50%), median 1m25s, 11 pageviews, 1 with errors, 4 visitors · channels: Direct 3, Organic Search 1 · countries: DE 1, EG 1, 2 others 2 · entry pages: / 1, /docs/start 1, 2 others 2 · devices: Desktop 3, Mobile 1

start	dur_s	pageviews[/events[/errors]]	entry→exit	from	device	place	visitor	id
11-24 02:56	0	1	/product/42	Direct	iOS Safari	JP 東京	v578337408	Ucu5AQfo
02:48	169	5	/→/blog/ipi	Direct	Windows Chrome	DE Munich	u632025959	RecentSe
02:48	0	1	/docs/start	Direct	Windows Edge	EG القاهرة	v974198405	lFrXOImW
02:01	286	4/1/1	/search→/blog/ipi	Organic Search google.com	Windows Chrome	FR Paris	v205374988	brvdoP8R\
""")


def test_recorded_identified_visitors_are_named_by_pseudonyms() -> None:
    text = render(answer_of(recorded_visits("current/list-identified-only"), limit=5))
    assert text == snapshot("""\
# visits of Acme Shop (site 1) · 2026-11-18 to 2026-11-24 (today until 14:05) Europe/Berlin · period 7d
# all 3 visits, newest first
# of these 3 visits: 0 bounced (0%), median 2m49s, 21 pageviews, 1 with errors, 3 visitors · channels: Email 2, Direct 1 · countries: DE 1, JP 1, US 1 · entry pages: / 2, /blog/ipi 1
# all rows: device_type=Desktop

start	dur_s	pageviews[/events[/errors]]	entry→exit	from	device	place	visitor	id
11-24 02:48	169	5	/→/blog/ipi	Direct	Windows Chrome	DE Munich	u632025959	RecentSe
01:00	87	4	/→/404	Email newsletter/2026	Windows Chrome	US New York	u296241784	12345678
11-23 23:00	654	12/1/1	/blog/ipi→/search	Email newsletter/2026	macOS Chrome	JP 東京	u773918605	-Hostile\
""")


def test_a_single_visit_has_no_summary() -> None:
    assert render(answer_of(made_visits(1, seed=3), limit=20)) == snapshot("""\
# visits of Acme Shop (site 1) · 2026-11-18 to 2026-11-24 (today until 14:05) Europe/Berlin · period 7d
# the only visit
# none: events, errors

start	dur_s	pageviews	entry→exit	from	device	place	visitor	id
11-24 13:58	0	1	/	Organic Search google.com	macOS Safari	IN Mumbai	v623618025	qEwlTB3e\
""")


def test_visits_of_two_years_have_the_year_in_their_dates() -> None:
    newer, older = made_visits(2)
    older = older.model_copy(
        update={"started_at": older.started_at - timedelta(days=400), "duration_s": 5}
    )
    starts = [row[0] for row in answer_of((newer, older)).tables[0].rows]
    assert starts == snapshot(["2026-11-24 13:48", "2025-10-20 14:20"])


# Empty answers


def test_no_visits_at_all_are_said_plainly() -> None:
    assert render(answer_of((), limit=20)) == snapshot("""\
# visits of Acme Shop (site 1) · 2026-11-18 to 2026-11-24 (today until 14:05) Europe/Berlin · period 7d
# no visits in this time\
""")


def test_nothing_that_matches_comes_with_the_diagnosis() -> None:
    question = replace(
        asked(filters="device_type equals mobile"),
        diagnosis=("device_type equals: no visit matches `mobile`; there are `Mobile`, `Desktop`",),
        is_demo=True,
    )
    assert render(answer_of((), question, limit=20)) == snapshot("""\
# DEMO DATA · visits of Acme Shop (site 1) · 2026-11-18 to 2026-11-24 (today until 14:05) Europe/Berlin · period 7d
# no visit of this time matches · filters: device_type equals mobile
# device_type equals: no visit matches `mobile`; there are `Mobile`, `Desktop`\
""")


def test_a_page_past_the_end_leads_back_to_the_first() -> None:
    assert render(answer_of((), page=4, limit=20)) == snapshot("""\
# visits of Acme Shop (site 1) · 2026-11-18 to 2026-11-24 (today until 14:05) Europe/Berlin · period 7d
# page 4 is empty: the visits end before it
# next: list_sessions(site=1, period="7d", page=1, limit=20)\
""")


def test_a_search_that_was_ended_says_so_and_claims_no_total() -> None:
    note = "found by reading the newest 10000 visits of the period"
    for sessions in ((), made_visits(3)):
        page = SessionPage(sessions, 1, 20, may_have_more=False, notes=(note,), is_complete=False)
        answer = render_sessions(page, asked(), privacy=PRIVACY, gate=Gate(), max_chars=8000)
        assert note in answer.head
        assert "all 3 visits" not in render(answer)
        assert re.search(r"not read|that were read", render(answer))


def left_out(kept_count: int, *, page: int = 1, limit: int = 20, has_more: bool) -> Answer:
    """The answer to a page of which some rows were left out."""
    return render_sessions(
        SessionPage(made_visits(kept_count), page, limit, has_more, dropped_count=5),
        asked(filters="channel equals Email"),
        privacy=PRIVACY,
        gate=Gate(),
        max_chars=8000,
    )


@pytest.mark.parametrize(
    ("page", "has_more", "said"),
    [
        (1, True, "10 visits, newest first; more may follow"),
        (3, True, "10 visits, newest first; more may follow"),
        (3, False, "10 visits, newest first; none follow"),
        (1, False, "10 visits, newest first; none follow"),
    ],
)
def test_visits_have_no_numbers_where_rows_were_left_out(
    page: int, has_more: bool, said: str
) -> None:
    answer = left_out(10, page=page, has_more=has_more)

    assert answer.head[1] == f"{said} · filters: channel equals Email"
    assert len(answer.next) == has_more


@pytest.mark.parametrize("page", [1, 3])
def test_a_page_of_which_nothing_is_left_is_not_called_the_end(page: int) -> None:
    answer = left_out(0, page=page, has_more=True)

    extent = f"no matching visit on page {page}; more may follow"
    assert answer.head[1] == f"{extent} · filters: channel equals Email"
    assert answer.next == (f'list_sessions(site=1, period="7d", page={page + 1}, limit=20)',)


def test_a_shortened_page_of_which_rows_were_left_out_has_no_numbers() -> None:
    page = SessionPage(made_visits(80), 2, 100, may_have_more=True, dropped_count=20)
    answer = render_sessions(page, asked(), privacy=PRIVACY, gate=Gate(), max_chars=4000)
    assert answer.head[1].startswith(f"{len(ids_of(answer))} visits, newest first; more follow")


# Where the visits stand, and how to go on


def test_a_full_page_gives_the_call_for_the_next() -> None:
    answer = answer_of(made_visits(20), asked(given=MOBILE), page=3)
    assert answer.head[1] == "visits 41 to 60, newest first; more may follow"
    assert answer.next == (f'list_sessions(site=1, period="7d", page=4, limit=20{MOBILE})',)


def test_the_last_page_says_the_total_and_ends() -> None:
    answer = answer_of(made_visits(7), page=3, limit=20)
    assert answer.head[1] == "visits 41 to 47 of 47, newest first"
    assert answer.next == ()
    assert answer_of(made_visits(7), limit=20).head[1] == "all 7 visits, newest first"


def test_filters_are_repeated_beside_the_extent() -> None:
    answer = answer_of(made_visits(2), asked(filters="country equals DE"), limit=20)
    assert answer.head[1] == "all 2 visits, newest first · filters: country equals DE"


def test_a_shortened_page_goes_on_right_after_its_last_visit() -> None:
    answer = answer_of(made_visits(100), page=2, max_chars=4000)
    shown_count = len(ids_of(answer))
    found = re.search(r"page=(\d+), limit=(\d+)", answer.next[0])
    assert found is not None
    page, limit = int(found[1]), int(found[2])
    assert 0 < shown_count < 100
    assert (page - 1) * limit == 100 + shown_count
    assert f"visits 101 to {100 + shown_count}, newest first; more follow, left" in answer.head[1]
    assert "4000 characters" in answer.head[1]


@given(
    offset=st.integers(0, 5000),
    most_shown=st.integers(1, LARGEST_LIMIT),
    wanted_limit=st.integers(1, LARGEST_LIMIT),
)
def test_a_continuation_begins_after_the_last_row_shown(
    offset: int, most_shown: int, wanted_limit: int
) -> None:
    following = continuation(offset, most_shown, wanted_limit)
    assert 1 <= following.shown_count <= most_shown
    assert 1 <= following.limit <= LARGEST_LIMIT
    assert (following.page - 1) * following.limit == offset + following.shown_count


@given(total=st.integers(0, 700), limit=st.integers(1, LARGEST_LIMIT), data=st.data())
def test_paging_so_meets_every_row_once_and_in_order(
    total: int, limit: int, data: st.DataObject
) -> None:
    """Each page loses any number of rows to its budget."""
    rows = list(range(total))
    seen: list[int] = []
    page = 1
    while page_rows := rows[(page - 1) * limit : page * limit]:
        fitting_count = data.draw(st.integers(1, len(page_rows)))
        if fitting_count == len(page_rows):
            seen += page_rows
            page += 1
            continue
        following = continuation((page - 1) * limit, fitting_count, limit)
        seen += page_rows[: following.shown_count]
        page, limit = following.page, following.limit
    assert seen == rows


def test_a_few_rows_are_given_up_for_a_page_size_near_the_wanted_one() -> None:
    """187 = 11 * 17 would go on in pages of 17."""
    following = continuation(100, 87, 100)
    assert (following.shown_count, following.limit) == snapshot((86, 93))
    assert continuation(0, 87, 100).shown_count == 87


@settings(max_examples=15)
@given(
    total=st.integers(1, 130),
    limit=st.integers(1, LARGEST_LIMIT),
    max_chars=st.integers(700, 6000),
    seed=st.integers(0, 3),
)
def test_following_the_calls_reads_every_visit_once(
    total: int, limit: int, max_chars: int, seed: int
) -> None:
    visits = made_visits(total, seed)
    read: list[str] = []
    page = 1
    while True:
        rows = visits[(page - 1) * limit : page * limit]
        answer = answer_of(rows, page=page, limit=limit, max_chars=max_chars)
        assert len(render(answer)) <= max_chars
        read += ids_of(answer)
        if not answer.next or not rows:
            break
        found = re.search(r"page=(\d+), limit=(\d+)", answer.next[0])
        assert found is not None
        page, limit = int(found[1]), int(found[2])
    assert len(read) == total
    assert all(
        visit.session_id.startswith(shown) for visit, shown in zip(visits, read, strict=True)
    )


# Budget


@pytest.mark.parametrize("seed", range(6))
def test_twenty_visits_take_at_most_a_thousand_tokens(seed: int) -> None:
    text = render(answer_of(made_visits(20, seed)))
    assert tokens(text) <= 1000


@pytest.mark.parametrize("gap_s", [300, 40_000])
@pytest.mark.parametrize("seed", range(4))
def test_a_hundred_filtered_visits_fit_into_one_answer(seed: int, gap_s: float) -> None:
    question = asked("2026-10-01..2026-11-24", filters="device_type equals Mobile", given=MOBILE)
    visits = made_visits(100, seed, device_type="Mobile", gap_s=gap_s)
    answer = answer_of(visits, question)
    assert len(ids_of(answer)) == 100
    assert tokens(render(answer)) <= 4000
    assert len(render(answer)) <= 8000


@given(count=st.integers(1, 40), max_chars=st.integers(600, 9000), text=st.sampled_from([*HOSTILE]))
@settings(max_examples=30)
def test_no_budget_is_ever_exceeded(count: int, max_chars: int, text: str) -> None:
    visits = tuple(
        visit.model_copy(update={"entry_page": HOSTILE[text], "city": HOSTILE[text]})
        for visit in made_visits(count)
    )
    answer = answer_of(visits, max_chars=max_chars)
    assert len(render(answer)) <= max_chars
    if not ids_of(answer):
        assert "page=1" in answer.next[0], "nothing shown, nothing skipped"


def test_answers_are_the_same_for_the_same_visits() -> None:
    assert render(answer_of(made_visits(100))) == render(answer_of(made_visits(100)))


def test_programs_get_one_fact_a_column_within_the_size_of_their_json() -> None:
    page = SessionPage(made_visits(100), 1, 100, may_have_more=True)
    answer = render_sessions(
        page, asked(), privacy=PRIVACY, gate=Gate(), max_chars=8000, size=structured_size
    )
    assert answer.tables[0].columns == VISIT_COLUMNS
    assert answer.tables[0].rows[0] == snapshot(
        (
            "2026-11-24T14:02:02+01:00",
            0,
            1,
            0,
            1,
            "/product/42",
            "/product/42",
            "Organic Search",
            "bing.com",
            "Tablet",
            "iOS",
            "Safari",
            "IT",
            "Rome",
            "v346799836",
            "EnglbW-A",
        )
    )
    assert len(json.dumps(structured(answer), ensure_ascii=False)) <= 8000


# Cells


def table_of(sessions: tuple[Session, ...], density: Density) -> tuple[list[dict[str, str]], str]:
    """Rows by column, and the lines of the head as one text."""
    cells = clean_visits(sessions, Gate(), PRIVACY)
    table, lines = visit_table(cells, density, BERLIN, NOW)
    rows = [dict(zip(table.columns, map(str, row), strict=True)) for row in table.rows]
    return rows, "\n".join(lines)


def visit(**fields: object) -> Session:
    return made_visits(1)[0].model_copy(update=fields)


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), count=st.integers(5, 60))
def test_what_is_said_once_can_be_put_back_into_every_row(seed: int, count: int) -> None:
    """Folding loses nothing: the head's short forms restore the plain rows."""
    sessions = made_visits(count, seed)
    plain, _ = table_of(sessions, Density(200, 200))
    folded, head = table_of(sessions, Density(200, 200, folds_usual=True))
    line = re.search("short, unless a row says more: (.*)", head)
    short = dict(item.split(" = ") for item in line[1].split(", ")) if line else {}
    country = short.pop("place without country", "")
    folder = short.pop("~", "~")
    channels = {session.channel for session in sessions}
    for row, whole in zip(folded, plain, strict=True):
        assert re.sub("(^|→)~", rf"\g<1>{folder}", row["entry→exit"]) == whole["entry→exit"]
        if "from" in row:
            assert unfolded(row["from"], short, channels) == whole["from"]
        device = row["device"].removeprefix("Tablet ")
        assert whole["device"].endswith(unfolded(device, short, set()))
        place = row.get("place", "")
        assert whole.get("place", "") in (place, f"{country} {place}")


def unfolded(cell: str, short: dict[str, str], channels: set[str]) -> str:
    """What a reader makes of a cell: alone the whole form, with more the base and that more."""
    if cell in short:
        return short[cell]
    for name, whole in short.items():
        if cell.startswith(f"{name} "):
            base = next((c for c in channels if whole == c or whole.startswith(f"{c} ")), name)
            return f"{base} {cell.removeprefix(f'{name} ')}".removesuffix(" -")
    return cell


def test_zeros_at_the_end_of_the_counts_are_left_out() -> None:
    counts = ((3, 0, 0), (3, 2, 0), (3, 0, 1), (0, 0, 0))
    sessions = tuple(
        visit(session_id=f"s{i}", pageview_count=pages, event_count=events, error_count=errors)
        for i, (pages, events, errors) in enumerate(counts)
    )
    rows, _ = table_of(sessions, DENSITIES[0])
    assert [row["pageviews[/events[/errors]]"] for row in rows] == ["3", "3/2", "3/0/1", "0"]


def test_counts_that_are_zero_throughout_are_named_once() -> None:
    sessions = (
        visit(session_id="a", pageview_count=1, event_count=0, error_count=0),
        visit(session_id="b", pageview_count=2, event_count=0, error_count=3),
    )
    rows, head = table_of(sessions, DENSITIES[0])
    assert [row["pageviews[/errors]"] for row in rows] == ["1", "2/3"]
    assert "none: events" in head


@pytest.mark.parametrize(
    ("fields", "source"),
    [
        ({"referrer": "https://www.Google.com/search?q=x"}, "Referral google.com"),
        ({"referrer": "https://shop.example.com/cart"}, "Referral"),
        ({"referrer": "https://www.shop.example.com/"}, "Referral"),
        ({"referrer": "google.com/x"}, "Referral google.com"),
        ({"referrer": "android-app://com.reddit.app/"}, "Referral com.reddit.app"),
        ({"utm_source": "news", "utm_campaign": "may"}, "Referral news/may"),
        ({"utm_campaign": "may", "referrer": "https://t.co/x"}, "Referral may"),
        ({"utm_source": "referral"}, "Referral"),
        ({"referrer": "https://ada@example.com:secret@evil.example/"}, "Referral evil.example"),
    ],
)
def test_the_source_is_named_where_it_says_more_than_the_channel(
    fields: dict[str, str], source: str
) -> None:
    plain = {"channel": "Referral", "referrer": "", "utm_source": "", "utm_campaign": ""}
    other = visit(session_id="other", channel="Direct")
    row = table_of((visit(**(plain | fields)), other), DENSITIES[0])[0][0]
    assert row["from"] == source


@pytest.mark.parametrize(
    ("fields", "device"),
    [
        (("Mobile", "Mobile Safari", "iOS"), "iOS Safari"),
        (("Tablet", "Mobile Safari", "iOS"), "Tablet iOS Safari"),
        (("Desktop", "Chrome", "Windows"), "Windows Chrome"),
        (("Mobile", "Chrome", "Windows"), "Mobile Windows Chrome"),
        (("", "Chrome", "Linux"), "- Linux Chrome"),
        (("Desktop", "", ""), "Desktop"),
        (("", "", ""), ""),
    ],
)
def test_the_device_type_is_named_where_the_system_does_not_tell_it(
    fields: tuple[str, str, str], device: str
) -> None:
    names = ("device_type", "browser", "operating_system")
    other = visit(session_id="other", device_type="Console", browser="x", operating_system="y")
    row = table_of((visit(**dict(zip(names, fields, strict=True))), other), DENSITIES[0])[0][0]
    assert row["device"] == device


def test_only_visitors_who_recur_or_are_identified_are_named_when_space_is_short() -> None:
    sessions = (
        visit(session_id="a", user_id="one", identified_user_id=""),
        visit(session_id="b", user_id="two", identified_user_id=""),
        visit(session_id="c", user_id="one", identified_user_id=""),
        visit(session_id="d", user_id="six", identified_user_id="ada"),
    )
    rows, head = table_of(sessions, DENSITIES[-1])
    named = [bool(row["visitor"]) for row in rows]
    assert named == [True, False, True, True]
    assert "visitors with one visit here" in head
    rows, head = table_of(sessions[1:3], DENSITIES[-1])
    assert "visitor" not in rows[0]
    assert "visitors with one visit here" in head


def test_a_visit_without_pageviews_has_no_pages() -> None:
    rows, _ = table_of((visit(entry_page="", exit_page=""), visit(session_id="b")), DENSITIES[0])
    assert rows[0]["entry→exit"] == "-"


def test_session_ids_are_as_short_as_they_are_distinct() -> None:
    ids = ("abcdefgh123456", "abcdefgh1299zz", "zzzzzzzz000000", "short", "abcdefgh123456")
    assert short_ids(ids) == (
        "abcdefgh123",
        "abcdefgh129",
        "zzzzzzzz",
        "short",
        "abcdefgh123",
    )


@given(st.lists(st.text("ab-", min_size=8, max_size=14), unique=True))
def test_short_ids_stand_for_one_visit_each_unless_one_id_begins_another(ids: list[str]) -> None:
    for whole, short in zip(ids, short_ids(ids), strict=True):
        assert whole.startswith(short)
        assert len(short) >= 8
        others = [other for other in ids if other != whole and other.startswith(short)]
        assert not others or short == whole


@given(st.text(), st.integers(1, 40))
def test_a_path_cut_in_the_middle_keeps_its_limit(text: str, limit: int) -> None:
    cut = shorten_middle(text, limit)
    assert len(cut) <= limit
    assert cut == text or "…" in cut


def test_a_path_cut_in_the_middle_keeps_both_ends() -> None:
    assert shorten_middle("/blog/how-we-doubled-conversion", 20) == "/blog/how…conversion"
    assert shorten_middle("/ブログ/" + "あ" * 30, 10) == "/ブログ/ああああ…"


def test_queries_and_addresses_in_paths_follow_the_privacy() -> None:
    rows, _ = table_of(
        (
            visit(entry_page="/a?token=secret&utm_source=x", exit_page="/u/ada@example.com"),
            visit(session_id="b"),
        ),
        DENSITIES[0],
    )
    assert "secret" not in rows[0]["entry→exit"]
    assert "ada@" not in rows[0]["entry→exit"]


TEXT_FIELDS = tuple(name for name, field in Session.model_fields.items() if field.annotation is str)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_stays_in_its_cell_whatever_field_it_is_in(text: str) -> None:
    sessions = [visit(**{name: text}) for name in TEXT_FIELDS if name != "session_id"]
    sessions.append(visit(**dict.fromkeys(TEXT_FIELDS, text or "x")))
    for density in range(len(DENSITIES)):
        table, lines = visit_table(
            clean_visits(sessions, Gate(), PRIVACY), DENSITIES[density], BERLIN, NOW
        )
        shown = render(Answer(tuple(lines) or ("x",), (table,)))
        rows = [line for line in shown.split("\n") if not line.startswith("# ")][1:]
        assert [row.count("\t") for row in rows] == [len(table.columns) - 1] * (len(sessions) + 1)
        assert all(char.isprintable() for char in re.sub("[\n\t\u200d]", "", shown))
        assert "](" not in shown
        assert "://" not in shown
        assert "<s" not in shown


def test_what_was_removed_is_counted_once() -> None:
    sessions = (visit(city="A\u200bB"), visit(session_id="b"))
    assert answer_of(sessions).notes == (
        "1 invisible or control character removed from visitor-written text",
    )
    sessions = (visit(entry_page="/a\u200bb", exit_page="/"), visit(session_id="b"))
    assert answer_of(sessions).notes == (
        "1 invisible or control character removed from visitor-written text",
    )
