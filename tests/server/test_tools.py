"""The tools as a host sees them: schemas, hints, answers and errors."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest
from mcp import Client

from bench.counting import count_tokens
from rybbit_mcp.demo.mode import create_demo_server
from tests.server.conftest import NOW, ask, fail

pytestmark = pytest.mark.anyio

NOT_SIGNED_UP = {"parameter": "event_name", "type": "not_equals", "value": "signup"}
TOOLS = [
    "list_sites",
    "summarize_sessions",
    "list_sessions",
    "get_session",
    "get_session_locations",
]


def wire(model) -> str:
    return json.dumps(
        model.model_dump(mode="json", by_alias=True, exclude_none=True),
        ensure_ascii=False,
        separators=(",", ":"),
    )


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_tool_list_is_small_and_complete(demo_server, mode):
    async with Client(demo_server, mode=mode) as client:
        tools = (await client.list_tools()).tools

    assert [tool.name for tool in tools] == TOOLS
    assert sum(count_tokens(wire(tool)) for tool in tools) <= 2000


async def test_every_tool_has_a_title_and_all_four_hints(demo_server):
    async with Client(demo_server) as client:
        tools = (await client.list_tools()).tools

    for tool in tools:
        assert tool.title
        assert tool.description
        assert tool.annotations.read_only_hint is True
        assert tool.annotations.destructive_hint is False
        assert tool.annotations.idempotent_hint is True
        assert tool.annotations.open_world_hint is True


async def test_schemas_are_portable(demo_server):
    """No union, no references beyond one level, no titles: hosts differ on all."""
    async with Client(demo_server) as client:
        tools = (await client.list_tools()).tools

    for tool in tools:
        text = wire(tool)
        assert '"anyOf"' not in text
        assert '"null"' not in text
        assert '"type":[' not in text
        assert tool.input_schema["additionalProperties"] is False
        assert '"title"' not in json.dumps(tool.input_schema)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_text_mode_sends_text_alone(demo_server, mode):
    async with Client(demo_server, mode=mode) as client:
        tools = (await client.list_tools()).tools
        result = await client.call_tool("list_sites")

    assert all(tool.output_schema is None for tool in tools)
    assert result.structured_content is None
    assert len(result.content) == 1


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_structured_mode_declares_a_schema_and_sends_columns_and_rows(plain_settings, mode):
    settings = plain_settings.model_copy(update={"output": "structured"})
    server = create_demo_server(settings, clock=lambda: NOW)
    async with Client(server, mode=mode) as client:
        tools = (await client.list_tools()).tools
        result = await client.call_tool("list_sessions", {"site": "1", "limit": 5})

    assert all(tool.output_schema["properties"].keys() >= {"notes", "tables"} for tool in tools)
    (table,) = result.structured_content["tables"]
    assert len(table["rows"]) == 5
    assert all(len(row) == len(table["columns"]) for row in table["rows"])
    assert result.content[0].text.count("\n") == 0


@pytest.mark.parametrize(
    ("tool", "arguments", "reason"),
    [
        ("list_sessions", {"sit": "1"}, "There is no argument 'sit'. Did you mean site?"),
        ("list_sessions", {"limit": 1000}, "limit should be less than or equal to 100"),
        ("list_sessions", {"page": 0}, "page should be greater than or equal to 1"),
        ("list_sessions", {"site": "999"}, "999"),
        ("list_sessions", {"site": "nowhere"}, "There are: 1 Acme Shop, 2 Acme Docs"),
        ("list_sessions", {}, "Choose one: 1 Acme Shop, 2 Acme Docs"),
        ("list_sessions", {"site": "1", "period": "2026-13-45"}, "Write dates as YYYY-MM-DD"),
        ("list_sessions", {"site": "1", "period": "2026-11-20..2026-11-01"}, "before the start"),
        ("list_sessions", {"site": "1", "period": "7d", "past_minutes": 5}, "Keep period"),
        ("list_sessions", {"site": "1", "time_zone": "Pragu"}, "Europe/Prague"),
        (
            "list_sessions",
            {"site": "1", "filters": [{"parameter": "device", "value": "x"}]},
            "Did you mean device_type",
        ),
        (
            "list_sessions",
            {"site": "1", "filters": [{"parameter": "browser", "type": "regex", "value": "(("}]},
            "does not compile",
        ),
        (
            "list_sessions",
            {
                "site": "1",
                "filters": [{"parameter": "event_name", "type": "not_equals", "value": "x"}],
            },
            "event",
        ),
        ("get_session", {"site": "1", "session_id": "../../organizations"}, "not a session id"),
        ("get_session", {"site": "1", "session_id": "NoSuchSession1"}, "no session"),
        ("get_session", {"site": "1", "session_id": "short"}, "too short"),
        ("get_session", {"site": "1"}, "session_id is missing"),
        ("get_session_locations", {"site": "1", "period": "soon"}, "is not a period"),
    ],
)
async def test_bad_input_gives_one_clear_error_that_says_what_to_do(
    demo_server, tool, arguments, reason
):
    async with Client(demo_server) as client:
        text = await fail(client, tool, **arguments)

    assert reason.lower() in text.lower()
    assert "\n" not in text
    assert "pydantic" not in text
    assert len(text) < 500


@pytest.mark.parametrize("called", ["1", 1, "5f3a9c1e7b42", "shop.example.com", "Acme Shop"])
async def test_a_site_is_found_by_number_id_domain_or_name(demo_server, called):
    async with Client(demo_server) as client:
        text = await ask(client, "list_sessions", site=called, limit=1)

    assert "site 1" in text.splitlines()[0]


async def test_the_first_line_states_site_range_and_zone(demo_server):
    async with Client(demo_server) as client:
        text = await ask(
            client,
            "list_sessions",
            site="Acme Shop",
            period="yesterday",
            time_zone="America/New_York",
        )

    first = text.splitlines()[0]
    assert first.startswith("# DEMO DATA")
    assert "Acme Shop (site 1)" in first
    assert "2026-11-23 America/New_York" in first


async def test_an_empty_answer_says_which_filter_removed_everything(demo_server):
    async with Client(demo_server) as client:
        text = await ask(
            client,
            "list_sessions",
            site="1",
            filters=[
                {"parameter": "device_type", "value": "mobile"},
                {"parameter": "country", "value": "DE"},
            ],
        )

    assert "device_type equals: no visit matches `mobile`" in text
    assert "`Mobile`" in text
    assert "country" not in text.splitlines()[2]


async def test_an_event_that_never_happened_is_answered_with_those_that_did(demo_server):
    async with Client(demo_server) as client:
        text = await ask(
            client,
            "list_sessions",
            site="1",
            filters=[{"parameter": "event_name", "value": "sign_up"}],
        )

    assert "event_name equals: no visit matches `sign_up`" in text
    assert "there are `" in text


async def test_printed_ids_and_visitors_can_be_given_back(demo_server):
    async with Client(demo_server) as client:
        text = await ask(client, "list_sessions", site="1", limit=3)
        header, *rows = [line.split("\t") for line in text.splitlines() if "\t" in line]
        row = dict(zip(header, rows[0], strict=True))
        visit = await ask(client, "get_session", site="1", session_id=row["id"])
        others = await ask(client, "list_sessions", site="1", user_id=row["visitor"])

    assert row["id"] in visit
    assert row["id"] in others


async def test_printed_ids_are_found_again_after_a_restart(demo_server, plain_settings):
    async with Client(demo_server) as client:
        text = await ask(client, "list_sessions", site="1", limit=3)
    header, *rows = [line.split("\t") for line in text.splitlines() if "\t" in line]
    row = dict(zip(header, rows[2], strict=True))
    restarted = create_demo_server(plain_settings, clock=lambda: NOW)
    async with Client(restarted) as client:
        visit = await ask(client, "get_session", site="1", session_id=row["id"])
        others = await ask(client, "list_sessions", site="1", user_id=row["visitor"])

    assert row["id"] in visit
    assert row["id"] in others


async def test_paging_by_the_printed_calls_shows_every_visit_once(demo_server):
    async with Client(demo_server) as client:
        arguments = {"site": "2", "period": "24h", "limit": 9}
        seen: list[str] = []
        while True:
            text = await ask(client, "list_sessions", **arguments)
            rows = [line.split("\t") for line in text.splitlines() if "\t" in line]
            seen += [row[-1] for row in rows[1:]]
            match = re.search(r"^# next: list_sessions\((.*)\)$", text, re.MULTILINE)
            if match is None:
                break
            arguments = eval(f"dict({match[1]})")  # our own text, as a model would copy it
        everything = await ask(client, "list_sessions", site="2", period="24h", limit=100)

    rows = [line.split("\t") for line in everything.splitlines() if "\t" in line]
    assert seen == [row[-1] for row in rows[1:]]
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize("level", ["strict", "standard", "open"])
async def test_a_printed_visitor_can_be_given_back_as_a_filter_of_every_tool(plain_settings, level):
    settings = plain_settings.model_copy(update={"privacy": level})
    async with Client(create_demo_server(settings, clock=lambda: NOW)) as client:
        text = await ask(client, "list_sessions", site="1", limit=100, identified_only=True)
        header, *rows = [line.split("\t") for line in text.splitlines() if "\t" in line]
        names = Counter(row[header.index("visitor")] for row in rows)
        ((name, _),) = names.most_common(1)
    filters = [{"parameter": "user_id", "value": name}]
    async with Client(create_demo_server(settings, clock=lambda: NOW)) as client:
        listed = await ask(client, "list_sessions", site="1", limit=100, filters=filters)
        summary = await ask(client, "summarize_sessions", site="1", filters=filters)
        places = await ask(client, "get_session_locations", site="1", filters=filters)

    visits = len([line for line in listed.splitlines() if "\t" in line]) - 1
    assert visits > 1
    assert f"rests on {visits} visits" in summary
    assert f"{visits} visits" in places
    assert all(f"user_id equals {name}" in answer for answer in (listed, summary, places))
    if level != "open":
        assert "@" not in listed + summary + places


async def test_a_visitor_that_nobody_is_called_is_refused_in_a_filter(demo_server):
    filters = [{"parameter": "user_id", "value": "v000000001"}]
    async with Client(demo_server) as client:
        for tool in ("list_sessions", "summarize_sessions", "get_session_locations"):
            assert "is named v000000001" in await fail(client, tool, site="1", filters=filters)
