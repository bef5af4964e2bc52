"""The process that a host starts: clean standard output, a clean end, both protocol eras."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import anyio
import httpx
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from rybbit_mcp.server import create_server
from tests.server.conftest import NOW

DEMO = [sys.executable, "-m", "rybbit_mcp", "--demo"]
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    """The demo server as a bare process, with everything logged that can be."""
    environment = {"PATH": os.environ["PATH"], "RYBBIT_LOG_LEVEL": "DEBUG", "PYTHONUTF8": "1"}
    with subprocess.Popen(
        DEMO,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environment,
    ) as started:
        yield started
        started.kill()


def send(process: subprocess.Popen[str], *messages: object) -> None:
    for message in messages:
        process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()


def call(number: int, tool: str, **arguments: object) -> dict[str, object]:
    return {
        "jsonrpc": "2.0",
        "id": number,
        "method": "tools/call",
        "params": {"name": tool, "arguments": arguments},
    }


def test_nothing_but_json_rpc_reaches_standard_output(process):
    send(process, INITIALIZE)
    lines = [process.stdout.readline()]
    send(process, {"jsonrpc": "2.0", "method": "notifications/initialized"})
    send(
        process,
        {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
        {"jsonrpc": "2.0", "id": 3, "method": "prompts/list"},
        call(4, "list_sites"),
        call(5, "list_sessions", site="shop.example.com", period="24h"),
        call(6, "list_sessions", site="no such site"),
        call(7, "list_sessions", nonsense=1),
        call(8, "get_session", site="1", session_id="../../organizations"),
        call(9, "get_session_locations", site="1", time_zone="Nowhere/Atall"),
        {"jsonrpc": "2.0", "id": 10, "method": "no/such/method"},
    )
    lines += [process.stdout.readline() for _ in range(9)]
    process.stdin.close()
    lines += process.stdout.readlines()

    messages = [json.loads(line) for line in lines]

    assert all(message["jsonrpc"] == "2.0" for message in messages)
    assert {message["id"] for message in messages if "id" in message} == set(range(1, 11))


def test_the_end_of_input_ends_the_process_within_a_second_with_code_0(process):
    send(process, INITIALIZE)
    process.stdout.readline()
    began = time.monotonic()
    process.stdin.close()

    assert process.wait(timeout=5) == 0
    assert time.monotonic() - began < 1


def test_the_end_of_input_ends_the_process_while_nobody_reads_its_output(process):
    send(process, INITIALIZE)
    process.stdout.readline()
    # Together far more than any pipe holds, so that most of it waits for a reader.
    send(process, *({"jsonrpc": "2.0", "id": n, "method": "tools/list"} for n in range(2, 42)))
    began = time.monotonic()
    process.stdin.close()

    assert process.wait(timeout=5) == 0
    assert time.monotonic() - began < 1


def test_a_closed_output_ends_the_process_without_a_traceback(process):
    send(process, INITIALIZE)
    process.stdout.readline()
    process.stdout.close()
    send(process, {"jsonrpc": "2.0", "id": 2, "method": "ping"})

    assert process.wait(timeout=5) == 0
    assert "Traceback" not in process.stderr.read()


def test_half_a_character_in_a_request_is_replaced(process):
    """JavaScript cuts texts between the two halves of a character, and writes them so."""
    send(process, INITIALIZE)
    process.stdout.readline()
    for number, name in enumerate((r"caf\ud83d", r"\ude00\ud83d\ude00\\ud83d", r"\ud83d\u0041"), 2):
        request = json.dumps(call(number, "list_sessions", site="NAME")).replace("NAME", name)
        process.stdin.write(request + "\n")
    process.stdin.flush()
    answers = [json.loads(process.stdout.readline()) for _ in range(3)]
    texts = {answer["id"]: answer["result"]["content"][0]["text"] for answer in answers}

    assert "caf\ufffd" in texts[2]
    assert "\ufffd\N{GRINNING FACE}\\" in texts[3]
    assert "\ufffdA" in texts[4]


UNREADABLE = {
    "{nonsense": (-32700, None),
    "[" * 100_000: (-32700, None),
    r'{"jsonrpc":"2.0","id":3,"method":"ping","params":{"a":"\ud83d"': (-32700, None),
    "\0\0": (-32700, None),
    "5": (-32600, None),
    "[]": (-32600, None),
    '{"jsonrpc":"2.0","id":7}': (-32600, 7),
    '{"jsonrpc":"2.0","id":true}': (-32600, None),
}


def test_a_line_that_is_no_request_gets_the_error_that_json_rpc_has_for_it(process):
    send(process, INITIALIZE)
    process.stdout.readline()
    for line, (code, number) in UNREADABLE.items():
        process.stdin.write(f"\n{line}\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())

        assert (answer["error"]["code"], answer["id"]) == (code, number), line[:40]
    send(process, {"jsonrpc": "2.0", "id": 8, "method": "ping"})

    assert json.loads(process.stdout.readline()) == {"jsonrpc": "2.0", "id": 8, "result": {}}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_within_a_second_with_code_0(process, number):
    send(process, INITIALIZE)
    process.stdout.readline()
    began = time.monotonic()
    process.send_signal(number)

    assert process.wait(timeout=5) == 0
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({}, "rybbit-mcp: RYBBIT_API_KEY is not set."),
        ({"RYBBIT_API_KEY": "k", "RYBBIT_URL": "http://a.example"}, "rybbit-mcp: RYBBIT_URL must"),
        ({"RYBBIT_API_KEY": "k", "RYBBIT_TIME_ZONE": "Mars"}, "rybbit-mcp: RYBBIT_TIME_ZONE is"),
    ],
)
def test_bad_settings_give_one_line_on_standard_error_and_exit_code_2(environment, line):
    ended = subprocess.run(
        [sys.executable, "-m", "rybbit_mcp"],
        input="",
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], **environment},
        check=False,
    )

    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith(line)
    assert ended.stderr.count("\n") == 1


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_both_protocol_eras_get_the_same_answers(mode):
    parameters = StdioServerParameters(command=DEMO[0], args=DEMO[1:])
    async with Client(parameters, mode=mode, read_timeout_seconds=20) as client:
        tools = (await client.list_tools()).tools
        answer = await client.call_tool("list_sites")

    assert [tool.name for tool in tools][:2] == ["list_sites", "summarize_sessions"]
    assert not answer.is_error
    assert "shop.example.com" in answer.content[0].text


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_cancelling_a_call_cancels_its_request(plain_settings, mode):
    began, cancelled = anyio.Event(), anyio.Event()

    class Hanging(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("/version"):
                return httpx.Response(200, json={"version": "2.7.0"})
            began.set()
            try:
                await anyio.sleep_forever()
            finally:
                cancelled.set()

    server = create_server(plain_settings, clock=lambda: NOW, transport=Hanging)
    async with Client(server, mode=mode) as client, anyio.create_task_group() as tasks:
        tasks.start_soon(client.call_tool, "list_sessions", {"site": "1"})
        with anyio.fail_after(5):
            await began.wait()
            tasks.cancel_scope.cancel()
            with anyio.CancelScope(shield=True):
                await cancelled.wait()

    assert cancelled.is_set()
