"""A site whose visits are handed out as a server does, and which may change while it is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio

from rybbit_mcp.api.bulk import parse_page
from rybbit_mcp.api.filters import Filter
from rybbit_mcp.api.models import Event
from rybbit_mcp.api.parameters import Conditions
from rybbit_mcp.api.window import Window, resolve_window

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
DAY = resolve_window(now=NOW, zone="UTC", period="2026-11-24")
PAST = resolve_window(now=NOW, zone="Europe/Prague", period="2026-11-20..2026-11-21")


def visit(number: int, ended_at: datetime = NOW, **changes: Any) -> dict[str, Any]:
    """A row of the list; the higher the number, the older the visit."""
    end = ended_at - timedelta(seconds=10 * number)
    row = {
        "session_id": f"visit-{number:05}",
        "user_id": f"user-{number % 7}",
        "session_start": f"{end - timedelta(seconds=60):%Y-%m-%d %H:%M:%S}",
        "session_end": f"{end:%Y-%m-%d %H:%M:%S}",
        "session_duration": 60,
        "pageviews": 1,
        "events": 0,
        "errors": 0,
        "outbound": 0,
        "entry_page": "/",
        "exit_page": "/",
        "channel": ("Direct", "Referral")[number % 2],
        "country": "DE",
    }
    return row | changes


def event(kind: str, at: str, **fields: Any) -> dict[str, Any]:
    """An event as a detail shows it."""
    return {"timestamp": at, "type": kind, "props": {}} | fields


@dataclass
class FakeSite:
    """Is a source and a feed at once. `on_page` is told each page before it is answered."""

    rows: list[dict[str, Any]]
    details: dict[str, Sequence[dict[str, Any]]] = field(default_factory=dict)
    on_page: Callable[[int], None] = lambda _: None
    on_detail: Callable[[str], None] = lambda _: None
    calls: list[str] = field(default_factory=list)
    budget: int | None = None
    most_at_once: int | None = None
    is_exact: bool = True
    has_checks: bool = False
    keeps: Callable[[dict[str, Any]], bool] = lambda _: True
    notes: tuple[str, ...] = ()
    under_way: int = 0
    widest: int = 0
    asked: list[tuple[Filter, ...]] = field(default_factory=list)
    names: dict[str, set[str]] = field(default_factory=dict)

    async def bulk(
        self,
        site: str,
        window: Window,
        *,
        filters: Sequence[Filter] = (),
        conditions: Conditions | None = None,
    ) -> FakeSite:
        self.asked.append(tuple(filters))
        return self if not filters else _Narrowed(self, tuple(filters)).site()

    async def page(self, number: int, size: int) -> bytes:
        self.calls.append(f"page {number}/{size}")
        self.under_way += 1
        self.widest = max(self.widest, self.under_way)
        try:
            self.on_page(number)
            await self._answered()
            rows = sorted(self.rows, key=lambda row: row["session_end"], reverse=True)
            return json.dumps({"data": rows[(number - 1) * size : number * size]}).encode()
        finally:
            self.under_way -= 1

    def kept(self, body: bytes) -> tuple[int, ...]:
        parse_page(body)
        rows = json.loads(body)["data"]
        return tuple(place for place, row in enumerate(rows) if self.keeps(row))

    def check_inside(self, started_at: datetime, ended_at: datetime) -> None:
        assert started_at.tzinfo is UTC
        assert ended_at.tzinfo is UTC

    async def events(self, session_id: str) -> tuple[Event, ...]:
        self.calls.append(session_id)
        self.on_detail(session_id)
        await self._answered()
        return tuple(Event.model_validate(one) for one in self.details[session_id])

    def calls_left(self) -> int | None:
        return self.budget

    def width(self, most: int) -> int:
        return min(most, self.most_at_once or most)

    async def _answered(self) -> None:
        """Let others run meanwhile; a call counts when its answer comes."""
        for _ in range(3):
            await anyio.lowlevel.checkpoint()
        if self.budget is not None:
            self.budget -= 1


@dataclass
class _Narrowed:
    """The part of a site that a filter on an event's name leaves."""

    whole: FakeSite
    filters: tuple[Filter, ...]

    def site(self) -> FakeSite:
        wanted = {value for item in self.filters for value in item.value}
        found = set().union(*(self.whole.names.get(name, set()) for name in wanted))
        part = FakeSite([row for row in self.whole.rows if row["session_id"] in found])
        part.details, part.calls, part.notes = self.whole.details, self.whole.calls, ()
        return part
