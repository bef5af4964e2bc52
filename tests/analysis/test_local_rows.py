"""Pages taken apart in DuckDB give what the models give, row by row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rybbit_mcp.analysis.duckdb_relations import VISIT_COLUMNS, visit_row
from rybbit_mcp.analysis.local_lane import Page, PageFacts
from rybbit_mcp.analysis.local_rows import KEPT_COLUMNS
from rybbit_mcp.analysis.local_store import VisitStore
from rybbit_mcp.api.bulk import parse_page
from rybbit_mcp.api.errors import UnexpectedBodyError
from tests.api.recorded import recordings

TIMES = {"session_start": "2026-11-23 10:00:00", "session_end": "2026-11-23 10:05:00"}
COUNTS = dict.fromkeys(("session_duration", "pageviews", "events", "errors", "outbound"), 1)
PLAIN = {"session_id": "abc"} | TIMES | COUNTS
COLUMNS = tuple(KEPT_COLUMNS)


def stored(store: VisitStore, reading: int) -> list[tuple[Any, ...]]:
    """The rows of a reading in the order of its page."""
    columns = ", ".join(f'"{name}"' for name in COLUMNS)
    sql = f"SELECT {columns} FROM visit WHERE reading = ? ORDER BY place"
    with store.cursor() as cursor:
        return cursor.execute(sql, [reading]).fetchall()


def modelled(body: bytes) -> list[tuple[Any, ...]]:
    places = [place for place, name in enumerate(VISIT_COLUMNS) if name in COLUMNS]
    rows = [visit_row(session) for session in parse_page(body)]
    return [tuple(row[place] for place in places) for row in rows]


READINGS = count(1)


def check(store: VisitStore, body: bytes) -> PageFacts | None:
    """Load the page; it must give what the models give, or be refused as they refuse it."""
    reading = next(READINGS)
    try:
        expected = modelled(body)
    except UnexpectedBodyError:
        with pytest.raises(UnexpectedBodyError, match="session list answer is not what Rybbit"):
            store.load([Page(body, reading)])
        return None
    (facts,) = store.load([Page(body, reading)])
    assert stored(store, reading) == expected
    assert facts.row_count == len(expected)
    return facts


def page(*rows: Any) -> bytes:
    return json.dumps({"data": rows}).encode("utf-8", "surrogatepass")


@pytest.fixture(scope="module")
def store() -> Iterator[VisitStore]:
    store = VisitStore()
    yield store
    store.close()


numbers = st.integers() | st.floats() | st.decimals(allow_nan=False).map(float)
number_texts = st.one_of(
    numbers.map(str),
    st.from_regex(r"\A-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][-+]?[0-9]{1,2})?\Z"),
    st.sampled_from(
        ("7.0", "007", "-0", "-0.0", "1e21", "0x1F", ".5", "Infinity", "NaN", "nan", "0.00001")
    ),
)
texts = st.one_of(
    st.text(max_size=12),
    number_texts,
    st.sampled_from(("", "\0\0", "\0", "a\0b", "{}", "[1]", "true", "null", " ", "\x01", "7\x01")),
)
json_values = st.one_of(
    texts,
    numbers,
    st.booleans(),
    st.none(),
    st.just({"a": 1}),
    st.lists(st.integers(), max_size=2),
)
times = st.one_of(
    st.datetimes().map(lambda at: f"{at:%Y-%m-%d %H:%M:%S}"),
    st.integers(0, 4 * 10**9).map(
        lambda second: f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d %H:%M:%S}"
    ),
    st.datetimes().map(str),
    st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat()),
    st.sampled_from(
        (
            *("2026-02-30 10:00:00", "2026-11-23T10:00:00", "2026-11-23", "20261123T100000"),
            *("2026-11-23 10:00:00.120", "2026-11-23 10:00:00Z", "2026-11-23 24:00:00"),
            *("2026-11-23 10:00:60", "2026/11/23 10:00:00", "2026-1-2 3:04:05", "12026-11-23", ""),
        )
    ),
)
API_TEXTS = (
    *("user_id", "identified_user_id", "entry_page", "exit_page", "country", "region", "city"),
    *("language", "browser", "operating_system", "device_type", "referrer", "channel", "hostname"),
    *("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "tag", "other"),
)


def _without(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {field: value for field, value in row.items() if field != name}


usual_rows = st.fixed_dictionaries(
    {"session_id": st.from_regex(r"\A[A-Za-z0-9_-]{1,14}\Z"), "session_start": times}
    | {"session_end": times}
    | dict.fromkeys(COUNTS, st.integers(0, 10**6)),
    optional={name: texts | st.integers() | st.none() for name in API_TEXTS}
    | {"screen_width": st.integers(0, 10**6) | st.none()},
)
odd_rows = st.fixed_dictionaries(
    {
        "session_id": st.from_regex(r"\A[A-Za-z]{1,9}\Z") | json_values,
        **dict.fromkeys(TIMES, times),
        **dict.fromkeys(COUNTS, st.integers(0, 9) | st.sampled_from(("3", 2.0, 2**40))),
    },
    optional=dict.fromkeys((*API_TEXTS, "screen_width"), json_values),
)
uncounted_rows = st.builds(
    lambda row, name, value: row | {name: value} if value != "missing" else _without(row, name),
    usual_rows,
    st.sampled_from(tuple(COUNTS)),
    json_values | st.sampled_from((-1, "-1", 2.5, None, "missing")),
)


@settings(max_examples=150)
@given(st.lists(usual_rows | odd_rows | uncounted_rows, max_size=5))
@example([PLAIN | {"country": "\0\0", "city": 7.0, "tag": "7.0", "pageviews": "3"}])
@example([PLAIN | {"city": 1e21, "region": 12345678901234567890, "tag": 1e-7, "browser": 0.1}])
@example([PLAIN | {"city": True, "region": None, "tag": {"a": 1}, "browser": ["x"]}])
@example([PLAIN | {"session_id": 7}])
@example([PLAIN | {"session_id": "7"}])
@example([PLAIN | {"session_id": "true"}, PLAIN | {"session_id": "{}"}])
@example([PLAIN | {"session_id": ""}])
@example([PLAIN | {"screen_width": 10**15}, PLAIN | {"screen_width": -5}])
@example([PLAIN, PLAIN | {"pageviews": -3}])
@example([PLAIN, PLAIN | {"errors": "x"}])
@example([PLAIN, PLAIN | {"session_duration": None}])
@example([PLAIN, _without(PLAIN, "outbound")])
@example([PLAIN, _without(PLAIN, "pageviews") | {"screen_width": 800}])
@example([PLAIN, _without(PLAIN, "pageviews") | {"events": "1\x011"}])
@example([{"session_id": "no times"}])
def test_a_page_is_taken_apart_as_the_models_do(
    store: VisitStore, rows: list[dict[str, Any]]
) -> None:
    check(store, page(*rows))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"data":null}',
        b'{"data":{"a":1}}',
        b'{"data":[1]}',
        b'{"data":[null]}',
        b'{"data":[[]]}',
        b'{"data":[{}]}',
        b'{"data":"x"}',
        b'{"data":[',
        b"<html></html>",
        b"\xff\xfe",
        b'\xef\xbb\xbf{"data":[]}',
        b'{"data":[{"session_id":"\xff"}]}',
        b'{"data":[{"session_id":"\\ud800"}]}',
        page(PLAIN, 7),
        page(PLAIN, PLAIN | {"session_end": None}),
    ],
)
def test_what_is_no_page_is_refused_as_the_models_refuse_it(store: VisitStore, body: bytes) -> None:
    assert check(store, body) is None


def test_an_empty_page_holds_nothing(store: VisitStore) -> None:
    assert store.load([Page(b'{"data":[]}', next(READINGS))]) == [PageFacts(0, 0, None, None, None)]


def test_facts_tell_the_times_of_plain_and_odd_rows_alike(store: VisitStore) -> None:
    plain = PLAIN | {"session_start": "2026-11-20 10:00:00", "session_end": "2026-11-23 10:05:00"}
    odd = plain | {"session_start": "2026-11-21 10:00:00", "session_end": "2026-11-22 00:00:00"}

    facts = check(store, page(plain, odd | {"tag": 1e21}))

    assert facts == PageFacts(
        row_count=2,
        kept_count=2,
        newest_end_at=datetime(2026, 11, 23, 10, 5, tzinfo=UTC),
        oldest_end_at=datetime(2026, 11, 22, tzinfo=UTC),
        newest_start_at=datetime(2026, 11, 21, 10, tzinfo=UTC),
    )


@pytest.mark.parametrize("odd", [{}, {"tag": 1e21}])
def test_rows_that_were_not_asked_for_are_counted_and_dropped(odd: dict[str, Any]) -> None:
    store = VisitStore()

    body = page(PLAIN | odd, PLAIN | odd | {"session_id": "other"})
    (facts,) = store.load([Page(body, 1, (1,))])

    assert (facts.row_count, facts.kept_count) == (2, 1)
    assert store.settle() == 1
    assert [row[0] for row in stored(store, 1)] == ["other"]


@pytest.mark.parametrize(
    "name",
    [one.name for one in recordings() if one.is_used and one.kind == "list" and one.status == 200],
)
def test_recorded_lists_are_taken_apart_as_the_models_do(store: VisitStore, name: str) -> None:
    """Source: real servers of the generations A to D."""
    found = next(one for one in recordings() if one.name == name)

    facts = check(store, json.dumps(found.body).encode("utf-8", "surrogatepass"))

    assert facts is None or facts.row_count == len(found.body["data"])


def test_recorded_rows_are_read_without_the_models(
    store: VisitStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain rows are what servers send; the slow path is for what they do not."""
    body = next(one for one in recordings() if one.name == "current/list-limit-2").body
    expected = modelled(json.dumps(body).encode())
    monkeypatch.setattr("rybbit_mcp.analysis.local_lane.parse_session", None)
    monkeypatch.setattr("rybbit_mcp.analysis.local_lane.parse_page", None)

    reading = next(READINGS)
    store.load([Page(json.dumps(body).encode(), reading)])

    assert stored(store, reading) == expected


def test_pages_loaded_together_are_what_they_are_alone(store: VisitStore) -> None:
    bodies = [
        page(PLAIN, PLAIN | {"session_id": "b", "tag": 1e21}),
        page(),
        page(PLAIN | {"session_id": "c"}),
    ]
    pages = [Page(body, next(READINGS)) for body in bodies]

    facts = store.load(pages)

    assert [one.row_count for one in facts] == [2, 0, 1]
    assert [stored(store, one.reading) for one in pages] == [modelled(body) for body in bodies]


@pytest.mark.parametrize("bad", [b"<html>", b'{"data":7}', b"\xff", page(7)])
def test_one_bad_page_among_others_is_refused(store: VisitStore, bad: bytes) -> None:
    with pytest.raises(UnexpectedBodyError):
        store.load([Page(page(PLAIN), next(READINGS)), Page(bad, next(READINGS))])
