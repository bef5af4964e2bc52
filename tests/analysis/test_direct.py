"""ClickHouse asked directly, through its maintained client: the numbers, the bounds, the errors."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from rybbit_mcp.analysis.choosing import choose_engine
from rybbit_mcp.analysis.direct import DirectEngine, read_address
from rybbit_mcp.analysis.specification import Specification
from rybbit_mcp.api.client import RybbitClient
from rybbit_mcp.api.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    RequestTimeoutError,
    RybbitError,
    ServerError,
    UnsupportedError,
)
from tests.analysis.conftest import NOW
from tests.analysis.remotes import ClickHouseServer, served
from tests.analysis.world import ClickHouseEngine, World

pytestmark = pytest.mark.anyio

PASSWORD = "se@cret"


@pytest.fixture
def server(clickhouse: ClickHouseEngine) -> Iterator[ClickHouseServer]:
    with served(clickhouse) as running:
        yield running


@pytest.fixture
async def engine(server: ClickHouseServer) -> Any:
    made = DirectEngine(read_address(server.url))
    yield made
    await made.aclose()


@pytest.mark.parametrize(
    ("group_by", "metrics"),
    [
        ((), ("sessions", "visitors", "bounce_rate")),
        (("channel",), ("sessions", "median_duration", "p90_duration")),
        (("page", "country"), ("sessions", "occurrences")),
        (("prop:sku",), ("sessions", "sum:value", "median:value", "mean:value")),
        (("path",), ("sessions", "share")),
    ],
)
async def test_the_numbers_are_those_of_the_other_engines(
    engine: DirectEngine,
    worlds: tuple[World, ...],
    group_by: tuple[str, ...],
    metrics: tuple[str, ...],
) -> None:
    for world in worlds:
        asked = Specification(world.window, group_by=group_by, metrics=metrics)
        outcome = await engine.run(asked, str(world.site_id))
        expected = world.by_duckdb(asked)
        assert (outcome.groups, outcome.total) == (expected.groups, expected.total)
        assert outcome.basis.engine == "clickhouse"


async def test_a_question_may_only_read_and_has_its_time(
    engine: DirectEngine, server: ClickHouseServer, worlds: tuple[World, ...]
) -> None:
    await engine.run(Specification(worlds[0].window), "1")
    query, parameters, authorization = server.asked[-1]
    assert "FROM events AS source WHERE source.site_id = 1" in query
    assert "scoped_events" not in query
    assert (parameters["readonly"], parameters["max_execution_time"]) == ("1", "20")
    assert parameters["database"] == "default"
    assert "session_id" not in parameters
    assert authorization.startswith("Basic ")
    assert PASSWORD not in json.dumps([query, parameters])


async def test_a_user_who_may_set_nothing_can_ask(
    engine: DirectEngine, server: ClickHouseServer, worlds: tuple[World, ...]
) -> None:
    server.rewritten["system.settings"] = (
        "SELECT name, if(name = 'readonly', '1', value) AS value, toUInt8(1) AS readonly "
        "FROM system.settings"
    )
    await engine.run(Specification(worlds[0].window), "1")
    _, parameters, _ = server.asked[-1]
    assert not {"readonly", "max_execution_time"} & parameters.keys()


async def test_questions_at_the_same_time_do_not_disturb_each_other(
    engine: DirectEngine, worlds: tuple[World, ...]
) -> None:
    found = []

    async def ask(world: World) -> None:
        asked = Specification(world.window, group_by=("channel",))
        outcome = await engine.run(asked, str(world.site_id))
        found.append(outcome.groups == world.by_duckdb(asked).groups)

    async with anyio.create_task_group() as group:
        for world in (*worlds, *worlds):
            group.start_soon(ask, world)
    assert found == [True] * 6


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (516, AuthenticationError),
        (497, AuthenticationError),
        (60, ConfigurationError),
        (81, ConfigurationError),
        (159, RequestTimeoutError),
        (241, ServerError),
    ],
)
async def test_an_error_is_told_in_our_own_words(
    engine: DirectEngine,
    server: ClickHouseServer,
    worlds: tuple[World, ...],
    code: int,
    kind: type[RybbitError],
) -> None:
    server.refusal = (code, f"Code: {code}. DB::Exception: reader secret text (SOME_ERROR)")
    with pytest.raises(kind) as failed:
        await engine.run(Specification(worlds[0].window), "1")
    assert "secret text" not in str(failed.value)
    assert "reader" not in str(failed.value)
    assert failed.value.hint
    server.refusal = None
    assert await engine.run(Specification(worlds[0].window), "1")


async def test_nobody_at_the_address_is_told_as_such(worlds: tuple[World, ...]) -> None:
    engine = DirectEngine(read_address("http://reader:hidden@127.0.0.1:9/analytics"))
    with pytest.raises(ConnectionFailedError) as failed:
        await engine.run(Specification(worlds[0].window), "1")
    assert "hidden" not in f"{failed.value!r} {failed.value}"
    assert failed.value.__cause__ is None


async def test_a_missing_package_is_a_matter_of_settings(
    monkeypatch: pytest.MonkeyPatch, worlds: tuple[World, ...]
) -> None:
    monkeypatch.setitem(sys.modules, "clickhouse_connect", None)
    async with RybbitClient("https://rybbit.example") as client:
        engine = choose_engine(
            client, clock=lambda: NOW, clickhouse_url="https://reader:hidden@db.example"
        )
        with pytest.raises(ConfigurationError, match="not installed") as failed:
            await engine.run(Specification(worlds[0].window), "1")
    assert "rybbit-mcp[clickhouse]" in failed.value.hint


async def test_a_site_is_named_by_its_number(
    engine: DirectEngine, server: ClickHouseServer, worlds: tuple[World, ...]
) -> None:
    with pytest.raises(UnsupportedError):
        await engine.run(Specification(worlds[0].window), "abcde")
    assert server.asked == []


def test_an_address_is_read_whole_or_with_what_is_usual() -> None:
    whole = read_address("http://reader:se%40cret@[::1]:9000/rybbit")
    assert (whole.scheme, whole.host, whole.port) == ("http", "::1", 9000)
    assert (whole.database, whole.user, whole.password) == ("rybbit", "reader", PASSWORD)
    short = read_address(" https://db.example ")
    assert (short.port, short.database, short.user, short.password) == (
        8443,
        "analytics",
        "default",
        "",
    )


def test_a_password_is_in_no_representation() -> None:
    address = read_address("https://reader:hidden@db.example/analytics")
    assert "hidden" not in repr(address)
    assert "hidden" not in repr(DirectEngine(address))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "db.example",
        "clickhouse://reader:hidden@db.example",
        "https://",
        "https://reader:hidden@db.example:port",
        "https://reader:hid/den@db.example",
        "https://reader:hidden@db.example/a/b",
        "https://reader:hidden@db.example/?x=1",
        "https://reader:hidden@[db",
    ],
)
def test_what_is_no_address_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ConfigurationError) as failed:
        read_address(url)
    assert "hid" not in str(failed.value)
    assert failed.value.__cause__ is None
