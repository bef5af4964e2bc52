"""`make samples`: writes the generated parts of README and docs/summaries.md: answers and tables.

With `--check` nothing is written; the exit code is 1 if a part is out of date.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
from mcp import Client
from pydantic_core import PydanticUndefined

from bench import tokens
from rybbit_mcp.answers.privacy import FIELDS
from rybbit_mcp.demo.mode import create_demo_server
from rybbit_mcp.settings import Settings

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", ROOT / "docs" / "summaries.md")

LEFT_AT_CHECKOUT = [
    {"parameter": "exit_page", "value": "/checkout"},
    {"parameter": "browser", "value": "Mobile Safari"},
]
QUESTIONS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("Which sites are there?", "list_sites", {}),
    (
        "Which channels bounce most this week, and what changed?",
        "summarize_sessions",
        {"site": "shop.example.com", "group_by": ["channel"], "compare": "previous_period"},
    ),
    (
        "With which browsers do visitors leave at the checkout?",
        "summarize_sessions",
        {
            "site": "shop.example.com",
            "period": "48h",
            "filters": [{"parameter": "exit_page", "value": "/checkout"}],
            "group_by": ["browser"],
            "metrics": ["sessions", "share", "errors"],
        },
    ),
    (
        "Which channel brings revenue?",
        "summarize_sessions",
        {
            "site": "shop.example.com",
            "period": "7d",
            "group_by": ["channel"],
            "metrics": ["sessions", "sum:value"],
            "with_event": "purchase",
        },
    ),
    (
        "Who left at the checkout with an iPhone since yesterday?",
        "list_sessions",
        {"site": "shop.example.com", "period": "48h", "filters": LEFT_AT_CHECKOUT, "limit": 5},
    ),
    ("What happened in the newest of these visits?", "get_session", {"site": "shop.example.com"}),
    (
        "Where did the visitors of the last 30 days come from?",
        "get_session_locations",
        {"site": "shop.example.com", "period": "30d"},
    ),
)
INSIDE_VISITS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (
        "What do people search for, and what of it is not found?",
        "summarize_sessions",
        {
            "site": "shop.example.com",
            "period": "30d",
            "with_event": "search",
            "group_by": ["prop:query"],
            "metrics": ["occurrences", "sessions", "mean:results"],
            "top": 8,
        },
    ),
    (
        "Which pages do people see before they sign up?",
        "summarize_sessions",
        {
            "site": "shop.example.com",
            "period": "30d",
            "with_event": "signup",
            "before_event": "signup",
            "group_by": ["page"],
            "metrics": ["sessions", "occurrences"],
            "top": 5,
        },
    ),
    (
        "Do visitors of mobile phones buy less often?",
        "summarize_sessions",
        {
            "site": "shop.example.com",
            "period": "7d",
            "group_by": ["device_type", "converted"],
            "metrics": ["sessions", "share"],
            "converted_by": "purchase",
        },
    ),
    (
        "How many visits came from phones?",
        "summarize_sessions",
        {
            "site": "shop.example.com",
            "filters": [{"parameter": "device_type", "value": "phone"}],
        },
    ),
)


async def parts() -> Mapping[str, str]:
    """Every generated part of the pages by its name."""
    return {
        "samples": await _samples(QUESTIONS),
        "summaries": await _samples(INSIDE_VISITS),
        "tokens": await _tokens(),
        "settings": _settings(),
        "privacy": _privacy(),
    }


def filled(text: str, generated: Mapping[str, str]) -> str:
    """The text with each part put between its marks."""
    for name, part in generated.items():
        marks = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text = marks.sub(lambda match, part=part: match[1] + part + match[2], text)
    return text


async def _samples(questions: tuple[tuple[str, str, dict[str, Any]], ...]) -> str:
    server = create_demo_server(tokens.bench_settings(), clock=lambda: tokens.NOW)
    blocks = []
    session_id = ""
    async with Client(server) as client:
        for question, tool, arguments in questions:
            given = arguments | ({"session_id": session_id} if tool == "get_session" else {})
            result = await client.call_tool(tool, given)
            text = getattr(result.content[0], "text", "")
            assert not result.is_error, text
            if tool == "list_sessions":
                rows = [line for line in text.splitlines() if "\t" in line]
                session_id = rows[1].split("\t")[-1]
            call = f"{tool}({json.dumps(given, ensure_ascii=False) if given else ''})"
            blocks.append(f"**{question}**\n\n`{call}`\n\n```\n{text}\n```\n\n")
    return "\n" + "".join(blocks)


async def _tokens() -> str:
    lines = [
        "| question | answer | at most | as the API's JSON |",
        "|---|---:|---:|---:|",
    ]
    lines += [
        f"| {cost.question} | {cost.tokens:,} | {cost.bound:,} | {cost.raw_tokens:,} |"
        for cost in await tokens.measure()
    ]
    schema = await tokens.schema_tokens()
    lines.append(f"| `tools/list`, all tools | {schema:,} | 2,000 | |")
    return "\n" + "\n".join(lines) + "\n\n"


def _settings() -> str:
    lines = ["| variable | default | what it does |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.get_default()
        shown = "" if default in (None, "", PydanticUndefined) else f"`{default}`"
        lines.append(f"| `RYBBIT_{name.upper()}` | {shown} | {field.description} |")
    return "\n" + "\n".join(lines) + "\n\n"


def _privacy() -> str:
    lines = ["| | strict | standard | open |", "|---|---|---|---|"]
    lines += [f"| {row.name} | {row.strict} | {row.standard} | {row.open} |" for row in FIELDS]
    return "\n" + "\n".join(lines) + "\n\n"


def main() -> int:
    """Write the pages, or check them."""
    generated = anyio.run(parts)
    stale = 0
    for page in PAGES:
        before = page.read_text(encoding="utf-8")
        after = filled(before, generated)
        stale += before != after
        if "--check" not in sys.argv:
            page.write_text(after, encoding="utf-8")
    return int(bool(stale) and "--check" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
