"""How long the server takes: from its start to `tools/list`, and for one call over stdio.

Both are compared with a bare SDK server in the same run, turn by turn, so that the machine's
moods cancel out.
"""

from __future__ import annotations

import contextlib
import os
import socket
import statistics
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import DEVNULL

import anyio
import httpx
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from rybbit_mcp.demo import DEMO_KEY

ROOT = Path(__file__).parent.parent
NOOP = StdioServerParameters(command=sys.executable, args=[str(ROOT / "bench" / "noop_server.py")])


@dataclass(frozen=True, slots=True)
class Starts:
    """Medians of the time to `tools/list`, in seconds, and the median of the ratios."""

    ours_s: float
    bare_s: float
    ratio: float


@dataclass(frozen=True, slots=True)
class Calls:
    """Medians in milliseconds of one call each, in one run."""

    list_sessions_ms: float
    raw_ms: float
    noop_ms: float

    @property
    def bound_ms(self) -> float:
        """The raw API call and two calls that do nothing."""
        return self.raw_ms + 2 * self.noop_ms


async def measure_starts(rounds: int = 15) -> Starts:
    """Time from spawning the process to the answer of `tools/list`, ours and bare in turn."""
    ours = StdioServerParameters(
        command=sys.executable, args=["-m", "rybbit_mcp"], env={"RYBBIT_API_KEY": "bench-key"}
    )
    for warm_up in (ours, NOOP):
        await _start(warm_up)
    pairs = [(await _start(ours), await _start(NOOP)) for _ in range(rounds)]
    return Starts(
        ours_s=statistics.median(pair[0] for pair in pairs),
        bare_s=statistics.median(pair[1] for pair in pairs),
        ratio=statistics.median(pair[0] / pair[1] for pair in pairs),
    )


async def _start(parameters: StdioServerParameters) -> float:
    begun = time.perf_counter()
    async with Client(parameters) as client:
        await client.list_tools()
        return time.perf_counter() - begun


async def measure_calls(rounds: int = 60) -> Calls:
    """One `list_sessions` over stdio, the API call behind it, and a tool that does nothing."""
    async with _rybbit() as url:
        ours = StdioServerParameters(
            command=sys.executable,
            args=["-m", "rybbit_mcp"],
            env={"RYBBIT_URL": url, "RYBBIT_API_KEY": DEMO_KEY, "RYBBIT_SITE": "1"},
        )
        query = {"period": "7d", "limit": 20}
        async with (
            Client(ours) as client,
            Client(NOOP) as bare,
            httpx.AsyncClient(headers={"Authorization": f"Bearer {DEMO_KEY}"}) as raw,
        ):
            parameters = _same_window()
            taken: list[tuple[float, float, float]] = []
            for turn in range(rounds + 5):
                times = (
                    await _timed(client.call_tool("list_sessions", query)),
                    await _timed(raw.get(f"{url}/api/sites/1/sessions", params=parameters)),
                    await _timed(bare.call_tool("noop", {})),
                )
                if turn >= 5:
                    taken.append(times)
    medians = [statistics.median(column) * 1000 for column in zip(*taken, strict=True)]
    return Calls(*medians)


async def _timed(call: object) -> float:
    begun = time.perf_counter()
    await call  # type: ignore[misc]
    return time.perf_counter() - begun


def _same_window() -> dict[str, str]:
    """The parameters that `list_sessions` sends for seven days."""
    today = datetime.now(UTC).date()
    return {
        "start_date": str(today - timedelta(days=6)),
        "end_date": str(today),
        "time_zone": "UTC",
        "page": "1",
        "limit": "20",
    }


@contextlib.asynccontextmanager
async def _rybbit() -> AsyncIterator[str]:
    """The demo's application behind a real socket on loopback, in its own process."""
    with _free_port() as port:
        command = [sys.executable, "-m", "bench.loopback", str(port)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = await anyio.open_process(
        command, cwd=ROOT, stdout=DEVNULL, stderr=DEVNULL, env=environment
    )
    try:
        url = f"http://127.0.0.1:{port}"
        transport = httpx.AsyncHTTPTransport(retries=8)
        async with httpx.AsyncClient(transport=transport, timeout=30) as client:
            await client.get(f"{url}/api/version")
        yield url
    finally:
        process.terminate()
        await process.wait()


@contextlib.contextmanager
def _free_port() -> Iterator[int]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]
