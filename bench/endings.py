"""Ends the demo's server at random moments, in every way in which it can end.

Linux only: what is left over is looked for in /proc.
"""

from __future__ import annotations

import json
import os
import queue
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-m", "rybbit_mcp", "--demo"]
LONGEST_S = 2.0
GIVEN_UP_S = 20.0
LATEST_S = 1.2
"""Moments are drawn from the start of the process to this: imports, first calls and idling."""

LAST_ID = 100


@dataclass(frozen=True, slots=True)
class Ending:
    """How one process ended; `written` names what it left on disk.

    `taken_s` counts from the ending, or from the server's first answer where that comes later: a
    server that is still starting starts up first, which takes as long as the machine makes it.
    """

    kind: str
    moment_s: float
    taken_s: float
    status: int | None
    is_left_over: bool
    stderr: str
    written: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """In time, with the right status, silently, leaving nothing behind."""
        return (
            self.taken_s <= LONGEST_S
            and self.status in _KINDS[self.kind].statuses
            and not self.is_left_over
            and (not self.stderr or self._is_python_interrupted)
            and not self.written
        )

    @property
    def _is_python_interrupted(self) -> bool:
        """Whether SIGINT came before the first line of this project's code ran."""
        return self.status in {1, -signal.SIGINT} and "rybbit_mcp" not in self.stderr


class Running:
    """A server in a process group and a home of its own, its output read all the time."""

    def __init__(self, home: str, command: list[str]) -> None:
        environment = {"PATH": os.environ["PATH"], "HOME": home, "TMPDIR": home}
        self.process = subprocess.Popen(
            command,
            cwd=home,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self.lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.stderr = b""
        self.answered_at = 0.0
        self._readers = [
            threading.Thread(target=self._read_output),
            threading.Thread(target=self._read_errors),
        ]
        for reader in self._readers:
            reader.start()

    def write(self, *messages: dict[str, Any]) -> None:
        """Send messages, as far as somebody still reads them."""
        assert self.process.stdin is not None
        self.process.stdin.write(_encoded(*messages))
        self.process.stdin.flush()

    def close_input(self) -> None:
        """End the server's standard input."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def end(self) -> bool:
        """Wait until nothing lives of the process and its children; whether that came true."""
        given_up_at = time.monotonic() + GIVEN_UP_S
        while self._is_alive() and time.monotonic() < given_up_at:
            time.sleep(0.005)
        is_left_over = self._is_alive()
        if is_left_over:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        return is_left_over

    def close(self) -> None:
        """Give the pipes back."""
        for reader in self._readers:
            reader.join()
        with self.process:
            pass

    def _is_alive(self) -> bool:
        self.process.poll()
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                state, _, group = path.read_text().rpartition(")")[2].split()[:3]
            except OSError:
                continue
            if int(group) == self.process.pid and state != "Z":
                return True
        return False

    def _read_output(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.answered_at = self.answered_at or time.monotonic()
            self.lines.put(line)

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        self.stderr = self.process.stderr.read()


def measure(count: int, seed: int = 1) -> dict[str, list[Ending]]:
    """So many endings, of all kinds in turn, at moments that the seed determines."""
    # A shell ignores it for what runs in the background, and every process inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    moments = random.Random(seed)
    kinds = list(_KINDS)
    plan = [(kinds[turn % len(kinds)], moments.uniform(0, LATEST_S)) for turn in range(count)]
    endings = [_end(*planned) for planned in plan]  # one at a time, so that none waits for a core
    return {kind: [ending for ending in endings if ending.kind == kind] for kind in kinds}


def _end(kind: str, moment_s: float) -> Ending:
    with tempfile.TemporaryDirectory() as home:
        running = Running(home, _KINDS[kind].command)
        running.write(*_GREETING, *(_call(number) for number in range(2, 8)))
        time.sleep(moment_s)
        begun = time.monotonic()
        _KINDS[kind].way(running)
        is_left_over = running.end()
        ended_at = time.monotonic()
        running.close()
        return Ending(
            kind,
            moment_s,
            ended_at - max(begun, running.answered_at),
            running.process.returncode,
            is_left_over,
            running.stderr.decode(errors="replace"),
            tuple(sorted(str(path) for path in Path(home).rglob("*"))),
        )


def _call(number: int) -> dict[str, Any]:
    parameters = {"name": "list_sessions", "arguments": {"site": "1", "page": number}}
    return {"id": number, "method": "tools/call", "params": parameters}


def _encoded(*messages: dict[str, Any]) -> bytes:
    return b"".join(json.dumps({"jsonrpc": "2.0"} | item).encode() + b"\n" for item in messages)


def _cancel_and_ask_again(running: Running) -> None:
    """Cancel every call, and see that the next one is answered."""
    cancelled = [
        {"method": "notifications/cancelled", "params": {"requestId": number}}
        for number in range(2, 8)
    ]
    running.write(*cancelled, _call(LAST_ID))
    while json.loads(running.lines.get(timeout=GIVEN_UP_S)).get("id") != LAST_ID:
        pass
    running.close_input()


_GREETING: tuple[dict[str, Any], ...] = (
    {
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "bench", "version": "1"},
        },
    },
    {"method": "notifications/initialized"},
)

# A host: starts the server and passes on what it reads, until it is killed.
_HOST = """
import subprocess, sys
server = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE)
for line in sys.stdin.buffer:
    server.stdin.write(line)
    server.stdin.flush()
"""


@dataclass(frozen=True, slots=True)
class _Kind:
    """A way to end, and the exit statuses that are right for it."""

    way: Callable[[Running], None]
    statuses: frozenset[int]
    command: list[str]


def _by(number: signal.Signals, *statuses: int, command: list[str] = COMMAND) -> _Kind:
    """Sends a signal; one that comes before the server serves ends Python in its own way."""
    return _Kind(
        lambda running: running.process.send_signal(number),
        frozenset({-number, *statuses}),
        command,
    )


_KINDS: dict[str, _Kind] = {
    "input closed": _Kind(Running.close_input, frozenset({0}), COMMAND),
    "SIGTERM": _by(signal.SIGTERM, 0),
    "SIGINT": _by(signal.SIGINT, 0, 1),
    "SIGKILL": _by(signal.SIGKILL),
    "host killed": _by(signal.SIGKILL, command=[sys.executable, "-c", _HOST, *COMMAND]),
    "calls cancelled, input closed": _Kind(_cancel_and_ask_again, frozenset({0}), COMMAND),
}
