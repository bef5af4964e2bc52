"""A Rybbit on a real loopback socket that can be told to fail; good answers are the demo's."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import cache
from typing import Any, Literal, TypeAlias

from rybbit_mcp.demo import DEMO_KEY, create_demo_app
from rybbit_mcp.demo.app import DemoApp

KEY = "rb_recognisable0key0that0must0never0be0seen0anywhere0else"
Letter: TypeAlias = Literal["A", "B", "C", "D"]


@cache
def demo_app(now: datetime, generation: Letter = "D") -> DemoApp:
    """The demo at a fixed time; its data is generated once."""
    return create_demo_app(now=lambda: now, generation=generation)


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came over the socket."""

    method: str
    target: str
    headers: dict[str, str]
    raw: bytes
    """Head and body, byte for byte."""

    @property
    def path(self) -> str:
        """The address without its query."""
        return self.target.split("?")[0]


class Exchange:
    """One request and the connection that its answer goes to."""

    def __init__(
        self, server: FaultyRybbit, request: Received, writer: asyncio.StreamWriter
    ) -> None:
        self.server = server
        self.request = request
        self.writer = writer
        self.is_closing = False

    async def send(self, data: bytes) -> None:
        """Write raw bytes."""
        self.writer.write(data)
        await self.writer.drain()

    async def answer(
        self,
        status: int,
        body: bytes | str = b"",
        content_type: str = "application/json",
        **headers: str,
    ) -> None:
        """A whole answer."""
        body = body.encode() if isinstance(body, str) else body
        await self.send(self.head(status, len(body), content_type, **headers) + body)

    def head(
        self,
        status: int,
        length: int | None,
        content_type: str = "application/json",
        **headers: str,
    ) -> bytes:
        """Status line and headers; names are written with `_` for `-`."""
        lines = [f"HTTP/1.1 {status} Some Words", f"content-type: {content_type}"]
        if length is not None and status != 204:
            lines.append(f"content-length: {length}")
        else:
            self.is_closing = status != 204
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    async def good(self, now: datetime | None = None) -> None:
        """The demo's answer."""
        status, content_type, body = await self.server.good_answer(self.request, now)
        date = format_datetime(now or self.server.now, usegmt=True)
        await self.answer(status, body, content_type, date=date)

    def reset(self) -> None:
        """End the connection with a reset instead of a farewell."""
        self.is_closing = True
        self.writer.transport.abort()

    async def hang(self) -> None:
        """Say nothing more until the client leaves."""
        self.is_closing = True
        while not self.writer.transport.is_closing():  # noqa: ASYNC110 - it has no event for that
            await asyncio.sleep(0.02)


Act = Callable[[Exchange], Awaitable[None]]


async def good(exchange: Exchange) -> None:
    """No fault."""
    await exchange.good()


MOVED = "/moved"
"""Where everything is found a second time, for redirects."""


@dataclass
class FaultyRybbit:
    """`act` answers what `is_struck` picks out; the rest gets good answers."""

    now: datetime
    act: Act = good
    generation: Letter = "D"
    is_struck: Callable[[str], bool] = lambda path: True
    tls: ssl.SSLContext | None = None
    received: list[Received] = field(default_factory=list)
    struck_count: int = 0
    port: int = 0
    elsewhere: str = ""
    """The address of another host, for redirects."""

    @property
    def url(self) -> str:
        """The address for RYBBIT_URL."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def heal(self) -> None:
        """Be good from now on."""
        self.act = good

    async def good_answer(
        self, request: Received, now: datetime | None = None
    ) -> tuple[int, str, bytes]:
        """Status, content type and body of the demo's answer."""
        path, _, query = request.target.removeprefix(MOVED).partition("?")
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        if headers.get("authorization") == f"Bearer {KEY}":
            headers["authorization"] = f"Bearer {DEMO_KEY}"
        scope = {
            "type": "http",
            "method": request.method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await demo_app(now or self.now, self.generation)(scope, receive, send)
        content_type = dict(sent[0]["headers"])[b"content-type"].decode()
        return sent[0]["status"], content_type, b"".join(part["body"] for part in sent[1:])

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while True:
                request = await _read(reader)
                self.received.append(request)
                exchange = Exchange(self, request, writer)
                if self.is_struck(request.path):
                    self.struck_count += 1
                    await self.act(exchange)
                else:
                    await exchange.good()
                if exchange.is_closing:
                    return
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            return
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> Received:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    method, target, _ = first.split(" ")
    return Received(method, target, headers, head + body)


@contextlib.asynccontextmanager
async def running(rybbit: FaultyRybbit) -> AsyncIterator[FaultyRybbit]:
    """The server listening for as long as the block: on its port, else on a free one."""
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        with contextlib.suppress(asyncio.CancelledError):
            await rybbit.connected(reader, writer)

    server = await asyncio.start_server(
        connected, "127.0.0.1", rybbit.port, ssl=rybbit.tls, limit=2**17
    )
    rybbit.port = server.sockets[0].getsockname()[1]
    try:
        yield rybbit
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def clock_at(now: datetime, hours: float) -> datetime:
    """The clock of a server that goes wrong by so much."""
    return now + timedelta(hours=hours)
