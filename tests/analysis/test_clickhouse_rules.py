"""What is sent to ClickHouse is accepted there, and no value gets out of its literal."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rybbit_mcp.analysis import terms
from rybbit_mcp.analysis.clickhouse import ClickHouse
from rybbit_mcp.analysis.query import compile_query
from rybbit_mcp.analysis.specification import EventCondition, Specification
from rybbit_mcp.analysis.terms import text
from rybbit_mcp.api.errors import BadRequestError, UnsupportedError
from rybbit_mcp.api.filters import Filter
from rybbit_mcp.api.parameters import Conditions
from tests.analysis.server_rules import is_plain, refusals, unscoped_reads
from tests.analysis.specifications import specifications
from tests.analysis.world import ClickHouseEngine, World, as_server_runs, rows_of
from tests.api.recorded import ROOT

HOSTILE = (
    "' OR 1=1 --",
    "\\' OR 1=1 --",
    "'; DROP TABLE events; --",
    '"quoted" `names`',
    "*/ FROM events /*",
    "\\",
    "\\\\'",
    "\0",
    "a\nb\r\t\x1b[0m",
    "$1 $& ${x} {x:String}",
    "FORMAT JSON INTO OUTFILE SETTINGS",
    "𝕏🚀é\u202e\u2028",
    "x IN events",
    "# comment",
    "'" * 30,
)
values = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=30),
    st.text(st.sampled_from("'\\\"`-;/*#\n\0x7{}$ a%"), min_size=1, max_size=20),
)


def dialect(world: World) -> ClickHouse:
    return ClickHouse(world.site_id, world.window)


@settings(max_examples=80, suppress_health_check=list(HealthCheck))
@given(texts=st.lists(values, min_size=1, max_size=8))
@example(texts=list(HOSTILE))
def test_a_text_comes_back_from_the_engine_as_it_went(
    worlds: tuple[World, ...], texts: list[str]
) -> None:
    columns = {f"text_{place}": text(value) for place, value in enumerate(texts)}
    query = dialect(worlds[0]).render(terms.select(columns, "events", "source").limit(1))

    assert is_plain(query)
    assert list(rows_of(worlds[0].clickhouse, query)[0].values()) == texts


@settings(max_examples=80, suppress_health_check=list(HealthCheck))
@given(texts=st.lists(values, min_size=1, max_size=8))
@example(texts=list(HOSTILE))
def test_a_text_comes_back_from_the_local_engine_as_it_went(
    worlds: tuple[World, ...], texts: list[str]
) -> None:
    from rybbit_mcp.analysis.duckdb_relations import DuckDB

    columns = {f"text_{place}": text(value) for place, value in enumerate(texts)}
    query = DuckDB().render(terms.select(columns, "visits", "visit").limit(1))

    assert worlds[0].duckdb.execute(query).fetchone() == tuple(texts)


def hostile(value: str, world: World) -> Specification:
    """A specification that has the value in every place a value can be in."""
    name = re.sub(r"[\x00-\x1f]", "", value)[:80].lstrip("^:") or "x"
    name = name.replace(".:", "").replace(".^", "").rstrip(".")
    return Specification(
        world.window,
        filters=(
            Filter(parameter="browser", type="equals", value=[value, "some other"]),
            Filter(parameter="city", type="not_contains", value=[value, f"DE-{value}"]),
            Filter(parameter="referrer", type="starts_with", value=[value]),
            Filter(parameter="querystring", type="contains", value=[value]),
            Filter(parameter="user_id", type="not_equals", value=[value]),
        ),
        conditions=Conditions(user_id=value),
        group_by=("converted", f"prop:{name or 'x'}"),
        metrics=("sessions", "occurrences", f"sum:{name or 'x'}", f"median:{name or 'x'}"),
        events=(EventCondition("error", value), EventCondition("event", value, is_present=False)),
        anchor=EventCondition("page", value),
        span="before",
        converted_by=value,
    )


@pytest.fixture(scope="module")
def harmless(worlds: tuple[World, ...]) -> str:
    """The query of a plain value, its literals emptied."""
    query = compile_query(hostile("harmless", worlds[0]), dialect(worlds[0]))
    return re.sub(r"'[^']*'", "''", query)


@settings(max_examples=50, suppress_health_check=list(HealthCheck))
@given(value=values)
def test_no_value_changes_what_a_query_does(
    worlds: tuple[World, ...], harmless: str, value: str
) -> None:
    world = worlds[0]
    query = compile_query(hostile(value, world), dialect(world))

    assert is_plain(query)
    assert refusals(query) == []
    assert unscoped_reads(query, world.site_id) == 0
    assert re.sub(r"'[^']*'", "''", query) == harmless


@pytest.mark.parametrize("value", HOSTILE)
def test_engines_take_hostile_values_for_what_they_are(
    worlds: tuple[World, ...], value: str
) -> None:
    asked = hostile(value, worlds[0])
    without = replace(asked, filters=(), events=(), conditions=Conditions())

    assert worlds[0].by_clickhouse(asked).total.session_count == 0
    assert worlds[0].by_clickhouse(without) == worlds[0].by_duckdb(without)


@settings(max_examples=80, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_specification_is_refused(worlds: tuple[World, ...], data: st.DataObject) -> None:
    world = worlds[data.draw(st.integers(0, len(worlds) - 1))]
    query = compile_query(data.draw(specifications(world)), dialect(world))

    assert refusals(query) == []
    assert is_plain(query)
    assert unscoped_reads(query, world.site_id) == 0


def recorded_queries() -> list[tuple[str, str, int]]:
    """Queries that real servers were sent, and the statuses they answered with."""
    found = []
    for path in sorted((ROOT / "current").glob("query-*.json")):
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        body = record["request"].get("body")
        is_whole = isinstance(body, dict) and not str(body.get("query")).endswith("(cut)")
        if is_whole and isinstance(body.get("query"), str):
            found.append((path.stem, body["query"], record["status"]))
    return found


OTHER_REASONS = {
    *("query-site-id-other-org", "query-site-id-text", "query-other-org", "query-unknown-org"),
    *("query-bad-key", "query-no-key", "query-foreign-origin", "query-slow", "query-division"),
    *("query-syntax-error", "query-unknown-column", "query-wrong-type"),
}


def test_the_rules_refuse_what_real_servers_refused() -> None:
    for name, query, status in recorded_queries():
        if name not in OTHER_REASONS:
            assert bool(refusals(query)) is (status != 200), name


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("SELECT 1 FROM scoped_events; SELECT 2", "a second statement"),
        ("SELECT 1 AS format FROM scoped_events", "the word FORMAT"),
        ("SELECT 1 FROM events, scoped_events", "the table events,"),
        ("SELECT dictGet('a', 'b', 1) FROM scoped_events", "the function dictget"),
        ("SELECT 1 FROM scoped_events WHERE x IN events", "IN table"),
    ],
)
def test_the_rules_name_the_reason(query: str, reason: str) -> None:
    assert reason in refusals(query)


def test_an_answer_is_cut_with_the_total_first(worlds: tuple[World, ...]) -> None:
    world = worlds[0]
    many = replace(world, site_id=900)
    rows = "\n".join(
        json.dumps(
            {
                "site_id": 900,
                "session_id": f"m{place}",
                "timestamp": "2026-10-25 12:00:00",
                "type": "pageview",
                "pathname": f"/p{place // 2:04}",
                "country": "DE",
            }
        )
        for place in range(2400)
    )
    world.clickhouse.query(f"INSERT INTO events FORMAT JSONEachRow {rows}")
    asked = Specification(world.window, group_by=("entry_page",), metrics=("sessions",))
    query = compile_query(asked, dialect(many))
    answer = rows_of(world.clickhouse, as_server_runs(query))
    outcome = many.by_clickhouse(asked)

    assert len(answer) == 1000
    assert answer[0]["is_total"] == 1
    assert (outcome.group_count, len(outcome.groups)) == (1200, 999)
    assert outcome.total.session_count == 2400
    assert [group.key for group in outcome.groups[:2]] == [("/p0000",), ("/p0001",)]


def test_a_question_too_long_for_a_server_is_refused_with_a_way_out(
    worlds: tuple[World, ...],
) -> None:
    value = ["x" * 50] * 500
    asked = Specification(
        worlds[0].window,
        filters=(Filter(parameter="tag", type="contains", value=value),),
    )
    with pytest.raises(UnsupportedError) as refused:
        compile_query(asked, dialect(worlds[0]))

    assert "20000 are allowed" in refused.value.message
    assert refused.value.hint


def test_half_a_character_is_refused(worlds: tuple[World, ...]) -> None:
    asked = Specification(worlds[0].window, events=(EventCondition("page", "\ud800"),))
    with pytest.raises(BadRequestError, match="half a character"):
        compile_query(asked, dialect(worlds[0]))


@pytest.mark.parametrize("name", ["^a", "a.^b", "a.:Int64", "a."])
def test_a_property_whose_name_means_something_to_the_engine_is_refused(
    worlds: tuple[World, ...], name: str
) -> None:
    asked = Specification(worlds[0].window, group_by=(f"prop:{name}",))
    with pytest.raises(UnsupportedError, match="cannot be named"):
        compile_query(asked, dialect(worlds[0]))


def test_only_columns_that_are_needed_are_read(worlds: tuple[World, ...]) -> None:
    asked = Specification(worlds[0].window, group_by=("channel",), metrics=("sessions",))
    query = compile_query(asked, dialect(worlds[0]))

    assert set(re.findall(r"source\.(\w+)", query)) == {
        *("site_id", "timestamp", "session_id", "channel"),
    }
    assert len(re.findall("FROM scoped_events", query)) == 1


def test_all_time_has_no_bounds(worlds: tuple[World, ...]) -> None:
    query = compile_query(Specification(worlds[2].window), dialect(worlds[2]))
    assert "toDateTime" not in query


def test_older_servers_take_the_referrer_of_the_first_event(worlds: tuple[World, ...]) -> None:
    world = worlds[0]
    asked = Specification(world.window, group_by=("referrer",), metrics=("sessions",))
    older = ClickHouse(world.site_id, world.window, takes_first_set_referrer=False)
    query = compile_query(asked, older)

    assert "argMin(event.referrer, event.at)" in query
    assert "argMinIf(event.referrer" in compile_query(asked, dialect(world))


def test_a_self_hosted_table_is_read_under_its_own_name(
    worlds: tuple[World, ...], clickhouse: ClickHouseEngine
) -> None:
    world = worlds[0]
    asked = Specification(world.window, group_by=("channel",))
    query = compile_query(asked, ClickHouse(world.site_id, world.window, table="events"))

    assert rows_of(clickhouse, query) == rows_of(
        clickhouse, as_server_runs(compile_query(asked, dialect(world)))
    )
