"""Demo mode: the real server over the embedded Rybbit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Literal

from pydantic import SecretStr

from rybbit_mcp.demo import DEMO_KEY
from rybbit_mcp.server import RybbitServer, create_server
from rybbit_mcp.settings import Settings

if TYPE_CHECKING:
    import httpx

    from rybbit_mcp.demo.app import DemoApp

DEMO_URL = "https://demo.invalid"


def create_demo_server(
    settings: Settings,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    seed: int = 1,
    generation: Literal["A", "B", "C", "D"] = "D",
) -> RybbitServer:
    """A server whose answers come from invented data; the same code runs up to the socket."""

    @cache  # one data set for the life of the server
    def app() -> DemoApp:
        from rybbit_mcp.demo import create_demo_app  # not needed to list tools

        return create_demo_app(now=clock, seed=seed, generation=generation)

    def transport() -> httpx.AsyncBaseTransport:
        import httpx  # not needed to list tools

        return httpx.ASGITransport(app=app())

    demo = settings.model_copy(
        update={"url": DEMO_URL, "api_key": SecretStr(DEMO_KEY), "api_key_file": None, "site": ""}
    )
    return create_server(demo, clock=clock, transport=transport, is_demo=True)
