"""How much of an answer is read and taken apart, by what was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rybbit_mcp.api.client import LARGEST_LIMIT, RybbitClient
from rybbit_mcp.api.errors import RybbitError, ServerError, UnexpectedBodyError
from rybbit_mcp.api.generations import GENERATIONS
from rybbit_mcp.api.sizes import LARGEST_BODY, ONE_THING, Size, size_of
from rybbit_mcp.api.window import resolve_window
from rybbit_mcp.api.wire import LARGEST_ERROR, LONG_BODY, in_thread_if_long
from tests.api.recorded import KEY
from tests.api.test_bulk import NOW, row

pytestmark = pytest.mark.anyio

DAY = resolve_window(now=NOW, zone="UTC", period="2d")
MEGABYTE = 2**20
JSON_VALUES = st.recursive(
    st.none() | st.integers() | st.text('[]{},"\\a'),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('[,"\\'), inner),
    max_leaves=30,
)


def client(answer: httpx.Response) -> RybbitClient:
    return RybbitClient(
        "https://rybbit.example",
        KEY,
        generation=GENERATIONS["D"],
        transport=httpx.MockTransport(lambda _: answer),
        clock=lambda: NOW,
    )


def counts(value: object, depth: int = 0) -> tuple[int, int, int]:
    """Records at depth 2, containers, and commas, as the tree of a JSON text has them."""
    if not isinstance(value, list | dict):
        return 0, 0, 0
    inner = list(value.values() if isinstance(value, dict) else value)
    below = [counts(item, depth + 1) for item in inner]
    records, containers, commas = map(sum, zip(*below, strict=True)) if below else (0, 0, 0)
    return records + (depth == 2), containers + 1, commas + max(0, len(inner) - 1)


@given(JSON_VALUES)
def test_what_stands_in_texts_is_not_counted(value: Any) -> None:
    body = json.dumps(value, ensure_ascii=False).encode()
    found = counts(value)

    for place, count in enumerate(found):
        bounds = [10**9] * 3
        bounds[place] = count
        assert not Size(10**9, *bounds).is_exceeded_by(body)
        bounds[place] = count - 1
        assert not count or Size(10**9, *bounds).is_exceeded_by(body)


@given(st.text('[{",}]\\', max_size=40))
def test_a_body_that_is_no_json_is_counted_to_its_end(text: str) -> None:
    Size(10**9, 3, 3, 3).is_exceeded_by(text.encode())


def test_more_is_let_pass_the_more_was_asked() -> None:
    few, many = (size_of("session list", {"limit": limit}) for limit in ("20", "2000"))

    assert few.most_bytes < 2 * MEGABYTE < many.most_bytes < 20 * MEGABYTE
    assert few.most_records < 200 < 4000 < many.most_records
    assert size_of("session list", {"limit": str(LARGEST_LIMIT)}).most_bytes <= LARGEST_BODY
    assert size_of("session", {"limit": "0"}).record_depth == 3
    assert size_of("locations", {}) is size_of("sites", {}) is ONE_THING


TOO_MANY = "holds far more than was asked for"
ROW = json.dumps(row()).encode()
EVENT = b'{"timestamp":"2026-11-23 10:00:00"}'
FLOODS = {
    "visits": b'{"data":[' + ROW + (b"," + ROW) * 200 + b"]}",
    "places": b'{"data":[{"count":1}' + b',{"count":1}' * 100_000 + b"]}",
    "events": b'{"data":{"session":' + ROW + b',"events":[' + EVENT + (b"," + EVENT) * 3000 + b"],"
    b'"pagination":{"total":10,"hasMore":false}}}',
    "lists in a visit": b'{"data":['
    + ROW[:-1]
    + b',"traits":{"a":[[]'
    + b",[]" * 150_000
    + b"]}}]}",
    "numbers": b'{"data":[],"more":[1' + b",1" * 300_000 + b"]}",
    "bytes": b'{"data":[],"more":"' + b"x" * 9 * MEGABYTE + b'"}',
}


async def ask(asked: RybbitClient, what: str) -> None:
    if what == "places":
        await asked.locations("1", DAY)
    elif what == "events":
        await asked.session("1", "abc")
    else:
        await asked.sessions("1", DAY, limit=20)


@pytest.mark.parametrize("what", FLOODS)
async def test_far_more_than_was_asked_is_refused_before_it_is_parsed(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parsed(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("rybbit_mcp.api.connection._parsed", parsed)

    with pytest.raises(UnexpectedBodyError, match=f"larger than|{TOO_MANY}"):
        await ask(client(httpx.Response(200, content=FLOODS[what])), what)


async def test_twice_of_what_was_asked_is_taken() -> None:
    """Some servers, and some proxies' caches, know no limit."""
    body = b'{"data":[' + ROW + (b"," + ROW) * 39 + b"]}"

    page = await client(httpx.Response(200, content=body)).sessions("1", DAY, limit=20)

    assert len(page.sessions) == 20


async def test_a_page_of_large_visits_is_taken() -> None:
    traits = {f"trait {number}": [{"text": "x,[{" * 5}] for number in range(30)}
    body = json.dumps({"data": [row(traits=traits)] * 200}).encode()
    assert len(body) > LONG_BODY

    page = await client(httpx.Response(200, content=body)).sessions("1", DAY, limit=200)

    assert len(page.sessions) == 200


async def test_tens_of_thousands_of_places_are_taken() -> None:
    place = {"lat": 52.52, "lon": 13.4, "city": "Berlin", "country": "DE", "count": 158}
    answer = httpx.Response(200, json={"data": [place] * 40_000})

    assert len((await client(answer).locations("1", DAY)).locations) == 40_000


async def test_the_error_of_a_long_body_is_told_by_its_status_alone() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1024
            yield b'{"a":1},' * 128

    with pytest.raises(ServerError) as error:
        await client(httpx.Response(500, content=endless())).sessions("1", DAY)

    assert error.value.status == 500
    assert sent <= 2 * (LARGEST_ERROR + 1024)


async def test_a_long_body_is_parsed_in_another_thread() -> None:
    seen: list[int] = []

    def work(body: bytes) -> int:
        seen.append(threading.get_ident())
        return len(body)

    assert await in_thread_if_long(b"x" * 10, work) == 10
    assert await in_thread_if_long(b"x" * LONG_BODY, work) == LONG_BODY
    assert (seen[0] == threading.get_ident(), seen[1] == threading.get_ident()) == (True, False)


async def test_what_a_thread_refuses_is_the_same_error() -> None:
    body = b'{"data":[{"count":"x"}],"more":"' + b"x" * LONG_BODY + b'"}'

    with pytest.raises(RybbitError, match="locations answer is not what Rybbit sends"):
        await client(httpx.Response(200, content=body)).locations("1", DAY)
