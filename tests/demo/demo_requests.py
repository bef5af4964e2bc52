"""What the demo's tests share besides fixtures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias

import httpx

# when the recordings were made, so that their dates fall into the demo's data
NOW = datetime(2026, 11, 24, 1, 57, 30, tzinfo=UTC)


# eleven days with something of everything; all visits would make slow tests
DAYS = {"start_date": "2026-11-13", "end_date": "2026-11-23", "time_zone": "UTC"}
DAYS_OF_A = {"startDate": "2026-11-13", "endDate": "2026-11-23", "timeZone": "UTC"}


def days(letter: str) -> dict[str, str]:
    """The same window in the names of a generation."""
    return DAYS_OF_A if letter == "A" else DAYS


# ask(letter, path, key=…, method=…, headers=…, **query)
Ask: TypeAlias = Callable[..., httpx.Response]
# rows(letter="D", site=1, **query): all visits unless a limit is given
Rows: TypeAlias = Callable[..., list[dict[str, Any]]]


def send(app: Any, request: httpx.Request) -> httpx.Response:
    async def run() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as client:
            return await client.send(request)

    return asyncio.run(run())
