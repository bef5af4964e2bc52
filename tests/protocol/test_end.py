"""How the process ends: its clean-up runs, whatever it was doing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from tests.protocol.loopback import ROOT
from tests.protocol.served import POOL_CLOSED, REQUEST_BEGUN, REQUEST_CANCELLED
from tests.server.test_stdio import INITIALIZE, call, send

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")

Process = subprocess.Popen[str]

ENDINGS: dict[str, Callable[[Process], None]] = {
    "SIGTERM": lambda process: process.send_signal(signal.SIGTERM),
    "SIGINT": lambda process: process.send_signal(signal.SIGINT),
    "end of input": lambda process: process.stdin.close(),
    "two signals": lambda process: [process.send_signal(signal.SIGTERM) for _ in range(2)],
}


@pytest.fixture
def process() -> Iterator[Process]:
    """A server whose upstream never answers."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.protocol.served", "closing"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as started:
        yield started
        started.kill()


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_end_cancels_what_is_asked_and_closes_the_pool_within_a_second(process, ending, figure):
    send(process, INITIALIZE)
    process.stdout.readline()
    send(process, {"jsonrpc": "2.0", "method": "notifications/initialized"})
    send(process, call(2, "list_sessions", site="1"))
    assert process.stderr.readline().strip() == REQUEST_BEGUN
    began = time.monotonic()
    ENDINGS[ending](process)

    assert process.wait(timeout=5) == 0
    taken_s = time.monotonic() - began
    assert taken_s < 1
    figure("slowest_end_s", taken_s)
    assert process.stderr.read().split("\n") == [REQUEST_CANCELLED, POOL_CLOSED, ""]


def test_a_signal_before_the_first_call_ends_the_process_without_a_word(process):
    send(process, INITIALIZE)
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)

    assert process.wait(timeout=5) == 0
    assert process.stderr.read() == ""


def test_a_signal_ends_a_process_whose_main_thread_is_busy():
    """As while it imports, or while DuckDB computes."""
    script = (
        "import time; from rybbit_mcp.signals import Signals\n"
        "Signals().call_first(lambda: print('cleaned up', flush=True))\n"
        "print('busy', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "busy\n"
        began = time.monotonic()
        process.send_signal(signal.SIGINT)

        assert process.wait(timeout=5) == 0
        assert time.monotonic() - began < 1
        assert process.stdout.read() == "cleaned up\n"
        assert process.stderr.read() == ""


def test_the_end_of_input_is_silent_after_answers_too():
    """DuckDB complains on standard error of whatever is left over of it."""
    with subprocess.Popen(
        [sys.executable, "-m", "rybbit_mcp", "--demo"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        send(process, INITIALIZE)
        process.stdout.readline()
        send(process, {"jsonrpc": "2.0", "method": "notifications/initialized"})
        send(process, call(2, "list_sessions", site="1"))
        assert json.loads(process.stdout.readline())["id"] == 2
        began = time.monotonic()
        process.stdin.close()

        assert process.wait(timeout=5) == 0
        assert time.monotonic() - began < 1
        assert process.stderr.read() == ""
