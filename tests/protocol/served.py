"""The server over the demo's data at a fixed time, as a process of its own: for tests alone.

python -m tests.protocol.served stdio      on standard input and output
python -m tests.protocol.served http FD    Streamable HTTP on the listening socket FD
python -m tests.protocol.served closing    stdio; says on standard error what was cleaned up
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from datetime import UTC, datetime

import anyio
import httpx
import uvicorn
from pydantic import SecretStr

from rybbit_mcp.cli import serve
from rybbit_mcp.demo.mode import create_demo_server
from rybbit_mcp.server import RybbitServer, create_server
from rybbit_mcp.settings import Settings
from rybbit_mcp.signals import Signals

NOW = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)
REQUEST_BEGUN = "request begun"
REQUEST_CANCELLED = "request cancelled"
POOL_CLOSED = "pool closed"


def fixed_settings() -> Settings:
    """Settings that no environment changes."""
    return Settings(
        _env_prefix="NO_SUCH_PREFIX_", url="https://rybbit.test", api_key=SecretStr("k" * 32)
    )


def fixed_server() -> RybbitServer:
    """The demo's server, giving the same answers on every run."""
    return create_demo_server(fixed_settings(), clock=lambda: NOW)


class _Telling(httpx.AsyncBaseTransport):
    """A way to a server that never answers, and that says what becomes of it."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/version"):
            return httpx.Response(200, json={"version": "2.7.0"})
        print(REQUEST_BEGUN, file=sys.stderr, flush=True)
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            print(REQUEST_CANCELLED, file=sys.stderr, flush=True)
            raise
        raise AssertionError

    async def aclose(self) -> None:
        print(POOL_CLOSED, file=sys.stderr, flush=True)


def _end_with_parent() -> None:
    """A test that is killed must not leave a server behind."""
    sys.stdin.read()
    os._exit(0)


def main() -> None:
    """Serve in the way that the arguments name."""
    match sys.argv[1:]:
        case ["stdio"]:
            anyio.run(serve, fixed_server(), Signals())
        case ["closing"]:
            anyio.run(serve, create_server(fixed_settings(), transport=_Telling), Signals())
        case ["http", number]:
            threading.Thread(target=_end_with_parent, daemon=True).start()
            app = fixed_server().streamable_http_app()
            config = uvicorn.Config(app, log_level="warning")
            uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(number))])
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
