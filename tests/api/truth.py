"""What filters truly mean, decided visit by visit on the demo's data, without the client's code."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar

import httpx

from rybbit_mcp.api.client import RybbitClient
from rybbit_mcp.api.filters import Filter
from rybbit_mcp.api.generations import GENERATIONS, GenerationName
from rybbit_mcp.api.models import Event, Session
from rybbit_mcp.api.window import Window, resolve_window
from rybbit_mcp.demo import DEMO_KEY, create_demo_app

NOW = datetime(2026, 11, 24, 20, 0, 0, tzinfo=UTC)
LENGTH = timedelta(hours=4)
WINDOW: Window = resolve_window(now=NOW, zone="UTC", period="4h")
SITE = "1"

_EVENT_FIELDS = {
    "pathname": "pathname",
    "page_title": "page_title",
    "querystring": "querystring",
    "event_name": "name",
}
_DOMAIN = re.compile(r"[a-z+.-]+://(?:www\.)?([^/:?#]+)")

Result = TypeVar("Result")


@dataclass(frozen=True)
class Visit:
    """A visit with its events inside the window."""

    row: Session
    events: tuple[Event, ...]


@cache
def demo_app(letter: GenerationName) -> Any:
    return create_demo_app(now=lambda: NOW, generation=letter)


def demo_client(letter: GenerationName, *, is_told: bool = True) -> RybbitClient:
    """A client of the demo of this generation, which it is told or finds out."""
    return RybbitClient(
        "http://demo.invalid",
        DEMO_KEY if letter != "A" else None,
        generation=GENERATIONS[letter] if is_told else None,
        transport=httpx.ASGITransport(app=demo_app(letter)),
    )


def run(work: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(work)


@cache
def visits() -> tuple[Visit, ...]:
    """Every visit of the window, as the newest generation shows it."""

    async def read() -> tuple[Visit, ...]:
        client = demo_client("D")
        rows = (await client.sessions(SITE, WINDOW, limit=5000)).sessions
        found = []
        for row in rows:
            story = await client.session(SITE, row.session_id)
            # "minutes back" leaves out the instant that it counts back to
            inside = (event for event in story.events if event.at > NOW - LENGTH)
            found.append(Visit(row, tuple(inside)))
        return tuple(found)

    return run(read())


def values(visit: Visit, parameter: str) -> list[str]:
    """Everything a visit has for a parameter, in the API's writing."""
    row = visit.row
    match parameter:
        case "user_id":
            return [row.user_id, row.identified_user_id]
        case "pathname" | "page_title" | "querystring" | "event_name":
            return [getattr(event, _EVENT_FIELDS[parameter]) for event in visit.events]
        case "dimensions":
            return [f"{row.screen_width}x{row.screen_height}"]
        case "browser_version":
            return [f"{row.browser} {row.browser_version}" if row.browser_version else ""]
        case "operating_system_version":
            version = row.operating_system_version
            full = f"{row.operating_system} {version}" if version else ""
            return ["Windows 10/11" if full == "Windows 10" else full]
        case "referrer":
            domain = _DOMAIN.match(row.referrer)
            return [domain[1] if domain else ""]
        case "lat" | "lon":
            return [str(getattr(row, parameter))]
    return [str(getattr(row, parameter))]


def holds(visit: Visit, item: Filter) -> bool:
    """Whether the visit satisfies the filter."""
    if item.parameter in {"lat", "lon"}:
        return _coordinate_holds(float(values(visit, item.parameter)[0]), item)
    found = values(visit, item.parameter)
    if item.type == "is_null":
        return found[0] == ""
    if item.type == "is_not_null":
        return found[0] != ""
    region = f"{visit.row.region}-" if item.parameter == "city" else ""
    matches = any(_one(item.type, region, has, wants) for has in found for wants in item.value)
    return not matches if item.type.startswith("not_") else matches


def _one(operator: str, region: str, has: str, wants: str) -> bool:
    match operator:
        case "equals" | "not_equals":
            return has == wants or bool(region and region + has == wants)
        case "contains" | "not_contains":
            return wants in has
        case "starts_with":
            return has.startswith(wants)
        case "ends_with":
            return has.endswith(wants)
    return re.search(wants, has, re.DOTALL) is not None


def _coordinate_holds(has: float, item: Filter) -> bool:
    wants = [float(value) for value in item.value]
    is_near = any(abs(has - value) < 0.001 for value in wants)
    return {
        "equals": is_near,
        "not_equals": not is_near,
        "greater_than": has > wants[0],
        "less_than": has < wants[0],
        "greater_than_or_equal": has >= wants[0],
        "less_than_or_equal": has <= wants[0],
    }[item.type]


def true_ids(filters: Sequence[Filter]) -> set[str]:
    """The ids of all visits that satisfy all filters."""
    return {
        visit.row.session_id for visit in visits() if all(holds(visit, item) for item in filters)
    }


def answered_ids(letter: GenerationName, filters: Sequence[Filter]) -> set[str]:
    """The ids that the client answers on this generation."""

    async def ask() -> set[str]:
        page = await demo_client(letter).sessions(SITE, WINDOW, filters=filters, limit=5000)
        assert page.is_complete
        return {row.session_id for row in page.sessions}

    return run(ask())
