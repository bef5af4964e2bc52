"""Asks every tool of the real server over the real socket while one fault lasts."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import socket
import ssl
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mcp import Client
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import SecretStr

from rybbit_mcp.api.errors import RybbitError
from rybbit_mcp.server import RybbitServer
from rybbit_mcp.settings import Settings
from rybbit_mcp.tools.toolbox import Toolbox
from tests.faults.catalogue import Fault
from tests.faults.server import KEY, FaultyRybbit, Letter, demo_app, good, running

NOW = dt.datetime(2026, 11, 24, 13, 5, tzinfo=dt.UTC)
STAGES = ("later", "at first")
"""Whether the fault strikes questions alone, or also the look at the server's version."""

TOOLS: dict[str, dict[str, Any]] = {
    "list_sites": {},
    "summarize_sessions": {"site": "1", "period": "24h", "group_by": ["country"]},
    "list_sessions": {"site": "1", "period": "24h", "limit": 3},
    "get_session": {"site": "1"},
    "get_session_locations": {"site": "1", "period": "24h"},
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one tool said while the fault lasted, and after it."""

    text: str
    error: str
    seconds: float
    request_count: int
    busy_connection_count: int
    later_text: str
    later_error: str

    @property
    def cell(self) -> str:
        """`answer`, or the error's class."""
        return self.error or "answer"


class RecordingServer(RybbitServer):
    """The real server; remembers the class of the error behind the last answer."""

    error = ""

    async def call_tool(self, name: str, arguments: dict[str, Any], context: Any = None) -> Any:
        """As the server does."""
        self.error = ""
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            self.error = _class_behind(error)
            raise

    @property
    def toolbox(self) -> Toolbox:
        """What the tools work with."""
        return self._toolbox


def _class_behind(error: BaseException | None) -> str:
    while error is not None:
        if isinstance(error, RybbitError):
            return type(error).__name__
        error = error.__cause__ or error.__context__
    return "a defect"


def settings_for(url: str, **more: Any) -> Settings:
    """Settings that no environment changes."""
    return Settings(_env_prefix="NO_SUCH_PREFIX_", url=url, api_key=SecretStr(KEY), **more)


@cache
def _server(tool: str, stage: str) -> RecordingServer:
    """Schemas take long to build: each server is used for one fault after the other."""
    settings = settings_for("http://127.0.0.1:1", log_level="ERROR")
    return RecordingServer(settings, Toolbox(settings, clock=lambda: NOW))


@cache
def some_session(generation: str) -> str:
    """The id of a visit that the demo has."""
    with demo_app(NOW, generation)._data().cursor() as cursor:
        found = cursor.execute(
            "SELECT session_id FROM events WHERE site_id = 1 AND timestamp > ? "
            "GROUP BY 1 HAVING count(*) BETWEEN 10 AND 30 ORDER BY count(*) DESC, 1 LIMIT 1",
            [NOW.replace(tzinfo=None) - dt.timedelta(days=5)],
        ).fetchone()
    assert found is not None
    return str(found[0])


@cache
def self_signed() -> ssl.SSLContext:
    """A server's context with a certificate that nobody vouches for."""
    import tempfile

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "both.pem"
        path.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context.load_cert_chain(path)
    return context


def arguments_of(tool: str, generation: str = "D") -> dict[str, Any]:
    """What is asked of the tool."""
    more = {"session_id": some_session(generation)} if tool == "get_session" else {}
    return TOOLS[tool] | more


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextlib.asynccontextmanager
async def struck(fault: Fault, stage: str) -> AsyncIterator[tuple[FaultyRybbit, FaultyRybbit]]:
    """The server with the fault, and the other host that it may redirect to."""

    def is_struck(path: str) -> bool:
        is_first_look = path.endswith("/version")
        return fault.is_struck(path) and (stage == "at first" or not is_first_look)

    rybbit = FaultyRybbit(
        NOW,
        fault.act,
        fault.generation,
        is_struck=is_struck,
        tls=self_signed() if fault.is_tls else None,
    )
    async with running(FaultyRybbit(NOW)) as other, running(rybbit):
        rybbit.elsewhere = other.url.replace("127.0.0.1", "localhost")
        yield rybbit, other


def address_of(fault: Fault, rybbit: FaultyRybbit) -> str:
    """What RYBBIT_URL says."""
    if fault.address == "refused":
        return f"http://127.0.0.1:{closed_port()}"
    if fault.address == "unresolvable":
        return "https://nonexistent.invalid"
    return rybbit.url


def text_of(result: Any) -> str:
    """The one text of a tool's result."""
    assert len(result.content) == 1
    return str(result.content[0].text)


async def ask(client: Client, tool: str, generation: str = "D") -> str:
    """The text of the answer, whatever it is."""
    result = await client.call_tool(tool, arguments_of(tool, generation))
    text = text_of(result)
    # Said once for each server, not for each question.
    lines = text.split("\n")
    return "\n".join(line for line in lines if not line.startswith("# not counted through"))


async def outcome(fault: Fault, tool: str, stage: str) -> Outcome:
    """One tool while the fault lasts, and again after it."""
    server = _server(tool, stage)
    toolbox = server.toolbox
    async with struck(fault, stage) as (rybbit, other):
        toolbox.settings = settings_for(address_of(fault, rybbit))
        toolbox.total_timeout_s = fault.total_timeout_s
        async with Client(server) as client:
            began_at = time.perf_counter()
            text = await ask(client, tool, fault.generation)
            seconds = time.perf_counter() - began_at
            error = server.error
            request_count = len(rybbit.received)
            busy = await busy_connections(toolbox)
            assert not other.received
            rybbit.heal()
            if fault.can_heal and not fault.address:
                toolbox.client._http._total_timeout_s = 24.0
                later = await ask(client, tool, fault.generation)
            else:
                later = ""
            later_error = server.error if later else ""
        return Outcome(text, error, seconds, request_count, busy, later, later_error)


async def busy_connections(toolbox: Toolbox) -> int:
    """How many connections of the pool still belong to a request."""
    client = toolbox.client._http._wire._client
    if client is None:
        return 0
    await asyncio.sleep(0)
    pool = client._transport._pool  # type: ignore[attr-defined]  # httpx keeps its pool to itself
    return sum(not one.is_idle() and not one.is_closed() for one in pool.connections)


@cache
def _right(tool: str, generation: str) -> list[Outcome]:
    return []


async def right_answer(tool: str, generation: Letter) -> Outcome:
    """What the tool says where nothing fails."""
    known = _right(tool, generation)
    if not known:
        known.append(await outcome(Fault("none", good, generation=generation), tool, "later"))
    return known[0]


async def outcomes(fault: Fault) -> dict[tuple[str, str], Outcome]:
    """All tools at both stages, at the same time where memory allows."""
    cases = [(tool, stage) for stage in STAGES for tool in TOOLS]
    if fault.alone:
        return {case: await outcome(fault, *case) for case in cases}
    found = await asyncio.gather(*(outcome(fault, *case) for case in cases))
    return dict(zip(cases, found, strict=True))
