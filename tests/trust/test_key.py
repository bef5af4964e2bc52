"""The key stands in one header to one host, and nowhere else, whatever fails."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import traceback
from collections.abc import AsyncIterator
from typing import Any

import pytest
from mcp import Client

from rybbit_mcp.api.client import RybbitClient
from rybbit_mcp.server import create_server
from rybbit_mcp.settings import Settings
from tests.faults.catalogue import FAULTS
from tests.faults.harness import NOW, TOOLS, address_of, arguments_of, settings_for, struck, text_of
from tests.faults.server import KEY, FaultyRybbit, Received, demo_app, good
from tests.figures import Tell

COMMAND = [sys.executable, "-m", "rybbit_mcp"]
_WAITING = ("hangs", "drip", "without end", "429, burst, 1 s")


def _environment(**more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONUTF8": "1",
        "RYBBIT_API_KEY": KEY,
        "RYBBIT_LOG_LEVEL": "DEBUG",
        **more,
    }


def _message(number: int, method: str, **parameters: Any) -> bytes:
    content = {"jsonrpc": "2.0", "id": number, "method": method, "params": parameters}
    return json.dumps(content).encode() + b"\n"


class Host:
    """An MCP host over stdio that keeps every byte which the server's process writes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        self._process, self._input, self._output = process, process.stdin, process.stdout
        self._noise = asyncio.create_task(process.stderr.read())
        self._lines: list[bytes] = []
        self._number = 0

    async def begin(self) -> None:
        """The handshake."""
        who = {"name": "test", "version": "1"}
        self._input.write(
            _message(0, "initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo=who)
            + b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n'
        )
        self._lines.append(await self._output.readline())

    async def ask_all(self) -> None:
        """Every tool, all at once."""
        waiting = set()
        for tool in TOOLS:
            self._number += 1
            waiting.add(self._number)
            self._input.write(
                _message(self._number, "tools/call", name=tool, arguments=arguments_of(tool))
            )
        while waiting:
            line = await self._output.readline()
            assert line, (await self._noise).decode()
            self._lines.append(line)
            waiting.discard(json.loads(line).get("id"))

    async def end(self) -> bytes:
        """Everything that was written."""
        self._input.close()
        rest = await self._output.read()
        await self._process.wait()
        return b"".join(self._lines) + rest + await self._noise


@contextlib.asynccontextmanager
async def _host(url: str) -> AsyncIterator[Host]:
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(RYBBIT_URL=url),
        limit=2**22,
    )
    try:
        host = Host(process)
        await host.begin()
        yield host
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _key_places(request: Received) -> list[str]:
    """The headers, or `address` or `body`, that hold the key."""
    named = [name for name, value in request.headers.items() if KEY in value]
    body = request.raw.partition(b"\r\n\r\n")[2]
    return (
        named
        + (["address"] if KEY in request.target else [])
        + (["body"] if KEY.encode() in body else [])
    )


def _check(written: bytes, requests: list[Received], other: FaultyRybbit) -> None:
    assert b"jsonrpc" in written
    assert b"DEBUG" in written
    assert KEY.encode() not in written
    assert {"authorization"} >= {place for one in requests for place in _key_places(one)}
    assert not other.received


@pytest.mark.anyio
async def test_no_fault_makes_the_process_write_or_send_the_key(figure: Tell) -> None:
    """One process meets one fault after the other; those that only take time are left out."""
    demo_app(NOW)
    chosen = [fault for fault in FAULTS if not (fault.alone or fault.address or fault.is_tls)]
    chosen = [fault for fault in chosen if not any(word in fault.name for word in _WAITING)]
    async with struck(chosen[0], "later") as (rybbit, other), _host(rybbit.url) as host:
        for fault in chosen:
            rybbit.act, rybbit.struck_count = fault.act, 0
            await host.ask_all()
        written = await host.end()

    carrying = [one for one in rybbit.received if _key_places(one)]
    assert len(chosen) > 50
    assert len(carrying) > 100
    _check(written, rybbit.received, other)
    figure("key_faults", len(chosen))
    figure("key_bytes", len(written))
    figure("key_requests", len(carrying))
    figure("key_found", written.count(KEY.encode()) + len(other.received))


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["connection refused", "certificate does not verify"])
async def test_no_failing_connection_makes_the_process_write_the_key(name: str) -> None:
    fault = next(fault for fault in FAULTS if fault.name == name)
    async with struck(fault, "later") as (rybbit, other):
        async with _host(address_of(fault, rybbit)) as host:
            await host.ask_all()
            written = await host.end()

        _check(written, rybbit.received, other)


@pytest.mark.anyio
async def test_the_key_is_in_no_traceback_and_no_representation(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(self: RybbitClient) -> None:
        raise RuntimeError("an internal error")

    monkeypatch.setattr(RybbitClient, "sites", broken)
    server = create_server(settings_for("http://127.0.0.1:1", log_level="DEBUG"), clock=lambda: NOW)
    async with Client(server) as client:
        result = await client.call_tool("list_sites", {})
        said = [text_of(result), repr(result)]
    toolbox = server._toolbox
    objects = (server, toolbox, toolbox.settings, toolbox.client, toolbox.privacy, toolbox.handles)
    said += [text for one in objects for text in (repr(one), str(one))]
    try:
        await toolbox.client.sites()
    except RuntimeError as error:
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        said += list(shown.format())
    logged = caplog.text

    assert "itself failed" in said[0]
    assert "an internal error" in logged
    assert KEY not in "".join(said) + logged


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["--nonsense"]])
def test_the_key_is_in_no_text_of_the_command(arguments: list[str]) -> None:
    done = subprocess.run(
        [*COMMAND, *arguments], env=_environment(), capture_output=True, check=False, timeout=20
    )

    assert done.stdout + done.stderr
    assert KEY.encode() not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "wrong", [{"RYBBIT_API_KEY": KEY + " x"}, {"RYBBIT_API_KEY": KEY + "é"}, {"RYBBIT_URL": "x"}]
)
def test_the_key_is_in_no_error_about_settings(wrong: dict[str, str]) -> None:
    environment = _environment() | wrong
    done = subprocess.run(COMMAND, env=environment, capture_output=True, check=False, timeout=20)

    assert done.returncode == 2
    assert KEY.encode() not in done.stdout + done.stderr


def test_settings_hide_the_key_however_they_are_written() -> None:
    settings: Settings = settings_for("https://rybbit.test")

    assert KEY not in repr(settings) + str(settings) + settings.model_dump_json()
    assert FaultyRybbit(NOW).act is good
