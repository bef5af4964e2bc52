"""What an answer keeps back about visitors cannot be asked out of it either."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from mcp import Client

from rybbit_mcp.answers.privacy import PrivacyLevel
from rybbit_mcp.demo.mode import create_demo_server
from rybbit_mcp.server import RybbitServer
from tests.faults.harness import settings_for, text_of

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)
WEEK = {"site": "1", "period": "2026-11-17..2026-11-23"}
TOOLS = ("list_sessions", "summarize_sessions", "get_session_locations")


def demo(level: PrivacyLevel, generation: Literal["A", "B", "C", "D"] = "D") -> RybbitServer:
    settings = settings_for("https://rybbit.test", privacy=level, answer_chars=40_000)
    return create_demo_server(settings, clock=lambda: NOW, generation=generation)


async def said(client: Client, tool: str, **more: Any) -> str:
    return text_of(await client.call_tool(tool, WEEK | more))


async def refusal(client: Client, tool: str, **more: Any) -> str:
    result = await client.call_tool(tool, WEEK | more)
    assert result.is_error, text_of(result)
    return text_of(result)


async def raw_ids() -> set[str]:
    """Every id of a visitor that an answer at `open` has in full, of the visits asked about."""
    async with Client(demo("open")) as client:
        text = await said(client, "list_sessions", identified_only=True, limit=100)
    return set(re.findall(r"[\w.]+@[\w.]+", text)) | set(re.findall(r"\bn[A-Za-z0-9]{11}\b", text))


@pytest.mark.parametrize("level", ["strict", "standard"])
@pytest.mark.parametrize("generation", ["A", "B", "C", "D"])
async def test_a_printed_name_in_a_filter_comes_back_as_that_name(
    generation: Literal["A", "B", "C", "D"], level: PrivacyLevel
) -> None:
    known = await raw_ids()
    async with Client(demo(level, generation)) as client:
        listed = await said(client, "list_sessions", identified_only=generation != "A", limit=20)
        names = list(dict.fromkeys(re.findall(r"\b[uv]\d{9}\b", listed)))[:2]
        texts = [
            await said(
                client, tool, filters=[{"parameter": "user_id", "type": kind, "value": some}]
            )
            for tool in TOOLS
            for kind in ("equals", "not_equals")
            for some in (names[:1], names)
        ]

    assert len(names) == 2
    assert len(known) > 10
    assert any(names[0] in text for text in texts)
    for text in texts:
        assert not [one for one in known if one in text]
        assert "@" not in text


@pytest.mark.parametrize("level", ["strict", "standard"])
@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("kind", ["contains", "not_contains", "starts_with", "ends_with", "regex"])
async def test_an_id_cannot_be_spelled_out_part_by_part(
    kind: str, tool: str, level: PrivacyLevel
) -> None:
    asked = [{"parameter": "user_id", "type": kind, "value": ["n"]}]
    async with Client(demo(level)) as client:
        text = await refusal(client, tool, filters=asked)

    assert f"user_id {kind} would spell out an id" in text
    assert "user_id equals" in text


async def test_who_sees_whole_ids_may_ask_for_their_parts() -> None:
    asked = [{"parameter": "user_id", "type": "contains", "value": ["example.org"]}]
    async with Client(demo("open")) as client:
        assert "@example.org" in await said(client, "list_sessions", filters=asked)


@pytest.mark.parametrize("tool", TOOLS)
async def test_at_strict_a_visitor_is_known_by_printed_names_alone(tool: str) -> None:
    (guess, *_) = sorted(await raw_ids())
    asked = [{"parameter": "user_id", "value": [guess]}]
    async with Client(demo("strict")) as client:
        texts = [await refusal(client, tool, filters=asked)]
        if tool != "summarize_sessions":
            texts.append(await refusal(client, tool, user_id=guess))

    for text in texts:
        assert "printed names" in text
        assert guess not in text


async def test_at_standard_a_visitor_is_found_by_a_whole_id_and_named_by_another() -> None:
    (whole, *_) = sorted(await raw_ids())
    async with Client(demo("standard")) as client:
        text = await said(client, "list_sessions", user_id=whole)

    assert re.search(r"\bu\d{9}\b", text)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("region", "DE-BE"),
        ("city", "Berlin"),
        ("timezone", "Europe/Berlin"),
        ("lat", "52.5"),
        ("lon", "13.4"),
        ("querystring", "q="),
    ],
)
async def test_at_strict_what_is_never_shown_cannot_be_asked_about(
    parameter: str, value: str
) -> None:
    asked = [{"parameter": parameter, "value": [value]}]
    async with Client(demo("strict")) as client:
        for tool in TOOLS:
            text = await refusal(client, tool, filters=asked)
            assert f"{parameter} is never shown at RYBBIT_PRIVACY=strict" in text


@pytest.mark.parametrize(
    ("level", "right", "finer"), [("standard", "52.5", "52.53"), ("open", "52.53", "52.534")]
)
@pytest.mark.parametrize("kind", ["greater_than", "less_than_or_equal", "equals", "not_equals"])
async def test_coordinates_are_asked_about_no_finer_than_they_are_told(
    kind: str, level: PrivacyLevel, right: str, finer: str
) -> None:
    async with Client(demo(level)) as client:
        for parameter in ("lat", "lon"):
            asked = {"parameter": parameter, "type": kind}
            await said(client, "list_sessions", filters=[asked | {"value": [right]}])
            text = await refusal(client, "list_sessions", filters=[asked | {"value": [finer]}])
            assert f"{parameter} is told to" in text


@pytest.mark.parametrize("level", ["strict", "standard"])
@pytest.mark.parametrize("name", ["card", "user.passport", "customer_id", "phone", "otp"])
@pytest.mark.parametrize("function", ["sum", "mean", "median"])
async def test_numbers_that_point_at_a_person_are_not_summed_up(
    function: str, name: str, level: PrivacyLevel
) -> None:
    async with Client(demo(level)) as client:
        text = await refusal(client, "summarize_sessions", metrics=[f"{function}:{name}"])

    assert "points at a person" in text
    assert f"group_by prop:{name}" in text


@pytest.mark.parametrize("level", ["strict", "standard", "open"])
async def test_numbers_of_things_are_summed_up_at_every_level(level: PrivacyLevel) -> None:
    async with Client(demo(level)) as client:
        result = await client.call_tool("summarize_sessions", WEEK | {"metrics": ["sum:price"]})

    assert not result.is_error
