"""What answers cost in tokens, against their budgets and against the API's own JSON."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
from mcp import Client
from pydantic import SecretStr

from bench.counting import count_tokens
from rybbit_mcp.demo import DEMO_KEY, create_demo_app
from rybbit_mcp.demo.data import LONG_VISIT_ID
from rybbit_mcp.demo.mode import create_demo_server
from rybbit_mcp.server import create_server
from rybbit_mcp.settings import Settings

NOW = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)
"""The bench's clock stands still, so that its figures are the same every day."""

FILTER = {"parameter": "device_type", "value": "Mobile"}


@dataclass(frozen=True, slots=True)
class Cost:
    """One question: tokens of our answer, its bound, tokens of the API's JSON for the same."""

    question: str
    tokens: int
    bound: int
    raw_tokens: int
    text: str


def bench_settings(**changes: Any) -> Settings:
    """Settings that no environment changes."""
    values = {"url": "https://bench.invalid", "api_key": SecretStr(DEMO_KEY), "time_zone": "UTC"}
    return Settings.model_construct(
        **{name: field.get_default() for name, field in Settings.model_fields.items()}
        | values
        | changes
    )


async def measure() -> list[Cost]:
    """All questions of the table, answered over the demo data and over 600 synthetic places."""
    server = create_demo_server(bench_settings(), clock=lambda: NOW)
    app = create_demo_app(now=lambda: NOW)
    raw = httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="https://demo.invalid/api",
        headers={"Authorization": f"Bearer {DEMO_KEY}"},
    )
    costs = []
    async with Client(server) as client, raw:

        async def ask(
            question: str, bound: int, tool: str, arguments: dict[str, Any], path: str, query: Any
        ) -> None:
            result = await client.call_tool(tool, arguments)
            text = getattr(result.content[0], "text", "")
            assert not result.is_error, text
            reply = await raw.get(path, params=query)
            reply.raise_for_status()
            body = json.dumps(reply.json(), ensure_ascii=False, separators=(",", ":"))
            costs.append(Cost(question, count_tokens(text), bound, count_tokens(body), text))

        week = {"start_date": "2026-11-18", "end_date": "2026-11-24", "time_zone": "UTC"}
        await ask(
            "20 newest visits",
            1000,
            "list_sessions",
            {"site": "1", "limit": 20},
            "/sites/1/sessions",
            week | {"page": 1, "limit": 20},
        )
        await ask(
            "100 visits with a date range and a filter",
            4000,
            "list_sessions",
            {"site": "1", "period": "2026-11-10..2026-11-20", "filters": [FILTER], "limit": 100},
            "/sites/1/sessions",
            {
                "start_date": "2026-11-10",
                "end_date": "2026-11-20",
                "time_zone": "UTC",
                "page": 1,
                "limit": 100,
                "filters": json.dumps([{**FILTER, "type": "equals", "value": ["Mobile"]}]),
            },
        )
        await ask(
            "a summary by channel over 8,000 visits",
            300,
            "summarize_sessions",
            {"site": "1", "period": "30d", "group_by": ["channel"]},
            "/sites/1/sessions",
            {
                "start_date": "2026-10-26",
                "end_date": "2026-11-24",
                "time_zone": "UTC",
                "page": 1,
                "limit": 10_000,
            },
        )
        for events, bound in ((12, 400), (400, 1200)):
            session_id = LONG_VISIT_ID if events == 400 else await _visit_of(raw, events)
            await ask(
                f"one visit of {events} events",
                bound,
                "get_session",
                {"site": "1", "session_id": session_id},
                f"/sites/1/sessions/{session_id}",
                {"limit": 1000},
            )
    costs.append(await _places())
    return costs


async def schema_tokens() -> int:
    """Tokens of the whole `tools/list` answer."""
    async with Client(create_demo_server(bench_settings(), clock=lambda: NOW)) as client:
        listing = await client.list_tools()
        tools = [
            tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in listing.tools
        ]
        return count_tokens(json.dumps(tools, ensure_ascii=False, separators=(",", ":")))


async def _visit_of(raw: httpx.AsyncClient, events: int) -> str:
    """A visit of site 1 with exactly so many events (performance events apart)."""
    for page in range(1, 40):
        reply = await raw.get("/sites/1/sessions", params={"page": page, "limit": 500})
        for row in reply.json()["data"]:
            listed = row["pageviews"] + row["events"] + row["errors"] + row["outbound"]
            if not events * 0.3 <= listed <= events:
                continue
            detail = await raw.get(f"/sites/1/sessions/{row['session_id']}", params={"limit": 1})
            if detail.json()["data"]["pagination"]["total"] == events:
                return str(row["session_id"])
    raise LookupError(f"the demo has no visit of {events} events")


async def _places() -> Cost:
    body = {"data": places(600)}
    answer: Callable[[httpx.Request], httpx.Response] = lambda request: httpx.Response(  # noqa: E731
        200,
        json={"version": "2.7.0"} if request.url.path.endswith("version") else body,
    )
    server = create_server(
        bench_settings(), clock=lambda: NOW, transport=lambda: httpx.MockTransport(answer)
    )
    async with Client(server) as client:
        result = await client.call_tool("get_session_locations", {"site": "1", "period": "30d"})
    text = getattr(result.content[0], "text", "")
    assert not result.is_error, text
    raw = count_tokens(json.dumps(body, ensure_ascii=False, separators=(",", ":")))
    return Cost("600 places in 30 days", count_tokens(text), 450, raw, text)


def places(number: int) -> list[dict[str, Any]]:
    """Invented places as the API sends them: some large, most small, one unknown."""
    dice = random.Random(7)
    countries = "DE US FR GB JP IN BR EG GH CZ ES IT PL SE NO CA AU MX NL AT CH BE PT FI DK".split()
    syllables = "ber lin mün chen pra ha lon don par is os lo to kyo san ta rio gra dub vic".split()
    rows: list[dict[str, Any]] = [{"lat": 0, "lon": 0, "city": "", "country": "\0\0", "count": 412}]
    while len(rows) < number:
        name = "".join(dice.sample(syllables, dice.randint(2, 3))).title()
        rows.append(
            {
                "lat": round(dice.uniform(-60, 65), 3),
                "lon": round(dice.uniform(-170, 170), 3),
                "city": name,
                "country": countries[min(int(dice.expovariate(0.15)), len(countries) - 1)],
                "count": max(1, int(dice.paretovariate(0.9))),
            }
        )
    return rows
