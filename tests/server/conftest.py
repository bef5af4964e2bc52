"""A server over the demo's data at a fixed time, and settings that no environment changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from rybbit_mcp.demo.mode import create_demo_server
from rybbit_mcp.server import RybbitServer
from rybbit_mcp.settings import Settings

NOW = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)


@pytest.fixture
def make_settings(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    """Settings as the environment given here makes them."""

    def make(**environment: str) -> Settings:
        for name in Settings.model_fields:
            monkeypatch.delenv(f"RYBBIT_{name.upper()}", raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return Settings()

    return make


@pytest.fixture(scope="session")
def plain_settings() -> Settings:
    return Settings(
        _env_prefix="NO_SUCH_PREFIX_", url="https://rybbit.test", api_key=SecretStr("k" * 32)
    )


@pytest.fixture(scope="session")
def demo_server(plain_settings: Settings) -> RybbitServer:
    return create_demo_server(plain_settings, clock=lambda: NOW)


async def ask(client: Any, tool: str, **arguments: Any) -> str:
    """The text of a successful answer."""
    result = await client.call_tool(tool, arguments)
    text = result.content[0].text
    assert not result.is_error, text
    return text


async def fail(client: Any, tool: str, **arguments: Any) -> str:
    """The text of an error."""
    result = await client.call_tool(tool, arguments)
    text = result.content[0].text
    assert result.is_error, text
    return text
