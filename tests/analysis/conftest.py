"""The engines that analyses are compared on."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rybbit_mcp.api.window import resolve_window
from tests.analysis.world import ClickHouseEngine, World, create_events, make_world

NOW = datetime(2026, 11, 24, 12, 0, 0, 250_000, tzinfo=UTC)


@pytest.fixture(scope="session")
def clickhouse() -> Iterator[ClickHouseEngine]:
    """ClickHouse's own engine with an empty table of events."""
    session: Any = importlib.import_module("chdb.session").Session()
    create_events(session)
    yield session
    session.close()


@pytest.fixture(scope="session")
def worlds(clickhouse: ClickHouseEngine) -> tuple[World, ...]:
    """Three sites: a week over a change of clocks, the last day to now, and all time."""
    week = resolve_window(now=NOW, zone="Europe/Berlin", period="2026-10-22..2026-10-28")
    day = resolve_window(now=NOW, zone="America/St_Johns", period="24h")
    ever = resolve_window(now=NOW, zone="Asia/Kathmandu", period="all")
    spans = (
        (datetime(2026, 10, 21, 20, tzinfo=UTC), datetime(2026, 10, 28, 23, tzinfo=UTC)),
        (NOW - timedelta(hours=25), NOW),
        (datetime(2024, 12, 28, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC)),
    )
    return tuple(
        make_world(clickhouse, site_id, window, span)
        for site_id, (window, span) in enumerate(
            zip((week, day, ever), spans, strict=True), start=1
        )
    )
