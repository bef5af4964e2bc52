"""The local engine over the demo's servers agrees with a plain evaluation, visit by visit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast

import anyio
import httpx
import pytest

from rybbit_mcp.analysis.local import LocalEngine
from rybbit_mcp.analysis.outcome import Outcome
from rybbit_mcp.analysis.specification import (
    EVENT_DIMENSIONS,
    VISIT_DIMENSIONS,
    VISIT_METRICS,
    EventCondition,
    Specification,
)
from rybbit_mcp.api.client import RybbitClient
from rybbit_mcp.api.filters import Filter
from rybbit_mcp.api.generations import GENERATIONS, GenerationName
from rybbit_mcp.api.models import Event, Session
from rybbit_mcp.api.parameters import Conditions
from rybbit_mcp.api.window import Window, resolve_window
from rybbit_mcp.demo import DEMO_KEY, create_demo_app
from tests.analysis.plain import evaluate

NOW = datetime(2026, 11, 24, 1, 57, 30, tzinfo=UTC)
SHOP_HOURS = resolve_window(
    now=NOW, zone="Europe/Prague", start_date="2026-11-22T12:00", end_date="2026-11-22T20:00"
)
DOCS_DAYS = resolve_window(now=NOW, zone="America/New_York", period="2d")


@dataclass
class Told:
    """All that a server tells of a site's window, read one visit at a time."""

    visits: tuple[Session, ...]
    events: dict[str, tuple[Event, ...]]


@dataclass
class Demo:
    """A generation of the demo with one site, its window and all that it tells."""

    site: str
    window: Any
    told: Told
    app: Any
    generation: GenerationName

    @asynccontextmanager
    async def engine(self) -> AsyncIterator[LocalEngine]:
        async with client_of(self.app, self.generation) as client:
            yield LocalEngine(client, clock=lambda: NOW)

    def expected(self, asked: Specification) -> Outcome:
        return evaluate(asked, cast("Any", self.told))


def client_of(app: Any, generation: GenerationName) -> RybbitClient:
    return RybbitClient(
        "https://demo.invalid",
        DEMO_KEY,
        generation=GENERATIONS[generation],
        transport=httpx.ASGITransport(app=app),
        clock=lambda: NOW,
    )


async def read_demo(generation: GenerationName) -> Demo:
    site, window = ("1", SHOP_HOURS) if generation == "D" else ("2", DOCS_DAYS)
    app = create_demo_app(now=lambda: NOW, generation=generation)
    async with client_of(app, generation) as client:
        page = await client.sessions(site, window, limit=10_000)
        bulk = await client.bulk(site, window)
        events = {
            one.session_id: tuple(
                event
                for event in await bulk.events(one.session_id)
                if _bounds(window)[0] <= event.at < _bounds(window)[1]
            )
            for one in page.sessions
        }
    return Demo(site, window, Told(page.sessions, events), app, generation)


def _bounds(window: Window) -> tuple[datetime, datetime]:
    assert window.start_at
    assert window.end_at
    return window.start_at, window.end_at


@pytest.fixture(scope="module", params=["A", "B", "C", "D"])
def demo(request: pytest.FixtureRequest) -> Demo:
    return anyio.run(read_demo, request.param)


OF_EVERY_GENERATION = (
    *("channel", "user", "tag", "event_name", "converted", "two", "without event", "city"),
    *("entry page", "event filter", "minimums", "after page"),
)
"""Questions that generations are asked in different ways."""

SIGNUP, SEARCH = EventCondition("event", "signup"), EventCondition("event", "search")
CART = EventCondition("page", "/cart")
ERROR = EventCondition("error")


def specifications(window: Any) -> dict[str, Specification]:
    def asked(*group_by: str, **options: Any) -> Specification:
        return Specification(window, group_by=group_by, **{"metrics": VISIT_METRICS} | options)

    amounts = ("sessions", "sum:value", "mean:value", "median:results", "events")
    return {
        **{name: asked(name) for name in VISIT_DIMENSIONS},
        **{
            name: asked(name, metrics=("sessions", "visitors", "occurrences", "bounce_rate"))
            for name in (*EVENT_DIMENSIONS, "prop:query", "prop:plan")
        },
        "nothing": asked(),
        "path": asked("path"),
        "converted": asked("channel", "converted", converted_by="search"),
        "two": asked("country", "device_type", min_sessions=3),
        "page of channel": asked("page", "channel"),
        "amounts": asked("channel", metrics=amounts),
        "amounts of names": asked("event_name", metrics=(*amounts, "occurrences")),
        "with event": asked("channel", events=(SEARCH,)),
        "without event": asked("channel", events=(replace(SEARCH, is_present=False),)),
        "with page": asked("bounced", events=(CART,)),
        "without page": asked("bounced", events=(replace(CART, is_present=False),)),
        "with error": asked("page", events=(ERROR,)),
        "without error": asked("exit_page", events=(replace(ERROR, is_present=False),)),
        "several conditions": asked("page", events=(SEARCH, replace(CART, is_present=False))),
        "before event": asked("page", anchor=SIGNUP, span="before"),
        "after event": asked("event_name", anchor=SEARCH, span="after"),
        "after page": asked("page", anchor=EventCondition("page", "/"), span="after"),
        "after error": asked("page", anchor=ERROR, span="after"),
        "country": asked("city", filters=(Filter(parameter="country", value=("DE", "US")),)),
        "not these browsers": asked(
            "browser",
            filters=(Filter(parameter="browser", type="not_equals", value=("Chrome", "Edge")),),
        ),
        "city": asked("city", filters=(Filter(parameter="city", value=("Berlin", "Prague")),)),
        "entry page": asked(
            "entry_page", filters=(Filter(parameter="entry_page", type="regex", value=("^/[bd]",)),)
        ),
        "event filter": asked("page", filters=(Filter(parameter="event_name", value=("search",)),)),
        "minimums": asked("channel", conditions=Conditions(min_pageviews=2, min_duration_s=30)),
        "minimum events": asked("event_name", conditions=Conditions(min_events=2)),
    }


def plain(outcome: Outcome) -> tuple[Any, ...]:
    return (outcome.groups, outcome.total, outcome.group_count)


@pytest.mark.anyio
async def test_the_engine_agrees_with_a_plain_evaluation(demo: Demo) -> None:
    assert len(demo.told.visits) > 20
    asked_of_all = specifications(demo.window)
    names = asked_of_all if demo.generation == "D" else OF_EVERY_GENERATION
    async with demo.engine() as engine:
        for name in names:
            asked = asked_of_all[name]
            outcome = await engine.run(asked, demo.site, max_details=10_000)
            assert plain(outcome) == plain(demo.expected(asked)), name
            assert outcome.basis.is_whole, (name, outcome.basis)


@pytest.mark.anyio
async def test_what_is_decided_without_reading_agrees_with_what_is_read(
    demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each question in an engine of its own, so that nothing was read for another one."""
    names = ("path", "converted", "without event", "with page", "before event", "page")
    asked = specifications(demo.window)
    for name in names if demo.generation == "D" else names[1:2]:
        async with demo.engine() as engine:
            outcome = await engine.run(asked[name], demo.site, max_details=10_000)
        assert plain(outcome) == plain(demo.expected(asked[name])), name
        if demo.generation == "D":
            assert (outcome.basis.detail_of or 0) < len(demo.told.visits) / 2, name


@pytest.mark.anyio
async def test_a_bound_on_reading_gives_the_exact_numbers_of_the_newest_visits(demo: Demo) -> None:
    asked = Specification(demo.window, group_by=("page",), metrics=(*VISIT_METRICS, "occurrences"))
    async with demo.engine() as engine:
        outcome = await engine.run(asked, demo.site, max_details=5)
    newest = sorted(demo.told.visits, key=lambda one: one.ended_at, reverse=True)
    counted = newest[: outcome.total.session_count]
    part = replace(demo, told=Told(tuple(counted), demo.told.events))

    assert 0 < len(counted) < len(newest)
    assert plain(outcome) == plain(part.expected(asked))
    assert outcome.basis.detail_count == 5
