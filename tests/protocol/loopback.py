"""Starts the server's Streamable HTTP application on loopback."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def http_server() -> Iterator[str]:
    """The address of a server that lives as long as the block.

    The socket listens before the process starts, so nobody has to wait for it: what is sent in
    the meantime is answered as soon as the server is there. It ends with its standard input, so
    that a test that is killed leaves none behind.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        number = listening.fileno()
        port = listening.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.protocol.served", "http", str(number)],
            cwd=ROOT,
            pass_fds=[number],
            stdin=subprocess.PIPE,
        )
    try:
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
        with process:  # closes its input
            pass
