"""The command `rybbit-mcp`: an MCP server on standard input and output."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rybbit_mcp import __version__
from rybbit_mcp.signals import Signals

if TYPE_CHECKING:
    from rybbit_mcp.server import RybbitServer

BAD_SETTINGS = 2


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until standard input ends or a signal comes. Exits with 2 on bad settings."""
    options = _parser().parse_args(arguments)
    signals = Signals()
    gc.disable()  # a fifth of the start is collecting garbage that imports do not make
    try:
        server = _server(is_demo=options.demo)
    finally:
        gc.enable()
        gc.freeze()
    import anyio

    anyio.run(serve, server, signals)
    # Everything is closed. What the interpreter would still take apart takes it a third of a
    # second, for which the host would wait.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rybbit-mcp",
        description="MCP server for Rybbit analytics, over standard input and output. "
        "It is started by an MCP host such as Claude Desktop; settings come from environment "
        "variables (RYBBIT_URL, RYBBIT_API_KEY, RYBBIT_SITE, …; see the README).",
    )
    parser.add_argument(
        "--demo", action="store_true", help="serve invented data instead of a Rybbit server"
    )
    parser.add_argument("--version", action="version", version=f"rybbit-mcp {__version__}")
    return parser


def _server(*, is_demo: bool) -> RybbitServer:
    from rybbit_mcp.api.errors import ConfigurationError
    from rybbit_mcp.settings import load_settings, unknown_names

    for sentence in unknown_names(os.environ):
        print(f"rybbit-mcp: {sentence}", file=sys.stderr)
    try:
        settings = load_settings(is_demo=is_demo)
    except ConfigurationError as error:
        print(f"rybbit-mcp: {error}", file=sys.stderr)
        raise SystemExit(BAD_SETTINGS) from None
    logging.basicConfig(
        stream=sys.stderr, level=settings.log_level, format="%(levelname)s %(name)s: %(message)s"
    )
    for chatty in ("httpx", "httpcore", "mcp"):  # they log addresses with their queries
        logging.getLogger(chatty).setLevel(logging.WARNING)
    if is_demo:
        from rybbit_mcp.demo.mode import create_demo_server

        return create_demo_server(settings)
    from rybbit_mcp.server import create_server

    return create_server(settings)


async def serve(server: RybbitServer, signals: Signals) -> None:
    """Serves on standard input and output, and cleans up however that ends."""
    import asyncio

    import anyio

    from rybbit_mcp.stdio import serve_stdio

    loop = asyncio.get_running_loop()
    async with anyio.create_task_group() as tasks:
        signals.call_first(lambda: loop.call_soon_threadsafe(tasks.cancel_scope.cancel))
        await serve_stdio(server, signals.end_soon)
