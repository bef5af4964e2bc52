"""The server over stdio, as the environment sets it up, but at a fixed time.

On SIGUSR1 it writes one line of JSON to standard error: memory, file descriptors and tasks.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import anyio

from bench.replayed_rybbit import NOW
from rybbit_mcp.cli import serve
from rybbit_mcp.server import create_server
from rybbit_mcp.settings import load_settings
from rybbit_mcp.signals import Signals


def _report() -> None:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    state = {
        "rss_kib": pages * os.sysconf("SC_PAGE_SIZE") // 1024,
        "descriptors": len(os.listdir("/proc/self/fd")),
        "tasks": len(asyncio.all_tasks()),
    }
    print(json.dumps(state), file=sys.stderr, flush=True)


async def main() -> None:
    """Serve, and tell how it is when asked."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, _report)
    await serve(create_server(load_settings(), clock=lambda: NOW), Signals())


if __name__ == "__main__":
    anyio.run(main)
