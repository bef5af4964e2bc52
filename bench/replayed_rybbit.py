"""A Rybbit on loopback that computes each answer once and then replays it.

    python -m bench.replayed_rybbit FD      serves on the listening socket FD

What costs time and memory in a long run is then the server under test alone.
"""

from __future__ import annotations

import socket
import sys
from datetime import UTC, datetime

import httpx
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from rybbit_mcp.demo import create_demo_app

NOW = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)


class Replaying:
    """An ASGI application that asks the embedded Rybbit each question once."""

    def __init__(self) -> None:
        transport = httpx.ASGITransport(app=create_demo_app(now=lambda: NOW))
        self._rybbit = httpx.AsyncClient(transport=transport, base_url="http://demo")
        self._kept: dict[tuple[str, str, bytes], Response] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        question = (request.method, str(request.url), await request.body())
        if question not in self._kept:
            answer = await self._rybbit.request(
                request.method, str(request.url), content=question[2], headers=request.headers
            )
            self._kept[question] = Response(
                answer.content, answer.status_code, media_type="application/json"
            )
        await self._kept[question](scope, receive, send)


if __name__ == "__main__":
    config = uvicorn.Config(Replaying(), log_level="error", lifespan="off")
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(sys.argv[1]))])
