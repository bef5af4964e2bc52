"""`python -m rybbit_mcp.demo.show`: asks the demo server real questions, as a host would.

A real MCP client starts the real server over standard input and output; what it prints is what a
model reads. At the end stand the lines for Claude Desktop.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.types import TextContent

SERVER_ARGUMENTS = ["-m", "rybbit_mcp", "--demo"]
BROKEN_CHECKOUT = [
    {"parameter": "exit_page", "value": "/checkout"},
    {"parameter": "browser", "value": "Mobile Safari"},
]


def host_entry(python: str = sys.executable) -> dict[str, Any]:
    """The entry for the demo in a host's configuration."""
    entry = {"command": str(Path(python).absolute()), "args": SERVER_ARGUMENTS}
    return {"mcpServers": {"rybbit-demo": entry}}


async def show() -> None:
    """Ask, and print each question, the call it became, and the answer."""
    parameters = StdioServerParameters(command=sys.executable, args=SERVER_ARGUMENTS)
    async with Client(parameters, read_timeout_seconds=60) as client:
        tools = (await client.list_tools()).tools
        print(f"The server offers {', '.join(tool.name for tool in tools)}.")
        await _ask(client, "Which sites are there?", "list_sites", {})
        await _ask(
            client,
            "Which channels bounce most this week, and what changed?",
            "summarize_sessions",
            {"site": "shop.example.com", "group_by": ["channel"], "compare": "previous_period"},
        )
        visits = await _ask(
            client,
            "Who left at the checkout with an iPhone since yesterday?",
            "list_sessions",
            {"site": "shop.example.com", "period": "48h", "filters": BROKEN_CHECKOUT, "limit": 10},
        )
        await _ask(
            client,
            "What happened in one of those visits?",
            "get_session",
            {"site": "shop.example.com", "session_id": _first_id(visits)},
        )
        await _ask(
            client,
            "Where do visitors come from?",
            "get_session_locations",
            {"site": "shop.example.com", "period": "30d"},
        )
    print(_title("Claude Desktop"))
    print("Merge this into claude_desktop_config.json and restart Claude Desktop:\n")
    print(json.dumps(host_entry(), indent=2))
    print("\nThen ask: why did mobile visitors leave the checkout yesterday?")


async def _ask(client: Client, question: str, tool: str, arguments: dict[str, Any]) -> str:
    print(_title(question))
    print(f"{tool} {json.dumps(arguments, ensure_ascii=False)}\n")
    result = await client.call_tool(tool, arguments)
    text = "\n".join(item.text for item in result.content if isinstance(item, TextContent))
    if result.is_error:
        raise SystemExit(f"The demo failed: {text}")
    print(text)
    return text


def _first_id(answer: str) -> str:
    """The id in the last column of the first row."""
    rows = [line for line in answer.splitlines() if line and not line.startswith("#")]
    return re.split(r"\t", rows[1])[-1]


def _title(text: str) -> str:
    return f"\n=== {text} " + "=" * max(0, 74 - len(text))


def main(_: Sequence[str] = ()) -> None:
    """Run the demo."""
    anyio.run(show)


if __name__ == "__main__":
    main()
