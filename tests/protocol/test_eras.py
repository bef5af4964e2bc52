"""Both eras of the protocol, in memory, over stdio and over HTTP: the same answers, to the byte."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from mcp import Client, MCPError
from mcp.client.stdio import StdioServerParameters
from mcp.types import PromptReference
from pydantic import BaseModel

from tests.protocol.loopback import ROOT
from tests.protocol.questions import EVERY_TOOL, MORE, NAMES, about, first_session_id
from tests.protocol.served import fixed_server

pytestmark = pytest.mark.anyio

STDIO = StdioServerParameters(
    command=sys.executable, args=["-m", "tests.protocol.served", "stdio"], cwd=ROOT
)
ERAS = {"auto": "2026-07-28", "legacy": "2025-11-25"}
"""The client's modes, and the protocol version that each must end up with."""


def to_bytes(result: BaseModel) -> bytes:
    """A result as it goes over the wire, without what only one era adds to every message."""
    return result.model_dump_json(by_alias=True, exclude_none=True, exclude={"meta"}).encode()


def in_one_order(result: BaseModel) -> bytes:
    """The same for results that hold schemas: the SDK orders a schema's members by era."""
    return json.dumps(json.loads(to_bytes(result)), sort_keys=True).encode()


async def ask_everything(client: Client) -> dict[str, bytes]:
    """Everything that a host can ask, as bytes of the answers."""
    visits = await client.call_tool("list_sessions", {"site": "1", "period": "24h", "limit": 1})
    session_id = first_session_id(visits.content[0].text)
    answers: dict[str, Any] = {
        "prompts": await client.list_prompts(),
        "resources": await client.list_resources(),
        "resource templates": await client.list_resource_templates(),
        "prompt": await client.get_prompt("explain_visit", {"session_id": session_id}),
        "completion": await client.complete(
            PromptReference(name="weekly_review"), {"name": "site", "value": "e"}
        ),
    }
    for number, question in enumerate(EVERY_TOOL + MORE):
        tool, arguments = about(session_id, question)
        answer = await client.call_tool(tool, arguments)
        assert not answer.is_error or question in MORE, answer
        answers[f"{number} {tool}"] = answer
    found = {name: to_bytes(result) for name, result in answers.items()}
    found["tools"] = in_one_order(await client.list_tools())
    found["instructions"] = (client.instructions or "").encode()
    for name, arguments in (("no_such_prompt", {}), ("explain_visit", {})):
        with pytest.raises(MCPError) as caught:
            await client.get_prompt(name, arguments)
        found[f"error of {name}"] = f"{caught.value.code} {caught.value}".encode()
    return found


@pytest.fixture(scope="module")
async def expected() -> dict[str, bytes]:
    """The answers in memory, with nothing between client and server."""
    async with Client(fixed_server()) as client:
        return await ask_everything(client)


async def test_every_tool_is_asked():
    async with Client(fixed_server()) as client:
        offered = [tool.name for tool in (await client.list_tools()).tools]

    assert offered == NAMES


@pytest.mark.parametrize("mode", ERAS)
@pytest.mark.parametrize("transport", ["memory", "stdio", "http"])
async def test_both_eras_get_the_same_answers_byte_for_byte(
    expected, http_url, transport, mode, figure
):
    server = {"memory": fixed_server(), "stdio": STDIO, "http": http_url}[transport]
    async with Client(server, mode=mode, read_timeout_seconds=20) as client:
        version = client.protocol_version
        answers = await ask_everything(client)

    assert version == ERAS[mode]
    assert answers == expected
    figure("era_answers", len(answers))
    figure("era_other", sum(answers[name] != expected[name] for name in expected))
