"""The catalogue of faults: what each does to a request, and what is expected of a tool."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime
from typing import Literal

from tests.faults.server import MOVED, Act, Exchange, Letter, clock_at, good

HTML = "<!doctype html><html><body><h1>Welcome</h1>https://evil.example</body></html>"
MEGABYTE = 2**20
SHORT_S = 0.5
"""All the time for a request where the fault uses it up."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to fail.

    `expected` is `answer` (the right one), `error`, or `either` where it depends on the tool;
    the table in the documentation says which. `alone` faults take so much memory that one tool
    runs at a time.
    """

    name: str
    act: Act
    expected: Literal["answer", "error", "either"] = "error"
    generation: Letter = "D"
    total_timeout_s: float = 24.0
    is_tls: bool = False
    is_struck: Callable[[str], bool] = lambda path: True
    address: str = ""
    alone: bool = False
    can_heal: bool = True
    is_kept: bool = False
    """Whether answers are believed, and summaries therefore kept for a while."""
    looks_older: bool = False
    """Whether a server that answers so at first cannot be told from one of before 2.3."""


def fixed(
    status: int, body: str = "", content_type: str = "application/json", **headers: str
) -> Act:
    """Always this answer."""

    async def act(exchange: Exchange) -> None:
        await exchange.answer(status, body, content_type, **headers)

    return act


def once(act: Act) -> Act:
    """This fault at the first request, then good answers."""

    async def acting(exchange: Exchange) -> None:
        await (act(exchange) if exchange.server.struck_count == 1 else exchange.good())

    return acting


def after(count: int, act: Act) -> Act:
    """Good answers first."""

    async def acting(exchange: Exchange) -> None:
        await (act(exchange) if exchange.server.struck_count > count else exchange.good())

    return acting


async def no_http(exchange: Exchange) -> None:
    exchange.is_closing = True
    await exchange.send(b"SSH-2.0-OpenSSH_9.9\r\n")


async def reset_before(exchange: Exchange) -> None:
    exchange.reset()


async def close_before(exchange: Exchange) -> None:
    exchange.is_closing = True


async def _half(exchange: Exchange) -> None:
    status, content_type, body = await exchange.server.good_answer(exchange.request)
    await exchange.send(exchange.head(status, len(body), content_type) + body[: len(body) // 2])
    await asyncio.sleep(0.01)


async def reset_during(exchange: Exchange) -> None:
    await _half(exchange)
    exchange.reset()


async def close_during(exchange: Exchange) -> None:
    await _half(exchange)
    exchange.is_closing = True


async def hang_before(exchange: Exchange) -> None:
    await exchange.hang()


async def hang_during(exchange: Exchange) -> None:
    await _half(exchange)
    await exchange.hang()


async def drip(exchange: Exchange) -> None:
    """A byte now and then: no single wait is long, all together last for hours."""
    await exchange.send(exchange.head(200, 10_000_000))
    exchange.is_closing = True
    while not exchange.writer.transport.is_closing():
        await exchange.send(b" ")
        await asyncio.sleep(0.05)


async def drip_head(exchange: Exchange) -> None:
    """The same inside the headers."""
    exchange.is_closing = True
    await exchange.send(b"HTTP/1.1 200 OK\r\nx-a: ")
    while not exchange.writer.transport.is_closing():
        await exchange.send(b"a")
        await asyncio.sleep(0.05)


async def endless_head(exchange: Exchange) -> None:
    """Headers without an end, as fast as they go."""
    exchange.is_closing = True
    await exchange.send(b"HTTP/1.1 200 OK\r\n")
    while not exchange.writer.transport.is_closing():
        await exchange.send(b"x-a: " + b"a" * 60_000 + b"\r\n")


async def _stream(exchange: Exchange, parts: Iterator[bytes], **headers: str) -> None:
    exchange.is_closing = True
    await exchange.send(exchange.head(200, None, connection="close", **headers))
    for part in parts:
        await exchange.send(part)


async def large(exchange: Exchange) -> None:
    """200 MB of a list that begins as it should."""
    part = b'{"session_id":"' + b"x" * (MEGABYTE - 20) + b'"},'
    await _stream(exchange, (b'{"data":[' if n == 0 else part for n in range(200)))


_TIME = b'"2026-11-24 12:00:00"'
_VISIT = (
    b'{"session_id":"S123456789","session_start":' + _TIME + b',"session_end":' + _TIME + b","
    b'"session_duration":0,"pageviews":1,"events":0,"errors":0,"outbound":0}'
)
_SMALL: dict[str, tuple[bytes, bytes, bytes]] = {
    "version": (b'{"version":"2.7.0","more":[', b"{}", b"]}"),
    "locations": (b'{"data":[', b'{"count":1}', b"]}"),
    "organizations": (b'[{"id":"o","sites":[', b'{"id":"1"}', b"]}]"),
    "sessions": (b'{"data":[', _VISIT, b"]}"),
    "session": (
        b'{"data":{"session":' + _VISIT + b',"events":[',
        b'{"timestamp":' + _TIME + b"}",
        b'],"pagination":{"total":10,"hasMore":false}}}',
    ),
}
"""What an answer begins with, a record that every model takes, and its end."""


def small_records(size: int) -> Act:
    """Valid records, each as small as they come, and far more than anybody asked for."""

    async def act(exchange: Exchange) -> None:
        last = exchange.request.path.rsplit("/", 1)[1]
        begin, record, end = _SMALL.get(last, _SMALL["session"])
        part = (record + b",") * (MEGABYTE // (len(record) + 1))
        parts = [begin, *[part] * size, record + end]
        await _stream(exchange, iter(parts))

    return act


def _bomb(layers: int) -> list[bytes]:
    pressing = zlib.compressobj(9, wbits=31)
    zeros = b" " * MEGABYTE
    parts = [pressing.compress(zeros) for _ in range(300)] + [pressing.flush()]
    whole = b"".join(parts)
    for _ in range(layers - 1):
        whole = gzip.compress(whole, 9)
    return [whole[start : start + 65_536] for start in range(0, len(whole), 65_536)]


_BOMBS: dict[int, list[bytes]] = {}


def bomb(layers: int) -> Act:
    """300 MB in 300 kB, or in a few hundred bytes where pressed twice."""

    async def act(exchange: Exchange) -> None:
        if layers not in _BOMBS:
            _BOMBS[layers] = _bomb(layers)
        coding = ", ".join(["gzip"] * layers)
        await _stream(exchange, iter(_BOMBS[layers]), content_encoding=coding)

    return act


async def bad_gzip(exchange: Exchange) -> None:
    await exchange.answer(200, b"\x1f\x8b\x08nothing of the kind", content_encoding="gzip")


async def good_gzip(exchange: Exchange) -> None:
    status, content_type, body = await exchange.server.good_answer(exchange.request)
    await exchange.answer(status, gzip.compress(body), content_type, content_encoding="gzip")


def changed(change: Callable[[bytes], bytes]) -> Act:
    """The good answer, changed."""

    async def act(exchange: Exchange) -> None:
        status, content_type, body = await exchange.server.good_answer(exchange.request)
        await exchange.answer(status, change(body), content_type)

    return act


def _wrong_types(body: bytes) -> bytes:
    """Every value becomes one of another type."""
    return json.dumps(_wrong(json.loads(body))).encode()


def _wrong(value: object) -> object:
    if isinstance(value, dict):
        return {key: _wrong(item) for key, item in value.items()}
    if isinstance(value, list):
        return {"0": "not a list"}
    return [str(value)] if isinstance(value, int | float) else {"not": "a text"}


def _nested(_: bytes) -> bytes:
    return b'{"data":' + b"[" * 200_000 + b"]" * 200_000 + b"}"


def _nested_properties(body: bytes) -> bytes:
    """Deep nesting inside an object that may hold anything."""
    deep = b'{"a":' * 190 + b"1" + b"}" * 190
    return re.sub(rb'"(props|traits)":(\{[^{}]*\}|null)', rb'"\1":' + deep, body)


def _numbers(value: bytes) -> Callable[[bytes], bytes]:
    def change(body: bytes) -> bytes:
        return re.sub(rb":(-?\d+(\.\d+)?)(?=[,}])", b":" + value, body)

    return change


def redirect(*, is_elsewhere: bool, status: int = 301) -> Act:
    """To the same path of another host, or of this one under another prefix, and so on for ever."""

    async def act(exchange: Exchange) -> None:
        host = exchange.server.elsewhere if is_elsewhere else exchange.server.url
        target = f"{host}{MOVED}{exchange.request.target}"
        await exchange.answer(status, HTML, "text/html", location=target)

    return act


async def moved(exchange: Exchange) -> None:
    """To another address of this server, where the answer is."""
    target = exchange.request.target
    if target.startswith(MOVED):
        await exchange.good()
    else:
        await exchange.answer(308, HTML, "text/html", location=MOVED + target)


async def moved_without_query(exchange: Exchange) -> None:
    """The same, but what was asked is lost on the way."""
    request = exchange.request
    if request.path.startswith(MOVED):
        await exchange.good()
    else:
        await exchange.answer(302, location=MOVED + request.path)


def skewed(hours: float) -> Act:
    """A server whose clock goes wrong, with data up to its own now."""

    async def act(exchange: Exchange) -> None:
        await exchange.good(clock_at(exchange.server.now, hours))

    return act


def retry_date(seconds: float) -> Act:
    """A burst limit whose end is a date."""

    async def act(exchange: Exchange) -> None:
        moment = exchange.server.now + timedelta(seconds=seconds)
        date = format_datetime(moment, usegmt=True)
        await exchange.answer(429, _LIMITED, retry_after=date)

    return act


def is_about_visits(path: str) -> bool:
    """Whether ClickHouse answers it."""
    return "session" in path


def _error(text: str) -> str:
    return json.dumps({"error": text})


_LIMITED = _error("Rate limit exceeded")
_DAILY = json.dumps({"error": "Rate limit exceeded", "scope": "daily", "limit": 5})
_ROUTE = json.dumps({"message": "Route GET:/x not found", "error": "Not Found", "statusCode": 404})
_INTERNAL = json.dumps(
    {
        "statusCode": 500,
        "error": "Internal Server Error",
        "message": "connect ECONNREFUSED 127.0.0.1:8123 SELECT secret",
    }
)


async def _down_access(exchange: Exchange) -> None:
    """The account database is down: versions are told, every key looks wrong."""
    if exchange.request.path.endswith("/version"):
        await exchange.good()
    elif "/sites/" in exchange.request.path:
        await exchange.answer(403, _error("Forbidden"))
    else:
        await exchange.answer(401, _error("Unauthorized"))


async def _clickhouse_down(exchange: Exchange) -> None:
    what = "session data" if re.search(r"sessions/[^/]+$", exchange.request.path) else "sessions"
    what = "session locations" if "locations" in exchange.request.path else what
    await exchange.answer(500, _error(f"Failed to fetch {what}"))


FAULTS: tuple[Fault, ...] = (
    Fault("no fault", good, "answer"),
    # No answer at all.
    Fault("connection refused", reset_before, address="refused"),
    Fault("name does not resolve", reset_before, address="unresolvable"),
    Fault("certificate does not verify", reset_before, is_tls=True, can_heal=False),
    Fault("reset before the answer", reset_before),
    Fault("reset before the answer, once", once(reset_before), "answer"),
    Fault("closed before the answer", close_before),
    Fault("reset inside the body", reset_during),
    Fault("reset inside the body, once", once(reset_during), "answer"),
    Fault("closed inside the body", close_during),
    Fault("hangs before the answer", hang_before, total_timeout_s=SHORT_S),
    Fault("hangs inside the body", hang_during, total_timeout_s=SHORT_S),
    Fault("body drips", drip, total_timeout_s=SHORT_S),
    Fault("headers drip", drip_head, total_timeout_s=SHORT_S),
    Fault("headers without end", endless_head),
    # Answers of a wrong size or form.
    Fault("body of 200 MB", large, alone=True),
    Fault("60 MB of small records", small_records(60), alone=True),
    Fault("1 MB of small records", small_records(1), alone=True),
    Fault("gzip bomb", bomb(1), alone=True),
    Fault("gzip bomb in gzip", bomb(2), alone=True),
    Fault("gzip that is none", bad_gzip),
    Fault("good gzip", good_gzip, "answer"),
    Fault("JSON cut off", changed(lambda body: body[: len(body) // 2])),
    Fault("wrong JSON types", changed(_wrong_types)),
    Fault("a list for an object", fixed(200, "[]"), "either"),
    Fault("null", fixed(200, "null")),
    Fault("deep nesting", changed(_nested)),
    Fault("deep nesting in properties", changed(_nested_properties), "either"),
    Fault("NaN for numbers", changed(_numbers(b"NaN")), "either"),
    Fault("Infinity for numbers", changed(_numbers(b"Infinity")), "either"),
    Fault("1e400 for numbers", changed(_numbers(b"1e400")), "either"),
    Fault("numbers of 5,000 digits", changed(_numbers(b"9" * 5000)), "either"),
    Fault("negative numbers", changed(_numbers(b"-5")), "either"),
    Fault("null for numbers", changed(_numbers(b"null")), "either"),
    Fault("texts for numbers", changed(_numbers(b'"many"')), "either"),
    Fault("invalid UTF-8", changed(lambda body: body.replace(b"a", b"\xff\xfe"))),
    Fault("HTML with 200", fixed(200, HTML, "text/html")),
    Fault("empty 200", fixed(200)),
    Fault("204", fixed(204)),
    # Redirects and refusals.
    Fault("301 to another host", redirect(is_elsewhere=True)),
    Fault("307 to another host", redirect(is_elsewhere=True, status=307)),
    Fault("301 on the same server for ever", redirect(is_elsewhere=False)),
    Fault("308 on the same server", moved, "answer"),
    Fault("302 that loses the question", moved_without_query, "either"),
    Fault("400", fixed(400, _error("Invalid time_zone"))),
    Fault("401", fixed(401, _error("Unauthorized"))),
    Fault("401 in HTML", fixed(401, HTML, "text/html")),
    Fault("403", fixed(403, _error("Forbidden"))),
    Fault("403 for a scope", fixed(403, '{"error":"Insufficient scope","required":"org:read"}')),
    Fault(
        "401 after good answers (2.2 throttles)",
        after(2, fixed(401, _error("Unauthorized"))),
        generation="B",
        expected="either",
    ),
    Fault("401 and 403, account database down", _down_access),
    Fault("404 no such route", fixed(404, _ROUTE)),
    Fault("404 no such site", fixed(404, _error("Site not found")), looks_older=True),
    Fault("404 no such session", fixed(404, _error("Session not found"))),
    Fault("404 in HTML", fixed(404, HTML, "text/html")),
    Fault("408", fixed(408)),
    Fault("413", fixed(413, HTML, "text/html")),
    Fault("431", fixed(431, '{"error":"Request Header Fields Too Large"}')),
    Fault("418", fixed(418, "teapot", "text/plain")),
    # Limits.
    Fault("429, burst, says nothing", fixed(429, _LIMITED)),
    Fault("429, burst, 1 s", fixed(429, _LIMITED, retry_after="1"), total_timeout_s=10),
    Fault("429, burst, 0 s, once", once(fixed(429, _LIMITED, retry_after="0")), "answer"),
    Fault("429, burst, 600 s", fixed(429, _LIMITED, retry_after="600")),
    Fault("429, burst, a date", retry_date(300)),
    Fault("429, burst, a date now, once", once(retry_date(0)), "answer"),
    Fault("429, wait that is none", fixed(429, _LIMITED, retry_after="soon")),
    Fault("429, daily, says nothing", fixed(429, _DAILY)),
    Fault("429, daily, 36000 s", fixed(429, _DAILY, retry_after="36000")),
    Fault(
        "429, daily, in headers",
        fixed(429, _LIMITED, x_ratelimit_daily_remaining="0"),
        can_heal=False,  # it is believed until midnight
    ),
    Fault("429, daily, a date", retry_date(40_000)),
    # Failures.
    Fault("500, ClickHouse down", _clickhouse_down, is_struck=is_about_visits, expected="either"),
    Fault("500 of the framework", fixed(500, _INTERNAL)),
    Fault("500 in HTML", fixed(500, HTML, "text/html")),
    Fault("502", fixed(502, HTML, "text/html")),
    Fault("503", fixed(503, HTML, "text/html")),
    Fault("503 with a wait of 0 s, once", once(fixed(503, HTML, retry_after="0")), "answer"),
    Fault("503 with a wait of 120 s", fixed(503, HTML, retry_after="120")),
    Fault("504", fixed(504, HTML, "text/html")),
    Fault("504 once", once(fixed(504, HTML, "text/html")), "answer"),
    Fault("no HTTP", no_http),
    # Clocks.
    Fault("clock 26 h ahead", skewed(26), "either", is_kept=True),
    Fault("clock 26 h behind", skewed(-26), "either", is_kept=True),
)
