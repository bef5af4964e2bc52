"""An embedded Rybbit with its own data, for demonstrations and tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from rybbit_mcp.demo.app import DemoApp

__all__ = ["DEMO_KEY", "create_demo_app"]

DEMO_KEY = "demo-key"


def create_demo_app(
    *,
    now: Callable[[], datetime],
    seed: int = 1,
    generation: Literal["A", "B", "C", "D"] = "D",
) -> DemoApp:
    """Return an ASGI application that answers like a Rybbit server.

    Its data covers the 90 days up to the first request that needs it and depends on nothing
    but `seed` and the time `now` gives then. `now` must return aware UTC datetimes.
    """
    from rybbit_mcp.demo.app import DemoApp  # late: `import rybbit_mcp.demo` stays cheap

    return DemoApp(now=now, seed=seed, generation=generation)
