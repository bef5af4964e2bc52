"""Very many tool calls in one process, fifty at a time over one connection.

Every answer is compared with the one that a single call got before.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from rybbit_mcp.demo import DEMO_KEY
from rybbit_mcp.tools import TOOLS

ROOT = Path(__file__).parent.parent
AT_ONCE = 50
WARM_UP = 1_000
KEPT_CONNECTIONS = 4
"""How many idle connections the client's pool holds, more or less at any moment."""

SESSION_TOOLS = {"list_sites", "list_sessions", "get_session", "get_session_locations"}
OTHERS = sorted({module.__name__.rpartition(".")[2] for module in TOOLS} - SESSION_TOOLS)
"""Tools that compute over many visits: asked once a round for each site."""

Question = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class State:
    """What a process holds while nothing is asked of it."""

    call_count: int
    rss_kib: int
    descriptors: int
    tasks: int


@dataclass(frozen=True, slots=True)
class Life:
    """A process's state after the warm-up and at the end, and what went wrong between."""

    states: list[State]
    wrong_count: int
    per_second: float

    @property
    def growth(self) -> float:
        """Growth of memory since the warm-up, as a share."""
        return self.states[-1].rss_kib / self.states[0].rss_kib - 1

    @property
    def holds(self) -> bool:
        """Whether memory, descriptors, tasks and answers are as promised."""
        first, last = self.states[0], self.states[-1]
        return (
            self.growth < 0.05
            and last.descriptors <= first.descriptors + KEPT_CONNECTIONS
            and last.tasks <= first.tasks
            and self.wrong_count == 0
        )


async def live(call_count: int) -> Life:
    """Start one server, ask it `call_count` questions, and look at it ten times meanwhile."""
    async with _rybbit() as url, _server(url) as process:
        connection = Connection(process)
        await connection.initialize()
        questions = await _questions(connection)
        for question in questions:  # some first answers say more, such as what was found out
            await connection.ask(question)
        expected = [await connection.ask(question) for question in questions]
        assert not any("itself failed" in answer for answer in expected)
        asked = Asking(connection, questions, expected)
        states = [await _reading(connection, asked, WARM_UP)]
        begun = time.monotonic()
        for part in range(1, 11):
            done = WARM_UP + (call_count - WARM_UP) * part // 10
            states.append(await _reading(connection, asked, done))
        taken_s = time.monotonic() - begun
        return Life(states, asked.wrong_count, (call_count - WARM_UP) / taken_s)


async def _reading(connection: Connection, asked: Asking, call_count: int) -> State:
    """The state after so many calls: the middle one of three, a round of questions apart.

    Memory goes up and down by a few percent with what DuckDB keeps at the moment.
    """
    await asked.run(max(0, call_count - asked.call_count - 2 * asked.round_count))
    readings = [await connection.state(call_count)]
    for _ in range(2):
        await asked.run(asked.round_count)
        readings.append(await connection.state(call_count))
    return sorted(readings, key=lambda state: state.rss_kib)[1]


@contextlib.asynccontextmanager
async def _rybbit() -> AsyncIterator[str]:
    """A Rybbit on loopback, in its own process."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        number = listening.fileno()
        port = listening.getsockname()[1]
        command = (sys.executable, "-m", "bench.replayed_rybbit", str(number))
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, pass_fds=[number])
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


@contextlib.asynccontextmanager
async def _server(url: str) -> AsyncIterator[Process]:
    """The server under test, with its pipes."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.watched_server",
        cwd=ROOT,
        env=os.environ | {"RYBBIT_URL": url, "RYBBIT_API_KEY": DEMO_KEY},
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        limit=2**22,
    )
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


class Connection:
    """JSON-RPC lines over the process's standard input and output."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        self._process = process
        self.write = process.stdin.write
        self.lines = process.stdout
        self._reports = process.stderr
        self._last_id = 0

    async def initialize(self) -> None:
        """The handshake of the protocol's older era, which most hosts still use."""
        hello = {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "bench", "version": "1"},
        }
        self.send({"id": 0, "method": "initialize", "params": hello})
        await self.lines.readline()
        self.send({"method": "notifications/initialized"})

    def send(self, message: dict[str, Any]) -> None:
        """Write one message."""
        self.write(json.dumps({"jsonrpc": "2.0"} | message).encode() + b"\n")

    def begin(self, question: Question) -> int:
        """Send a call and return its id."""
        self._last_id += 1
        parameters = {"name": question[0], "arguments": question[1]}
        self.send({"id": self._last_id, "method": "tools/call", "params": parameters})
        return self._last_id

    async def answer(self) -> tuple[int, str]:
        """The next answer: its id and its text."""
        message = json.loads(await self.lines.readline())
        return message["id"], message["result"]["content"][0]["text"]

    async def ask(self, question: Question) -> str:
        """One call, alone."""
        number = self.begin(question)
        answered, text = await self.answer()
        assert answered == number
        return text

    async def state(self, call_count: int) -> State:
        """What the process holds now."""
        os.kill(self._process.pid, signal.SIGUSR1)
        while True:
            line = await self._reports.readline()
            if line.startswith(b"{"):
                return State(call_count, **json.loads(line))
            sys.stderr.buffer.write(line)


class Asking:
    """Asks the same questions round and round, `AT_ONCE` in flight."""

    def __init__(
        self, connection: Connection, questions: list[Question], expected: list[str]
    ) -> None:
        self._connection = connection
        self._turns = _round_and_round(len(questions))
        self._questions = questions
        self._expected = expected
        self.round_count = len(questions)
        self.call_count = 2 * len(questions)  # the two rounds that were asked one by one
        self.wrong_count = 0

    async def run(self, call_count: int) -> None:
        """Ask so many questions and wait for the last answer."""
        self.call_count += call_count
        waiting: dict[int, int] = {}
        turns = islice(self._turns, call_count)
        for turn in islice(turns, AT_ONCE):
            waiting[self._connection.begin(self._questions[turn])] = turn
        while waiting:
            number, text = await self._connection.answer()
            self.wrong_count += text != self._expected[waiting.pop(number)]
            for turn in islice(turns, 1):
                waiting[self._connection.begin(self._questions[turn])] = turn


def _round_and_round(count: int) -> Iterator[int]:
    while True:
        yield from range(count)


async def _questions(connection: Connection) -> list[Question]:
    """About a hundred: every tool, with and without filters, pages, zones, and wrong arguments."""
    mobile = {"filters": [{"parameter": "device_type", "value": ["Mobile"]}]}
    found: list[Question] = [("list_sites", {})]
    for site in ("1", "2"):
        for zone in ("UTC", "Asia/Kolkata", "America/New_York"):
            times = {"site": site, "period": "3d", "time_zone": zone}
            for arguments in (times, times | mobile):
                found += [("list_sessions", arguments), ("get_session_locations", arguments)]
            found += [("list_sessions", times | {"page": page}) for page in range(2, 9)]
        found += [(name, {"site": site, "period": "3d"}) for name in OTHERS]
        newest = await connection.ask(("list_sessions", {"site": site, "limit": 12}))
        header, *rows = [line.split("\t") for line in newest.splitlines() if "\t" in line]
        place = header.index("id")
        found += [("get_session", {"site": site, "session_id": row[place]}) for row in rows]
    return [
        *found,
        ("list_sessions", {"sit": 1}),
        ("list_sessions", {"site": "1", "period": "2026-13-45"}),
        ("get_session", {"site": "1", "session_id": "../../organizations"}),
        ("no_such_tool", {}),
    ]
