"""Many calls at once over one connection: each answer goes to its own question."""

from __future__ import annotations

import sys

import anyio
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from tests.protocol.loopback import ROOT
from tests.protocol.served import fixed_server

pytestmark = pytest.mark.anyio

STDIO = StdioServerParameters(
    command=sys.executable, args=["-m", "tests.protocol.served", "stdio"], cwd=ROOT
)
QUESTIONS = [
    {"site": str(1 + number % 2), "period": f"{1 + number // 10}d", "limit": 1 + number % 10}
    for number in range(50)
]
"""Fifty questions with fifty different answers."""


@pytest.fixture(scope="module")
async def expected() -> list[str]:
    """The answers in memory, one call after another."""
    async with Client(fixed_server()) as client:
        return [
            (await client.call_tool("list_sessions", question)).content[0].text
            for question in QUESTIONS
        ]


@pytest.mark.parametrize(
    ("transport", "mode"), [("stdio", "auto"), ("stdio", "legacy"), ("http", "auto")]
)
async def test_fifty_calls_at_once_get_the_answers_that_single_calls_get(
    expected, http_url, transport, mode, figure
):
    answers = [""] * len(QUESTIONS)

    async def ask(client: Client, number: int) -> None:
        result = await client.call_tool("list_sessions", QUESTIONS[number])
        answers[number] = result.content[0].text

    server = STDIO if transport == "stdio" else http_url
    async with (
        Client(server, mode=mode, read_timeout_seconds=30) as client,
        anyio.create_task_group() as tasks,
    ):
        for number in range(len(QUESTIONS)):
            tasks.start_soon(ask, client, number)

    assert len(set(expected)) == len(expected)
    assert answers == expected
    figure("together_calls", len(answers))
    figure("together_wrong", sum(map(str.__ne__, answers, expected)))
